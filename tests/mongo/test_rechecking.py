"""Findings follow an edited text at once, as they follow a replaced mask."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation import decisions, undoing
from pairlens.fiftyone_plugin.curation.suggesting import write_suggestions
from pairlens.fiftyone_plugin.curation.verdicts import Verdict, judge, set_verdicts
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.importers.ingest import import_dataset
from tests.mongo.curating import load
from tests.mongo.reviewing import documents

LEAK = "Find the car at [10, 20, 30, 40]."


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_gres(tmp_path_factory.mktemp("gres") / "gres", images=8, size=128).root
    plant(root, "gres", ("exchanged_place", "coordinate_leak"), rate=0.9)
    return root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    return load("gres", source, dataset_name)


def found(dataset: Any) -> dict[str, list[tuple[str, str]]]:
    """The checks with their notes, by key."""
    labels = {key: one.get("findings") or {} for key, one in documents(dataset).items()}
    return {
        key: [(label["label"], label["note"]) for label in one.get("classifications", ())]
        for key, one in labels.items()
    }


def checks_of(dataset: Any, key: str) -> set[str]:
    return {name for name, _ in found(dataset)[key]}


def found_alone(dataset: Any, key: str) -> list[tuple[str, str]]:
    """What checks of single samples found."""
    return [one for one in found(dataset)[key] if CHECKS[one[0]].scope == "sample"]


def test_a_sample_that_was_never_checked_gets_no_finding(dataset: Any) -> None:
    key = min(documents(dataset))
    judge(dataset, key, "fix", phrase=LEAK)
    one = documents(dataset)[key]
    assert one["phrase"] == LEAK and one.get("findings") is None and one.get("quality") is None


def test_a_verdict_without_an_edit_leaves_findings_alone(dataset: Any) -> None:
    flag(dataset)
    before = {key: one.get("findings") for key, one in documents(dataset).items()}
    for key, verdict in zip(before, ("keep", "drop", "fix", "unsure"), strict=False):
        judge(dataset, key, verdict, note="no edit")
    assert {key: one.get("findings") for key, one in documents(dataset).items()} == before


def test_findings_follow_each_edit_and_what_takes_it_back(dataset: Any) -> None:
    flag(dataset)
    before = found(dataset)
    sound = next(key for key, some in before.items() if not some)
    judge(dataset, sound, "fix", phrase=LEAK)
    assert "coordinate_leak" in checks_of(dataset, sound)
    assert documents(dataset)[sound]["worst_severity"] == "error"
    set_verdicts(dataset, [Verdict(sound, "fix", documents(dataset)[sound]["original_phrase"])])
    assert found(dataset) == before and documents(dataset)[sound]["quality"] == 1
    undoing.undo(dataset)
    assert "coordinate_leak" in checks_of(dataset, sound)
    undoing.undo(dataset)
    assert found(dataset) == before


def test_an_undo_keeps_what_a_later_comparison_found(dataset: Any) -> None:
    flag(dataset)
    one, two = [key for key in sorted(documents(dataset)) if "000000000001#" in key][:2]
    judge(dataset, one, "fix", phrase="Find the boat.")
    dataset._sample_collection.update_one({"key": two}, {"$set": {"phrase": "Find the boat."}})
    flag(dataset)
    copies = {key for key in (one, two) if "duplicate_pair" in checks_of(dataset, key)}
    assert copies
    undoing.undo(dataset, force=True)
    assert {key for key in (one, two) if "duplicate_pair" in checks_of(dataset, key)} == copies


def test_suggestions_that_are_applied_leave_what_a_flagging_finds(
    dataset: Any, tmp_path: Path
) -> None:
    flag(dataset)
    assert write_suggestions(dataset, tmp_path / "suggested.jsonl")["suggested"] > 2
    decisions.apply(dataset, tmp_path / "suggested.jsonl")
    mended = [key for key, one in documents(dataset).items() if one.get("original_phrase")]
    at_once = {key: found_alone(dataset, key) for key in mended}
    flag(dataset, fresh=True)
    assert at_once and at_once == {key: found_alone(dataset, key) for key in mended}


def test_findings_follow_a_caption(dataset_name: str, tmp_path: Path) -> None:
    root = make_rsteller(tmp_path / "captions", 4, size=64).root
    plant(root, "rsteller", ("drifted_place",), rate=0.9)
    import_dataset("rsteller", root, dataset_name)
    made = fo.load_dataset(dataset_name)
    flag(made)
    drifted = next(
        key for key, some in found(made).items() if some and some[0][0] == "revision_drift"
    )
    revised = next(
        n for n, c in enumerate(documents(made)[drifted]["captions"], 1) if c["task"] == 3
    )
    judge(made, drifted, None, texts=[{"unit": f"caption {revised}", "removed": True}])
    assert checks_of(made, drifted) == set()
    undoing.undo(made)
    assert checks_of(made, drifted) == {"revision_drift"}
