"""Plants known faults in a layout on disk, and says which check must find each.

Works on what :mod:`fiftyone_plugin.demo.layouts` writes and on a copy of the published files.
Never point it at the only copy: it writes in place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.random import Generator

from fiftyone_plugin.demo.terrain import Region
from importers.errors import UsageError
from importers.registry import Registry

IMPORT = "import"
"""What stands for a check where the import has to find a fault: a file or a record is broken."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A fault and where it is.

    Attributes:
        key: the pair
        fault: what was done to it
        check: the check that must find it, or :data:`IMPORT`
        note: what was done, for people
        source: where the import must say that something is wrong, if it is the one to find it
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
        planted: the faults; a pair has at most one
        clean: keys of the pairs of which no byte was touched and which no fault concerns
        bystanders: keys of the pairs that share a file or an image with a faulty one; a
            finding about them may be right
    """

    planted: tuple[Planted, ...]
    clean: tuple[str, ...]
    bystanders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Damage:
    """What damaging one unit did.

    Attributes:
        keys: the pairs that are now faulty
        note: what was done
        concerned: other units that are no longer clean
        check: the check that must find it, where it is not called as the fault is
        source: as in :class:`Planted`
    """

    keys: tuple[str, ...]
    note: str
    concerned: tuple[str, ...] = ()
    check: str = ""
    source: str = ""


Attempt = Callable[[str, Generator], Damage | None]
"""Damages a unit, or returns ``None`` and touches nothing where it cannot carry the fault."""


class Damager(Protocol):
    """A layout that faults can be planted in.

    A unit is what is damaged at one time: an annotation file of GRES, a line of RefSegRS, an
    image of the others.
    """

    faults: dict[str, Attempt]

    def units(self) -> list[str]:
        """Names of all units."""
        ...

    def keys(self, unit: str) -> tuple[str, ...]:
        """Keys of the pairs of a unit."""
        ...


DAMAGERS: Registry[Callable[[Path, set[str]], Damager]] = Registry("format with faults")
"""Each takes the root and the set of units that are spoken for, which grows meanwhile."""

SCARCE = (
    *("shared_caption", "truncated_shard", "broken_record"),
    *("ambiguous_query", "split_leak", "position_conflict"),
    *("denied_presence", "drifted_object", "drifted_count", "drifted_place"),
    *("duplicate_caption", "box_unparsable", "box_out_of_range", "turn_order"),
)
"""Faults that not every unit can carry come first."""


def faults_of(format: str) -> tuple[str, ...]:
    """The faults that a format can carry.

    Raises:
        UnknownName: for an unknown format
    """
    return tuple(_damager(format, Path(), set()).faults)


def plant(
    root: Path,
    format: str,
    faults: Sequence[str] | None = None,
    rate: float = 0.3,
    seed: int = 0,
) -> Plan:
    """Damages a share of the units under ``root``, in place.

    Args:
        root: the layout, as an importer takes it
        format: ``"gres"``, ``"refsegrs"``, ``"rsteller"`` or ``"rsgpt4v"``
        faults: of :func:`faults_of`, by default all; they are planted in turn, so that each
            occurs once the rate leaves room for all
        rate: share of the annotation files (GRES), lines (RefSegRS) or images to damage, 0 to 1
        seed: equal seeds damage equal layouts equally

    Raises:
        UnknownName: for an unknown format
        UsageError: for an unknown fault or a rate outside of 0 to 1
    """
    used: set[str] = set()
    damager = _damager(format, root, used)
    names = list(damager.faults) if faults is None else list(faults)
    for name in names:
        if name not in damager.faults:
            raise UsageError(
                f"{format} carries no fault {name!r}; it has {', '.join(damager.faults)}"
            )
    if not 0 <= rate <= 1:
        raise UsageError(f"a rate of {rate} is no share; give 0 to 1")
    units = damager.units()
    whole = {unit: damager.keys(unit) for unit in units}
    rng = np.random.default_rng([seed, len(units)])
    planted = _plant(damager, names, units, round(rate * len(units)), rng, used)
    faulty = {p.key for p in planted}
    clean = tuple(k for unit in units if unit not in used for k in whole[unit])
    rest = (k for unit in units if unit in used for k in whole[unit] if k not in faulty)
    return Plan(tuple(planted), clean, tuple(rest))


def _plant(
    damager: Damager, names: list[str], units: list[str], count: int, rng: Generator, used: set[str]
) -> list[Planted]:
    order = [names[i] for i in rng.permutation(len(names))]
    order.sort(key=lambda name: SCARCE.index(name) if name in SCARCE else len(SCARCE))
    queue = [units[i] for i in rng.permutation(len(units))]
    planted: list[Planted] = []
    turn = done = 0
    while done < count and order:
        fault = order[turn % len(order)]
        damage = _damage_one(damager.faults[fault], queue, rng, used)
        if damage is None:
            order.remove(fault)
            continue
        check = damage.check or fault
        planted += [Planted(k, fault, check, damage.note, damage.source) for k in damage.keys]
        turn, done = turn + 1, done + 1
    return planted


def _damage_one(
    attempt: Attempt, queue: list[str], rng: Generator, used: set[str]
) -> Damage | None:
    for unit in queue:
        if unit in used:
            continue
        damage = attempt(unit, rng)
        if damage is not None:
            used.update((unit, *damage.concerned))
            return damage
    return None


def _damager(format: str, root: Path, used: set[str]) -> Damager:
    # They import this module; loading them here keeps the registry complete all the same.
    from fiftyone_plugin.demo import (  # noqa: F401
        gres_faults,
        refsegrs_faults,
        rsgpt4v_faults,
        rsteller_faults,
    )

    return DAMAGERS[format](root, used)


_VERTICAL, _HORIZONTAL, _MIDDLE = "top|upper|bottom|lower", "left|right", "center|middle"
_PLACE = re.compile(
    rf"\b(?:(?:{_VERTICAL})[- ](?:{_HORIZONTAL}|{_MIDDLE})|(?:{_MIDDLE})[- ](?:{_HORIZONTAL})"
    rf"|(?:{_HORIZONTAL}) side)\b(?! of (?!the (?:image|picture|photo)))",
    re.IGNORECASE,
)
_OPPOSITE = {"top": "bottom", "upper": "lower", "left": "right"}
_OPPOSITE |= {there: here for here, there in _OPPOSITE.items()}


@dataclass(frozen=True, slots=True)
class Exchange:
    """A query with its place words exchanged for their opposites.

    Attributes:
        phrase: the query afterwards
        words: the place words before
        across, down: whether left and right, top and bottom were exchanged
    """

    phrase: str
    words: str
    across: bool
    down: bool


def exchange_place(phrase: str, mask: Region) -> Exchange | None:
    """Turns a true place into its opposite.

    Returns ``None`` if the query names no place off the centre, or if the mask does not lie
    plainly there: then neither wording would contradict it.
    """
    found = [match[0].lower() for match in _PLACE.finditer(phrase)]
    words = re.findall(r"\w+", " ".join(found))
    turned = [word for word in words if word in _OPPOSITE]
    if not turned or not mask.any():
        return None
    rows, columns = np.nonzero(mask)
    x, y = columns.mean() / mask.shape[1], rows.mean() / mask.shape[0]
    side = {"left": x < 0.4, "right": x > 0.6}
    side |= dict.fromkeys(("top", "upper"), y < 0.4) | dict.fromkeys(("bottom", "lower"), y > 0.6)
    if not all(side[word] for word in turned):
        return None
    across = any(word in ("left", "right") for word in turned)
    down = any(word not in ("left", "right") for word in turned)
    new = _PLACE.sub(lambda match: _turn(match[0]), phrase)
    return Exchange(new, ", ".join(found), across, down)


def _turn(place: str) -> str:
    return re.sub(r"\w+", lambda m: _OPPOSITE.get(m[0].lower(), m[0]), place)


def leak_coordinates(phrase: str, mask: Region) -> str:
    """Appends the mask's box ``[x, y, w, h]`` the way real GRES queries do."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = [columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]
    stop = "." if phrase.endswith(".") else ""
    values = ", ".join(str(int(v)) for v in box)
    return f"{phrase.removesuffix('.')} within the bounding box coordinates [{values}]{stop}"


def tiny_outline(mask: Region) -> list[tuple[int, int]]:
    """A triangle that draws six pixels near the mask's centre."""
    rows, columns = np.nonzero(mask)
    nearest = np.argmin((rows - rows.mean()) ** 2 + (columns - columns.mean()) ** 2)
    x = min(int(columns[nearest]), mask.shape[1] - 3)
    y = min(int(rows[nearest]), mask.shape[0] - 3)
    return [(x, y), (x + 2, y), (x, y + 2)]


def boxable(mask: Region) -> bool:
    """Whether the box of a mask differs from the mask and from the whole image."""
    if not mask.any():
        return False
    box = mask[np.ix_(mask.any(1), mask.any(0))]
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    area = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
    return bool(area < mask.size / 2 and box.sum() < area * 0.95 and area > 64)
