"""Runs commands in processes that can be killed at any of their writes.

Lines of JSON come on standard input, ``{"command", "point", "folder", "waits"}``; for each, one
goes to standard output: ``{"code", "points", "said"}``. A process is forked for each command, so
that FiftyOne is imported once. Before the ``point``-th of its writes it kills itself with SIGKILL,
or, where it ``waits``, writes the line ``{"at"}`` and waits for another one before it goes on; a
``point`` of 0 does neither. ``points`` are the writes that a process that came to its end has made:
to the database, and of files in ``folder`` when these are renamed, removed or made folders.
"""

from __future__ import annotations

import atexit
import json
import os
import signal
import sys
import tempfile
import threading
from typing import Any

import fiftyone.core.odm.database as connecting
from pymongo import monitoring

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.adoption import runner as _adoption  # noqa: F401 - takes long
from pairlens.fiftyone_plugin.checks import runner as _checks  # noqa: F401
from pairlens.fiftyone_plugin.curation import decisions as _decisions  # noqa: F401
from pairlens.fiftyone_plugin.curation import holdings as _holdings  # noqa: F401
from pairlens.fiftyone_plugin.exporters import runner as _exporters  # noqa: F401
from pairlens.fiftyone_plugin.metrics import runs as _runs  # noqa: F401
from pairlens.fiftyone_plugin.predictors import consensus as _consensus  # noqa: F401
from pairlens.importers import ingest as _ingest  # noqa: F401
from pairlens.importers import store

WRITES = frozenset({
    "insert", "update", "delete", "findAndModify", "create", "createIndexes", "drop",
    "dropIndexes", "renameCollection", "collMod",
})  # fmt: skip
"""Commands that change a database."""

FILES = frozenset({"os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.link", "shutil.rmtree"})
"""Events of Python's audit that change a folder."""

MOST_SAID = 2000


class Points(monitoring.CommandListener):
    """Counts what a process writes, and kills it before one of the writes, or has it wait there.

    Args:
        last: the write before which that is done
        folder: where writes of files count
        waits: the file that is told when it waits; ``None`` if it is killed
    """

    def __init__(self, last: int, folder: str, waits: int | None) -> None:
        self.count = 0
        self._last = last
        self._folder = folder
        self._waits = waits
        self._lock = threading.Lock()

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
        if event in FILES and args and str(args[0]).startswith(self._folder):
            self._next()

    def _next(self) -> None:
        with self._lock:
            self.count += 1
            if self.count != self._last:
                return
            if self._waits is None:
                os.kill(os.getpid(), signal.SIGKILL)
            else:
                os.write(self._waits, json.dumps({"at": self.count}).encode() + b"\n")
                while os.read(0, 1) != b"\n":
                    pass


def main() -> None:
    """Answers until the input ends."""
    connecting._disconnect()  # every process connects anew
    store.BATCH = 5  # so that small datasets are written in several batches
    out = os.fdopen(os.dup(1), "w")
    print(json.dumps({"ready": True}), file=out, flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        waits = out.fileno() if asked.pop("waits") else None
        print(json.dumps(_answer(**asked, waits=waits)), file=out, flush=True)


def _answer(command: list[str], point: int, folder: str, waits: int | None) -> dict[str, Any]:
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as counted:
        child = os.fork()
        if not child:
            code = 70  # what no command ends with
            try:
                os.dup2(said.fileno(), 1)
                os.dup2(said.fileno(), 2)
                code = _run(command, Points(point, folder, waits), counted)
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts: list[str] = []
        for file in (said, counted):
            file.seek(0)
            texts.append(file.read())
    return {"code": code, "points": int(texts[1] or 0), "said": texts[0][-MOST_SAID:]}


def _run(command: list[str], points: Points, counted: Any) -> int:
    monitoring.register(points)
    sys.addaudithook(points.audit)
    code = cli.main(command)
    atexit._run_exitfuncs()
    print(points.count, file=counted, flush=True)
    return code


if __name__ == "__main__":
    main()
