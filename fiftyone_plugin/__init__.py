"""PairLens inside FiftyOne; the plugin's entry and, under its own name, an ordinary package.

FiftyOne executes this file under a name of its making, with only the plugin's folder to go by,
and calls :func:`register`. What runs in the App is imported from ``pairlens``, the same as on the
command line and in worker processes, so that there is one copy of each module. That name is the
distribution's own: the folders' names are common ones, which other plugins and notebooks use too.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module, invalidate_caches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
"""The folder of ``fiftyone.yml``: the checkout, or the package that pip installed."""

NAMES = ROOT / "fiftyone_plugin" / "names"
"""On ``sys.path``, it makes ``pairlens`` known, and nothing else."""

PACKAGE = "pairlens.fiftyone_plugin"
PLUGIN_NAME = "@pairlens/curation"


def register(plugin: Any) -> None:
    """Registers the operators and panels with FiftyOne's plugin context.

    Raises:
        ImportError: if another module has the name ``pairlens``, or the PairLens that is installed
            is of another version
    """
    _make_importable()
    _refuse_other_version()
    from pairlens.fiftyone_plugin.operators import OPERATORS
    from pairlens.fiftyone_plugin.operators.panel_calls import PANEL_OPERATORS
    from pairlens.fiftyone_plugin.panels import PANELS

    for one in (*OPERATORS, *PANEL_OPERATORS, *PANELS):
        plugin.register(one)


def _make_importable() -> None:
    """Sees to it that ``pairlens`` is found: as installed, or else beside this file."""
    if _is_found():
        return
    # Last, and a folder with this one name in it, so that nothing of the user's is hidden.
    sys.path.append(str(NAMES))
    invalidate_caches()
    # A plain folder called pairlens, such as that of the media, stands for an empty package.
    if getattr(sys.modules.get("pairlens"), "__file__", None) is None:
        sys.modules.pop("pairlens", None)
    if not _is_found():
        place = getattr(import_module("pairlens"), "__file__", None)
        raise ImportError(
            f"PairLens is imported as 'pairlens', but Python finds another module of that name in "
            f"{place}; rename that one, or start Python elsewhere"
        )


def _is_found() -> bool:
    try:
        return find_spec(PACKAGE) is not None
    except ImportError:
        return False


def _refuse_other_version() -> None:
    """The panels' script is of this folder, what answers it is of the PairLens that is imported."""
    root = import_module(PACKAGE).ROOT
    mine, other = version_of(ROOT), version_of(root)
    if mine != other:
        raise ImportError(
            f"the plugin in {ROOT} is of PairLens {mine}, but Python imports PairLens {other} from "
            f"{root}; update the older one"
        )


def version_of(root: Path) -> str:
    """The version of the plugin in a folder."""
    found = re.search(r"^version: *(\S+)", (root / "fiftyone.yml").read_text("utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"


if __name__ == PACKAGE:
    from pairlens.fiftyone_plugin.former_names import FormerNames

    sys.meta_path.append(FormerNames())
