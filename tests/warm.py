"""Python processes that need not import what takes long.

FiftyOne takes four seconds of a processor to import, more than three of them in packages that it
imports. :mod:`tests.warm_server` does that once and forks for each process. FiftyOne and PairLens
themselves are imported by every process anew, under the settings of its environment. A process
that is tested for what it imports, or for how Python starts, is started by :mod:`subprocess`.
"""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from tests import warm_server

ROOT = Path(__file__).resolve().parent.parent


class Process:
    """A Python process, used as a :class:`subprocess.Popen` with pipes of text.

    Args:
        arguments: ``-c``, code and its arguments, or ``-m``, a module and its arguments
        environment: of the process; that of this one if not given
        folder: where it works
    """

    def __init__(
        self, *arguments: str, environment: Mapping[str, str] | None = None, folder: Path = ROOT
    ) -> None:
        theirs, ours = zip(*(os.pipe() for _ in range(4)), strict=True)
        stdin, *_ = theirs
        asked = {
            "arguments": arguments,
            "environment": dict(os.environ if environment is None else environment),
            "folder": str(folder),
        }
        socket.send_fds(_server(), [json.dumps(asked).encode()], [stdin, *ours[1:]])
        for file in (stdin, *ours[1:]):
            os.close(file)
        self.args = arguments
        self.stdin = os.fdopen(ours[0], "w")
        self.stdout, self.stderr, self._state = map(os.fdopen, theirs[1:])
        self.pid = int(self._state.readline())
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """The exit code, ``None`` while the process runs."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Waits for the process to end.

        Raises:
            TimeoutExpired: after so many seconds
        """
        if (code := self._ended(timeout)) is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._state], [], [], timeout)[0]:
            self.returncode = int(self._state.readline())
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Sends a signal to a process that runs."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Ends it at once."""
        self.send_signal(9)

    def communicate(self, input: str = "", timeout: float | None = None) -> tuple[str, str]:
        """Writes to the process, closes its input, and reads until it has ended."""
        said: list[str] = ["", ""]

        def read(number: int) -> None:
            said[number] = (self.stdout, self.stderr)[number].read()

        readers = [threading.Thread(target=read, args=(n,), daemon=True) for n in range(2)]
        for reader in readers:
            reader.start()
        with suppress(BrokenPipeError):  # it may end without reading
            if not self.stdin.closed:
                self.stdin.write(input)
                self.stdin.close()
        try:
            self.wait(timeout)
        finally:
            self.kill()
        for reader in readers:
            reader.join()
        return said[0], said[1]


def run(
    *arguments: str,
    environment: Mapping[str, str] | None = None,
    folder: Path = ROOT,
    timeout: float = 120,
) -> subprocess.CompletedProcess[str]:
    """Runs a Python process with nothing to read to its end; the arguments are a ``Process``'s."""
    process = Process(*arguments, environment=environment, folder=folder)
    out, error = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(arguments, process.wait(), out, error)


@cache
def _server() -> socket.socket:
    """The server's socket; the server ends when this process does, and the socket with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        subprocess.Popen(
            [sys.executable, warm_server.__file__, str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    return ours
