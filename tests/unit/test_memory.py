"""Memory that runs out, which is no fault of the file at hand: under real limits of the system."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from pairlens.importers import memory
from pairlens.importers.errors import (
    OUT_OF_MEMORY,
    OutOfMemory,
    RecordError,
    StateError,
    check_memory,
    sendable,
)
from pairlens.importers.masks import read_mask
from pairlens.importers.media import ImageError, read_rgb
from pairlens.importers.parallel import Pool
from tests import warm

SIDE = 5000
"""So that an image takes more than the 64 MB that the C library may have put by for a thread."""

LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np
from pairlens.importers.errors import PairLensError, RecordError, sendable
from pairlens.importers.masks import read_mask
from pairlens.importers.media import read_rgb
from pairlens.importers.parallel import Pool

def limit(more):
    used = next(int(line.split()[1]) for line in open("/proc/self/status") if "VmSize" in line)
    resource.setrlimit(resource.RLIMIT_AS, (used * 1024 + (more << 20),) * 2)

def said(work):
    try:
        work()
        return "done"
    except (PairLensError, MemoryError) as error:
        return f"{type(error).__name__}: {error}"

file = Path(sys.argv[1])
read_rgb(file)  # what it imports is there
"""


@contextmanager
def claiming() -> Iterator[None]:
    """Within it, an error of a file that claims more than any machine has is handled."""
    try:
        np.empty(1 << 60, np.uint8)
    except MemoryError:
        yield


def claim(number: int) -> int:
    if number == 1:
        np.empty(1 << 60, np.uint8)
    return number


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture that takes 25 MB as a mask and 75 MB as an image."""
    file = tmp_path_factory.mktemp("memory") / "large.png"
    cv2.imwrite(str(file), np.zeros((SIDE, SIDE), np.uint8))
    return file


def limited(code: str, image: Path) -> list[str]:
    """What a process says, in lines."""
    done = warm.run("-c", LIMITED + code, str(image), timeout=30)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


# ------------------------------------------------------------------------------ not to fire


def test_a_file_that_claims_too_much_is_broken() -> None:
    with claiming():
        assert str(RecordError("a.json[3]", "claims too much")).startswith("a.json[3]")
    outcomes = list(Pool("threads", 2).map(claim, range(3)))
    assert [outcome.value for outcome in outcomes] == [0, None, 2]
    assert isinstance(outcomes[1].error, MemoryError)


def test_a_file_that_speaks_of_memory_is_broken() -> None:
    for error in (ValueError("key 'out of memory' is unknown"), OSError(5, "I/O error")):
        assert not memory.ran_out(error)
        check_memory(error)


def test_with_memory_enough_all_is_read(image: Path) -> None:
    assert read_rgb(image).shape == (SIDE, SIDE, 3) and read_mask(image).pixels.any() == 0
    with pytest.raises(ImageError, match="does not exist"):
        read_rgb(image.with_name("none.png"))


# ------------------------------------------------------------------------------ to fire


@pytest.mark.parametrize("free", [1, 20, 60])
def test_an_image_is_not_broken_for_lack_of_memory(image: Path, free: int) -> None:
    code = (
        f"limit({free})\nprint(said(lambda: read_rgb(file)))\nprint(said(lambda: read_mask(file)))"
    )
    told = limited(code, image)
    short = [line for line in told if line != "done"]
    assert short or free == 60
    assert all(line.startswith(("OutOfMemory: ", "MemoryError: ")) for line in short), told


def test_nor_is_a_record_that_is_made_of_such_an_error(image: Path) -> None:
    code = """
limit(1)
def work():
    try:
        try:
            np.ones(1 << 30, np.uint8)
        except MemoryError:
            raise ValueError("is no array that can be read") from None
    except ValueError as error:
        return [RecordError("a.json[3]", str(error))]
print(said(work))
"""
    assert limited(code, image)[0].startswith("OutOfMemory: ")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_map_ends_with_one_sentence(image: Path, workers: int) -> None:
    code = f"""
with Pool("threads", {workers}).open(read_rgb) as apply:
    [first] = apply([file], 1)  # threads are there
    print(first.error)
    limit(1)
    print(said(lambda: list(apply([file] * 5, 1))))
"""
    first, told = limited(code, image)
    assert first == "None" and told.startswith("OutOfMemory: ")


STARVED = """
import threading, time
from pairlens.importers import starving
starving._SECONDS = 0.1
with starving.ending_when_starved(as_json=True):
    for _ in range(6):  # who waits for it is none that never begins
        thread = threading.Thread(target=time.sleep, args=(0.2,))
        thread.start()
        thread.join()
    threading._start_new_thread = lambda *given: None  # as one that ends before it could begin
    threading.Thread(target=print).start()
"""


def test_a_thread_that_gets_no_memory_to_begin_is_not_waited_for() -> None:
    done = warm.run("-c", STARVED, timeout=20)
    assert done.returncode == 1
    assert done.stderr == f"pairlens: {OUT_OF_MEMORY}\n"
    assert json.loads(done.stdout) == {"error": OUT_OF_MEMORY}


LITTERED = """
import gc, threading, time
from pairlens.importers import starving
starving._SECONDS, starving._LOOKS = 0, 10**9
class Litter:
    def __init__(self):
        self.own = self
    def __del__(self):
        time.sleep(0)  # another thread goes on
def litter():
    while True:
        Litter()
        time.sleep(0.001)
gc.set_threshold(5)
starving.end_when_starved()
threading.Thread(target=litter, daemon=True).start()
for _ in range(2000):
    threads = [threading.Thread(target=int) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print("done")
"""


def test_who_looks_for_threads_stops_no_process_whose_garbage_is_collected_just_then() -> None:
    assert warm.run("-c", LITTERED, timeout=20).stdout == "done\n"


def test_threads_without_memory_print_no_traceback(image: Path) -> None:
    code = """
import threading
from pairlens.importers.starving import ending_when_starved
def run(error):
    def work():
        raise error
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
with ending_when_starved(as_json=False):
    run(ValueError("another"))
    limit(60)
    run(MemoryError())
"""
    done = warm.run("-c", LIMITED + code, str(image), timeout=30)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 1) and "another" in done.stderr


def test_it_crosses_processes_as_it_is() -> None:
    sent = sendable(OutOfMemory())
    assert isinstance(sent, OutOfMemory) and isinstance(sent, StateError)
    assert str(sent).startswith("memory ran out") and "--workers" in str(sent)
