"""Direct access to the MongoDB collection of a FiftyOne dataset.

``Dataset.add_samples`` and ``set_values`` validate every value and write about 2,400 and 20,000
samples a second; writing the same documents to MongoDB directly is about ten times as fast. A test
adds the same samples both ways and compares the documents.
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
"""Documents of one write; larger batches were not faster and need more memory."""

MAX_DOCUMENT = 16 << 20
"""MongoDB's maximum size of a document in bytes."""

Insertable = Document | RawBSONDocument
"""A new sample, as a document or encoded as BSON."""

OnRefused = Callable[[Insertable, str], None]
"""Called with a document that cannot be stored, and the reason."""

_TOO_LARGE = 10334
"""MongoDB's code for a document over :data:`MAX_DOCUMENT`."""

_MEASURED = frozenset(MaskStats.__slots__)
_UNMEASURED = MaskStats()


def check_name(name: str) -> None:
    """Validates the name of a new dataset.

    Raises:
        UsageError: if FiftyOne does not allow the name
    """
    try:
        to_slug(name if is_text(name) else "")
    except ValueError as error:
        raise UsageError(
            f"{shown(name, 80)!r} cannot be the name of a dataset ({shown(str(error), 200)})"
        ) from error


def opened(name: str) -> Any:
    """Loads an existing dataset, imported by PairLens or not.

    Raises:
        StateError: if another command deletes or replaces it at the same time
    """
    try:
        return fo.load_dataset(name)
    except ValueError as error:  # also raised if it is deleted while FiftyOne loads it
        raise StateError(
            f"dataset {name!r} was deleted or replaced by another command meanwhile; look what is "
            "there, and run this again"
        ) from error


def load(name: str, *, foreign: bool = False) -> Any:
    """Loads a dataset.

    Args:
        name: of the dataset
        foreign: whether a dataset that PairLens did not import is accepted

    Raises:
        StateError: if there is no dataset of that name, PairLens did not import it, or the database
            does not answer
    """
    fo_internals.connect()
    if not is_text(name) or not fo.dataset_exists(name):
        known = [str(n) for n in fo.list_datasets()]
        listed = ", ".join(known[:20]) or "none"
        raise StateError(
            f"there is no dataset {name!r}{did_you_mean(name, known)}; there is {listed}"
        )
    dataset = opened(name)
    if not foreign:
        working_set.check(dataset)
    return dataset


def info(dataset: Any) -> dict[str, Any]:
    """Reads the facts of a dataset from the database: format, root, media folder ..."""
    return dict(fo_internals.info(dataset, fields.INFO) or {})


def kind_of(samples: Any) -> Kind:
    """Returns the kind of a dataset's records; ``pairs`` for datasets of versions before kinds."""
    return info(samples).get("kind") or "pairs"


def source_path(facts: dict[str, Any]) -> Path:
    """Returns the folder or archive that a dataset was imported from, which exports read.

    Raises:
        StateError: if it is not known, as for a dataset that was read back from an export
    """
    if has_source(facts):
        return Path(facts.get("path") or facts["root"])
    raise StateError(
        "the dataset does not say where its published files are, as one that was read from an "
        "export does not; run: pairlens relocate NAME --source DIR"
    )


def has_source(facts: dict[str, Any]) -> bool:
    """Whether the facts say what a dataset was imported from."""
    return bool(facts.get("path") or facts.get("root"))


def update_info(dataset: Any, **facts: Any) -> None:
    """Sets facts of a dataset; other facts, which other processes may set, are not touched."""
    literal = {name: {"$literal": value} for name, value in facts.items()}
    fo_internals.change_info(dataset, fields.INFO, literal)


def add_to_info(dataset: Any, fact: str, values: dict[str, Any]) -> None:
    """Sets members of a fact that is an object; its other members are not touched.

    Args:
        dataset: a FiftyOne dataset
        fact: name of the fact
        values: members by name
    """
    merged = {"$mergeObjects": [f"$info.{fields.INFO}.{fact}", {"$literal": values}]}
    fo_internals.change_info(dataset, fields.INFO, {fact: merged})


def add_decisions(dataset: Any, decisions: list[dict[str, Any]], **facts: Any) -> None:
    """Stores the decisions of a step, replacing the earlier ones of the same step.

    Args:
        dataset: the dataset that the step worked on
        decisions: of the step, as :meth:`.Decisions.stored` returns them
        facts: facts to set in the same write; ``None`` removes one
    """
    steps = list({decision["step"] for decision in decisions})
    stored = {"$ifNull": [f"$info.{fields.INFO}.decisions", []]}
    others = {"$not": {"$in": ["$$this.step", steps]}}
    kept = {"$filter": {"input": stored, "cond": others}}
    joined = {"$concatArrays": [kept, {"$literal": decisions}]}
    more = {n: "$$REMOVE" if v is None else {"$literal": v} for n, v in facts.items()}
    fo_internals.change_info(dataset, fields.INFO, {"decisions": joined} | more)


def stats_from(values: dict[str, Any] | None) -> MaskStats:
    """Converts stored measurements of a mask, the inverse of :func:`.plain_stats`.

    Measurements that are missing keep their defaults; unknown ones, of newer versions, are ignored.
    """
    if not values:
        return _UNMEASURED
    known: dict[str, Any] = {
        k: tuple(v) if v.__class__ is list else v for k, v in values.items() if k in _MEASURED
    }
    return MaskStats(**known)


def insert(dataset: Any, docs: Sequence[Insertable], on_refused: OnRefused | None = None) -> int:
    """Inserts new samples, except those whose keys are stored already.

    Args:
        dataset: a FiftyOne dataset
        docs: the samples
        on_refused: called with each document that MongoDB cannot store, and the reason; by default
            the first one raises an error

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
    inserted = _count(dataset, docs)  # some may have been written before the fault was found
    return inserted + insert(dataset, storable)


def _count(dataset: Any, docs: Sequence[Insertable]) -> int:
    ids = [doc["_id"] for doc in docs]
    return fo_internals.collection(dataset).count_documents({"_id": {"$in": ids}})


def _fault_of(doc: Insertable) -> str:
    """Returns why a document cannot be stored; ``""`` if it can."""
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
            raise  # another server took over, which may or may not have the samples
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
    """Reads documents of the working set, a batch at a time.

    Args:
        samples: a dataset or a view
        projection: the fields to read, ``a.b`` for embedded ones; ``_id`` is always read
        where: a further MongoDB filter
        order: fields to sort by, which must be among those read; ``_id`` breaks ties
        as_seen: label fields that are read as the view filters them
    """
    pipeline = working_set.pipeline(samples, as_seen)
    if where:
        pipeline.append({"$match": where})
    # Projected first, so that the database sorts small documents.
    pipeline.append({"$project": dict.fromkeys(projection, 1)})
    if order:
        pipeline.append({"$sort": dict.fromkeys((*order, "_id"), 1)})
    collection = fo_internals.collection(samples)
    # By default a batch has 16 MB of BSON, which takes 100 MB when decoded.
    yield from collection.aggregate(pipeline, allowDiskUse=True, batchSize=BATCH)


def raw(samples: Any, pipeline: Sequence[Document], size: int = BATCH) -> Iterator[bytes]:
    """Applies an aggregation pipeline to a dataset's samples and yields batches of raw BSON.

    Args:
        samples: a dataset or view; the stages of a view are not applied
        pipeline: the stages
        size: documents in a batch
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

    ``bulk_write`` makes objects of them and takes twice the time. If the command fails, the updates
    are repeated with ``bulk_write``, which retries or raises the appropriate error.
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
        dataset: a FiftyOne dataset
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
