"""``vlm``: a chat model behind an OpenAI-compatible address, asked for boxes or polygons.

vLLM, SGLang, llama.cpp, Ollama and hosted services implement this protocol. The request is one
``POST /v1/chat/completions`` for each pair, with the image as a data URL, the prompt as text
and temperature 0. Answers are parsed by :mod:`pairlens.fiftyone_plugin.predictors.vlm_answers`. For
a model that returns masks, use the predictor ``http``.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pairlens.fiftyone_plugin.predictors import secrets
from pairlens.fiftyone_plugin.predictors.base import Prediction, PredictorSpec, Query
from pairlens.fiftyone_plugin.predictors.chat import MAX_REPLY, complete_url, read_completion
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.fiftyone_plugin.predictors.services import (
    ServicePredictor,
    ServiceSettings,
    open_client,
)
from pairlens.fiftyone_plugin.predictors.vlm_answers import (
    SHAPE_KINDS,
    ShapeKind,
    read_answer,
)
from pairlens.importers.errors import UsageError
from pairlens.importers.reading import POLYGON_SCALES, PolygonScale

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.predictors.http_client import Client, Reply

NAME = "vlm"
_MIN_SIDE = 1

PROMPTS: dict[ShapeKind, str] = {
    "boxes": "Locate what this refers to in the image: {query}\n"
    'Answer with JSON alone: {"boxes": [[x1, y1, x2, y2], ...]} in pixels of the image, which '
    'is {width} wide and {height} high. If nothing fits, answer {"boxes": []}.',
    "polygons": "Outline what this refers to in the image: {query}\n"
    'Answer with JSON alone: {"polygons": [[[x, y], [x, y], ...], ...]} in pixels of the '
    'image, which is {width} wide and {height} high. If nothing fits, answer {"polygons": []}.',
}


@dataclass(frozen=True, kw_only=True)
class Settings(ServiceSettings):
    """The parameters of ``vlm``."""

    url: str = option("address of the server, with or without /v1/chat/completions")
    model: str = option("the model's name at the server")
    answer: str = option("what is asked for: boxes or polygons", "boxes", choices=SHAPE_KINDS)
    scale: str = option(
        f"of the numbers in answers: {', '.join(POLYGON_SCALES)}", "auto", choices=POLYGON_SCALES
    )
    prompt: str = option(
        "the question, with {query} and, if wanted, {width} and {height} in it; "
        "'default' asks for JSON in pixels",
        "default",
    )
    max_tokens: int = option("longest answer in tokens", 1024, low=1, high=100_000)
    json_mode: bool = option("ask the server to allow JSON alone; not every server knows it", False)


class ChatModel(ServicePredictor):
    """Masks drawn from the boxes or polygons that a chat model answers.

    Args:
        client: the client of the server
        settings: the parameters
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        super().__init__(client, settings.concurrency)
        self._settings = settings

    def read(self, reply: Reply, query: Query) -> Prediction:
        """Draws the shapes in the answer as a mask."""
        from pairlens.fiftyone_plugin.predictors.drawing import draw

        size = _size(query)
        kind, scale = _kind(self._settings), _scale(self._settings)
        shapes = read_answer(read_completion(reply).text, kind, size, scale)
        return draw(shapes.rings, size, boxes=kind == "boxes")

    def request(self, query: Query) -> dict[str, Any]:
        """The request: a chat completion of one message with image and prompt."""
        settings = self._settings
        image = self._read_payload(query.image)
        data = base64.b64encode(image.data).decode("ascii")
        content = [
            {"type": "image_url", "image_url": {"url": f"data:{image.mime_type};base64,{data}"}},
            {"type": "text", "text": make_prompt(settings, query.phrase, _size(query))},
        ]
        completion: dict[str, Any] = {
            "model": settings.model,
            "messages": [{"role": "user", "content": content}],
            "temperature": 0,
            "max_tokens": settings.max_tokens,
        }
        if settings.json_mode:
            completion["response_format"] = {"type": "json_object"}
        return {"accept": "application/json", "json": completion}


def make_prompt(settings: Settings, phrase: str, size: tuple[int, int]) -> str:
    """The prompt for a pair; placeholders inside the query are not replaced."""
    custom = settings.prompt != "default"
    prompt = settings.prompt if custom else PROMPTS[_kind(settings)]
    before, _, after = prompt.partition("{query}")
    parts = [
        part.replace("{width}", str(size[0])).replace("{height}", str(size[1]))
        for part in (before, after)
    ]
    return phrase.join(parts)


def _size(query: Query) -> tuple[int, int]:
    if min(query.image_size) >= _MIN_SIDE:
        return query.image_size
    from pairlens.importers.media import inspect_image

    facts = inspect_image(query.image)
    return facts.width, facts.height


def _kind(settings: Settings) -> ShapeKind:
    return next(kind for kind in SHAPE_KINDS if kind == settings.answer)


def _scale(settings: Settings) -> PolygonScale:
    return next(scale for scale in POLYGON_SCALES if scale == settings.scale)


def load(settings: Settings, device: str) -> ChatModel:
    """Makes the predictor; nothing is sent before the first batch.

    Raises:
        UsageError: for an invalid address, prompt, or token that may not be sent there
    """
    if settings.prompt != "default" and settings.prompt.count("{query}") != 1:
        raise UsageError("vlm.prompt must contain {query} once, where the query goes")
    url = complete_url(settings.url)
    return ChatModel(open_client(NAME, settings, url, secrets.VLM_TOKEN, MAX_REPLY), settings)


SPEC = PredictorSpec(
    name=NAME,
    about="A chat model behind an OpenAI-compatible address, asked for boxes or polygons as JSON.",
    settings=Settings,
    make=load,
    setup="a server, such as vLLM",
)
