"""Queues of many pairs: their beginning is found in an index, and the rest is read behind it."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest
from bson import ObjectId
from fiftyone import ViewField as F

from pairlens.fiftyone_plugin.checks.base import Finding
from pairlens.fiftyone_plugin.checks.findings_store import complete, stored_values
from pairlens.fiftyone_plugin.curation import queue, reading_on, selection, sessions
from pairlens.fiftyone_plugin.curation.queue_documents import QUEUES, SESSIONS, collection
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers import fields, fo_internals, schema, store
from pairlens.importers.errors import UsageError
from tests import warm
from tests.mongo.curating import ids, load
from tests.mongo.reviewing import documents, keys

CHUNK, READ = 3, 9
LONG = 36
"""Pairs, all of which have a finding."""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=18, size=64).root


@pytest.fixture
def dataset(dataset_name: str, source: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Pairs with findings that often are as bad as another's, of one group or of several checks."""
    for module in (sessions, queue, reading_on):
        monkeypatch.setattr(module, "CHUNK", CHUNK)
    monkeypatch.setattr(selection, "_READ", READ)
    monkeypatch.setattr(reading_on, "AHEAD", 60)  # or until it is waited for
    made = load("gres", source, dataset_name)
    drawn = random.Random(3)
    changes = []
    for key, document in sorted(documents(made).items()):
        found = sorted((finding(key, drawn) for _ in range(drawn.randint(1, 3))), key=rank)
        changes.append((document["_id"], stored_values(found)))
    assert len(changes) >= LONG
    store.update(made, changes)
    schema.declare_findings(made)
    assert not schema.index_findings(made)
    return made


def finding(key: str, drawn: random.Random) -> Finding:
    check = drawn.choice(["tiny_mask", "low_iou", "box_mask"])
    severity = drawn.choice(["error", "warning", "info"])
    score = drawn.choice([0.0, 0.05, 0.3, 0.3001])
    group = drawn.choice(["", "a", key, key])
    return Finding(key, check, severity, score, "note", group)


def rank(one: Finding) -> tuple[float, int]:
    return one.rank


def stored(session: dict[str, Any]) -> Any:
    return queue.collection(SESSIONS).find_one({"_id": ObjectId(session["id"])})


def queued(session: dict[str, Any]) -> list[Any]:
    chunks = collection(QUEUES).find({"session": stored(session)["_id"]}, sort=[("chunk", 1)])
    return [one for chunk in chunks for one in chunk["ids"]]


def expected(dataset: Any, given: dict[str, Any]) -> list[Any]:
    """The whole queue, as the database sorts it."""
    options = {n: given[n] for n in ("include_judged", "limit", "order") if n in given}
    over = {name: value for name, value in given.items() if name not in options}
    chosen = selection.choose(dataset, **over)
    return list(chosen.ordered(dataset, **{"include_judged": False, **options}))


# ------------------------------------------------------------------------------ must not


def test_a_short_queue_is_read_at_once(dataset: Any) -> None:
    some = dataset.select_by("key", keys(dataset)[: READ - 1])
    session = sessions.start(dataset, view=some, behind=True)
    assert "rest" not in stored(session)
    assert queued(session) == expected(dataset, {"view": some})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({f"{fields.FINDINGS}.badness": ""}, id="an earlier version"),
        pytest.param(
            {f"{fields.FINDINGS}.classifications.0.severity": ""}, id="typed into the App"
        ),
    ],
)
def test_of_findings_that_were_not_ranked_nothing_is_guessed(
    dataset: Any, change: dict[str, str]
) -> None:
    samples = fo_internals.collection(dataset)
    worst = expected(dataset, {})[-1]
    unranked = {f"{fields.FINDINGS}.badness": "", **change}
    samples.update_one({"_id": worst}, {"$unset": unranked})
    session = sessions.start(dataset, behind=True)
    assert "rest" not in stored(session)
    assert queued(session) == expected(dataset, {})
    # The next flagging ranks them.
    complete(dataset)
    assert "rest" in stored(sessions.start(dataset, behind=True))


