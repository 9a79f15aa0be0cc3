"""Measures masks: area, position, shape and digest.

Each mask is measured once, when it is first decoded. The measurements are stored with the sample,
so that checks need not decode masks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from pairlens.importers.fields import TARGET
from pairlens.importers.masks import Mask, greatest

QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9)

_STRIP = 32
"""Rows of a strip. Hash states after leading strips of background are cached, since they are the
same for all masks of a size."""

_MOST = 64
"""Maximum number of strips with a cached state; most images have fewer."""


@dataclass(frozen=True, slots=True)
class MaskStats:
    """The measurements of a mask. Lengths are in pixels, x to the right and y down.

    An empty target has zeros, and no quantiles.

    Attributes:
        width: width of the mask
        height: height of the mask
        area: number of target pixels
        ignore_area: number of ignored pixels
        box: bounding box ``(x, y, width, height)`` of the target
        centroid: mean ``(x, y)`` of the target's pixel centres, the first being at 0.5
        x_quantiles: x coordinates left of which 10, 25, 50, 75 and 90 % of the target lie
        y_quantiles: the same from the top
        components: number of 8-connected components of the target
        largest: share of the target in its largest component, (0, 1]
        holes: number of 4-connected background regions that the target encloses
        border: sides of the image that the target touches, some of ``"ltrb"`` in this order
        rectangularity: area / area of the bounding box, (0, 1]
        elongation: ratio of the standard deviations along the principal axes, >= 1
        solidity: area / area of the convex hull, (0, 1]
        digest: SHA-256 of size and pixels
        values: the first distinct pixel values of the mask file; empty for polygons
        problem: what is unusual about the encoding; ``""`` if nothing
        error: why the mask could not be decoded; ``""`` if it was
        polygon_faults: what is wrong with the polygons that the mask was drawn from
    """

    width: int = 0
    height: int = 0
    area: int = 0
    ignore_area: int = 0
    box: tuple[int, int, int, int] = (0, 0, 0, 0)
    centroid: tuple[float, float] = (0.0, 0.0)
    x_quantiles: tuple[float, ...] = ()
    y_quantiles: tuple[float, ...] = ()
    components: int = 0
    largest: float = 0.0
    holes: int = 0
    border: str = ""
    rectangularity: float = 0.0
    elongation: float = 0.0
    solidity: float = 0.0
    digest: str = ""
    values: tuple[int, ...] = ()
    problem: str = ""
    error: str = ""
    polygon_faults: tuple[str, ...] = ()


def measure(mask: Mask, polygon_faults: tuple[str, ...] = ()) -> MaskStats:
    """Measures a mask.

    Args:
        mask: the mask
        polygon_faults: what is wrong with the polygons that it was drawn from
    """
    height, width = mask.pixels.shape
    target, ignored = mask.pixels, 0
    if greatest(target) > TARGET:
        target = mask.target.view(np.uint8)
        ignored = int(np.count_nonzero(mask.ignore))
    common = {
        "width": width,
        "height": height,
        "ignore_area": ignored,
        "digest": digest(mask.pixels),
        "values": mask.values,
        "problem": mask.problem,
        "polygon_faults": polygon_faults,
    }
    x0, y0, across, down = cv2.boundingRect(target)
    if not across:
        return MaskStats(**common)
    x1, y1 = x0 + across, y0 + down
    crop = np.ascontiguousarray(target[y0:y1, x0:x1])
    columns, rows = np.zeros(width, np.int64), np.zeros(height, np.int64)
    # OpenCV's sums are several times as fast as numpy's; outside of the box they are 0.
    columns[x0:x1] = cv2.reduce(crop, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0]
    rows[y0:y1] = cv2.reduce(crop, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[:, 0]
    area = int(rows.sum())
    components, holes, largest, hull_area = _topology(crop)
    return MaskStats(
        **common,
        area=area,
        box=(x0, y0, across, down),
        centroid=(_mean(columns), _mean(rows)),
        x_quantiles=_quantiles(columns),
        y_quantiles=_quantiles(rows),
        components=components,
        largest=largest / area,
        holes=holes,
        border="".join(
            side
            for side, touches in zip(
                "ltrb", (x0 == 0, y0 == 0, x1 == width, y1 == height), strict=True
            )
            if touches
        ),
        rectangularity=area / (across * down),
        elongation=_elongation(crop),
        solidity=min(1.0, area / hull_area),
    )


def _topology(crop: NDArray[np.uint8]) -> tuple[int, int, int, float]:
    """Returns numbers of components and holes, and areas of largest component and convex hull."""
    parts, table = _parts(crop)
    # A frame of background joins all outside regions into one; 4-connected background is
    # the complement of 8-connected target.
    framed = cv2.copyMakeBorder(crop ^ 1, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=1)
    outside_and_holes = cv2.connectedComponents(framed, connectivity=4)[0] - 1
    hull = cv2.convexHull(_corners(crop))
    return parts - 1, outside_and_holes - 1, int(table[1:, 4].max()), cv2.contourArea(hull)


def _parts(crop: NDArray[np.uint8]) -> tuple[int, NDArray[np.int32]]:
    """Returns OpenCV's number and table of components, with the background first.

    A function of its own, so that the labels of all pixels, four bytes each, are freed on return.
    """
    parts, _, table, _ = cv2.connectedComponentsWithStats(crop, connectivity=8)
    return parts, table  # type: ignore[return-value]


def _corners(crop: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Returns the corners (x, y) of the first and last target pixel of each row, (n, 2).

    No others can be on the convex hull. Corners instead of centres give a full rectangle
    solidity 1.
    """
    rows = np.flatnonzero(crop.any(1))
    left = crop[rows].argmax(1)
    right = crop.shape[1] - crop[rows, ::-1].argmax(1)
    corners = [np.stack((x, rows + dy), 1) for x in (left, right) for dy in (0, 1)]
    return np.concatenate(corners).astype(np.int32)


