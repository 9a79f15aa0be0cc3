"""Verdicts, undo and the audit log, in a real database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation import undoing
from pairlens.fiftyone_plugin.curation.log import ChangeLog
from pairlens.fiftyone_plugin.curation.verdict_counts import status
from pairlens.fiftyone_plugin.curation.verdicts import Verdict, judge, set_verdicts
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import import_dataset
from tests import warm
from tests.mongo.reviewing import documents, history, keys, set_states, state


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=4, size=256).root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    import_dataset("gres", source, dataset_name)
    return fo.load_dataset(dataset_name)


@pytest.fixture(scope="module")
def shared(source: Path) -> Iterator[Any]:
    """For tests that leave the dataset as it was, and say so: an import takes a second."""
    name = f"test-{uuid4().hex[:12]}"
    import_dataset("gres", source, name)
    yield fo.load_dataset(name)
    fo.delete_dataset(name)


# ---------------------------------------------------------------------------- verdicts


def test_a_fresh_import_is_pending_and_has_nothing_to_undo(dataset: Any) -> None:
    before = documents(dataset)
    count = len(before)
    assert status(dataset) == {
        "pending": count, "keep": 0, "drop": 0, "fix": 0, "unsure": 0
    }  # fmt: skip
    assert undoing.undo(dataset, force=True)["pairs"] == 0
    assert history(dataset) == []
    assert set_verdicts(dataset, []) == 0
    assert documents(dataset) == before


def test_a_verdict_touches_its_pair_and_nothing_else(dataset: Any) -> None:
    before = documents(dataset)
    sample = dataset.first()
    key = sample.key
    judge(dataset, key, "drop", note="wrong corner", reviewer="ann")

    after = documents(dataset)
    changed = after.pop(key)
    original = before.pop(key)
    assert after == before
    assert {k for k in changed if changed[k] != original.get(k)} == {
        "verdict", "reviewer", "reviewed_at", "review_note", "last_modified_at",
    }  # fmt: skip
    assert (changed["verdict"], changed["reviewer"]) == ("drop", "ann")
    assert changed["review_note"] == "wrong corner"
    age = datetime.now(UTC) - changed["reviewed_at"].replace(tzinfo=UTC)
    assert 0 <= age.total_seconds() < 60
    assert changed["last_modified_at"] > original["last_modified_at"]
    # What this process holds in memory has followed.
    assert sample.verdict == "drop"


def test_a_new_verdict_without_a_phrase_keeps_the_edit_but_not_the_note(dataset: Any) -> None:
    key = keys(dataset)[0]
    published = documents(dataset)[key]["phrase"]
    judge(dataset, key, "fix", phrase="  the red roof ", note="typo", reviewer="ann")
    judge(dataset, key, "keep", reviewer="bob")
    verdict, reviewer, _, note, phrase, original = state(dataset, key)
    assert (verdict, reviewer, note) == ("keep", "bob", None)
    assert (phrase, original) == ("the red roof", published)


def test_the_original_phrase_is_kept_once_and_cleared_on_the_way_back(dataset: Any) -> None:
    key = keys(dataset)[0]
    published = documents(dataset)[key]["phrase"]
    for phrase in ("first edit", "second edit"):
        judge(dataset, key, "fix", phrase=phrase)
        assert state(dataset, key)[4:] == (phrase, published)
    judge(dataset, key, "fix", phrase=published)
    assert state(dataset, key)[4:] == (published, None)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (Verdict("gres/train/nowhere#0", "keep"), "no pair 'gres/train/nowhere#0'"),
        (Verdict("KEY", "perhaps"), "no verdict 'perhaps'; known: keep, drop, fix, unsure"),
        (Verdict("KEY", "keep", phrase="new"), "goes with the verdict fix"),
        (Verdict("KEY", "fix", phrase=" "), "empty"),
        (Verdict("KEY", "fix", phrase="a\nb"), "line break"),
        (Verdict("KEY", "fix", phrase="a\u2028b"), "line break"),
        (Verdict("KEY", "fix", phrase="a\r"), "line break"),
        (Verdict("KEY", "fix", phrase="a\x00b"), "control character"),
        (Verdict("KEY", "fix", phrase="a\ud800"), "surrogate"),
        (Verdict("KEY", "fix", phrase="x" * 10_001), "10,001 characters"),
        (Verdict("KEY", "keep", note="\udc00"), "note holds half a surrogate"),
        (Verdict("OTHER", "keep"), "two verdicts at once"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_what_cannot_be_is_refused_and_nothing_is_written(
    shared: Any, change: Verdict, message: str
) -> None:
    first, second = keys(shared)[:2]
    before, logged = documents(shared), history(shared)
    change = replace(change, key={"KEY": second, "OTHER": first}.get(change.key, change.key))
    with pytest.raises(UsageError, match=message):
        set_verdicts(shared, [Verdict(first, "drop"), change])
    assert documents(shared) == before
    assert history(shared) == logged


def test_a_dataset_of_another_kind_is_refused(dataset_name: str) -> None:
    other = fo.Dataset(dataset_name)
    with pytest.raises(StateError, match="not imported by PairLens"):
        judge(other, "a", "keep")


def test_status_counts_what_is_there(dataset: Any) -> None:
    every = keys(dataset)
    set_verdicts(
        dataset,
        [Verdict(k, v) for k, v in zip(every, ("keep", "keep", "drop", "unsure"), strict=False)],
    )
    # A verdict typed into the App that is none.
    dataset._sample_collection.update_one({"key": every[4]}, {"$set": {"verdict": "perhaps"}})
    assert status(dataset) == {
        "pending": len(every) - 4, "keep": 2, "drop": 1, "fix": 0, "unsure": 1
    }  # fmt: skip


# ---------------------------------------------------------------------------- undo and log


def test_undo_goes_back_step_by_step_and_new_steps_can_follow(dataset: Any) -> None:
    a, b, c = keys(dataset)[:3]
    states = [set_states(dataset)]

    def step(*verdicts: Verdict) -> None:
        set_verdicts(dataset, verdicts, reviewer="ann")
        states.append(set_states(dataset))

    step(Verdict(a, "fix", "an edit"))
    step(Verdict(a, "fix", "another edit", "note"), Verdict(b, "drop"), Verdict(c, "keep"))
    step(Verdict(b, "unsure"))
    assert undoing.undo(dataset, force=True)["pairs"] == 1
    assert set_states(dataset) == states[2]
    assert undoing.undo(dataset, force=True)["pairs"] == 3
    assert set_states(dataset) == states[1]
    states[2:] = []
    step(Verdict(c, "drop"))
    for index in (1, 0):
        assert undoing.undo(dataset, force=True)["pairs"] == 1
        assert set_states(dataset) == states[index]
    assert undoing.undo(dataset, force=True)["pairs"] == 0
    assert set_states(dataset) == states[0]


def test_undo_works_in_another_process(dataset: Any) -> None:
    a, b = keys(dataset)[:2]
    before = set_states(dataset)
    judge(dataset, a, "fix", phrase="an edit")
    judge(dataset, b, "drop")
    code = (
        "import sys; from pairlens.importers.store import load;"
        "from pairlens.fiftyone_plugin.curation import undoing;"
        "d = load(sys.argv[1]); steps = [undoing.undo(d, force=True) for _ in range(3)];"
        "print('undone', *(step['pairs'] for step in steps))"
    )
    done = warm.run("-c", code, dataset.name)
    assert done.stdout.splitlines()[-1] == "undone 1 1 0"
    assert set_states(dataset) == before


def test_the_log_holds_every_change_and_its_undo(dataset: Any) -> None:
    key = keys(dataset)[0]
    published = documents(dataset)[key]["phrase"]
    judge(dataset, key, "fix", phrase="an edit", note="why", reviewer="ann")
    judge(dataset, keys(dataset)[1], "keep", reviewer="bob")
    undoing.undo(dataset, reviewer="cy", force=True)
    undoing.undo(dataset, reviewer="cy", force=True)
    entries = history(dataset, key)
    assert [(e["kind"], e["reviewer"], e["seq"]) for e in entries] == [
        ("undo", "cy", 4), ("set", "ann", 1)
    ]  # fmt: skip
    undone, made = entries
    assert undone["undoes"] == made["step"]
    assert made["old"]["phrase"] == undone["new"]["phrase"] == published
    assert made["new"]["phrase"] == undone["old"]["phrase"] == "an edit"
    assert (made["old"]["verdict"], made["new"]["verdict"]) == (None, "fix")
    assert (made["new"]["original_phrase"], made["new"]["review_note"]) == (published, "why")
    assert made["time"] <= undone["time"]
    assert len(history(dataset)) == 4


def test_an_undo_that_was_killed_is_done_again(dataset: Any, monkeypatch: Any) -> None:
    before = set_states(dataset)
    set_verdicts(dataset, [Verdict(k, "drop") for k in keys(dataset)])

    def killed(self: ChangeLog, step: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(ChangeLog, "close", killed)
        undoing.undo(dataset, force=True)
    assert undoing.undo(dataset, force=True)["pairs"] == len(before)
    assert set_states(dataset) == before
    assert undoing.undo(dataset, force=True)["pairs"] == 0


def test_logs_of_two_datasets_are_apart(dataset: Any, source: Path) -> None:
    name = f"{dataset.name}-b"
    import_dataset("gres", source, name)
    other = fo.load_dataset(name)
    judge(dataset, keys(dataset)[0], "drop")
    assert undoing.undo(other, force=True)["pairs"] == 0
    assert status(dataset)["drop"] == 1
