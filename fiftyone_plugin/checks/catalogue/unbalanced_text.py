"""Brackets and quotation marks that are opened and never closed, or closed and never opened."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import captioned
from pairlens.fiftyone_plugin.checks.texts import TEXT_KINDS, Remark, Text, quoted, remarked
from pairlens.fiftyone_plugin.language.screens import Screen
from pairlens.importers.fields import CAPTIONS, CONVERSATIONS

MIN_WORDS = 5
"""Of an answer that is prose."""

MARKS = re.compile("[()\\[\\]{}\u201c\u201d]")
SCREEN = Screen(signs='()[]{}\u201c\u201d"')
_NO_BRACKET = re.compile(
    r"[:;8][-'o]?[()\[\]]"  # a smiley
    r"|[\[(]\s*-?[\d.]+\s*,\s*-?[\d.]+\s*[\])]"  # an interval
)
_LIST_NUMBER = re.compile(r"(?:^|\s)(?:\d{1,3}|[a-zA-Z]|[ivx]{1,4})$")
_STRAIGHT = re.compile(r"(?<!\d)\"")
_INCH = re.compile("(?<=\\d)\u201d")
_OPENING = {"(": ")", "[": "]", "{": "}", "\u201c": "\u201d"}


@check(
    "unbalanced_text",
    severity="warning",
    needs=(CAPTIONS, CONVERSATIONS),
    about="A caption or an answer opens a bracket or a quotation and does not close it, or back.",
    kinds=TEXT_KINDS,
    topic="Captions",
    fires=captioned("A school (with two buildings stands beside the road."),
    silent=captioned("A school (with two buildings) stands beside the road."),
)
def unbalanced_text(batch: Batch) -> Iterator[Issue]:
    """Goes by round, square and curly brackets and quotation marks.

    A straight quotation mark behind a number stands for inches or seconds. Numbers
    in a list, smileys and intervals such as "[0, 1)" are no brackets. Texts with low quotation
    marks, which other languages close with what English opens with, are left alone.
    """
    yield from remarked(batch, _unbalanced, SCREEN)


def _unbalanced(one: Text) -> Remark | None:
    if "\u201e" in one.text or "\u300c" in one.text:
        return None
    if not one.caption and len(one.text.split()) < MIN_WORDS:
        return None
    text = _INCH.sub(" ", _NO_BRACKET.sub(lambda match: " " * len(match[0]), one.text))
    expected: list[tuple[str, int]] = []
    for match in MARKS.finditer(text):
        mark = match[0]
        if mark in _OPENING:
            expected.append((_OPENING[mark], match.start()))
        elif expected and expected[-1][0] == mark:
            expected.pop()
        elif mark != ")" or not _LIST_NUMBER.search(text[: match.start()]):
            return _remark(one, match.start(), f"closes {mark!a} that it did not open")
    straight = [match.start() for match in _STRAIGHT.finditer(text)]
    if len(straight) % 2 and one.caption and '"' not in text[: straight[0]]:
        return _remark(one, straight[-1], "holds a quotation mark without its other")
    if expected:
        return _remark(one, expected[0][1], f"opens {text[expected[0][1]]!a} and does not close it")
    return None


def _remark(one: Text, at: int, what: str) -> Remark:
    shown = one.text[max(0, at - 20) : at + 20]
    return Remark(0.4, f"{one.place} {what}: {quoted(shown)}")
