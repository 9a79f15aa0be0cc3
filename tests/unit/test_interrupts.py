"""What Ctrl-C does to a process, whatever it is at."""

from __future__ import annotations

import hashlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.interrupts import INTERRUPTED, stopping_gracefully
from pairlens.importers.files import replace_whole
from pairlens.importers.parallel import Pool
from tests.warm import Process

BEGIN = """
import hashlib, signal, sys, time
from pairlens.fiftyone_plugin.interrupts import stopping_at_once, stopping_gracefully

def compute():  # in one call, which no signal ends
    hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000_000)

def ready():
    print("ready", flush=True)

"""
AT_ONCE = "with stopping_at_once():\n"
SOFTLY = "with stopping_gracefully() as stopped:\n"


@contextmanager
def started(code: str) -> Iterator[Process]:
    process = Process("-c", f"{BEGIN}{code}")
    try:
        assert process.stdout.readline() == "ready\n", process.communicate()
        yield process
    finally:
        process.kill()
        process.wait(10)


def ended(process: Process, within: float) -> str:
    """What a process said that ends in time."""
    process.wait(within)
    return process.stderr.read()


# ------------------------------------------------------------------------------ not to fire


def test_what_handles_ctrl_c_is_left_to_it() -> None:
    """However long: it is raised again only where nobody has to do with it any more."""
    code = """
    try:
        ready()
        time.sleep(60)
    except KeyboardInterrupt:
        time.sleep(1.8)
        print("tidied up", file=sys.stderr)
"""
    with started(AT_ONCE + code) as process:
        process.send_signal(signal.SIGINT)
        said = ended(process, 5)
    assert process.returncode == 0
    assert (
        said
        == "\nEnding what cannot be left in its middle. Ctrl-C again stops at once.\ntidied up\n"
    )


def test_who_has_begun_is_asked_to_stop() -> None:
    code = """
    stopped()
    ready()
    while not stopped():
        time.sleep(0.05)
    time.sleep(1)
    print("done", file=sys.stderr)
"""
    with started(SOFTLY + code) as process:
        process.send_signal(signal.SIGINT)
        said = ended(process, 5)
    assert process.returncode == 0
    assert said == "\nStopping after this batch. Ctrl-C again stops at once.\ndone\n"


