"""The frame that things of generated scenes are drawn in: colors, outlines, the pen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike

from pairlens.fiftyone_plugin.demo.terrain import RGB, Canvas, Points

COLORS: dict[str, RGB] = {
    "red": (170, 64, 50),
    "orange": (204, 122, 60),
    "brown": (112, 78, 56),
    "yellow": (226, 188, 48),
    "green": (54, 122, 76),
    "blue": (66, 106, 164),
    "white": (230, 230, 226),
    "gray": (136, 137, 140),
    "black": (42, 43, 47),
}
"""What the color words of the queries mean, RGB of 0 to 255."""


def shade(color: ArrayLike, factor: float) -> RGB:
    """A color made lighter (factor above 1) or darker."""
    red, green, blue = np.clip(np.asarray(color, float) * factor, 0, 255)
    return float(red), float(green), float(blue)


@dataclass(frozen=True, slots=True)
class Pen:
    """Draws in a thing's own frame.

    Attributes:
        canvas: (height, width, 3) RGB, drawn on
        center: center of the object, in pixels
        angle: angle of the object's x axis in radians, clockwise on the screen
        sun: unit vector from the sun to the ground, in pixels
    """

    canvas: Canvas
    center: Points
    angle: float
    sun: Points

    def place(self, local: ArrayLike) -> Points:
        """(n, 2) points of the frame, in pixels."""
        return place(local, self.center, self.angle)

    def fill(self, local: ArrayLike, color: RGB) -> None:
        """Fills a polygon."""
        fixed = np.rint(self.place(local) * 8).astype(np.int32)
        cv2.fillPoly(self.canvas, [fixed], color, cv2.LINE_AA, shift=3)

    def line(self, local: ArrayLike, color: RGB, closed: bool = False) -> None:
        """Draws a line one pixel wide."""
        fixed = np.rint(self.place(local) * 8).astype(np.int32)
        cv2.polylines(self.canvas, [fixed], closed, color, 1, cv2.LINE_AA, shift=3)

    def disc(
        self, local: Sequence[float] | Points, radius: float, color: RGB, width: int = -1
    ) -> None:
        """Draws a disc, or a ring of a width in pixels."""
        x, y = np.rint(self.place(np.asarray([local]))[0] * 8).astype(int)
        cv2.circle(self.canvas, (x, y), round(radius * 8), color, width, cv2.LINE_AA, shift=3)

    def lit(self, normal: Sequence[float] | Points, depth: float = 0.13) -> float:
        """How bright a slope is that falls away in the direction ``normal`` of the frame."""
        facing = self.place(np.asarray([normal]))[0] - self.center
        return 1 - depth * float(np.dot(facing, self.sun))


def place(local: ArrayLike, center: Points, angle: float) -> Points:
    """Turns (n, 2) points by ``angle`` radians and moves them to ``center``."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.asarray(local, float) @ np.array([[cosine, sine], [-sine, cosine]]) + center


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A thing not yet placed.

    Attributes:
        kind: class word
        color: one of :data:`COLORS`, or ``""`` where none describes it
        size: ``"small"``, ``"large"`` or ``""``
        outline: (n, 2) polygon in the thing's own frame, in pixels
        height: length of its shadow, in pixels
        draw: draws it, body and details
    """

    kind: str
    color: str
    size: str
    outline: Points
    height: float
    draw: Callable[[Pen], None]


def rectangle(length: float, width: float, x: float = 0.0, y: float = 0.0) -> Points:
    """Corners of a rectangle around ``(x, y)``."""
    a, b = length / 2, width / 2
    return np.array([[x - a, y - b], [x + a, y - b], [x + a, y + b], [x - a, y + b]])


def chamfered(length: float, width: float, front: float, back: float) -> Points:
    """A rectangle with its corners cut by ``front`` (at +x) and ``back`` pixels."""
    a, b = length / 2, width / 2
    upper = [[-a, -b + back], [-a + back, -b], [a - front, -b], [a, -b + front]]
    return np.array(upper + [[x, -y] for x, y in reversed(upper)])


def ring(radius_x: float, radius_y: float, count: int = 40) -> Points:
    """Points of an ellipse."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack((radius_x * np.cos(turn), radius_y * np.sin(turn)), 1)
