"""The demo, whole: what it says of itself is true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fiftyone as fo
import pytest

from fiftyone_plugin.demo.run import run_demo
from importers import fields
from importers.datasets import delete_dataset
from importers.errors import StateError, UsageError
from importers.formats import find_format


@pytest.fixture
def lines(mongo: str) -> Iterator[list[str]]:
    yield []
    for name in ("demo-gres", "demo-refsegrs"):
        if fo.dataset_exists(name):
            delete_dataset(name)


def test_a_folder_of_others_is_left_alone(lines: list[str], tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(StateError, match="no demo's"):
        run_demo(tmp_path, say=lines.append)
    with pytest.raises(UsageError, match="too few"):
        run_demo(tmp_path / "new", images=3, say=lines.append)
    assert (tmp_path / "thesis.docx").read_text() == "years of work"


def test_all_planted_faults_are_found_and_clean_pairs_left_alone(
    lines: list[str], tmp_path: Path
) -> None:
    report = run_demo(tmp_path / "out", say=lines.append)
    assert report.ok
    gres, refsegrs = report.data["datasets"]
    assert len(gres["faults"]) == 11 and len(refsegrs["faults"]) == 14
    for one in (gres, refsegrs):
        assert one["missed"] == []
        assert all(f["found"] == f["planted"] > 0 for f in one["faults"].values())
        assert one["clean"]["pairs"] >= 30
        assert (one["clean"]["error"], one["clean"]["warning"]) == (0, 0)
        assert one["gIoU"] > 0.1
        dataset = fo.load_dataset(one["dataset"])
        assert one["pairs"] == len(dataset) == one["exported"] + one["dropped"]
        root = tmp_path / "out" / one["format"] / "cleaned"
        pairs = list(find_format("auto", root).read(root))
        assert len(pairs) == one["exported"] == dataset.count_values(fields.VERDICT)["keep"]
    assert any("pairlens app demo-gres" in line for line in report.lines)
