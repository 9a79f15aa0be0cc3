"""The pages on the formats against the code: commands parse, fields and links are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from fiftyone_plugin.cli import build_parser
from importers import fields
from importers.formats import FORMATS

BUILT_IN = {"filepath", "tags"}
KNOWN = {v for v in vars(fields).values() if isinstance(v, str)} | BUILT_IN


@pytest.fixture(params=list(FORMATS))
def page(request: pytest.FixtureRequest, repo_root: Path) -> str:
    return (repo_root / "docs" / "formats" / f"{request.param}.md").read_text()


def test_every_command_parses(page: str) -> None:
    commands = re.findall(r"^\$ pairlens (.*)$", page, re.MULTILINE)
    commands += re.findall(r"`pairlens (\w+ [^`]*)`", page)
    assert commands
    for command in commands:
        assert callable(build_parser().parse_args(shlex.split(command)).run)


def test_every_field_is_one(page: str) -> None:
    table = page.partition("| field | from |")[2].partition("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (.*?) \|", table, re.MULTILINE))))
    assert named <= KNOWN
    assert {"key", "tags"} <= named if table else "rsgpt4v.md" in page


def test_every_link_leads_somewhere(page: str, repo_root: Path) -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", page):
        assert "://" in link or (repo_root / "docs" / "formats" / link).exists()
