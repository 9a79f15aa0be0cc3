"""Gives copies of an image that a dataset names differently the same ``image_id``."""

from __future__ import annotations

from typing import Any

from pairlens.importers import fields, fo_internals, store, working_set

_DIGEST = {
    # The digest of pixels if there is one: TIFF copies of a scene can differ in their headers.
    "$ifNull": [f"${fields.SOURCE}.content_digest", f"${fields.IMAGE_DIGEST}"]
}
_OWN_ID = {"$first": {"$split": [{"$arrayElemAt": [{"$split": [f"${fields.KEY}", "/"]}, 2]}, "#"]}}
"""The published image id, which is part of the key."""


def join_scenes(dataset: Any) -> int:
    """Gives all samples of equal images the ``image_id`` of the first of them by key.

    Keys are not changed. Samples with placeholders have no digest and are left out.

    Returns:
        the number of images that had several ids
    """
    collection = fo_internals.collection(dataset)
    groups = collection.aggregate(
        [
            {"$match": working_set.OWN},
            {"$project": {fields.KEY: 1, "digest": _DIGEST, "own": _OWN_ID}},
            {"$match": {"digest": {"$nin": [None, ""]}}},
            {"$sort": {fields.KEY: 1}},
            {
                "$group": {
                    "_id": "$digest",
                    "first": {"$first": "$own"},
                    "all": {"$addToSet": "$own"},
                    "samples": {"$push": "$_id"},
                }
            },
            {"$match": {"all.1": {"$exists": True}}},
        ],
        allowDiskUse=True,
    )
    joined = 0
    for group in groups:
        # Samples that have the id already are not written, to keep their time of change.
        changed = {"_id": {"$in": group["samples"]}, fields.IMAGE_ID: {"$ne": group["first"]}}
        ids = [document["_id"] for document in collection.find(changed, {"_id": 1})]
        store.update_alike(dataset, ids, {fields.IMAGE_ID: group["first"]})
        joined += 1
    return joined
