"""Generated layouts of pairs, but for GRES and RefSegRS, are read as they were made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pairlens.fiftyone_plugin.demo.grounding_layouts import make_dior_rsvg
from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout
from pairlens.fiftyone_plugin.demo.refer_layouts import (
    make_earthreason,
    make_refcoco,
    make_refdior,
    make_rrsisd,
)
from pairlens.fiftyone_plugin.demo.table_layouts import make_table
from pairlens.importers.formats import find_format
from tests.unit.exporting_pairs import masks_of, read_all
from tests.unit.refer_reading import Refer

MAKERS = [make_refcoco, make_rrsisd, make_earthreason, make_refdior, make_dior_rsvg, make_table]


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.__name__)
def test_it_is_read_as_made(make: Callable[..., GeneratedLayout], tmp_path: Path) -> None:
    made = make(tmp_path / "made", images=6, size=256)
    assert find_format("auto", made.root).name == made.format
    pairs, errors, notes = read_all(made.format, made.root)
    assert (errors, notes) == ([], [])
    assert [pair.key for pair in pairs] == list(made.keys)
    for pair in pairs:
        mask = masks_of([pair], tmp_path / "media")[pair.key]
        assert mask.shape == (256, 256) and bool(mask.any()) != pair.no_target
    if made.format in ("refcoco", "rrsisd"):
        theirs = Refer(made.root / made.format)
        ours = masks_of(pairs, tmp_path / "media")
        by_index = {pair.source.index: ours[pair.key] for pair in pairs}
        numbers = [ref for ref in theirs.refs for _ in ref["sentences"]]
        assert all(np.array_equal(by_index[n], theirs.mask(ref)) for n, ref in enumerate(numbers))
