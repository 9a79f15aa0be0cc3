"""The identity of a judge with its settings, by which a rerun finds what to ask again."""

from __future__ import annotations

from pairlens.fiftyone_plugin.checks.judgements import Judgement, digest
from pairlens.fiftyone_plugin.judging import prompts
from pairlens.fiftyone_plugin.judging.base import Judge, Question
from pairlens.fiftyone_plugin.judging.views import ViewSettings


def identity(judge: str, model: str, settings: ViewSettings) -> str:
    """A digest of model, prompt version and picture settings, which answers depend on."""
    views = [getattr(settings, name) for name in ViewSettings.__dataclass_fields__]
    return digest(judge, model, prompts.VERSION, views)


def new_judgement(judge: Judge, name: str, question: Question) -> Judgement:
    """A judgement of a judge on a question, without an answer."""
    return Judgement(name, judge.model, prompts.VERSION, judge.by, question.content)
