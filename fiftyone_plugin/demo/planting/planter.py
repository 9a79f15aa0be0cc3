"""Chooses which units of a layout get which fault, and damages them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.random import Generator

from pairlens.fiftyone_plugin.demo.planting.base import LAYOUTS, Attempt, FileDamage, Layout
from pairlens.importers.errors import UsageError

SCARCE = (
    *("shared_caption", "truncated_shard", "broken_record"),
    *("ambiguous_query", "split_leak", "mirrored_mask", "exchanged_place"),
    *("denied_presence", "drifted_object", "drifted_count", "drifted_place"),
    *("duplicate_caption", "box_unparsable", "box_out_of_range", "turn_order"),
)
"""Faults that not every unit can carry come first."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault and where it is.

    Attributes:
        key: the sample
        fault: its name
        check: the check that must find it, or
        :data:`~pairlens.fiftyone_plugin.demo.planting.base.IMPORT`
        note: what was done, for people
        source: where the import must report an error, if it is the one to find it
    """

    key: str
    fault: str
    check: str
    note: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planted.

    Attributes:
        planted: the faults; a sample has at most one
        clean: keys of the samples of which no byte was touched and which no fault concerns
        bystanders: keys of the samples that share a file or an image with a faulty one; a
            finding about them may be right
    """

    planted: tuple[Planted, ...]
    clean: tuple[str, ...]
    bystanders: tuple[str, ...]


def faults_of(format: str) -> tuple[str, ...]:
    """The faults that a format can carry.

    Raises:
        UnknownName: for an unknown format
    """
    return tuple(LAYOUTS[format](Path(), set()).faults)


def plant(
    root: Path,
    format: str,
    faults: Sequence[str] | None = None,
    rate: float = 0.3,
    seed: int = 0,
) -> Plan:
    """Damages a share of the units under ``root``, in place: never the only copy of a dataset.

    Args:
        root: the layout, as an importer takes it
        format: one of :data:`~pairlens.fiftyone_plugin.demo.planting.base.LAYOUTS`
        faults: of :func:`faults_of`, by default all; they are planted in turn, so that each
            occurs once the rate leaves room for all
        rate: share of the annotation files (GRES), lines (RefSegRS) or images (the others) to
            damage, 0 to 1
        seed: equal seeds damage equal layouts equally

    Raises:
        UnknownName: for an unknown format
        UsageError: for an unknown fault or a rate outside of 0 to 1
    """
    used: set[str] = set()
    layout = LAYOUTS[format](root, used)
    names = list(layout.faults) if faults is None else list(faults)
    for name in names:
        if name not in layout.faults:
            raise UsageError(
                f"{format} carries no fault {name!r}; it has {', '.join(layout.faults)}"
            )
    if not 0 <= rate <= 1:
        raise UsageError(f"a rate of {rate} is no share; give 0 to 1")
    whole = {unit: [r.key for r in records] for unit, records in layout.units().items()}
    rng = np.random.default_rng([seed, len(whole)])
    planted = _plant(layout, names, list(whole), round(rate * len(whole)), rng, used)
    faulty = {p.key for p in planted}
    clean = tuple(k for unit in whole if unit not in used for k in whole[unit])
    rest = (k for unit in whole if unit in used for k in whole[unit] if k not in faulty)
    return Plan(tuple(planted), clean, tuple(rest))


def _plant(
    layout: Layout, names: list[str], units: list[str], count: int, rng: Generator, used: set[str]
) -> list[Planted]:
    order = [names[i] for i in rng.permutation(len(names))]
    order.sort(key=lambda name: SCARCE.index(name) if name in SCARCE else len(SCARCE))
    queue = [units[i] for i in rng.permutation(len(units))]
    planted: list[Planted] = []
    turn = done = 0
    while done < count and order:
        fault = order[turn % len(order)]
        damage = _damage_one(layout.faults[fault], queue, rng, used)
        if damage is None:
            order.remove(fault)
            continue
        planted += [Planted(k, fault, damage.check, damage.note, damage.source)
                    for k in damage.keys]  # fmt: skip
        turn, done = turn + 1, done + 1
    return planted


def _damage_one(
    attempt: Attempt, queue: list[str], rng: Generator, used: set[str]
) -> FileDamage | None:
    for unit in queue:
        if unit in used:
            continue
        damage = attempt(unit, rng)
        if damage is not None:
            used.update((unit, *damage.concerned))
            return damage
    return None
