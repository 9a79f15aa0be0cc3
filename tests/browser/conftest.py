"""The real App, served by a process of its own, in a real Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, sync_playwright

from tests import database

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
START_SECONDS = 120
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
GRID_ZOOM = "8"
"""Thumbnails on which most phrases can be read whole."""

SERVE = (
    "import sys; from fiftyone_plugin.app import open_app; open_app(sys.argv[1], int(sys.argv[2]))"
)


@pytest.fixture(autouse=True, scope="session")
def _server(mongo: str) -> None:
    """Starts the database."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; closed with the module, since Playwright leaves an event loop running till then."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        pytest.skip("no Chromium on the PATH")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Serves the App for a dataset as ``pairlens app`` does, and gives its address."""
    servers: list[subprocess.Popen[bytes]] = []
    log = tmp_path_factory.mktemp("app") / "app.log"

    def start(dataset_name: str) -> str:
        port = database.free_port()
        command = [sys.executable, "-c", SERVE, dataset_name, str(port)]
        environment = {n: v for n, v in os.environ.items() if n not in SCREENS}
        environment["FIFTYONE_APP_GRID_ZOOM"] = GRID_ZOOM
        with open(log, "ab") as stream:
            server = subprocess.Popen(command, env=environment, stdout=stream, stderr=stream)
        servers.append(server)
        _wait(f"http://127.0.0.1:{port}/fiftyone", server, log)
        return f"http://127.0.0.1:{port}/datasets/{dataset_name}"

    yield start
    for server in servers:
        server.send_signal(signal.SIGINT)
        assert server.wait(30) == 0, log.read_text()


def _wait(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            time.sleep(0.25)
    raise RuntimeError(f"the App does not answer:\n{log.read_text()[-3000:]}")
