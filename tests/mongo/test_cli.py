"""The command line as scripts use it: exit codes, results on stdout, sentences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.predictors.base import PREDICTORS
from pairlens.importers.formats import FORMATS
from tests import warm
from tests.mongo.reviewing import verdicts_in


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("cli") / "published", images=4).root


def pairlens(*args: object, **environment: str) -> subprocess.CompletedProcess[str]:
    command = ("-m", "pairlens.fiftyone_plugin.cli", *map(str, args))
    return warm.run(*command, environment=os.environ | environment)


def as_json(*args: object) -> dict[str, Any]:
    done = pairlens(*args, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# ------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        pytest.param(["burn"], 2, "invalid choice: 'burn'", id="unknown command"),
        pytest.param(["scor"], 2, "did you mean score?", id="misspelt command"),
        pytest.param(["checks", "--jsn"], 2, "did you mean --json?", id="misspelt option"),
        pytest.param(
            ["checks", "--overwrite"],
            2,
            "unrecognized arguments: --overwrite\n",
            id="not its option",
        ),
        pytest.param(["import", "nope", ".", "--name", "x"], 2, "no format 'nope'", id="format"),
        pytest.param(["import", "auto", "/no", "--name", "x"], 2, "not a folder", id="folder"),
        pytest.param(["import", "gres", ".", "--name", "x"], 1, "does not hold gres", id="layout"),
        pytest.param(["score", "nope", "--pred", "a", "--key", "b"], 1, "no dataset", id="name"),
        pytest.param(["flag", "nope", "--param", "x"], 2, "is not NAME=VALUE", id="param"),
        pytest.param(["review", "nope", "--status", "--note", "n"], 1, "no dataset", id="review"),
    ],
)
def test_a_failure_is_one_sentence_and_an_exit_code(
    mongo: str, tmp_path: Path, args: list[str], code: int, words: str
) -> None:
    done = pairlens(*[tmp_path if a == "." else a for a in args])
    assert done.returncode == code
    assert words in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_database_that_does_not_answer_is_said(mongo: str) -> None:
    nowhere = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=300"
    done = pairlens("score", "x", "--pred", "a", "--key", "b", FIFTYONE_DATABASE_URI=nowhere)
    assert done.returncode == 1
    assert "pairlens doctor" in done.stderr and "Traceback" not in done.stderr


# ------------------------------------------------------------------------------ listings


def test_listings_need_no_fiftyone() -> None:
    code = (
        "import sys\nfrom pairlens.fiftyone_plugin import cli\n"
        "for name in ('formats', 'predictors', 'checks'): cli.main([name])\n"
        "print('fiftyone' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "False False", done.stderr


def test_listings_name_everything() -> None:
    checks = as_json("checks")["checks"]
    assert {"name", "severity", "needs", "about"} <= set(checks[0])
    assert {c["name"] for c in checks} >= {
        "mask_unreadable", "mask_size_mismatch", "mask_values", "empty_mask", "full_mask",
        "tiny_mask", "box_mask", "degenerate_polygon", "image_missing", "empty_query",
        "coordinate_leak", "position_conflict", "duplicate_pair", "ambiguous_query",
        "split_leak", "low_iou",
    }  # fmt: skip
    assert [f["name"] for f in as_json("formats")["formats"]] == list(FORMATS)
    assert [p["name"] for p in as_json("predictors")["predictors"]] == list(PREDICTORS)


@pytest.mark.parametrize(
    ("command", "least"), [("checks", 50), ("formats", 5), ("predictors", 9), ("doctor", 6)]
)
def test_listings_can_be_piped(
    warm_probes: None, command: str, least: int, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([command])
    said, told = capsys.readouterr()
    assert (code, told) == (0, ""), said
    assert len(said.splitlines()) >= least
    piped = (
        f"set -o pipefail; '{sys.executable}' -m pairlens.fiftyone_plugin.cli {command} | head -n 1"
    )
    first = subprocess.run(
        ["bash", "-c", piped], cwd=Path(__file__).parents[2], capture_output=True, text=True
    )
    assert (first.returncode, first.stderr) == (0, "")
    assert first.stdout == said.splitlines(keepends=True)[0]


def test_without_arguments_it_shows_its_help() -> None:
    done = pairlens()
    assert done.returncode == 2
    assert "COMMAND" in done.stdout and "  flag " in done.stdout and done.stderr == ""


# ------------------------------------------------------------------------------- the way


def test_from_import_to_export(root: Path, dataset_name: str, tmp_path: Path) -> None:
    done = as_json("import", "auto", root, "--name", dataset_name, "--split", "train")
    keys = {"dataset", "format", "samples", "images", "splits", "skipped", "notes", "seconds"}
    assert keys <= set(done)
    assert (done["format"], done["splits"]) == ("gres", {"train": 6})
    done = as_json("predict", dataset_name, "--predictor", "cues", "--field", "cues",
                   "--param", "segments=200")  # fmt: skip
    assert (done["predicted"], done["failed"], done["skipped"]) == (6, 0, 0)
    done = as_json("score", dataset_name, "--pred", "cues", "--key", "c", "--bootstrap", 20)
    assert {"key", "convention", "pairs", "missing", "gIoU", "cIoU", "precision", "n_acc",
            "t_acc", "ci", "by", "seconds"} <= set(done)  # fmt: skip
    assert set(done["precision"]) == {"0.5", "0.6", "0.7", "0.8", "0.9"}
    assert done["ci"]["gIoU"][0] <= done["gIoU"] <= done["ci"]["gIoU"][1]
    findings = tmp_path / "findings.jsonl"
    done = as_json("flag", dataset_name, "--pred", "cues", "--param", "tiny_mask.min_area=99999",
                   "--out", findings)  # fmt: skip
    assert done["findings"]["tiny_mask"] == done["pairs"] == 6
    lines = [json.loads(line) for line in findings.read_text().splitlines()]
    assert len(lines) == sum(done["findings"].values())
    key = lines[0]["key"]
    done = as_json("review", dataset_name, "--set", key, "fix", "--phrase", "A car.", "--note", "n")
    assert verdicts_in(done) == {"pending": 5, "keep": 0, "drop": 0, "fix": 1, "unsure": 0}
    assert done["to_be_fixed"] == 0
    as_json("review", dataset_name, "--set", key, "drop")
    decisions = tmp_path / "decisions.jsonl"
    as_json("review", dataset_name, "--dump", decisions)
    assert as_json("review", dataset_name, "--undo")["fix"] == 1
    done = as_json("review", dataset_name, "--apply", decisions)
    assert (done["applied"], done["stale"], done["unknown"]) == (1, [], [])
    out = tmp_path / "cleaned"
    done = as_json("export", dataset_name, "--format", "gres", "--out", out, "--select", "all")
    assert (done["exported"], Path(done["manifest"]).parent) == (6, out)
    again = pairlens("export", dataset_name, "--format", "gres", "--out", out)
    assert again.returncode == 1 and "not empty" in again.stderr


def test_summaries_go_to_stdout_and_progress_to_stderr(root: Path, dataset_name: str) -> None:
    done = pairlens("import", "gres", root, "--name", dataset_name)
    assert done.returncode == 0
    assert f"Dataset {dataset_name} (gres) has 8 pairs on 4 images" in done.stdout
    assert "4/4" in done.stderr and "has 8 pairs" not in done.stderr
    again = pairlens("import", "gres", root, "--name", dataset_name, "--resume")
    assert "Imported 0 pairs" in again.stdout
    status = pairlens("review", dataset_name, "--status")
    assert "pending 8" in status.stdout and status.stderr == ""


def test_control_characters_of_a_dataset_never_reach_the_terminal(
    dataset_name: str, tmp_path: Path
) -> None:
    folder = tmp_path / "root" / "train"
    folder.mkdir(parents=True)
    (folder / "a.json").write_text(json.dumps({"text": [7], "shapes": [], "x\x1b[31m": 1}))
    (folder / "b\x1b[2J.json").write_text("{")
    done = pairlens("import", "gres", tmp_path / "root", "--name", dataset_name)
    assert "\x1b" not in done.stdout + done.stderr
    assert "b\\x1b[2J.json" in done.stdout
