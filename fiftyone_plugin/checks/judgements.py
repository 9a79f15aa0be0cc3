"""Judgements about samples, and whether they apply to the present content."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal

from pairlens.importers.bounded_json import is_number

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.checks.base import Sample

JudgeAnswer = Literal["yes", "no", "cannot tell"]

YES, NO, CANNOT_TELL = "yes", "no", "cannot tell"

CHECK = "judge_doubt"
"""The check that makes findings of judgements."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that a judge quotes from one of a sample's texts.

    Attributes:
        place: the text's place for messages: ``the query``, ``caption 2 (task 3)``
        words: the quoted words
        why: the reason why they are wrong, ``""`` for none
    """

    place: str
    words: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The validated answer of a judge.

    Attributes:
        judge: its name
        model: as it was named
        prompt: the version of the question; with another, the sample is asked about again
        by: a digest of what the answer depends on besides the sample: model, prompt, drawing
        of: a digest of what it is about: image, mask, texts; see :func:`content_of`
        shows: whether the mask shows what the query says, or the image what the texts say
        only: whether it is the only such object; ``""`` where that was not asked
        complete: whether the mask has all of it and nothing else, likewise
        confidence: how sure the judge says it is, 0 to 1
        wrong: the words that the image contradicts
        why: one sentence
        spoken: sentences of the texts that speak to the model, which it was not shown
        fault: why the answer is not believed; then nothing else of it is kept
        tokens_in, tokens_out: of the question and the answer, ``None`` where nobody counted
        cost: in the currency of the price table, ``None`` without one
    """

    judge: str
    model: str = ""
    prompt: str = ""
    by: str = ""
    of: str = ""
    shows: str = ""
    only: str = ""
    complete: str = ""
    confidence: float = 0.0
    wrong: tuple[Quote, ...] = ()
    why: str = ""
    spoken: tuple[str, ...] = ()
    fault: str = ""
    tokens_in: int | None = None
    tokens_out: int | None = None
    cost: float | None = None

    @property
    def denied(self) -> tuple[str, ...]:
        """Which of the questions were answered with *no*."""
        return tuple(name for name in ("shows", "only", "complete") if getattr(self, name) == NO)

    @property
    def doubt(self) -> float | None:
        """The chance that the sample is bad, as the judge says, 0 to 1; ``None`` for no answer."""
        if self.fault or self.shows not in (YES, NO):
            return None
        return self.confidence if self.denied else 1 - self.confidence


def digest(*parts: object) -> str:
    """A digest of some values, 16 hexadecimal digits."""
    return blake2b(repr(parts).encode("utf-8", "replace"), digest_size=8).hexdigest()


def content_of(sample: Sample) -> str:
    """A digest of what a judge is shown of a sample: it changes when the image, the mask or a text
    does, and is the same on every machine.
    """
    texts = [caption.text for caption in sample.captions]
    turns = [(turn.question, turn.answers) for turn in sample.turns]
    return digest(
        sample.image_digest, sample.stats.digest, sample.no_target, sample.phrase, texts, turns
    )


def judgements_from(value: Any) -> tuple[Judgement, ...]:
    """The judgements of a sample as they are stored, or as they are; what is none is left out."""
    if isinstance(value, tuple) or not value:
        return value or ()
    stored = value if isinstance(value, Mapping) else {}
    return tuple(_judgements(stored))


def _judgements(stored: Mapping[str, Any]) -> Iterator[Judgement]:
    for name, one in sorted(stored.items()):
        if isinstance(one, Mapping) and name != "_cls":
            texts = {n: str(one.get(n) or "") for n in _TEXTS}
            numbers: dict[str, Any] = {
                n: v if is_number(v := one.get(n)) else None for n in _NUMBERS
            }
            yield Judgement(
                judge=name,
                confidence=float(numbers.pop("confidence") or 0),
                wrong=tuple(_quote(each) for each in _list(one, "wrong")),
                spoken=tuple(map(str, _list(one, "spoken"))),
                **texts,
                **numbers,
            )


def _list(stored: Mapping[str, Any], name: str) -> list[Any]:
    value = stored.get(name)
    return value if isinstance(value, list) else []


def _quote(stored: Any) -> Quote:
    values = stored if isinstance(stored, Mapping) else {}
    return Quote(*(str(values.get(name) or "") for name in Quote.__slots__))


_NUMBERS = ("confidence", "tokens_in", "tokens_out", "cost")
_TEXTS = ("model", "prompt", "by", "of", "shows", "only", "complete", "why", "fault")


def plain(judgement: Judgement) -> dict[str, Any]:
    """A judgement as the database stores it under its judge's name."""
    values = {name: getattr(judgement, name) for name in Judgement.__slots__ if name != "judge"}
    quotes = [{n: getattr(one, n) for n in Quote.__slots__} for one in judgement.wrong]
    stored = values | {"wrong": quotes, "spoken": list(judgement.spoken)}
    return {n: v for n, v in stored.items() if v not in ("", None, [])} | {"doubt": judgement.doubt}
