"""The pages on the formats against the code: commands parse, fields and links are there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.cli import build_parser
from pairlens.importers import fields
from pairlens.importers.formats import FORMATS
from pairlens.importers.records import NoTarget
from tests.layouts import LAYOUTS, Layout
from tools.format_docs import with_abilities, with_table

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


def test_the_table_is_what_the_formats_declare(repo_root: Path) -> None:
    page = (repo_root / "docs" / "formats" / "index.md").read_text("utf-8")
    assert with_table(page) == page, "run: python tools/format_docs.py"
    for name in FORMATS:
        pages = re.findall(r"\]\(([^)]+)\)", FORMATS[name].docs)
        assert all((repo_root / page).exists() for page in pages), name


def test_the_page_on_own_data_says_what_the_formats_can_do(repo_root: Path) -> None:
    page = (repo_root / "docs" / "your-own-data.md").read_text("utf-8")
    assert with_abilities(page) == page, "run: python tools/format_docs.py"
    assert all(f"| `{name}` |" in page for name in FORMATS)
    for command in re.findall(r"^\$ pairlens (.*)$", page, re.MULTILINE):
        assert callable(build_parser().parse_args(shlex.split(command)).run)


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_what_a_format_gives_is_declared(layout: Layout, tmp_path: Path) -> None:
    known = FORMATS[layout.format]
    for record in known.read(layout.make(tmp_path / "published")):
        assert known.no_target or not isinstance(getattr(record, "target", None), NoTarget)
        assert known.boxes or not getattr(record, "boxes", ())
