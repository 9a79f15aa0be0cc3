"""Verdicts of several reviewers at once, undo over them, and servers that are killed."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from pairlens.fiftyone_plugin.curation import changing, queue, review_fields, sessions, undoing
from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.log import Change, ChangeLog, ChangeStep
from pairlens.fiftyone_plugin.curation.verdicts import Verdict, judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.errors import UsageError
from tests.mongo.curating import flagged, load
from tests.mongo.reviewing import documents, history, keys, set_states, state
from tests.warm import Process


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=4, size=256).root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    return load("gres", source, dataset_name)


def version(dataset: Any, key: str) -> str:
    return review_fields.find(dataset, key).version


# ------------------------------------------------------------------------------ must not


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"verdict": "perhaps"}, "no verdict 'perhaps'", id="verdict"),
        pytest.param({"phrase": "new"}, "goes with the verdict fix", id="phrase"),
        pytest.param({"mask_from": "segmentation"}, "goes with the verdict fix", id="mask"),
        pytest.param(
            {"verdict": "fix", "mask_from": "a", "use_edit": True}, "from one place", id="two masks"
        ),
        pytest.param({"verdict": "fix", "mask_from": "nope"}, "'nope' .* is not there", id="field"),
        pytest.param({"verdict": "fix", "mask_from": "phrase"}, "holds no masks", id="no mask"),
        pytest.param({"verdict": "fix", "use_edit": True}, "is not there", id="no edit"),
        pytest.param({"session": "nope"}, "has no session", id="session"),
        pytest.param({"pair": "nope"}, "no pair 'nope'", id="pair"),
        pytest.param({"pair": "0" * 24}, "no pair", id="id"),
        pytest.param({"note": "\ud800"}, "surrogate", id="note"),
    ],
)
def test_what_cannot_be_judged_is_refused_and_nothing_is_written(
    dataset: Any, given: dict[str, Any], message: str
) -> None:
    before = documents(dataset)
    given = {"pair": keys(dataset)[0], "verdict": "keep"} | given
    with pytest.raises(UsageError, match=message):
        judge(dataset, given.pop("pair"), given.pop("verdict"), **given)
    assert documents(dataset) == before
    assert history(dataset) == []


def test_the_last_writer_is_told_and_overwrites_nothing(dataset: Any) -> None:
    key = keys(dataset)[0]
    seen = version(dataset, key)
    first = judge(dataset, key, "drop", reviewer="ann", note="wrong corner", seen=seen)
    before, logged = documents(dataset), history(dataset)
    with pytest.raises(Conflict, match="ann decided drop at 20") as told:
        judge(dataset, key, "keep", reviewer="bob", seen=seen)
    assert documents(dataset) == before
    assert history(dataset) == logged
    facts = told.value.facts
    assert (facts["verdict"], facts["reviewer"], facts["note"]) == ("drop", "ann", "wrong corner")
    assert facts["reviewed_at"] == first["reviewed_at"]
    assert facts["version"] == first["version"] == version(dataset, key)
    # The reviewer looks again, or confirms.
    judge(dataset, key, "keep", reviewer="bob", seen=facts["version"])
    judge(dataset, key, "unsure", reviewer="cy", seen=seen, force=True)
    assert state(dataset, key)[:2] == ("unsure", "cy")


def test_a_verdict_typed_into_the_app_is_noticed_too(dataset: Any) -> None:
    key = keys(dataset)[0]
    seen = version(dataset, key)
    dataset._sample_collection.update_one({"key": key}, {"$set": {"phrase": "other"}})
    with pytest.raises(Conflict, match="changed since it was read"):
        judge(dataset, key, "keep", seen=seen)
    assert state(dataset, key)[0] is None


# ------------------------------------------------------------------------- several at once


def test_of_threads_that_saw_the_same_one_wins_and_the_others_are_told(dataset: Any) -> None:
    pairs = keys(dataset)[:6]
    people = [f"r{number}" for number in range(6)]
    seen = {key: version(dataset, key) for key in pairs}
    together = Barrier(len(people))

    def work(person: str) -> list[str]:
        won = []
        for key in pairs:
            together.wait()
            try:
                judge(dataset, key, "keep", reviewer=person, seen=seen[key])
                won.append(key)
            except Conflict as conflict:
                assert conflict.facts["reviewer"] in people
        return won

    with ThreadPoolExecutor(len(people)) as pool:
        won = dict(zip(people, pool.map(work, people), strict=True))
    assert sorted(key for mine in won.values() for key in mine) == pairs
    for person, mine in won.items():
        assert all(state(dataset, key)[1] == person for key in mine)
    # The log holds what happened and nothing else.
    entries = history(dataset)
    assert sorted((e["key"], e["reviewer"]) for e in entries) == sorted(
        (key, person) for person, mine in won.items() for key in mine
    )
    assert all("arrived" not in e and e["open"] for e in entries)


def test_verdicts_that_saw_nothing_follow_each_other_with_true_old_values(dataset: Any) -> None:
    key = keys(dataset)[0]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: judge(dataset, key, "keep", reviewer=f"r{n}"), range(24)))
    entries = history(dataset, key)[::-1]
    assert len(entries) == 24
    # Each was made on what the one before had left, in whatever order they came.
    links = {e["old"]["reviewer"]: e["new"]["reviewer"] for e in entries}
    chain = [None]
    while chain[-1] in links:
        chain.append(links.pop(chain[-1]))
    assert len(chain) == 25 and not links
    assert state(dataset, key)[1] == chain[-1]


WORKER = """
import sys
from pairlens.importers.store import load
from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.verdicts import judge
dataset, person, session = load(sys.argv[1]), sys.argv[2], sys.argv[3]
print("ready", flush=True)
sys.stdin.readline()
for line in sys.stdin.read().split("\\n"):
    key, seen = line.split("\\t")
    try:
        judge(dataset, key, "keep", reviewer=person, session=session, seen=seen)
        print("won", key, flush=True)
    except Conflict as conflict:
        print("told", key, conflict.facts["reviewer"], flush=True)
