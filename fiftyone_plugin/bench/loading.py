"""Loads the samples of a dataset, image by image."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.checks import Check
from pairlens.fiftyone_plugin.checks.finding import batches
from pairlens.fiftyone_plugin.checks.rows import Columns, Row, image_of
from pairlens.fiftyone_plugin.curation.texts import VerdictKind
from pairlens.fiftyone_plugin.faults import LoadedSample
from pairlens.importers import fields, working_set

_MASK = f"{fields.SEGMENTATION}.mask_path"

Units = list[list[LoadedSample]]


def load_units(samples: Any, checks: Sequence[Check], pairs: int, seed: int) -> Units:
    """Reads the samples of randomly chosen images.

    Args:
        samples: a dataset or view that PairLens imported
        checks: the checks that will run, whose fields are read
        pairs: approximate number of pairs; all if there are fewer
        seed: seed of the choice
    """
    columns = Columns.of(checks, {}, "_id", "filepath", _MASK, fields.VERDICT)
    share = min(1.0, pairs / max(1, working_set.count(samples)))
    rng = np.random.default_rng([seed, 1])
    units = []
    for batch in batches(samples, columns):
        for _, group in groupby(batch, key=image_of):
            if share < 1 and rng.random() >= share:
                continue
            loaded = [_loaded(row, columns) for row in group]
            units.append(sorted(loaded, key=lambda one: one.sample.key))
    return units


def _loaded(row: Row, columns: Columns) -> LoadedSample:
    mask, image = columns.value(row, _MASK), columns.value(row, "filepath")
    dropped = columns.value(row, fields.VERDICT) == VerdictKind.DROP
    return LoadedSample(columns.sample(row), mask or "", image, known_bad=dropped)
