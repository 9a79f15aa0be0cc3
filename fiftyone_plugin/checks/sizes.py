"""Size words against how large the other objects of that class are in this dataset."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.language import classes, sizes
from fiftyone_plugin.language.taxonomy import kinds_of

_ANYTHING = frozenset({"structure", "facility", "machine", "craft"})
"""Kinds with members of all sizes."""

STEPS = 8
"""Bins of the histogram per doubling of the area."""


@check(
    "size_conflict",
    severity="info",
    scope="dataset",
    needs=("phrase", "mask_stats.area"),
    about="The query says small and the mask is among the largest of its class, or the reverse.",
)
def size_conflict(
    pairs: Iterable[Subject], *, tail: float = 0.03, min_members: int = 50
) -> Iterator[Doubt]:
    """Compares size words with the areas of the masks of the same class.

    A class is what the query calls its target; where it has few members, the kind it is of.
    Only areas are kept, in a histogram per class, so memory does not grow with the dataset.

    Args:
        pairs: all pairs
        tail: share of the class that counts as its largest, and as its smallest
        min_members: members that a class must have to be compared with
    """
    areas, sized = _Areas(), bytearray()
    for pair in pairs:
        measurable = _measurable(pair)
        sized.append(measurable and len(_said(pair)) == 1)
        if measurable:
            areas.add(pair)
    # Reading a query takes most of the time, so the second pass looks at few again.
    for pair, worth in zip(pairs, sized, strict=False):
        if worth and (doubt := _doubt(pair, areas, tail, min_members)):
            yield doubt


def _said(pair: Subject) -> dict[str, str]:
    return {word.value: word.text for word in sizes(pair.phrase)}


def _doubt(pair: Subject, areas: _Areas, tail: float, min_members: int) -> Doubt | None:
    [(value, word)] = _said(pair).items()
    found = areas.rank(pair, min_members)
    if found is None or value not in ("small", "large"):
        return None
    name, members, smaller, median = found
    above = smaller if value == "small" else 1 - smaller
    times = pair.stats.area / median if value == "small" else median / pair.stats.area
    if above < 1 - tail or times < 4:
        return None
    than = "larger" if value == "small" else "smaller"
    note = (
        f"query says {word!r}; the mask has {pair.stats.area} pixels, {than} than "
        f"{above:.0%} of the {members} called {name} (median {median:.0f})"
    ).replace("%", " %")
    return Doubt(max(0.2, 0.8 - 0.1 * math.log2(times)), note, key=pair.key)


def _measurable(pair: Subject) -> bool:
    return bool(pair.stats.area and not pair.stats.error and not pair.no_target)


class _Areas:
    """Histograms of mask areas by class."""

    def __init__(self) -> None:
        self._counts: dict[str, dict[int, int]] = {}
        self._totals: dict[str, int] = {}

    def add(self, pair: Subject) -> None:
        step = _step(pair.stats.area)
        for name in {kind for word in classes(pair.phrase) for kind in kinds_of(word.value)}:
            counts = self._counts.setdefault(name, {})
            counts[step] = counts.get(step, 0) + 1
            self._totals[name] = self._totals.get(name, 0) + 1

    def rank(self, pair: Subject, min_members: int) -> tuple[str, int, float, float] | None:
        """The class to compare with, its members, the share that is smaller, its median."""
        named = classes(pair.phrase)
        kinds = kinds_of(named[0].value) - _ANYTHING if named else frozenset()
        usable = [k for k in kinds if self._totals.get(k, 0) >= min_members]
        if not usable:
            return None
        name = min(usable, key=lambda k: (k != named[0].value, self._totals[k], k))
        counts, total, step = self._counts[name], self._totals[name], _step(pair.stats.area)
        below = sum(n for s, n in counts.items() if s < step) + counts.get(step, 0) / 2
        return name, total, below / total, _median(counts, total)


def _step(area: int) -> int:
    return round(STEPS * math.log2(area))


def _median(counts: dict[int, int], total: int) -> float:
    passed = 0
    for step in sorted(counts):
        passed += counts[step]
        if 2 * passed >= total:
            return 2 ** (step / STEPS)
    return 1.0
