"""Statements of a caption about places, numbers, measures and classes, for comparing revisions.

A caption describes several things in several sentences, a query one. Therefore only plain
statements are read: one place of a thing, one number of it, one measure.
"""

from __future__ import annotations

import re
from dataclasses import field
from functools import lru_cache
from typing import NamedTuple

from pairlens.fiftyone_plugin.language import places
from pairlens.fiftyone_plugin.language import vocabulary as v
from pairlens.fiftyone_plugin.language.classes import class_tokens
from pairlens.fiftyone_plugin.language.directions import Directions, name_of, region_of
from pairlens.fiftyone_plugin.language.regions import Region
from pairlens.fiftyone_plugin.language.taxonomy import NAMES, PLURAL
from pairlens.fiftyone_plugin.language.tokens import (
    REMEMBERED,
    Token,
    sentences,
    span,
    tokenize,
    word_set,
)
from pairlens.importers.frozen import frozen

MANY = -1
"""An indefinite number: several, many."""

_A = 0
"""No number, but the article "a"."""

VAGUE = frozenset({"structure", "facility", "machine", "craft", "container", "vehicle", "tower"})
"""Classes that may be called so and be anything, or whose words mean other things in prose."""

_NUMERALS = {word: number for number, word in enumerate(
    ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"], 2
)} | {"both": 2, "single": 1, "one": 1, "lone": 1, "solitary": 1, "sole": 1}  # fmt: skip
_SEVERAL = v.words("several many numerous multiple various dozens clusters rows")
_ARTICLES = frozenset({"a", "an"})
_LOOKBACK = 4
_STOPS = v.PREPOSITION | v.RELATION | {"and", "or", "the", "with", "which", "that"}

_PATH = re.compile(r"\bfrom\b[^.,;]{0,50}?\bto\b[^.,;]{0,25}", re.IGNORECASE)
_COMPASS = re.compile(
    r"\b(?:at|in|on|towards?|near|along|across|occup(?:ies|ying)) (?:the |its )?(?:far |extreme )?"
    r"((?:north|south)(?:[- ]?(?:east|west))?|east|west)(?:ern)?(?:most)?\b(?![- ](?:north|south|"
    r"east|west)|wards?\b)"
    r"(?: (?:side|part|portion|section|edge|half|area|region|end|corner|border|quadrant|third))?"
    r"(?! of (?!the (?:image|scene|patch|view|frame|picture|photo)))",
    re.IGNORECASE,
)
_COMPASS_WORDS = {
    f"{direction}{ern}{most}"
    for direction in ("north", "south", "east", "west", *v.DIAGONAL)
    for ern in ("", "ern")
    for most in ("", "most")
}
_MOVING = v.STRETCHING | v.ORIENTATION | v.words("leads continues spreads expands bounded bordered")

_UNITS = {
    "percent": r"%|percent|per cent",
    "meters": r"m|meters?|metres?",
    "kilometers": r"km|kilometers?|kilometres?",
    "feet": r"ft|feet",
    "hectares": r"ha|hectares?",
    "acres": r"acres?",
    "square meters": r"(?:sq\.?|square) ?(?:m|meters?|metres?)|m2|m\u00b2",
}
_MEASURE = re.compile(
    r"(?<![\w.,])(\d{1,9}(?:,\d{3})*(?:\.\d{1,6})?)[ -]?(?:"
    + "|".join(f"(?P<{name.replace(' ', '_')}>{unit})" for name, unit in _UNITS.items())
    + r")(?![\w\u00b2])",
    re.IGNORECASE,
)
_SIDES = (
    "ern",
    "top",
    "left",
    "right",
    "upper",
    "lower",
    "bottom",
    "north",
    "south",
    "east",
    "west",
)
_NO_SIDE = "".join(f"(?<!{side} )" for side in _SIDES)
_FRACTION = re.compile(
    r"\b(?:(?P<third>(?:one|a)[- ]third)|(?P<thirds>two[- ]thirds)"
    r"|(?P<quarters>three[- ](?:quarters|fourths))|(?P<quarter>(?:one|a)[- ](?:quarter|fourth))"
    rf"|{_NO_SIDE}(?P<half>half (?:of )?(?:the|this|its)"
    r"|(?:about|nearly|almost|over|roughly|approximately|than) half))\b(?! (?:mile|km|kilomet))",
    re.IGNORECASE,
)
_OF_FRACTIONS = v.words("third thirds quarter quarters fourth fourths half")
_DIGIT = re.compile(r"\d")
_SHARES = {"third": 1 / 3, "thirds": 2 / 3, "quarters": 0.75, "quarter": 0.25, "half": 0.5}


