"""Serves the App as ``pairlens app`` does, with FiftyOne's server forked instead of started.

FiftyOne starts its server by two more Pythons, each of which imports all that FiftyOne imports. Run
by :mod:`tests.warm`, this has it all, and the server is forked off before FiftyOne itself is
imported, which it does for itself, in the environment that FiftyOne gives it. The first argument is
the dataset, the second the port, the third the file that is printed to.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import time
from pathlib import Path
from typing import IO, Any, NoReturn

import psutil

from tests import database


class Wrapper:
    """FiftyOne's process around its server, which ends the server when this one stops or ends."""

    def __init__(self) -> None:
        reading, writing = os.pipe()
        self.pid = os.fork()
        if not self.pid:
            os.close(writing)
            with os.fdopen(reading) as requests:
                _wrap(requests)
        os.close(reading)
        self._requests = os.fdopen(writing, "w")

    def start(self, service: Any) -> None:
        """In place of ``Service.start``."""
        asked = {
            "arguments": service.command[1:],
            "environment": {**os.environ, "FIFTYONE_DISABLE_SERVICES": "1", **service.env},
            "folder": service.working_dir,
        }
        print(json.dumps(asked), file=self._requests, flush=True)
        service.child = psutil.Process(self.pid)
        service.child.stdin = self._requests

    @staticmethod
    def wait(port: int) -> None:
        """In place of ``Service._wait_for_child_port``, which gives up after a minute."""
        while not database.listens(port):
            time.sleep(0.05)


def _wrap(requests: IO[str]) -> NoReturn:
    """Ends the server, if one was asked for, when nothing can be asked for any more."""
    if line := requests.readline():
        server = os.fork()
        if not server:
            requests.close()
            _serve(json.loads(line))
        requests.read()
        os.kill(server, signal.SIGTERM)
        os.waitpid(server, 0)
    os._exit(0)


def _serve(asked: dict[str, Any]) -> NoReturn:
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    sys.path[0] = asked["folder"]
    sys.argv = asked["arguments"]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        os._exit(0)


def main(dataset_name: str, port: int, log: Path) -> None:
    """Serves until it is interrupted."""
    with open(log, "ab") as stream:
        for number in (1, 2):
            os.dup2(stream.fileno(), number)
    wrapper = Wrapper()
    from fiftyone.core.service import Service

    Service.start = lambda self: wrapper.start(self)
    Service._wait_for_child_port = lambda self, port: wrapper.wait(port)

    from pairlens.fiftyone_plugin.app import open_app

    open_app(dataset_name, port)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
