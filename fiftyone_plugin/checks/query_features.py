"""Query features, read once and cached with the samples.

Reading a query takes longer than all else that is done with a sample. What is cached are the
values of the words, not the words: enough to select the samples that a check looks at. The few
whose words stand in a note are read again for it.

The same cache holds which checks of texts alone have an issue, under the parameters that they
ran with last.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache, partial
from hashlib import blake2b
from inspect import getsourcefile
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin import language
from pairlens.fiftyone_plugin.checks.base import CHECKS, TEXTS, Check
from pairlens.fiftyone_plugin.language import Place, Region
from pairlens.fiftyone_plugin.language.taxonomy import kinds_of
from pairlens.fiftyone_plugin.language.tokens import REMEMBERED
from pairlens.importers import fields

CACHE_NAMES = ("of", "ran", "fires", "normal", "said")
"""What is stored of a sample's texts:

- ``of``: a hash of the texts and of the rules that read them; the other values count for these only
- ``ran``: the checks of texts alone that ran, and with what parameters
- ``fires``: those of them that have an issue
- ``normal``: of a query, a hash of its normal form, 0 for no words
- ``said``: of a query, its :class:`QueryFeatures` as text
"""

CACHE_PATHS = tuple(f"{fields.READING}.{name}" for name in CACHE_NAMES)


@dataclass(frozen=True, slots=True)
class QueryFeatures:
    """What a query says of its target.

    Attributes:
        region: where the mask should lie, in fractions of the image
        classes, counts, sizes, shapes, own_shapes, colors, own_colors: the values of the words,
            each once
        place: all places combined, those beside a firmer one among them
        place_name: their names
        marks: what else it holds: ``"coordinates"``, ``"rank"``, ``"stripes"``
        kinds: the classes and all that they are of
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


_FINDERS = (
    language.classes, language.counts, language.sizes, language.shapes, language.own_shapes,
    language.colors, language.own_colors,
)  # fmt: skip

_MARKS = (("coordinates", language.coordinates), ("rank", language.ranking),
          ("stripes", language.only_stripes))  # fmt: skip

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def query_features(query: str) -> QueryFeatures:
    """Reads a query."""
    return features_from(features_texts(language.WordIndex([query]))[0])


def features_texts(queries: language.WordIndex) -> list[str]:
    """The features of each query as text, of which a dataset has fewer than queries."""
    words = zip(*(map(_values, find.mentions.each(queries)) for find in _FINDERS), strict=True)
    marks = zip(*(find.each(queries) for _, find in _MARKS), strict=True)
    places = map(_place_values, language.places.mentions.each(queries))
    return list(map(_encoded, places, words, map(_names, marks)))


@lru_cache(maxsize=REMEMBERED)
def _encoded(*said: Any) -> str:
    return _ENCODER.encode(said)


def _values(words: Sequence[language.Mention]) -> tuple[str, ...]:
    if len(words) < 2:  # as most often
        return (words[0].value,) if words else ()
    return tuple(dict.fromkeys([word.value for word in words]))


def _names(marks: Sequence[Any]) -> tuple[str, ...]:
    if not any(marks):
        return ()
    return tuple(name for (name, _), found in zip(_MARKS, marks, strict=True) if found)


def _place_values(places: Sequence[Any]) -> tuple[Any, Any, str] | None:
    """The region, that of all places combined, and their names."""
    if len(places) < 2:  # as most often
        return (places[0].region, places[0].region, places[0].name) if places else None
    combined = language.combine(place.region for place in places)
    names = " and ".join(dict.fromkeys(place.name for place in places))
    return named_region(places), combined, names


@lru_cache(maxsize=REMEMBERED)
def features_from(text: str) -> QueryFeatures:
    """The inverse of :func:`features_texts`."""
    places, words, marks = json.loads(text)
    region, place, name = places or (None, None, "")
    classes, counts, sizes, shapes, own_shapes, colors, own = map(tuple, words)
    return QueryFeatures(
        region=_region(region),
        classes=classes,
        counts=counts,
        sizes=sizes,
        shapes=shapes,
        own_shapes=own_shapes,
        colors=colors,
        own_colors=own,
        place=_region(place),
        place_name=name,
        marks=tuple(marks),
        kinds=frozenset[str]().union(*map(kinds_of, classes)),
    )


