"""What to say where a disk is full."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile

from pairlens.importers.errors import StateError, shown

FULL = (errno.ENOSPC, errno.EDQUOT)


def explained(error: BaseException) -> StateError | None:
    """An error of a full disk in a sentence that says what to do; ``None`` for any other.

    Args:
        error: what was raised; one without the name of a file is of a temporary file
    """
    if not isinstance(error, sqlite3.OperationalError) and (
        not isinstance(error, OSError) or error.errno not in FULL
    ):
        return None
    if isinstance(error, OSError) and error.filename:
        file = shown(str(error.filename), 300)
        return StateError(
            f"{file} cannot be written ({error.strerror}); free space there, and do the same again"
        )
    where = tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return StateError(
        f"a temporary file cannot be written to {where} ({reason}); free space there, or name "
        "another folder in TMPDIR, and do the same again"
    )
