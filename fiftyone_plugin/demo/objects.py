"""The things that stand in generated scenes, each a blueprint in its own frame.

What is drawn over a body is kept small, so that the mean color under the mask stays the
color the blueprint names.
"""

from __future__ import annotations

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.pens import (
    COLORS,
    Blueprint,
    Pen,
    chamfered,
    place,
    rectangle,
    ring,
    shade,
)
from pairlens.fiftyone_plugin.demo.terrain import RGB


def house(rng: Generator, color: str, size: str, scale: float) -> Blueprint:
    """A house with a hipped roof, plain or with a side wing (an L)."""
    length, width = scale * rng.uniform(54, 64), scale * rng.uniform(33, 39)
    body = COLORS[color]
    if rng.random() < 0.45:
        return Blueprint(
            "house", color, size, rectangle(length, width), 13 * scale,
            lambda pen: _hip(pen, length, width, 0, 0, body),
        )  # fmt: skip
    wing, reach = length * 0.46, width * 0.62
    x, y = -(length - wing) / 2, width / 2 + reach / 2
    a, b, inner = length / 2, width / 2, -length / 2 + wing
    outline = [[-a, -b], [a, -b], [a, b], [inner, b], [inner, b + reach], [-a, b + reach]]

    def draw(pen: Pen) -> None:
        _hip(pen, wing, reach + width * 0.9, x, y - width * 0.45, body)
        _hip(pen, length, width, 0, 0, body)

    return Blueprint("house", color, size, np.array(outline), 13 * scale, draw)


def _hip(pen: Pen, length: float, width: float, x: float, y: float, color: RGB) -> None:
    """Four roof faces around a ridge, each as bright as it faces the sun."""
    turned = width > length
    long, short = max(length, width) / 2, min(length, width) / 2
    ridge = long - short * 0.8
    faces = [
        ([[-long, -short], [long, -short], [ridge, 0], [-ridge, 0]], [0, -1]),
        ([[long, short], [-long, short], [-ridge, 0], [ridge, 0]], [0, 1]),
        ([[long, -short], [long, short], [ridge, 0]], [1, 0]),
        ([[-long, short], [-long, -short], [-ridge, 0]], [-1, 0]),
    ]
    at = np.array([x, y])
    turn = (lambda p: np.asarray(p, float)[..., ::-1]) if turned else np.asarray
    for corners, normal in faces:
        pen.fill(turn(corners) + at, shade(color, pen.lit(turn(normal))))
    light = shade(color, 1.22)
    pen.line(turn([[-ridge, 0], [ridge, 0]]) + at, light)
    for end in (-1, 1):
        for side in (-1, 1):
            hip = [[end * ridge, 0], [end * long, side * short]]
            pen.line(turn(hip) + at, shade(color, 1.08))


def hall(rng: Generator, color: str, size: str, scale: float) -> Blueprint:
    """A hall or warehouse: a flat ribbed roof with one corner cut and vents."""
    length, width = scale * rng.uniform(84, 104), scale * rng.uniform(46, 58)
    a, b, cut = length / 2, width / 2, width * rng.uniform(0.28, 0.4)
    outline = np.array(
        [[-a, -b], [a - cut, -b], [a - cut, -b + cut], [a, -b + cut], [a, b], [-a, b]]
    )
    body, vents = COLORS[color], rng.uniform(-0.35, 0.35, (4, 2)) * [length, width * 0.8]

    def draw(pen: Pen) -> None:
        pen.fill(outline, body)
        half = [[-a, 0], [a, 0], [a, b], [-a, b]]
        pen.fill(half, shade(body, 0.9 if pen.lit([0, 1]) < 1 else 1.08))
        for x in np.arange(-a + 6, a - cut, max(5.0, 8 * scale)):
            pen.line([[x, -b], [x, b]], shade(body, 0.93))
        for vent in vents:
            pen.fill(rectangle(5 * scale, 4 * scale, *vent), shade(body, 0.72))
        pen.line([[-a, 0], [a, 0]], shade(body, 1.14))
        pen.line(outline, shade(body, 1.12), closed=True)

    return Blueprint("building", color, size, outline, 15 * scale, draw)


