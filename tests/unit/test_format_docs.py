"""The pages on the formats against the code: commands parse, fields and links are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.cli import build_parser
from pairlens.importers import fields
from pairlens.importers.formats import FORMATS
from tools.format_docs import with_table

BUILT_IN = {"filepath", "tags"}
KNOWN = {v for v in vars(fields).values() if isinstance(v, str)} | BUILT_IN


PAGES = Path(__file__).parents[2] / "docs" / "formats"


@pytest.fixture(params=[name for name in FORMATS if (PAGES / f"{name}.md").exists()])
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


def test_the_table_in_the_readme_is_what_the_formats_declare(repo_root: Path) -> None:
    readme = (repo_root / "README.md").read_text("utf-8")
    assert with_table(readme) == readme, "run: python tools/format_docs.py"
    for name in FORMATS:
        pages = re.findall(r"\]\(([^)]+)\)", FORMATS[name].docs)
        assert all((repo_root / page).exists() for page in pages), name
