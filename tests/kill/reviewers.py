"""Two reviewers at once over the same pairs, whose process, or the App's server, is killed.

Each gives verdicts with a note that no other has, so that afterwards each can be told apart: what
was confirmed, what stands, and what the log says.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL
from typing import Any

import fiftyone as fo
import httpx

from pairlens.fiftyone_plugin import PLUGIN_NAME
from pairlens.fiftyone_plugin.cli import run
from pairlens.fiftyone_plugin.curation import changing, sessions
from pairlens.fiftyone_plugin.curation.log import ChangeLog
from pairlens.fiftyone_plugin.curation.texts import VERDICTS
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.ingest import import_dataset
from tests.mongo.reviewing import documents, keys
from tests.warm import Process

KILLED, OTHER = "ann", "bob"
SESSION = "monday"
MOST = 100_000
"""Entries of a log."""

_JUDGES = """
import sys
from pairlens.importers.store import load
from pairlens.fiftyone_plugin.curation import review_fields
from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.verdicts import judge
dataset, who, session = load(sys.argv[1]), sys.argv[2], sys.argv[3]
for line in sys.stdin:
    key, verdict, note = line.rstrip("\\n").split("\\t")
    given = dict(note=note, reviewer=who, session=session)
    try:
        judge(dataset, key, verdict, seen=review_fields.find(dataset, key).version, **given)
    except Conflict:  # who is told of it insists
        judge(dataset, key, verdict, force=True, **given)
    print("confirmed", note, sep="\\t", flush=True)
