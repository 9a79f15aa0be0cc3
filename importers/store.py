"""Direct access to the MongoDB collection of a FiftyOne dataset.

``Dataset.add_samples`` and ``set_values`` validate every value and write about 2,400 and
20,000 samples a second; the same documents written straight go about ten times as fast.
What is written here is what FiftyOne itself would write: a test adds the same samples both
ways and compares the documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bson
import fiftyone as fo
from bson import ObjectId
from bson.raw_bson import RawBSONDocument
from fiftyone.core.utils import to_slug
from pymongo import UpdateOne
from pymongo.errors import BulkWriteError, DocumentTooLarge, OperationFailure, PyMongoError

from pairlens.importers import fencing, fields, fo_internals, safe_writes, working_set
from pairlens.importers.batches import batched
from pairlens.importers.errors import StateError, UsageError, did_you_mean, shown
from pairlens.importers.files import is_text
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.records import Kind
from pairlens.importers.stored_values import NOT_STORABLE, Document, why_not_stored

BATCH = 1000
"""Documents a write: larger batches were no faster and hold more memory."""

MAX_DOCUMENT = 16 << 20
"""Bytes, as MongoDB has it."""

Insertable = Document | RawBSONDocument
"""A new sample, or its BSON."""

OnRefused = Callable[[Insertable, str], None]
"""Takes a document that cannot be stored, and the reason."""

_TOO_LARGE = 10334
"""MongoDB's code for a document over :data:`MAX_DOCUMENT`."""

_MEASURED = frozenset(MaskStats.__slots__)
_UNMEASURED = MaskStats()


def check_name(name: str) -> None:
    """Validates the name of a dataset that is to be made.

    Raises:
        UsageError: if FiftyOne takes no such name
    """
    try:
        to_slug(name if is_text(name) else "")
    except ValueError as error:
        raise UsageError(
            f"{shown(name, 80)!r} cannot be the name of a dataset ({shown(str(error), 200)})"
        ) from error


def opened(name: str) -> Any:
    """A dataset that is there, PairLens' own or not.

    Raises:
        StateError: if another command deletes or replaces it while it is opened
    """
    try:
        return fo.load_dataset(name)
    except ValueError as error:  # also where its document is gone when FiftyOne writes to it
        raise StateError(
            f"dataset {name!r} was deleted or replaced by another command meanwhile; look what is "
            "there, and run this again"
        ) from error


def load(name: str, *, foreign: bool = False) -> Any:
    """Loads a dataset that PairLens imported, or any where it may be ``foreign``.

    Raises:
        StateError: if there is none of that name, or PairLens did not import it, or if the database
            does not answer
    """
    fo_internals.connect()
    if not is_text(name) or not fo.dataset_exists(name):
        known = [str(n) for n in fo.list_datasets()]
        there = ", ".join(known[:20]) or "none"
        raise StateError(
            f"there is no dataset {name!r}{did_you_mean(name, known)}; there is {there}"
        )
    dataset = opened(name)
    if not foreign:
        working_set.check(dataset)
    return dataset


def info(dataset: Any) -> dict[str, Any]:
    """What PairLens stored about the dataset, as it is now: format, root, media folder ..."""
    return dict(fo_internals.info(dataset, fields.INFO) or {})


def kind_of(samples: Any) -> Kind:
    """The kind of dataset that samples are of; those from before there were several have pairs."""
    return info(samples).get("kind") or "pairs"


def source_path(facts: dict[str, Any]) -> Path:
    """The folder or archive that a dataset was read from, and is exported from.

    Raises:
        StateError: if that is not known, as of a dataset that was read back from an export
    """
    if has_source(facts):
        return Path(facts.get("path") or facts["root"])
    raise StateError(
        "the dataset does not say where its published files are, as one that was read from an "
        "export does not; run: pairlens relocate NAME --source DIR"
    )


def has_source(facts: dict[str, Any]) -> bool:
    """Whether it is known what a dataset was read from."""
    return bool(facts.get("path") or facts.get("root"))


