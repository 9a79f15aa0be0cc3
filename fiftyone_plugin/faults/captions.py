"""Faults of captions, and of captions against the ones that they revise."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.catalogue.captions import DESCRIPTIONS, REVISION
from pairlens.fiftyone_plugin.checks.statements import statements
from pairlens.fiftyone_plugin.checks.texts import TEXT_KINDS
from pairlens.fiftyone_plugin.faults.base import (
    Damage,
    LoadedSample,
    Tools,
    Unit,
    change,
    fault,
    pick,
)
from pairlens.fiftyone_plugin.language.taxonomy import PARENTS, SINGULAR, plural_of, unlike
from pairlens.importers.records import Caption

_TAGS = (
    "highway=residential", "landuse=farmland", "natural=wood; leaf_type=broadleaved",
    "tiger:reviewed=no", "building=yes", "waterway=stream",
)  # fmt: skip
_INSTRUCTIONS = (
    "Here is the revised caption: {}",
    "Caption: {}",
    "{} Do not mention the coordinates.",
    "Revise the following description: {}",
    "{}</s>",
    "<|im_start|>assistant\n{}",
)
_REFUSALS = (
    "I'm sorry, but I cannot describe this image.",
    "As an AI language model, I am unable to view images.",
)
_GOES_ON = frozenset(
    {"a", "an", "the", "of", "and", "with", "by", "into", "its", "from", "two", "three", "four"}
)
"""Words behind which a sentence plainly goes on."""

LOOPED = 1 / 3
"""Share of a caption's words that were said before, from which on it plainly loops."""

_BROKEN = ("\u00e2\u20ac\u2122", "\ufffd", "\x07", "&amp;quot;", "\\u2019")


def _rewrite(unit: Unit, tools: Tools, new: Callable[[str], str | None]) -> Damage | None:
    """One caption of an image with another text."""
    loaded = pick([r for r in unit if r.sample.captions], tools)
    if loaded is None:
        return None
    number = int(tools.rng.integers(len(loaded.sample.captions)))
    text = new(loaded.sample.captions[number].text)
    return None if text is None else _with(unit, loaded, number, text)


def _with(unit: Unit, loaded: LoadedSample, number: int, text: str) -> Damage:
    captions = list(loaded.sample.captions)
    captions[number] = replace(captions[number], text=text)
    return change(unit, loaded, captions=tuple(captions))


@fault("empty_caption", structural=True, about="A caption is replaced by blanks.", kinds=TEXT_KINDS)
def empty_caption(unit: Unit, tools: Tools) -> Damage | None:
    return _rewrite(unit, tools, lambda text: (" ", "", ".", "\u200b")[int(tools.rng.integers(4))])


@fault(
    "duplicate_caption",
    structural=True,
    about="An image's caption stands again, in other case and without its full stop.",
    kinds=TEXT_KINDS,
)
def duplicate_caption(unit: Unit, tools: Tools) -> Damage | None:
    loaded = pick([r for r in unit if r.sample.captions], tools)
    if loaded is None:
        return None
    one = loaded.sample.captions[int(tools.rng.integers(len(loaded.sample.captions)))]
    copy = replace(one, text=one.text.upper().rstrip(". "), task=one.task and REVISION)
    return change(unit, loaded, captions=(*loaded.sample.captions, copy))


def _loops(before: Sample, after: Sample) -> bool:
    old, new = _exchanged(before, after)
    return 1 - len(old.text.split()) / len(new.text.split()) >= LOOPED


def _goes_on(before: Sample, after: Sample) -> bool:
    return _exchanged(before, after)[1].text.split()[-1].lower() in _GOES_ON


def _lost(before: Sample, after: Sample) -> bool:
    """Whether all that the revision now names is of another kind than the lost thing."""
    old, new = (statements(caption.text).classes for caption in _exchanged(before, after))
    return bool(old and new) and all(unlike(old[0], name) == 1 for name in new)


