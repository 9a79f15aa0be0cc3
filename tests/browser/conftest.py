"""The real App, served by a process of its own, in a real Chromium."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.browser import again
from tests.browser.grid import MILLISECONDS
from tests.browser.server import Server

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Five seconds, Playwright's own, are too few where other tests have a part of the processor.
expect.set_options(timeout=MILLISECONDS)

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """The first Chromium on the PATH."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has them repeated once where they fail."""
    again.repeat(items)


@pytest.fixture(autouse=True, scope="session")
def _server(mongo: str) -> None:
    """Starts the database."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; closed with the module, since Playwright leaves an event loop running till then."""
    program = chromium()
    if program is None:
        pytest.skip("no Chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Serves the App for a dataset as ``pairlens app`` does, and gives its address."""
    servers: list[Server] = []
    log = tmp_path_factory.mktemp("app") / "app.log"

    def start(dataset_name: str) -> str:
        servers.append(Server(dataset_name, log))
        return servers[-1].url

    yield start
    for server in servers:
        server.interrupt()