def car(rng: Generator, color: str, scale: float) -> Blueprint:
    """A passenger car."""
    length, width = max(15, 21 * scale), max(7, 9.5 * scale)
    outline = chamfered(length, width, width * 0.3, width * 0.22)
    body = COLORS[color]
    glass = shade(body, 0.5) if color != "black" else (84.0, 88.0, 96.0)

    def draw(pen: Pen) -> None:
        pen.fill(outline, body)
        pen.fill(rectangle(length * 0.13, width * 0.66, length * 0.16), glass)
        pen.fill(rectangle(length * 0.08, width * 0.6, -length * 0.3), glass)
        pen.fill(rectangle(length * 0.3, width * 0.58, -length * 0.06), shade(body, 1.1))

    return Blueprint("car", color, "", outline, 4 * scale, draw)


def truck(rng: Generator, color: str, scale: float) -> Blueprint:
    """A lorry: cargo box and cab."""
    length, width = max(28, rng.uniform(42, 50) * scale), max(9, 13 * scale)
    outline = chamfered(length, width, width * 0.26, 0.6)
    body = COLORS[color]

    def draw(pen: Pen) -> None:
        pen.fill(outline, shade(body, 0.94))
        pen.fill(rectangle(length * 0.7, width * 0.86, -length * 0.13), shade(body, 1.05))
        pen.line([[length * 0.24, -width / 2], [length * 0.24, width / 2]], shade(body, 0.4))
        pen.fill(rectangle(length * 0.05, width * 0.7, length * 0.4), shade(body, 0.45))
        for x in (-0.34, -0.2, -0.06, 0.08):
            pen.line([[length * x, -width * 0.4], [length * x, width * 0.4]], shade(body, 0.9))

    return Blueprint("truck", color, "", outline, 8 * scale, draw)


def bus(rng: Generator, color: str, scale: float) -> Blueprint:
    """A bus, with hatches in its roof."""
    length, width = max(30, rng.uniform(50, 56) * scale), max(9, 13.5 * scale)
    outline = chamfered(length, width, width * 0.2, width * 0.14)
    body = COLORS[color]

    def draw(pen: Pen) -> None:
        pen.fill(outline, body)
        pen.fill(rectangle(length * 0.9, width * 0.62), shade(body, 1.08))
        for x in (-0.26, 0.02, 0.26):
            pen.fill(rectangle(length * 0.08, width * 0.36, length * x), shade(body, 0.8))
        pen.fill(rectangle(length * 0.04, width * 0.74, length * 0.455), shade(body, 0.45))

    return Blueprint("bus", color, "", outline, 8 * scale, draw)


def tank(rng: Generator, color: str, size: str, scale: float) -> Blueprint:
    """A round storage tank seen from above."""
    radius = scale * rng.uniform(24, 27)
    body, turn = COLORS[color], rng.uniform(0, 2 * np.pi)
    ladder = radius * np.array(
        [[np.cos(turn), np.sin(turn)], [np.cos(turn) * 0.3, np.sin(turn) * 0.3]]
    )

    def draw(pen: Pen) -> None:
        pen.fill(ring(radius, radius), shade(body, 0.86))
        toward = place([-pen.sun], np.zeros(2), -pen.angle)[0]
        for step in np.linspace(0, 1, 7):
            inner = radius * (0.9 - 0.7 * step)
            pen.disc(toward * radius * 0.22 * step, inner, shade(body, 0.94 + 0.12 * step))
        pen.disc([0, 0], radius * 0.9, shade(body, 0.8), 1)
        pen.line(ladder, shade(body, 0.66))
        pen.disc([0, 0], max(1.0, radius * 0.1), shade(body, 0.7))

    return Blueprint("tank", color, size, ring(radius, radius), 12 * scale, draw)


