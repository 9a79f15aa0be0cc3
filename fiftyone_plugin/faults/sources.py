"""Faults that only the boxes of the images' source tell."""

from __future__ import annotations

from dataclasses import replace

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.source_boxes import UNDER, boxes_under
from pairlens.fiftyone_plugin.faults.base import (
    Damage,
    LoadedSample,
    Tools,
    Unit,
    change,
    fault,
    pick,
)
from pairlens.fiftyone_plugin.language import unlike
from pairlens.fiftyone_plugin.language.query_features import query_features
from pairlens.fiftyone_plugin.language.source_classes import class_of_label
from pairlens.importers.source_boxes import SourceBox

_CORNERS = {"top-left": (0.2, 0.2), "top-right": (0.8, 0.2), "bottom-left": (0.2, 0.8),
            "bottom-right": (0.8, 0.8)}  # fmt: skip


@fault(
    "source_conflict",
    about="A query is exchanged for another image's that names a class unlike that of the box.",
)
def source_conflict(unit: Unit, tools: Tools) -> Damage | None:
    loaded, other = pick(_on_boxes(unit), tools), pick(list(tools.other()), tools)
    if loaded is None or other is None:
        return None
    name = _class_under(loaded.sample)
    said = query_features(other.sample.phrase).classes
    if not name or not said or min(unlike(name, each) for each in said) < 1:
        return None
    return change(unit, loaded, phrase=other.sample.phrase)


@fault(
    "crowded_place",
    checks=("ambiguous_query",),
    about="A query that names class and place alone, where the source has more of the class.",
)
def crowded_place(unit: Unit, tools: Tools) -> Damage | None:
    loaded = pick(_on_boxes(unit), tools)
    if loaded is None or not (name := _class_under(loaded.sample)):
        return None
    under = boxes_under(loaded.sample, UNDER)[0].box
    x, y, width, height = under.box
    corner = next(
        (each for each, at in _CORNERS.items() if _is_at(x + width / 2, y + height / 2, at)), None
    )
    if corner is None or max(width, height) > 0.15:
        return None
    at_x, at_y = _CORNERS[corner]
    added = tuple(
        SourceBox(under.label, (at_x + dx - width / 2, at_y + dy - height / 2, width, height))
        for dx, dy in ((-0.08, 0.08), (0.08, -0.08))
    )
    boxes = (*loaded.sample.source_boxes, *added)
    shared = [one for one in unit if one is not loaded]
    damage = change(
        unit, loaded, phrase=f"Find the {name} in the {corner} corner.", source_boxes=boxes
    )
    new = {one.sample.key: replace(one.sample, source_boxes=boxes) for one in shared}
    samples = tuple(new.get(one.key, one) for one in damage.samples)
    return replace(damage, samples=samples)


def _on_boxes(unit: Unit) -> list[LoadedSample]:
    """The samples with a query and a mask that lies on a box."""
    return [r for r in unit if r.sample.phrase.strip() and boxes_under(r.sample, UNDER)]


def _class_under(sample: Sample) -> str:
    return class_of_label(boxes_under(sample, UNDER)[0].box.label)


def _is_at(x: float, y: float, corner: tuple[float, float]) -> bool:
    return abs(x - corner[0]) < 0.1 and abs(y - corner[1]) < 0.1
