"""The mask service: what is sent, what is taken, and how many at once."""

from __future__ import annotations

import gc
import io
import json
import resource
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import tifffile
from PIL import Image

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Query
from pairlens.fiftyone_plugin.predictors.builtin import http
from pairlens.fiftyone_plugin.predictors.builtin.http import MaskService
from pairlens.importers.errors import UsageError
from pairlens.importers.rle import encode_rle
from tests.predictor_contract import PredictorContract
from tests.unit.hostile_files import png as png_claiming
from tests.unit.http_calls import PNG, SECRET, ask, load, ok, queries, refused
from tests.unit.predictions import mask
from tests.unit.web import (
    Answer,
    Request,
    npy,
    png,
    serve,
)

pytestmark = pytest.mark.usefixtures("no_settings")


# ---------------------------------------------------------------------------- parameters


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({}, "needs the parameter 'url'"),
        ({"url": "localhost:8000"}, "takes an address such as"),
        ({"url": "file:///etc/passwd"}, "takes an address such as"),
        ({"url": "http://"}, "takes an address such as"),
        ({"url": "http://a b/"}, "takes an address such as"),
        ({"url": "http://host:99999/"}, "takes an address such as"),
        ({"url": "http://[::1/"}, "takes an address such as"),
        ({"url": "http://a\r\nHost: b/"}, "takes an address such as"),
        ({"url": "http://user:pass@host/"}, "would be stored with the dataset"),
        ({"url": "http://host/", "token": SECRET}, "no parameter 'token'"),
        ({"url": "http://host/", "retries": "-1"}, "http.retries takes a whole number"),
        ({"url": "http://host/", "deadline": "inf"}, "http.deadline takes a number"),
    ],
    ids=["none", "no scheme", "file", "no host", "blank", "port", "bracket", "header", "password",
         "token", "retries", "endless"],
)  # fmt: skip
def test_bad_parameters(params: dict[str, str], says: str):
    with pytest.raises(UsageError) as caught:
        PREDICTORS["http"].load(params, "cpu")
    assert says in str(caught.value)


# -------------------------------------------------------------------------- what is sent


def test_one_request_holds_image_and_query(chip: Path):
    with serve(lambda request: ok(png(mask(5)))) as server:
        given = ask(server.url, chip)
    np.testing.assert_array_equal(given, mask(5))
    (request,) = server.requests
    assert request.path == "/predict"
    parts = request.parts()
    assert set(parts) == {"image", "query"}
    assert parts["image"] == ("image.jpeg", "image/jpeg", chip.read_bytes())
    assert parts["query"][2] == b"query 0"
    assert "authorization" not in request.headers and "cookie" not in request.headers


def test_a_query_is_text_of_any_script(chip: Path):
    phrase = 'größtes "Dach"\r\nX: y 船'
    asked = [Query("k", "a", "test", phrase, chip, "", (8, 6))]
    with serve(lambda request: ok(png(mask(1)))) as server:
        list(load(server.url).predict(asked))
    (request,) = server.requests
    assert phrase.encode() in request.body
    assert set(request.parts()) == {"image", "query"}


def test_what_browsers_do_not_show_is_sent_as_png(tmp_path: Path):
    pixels = np.random.default_rng(1).integers(0, 255, (6, 8, 3), np.uint8)
    path = tmp_path / "1.tif"
    tifffile.imwrite(path, pixels)
    with serve(lambda request: ok(png(mask(1)))) as server:
        ask(server.url, path)
    name, kind, data = server.requests[0].parts()["image"]
    assert (name, kind) == ("image.png", "image/png")
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), pixels)


def test_an_image_that_is_none_is_not_sent(tmp_path: Path):
    broken = tmp_path / "a.jpg"
    broken.write_bytes(b"no picture")
    with serve(lambda request: ok(png(mask(1)))) as server:
        assert "a.jpg" in refused(server.url, broken)
        assert "gone.jpg" in refused(server.url, tmp_path / "gone.jpg")
    assert server.requests == []


# ------------------------------------------------------------------------- what is taken


def test_no_answer_is_no_failure(chip: Path):
    with serve(lambda request: (204, {}, b"")) as server:
        assert isinstance(ask(server.url, chip), NoPrediction)


