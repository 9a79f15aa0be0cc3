"""Upgrades datasets that an older version of PairLens stored, when a step first works on them.

Each change tests whether it is needed. So an interrupted upgrade continues with the next step, and
a dataset that is up to date is not written to.
"""

from __future__ import annotations

from typing import Any

from pairlens.importers import fields, fo_internals, schema, working_set
from pairlens.importers.relocation import adopt_files

_SPLIT_OF_KEY = {"$arrayElemAt": [{"$split": [f"${fields.KEY}", "/"]}, 1]}


def complete_schema(dataset: Any) -> None:
    """Declares PairLens' fields that a dataset lacks, since they are newer or a user deleted them.

    FiftyOne cannot read samples with values in fields that are not declared.
    """
    kind = (dataset.info.get(fields.INFO) or {}).get("kind") or "pairs"
    if not schema.names(kind) <= set(dataset.get_field_schema()):
        schema.declare(dataset, kind)


def upgrade(dataset: Any) -> list[str]:
    """Applies all upgrades to a dataset.

    Missing fields are declared; samples without a split get the one in their key; the unique index
    of keys becomes partial; and masks in a folder that belongs to a dataset only by name are
    linked into a folder of the dataset's own.

    Args:
        dataset: a dataset that PairLens imported

    Returns:
        notes for the user
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
    # FiftyOne's merge_samples also leaves such an index, which allows only one sample without key.
    if indexes.get(fields.KEY, {}).get("unique"):
        dataset.drop_index(fields.KEY)
    return adopt_files(dataset)