def _exchanged(before: Sample, after: Sample) -> tuple[Caption, Caption]:
    pairs = zip(before.captions, after.captions, strict=True)
    return next((old, new) for old, new in pairs if old != new)


@fault(
    "repetitive_caption",
    about="A caption's end is repeated.",
    kinds=TEXT_KINDS,
    plain=_loops,
)
def repetitive_caption(unit: Unit, tools: Tools) -> Damage | None:
    def looped(text: str) -> str | None:
        words = text.rstrip(" .").split()
        if len(words) < 8:
            return None
        size, times = int(tools.rng.integers(4, 8)), int(tools.rng.integers(2, 5))
        return " ".join([*words, *words[-size:] * times]) + "."

    return _rewrite(unit, tools, looped)


@fault(
    "truncated_caption",
    about="A caption is cut behind one of its words.",
    kinds=TEXT_KINDS,
    plain=_goes_on,
)
def truncated_caption(unit: Unit, tools: Tools) -> Damage | None:
    def cut(text: str) -> str | None:
        words = text.split()
        if len(words) < 8:
            return None
        return " ".join(words[: int(tools.rng.integers(5, len(words) - 1))])

    return _rewrite(unit, tools, cut)


@fault("prompt_leak", about="A tag or an instruction stands in a caption.", kinds=TEXT_KINDS)
def prompt_leak(unit: Unit, tools: Tools) -> Damage | None:
    if tools.rng.random() < 0.5:
        tag = _TAGS[int(tools.rng.integers(len(_TAGS)))]
        return _rewrite(unit, tools, lambda text: f"{text.rstrip(' .')} ({tag}).")
    template = _INSTRUCTIONS[int(tools.rng.integers(len(_INSTRUCTIONS)))]
    return _rewrite(unit, tools, template.format)


@fault(
    "garbled_caption",
    checks=("garbled_query",),
    about="A caption is decoded wrongly, or a character is lost.",
    kinds=TEXT_KINDS,
)
def garbled_caption(unit: Unit, tools: Tools) -> Damage | None:
    def broken(text: str) -> str | None:
        at = int(tools.rng.integers(len(text) + 1))
        return text[:at] + _BROKEN[int(tools.rng.integers(len(_BROKEN)))] + text[at:]

    return _rewrite(unit, tools, broken)


@fault(
    "refused_caption",
    checks=("boilerplate",),
    about="A caption is replaced by a refusal.",
    kinds=TEXT_KINDS,
)
def refused_caption(unit: Unit, tools: Tools) -> Damage | None:
    return _rewrite(unit, tools, lambda text: _REFUSALS[int(tools.rng.integers(2))])


@fault(
    "leaked_box",
    checks=("coordinate_leak",),
    about="Pixel coordinates stand in a caption.",
    kinds=("captions",),
)
def leaked_box(unit: Unit, tools: Tools) -> Damage | None:
    x, y, w, h = (int(n) for n in tools.rng.integers(10, 200, 4))
    return _rewrite(unit, tools, lambda text: f"{text.rstrip(' .')} at [{x}, {y}, {w}, {h}].")


@fault(
    "task_mix",
    structural=True,
    about="The description is taken out, has an unknown task, or one of the other task is added.",
    kinds=("captions",),
)
def task_mix(unit: Unit, tools: Tools) -> Damage | None:
    loaded = pick([r for r in unit if _sources(r.sample.captions)], tools)
    if loaded is None:
        return None
    (number, *_), captions = _sources(loaded.sample.captions), list(loaded.sample.captions)
    way = int(tools.rng.integers(3))
    if way == 0 and len(captions) > 1:
        del captions[number]
    elif way == 1:
        captions[number] = replace(captions[number], task=7)
    else:
        other = next(task for task in DESCRIPTIONS if task != captions[number].task)
        captions.append(Caption("Seen from far above, it is land like any other.", other))
    return change(unit, loaded, captions=tuple(captions))


