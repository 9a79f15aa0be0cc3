"""docs/checks.md says of every check what the code says, and the labels are what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from fiftyone_plugin.checks import CHECKS
from fiftyone_plugin.language.taxonomy import CLASSES


@pytest.fixture(scope="module")
def page(repo_root: Path) -> str:
    return (repo_root / "docs" / "checks.md").read_text("utf-8")


@pytest.fixture(scope="module")
def labels(repo_root: Path) -> list[dict]:
    path = repo_root / "benchmarks" / "data" / "position-labels.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_check_is_documented(page: str) -> None:
    rows = re.findall(r"^\| `(\w+)` \| (error|warning|info) \| ([^|]+) \| ([^|]+) \|", page, re.M)
    documented = {name: (severity, needs, params) for name, severity, needs, params in rows}
    assert set(documented) == {one.name for one in CHECKS.values()}
    for one in CHECKS.values():
        severity, needs, params = documented[one.name]
        assert severity == one.severity, one.name
        assert needs == ", ".join(dict.fromkeys(n.split(".")[0] for n in one.needs)), one.name
        said = ", ".join(f"`{name}={value}`" for name, value in one.params.items())
        assert params == (said or "-"), one.name
    assert f"{len(CLASSES)} classes" in page


def test_the_labels_are_as_documented(page: str, labels: list[dict]) -> None:
    assert len({label["key"] for label in labels}) == len(labels)
    assert all(label["phrase"] and label["why"] for label in labels)
    counts = Counter((label["flagged"], label["right"]) for label in labels)
    flagged, others = (
        " | ".join(str(counts[state, right]) for right in (False, True, None))
        for state in (True, False)
    )
    assert f"| flagged (all 298) | {flagged} |" in page
    assert f"| unflagged | {others} |" in page
    assert f"{len(labels)} judgements" in page


def bench(repo_root: Path, folder: Path, name: str = "bench_positions") -> str:
    script = repo_root / "benchmarks" / f"{name}.py"
    done = subprocess.run(
        [sys.executable, str(script), str(folder)], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("name", ["bench_positions", "bench_faults"])
def test_without_data_the_benchmark_says_so(repo_root: Path, tmp_path: Path, name: str) -> None:
    assert bench(repo_root, tmp_path, name).startswith("no GRES annotations in ")


@pytest.mark.slow
def test_the_check_is_as_good_as_documented(
    repo_root: Path, shared_data: Path, labels: list[dict]
) -> None:
    result = json.loads(bench(repo_root, shared_data / "gres").splitlines()[-1])
    assert result["flagged_wrong"] >= 275
    assert result["flagged_unlabelled"] == 0
    assert result["precision"] == 1.0
    assert result["precision_strict"] >= 0.9
    assert result["recall"] >= 0.95
