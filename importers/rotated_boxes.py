"""Rotated boxes: four numbers and an angle, as the polygon of their corners.

GeoChat writes ``{<x1><y1><x2><y2>|<angle>}``, numbers in percent and the angle in degrees. Its
``bbox_and_angle_to_polygon`` (``geochat/eval/run_llava.py`` and ``geochat_demo.py``) turns the box
of the four numbers clockwise about its centre, its ``rotate_bbox`` the other way; the script that
made VRSBench's records (``prepare_eval_all.ipynb``) takes the numbers for two opposite corners and
the angle for the direction of the side at the first. Nothing in a file tells which was meant.
"""

from __future__ import annotations

from math import cos, radians, sin
from typing import Literal, get_args

from pairlens.importers.boxes import Corners
from pairlens.importers.choices import auto_or_one_of
from pairlens.importers.reading import ReadParam

Turning = Literal["clockwise", "counterclockwise", "diagonal", "none"]
"""How an angle is read; with ``none`` it is left out."""

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
    """The corners of a rotated box, in order.

    Args:
        corners: ``x1, y1, x2, y2`` as shares of the image
        angle: in degrees
        turning: how it is read; not ``none``
        size: width and height of the image, in any unit: an angle is one of its pixels

    Returns:
        four points (x, y) as shares of the image, which may lie outside of it
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
    if turning == "diagonal":  # the sides are what the diagonal measures in their directions
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
