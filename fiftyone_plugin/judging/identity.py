"""Who answers, and what the answer depends on: by it a rerun finds what to ask again."""

from __future__ import annotations

from pairlens.fiftyone_plugin.checks.judgements import Judgement, digest
from pairlens.fiftyone_plugin.judging import prompts
from pairlens.fiftyone_plugin.judging.base import Judge, Question
from pairlens.fiftyone_plugin.judging.views import ViewSettings


def identity(judge: str, model: str, settings: ViewSettings) -> str:
    """A digest of what answers depend on: the model, the question and how pictures are drawn."""
    views = [getattr(settings, name) for name in ViewSettings.__dataclass_fields__]
    return digest(judge, model, prompts.VERSION, views)


def begun(judge: Judge, name: str, question: Question) -> Judgement:
    """A judgement that says who answers about what."""
    return Judgement(name, judge.model, prompts.VERSION, judge.by, question.of)
