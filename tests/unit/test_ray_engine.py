"""Requests to work on Ray that cannot be met: a sentence within seconds, and nothing started."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from threading import Thread

import pytest

from pairlens.importers import ray_engine
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.parallel import Pool, map_items


@pytest.fixture
def not_ray() -> Iterator[str]:
    """The address of a server that is something else."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)

        def answer() -> None:
            there, _ = server.accept()
            with there:
                there.recv(100)
                there.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


def unused() -> str:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"127.0.0.1:{server.getsockname()[1]}"


def test_nobody_answers() -> None:
    address = unused()
    with pytest.raises(StateError, match=f"answers at {address} .Connection refused.; start"):
        list(map_items(abs, [1], engine="ray", address=address))


def test_something_else_answers(not_ray: str) -> None:
    with pytest.raises(StateError, match=f"no Ray answers at {not_ray} .something else does."):
        list(map_items(abs, [1], engine="ray", address=not_ray))


def test_nothing_is_said_for_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_engine, "CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(StateError, match="timed out"):
            list(map_items(abs, [1], engine="ray", address=address))


@pytest.mark.parametrize("address", ["nonsense", "h:", "h:port", ":6379", "ray://h:1", "h:0"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(UsageError, match="is no address of a Ray cluster"):
        list(map_items(abs, [1], engine="ray", address=address))


def test_the_address_of_the_environment_is_tried_too(monkeypatch: pytest.MonkeyPatch) -> None:
    address = unused()
    monkeypatch.setenv("RAY_ADDRESS", address)
    with pytest.raises(StateError, match=f"no Ray answers at {address}"):
        list(map_items(abs, [1], engine="ray"))


def test_an_address_without_ray() -> None:
    for engine in (None, "threads", "processes"):
        with pytest.raises(UsageError, match="--ray-address auto belongs to --engine ray"):
            Pool(engine, None, "auto").check()


def test_ray_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(UsageError, match=r"needs Ray: pip install 'pairlens\[ray\]'"):
        list(map_items(abs, [1], engine="ray"))


def test_a_machine_that_is_too_busy_to_start_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ray itself waits half a minute before it says so."""
    ray = pytest.importorskip("ray")

    def init(**options: object) -> None:
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray, "init", init)
    words = "Ray on this machine cannot be worked on: The current node timed out"
    with pytest.raises(StateError, match=words):
        list(map_items(abs, [1], engine="ray"))
