"""What the site of the docs has beside the pages in docs/; a hook of mkdocs.

README, CONTRIBUTING and CHANGELOG are pages as well. Links that lead out of docs/ lead to the
repository, if the file is there; so a page reads the same on the site and in the repository.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}
"""Pages at the root of the repository, and what they are on the site."""

_LINK = re.compile(r"(?<=\]\()([^)\s#]+)(#[^)\s]*)?(?=\))")
_FENCE = re.compile(r"^\s*```")


def on_startup(command: str, dirty: bool) -> None:
    """Puts the packages where mkdocstrings finds them under the name that they are imported by."""
    package = ROOT / "build" / "reference" / "pairlens"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").touch()
    for name in ("importers", "fiftyone_plugin"):
        if not (package / name).exists():
            (package / name).symlink_to(ROOT / name)


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages at the root of the repository."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Turns the links of a page as the repository has them into those of the site."""
    path = page.file.src_uri
    sources = {name: source for source, name in PAGES.items()}
    written = sources.get(path, f"docs/{path}")
    lines, code = markdown.splitlines(), False
    for number, line in enumerate(lines):
        code ^= bool(_FENCE.match(line))
        if not code:
            lines[number] = _LINK.sub(lambda link: _on_site(link, written, path, config), line)
    return "\n".join(lines)


def _on_site(link: re.Match[str], written: str, page: str, config: Any) -> str:
    """A link for the site.

    Args:
        link: its target and anchor
        written: the page that it stands on, relative to the root of the repository
        page: the same, relative to the root of the site
        config: of mkdocs
    """
    target, anchor = link[1], link[2] or ""
    if "://" in target or target.startswith("mailto:"):
        return link[0]
    inside = posixpath.normpath(posixpath.join(posixpath.dirname(written), target))
    if not (ROOT / inside).exists():
        raise PluginError(f"{written}: {target} is not there")
    where = PAGES.get(inside) or (inside.removeprefix("docs/") if inside[:5] == "docs/" else "")
    if not where:
        return f"{config.repo_url.rstrip('/')}/blob/main/{inside}{anchor}"
    return posixpath.relpath(where, posixpath.dirname(page) or ".") + anchor
