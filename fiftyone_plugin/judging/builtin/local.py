"""``local``: a vision-language model of ``transformers`` on this machine, from a folder or the hub.

It gets the same pictures and prompt as ``vlm``. Nothing enforces the schema of the answer, so that
many answers of small models are rejected.
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
from pairlens.fiftyone_plugin.judging.identity import identity, new_judgement
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
    """A local model that judges one sample after the other.

    Args:
        model: an image-text-to-text model of ``transformers``
        processor: its processor, with a chat template
        settings: the parameters
        runtime: its device and precision
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
        """Yields the answers in the order of the questions."""
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
        """Estimated tokens, by the size of the pictures and the length of the texts."""
        asked = prompts.question_texts(question.sample, question.is_pair)
        return pictures.estimate_tokens(question, asked, self._settings)

    def close(self) -> None:
        """Does nothing: no question is pending between answers."""

    def _answer(self, question: Question) -> Judgement:
        texts = prompts.question_texts(question.sample, question.is_pair)
        inputs = self._inputs(question, texts)
        prompt_length = int(inputs["input_ids"].shape[1])
        with self._runtime.inference():
            generated = self._model.generate(
                **inputs, max_new_tokens=self._settings.max_tokens, do_sample=False
            )
        answer_tokens = generated[0, prompt_length:]
        text = self._processor.batch_decode(answer_tokens[None], skip_special_tokens=True)[0]
        judgement = answers.read(text, texts, new_judgement(self, NAME, question), question.is_pair)
        return replace(judgement, tokens_in=prompt_length, tokens_out=int(answer_tokens.shape[0]))

    def _inputs(self, question: Question, asked: prompts.QuestionTexts) -> Any:
        """Tensors of one message; the rule stands at its start, as not every template has a place
        for it elsewhere.
        """
        from PIL import Image

        drawn = pictures.draw_pictures(question, self._settings)
        content: list[dict[str, Any]] = [{"type": "text", "text": prompts.SYSTEM}]
        for line, picture in zip(
            prompts.picture_captions([p.about for p in drawn]), drawn, strict=True
        ):
            content.append({"type": "text", "text": line})
            content.append({"type": "image", "image": Image.fromarray(picture.pixels)})
        words = prompts.prompt_text(asked, question.sample, question.is_pair)
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
        UsageError: for a missing package or device, or pictures without an outline
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
    """The kinds of image-text-to-text models in the installed ``transformers``."""
    from transformers.models.auto import modeling_auto

    return tuple(modeling_auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES)


SPEC = JudgeSpec(
    name=NAME,
    about="A vision-language model of transformers on this machine, from a folder or the hub.",
    settings=Settings,
    make=load,
)