def test_in_other_threads_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGINT)
    found: list[object] = []

    def run() -> None:
        with stopping_gracefully() as stopped:
            found.extend([stopped(), signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert found == [False, before]


def test_afterwards_all_is_as_it_was() -> None:
    before, threads = signal.getsignal(signal.SIGINT), threading.active_count()
    with stopping_gracefully() as stopped:
        assert not stopped() and signal.getsignal(signal.SIGINT) is not before
    assert (signal.getsignal(signal.SIGINT), threading.active_count()) == (before, threads)
    assert signal.set_wakeup_fd(-1) == -1


def test_another_error_of_a_destructor_is_told() -> None:
    code = """
    class Broken:
        def __del__(self):
            raise ValueError("of a destructor")
    ready()
    Broken()
"""
    with started(AT_ONCE + code) as process:
        said = ended(process, 5)
    assert process.returncode == 0 and "ValueError: of a destructor" in said


def test_the_end_waits_for_nobody_who_was_forked() -> None:
    code = """
    import os
    if not os.fork():
        time.sleep(20)
        os._exit(0)
    ready()
"""
    with started(AT_ONCE + code) as process:
        assert process.wait(5) == 0


# ------------------------------------------------------------------------------ to fire


@pytest.mark.parametrize("how", [AT_ONCE, SOFTLY], ids=["a step", "not begun"])
def test_a_step_ends_at_once(how: str) -> None:
    with started(f"{how}    ready()\n    time.sleep(60)\n") as process:
        process.send_signal(signal.SIGINT)
        said = ended(process, 2)
    assert "KeyboardInterrupt" in said and "Ctrl-C again" not in said


def test_what_a_library_swallows_is_raised_again() -> None:
    code = """
    try:
        ready()
        time.sleep(60)
    except:
        pass
    time.sleep(60)
"""
    with started(AT_ONCE + code) as process:
        process.send_signal(signal.SIGINT)
        said = ended(process, 3)
    assert "KeyboardInterrupt" in said


def test_what_a_destructor_meets_is_raised_again_and_told_once() -> None:
    code = """
    class Lingering:
        def __del__(self):
            ready()
            time.sleep(60)
    Lingering()
    time.sleep(60)
"""
    with started(AT_ONCE + code) as process:
        process.send_signal(signal.SIGINT)
        said = ended(process, 3)
    assert said.count("Traceback") == 1 and "ignored" not in said


@pytest.mark.parametrize(
    ("how", "words"), [(AT_ONCE, "Ending what"), (SOFTLY + "    stopped()\n", "Stopping after")]
)
def test_a_long_computation_is_told_and_ended_by_the_second(how: str, words: str) -> None:
    with started(f"{how}    ready()\n    compute()\n") as process:
        time.sleep(0.5)  # until it is within that call
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert process.stderr.readline() == "\n"
        assert process.stderr.readline().startswith(words)
        assert time.monotonic() - began < 1.5
        process.send_signal(signal.SIGINT)
        said = ended(process, 2)
    assert process.returncode == 1 and said == f"\n{INTERRUPTED}\n"


def test_the_second_ends_what_tidies_up() -> None:
    code = """
    try:
        ready()
        time.sleep(60)
    finally:
        print("tidying up", file=sys.stderr, flush=True)
        time.sleep(60)
"""
    with started(AT_ONCE + code) as process:
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "tidying up\n"
        process.send_signal(signal.SIGINT)
        said = ended(process, 2)
    assert process.returncode == 1 and said.endswith(f"\n{INTERRUPTED}\n")


# ------------------------------------------------------------------------------ workers


def write_slowly(number: int, folder: Path) -> int:
    """The first comes back, the second writes for long."""
    if number:
        (folder / "begun").touch()
        replace_whole(folder / "file", lambda stream: time.sleep(60))
    return number


def assert_left_at_once(work: Callable[..., int], folder: Path) -> None:
    """Lets go of outcomes of a worker that is at its second item."""
    outcomes = Pool("processes", 1).map(partial(work, folder=folder), range(3))
    assert next(outcomes).unwrap() == 0
    while not (folder / "begun").exists():
        time.sleep(0.01)
    began = time.monotonic()
    del outcomes
    assert time.monotonic() - began < 3


def test_what_workers_began_for_nothing_is_not_waited_for(tmp_path: Path) -> None:
    assert_left_at_once(write_slowly, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["begun"]


def compute(number: int, folder: Path) -> int:
    """As :func:`write_slowly`, in one call of a library, which no signal ends."""
    if number:
        (folder / "begun").touch()
        hashlib.pbkdf2_hmac("sha256", b"", b"", 200_000_000)
    return number


class Lingering:
    """Python tells on stderr what is raised where this goes."""

    def __init__(self, folder: Path) -> None:
        self._begun = folder / "begun"

    def __del__(self) -> None:
        self._begun.touch()
        time.sleep(60)


def linger(number: int, folder: Path) -> int:
    if number:
        Lingering(folder)
    return number


@pytest.mark.parametrize("work", [compute, linger])
def test_a_worker_that_is_told_to_end_does_and_says_nothing(
    work: Callable[..., int], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert_left_at_once(work, tmp_path)
    assert capfd.readouterr().err == ""


def test_a_terminal_interrupts_workers_as_well_which_say_nothing() -> None:
    """Even while they start."""
    code = """
    import os, threading
    from pairlens.importers.parallel import Pool
    os.setpgid(0, 0)
    threading.Timer(0.3, os.killpg, (0, signal.SIGINT)).start()
    ready()
    list(Pool("processes", 2).map(abs, range(10 ** 9)))
"""
    with started(AT_ONCE + code) as process:
        said = ended(process, 10)
    assert said.count("Traceback") == said.count("\nKeyboardInterrupt") == 1
