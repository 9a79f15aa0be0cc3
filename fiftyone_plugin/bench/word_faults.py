"""Faults of the query, alone and against its mask."""

from __future__ import annotations

import re

import numpy as np

from fiftyone_plugin.bench.faults import (
    Damage,
    Record,
    Tools,
    Unit,
    change,
    drawn,
    fault,
    pick,
    redraw,
    worded,
)
from fiftyone_plugin.bench.mask_faults import shift
from fiftyone_plugin.demo.faults import Exchange, exchange_place, leak_coordinates
from fiftyone_plugin.language import classes, colors, counts, own_colors, shapes, sizes
from fiftyone_plugin.language.taxonomy import plural_of
from importers.fields import TARGET
from importers.image_stats import COLORS

_REFUSALS = (
    "I'm sorry, but I cannot identify the object in this image.",
    "As an AI language model, I am unable to view images.",
    "Here are three queries for the given object:",
)
_UNANSWERABLE = (
    "{} cannot be seen clearly due to the image's lack of light.",
    "{} is too blurry to be recognized.",
)
_VAGUE = ("the object", "the target in the picture", "an object")
_AGAINST = {"small": "large", "large": "small"}
_FAR = {
    "red": "blue", "blue": "red", "green": "pink", "yellow": "blue", "white": "red",
    "orange": "blue", "pink": "green", "purple": "yellow",
}  # fmt: skip
"""For each color another that no haze and no shadow turns into it."""


@fault("empty_query", structural=True, about="The query is replaced by blanks.")
def empty_query(unit: Unit, tools: Tools) -> Damage | None:
    record = worded(unit, tools)
    return change(unit, record, phrase=" " * int(tools.rng.integers(3))) if record else None


@fault("garbled_query", about="The query is decoded wrongly, or a character is lost.")
def garbled_query(unit: Unit, tools: Tools) -> Damage | None:
    record = worded(unit, tools)
    if record is None:
        return None
    at = int(tools.rng.integers(len(record.pair.phrase)))
    head, tail = record.pair.phrase[:at], record.pair.phrase[at:]
    broken = ("\u00e2\u20ac\u2122", "\ufffd", "\x07", "&amp;quot;", "\u0430\u0441", "\\u2019")
    middle = broken[int(tools.rng.integers(len(broken)))]
    return change(unit, record, phrase=f"{head}{middle}{tail}")


