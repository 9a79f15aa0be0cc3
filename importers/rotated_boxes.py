"""Converts rotated boxes, given as four numbers and an angle, to their corners.

GeoChat writes ``{<x1><y1><x2><y2>|<angle>}`` with numbers in percent and the angle in degrees. Its
code has two readings: ``bbox_and_angle_to_polygon`` (``geochat/eval/run_llava.py`` and
``geochat_demo.py``) turns the upright box clockwise about its centre, ``rotate_bbox``
counterclockwise. The script that made VRSBench's records (``prepare_eval_all.ipynb``) has a third:
the numbers are two opposite corners, and the angle is the direction of the side at the first. A
file does not say which one applies, so the user can set it.
"""

from __future__ import annotations

from math import cos, radians, sin
from typing import Literal, get_args

from pairlens.importers.boxes import Corners
from pairlens.importers.choices import auto_or_one_of
from pairlens.importers.reading import ReadParam

Turning = Literal["clockwise", "counterclockwise", "diagonal", "none"]
"""How an angle is read; ``none`` ignores it."""

Points = tuple[tuple[float, float], ...]

TOLD: dict[Turning, str] = {
    "clockwise": "boxes with an angle are turned clockwise about their centre",
    "counterclockwise": "boxes with an angle are turned counterclockwise about their centre",
    "diagonal": "boxes with an angle are read as opposite corners and the direction of a side",
    "none": "angles of boxes are left out",
}


ANGLES = ReadParam(
    "angles",
    "what the angle of a box in a text means: clockwise or counterclockwise about the centre, "
    "diagonal (opposite corners, and the direction of a side), none; without it, auto: clockwise",
    auto_or_one_of(*get_args(Turning)),
)


def turned(
    corners: Corners, angle: float, turning: Turning, size: tuple[float, float] = (1.0, 1.0)
) -> Points:
    """Returns the corners of a rotated box, in order around it.

    Args:
        corners: ``x1, y1, x2, y2`` as shares of the image
        angle: in degrees
        turning: how the angle is read; not ``none``
        size: width and height of the image in any unit; their ratio is needed since angles are
            measured in pixels, not in shares

    Returns:
        four points (x, y) as shares of the image, which may be outside of it
    """
    width, height = size
    x1, y1, x2, y2 = (
        corners[0] * width,
        corners[1] * height,
        corners[2] * width,
        corners[3] * height,
    )
    angle = radians(-angle if turning == "counterclockwise" else angle)
    along, across = (cos(angle), sin(angle)), (-sin(angle), cos(angle))
    half = (x2 - x1) / 2, (y2 - y1) / 2
    if turning == "diagonal":  # the sides are the projections of the diagonal on their directions
        half = half[0] * along[0] + half[1] * along[1], half[0] * across[0] + half[1] * across[1]
    centre = (x1 + x2) / 2, (y1 + y2) / 2
    signs = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    points = (
        tuple(
            c + u * half[0] * a + v * half[1] * b
            for c, a, b in zip(centre, along, across, strict=True)
        )
        for u, v in signs
    )
    return tuple((x / width, y / height) for x, y in points)