VIEWS: dict[str, Callable[[Any], Any]] = {
    "limit": lambda dataset: dataset.limit(25),
    "skip": lambda dataset: dataset.skip(10),
    "take": lambda dataset: dataset.take(25, seed=5),
    "mongo": lambda dataset: dataset.mongo([{"$limit": 25}]),
    "twice": lambda dataset: dataset.limit(20).concat(dataset.skip(15)),
    "hiding": lambda dataset: dataset.exclude_fields("phrase").limit(25),
}
"""Views that count samples in their own order."""


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
def test_of_a_view_that_counts_samples_all_is_read_at_once(
    dataset: Any, view: Callable[[Any], Any]
) -> None:
    some = view(dataset)
    session = sessions.start(dataset, view=some, behind=True)
    assert "rest" not in stored(session)
    assert queued(session) == expected(dataset, {"view": some})


def test_what_the_index_does_not_rank_is_read_at_once(dataset: Any) -> None:
    schema.declare_chances(dataset)
    drawn = random.Random(5)
    store.update(
        dataset, [(d["_id"], {fields.P_BAD: drawn.random()}) for d in documents(dataset).values()]
    )
    session = sessions.start(dataset, behind=True, order="p_bad")
    assert "rest" not in stored(session)
    assert queued(session) == expected(dataset, {"order": "p_bad"})


# ------------------------------------------------------------------------------ must


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="flagged"),
        pytest.param({"include_judged": True}, id="judged"),
        pytest.param({"warnings": True}, id="warnings"),
        pytest.param({"severity": "error"}, id="severity"),
        pytest.param({"check": "tiny_mask"}, id="check"),
        pytest.param({"saved_view": "some"}, id="saved view"),
        pytest.param({"view": "tags"}, id="view"),
        pytest.param({"limit": 7}, id="limit"),
    ],
)
def test_the_queue_is_the_same_in_every_order(dataset: Any, given: dict[str, Any]) -> None:
    for key in keys(dataset)[::7]:
        judge(dataset, key, "keep")
    chosen = dataset.match(F("key").is_in(keys(dataset)[1:]))
    if given.get("view"):
        given = {"view": chosen}
    dataset.save_view("some", chosen)
    wanted = expected(dataset, given)
    session = sessions.start(dataset, behind=True, **given)
    assert "rest" in stored(session) and queued(session) == wanted[:CHUNK]
    whole = reading_on.whole(stored(session))
    assert queued(session) == wanted and whole["pairs"] == len(wanted) > CHUNK
    assert sessions.get(dataset, session["id"])["left"] == len(wanted)


def test_the_first_pairs_are_found_without_the_others(dataset: Any) -> None:
    database = fo_internals.database()
    chosen = selection.choose(dataset, warnings=True)
    database.command("profile", 2)
    try:
        first = chosen.first(dataset, CHUNK, include_judged=False)
    finally:
        database.command("profile", 0)
    where = {"ns": f"{database.name}.{fo_internals.collection(dataset).name}", "op": "command"}
    read = [one["docsExamined"] for one in database["system.profile"].find(where)]
    database["system.profile"].drop()
    assert len(first) == CHUNK and 0 < sum(read) < LONG / 2


def test_moving_waits_where_the_queue_begins_to_lack(dataset: Any) -> None:
    every = {str(sample_id): place for place, sample_id in enumerate(expected(dataset, {}))}
    name = sessions.start(dataset, behind=True, reviewer="ann")["id"]
    first = queue.resume(dataset, name, reviewer="ann")
    assert (first["position"], first["of"]) == (0, CHUNK)
    last = len(every) - 1
    assert queue.go_to(dataset, name, last, reviewer="ann")["of"] == len(every)
    seen = [
        queue.next_item(dataset, name, after=at - 1, reviewer="ann")["sample_id"]
        for at in range(last + 1)
    ]
    assert seen == list(every)
    other = sessions.start(dataset, behind=True)["id"]
    assert queue.previous_item(dataset, other)["position"] == last
    third = sessions.start(dataset, behind=True)["id"]
    assert len(queue.left(queue.find(dataset, third), 500)) == len(every)


