"""COCO's segmentations, drawn as pycocotools draws them."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco

from pairlens.importers.coco_masks import draw_instances, fill_polygon
from pairlens.importers.errors import MaskError
from pairlens.importers.media import ImageFacts
from pairlens.importers.reading import AS_DECIDED
from pairlens.importers.records import Encoded, Instances, Shape
from pairlens.importers.rle import encode_rle

FACTS = ImageFacts(30, 20, 3, "image/png", 1, "", browsable=True)


def theirs(points: np.ndarray, height: int, width: int) -> np.ndarray:
    return coco.decode(coco.frPyObjects([points.ravel().tolist()], height, width))[..., 0]


@pytest.mark.parametrize("seed", range(4))
def test_polygons_are_drawn_as_theirs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for number in range(150):
        height, width = (int(side) for side in rng.integers(3, 80, 2))
        points = rng.uniform(-20, 100, (int(rng.integers(3, 12)), 2))
        points = (points, np.round(points, 2), np.round(points))[number % 3]
        if number % 5 == 0:
            points = np.vstack([points, points[:1]])  # closed, as some are
        ours = fill_polygon(tuple(map(tuple, points.tolist())), height, width)
        assert np.array_equal(ours, theirs(points, height, width))


def test_parts_are_drawn_together() -> None:
    rle = encode_rle(np.eye(20, 30, dtype=np.uint8))
    box = Shape(((10.0, 2.0), (14.0, 2.0), (14.0, 6.0), (10.0, 6.0)))
    parts = (box, Encoded(tuple(rle["size"]), rle["counts"]), box)
    mask, faults, _ = draw_instances(Instances((20, 30), parts), FACTS, AS_DECIDED)
    expected = np.eye(20, 30, dtype=np.uint8)
    expected[2:6, 10:14] = 1
    assert np.array_equal(mask.pixels, expected) and faults == ()


def test_a_polygon_without_a_region_is_told() -> None:
    parts = (Shape(((1.0, 1.0), (5.0, 5.0), (9.0, 9.0))),)
    _, faults, _ = draw_instances(Instances((20, 30), parts), FACTS, AS_DECIDED)
    assert faults == ("polygon 0 encloses no area",)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (Instances((20, 30), (Shape(((0.0, float("nan")),) * 3),)), "that no image has"),
        (Instances((20, 30), (Shape(((0.0, 1e9),) * 3),)), "that no image has"),
        (Instances((90_000, 90_000), (Shape(((0.0, 1.0),) * 3),)), "are not drawn"),
        (Instances((20, 30), (Encoded((4, 4), (16,)), Encoded((4, 5), (20,)))), "have the same"),
        (Instances((), (Encoded((4, 4), (15,)),)), "fill 15 pixels"),
    ],
)
def test_what_cannot_be_drawn_is_told(target: Instances, words: str) -> None:
    with pytest.raises(MaskError, match=words):
        draw_instances(target, FACTS, AS_DECIDED)
