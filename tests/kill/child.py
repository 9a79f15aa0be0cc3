"""Runs commands in processes that can be killed at any of their writes, or lose their disk.

Lines of JSON come on standard input, ``{"command", "point", "folder", "source", "fault",
"reads"}``; for each, one goes to standard output: ``{"code", "points", "said"}``. A process is
forked for each command, so that FiftyOne is imported once. Before the ``point``-th of its writes
it meets the fault, one of :data:`FAULTS`, or, where that is ``WAITS``, writes the line ``{"at"}``
and waits for another one before it goes on; at a ``point`` of 0 none. ``points`` are the writes
that a process which came to its end has made: to the database, and of files in ``folder`` when
these are renamed, removed or made folders. Where ``reads`` is set, the files count as well that it
opened in the source.
"""

from __future__ import annotations

import atexit
import ctypes
import json
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiftyone.core.odm.database as connecting
from pymongo import monitoring

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.adoption import runner as _adoption  # noqa: F401 - takes long
from pairlens.fiftyone_plugin.checks import runner as _checks  # noqa: F401
from pairlens.fiftyone_plugin.curation import decisions as _decisions  # noqa: F401
from pairlens.fiftyone_plugin.curation import inventory as _inventory  # noqa: F401
from pairlens.fiftyone_plugin.exporters import runner as _exporters  # noqa: F401
from pairlens.fiftyone_plugin.judging import runner as _judging  # noqa: F401
from pairlens.fiftyone_plugin.metrics import runs as _runs  # noqa: F401
from pairlens.fiftyone_plugin.predictors import consensus as _consensus  # noqa: F401
from pairlens.importers import ingest as _ingest  # noqa: F401
from pairlens.importers import store
from tests.kill.trials import AWAY, WAITS

WRITES = frozenset({
    "insert", "update", "delete", "findAndModify", "create", "createIndexes", "drop",
    "dropIndexes", "renameCollection", "collMod",
})  # fmt: skip
"""Commands that change a database."""

FILES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "shutil.rmtree"})
"""Events of Python's audit that change a folder."""

MOST_SAID = 2000
FEW_BYTES = 4 << 20

_DAC_OVERRIDE, _DAC_READ_SEARCH, _CAPABILITIES = 1, 2, 0x20080522
"""Of Linux: what lets the superuser write and read anywhere, and the version of the call."""


def _kill(folder: str, source: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fill_disk(folder: str, source: str) -> None:
    """From now on the system writes no byte to any file."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))


def _lock_folders(folder: str, source: str) -> None:
    """From now on nothing in the folder can be made, renamed or removed."""
    for path, _, _ in os.walk(folder, topdown=False):
        Path(path).chmod(0o555)


def _lock_files(folder: str, source: str) -> None:
    """From now on no file of the source can be read."""
    for path, _, names in os.walk(source):
        for name in names:
            Path(path, name).chmod(0)


def _take_memory(folder: str, source: str) -> None:
    """From now on the system gives no more memory than threads need to start."""
    _limit_memory(FEW_BYTES)


def _take_all_memory(folder: str, source: str) -> None:
    """From now on the system gives no memory, so that threads die as they begin."""
    _limit_memory(0)


def _limit_memory(more: int) -> None:
    lines = Path("/proc/self/status").read_text().splitlines()
    [used] = [int(line.split()[1]) for line in lines if line.startswith("VmSize:")]
    resource.setrlimit(resource.RLIMIT_AS, (used * 1024 + more, resource.RLIM_INFINITY))


def _take_away(folder: str, source: str) -> None:
    Path(source).rename(f"{source}{AWAY}")


FAULTS: dict[str, Callable[[str, str], None]] = {
    "killed": _kill,
    "full": _fill_disk,
    "read-only": _lock_folders,
    "gone": _take_away,
    "locked": _lock_files,
    "memory": _take_memory,
    "starved": _take_all_memory,
}


class Points(monitoring.CommandListener):
    """Counts what a process writes, and brings about a fault before one of the writes.

    Args:
        last: the write before which that is done
        folder: where writes of files count
        strike: brings it about; is given the number of the write
        read: where the opening of files counts
    """

    def __init__(
        self, last: int, folder: str, strike: Callable[[int], None], read: str | None = None
    ) -> None:
        self.count = 0
        self._last = last
        self._folder = folder
        self._strike = strike
        self._read = read
        self._lock = threading.RLock()

    def started(self, event: Any) -> None:
        """Is told of each command of the database before it is sent."""
        if event.command_name in WRITES:
            self._next()

    def succeeded(self, event: Any) -> None:
        """Is told of each command that was done."""

    def failed(self, event: Any) -> None:
        """Is told of each command that failed."""

    def audit(self, event: str, args: tuple[Any, ...]) -> None:
        """Is told by Python of what it is about to do."""
        place = self._folder if event in FILES else self._read if event == "open" else None
        if place and args and str(args[0]).startswith(place):
            self._next()

    def _next(self) -> None:
        with self._lock:
            self.count += 1
            if self.count == self._last:
                self._strike(self.count)


def main() -> None:
    """Answers until the input ends."""
    connecting._disconnect()  # every process connects anew
    store.BATCH = 5  # so that small datasets are written in several batches
    out = os.fdopen(os.dup(1), "w")
    print(json.dumps({"ready": True}), file=out, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        folder = asked["folder"]
        strike = _strike_of(asked["fault"], folder, asked["source"], out.fileno())
        read = asked["source"] if asked["reads"] else None
        answer = _answer(asked["command"], Points(asked["point"], folder, strike, read))
        print(json.dumps(answer), file=out, flush=True)


def _strike_of(fault: str, folder: str, source: str, out: int) -> Callable[[int], None]:
    def wait(count: int) -> None:
        os.write(out, json.dumps({"at": count}).encode() + b"\n")
        while os.read(0, 1) != b"\n":
            pass

    return wait if fault == WAITS else lambda count: FAULTS[fault](folder, source)


def _answer(command: list[str], points: Points) -> dict[str, Any]:
    # Pipes, since a full disk takes no file.
    (said, say), (counted, count) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        code = 70  # what no command ends with
        try:
            os.dup2(say, 1)
            os.dup2(say, 2)
            code = _run(command, points)
            os.write(count, str(points.count).encode())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    os.close(say)
    os.close(count)
    texts: list[str] = []
    for end in (said, counted):
        with os.fdopen(end, errors="replace") as stream:
            texts.append(stream.read())
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return {"code": code, "points": int(texts[1] or 0), "said": texts[0][-MOST_SAID:]}


def _run(command: list[str], points: Points) -> int:
    _obey_permissions()
    monitoring.register(points)
    sys.addaudithook(points.audit)
    code = cli.main(command)
    atexit._run_exitfuncs()
    return code


def _obey_permissions() -> None:
    """Makes a superuser's process write and read only where anybody may who owns the files."""
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES, 0)
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; then the higher halves
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    sets[0] &= ~(1 << _DAC_OVERRIDE | 1 << _DAC_READ_SEARCH)
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


if __name__ == "__main__":
    main()