"""


def worker(dataset: Any, code: str, *args: str) -> Process:
    return Process("-c", code, dataset.name, *args)


def test_of_processes_that_saw_the_same_one_wins_and_the_other_is_told(dataset: Any) -> None:
    pairs = flagged(dataset)
    name = sessions.start(dataset)["id"]
    work = "\n".join(f"{key}\t{version(dataset, key)}" for key in pairs)
    two = {person: worker(dataset, WORKER, person, name) for person in ("ann", "bob")}
    for process in two.values():
        # FiftyOne prints notices of its own first.
        assert process.stdout is not None and "ready\n" in iter(process.stdout.readline, "")
    for process in two.values():
        assert process.stdin is not None
        process.stdin.write("go\n" + work)
        process.stdin.close()
    said = {p: process.stdout.read().splitlines() for p, process in two.items() if process.stdout}
    assert [process.wait() for process in two.values()] == [0, 0]
    for key in pairs:
        lines = {p: next(line for line in said[p] if key in line) for p in said}
        [winner] = [p for p, line in lines.items() if line == f"won {key}"]
        [loser] = [p for p, line in lines.items() if line == f"told {key} {winner}"]
        assert {winner, loser} == {"ann", "bob"}
        assert state(dataset, key)[1] == winner
    assert sessions.get(dataset, name)["judged"] == len(pairs)


# ---------------------------------------------------------------------------- undo, redo


def test_undo_and_redo_go_any_number_of_steps(dataset: Any) -> None:
    a, b = keys(dataset)[:2]
    seen = [set_states(dataset)]
    for pair, verdict, phrase in ((a, "fix", "one"), (b, "drop", None), (a, "fix", "two")):
        judge(dataset, pair, verdict, phrase=phrase, reviewer="ann")
        seen.append(set_states(dataset))
    for index in (2, 1, 0):
        assert undoing.undo(dataset)["pairs"] == 1
        assert set_states(dataset) == seen[index]
    assert undoing.undo(dataset)["pairs"] == 0
    for index in (1, 2, 3):
        assert undoing.redo(dataset)["pairs"] == 1
        assert set_states(dataset) == seen[index]
    assert undoing.redo(dataset)["pairs"] == 0
    # Forth and back again.
    assert (undoing.undo(dataset)["pairs"], set_states(dataset)) == (1, seen[2])
    assert (undoing.redo(dataset)["pairs"], set_states(dataset)) == (1, seen[3])
    undoing.undo(dataset)
    judge(dataset, b, "keep")
    assert undoing.redo(dataset)["pairs"] == 0


def test_undo_of_ones_own_steps_leaves_those_of_others(dataset: Any) -> None:
    a, b = keys(dataset)[:2]
    judge(dataset, a, "drop", reviewer="ann")
    judge(dataset, b, "drop", reviewer="bob")
    done = undoing.undo(dataset, reviewer="ann", only_mine=True)
    assert (done["keys"], done["verdict"]) == ([a], None)
    assert (state(dataset, a)[0], state(dataset, b)[0]) == (None, "drop")
    assert undoing.undo(dataset, reviewer="ann", only_mine=True)["pairs"] == 0
    assert undoing.redo(dataset, reviewer="ann", only_mine=True)["keys"] == [a]


def test_an_undo_that_would_lose_anothers_verdict_is_refused(dataset: Any) -> None:
    key = keys(dataset)[0]
    judge(dataset, key, "drop", reviewer="ann")
    judge(dataset, key, "keep", reviewer="bob")
    before, logged = documents(dataset), history(dataset)
    with pytest.raises(Conflict, match="bob decided keep"):
        undoing.undo(dataset, reviewer="ann", only_mine=True)
    assert documents(dataset) == before
    assert history(dataset) == logged
    assert undoing.undo(dataset, reviewer="ann", only_mine=True, force=True)["pairs"] == 1
    assert state(dataset, key)[0] is None


# --------------------------------------------------------------------------------- killed

DYING = """
import os, signal, sys
from pairlens.importers.store import load
from pairlens.fiftyone_plugin.curation import changing
from pairlens.fiftyone_plugin.curation.verdicts import judge
dataset, when = load(sys.argv[1]), sys.argv[2]
log = changing.ChangeLog
def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)
keys = sys.stdin.read().split()
for key in keys[:-1]:
    judge(dataset, key, "drop", reviewer="ann", session="monday")
    print("confirmed", key, flush=True)
