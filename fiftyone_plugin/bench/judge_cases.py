"""Good pairs, and such in which a fault was planted, for a judge to tell apart.

One pair of an image is asked about, so that no two answers are about one scene.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.bench.loading import Units
from pairlens.fiftyone_plugin.faults import FAULTS, Damage, LoadedSample, Tools, Unit
from pairlens.fiftyone_plugin.faults.base import Plant, change, drawn, pick, redraw, worded
from pairlens.fiftyone_plugin.faults.masks import shift
from pairlens.fiftyone_plugin.judging.base import Question
from pairlens.fiftyone_plugin.language import classes
from pairlens.fiftyone_plugin.language.taxonomy import unlike

WORDS = ("color_conflict", "exchanged_place", "size_conflict", "count_conflict")
"""Faults of the checks that change words of a query."""


@dataclass(frozen=True)
class Case:
    """A pair that the judge is asked about.

    Attributes:
        question: as it is asked
        fault: what was planted, ``""`` for nothing
    """

    question: Question
    fault: str


@dataclass(frozen=True)
class Cases:
    """What a judge is measured by.

    Attributes:
        cases: good and faulty ones, in no order
        units: the samples of all images, as they are after the planting
    """

    cases: Sequence[Case]
    units: Sequence[Sequence[Any]]


def swapped_query(unit: Unit, tools: Tools) -> Damage | None:
    """The query of another image, which names a class of another kind."""
    loaded, other = drawn(unit, tools), worded(tools.other(), tools)
    if loaded is None or other is None:
        return None
    mine, theirs = ({word.value for word in classes(one.sample.phrase)} for one in (loaded, other))
    if not mine or not theirs or min(unlike(a, b) for a in mine for b in theirs) < 1:
        return None
    return change(unit, loaded, phrase=other.sample.phrase)


def shifted_mask(unit: Unit, tools: Tools) -> Damage | None:
    """The mask moved beside its place, where no other mask of the image is."""
    loaded = drawn(unit, tools)
    if loaded is None:
        return None
    mask = loaded.mask()
    height, width = mask.shape
    x, y, across, down = loaded.sample.stats.box
    moves = [(across, 0), (-across, 0), (0, down), (0, -down)]
    moves = [(dx + np.sign(dx) * 4, dy + np.sign(dy) * 4) for dx, dy in moves]
    for number in tools.rng.permutation(len(moves)):
        dx, dy = (int(value) for value in moves[number])
        inside = 0 <= x + dx <= width - across and 0 <= y + dy <= height - down
        if not inside:
            continue
        moved = shift(mask, dx, dy)
        there = (one.mask() == 1 for one in unit if one.mask_path)
        if not any(np.logical_and(moved == 1, other).any() for other in there):
            return redraw(unit, loaded, moved)
    return None


def changed_word(unit: Unit, tools: Tools) -> Damage | None:
    """A word of the query made wrong: a colour, a place, a size or a number."""
    for number in tools.rng.permutation(len(WORDS)):
        damage = FAULTS[WORDS[number]].plant(unit, tools)
        if damage is not None:
            return damage
    return None


PLANTED: Mapping[str, Plant] = {
    "swapped_query": swapped_query, "shifted_mask": shifted_mask, "changed_word": changed_word,
}  # fmt: skip


def plant(units: Units, good: Sequence[int], count: int, rng: Generator, scratch: Path) -> Cases:
    """Plants faults in turn in half of the cases.

    Args:
        units: the samples of images
        good: numbers of those that faults may be planted in, in the order in which they are tried
        count: cases to make; fewer where there are not images enough
        rng: the source of chance
        scratch: a folder
    """
    tools = Tools(rng, lambda: units[int(rng.integers(len(units)))], scratch)
    cases: list[Case] = []
    damaged: dict[int, Damage] = {}
    rest: list[int] = []
    planted = dict.fromkeys(PLANTED, 0)
    for index in good:
        if len(damaged) * 2 >= min(count, len(good)):
            rest.append(index)
            continue
        found = _planted(units[index], tools, planted)
        if found is None:
            rest.append(index)
            continue
        name, damage = found
        planted[name] += 1
        damaged[index] = damage
        cases.append(Case(_question(units[index], damage, tools), name))
    for index in rest:
        if len(cases) < count and (one := _sound(units[index], tools)) is not None:
            cases.append(Case(Question(one.sample, Path(one.image_path), Path(one.mask_path)), ""))
    now = [
        damaged[n].samples if n in damaged else [one.sample for one in unit]
        for n, unit in enumerate(units)
    ]
    return Cases([cases[n] for n in rng.permutation(len(cases))], now)


def _planted(unit: Unit, tools: Tools, planted: Mapping[str, int]) -> tuple[str, Damage] | None:
    """The fault that was planted least of those that the image can carry."""
    for name in sorted(planted, key=lambda one: planted[one]):
        damage = PLANTED[name](unit, tools)
        if damage is not None and damage.faulty:
            return name, damage
    return None


def _sound(unit: Unit, tools: Tools) -> LoadedSample | None:
    able = [one for one in unit if one.mask_path and one.sample.phrase.strip()]
    return pick([one for one in able if one.sample.stats.area], tools)


def _question(unit: Unit, damage: Damage, tools: Tools) -> Question:
    key = damage.faulty[int(tools.rng.integers(len(damage.faulty)))]
    sample = next(one for one in damage.samples if one.key == key)
    loaded = next(one for one in unit if one.sample.key == key)
    drawing = damage.masks.get(key)
    mask = drawing if isinstance(drawing, np.ndarray) else Path(loaded.mask_path)
    return Question(sample, Path(loaded.image_path), mask)
