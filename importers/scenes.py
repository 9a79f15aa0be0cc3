"""One ``image_id`` for copies of an image that a dataset names differently."""

from __future__ import annotations

from typing import Any

from pairlens.importers import fields, fo_internals, store, working_set

_DIGEST = {
    # Of TIFFs the pixels count: copies of one scene can differ in their headers.
    "$ifNull": [f"${fields.SOURCE}.content_digest", f"${fields.IMAGE_DIGEST}"]
}
_OWN_ID = {"$first": {"$split": [{"$arrayElemAt": [{"$split": [f"${fields.KEY}", "/"]}, 2]}, "#"]}}
"""The id that the record was published under, which its key keeps."""


def join_scenes(dataset: Any) -> int:
    """Gives all samples of equal images the ``image_id`` of the first of them by key.

    Keys stay as they are. Placeholders have no content and are left alone.

    Returns:
        the number of images that stood under several ids
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
        # What is right already is not written, so that it does not count as modified.
        changed = {"_id": {"$in": group["samples"]}, fields.IMAGE_ID: {"$ne": group["first"]}}
        ids = [document["_id"] for document in collection.find(changed, {"_id": 1})]
        store.update_alike(dataset, ids, {fields.IMAGE_ID: group["first"]})
        joined += 1
    return joined
