"""What was counted of a dataset, kept while nothing is written to its samples.

The panel counts a million pairs in some ten seconds of the database, and is opened, refreshed and
led back to the whole dataset far more often than anything changes. Whether something did is told by
the database's own tally of the writes to a collection, which forgets at its end, and by the time
of the last change: no clock alone, since those of several machines differ.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from bson import json_util
from pymongo.errors import PyMongoError

from pairlens.fiftyone_plugin.curation import turns
from pairlens.importers import fo_internals

_WRITES = ("insert calls", "modify", "remove calls", "truncate calls", "update calls")
_MOST = 64
"""Counts that are kept, the last used."""
_ROWS = 10_000
"""Rows of a count that is kept, at the most."""

_kept: OrderedDict[tuple[str, str], tuple[Any, list[dict[str, Any]]]] = OrderedDict()


def aggregate(samples: Any, pipeline: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows of a pipeline over the samples of a dataset or view; not to be changed.

    They are those of an earlier call where nothing was written since.
    """
    collection = fo_internals.collection(samples)
    place = collection.name, json_util.dumps(pipeline)
    before = _state(collection)
    if before is not None and place in _kept:
        state, rows = _kept[place]
        if state == before:
            _kept.move_to_end(place)
            return rows
    found = collection.aggregate(pipeline, allowDiskUse=True, session=turns.session())
    rows = list(found)
    # What was written meanwhile may be in the rows or not.
    if before is not None and len(rows) <= _ROWS and _state(collection) == before:
        _kept[place] = before, rows
        while len(_kept) > _MOST:
            _kept.popitem(last=False)
    return rows


def _state(collection: Any) -> Any:
    """What differs after any write to a collection; ``None`` where the database does not tell."""
    try:
        stats = collection.database.command("collStats", collection.name)
        server = collection.database.client.admin.command("hello")["topologyVersion"]["processId"]
        tally = [stats["wiredTiger"]["cursor"][name] for name in _WRITES]
    except (PyMongoError, KeyError):
        return None
    last = collection.find_one({}, {"last_modified_at": 1}, sort=[("last_modified_at", -1)])
    return server, stats.get("uuid"), stats["count"], tally, last