def update_info(dataset: Any, **facts: Any) -> None:
    """Sets some of what :func:`info` returns; other facts, and who sets them, are left alone."""
    literal = {name: {"$literal": value} for name, value in facts.items()}
    fo_internals.change_info(dataset, fields.INFO, literal)


def add_to_info(dataset: Any, fact: str, values: dict[str, Any]) -> None:
    """Sets some members of an object among the facts of a dataset; other members stay.

    Args:
        dataset: of FiftyOne
        fact: the name of the object among the facts of :func:`info`
        values: members by name
    """
    merged = {"$mergeObjects": [f"$info.{fields.INFO}.{fact}", {"$literal": values}]}
    fo_internals.change_info(dataset, fields.INFO, {fact: merged})


def add_decisions(dataset: Any, decisions: list[dict[str, Any]], **facts: Any) -> None:
    """Stores what a step decided, in place of what the same step decided before.

    Args:
        dataset: that the step worked on
        decisions: of the step
        facts: others to set in the same write; ``None`` removes one
    """
    steps = list({decision["step"] for decision in decisions})
    stored = {"$ifNull": [f"$info.{fields.INFO}.decisions", []]}
    others = {"$not": {"$in": ["$$this.step", steps]}}
    kept = {"$filter": {"input": stored, "cond": others}}
    joined = {"$concatArrays": [kept, {"$literal": decisions}]}
    more = {n: "$$REMOVE" if v is None else {"$literal": v} for n, v in facts.items()}
    fo_internals.change_info(dataset, fields.INFO, {"decisions": joined} | more)


def stats_from(values: dict[str, Any] | None) -> MaskStats:
    """The inverse of :func:`plain_stats` for a mask.

    Measurements that were not read keep their defaults; those that a newer version added are
    left out.
    """
    if not values:
        return _UNMEASURED
    known: dict[str, Any] = {
        k: tuple(v) if v.__class__ is list else v for k, v in values.items() if k in _MEASURED
    }
    return MaskStats(**known)


def insert(dataset: Any, docs: Sequence[Insertable], on_refused: OnRefused | None = None) -> int:
    """Inserts new samples; those whose keys are stored already are skipped.

    Args:
        dataset: of FiftyOne
        docs: the samples
        on_refused: takes each document that MongoDB cannot store, with the reason; if not given,
            the first of them is an error

    Returns:
        the number of samples inserted

    Raises:
        StateError: if the database refuses a sample, or another process took the lease over
    """
    if not docs:
        return 0
    fencing.check_writing()
    try:
        return _insert(dataset, docs)
    except (*NOT_STORABLE, OperationFailure) as error:
        if isinstance(error, OperationFailure) and error.code != _TOO_LARGE:
            raise
        if on_refused is None:
            raise StateError(f"the database cannot store a sample ({shown(str(error))})") from error
    storable = []
    for doc in docs:
        if fault := _fault_of(doc):
            on_refused(doc, fault)
        else:
            storable.append(doc)
    there = _count(dataset, docs)  # a part may have been written before the fault was met
    return there + insert(dataset, storable)


def _count(dataset: Any, docs: Sequence[Insertable]) -> int:
    ids = [doc["_id"] for doc in docs]
    return fo_internals.collection(dataset).count_documents({"_id": {"$in": ids}})


def _fault_of(doc: Insertable) -> str:
    """Why a document cannot be stored; ``""`` if it can."""
    try:
        size = len(bson.encode(doc))
    except NOT_STORABLE as error:
        return why_not_stored(error)
    return f"it takes {size:,} bytes, more than a database stores" if size > MAX_DOCUMENT else ""


def _insert(dataset: Any, docs: Sequence[Insertable]) -> int:
    if fo_internals.needs_fallback():
        plain = [bson.decode(d.raw) if isinstance(d, RawBSONDocument) else d for d in docs]
        return fo_internals.add_samples(dataset, plain)
    try:
        fo_internals.collection(dataset).insert_many(docs, ordered=False)
        return len(docs)
    except BulkWriteError as error:
        duplicate_key = 11000
        errors = error.details["writeErrors"]
        if error.details["writeConcernErrors"]:
            raise  # another server took over, which may have them or not
        if any(e["code"] != duplicate_key for e in errors):
            raise StateError(f"the database refused a sample: {errors[0]['errmsg']}") from error
        return error.details["nInserted"]


