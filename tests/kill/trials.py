"""Trials: a command that is killed at one of its writes, gone on with, and compared."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bson import ObjectId

from tests.warm import Process

NAME = "killed"
"""Of the dataset that every command is about."""

DATABASE = "pairlens-killed"

SIGKILLED = -9

AWAY = ".away"
"""Added to the name of a source that is gone."""

WAITS = "waits"
"""The fault of a process that waits while somebody does something to the database."""

DISK_FAULTS = ("full", "read-only", "gone")
"""Of :data:`tests.kill.child.FAULTS`, those after which a command still can say what is amiss."""

FAULTS = (*DISK_FAULTS, "locked", "memory", "starved")
"""All of these; the files of a source can be locked, and memory can run out, to its last byte."""

UNFINISHED = (".partial", ".part")

_TOLD_APART = {
    "_id", "_dataset_id", "_rand", "created_at", "last_modified_at", "last_loaded_at", "timestamp",
    "time", "seq", "sample_id", "dataset_id", "owner", "sample_collection_name",
    "frame_collection_name", "seconds", "version", "prediction_seconds", "flagged",
}  # fmt: skip
"""Members of documents that differ between any two runs."""

_TOKEN = re.compile(r"(?<=-)[0-9a-f]{8}\b")
"""What tells the folders of fields apart."""


@dataclass(frozen=True)
class Scenario:
    """A command that is killed.

    Attributes:
        name: for reports
        before: commands that are run to their ends first
        command: the one that is killed
        again: what it goes on with; the same if not given
        ended: part of what that may say in place of going on, where the first had come to its end
        reads: whether it is killed where it opens files of its source, too
    """

    name: str
    command: tuple[str, ...]
    before: tuple[tuple[str, ...], ...] = ()
    again: tuple[str, ...] = ()
    ended: str = ""
    reads: bool = False


@dataclass
class Trials:
    """Runs trials in a folder and a database of their own.

    Attributes:
        work: what all commands write to, but for ``{source}``
        source: what they read
        client: of the database
        uri: its address
        judge: address of the model that judges
    """

    work: Path
    source: Path
    client: Any
    uri: str
    judge: str = ""
    process: Process = field(init=False)

    def __post_init__(self) -> None:
        self.media = self.work / "media"
        settings = {
            "FIFTYONE_DATABASE_NAME": DATABASE,
            "FIFTYONE_DATABASE_URI": self.uri,
            "FIFTYONE_DEFAULT_DATASET_DIR": str(self.media),
            "FIFTYONE_DATABASE_VALIDATION": "false",
            "PAIRLENS_REVIEWER": "tester",
        }
        self.process = Process("-m", "tests.kill.child", environment={**os.environ, **settings})
        assert self.process.stdout.readline() == '{"ready": true}\n', self.process.communicate()

    @property
    def database(self) -> Any:
        """The database that the commands work in."""
        return self.client[DATABASE]

    def close(self) -> None:
        """Ends the process that runs commands."""
        self.process.stdin.close()
        self.process.wait(60)

    def run(
        self,
        command: Sequence[str],
        point: int = 0,
        fault: str = "killed",
        disturb: Callable[[], None] | None = None,
        reads: bool = False,
    ) -> dict[str, Any]:
        """Runs a command in a process of its own.

        Args:
            command: with places in braces
            point: the write before which it meets a fault; 0 for none
            fault: one of :data:`tests.kill.child.FAULTS`; what it did is mended afterwards
            disturb: instead of the fault, does something to the database while the process waits
            reads: whether files of the source that are opened count among the writes
        """
        places = {
            "source": self.source, "work": self.work, "name": NAME, "judge": self.judge
        }  # fmt: skip
        self._tell({
            "command": [word.format(**places) for word in command], "point": point,
            "folder": str(self.work), "source": str(self.source),
            "fault": WAITS if disturb else fault, "reads": reads,
        })  # fmt: skip
        answer = json.loads(self.process.stdout.readline())
        if disturb and "at" in answer:
            disturb()
            self._tell({})
            answer = json.loads(self.process.stdout.readline())
        away = self.source.with_name(f"{self.source.name}{AWAY}")
        if away.exists():
            away.rename(self.source)
        if fault == "read-only":
            for folder, _, _ in os.walk(self.work):
                Path(folder).chmod(0o755)
        if fault == "locked":
            for file in self.source.rglob("*"):
                file.chmod(0o755 if file.is_dir() else 0o644)
        return answer

    def _tell(self, line: dict[str, Any]) -> None:
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()

    @contextmanager
    def of(self, scenario: Scenario) -> Iterator[Trial]:
        """A scenario that stands where its command is to be run, and the undisturbed result."""
        self._clear()
        for command in scenario.before:
            done = self.run(command)
            assert done["code"] == 0, (command, done)
        saved = self.work.with_name("saved")
        shutil.copytree(self.work, saved, symlinks=True)
        stored = _dump(self.database)
        try:
            done = self.run(scenario.command, reads=scenario.reads)
            assert done["code"] == 0, (scenario.command, done)
            yield Trial(self, scenario, saved, stored, done["points"], self.state())
        finally:
            shutil.rmtree(saved)

    def _clear(self) -> None:
        for name in self.database.list_collection_names():
            if name == "datasets":  # by which a replica set is known, so that it stays
                self.database[name].delete_many({})
            else:
                self.database.drop_collection(name)
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir(parents=True)

    def restore(self, saved: Path, stored: dict[str, Any]) -> None:
        """Brings folder and database back to what they were."""
        self._clear()
        shutil.copytree(saved, self.work, symlinks=True, dirs_exist_ok=True)
        for name, (documents, indexes) in stored.items():
            collection = self.database[name]
            if documents:
                collection.insert_many(documents)
            for index in indexes:
                made = {k: v for k, v in index.items() if k not in ("v", "ns", "key", "background")}
                if index["name"] != "_id_":
                    collection.create_index(list(index["key"].items()), **made)

    def state(self) -> dict[str, Any]:
        """All that is compared, without what differs between any two runs."""
        database = self.database
        found: dict[str, Any] = {"datasets": []}
        media = ""
        for dataset in database["datasets"].find(sort=[("name", 1)]):
            info = (dataset.get("info") or {}).get("pairlens") or {}
            media = info.get("media_dir") or media
            samples = database[dataset["sample_collection_name"]]
            documents = samples.find(sort=[("key", 1)])
            indexes = sorted(samples.index_information())
            found["datasets"].append(
                {"document": _plain(dataset), "indexes": indexes, "samples": _plain([*documents])}
            )
        ids = [one["_id"] for one in database["datasets"].find()]
        log = database["pairlens.changes"].find({"dataset_id": {"$in": ids}}, sort=[("seq", 1)])
        entries = [*log]
        ranks = {step: n for n, step in enumerate(sorted({e["step"] for e in entries}))}
        found["log"] = [_plain(entry | {"step": ranks[entry["step"]]}) for entry in entries]
        found["left"] = _left(database)
        found["files"] = _tree(self.work)
        text = json.dumps(found, sort_keys=True, default=str)
        return json.loads(_named_alike(text, media))


@dataclass
class Trial:
    """A scenario, ready to be killed.

    Attributes:
        points: the writes that the command makes
        expected: the state after an undisturbed run
        told: what a disturbed command said that did not go on by itself
    """

    trials: Trials
    scenario: Scenario
    saved: Path
    stored: dict[str, Any]
    points: int
    expected: dict[str, Any]
    told: str = ""

    def killed_at(self, point: int) -> list[str]:
        """What differs from the undisturbed result after a kill and what goes on with it."""
        self.trials.restore(self.saved, self.stored)
        killed = self.trials.run(self.scenario.command, point, reads=self.scenario.reads)
        if killed["code"] != SIGKILLED:
            return [] if killed["code"] == 0 else [f"not killed: {killed['said']}"]
        return self._gone_on_with()

    def met_at(self, fault: str, point: int) -> list[str]:
        """What is amiss after a fault of the disk at a point, and what goes on with it."""
        self.trials.restore(self.saved, self.stored)
        met = self.trials.run(self.scenario.command, point, fault, reads=self.scenario.reads)
        told = [line for line in met["said"].splitlines() if line.startswith("pairlens: ")]
        codes = (0, 1, 2) if fault == "gone" else (0, 1)  # gone before it was looked at: no source
        if met["code"] not in codes or len(told) > 1 or "Traceback" in met["said"]:
            return [f"no one sentence: exit {met['code']}: {met['said']}"]
        if not met["code"] and not [*differences(self.expected, self.trials.state())]:
            return []  # it came too late
        left = [str(file) for file in self.trials.work.rglob(".*") if file.suffix in UNFINISHED]
        if left and fault != "read-only":
            return [f"left after {told}: {left}"]
        return self._gone_on_with(f" (it had said {told or met['said']})")

    def disturbed_at(self, point: int, disturb: Callable[[], None]) -> list[str]:
        """What differs from the undisturbed result after a disturbance of the database.

        A command that ends with a sentence is gone on with.
        """
        self.trials.restore(self.saved, self.stored)
        done = self.trials.run(
            self.scenario.command, point, disturb=disturb, reads=self.scenario.reads
        )
        self.told = done["said"] if done["code"] else ""
        if done["code"] == 0:
            return list(differences(self.expected, self.trials.state()))
        [*_, said] = done["said"].splitlines() or [""]
        if done["code"] != 1 or "Traceback" in done["said"] or not said.startswith("pairlens: "):
            return [f"exit {done['code']}: {done['said']}"]
        return self._gone_on_with()

    def _gone_on_with(self, more: str = "") -> list[str]:
        done = self.trials.run(self.scenario.again or self.scenario.command)
        ended = self.scenario.ended and self.scenario.ended in done["said"]
        if done["code"] and not ended:
            return [f"exit {done['code']}: {done['said']}{more}"]
        return [d + more for d in differences(self.expected, self.trials.state())]


def differences(one: Any, other: Any, where: str = "") -> Iterator[str]:
    """The places at which two plain values differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in sorted(one.keys() | other.keys()):
            if name not in one:
                yield f"{where}/{name}: more, {str(other[name])[:200]}"
            elif name not in other:
                yield f"{where}/{name}: lacks, {str(one[name])[:200]}"
            else:
                yield from differences(one[name], other[name], f"{where}/{name}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for number, pair in enumerate(zip(one, other, strict=True)):
            yield from differences(*pair, f"{where}/{number}")
    elif one != other:
        yield f"{where}: {str(one)[:200]} expected, {str(other)[:200]} found"


def _dump(database: Any) -> dict[str, Any]:
    return {
        name: ([*database[name].find()], [*database[name].list_indexes()])
        for name in database.list_collection_names()
    }


def _left(database: Any) -> dict[str, int]:
    """Collections of samples without a dataset, and documents of what has come to its end."""
    known = {one["sample_collection_name"] for one in database["datasets"].find()}
    there = {name for name in database.list_collection_names() if name.startswith("samples.")}
    leases = sum(len(one.get("holders", ())) for one in database["pairlens.leases"].find())
    found = {"collections": len(there - known), "leases": leases}
    if known:  # the log of a dataset that was replaced is kept
        return found
    names = ("changes", "sequences", "sessions", "queues", "positions")
    return found | {name: database[f"pairlens.{name}"].count_documents({}) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        # What a prediction decided before a kill is counted as of its first batches.
        counted = not str(value.get("step")).startswith("predict ")
        apart = _TOLD_APART if counted else {*_TOLD_APART, "count"}
        plain = {n: _plain(v) for n, v in value.items() if n not in apart}
        return {n: v for n, v in plain.items() if v is not None and v != {}}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, ObjectId):
        return "id"
    return value.isoformat() if isinstance(value, datetime) else value


def _tree(folder: Path) -> dict[str, str]:
    """Digests by path of all files, and the empty folders."""
    found: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = str(path)
        if path.name == ".pairlens":
            found[name] = "marker"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        elif path.is_dir() and not any(path.iterdir()):
            found[name] = "empty"
    return found


def _named_alike(text: str, media: str) -> str:
    """A state in which folders have the names that they have in every run."""
    return _TOKEN.sub("TOKEN", text.replace(media, "MEDIA") if media else text)
