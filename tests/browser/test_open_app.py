"""What opening the App refuses, before anything is started."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from pairlens.fiftyone_plugin.app import _own_port, open_app
from pairlens.fiftyone_plugin.plugin_link import is_linked
from pairlens.importers.errors import StateError, UsageError


@pytest.fixture
def foreign_port() -> Iterator[int]:
    """A port on which something listens that is no App."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_refuses_what_is_no_port(port: int) -> None:
    with pytest.raises(UsageError, match="from 1 to 65535"):
        open_app("any", port)


def test_refuses_a_dataset_that_is_not_there(dataset_name: str) -> None:
    with pytest.raises(StateError, match=f"no dataset '{dataset_name}'"):
        open_app(dataset_name)


def test_a_reviewer_gets_no_port_that_is_taken(dataset_name: str, foreign_port: int) -> None:
    import fiftyone as fo

    fo.Dataset(dataset_name)
    with pytest.raises(StateError, match="a reviewer's App has one of its own"):
        open_app(dataset_name, foreign_port, reviewer="Ada")


def test_a_port_is_reserved_before_anything_listens() -> None:
    first, held = _own_port(40151, None)
    second, other = _own_port(40151, None)
    assert first < second
    held.close()
    again, third = _own_port(40151, None)
    assert again == first
    for each in (other, third):
        each.close()


def test_refuses_a_port_of_another_program(dataset_name: str, foreign_port: int) -> None:
    import fiftyone as fo

    fo.Dataset(dataset_name)
    with pytest.raises(StateError, match=f"port {foreign_port} is taken"):
        open_app(dataset_name, foreign_port)
    assert is_linked()
