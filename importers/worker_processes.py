"""Worker processes that end with their parent and do not run its script again."""

from __future__ import annotations

import io
import os
import pickle
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from multiprocessing import Pipe, parent_process, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from multiprocessing.reduction import ForkingPickler
from threading import Thread
from types import FrameType, FunctionType, ModuleType
from typing import Any, NoReturn

from pairlens.importers.errors import AGAIN, StateError, UsageError, as_it_is, sendable
from pairlens.importers.starving import end_when_starved

MOST_PER_CORE = 16
"""Processes; each takes some 100 MB and a second of a core to start, and all start at once."""

_TIDYING = 0.3
"""Seconds that a worker which is told to end has for it."""

_LEAVING = 5.0
"""Seconds that workers which have nothing to do have for what Python does as it ends."""

_LOOK = 1.0
"""Seconds after which it is looked whether a worker that does not answer lives."""


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


class _Worker:
    """A worker process, with a pipe of its own."""

    def __init__(self, kind: type[SpawnProcess]) -> None:
        self._pipe, theirs = Pipe()
        self.process = kind(target=_serve, args=(theirs,))
        with theirs, _deaf():
            self.process.start()

    def call(self, work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        """What a call gives in the process, or raises there.

        Raises:
            _Died: if the process did
        """
        asked = ForkingPickler.dumps((work, given))
        try:
            self._pipe.send_bytes(asked)
            self._wait()
            answer = self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            raise _Died from error
        error, value = pickle.loads(answer)
        if error is not None:
            raise error
        return value

    def _wait(self) -> None:
        """Returns when there is something to read.

        That the pipe is closed does not tell that the process died: one that a library forked in it
        holds the pipe as well.
        """
        while not self._pipe.poll(_LOOK):
            if not self.process.is_alive() and not self._pipe.poll():
                raise _Died

    def close(self) -> None:
        """Tells the process that there is nothing to do any more."""
        self._pipe.close()


class _Died(Exception):
    """A worker process did."""


@contextmanager
def process_pool(
    workers: int, function: Callable[..., Any]
) -> Iterator[Callable[..., Future[Any]]]:
    """Yields what hands calls to processes that can run a function; what has not begun never does.

    Python's own pool has one pipe for the results of all processes: where one of them is killed
    while it writes there, all others, and who waits for them, wait for ever.

    Args:
        workers: the number of processes
        function: what they run

    Raises:
        StateError: if one cannot be started, or dies
    """
    # Forking a process that holds a database connection and threads can deadlock.
    kind = SpawnProcess if _is_of_script(function) else _ProcessAlone
    started, free = list[_Worker](), list[_Worker]()
    over = list[str]()  # why nothing more is begun

    def call(work: Callable[..., Any], given: tuple[Any, ...]) -> Any:
        worker = free.pop()
        try:
            if over:
                raise StateError(over[0])
            return worker.call(work, given)
        except _Died as error:
            over.append(died(function, given[0]))
            raise StateError(over[0]) from error
        finally:
            free.append(worker)

    def stop() -> None:
        over.append("the work was let go of")
        busy = [one.process for one in started if one not in free]
        for process in busy:  # what they are at is for nothing, and can take minutes
            process.terminate()
        _end(busy, 2 * _TIDYING)

    def leave() -> None:
        for worker in started:
            worker.close()
        _end([worker.process for worker in started], _LEAVING)

    with ExitStack() as last:  # all of it, whatever interrupts it
        last.callback(leave)
        threads = last.enter_context(ThreadPoolExecutor(workers, thread_name_prefix="pairlens"))
        last.callback(stop)

        def submit(work: Callable[..., Any], *given: Any) -> Future[Any]:
            if len(started) < workers:
                started.append(_started(kind))
                free.append(started[-1])
            return threads.submit(call, work, given)

        yield submit


def _started(kind: type[SpawnProcess]) -> _Worker:
    try:
        return _Worker(kind)
    except OSError as error:
        raise StateError(
            f"no more worker processes can be started ({error.strerror}); give fewer --workers, or "
            "leave --engine processes out"
        ) from error


def _end(processes: Sequence[SpawnProcess], seconds: float) -> None:
    """Waits for processes that know that they are to end, and kills those that have not in time."""
    until = time.monotonic() + seconds
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        process.kill()  # it may be in the middle of a library's computation
    for process in processes:
        process.join()


@contextmanager
def _deaf() -> Iterator[None]:
    """Within it, a process is started that hears no Ctrl-C until it chooses to.

    A terminal sends one to the workers as well, to whose start it would be a traceback.
    """
    resource_tracker.ensure_running()  # which would have the next one hear it
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# ------------------------------------------------------------------------------ in a worker


class _Ended(SystemExit):
    """A worker was told to end."""


def _serve(calls: Connection) -> None:
    """Answers calls until the pipe is closed."""
    _start_worker()
    while True:
        try:
            asked = calls.recv_bytes()
        except (EOFError, OSError):
            return
        calls.send_bytes(_answer(asked))


def _answer(asked: bytes) -> Any:
    """An error that a call raised, or what it gave, as bytes."""
    try:
        work, given = pickle.loads(asked)
        return ForkingPickler.dumps((None, work(*given)))
    except Exception as error:
        return ForkingPickler.dumps((sendable(as_it_is(error)), None))


def _start_worker() -> None:
    """Ends a worker when its parent ends, however that ends, and leaves Ctrl-C to the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, _end_tidily)
    Thread(target=_end_with_parent, daemon=True).start()
    end_when_starved()


def _end_tidily(number: int, frame: FrameType | None) -> NoReturn:
    """Ends a worker that is told to end: what it began to write is removed, and not waited for."""
    # Wherever this is raised, such as in what Python calls while it tidies up: nobody is to read
    # how it came through.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is told more than once
    # By the system, which needs no memory for it, as a thread does.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, _TIDYING)
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
        begun: what the worker was given, in order; named where it can be told as text
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
