"""Whether the database that is configured answers, found out before FiftyOne connects to it.

FiftyOne waits for half a minute, several times; and its import takes seconds, before which nothing
needs to be waited for where the database is not there.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

from pairlens.importers.errors import StateError, shown

SECONDS = 3
"""How long a database may take to answer for the first time."""


def configured_uri() -> str | None:
    """The address of the user's own database, as FiftyOne finds it; ``None`` for the embedded."""
    if uri := os.environ.get("FIFTYONE_DATABASE_URI"):
        return uri
    default = Path.home() / ".fiftyone" / "config.json"
    try:
        settings = json.loads(Path(os.environ.get("FIFTYONE_CONFIG_PATH") or default).read_text())
        return settings.get("database_uri")
    except (OSError, ValueError, AttributeError):  # which FiftyOne tells
        return None


@cache
def check(uri: str | None) -> None:
    """Checks that a database answers, once in a process.

    Later pauses, as where a replica set chooses another primary, last as long as its address says.

    Args:
        uri: its address; the embedded one, which has none, is FiftyOne's to start

    Raises:
        StateError: if it does not answer
    """
    if not uri:
        return
    # Here, since commands that need no database need not have it imported.
    from pymongo import MongoClient
    from pymongo.errors import ConnectionFailure, PyMongoError

    wait = 1000 * SECONDS
    try:
        with MongoClient(uri, serverSelectionTimeoutMS=wait, connectTimeoutMS=wait) as client:
            client.admin.command("ping")
    except ConnectionFailure as error:
        why = str(error).partition(" (configured timeouts")[0].partition(", Timeout: ")[0]
        raise StateError(
            f"the database does not answer ({shown(why, 200)}); see what: pairlens doctor"
        ) from error
    except (PyMongoError, ValueError):
        return  # it refuses the user or the address, which FiftyOne says at once
