"""Whom the token goes to, where it is never seen, and whose certificates are taken."""

from __future__ import annotations

import json
import logging
import pickle
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.predictors import PREDICTORS, secrets
from pairlens.importers.errors import UsageError
from tests.unit.http_calls import PNG, SECRET, ask, load, ok, queries, refused
from tests.unit.predictions import mask
from tests.unit.web import (
    Answer,
    Request,
    drip,
    read_request,
    self_signed,
    serve,
)

pytestmark = pytest.mark.usefixtures("no_settings")


# ------------------------------------------------------------------------------ the token


def test_the_token_is_sent_and_shown_nowhere(
    chip: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv(secrets.HTTP_TOKEN, f"  {SECRET}\n")

    def answer(request: Request) -> Answer:
        return 500, {}, b" " * 600 + f"{request.headers}".encode()

    with caplog.at_level(logging.DEBUG), serve(answer) as server:
        predictor = load(server.url, retries="1", backoff="0.01")
        (given,) = predictor.predict(queries(chip))
    assert [r.headers["authorization"] for r in server.requests] == [f"Bearer {SECRET}"] * 2
    assert isinstance(given, Exception)
    assert given.__cause__ is None and given.__context__ is None
    client = predictor._client
    shown = [str(given), repr(given), caplog.text, repr(client), str(client.token),
             f"{client.token!r:>20}", repr(vars(client)), repr(vars(predictor))]  # fmt: skip
    assert [text for text in shown if SECRET in text or SECRET[:12] in text] == []
    with pytest.raises(TypeError):
        pickle.dumps(client.token)


def test_a_token_that_a_server_repeats_is_not_quoted(chip: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)
    for before in ("bad token ", "x" * 630):
        words = f"{before}{SECRET} "
        with serve(lambda request, words=words: (403, {}, words.encode())) as server:
            text = refused(server.url, chip)
        assert "answers 403 (the token may not do this)" in text
        assert SECRET[:6] not in text


@pytest.mark.parametrize(
    "answer",
    [
        lambda sent: (200, {"Content-Type": sent}, b"x"),
        lambda sent: (200, {"Content-Type": sent.upper()}, b"x"),
        lambda sent: (200, {"Content-Type": "application/x-npy"}, npy_with(sent)),
        lambda sent: (403, {}, sent[:16].encode() + b"\0" + sent[16:].encode()),
        lambda sent: (403, {}, b"x" * (640 - 15) + sent.encode()),
        lambda sent: (403, {}, sent.replace("-", "%2D").encode()),
        lambda sent: (200, {"Content-Type": "application/json"}, json.dumps([sent]).encode()),
        lambda sent: (200, {"Content-Encoding": sent, "X-Echo": sent}, b"x"),
        lambda sent: (307, {"Location": f"http://{sent[7:]}.example/"}, b""),
    ],
)
def test_whatever_repeats_the_token_is_not_told(
    chip: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: Callable[[str], Answer],
):
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)
    with (
        caplog.at_level(logging.DEBUG),
        serve(lambda request: answer(request.headers["authorization"])) as server,
    ):
        given = ask(server.url, chip)
    assert isinstance(given, Exception) and len(server.requests) == 1
    told = "".join(traceback.format_exception(given)) + caplog.text
    parts = [SECRET[at : at + 7] for at in range(len(SECRET) - 7)]
    assert [part for part in parts if part.lower() in told.lower()] == []


def npy_with(text: str) -> bytes:
    head = f"{{'descr': '{text}', 'fortran_order': False, 'shape': (1, 1), }}\n".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(head)) + head + b"\1"


def test_no_token_of_a_netrc_is_sent(chip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password of-mine\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    with serve(lambda request: ok(PNG)) as server:
        ask(server.url, chip)
    assert "authorization" not in server.requests[0].headers


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_what_is_for_this_machine_goes_past_the_proxy(
    chip: Path, monkeypatch: pytest.MonkeyPatch, host: str
):
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)
    with serve(lambda request: ok(PNG)) as proxy, serve(lambda request: ok(PNG)) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "elsewhere.example.org")
        given = ask(server.url.replace("127.0.0.1", host), chip)
        np.testing.assert_array_equal(given, mask(5))
        assert (proxy.connections, len(server.requests)) == (0, 1)
        np.testing.assert_array_equal(
            ask("http://mask.example.org/", chip, open_token="yes"), mask(5)
        )
        assert proxy.connections == 1  # of another machine it is the user's to say


def test_a_token_is_not_sent_in_the_open(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)
    with pytest.raises(UsageError) as caught:
        load("http://models.example.org/predict")
    assert "unencrypted" in str(caught.value) and SECRET not in str(caught.value)
    assert load("http://models.example.org/predict", open_token="yes")
    assert load("https://models.example.org/predict")


def test_a_token_goes_to_the_listed_hosts_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)
    monkeypatch.setenv(secrets.TOKEN_HOSTS, "models.example.org, 127.0.0.1")
    assert load("https://MODELS.example.org/predict")
    with pytest.raises(UsageError, match=r"does not list 'evil\.example'"):
        load("https://evil.example/predict")


