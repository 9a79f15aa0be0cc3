"""A cache of counts over a dataset, valid until something is written to its samples.

Counting a million pairs takes the database some ten seconds, and the panel is opened and refreshed
far more often than anything changes. A change shows in the database's own statistics of writes to
the collection, which start anew with the server, and in the time of the last change. A clock alone
would not do, since those of several machines differ.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from bson import json_util
from pymongo.errors import PyMongoError

from pairlens.fiftyone_plugin.curation import latest_count
from pairlens.importers import fo_internals

_WRITES = ("insert calls", "modify", "remove calls", "truncate calls", "update calls")
_MOST = 64
"""Counts in the cache; the least recently used is dropped."""
_ROWS = 10_000
"""Rows of a count in the cache, at the most."""

_kept: OrderedDict[tuple[str, str], tuple[Any, list[dict[str, Any]]]] = OrderedDict()


def aggregate(samples: Any, pipeline: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a pipeline over the samples of a dataset or view, from the cache where possible.

    The caller must not modify them.
    """
    collection = fo_internals.collection(samples)
    place = collection.name, json_util.dumps(pipeline)
    before = _state(collection)
    if before is not None and place in _kept:
        state, rows = _kept[place]
        if state == before:
            _kept.move_to_end(place)
            return rows
    found = collection.aggregate(pipeline, allowDiskUse=True, session=latest_count.session())
    rows = list(found)
    # Rows that were written during the count may be in it or not.
    if before is not None and len(rows) <= _ROWS and _state(collection) == before:
        _kept[place] = before, rows
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return rows


def _state(collection: Any) -> Any:
    """A value that changes with any write to a collection; ``None`` if the database has none."""
    try:
        stats = collection.database.command("collStats", collection.name)
        server = collection.database.client.admin.command("hello")["topologyVersion"]["processId"]
        tally = [stats["wiredTiger"]["cursor"][name] for name in _WRITES]
    except (PyMongoError, KeyError):
        return None
    last = collection.find_one({}, {"last_modified_at": 1}, sort=[("last_modified_at", -1)])
    return server, stats.get("uuid"), stats["count"], tally, last
