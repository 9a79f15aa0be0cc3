"""The MongoDB server of the tests.

FiftyOne's embedded server is shared by all processes of a user, *whatever* their
``FIFTYONE_DATABASE_DIR``: a test that started FiftyOne plainly while the user has the App
open would work in the user's database. So the tests start the ``mongod`` that came with
FiftyOne themselves, on a port and in a folder of their own. ``FIFTYONE_DATABASE_URI`` names
it from the start, for this process and every process it starts; the server itself starts
with the first test that wants it.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import socket
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path

START_SECONDS = 60

PID = "mongod.pid"
"""File in a server's folder with the number of its process."""

_PARENT = 'trap "" INT; "$0" "$@" & pid=$!; read -r _; kill $pid; wait $pid'
"""Stops the server when this process ends, however it ends: then its standard input closes."""


def mongod() -> str:
    """The server program that came with FiftyOne, found without importing it, or the system's."""
    spec = find_spec("fiftyone")
    assert spec is not None and spec.origin is not None, "FiftyOne is not installed"
    own = Path(spec.origin).parent / "db" / "bin" / "mongod"
    found = str(own) if own.is_file() else shutil.which("mongod")
    assert found, "no mongod; `pairlens doctor` says how to get one"
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def start(folder: Path, port: int, *options: str, cache_gb: float = 0.5) -> subprocess.Popen[bytes]:
    """Starts a server in ``folder`` that ends with this process; returns when it listens."""
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "mongo.log"
    args = ["--dbpath", str(folder), "--logpath", str(log), "--port", str(port)]
    args += ["--bind_ip", "127.0.0.1", "--nounixsocket", "--pidfilepath", str(folder / PID)]
    args += ["--wiredTigerCacheSizeGB", str(cache_gb), *options]
    # Figures of each second for MongoDB's support, a third of what an idle server does.
    args += ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    server = subprocess.Popen(
        ["/bin/sh", "-c", _PARENT, mongod(), *args],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    atexit.register(server.communicate)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        if listens(port):
            return server
        time.sleep(0.05)
    server.communicate()
    end = log.read_text()[-2000:] if log.exists() else "(none)"
    raise RuntimeError(f"mongod did not start; the end of its log:\n{end}")


class Server:
    """A server for one test, which it can stop, kill, and start again on the same data.

    Args:
        folder: folder of the data
        options: further options of ``mongod``
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Host and port."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts the server, and returns when it listens."""
        self._process = start(self._folder, self.port, *self._options, cache_gb=0.25)

    def kill(self) -> None:
        """Kills the server, as if the machine lost power."""
        if self._process is not None:
            self._send(signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def pause(self) -> None:
        """Suspends the server until :meth:`go_on`; its connections stay open."""
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        """Continues after :meth:`pause`."""
        self._send(signal.SIGCONT)

    def _send(self, number: int) -> None:
        os.kill(int((self._folder / PID).read_text()), number)
