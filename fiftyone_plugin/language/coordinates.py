"""Pixel coordinates that leaked into a query: "the coordinates [188, 116, 25, 16]".

Only numbers in the form of a point or a box count, not numbers of objects, years, road numbers or
"1,200", and not "the given bounding box" without numbers.
"""

from __future__ import annotations

import re
from itertools import pairwise

from pairlens.fiftyone_plugin.language.finders import finder
from pairlens.fiftyone_plugin.language.screens import Screen
from pairlens.fiftyone_plugin.language.tokens import Word

# All repetitions are bounded, so that no text makes a match slow.
_NUMBER = r"-?\d{1,5}(?:\.\d{1,9})?"
_COMMA = r"\s{0,4}[,;]\s{0,4}"
_LOOSE = r"(?:\s{0,4}[,;]\s{0,4}|\s{1,4})"
_TALK = r"(?:coordinates?|bbox(?:es)?|box(?:es)?|pixels?|points?|position|location|at)"

_FORMS = (
    # [188, 116, 25, 16] and [188 116 25 16], also in braces
    rf"[\[{{]\s{{0,4}}{_NUMBER}(?:{_LOOSE}{_NUMBER}){{1,7}}\s{{0,4}}[\]}}]",
    # (195, 435), <195, 435>
    rf"[(<]\s{{0,4}}{_NUMBER}(?:{_COMMA}{_NUMBER}){{1,7}}\s{{0,4}}[)>]",
    # <12><40>
    r"<\d{1,5}>(?:\s?<\d{1,5}>){1,7}",
    # x=12, y: 40, x1=3
    rf"\b[xy](?:[0-9]|_?min|_?max)?\s{{0,2}}[=:]\s{{0,2}}{_NUMBER}",
    # coordinates 188, 116, 25, 16
    rf"\b(?:coordinates?|bbox|box|pixels?)[\s:=]{{1,3}}(?:are\s|is\s|of\s)?{_NUMBER}(?:{_COMMA}{_NUMBER}){{3,7}}",
    # <box>, <|box_start|>, <bbox>, <loc0123>
    r"<\|?/?(?:b?box|point|quad|loc_?\d{1,5})(?:_start|_end)?\|?>",
)
_SIGNS = re.compile(r"[0-9<]")
"""Every form contains one of these characters."""

SCREEN = Screen("coordinate coordinates bbox box pixel pixels", "[{(<=:")

PATTERN = re.compile("|".join(f"(?:{form})" for form in _FORMS), re.IGNORECASE)
_DIGITS = re.compile(rf"(?<![a-z0-9.]){_NUMBER}", re.IGNORECASE)
_GROUPED = re.compile(r"\(\s{0,4}\d{1,3}(?:,\d{3})+\s{0,4}\)")
_TALK_BEFORE = re.compile(rf"\b{_TALK}\W{{0,3}}$", re.IGNORECASE)


@finder(None, (), _SIGNS)
def coordinates(query: str) -> tuple[Word, ...]:
    """The coordinates in a query; values are their numbers, separated by spaces."""
    if not SCREEN.passes(query):
        return ()
    return tuple(
        Word(match[0], match.start(), match.end(), " ".join(_DIGITS.findall(match[0])))
        for match in PATTERN.finditer(query)
        if not _is_ordinary(query, match)
    )


def _is_ordinary(query: str, match: re.Match[str]) -> bool:
    """Whether parentheses contain one number, "(1,200)", years or a list, "(1, 2, 3)"."""
    text = match[0]
    if not text.startswith("(") or _TALK_BEFORE.search(query[: match.start()][-24:]):
        return False
    if _GROUPED.fullmatch(text):
        return True
    numbers = [float(number) for number in _DIGITS.findall(text)]
    years = all(1800 <= n <= 2100 and n.is_integer() for n in numbers)
    counting = all(b - a == 1 for a, b in pairwise(numbers))
    return years or counting
