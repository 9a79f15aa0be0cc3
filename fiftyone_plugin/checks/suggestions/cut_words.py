"""The query without words that its reader can do nothing with, its grammar kept."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.fiftyone_plugin.language import coordinates, prompt_talk

_ADJECTIVE = (
    r"(?:given|provided|specified|designated|indicated|outlined|described|supplied|following|"
    r"marked|highlighted|mentioned|stated|defined|exact|approximate|pixel|image|same|set|listed|"
    r"corresponding|specific)"
)
_NOUN = (
    r"(?:bounding[ -]box(?:es)?|bbox(?:es)?|box(?:es)?|coordinates?|points?|pixels?|positions?|"
    r"locations?|boundary|boundaries|bounds|borders?|region|area|features?|details?|attributes?|"
    r"traits?|characteristics?|information|descriptions?|parameters?|dimensions?|limits?)"
)
_HOW = (
    r"(?:close to|adjacent to|next to|based on|according to|in accordance with|"
    r"by (?:using|utilizing|employing|means of)|with the help of|ensuring (?:that )?(?:it|they) "
    r"(?:is|are) (?:within|inside|in)|within|inside|with|at|in|near|around|using|utilizing|"
    r"employing|from|by|of|through|via|on)"
)
_PLACED = (
    r"(?:(?:that|which) (?:is|are) )?(?:as )?(?:located|situated|positioned|placed|found|enclosed|"
    r"bounded|indicated|marked|highlighted|outlined|defined|described|identified|given|specified|"
    r"seen|contained|lying|surrounded|delineated|framed)"
)
_THE = r"(?:(?:the|a|an|its|these|those|this) )?"
_NUMBERS = "\x00"
"""Stands for coordinates while the words around them are cut."""

_MANY = rf"{_NUMBERS}(?:(?:,? and |,? to |, | - | )?{_NUMBERS}){{0,7}}"
_TALK = rf"{_THE}(?:{_ADJECTIVE},? (?:and )?){{0,3}}{_NOUN}(?: {_NOUN}){{0,3}}"
_FOLLOWING = (
    r"(?:(?: that)? (?:begin(?:s|ning)|start(?:s|ing)) (?:at|from) the origin|"
    r" (?:of|are|is|as)\b|:)?"
)
_CLAUSES = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        # "..., using the given bounding box [1, 2, 3, 4]" and the same at the beginning
        rf"^(?:{_PLACED} )?{_HOW} {_TALK}{_FOLLOWING}(?: ?{_MANY})?, ?",
        rf"^(?:use|utilize|employ|take) {_TALK}{_FOLLOWING}(?: ?{_MANY})? (?:to|and) ",
        r",? and (?:enclose|mark|outline|surround|highlight|frame) (?:it|them) "
        rf"(?:with|by|in|using) {_TALK}",
        rf",? (?:and )?(?:{_PLACED} )?{_HOW} {_TALK}{_FOLLOWING}(?: ?{_MANY})?",
        # numbers without talk of them
        rf",? (?:and )?(?:{_PLACED} )?(?:{_HOW} )?{_THE}\(?{_MANY}\)?",
        rf"^{_MANY}:? ?",
    )
)
_REQUESTS = tuple(
    (re.compile(form, re.IGNORECASE), instead)
    for form, instead in (
        (r"^(?:please )?(?:draw|place|put|create) (?:a |the )?(?:bounding )?box "
         r"(?:around|on|over) ", "Locate "),
        (r"^(?:please )?(?:determine|find out|ascertain|establish|figure out|specify|identify) "
         r"(?:the )?(?:type|identity|name|kind) of (?:the )?", "Locate the "),
        (r"^(?:what is|what's|can you (?:tell|give) me|tell me) the (?:name|type|identity) of ",
         "Locate "),
        (r"^(?:can you |could you |please )?name ", "Locate "),
        (r"^(?:determine|find out|identify) what (?=the )(.*?) is called\b", r"Locate \1"),
        (r"^(?:divide|partition|break down|separate|position|place|isolate|extract) ", "Locate "),
    )
)  # fmt: skip
_PAUSE = re.compile(r"\s+([,.;:?!])")
_DANGLING = re.compile(
    r"\b(?:the|a|an|of|at|in|by|with|within|near|and|to|from|using|that|which|is|are|be|out|"
    r"ensuring|noting|coordinates)[,.;?!]?$",
    re.IGNORECASE,
)


def without_talk(sample: Sample, others: Sequence[Sample] = ()) -> Iterator[str]:
    """The query without coordinates, boxes and details that are not given, the least cut first."""
    phrase = _hidden(sample.phrase)
    for clause in _CLAUSES:
        for match in clause.finditer(phrase):
            cut = phrase[: match.start()] + " " * (match.start() > 0) + phrase[match.end() :]
            if (text := _tidied(cut)) and _NUMBERS not in text:
                yield text
    yield from _as_request(phrase, *_REQUESTS[0])
    if word := prompt_talk(sample.phrase):
        yield from _without_clause(sample.phrase, word.start, word.end)
        rest = sample.phrase[: word.start] + sample.phrase[word.end :]
        yield from filter(None, [_tidied(rest)])


def _without_clause(phrase: str, start: int, end: int) -> Iterator[str]:
    """Cuts the clause between commas that holds some words, at the beginning or the end."""
    first, last = phrase.find(", "), phrase.rfind(", ")
    if first >= 0 and end <= first:
        yield from filter(None, [_tidied(phrase[first + 2 :])])
    if 0 <= last < start:
        yield from filter(None, [_tidied(phrase[:last] + phrase[-1:] * (phrase[-1:] in ".?!"))])


def as_request(sample: Sample, others: Sequence[Sample] = ()) -> Iterator[str]:
    """The query as one that asks to locate its target."""
    for form, instead in _REQUESTS:
        yield from _as_request(sample.phrase, form, instead)


def _as_request(phrase: str, form: re.Pattern[str], instead: str) -> Iterator[str]:
    text, count = form.subn(instead, phrase)
    if count and (tidy := _tidied(text)):
        yield re.sub(r"\?$", ".", tidy)


def _hidden(phrase: str) -> str:
    for word in reversed(coordinates(phrase)):
        phrase = phrase[: word.start] + _NUMBERS + phrase[word.end :]
    return phrase


def _tidied(text: str) -> str:
    """With single spaces and a capital where there was one; "" for what is no sentence."""
    text = _PAUSE.sub(r"\1", " ".join(text.split())).strip(" ,;:")
    text = re.sub(r"\(\s*\)|\[\s*\]", "", text).strip()
    if len(text.split()) < 2 or _DANGLING.search(text):
        return ""
    return text[:1].upper() + text[1:]


_DOUBLED = re.compile(r"\b(\w+)(\s+\1\b)+", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.!?]+[.!?]*\s*")


def without_repetition(sample: Sample, others: Sequence[Sample] = ()) -> Iterator[str]:
    """The text with a word once that stands twice in a row, and with each sentence once."""
    text = _DOUBLED.sub(r"\1", sample.phrase)
    if text != sample.phrase:
        yield text
    sentences = {" ".join(s.lower().split()): s for s in _SENTENCE.findall(text)[::-1]}
    once = "".join(reversed(sentences.values())).strip()
    if once != text:
        yield once
