"""Settings that the process that opens the App passes to its server by environment variables."""

from __future__ import annotations

import os
from pathlib import Path

from pairlens.importers.errors import UsageError

FOLDER_VARIABLE = "PAIRLENS_FOLDER"
"""The folder in which the App was opened, to which paths in the App are relative."""


def absolute(path: Path) -> Path:
    """A path that was typed into the App.

    The server runs in a folder of FiftyOne's, which nobody means.

    Raises:
        UsageError: for a relative path, where the App was not opened by PairLens
    """
    path = path.expanduser()
    folder = os.environ.get(FOLDER_VARIABLE)
    if path.is_absolute():
        return path
    if not folder:
        raise UsageError(f"{path} is a relative path; give a path from the root, such as /data/out")
    return Path(folder) / path
