"""Files that steps write: one that is there is written over where that is asked for, else never."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from pairlens.fiftyone_plugin import PLUGIN_NAME
from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.fiftyone_plugin.steps import STEPS
from tests.mongo.curating import load, predict
from tests.mongo.reviewing import documents, keys

MINE = b"years of work"
LATER = "-later"
"""How the name of a copy ends that stands for a later release."""


@pytest.fixture
def dataset(dataset_name: str, tmp_path: Path) -> Iterator[Any]:
    made = load("gres", make_gres(tmp_path / "gres", images=3, size=64).root, dataset_name)
    predict(made, tmp_path / "model")
    score(made, pred="model", key="model")
    assert main(["review", made.name, "--set", keys(made)[0], "drop"]) == 0
    later = made.clone(f"{dataset_name}{LATER}")
    yield made
    later.delete()


def writers(dataset: Any, tmp_path: Path) -> dict[str, tuple[list[str], Path]]:
    """Every command that writes a file, and the file."""
    name = dataset.name
    other = tmp_path / "other.jsonl"
    assert main(["review", name, "--dump", str(other), "--overwrite"]) == 0
    (tmp_path / "third.jsonl").write_bytes(other.read_bytes())
    out = {
        n: tmp_path / n
        for n in (
            "dump",
            "flag",
            "merge",
            "plots.html",
            "page.md",
            "bench",
            "j.xml",
            "s.json",
            "l.html",
            "held",
            "pairs",
        )
    }
    merged = ["review", "--merge", str(other), str(tmp_path / "third.jsonl")]
    scored = ["score", name, "--pred", "model", "--key", "again"]
    compared = ["diff", name, f"{name}{LATER}"]
    checked = ["check", name, "--fail-on", "never"]
    return {
        "check --junit": ([*checked, "--junit", str(out["j.xml"])], out["j.xml"]),
        "check --sarif": ([*checked, "--sarif", str(out["s.json"])], out["s.json"]),
        "review --dump": (["review", name, "--dump", str(out["dump"])], out["dump"]),
        "review --merge": ([*merged, "--out", str(out["merge"])], out["merge"]),
        "flag --out": (["flag", name, "--out", str(out["flag"])], out["flag"]),
        "score --plots": ([*scored, "--plots", str(out["plots.html"])], out["plots.html"]),
        "audit --out": (
            ["audit", name, "--examples", "0", "--out", str(out["page.md"])], out["page.md"],
        ),
        "leaks --out": (
            ["leaks", name, "--fail-on", "never", "--out", str(out["l.html"])], out["l.html"],
        ),
        "diff --out": ([*compared, "--out", str(out["held"])], out["held"]),
        "diff --pairs": ([*compared, "--pairs", str(out["pairs"])], out["pairs"]),
        "bench-checks --out": (
            ["bench-checks", name, "--fault", "tiny_mask", "--out", str(out["bench"])],
            out["bench"] / "bench-checks.json",
        ),
    }  # fmt: skip


def test_a_file_that_is_there_is_written_over_only_if_asked(
    dataset: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for about, (command, file) in writers(dataset, tmp_path).items():
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(MINE)
        before = documents(dataset)
        assert main(command) == 1, about
        assert f"{file} already exists" in capsys.readouterr().err, about
        assert (file.read_bytes(), documents(dataset)) == (MINE, before), about
        assert main([*command, "--overwrite"]) == 0, about
        assert file.read_bytes() != MINE, about
        for written in file.parent.glob(f"{file.stem}*"):
            written.unlink()
        assert main(command) == 0 and file.is_file(), about


def test_every_option_that_names_a_file_to_write_says_so(dataset: Any, tmp_path: Path) -> None:
    declared = {
        f"{step.name} {option.flag}"
        for step in STEPS
        for option in step.options
        if option.writes
    }  # fmt: skip
    told = {about.replace("--merge", "--out") for about in writers(dataset, tmp_path)}
    assert declared == told
    paths = {
        f"{step.name} {option.flag}"
        for step in STEPS
        for option in step.options
        if option.type is Path and not option.writes
    }
    # Folders that must be new, or that only PairLens writes to.
    assert paths <= {
        "export --out", "demo --out", "import --media-dir", "relocate --source",
        "relocate --media-dir", "adopt --media-dir", "images --out",
        # What is read.
        "images --geojson", "images --annotations", "images --xview", "sources --path",
        "sources --chips", "judge --prices", "bench-checks --prices",
        # What --update-baseline is asked to write.
        "check --baseline",
    }  # fmt: skip


def test_operators_write_over_nothing_either(dataset: Any, tmp_path: Path) -> None:
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()
    file = tmp_path / "file"
    file.write_bytes(MINE)
    operators: list[Any] = [
        foo.get_operator(f"{PLUGIN_NAME}/{name}") for name in ("flag_pairs", "review_pairs")
    ]
    flag, review = operators
    for operator, options in (
        (flag, {"out": str(file)}),
        (review, {"action": "dump", "file": str(file)}),
    ):
        with pytest.raises(Exception, match="already exists"):
            operator(dataset, **options)
        assert file.read_bytes() == MINE
    assert review(dataset, action="dump", file=str(file), overwrite=True)["dumped"] == 1
    assert file.read_bytes() != MINE
    # What is read is not in the way.
    assert review(dataset, action="apply", file=str(file))["applied"] == 1
