"""Where the boxes of a source lie in images and crops."""

from __future__ import annotations

from typing import Any

import pytest

from pairlens.importers.gres_chips import Chip
from pairlens.importers.source_boxes import Boxes
from pairlens.importers.source_store import _boxes_of

IMAGES = {"P1": Boxes.of(["ship", "plane"], [[110, 220, 130, 260], [900, 900, 950, 980]])}


def found(name: str, places: dict[str, Chip] | None = None) -> Any:
    metadata = {"width": 200, "height": 300}
    doc = {"filepath": f"/data/{name}", "split": "train", "metadata": metadata}
    return _boxes_of(doc, IMAGES, places or {})


@pytest.mark.parametrize("name", ["P2.png", "P1__1__0.png", "P1_0_200_0_300.png", "XP1.png"])
def test_other_images_have_none(name: str) -> None:
    assert found(name) is None


@pytest.mark.parametrize(
    ("name", "corners", "size"),
    [
        ("P1.png", [110, 220, 130, 260], (200, 300)),
        ("P1__1__100___200.png", [10, 20, 30, 60], (200, 300)),
        ("P1__1024__100___200.png", [10, 20, 30, 60], (200, 300)),
        ("P1__0.5__50___100.png", [10, 20, 30, 60], (400, 600)),
        ("P1__2__200___400.png", [10, 20, 30, 60], (100, 150)),
    ],
)
def test_crops_are_found_by_their_names(name: str, corners: list, size: tuple) -> None:
    boxes, within = found(name)
    assert (boxes.labels, boxes.corners.tolist(), within) == (("ship",), [corners], size)


def test_a_place_in_a_list_counts_before_the_name() -> None:
    chip = Chip("P1.tif", (100, 200, 300, 400))
    boxes, within = found("P1.png", {"train/P1.png": chip})
    assert (boxes.corners.tolist(), within) == ([[10, 20, 30, 60]], (200, 200))
