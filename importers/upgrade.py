"""Brings datasets that an older version stored up to date, when a step first works on them.

Each change looks for what is not as it should be, so that one that was interrupted goes on with
the next step, and a dataset that is up to date is not written to.
"""

from __future__ import annotations

from typing import Any

from pairlens.importers import fields, fo_internals, schema, working_set
from pairlens.importers.relocation import adopt_files

_SPLIT_OF_KEY = {"$arrayElemAt": [{"$split": [f"${fields.KEY}", "/"]}, 1]}


def complete_schema(dataset: Any) -> None:
    """Declares fields of PairLens that the dataset lacks: of a later version, or deleted by hand.

    What is written past the schema makes a dataset unreadable for FiftyOne.
    """
    kind = (dataset.info.get(fields.INFO) or {}).get("kind") or "pairs"
    if not schema.names(kind) <= set(dataset.get_field_schema()):
        schema.declare(dataset, kind)


def upgrade(dataset: Any) -> list[str]:
    """Declares missing fields, gives samples without a split that of their key, and makes the
    index of keys partial.

    A dataset whose masks are in a folder by its name gets one of its own.

    Args:
        dataset: that PairLens imported

    Returns:
        what is to be told of it, in sentences
    """
    complete_schema(dataset)
    missing = {fields.SPLIT: None, **working_set.OWN}
    change = [{"$set": {fields.SPLIT: _SPLIT_OF_KEY}}]
    collection = fo_internals.collection(dataset)
    ids = [doc["_id"] for doc in collection.find(missing, {"_id": 1})]
    if ids:
        collection.update_many(missing, change)
        fo_internals.reload_samples(dataset, ids)
    indexes = dataset.get_index_information()
    if not any(name.startswith(f"{fields.KEY}_") for name in indexes):
        schema.index_keys(dataset)
    # FiftyOne's merge_samples leaves one behind as well, which refuses a second sample without key.
    if indexes.get(fields.KEY, {}).get("unique"):
        dataset.drop_index(fields.KEY)
    return adopt_files(dataset)
