"""The demo, whole: what it says of itself is true."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.demo.planting import faults_of
from pairlens.fiftyone_plugin.demo.run import run_demo
from pairlens.fiftyone_plugin.reports import Report
from pairlens.importers import fields
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import find_format

SHOWN = ("gres", "refsegrs", "rrsisd", "rsteller", "rsgpt4v")
LEAST_CLEAN = 20


@dataclass
class Ran:
    """A demo that ran: what it returned, what it printed, where its files are."""

    report: Report
    lines: list[str]
    out: Path


@pytest.fixture(scope="module")
def ran(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    lines: list[str] = []
    out = tmp_path_factory.mktemp("demo") / "out"
    yield Ran(run_demo(out, say=lines.append), lines, out)
    for name in (f"demo-{format}" for format in SHOWN):
        if fo.dataset_exists(name):
            delete_dataset(name)


def test_a_folder_of_others_is_left_alone(tmp_path: Path) -> None:
    lines: list[str] = []
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(StateError, match="no demo's"):
        run_demo(tmp_path, say=lines.append)
    with pytest.raises(UsageError, match="too few"):
        run_demo(tmp_path / "new", images=3, say=lines.append)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"
    assert not lines and not (tmp_path / "new").exists()


def test_all_its_formats_are_shown(ran: Ran) -> None:
    assert [one["format"] for one in ran.report.data["datasets"]] == list(SHOWN)
    assert ran.report.ok
    for format in SHOWN:
        assert any(f"pairlens app demo-{format}" in line for line in ran.report.lines)


@pytest.mark.parametrize("format", SHOWN)
def test_clean_samples_are_left_alone_and_planted_faults_found(ran: Ran, format: str) -> None:
    one = _of(ran, format)
    assert one["clean"]["samples"] >= LEAST_CLEAN
    assert (one["clean"]["error"], one["clean"]["warning"]) == (0, 0)
    assert set(one["faults"]) == set(faults_of(format))
    assert one["missed"] == []
    assert all(f["found"] == f["planted"] > 0 for f in one["faults"].values())


@pytest.mark.parametrize("format", SHOWN)
def test_what_was_planted_is_listed(ran: Ran, format: str) -> None:
    text = (ran.out / format / "planted.jsonl").read_text("utf-8")
    listed = [json.loads(line) for line in text.splitlines()]
    planted = {name: f["planted"] for name, f in _of(ran, format)["faults"].items()}
    assert Counter(fault["fault"] for fault in listed) == planted
    assert all(fault["note"] and fault["key"].startswith(f"{format}/") for fault in listed)


@pytest.mark.parametrize("format", SHOWN)
def test_what_was_kept_is_read_back(ran: Ran, format: str) -> None:
    one, root = _of(ran, format), ran.out / format / "cleaned"
    dataset = fo.load_dataset(one["dataset"])
    assert one["samples"] == len(dataset) == one["exported"] + one["dropped"]
    records = list(find_format("auto", root).read(root))
    lines = (root / "decisions.jsonl").read_text("utf-8").splitlines()
    verdicts = Counter(json.loads(line)["verdict"] for line in lines)
    assert len(records) == one["exported"] == verdicts["keep"]
    assert set(dataset.count_values(fields.VERDICT)) == {None}  # the review is the reader's
    assert one["read_back"]


def test_only_masks_are_scored(ran: Ran) -> None:
    scored = {one["format"]: one["gIoU"] for one in ran.report.data["datasets"] if "gIoU" in one}
    assert set(scored) == {"gres", "refsegrs", "rrsisd"} and min(scored.values()) > 0.1
    assert ran.lines.count("No masks here: nothing to predict and to score.") == 2


def test_what_is_printed_is_short_and_names_what_the_import_left_out(ran: Ran) -> None:
    assert len(ran.lines) < 190
    assert any("ends in the middle of" in line for line in ran.lines)
    assert any("the record is not valid JSON" in line for line in ran.lines)


def _of(ran: Ran, format: str) -> dict[str, Any]:
    return next(one for one in ran.report.data["datasets"] if one["format"] == format)
