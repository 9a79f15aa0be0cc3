"""A fault that only a judge tells."""

from __future__ import annotations

from dataclasses import replace

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.judgements import CHECK, NO, Judgement, content_of
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS
from pairlens.fiftyone_plugin.faults.base import Damage, Tools, Unit, change, fault, pick


@fault(
    CHECK,
    about="The answer of a judge is exchanged for one that denies what the texts say.",
    kinds=ALL_KINDS,
)
def judge_doubt(unit: Unit, tools: Tools) -> Damage | None:
    loaded = pick([one for one in unit if _answers(one.sample)], tools)
    if loaded is None:
        return None
    denied = replace(_answers(loaded.sample)[0], shows=NO, confidence=0.9)
    return change(unit, loaded, judgements=(denied,))


def _answers(sample: Sample) -> list[Judgement]:
    """What judges answered about the sample as it is."""
    content = content_of(sample)
    return [one for one in sample.judgements if one.of == content and one.doubt is not None]
