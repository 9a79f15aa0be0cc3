"""Damages inputs and reads them, until the time is over: ``make torture``.

Nothing may raise what is no error of PairLens, take more than 1 GB or 20 seconds of a processor,
or write anything outside of its folders. ``TORTURE_SECONDS`` and ``TORTURE_SEED`` set how long and
with which seed; what was found is told with the seed and the number that repeat it, as
``TORTURE_SEED=SEED TORTURE_ONLY=NUMBER make torture``.
"""

from __future__ import annotations

import json
import os
import random
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.own_database import own_database
from tests.torture.inputs import INPUTS, ZIP, Input
from tests.torture.mutations import archive, damage

REPOSITORY = Path(__file__).parents[2]
MOST_SECONDS = 20
MOST_MEGABYTES = 1024
READER = ["-m", "tests.torture.reading"]
"""Arguments of the Python that reads."""

PATIENCE = 600
"""Seconds of the clock after which a reader hangs, however busy the machine is."""

DEFAULT_SECONDS = 600


@dataclass
class Outcome:
    """What a run did and found."""

    seed: int
    inputs: int = 0
    slowest: tuple[float, int] = (0.0, 0)
    """Seconds of a processor, and the number of the input."""
    largest: tuple[int, int] = (0, 0)
    """Megabytes, and the number of the input."""
    said: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)


class Reader:
    """The process that reads; a new one after it died or was ended."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._process: subprocess.Popen[str] | None = None

    def read(self, kind: str, path: Path, work: Path) -> dict[str, Any]:
        """What reading an input took; a ``fault`` where it did not come to an end."""
        process = self._process or self._start()
        asked = {"kind": kind, "path": str(path), "work": str(work)}
        assert process.stdin is not None
        process.stdin.write(json.dumps(asked) + "\n")
        process.stdin.flush()
        answer = self._line(process, PATIENCE)
        if answer is None:
            self.close()
            return {"seconds": 0, "megabytes": 0, "said": [], "fault": "it hung, or died"}
        return answer

    def _start(self) -> subprocess.Popen[str]:
        (self._work / "cwd").mkdir(exist_ok=True)
        (self._work / "tmp").mkdir(exist_ok=True)
        self._process = process = subprocess.Popen(
            [sys.executable, *READER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self._work / "cwd",
            env=os.environ | {"PYTHONPATH": _path(), "TMPDIR": str(self._work / "tmp")},
        )
        assert self._line(process, PATIENCE) == {"ready": True}
        return process

    @staticmethod
    def _line(process: subprocess.Popen[str], seconds: float) -> dict[str, Any] | None:
        assert process.stdout is not None
        ends, most = time.monotonic() + seconds, _seconds_of(process) + 2 * MOST_SECONDS
        while time.monotonic() < ends and _seconds_of(process) < most:
            if select.select([process.stdout], [], [], 1)[0]:
                line = process.stdout.readline()
                return json.loads(line) if line else None
        return None

    def close(self) -> None:
        """Ends the process."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


def _path() -> str:
    """Where the reader finds these tests, and what is under test as this process finds it."""
    return os.pathsep.join([str(REPOSITORY), *os.environ.get("PYTHONPATH", "").split(os.pathsep)])


def _seconds_of(process: subprocess.Popen[str]) -> float:
    """What a process took of a processor."""
    ticks = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def run(seconds: float, seed: int, numbers: Iterable[int] | None = None) -> Outcome:
    """Reads damaged inputs for some time, or those of some numbers."""
    outcome = Outcome(seed)
    ends = time.monotonic() + seconds
    with tempfile.TemporaryDirectory(prefix="pairlens-torture-") as made:
        base = Path(made)
        sound = {one.name: _sound(one, base / "sound" / str(n)) for n, one in enumerate(INPUTS)}
        with _reader(base) as reader:
            for number in count() if numbers is None else numbers:
                if time.monotonic() > ends:
                    break
                _one(outcome, reader, base, sound, number)
    return outcome


@contextmanager
def _reader(base: Path) -> Iterator[Reader]:
    with own_database():
        reader = Reader(base)
        try:
            yield reader
        finally:
            reader.close()


def _sound(one: Input, folder: Path) -> Path:
    folder.mkdir(parents=True)
    return one.make(folder)


def _one(outcome: Outcome, reader: Reader, base: Path, sound: dict[str, Path], number: int) -> None:
    rng = random.Random(f"{outcome.seed}:{number}")
    chosen = rng.choice(INPUTS)
    work = base / "work"
    work.mkdir()
    path = _copied(sound[chosen.name], base / "source")
    folder = path if path.is_dir() else path.parent
    if chosen.kind == ZIP:
        path, done = archive(rng, folder)
    else:
        done = damage(rng, folder)
    before = _listing(base)
    answer = reader.read(chosen.kind, path, work)
    outcome.inputs += 1
    outcome.slowest = max(outcome.slowest, (answer["seconds"], number))
    outcome.largest = max(outcome.largest, (answer["megabytes"], number))
    outcome.said.update(answer["said"])
    faults = [answer["fault"]] if answer["fault"] else []
    if answer["seconds"] > MOST_SECONDS:
        faults.append(f"took {answer['seconds']:.0f} s")
    if answer["megabytes"] > MOST_MEGABYTES:
        faults.append(f"took {answer['megabytes']:,} MB")
    if changed := before ^ _listing(base):
        faults.append(f"changed {sorted(changed)[:5]}")
    where = f"TORTURE_SEED={outcome.seed} TORTURE_ONLY={number}: {chosen.name}, {'; '.join(done)}"
    outcome.findings += [f"{where}\n{fault}" for fault in faults]
    for folder in (work, base / "source"):
        shutil.rmtree(folder)


def _copied(sound: Path, to: Path) -> Path:
    if sound.is_dir():
        return Path(shutil.copytree(sound, to / "data"))
    shutil.copytree(sound.parent, to / "data")
    return to / "data" / sound.name


def _listing(base: Path) -> set[tuple[str, int, int]]:
    """All that lies there but for what may be written."""
    found = set()
    for folder, folders, files in os.walk(base):
        if Path(folder) == base:
            folders[:] = [name for name in folders if name not in ("work", "sound")]
        for name in files:
            facts = os.lstat(Path(folder) / name)
            found.add((str(Path(folder) / name), facts.st_size, facts.st_mtime_ns))
    return found


def main() -> int:
    """Runs as the environment says; returns 1 where something was found."""
    seconds = float(os.environ.get("TORTURE_SECONDS", DEFAULT_SECONDS))
    seed = int(os.environ.get("TORTURE_SEED") or random.SystemRandom().randrange(1 << 32))
    only = os.environ.get("TORTURE_ONLY")
    print(f"seed {seed}, {seconds:g} seconds", flush=True)
    outcome = run(seconds, seed, [int(only)] if only else None)
    for finding in outcome.findings:
        print(f"\n{finding}")
    print(
        f"{outcome.inputs:,} inputs, {len(outcome.findings):,} findings; number "
        f"{outcome.slowest[1]} took {outcome.slowest[0]:.1f} s, number {outcome.largest[1]} "
        f"{outcome.largest[0]:,} MB; seed {seed}"
    )
    return bool(outcome.findings)


if __name__ == "__main__":
    sys.exit(main())
