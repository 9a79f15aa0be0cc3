"""Faults of the query, alone and against its mask."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.faults.base import (
    Damage,
    LoadedSample,
    Tools,
    Unit,
    change,
    drawn,
    fault,
    pick,
    redraw,
    worded,
)
from pairlens.fiftyone_plugin.faults.masks import shift
from pairlens.fiftyone_plugin.language import (
    classes,
    colors,
    counts,
    own_colors,
    places,
    shapes,
    sizes,
)
from pairlens.fiftyone_plugin.language.taxonomy import plural_of
from pairlens.importers.fields import TARGET
from pairlens.importers.image_stats import COLORS

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

_VERTICAL, _HORIZONTAL, _MIDDLE = "top|upper|bottom|lower", "left|right", "center|middle"
_PLACE = re.compile(
    rf"\b(?:(?:{_VERTICAL})[- ](?:{_HORIZONTAL}|{_MIDDLE})|(?:{_MIDDLE})[- ](?:{_HORIZONTAL})"
    rf"|(?:{_HORIZONTAL}) side)\b(?! of (?!the (?:image|picture|photo)))",
    re.IGNORECASE,
)
_OPPOSITE = {"top": "bottom", "upper": "lower", "left": "right"}
_OPPOSITE |= {there: here for here, there in _OPPOSITE.items()}


@fault("empty_query", structural=True, about="The query is replaced by blanks.")
def empty_query(unit: Unit, tools: Tools) -> Damage | None:
    loaded = worded(unit, tools)
    return change(unit, loaded, phrase=" " * int(tools.rng.integers(3))) if loaded else None


@fault("garbled_query", about="The query is decoded wrongly, or a character is lost.")
def garbled_query(unit: Unit, tools: Tools) -> Damage | None:
    loaded = worded(unit, tools)
    if loaded is None:
        return None
    at = int(tools.rng.integers(len(loaded.sample.phrase)))
    head, tail = loaded.sample.phrase[:at], loaded.sample.phrase[at:]
    broken = ("\u00e2\u20ac\u2122", "\ufffd", "\x07", "&amp;quot;", "\u0430\u0441", "\\u2019")
    middle = broken[int(tools.rng.integers(len(broken)))]
    return change(unit, loaded, phrase=f"{head}{middle}{tail}")


@fault("coordinate_leak", structural=True, about="The mask's box is written into the query.")
def coordinate_leak(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    if loaded is None:
        return None
    phrase = leak_coordinates(loaded.sample.phrase, loaded.mask() == TARGET)
    return change(unit, loaded, phrase=phrase)


@fault("coordinate_conflict", about="The box of another place is written into the query.")
def coordinate_conflict(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    if loaded is None:
        return None
    turned = np.flip(loaded.mask(), (0, 1)) == TARGET
    stats = loaded.sample.stats
    x, y = stats.centroid[0] / stats.width, stats.centroid[1] / stats.height
    if max(abs(x - 0.5), abs(y - 0.5)) < 0.2:
        return None  # turned by half, it would lie where it was
    return change(unit, loaded, phrase=leak_coordinates(loaded.sample.phrase, turned))


@fault("boilerplate", about="The query is replaced by a refusal or words of a prompt.")
def boilerplate(unit: Unit, tools: Tools) -> Damage | None:
    loaded = worded(unit, tools)
    phrase = _REFUSALS[int(tools.rng.integers(len(_REFUSALS)))]
    return change(unit, loaded, phrase=phrase) if loaded else None


@fault("unanswerable_query", about="The query is replaced by one that says nothing can be seen.")
def unanswerable_query(unit: Unit, tools: Tools) -> Damage | None:
    loaded = worded(unit, tools)
    if loaded is None:
        return None
    start = " ".join(loaded.sample.phrase.split()[:3])
    template = _UNANSWERABLE[int(tools.rng.integers(len(_UNANSWERABLE)))]
    return change(unit, loaded, phrase=template.format(start))


@fault("vague_query", about="The query is cut down to 'the object'.")
def vague_query(unit: Unit, tools: Tools) -> Damage | None:
    loaded = worded(unit, tools)
    phrase = _VAGUE[int(tools.rng.integers(len(_VAGUE)))]
    return change(unit, loaded, phrase=phrase) if loaded else None


@fault("length_outlier", about="The query is repeated forty times.")
def length_outlier(unit: Unit, tools: Tools) -> Damage | None:
    loaded = worded(unit, tools)
    return change(unit, loaded, phrase=" ".join([loaded.sample.phrase] * 40)) if loaded else None


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
    loaded, exchange = found
    axes = tuple(a for a, turned in enumerate((exchange.down, exchange.across)) if turned)
    damage = redraw(unit, loaded, np.ascontiguousarray(np.flip(loaded.mask(), axes)))
    return replace(damage, faulty=(loaded.sample.key,))


@fault(
    "shifted_mask",
    checks=("position_conflict",),
    about="The mask of a query with a place word is moved to the opposite side.",
)
def shifted_mask(unit: Unit, tools: Tools) -> Damage | None:
    found = _placed(unit, tools)
    if found is None:
        return None
    loaded, exchange = found
    stats = loaded.sample.stats
    x, y, width, height = stats.box
    # Mirrored in place but not in form; whole, so that no border cuts it.
    dx = stats.width - 2 * x - width if exchange.across else 0
    dy = stats.height - 2 * y - height if exchange.down else 0
    damage = redraw(unit, loaded, shift(loaded.mask(), dx, dy))
    return replace(damage, faulty=(loaded.sample.key,))


def _placed(unit: Unit, tools: Tools) -> tuple[LoadedSample, Exchange] | None:
    """A sample whose query rightly names a place off the centre, and the opposite query."""
    loaded = drawn(unit, tools)
    if loaded is None:
        return None
    exchange = exchange_place(loaded.sample.phrase, loaded.mask() == TARGET)
    return (loaded, exchange) if exchange else None


@fault("size_conflict", about="'Small' is exchanged for 'large' on what is of extreme size.")
def size_conflict(unit: Unit, tools: Tools) -> Damage | None:
    loaded = worded(unit, tools)
    if loaded is None or not loaded.sample.stats.area:
        return None
    words = sizes(loaded.sample.phrase)
    share = loaded.sample.stats.area / (loaded.sample.stats.width * loaded.sample.stats.height)
    if len(words) != 1 or words[0].value not in _AGAINST or 0.0003 < share < 0.3:
        return None
    new = _AGAINST[words[0].value]
    if (new == "large") != (share <= 0.0003):
        return None
    phrase = loaded.sample.phrase[: words[0].start] + new + loaded.sample.phrase[words[0].end :]
    return change(unit, loaded, phrase=phrase)


@fault("count_conflict", about="A query for one object is made to ask for three.")
def count_conflict(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools)
    if loaded is None or loaded.sample.stats.components != 1:
        return None
    phrase, said = loaded.sample.phrase, counts(loaded.sample.phrase)
    named = classes(phrase)
    if {word.value for word in said} != {"1"} or not named:
        return None
    noun = named[0]
    if re.search(r"\b(the|a|an) (\w+ )?$", phrase[: noun.start], re.I) is None:
        return None
    head = re.sub(r"\b(the|a|an) (?=(\w+ )?$)", "the three ", phrase[: noun.start], flags=re.I)
    plural = " ".join([*noun.text.split()[:-1], plural_of(noun.text.split()[-1])])
    return change(unit, loaded, phrase=f"{head}{plural}.")


@fault("shape_conflict", about="A long or square thing is called by the other's shape.")
def shape_conflict(unit: Unit, tools: Tools) -> Damage | None:
    loaded = drawn(unit, tools, min_area=200)
    if loaded is None or shapes(loaded.sample.phrase) or loaded.sample.stats.border:
        return None
    stats = loaded.sample.stats
    if stats.components != 1 or 1.15 < stats.elongation < 2.6:
        return None
    word = "circular" if stats.elongation > 2 else "elongated"
    phrase, named = loaded.sample.phrase, classes(loaded.sample.phrase)
    if not named:
        return None
    at = named[0].start
    return change(unit, loaded, phrase=f"{phrase[:at]}{word} {phrase[at:]}")


@fault("sibling_claim", about="'Leftmost' or 'rightmost' is said of what another lies beyond.")
def sibling_claim(unit: Unit, tools: Tools) -> Damage | None:
    loaded = pick([one for one in unit if _side_beyond(one, unit)], tools)
    if loaded is None:
        return None
    phrase, at = loaded.sample.phrase, classes(loaded.sample.phrase)[0].start
    word = f"{_side_beyond(loaded, unit)}most"
    return change(unit, loaded, phrase=f"{phrase[:at]}{word} {phrase[at:]}")


def _side_beyond(one: LoadedSample, unit: Unit) -> str:
    """The side on which another object of its class lies, ``""`` for none."""
    phrase, stats = one.sample.phrase, one.sample.stats
    named = classes(phrase)
    single = {word.value for word in counts(phrase)} == {"1"} and stats.components == 1
    if len(named) != 1 or not single or places(phrase):
        return ""
    for other in unit:
        said = {word.value for word in classes(other.sample.phrase)}
        box = other.sample.stats.box
        alone = other.sample.stats.components == 1
        plural = {word.value for word in counts(other.sample.phrase)} - {"1"}
        if not alone or plural or said != {named[0].value}:
            continue
        if box[0] + box[2] < stats.box[0]:
            return "left"
        if box[0] > stats.box[0] + stats.box[2]:
            return "right"
    return ""


@fault("color_conflict", about="The color word is exchanged for one that is far from it.")
def color_conflict(unit: Unit, tools: Tools) -> Damage | None:
    able = [r for r in unit if r.measured and r.sample.colors and r.sample.stats.area >= 64]
    loaded = pick([r for r in able if len(colors(r.sample.phrase)) == 1], tools)
    if loaded is None or loaded.sample.colors is None:
        return None
    word = (own_colors(loaded.sample.phrase) or colors(loaded.sample.phrase))[0]
    shares = loaded.sample.colors.shares
    if word.value not in _FAR or shares[COLORS.index(word.value)] < 0.3:
        return None
    phrase = loaded.sample.phrase
    phrase = phrase[: word.start] + _FAR[word.value] + phrase[word.end :]
    return change(unit, loaded, phrase=phrase)


def leak_coordinates(phrase: str, mask: NDArray[np.bool_]) -> str:
    """A query with the mask's box ``[x, y, w, h]`` in pixels appended as in real GRES queries."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    box = [columns[0], rows[0], np.ptp(columns) + 1, np.ptp(rows) + 1]
    stop = "." if phrase.endswith(".") else ""
    values = ", ".join(str(int(v)) for v in box)
    return f"{phrase.removesuffix('.')} within the bounding box coordinates [{values}]{stop}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A query with its place words exchanged for their opposites.

    Attributes:
        phrase: the query afterwards
        across, down: whether left and right, top and bottom were exchanged
    """

    phrase: str
    across: bool
    down: bool


def exchange_place(phrase: str, mask: NDArray[np.bool_]) -> Exchange | None:
    """Turns a true place into its opposite.

    Returns ``None`` if the query names no place off the centre, or if the mask does not lie
    plainly there: then neither wording would contradict it.
    """
    found = " ".join(match[0].lower() for match in _PLACE.finditer(phrase))
    turned = [word for word in re.findall(r"\w+", found) if word in _OPPOSITE]
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
    return Exchange(_PLACE.sub(lambda match: _turn(match[0]), phrase), across, down)


def _turn(place: str) -> str:
    return re.sub(r"\w+", lambda m: _OPPOSITE.get(m[0].lower(), m[0]), place)
