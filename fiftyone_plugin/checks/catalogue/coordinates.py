"""Coordinates that leaked into a query, against the box of its own mask."""

from __future__ import annotations

from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.pairs import PixelBox, box_iou
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.language import coordinates
from pairlens.importers.mask_stats import MaskStats

SCALES = (1.0, 100.0, 1000.0)
"""Ranges of coordinates that are no pixels: shares, percent, and thousandths as VLMs have them."""

FloatBox = tuple[float, float, float, float]


@check(
    "coordinate_conflict",
    severity="warning",
    needs=("phrase", "mask_stats"),
    about="The coordinates in the query are not those of its mask, however they are read.",
    topic="Query against mask",
    fires=example(phrase="the bus at [400, 20, 60, 40]"),
    silent=example(phrase="the bus at [231, 243, 50, 26]"),
)
def coordinate_conflict(batch: Batch, *, min_iou: float = 0.3) -> Iterator[Issue]:
    """Compares leaked boxes and points with the mask's box.

    Four numbers are read as ``[x, y, w, h]`` and as ``[x1, y1, x2, y2]``, in pixels and in the
    ranges of 1, 100 and 1000 that models write, and the best reading counts. Two numbers are a
    point, which must lie within the mask's box, or near it by a tenth of the image.

    Args:
        batch: pairs
        min_iou: overlap of the boxes from which on they are taken for the same
    """
    leaked = batch.query_where(lambda query: "coordinates" in query.marks)
    for pair in batch.where(batch.judged & (batch.area > 0) & leaked):
        if issue := _conflict(pair, min_iou):
            yield issue


def _conflict(pair: Sample, min_iou: float) -> Issue | None:
    stats = pair.stats
    for word in coordinates(pair.phrase):
        numbers = [float(number) for number in word.value.split()]
        if len(numbers) == 4:
            iou, reading, _ = max(readings(numbers, stats))
            if iou < min_iou:
                note = f"query says {word.text}; the mask's box is {_shown(stats.box)} (x, y, w, h)"
                note += f", IoU {iou:.2f}" + (f" if read as {reading}" if iou else "")
                return Issue(pair.key, 0.05 + 0.5 * iou / max(min_iou, 1e-9), note)
        elif len(numbers) == 2 and (away := _distance(numbers, stats)) > 0.1:
            note = f"query says {word.text}; the mask's box is {_shown(stats.box)} (x, y, w, h)"
            note = f"{note}, {away:.0%} of the image away"
            return Issue(pair.key, max(0.1, 0.5 - away), note)
    return None


def readings(numbers: list[float], stats: MaskStats) -> Iterator[tuple[float, str, PixelBox]]:
    """What four numbers can mean: overlap with the mask's box, the reading's name, the box."""
    for factors in _factors(numbers, stats):
        a, b, c, d = (n * f for n, f in zip(numbers, (*factors, *factors), strict=True))
        corners = (min(a, c), min(b, d), abs(c - a), abs(d - b))
        for name, box in (("[x, y, w, h]", (a, b, c, d)), ("[x1, y1, x2, y2]", corners)):
            whole = _rounded(box)
            yield box_iou(whole, stats.box), name, whole


def _factors(numbers: list[float], stats: MaskStats) -> Iterator[tuple[float, float]]:
    yield 1.0, 1.0
    for scale in SCALES:
        if max(map(abs, numbers)) <= scale:
            yield stats.width / scale, stats.height / scale


def _rounded(box: FloatBox) -> PixelBox:
    x, y, width, height = (round(number) for number in box)
    return x, y, width, height


def _distance(point: list[float], stats: MaskStats) -> float:
    """How far a point lies outside the mask's box, in image sides, under its best reading."""
    x0, y0, width, height = stats.box
    best = float("inf")
    for fx, fy in _factors(point, stats):
        x, y = point[0] * fx, point[1] * fy
        dx = max(x0 - x, x - x0 - width, 0.0) / stats.width
        dy = max(y0 - y, y - y0 - height, 0.0) / stats.height
        best = min(best, max(dx, dy))
    return best


def _shown(box: PixelBox) -> str:
    return f"[{', '.join(map(str, box))}]"
