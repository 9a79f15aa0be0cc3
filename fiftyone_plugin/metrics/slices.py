"""Scores of slices of the pairs: by split, query, mask size, place and finding."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pairlens.fiftyone_plugin.language import normal_form, places
from pairlens.fiftyone_plugin.metrics.categories import category
from pairlens.fiftyone_plugin.metrics.conventions import Convention
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable, summarize
from pairlens.importers.registry import Registry

MAX_VALUES = 50
"""Maximum of values of a slicing; the pairs of all further values form one slice."""

OTHERS, NONE = "(others)", "(none)"
SMALL, MEDIUM = 32**2, 96**2
"""COCO's bounds between small, medium and large masks, in pixels."""

_WORD = re.compile(r"[^\W_]+")
_LENGTH_BOUNDS = (0, 2, 5, 10, 20)
_LENGTHS = ("0", "1-2", "3-5", "6-10", "11-20", "21+")
_NONE_ALONE = frozenset({NONE})


class SlicedPair(NamedTuple):
    """The attributes of a pair that scores are sliced by.

    Attributes:
        split: the split, ``""`` for none
        phrase: the query
        target_area: pixels of the ground truth
        findings: names of the checks with a finding on the pair
    """

    split: str = ""
    phrase: str = ""
    target_area: int = 0
    findings: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Slicing:
    """A way to group the pairs.

    Attributes:
        name: its name for ``--by``
        about: its description in one line
        values: the slices that a pair belongs to; several if slices overlap
        order: all values in their natural order; by default the most frequent is first
    """

    name: str
    about: str
    values: Callable[[SlicedPair], Iterable[str]]
    order: tuple[str, ...] = ()


def words(phrase: str) -> list[str]:
    """The words of a query in lower case."""
    return _WORD.findall(phrase.casefold())


def mask_size(area: int) -> str:
    """COCO's name for an area in pixels, or ``empty``."""
    if not area:
        return "empty"
    return "small" if area < SMALL else "medium" if area < MEDIUM else "large"


def query_length(phrase: str) -> str:
    """The range of lengths, in words, that a query falls into."""
    return _LENGTHS[bisect_left(_LENGTH_BOUNDS, len(_WORD.findall(phrase)))]


def _places(pair: SlicedPair) -> Iterable[str]:
    return {place.name for place in places(pair.phrase)} or {NONE}


SLICINGS: Registry[Slicing] = Registry("slicing")
for _slicing in (
    Slicing("split", "train, val, test", lambda p: (p.split or NONE,)),
    Slicing(
        "mask_size",
        "the target's pixels, by COCO's bounds of 32x32 and 96x96",
        lambda p: (mask_size(p.target_area),),
        order=("empty", "small", "medium", "large"),
    ),
    Slicing(
        "query_length",
        "words of the query",
        lambda p: (query_length(p.phrase),),
        order=_LENGTHS,
    ),
    Slicing("finding", "the checks that found something", lambda p: set(p.findings) or _NONE_ALONE),
    Slicing("place", "the places that the query names", _places),
    Slicing("category", "the first class noun of the query", lambda p: (_category(p) or NONE,)),
    Slicing("phrase", "the query itself", lambda p: (normal_form(p.phrase) or NONE,)),
):
    SLICINGS.add(_slicing.name, _slicing)

DEFAULT = ("split", "mask_size", "query_length", "finding")
"""The slicings of every scoring; the others parse the query, which takes longer."""


def chosen(names: Collection[str], default: Collection[str] = DEFAULT) -> tuple[str, ...]:
    """The default slicings and the named ones, each once; ``all`` names every slicing.

    Raises:
        UnknownName: for an unknown name
    """
    every = tuple(SLICINGS) if "all" in names else ()
    wanted = dict.fromkeys((*default, *(n for n in names if n != "all"), *every))
    return tuple(SLICINGS[name].name for name in wanted)


def _category(pair: SlicedPair) -> str:
    return category(words(pair.phrase))


class Slicer:
    """Collects the slices that each pair belongs to.

    Args:
        names: names of slicings

    Raises:
        UnknownName: for an unknown name
    """

    def __init__(self, names: Collection[str] = DEFAULT) -> None:
        self._slicings = [SLICINGS[name] for name in dict.fromkeys(names)]
        self._rows: list[defaultdict[str, array[int]]] = [
            defaultdict(lambda: array("I")) for _ in self._slicings
        ]
        self._pairs = 0

    def add(self, pairs: Sequence[SlicedPair]) -> None:
        """Adds the next pairs."""
        for slicing, rows in zip(self._slicings, self._rows, strict=True):
            values = slicing.values
            for number, pair in enumerate(pairs, self._pairs):
                for value in values(pair):
                    rows[value].append(number)
        self._pairs += len(pairs)

    def summaries(self, table: OverlapTable, convention: Convention) -> dict[str, dict[str, Any]]:
        """The summary of each slice, by slicing and value.

        Args:
            table: the pairs, in the order in which they were added
            convention: the IoU convention
        """
        return {
            slicing.name: {
                value: summarize(table.where(chosen), convention)
                for value, chosen in _largest_groups(rows, slicing.order)
            }
            for slicing, rows in zip(self._slicings, self._rows, strict=True)
        }


def _largest_groups(
    rows: dict[str, array[int]], order: tuple[str, ...]
) -> Iterable[tuple[str, np.ndarray]]:
    if order:
        names = [name for name in order if name in rows]
    else:
        counts = Counter({name: len(chosen) for name, chosen in rows.items()})
        names = [name for name, _ in sorted(counts.items(), key=lambda e: (-e[1], e[0]))]
    for name in names[:MAX_VALUES]:
        yield name, np.array(rows[name], np.int64)
    if rest := names[MAX_VALUES:]:
        chosen = np.unique(np.concatenate([np.array(rows[name], np.int64) for name in rest]))
        yield OTHERS, chosen
