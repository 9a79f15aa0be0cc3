"""Worker processes that end with their parent and do not run its script again."""

from __future__ import annotations

import atexit
import io
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from threading import Thread, Timer
from types import FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

from pairlens.importers.errors import AGAIN, StateError, UsageError

MOST_PER_CORE = 16
"""Processes; each takes some 100 MB and a second of a core to start, and all start at once."""

_TIDYING = 0.3
"""Seconds that a worker which is told to end has for it."""


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

    def __init__(self, future: Future[Any], left: list[Future[Any]]) -> None:
        self.result = future.result
        self._future, self._left = future, left

    def cancel(self) -> None:
        """Lets go of it, which ends the processes once no more is handed to them.

        Where a worker dies at the same moment, Python's own thread that looks after the processes
        stumbles over a future that was cancelled, with a traceback, and leaves them as they are.
        """
        self._left.append(self._future)


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
    context = _Spawn(SpawnProcess if _is_of_script(function) else _ProcessAlone)
    try:
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    except OSError as error:
        raise StateError(
            f"no worker process can be started, whose locks stand in /dev/shm ({error.strerror}); "
            "make room there, or leave --engine processes out"
        ) from error
    left: list[Future[Any]] = []
    try:
        yield lambda *given: _Under(pool.submit(_work, *given), left)
    finally:
        if any(not future.done() for future in left):
            # What they are at is for nothing, and can take minutes.
            for worker in context.started:
                worker.terminate()
        pool.shutdown(cancel_futures=True)


class _Ended(SystemExit):
    """A worker was told to end."""


def _work(work: Callable[..., Any], *given: Any) -> Any:
    """Runs in a worker. Python's own would take what ends it for a result, and go on."""
    try:
        return work(*given)
    except _Ended:
        atexit._run_exitfuncs()  # or Python warns of what libraries have open
        os._exit(1)


def _start_worker() -> None:
    """Ends a worker when its parent ends, however that ends, and leaves Ctrl-C to the parent.

    Idle workers otherwise wait for ever: each holds the end of the pipe that they all read from.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end_tidily)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_tidily(number: int, frame: FrameType | None) -> NoReturn:
    """Ends a worker that is told to end: what it began to write is removed, and not waited for."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is told more than once
    late = Timer(_TIDYING, os._exit, (1,))
    late.daemon = True
    late.start()
    raise _Ended(1)


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


class _Spawn(SpawnContext):
    """Starts processes of a kind, and knows them."""

    def __init__(self, kind: type[SpawnProcess]) -> None:
        self.kind, self.started = kind, list[SpawnProcess]()

    def Process(self, *given: Any, **named: Any) -> SpawnProcess:  # type: ignore[override]
        process = self.kind(*given, **named)
        self.started.append(process)
        return process


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
