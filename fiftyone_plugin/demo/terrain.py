"""Ground, water, roads and light of the generated scenes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Field = NDArray[np.float32]
Canvas = NDArray[np.uint8]
BoolMask = NDArray[np.bool_]
Points = NDArray[np.float64]
RGB = tuple[float, float, float]

GROUNDS: dict[str, tuple[RGB, RGB, RGB]] = {
    "grass": ((84, 98, 54), (108, 116, 68), (70, 84, 50)),
    "dry grass": ((136, 130, 88), (156, 146, 104), (114, 116, 76)),
    "soil": ((160, 134, 104), (178, 150, 118), (140, 114, 88)),
    "crop": ((120, 128, 62), (138, 140, 72), (98, 112, 54)),
    "ploughed": ((134, 108, 82), (146, 122, 94), (116, 92, 70)),
    "concrete": ((158, 156, 150), (170, 168, 161), (143, 141, 137)),
    "tarmac": ((98, 98, 101), (108, 108, 110), (88, 88, 92)),
    "dirt road": ((176, 156, 126), (190, 168, 138), (160, 140, 112)),
    "water": ((40, 70, 84), (50, 82, 94), (32, 58, 74)),
}
"""Middle, light and dark tone of each ground, 0 to 255."""


def fractal(rng: Generator, size: int, cells: tuple[int, ...]) -> Field:
    """Smooth random relief: the sum of grids of the given cell counts, about -1 to 1.

    Each finer grid weighs about half of the one before. Returns (size, size).
    """
    weights = [0.5 * 0.55**i for i in range(len(cells))]
    grids = [
        rng.standard_normal((count + 2, count + 2), dtype=np.float32) * np.float32(weight)
        for count, weight in zip(cells, weights, strict=True)
    ]
    # Wide grids are smooth: added up small and enlarged once, they cost a quarter.
    wide = [g for g in grids if len(g) <= size // 10]
    total = np.zeros((size // 4, size // 4), np.float32)
    for grid in wide:
        total += cv2.resize(grid, total.shape, interpolation=cv2.INTER_CUBIC)
    total = cv2.resize(total, (size, size), interpolation=cv2.INTER_LINEAR)
    for grid in grids[len(wide) :]:
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_LINEAR)
    return total  # type: ignore[return-value]


def ground(rng: Generator, size: int, name: str) -> Field:
    """A (size, size, 3) texture of one of :data:`GROUNDS`, RGB of 0 to 255."""
    smooth = name in ("concrete", "tarmac", "dirt road", "water")
    wide = fractal(rng, size, (3, 9, 27))
    level = np.clip(wide * 64 + 128, 0, 255).astype(np.uint8)
    texture = cv2.LUT(cv2.cvtColor(level, cv2.COLOR_GRAY2RGB), _tones(name))
    fine = fractal(rng, size, (size // 8, size // 3)) * (5 if smooth else 13)
    if name == "water":
        fine = fine * 0.5 + _ripples(rng, size)
    return cv2.add(texture, cv2.cvtColor(fine, cv2.COLOR_GRAY2RGB), texture)  # type: ignore[return-value]


def _tones(name: str) -> Field:
    """The ground's tones for relief of -2 to 2 in 256 steps, (1, 256, 3)."""
    middle, light, dark = (np.asarray(tone, np.float32) for tone in GROUNDS[name])
    relief = (np.arange(256, dtype=np.float32)[:, None] - 128) / 64
    up, down = np.maximum(relief, 0) * 1.4, np.minimum(relief, 0) * 1.4
    return (middle + up * (light - middle) + down * (middle - dark))[None].astype(np.float32)


def rows(rng: Generator, size: int, strength: float) -> Field:
    """Brightness of furrows or mown stripes, (size, size, 1), at a random angle."""
    angle = rng.uniform(0.2, 1.3) + rng.integers(2) * np.pi / 2
    x, y = _axes(size)
    pitch = rng.uniform(7, 12) * size / 512
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * (2 * np.pi / pitch))
    return (wave * strength)[..., None].astype(np.float32)


def _ripples(rng: Generator, size: int) -> Field:
    x, y = _axes(size)
    bend = fractal(rng, size, (6, 20)) * 5
    angle = rng.uniform(0, np.pi)
    pitch = 2 * np.pi / (6 * size / 512)
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle)) * pitch + bend)
    return (wave * 2.2).astype(np.float32)


def _axes(size: int) -> tuple[Field, Field]:
    line = np.arange(size, dtype=np.float32)
    return line[None, :], line[:, None]


