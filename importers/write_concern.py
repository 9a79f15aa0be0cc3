"""The write concern of writes that must survive a crash of the database.

A server that is killed loses what was written in the last tenth of a second. So actions outside of
the database that depend on a write, such as creating or deleting a folder, come after a durable
write.
"""

from __future__ import annotations

from typing import Any

from pymongo import WriteConcern

_TIMEOUT = 30
"""Maximum seconds for a replica set to acknowledge a write."""


def durable(collection: Any) -> Any:
    """Returns a collection with the write concern ``w: majority, j: true``.

    Its writes return when they are on the disk of most members of a replica set, or of the only
    server. MongoDB has one journal, so all earlier writes are on disk then as well.
    """
    concern = {**collection.write_concern.document, "w": "majority", "j": True}
    # Without a timeout, a write to a set without a majority of its members would wait for ever.
    concern.setdefault("wtimeout", 1000 * _TIMEOUT)
    return collection.with_options(write_concern=WriteConcern(**concern))
