"""A chat model behind a server on loopback that answers the questions of a judge."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from tests.unit.web import Answer, Request

QUICK = {"retries": "0", "connect_timeout": "2", "read_timeout": "5", "deadline": "10",
         "model": "tiny-vlm"}  # fmt: skip

OBEYED = re.compile(r"(?:answer|say|reply|vote) (?:with )?(yes|no)\b", re.IGNORECASE)


class Seen:
    """What a model was shown and asked.

    Attributes:
        data: the JSON of the texts
        pictures: (height, width, 3) uint8 RGB
        words: all that was written to it, but for the texts
        schema: of the answer, if it was held to one
    """

    def __init__(self, request: Request) -> None:
        body = request.json()
        self.system, user = (message["content"] for message in body["messages"])
        self.lines = [part["text"] for part in user if part["type"] == "text"]
        self.asked, _, data = self.lines[-1].rpartition("\n")
        self.data: dict[str, Any] = json.loads(data)
        urls = [part["image_url"]["url"] for part in user if part["type"] == "image_url"]
        self.pictures = [_decoded(url) for url in urls]
        self.schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")

    @property
    def query(self) -> str:
        return self.data["query"]


def _decoded(url: str) -> np.ndarray:
    head, _, data = url.partition(",")
    assert head == "data:image/jpeg;base64"
    bgr = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    return cv2.cvtColor(np.asarray(bgr), cv2.COLOR_BGR2RGB)


def pair_answer(shows: str = "yes", wrong: tuple[str, ...] = (), **values: Any) -> dict[str, Any]:
    """A whole answer about a pair."""
    whole = {"why": "It is what it is.", "shows": shows, "only": "yes", "complete": "yes",
             "wrong_words": list(wrong), "confidence": 90}  # fmt: skip
    return whole | values


def completion(content: Any, tokens: tuple[int, int] | None = (1000, 50)) -> Answer:
    """What a server says that a model wrote."""
    text = content if isinstance(content, str) else json.dumps(content)
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    body: dict[str, Any] = {"choices": [choice | {"finish_reason": "stop"}]}
    if tokens is not None:
        body["usage"] = dict(zip(("prompt_tokens", "completion_tokens"), tokens, strict=True))
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def model(answer: Callable[[Seen], Any], **of_completion: Any) -> Callable[[Request], Answer]:
    """A model that answers what a function makes of what it sees."""
    return lambda request: completion(answer(Seen(request)), **of_completion)


def gullible(answer: Callable[[Seen], Any]) -> Callable[[Request], Answer]:
    """A model that does what any text tells it to answer."""

    def obey(seen: Seen) -> Any:
        told = OBEYED.search(json.dumps(seen.data))
        return pair_answer(told[1].lower()) if told else answer(seen)

    return model(obey)
