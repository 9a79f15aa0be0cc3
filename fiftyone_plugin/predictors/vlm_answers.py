"""Parses boxes and polygons in the answers of chat models.

Models wrap their JSON in text and code fences, and use forms of their own. These are read:

- JSON, anywhere in the text: ``{"boxes": [[x1, y1, x2, y2], ...]}``, ``{"bbox_2d": [...]}`` and
  the like, ``{"x1": ..., "y1": ..., "x2": ..., "y2": ...}``, a bare list; polygons as lists of
  points or flat
- ``(x1,y1),(x2,y2)`` with or without ``<|box_start|>`` or ``<box>`` around it, as Qwen-VL writes
- ``{<x1><y1><x2><y2>|<angle>}``, as GeoChat writes: percent, and an angle in degrees

Nothing is evaluated as code. An empty list, ``null`` or a short sentence that there is no target
means *no target*.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from pairlens.importers.bounded_json import is_number
from pairlens.importers.box_scale import FULL, Scale
from pairlens.importers.errors import MaskError
from pairlens.importers.reading import PolygonScale

ShapeKind = Literal["boxes", "polygons"]
SHAPE_KINDS: tuple[ShapeKind, ...] = get_args(ShapeKind)

MAX_TEXT = 200_000
MAX_SHAPES = 200
MAX_POINTS = 20_000
MAX_VALUE = 1e6
"""Greatest coordinate that is accepted, in any scale."""

_MAX_TRIES = 40
_MAX_DEPTH = 8
_EXCERPT = 100

Point = tuple[float, float]
Ring = list[Point]
"""A closed outline; a box has four points."""

_NUMBER = r"\s*(-?\d{1,7}(?:\.\d{1,12})?)\s*"
_PAIRS = re.compile(rf"\({_NUMBER},{_NUMBER}\)\s*,?\s*\({_NUMBER},{_NUMBER}\)")
_ANGLED = re.compile(rf"\{{<{_NUMBER}><{_NUMBER}><{_NUMBER}><{_NUMBER}>(?:\|<{_NUMBER}>)?\}}")
_QWEN = re.compile(r"<\|box_start\|>|<box>")
_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"```[\w-]*\s*\n?(.*?)```", re.DOTALL)
_NONE = re.compile(
    r"\s*(?:none|null|no|n/a|no target)\W*\Z|"
    r"\bthere (?:is|are|was|were) no (?!image|picture|photo|attach)|"
    r"\bno (?:such|visible|matching|target|object|match)\b|"
    r"\b(?:not|isn't|aren't) (?:present|visible|found|shown|in (?:the|this) image)\b|"
    r"\b(?:cannot|can't|could not) be (?:found|seen|located)\b",
    re.IGNORECASE,
)
_MAX_REFUSAL = 300
"""Maximum of characters of a text in which *no* means *no target*."""

_CORNERS = (("x1", "y1", "x2", "y2"), ("xmin", "ymin", "xmax", "ymax"),
            ("x_min", "y_min", "x_max", "y_max"), ("left", "top", "right", "bottom"))  # fmt: skip
_NAMES = {
    "boxes": re.compile(r"box|rect|coord", re.IGNORECASE),
    "polygons": re.compile(r"poly|point|segment|contour|outline|mask|coord", re.IGNORECASE),
}


@dataclass(frozen=True)
class Shapes:
    """The shapes in an answer.

    Attributes:
        rings: closed outlines in pixels, which may be outside the image; none for *no target*
        scale: the scale in which the numbers were read; ``""`` for *no target*
    """

    rings: tuple[tuple[Point, ...], ...]
    scale: str = ""


def read_answer(
    text: str, kind: ShapeKind, size: tuple[int, int], scale: PolygonScale = "auto"
) -> Shapes:
    """Reads an answer.

    Args:
        text: the answer of the model
        kind: the kind of shape that the prompt asks for
        size: (width, height) of the image in pixels
        scale: scale of the numbers. ``auto`` decides by the whole answer: Qwen-VL's tokens are in
            thousandths and GeoChat's in percent; otherwise numbers that are all in [0, 1] are
            shares of the image, numbers that are all in the image are pixels, and greater ones
            up to 1000 are thousandths. Thousandths near the upper left corner cannot be
            distinguished from pixels, so set the scale if that of the model is known.

    Raises:
        MaskError: if the answer has neither a shape nor a clear *no target*, or is too large
    """
    if len(text) > MAX_TEXT:
        raise MaskError(f"the answer has {len(text):,} characters, which are not read")
    text = _THOUGHT.sub(" ", text)
    if kind == "boxes" and (angled := list(_angled(text))):
        return _scaled(angled, size, "percent" if scale == "auto" else scale)
    rings, declared_none = _from_json(text, kind)
    if not rings and kind == "boxes":
        rings = _from_pairs(text)
        if rings and scale == "auto" and _QWEN.search(text):
            scale = "thousand"
    if rings:
        return _scaled(rings, size, scale)
    if declared_none or (len(text) <= _MAX_REFUSAL and _NONE.search(text)):
        return Shapes(())
    start = " ".join(text.split())[:_EXCERPT]
    raise MaskError(f"the model's answer holds no {kind}: {start!r}")


def _from_json(text: str, kind: ShapeKind) -> tuple[list[Ring], bool]:
    """Shapes of the first JSON value with any, and whether a value declares *no target*."""
    declared_none = False
    for value in _values(text):
        rings = list(_walk(value, kind, 0))
        if len(rings) > MAX_SHAPES or sum(map(len, rings)) > MAX_POINTS:
            raise MaskError(f"the model's answer holds {len(rings)} {kind}, which are too many")
        if rings:
            return rings, False
        declared_none = declared_none or _declares_none(value)
    return [], declared_none


def _values(text: str) -> Iterator[Any]:
    """Yields JSON arrays and objects in a text, and a bare ``null``; those in code fences first."""
    for part in (*_FENCE.findall(text), text):
        if part.strip() == "null":
            yield None
        start, tries = 0, 0
        while tries < _MAX_TRIES and (match := re.compile(r"[\[{]").search(part, start)):
            tries += 1
            value, start = _decode(part, match.start())
            if value is not _NOTHING:
                yield value


_NOTHING = object()


def _decode(text: str, start: int) -> tuple[Any, int]:
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return _NOTHING, start + 1


def _refuse(name: str) -> float:
    raise ValueError(name)


_DECODER = json.JSONDecoder(parse_constant=_refuse)


def _declares_none(value: Any) -> bool:
    """Whether a value is ``null``, ``[]``, ``{"boxes": []}``, ``{"no_target": true}``."""
    if value is None or value == []:
        return True
    if not isinstance(value, dict):
        return False
    if value.get("no_target") is True or value.get("found") is False:
        return True
    named = [v for k, v in value.items() if any(n.search(k) for n in _NAMES.values())]
    return bool(named) and not any(named)


def _walk(value: Any, kind: ShapeKind, depth: int) -> Iterator[Ring]:
    """Yields the shapes in a JSON value; members with the name of a shape have precedence."""
    if depth > _MAX_DEPTH:
        return
    ring = _ring(value, kind)
    if ring is not None:
        yield ring
    elif isinstance(value, list):
        for item in value[: MAX_SHAPES + 1]:
            yield from _walk(item, kind, depth + 1)
    elif isinstance(value, dict):
        named = [v for k, v in value.items() if _NAMES[kind].search(k)]
        for item in named or list(value.values()):
            if isinstance(item, list | dict):
                yield from _walk(item, kind, depth + 1)


def _ring(value: Any, kind: ShapeKind) -> Ring | None:
    """The shape that a value is, or ``None``."""
    if isinstance(value, dict):
        if kind == "boxes":
            for names in _CORNERS:
                if all(is_number(value.get(name)) for name in names):
                    return _box(*(float(value[name]) for name in names))
        return None
    if not isinstance(value, list) or len(value) > MAX_POINTS:
        return None
    flat = _flat(value)
    if kind == "boxes":
        return _box(*flat) if len(flat) == 4 else None
    if len(flat) < 6 or len(flat) % 2:
        return None
    return list(zip(flat[::2], flat[1::2], strict=True))


def _flat(value: list[Any]) -> list[float]:
    """The numbers of a flat list or a list of points; empty for other lists."""
    if value and all(is_number(v) for v in value):
        return [float(v) for v in value]
    points = [_point(v) for v in value]
    return [c for p in points if p is not None for c in p] if None not in points else []


def _point(value: Any) -> Point | None:
    if isinstance(value, dict):
        value = [value.get("x"), value.get("y")]
    if isinstance(value, list) and len(value) == 2 and all(is_number(v) for v in value):
        return float(value[0]), float(value[1])
    return None


def _box(x1: float, y1: float, x2: float, y2: float) -> Ring:
    (left, right), (top, bottom) = sorted((x1, x2)), sorted((y1, y2))
    return [(left, top), (right, top), (right, bottom), (left, bottom)]


def _from_pairs(text: str) -> list[Ring]:
    boxes = [_box(*map(float, m.groups())) for m in _PAIRS.finditer(text)]
    if len(boxes) > MAX_SHAPES:
        raise MaskError(f"the model's answer holds {len(boxes)} boxes, which are too many")
    return boxes


def _angled(text: str) -> Iterator[Ring]:
    """Yields GeoChat's boxes, rotated about their centres; angles are anticlockwise."""
    for number, match in enumerate(_ANGLED.finditer(text)):
        if number >= MAX_SHAPES:
            raise MaskError("the model's answer holds too many boxes")
        x1, y1, x2, y2 = map(float, match.groups()[:4])
        ring = _box(x1, y1, x2, y2)
        angle = math.radians(float(match[5] or 0))
        cx, cy = (x1 + x2) / 2, (y1 + y2) / 2
        cos, sin = math.cos(angle), math.sin(angle)
        yield [
            (cx + (x - cx) * cos + (y - cy) * sin, cy - (x - cx) * sin + (y - cy) * cos)
            for x, y in ring
        ]


def _scaled(rings: list[Ring], size: tuple[int, int], scale: PolygonScale) -> Shapes:
    width, height = size
    values = [v for ring in rings for point in ring for v in point]
    if not all(abs(v) <= MAX_VALUE for v in values):
        raise MaskError("the model's answer holds coordinates that are in no image")
    used_scale = _guess(rings, values, size) if scale == "auto" else scale
    full = FULL.get(used_scale)
    across, down = (width / full, height / full) if full else (1.0, 1.0)
    return Shapes(tuple(tuple((x * across, y * down) for x, y in r) for r in rings), used_scale)


def _guess(rings: list[Ring], values: list[float], size: tuple[int, int]) -> Scale:
    if max(values) <= 1:
        return "unit"
    inside = all(x <= size[0] and y <= size[1] for ring in rings for x, y in ring)
    return "pixels" if inside or max(values) > FULL["thousand"] else "thousand"
