"""docs/checks.md says of every check what the code says, and the labels are what it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.documentation import documented
from pairlens.fiftyone_plugin.language.taxonomy import CLASSES
from tests.unit.subjects import issues


@pytest.fixture(scope="module")
def page(repo_root: Path) -> str:
    return (repo_root / "docs" / "checks.md").read_text("utf-8")


@pytest.fixture(scope="module")
def labels(repo_root: Path) -> list[dict]:
    path = repo_root / "benchmarks" / "data" / "position-labels.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_every_check_is_documented_as_it_declares_itself(page: str) -> None:
    assert documented(page) == page, (
        "python -m pairlens.fiftyone_plugin.checks.documentation docs/checks.md"
    )
    assert f"{len(CLASSES)} classes" in page


def test_a_check_without_a_heading_is_told(page: str) -> None:
    with pytest.raises(ValueError, match="no table under the heading 'Captions'"):
        documented(page.replace("### Captions", "### Titles"))


@pytest.mark.parametrize("name", list(CHECKS))
def test_the_examples_of_a_check_are_examples(name: str) -> None:
    one = CHECKS[name]
    assert one.silent and issues(name, one.silent) == []
    assert one.fires and issues(name, one.fires)


def test_the_worked_example(page: str, repo_root: Path) -> None:
    section = (repo_root / "docs" / "writing-a-check.md").read_text("utf-8")
    module = re.search(r"```python\n(.*?)```", section, re.S)
    test = re.search(r"^    from tests.*?(?=^\S)", section, re.S | re.M)
    assert module and test
    before = dict(CHECKS._things)
    CHECKS._things.pop("holey_mask", None)  # of somebody who wrote it into the catalogue
    try:
        exec(compile(module[1], "holes.py", "exec"), {"__name__": "holes"})
        one = CHECKS["holey_mask"]
        assert issues("holey_mask", one.silent) == []
        assert [issue.key for issue in issues("holey_mask", one.fires)] == [one.fires[0].key]
        names: dict[str, Any] = {}
        exec(compile(textwrap.dedent(test[0]), "test_holes.py", "exec"), names)
        for function in (names[name] for name in names if name.startswith("test_")):
            function()
        assert "| `holey_mask` | warning | mask_stats | `min_holes=20` |" in documented(page)
    finally:
        CHECKS._things.clear()
        CHECKS._things.update(before)


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
    assert result["precision"] > 0.99  # docs/checks.md tells of the one pair that it flags
    assert result["precision_strict"] >= 0.9
    assert result["recall"] >= 0.95