def stream(
    samples: Any,
    projection: Iterable[str],
    *,
    where: dict[str, Any] | None = None,
    order: Sequence[str] = (),
    as_seen: Sequence[str] = (),
) -> Iterator[dict[str, Any]]:
    """Reads the documents of a working set, a batch at a time.

    Args:
        samples: a dataset or a view
        projection: the fields to read, ``a.b`` for embedded ones; ``_id`` always comes
        where: a MongoDB filter on top of the view
        order: fields to sort by, which must be among those read
        as_seen: fields of labels that are as a view filters them
    """
    pipeline = working_set.pipeline(samples, as_seen)
    if where:
        pipeline.append({"$match": where})
    # Projected first, so that the database sorts small documents.
    pipeline.append({"$project": dict.fromkeys(projection, 1)})
    if order:
        pipeline.append({"$sort": dict.fromkeys((*order, "_id"), 1)})
    collection = fo_internals.collection(samples)
    # Unsaid, a batch is 16 MB of documents, which take a hundred in memory.
    yield from collection.aggregate(pipeline, allowDiskUse=True, batchSize=BATCH)


def raw(samples: Any, pipeline: Sequence[Document], size: int = BATCH) -> Iterator[bytes]:
    """What stages of MongoDB make of a dataset's samples, as BSON, some documents at a time.

    Args:
        samples: the dataset or a view of it, whose own stages are among the pipeline or not asked
        pipeline: the stages
        size: of a batch
    """
    collection = fo_internals.collection(samples)
    return collection.aggregate_raw_batches(pipeline, allowDiskUse=True, batchSize=size)


def update(dataset: Any, changes: Iterable[tuple[ObjectId, dict[str, Any]]]) -> int:
    """Sets fields of samples by id, in bulk; a value of ``None`` removes the field.

    Returns:
        the number of samples written
    """
    now = datetime.now(UTC)
    count = 0
    for batch in batched(changes, BATCH):
        fencing.check_writing()
        if fo_internals.needs_fallback():
            fo_internals.change_samples(dataset, batch)
        else:
            updates = [
                {"q": {"_id": _id}, "u": safe_writes.assignment(values, now)}
                for _id, values in batch
            ]
            _send(fo_internals.collection(dataset), updates)
        count += len(batch)
    return count


def _send(collection: Any, updates: list[dict[str, Any]]) -> None:
    """Sends idempotent updates as a single command.

    ``bulk_write`` makes objects of each and takes twice the time, of which small masks need
    little more. Whatever goes wrong is left to it: it tries again where that may help, and
    raises what cannot be helped.
    """
    command = {"update": collection.name, "updates": updates, "ordered": False}
    if concern := collection.write_concern.document:
        command["writeConcern"] = concern
    try:
        reply = collection.database.command(command)
    except (PyMongoError, DocumentTooLarge):
        reply = {}
    if not reply or "writeErrors" in reply or "writeConcernError" in reply:
        operations = [UpdateOne(one["q"], one["u"]) for one in updates]
        collection.bulk_write(operations, ordered=False)


def update_alike(dataset: Any, ids: Sequence[ObjectId], values: dict[str, Any]) -> None:
    """Sets the same values on several samples.

    Args:
        dataset: of FiftyOne
        ids: of the samples
        values: by field; ``None`` removes a field

    Raises:
        StateError: if another process took the lease over
    """
    if not ids:
        return
    fencing.check_writing()
    if fo_internals.needs_fallback():
        fo_internals.change_samples(dataset, [(each, values) for each in ids])
        return
    change = safe_writes.assignment(values, datetime.now(UTC))
    safe_writes.update_many(fo_internals.collection(dataset), {"_id": {"$in": list(ids)}}, change)