@frozen
class Spot:
    """A place that a caption names."""

    name: str
    region: Region


@frozen
class Statements:
    """The statements of a caption.

    Attributes:
        classes: the named classes in order, each once, without the vaguest
        spots: all places
        where: the one place of a class; classes in several sentences are left out
        counts: the numbers of a class, :data:`MANY` for an indefinite one, which "one pond" and
            "one pond" are together
        articles: classes that have the article "a" once, and no number
        measures: values by unit
        shares: shares of the image, 0 to 1, written as fractions or percent
    """

    classes: tuple[str, ...] = ()
    spots: tuple[Spot, ...] = ()
    where: dict[str, Spot] = field(default_factory=dict)
    counts: dict[str, set[int]] = field(default_factory=dict)
    articles: frozenset[str] = frozenset()
    measures: dict[str, list[float]] = field(default_factory=dict)
    shares: tuple[float, ...] = ()


class _Sentence(NamedTuple):
    """The statements of a sentence.

    Attributes:
        names: the named classes, each once
        numbers: classes with their number
        articles: classes with the article "a" and no number
        spots: its places
        owner: the class of its only place, ``""`` for several places or none
        measures: units with a value
        shares: shares of the image
        goes_on: whether a unit may continue after the sentence's end: "2 sq. km"
    """

    names: tuple[str, ...]
    numbers: tuple[tuple[str, int], ...]
    articles: tuple[str, ...]
    spots: tuple[Spot, ...]
    owner: str
    measures: tuple[tuple[str, float], ...]
    shares: tuple[float, ...]
    goes_on: bool


@lru_cache(maxsize=REMEMBERED)
def _sentence(sentence: str) -> _Sentence:
    tokens = tokenize(sentence)
    named = _runs(tokens)
    spots, owner = _placed(sentence, named)
    names = tuple(dict.fromkeys([name for _, _, name in named]))
    counted = [(name, _count(tokens, first, last)) for first, last, name in named]
    numbers = tuple([(name, number) for name, number in counted if number])
    articles = tuple([name for name, number in counted if number == _A])
    measures, shares = _measures(sentence)
    goes_on = sentence[-3:].casefold() == "sq."
    return _Sentence(names, numbers, articles, spots, owner, measures, shares, goes_on)


def statements(caption: str) -> Statements:
    """Reads a caption; it raises for no text."""
    named: list[str] = []
    spots: list[Spot] = []
    owners: dict[str, Spot] = {}
    counts: dict[str, set[int]] = {}
    articles: list[str] = []
    ones: list[str] = []
    measures: list[tuple[str, float]] = []
    shares: list[float] = []
    whole = False
    for each in sentences(caption):
        names, numbers, single, here, owner, measured, parts, goes_on = _sentence(each)
        named += names
        articles += single
        spots += here
        if owner:
            owners[owner] = here[0]
        for name, number in numbers:
            counts.setdefault(name, set()).add(number)
            ones += [name] * (number == 1)
        measures += measured
        shares += parts
        whole = whole or goes_on
    where = {name: spot for name, spot in owners.items() if named.count(name) == 1}
    classes = tuple([name for name in dict.fromkeys(named) if name not in VAGUE])
    several = _several(caption, articles + ones)
    for name in several & counts.keys():
        counts[name].add(MANY)
    if whole:
        of_all, shares_of_all = _measures(caption)
        measures, shares = [*of_all], [*shares_of_all]
    single = frozenset(articles) - several
    return Statements(
        classes, tuple(spots), where, counts, single, _by_unit(measures), tuple(shares)
    )


def _several(caption: str, ones: list[str]) -> set[str]:
    """The classes of which a caption tells one more than once, or one and another."""
    if "another" in word_set(caption):
        return set(ones)
    return {name for name in ones if ones.count(name) > 1} if len({*ones}) < len(ones) else set()


