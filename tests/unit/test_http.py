"""The mask service: what is sent, what is taken, and what servers cannot do to us."""

from __future__ import annotations

import gc
import io
import json
import logging
import pickle
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from fiftyone_plugin.predictors import PREDICTORS, tokens
from fiftyone_plugin.predictors.base import NoPrediction, Query
from fiftyone_plugin.predictors.http_faults import retry_after
from importers.errors import MaskError, UsageError
from importers.rle import encode_rle
from tests.unit.hostile_files import png as png_claiming
from tests.unit.predictions import mask
from tests.unit.web import (
    Answer,
    Request,
    Server,
    drip,
    npy,
    png,
    read_request,
    reset,
    self_signed,
    serve,
    serve_raw,
)

SECRET = "sk-pairlens-0123456789"
QUICK = {"retries": "0", "connect_timeout": "2", "read_timeout": "2", "deadline": "5"}


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*tokens.NAMES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "http_proxy", "HTTP_PROXY",
                 "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def image(tmp_path: Path) -> Path:
    path = tmp_path / "chip of mine.jpg"
    pixels = np.random.default_rng(0).integers(0, 255, (6, 8, 3), np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def queries(image: Path, count: int = 1) -> list[Query]:
    return [
        Query(f"gres/test/a#{n}", "a", "test", f"query {n}", image, image.name, (8, 6))
        for n in range(count)
    ]


def load(url: str, **params: Any) -> Any:
    return PREDICTORS["http"].load(QUICK | {"url": url} | params, "cpu")


def ask(url: str, image: Path, **params: Any) -> Any:
    (given,) = load(url, **params).predict(queries(image))
    return given


def ok(data: bytes, kind: str = "image/png") -> Answer:
    return 200, {"Content-Type": kind}, data


def refused(url: str, image: Path, **params: Any) -> str:
    """The one sentence that a pair fails with."""
    given = ask(url, image, **params)
    assert isinstance(given, Exception), given
    assert not isinstance(given, NoPrediction)
    text = str(given)
    assert "\n" not in text and len(text) < 400
    return text


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


def test_one_request_holds_image_and_query(image: Path):
    with serve(lambda request: ok(png(mask(5)))) as server:
        given = ask(server.url, image)
    np.testing.assert_array_equal(given, mask(5))
    (request,) = server.requests
    assert request.path == "/predict"
    parts = request.parts()
    assert set(parts) == {"image", "query"}
    assert parts["image"] == ("image.jpeg", "image/jpeg", image.read_bytes())
    assert parts["query"][2] == b"query 0"
    assert "authorization" not in request.headers and "cookie" not in request.headers


def test_a_query_is_text_of_any_script(image: Path):
    phrase = 'größtes "Dach"\r\nX: y 船'
    asked = [Query("k", "a", "test", phrase, image, "", (8, 6))]
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


def test_no_answer_is_no_failure(image: Path):
    with serve(lambda request: (204, {}, b"")) as server:
        assert isinstance(ask(server.url, image), NoPrediction)


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
def test_kinds_of_answers(image: Path, answer: Answer):
    with serve(lambda request: answer) as server:
        given = ask(server.url, image)
    np.testing.assert_array_equal(given, mask(7))
    assert given.dtype == np.uint8


PNG = png(mask(5))
BAD: dict[str, tuple[Answer, str]] = {
    "a page": (ok(b"<html>", "text/html"), "says that it answers 'text/html'"),
    "no type": ((200, {}, PNG), "says that it answers nothing"),
    "no png": (ok(b"GIF89a"), "the service's answer cannot be decoded"),
    "another picture": (ok(b"\xff\xd8\xff\xe0"), "cannot be decoded"),
    "half a png": (ok(png(np.eye(50))[:-40]), "cannot be decoded"),
    "empty": (ok(b""), "cannot be decoded"),
    "another size": (ok(png(np.ones((5, 8)))), "a mask of 8x5 to an image of 8x6"),
    "a planet": (ok(png_claiming(100_000, 100_000)), "cannot be decoded"),
    "just too large": (ok(png_claiming(10_001, 10_000)), "10001x10000 pixels are too many"),
    "colours": (ok(png(np.arange(144).reshape(6, 8, 3))), "a colour picture"),
    "a pickle": (ok(npy(np.array([{}], object), True), "application/x-npy"), "pickled arrays"),
    "three masks": (ok(npy(np.ones((3, 6, 8))), "application/x-npy"), "has shape (3, 6, 8)"),
    "words in npy": (ok(npy(np.array(["a"])), "application/x-npy"), "shape (1,)"),
    "half an npy": (ok(npy(mask(5))[:-9], "application/x-npy"), "cut short"),
    "half a json": (ok(b'{"size": [6', "application/json"), "no whole JSON"),
    "deep json": (ok(b"[" * 100_000, "application/json"), "no whole JSON"),
    "a list": (ok(b"[1]", "application/json"), "no COCO RLE"),
    "polygons": (ok(b'{"segmentation": [[1, 2]]}', "application/json"), "no COCO RLE"),
    "rle too short": (ok(b'{"size": [6, 8], "counts": [3]}', "application/json"), "fill 3"),
    "compressed": (
        (200, {"Content-Type": "image/png", "Content-Encoding": "gzip"}, PNG), "compressed"),
    "not allowed": ((401, {}, b""), "answers 401 (a token is missing or wrong)"),
    "not found": ((404, {}, b"<h1>no\x1b[31m\nsuch model</h1>"), "404: <h1>no [31m such model"),
    "partial": ((206, {"Content-Type": "image/png"}, PNG), "answers 206"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "says"), BAD.values(), ids=BAD)
def test_what_is_no_mask_fails_its_pair(image: Path, answer: Answer, says: str):
    with serve(lambda request: answer) as server:
        assert says in refused(server.url, image, retries="3")
    assert len(server.requests) == 1


# -------------------------------------------------------------------- hostile and broken


def flood(connection: socket.socket) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n"
    connection.sendall(head)
    while True:
        connection.sendall(bytes(1 << 20))


def flood_of_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n")
    while True:
        connection.sendall(b"X: " + b"y" * 60_000 + b"\r\n")


def huge(connection: socket.socket) -> None:
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 99999999999999\r\n\r\n"
    )
    connection.recv(1)


