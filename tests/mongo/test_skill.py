"""The skill for assistants: FiftyOne lists it, and what it says can be done that way."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.plugins as fop
import pytest
import yaml

from pairlens.fiftyone_plugin.cli import build_parser, main
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.fiftyone_plugin.steps import STEPS

SKILL = "clean-query-mask-pairs"


@pytest.fixture(scope="module")
def skill(repo_root: Path) -> str:
    return (repo_root / "skills" / SKILL / "SKILL.md").read_text()


def commands(skill: str) -> list[str]:
    [block] = re.findall(r"^```\n(.*?)^```$", skill, flags=re.M | re.S)
    return block.splitlines()


def test_fiftyone_lists_it(
    repo_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pairlens").symlink_to(repo_root)
    monkeypatch.setattr(fo.config, "plugins_dir", str(tmp_path))
    [listed] = [one for one in fop.list_skills() if one.plugin_name == "@pairlens/curation"]
    assert listed.name == SKILL and listed.category
    assert 50 < len(listed.description) < 1024


def test_what_it_names_is_there(skill: str, repo_root: Path) -> None:
    assert yaml.safe_load((repo_root / "fiftyone.yml").read_text())["skills"] == [SKILL]
    assert len(skill.splitlines()) < 120, "an assistant reads all of it"
    named = set(re.findall(r"pairlens ([a-z][a-z-]+)", skill))
    assert named <= {step.name for step in STEPS}
    options = build_parser().format_help()
    assert "--json" in options
    for command in commands(skill):
        build_parser().parse_args(shlex.split(command)[1:])


def refuse(name: str) -> float:
    raise AssertionError(f"{name} is no JSON")


AsJson = Callable[..., dict[str, Any]]


@pytest.fixture
def as_json(capsys: pytest.CaptureFixture[str]) -> AsJson:
    """Runs a command and reads what it prints, one JSON object and nothing else."""

    def ran(command: str, code: int = 0) -> dict[str, Any]:
        capsys.readouterr()
        assert main(shlex.split(command)[1:]) == code
        [line] = capsys.readouterr().out.splitlines()
        return json.loads(line, parse_constant=refuse)

    return ran


def test_an_assistant_follows_it(
    skill: str, dataset_name: str, tmp_path: Path, as_json: AsJson
) -> None:
    root = make_gres(tmp_path / "gres", images=20, size=128).root
    planted = plant(root, "gres", ["empty_query", "exchanged_place"], rate=0.3, seed=2)
    given = {
        "ROOT": str(root), "NAME": dataset_name, "FINDINGS": str(tmp_path / "findings.jsonl"),
        "REVIEWER": "assistant", "OUT": str(tmp_path / "out"), "FORMAT": "gres",
    }  # fmt: skip
    done: dict[str, dict[str, Any]] = {}
    for command in commands(skill):
        for name, value in given.items():
            command = re.sub(rf"\b{name}\b", value, command)
        words = shlex.split(command)
        step = words[1] if words[1] != "review" else words[3]
        if step == "--set":
            for one in done["--next"]["pairs"]:
                bad = not one["text"].strip()
                said = command.replace("KEY keep", f"{one['key']} {'drop' if bad else 'keep'}")
                as_json(said)
        else:
            done["--report" if "--report" in words else step] = as_json(command)
    empty = done["flag"]["findings"]["empty_query"]
    assert done["--rule"]["set"] == done["--status"]["drop"] == empty > 0
    assert len(planted.planted) >= empty
    waiting = done["--next"]["pairs"]
    assert len(waiting) == done["estimate"]["pairs"] == 20
    assert all("findings" not in one and Path(one["mask"]).is_file() for one in waiting)
    assert done["--report"]["judged"] == 20
    low, high = done["--report"]["before"][1:]
    assert 0 <= low <= high <= 1
    export = done["export"]
    assert export["exported"] + export["dropped"] == done["import"]["samples"]
    assert as_json(f"pairlens info {dataset_name} --json")["verdicts"]["drop"] == empty


def test_a_failure_is_json_as_well(dataset_name: str, as_json: AsJson) -> None:
    failed = as_json(f"pairlens flag {dataset_name} --json", code=1)
    assert failed.keys() == {"error"} and "there is no dataset" in failed["error"]
    failed = as_json("pairlens check a/b --json", code=2)
    assert "--format auto reads" in failed["error"]
