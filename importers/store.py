"""Straight access to a FiftyOne dataset's collection, in one place.

``Dataset.add_samples`` and ``set_values`` validate every value and write about 2,400 and
20,000 samples a second; the same documents written straight go about ten times as fast.
What is written here is what FiftyOne itself would write: a test adds the same samples both
ways and compares the documents.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import fiftyone as fo
from bson import ObjectId
from fiftyone.core.odm.utils import create_field
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from importers import fields
from importers.errors import StateError
from importers.mask_stats import MaskStats
from importers.prepare import PreparedPair

BATCH = 1000
"""Documents a write: larger batches were no faster and hold more memory."""

_FIELD_TYPES: dict[type, type] = {int: fo.IntField, float: fo.FloatField, str: fo.StringField}


def load(name: str) -> Any:
    """Loads a dataset that PairLens imported.

    Raises:
        StateError: if there is none of that name, or it has no pairs
    """
    if not fo.dataset_exists(name):
        known = ", ".join(str(n) for n in fo.list_datasets()[:20]) or "none"
        raise StateError(f"there is no dataset {name!r}; there is {known}")
    dataset = fo.load_dataset(name)
    if not dataset.has_field(fields.KEY):
        raise StateError(f"dataset {name!r} was not imported by PairLens: no field 'key'")
    return dataset


def info(dataset: Any) -> dict[str, Any]:
    """PairLens' own facts about the dataset: format, root, media folder ..."""
    return dict(dataset.info.get(fields.INFO) or {})


def update_info(dataset: Any, **facts: Any) -> None:
    """Changes some of the facts."""
    dataset.info[fields.INFO] = info(dataset) | facts
    dataset.save()


def declare_fields(dataset: Any) -> None:
    """Adds the fields of a pair to the dataset, with indexes on those that are filtered by."""
    dataset.media_type = "image"
    for name in (fields.KEY, fields.IMAGE_ID, fields.PHRASE, fields.RENDITION):
        dataset.add_sample_field(name, fo.StringField)
    _embed(dataset, fields.SEGMENTATION, fo.Segmentation)
    _embed(dataset, fields.FINDINGS, fo.Classifications)
    _embed(dataset, fields.MASK_STATS, fo.DynamicEmbeddedDocument, asdict(MaskStats()))
    _embed(dataset, fields.SOURCE, fo.DynamicEmbeddedDocument, _SOURCE)
    for name in (fields.NO_TARGET, fields.IMAGE_MISSING):
        dataset.add_sample_field(name, fo.BooleanField)
    for name in ("severity", "note"):
        dataset.add_sample_field(f"{fields.FINDINGS}.classifications.{name}", fo.StringField)
    dataset.add_sample_field(f"{fields.FINDINGS}.classifications.score", fo.FloatField)
    dataset.add_sample_field(fields.QUALITY, fo.FloatField)
    for name in _REVIEW:
        dataset.add_sample_field(name, fo.StringField)
    dataset.add_sample_field(fields.REVIEWED_AT, fo.DateTimeField)
    dataset.default_mask_targets = dict(fields.MASK_TARGETS)
    for name in fields.INDEXED:
        dataset.create_index(name, unique=name == fields.KEY)


_REVIEW = (fields.VERDICT, fields.REVIEWER, fields.REVIEW_NOTE, fields.ORIGINAL_PHRASE)
_SOURCE = {"file": "", "index": 0, "image_name": "", "image_digest": ""}
_LIST_ITEMS: dict[str, type] = {
    "box": int,
    "centroid": float,
    "x_quantiles": float,
    "y_quantiles": float,
    "values": int,
    "polygon_faults": str,
}


def _embed(dataset: Any, name: str, kind: type, members: dict[str, Any] | None = None) -> None:
    """Declares an embedded document in one go; a call a member takes a second altogether."""
    declared = [_member(member, value) for member, value in (members or {}).items()]
    dataset.add_sample_field(
        name, fo.EmbeddedDocumentField, embedded_doc_type=kind, fields=declared
    )


def _member(name: str, value: Any) -> Any:
    if name in _LIST_ITEMS:
        return create_field(name, fo.ListField, subfield=_FIELD_TYPES[_LIST_ITEMS[name]])
    return create_field(name, _FIELD_TYPES[type(value)])


