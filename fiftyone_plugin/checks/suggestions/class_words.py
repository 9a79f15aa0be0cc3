"""The class of another query of the same mask in place of the query's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.fiftyone_plugin.language import classes, unlike


def with_class_of_sibling(sample: Sample, others: Sequence[Sample] = ()) -> Iterator[str]:
    """The query with the class that the other queries of its mask name, most of them first."""
    own = classes(sample.phrase)
    siblings = [one for one in others if one.stats.digest == sample.stats.digest]
    named = [words[0] for one in siblings if (words := classes(one.phrase))]
    values = [word.value for word in named]
    if not own:
        return
    word = own[0]
    for other in sorted(named, key=lambda one: -values.count(one.value)):
        if unlike(word.value, other.value):
            article = _article(sample.phrase[: word.start], other.text)
            yield article + other.text + sample.phrase[word.end :]


def _article(before: str, word: str) -> str:
    """The words before the class, their article that of the new class."""
    if before.lower().endswith((" a ", " an ")):
        stem = before[:-1].rstrip("nN") if before.lower().endswith("an ") else before[:-1]
        return stem + ("n " if word[:1].lower() in "aeiou" else " ")
    return before
