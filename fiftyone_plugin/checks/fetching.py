"""Reads the samples of a dataset as rows, image by image.

The database puts no more than ids in order, which an index does for it, and makes the next rows
while those before them are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, groupby
from typing import Any, TypeVar

import bson
from bson import ObjectId

from fiftyone_plugin.checks.records import Columns, Row, image_of
from importers import fields, fo_internals, store

T = TypeVar("T")

BATCH = 1000
"""Rows that are read at a time."""


def rows(samples: Any, columns: Columns) -> Iterator[Row]:
    """The samples of a dataset or view, in any order."""
    pipeline = [*fo_internals.pipeline(samples), columns.stage()]
    for doc in fo_internals.collection(samples).aggregate(pipeline, allowDiskUse=True):
        yield doc["row"]


def rows_of(samples: Any, columns: Columns, ids: Sequence[ObjectId]) -> list[Row]:
    """The rows of some samples of a dataset, in the order of the ids; of those there still are.

    Args:
        samples: the dataset or a view of it
        columns: with ``_id`` among them
        ids: of the samples
    """
    pipeline = [{"$match": {"_id": {"$in": ids}}}, columns.stage()]
    collection = fo_internals.collection(samples)
    sent = collection.aggregate_raw_batches(pipeline, batchSize=len(ids))
    at = columns.paths.index("_id")
    found = {doc["row"][at]: doc["row"] for batch in sent for doc in bson.decode_all(batch)}
    return [found[each] for each in ids if each in found]


def images(samples: Any, columns: Columns) -> Iterator[list[Row]]:
    """The samples of a dataset or view, the rows of one image after those of another.

    What was read may be written to meanwhile, what comes later may not.

    Args:
        samples: the dataset or view
        columns: with ``_id`` among them
    """
    batches = store.batched(_ids_by_image(samples), BATCH)
    read = _ahead(rows_of(samples, columns, ids) for ids in batches)
    for _, group in groupby(chain.from_iterable(read), key=image_of):
        yield list(group)


def _ids_by_image(samples: Any) -> Iterator[ObjectId]:
    pipeline = [
        *fo_internals.pipeline(samples),
        # There is an index in this order, so that of a whole dataset nothing is sorted.
        {"$sort": dict.fromkeys((fields.IMAGE_DIGEST, fields.IMAGE_ID, "_id"), 1)},
        {"$project": {"_id": 1}},
    ]
    collection = fo_internals.collection(samples)
    sent = collection.aggregate_raw_batches(pipeline, allowDiskUse=True, batchSize=10 * BATCH)
    for batch in sent:
        for doc in bson.decode_all(batch):
            yield doc["_id"]


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """Has the next item made in a thread while one is looked at."""
    with ThreadPoolExecutor(1, thread_name_prefix="pairlens") as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
