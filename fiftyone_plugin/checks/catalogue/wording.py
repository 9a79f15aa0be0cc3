"""Queries that ask for nothing in particular: remains of a prompt, no answer, no attribute."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS, in_quotes
from pairlens.fiftyone_plugin.language import coordinates, filler, places
from pairlens.fiftyone_plugin.language.query_features import QueryFeatures
from pairlens.fiftyone_plugin.language.tokens import word_set
from pairlens.fiftyone_plugin.language.visibility import hardly_visible
from pairlens.fiftyone_plugin.language.vocabulary import words

_REFUSAL = re.compile(
    r"\bas an? (?:ai\b|(?:\w+ )?assistant\b|language model|artificial intell)|\blanguage model\b"
    r"|\bi(?:'m| am) (?:sorry|unable|not able|afraid|an? ai\b)"
    r"|\bi (?:cannot|can't|can not|apologi[sz]e|do not have|don't have|don't see)\b"
    r"|^(?:sorry|unfortunately|apologies)\b",
    re.I,
)
_PROMPT = re.compile(
    r"<\|[a-z_]{2,20}\|>|</?s>|\[/?inst\]|<image>|<<sys>>"
    r"|^(?:user|assistant|system|human|gpt|question|answer|query|output|response|prompt|caption"
    r"|description|(?:rewritten|revised|rephrased|new|final) (?:query|caption|description))\s?:"
    r"|\b(?:here (?:is|are)|these are) (?:the |some |a |an |your |three |two |\d )*"
    r"(?:quer|question|rephras|paraphras|variation|sentence|description|caption|example|answer)"
    r"|^(?:sure|certainly|of course|absolutely)[,!.]"
    r"|\b(?:rephrase|paraphrase|rewrite) the\b|\breturn only\b|\bdo not include\b"
    r"|\{[a-z_ ]{0,20}\}|\[(?:object|class|category|color|position)\]|lorem ipsum"
    r"|^(?:none|null|nan|n/a|todo|tbd|undefined|unknown|placeholder|test)\W*$",
    re.I,
)
_ANSWERED = re.compile(
    r"^(?:sure|certainly|of course|absolutely)[,!.]"
    r"|\bi (?:cannot|can't|can not|do not|don't) (?:see|find|spot|observe|detect|identify) "
    r"(?:any|an?)\b(?! (?:image|picture|photo|attachment|file)\b)",
    re.I,
)
"""What an answer may say to a question, and a query that nobody asked for cannot."""
_FORMAT = re.compile(r"^#{2,}\s|```|\bjson\b", re.I)
"""Remains of a prompt in a text of one line; of an answer of several the form that it has."""

_BOX_TALK = re.compile(
    r"\bbounding box\b|\b(?:given|provided|specified|designated|indicated|supplied|following)"
    r" (?:\w+ )?coordinates\b",
    re.I,
)


@check(
    "boilerplate",
    severity="warning",
    needs=("phrase",),
    about="The query is a refusal, or holds the words of a prompt instead of a description.",
    kinds=ALL_KINDS,
    topic="The query",
    shared=True,
    fires=example(phrase="the vehicle inside the bounding box"),
    silent=example(phrase="the car beside the box hedge"),
)
def boilerplate(batch: Batch) -> Iterator[Issue]:
    """Finds what language models and templates leave behind.

    Surest are refusals, then words of a prompt, then talk of "the given bounding box" where no
    numbers stand, which the writer of the query was given and its reader is not.
    """
    telltale = set(batch.words.holding(_TELLTALE))
    for row, (key, phrase) in enumerate(batch.queries()):
        if row not in telltale and not _is_odd(phrase):
            continue
        if key in batch.answers:
            phrase = _ANSWERED.sub("", phrase)
        if match := _REFUSAL.search(phrase):
            yield Issue(key, 0.05, f"the query is a refusal: {in_quotes(match[0])}", "error")
        elif match := _of_prompt(phrase):
            yield Issue(
                key, 0.1, f"the query holds words of a prompt: {in_quotes(match[0])}", "error"
            )
        elif (match := _BOX_TALK.search(phrase)) and not coordinates(phrase):
            note = f"the query refers to what its reader is not given: {in_quotes(match[0])}"
            yield Issue(key, 0.35, note, "error")


def is_boilerplate(phrase: str) -> bool:
    """Whether ``boilerplate`` tells of a query."""
    searches = (_REFUSAL.search, _of_prompt, _BOX_TALK.search)
    return any(search(phrase) for search in searches)


def _of_prompt(phrase: str) -> re.Match[str] | None:
    """The words of a prompt in it."""
    found = _PROMPT.search(phrase)
    return found or (None if "\n" in phrase.strip() else _FORMAT.search(phrase))


_MARKUP = re.compile(r"[<\[{#`:]")
_TELLTALE = words(
    "i ai assistant model artificial sorry unfortunately apologies here these sure certainly "
    "course absolutely rephrase paraphrase rewrite return do json lorem bounding coordinates"
)
"""Without markup and any of these words no pattern above matches a query of some length."""


def _is_odd(phrase: str) -> bool:
    return len(phrase) < 16 or _MARKUP.search(phrase) is not None


def is_undescribed(query: QueryFeatures) -> bool:
    """Whether a query has no attribute and no place; all of a kind is no vague request."""
    if query.place_name or query.colors or query.sizes or query.shapes:
        return False
    if "coordinates" in query.marks or {*query.counts} - {"1"}:
        return False
    return bool(query.counts or not query.classes)


@check(
    "unanswerable_query",
    severity="warning",
    needs=("phrase",),
    about="The query itself says that the target can hardly be seen or recognised.",
    topic="The query",
    shared=is_undescribed,
    fires=example(phrase="the car, even though the darkness hides it"),
    silent=example(phrase="the dark car"),
)
def unanswerable_query(batch: Batch) -> Iterator[Issue]:
    """Finds queries such as "... cannot be seen clearly due to the image's lack of light".

    Surest where the query names no place, color or shape either that tells the target.
    """
    for key, phrase, said in batch.found(hardly_visible):
        lost = not places(phrase)
        where = "" if lost else ", though it names a place"
        yield Issue(key, 0.15 if lost else 0.45, f"the query says {in_quotes(said.text)}{where}")


@check(
    "vague_query",
    severity="warning",
    needs=("phrase",),
    about="The query names no attribute, no place and no relation: only what kind of thing it is.",
    topic="The query",
    shared=is_undescribed,
    fires=example(phrase="Identify the vehicle."),
    silent=example(phrase="Identify the red vehicle."),
)
def vague_query(batch: Batch, *, max_words: int = 0) -> Iterator[Issue]:
    """Finds queries that fit every object of their kind, and ask for one of them.

    Args:
        batch: pairs
        max_words: how many words besides the class, the request and filler ("distinct",
            "characteristics", "surroundings") may be left
    """
    for key, phrase in batch.queries(batch.query_where(is_undescribed)):
        if not word_set(phrase).isdisjoint(_BRIGHT) or _ONLY_ONE.search(phrase):
            continue
        left, dropped = filler(phrase)
        if len(left) <= max_words and (left or dropped):
            said = f"only {', '.join(left)}" if left else "nothing"
            note = f"besides a class the query says {said} that tells one object from another"
            yield Issue(key, 0.5 if dropped > 2 else 0.6, note)


_BRIGHT = words("bright vibrant vivid lighting lights lit light dark darker dim dimmer shadowy")
"""What may be said of the object, and tell it apart, or of what is around it."""

_ONLY_ONE = re.compile(r"\bthe (?:one and )?only\b", re.IGNORECASE)
"""Says that there is no other object to tell it from."""
