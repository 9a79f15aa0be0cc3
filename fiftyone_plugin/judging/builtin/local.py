"""``local``: a vision-language model of ``transformers`` on this machine, from a folder or the hub.

It is shown the same pictures and asked the same words as ``vlm``. Nothing holds it to the schema,
so that small models answer much that is not believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from pairlens.fiftyone_plugin.checks.judgements import Judgement
from pairlens.fiftyone_plugin.judging import answers, pictures, prompts
from pairlens.fiftyone_plugin.judging.asking import settle
from pairlens.fiftyone_plugin.judging.base import JudgeSpec, Outcome, Question
from pairlens.fiftyone_plugin.judging.budget import Budget
from pairlens.fiftyone_plugin.judging.identity import begun, identity
from pairlens.fiftyone_plugin.judging.views import ViewSettings, check_forms
from pairlens.fiftyone_plugin.predictors import models
from pairlens.fiftyone_plugin.predictors.devices import Runtime
from pairlens.fiftyone_plugin.predictors.params import option

NAME = "local"
_CLASS = "AutoModelForImageTextToText"


@dataclass(frozen=True, kw_only=True)
class Settings(ViewSettings):
    """The parameters of ``local``."""

    model: str = option(models.MODEL)
    max_tokens: int = option("longest answer in tokens", 512, low=1, high=100_000)
    half: bool = option(models.HALF, True)


class LocalJudge:
    """A model that judges one sample after the other.

    Args:
        model: of ``transformers``, for images and text to text
        processor: its own, with a chat template
        settings: what it is shown
        runtime: where it runs
    """

    compares = False

    def __init__(self, model: Any, processor: Any, settings: Settings, runtime: Runtime) -> None:
        self._model, self._processor = model, processor
        self._settings, self._runtime = settings, runtime
        self.model = settings.model
        self.by = identity(NAME, settings.model, settings)

    def judge(
        self, questions: Iterable[Question], budget: Budget
    ) -> Iterator[tuple[Question, Outcome]]:
        """Answers in the order of the questions."""
        for question in questions:
            tokens = self.tokens(question)
            if not budget.begin(tokens):
                return
            try:
                outcome: Outcome = self._answer(question)
            except Exception as error:  # one failure does not end the run
                outcome = error
            settle(budget, tokens, outcome)
            yield question, outcome

    def tokens(self, question: Question) -> tuple[int, int]:
        """By the size of the pictures and the length of the texts."""
        asked = prompts.asked_of(question.sample, question.is_pair)
        return pictures.estimated(question, asked, self._settings)

    def close(self) -> None:
        """Nothing is under way between questions."""

    def _answer(self, question: Question) -> Judgement:
        asked = prompts.asked_of(question.sample, question.is_pair)
        inputs = self._inputs(question, asked)
        taken = int(inputs["input_ids"].shape[1])
        with self._runtime.inference():
            written = self._model.generate(
                **inputs, max_new_tokens=self._settings.max_tokens, do_sample=False
            )
        new = written[0, taken:]
        text = self._processor.batch_decode(new[None], skip_special_tokens=True)[0]
        judgement = answers.read(text, asked, begun(self, NAME, question), question.is_pair)
        return replace(judgement, tokens_in=taken, tokens_out=int(new.shape[0]))

    def _inputs(self, question: Question, asked: prompts.Asked) -> Any:
        """Tensors of one message; the rule stands at its start, as not every template has a place
        for it elsewhere.
        """
        from PIL import Image

        shown = pictures.drawn(question, self._settings)
        content: list[dict[str, Any]] = [{"type": "text", "text": prompts.SYSTEM}]
        for line, picture in zip(prompts.pictured([p.about for p in shown]), shown, strict=True):
            content.append({"type": "text", "text": line})
            content.append({"type": "image", "image": Image.fromarray(picture.pixels)})
        words = prompts.words_of(asked, question.sample, question.is_pair)
        content.append({"type": "text", "text": words})
        return self._processor.apply_chat_template(
            [{"role": "user", "content": content}],
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
        ).to(self._runtime.device)


def load(settings: Settings, device: str) -> LocalJudge:
    """Loads the model and its processor.

    Raises:
        UsageError: for a missing package, a device that is not there, or pictures that show nothing
        LayoutError, StateError: if the model cannot be loaded
    """
    check_forms(NAME, settings)
    models.require(NAME)
    kinds = _kinds()
    source, runtime, model = models.open_model(
        NAME, settings.model, device, settings.half, _CLASS, kinds
    )
    return LocalJudge(model, models.load_processor(source), settings, runtime)


def _kinds() -> tuple[str, ...]:
    """The kinds of models for images and text that the installed ``transformers`` has."""
    from transformers.models.auto import modeling_auto

    return tuple(modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)


SPEC = JudgeSpec(
    name=NAME,
    about="A vision-language model of transformers on this machine, from a folder or the hub.",
    settings=Settings,
    make=load,
)
