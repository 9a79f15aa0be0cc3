"""The App's server as a process of its own, which a test may kill."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import httpx
import psutil

from pairlens.fiftyone_plugin.curation.texts import REVIEWER_VARIABLE
from tests import database, warm

START_SECONDS = 240
END_SECONDS = 120
"""A busy machine takes that long."""
SCREENS = ("DISPLAY", "WAYLAND_DISPLAY")
GRID_ZOOM = "8"
"""Thumbnails on which most phrases can be read whole."""


class Server:
    """Serves the App for a dataset as ``pairlens app`` does, as soon as it is made."""

    program: tuple[str, str] = ("-m", "tests.browser.serving")
    """Python that is given the dataset's name, the port, and the file that is printed to."""

    def __init__(self, dataset_name: str, log: Path) -> None:
        self.port = database.free_port()
        self.dataset_name = dataset_name
        self.log = log
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/datasets/{self.dataset_name}"

    def start(self) -> None:
        """Starts it, again on the same port if it ran before; returns when it answers."""
        command = [*self.program, self.dataset_name, str(self.port), str(self.log)]
        environment = {n: v for n, v in os.environ.items() if n not in SCREENS}
        environment.pop(REVIEWER_VARIABLE, None)
        environment["FIFTYONE_APP_GRID_ZOOM"] = GRID_ZOOM
        self.log.touch()
        self.process = warm.Process(*command, environment=environment)
        self._wait()

    def interrupt(self) -> None:
        """Ends it as Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(END_SECONDS) == 0, self.log.read_text()

    def kill(self) -> None:
        """Ends it as a power cut does, with all that it started; returns when all is quiet."""
        started = psutil.Process(self.process.pid).children(recursive=True)
        for process in (*started, self.process):
            process.kill()
        self.process.wait(END_SECONDS)
        psutil.wait_procs(started, timeout=END_SECONDS)
        assert not database.listens(self.port)

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if httpx.get(f"http://127.0.0.1:{self.port}/fiftyone", timeout=2).is_success:
                    return
            except httpx.HTTPError:
                time.sleep(0.25)
        raise RuntimeError(f"the App does not answer:\n{self.log.read_text()[-3000:]}")
