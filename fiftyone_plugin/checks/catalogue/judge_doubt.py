"""Pairs that a judge, which looked at the image, calls wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, Severity, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.judgements import CHECK, NO, Judgement, Quote, content_of
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS, in_quotes
from pairlens.importers import fields

_DENIED = {
    "shows": "the mask does not show what the query says",
    "only": "the mask is not the only such object",
    "complete": "the mask is not all of the object, or more than it",
}
_OF_TEXTS = "the image contradicts the text"
_MOST_QUOTES = 3


def _judged(**answer: object) -> Sample:
    """A pair that a judge has looked at."""
    pair = example()
    judgement = replace(
        Judgement("vlm", confidence=0.9, why="The outlined car is blue.", of=content_of(pair)),
        **answer,
    )
    return replace(pair, judgements=(judgement,))


@check(
    CHECK,
    severity="warning",
    needs=(fields.JUDGEMENTS,),
    wants=(fields.MASK_STATS, fields.CAPTIONS, fields.CONVERSATIONS),
    about="A model that looked at the image says that it does not show what the text says.",
    kinds=ALL_KINDS,
    topic="By a judge",
    fires=_judged(shows="no", wrong=(Quote("the query", "red"),)),
    silent=_judged(shows="yes", only="yes", complete="yes"),
)
def judge_doubt(batch: Batch, *, min_doubt: float = 0.5) -> Iterator[Issue]:
    """Reports denials of judges about the sample's present content; older judgements are ignored.

    Args:
        batch: the samples
        min_doubt: how likely bad the pair must be, as the judge says, 0 to 1
    """
    for sample in batch.where(batch.present(fields.JUDGEMENTS)):
        content = content_of(sample)
        found = [one for one in sample.judgements if one.of == content]
        doubted = [(one.doubt, one) for one in found if one.doubt is not None and one.denied]
        doubt, worst = max(doubted, key=lambda pair: pair[0], default=(0.0, None))
        if worst is not None and doubt >= min_doubt:
            yield Issue(sample.key, 1 - doubt, _note(sample, worst), _severity(worst))
        elif spoken := [text for one in found for text in one.spoken]:
            note = f"the text speaks to whoever reads it: {in_quotes(spoken[0])}"
            yield Issue(sample.key, 0.3, note, "info")


def _severity(judgement: Judgement) -> Severity | None:
    """Similarities compare and do not look; that an outline is rough is worth knowing."""
    return "info" if judgement.judge == "clip" or judgement.shows != NO else None


def _note(sample: Sample, judgement: Judgement) -> str:
    denial = _DENIED[judgement.denied[0]] if sample.stats.digest else _OF_TEXTS
    if sample.no_target:
        denial = "the image shows what the query says, and no target is declared"
    quotes = [f"{one.place}: {in_quotes(one.words)}" for one in judgement.wrong[:_MOST_QUOTES]]
    more = len(judgement.wrong) - len(quotes)
    quotes += [f"{more} more"] * (more > 0)
    # Quotation marks are for words of the text alone, by which they are found there again.
    why = (judgement.wrong[0].why if judgement.wrong else "") or judgement.why
    why = why.replace("'", "\u2019").replace('"', "\u201d")
    parts = [f"{denial} ({judgement.judge})", *quotes, why]
    return "; ".join(filter(None, parts))
