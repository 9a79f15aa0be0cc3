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
"""Maximum number of worker processes for each core. Each takes about 100 MB and a second of a core
to start, and all start at the same time."""

_TIDYING = 0.3
"""Seconds that a worker has to clean up after SIGTERM."""

_LEAVING = 5.0
"""Seconds that idle workers have to exit."""

_LOOK = 1.0
"""Seconds between checks whether a worker that does not answer is alive."""


def check_number(workers: int | None, *, of_processes: bool) -> None:
    """Validates the requested number of workers.

    Args:
        workers: the number; ``None`` for the default
        of_processes: whether the workers will be processes of this machine

    Raises:
        UsageError: if it is below 1, or more processes than the machine can start
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
    """A worker process with its own pipe.

    Args:
        kind: the class of the process
    """

    def __init__(self, kind: type[SpawnProcess]) -> None:
        self._pipe, theirs = Pipe()
        self.process = kind(target=_serve, args=(theirs,))
        with theirs, _deaf():
            self.process.start()

    def call(self, work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """Calls a function in the process, and returns its result or raises its error.

        Raises:
            _Died: if the process died
        """
        request = ForkingPickler.dumps((work, arguments))
        try:
            self._pipe.send_bytes(request)
            self._wait()
            answer = self._pipe.recv_bytes()
        except (EOFError, OSError) as error:
            raise _Died from error
        error, value = pickle.loads(answer)
        if error is not None:
            raise error
        return value

    def _wait(self) -> None:
        """Waits until the pipe has an answer.

        A closed pipe is not a sufficient sign that the process died: a process that a library
        forked from it holds the pipe open.

        Raises:
            _Died: if the process died without an answer
        """
        while not self._pipe.poll(_LOOK):
            if not self.process.is_alive() and not self._pipe.poll():
                raise _Died

    def close(self) -> None:
        """Closes the pipe, on which the process exits."""
        self._pipe.close()


class _Died(Exception):
    """A worker process died."""


@contextmanager
def process_pool(
    workers: int, function: Callable[..., Any]
) -> Iterator[Callable[..., Future[Any]]]:
    """Starts worker processes, and yields a function that submits calls to them.

    At the end of the context calls that have not begun are dropped, and busy workers are ended.

    ``concurrent.futures.ProcessPoolExecutor`` is not used since it has one pipe for the results of
    all processes: if a process is killed while it writes to the pipe, all others, and whoever waits
    for results, wait forever.

    Args:
        workers: the number of processes
        function: the function that they will run, which decides how they are started

    Yields:
        a function that takes what to call and its arguments, and returns a future. The future
        raises :class:`StateError` if the worker died

    Raises:
        StateError: if a process cannot be started
    """
    # Forking a process that holds a database connection and threads can deadlock.
    kind = SpawnProcess if _is_of_script(function) else _ProcessAlone
    started, free = list[_Worker](), list[_Worker]()
    over = list[str]()  # why no more calls are begun, if so

    def call(work: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        worker = free.pop()
        try:
            if over:
                raise StateError(over[0])
            return worker.call(work, arguments)
        except _Died as error:
            over.append(died(function, arguments[0]))
            raise StateError(over[0]) from error
        finally:
            free.append(worker)

    def stop() -> None:
        over.append("the work was cancelled")
        busy = [worker.process for worker in started if worker not in free]
        for process in busy:  # nobody needs their results, which can take minutes
            process.terminate()
        _end(busy, 2 * _TIDYING)

    def leave() -> None:
        for worker in started:
            worker.close()
        _end([worker.process for worker in started], _LEAVING)

    with ExitStack() as last:  # runs all callbacks, even if an interrupt occurs within one
        last.callback(leave)
        threads = last.enter_context(ThreadPoolExecutor(workers, thread_name_prefix="pairlens"))
        last.callback(stop)

        def submit(work: Callable[..., Any], *arguments: Any) -> Future[Any]:
            if len(started) < workers:
                started.append(_started(kind))
                free.append(started[-1])
            return threads.submit(call, work, arguments)

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
    """Waits for processes that were told to end, and kills those that have not ended in time."""
    until = time.monotonic() + seconds
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
        process.kill()  # it may be within a library's computation, which no signal interrupts
    for process in processes:
        process.join()


@contextmanager
def _deaf() -> Iterator[None]:
    """Blocks SIGINT within the context, so that a process started in it begins with it blocked.

    A terminal sends Ctrl-C to the workers as well, and one that is just starting would print a
    traceback.
    """
    resource_tracker.ensure_running()  # otherwise started with the process, and unblocks SIGINT
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# ------------------------------------------------------------------------------ in a worker


class _Ended(SystemExit):
    """Raised in a worker that received SIGTERM."""


def _serve(calls: Connection) -> None:
    """Answers calls until the pipe is closed; the main function of a worker."""
    _start_worker()
    while True:
        try:
            request = calls.recv_bytes()
        except (EOFError, OSError):
            return
        calls.send_bytes(_answer(request))


def _answer(request: bytes) -> Any:
    """Performs a call; returns the pickled pair of its error and its result, one being ``None``."""
    try:
        work, arguments = pickle.loads(request)
        return ForkingPickler.dumps((None, work(*arguments)))
    except Exception as error:
        return ForkingPickler.dumps((sendable(as_it_is(error)), None))


def _start_worker() -> None:
    """Sets up a worker: it ends when its parent ends in any way, and ignores Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    signal.signal(signal.SIGTERM, _end_tidily)
    Thread(target=_end_with_parent, daemon=True).start()
    end_when_starved()


def _end_tidily(number: int, frame: FrameType | None) -> NoReturn:
    """Ends a worker on SIGTERM through an exception, so that partly written files are removed."""
    # The exception can be raised anywhere, for instance in a destructor, which prints a traceback.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # SIGTERM can come more than once
    # The time is limited by an alarm, since starting a thread would need memory.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, _TIDYING)
    raise _Ended(1)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class _ProcessAlone(SpawnProcess):
    """A spawned process that does not import the main script of its parent.

    A normal spawned process does, to find what the script defines: code in the script outside of
    ``if __name__ == "__main__":`` then runs again in every worker.
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
    """Raised when an object to be pickled is defined in the main script."""


class _Finder(pickle.Pickler):
    def persistent_id(self, obj: Any) -> None:
        if isinstance(obj, type | FunctionType) and obj.__module__ == "__main__":
            raise _OfScript


def _is_of_script(function: Callable[..., Any]) -> bool:
    """Whether workers need the main script to unpickle a function or its arguments."""
    try:
        _Finder(io.BytesIO()).dump(function)
    except _OfScript:
        return True
    except Exception:  # it cannot be pickled, which sending it will report
        return False
    return False


def died(function: Callable[..., Any], begun: Sequence[Any]) -> str:
    """Returns the message that a worker process died.

    Args:
        function: the function that it ran
        begun: the items that it was given; the first and last are named if they have a ``__str__``
    """
    if _is_of_script(function):
        return (
            "a worker process died: workers run the script again to find what it defines, so put "
            "what it does under if __name__ == '__main__':, or what it defines into a module"
        )
    named = bool(begun) and type(begun[0]).__str__ is not object.__str__
    at = f", at one of the {len(begun):,} from {begun[0]} to {begun[-1]}" if named else ""
    return (
        f"a worker process died, of too little memory or a crash in a decoder{at}; "
        f"{AGAIN}, and with fewer --workers if it was memory"
    )
