"""Kinds of scenes: their ground, their roads, and the things in them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo import objects
from pairlens.fiftyone_plugin.demo.plots import APRON, LAND, ROAD, WATER, Plot
from pairlens.fiftyone_plugin.demo.terrain import (
    BoolMask,
    Points,
    Road,
    fractal,
    ground,
    make_road,
    rows,
    side_road,
)

SIZES = {"small": 0.68, "large": 1.3}
"""How a thing called small or large measures against its kind."""

ROOFS = ("red", "brown", "gray", "white", "orange", "blue")
CARS = ("red", "white", "black", "blue", "gray", "yellow")
HULLS = ("red", "blue", "black", "green", "orange")


def suburb(rng: Generator, size: int) -> Plot:
    """Houses with gardens, pools and trees along two roads."""
    plot = Plot(rng, size, ground(rng, size, "grass"))
    plot.lay("dry grass", _patch(rng, size, 0.34), 9)
    main = make_road(rng, size, 34 * plot.scale)
    plot.pave([main, side_road(rng, size, main, 28 * plot.scale)])
    for size_word in _deal(rng, ("small", "large", "small", "large", ""), 9):
        thing = objects.house(rng, _pick(rng, ROOFS), size_word, _scale(plot, size_word))
        road = plot.roads[int(rng.integers(2))]
        plot.put(thing, LAND, lambda road=road: plot.along(road, 1.25, 3.4))
    for _ in range(int(rng.integers(1, 4))):
        plot.put(objects.basin(rng, "swimming pool", "", plot.scale), LAND, plot.anywhere)
    _traffic(plot, cars=6, trucks=1)
    plot.plant(90)
    return plot


def industry(rng: Generator, size: int) -> Plot:
    """Halls and tanks on a yard, with lorries."""
    plot = Plot(rng, size, ground(rng, size, "concrete"))
    plot.lay("soil", _patch(rng, size, 0.3), 6)
    plot.lay("grass", _patch(rng, size, 0.3), 3)
    plot.pave([make_road(rng, size, 36 * plot.scale)])
    for word in _deal(rng, ("large", "small", "large", ""), 4):
        hall = objects.hall(
            rng, _pick(rng, ("white", "blue", "gray", "red", "brown")), word, _scale(plot, word)
        )
        plot.put(hall, LAND, lambda: plot.along(plot.roads[0], 1.4, 5), 60)
    for word in _deal(rng, ("small", "large", "large", "small"), 5):
        tank = objects.tank(
            rng, _pick(rng, ("white", "gray", "white", "green", "brown")), word, _scale(plot, word)
        )
        plot.put(tank, LAND, plot.anywhere)
    _traffic(plot, cars=3, trucks=3, lanes=0.23)
    for _ in range(4):
        thing = objects.truck(rng, _pick(rng, CARS), plot.scale)
        plot.put(thing, LAND, plot.anywhere)
    plot.plant(26)
    return plot


def harbour(rng: Generator, size: int) -> Plot:
    """Ships in a basin, halls on the quay."""
    plot = Plot(rng, size, ground(rng, size, "concrete"))
    plot.lay("tarmac", _patch(rng, size, 0.3), 4)
    heading = rng.uniform(0.2, 1.3) + rng.integers(4) * np.pi / 2
    shore = rng.uniform(-0.02, 0.08)
    plot.lay("concrete", _half(size, heading, shore - 0.012), tone=1.12)
    plot.lay("water", _half(size, heading, shore), zone=WATER)
    plot.pave([_parallel(size, heading, -0.2, 30 * plot.scale)])
    along = heading + np.pi / 2
    for word in _deal(rng, ("large", "small", "", "large", "small"), 5):
        ship = objects.ship(rng, _pick(rng, HULLS), word, _scale(plot, word))
        turn = along if rng.random() < 0.6 else rng.uniform(0, 2 * np.pi)
        plot.put(ship, WATER, lambda turn=turn: (plot.anywhere()[0], turn + rng.normal(0, 0.08)))
    for word in _deal(rng, ("large", "small", ""), 4):
        hall = objects.hall(
            rng,
            _pick(rng, ("white", "blue", "gray", "red", "brown")),
            word,
            0.85 * _scale(plot, word),
        )
        plot.put(hall, LAND, lambda: plot.along(plot.roads[0], 1.3, 5))
    _traffic(plot, cars=3, trucks=3)
    return plot


def airfield(rng: Generator, size: int) -> Plot:
    """Airliners on an apron beside a taxiway, with hangars."""
    plot = Plot(rng, size, ground(rng, size, "dry grass"))
    plot.lay("grass", _patch(rng, size, 0.4), 8)
    plot.base += rows(rng, size, 2.0)
    heading = rng.uniform(0.2, 1.3) + rng.integers(4) * np.pi / 2
    apron = _half(size, heading, 0.02) & ~_half(size, heading, 0.52)
    plot.lay("tarmac", apron, zone=APRON, tone=1.22)
    for low in (0.05, 0.055, 0.28):
        plot.lines.append((_parallel(size, heading, low, 1).line, (206, 176, 70)))
    plot.pave([_parallel(size, heading, -0.1, 40 * plot.scale)])
    facing = heading + np.pi * rng.integers(2)
    for word in _deal(rng, ("large", "small", ""), 5):
        plane = objects.plane(
            rng, _pick(rng, ("white", "white", "blue", "red")), word, 0.92 * _scale(plot, word)
        )
        plot.put(plane, APRON, lambda: (plot.anywhere()[0], facing + rng.normal(0, 0.15)), 60)
    for word in _deal(rng, ("large", "small"), 3):
        hangar = objects.hall(
            rng, _pick(rng, ("gray", "blue", "brown", "red")), word, 0.9 * _scale(plot, word)
        )
        plot.put(hangar, LAND, lambda: plot.along(plot.roads[0], 1.4, 5))
    for _ in range(2):
        plot.put(
            objects.bus(rng, _pick(rng, ("yellow", "red", "white")), plot.scale),
            APRON,
            plot.anywhere,
        )
    _traffic(plot, cars=3, trucks=1)
    plot.plant(36)
    return plot


def farmland(rng: Generator, size: int) -> Plot:
    """Fields along a dirt road, with a farm and a pond."""
    plot = Plot(rng, size, ground(rng, size, "grass"))
    heading = rng.uniform(0.2, 1.3) + rng.integers(4) * np.pi / 2
    for name, low, turn in (
        ("crop", -0.08, 0),
        ("ploughed", 0.1, np.pi / 2),
        ("dry grass", 0.12, np.pi),
    ):
        plot.lay(name, _half(size, heading + turn, low), relief=rows(rng, size, 5.0))
    plot.pave([make_road(rng, size, 22 * plot.scale, paved=False)])
    for word in _deal(rng, ("small", "large", "small"), 5):
        make = objects.house if rng.random() < 0.6 else objects.hall
        thing = make(
            rng, _pick(rng, ROOFS), word, _scale(plot, word) * (1 if make is objects.house else 0.8)
        )
        plot.put(thing, LAND, lambda: plot.along(plot.roads[0], 1.5, 6))
    for word in _deal(rng, ("large", "small"), int(rng.integers(1, 3))):
        plot.put(objects.basin(rng, "pond", word, _scale(plot, word)), LAND, plot.anywhere)
    _traffic(plot, cars=2, trucks=1, lanes=0.12)
    plot.plant(40, lambda: plot.along(plot.roads[0], 0.9, 1.5))
    plot.plant(30)
    return plot


THEMES: dict[str, Callable[[Generator, int], Plot]] = {
    "suburb": suburb,
    "industry": industry,
    "harbour": harbour,
    "airfield": airfield,
    "farmland": farmland,
}


def _pick(rng: Generator, words: tuple[str, ...]) -> str:
    return words[int(rng.integers(len(words)))]


def _deal(rng: Generator, words: tuple[str, ...], count: int) -> list[str]:
    """``count`` words, the given ones in turn, large things first so that they find room."""
    dealt = [words[i % len(words)] for i in range(count)]
    return sorted(dealt, key=lambda word: ("large", "", "small").index(word))


def _scale(plot: Plot, word: str) -> float:
    return SIZES.get(word, 1.0) * plot.scale


def _traffic(plot: Plot, cars: int, trucks: int, lanes: float = 0.22) -> None:
    """Cars and lorries on the roads' right lanes."""
    makers = [objects.truck] * trucks + [objects.car] * cars
    for make in makers:
        thing = make(plot.rng, _pick(plot.rng, CARS), plot.scale)
        road = plot.roads[int(plot.rng.integers(len(plot.roads)))]
        plot.put(thing, ROAD, lambda road=road: plot.along(road, lanes, lanes))


def _patch(rng: Generator, size: int, share: float) -> BoolMask:
    """A random blob-like region covering about a share of the scene."""
    relief = fractal(rng, size, (2, 5))
    return relief > np.quantile(relief, 1 - share)


def _half(size: int, heading: float, low: float) -> BoolMask:
    """Everything beyond a straight line ``low`` scene widths from the centre."""
    axis = np.arange(size, dtype=np.float32) - size / 2
    return axis[None, :] * np.cos(heading) + axis[:, None] * np.sin(heading) > low * size


def _parallel(size: int, heading: float, low: float, width: float) -> Road:
    """A straight road along the line of :func:`_half`."""
    normal = np.array([np.cos(heading), np.sin(heading)])
    along = np.linspace(-0.95, 0.95, 65)[:, None] * np.array([-normal[1], normal[0]])
    line: Points = size * (0.5 + low * normal + along)
    return Road(line, width)
