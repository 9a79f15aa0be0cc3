"""Scenes that look taken from the air, with the exact mask of everything that stands in them.

A scene is drawn from a seed alone: a theme decides the ground and the roads, things are put
where they belong and clear of each other, and only then is anything drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import cv2
import numpy as np

from pairlens.fiftyone_plugin.demo.pens import Blueprint, Pen
from pairlens.fiftyone_plugin.demo.plots import ROAD, WATER, Outline, Plot
from pairlens.fiftyone_plugin.demo.terrain import (
    BoolMask,
    Canvas,
    Points,
    draw_line,
    draw_markings,
    expose,
)
from pairlens.fiftyone_plugin.demo.themes import THEMES
from pairlens.importers.polygons import rasterize
from pairlens.importers.records import Shape


class Extent(NamedTuple):
    """Box and centroid of a mask, as fractions of the image."""

    x0: float
    y0: float
    x1: float
    y1: float
    x: float
    y: float


def extent_of(mask: BoolMask) -> Extent:
    """Measures a (height, width) mask that is not empty."""
    height, width = mask.shape
    rows, columns = mask.sum(1), mask.sum(0)
    ys, xs = np.flatnonzero(rows), np.flatnonzero(columns)
    return Extent(
        x0=float(xs[0] / width),
        y0=float(ys[0] / height),
        x1=float((xs[-1] + 1) / width),
        y1=float((ys[-1] + 1) / height),
        x=float(np.dot(columns, np.arange(width) + 0.5) / columns.sum() / width),
        y=float(np.dot(rows, np.arange(height) + 0.5) / rows.sum() / height),
    )


@dataclass(frozen=True)
class SceneObject:
    """One thing in a scene.

    Attributes:
        kind: class word: ``house``, ``building``, ``car``, ``truck``, ``bus``, ``tank``,
            ``ship``, ``airplane``, ``swimming pool`` or ``pond``
        color: a color word that is true of it, or ``""``
        size: ``"small"``, ``"large"`` or ``""``
        outline: closed-by-default polygon in whole pixels
        mask: (height, width) bool, the outline as LISAt draws it
    """

    kind: str
    color: str
    size: str
    outline: Outline
    mask: BoolMask

    @cached_property
    def extent(self) -> Extent:
        """Where it lies."""
        return extent_of(self.mask)

    @cached_property
    def area(self) -> int:
        """Pixels of its mask."""
        return int(np.count_nonzero(self.mask))


@dataclass(frozen=True)
class Scene:
    """A drawn scene.

    Attributes:
        theme: ``suburb``, ``industry``, ``harbour``, ``airfield`` or ``farmland``
        image: (height, width, 3) uint8 RGB
        objects: what stands in it, no two touching
        layers: (height, width) bool masks of ``paved road``, ``dirt road``, ``water`` and
            ``trees``, where the scene has them, without what stands on them
    """

    theme: str
    image: Canvas
    objects: tuple[SceneObject, ...]
    layers: dict[str, BoolMask]


def draw_scene(seed: int, size: int = 512, theme: str | None = None) -> Scene:
    """Draws the scene of a seed.

    Args:
        seed: equal seeds give equal scenes
        size: width and height in pixels
        theme: one of :data:`pairlens.fiftyone_plugin.demo.themes.THEMES`; by default the seed's
        turn
    """
    rng = np.random.default_rng([seed, size])
    name = theme or list(THEMES)[seed % len(THEMES)]
    plot = THEMES[name](rng, size)
    canvas = np.clip(plot.base, 0, 255).astype(np.uint8)
    for road in plot.roads:
        draw_markings(canvas, road)
    for line, color in plot.lines:
        draw_line(canvas, line, color)
    turn = rng.uniform(0, 2 * np.pi)
    sun = np.array([np.cos(turn), np.sin(turn)])
    canvas = _shadows(canvas, plot, sun)
    trees = _draw_trees(canvas, plot, sun)
    for thing, center, angle, _ in plot.placed:
        thing.draw(Pen(canvas, center, angle, sun))
    objects = tuple(_object(thing, outline, size) for thing, _, _, outline in plot.placed)
    return Scene(name, expose(rng, canvas), objects, _layers(plot, objects, trees))


def draw_scenes(count: int, seed: int = 0, size: int = 512) -> Iterator[Scene]:
    """Draws ``count`` scenes, the themes in turn."""
    for number in range(count):
        yield draw_scene(seed * 1_000_003 + number, size)


def _object(thing: Blueprint, outline: Outline, size: int) -> SceneObject:
    mask = rasterize((Shape(outline),), size, size).target
    return SceneObject(thing.kind, thing.color, thing.size, outline, mask)


def _shadows(canvas: Canvas, plot: Plot, sun: Points) -> Canvas:
    depth = np.zeros((plot.size, plot.size), np.uint8)
    for thing, _, _, outline in plot.placed:
        if thing.height:
            body = np.array(outline)
            for step in (0.25, 0.5, 0.75, 1.0):
                cv2.fillPoly(
                    depth, [np.rint(body + sun * thing.height * step).astype(np.int32)], 255
                )
    for x, y, radius in plot.trees:
        far = (round(x + sun[0] * radius * 0.8), round(y + sun[1] * radius * 0.8))
        cv2.circle(depth, far, round(radius), 255, -1)
    soft = cv2.GaussianBlur(depth, (0, 0), 1.2).astype(np.float32) / 255
    return (canvas * (1 - 0.52 * soft[..., None])).astype(np.uint8)


def _draw_trees(canvas: Canvas, plot: Plot, sun: Points) -> BoolMask:
    region = np.zeros((plot.size, plot.size), np.uint8)
    rng = plot.rng
    for x, y, radius in plot.trees:
        tone = np.array([58, 78, 42]) * rng.uniform(0.8, 1.15) + rng.uniform(-8, 8, 3)
        _disc(region, x, y, radius, (1,))
        _disc(canvas, x, y, radius, tone * 0.72)
        for _ in range(9):
            turn, reach = rng.uniform(0, 2 * np.pi), radius * rng.uniform(0.1, 0.68)
            dx, dy = reach * np.cos(turn), reach * np.sin(turn)
            facing = 1 - 0.3 * (dx * sun[0] + dy * sun[1]) / radius
            _disc(
                canvas,
                x + dx,
                y + dy,
                radius * rng.uniform(0.2, 0.36),
                tone * facing * rng.uniform(0.9, 1.25),
            )
    return region.view(np.bool_)


def _disc(
    canvas: Canvas, x: float, y: float, radius: float, color: tuple[int, ...] | Points
) -> None:
    smooth = cv2.LINE_AA if canvas.ndim == 3 else cv2.LINE_8
    at = (round(x * 8), round(y * 8))
    cv2.circle(canvas, at, round(radius * 8), [float(v) for v in color], -1, smooth, shift=3)


def _layers(plot: Plot, objects: tuple[SceneObject, ...], trees: BoolMask) -> dict[str, BoolMask]:
    clear = ~trees
    for thing in objects:
        clear &= ~thing.mask
    roads = "paved road" if any(road.paved for road in plot.roads) else "dirt road"
    layers = {roads: (plot.zone == ROAD) & clear, "water": (plot.zone == WATER) & clear}
    layers["trees"] = trees
    return {name: mask for name, mask in layers.items() if mask.any()}
