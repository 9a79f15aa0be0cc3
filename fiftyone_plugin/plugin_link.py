"""Linking this checkout into the folder that FiftyOne looks for plugins in.

FiftyOne does not find plugins that pip installed: it scans ``fiftyone.config.plugins_dir``
and nothing else, and it follows links.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.plugins as fop

from pairlens.fiftyone_plugin import PLUGIN_NAME, ROOT
from pairlens.importers.errors import StateError


def link_path() -> Path:
    """Where the link stands, or would."""
    return Path(str(fo.config.plugins_dir)).joinpath(*PLUGIN_NAME.split("/"))


def is_linked() -> bool:
    """Whether FiftyOne takes the plugin from this checkout and has it enabled."""
    found = [p for p in fop.list_plugins() if p.name == PLUGIN_NAME]
    return bool(found) and Path(found[0].directory).resolve() == ROOT


def ensure_link() -> Path:
    """Links this checkout into FiftyOne's plugins folder, where that is not done already.

    A link to another place is replaced if nothing is there or another checkout of PairLens;
    everything else is left as it is.

    Returns:
        the link

    Raises:
        StateError: if something stands in the way or the plugin is disabled
    """
    if not (ROOT / "fiftyone.yml").is_file():
        raise StateError(
            f"there is no fiftyone.yml in {ROOT}: the App's plugin comes with a checkout of "
            "PairLens, installed with: pip install -e ."
        )
    link = link_path()
    if not _points_here(link):
        _replace(link)
    if why := obstacle():
        raise StateError(why)
    return link


def _points_here(link: Path) -> bool:
    return link.is_symlink() and link.resolve() == ROOT


def _replace(link: Path) -> None:
    if link.exists() and not (link.is_symlink() and _is_pairlens(link)):
        raise StateError(f"{link} is not a link of PairLens; move it away or delete it")
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
    if named and Path(named[0].directory).resolve() != ROOT:
        place = named[0].directory
        return f"another copy of {PLUGIN_NAME} stands in {place} and hides this one; delete it"
    if named and not is_linked():
        return f"the plugin is disabled; enable it with: fiftyone plugins enable {PLUGIN_NAME}"
    return ""