def _mean(profile: NDArray[np.int64]) -> float:
    return float(np.dot(profile, np.arange(len(profile)) + 0.5) / profile.sum())


def _quantiles(profile: NDArray[np.int64]) -> tuple[float, ...]:
    """Returns the coordinates before which the shares :data:`QUANTILES` of a profile lie."""
    cumulative = np.concatenate(([0], np.cumsum(profile))) / profile.sum()
    return tuple(float(v) for v in np.interp(QUANTILES, cumulative, np.arange(len(cumulative))))


def _elongation(crop: NDArray[np.uint8]) -> float:
    moments = cv2.moments(crop, binaryImage=True)
    # Each pixel is a unit square, whose own second moment is 1/12.
    xx = moments["mu20"] / moments["m00"] + 1 / 12
    yy = moments["mu02"] / moments["m00"] + 1 / 12
    xy = moments["mu11"] / moments["m00"]
    spread = float(np.hypot(xx - yy, 2 * xy))
    return float(np.sqrt((xx + yy + spread) / max(xx + yy - spread, 1e-9)))


def digest(pixels: NDArray[np.uint8]) -> str:
    """Returns the SHA-256 of size and pixels, equal for equal masks in any file encoding.

    Args:
        pixels: (height, width) of 0, 1 and 255
    """
    height, width = pixels.shape
    rows = np.ascontiguousarray(pixels)
    # About a third of an image is above the target. argmax stops at the first nonzero pixel.
    first = int(rows.view(np.bool_).argmax()) // width if rows.size else 0
    strips = min(first // _STRIP, _MOST)
    state = _after_background(height, width, strips).copy()
    state.update(rows[strips * _STRIP :].data)
    return state.hexdigest()


@lru_cache(256)
def _after_background(height: int, width: int, strips: int) -> Any:
    """Returns the hash state after the size and a number of strips of background."""
    if not strips:
        return hashlib.sha256(f"{height}x{width}:".encode())
    state = _after_background(height, width, strips - 1).copy()
    state.update(bytes(_STRIP * width))
    return state
