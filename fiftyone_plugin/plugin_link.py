"""Links PairLens into FiftyOne's plugins folder.

FiftyOne does not find plugins that pip installed: it scans ``fiftyone.config.plugins_dir``
and nothing else, and it follows links.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.plugins as fop

from pairlens.fiftyone_plugin import PLUGIN_NAME, ROOT, version_of
from pairlens.importers.errors import StateError


def link_path() -> Path:
    """The path of the link, which may not exist."""
    return Path(str(fo.config.plugins_dir)).joinpath(*PLUGIN_NAME.split("/"))


def is_linked() -> bool:
    """Whether FiftyOne has the plugin enabled, from here or as a copy of the same version."""
    found = [p for p in fop.list_plugins() if p.name == PLUGIN_NAME]
    return bool(found) and _is_same(Path(found[0].directory))


def ensure_link() -> Path:
    """Links PairLens into FiftyOne's plugins folder, unless it is linked already.

    A link to another place is replaced if nothing is there or another PairLens; a copy of the same
    version, as ``fiftyone plugins download`` makes it, will do; everything else is left as it is.

    Returns:
        the link

    Raises:
        StateError: if another file has the path of the link, or the plugin is disabled
    """
    link = link_path()
    if not (_points_here(link) or (not link.is_symlink() and _is_same(link))):
        _replace(link)
    if why := obstacle():
        raise StateError(why)
    return link


def _points_here(link: Path) -> bool:
    return link.is_symlink() and link.resolve() == ROOT


def _is_same(folder: Path) -> bool:
    if folder.resolve() == ROOT:
        return True
    return _is_pairlens(folder) and version_of(folder) == version_of(ROOT)


def _replace(link: Path) -> None:
    if link.exists() and not (link.is_symlink() and _is_pairlens(link)):
        what = "another version of PairLens" if _is_pairlens(link) else "not a link of PairLens"
        raise StateError(f"{link} is {what}; move it away or delete it")
    beside = link.with_name(f".{link.name}.{os.getpid()}")
    try:
        link.parent.mkdir(parents=True, exist_ok=True)
        beside.symlink_to(ROOT, target_is_directory=True)
        beside.replace(link)
    except OSError as error:
        raise StateError(f"the plugin cannot be linked to {link} ({error.strerror})") from error


def _is_pairlens(folder: Path) -> bool:
    try:
        return fop.get_plugin(plugin_dir=str(folder)).name == PLUGIN_NAME
    except Exception:  # whatever a foreign YAML file can provoke: then it is not ours
        return False


def obstacle() -> str:
    """Why FiftyOne would not take the plugin from here though it is linked; ``""`` where it would.

    FiftyOne takes the first plugin of a name that it meets and hides the others.
    """
    every: Any = "all"
    named = [p for p in fop.list_plugins(enabled=every) if p.name == PLUGIN_NAME]
    if named and not _is_same(Path(named[0].directory)):
        place = named[0].directory
        return f"another copy of {PLUGIN_NAME} stands in {place} and hides this one; delete it"
    if named and not is_linked():
        return f"the plugin is disabled; enable it with: fiftyone plugins enable {PLUGIN_NAME}"
    return ""
