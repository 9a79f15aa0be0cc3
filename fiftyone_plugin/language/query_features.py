"""Features of queries as values, by which a check selects queries.

Checks read the few selected queries again, to quote their words in a note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.language.appearance import colors, own_colors, sizes
from pairlens.fiftyone_plugin.language.classes import classes
from pairlens.fiftyone_plugin.language.coordinates import coordinates
from pairlens.fiftyone_plugin.language.finders import Mention, WordIndex
from pairlens.fiftyone_plugin.language.normal_form import normal_form
from pairlens.fiftyone_plugin.language.numbers import counts
from pairlens.fiftyone_plugin.language.places import Place, places
from pairlens.fiftyone_plugin.language.rankings import ranking
from pairlens.fiftyone_plugin.language.regions import Region, combine
from pairlens.fiftyone_plugin.language.shapes import own_shapes, shapes
from pairlens.fiftyone_plugin.language.stripes import only_stripes
from pairlens.fiftyone_plugin.language.taxonomy import kinds_of
from pairlens.fiftyone_plugin.language.tokens import REMEMBERED


@dataclass(frozen=True, slots=True)
class QueryFeatures:
    """The properties of the target that a query names.

    Attributes:
        region: region of the mask, in shares of the image; ``None`` without a place
        classes, counts, sizes, shapes, own_shapes, colors, own_colors: the distinct values of the
            words that :mod:`pairlens.fiftyone_plugin.language` finds
        place: all places combined, including uncertain ones
        place_name: their names
        marks: those of ``"coordinates"``, ``"rank"`` and ``"stripes"`` that the query contains
        kinds: the classes and their superclasses
    """

    region: Region | None
    classes: tuple[str, ...]
    counts: tuple[str, ...]
    sizes: tuple[str, ...]
    shapes: tuple[str, ...]
    own_shapes: tuple[str, ...]
    colors: tuple[str, ...]
    own_colors: tuple[str, ...]
    place: Region | None
    place_name: str
    marks: tuple[str, ...]
    kinds: frozenset[str]


_FINDERS = (classes, counts, sizes, shapes, own_shapes, colors, own_colors)
_MARKS = (("coordinates", coordinates), ("rank", ranking), ("stripes", only_stripes))
_NOWHERE = (None, None, "")

_Values = tuple[Any, ...]
"""The places, the words by finder, and the marks of a query."""


def query_features(query: str) -> QueryFeatures:
    """Parses a query."""
    return FeatureIndex([query]).distinct[0]


class FeatureIndex:
    """The features of some queries, each distinct value once.

    Args:
        queries: the queries; ``None`` for a sample without one
    """

    def __init__(self, queries: Sequence[str | None]) -> None:
        self.words = WordIndex([query or "" for query in queries])
        """Index of the words of the queries."""
        self._known: dict[_Values, int] = {}

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """(n,) int64: for each query the index of its features in :attr:`distinct`."""
        known = self._known
        numbers = [known.setdefault(values, len(known)) for values in _read(self.words)]
        return np.array(numbers, np.int64)

    @cached_property
    def distinct(self) -> list[QueryFeatures]:
        """The distinct features."""
        self.numbers  # noqa: B018 - fills self._known
        return list(map(_features_of, self._known))

    @cached_property
    def normal(self) -> NDArray[np.int64]:
        """(n,) int64 hashes, equal for queries of equal normal form; 0 for one without words."""
        forms = map(normal_form, self.words.texts)
        return np.array([_hash(form) if form else 0 for form in forms], np.int64)


def _read(queries: WordIndex) -> list[_Values]:
    words = zip(*(map(_values, find.mentions.each(queries)) for find in _FINDERS), strict=True)
    marks = zip(*(find.each(queries) for _, find in _MARKS), strict=True)
    named = map(_place_values, places.mentions.each(queries))
    return list(zip(named, words, map(_names, marks), strict=True))


@lru_cache(maxsize=REMEMBERED)
def _features_of(values: _Values) -> QueryFeatures:
    (region, place, name), words, marks = values
    named = words[0]
    kinds = frozenset[str]().union(*map(kinds_of, named))
    return QueryFeatures(region, *words, place=place, place_name=name, marks=marks, kinds=kinds)


def _values(words: Sequence[Mention]) -> tuple[str, ...]:
    if len(words) < 2:  # as most often
        return (words[0].value,) if words else ()
    return tuple(dict.fromkeys([word.value for word in words]))


def _names(marks: Sequence[Any]) -> tuple[str, ...]:
    if not any(marks):
        return ()
    return tuple(name for (name, _), found in zip(_MARKS, marks, strict=True) if found)


def _place_values(named: Sequence[Any]) -> tuple[Region | None, Region | None, str]:
    """The region of the target, the region of all places combined, and their names."""
    if len(named) < 2:  # as most often
        return (named[0].region, named[0].region, named[0].name) if named else _NOWHERE
    names = " and ".join(dict.fromkeys(place.name for place in named))
    return named_region(named), combine(place.region for place in named), names


def named_region(named: Sequence[Place]) -> Region | None:
    """The region that the places of a query name; ``None`` without a place.

    "Near the center" is ignored beside a more certain place, since it can mean one axis only.
    """
    firm = [place for place in named if not (place.hedged and place.name == "center")]
    return combine(place.region for place in firm or named)


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=7).digest()) + 1
