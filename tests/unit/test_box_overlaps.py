"""Scores of boxes against the sums that papers on visual grounding do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.metrics.box_overlaps import UNITS_PER_PIXEL
from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS
from pairlens.fiftyone_plugin.metrics.pair_overlaps import MaskSource, count_chunk
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable, summarize

WIDTH, HEIGHT = 800, 600
SOURCE = MaskSource("pred", "target_box", boxes=True)
Box = tuple[float, float, float, float]
TARGET: Box = (133, 237, 684, 572)


def detection(box: Box, **members: Any) -> dict[str, Any]:
    x1, y1, x2, y2 = box
    shares = [x1 / WIDTH, y1 / HEIGHT, (x2 - x1) / WIDTH, (y2 - y1) / HEIGHT]
    return {"_cls": "Detection", "label": "a", "bounding_box": shares} | members


def detections(*found: dict[str, Any]) -> dict[str, Any]:
    return {"_cls": "Detections", "detections": list(found)}


def a_pair(pred: Any, target: Any = None) -> dict[str, Any]:
    target = target or detection(TARGET)
    metadata = {"width": WIDTH, "height": HEIGHT}
    return {"_id": 0, "key": "k", "metadata": metadata, "target_box": target, "pred": pred}


def iou_of(one: Box, other: Box) -> float:
    """As ``bbox_iou`` of RSVG-pytorch has it: sides without the pixel at their end."""
    left, top = max(one[0], other[0]), max(one[1], other[1])
    right, bottom = min(one[2], other[2]), min(one[3], other[3])
    shared = max(right - left, 0) * max(bottom - top, 0)
    areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (one, other))
    return shared / (areas - shared)


def test_a_query_that_is_declared_to_have_no_target_has_no_box() -> None:
    without = a_pair(detections(detection((10, 10, 20, 20)))) | {"target_box": None}
    assert count_chunk([without], SOURCE).overlaps == [None]
    overlap = counted(without | {"no_target": True})
    assert (overlap.intersection, overlap.target_area) == (0, 0) and overlap.predicted_area > 0


def counted(doc: dict[str, Any], source: MaskSource = SOURCE) -> Any:
    chunk = count_chunk([doc], source)
    assert chunk.problems == {}
    return chunk.overlaps[0]


@pytest.mark.parametrize(
    "pred",
    [
        TARGET,
        (200, 250, 700, 600),
        (140.25, 230.5, 690.75, 580.125),
        (0, 0, 10, 10),
        (133, 237, 134, 238),
    ],
)
def test_the_iou_of_two_boxes_is_that_of_the_papers(pred: Box) -> None:
    found = counted(a_pair(detections(detection(pred))))
    assert found.intersection / found.union == pytest.approx(iou_of(TARGET, pred), abs=1e-9)
    assert found.target_area == 551 * 335 * UNITS_PER_PIXEL


def test_of_several_boxes_the_most_confident_counts_or_the_best() -> None:
    sure = detection((0, 0, 10, 10), confidence=0.9)
    right = detection(TARGET, confidence=0.2)
    doc = a_pair(detections(right, sure))
    assert counted(doc).intersection == 0
    best = counted(doc, MaskSource("pred", "target_box", instances="best", boxes=True))
    assert best.intersection == best.union > 0


@pytest.mark.parametrize(
    ("pred", "missing"),
    [(None, True), (detections(), False), (detection((900, 0, 950, 10)), False)],
    ids=["none", "empty", "outside"],
)
def test_no_box_scores_0_and_only_no_prediction_is_missing(pred: Any, missing: bool) -> None:
    found = counted(a_pair(pred))
    assert (found.intersection, found.union) == (0, found.target_area)
    assert (found.predicted_area, found.missing) == (0, missing)


def test_a_mask_is_scored_by_the_box_around_it() -> None:
    import zlib
    from io import BytesIO

    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[237:572, 133:684:550] = 1  # two columns, at both ends
    mask[300, 133:684] = 1
    stream = BytesIO()
    np.save(stream, mask)
    label = {"_cls": "Segmentation", "mask": zlib.compress(stream.getvalue())}
    found = counted(a_pair(label))
    assert found.intersection == found.union == 551 * 335 * UNITS_PER_PIXEL


def test_a_polyline_is_scored_by_the_box_around_it() -> None:
    points = [[x / WIDTH, y / HEIGHT] for x, y in ((133, 400), (400, 237), (684, 300), (300, 572))]
    found = counted(a_pair({"_cls": "Polyline", "label": "", "points": [points], "closed": True}))
    assert found.intersection == found.union == 551 * 335 * UNITS_PER_PIXEL


def test_what_cannot_be_read_is_told() -> None:
    odd = detection(TARGET)
    odd["bounding_box"] = [0.1, 0.1, float("nan"), 0.1]
    unknown = a_pair(detection(TARGET)) | {"metadata": None}
    chunk = count_chunk([a_pair(odd), unknown, a_pair(None) | {"target_box": None}], SOURCE)
    assert [one is None for one in chunk.overlaps] == [False, True, True]
    assert chunk.problems == {
        0: "a label has coordinates that are not finite",
        1: "the image's size is not known; run: dataset.compute_metadata()",
        2: "the ground truth has no box",
    }


def test_precision_mean_and_cumulative_iou_are_those_of_the_papers() -> None:
    preds: list[Box] = [TARGET, (200, 250, 700, 600), (133, 237, 408.5, 572), (0, 0, 10, 10)]
    chunk = count_chunk([a_pair(detection(pred)) for pred in preds], SOURCE)
    overlaps = [one for one in chunk.overlaps if one is not None]
    found = summarize(OverlapTable.from_overlaps(overlaps, range(4)), CONVENTIONS["rmsin"])
    ious = [iou_of(TARGET, pred) for pred in preds]
    assert ious[2] == 0.5  # counts at 0.5, as >= has it
    assert found["gIoU"] == pytest.approx(sum(ious) / 4)
    thresholds = (0.5, 0.6, 0.7, 0.8, 0.9)
    expected = {str(t): sum(iou >= t for iou in ious) / 4 for t in thresholds}
    assert found["precision"] == expected
    shared = [
        iou / (1 + iou) * (_area(p) + _area(TARGET)) for iou, p in zip(ious, preds, strict=True)
    ]
    unions = [_area(p) + _area(TARGET) - s for s, p in zip(shared, preds, strict=True)]
    assert found["cIoU"] == pytest.approx(sum(shared) / sum(unions))


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
