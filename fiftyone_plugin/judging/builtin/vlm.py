"""``vlm``: a chat model behind an OpenAI-compatible address that looks at the drawn pictures.

One ``POST /v1/chat/completions`` for each sample, with the pictures as data URLs, the texts as JSON
and a JSON schema for the answer, at temperature 0.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pairlens.fiftyone_plugin.checks.judgements import Judgement
from pairlens.fiftyone_plugin.judging import answers, pictures, prompts
from pairlens.fiftyone_plugin.judging.asking import ask
from pairlens.fiftyone_plugin.judging.base import JudgeSpec, Outcome, Question
from pairlens.fiftyone_plugin.judging.budget import Budget
from pairlens.fiftyone_plugin.judging.identity import identity, new_judgement
from pairlens.fiftyone_plugin.judging.views import ViewSettings, check_forms
from pairlens.fiftyone_plugin.predictors import secrets
from pairlens.fiftyone_plugin.predictors.chat import MAX_REPLY, complete_url, read_completion
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.fiftyone_plugin.predictors.services import ServicePool, ServiceSettings, open_client

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.predictors.http_client import Client, Reply

NAME = "vlm"
FORMATS = ("schema", "object", "none")


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings, ViewSettings):
    """The parameters of ``vlm``."""

    url: str = option("address of the server, with or without /v1/chat/completions")
    model: str = option("the model's name at the server")
    json: str = option(
        "how the server is held to JSON: schema (a JSON schema), object (any JSON) or none",
        "schema",
        choices=FORMATS,
    )
    max_tokens: int = option("longest answer in tokens", 1024, low=1, high=100_000)


class ChatJudge(ServicePool[Question, Judgement]):
    """A chat model as judge.

    Args:
        client: the client of the server
        settings: the parameters
    """

    compares = False

    def __init__(self, client: Client, settings: Settings) -> None:
        super().__init__(client, settings.concurrency)
        self._settings = settings
        self.model = settings.model
        self.by = identity(NAME, settings.model, settings)

    def judge(
        self, questions: Iterable[Question], budget: Budget
    ) -> Iterator[tuple[Question, Outcome]]:
        """Yields the answers in the order in which they arrive."""
        return ask(questions, self._ask, self.tokens, self._settings.concurrency, budget)

    def _ask(self, question: Question) -> Future[Outcome]:
        return self.submit(question)

    def tokens(self, question: Question) -> tuple[int, int]:
        """Estimated tokens, by the size of the pictures and the length of the texts."""
        asked = prompts.question_texts(question.sample, question.is_pair)
        return pictures.estimate_tokens(question, asked, self._settings)

    def request(self, query: Question) -> dict[str, Any]:
        """The request: a chat completion of a system prompt and one message."""
        settings, asked = self._settings, prompts.question_texts(query.sample, query.is_pair)
        drawn = pictures.draw_pictures(query, settings)
        content: list[dict[str, Any]] = []
        for line, picture in zip(
            prompts.picture_captions([p.about for p in drawn]), drawn, strict=True
        ):
            data = base64.b64encode(picture.jpeg()).decode("ascii")
            content.append({"type": "text", "text": line})
            url = f"data:image/jpeg;base64,{data}"
            content.append({"type": "image_url", "image_url": {"url": url}})
        words = prompts.prompt_text(asked, query.sample, query.is_pair)
        content.append({"type": "text", "text": words})
        completion: dict[str, Any] = {
            "model": settings.model,
            "messages": [
                {"role": "system", "content": prompts.SYSTEM},
                {"role": "user", "content": content},
            ],
            "temperature": 0,
            "max_tokens": settings.max_tokens,
        }
        if settings.json == "object":
            completion["response_format"] = {"type": "json_object"}
        elif settings.json == "schema":
            schema = {
                "name": "judgement",
                "strict": True,
                "schema": prompts.answer_schema(query.is_pair),
            }
            completion["response_format"] = {"type": "json_schema", "json_schema": schema}
        return {"accept": "application/json", "json": completion}

    def read(self, reply: Reply, query: Question) -> Judgement:
        """The judgement in the answer, which has a fault if the answer is rejected."""
        completion = read_completion(reply, f"{NAME}.max_tokens")
        asked = prompts.question_texts(query.sample, query.is_pair)
        judgement = answers.read(
            completion.text, asked, new_judgement(self, NAME, query), query.is_pair
        )
        return replace(judgement, tokens_in=completion.tokens_in, tokens_out=completion.tokens_out)


def load(settings: Settings, device: str) -> ChatJudge:
    """Makes the judge; nothing is sent before the first question.

    Raises:
        UsageError: for an invalid address, or a token that may not be sent there
    """
    check_forms(NAME, settings)
    url = complete_url(settings.url)
    return ChatJudge(open_client(NAME, settings, url, secrets.VLM_TOKEN, MAX_REPLY), settings)


SPEC = JudgeSpec(
    name=NAME,
    about="A chat model behind an OpenAI-compatible address, shown the outlined target.",
    settings=Settings,
    make=load,
)