if when == "before the pair":
    changing.safe_writes.update_matching = die
else:
    log.arrive = die
judge(dataset, keys[-1], "drop", reviewer="ann", session="monday")
"""


@pytest.mark.parametrize(
    ("when", "arrives"),
    [("before the pair", False), ("before the confirmation", True)],
)
def test_a_killed_process_loses_nothing_it_confirmed(
    dataset: Any, monkeypatch: pytest.MonkeyPatch, when: str, arrives: bool
) -> None:
    pairs = flagged(dataset)
    sessions.start(dataset, name="monday")
    process = worker(dataset, DYING, when)
    out, _ = process.communicate("\n".join(pairs[:3]))
    assert process.returncode == -signal.SIGKILL
    said = [line for line in out.splitlines() if line.startswith("confirmed")]
    assert said == [f"confirmed {key}" for key in pairs[:2]]
    judged = pairs[: 2 + arrives]
    assert [key for key in pairs if state(dataset, key)[0] == "drop"] == judged
    monkeypatch.setattr(changing, "SLOW", timedelta(0))
    assert queue.resume(dataset, "monday", reviewer="ann")["key"] == pairs[len(judged)]
    assert sessions.get(dataset, "monday")["judged"] == len(judged)
    # Undo takes back what happened, and what did not is no step of it.
    for key in reversed(judged):
        assert undoing.undo(dataset, session="monday")["keys"] == [key]
    assert undoing.undo(dataset, session="monday")["pairs"] == 0
    assert all(state(dataset, key)[0] is None for key in pairs)


@pytest.mark.parametrize(
    ("when", "who"),
    [("before the pair", ["bob"]), ("before the confirmation", ["bob", "ann"])],
)
def test_what_others_built_on_before_anybody_looked_stays_in_the_log(
    dataset: Any, monkeypatch: pytest.MonkeyPatch, when: str, who: list[str]
) -> None:
    key = flagged(dataset)[0]
    sessions.start(dataset, name="monday")
    worker(dataset, DYING, when).communicate(key)
    judge(dataset, key, "keep", reviewer="bob", note="later")
    monkeypatch.setattr(changing, "SLOW", timedelta(0))
    changing.settle(dataset)
    entries = history(dataset, key)
    assert [one["reviewer"] for one in entries] == who
    assert all("arrived" not in one and "lost" not in one for one in entries)
    assert sessions.get(dataset, "monday")["judged"] == len(who) - 1
    for before in [*who[1:], None]:
        undoing.undo(dataset)
        assert state(dataset, key)[1] == before


def test_what_was_killed_and_made_again_is_in_the_log_once(
    dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a later change was made from just what the killed one was to make."""
    key = flagged(dataset)[0]
    sessions.start(dataset, name="monday")
    worker(dataset, DYING, "before the pair").communicate(key)
    [dead] = history(dataset, key)
    again = Change(dead["sample_id"], key, dead["old"], dead["new"])
    changing.write(dataset, [again], ChangeStep("set", "ann"))
    judge(dataset, key, "keep", reviewer="bob")
    monkeypatch.setattr(changing, "SLOW", timedelta(0))
    changing.settle(dataset)
    assert [one["reviewer"] for one in history(dataset, key)] == ["bob", "ann"]


def test_a_change_that_was_only_slow_counts_in_the_end(
    dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys(dataset)[0]
    stored = review_fields.find(dataset, key)
    monkeypatch.setattr(changing, "SLOW", timedelta(0))
    arrive = ChangeLog.arrive

    def slow(self: ChangeLog, step: int) -> None:
        # Meanwhile somebody looks, before the pair is written as this writer sees it.
        monkeypatch.setattr(changing, "holds", lambda document, values: False)
        changing.settle(dataset)
        monkeypatch.undo()
        assert history(dataset)[0]["lost"]
        arrive(self, step)

    monkeypatch.setattr(ChangeLog, "arrive", slow)
    change = Verdict(key, "drop").change_to(stored, "ann")
    assert changing.write(dataset, [change], ChangeStep("set", "ann")).count == 1
    [entry] = history(dataset)
    assert entry["open"] and "lost" not in entry and "arrived" not in entry
    assert undoing.undo(dataset)["keys"] == [key]
