"""What to say where the disk of temporary files is full."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile

from pairlens.importers.errors import StateError

_FULL = (errno.ENOSPC, errno.EDQUOT)


def explained(error: BaseException) -> StateError | None:
    """An error of a full disk in a sentence that says what to do; ``None`` for any other.

    Args:
        error: what was raised; of files that have names, whoever writes them says which
    """
    nameless = isinstance(error, OSError) and error.errno in _FULL and not error.filename
    if not nameless and not isinstance(error, sqlite3.OperationalError):
        return None
    where = tempfile.tempdir or os.environ.get("TMPDIR") or "/tmp"
    reason = error.strerror if isinstance(error, OSError) else str(error)
    return StateError(
        f"a temporary file cannot be written to {where} ({reason}); free space there, or name "
        "another folder in TMPDIR, and do the same again"
    )