@pytest.mark.parametrize("token", ["two words", "new\nline", "schlüssel", "a\x7fb"])
def test_a_token_that_is_none_is_refused_unseen(token: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(secrets.HTTP_TOKEN, token)
    with pytest.raises(UsageError) as caught:
        load("https://127.0.0.1/")
    assert token not in str(caught.value) and secrets.HTTP_TOKEN in str(caught.value)


def test_a_token_of_the_plugins_secrets_comes_first(chip: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(secrets.HTTP_TOKEN, "of-the-environment")
    with serve(lambda request: ok(PNG)) as server:
        with secrets.using_lookup({secrets.HTTP_TOKEN: SECRET}.get):
            inside = load(server.url)
        for predictor in (inside, load(server.url)):
            list(predictor.predict(queries(chip)))
    sent = [request.headers["authorization"] for request in server.requests]
    assert sent == [f"Bearer {SECRET}", "Bearer of-the-environment"]


# ----------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "10.0.0.7", "192.168.1.2", "172.16.0.1", "100.100.100.200", "0.0.0.0",
     "2852039166", "0xa9.0xfe.0xa9.0xfe", "127.1", "127.0.0.2", "[fe80::1]", "[fd00:ec2::254]",
     "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[::]", "metadata.google.internal",
     "metadata.google.internal."],
)  # fmt: skip
def test_private_addresses_are_refused_unless_allowed(host: str):
    for predictor, params in (("http", {}), ("vlm", {"model": "m"})):
        given = params | {"url": f"http://{host}:9/"}
        with pytest.raises(UsageError, match=r"is an address of a private network.*allow_private"):
            PREDICTORS[predictor].load(given, "cpu")
        PREDICTORS[predictor].load(given | {"allow_private": "yes"}, "cpu").close()


def test_a_name_that_stands_for_this_machine_is_refused_unless_allowed(
    chip: Path, monkeypatch: pytest.MonkeyPatch
):
    name = "here.example.org"
    real = socket.getaddrinfo

    def looked_up(host: str, *rest: Any, **more: Any) -> Any:
        known = host in (name, name.encode()) and not more.get("flags")
        return real("127.0.0.1" if known else host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with serve(lambda request: ok(PNG)) as server:
        url = server.url.replace("127.0.0.1", name)
        assert "has the address 127.0.0.1, which is an address of a private" in refused(url, chip)
        assert server.connections == 0
        np.testing.assert_array_equal(ask(url, chip, allow_private="yes"), mask(5))


def test_a_name_that_changes_its_address_when_it_is_connected_to_is_refused(
    chip: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)
    name = "moves.example.org"
    real = socket.getaddrinfo
    asked: list[str] = []

    def looked_up(host: str, *rest: Any, **more: Any) -> Any:
        if host not in (name, name.encode()) or more.get("flags"):
            return real(host, *rest, **more)
        asked.append(name)
        return real("8.8.8.8" if len(asked) == 1 else "127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", looked_up)
    with serve(lambda request: ok(PNG)) as server:
        url = server.url.replace("127.0.0.1", name)
        text = refused(url, chip, open_token="yes")
        assert "has the address 127.0.0.1, which is an address of a private" in text
        assert len(asked) == 2 and server.requests == []
        np.testing.assert_array_equal(
            ask(url, chip, open_token="yes", allow_private="yes"), mask(5)
        )


def test_a_proxy_may_be_of_a_private_network(chip: Path, monkeypatch: pytest.MonkeyPatch):
    with serve(lambda request: ok(PNG)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        np.testing.assert_array_equal(ask("http://mask.example.org/", chip), mask(5))
    assert proxy.connections == 1


def test_public_and_loopback_addresses_are_not_refused(chip: Path):
    for host in ("localhost", "127.0.0.1", "[::1]", "8.8.8.8", "models.example.org"):
        load(f"http://{host}:9/").close()


# ----------------------------------------------------------------------------------- tls


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    chip: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(secrets.HTTP_TOKEN, SECRET)
    context = self_signed(certificates)
    with serve(lambda request: ok(PNG), context) as server:
        text = refused(server.url, chip, retries="3")
        assert "its certificate is not trusted" in text and "attempts" not in text
        assert server.requests == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "certificate.pem"))
        np.testing.assert_array_equal(ask(server.url, chip), mask(5))
        elsewhere = server.url.replace("127.0.0.1", "localhost")
        assert "its certificate is not trusted" in refused(elsewhere, chip)
    assert len(server.requests) == 1


def test_a_deadline_holds_over_tls(chip: Path, certificates: Path, monkeypatch: pytest.MonkeyPatch):
    context = self_signed(certificates)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates / "certificate.pem"))

    def talk(plain: socket.socket) -> None:
        with context.wrap_socket(plain, server_side=True) as connection:
            read_request(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
            drip(connection, b"y", 8)

    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        connection, _ = listener.accept()
        with suppress(OSError):  # the client hangs up
            talk(connection)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    started = time.monotonic()
    with listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        assert "no whole answer within 1 s" in refused(url, chip, deadline="1")
    assert time.monotonic() - started < 3
    thread.join(5)
    assert not thread.is_alive()
