"""A review shared out, judged blind where it overlaps, and second opinions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.curation import evidence, opinions, queue, second_opinions, sharing
from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.team import team
from pairlens.fiftyone_plugin.curation.texts import REVIEWER_VARIABLE
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.errors import StateError, UsageError
from tests.mongo.curating import flagged, load
from tests.mongo.reviewing import documents, history, keys, state


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=6, size=256).root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    return load("gres", source, dataset_name)


def pairs_of(dataset: Any, session: dict[str, Any]) -> list[str]:
    names = {one["_id"]: key for key, one in documents(dataset).items()}
    return [names[one] for one in queue.left(queue.find(dataset, session["id"]), 100)]


def masks(dataset: Any, pairs: list[str]) -> set[str]:
    return {documents(dataset)[key]["mask_stats"]["digest"] for key in pairs}


def test_nothing_is_given_under_the_name_of_the_machines_user(
    dataset: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(REVIEWER_VARIABLE)
    key = flagged(dataset)[0]
    for command in (["--set", key, "drop"], ["--undo"], ["--start", "monday"]):
        assert main(["review", dataset.name, *command]) == 2
        assert "who reviews? Give the reviewer's name" in capsys.readouterr().err
    assert history(dataset) == []
    monkeypatch.setenv(REVIEWER_VARIABLE, "ada")
    assert main(["review", dataset.name, "--set", key, "drop"]) == 0
    assert state(dataset, key)[1] == "ada"


def test_what_cannot_be_shared_out_leaves_nothing(dataset: Any) -> None:
    flagged(dataset)
    for given, message in (
        ({"among": ["ada"]}, "two reviewers or more"),
        ({"among": ["ada", " ada "]}, "named twice"),
        ({"among": ["ada", "bo"], "overlap": 2}, "an overlap of 200%"),
        ({"among": ["ada", "bo"], "by": "mood"}, "no way to share 'mood'"),
        ({"among": ["ada", "bo"], "by": "check"}, "cannot share 1 checks"),
        ({"among": list("abcdefghijklmnopqrstuv"), "overlap": 0}, "none of them for"),
        ({"among": ["ada", "bo\nbo"]}, "one line"),
    ):
        with pytest.raises(UsageError, match=message):
            sharing.share(dataset, name="monday", **given)
    sessions_left = queue.collection(queue.SESSIONS).count_documents(
        {"dataset_id": dataset._doc.id}
    )
    assert sessions_left == 0


def test_each_pair_goes_to_one_reviewer_or_to_all_and_masks_stay_whole(dataset: Any) -> None:
    worst_first = flagged(dataset, 6)
    ada, bo = sharing.share(
        dataset, among=["ada", "bo"], name="monday", overlap=0.3, over={"view": dataset.view()}
    )
    assert (ada["name"], ada["reviewer"]) == ("monday (ada)", "ada")
    hers, his = pairs_of(dataset, ada), pairs_of(dataset, bo)
    both = set(hers) & set(his)
    assert set(hers) | set(his) == set(keys(dataset))
    assert len(both) == ada["shared"] == bo["shared"] > 0
    assert next(key for key in hers if key in worst_first) == worst_first[0]
    apart = masks(dataset, [*set(hers) - both]), masks(dataset, [*set(his) - both])
    assert not apart[0] & apart[1]


def test_what_several_judge_is_judged_blind_and_nothing_is_lost(dataset: Any) -> None:
    key = flagged(dataset)[0]
    ada, bo = sharing.share(dataset, among=["ada", "bo"], overlap=1)
    before = evidence.pair_view(dataset, key, session=bo["id"], reviewer="bo")
    judge(dataset, key, "keep", session=ada["id"], reviewer="ada", note="it is there")
    seen = evidence.pair_view(dataset, key, session=bo["id"], reviewer="bo")
    assert (seen["blind"], seen["disagree"], seen["opinions"]) == (True, False, [])
    assert (seen["review"]["verdict"], seen["review"]["note"], seen["history"]) == (None, None, [])
    assert queue.resume(dataset, bo["id"], reviewer="bo")["key"] == key
    # Her verdict is no conflict to him, who does not know it; outside of the session it is one.
    with pytest.raises(Conflict, match="ada decided keep"):
        judge(dataset, key, "drop", reviewer="bo", seen=before["version"])
    judge(dataset, key, "drop", session=bo["id"], reviewer="bo", seen=before["version"])
    shown = evidence.pair_view(dataset, key, session=bo["id"], reviewer="bo")
    assert (shown["blind"], shown["disagree"]) == (False, True)
    told = [(one["reviewer"], one["verdict"], one["note"]) for one in shown["opinions"]]
    assert told == [("ada", "keep", "it is there"), ("bo", "drop", None)]
    assert [one["reviewer"] for one in history(dataset, key)] == ["bo", "ada"]
    assert team(dataset)["agreement"][0]["common"] == 1
    # An edited text is another pair, though: then what was seen counts.
    other = flagged(dataset)[1]
    before = evidence.pair_view(dataset, other, session=bo["id"], reviewer="bo")
    judge(dataset, other, "fix", session=ada["id"], reviewer="ada", phrase="Find the pond.")
    with pytest.raises(Conflict):
        judge(dataset, other, "drop", session=bo["id"], reviewer="bo", seen=before["version"])


def test_a_second_opinion_comes_into_the_queue_of_who_is_asked(dataset: Any) -> None:
    first, second, *_ = keys(dataset)
    judge(dataset, first, "keep", reviewer="ada")
    asked = second_opinions.ask(dataset, first, of="bo", note="the left one?", reviewer="ada")
    assert (asked["reviewer"], asked["pairs"], asked["left"]) == ("bo", 1, 1)
    for of, error, message in (
        ("ada", UsageError, "name another reviewer"),
        ("bo", StateError, "bo was asked about this pair already"),
    ):
        with pytest.raises(error, match=message):
            second_opinions.ask(dataset, first, of=of, reviewer="ada")
    assert second_opinions.ask(dataset, second, of="bo", reviewer="cy")["id"] == asked["id"]
    item = queue.resume(dataset, asked["id"], reviewer="bo")
    assert item["key"] == first
    seen = evidence.pair_view(dataset, first, session=asked["id"], reviewer="bo")
    question = seen["asked"]
    assert question and (question["by"], question["note"]) == ("ada", "the left one?")
    assert seen["blind"]
    judge(dataset, first, "drop", session=asked["id"], reviewer="bo", seen=seen["version"])
    assert list(opinions.disagreements(dataset)) == [first]
    # The question was answered, so that it can be put again.
    again = second_opinions.ask(dataset, first, of="bo", reviewer="ada")
    assert again["id"] != asked["id"]


def test_of_what_is_asked_of_anybody_nobody_gets_his_own(dataset: Any) -> None:
    first, second, *_ = keys(dataset)
    asked = second_opinions.ask(dataset, first, reviewer="ada")
    second_opinions.ask(dataset, second, reviewer="bo")
    for who, key in (("ada", second), ("bo", first)):
        assert queue.resume(dataset, asked["id"], reviewer=who)["key"] == key
        ahead = evidence.views_ahead(dataset, asked["id"], reviewer=who)
        assert [one["key"] for one in ahead] == [key]
    judge(dataset, second, "keep", session=asked["id"], reviewer="ada")
    assert queue.next_item(dataset, asked["id"], reviewer="ada")["end"]


def test_the_command_line_shares_asks_lists_and_settles(
    dataset: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    key = flagged(dataset)[0]

    def run(*command: str) -> dict[str, Any]:
        assert main(["review", dataset.name, *command, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    parts = run("--share", "monday", "--among", "Ada,Bo", "--overlap", "100%", "--reviewer", "Ada")
    assert [one["reviewer"] for one in parts["sessions"]] == ["Ada", "Bo"]
    for who, verdict in (("Ada", "keep"), ("Bo", "drop")):
        run("--set", key, verdict, "--reviewer", who, "--session", f"monday ({who})")
    assert list(run("--disagreements")["disagreements"]) == [key]
    found = run("--status")["team"]
    assert (found["disagreements"], found["agreement"][0]["common"]) == (1, 1)
    assert run("--start", "settling", "--over", "disagreements")["pairs"] == 1
    run("--settle", key, "Bo", "--reviewer", "Cy")
    assert state(dataset, key)[:2] == ("drop", "Bo")
    assert run("--disagreements")["disagreements"] == {}
    assert run("--ask", key, "--of", "Cy", "--reviewer", "Ada")["reviewer"] == "Cy"
    without = ["--share", "x", "--among", "Ada,Bo", "--overlap", "10"]
    assert main(["review", dataset.name, *without]) == 2
    assert "--overlap 10 is no percentage" in capsys.readouterr().err
