"""PairLens inside FiftyOne; the plugin's entry and, under its own name, an ordinary package.

FiftyOne executes this file under a name of its making, with only the plugin's folder to go by,
and calls :func:`register`. What runs in the App is imported from ``fiftyone_plugin``, the same
as on the command line and in worker processes, so that there is one copy of each module.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: the folder of ``fiftyone.yml``."""

PLUGIN_NAME = "@pairlens/curation"


def register(plugin: Any) -> None:
    """Registers the operators and panels with FiftyOne's plugin context."""
    _make_importable()
    from pairlens.fiftyone_plugin.operators import OPERATORS
    from pairlens.fiftyone_plugin.operators.panel_calls import PANEL_OPERATORS
    from pairlens.fiftyone_plugin.panels import PANELS

    for one in (*OPERATORS, *PANEL_OPERATORS, *PANELS):
        plugin.register(one)


def _make_importable() -> None:
    """Sees to it that PairLens' packages are found by their own names, in this checkout.

    Raises:
        ImportError: if another package stands under one of the names
    """
    for name in ("importers", "fiftyone_plugin"):
        place = _place(name)
        if place is None:
            # Last, so that nothing else at the root hides a module of the user's.
            sys.path.append(str(ROOT))
            place = _place(name)
        if place != ROOT / name:
            raise ImportError(
                f"PairLens needs its own package {name!r} from {ROOT}, but Python finds another "
                f"one in {place}; uninstall or rename that one, or start FiftyOne elsewhere"
            )


def _place(name: str) -> Path | None:
    """The folder of a package that can be imported, or of the module that can, if any."""
    spec = find_spec(name)
    if spec is None or spec.origin is None:  # nowhere, or a plain folder of that name
        return None
    origin = Path(spec.origin).resolve()
    return origin.parent if origin.name == "__init__.py" else origin