def _runs(tokens: tuple[Token, ...]) -> list[tuple[int, int, str]]:
    """First and last token of each class word, with the class."""
    found: list[tuple[int, int, str]] = []
    for index, name in sorted(class_tokens(tokens).items()):
        if found and found[-1][1] == index - 1 and found[-1][2] == name and _one(tokens, found[-1]):
            found[-1] = (found[-1][0], index, name)
        else:
            found.append((index, index, name))
    return found


def _one(tokens: tuple[Token, ...], run: tuple[int, int, str]) -> bool:
    """Whether what was read so far is no class word by itself, so that the next belongs to it."""
    longer = tuple(token.text for token in tokens[run[0] : run[1] + 2])
    return longer in NAMES


def _count(tokens: tuple[Token, ...], first: int, last: int) -> int | None:
    """The number before a class word, :data:`_A` for an article alone, ``None`` for none."""
    plural = tuple(token.text for token in tokens[first : last + 1]) in PLURAL
    for index in range(first - 1, max(-1, first - 1 - _LOOKBACK), -1):
        token = tokens[index]
        if tokens[index + 1].gap in (".", ","):
            return None
        if tokens[index + 1].gap == "-":
            continue  # "the two-lane road"
        number = _number(token.text)
        if number is not None and (plural or number == 1):
            return number
        if token.text in _SEVERAL and plural:
            return MANY
        if token.text in _ARTICLES and not plural:
            return _A
        if token.text in _STOPS:
            return None
    return None


def _number(word: str) -> int | None:
    if word.isdecimal() and len(word) < 4 and word.isascii():
        return int(word) or None
    return _NUMERALS.get(word)


def _placed(sentence: str, named: list[tuple[int, int, str]]) -> tuple[tuple[Spot, ...], str]:
    """The places of a sentence and, if there is only one, its class: the one before it, else the
    next.
    """
    words = word_set(sentence)
    compass = not words.isdisjoint(_COMPASS_WORDS)
    if not compass and words.isdisjoint(v.DIRECTION):
        return (), ""
    if compass or "from" in words:
        here = _spots(sentence, words, compass=compass)
        spots, start = tuple(here.values()), next(iter(here), 0)
        ends = [span(sentence, last, last)[1] for _, last, _ in named] if len(here) == 1 else ()
    else:
        # The position of the words in the sentence follows from their numbers.
        found = places.mentions(sentence)
        spots = tuple([Spot(one.name, one.region) for one in found])
        start, ends = found[0].first if found else 0, [last + 1 for _, last, _ in named]
    if len(spots) != 1 or not named:
        return spots, ""
    before = [name for (_, _, name), end in zip(named, ends, strict=True) if end <= start]
    return spots, before[-1] if before else named[0][2]


def _spots(sentence: str, words: frozenset[str], *, compass: bool) -> dict[int, Spot]:
    """The places of a sentence by where they stand, paths "from left to right" left out."""
    text = _PATH.sub(lambda match: " " * len(match[0]), sentence) if "from" in words else sentence
    found = {place.start: Spot(place.name, place.region) for place in places(text)}
    if not compass:
        return found
    for match in _COMPASS.finditer(text):
        before = text[: match.start()].lower().split()[-3:]
        if _MOVING.isdisjoint(word.strip(".,;") for word in before):
            spot = _spot(match[1])
            if spot not in found.values():
                found[match.start()] = spot
    return found


def _spot(compass: str) -> Spot:
    directions = Directions()
    directions.add(re.sub(r"[- ]", "", compass.lower()))
    region = region_of(directions.named, hedged=False, extreme=False, widened=False)
    return Spot(name_of(directions.named, extreme=False), region)


def _measures(text: str) -> tuple[tuple[tuple[str, float], ...], tuple[float, ...]]:
    """Units with their values, and shares of the image."""
    measures: list[tuple[str, float]] = []
    shares: list[float] = []
    for match in _MEASURE.finditer(text) if _DIGIT.search(text) else ():
        unit, value = (match.lastgroup or "").replace("_", " "), float(match[1].replace(",", ""))
        if unit != "percent":
            measures.append((unit, value))
        elif value <= 100:
            shares.append(value / 100)
    if not word_set(text).isdisjoint(_OF_FRACTIONS):
        shares += [_SHARES[match.lastgroup or ""] for match in _FRACTION.finditer(text)]
    return tuple(measures), tuple(shares)


def _by_unit(measures: list[tuple[str, float]]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for unit, value in measures:
        found.setdefault(unit, []).append(value)
    return found
