"""What servers cannot do to us: hostile, slow, overloaded and redirecting ones."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.predictors import secrets
from pairlens.fiftyone_plugin.predictors.http_faults import retry_after
from tests.unit.http_calls import PNG, SECRET, ask, ok, refused
from tests.unit.predictions import mask
from tests.unit.web import (
    Answer,
    Request,
    drip,
    reset,
    serve,
    serve_raw,
)

pytestmark = pytest.mark.usefixtures("no_settings")


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


def go_on(connection: socket.socket) -> None:
    """Says 100 Continue for ever."""
    drip(connection, b"HTTP/1.1 100 Continue\r\n\r\n", 8)


def trail(connection: socket.socket) -> None:
    """Ends its chunks and goes on with trailers."""
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
    )
    drip(connection, b"X: y\r\n", 8)


def claim_a_chunk(connection: socket.socket) -> None:
    connection.sendall(
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"7fffffffffffffff\r\n"
    )
    while True:
        connection.sendall(bytes(1 << 20))


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
    "endless chunk": (claim_a_chunk, "more than 67,108,864 bytes"),
    "for ever 100": (go_on, "no whole answer within 1 s"),
    "for ever trailers": (trail, "no whole answer within 1 s"),
    "no http": (babble, "broke off the connection"),
    "silence": (silence, "said nothing for 0.3 s"),
    "dripping headers": (drip_headers, "no whole answer within 1 s"),
    "dripping body": (drip_body, "no whole answer within 1 s"),
    "dripping chunks": (drip_chunks, "no whole answer within 1 s"),
}


@pytest.mark.parametrize(("talk", "says"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_servers(
    chip: Path, talk: Callable[[socket.socket], None], says: str, request: Any
):
    patient = "endless" in request.node.callspec.id
    times = {} if patient else {"deadline": "1", "read_timeout": "0.3"}
    started = time.monotonic()
    with serve_raw(talk) as server:
        text = refused(server.url, chip, **times)
    assert says in text
    assert text.startswith("127.0.0.1:")
    assert time.monotonic() - started < 5


@pytest.mark.slow
def test_a_server_that_does_not_take_the_image_ends_with_the_deadline(tmp_path: Path):
    image = tmp_path / "large.png"
    noise = np.random.default_rng(0).integers(0, 255, (3000, 3000, 3), np.uint8)
    Image.fromarray(noise).save(image, compress_level=0)  # more than sockets hold
    started = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        text = refused(url, image, deadline="1", read_timeout="30", connect_timeout="30")
    assert "no whole answer within 1 s" in text
    assert time.monotonic() - started < 5


def test_a_server_that_says_no_word_of_tls_ends_with_the_deadline(chip: Path):
    started = time.monotonic()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        text = refused(url, chip, deadline="1", read_timeout="30", connect_timeout="30")
    assert "no whole answer within 1 s" in text
    assert time.monotonic() - started < 5


def test_a_host_that_is_not_there_is_said(chip: Path):
    with socket.create_server(("127.0.0.1", 0)) as probe:
        url = f"http://127.0.0.1:{probe.getsockname()[1]}/"
    assert "refuses connections; is it running? (3 attempts)" in refused(
        url, chip, retries="2", backoff="0.01"
    )


# --------------------------------------------------------------------------------- again


def in_turn(*answers: Answer) -> Callable[[Request], Answer]:
    left = list(answers)
    return lambda request: left.pop(0) if len(left) > 1 else left[0]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_a_passing_trouble_is_waited_for(chip: Path, status: int):
    busy: Answer = status, {}, b"busy"
    with serve(in_turn(busy, busy, ok(PNG))) as server:
        given = ask(server.url, chip, retries="2", backoff="0.01")
    np.testing.assert_array_equal(given, mask(5))
    assert len(server.requests) == 3
    assert [r.parts() for r in server.requests] == [server.requests[0].parts()] * 3


def test_the_server_says_how_long_to_wait(chip: Path):
    busy: Answer = 429, {"Retry-After": "1"}, b""
    started = time.monotonic()
    with serve(in_turn(busy, ok(PNG))) as server:
        given = ask(server.url, chip, retries="1", backoff="0")
    np.testing.assert_array_equal(given, mask(5))
    assert 1 <= time.monotonic() - started < 3


def test_no_wait_beyond_the_deadline(chip: Path):
    busy: Answer = 503, {"Retry-After": "86400"}, b"later"
    started = time.monotonic()
    with serve(lambda request: busy) as server:
        assert "answers 503: later" in refused(server.url, chip, retries="5")
    assert len(server.requests) == 1 and time.monotonic() - started < 2


def test_trouble_that_stays_is_given_up(chip: Path):
    with serve(lambda request: (500, {}, b"CUDA out of memory")) as server:
        text = refused(server.url, chip, retries="3", backoff="0.01")
    assert text.endswith("answers 500: CUDA out of memory (4 attempts)")
    assert len(server.requests) == 4


def test_a_broken_connection_is_tried_again(chip: Path):
    talks: list[Callable[[socket.socket], None]] = [hang_up, cut]

    def talk(connection: socket.socket) -> None:
        if talks:
            talks.pop(0)(connection)
            return
        head = f"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {len(PNG)}\r\n\r\n"
        connection.sendall(head.encode() + PNG)

    with serve_raw(talk) as server:
        given = ask(server.url, chip, retries="2", backoff="0.01")
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
    chip: Path, status: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)
    with serve(lambda request: ok(PNG)) as other:
        away: Answer = status, {"Location": other.url}, b""
        with serve(lambda request: away) as server:
            assert "redirects" in refused(server.url, chip, retries="2")
    assert other.requests == [] and other.connections == 0 and len(server.requests) == 1


@pytest.mark.parametrize(
    "location",
    ["https://127.0.0.1:1/", "//localhost/x", "file:///etc/passwd", "http://[", "http://u@{host}/",
     "http://127.0.0.1:99999999/"],
)  # fmt: skip
def test_odd_redirects_are_refused(chip: Path, location: str):
    def answer(request: Request) -> Answer:
        return 307, {"Location": location.replace("{host}", request.headers["host"])}, b""

    with serve(answer) as server:
        text = refused(server.url, chip, retries="2")
    malformed = "what is no HTTP"  # requests looks at it first
    assert "redirects to another server" in text or malformed in text
    assert len(server.requests) == server.connections == 1


def test_a_redirect_on_the_same_server_is_followed(chip: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)

    def answer(request: Request) -> Answer:
        there = request.path == "/predict/"
        return ok(PNG) if there else (308, {"Location": "/predict/"}, b"")

    with serve(answer) as server:
        np.testing.assert_array_equal(ask(server.url, chip), mask(5))
    first, second = server.requests
    assert len(first.parts()) == len(second.parts()) == 2
    assert second.headers["authorization"] == f"Bearer {SECRET}"


def test_redirects_in_circles_end(chip: Path):
    with serve(lambda request: (307, {"Location": request.path}, b"")) as server:
        assert "redirects in circles" in refused(server.url, chip)
    assert len(server.requests) == 4