def blend(canvas: Field, texture: Field, region: BoolMask, soft: float = 0.7) -> Field:
    """The canvas with a texture laid over a region, the edge softened by ``soft`` pixels."""
    alpha = cv2.GaussianBlur(region.astype(np.float32), (0, 0), soft)
    return cv2.blendLinear(texture, canvas, alpha, 1 - alpha)  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Road:
    """A road: its centre line as (n, 2) points in pixels, its width, whether it is paved."""

    line: Points
    width: float
    paved: bool = True

    def region(self, size: int, width: float | None = None) -> BoolMask:
        """(size, size), true on the road."""
        pixels = np.zeros((size, size), np.uint8)
        points = np.rint(self.line).astype(np.int32)
        cv2.polylines(pixels, [points], False, 1, max(1, round(width or self.width)))
        return pixels.view(np.bool_)

    def at(self, share: float) -> tuple[Points, float]:
        """The centre line's point at a share of its length, and its heading in radians."""
        index = min(len(self.line) - 2, max(0, int(share * (len(self.line) - 1))))
        step = self.line[index + 1] - self.line[index]
        return self.line[index], float(np.arctan2(step[1], step[0]))


def make_road(rng: Generator, size: int, width: float, paved: bool = True) -> Road:
    """A gently curved road across the scene, on neither axis anywhere near its middle."""
    heading = rng.choice([-1, 1]) * rng.uniform(0.3, 1.2) + rng.integers(2) * np.pi
    middle = size * rng.uniform(0.36, 0.64, 2)
    return _bent(middle, heading, rng.uniform(-0.35, 0.35), size, width, paved)


def side_road(rng: Generator, size: int, road: Road, width: float) -> Road:
    """A road that leaves another one near its middle, about square to it."""
    start, heading = road.at(rng.uniform(0.4, 0.6))
    heading += rng.choice([-1, 1]) * rng.uniform(1.3, 1.75)
    whole = _bent(start, heading, rng.uniform(-0.2, 0.2), size, width, road.paved)
    return Road(whole.line[len(whole.line) // 2 :], width, road.paved)


def _bent(
    middle: Points, heading: float, bend: float, size: int, width: float, paved: bool
) -> Road:
    along = np.linspace(-0.95, 0.95, 65)
    direction = np.array([np.cos(heading), np.sin(heading)])
    across = np.array([-direction[1], direction[0]])
    line = middle + size * (along[:, None] * direction + bend * (along**2)[:, None] * across)
    return Road(line, width, paved)


def draw_line(canvas: Canvas, points: Points, color: RGB) -> None:
    """Draws a line one pixel wide through (n, 2) points in pixels."""
    fixed = np.rint(points * 8).astype(np.int32)
    cv2.polylines(canvas, [fixed], False, color, 1, cv2.LINE_AA, shift=3)


def draw_markings(canvas: Canvas, road: Road) -> None:
    """A dashed centre line on a paved road, wheel tracks on a dirt road."""
    if road.paved:
        for start in range(2, len(road.line) - 1, 2):
            draw_line(canvas, road.line[start : start + 2], (206, 206, 198))
        return
    step = np.gradient(road.line, axis=0)
    across = np.stack((-step[:, 1], step[:, 0]), 1) / np.linalg.norm(step, axis=1)[:, None]
    for side in (-0.2, 0.2):
        draw_line(canvas, road.line + across * road.width * side, (148, 126, 98))


def expose(rng: Generator, canvas: Canvas) -> Canvas:
    """Makes a drawing look taken from the air: haze, uneven light, a soft lens, grain."""
    size = canvas.shape[0]
    picture = cv2.GaussianBlur(canvas, (0, 0), 0.55 * max(0.6, size / 512)).astype(np.float32)
    light = 1 + 0.03 * fractal(rng, size, (2, 4)) + 0.025 * fractal(rng, size, (size // 5,))
    # The difference of two even noises is near enough to grain and four times as fast.
    noise = np.frombuffer(rng.bytes(2 * size * size), np.uint8).reshape(2, size, size)
    grain = (noise[0].astype(np.float32) - noise[1]) * np.float32(0.026)
    picture = cv2.multiply(picture, cv2.cvtColor(light, cv2.COLOR_GRAY2RGB), picture)
    picture = cv2.add(picture, cv2.cvtColor(grain, cv2.COLOR_GRAY2RGB), picture)
    picture += np.array([3, 4, 6], np.float32)
    return np.clip(picture, 0, 255).astype(np.uint8)
