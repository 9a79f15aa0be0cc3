"""Reads the samples of a dataset as rows, image by image.

The database sends rows of values instead of documents, which halves the time to read them: most of
it goes into the names of the fields. It puts no more than ids in order, which an index does for it,
and makes the next rows while those before them are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any, TypeVar

import bson
from bson import ObjectId

from pairlens.fiftyone_plugin.checks.rows import BATCH, Columns, Row, in_batches
from pairlens.importers import fields, store, working_set

T = TypeVar("T")

LABELS = f"{fields.FINDINGS}.classifications"
"""As a column: what :data:`LABEL_VALUES` names of each label, in a list for each."""

LABEL_VALUES = ("label", "severity", "score", "note", "group")
"""What a finding's label holds, besides what FiftyOne puts there."""

EARLIER = ("_id", fields.QUALITY, LABELS, fields.VERDICT)
"""Columns that tell a sample, what was found about it before, and what was decided."""

_EDITS = (fields.ORIGINAL_PHRASE, fields.ORIGINAL_MASK, fields.TEXT_EDITS)
_UNMENDED = [{"$eq": [{"$ifNull": [f"${name}", None]}, None]} for name in _EDITS]

STORED_LABELS = {"$map": {"input": f"${LABELS}", "in": [f"$$this.{name}" for name in LABEL_VALUES]}}
"""Makes the values of :data:`LABELS` of a document; ``null`` where it has no labels."""

_NOT_AS_STORED: dict[str, Any] = {
    # Where nothing was mended, the pair is to be fixed, and nothing is decided of its findings.
    fields.VERDICT: {
        "$cond": [
            {"$and": [{"$eq": [f"${fields.VERDICT}", fields.VerdictKind.FIX.value]}, *_UNMENDED]},
            None,
            f"${fields.VERDICT}",
        ]
    },
    LABELS: STORED_LABELS,
}
"""Columns that the database makes of what is stored."""


def batches(samples: Any, columns: Columns, notes: list[str] | None = None) -> Iterator[list[Row]]:
    """The samples of a dataset or view in batches, the rows of one image together.

    What was read may be written to meanwhile, what comes later may not.

    Args:
        samples: the dataset or view
        columns: with ``_id`` among them
        notes: takes which images have more samples than are compared with each other
    """
    rows = _ahead(rows_of(samples, columns, _ids_by_image(samples)))
    yield from in_batches(chain.from_iterable(rows), notes)


def rows_of(samples: Any, columns: Columns, ids: Iterable[ObjectId]) -> Iterator[list[Row]]:
    """The rows of some samples of a dataset, in the order of the ids, those of 1,000 at a time;
    of those there still are.

    Args:
        samples: the dataset or a view of it
        columns: with ``_id`` among them
        ids: of the samples
    """
    at = columns.paths.index("_id")
    row = [_NOT_AS_STORED.get(path, f"${path}") for path in columns.paths]
    for some in store.batched(ids, BATCH):
        # A field that is not there becomes a null in its place.
        pipeline = [{"$match": {"_id": {"$in": some}}}, {"$project": {"_id": 0, "row": row}}]
        found = {doc["row"][at]: doc["row"] for doc in _decoded(samples, pipeline, len(some))}
        yield [found[each] for each in some if each in found]


def row_of(document: Mapping[str, Any], columns: Columns) -> Row:
    """The row that the database would send of a sample's document."""
    row = [_value(document, path) for path in columns.paths]
    for number, path in enumerate(columns.paths):
        if path == LABELS:
            row[number] = [[one.get(name) for name in LABEL_VALUES] for one in row[number] or ()]
    return row


def _value(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _ids_by_image(samples: Any) -> Iterator[ObjectId]:
    pipeline = [
        *working_set.pipeline(samples),
        # There is an index in this order, so that of a whole dataset nothing is sorted.
        {"$sort": dict.fromkeys((fields.IMAGE_DIGEST, fields.IMAGE_ID, "_id"), 1)},
        {"$project": {"_id": 1}},
    ]
    return (doc["_id"] for doc in _decoded(samples, pipeline, 10 * BATCH))


def _decoded(samples: Any, pipeline: Sequence[dict[str, Any]], size: int) -> Iterator[Any]:
    return chain.from_iterable(map(bson.decode_all, store.raw(samples, pipeline, size)))


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """Has the next item made in a thread while one is looked at."""
    with ThreadPoolExecutor(1, thread_name_prefix="pairlens") as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