GOOD: dict[str, Answer] = {
    "png of 0 and 1": ok(png(mask(7))),
    "png of 0 and 255": ok(png(mask(7) * 255), "image/PNG; charset=binary"),
    "npy of bytes": ok(npy(mask(7)), "application/x-npy"),
    "npy of truths": ok(npy(mask(7).astype(bool)), "application/octet-stream"),
    "npy of probabilities": ok(npy(mask(7) * 0.8 + 0.1), "application/x-npy"),
    "rle": ok(json.dumps(encode_rle(mask(7))).encode(), "application/json; charset=utf-8"),
    "rle of numbers": ok(
        json.dumps({"segmentation": encode_rle(mask(7), compressed=False)}).encode(),
        "application/json",
    ),
    "created": (201, {"Content-Type": "image/png"}, png(mask(7))),
}  # fmt: skip


@pytest.mark.parametrize("answer", GOOD.values(), ids=GOOD)
def test_kinds_of_answers(chip: Path, answer: Answer):
    with serve(lambda request: answer) as server:
        given = ask(server.url, chip)
    np.testing.assert_array_equal(given, mask(7))
    assert given.dtype == np.uint8


BAD: dict[str, tuple[Answer, str]] = {
    "a page": (ok(b"<html>", "text/html"), "says that it answers 'text/html'"),
    "no type": ((200, {}, PNG), "says that it answers nothing"),
    "no png": (ok(b"GIF89a"), "the service's answer cannot be decoded"),
    "another picture": (ok(b"\xff\xd8\xff\xe0"), "cannot be decoded"),
    "half a png": (ok(PNG[:-30]), "cannot be decoded"),
    "empty": (ok(b""), "cannot be decoded"),
    "another size": (ok(png(np.ones((5, 8)))), "a mask of 8x5 to an image of 8x6"),
    "a planet": (ok(png_claiming(100_000, 100_000)), "cannot be decoded"),
    "far too large": (ok(png_claiming(8_000, 8_000)), "8000x8000 to an image of 8x6"),
    "just too large": (ok(png_claiming(10_001, 10_000)), "10001x10000 pixels are too many"),
    "colours": (ok(png(np.arange(144).reshape(6, 8, 3))), "a colour picture"),
    "a pickle": (ok(npy(np.array([{}], object), True), "application/x-npy"), "pickled arrays"),
    "three masks": (ok(npy(np.ones((3, 6, 8))), "application/x-npy"), "has shape (3, 6, 8)"),
    "words in npy": (ok(npy(np.array(["a"])), "application/x-npy"), "shape (1,)"),
    "half an npy": (ok(npy(mask(5))[:-9], "application/x-npy"), "cut short"),
    "half a json": (ok(b'{"size": [6', "application/json"), "not complete JSON"),
    "deep json": (ok(b"[" * 100_000, "application/json"), "not complete JSON"),
    "a list": (ok(b"[1]", "application/json"), "not COCO RLE"),
    "polygons": (ok(b'{"segmentation": [[1, 2]]}', "application/json"), "not COCO RLE"),
    "rle of another size": (
        ok(b'{"size": [8000, 8000], "counts": [64000000]}', "application/json"),
        "a mask of 8000x8000 to an image of 8x6"),
    "rle of odd sizes": (
        ok(b'{"size": ["6", null], "counts": [48]}', "application/json"), "the service's answer"),
    "rle too short": (ok(b'{"size": [6, 8], "counts": [3]}', "application/json"), "fill 3"),
    "compressed": (
        (200, {"Content-Type": "image/png", "Content-Encoding": "gzip"}, PNG), "compressed"),
    "not allowed": ((401, {}, b""), "answers 401 (a token is missing or wrong)"),
    "not found": ((404, {}, b"<h1>no\x1b[31m\nsuch model</h1>"), "404: <h1>no [31m such model"),
    "partial": ((206, {"Content-Type": "image/png"}, PNG), "answers 206"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(("answer", "says"), BAD.values(), ids=BAD)
def test_what_is_no_mask_fails_its_pair(chip: Path, answer: Answer, says: str):
    with serve(lambda request: answer) as server:
        assert says in refused(server.url, chip, retries="3")
    assert len(server.requests) == 1


# ---------------------------------------------------------------------------- concurrency


def slow_echo(request: Request) -> Answer:
    """Answers the later queries sooner, each with a mask of its own."""
    number = int(request.parts()["query"][2].split()[1])
    time.sleep(0.05 * (3 - number % 4))
    return ok(png(mask(number + 1)))


def test_answers_come_in_order_from_a_bounded_number_at_once(chip: Path):
    with serve(slow_echo) as server:
        predictor = load(server.url, concurrency="3")
        given = list(predictor.predict(queries(chip, 12)))
        again = list(predictor.predict(queries(chip, 4)))
    assert [int(m.sum()) for m in given] == list(range(1, 13))
    assert [int(m.sum()) for m in again] == [1, 2, 3, 4]
    assert 2 <= server.busiest <= 3
    assert server.connections <= 3


def test_a_failure_is_that_of_its_pair(chip: Path):
    def answer(request: Request) -> Answer:
        number = int(request.parts()["query"][2].split()[1])
        return ok(png(mask(number + 1))) if number % 2 else (400, {}, b"no")

    with serve(answer) as server:
        given = list(load(server.url).predict(queries(chip, 6)))
    assert [isinstance(g, Exception) for g in given] == [True, False] * 3
    assert [int(g.sum()) for g in given[1::2]] == [2, 4, 6]


def test_a_batch_that_is_given_up_leaves_nothing_behind(chip: Path):
    def answer(request: Request) -> Answer:
        first = request.parts()["query"][2] == b"query 0"
        if not first:
            time.sleep(2)
        return ok(PNG)

    started = time.monotonic()
    with serve(answer) as server:
        predictor = load(server.url, concurrency="2")
        results: Iterator[Any] = predictor.predict(queries(chip, 8))
        np.testing.assert_array_equal(next(results), mask(5))
        results.close()
        predictor.close()
        assert time.monotonic() - started < 1.5
        assert len(server.requests) <= 4


def test_the_next_batch_does_not_wait_for_the_slowest_pair(chip: Path):
    free = threading.Event()

    def answer(request: Request) -> Answer:
        number = int(request.parts()["query"][2].split()[1])
        if number == 0:
            assert free.wait(5)
        elif number == 5:
            free.set()  # of the second batch, while the first one waits
        return ok(png(mask(number + 1)))

    asked = queries(chip, 6)
    with serve(answer) as server:
        predictor = load(server.url, concurrency="2")
        predictor.prefetch(asked[:3])
        predictor.prefetch(asked[3:])
        given = [*predictor.predict(asked[:3]), *predictor.predict(asked[3:])]
        assert len(server.requests) == 6 and server.busiest == 2
        predictor.prefetch(asked)
        predictor.close()
        predictor.close()
    assert [int(m.sum()) for m in given] == [1, 2, 3, 4, 5, 6]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of asyncio
def test_without_room_for_another_connection_it_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
):
    made: list[Any] = []
    monkeypatch.setattr(http, "MaskService", lambda *given: made.append(given))
    load("http://127.0.0.1:1/")
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
    try:
        with pytest.raises(OSError, match="Too many open files"):
            MaskService(*made[0])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    gc.collect()


def test_threads_end_with_their_predictor(chip: Path):
    before = set(threading.enumerate())
    with serve(lambda request: ok(PNG)) as server:
        predictor = load(server.url)
        list(predictor.predict(queries(chip, 4)))
        assert [t for t in threading.enumerate() if t.name == "pairlens-service"]
        del predictor
        gc.collect()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            ours = (t for t in threading.enumerate() if t.name.startswith(("pairlens", "asyncio")))
            left = set(ours) - before
            if not left:
                break
            time.sleep(0.02)
    assert left == set()


class TestContract(PredictorContract):
    name = "http"
    params: ClassVar[dict[str, str]] = {"url": "http://127.0.0.1:1/"}

    @pytest.fixture
    def predictor(self) -> Iterator[Any]:
        def answer(request: Request) -> Answer:
            parts = request.parts()
            width, height = Image.open(io.BytesIO(parts["image"][2])).size
            lit = np.zeros((height, width), np.uint8)
            lit[: len(parts["query"][2])] = 1
            return ok(png(lit))

        with serve(answer) as server:
            made = load(server.url)
            yield made
            made.close()