def document(prepared: PreparedPair, dataset_id: ObjectId, now: datetime) -> dict[str, Any]:
    """A pair as FiftyOne stores a sample."""
    pair, image, facts = prepared.pair, prepared.image, prepared.image.facts
    doc: dict[str, Any] = {
        "_id": ObjectId(),
        "_dataset_id": dataset_id,
        "_media_type": "image",
        # FiftyOne's own default, which its random stages sort by.
        "_rand": random.random() * 0.001 + 0.999,
        "filepath": str(image.filepath),
        "tags": [pair.split],
        "metadata": {
            "_cls": "ImageMetadata",
            "size_bytes": facts.size_bytes,
            "mime_type": facts.mime_type,
            "width": facts.width,
            "height": facts.height,
            "num_channels": facts.bands,
        },
        "created_at": now,
        "last_modified_at": now,
        fields.KEY: pair.key,
        fields.IMAGE_ID: pair.image_id,
        fields.PHRASE: pair.phrase,
        fields.NO_TARGET: pair.no_target,
        fields.IMAGE_MISSING: image.missing,
        fields.MASK_STATS: embedded(plain_stats(prepared.stats)),
        fields.SOURCE: embedded(
            {
                "file": pair.source.file,
                "index": pair.source.index,
                "image_name": pair.image_name,
                "image_digest": facts.digest,
            }
        ),
    }
    if image.rendition is not None:
        doc[fields.RENDITION] = str(image.rendition)
    if prepared.mask_path is not None:
        doc[fields.SEGMENTATION] = segmentation(str(prepared.mask_path))
    return doc


def embedded(values: dict[str, Any]) -> dict[str, Any]:
    """An embedded document of no particular class."""
    return {"_cls": "DynamicEmbeddedDocument", **values}


def segmentation(mask_path: str) -> dict[str, Any]:
    """A mask on disk."""
    return {"_id": ObjectId(), "_cls": "Segmentation", "tags": [], "mask_path": mask_path}


def plain_stats(stats: MaskStats) -> dict[str, Any]:
    """Measurements with lists for tuples, which is what comes back from the database."""
    values = asdict(stats)
    return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}


def stats_from(values: dict[str, Any] | None) -> MaskStats:
    """The inverse of :func:`plain_stats`; fields that a newer version added are left out."""
    known: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v
        for k, v in (values or {}).items()
        if k in MaskStats.__slots__
    }
    return MaskStats(**known)


def insert(dataset: Any, docs: list[dict[str, Any]]) -> int:
    """Writes new samples; keys that are there already are left alone.

    Returns:
        the number written
    """
    if not docs:
        return 0
    try:
        return len(dataset._sample_collection.insert_many(docs, ordered=False).inserted_ids)
    except BulkWriteError as error:
        duplicate_key = 11000
        errors = error.details["writeErrors"]
        if any(e["code"] != duplicate_key for e in errors):
            raise StateError(f"the database refused a sample: {errors[0]['errmsg']}") from error
        return error.details["nInserted"]


def existing_keys(dataset: Any, keys: Sequence[str]) -> set[str]:
    """Which of the keys the dataset holds."""
    found = dataset._sample_collection.find({fields.KEY: {"$in": list(keys)}}, {fields.KEY: 1})
    return {doc[fields.KEY] for doc in found}


def stream(
    samples: Any,
    projection: Iterable[str],
    *,
    where: dict[str, Any] | None = None,
    order: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """Reads documents of a dataset or view, a batch at a time.

    Args:
        samples: a dataset or a view
        projection: the fields to read, ``a.b`` for embedded ones; ``_id`` always comes
        where: a MongoDB filter on top of the view
        order: fields to sort by, which must be among those read
    """
    pipeline = list(samples._pipeline())
    if where:
        pipeline.append({"$match": where})
    # Projected first, so that the database sorts small documents.
    pipeline.append({"$project": dict.fromkeys(projection, 1)})
    if order:
        pipeline.append({"$sort": dict.fromkeys((*order, "_id"), 1)})
    collection = samples._dataset._sample_collection
    yield from collection.aggregate(pipeline, allowDiskUse=True)


def update(dataset: Any, changes: Iterable[tuple[ObjectId, dict[str, Any]]]) -> int:
    """Sets fields of samples by id, in bulk; a value of ``None`` removes the field.

    Returns:
        the number of samples written
    """
    now = datetime.now(UTC)
    count = 0
    for batch in batched(changes, BATCH):
        operations = []
        for _id, values in batch:
            change: dict[str, Any] = {
                "$set": {"last_modified_at": now}
                | {k: v for k, v in values.items() if v is not None}
            }
            gone = {k: "" for k, v in values.items() if v is None}
            if gone:
                change["$unset"] = gone
            operations.append(UpdateOne({"_id": _id}, change))
        dataset._sample_collection.bulk_write(operations, ordered=False)
        count += len(batch)
    return count


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Lists of at most ``size`` items."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