"""

Verdict = tuple[str, str, str]
"""Key, verdict and note."""


@dataclass
class Work:
    """What a reviewer has to do.

    Attributes:
        who: the reviewer
        pairs: the keys and verdicts, in order
        confirmed: the notes of those that were confirmed
        attempts: how often it was begun to go on
    """

    who: str
    pairs: list[tuple[str, str]]
    confirmed: list[str] = field(default_factory=list[str])
    attempts: int = 0

    def left(self) -> Iterator[Verdict]:
        """The verdicts that are not confirmed, with notes of this attempt."""
        self.attempts += 1
        for number, (key, verdict) in enumerate(self.pairs[:]):
            if number >= len(self.confirmed):
                yield key, verdict, f"{self.who} {number} of attempt {self.attempts}"


def make_dataset(name: str, folder: Path) -> Any:
    """A dataset of eight pairs, all of which a session is about."""
    root = make_gres(folder / "gres", images=4, size=64).root
    import_dataset("gres", root, name)
    made = fo.load_dataset(name)
    sessions.start(made, name=SESSION, view=made, reviewer=KILLED)
    return made


def work_of(dataset: Any, who: str, count: int, seed: str) -> Work:
    """Verdicts on pairs drawn from all of a dataset, so that those of two reviewers overlap."""
    drawn = random.Random(f"{seed}:{who}")
    there = keys(dataset)
    return Work(who, [(drawn.choice(there), drawn.choice(VERDICTS)) for _ in range(count)])


def moments(count: int, kills: int, seed: str) -> list[float]:
    """Numbers of confirmed verdicts after which is killed; the fraction is how long after."""
    drawn = random.Random(f"{seed}:kills")
    return sorted(drawn.uniform(1, count - 1) for _ in range(kills))


# ---------------------------------------------------------------------- in processes


def in_processes(dataset: Any, count: int, kills: int, seed: str) -> list[Work]:
    """Two processes judge at the same time; that of one is killed, and another goes on."""
    ann, bob = (work_of(dataset, who, count, seed) for who in (KILLED, OTHER))
    with ThreadPoolExecutor(1) as threads:
        other = threads.submit(_judged, dataset, bob)
        for moment in moments(count, kills, seed):
            _judged(dataset, ann, moment)
        _judged(dataset, ann)
        other.result()
    return [ann, bob]


def _judged(dataset: Any, work: Work, until: float | None = None) -> None:
    """Has a process do what is left, and kills it at a moment if one is given."""
    process = Process("-c", _JUDGES, dataset.name, work.who, SESSION)
    text = "".join("\t".join(verdict) + "\n" for verdict in work.left())

    def tell() -> None:
        with suppress(BrokenPipeError):  # it is killed before it has read all
            process.stdin.write(text)
            process.stdin.close()

    teller = threading.Thread(target=tell)
    teller.start()
    for line in process.stdout:
        if line.startswith("confirmed\t"):
            work.confirmed.append(line.rstrip("\n").partition("\t")[2])
        if until is not None and len(work.confirmed) >= until:
            time.sleep(0.02 * (until % 1))
            process.kill()
    teller.join()
    assert process.wait(60) == (0 if until is None else -SIGKILL), process.stderr.read()


# ---------------------------------------------------------------------- in the App


def in_app(dataset: Any, server: Any, count: int, kills: int, seed: str) -> list[Work]:
    """Two browsers click at the same time; the App's server is killed, and started again.

    Args:
        server: of :class:`tests.browser.server.Server`
    """
    both = [work_of(dataset, who, count, seed) for who in (KILLED, OTHER)]
    serves = threading.Event()
    serves.set()
    with ThreadPoolExecutor(2) as threads:
        clicking = [threads.submit(_clicked, dataset, server, one, serves) for one in both]
        for moment in moments(2 * count, kills, seed):
            while sum(len(one.confirmed) for one in both) < moment:
                if all(one.done() for one in clicking):
                    break
                threading.Event().wait(0.005)
            serves.clear()
            server.kill()
            server.start()
            serves.set()
        for one in clicking:
            one.result()
    return both


def _clicked(dataset: Any, server: Any, work: Work, serves: threading.Event) -> None:
    while len(work.confirmed) < len(work.pairs):
        assert serves.wait(240)
        with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as browser:
            try:
                for verdict in work.left():
                    _click(browser, dataset.name, work.who, verdict)
                    work.confirmed.append(verdict[2])
            except httpx.HTTPError:
                continue


def _click(browser: httpx.Client, name: str, who: str, given: Verdict) -> None:
    """What the panel asks for: the pair, and the verdict on what was seen."""
    key, verdict, note = given

    def call(operator: str, **params: Any) -> dict[str, Any]:
        asked = {"operator_uri": f"{PLUGIN_NAME}/{operator}", "dataset_name": name}
        more = {"params": {"session": SESSION, "reviewer": who, **params}}
        answer = browser.post("/operators/execute", json=asked | more)
        assert answer.is_success, answer.text
        return answer.json()["result"]

    pair = call("pair_view", key=key)["pair"]
    decision = {
        "sample_id": pair["sample_id"], "key": key, "seen": pair["version"], "verdict": verdict,
        "note": note,
    }  # fmt: skip
    done = call("judge_pairs", decisions=[decision])
    if not done["ok"] and done["kind"] == "conflict":
        done = call("judge_pairs", decisions=[decision], force=True)
    assert done["ok"], done


# ---------------------------------------------------------------------- afterwards


def differences(dataset: Any, works: list[Work]) -> list[str]:
    """What is amiss after all was gone on with, in lines."""
    changing.settle(dataset)
    entries = ChangeLog(dataset).entries(limit=MOST)[::-1]
    told = [f"unsettled: {one}" for one in entries if "arrived" in one or "lost" in one]
    notes = [one["new"]["review_note"] for one in entries]
    told += [f"logged twice: {note}" for note in {one for one in notes if notes.count(one) > 1}]
    confirmed = {note for work in works for note in work.confirmed}
    told += [f"confirmed and lost: {note}" for note in confirmed - {*notes}]
    # What was under way at a kill may have come through, which nobody was told any more.
    most = sum(work.attempts - 1 for work in works)
    if len(untold := {*notes} - confirmed) > most:
        told.append(f"more than {most} in the log that nobody was told of: {untold}")
    return told + _broken_chains(dataset, entries) + _miscounted(dataset)


def _broken_chains(dataset: Any, entries: list[Any]) -> list[str]:
    """Pairs whose changes do not follow from each other, up to what the pair is now."""
    told: list[str] = []
    for key, document in documents(dataset).items():
        mine = [one for one in entries if one["key"] == key]
        links = {one["old"]["review_note"]: one["new"]["review_note"] for one in mine}
        forks = len(mine) - len(links)
        at = None
        while at in links:
            at = links.pop(at)
        if forks or links or at != document.get("review_note"):
            told.append(f"broken chain of {key}: {forks} forks, {links} left, {at} at its end")
    return told


def _miscounted(dataset: Any) -> list[str]:
    found = documents(dataset).values()
    counted = {name: sum(one.get("verdict") == name for one in found) for name in VERDICTS}
    status = run(["review", dataset.name, "--status"])
    told = {name: status[name] for name in VERDICTS}
    judged = sessions.get(dataset, SESSION)["judged"]
    wrong = [] if told == counted else [f"counted {told}, are {counted}"]
    return wrong + ([] if judged == sum(counted.values()) else [f"session: {judged} of {counted}"])
