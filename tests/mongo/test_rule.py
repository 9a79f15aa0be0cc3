"""Review without a panel: verdicts by rule, and what waits in a session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.cli import run
from pairlens.fiftyone_plugin.curation import undoing
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.importers import store
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.errors import StateError, UnknownName, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.reviewing import documents, history

NAME = "ruled"
RULE = ("review", NAME, "--rule", "drop")


@pytest.fixture(scope="module")
def flagged(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    root = make_gres(tmp_path_factory.mktemp("rule") / "gres", 20, size=128).root
    plant(root, "gres", ["empty_query"], rate=0.3, seed=2)
    import_dataset("gres", root, NAME, ImportOptions(overwrite=True))
    dataset = store.load(NAME)
    flag(dataset)
    yield dataset
    delete_dataset(NAME)


@pytest.fixture
def dataset(flagged: Any) -> Iterator[Any]:
    """The dataset, as it was afterwards."""
    yield flagged
    while undoing.undo(flagged, force=True)["pairs"]:
        pass


def empty(dataset: Any) -> list[str]:
    return sorted(key for key, one in documents(dataset).items() if not one["phrase"].strip())


def test_a_rule_that_finds_nothing_writes_nothing(dataset: Any) -> None:
    logged = len(history(dataset))
    assert run([*RULE, "check:tiny_mask", "--reviewer", "Ada"])["set"] == 0
    assert len(history(dataset)) == logged


def test_a_rule_judges_what_has_no_verdict_as_one_step(dataset: Any) -> None:
    first = empty(dataset)[0]
    run(["review", NAME, "--set", first, "keep", "--reviewer", "Bo"])
    done = run([*RULE, "check:empty_query", "--reviewer", "Ada"])
    judged = {key: one for key, one in documents(dataset).items() if one.get("verdict")}
    assert sorted(judged) == empty(dataset) and done["set"] == len(judged) - 1 > 0
    assert (judged[first]["verdict"], judged[first]["reviewer"]) == ("keep", "Bo")
    assert {one["review_note"] for key, one in judged.items() if key != first} == {
        "rule: check:empty_query"
    }
    undoing.undo(dataset, force=True)
    assert [k for k, one in documents(dataset).items() if one.get("verdict")] == [first]


def test_what_is_no_rule_is_refused(dataset: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="check:C"):
        run([*RULE, "everything"])
    with pytest.raises(UnknownName, match="no_such_check"):
        run([*RULE, "check:no_such_check"])
    with pytest.raises(UsageError, match="no verdict 'burn'"):
        run(["review", NAME, "--rule", "burn", "check:empty_query"])
    monkeypatch.delenv("PAIRLENS_REVIEWER")
    with pytest.raises(UsageError, match="who reviews"):
        run([*RULE, "check:empty_query"])
    assert not [one for one in documents(dataset).values() if one.get("verdict")]


def test_what_waits_is_told_with_its_findings_unless_they_are_hidden(dataset: Any) -> None:
    run(["review", NAME, "--start", "plain", "--over", "check:empty_query"])
    told = run(["review", NAME, "--next", "plain"])["pairs"]
    assert sorted(one["key"] for one in told) == empty(dataset)
    assert all(Path(one["image"]).is_file() and Path(one["mask"]).is_file() for one in told)
    assert {label["label"] for one in told for label in one["findings"]} >= {"empty_query"}
    run(["review", NAME, "--set", told[0]["key"], "drop", "--session", "plain"])
    left = run(["review", NAME, "--next", "plain", "--limit", "1"])["pairs"]
    assert [one["key"] for one in left] == [told[1]["key"]]
    run(["estimate", NAME, "--size", "10", "--session", "drawn"])
    assert all("findings" not in one for one in run(["review", NAME, "--next", "drawn"])["pairs"])
    with pytest.raises(UsageError, match="no session 'none'"):
        run(["review", NAME, "--next", "none"])
    run(["review", NAME, "--finish", "plain"])
    with pytest.raises(StateError, match="is finished"):
        run(["review", NAME, "--next", "plain"])
