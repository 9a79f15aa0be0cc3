"""The pairs of a dataset in memory, image by image, and checks run over them there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from fiftyone_plugin.bench.faults import Record
from fiftyone_plugin.checks import Check, Finding, Subject
from fiftyone_plugin.checks.fetching import images
from fiftyone_plugin.checks.finding import about_several, find_in
from fiftyone_plugin.checks.records import Columns, Row
from importers import fields

_MASK = f"{fields.SEGMENTATION}.mask_path"

Units = list[list[Record]]


def load_units(samples: Any, checks: Sequence[Check], pairs: int, seed: int) -> Units:
    """Reads the pairs of randomly chosen images.

    Args:
        samples: a dataset or view that PairLens imported
        checks: that will run, for what they need
        pairs: about as many; all if there are fewer
        seed: of the choice
    """
    columns = Columns.of(checks, {}, "_id", "filepath", _MASK, fields.VERDICT)
    share = min(1.0, pairs / max(1, len(samples)))
    rng = np.random.default_rng([seed, 1])
    units = []
    for group in images(samples, columns):
        if share < 1 and rng.random() >= share:
            continue
        records = [_record(row, columns) for row in group]
        units.append(sorted(records, key=lambda r: r.pair.key))
    return units


def _record(row: Row, columns: Columns) -> Record:
    mask, image = columns.value(row, _MASK), columns.value(row, "filepath")
    dropped = columns.value(row, fields.VERDICT) == "drop"
    return Record(columns.subject(row), mask or "", image, known_bad=dropped)


def find_all(subjects: Sequence[Subject], checks: Sequence[Check]) -> dict[str, list[Finding]]:
    """Findings by key, of all checks, as they would be if the pairs were a dataset."""
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in checks:
        if one.scope == "dataset":
            for finding in about_several(one, subjects):
                found[finding.key].append(finding)
    for group in by_image(subjects):
        for pair, findings in zip(group, find_in(group, checks), strict=True):
            found[pair.key] += findings
    return found


def by_image(subjects: Iterable[Subject]) -> Iterator[list[Subject]]:
    """The pairs that show one image, by content where it is there, as in the runner."""
    groups: defaultdict[object, list[Subject]] = defaultdict(list)
    for pair in subjects:
        groups[pair.image_digest or (pair.split, pair.image_id)].append(pair)
    yield from groups.values()
