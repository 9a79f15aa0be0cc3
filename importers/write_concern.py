"""The write concern of writes that must survive a crash of the database.

A server that is killed loses what was written in the tenth of a second before. So whatever is
done outside the database because of a write, such as creating or deleting a folder, is done after
that write is durable.
"""

from __future__ import annotations

from typing import Any

from pymongo import WriteConcern

_TIMEOUT = 30
"""Seconds for a replica set to acknowledge a write."""


def durable(collection: Any) -> Any:
    """The collection with a write concern of ``majority`` and ``j``.

    Its writes return when they are on the disk of most members of a replica set, or of the only
    server. MongoDB keeps one journal, so everything written before them is there as well.
    """
    concern = {**collection.write_concern.document, "w": "majority", "j": True}
    # Without a timeout, a write to a set without a majority of its members would wait for ever.
    concern.setdefault("wtimeout", 1000 * _TIMEOUT)
    return collection.with_options(write_concern=WriteConcern(**concern))
