"""The server of :mod:`tests.warm`: imports packages once, and forks for each process asked for.

A request is the JSON of a process's arguments, environment and folder, with the files that are to
be its standard input, output and error, and one that takes its number and how it ended.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
from types import ModuleType
from typing import Any

PACKAGES = (
    "IPython.display", "attr", "cachetools", "cryptography.x509", "cv2", "dacite", "dill", "httpx",
    "jinja2", "jsonlines", "matplotlib", "mongoengine", "motor.motor_asyncio", "plotly.express",
    "plotly.subplots", "py7zr", "pydash", "rarfile", "requests", "rich.progress", "scipy.ndimage",
    "scipy.spatial.transform", "setuptools", "skimage.segmentation", "sklearn.linear_model",
    "sortedcontainers", "sse_starlette", "starlette.responses", "strawberry", "tabulate",
    "tifffile", "tqdm", "wcwidth", "xmltodict", "yaml",
)  # fmt: skip
"""What FiftyOne and PairLens import and takes long; none that a test says is not imported."""

PATTERNS = ("pairlens.importers.formats", "pairlens.fiftyone_plugin.checks")
"""What of PairLens has long regular expressions, and imports no FiftyOne."""

MOST = 1 << 20
"""Bytes of a request."""


def next_request(requests: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """Returns in a new process for each request; the server ends here when no more can come."""
    while True:
        data, files, _, _ = socket.recv_fds(requests, MOST, 4)
        if not data:
            os._exit(0)
        if os.fork() == 0:
            requests.close()
            return json.loads(data), files
        for file in files:
            os.close(file)


def in_child(state: int, others: list[int]) -> None:
    """Returns in a child of this process, which waits for it and tells how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if not child:
        os.close(state)
        return
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    for file in (*others, 0, 1, 2):  # or their readers would wait for this process too
        os.close(file)
    os.write(state, b"%d\n" % child)
    os.write(state, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    os._exit(0)


def run(asked: dict[str, Any], path: list[str]) -> None:
    """Runs what was asked for as a Python that was just started would."""
    os.environ.clear()
    os.environ.update(asked["environment"])
    os.chdir(asked["folder"])
    added = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    option, what, *arguments = asked["arguments"]
    sys.path[:] = ["" if option == "-c" else asked["folder"], *filter(None, added), *path]
    importlib.invalidate_caches()
    sys.argv = [option, *arguments]
    if "PYTHONUNBUFFERED" in os.environ:
        sys.stdout.reconfigure(write_through=True)  # type: ignore[union-attr]
    if option == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(what, "<string>", "exec"), main.__dict__)


def ended(asked: dict[str, Any], path: list[str]) -> int:
    """Runs what was asked for to its end, and gives the exit code that Python would."""
    try:
        run(asked, path)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return end.code or 0
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
        return -signal.SIGINT if isinstance(error, KeyboardInterrupt) else 1
    return 0


def end(code: int) -> None:
    """Ends as Python does, but leaves the objects: to tidy up those of all packages takes long."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def compile_patterns() -> None:
    """Has Python compile the regular expressions of PairLens, a quarter of what its import takes.

    Python keeps them by their text; PairLens is forgotten again.
    """
    for name in PATTERNS:
        importlib.import_module(name)
    for name in [one for one in sys.modules if one.partition(".")[0] == "pairlens"]:
        del sys.modules[name]


def serve() -> None:
    """Serves the socket whose number is the argument."""
    known = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = [one for one in sys.path[1:] if one not in known]
    for name in PACKAGES:
        importlib.import_module(name)
    compile_patterns()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    asked, (*standard, state) = next_request(socket.socket(fileno=int(sys.argv[1])))
    in_child(state, standard)
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    end(ended(asked, path))


if __name__ == "__main__":
    serve()