def named_region(named: Sequence[Place]) -> Region | None:
    """The part of the image that the places of a query leave for its target, if it names one.

    "Near the center" beside a firmer place is left out: it may mean one axis only.
    """
    firm = [place for place in named if not (place.hedged and place.name == "center")]
    return language.combine(place.region for place in firm or named)


def _region(corners: Sequence[float] | None) -> Region | None:
    return Region(*corners) if corners else None


class _State(NamedTuple):
    """Samples of which the same checks ran and have an issue.

    ``learned`` are the tags by name of those that ran over them now.
    """

    ran: list[str]
    fires: list[str]
    rows: list[int]
    learned: dict[str, str]


class FeatureCache:
    """What was read in the texts of a batch, earlier or now.

    Args:
        stored: the columns of :data:`CACHE_NAMES`, ``None`` for one that was not read
        texts: by sample, all of its texts as stored, the query first
    """

    def __init__(
        self, stored: Sequence[Sequence[Any] | None], texts: Sequence[tuple[Any, ...]]
    ) -> None:
        self._texts = texts
        self.is_stored = None not in stored
        self._marks = list(map(text_mark, texts)) if self.is_stored else [""] * len(texts)
        count = len(texts)
        columns = [list(column or [None] * count) for column in stored]
        of, *rest = columns
        self._ran, self._fires, self._normal, self._said = rest
        for row, mark in enumerate(self._marks):
            if of[row] != mark or not self.is_stored:
                for column in rest:
                    column[row] = None
        self._changed: set[int] = set()
        self._fired: defaultdict[int, list[str]] = defaultdict(list)

    # What queries say.

    @cached_property
    def words(self) -> language.WordIndex:
        """The queries, and which of them hold a word."""
        return language.WordIndex([query or "" for query, *_ in self._texts])

    def _read(self) -> None:
        stored = zip(self._said, self._normal, strict=True)
        rows = [row for row, values in enumerate(stored) if None in values]
        queries = [self.words.texts[row] for row in rows]
        unread = self.words if len(rows) == len(self._texts) else language.WordIndex(queries)
        for row, query, said in zip(rows, queries, features_texts(unread), strict=True):
            words = language.normal_form(query)
            self._normal[row] = _hash(words) if words else 0
            self._said[row] = said
        self._changed.update(rows)

    @cached_property
    def normal(self) -> NDArray[np.int64]:
        """Equal for queries of equal normal form; 0 for one without words."""
        self._read()
        return np.array(self._normal, np.int64)

    @cached_property
    def numbers(self) -> NDArray[np.int64]:
        """By sample, which of :attr:`distinct` its query says."""
        self._read()
        known: dict[str, int] = {}
        numbers = [known.setdefault(text, len(known)) for text in self._said]
        self._distinct_texts = list(known)
        return np.array(numbers, np.int64)

    @cached_property
    def distinct_texts(self) -> list[str]:
        """What queries say, each once, as text."""
        self.numbers  # noqa: B018
        return self._distinct_texts

    @cached_property
    def distinct(self) -> list[QueryFeatures]:
        """What queries say, each once."""
        return list(map(features_from, self.distinct_texts))

    # Which checks of texts alone have an issue.

    def open_rows(self, one: Check) -> list[int] | None:
        """The samples of which a check of texts alone has, or may have, an issue; ``None`` for
        any other check, and where nothing is cached.
        """
        if not (self.is_stored and on_text_alone(one)):
            return None
        tag = check_tag(one)
        open_ones = (s for s in self._states if tag not in s.ran or one.name in s.fires)
        return sorted(chain.from_iterable(state.rows for state in open_ones))

    def learn(self, one: Check, rows: Iterable[int]) -> None:
        """Notes that a check of texts alone ran, and of which samples it has an issue; nothing of
        any other.
        """
        if not (self.is_stored and on_text_alone(one)) or (tag := check_tag(one)) is None:
            return
        for state in self._states:
            if tag not in state.ran:
                state.learned[one.name] = tag
        for row in rows:
            self._fired[row].append(one.name)

    @cached_property
    def _states(self) -> list[_State]:
        rows_of: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
        for row, (ran, fires) in enumerate(zip(self._ran, self._fires, strict=True)):
            rows_of[ran or "", fires or ""].append(row)
        return [_State(ran.split(), fires.split(), rows, {})
                for (ran, fires), rows in rows_of.items()]  # fmt: skip

    def changes(self) -> dict[int, dict[str, Any]]:
        """What is to be stored anew, by sample."""
        if not self.is_stored:
            return {}
        for state in self._states:
            learned = state.learned
            ran = [tag for tag in state.ran if _name(tag) not in learned]
            ran_now = " ".join([*ran, *learned.values()])
            fires = [name for name in state.fires if name not in learned]
            unchanged = " ".join(fires)
            for row in state.rows if learned else ():
                fired = [name for name in self._fired.get(row, ()) if name in learned]
                self._ran[row] = ran_now
                self._fires[row] = " ".join(fires + fired) if fired else unchanged
            self._changed.update(state.rows if learned else ())
        columns = (self._marks, self._ran, self._fires, self._normal, self._said)
        each = list(zip(*columns, strict=True))
        return {row: _stored(each[row]) for row in sorted(self._changed)}