def ship(rng: Generator, color: str, size: str, scale: float) -> Blueprint:
    """A cargo ship: pointed bow, hatches, bridge at the stern."""
    length, width = scale * rng.uniform(96, 112), scale * rng.uniform(23, 27)
    a, b = length / 2, width / 2
    bow = [[-a, -b * 0.7], [-a * 0.9, -b], [a * 0.45, -b], [a * 0.75, -b * 0.62], [a, 0]]
    outline = np.array(bow + [[x, -y] for x, y in reversed(bow[:-1])])
    body = COLORS[color]

    def draw(pen: Pen) -> None:
        pen.fill(outline, body)
        pen.fill(outline * [0.94, 0.78], shade(body, 1.12))
        for x in (-0.42, -0.08, 0.26):
            pen.fill(rectangle(length * 0.13, width * 0.5, a * x), shade(body, 0.82))
            pen.line(rectangle(length * 0.13, width * 0.5, a * x), shade(body, 1.3), closed=True)
        pen.fill(rectangle(length * 0.08, width * 0.62, -a * 0.76), (222, 222, 218))
        pen.fill(rectangle(length * 0.03, width * 0.3, -a * 0.78), shade(body, 0.6))

    return Blueprint("ship", color, size, outline, 5 * scale, draw)


def plane(rng: Generator, color: str, size: str, scale: float) -> Blueprint:
    """An airliner."""
    length = scale * rng.uniform(86, 96)
    half = [
        [0.5, 0.0], [0.46, 0.035], [0.4, 0.05], [0.12, 0.05], [-0.1, 0.45], [-0.17, 0.45],
        [-0.08, 0.05], [-0.34, 0.04], [-0.45, 0.17], [-0.5, 0.17], [-0.46, 0.02],
    ]  # fmt: skip
    outline = length * np.array(half + [[x, -y] for x, y in reversed(half[1:])])
    body = COLORS[color]

    def draw(pen: Pen) -> None:
        pen.fill(outline, shade(body, 0.96))
        for side in (-1, 1):
            pen.fill(
                rectangle(length * 0.08, length * 0.03, length * 0.05, side * length * 0.17),
                shade(body, 0.7),
            )
            pen.line(
                length * np.array([[-0.12, side * 0.44], [-0.04, side * 0.06]]), shade(body, 0.82)
            )
        pen.fill(rectangle(length * 0.8, length * 0.05, -length * 0.02), shade(body, 1.08))
        pen.line(length * np.array([[-0.46, 0], [-0.34, 0]]), shade(body, 0.6))
        pen.fill(rectangle(length * 0.02, length * 0.05, length * 0.43), shade(body, 0.5))

    return Blueprint("airplane", color, size, outline, 7 * scale, draw)


def basin(rng: Generator, kind: str, size: str, scale: float) -> Blueprint:
    """A ``"swimming pool"`` with a paved rim, or a ``"pond"`` with a muddy shore."""
    pool = kind == "swimming pool"
    radius = scale * (15 if pool else rng.uniform(34, 40))
    outline = ring(radius * rng.uniform(1.15, 1.5), radius, 28)
    turn = np.arctan2(outline[:, 1], outline[:, 0])
    lobes = 1 + (0.08 if pool else 0.13) * np.sin(2 * turn + rng.uniform(0, 6))
    lobes += (0.0 if pool else 0.07) * np.sin(3 * turn + rng.uniform(0, 6))
    outline = outline * lobes[:, None]
    body = (74.0, 150.0, 196.0) if pool else (52.0, 78.0, 84.0)
    rim = (206.0, 200.0, 186.0) if pool else (126.0, 112.0, 84.0)
    glint = outline * [0.5, 0.4] - radius * 0.15

    def draw(pen: Pen) -> None:
        pen.fill(outline * (1 + 4 * scale / radius), rim)
        pen.fill(outline, body)
        pen.fill(glint, shade(body, 1.09))

    return Blueprint(kind, "blue" if pool else "", size, outline, 0, draw)
