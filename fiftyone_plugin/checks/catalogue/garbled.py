"""Queries whose characters were damaged on the way."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain

from pairlens.fiftyone_plugin.checks.base import Issue, Severity, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS
from pairlens.fiftyone_plugin.language.tokens import REMEMBERED

MAX_SHOWN = 24

_MOJIBAKE = re.compile(
    "[\u00c2\u00c3][\u0080-\u00bf\u0152\u0160\u017d\u0192\u2018-\u201e\u2020-\u2022\u2026\u20ac]"
    "|\u00e2\u20ac|\u00ef\u00bb\u00bf|\u00f0\u0178"
)
_ESCAPE = re.compile(r"&(?:[a-z]{2,8}|#\d{2,6}|#x[0-9a-f]{2,6});|\\u[0-9a-f]{4}|\\[nrt]|%20", re.I)
_STUTTER = re.compile(r"([^\W\d_])\1{3}|([!?,;])\2{3}|[a-z]{3}([a-z]{2,3})\3\3(?![a-z]{2})", re.I)
_MASHED = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}", re.I)
_WORD = re.compile(r"[^\W\d_]+")
_CONTROL = frozenset({"Cc", "Co", "Cn", "Cs"})
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "CJK", "HIRAGANA", "KATAKANA", "HANGUL", "ARABIC",
            "HEBREW", "DEVANAGARI", "THAI")  # fmt: skip


@check(
    "garbled_query",
    severity="warning",
    needs=("phrase",),
    about="The query's characters are damaged: mojibake, control characters, mixed scripts.",
    kinds=ALL_KINDS,
    topic="The query",
    fires=example(phrase="the fa\u00c3\u00a7ade"),
    silent=example(phrase="the fa\u00e7ade"),
)
def garbled_query(batch: Batch) -> Iterator[Issue]:
    """Finds queries that were decoded, escaped or typed wrongly.

    A query that is wholly in another script than Latin is only told of, as ``info``: it may
    be right, but the checks on words cannot read it.
    """
    pieces = set(chain.from_iterable(map(str.split, batch.phrases)))
    damaged = {piece for piece in pieces if _is_damaged(piece)}
    for key, text in batch.queries():
        if not (text.isascii() and text.isprintable()):
            found = _damage(text)
        elif damaged and not damaged.isdisjoint(text.split()):
            found = _damage_of_ascii(text)
        else:
            continue
        if found:
            yield Issue(key, *found)


_Found = tuple[float, str, Severity | None]


def _damage_of_ascii(text: str) -> _Found | None:
    if match := _ESCAPE.search(text):
        return 0.2, f"the query holds an escape that was not decoded: {_shown(text, match)}", None
    if match := _STUTTER.search(text):
        return 0.3, f"a character is repeated: {_shown(text, match)}", None
    if match := _MASHED.search(text):
        return 0.3, f"no word is spelled so: {_shown(text, match)}", None
    return None


@lru_cache(maxsize=REMEMBERED)
def _is_damaged(word: str) -> bool:
    """Whether any of the patterns matches; none of them matches across a space."""
    return bool(_ESCAPE.search(word) or _STUTTER.search(word) or _MASHED.search(word))


def _damage(text: str) -> _Found | None:
    if "\ufffd" in text:
        return 0.05, f"{text.count(chr(0xFFFD))} character(s) could not be decoded (U+FFFD)", None
    if match := _MOJIBAKE.search(text):
        return 0.1, f"the query was decoded wrongly: {_shown(text, match)}", None
    for character in text:
        if unicodedata.category(character) in _CONTROL and character not in "\t\n\r":
            return 0.1, f"the query holds a control character, U+{ord(character):04X}", None
    return _damage_of_ascii(text) or _mixture(text)


def _mixture(text: str) -> _Found | None:
    """Letters of several scripts, in one word or one query."""
    for match in _WORD.finditer(text):
        if not match[0].isascii() and len(scripts := _scripts(match[0])) > 1 and _odd(scripts):
            return 0.2, f"one word mixes {' and '.join(sorted(scripts))}: {match[0]!a}", None
        if _is_mutilated(text, match):
            return 0.35, f"letters of another language end a word: {match[0]!a}", None
    scripts = _scripts(text)
    if "Latin" in scripts and len(scripts) > 1:
        if all(_is_name(text, match) for match in _FOREIGN.finditer(text)):
            return None
        return 0.4, f"the query mixes {' and '.join(sorted(scripts))} letters", None
    if scripts and "Latin" not in scripts:
        return 0.8, f"the query is written in {' and '.join(sorted(scripts))}", "info"
    return None


_FOREIGN = re.compile(
    "[\u0370-\u03ff\u0400-\u052f\u0590-\u06ff\u0900-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+"
)
_TOLD_AS_NAME = re.compile(
    r"\b(?:chinese|japanese|korean|arabic|russian|ukrainian|bulgarian|serbian|greek|hebrew|thai|"
    r"hindi|persian|cyrillic|script|known|called|names?|named|locally|native|written|reads?|"
    r"reading|sign|signs|inscription|lettering|letters?|characters?|label(?:l?ed)?|text|"
    r"translat\w*|meaning|transliterat\w*)\b",
    re.I,
)
_PLACE_NOUN = re.compile(
    r"[ -]*(?:river|road|street|avenue|lake|mountains?|city|town|county|district|village|province|"
    r"bridge|station|park|port|harbou?r|airport|island|bay|expressway|highway|university|temple|"
    r"reservoir|square|school|hospital|[A-Z])"
)
_AROUND = 70
"""Characters before and after a foreign word in which it may be introduced: about ten words."""


def _is_name(text: str, match: re.Match[str]) -> bool:
    """Whether letters of another script spell a name, not a slip into another language.

    It stands in brackets or quotes, is introduced as a name, belongs to a word for a place, or is
    written with a capital in a script that has them.
    """
    before, after = text[: match.start()], text[match.end() :]
    if match[0][0].isupper() or _PLACE_NOUN.match(after):
        return True
    if before.rstrip()[-1:] in tuple("(\"'\u2018\u201c\u300a\u300c:") and before:
        return True
    nearby = before[-_AROUND:], after[:_AROUND]
    return after.lstrip().startswith("(") or any(map(_TOLD_AS_NAME.search, nearby))


_EXTENDED = re.compile("^[a-z]{4,}[\u0100-\u024f\u1e00-\u1eff][a-z\u00e0-\u024f]{0,3}$")


def _is_mutilated(text: str, match: re.Match[str]) -> bool:
    """Whether an English word ends in letters of another language: no name stands beside it."""
    if match[0].isascii() or not _EXTENDED.match(match[0]):
        return False
    beside = [*text[: match.start()].split()[-1:], *text[match.end() :].split()[:1]]
    return not any(word[:1].isupper() or not word.isascii() for word in beside)


def _odd(scripts: set[str]) -> bool:
    """Japanese words mix scripts by nature."""
    return not scripts <= {"Cjk", "Hiragana", "Katakana"}


def _scripts(text: str) -> set[str]:
    names = (unicodedata.name(c, "") for c in set(text) if c.isalpha())
    return {name.split()[0].capitalize() for name in names if name.startswith(_SCRIPTS)}


def _shown(text: str, match: re.Match[str]) -> str:
    start = max(0, match.start() - 6)
    return ascii(text[start : start + MAX_SHOWN])