def _stored(values: tuple[Any, ...]) -> dict[str, Any]:
    named: dict[str, Any] = dict(zip(CACHE_NAMES, values, strict=True))
    return {k: v for k, v in named.items() if v is not None} if None in values else named


def text_mark(texts: tuple[Any, ...]) -> str:
    """What tells a reading of these texts by these rules from others."""
    query, *others = texts
    content = repr(texts) if others else query or ""  # a third of the time of JSON
    return f"{version()}{crc32(content.encode('utf-8', 'replace')):08x}"


@cache
def version() -> str:
    """Tells the rules that texts are read by: those of the language and of the checks."""
    rules = blake2b(digest_size=4)
    for package in (Path(language.__file__).parent, Path(__file__).parent):
        for file in sorted(package.rglob("*.py")):
            rules.update(file.read_bytes())
    return rules.hexdigest()


def on_text_alone(one: Check) -> bool:
    """Whether findings of a check follow from a sample's own texts, so that they can be cached."""
    return one.scope == "sample" and bool(one.needs) and TEXTS.issuperset(one.needs)


def check_tag(one: Check) -> str | None:
    """What tells a run of a check from runs with other parameters, or by other rules of other
    packages; ``None`` where that cannot be told.
    """
    usual = one.name in CHECKS and one.params == CHECKS[one.name].params
    rules = _foreign_rules(_function_of(one))
    if rules is None:
        return None
    if usual and not rules:
        return one.name
    told = json.dumps([one.params, rules], sort_keys=True, default=str)
    return f"{one.name}:{crc32(told.encode()):08x}"


def is_own(one: Check) -> bool:
    """Whether a check is PairLens' own, and none of another package."""
    return _foreign_rules(_function_of(one)) == ""


def _function_of(one: Check) -> Any:
    function: Any = one.function
    while isinstance(function, partial):
        function = function.args[0]
    return function


def _name(tag: str) -> str:
    return tag.partition(":")[0]


@cache
def _foreign_rules(function: Any) -> str | None:
    """A digest of the file that a check of another package stands in; ``""`` for our own."""
    if function.__module__.startswith(f"{__package__}."):
        return ""
    try:
        return blake2b(Path(getsourcefile(function) or "").read_bytes(), digest_size=4).hexdigest()
    except (OSError, TypeError):
        return None


def _hash(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=7).digest()) + 1
