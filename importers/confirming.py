"""Writes that outlast the end of the database, however it ends.

A server that is killed forgets what it was told in the tenth of a second before. So whatever is
done outside the database because of a write, such as making or deleting a folder, is done after
that write was confirmed.
"""

from __future__ import annotations

from typing import Any

from pymongo import WriteConcern

_CONFIRMING = 30
"""Seconds for a replica set to confirm a write."""


def confirmed(collection: Any) -> Any:
    """The collection, whose writes return when they outlast the end of any server.

    That is when they are on the disk of most members of a replica set, or on that of the only
    server. MongoDB keeps one journal, so everything written before them is there as well.
    """
    concern = {**collection.write_concern.document, "w": "majority", "j": True}
    # A set of which too many members are away would never confirm, and not fail either.
    concern.setdefault("wtimeout", 1000 * _CONFIRMING)
    return collection.with_options(write_concern=WriteConcern(**concern))