def cut(connection: socket.socket) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 5000\r\n\r\n"
    connection.sendall(head + PNG)


def hang_up(connection: socket.socket) -> None:
    reset(connection)


def babble(connection: socket.socket) -> None:
    connection.sendall(b"\x00\xff not http\r\n\r\n")


def silence(connection: socket.socket) -> None:
    connection.recv(1)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
    drip(connection, b"y", 8)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
    drip(connection, b"y", 8)


def drip_chunks(connection: socket.socket) -> None:
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    drip(connection, b"1\r\ny\r\n", 8)


HOSTILE: dict[str, tuple[Callable[[socket.socket], None], str]] = {
    "endless body": (flood, "more than 67,108,864 bytes"),
    "endless headers": (flood_of_headers, "broke off"),
    "huge length": (huge, "more than 67,108,864 bytes"),
    "cut short": (cut, "broke off its answer"),
    "reset": (hang_up, "broke off the connection"),
    "no http": (babble, "broke off the connection"),
    "silence": (silence, "said nothing for 0.3 s"),
    "dripping headers": (drip_headers, "no whole answer within 1 s"),
    "dripping body": (drip_body, "no whole answer within 1 s"),
    "dripping chunks": (drip_chunks, "no whole answer within 1 s"),
}


@pytest.mark.parametrize(("talk", "says"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_servers(
    image: Path, talk: Callable[[socket.socket], None], says: str, request: Any
):
    patient = "endless" in request.node.callspec.id
    times = {} if patient else {"deadline": "1", "read_timeout": "0.3"}
    started = time.monotonic()
    with serve_raw(talk) as server:
        text = refused(server.url, image, **times)
    assert says in text
    assert text.startswith("127.0.0.1:")
    assert time.monotonic() - started < 5


def test_a_host_that_is_not_there_is_said(image: Path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    assert "refuses connections; is it running? (3 attempts)" in refused(
        url, image, retries="2", backoff="0.01"
    )


# --------------------------------------------------------------------------------- again


def in_turn(*answers: Answer) -> Callable[[Request], Answer]:
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_trouble_is_waited_for(image: Path, status: int):
    busy: Answer = status, {}, b"busy"
    with serve(in_turn(busy, busy, ok(PNG))) as server:
        given = ask(server.url, image, retries="2", backoff="0.01")
    np.testing.assert_array_equal(given, mask(5))
    assert len(server.requests) == 3
    assert [r.parts() for r in server.requests] == [server.requests[0].parts()] * 3


def test_the_server_says_how_long_to_wait(image: Path):
    busy: Answer = 429, {"Retry-After": "1"}, b""
    started = time.monotonic()
    with serve(in_turn(busy, ok(PNG))) as server:
        given = ask(server.url, image, retries="1", backoff="0")
    np.testing.assert_array_equal(given, mask(5))
    assert 1 <= time.monotonic() - started < 3


def test_no_wait_beyond_the_deadline(image: Path):
    busy: Answer = 503, {"Retry-After": "86400"}, b"later"
    started = time.monotonic()
    with serve(lambda request: busy) as server:
        assert "answers 503: later" in refused(server.url, image, retries="5")
    assert len(server.requests) == 1 and time.monotonic() - started < 2


def test_trouble_that_stays_is_given_up(image: Path):
    with serve(lambda request: (500, {}, b"CUDA out of memory")) as server:
        text = refused(server.url, image, retries="3", backoff="0.01")
    assert text.endswith("answers 500: CUDA out of memory (4 attempts)")
    assert len(server.requests) == 4


def test_a_broken_connection_is_tried_again(image: Path):
    talks: list[Callable[[socket.socket], None]] = [hang_up, cut]

    def talk(connection: socket.socket) -> None:
        if talks:
            talks.pop(0)(connection)
            return
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {len(PNG)}\r\n\r\n"
        connection.sendall(head.encode() + PNG)

    with serve_raw(talk) as server:
        given = ask(server.url, image, retries="2", backoff="0.01")
    np.testing.assert_array_equal(given, mask(5))
    assert server.connections == 3


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        pytest.param("7", 7, 7, id="seconds"),
        pytest.param("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0, id="a date gone by"),
        pytest.param("Wed, 21 Oct 2195 07:28:00 GMT", 1e9, 1e10, id="a date to come"),
        pytest.param("9" * 400, 1e11, 1e12, id="for ever"),
    ],
)
def test_retry_after(value: str, least: float, most: float):
    wait = retry_after(value)
    assert wait is not None and least <= wait <= most


@pytest.mark.parametrize("value", [None, "", "-5", "soon", "1.5", "Wed, 99 Oct 2015", "\0"])
def test_a_retry_after_that_says_nothing(value: str | None):
    assert retry_after(value) is None


# ----------------------------------------------------------------------------- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_server_is_refused(
    image: Path, status: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(tokens.HTTP_TOKEN, SECRET)
    with serve(lambda request: ok(PNG)) as other:
        away: Answer = status, {"Location": other.url}, b""
        with serve(lambda request: away) as server:
            assert "redirects" in refused(server.url, image, retries="2")
    assert other.requests == [] and other.connections == 0 and len(server.requests) == 1


@pytest.mark.parametrize(
    "location",
    ["https://127.0.0.1:1/", "//localhost/x", "file:///etc/passwd", "http://[", "http://u@{host}/",
     "http://127.0.0.1:99999999/"],
)  # fmt: skip
def test_odd_redirects_are_refused(image: Path, location: str):
    def answer(request: Request) -> Answer:
        return 307, {"Location": location.replace("{host}", request.headers["host"])}, b""

    with serve(answer) as server:
        text = refused(server.url, image, retries="2")
    malformed = "what is no HTTP"  # requests looks at it first
    assert "redirects to another server" in text or malformed in text
    assert len(server.requests) == server.connections == 1


def test_a_redirect_on_the_same_server_is_followed(image: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(tokens.HTTP_TOKEN, SECRET)

    def answer(request: Request) -> Answer:
        there = request.path == "/predict/"
        return ok(PNG) if there else (308, {"Location": "/predict/"}, b"")

    with serve(answer) as server:
        np.testing.assert_array_equal(ask(server.url, image), mask(5))
    first, second = server.requests
    assert len(first.parts()) == len(second.parts()) == 2
    assert second.headers["authorization"] == f"Bearer {SECRET}"


def test_redirects_in_circles_end(image: Path):
    with serve(lambda request: (307, {"Location": request.path}, b"")) as server:
        assert "redirects in circles" in refused(server.url, image)
    assert len(server.requests) == 4


# ------------------------------------------------------------------------------ the token


def test_the_token_is_sent_and_shown_nowhere(
    image: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv(tokens.HTTP_TOKEN, f"  {SECRET}\n")

    def answer(request: Request) -> Answer:
        return 500, {}, b" " * 600 + f"{request.headers}".encode()

    with caplog.at_level(logging.DEBUG), serve(answer) as server:
        predictor = load(server.url, retries="1", backoff="0.01")
        (given,) = predictor.predict(queries(image))
    assert [r.headers["authorization"] for r in server.requests] == [f"Bearer {SECRET}"] * 2
    assert isinstance(given, Exception)
    assert given.__cause__ is None and given.__context__ is None
    client = predictor._client
    shown = [str(given), repr(given), caplog.text, repr(client), str(client.token),
             f"{client.token!r:>20}", repr(vars(client)), repr(vars(predictor))]  # fmt: skip
    assert [text for text in shown if SECRET in text or SECRET[:12] in text] == []
    with pytest.raises(TypeError):
        pickle.dumps(client.token)


def test_a_token_that_a_server_repeats_is_not_quoted(image: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(tokens.HTTP_TOKEN, SECRET)
    for before in ("bad token ", "x" * 630):
        words = f"{before}{SECRET} "
        with serve(lambda request, words=words: (403, {}, words.encode())) as server:
            text = refused(server.url, image)
        assert "answers 403 (the token may not do this)" in text
        assert SECRET[:6] not in text


def test_no_token_of_a_netrc_is_sent(image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password of-mine\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serve(lambda request: ok(PNG)) as server:
        ask(server.url, image)
    assert "authorization" not in server.requests[0].headers


def test_a_token_is_not_sent_in_the_open(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(tokens.HTTP_TOKEN, SECRET)
    with pytest.raises(UsageError) as caught:
        load("http://models.example.org/predict")
    assert "unencrypted" in str(caught.value) and SECRET not in str(caught.value)
    assert load("http://models.example.org/predict", open_token="yes")
    assert load("https://models.example.org/predict")


def test_a_token_goes_to_the_listed_hosts_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(tokens.HTTP_TOKEN, SECRET)
    monkeypatch.setenv(tokens.TOKEN_HOSTS, "models.example.org, 127.0.0.1")
    assert load("https://MODELS.example.org/predict")
    with pytest.raises(UsageError, match=r"does not list 'evil\.example'"):
        load("https://evil.example/predict")


@pytest.mark.parametrize("token", ["two words", "new\nline", "schlüssel", "a\x7fb"])
def test_a_token_that_is_none_is_refused_unseen(token: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(tokens.HTTP_TOKEN, token)
    with pytest.raises(UsageError) as caught:
        load("https://127.0.0.1/")
    assert token not in str(caught.value) and tokens.HTTP_TOKEN in str(caught.value)


def test_a_token_of_the_plugins_secrets_comes_first(image: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(tokens.HTTP_TOKEN, "of-the-environment")
    with serve(lambda request: ok(PNG)) as server:
        with tokens.looked_up({tokens.HTTP_TOKEN: SECRET}.get):
            inside = load(server.url)
        for predictor in (inside, load(server.url)):
            list(predictor.predict(queries(image)))
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == [f"Bearer {SECRET}", "Bearer of-the-environment"]


# ----------------------------------------------------------------------------------- tls


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    image: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(tokens.HTTP_TOKEN, SECRET)
    context = self_signed(certificates)
    with serve(lambda request: ok(PNG), context) as server:
        text = refused(server.url, image, retries="3")
        assert "its certificate is not trusted" in text and "attempts" not in text
        assert server.requests == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "certificate.pem"))
        np.testing.assert_array_equal(ask(server.url, image), mask(5))
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        assert "its certificate is not trusted" in refused(elsewhere, image)
    assert len(server.requests) == 1


def test_a_deadline_holds_over_tls(
    image: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch
):
    context = self_signed(certificates)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "certificate.pem"))

    def talk(plain: socket.socket) -> None:
        connection = context.wrap_socket(plain, server_side=True)
        read_request(connection)
        drip_body(connection)

    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        connection, _ = listener.accept()
        try:
            talk(connection)
        except OSError:
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    started = time.monotonic()
    with listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        assert "no whole answer within 1 s" in refused(url, image, deadline="1")
    assert time.monotonic() - started < 3
    thread.join(5)
    assert not thread.is_alive()


# ---------------------------------------------------------------------------- concurrency


def slow_echo(request: Request) -> Answer:
    """Answers the later queries sooner, each with a mask of its own."""
    number = int(request.parts()["query"][2].split()[1])
    time.sleep(0.05 * (3 - number % 4))
    return ok(png(mask(number + 1)))


def test_answers_come_in_order_from_a_bounded_number_at_once(image: Path):
    with serve(slow_echo) as server:
        predictor = load(server.url, concurrency="3")
        given = list(predictor.predict(queries(image, 12)))
        again = list(predictor.predict(queries(image, 4)))
    assert [int(m.sum()) for m in given] == list(range(1, 13))
    assert [int(m.sum()) for m in again] == [1, 2, 3, 4]
    assert 2 <= server.busiest <= 3
    assert server.connections <= 3


def test_a_failure_is_that_of_its_pair(image: Path):
    def answer(request: Request) -> Answer:
        number = int(request.parts()["query"][2].split()[1])
        return ok(png(mask(number + 1))) if number % 2 else (400, {}, b"no")

    with serve(answer) as server:
        given = list(load(server.url).predict(queries(image, 6)))
    assert [isinstance(g, Exception) for g in given] == [True, False] * 3
    assert [int(g.sum()) for g in given[1::2]] == [2, 4, 6]


def test_a_batch_that_is_given_up_leaves_nothing_behind(image: Path):
    def answer(request: Request) -> Answer:
        first = request.parts()["query"][2] == b"query 0"
        if not first:
            time.sleep(2)
        return ok(PNG)

    started = time.monotonic()
    with serve(answer) as server:
        predictor = load(server.url, concurrency="2")
        results: Iterator[Any] = predictor.predict(queries(image, 8))
        np.testing.assert_array_equal(next(results), mask(5))
        results.close()
        predictor._asker._pool.shutdown(wait=True)
        assert time.monotonic() - started < 1.5
        assert len(server.requests) <= 4


def test_threads_end_with_their_predictor(image: Path):
    with serve(lambda request: ok(PNG)) as server:
        predictor = load(server.url)
        list(predictor.predict(queries(image, 4)))
        assert [t for t in threading.enumerate() if t.name.startswith("pairlens-ask")]
        del predictor
        gc.collect()
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            left = [t for t in threading.enumerate() if t.name.startswith("pairlens-ask")]
            if not left:
                break
            time.sleep(0.02)
    assert left == []


def test_errors_are_of_our_kind(image: Path):
    with serve(lambda request: ok(png(np.ones((2, 2))))) as server:
        assert isinstance(ask(server.url, image), MaskError)
    assert isinstance(server, Server)
