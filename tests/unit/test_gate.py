"""The gate over published files: limits, the baseline, and what other programs read of it."""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import pytest
import yaml

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.checks.base import SEVERITIES, Finding
from pairlens.fiftyone_plugin.gate import file_findings as gate_files
from pairlens.fiftyone_plugin.gate.file_findings import find_in_files
from pairlens.fiftyone_plugin.gate.findings import Wanted
from pairlens.fiftyone_plugin.gate.limits import Limit, measure, parse_limits, wanted_findings
from pairlens.importers.errors import UsageError
from pairlens.importers.options import ImportOptions
from tests.layouts import PUBLISHED

WRONG = "the house in the top-left corner"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Six images; the sound ones, and one query that names another place than its mask has."""
    made = PUBLISHED["gres"].make(tmp_path / "GRES")
    edit(made, 0, WRONG)
    return made


def files(root: Path) -> list[Path]:
    return sorted(root.glob("gres_annotations/*/*.json"))


def edit(root: Path, number: int, phrase: str) -> str:
    """Puts a query in the place of the first; returns the file's name."""
    file = files(root)[number]
    content = json.loads(file.read_text())
    content["text"][0] = phrase
    points = [[500, 500], [511, 500], [511, 511], [500, 511], [500, 500]]
    if phrase == WRONG:
        content["shapes"][0]["points"] = [[x / 8, y / 8] for x, y in points]
    file.write_text(json.dumps(content))
    return file.stem


def check(root: Path, *options: Any) -> tuple[int, dict[str, Any]]:
    """Exit code and result."""
    argv = ["check", str(root), "--format", "gres", "--workers", "1", *map(str, options)]
    return cli.main(argv), cli.run(argv + ["--overwrite"] * ("--junit" in argv))


def of(limit: str, result: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in result["limits"] if one["name"] == limit)


def test_sound_files_pass_and_a_finding_fails(tmp_path: Path, root: Path) -> None:
    sound = PUBLISHED["gres"].make(tmp_path / "sound")
    code, result = check(sound)
    assert (code, result["passed"], result["failing"]) == (0, True, [])
    code, result = check(root)
    assert code == 1 and not result["passed"]
    assert {one["check"] for one in result["failing"]} == {"position_conflict"}
    assert of("error", result)["over"] and not of("skipped", result)["over"]


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--fail-on", "never"), 0),
        (("--max", "error=1"), 0),
        (("--max", "error=8%"), 1),
        (("--max", "error=100%", "--max", "position_conflict=0"), 1),
        (("--fail-on", "never", "--max", "bad=100%"), 0),
        (("--fail-on", "never", "--max", "bad=1%"), 1),
        (("--max", "error=8%", "--check", "tiny_mask"), 0),
    ],
)
def test_limits_decide(root: Path, options: tuple[str, ...], code: int) -> None:
    assert check(root, *options)[0] == code


def test_a_record_that_cannot_be_read_is_over_its_limit(root: Path) -> None:
    edit(root, 0, "a house")
    files(root)[1].write_text("{")
    code, result = check(root, "--fail-on", "error", "--max", "error=9")
    assert code == 1 and of("skipped", result)["found"] == 1
    assert result["failing"][0]["check"] == "skipped"
    assert check(root, "--max", "error=9", "--max", "skipped=1")[0] == 0


def test_what_was_accepted_is_no_failure_until_it_is_edited(tmp_path: Path, root: Path) -> None:
    baseline = tmp_path / "baseline.jsonl"
    assert cli.main(["check", str(root), "--format", "gres", "--baseline", str(baseline)]) == 1
    assert check(root, "--baseline", baseline, "--update-baseline")[0] == 0
    before = baseline.read_bytes()
    code, result = check(root, "--baseline", baseline)
    assert (code, result["accepted"], result["gone"]) == (0, 1, 0)
    assert baseline.read_bytes() == before
    edit(root, 0, "the house in the top-left")  # still wrong, and another text
    code, result = check(root, "--baseline", baseline)
    assert (code, result["gone"]) == (1, 1)
    edit(root, 0, "a house")
    code, result = check(root, "--baseline", baseline, "--update-baseline")
    assert (code, result["accepted"], baseline.read_bytes()) == (0, 0, b"")


@pytest.mark.parametrize("line", ["{", "[]", '{"key": "a"}', "7"])
def test_a_baseline_that_is_none_is_told(tmp_path: Path, root: Path, line: str) -> None:
    (tmp_path / "b").write_text(line + "\n")
    argv = ["check", str(root), "--format", "gres", "--baseline", str(tmp_path / "b")]
    assert cli.main(argv) == 1
    assert (tmp_path / "b").read_text() == line + "\n"


def test_what_other_programs_read(tmp_path: Path, root: Path, repo_root: Path) -> None:
    name = edit(root, 0, WRONG)
    junit, sarif, base = (tmp_path / each for each in ("j.xml", "s.json", "base"))
    check(root, "--junit", junit, "--sarif", sarif)
    suites = {one.get("name"): one for one in Xml.parse(junit).getroot()}
    failed = [case.get("name") for case in suites["checks"] if case.find("failure") is not None]
    assert failed == ["position_conflict"] and suites["checks"].get("failures") == "1"
    assert suites["limits"].get("failures") == "1"
    schema = json.loads(gzip.decompress(
        (repo_root / "tests/data/sarif-2.1.0-rtm.5.json.gz").read_bytes()))  # fmt: skip
    log = json.loads(sarif.read_text())
    jsonschema.Draft4Validator(schema).validate(log)
    [result] = log["runs"][0]["results"]
    where = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert (result["level"], Path(where).stem) == ("error", name) and (root / where).is_file()
    assert "suppressions" not in result
    check(root, "--baseline", base, "--update-baseline")
    check(root, "--baseline", base, "--sarif", sarif, "--junit", junit, "--overwrite")
    [result] = json.loads(sarif.read_text())["runs"][0]["results"]
    assert result["suppressions"] == [{"kind": "external"}]
    assert all(one.get("failures") == "0" for one in Xml.parse(junit).getroot())


