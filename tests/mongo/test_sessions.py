"""Sessions and their queues, in a real database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest
from fiftyone import ViewField as F

from pairlens.fiftyone_plugin.curation import queue, sessions, undoing, verdicts
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.errors import StateError, UsageError
from tests import warm
from tests.mongo.curating import flagged, ids, load, plant
from tests.mongo.reviewing import documents, history, keys


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=6, size=256).root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    return load("gres", source, dataset_name)


def order(dataset: Any, session: dict[str, Any]) -> list[str]:
    """The queue, as keys."""
    found = queue.find(dataset, session["id"])
    names = {document["_id"]: key for key, document in documents(dataset).items()}
    chunks = queue.collection(queue.QUEUES).find({"session": found["_id"]}, sort=[("chunk", 1)])
    return [names[sample_id] for chunk in chunks for sample_id in chunk["ids"]]


def place(dataset: Any, session: str, sample_id: str) -> int | None:
    return queue.place_of(queue.find(dataset, session), sample_id)


def counts(dataset: Any) -> tuple[int, ...]:
    """Documents in the collections of sessions, of this dataset."""
    own = queue.collection(queue.SESSIONS).find({"dataset_id": dataset._doc.id})
    names = [one["_id"] for one in own]
    return (len(names), *(
        queue.collection(name).count_documents({"session": {"$in": names}})
        for name in (queue.QUEUES, queue.POSITIONS)
    ))  # fmt: skip


# ------------------------------------------------------------------------------ must not


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        pytest.param({}, "no pair without a verdict to review in: all flagged", id="nothing"),
        pytest.param({"check": "nope"}, "no check 'nope'", id="check"),
        pytest.param({"severity": "fatal"}, "no severity 'fatal'", id="severity"),
        pytest.param({"saved_view": "nope"}, "no saved view 'nope'", id="view"),
        pytest.param({"check": "tiny_mask", "severity": "error"}, "over one thing", id="two"),
        pytest.param({"limit": 0}, "a session of 0 pairs", id="limit"),
        pytest.param({"name": "a\nb"}, "one line", id="line break"),
        pytest.param({"name": "x" * 201}, "at most 200", id="long"),
        pytest.param({"name": "0123456789abcdef01234567"}, "looks like", id="an id as name"),
        pytest.param({"reviewer": "\ud800"}, "surrogate", id="reviewer"),
    ],
)
def test_what_cannot_be_started_leaves_nothing(
    dataset: Any, wanted: dict[str, Any], message: str
) -> None:
    queues = queue.collection(queue.QUEUES)
    before = queues.count_documents({})
    with pytest.raises(UsageError, match=message):
        sessions.start(dataset, **wanted)
    assert sessions.list_sessions(dataset) == []
    assert queues.count_documents({}) == before


def test_a_view_of_parts_or_of_another_dataset_is_refused(
    dataset: Any, dataset_name: str, source: Path
) -> None:
    other = load("gres", source, f"{dataset_name}-b")
    with pytest.raises(UsageError, match="is of dataset"):
        sessions.start(dataset, view=other.view())
    dataset.add_sample_field("parts", fo.EmbeddedDocumentField, embedded_doc_type=fo.Detections)
    with pytest.raises(UsageError, match="parts of samples"):
        sessions.start(dataset, view=dataset.to_patches("parts"))
    assert sessions.list_sessions(dataset) == []


def test_names_are_taken_once_and_sessions_are_of_one_dataset(
    dataset: Any, dataset_name: str, source: Path
) -> None:
    flagged(dataset)
    started = sessions.start(dataset, name="monday")
    with pytest.raises(UsageError, match="a session 'monday' already"):
        sessions.start(dataset, name="monday")
    other = load("gres", source, f"{dataset_name}-b")
    for name in ("monday", started["id"]):
        with pytest.raises(UsageError, match="has no session"):
            sessions.get(other, name)
    second = sessions.start(dataset)
    third = sessions.start(dataset)
    with pytest.raises(UsageError, match="already"):
        sessions.rename(dataset, second["id"], "monday")
    assert len({started["name"], second["name"], third["name"]}) == 3


# -------------------------------------------------------------------------------- queues


def test_the_queue_is_worst_first_and_of_flagged_pairs_alone(dataset: Any) -> None:
    worst_first = flagged(dataset)
    session = sessions.start(dataset, reviewer="ann")
    assert order(dataset, session) == worst_first
    assert (session["pairs"], session["judged"], session["left"]) == (6, 0, 6)
    assert (session["creator"], session["finished"]) == ("ann", None)
    assert session["over"] == {"kind": "flagged", "text": "all flagged pairs"}
    assert session["verdicts"] == {"keep": 0, "drop": 0, "fix": 0, "unsure": 0}


def test_a_pair_is_as_bad_as_its_worst_finding_and_ties_go_by_key(dataset: Any) -> None:
    a, b, c, d = keys(dataset)[:4]
    plant(dataset, {
        a: [("tiny_mask", "warning", 0.0), ("low_iou", "info", 0.0)],
        b: [("low_iou", "info", 0.0), ("empty_mask", "error", 1.0)],
        c: [("tiny_mask", "warning", 0.0)],
        d: [("tiny_mask", "warning", 0.5), ("low_iou", "info", 0.1)],
    })  # fmt: skip
    assert order(dataset, sessions.start(dataset)) == [a, c, b, d]
    # Of one check, its own findings alone count.
    assert order(dataset, sessions.start(dataset, check="low_iou")) == [a, b, d]
    assert order(dataset, sessions.start(dataset, severity="error")) == [b]
    assert order(dataset, sessions.start(dataset, limit=2)) == [a, c]


def test_a_session_can_be_over_a_view_or_a_saved_view(dataset: Any) -> None:
    worst = flagged(dataset)[0]
    view = dataset.match(F("key").is_in(keys(dataset)[:8]))
    session = sessions.start(dataset, view=view)
    queued = order(dataset, session)
    assert sorted(queued) == keys(dataset)[:8]
    assert queued[0] == worst
    assert session["over"]["kind"] == "view"
    dataset.save_view("some", view)
    assert order(dataset, sessions.start(dataset, saved_view="some")) == queued


def test_pairs_with_a_verdict_are_left_out_unless_asked_for(dataset: Any) -> None:
    first, *rest = flagged(dataset)
    verdicts.judge(dataset, first, "keep")
    assert order(dataset, sessions.start(dataset)) == rest
    assert order(dataset, sessions.start(dataset, include_judged=True)) == [first, *rest]


def test_a_queue_longer_than_a_chunk_is_gone_through(
    dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    worst_first = flagged(dataset)
    for module in (sessions, queue):
        monkeypatch.setattr(module, "CHUNK", 4)
    session = sessions.start(dataset)
    name = session["id"]
    assert order(dataset, session) == worst_first
    by_key = ids(dataset)
    assert [place(dataset, name, by_key[key]) for key in worst_first] == list(range(6))
    seen = []
    for _ in worst_first:
        item = queue.next_item(dataset, name)
        seen.append(item["key"])
        judge(dataset, item["key"], "keep", session=name)
    assert seen == worst_first
    assert queue.next_item(dataset, name)["end"]
    back = [queue.previous_item(dataset, name)["key"] for _ in range(5)]
    assert back == worst_first[-2::-1]


# -------------------------------------------------------------------------------- moving


def test_going_through_skips_what_anybody_judged_in_the_session(dataset: Any) -> None:
    pairs = flagged(dataset)
    name = sessions.start(dataset, reviewer="ann")["id"]
    first = queue.resume(dataset, name, reviewer="ann")
    assert (first["position"], first["of"], first["end"]) == (0, 6, False)
    assert first["key"] == pairs[0]
    judge(dataset, pairs[1], "drop", session=name, reviewer="bob")
    # A verdict outside the session does not count.
    verdicts.judge(dataset, pairs[2], "keep", reviewer="cy")
    assert queue.next_item(dataset, name, reviewer="ann")["position"] == 2
    assert queue.next_item(dataset, name, reviewer="ann", after=0, judged=True)["position"] == 1
    assert queue.go_to(dataset, name, 5, reviewer="ann")["key"] == pairs[5]
    # Behind the last pair, those before that are open follow.
    again = queue.next_item(dataset, name, reviewer="ann")
    assert (again["position"], again["judged"], again["left"]) == (0, 1, 5)
    nothing = queue.previous_item(dataset, name, reviewer="ann")
    assert (nothing["end"], nothing["position"], nothing["sample_id"]) == (True, None, None)
    # Where the reviewer stopped is kept, though there was nothing before.
    assert queue.resume(dataset, name, reviewer="ann")["position"] == 0


def test_two_reviewers_are_given_different_pairs_while_there_are_any(dataset: Any) -> None:
    pairs = flagged(dataset)
    name = sessions.start(dataset)["id"]
    assert queue.resume(dataset, name, reviewer="ann")["key"] == pairs[0]
    assert queue.resume(dataset, name, reviewer="bob")["key"] == pairs[1]
    for key in pairs[1:]:
        judge(dataset, key, "keep", session=name, reviewer="bob")
    assert queue.next_item(dataset, name, reviewer="bob")["key"] == pairs[0]


def test_positions_that_are_none_are_refused(dataset: Any) -> None:
    pairs = flagged(dataset)
    name = sessions.start(dataset)["id"]
    for position in (-1, 6):
        with pytest.raises(UsageError, match="positions 0 to 5"):
            queue.go_to(dataset, name, position)
    stranger = next(key for key in keys(dataset) if key not in pairs)
    assert place(dataset, name, ids(dataset)[stranger]) is None


def test_deleted_pairs_are_passed_over(dataset: Any) -> None:
    pairs = flagged(dataset)
    name = sessions.start(dataset)["id"]
    dataset.delete_samples([ids(dataset)[key] for key in pairs[:2]])
    assert queue.resume(dataset, name)["key"] == pairs[2]
    with pytest.raises(UsageError, match="was deleted"):
        queue.go_to(dataset, name, 0)


# ------------------------------------------------------------------------------- changes


def test_progress_counts_the_last_verdict_of_each_pair_and_undo_lowers_it(dataset: Any) -> None:
    pairs = flagged(dataset)
    name = sessions.start(dataset, reviewer="ann")["id"]
    judge(dataset, pairs[0], "drop", session=name, reviewer="ann")
    judge(dataset, pairs[0], "keep", session=name, reviewer="bob")
    judge(dataset, pairs[1], "unsure", session=name, reviewer="ann")
    stranger = next(key for key in keys(dataset) if key not in pairs)
    judge(dataset, stranger, "keep", session=name, reviewer="ann")
    now = sessions.get(dataset, name)
    assert (now["judged"], now["left"]) == (2, 4)
    assert now["verdicts"] == {"keep": 1, "drop": 0, "fix": 0, "unsure": 1}
    assert {one["reviewer"]: one["judged"] for one in now["reviewers"]} == {"ann": 1, "bob": 1}
    assert now["last_change"] > now["created"]
    for judged in (2, 1, 1, 0):
        assert undoing.undo(dataset, session=name)["pairs"] == 1
        assert sessions.get(dataset, name)["judged"] == judged
    assert undoing.undo(dataset, session=name)["pairs"] == 0


def test_a_finished_session_takes_no_verdict_until_it_is_reopened(dataset: Any) -> None:
    key = flagged(dataset)[0]
    name = sessions.start(dataset, name="monday")["name"]
    assert sessions.finish(dataset, name)["finished"]
    before = documents(dataset)
    with pytest.raises(StateError, match="'monday' is finished; reopen"):
        judge(dataset, key, "keep", session=name)
    assert documents(dataset) == before
    assert [one["finished"] is None for one in sessions.list_sessions(dataset)] == [False]
    assert sessions.reopen(dataset, name)["finished"] is None
    judge(dataset, key, "keep", session=name)
    assert sessions.rename(dataset, name, "tuesday")["judged"] == 1
    assert [one["name"] for one in sessions.list_sessions(dataset)] == ["tuesday"]


def test_deleting_a_session_leaves_verdicts_and_log(dataset: Any) -> None:
    key = flagged(dataset)[0]
    name = sessions.start(dataset)["id"]
    queue.resume(dataset, name)
    judge(dataset, key, "drop", session=name)
    assert counts(dataset) == (1, 1, 1)
    sessions.delete(dataset, name)
    assert counts(dataset) == (0, 0, 0)
    assert documents(dataset)[key]["verdict"] == "drop"
    assert len(history(dataset)) == 1
    assert undoing.undo(dataset)["pairs"] == 1


def test_a_session_goes_on_in_another_process(dataset: Any) -> None:
    pairs = flagged(dataset)
    name = sessions.start(dataset, name="monday", reviewer="ann")["id"]
    for key in pairs[:2]:
        queue.resume(dataset, name, reviewer="ann")
        judge(dataset, key, "drop", session=name, reviewer="ann")
    code = (
        "import sys; from pairlens.importers.store import load;"
        "from pairlens.fiftyone_plugin.curation import queue, undoing; d = load(sys.argv[1]);"
        "print(queue.resume(d, 'monday', reviewer='ann')['key']);"
        "print(undoing.undo(d, session='monday')['keys'])"
    )
    done = warm.run("-c", code, dataset.name)
    assert done.stdout.splitlines()[-2:] == [pairs[2], str([pairs[1]])]
    assert sessions.get(fo.load_dataset(dataset.name), name)["judged"] == 1