@fault("coordinate_leak", structural=True, about="The mask's box is written into the query.")
def coordinate_leak(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    if record is None:
        return None
    phrase = leak_coordinates(record.pair.phrase, record.mask() == TARGET)
    return change(unit, record, phrase=phrase)


@fault("coordinate_conflict", about="The box of another place is written into the query.")
def coordinate_conflict(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    if record is None:
        return None
    turned = np.flip(record.mask(), (0, 1)) == TARGET
    stats = record.pair.stats
    x, y = stats.centroid[0] / stats.width, stats.centroid[1] / stats.height
    if max(abs(x - 0.5), abs(y - 0.5)) < 0.2:
        return None  # turned by half, it would lie where it was
    return change(unit, record, phrase=leak_coordinates(record.pair.phrase, turned))


@fault("boilerplate", about="The query is replaced by a refusal or words of a prompt.")
def boilerplate(unit: Unit, tools: Tools) -> Damage | None:
    record = worded(unit, tools)
    phrase = _REFUSALS[int(tools.rng.integers(len(_REFUSALS)))]
    return change(unit, record, phrase=phrase) if record else None


@fault("unanswerable_query", about="The query is replaced by one that says nothing can be seen.")
def unanswerable_query(unit: Unit, tools: Tools) -> Damage | None:
    record = worded(unit, tools)
    if record is None:
        return None
    start = " ".join(record.pair.phrase.split()[:3])
    template = _UNANSWERABLE[int(tools.rng.integers(len(_UNANSWERABLE)))]
    return change(unit, record, phrase=template.format(start))


@fault("vague_query", about="The query is cut down to 'the object'.")
def vague_query(unit: Unit, tools: Tools) -> Damage | None:
    record = worded(unit, tools)
    phrase = _VAGUE[int(tools.rng.integers(len(_VAGUE)))]
    return change(unit, record, phrase=phrase) if record else None


@fault("length_outlier", about="The query is repeated forty times.")
def length_outlier(unit: Unit, tools: Tools) -> Damage | None:
    record = worded(unit, tools)
    return change(unit, record, phrase=" ".join([record.pair.phrase] * 40)) if record else None


@fault(
    "exchanged_place",
    checks=("position_conflict",),
    about="Place words are exchanged for their opposites.",
)
def exchanged_place(unit: Unit, tools: Tools) -> Damage | None:
    found = _placed(unit, tools)
    return change(unit, found[0], phrase=found[1].phrase) if found else None


@fault(
    "mirrored_mask",
    checks=("position_conflict",),
    about="The mask of a query with a place word is mirrored.",
)
def mirrored_mask(unit: Unit, tools: Tools) -> Damage | None:
    found = _placed(unit, tools)
    if found is None:
        return None
    record, exchange = found
    axes = tuple(a for a, turned in enumerate((exchange.down, exchange.across)) if turned)
    damage = redraw(unit, record, np.ascontiguousarray(np.flip(record.mask(), axes)))
    return Damage(damage.pairs, (record.pair.key,))


@fault(
    "shifted_mask",
    checks=("position_conflict",),
    about="The mask of a query with a place word is moved to the opposite side.",
)
def shifted_mask(unit: Unit, tools: Tools) -> Damage | None:
    found = _placed(unit, tools)
    if found is None:
        return None
    record, exchange = found
    stats = record.pair.stats
    x, y, width, height = stats.box
    # Mirrored in place but not in form; whole, so that no border cuts it.
    dx = stats.width - 2 * x - width if exchange.across else 0
    dy = stats.height - 2 * y - height if exchange.down else 0
    damage = redraw(unit, record, shift(record.mask(), dx, dy))
    return Damage(damage.pairs, (record.pair.key,))


def _placed(unit: Unit, tools: Tools) -> tuple[Record, Exchange] | None:
    """A pair whose query rightly names a place off the centre, and its opposite."""
    record = drawn(unit, tools)
    if record is None:
        return None
    exchange = exchange_place(record.pair.phrase, record.mask() == TARGET)
    return (record, exchange) if exchange else None


@fault("size_conflict", about="'Small' is exchanged for 'large' on what is of extreme size.")
def size_conflict(unit: Unit, tools: Tools) -> Damage | None:
    record = worded(unit, tools)
    if record is None or not record.pair.stats.area:
        return None
    words = sizes(record.pair.phrase)
    share = record.pair.stats.area / (record.pair.stats.width * record.pair.stats.height)
    if len(words) != 1 or words[0].value not in _AGAINST or 0.0003 < share < 0.3:
        return None
    new = _AGAINST[words[0].value]
    if (new == "large") != (share <= 0.0003):
        return None
    phrase = record.pair.phrase[: words[0].start] + new + record.pair.phrase[words[0].end :]
    return change(unit, record, phrase=phrase)


@fault("count_conflict", about="A query for one object is made to ask for three.")
def count_conflict(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools)
    if record is None or record.pair.stats.components != 1:
        return None
    phrase, said = record.pair.phrase, counts(record.pair.phrase)
    named = classes(phrase)
    if {word.value for word in said} != {"1"} or not named:
        return None
    noun = named[0]
    if re.search(r"\b(the|a|an) (\w+ )?$", phrase[: noun.start], re.I) is None:
        return None
    head = re.sub(r"\b(the|a|an) (?=(\w+ )?$)", "the three ", phrase[: noun.start], flags=re.I)
    plural = " ".join([*noun.text.split()[:-1], plural_of(noun.text.split()[-1])])
    return change(unit, record, phrase=f"{head}{plural}.")


@fault("shape_conflict", about="A long or square thing is called by the other's shape.")
def shape_conflict(unit: Unit, tools: Tools) -> Damage | None:
    record = drawn(unit, tools, min_area=200)
    if record is None or shapes(record.pair.phrase) or record.pair.stats.border:
        return None
    stats = record.pair.stats
    if stats.components != 1 or 1.15 < stats.elongation < 2.6:
        return None
    word = "circular" if stats.elongation > 2 else "elongated"
    phrase, named = record.pair.phrase, classes(record.pair.phrase)
    if not named:
        return None
    at = named[0].start
    return change(unit, record, phrase=f"{phrase[:at]}{word} {phrase[at:]}")


@fault("color_conflict", about="The color word is exchanged for one that is far from it.")
def color_conflict(unit: Unit, tools: Tools) -> Damage | None:
    able = [r for r in unit if r.seen and r.pair.colors and r.pair.stats.area >= 64]
    record = pick([r for r in able if len(colors(r.pair.phrase)) == 1], tools)
    if record is None or record.pair.colors is None:
        return None
    word = (own_colors(record.pair.phrase) or colors(record.pair.phrase))[0]
    shares = record.pair.colors.shares
    if word.value not in _FAR or shares[COLORS.index(word.value)] < 0.3:
        return None
    phrase = record.pair.phrase[: word.start] + _FAR[word.value] + record.pair.phrase[word.end :]
    return change(unit, record, phrase=phrase)