def test_files_are_checked_without_database_and_fiftyone(root: Path) -> None:
    code = (
        "import sys; from pairlens.fiftyone_plugin import cli\n"
        f"code = cli.main(['check', {str(root)!r}, '--format', 'gres'])\n"
        "print(code, sorted({'fiftyone', 'pymongo', 'mongoengine'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "1 []"


def test_processes_find_the_same(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, options = Wanted(SEVERITIES, ()), ImportOptions(placeholders=True)
    alone = find_in_files(root, "gres", wanted, options=options, workers=1)
    monkeypatch.setattr(gate_files, "PARALLEL_READ_IMAGES", 0)
    several = find_in_files(root, "gres", wanted, options=options, workers=2)
    assert several.findings == alone.findings and several.places == alone.places


@pytest.mark.parametrize("name", [*PUBLISHED])
def test_every_format_is_read(tmp_path: Path, name: str) -> None:
    made = PUBLISHED[name].make(tmp_path / "source")
    result = cli.run(["check", str(made), "--format", name, "--workers", "1"])
    assert result["samples"] > 0 and len(result["checks"]) > 4


@pytest.mark.parametrize(
    ("maxima", "words"),
    [
        (["warning"], "is not NAME=COUNT"),
        (["=2"], "is not NAME=COUNT"),
        (["wrong=2"], "there is no severity or check 'wrong'"),
        (["warning=2.5"], "give a whole number"),
        (["warning=-1"], "give a whole number"),
        (["warning=101%"], "give a whole number"),
        (["warning=nan"], "give a whole number"),
        (["warning=inf%"], "give a whole number"),
        (["warning=two"], "give a whole number"),
    ],
)
def test_limits_that_mean_nothing_are_refused(maxima: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_limits("never", maxima)
    with pytest.raises(UsageError, match="there is no severity 'sometimes'"):
        parse_limits("sometimes", [])


def test_a_share_is_of_all_samples_and_exact() -> None:
    [limit] = parse_limits("never", ["warning=20%"])
    assert limit == Limit("warning", Decimal("0.2"), True) and limit.text == "20%"
    findings = {f"k{n}": [Finding(f"k{n}", "box_mask", "warning", 0.3, "")] for n in range(3)}
    [at, over] = (measure([limit], findings, total)[0] for total in (15, 14))
    assert (at.count, at.over, over.over) == (3, False, True)


def test_a_pair_is_as_bad_as_its_worst_finding_above_info() -> None:
    [limit] = parse_limits("never", ["bad=1"])
    some = [Finding("a", "box_mask", "info", 0.1, ""), Finding("a", "x", "warning", 0.4, "")]
    some += [Finding("a", "x", "error", 0.75, ""), Finding("a", "skipped", "error", 0.0, "")]
    [measured] = measure([limit], {"a": some}, 10)
    assert measured.count == pytest.approx(0.6)
    assert [one in wanted_findings([limit]) for one in some[:3]] == [False, True, True]


def test_a_path_without_a_format_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["check", str(root)]) == 2
    assert "--format auto reads the files" in capsys.readouterr().err
    assert cli.main(["check", str(root), "--format", "gres", "--update-baseline"]) == 2
    assert cli.main(["check", str(root), "--format", "gres", "--check", "image_dark"]) == 1


def test_settings_of_a_format_are_named_by_their_flag_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    table.write_text("a,b\n1,2\n")
    assert cli.main(["check", str(table), "--format", "table"]) == 2
    told = capsys.readouterr().err
    assert "give --setting image=COLUMN" in told and "--param" not in told
    wrong = ["check", str(table), "--format", "table", "--param", "image=a"]
    assert cli.main(wrong) == 2
    assert "--param image=... names no check" in capsys.readouterr().err


def test_the_action_runs_the_command(tmp_path: Path, root: Path, repo_root: Path) -> None:
    action = yaml.safe_load((repo_root / "action.yml").read_text())
    step = action["runs"]["steps"][-1]
    inputs = {name: one["default"] for name, one in action["inputs"].items()}
    inputs |= {"path": str(root), "format": "gres", "max": "error=1\nposition_conflict=0\n"}
    inputs |= {"sarif": str(tmp_path / "s p.json")}
    given = {
        name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda found: inputs[found[1]], value)
        for name, value in step["env"].items()
    }
    (tmp_path / "pairlens").write_text(
        f'#!/bin/sh\nexec {sys.executable} -m pairlens.fiftyone_plugin.cli "$@"\n'
    )
    (tmp_path / "pairlens").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    script = ["bash", "-e", "-o", "pipefail", "-c", step["run"]]
    done = subprocess.run(script, env={**os.environ, **given, "PATH": path}, capture_output=True)
    assert done.returncode == 1 and b"over the limit of position_conflict." in done.stdout
    assert json.loads((tmp_path / "s p.json").read_text())["runs"][0]["results"]


def test_what_was_decided_while_files_were_read_is_told_with_its_count(tmp_path: Path) -> None:
    table = "image,caption,x,y,w,h\na.png,a house,1,2,3,4\nb.png,a road,1,2,3,4\n"
    (tmp_path / "table.csv").write_text(table)
    options = ImportOptions()
    found = find_in_files(tmp_path, "table", wanted_findings([]), options=options, workers=1)
    (told,) = [note for note in found.notes if "x,y,w,h" in note]
    assert told.startswith("mask: 2 of the first cells of column 'x,y,w,h' may hold boxes")
