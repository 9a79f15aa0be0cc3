"""Generated layouts of GeoChat and LLaVA are read as they were made, with boxes on their things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from pairlens.fiftyone_plugin.demo.chat_layouts import make_geochat, make_llava, rotated_box
from pairlens.fiftyone_plugin.demo.grounding_layouts import corners_of
from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout
from pairlens.fiftyone_plugin.demo.phrases import QueryTarget
from pairlens.importers.boxes import find_boxes
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.records import Instruction
from pairlens.importers.rotated_boxes import turned


@pytest.mark.parametrize("make", [make_geochat, make_llava], ids=lambda make: make.__name__)
def test_it_is_read_as_made(make: Callable[..., GeneratedLayout], tmp_path: Path) -> None:
    made = make(tmp_path / "a", images=5, size=128)
    make(tmp_path / "again", images=5, size=128)
    assert find_format("auto", made.root).name == made.format
    errors: list[str] = []
    notes: list[str] = []
    found = FORMATS[made.format].read(
        made.root,
        on_error=lambda error: errors.append(str(error)),
        on_note=lambda note: notes.append(str(note)),
    )
    records = [record for record in found if isinstance(record, Instruction)]
    assert errors == [] and not any("not shown" in note for note in notes)
    assert [record.key for record in records] == list(made.keys)
    for record in records:
        assert record.image is not None and record.boxes
        assert record.split == "test" or (record.captions and len(record.turns) > 3)
    a, again = (
        {file.relative_to(root): file.read_bytes() for file in root.rglob("*.*")}
        for root in (made.root, tmp_path / "again")
    )
    assert a == again


@pytest.mark.parametrize("angle", [0, 20, 45, 70, 90, 115, 160])
def test_a_rotated_box_lies_on_its_thing(angle: int) -> None:
    mask = np.zeros((200, 200), np.uint8)
    points = cv2.boxPoints(((100, 100), (120, 40), angle))
    cv2.fillPoly(mask, [points.round().astype(np.int32)], 1)
    target = QueryTarget("ship", "", "", "", None, mask > 0, (), "ship")
    (box,) = find_boxes(rotated_box(target))
    assert box.corners is not None and box.angle is not None
    shares = tuple(value / 100 for value in box.corners)
    written = turned(shares, box.angle, "clockwise")  # type: ignore[arg-type]
    ours, theirs = (
        cv2.fillPoly(np.zeros((200, 200), np.uint8), [(np.array(p) * 200).astype(np.int32)], 1) > 0
        for p in (written, corners_of(target))
    )
    both, either = np.logical_and(ours, theirs), np.logical_or(ours, theirs)
    assert both.sum() > 0.9 * either.sum()
