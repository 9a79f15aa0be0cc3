"""Chat models behind an OpenAI-compatible address, played by real servers."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.predictors import PREDICTORS, secrets
from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.fiftyone_plugin.predictors.chat import complete_url
from pairlens.importers.errors import MaskError, UsageError
from tests.unit.web import Answer, Request, serve

SECRET = "sk-chat-0123456789"
QUICK = {"retries": "0", "connect_timeout": "2", "read_timeout": "2", "deadline": "5", "model": "m"}


pytestmark = pytest.mark.usefixtures("no_settings")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "chip.png"
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(path)
    return path


def queries(image: Path, *phrases: str, size: tuple[int, int] = (8, 6)) -> list[Query]:
    return [Query(f"k{n}", "a", "test", p, image, image.name, size) for n, p in enumerate(phrases)]


def load(url: str, **params: Any) -> Any:
    return PREDICTORS["vlm"].load(QUICK | {"url": url} | params, "cpu")


def chat(content: Any, ended: str = "stop") -> Answer:
    message = {"role": "assistant", "content": content}
    body = {"choices": [{"index": 0, "message": message, "finish_reason": ended}]}
    return 200, {"Content-Type": "application/json"}, json.dumps(body).encode()


def ask(reply: Answer, image: Path, **params: Any) -> Any:
    with serve(lambda request: reply) as server:
        (given,) = load(server.url, **params).predict(queries(image, "the car"))
    return given


def raw(body: bytes, kind: str = "application/json") -> Answer:
    return 200, {"Content-Type": kind}, body


# ------------------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({"model": "m"}, "needs the parameter 'url'"),
        ({"url": "http://host"}, "needs the parameter 'model'"),
        ({"url": "ftp://host", "model": "m"}, "takes an address such as"),
        (
            {"url": "http://h", "model": "m", "answer": "masks"},
            "takes boxes or polygons",
        ),
        ({"url": "http://h", "model": "m", "scale": "miles"}, "vlm.scale takes auto, unit"),
        ({"url": "http://h", "model": "m", "prompt": "where?"}, "must contain {query} once"),
        ({"url": "http://h", "model": "m", "max_tokens": "0"}, "vlm.max_tokens takes"),
    ],
    ids=["url", "model", "scheme", "answer", "scale", "prompt", "tokens"],
)
def test_bad_parameters(params: dict[str, str], says: str):
    with pytest.raises(UsageError) as caught:
        PREDICTORS["vlm"].load(params, "cpu")
    assert says in str(caught.value)


BAD: dict[str, tuple[Answer, str]] = {
    "a page": (raw(b"<html>", "text/html"), "says that it answers 'text/html', not JSON"),
    "no json": (raw(b"{"), "no chat completion"),
    "deep": (raw(b"[" * 100_000), "no chat completion"),
    "a list": (raw(b"[]"), "no chat completion"),
    "an error": (raw(b'{"error": "no such model"}'), "no chat completion"),
    "no choice": (raw(b'{"choices": []}'), "no chat completion"),
    "a text for a choice": (raw(b'{"choices": ["a"]}'), "no chat completion"),
    "no content": (chat(None), "answered nothing"),
    "blank": (chat("  \n"), "answered nothing"),
    "a number": (chat(7), "answered nothing"),
    "cut off": (chat('{"boxes": [[1, 1, 2, 2], [3', "length"), "raise vlm.max_tokens"),
    "words": (chat("I like this picture."), "holds no boxes: 'I like this picture.'"),
    "outside": (chat("[100, 100, 1005, 1004]"), "outside the image"),
    "a model that is not there": (
        (404, {}, b'{"message": "The model `m` does not exist."}'), "does not exist"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "says"), BAD.values(), ids=BAD)
def test_what_is_no_answer_fails_its_pair(image: Path, answer: Answer, says: str):
    given = ask(answer, image)
    assert isinstance(given, Exception)
    assert says in str(given)


def test_an_answer_is_bounded(image: Path):
    given = ask(chat("x" * (5 << 20)), image)
    assert isinstance(given, Exception) and "more than 4,194,304 bytes" in str(given)


# -------------------------------------------------------------------------- what is sent


def test_the_request_is_a_chat_completion(image: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(secrets.VLM_TOKEN, SECRET)
    monkeypatch.setenv(secrets.HTTP_TOKEN, "of-the-mask-service")
    with serve(lambda request: chat("[1, 1, 3, 4]")) as server:
        base = server.url.removesuffix("/predict")
        (given,) = load(base, max_tokens="77").predict(queries(image, "the {width} car {query}"))
    assert given.sum() == 2 * 3 and given[1:4, 1:3].all()
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.headers["authorization"] == f"Bearer {SECRET}"
    body = request.json()
    assert (body["model"], body["temperature"], body["max_tokens"]) == ("m", 0, 77)
    assert "response_format" not in body
    (message,) = body["messages"]
    picture, text = message["content"]
    address = picture["image_url"]["url"]
    assert base64.b64decode(address.removeprefix("data:image/png;base64,")) == image.read_bytes()
    assert "the {width} car {query}" in text["text"] and "8 wide and 6 high" in text["text"]
    assert '{"boxes": [[x1, y1, x2, y2], ...]}' in text["text"]


def test_a_prompt_and_the_json_mode_of_ones_own(image: Path):
    def answer(request: Request) -> Answer:
        return chat("[]")

    with serve(answer) as server:
        params = {"prompt": "<p>{query}</p> {height}?", "json_mode": "yes", "answer": "polygons"}
        (given,) = load(server.url, **params).predict(queries(image, "a"))
    assert not given.any()
    body = server.requests[0].json()
    assert body["messages"][0]["content"][1]["text"] == "<p>a</p> 6?"
    assert body["response_format"] == {"type": "json_object"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h:8000", "http://h:8000/v1/chat/completions"),
        ("http://h:8000/", "http://h:8000/v1/chat/completions"),
        ("http://h/v1", "http://h/v1/chat/completions"),
        ("http://h/v1/", "http://h/v1/chat/completions"),
        ("http://h/proxy/v1/chat/completions", "http://h/proxy/v1/chat/completions"),
        ("http://h/openai?api-version=1", "http://h/openai/v1/chat/completions?api-version=1"),
    ],
)
def test_addresses_are_completed(url: str, expected: str):
    assert complete_url(url) == expected


# ------------------------------------------------------------------------- what is drawn


@pytest.mark.parametrize(
    ("content", "params", "area"),
    [
        pytest.param("[1, 1, 3, 4]", {}, 6, id="box"),
        pytest.param("[0, 0, 0.5, 0.5]", {}, 12, id="fractions"),
        pytest.param("[0, 0, 500, 500]", {}, 12, id="thousandths"),
        pytest.param("[[0, 0, 2, 2], [1, 1, 3, 3]]", {}, 7, id="two boxes"),
        pytest.param("[2, 2, 2, 2]", {}, 1, id="no extent"),
        pytest.param('{"boxes": []}', {}, 0, id="no target"),
        pytest.param([{"type": "text", "text": "[1, 1, 3, 4]"}], {}, 6, id="parts"),
        pytest.param("[[0, 0], [3, 0], [3, 3], [0, 3]]", {"answer": "polygons"}, 16, id="polygon"),
        pytest.param("[0, 0, 4, 4]", {"scale": "percent"}, 1, id="percent"),
    ],
)
def test_answers_become_masks(image: Path, content: Any, params: dict[str, str], area: int):
    given = ask(chat(content), image, **params)
    assert isinstance(given, np.ndarray), given
    assert given.shape == (6, 8) and given.dtype == np.uint8 and given.sum() == area


def test_answers_come_in_order_and_a_failure_stays_with_its_pair(image: Path):
    def answer(request: Request) -> Answer:
        text = request.json()["messages"][0]["content"][1]["text"]
        side = int(text.split("side ")[1][0])
        return chat(f"[0, 0, {side}, 1]") if side else chat("what?")

    with serve(answer) as server:
        predictor = load(server.url, concurrency="2")
        given = list(predictor.predict(queries(image, "side 3", "side 0", "side 2", "side 4")))
    assert isinstance(given.pop(1), MaskError)
    assert [int(mask.sum()) for mask in given] == [3, 2, 4]
    assert server.busiest <= 2


def test_an_image_of_unknown_size_is_looked_at(image: Path):
    with serve(lambda request: chat("[0, 0, 8, 6]")) as server:
        (given,) = load(server.url).predict(queries(image, "all", size=(0, 0)))
    assert given.shape == (6, 8) and given.all()
