"""Explains errors of a full disk."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile

from pairlens.importers.errors import StateError, shown

FULL = (errno.ENOSPC, errno.EDQUOT)


def explained(error: BaseException) -> StateError | None:
    """Converts an error of a full disk to one that says what to do; ``None`` for any other error.

    Args:
        error: the error; if it has no file name, it is of a temporary file
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
