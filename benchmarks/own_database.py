"""A FiftyOne of a benchmark's own: nothing of the user's is read, and nothing is left behind."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def own_database(folder: str | None = None) -> Iterator[Path]:
    """A temporary folder with a database in it; to be entered before FiftyOne is imported.

    Args:
        folder: where the temporary folder is made
    """
    with tempfile.TemporaryDirectory(
        prefix="pairlens-bench-", dir=folder, ignore_cleanup_errors=True
    ) as made:
        os.environ |= {
            "FIFTYONE_DATABASE_DIR": f"{made}/database",
            "FIFTYONE_DEFAULT_DATASET_DIR": f"{made}/datasets",
            "FIFTYONE_DO_NOT_TRACK": "1",
        }
        try:
            yield Path(made)
        finally:
            _stop()


def _stop() -> None:
    """Before its folder goes; FiftyOne stops it some time after this process."""
    import fiftyone.core.odm.database as database

    if database._db_service is not None:
        database._db_service.stop()
