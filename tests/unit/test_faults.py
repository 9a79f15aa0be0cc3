"""Every broken input tells what docs/formats/faults.md says, and the page has nothing else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.contract import reported
from tests.faults import FAULTS, KINDS, TITLES, Fault
from tests.layouts import LAYOUTS

BY_ID = {layout.id: layout for layout in LAYOUTS}
Row = tuple[str, str, str]
"""Title, kind, about."""


@pytest.fixture(scope="module")
def page(repo_root: Path) -> dict[Row, str]:
    """What the page says is told; ``""`` where nothing is."""
    return dict(_rows((repo_root / "docs" / "formats" / "faults.md").read_text()))


def _rows(text: str) -> Iterator[tuple[Row, str]]:
    title = ""
    for line in text.splitlines():
        title = line.removeprefix("## ") if line.startswith("## ") else title
        if match := re.fullmatch(r"\| (.+?) \| (.+?) \| (nothing|`(.*)`) \|", line):
            yield (title, match[1], match[2]), match[4] or ""


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("sound")
    return {name: BY_ID[name].make(folder / name) for name in TITLES}


def test_the_page_has_these_and_no_others(page: dict[Row, str]) -> None:
    assert list(page) == [(TITLES[f.layout], f.kind, f.about) for f in FAULTS]


@pytest.mark.parametrize("name", sorted({BY_ID[name].format for name in TITLES}))
def test_every_kind_has_a_fault(name: str) -> None:
    found = {f.kind for f in FAULTS if BY_ID[f.layout].format == name}
    as_rsgpt4v = name in ("pregres", "geochat", "llava")  # read by one reader
    assert found if as_rsgpt4v else found == set(KINDS)


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_what_is_told(
    fault: Fault, page: dict[Row, str], sound: dict[str, Path], tmp_path: Path
) -> None:
    name = BY_ID[fault.layout].format
    root = shutil.copytree(sound[fault.layout], tmp_path / "root")
    try:
        fault.spoil(root)
    except OSError as error:
        if fault.kind != "name that is no text":
            raise
        pytest.skip(f"this file system has names in utf-8 only ({error})")
    lines = reported(FORMATS[name], root, tmp_path / "media")
    said = page[TITLES[fault.layout], fault.kind, fault.about]
    if said:
        assert said in lines
    else:
        assert lines == reported(FORMATS[name], sound[fault.layout], tmp_path / "media")
    "".join(lines).encode()
    assert max(map(len, lines), default=0) < 300
