"""Two reviewers on one pair: both verdicts in the log, what disagrees, and how it is settled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.curation import opinions, undoing
from pairlens.fiftyone_plugin.curation.bulk import judge_alike
from pairlens.fiftyone_plugin.curation.team import team
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.errors import UsageError
from tests.mongo.conftest import REVIEWER
from tests.mongo.curating import load, mask_of, predict
from tests.mongo.reviewing import documents, history, keys, state
from tests.mongo.text_editing import edited, texts_in, with_texts


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=4, size=256).root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    return load("gres", source, dataset_name)


def differing(dataset: Any) -> dict[str, list[tuple[str, str]]]:
    found = opinions.disagreements(dataset)
    return {key: [(one.reviewer, one.verdict) for one in each] for key, each in found.items()}


def test_what_comes_out_the_same_is_no_disagreement(dataset: Any) -> None:
    alike, mended, to_fix, changed_mind, undone, *_ = keys(dataset)
    for key in (alike, alike):
        judge(dataset, key, "keep", reviewer="ada")
    judge(dataset, alike, "keep", reviewer="bo")
    judge(dataset, mended, "fix", phrase="Find the pond.", reviewer="ada")
    judge(dataset, mended, "keep", reviewer="bo")
    judge(dataset, to_fix, "fix", reviewer="ada")
    judge(dataset, to_fix, "fix", phrase="Find the lake.", reviewer="bo")
    judge(dataset, changed_mind, "drop", reviewer="ada")
    judge(dataset, changed_mind, "keep", reviewer="ada")
    judge(dataset, undone, "keep", reviewer="ada")
    judge(dataset, undone, "drop", reviewer="bo")
    undoing.undo(dataset, reviewer="bo", only_mine=True)
    assert differing(dataset) == {}
    assert team(dataset)["disagreements"] == 0


def test_a_disagreement_lasts_until_it_is_settled_and_both_verdicts_stay(dataset: Any) -> None:
    key, other, *_ = keys(dataset)
    judge(dataset, key, "keep", reviewer="ada", note="it is there")
    judge(dataset, key, "drop", reviewer="bo", note="it is not")
    judge(dataset, other, "keep", reviewer="ada")
    judge(dataset, other, "fix", phrase="Find the pond.", reviewer="bo")
    assert differing(dataset) == {
        key: [("ada", "keep"), ("bo", "drop")],
        other: [("ada", "keep"), ("bo", "fix")],
    }
    opinions.take(dataset, key, "ada", reviewer="cy")
    judge(dataset, other, "unsure", reviewer="cy")
    assert differing(dataset) == {}
    # Hers stands, with her note and under her name; the log says who took it.
    assert state(dataset, key)[:2] == ("keep", "ada")
    assert documents(dataset)[key]["review_note"] == "it is there"
    log = [(e["reviewer"], e["new"]["verdict"], e.get("settles")) for e in history(dataset, key)]
    assert log == [("cy", "keep", True), ("bo", "drop", None), ("ada", "keep", None)]
    undoing.undo(dataset, reviewer="cy", only_mine=True)
    undoing.undo(dataset, reviewer="cy", only_mine=True)
    assert set(differing(dataset)) == {key, other}
    undoing.redo(dataset, reviewer="cy", only_mine=True)
    assert len(differing(dataset)) == 1


def test_a_taken_verdict_brings_its_text_and_its_mask_back(dataset: Any, tmp_path: Path) -> None:
    predict(dataset, tmp_path / "model")
    key, *_ = keys(dataset)
    published, phrase = mask_of(dataset, key), documents(dataset)[key]["phrase"]
    judge(dataset, key, "keep", reviewer="ada")
    judge(dataset, key, "fix", mask_from="model", phrase="Find the pond.", reviewer="bo")
    theirs = mask_of(dataset, key)
    opinions.take(dataset, key, "ada", reviewer="cy")
    assert (mask_of(dataset, key) == published).all()
    assert documents(dataset)[key]["phrase"] == phrase
    opinions.take(dataset, key, "bo", reviewer="cy")
    assert (mask_of(dataset, key) == theirs).all()
    assert documents(dataset)[key]["phrase"] == "Find the pond."
    with pytest.raises(UsageError, match=r"dee has no verdict on .*; ada, bo has"):
        opinions.take(dataset, key, "dee", reviewer="cy")


def test_a_taken_verdict_brings_captions_back(dataset_name: str, tmp_path: Path) -> None:
    dataset = load("rsteller", make_rsteller(tmp_path / "rsteller", 2, size=64).root, dataset_name)
    key = with_texts(dataset)
    published = texts_in(dataset, key)
    judge(dataset, key, "keep", reviewer="ada")
    theirs = edited(dataset, key)
    assert differing(dataset) == {key: [("ada", "keep"), (REVIEWER, "fix")]}
    told = opinions.view_of(opinions.disagreements(dataset)[key][1])
    assert told["texts_changed"]
    opinions.take(dataset, key, "ada", reviewer="cy")
    assert (texts_in(dataset, key), documents(dataset)[key]["verdict"]) == (published, "keep")
    opinions.take(dataset, key, REVIEWER, reviewer="cy")
    assert sorted(texts_in(dataset, key)) == sorted(theirs)


def test_agreement_counts_pairs_that_both_judged_as_they_were(dataset: Any) -> None:
    a, b, c, d, e, *_ = keys(dataset)
    for key, ours, theirs in ((a, "keep", "keep"), (b, "drop", "keep"), (c, "drop", "drop")):
        judge(dataset, key, ours, reviewer="ada")
        judge(dataset, key, theirs, reviewer="bo")
    judge(dataset, d, "fix", phrase="Find the pond.", reviewer="ada")
    judge(dataset, d, "keep", reviewer="bo")
    judge(dataset, e, "keep", reviewer="cy")
    judge(dataset, b, "drop", reviewer="cy")  # in sight of both: it settles
    found = team(dataset)
    [pair] = [one for one in found["agreement"] if one["common"]]
    assert (pair["first"], pair["second"]) == ("ada", "bo")
    assert (pair["common"], pair["same"], pair["edited"]) == (3, 2, 1)
    from sklearn.metrics import cohen_kappa_score

    expected = cohen_kappa_score(["keep", "drop", "drop"], ["keep", "keep", "drop"])
    assert pair["kappa"] == pytest.approx(expected)
    assert {one["reviewer"]: one["verdicts"] for one in found["paces"]} == {
        "ada": 4, "bo": 4, "cy": 2
    }  # fmt: skip


def test_what_was_taken_back_counts_for_no_pace_until_it_is_made_again(dataset: Any) -> None:
    def given() -> list[int]:
        return [one["verdicts"] for one in team(dataset)["paces"]]

    judge(dataset, keys(dataset)[0], "keep", reviewer="ada")
    undoing.undo(dataset, reviewer="ada")
    assert given() == []
    undoing.redo(dataset, reviewer="ada")
    assert given() == [1]
    undoing.undo(dataset, reviewer="ada")
    assert given() == []


def test_a_verdict_for_many_leaves_others_alone_unless_asked(dataset: Any) -> None:
    chosen = keys(dataset)[:4]
    ids = [documents(dataset)[key]["_id"] for key in chosen]
    judge(dataset, chosen[0], "keep", reviewer="bo")
    done = judge_alike(dataset, ids, "drop", reviewer="ada")
    assert (done["written"], done["others"], done["left"]) == (3, 1, 1)
    assert state(dataset, chosen[0])[:2] == ("keep", "bo")
    with pytest.raises(UsageError, match="who decides"):
        judge_alike(dataset, ids, "drop", reviewer="")
    assert judge_alike(dataset, ids, "drop", reviewer="ada", over_others=True)["written"] >= 1
    assert [one for one, _ in differing(dataset)[chosen[0]]] == ["bo", "ada"]
    assert undoing.undo(dataset, reviewer="ada", only_mine=True)["pairs"] >= 1
    assert state(dataset, chosen[0])[:2] == ("keep", "bo")
