"""The docs as a site: it builds, all its links lead somewhere, and its links fit both places."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from mkdocs.exceptions import PluginError

from tools.docs_site import PAGES, on_page_markdown

CONFIG = SimpleNamespace(repo_url="https://example.org/repo")


def on_site(text: str, path: str) -> str:
    page = SimpleNamespace(file=SimpleNamespace(src_uri=path))
    return on_page_markdown(text, page, CONFIG, None)


@pytest.mark.slow
def test_it_builds_without_a_warning(repo_root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=repo_root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    home = (tmp_path / "site" / "index.html").read_text()
    assert "make demo" in home and 'href="cleaned-gres/"' in home
    reference = (tmp_path / "site" / "reference" / "index.html").read_text()
    for name in ("import_dataset", "Format", "RecordError", "export_dataset"):
        assert re.search(rf'id="pairlens\.[\w.]*\.{name}"', reference), name
    # Nothing of a page is fetched from elsewhere.
    assert not re.findall(r'<(?:script|link)[^>]+(?:src|href)="https?://(?!github)[^"]+"', home)


@pytest.mark.parametrize(
    ("written", "page", "shown"),
    [
        ("[a](checks.md#groups)", "app.md", "[a](checks.md#groups)"),
        ("[a](https://x.org/y.md)", "app.md", "[a](https://x.org/y.md)"),
        ("[a](#here)", "app.md", "[a](#here)"),
        ("[a](docs/checks.md)", "index.md", "[a](checks.md)"),
        ("![a](docs/images/app.png)", "index.md", "![a](images/app.png)"),
        ("[a](CONTRIBUTING.md)", "index.md", "[a](contributing.md)"),
        ("[a](LICENSE)", "contributing.md", "[a](https://example.org/repo/blob/main/LICENSE)"),
        ("[a](../checks.md)", "formats/gres.md", "[a](../checks.md)"),
        ("[a](../../README.md)", "formats/gres.md", "[a](../index.md)"),
        ("```\n[a](nowhere.md)\n```", "app.md", "```\n[a](nowhere.md)\n```"),
    ],
)
def test_a_link_fits_the_repository_and_the_site(written: str, page: str, shown: str) -> None:
    assert on_site(written, page) == shown


def test_a_link_to_nothing_ends_the_build() -> None:
    with pytest.raises(PluginError, match=r"docs/app.md: gone.py is not there"):
        on_site("[a](gone.py)", "app.md")
    assert set(PAGES.values()) == {"index.md", "contributing.md", "changelog.md"}