def test_sessions_that_start_at_once_have_the_whole_queue_each(dataset: Any) -> None:
    wanted = expected(dataset, {})
    with ThreadPoolExecutor(4) as pool:
        began = list(pool.map(lambda _: sessions.start(dataset, behind=True), range(4)))
    assert len({session["name"] for session in began}) == 4
    for session in began:
        assert reading_on.whole(stored(session))["pairs"] == len(wanted)
        assert queued(session) == wanted


def test_a_verdict_on_a_pair_that_is_still_to_be_read_has_its_place(dataset: Any) -> None:
    last = expected(dataset, {})[-1]
    name = sessions.start(dataset, behind=True)["id"]
    judge(dataset, str(last), "drop", session=name)
    done = sessions.get(dataset, name)
    assert (done["judged"], done["left"]) == (1, done["pairs"] - 1)
    assert queue.place_of(queue.find(dataset, name), last) == done["pairs"] - 1


@pytest.mark.parametrize("given", [{}, {"limit": 10}])
def test_verdicts_that_are_given_meanwhile_change_no_queue(
    dataset: Any, given: dict[str, Any]
) -> None:
    before, *_ = keys(dataset)[-1:]
    judge(dataset, before, "keep")
    wanted = expected(dataset, given)
    session = sessions.start(dataset, behind=True, **given)
    assert "rest" in stored(session)
    for sample_id in (*wanted[:2], *wanted[-2:]):
        judge(dataset, str(sample_id), "keep")
    fo_internals.collection(dataset).update_one(  # as one that is typed into the App
        {"_id": expected(dataset, {})[-1]}, {"$set": {fields.VERDICT: "drop"}}
    )
    typed = {one["_id"] for one in documents(dataset).values() if one.get(fields.VERDICT) == "drop"}
    reading_on.whole(stored(session))
    assert queued(session) == [one for one in wanted if one not in typed]


def test_another_process_goes_on_where_the_first_was_killed(dataset: Any) -> None:
    wanted = expected(dataset, {})
    code = (
        "import os, sys; from pairlens.importers.store import load;"
        "from pairlens.fiftyone_plugin.curation import queue, reading_on, selection, sessions;"
        f"sessions.CHUNK = queue.CHUNK = reading_on.CHUNK = {CHUNK}; selection._READ = {READ};"
        "from pairlens.importers import process_ids;"
        "sessions.start(load(sys.argv[1]), name='long', behind=True, reviewer='ann');"
        "print(process_ids.this_process(), flush=True); os._exit(0)"
    )
    dead = warm.run("-c", code, dataset.name).stdout.split()[-1]
    begun = queue.find(dataset, "long")
    assert begun["pairs"] == CHUNK
    collection(SESSIONS).update_one({"_id": begun["_id"]}, {"$set": {"rest.process": dead}})
    assert queue.place_of(queue.find(dataset, "long"), wanted[-1]) == len(wanted) - 1
    assert queued(sessions.get(dataset, "long")) == wanted


def test_of_a_session_that_is_deleted_meanwhile_nothing_stays(dataset: Any) -> None:
    session = sessions.start(dataset, behind=True)
    found = stored(session)
    sessions.delete(dataset, session["id"])
    with pytest.raises(UsageError, match="was deleted"):
        reading_on.whole(found)
    while found["_id"] in reading_on._here:
        time.sleep(0.02)
    assert collection(QUEUES).count_documents({"session": found["_id"]}) == 0


def test_findings_are_whole_samples_for_fiftyone(dataset: Any, tmp_path: Path) -> None:
    key, sample_id = next(iter(ids(dataset).items()))
    sample = dataset[sample_id]
    sample.findings.classifications[0]["note"] = "mended"
    sample.save()
    dataset.export(export_dir=str(tmp_path / "copy"), dataset_type=fo.types.FiftyOneDataset)
    copy = fo.Dataset.from_dir(
        dataset_dir=str(tmp_path / "copy"), dataset_type=fo.types.FiftyOneDataset
    )
    try:
        again = copy.match(F("key") == key).first()
        assert again.findings.classifications[0]["note"] == "mended"
        assert "badness" not in str(dataset.get_field_schema(flat=True))
    finally:
        copy.delete()
