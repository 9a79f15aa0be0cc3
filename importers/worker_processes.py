"""Worker processes that end with their parent and do not run its script again."""

from __future__ import annotations

import io
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Thread
from types import FunctionType, ModuleType
from typing import Any

from pairlens.importers.errors import AGAIN, StateError, UsageError

MOST_PER_CORE = 16
"""Processes; each takes some 100 MB and a second of a core to start, and all start at once."""


def check_number(workers: int | None, *, of_processes: bool) -> None:
    """Validates how many workers are wanted.

    Args:
        workers: the number, if one is given
        of_processes: whether all of them are to be processes of this machine

    Raises:
        UsageError: if it is below 1, or more than the machine can start
    """
    if workers is not None and workers < 1:
        raise UsageError(f"--workers {workers}: {workers} workers can do nothing; give 1 or more")
    cores = os.cpu_count() or 1
    if of_processes and workers is not None and workers > MOST_PER_CORE * cores:
        raise UsageError(
            f"--workers {workers}: so many processes are too many for the {cores} cores of this "
            f"machine; give {cores}, and {MOST_PER_CORE * cores} at the most"
        )


class _Under:
    """What a worker process was given."""

    def __init__(self, future: Future[Any]) -> None:
        self.result = future.result

    def cancel(self) -> None:
        """Lets go of it.

        Where a worker dies at the same moment, Python's own thread that looks after the processes
        stumbles over a future that was cancelled, with a traceback, and leaves them as they are.
        """


@contextmanager
def process_pool(workers: int, function: Callable[..., Any]) -> Iterator[Callable[..., _Under]]:
    """Yields what hands calls to processes that can run a function; what has not begun never does.

    Args:
        workers: the number of processes
        function: what they run

    Raises:
        StateError: if none can be started
    """
    # Forking a process that holds a database connection and threads can deadlock.
    context = get_context("spawn") if _is_of_script(function) else _SpawnAlone()
    try:
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    except OSError as error:
        raise StateError(
            f"no worker process can be started, whose locks stand in /dev/shm ({error.strerror}); "
            "make room there, or leave --engine processes out"
        ) from error
    try:
        yield lambda *given: _Under(pool.submit(*given))
    finally:
        pool.shutdown(cancel_futures=True)


def _start_worker() -> None:
    """Ends a worker when its parent ends, however that ends, and leaves Ctrl-C to the parent.

    Idle workers otherwise wait for ever: each holds the end of the pipe that they all read from.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _ProcessAlone(SpawnProcess):
    """A process that does not run the script of its parent again.

    Python's own imports that script, to find what it defines: whatever stands in it without
    ``if __name__ == "__main__":`` then runs once more in every worker.
    """

    @staticmethod
    def _Popen(process_obj: Any) -> Any:
        main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process_obj)  # type: ignore[attr-defined]
        finally:
            sys.modules["__main__"] = main


class _SpawnAlone(SpawnContext):
    Process = _ProcessAlone  # type: ignore[assignment]


class _OfScript(Exception):
    """Something is defined in the script that Python was started with."""


class _Finder(pickle.Pickler):
    def persistent_id(self, obj: Any) -> None:
        if isinstance(obj, type | FunctionType) and obj.__module__ == "__main__":
            raise _OfScript


def _is_of_script(function: Callable[..., Any]) -> bool:
    """Whether workers need the script itself to unpickle a function or its arguments."""
    try:
        _Finder(io.BytesIO()).dump(function)
    except _OfScript:
        return True
    except Exception:  # cannot be pickled, which the engine says
        return False
    return False


def died(function: Callable[..., Any], begun: Sequence[Any]) -> str:
    """What to say where a worker process died.

    Args:
        function: that it ran
        begun: what workers were given, in order; named where it can be told as text
    """
    if _is_of_script(function):
        return (
            "a worker process died: workers run the script again to find what it defines, so what "
            "it does must stand under if __name__ == '__main__':, or what it defines in a module"
        )
    named = bool(begun) and type(begun[0]).__str__ is not object.__str__
    at = f", at one of the {len(begun):,} from {begun[0]} to {begun[-1]}" if named else ""
    return (
        f"a worker process died, of too little memory or a crash in a decoder{at}; "
        f"{AGAIN}, and with fewer --workers if it was memory"
    )
