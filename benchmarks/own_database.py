"""An isolated FiftyOne for a benchmark: the user's data is not read, and nothing is left behind."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "fiftyone_plugin" / "names"))

from tests import database


@contextmanager
def own_database(
    folder: str | None = None, *, kept: Path | None = None, cache_gb: float = 0.5
) -> Iterator[Path]:
    """A context with a temporary folder and a database; enter it before FiftyOne is imported.

    A server is started for it: FiftyOne's own is shared by all processes of a user, so that
    others would slow it down, and a folder alone would not keep the user's data apart.

    Args:
        folder: where the temporary folder is made
        kept: a folder to use instead and to keep, with the files of earlier runs
        cache_gb: size of the server's cache in gigabytes
    """
    temporary = tempfile.TemporaryDirectory(
        prefix="pairlens-bench-", dir=folder, ignore_cleanup_errors=True
    )
    with nullcontext(str(kept.resolve())) if kept else temporary as made:
        port = database.free_port()
        server = database.start(Path(made) / "database", port, cache_gb=cache_gb)
        before = dict(os.environ)
        os.environ |= {
            "FIFTYONE_DATABASE_URI": f"mongodb://127.0.0.1:{port}/",
            "FIFTYONE_DEFAULT_DATASET_DIR": f"{made}/datasets",
            "FIFTYONE_DO_NOT_TRACK": "1",
            "FIFTYONE_DATABASE_VALIDATION": "false",  # whose notice would stand before the JSON
        }
        try:
            yield Path(made)
        finally:
            os.environ.clear()
            os.environ |= before
            server.communicate()