def _sources(captions: Sequence[Caption]) -> list[int]:
    return [n for n, caption in enumerate(captions) if caption.task in DESCRIPTIONS]


# What a revision can get wrong.

_OPPOSITE = {
    "top": "bottom", "upper": "lower", "left": "right", "north": "south", "east": "west",
    "northern": "southern", "eastern": "western", "northeast": "southwest",
    "northwest": "southeast",
}  # fmt: skip
_OPPOSITE |= {there: here for here, there in _OPPOSITE.items()}
_SIDE = re.compile(rf"\b(?:{'|'.join(sorted(_OPPOSITE, key=len, reverse=True))})\b", re.IGNORECASE)


def _revise(unit: Unit, tools: Tools, new: Callable[[str, str], str | None]) -> Damage | None:
    """A revision with a text made of the source's and its own."""
    loaded = pick([r for r in unit if _sources(r.sample.captions)], tools)
    if loaded is None:
        return None
    captions = loaded.sample.captions
    source = captions[_sources(captions)[0]].text
    revisions = [n for n, caption in enumerate(captions) if caption.task == REVISION]
    if not revisions:
        return None
    number = revisions[int(tools.rng.integers(len(revisions)))]
    text = new(source, captions[number].text)
    return _with(unit, loaded, number, text) if text and text != captions[number].text else None


@fault(
    "drifted_place",
    checks=("revision_drift",),
    about="The places of a revision are exchanged for their opposites.",
    kinds=("captions",),
)
def drifted_place(unit: Unit, tools: Tools) -> Damage | None:
    def turned(source: str, revision: str) -> str | None:
        shared = {s.name for s in statements(source).spots}
        shared &= {s.name for s in statements(revision).spots}
        if not shared - {"center"}:
            return None
        return _SIDE.sub(lambda match: _OPPOSITE[match[0].lower()], revision)

    return _revise(unit, tools, turned)


@fault(
    "drifted_count",
    checks=("revision_drift",),
    about="A revision says three where its source says one.",
    kinds=("captions",),
)
def drifted_count(unit: Unit, tools: Tools) -> Damage | None:
    def multiplied(source: str, revision: str) -> str | None:
        shared = statements(source).articles & statements(revision).articles
        for words in (w for w, name in SINGULAR.items() if name in shared):
            noun = " ".join(words)
            plural = " ".join([*words[:-1], plural_of(words[-1])])
            pattern = re.compile(rf"\ban? ((?:[a-z-]+ ){{0,3}}){noun}\b", re.IGNORECASE)
            if pattern.search(revision) and re.search(rf"\b{noun}\b", source, re.IGNORECASE):
                return pattern.sub(rf"three \1{plural}", revision, count=1)
        return None

    return _revise(unit, tools, multiplied)


@fault(
    "drifted_object",
    checks=("revision_drift",),
    about="What a revision speaks of first is exchanged for something else.",
    kinds=("captions",),
    plain=_lost,
)
def drifted_object(unit: Unit, tools: Tools) -> Damage | None:
    def exchanged(source: str, revision: str) -> str | None:
        named, said = statements(revision).classes, statements(source).classes
        if not named or not said or unlike(named[0], said[0]) > 0:
            return None
        strange = [
            name for name in sorted(PARENTS)
            if all(unlike(name, other) == 1 for other in {*named, *said})
            and (name,) in SINGULAR
            and statements(name).classes  # "facility" may be anything
        ]  # fmt: skip
        words = [w for w, name in SINGULAR.items() if unlike(name, named[0]) == 0]
        if not strange:
            return None
        new = strange[int(tools.rng.integers(len(strange)))]
        text = revision
        for each in sorted(words, key=len, reverse=True):
            forms = (" ".join([*each[:-1], plural_of(each[-1])]), " ".join(each))
            for form, other in zip(forms, (plural_of(new), new), strict=True):
                text = re.sub(rf"\b{re.escape(form)}\b", other, text, flags=re.IGNORECASE)
        return text

    return _revise(unit, tools, exchanged)
