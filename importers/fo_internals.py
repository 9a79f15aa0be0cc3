"""The private names of FiftyOne that PairLens uses, and a fallback for versions without them.

No other module of ``importers`` uses a name of FiftyOne that begins with an underscore or is not
documented. For speed :mod:`.store` writes documents of samples into MongoDB itself. Tests compare
them with those that FiftyOne writes, for the versions in :data:`COMPARED`. With other versions
samples are added by ``Dataset.add_samples`` and changed by ``Sample.save``, which is slower.
"""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

import fiftyone as fo
import fiftyone.core.odm.database as odm
import pymongo
from bson import ObjectId, json_util
from fiftyone.core.dataset import _validate_dataset_name
from fiftyone.core.odm import get_db_conn
from fiftyone.core.odm.sample import DatasetSampleDocument
from fiftyone.core.odm.utils import create_field as new_field
from pymongo import UpdateOne
from pymongo.errors import CollectionInvalid, PyMongoError
from pymongo.uri_parser import parse_uri

from pairlens.importers import database_connection, fencing, fields
from pairlens.importers.write_concern import durable

__all__ = ["new_field"]

COMPARED = ((1, 22), (1, 23))
"""The first version of FiftyOne whose documents the tests compare, and the first later one that
they do not: major and minor number each."""

_LEAVING = 1
"""Seconds to wait for an unreachable database when the connection is closed."""

_DEFAULT = ("id", "filepath", "tags", "metadata", "created_at", "last_modified_at", "media_type")
"""Fields of every sample."""

_SAMPLES, _FRAMES = "sample_collection_name", "frame_collection_name"
"""Members of a dataset's document that name its collections."""

_OWN = ("_id", "_dataset_id", "_rand", "created_at", "last_modified_at")
"""Fields that FiftyOne sets when it adds a sample."""


@cache
def reserved_names() -> frozenset[str]:
    """Returns names that a sample field must not have: FiftyOne's fields and attributes of samples.

    FiftyOne refuses some of them only in datasets of videos or groups. They are refused always,
    since a dataset can be merged into such a one.
    """
    others = ("frames", "frame_id", "frame_number", "group", "groups", "sample_id", "support")
    return frozenset({*dir(fo.Sample), *dir(DatasetSampleDocument), *_DEFAULT, *others})


# ------------------------------------------------------------------ datasets, views, database


def connect() -> None:
    """Checks that the database answers, before FiftyOne connects to it.

    Raises:
        StateError: if it does not answer
    """
    if odm._client is None:
        database_connection.check(fo.config.database_uri)


def disconnect() -> None:
    """Closes the connection to an unreachable database, at the end of the process.

    Otherwise FiftyOne's own exit handler waits half a minute for the database.
    """
    with pymongo.timeout(_LEAVING):
        odm._disconnect()


def database() -> Any:
    """Returns the pymongo database that FiftyOne is connected to.

    Raises:
        StateError: if it does not answer
    """
    connect()
    return get_db_conn()


@cache
def database_id() -> str:
    """Returns an id of the database, to tell it from others whose datasets share its folders.

    It is a hash of the configured address, the server's data folder if it can be asked for, and the
    name of the database. So a copy of the documents in another server has another id. For a replica
    set it is a hash of the set's name and the UUID of a collection: these are the same on all
    members, and a dump does not copy the UUID.

    Returns:
        16 hexadecimal digits
    """
    if name := database().client.admin.command("hello").get("setName"):
        where = f"{name} {_own_uuid()}"
    else:
        uri = fo.config.database_uri
        hosts = parse_uri(uri, warn=False)["nodelist"] if uri and "+srv" not in uri else uri
        try:
            options = database().client.admin.command("getCmdLineOpts")
            folder = options["parsed"]["storage"]["dbPath"]
        except (PyMongoError, KeyError):  # the user may lack the privilege to ask for options
            folder = None
        where = f"{hosts} {folder}"
    identity = f"{where} {fo.config.database_name}"
    return hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _own_uuid() -> str:
    """Returns MongoDB's UUID of the collection of datasets, creating the collection if needed."""
    with suppress(CollectionInvalid):  # it exists
        database().create_collection("datasets")
    [found] = database().list_collections(filter={"name": "datasets"})
    return str(found["info"]["uuid"])


def dataset_name(of: ObjectId) -> str | None:
    """Returns the name of the dataset with an id; ``None`` if there is none."""
    document = database()["datasets"].find_one({"_id": of}, {"name": 1})
    return document and document["name"]


def stored_bytes(where: dict[str, Any] | None = None) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yields the name of each dataset with its raw BSON documents: its own and those of samples.

    Args:
        where: a MongoDB filter of datasets; all by default
    """
    datasets = database()["datasets"]
    for document in list(datasets.find(where or {}, {"name": 1, _SAMPLES: 1, _FRAMES: 1})):
        yield document["name"], _documents_of(document)


def _documents_of(dataset: dict[str, Any]) -> Iterator[bytes]:
    yield from database()["datasets"].find_raw_batches({"_id": dataset["_id"]})
    for part in (_SAMPLES, _FRAMES):
        if name := dataset.get(part):
            yield from database()[name].find_raw_batches({})


def dataset_of(samples: Any) -> Any:
    """Returns the dataset of a dataset or view."""
    return samples._root_dataset


def collection(samples: Any) -> Any:
    """Returns the MongoDB collection that contains the samples of a dataset or view."""
    return dataset_of(samples)._sample_collection


def dataset_id(samples: Any) -> Any:
    """Returns the ObjectId of the dataset, which stays the same when it is renamed."""
    return dataset_of(samples)._doc.id


def info(samples: Any, name: str) -> Any:
    """Reads a member of a dataset's ``info`` from the database, not the copy in memory."""
    where = {"_id": dataset_id(samples)}
    found = database()["datasets"].find_one(where, {f"info.{name}": 1})
    return ((found or {}).get("info") or {}).get(name)


def change_info(dataset: Any, name: str, values: dict[str, Any]) -> None:
    """Sets single values in an object in ``dataset.info``; others in it are not touched.

    Saving ``dataset.info`` instead would overwrite what other processes set meanwhile.

    Args:
        dataset: whose info is changed
        name: the name of the object in ``info``
        values: aggregation expressions of MongoDB, by name in that object
    """
    fencing.check_writing()
    change = {f"info.{name}.{member}": value for member, value in values.items()}
    change["last_modified_at"] = datetime.now(UTC)
    datasets = durable(dataset._doc._get_collection())
    datasets.update_one({"_id": dataset_id(dataset)}, [{"$set": change}])
    # Bypasses mongoengine's tracking of changes, so that no later save writes these values again.
    dict.__setitem__(dataset.info, name, info(dataset, name))


def field_info(dataset: Any, name: str) -> dict[str, Any] | None:
    """Reads the ``info`` of a sample field from the database; ``None`` if there is no field."""
    found = dataset._doc._get_collection().find_one(
        {"_id": dataset_id(dataset)}, {"sample_fields": {"$elemMatch": {"name": name}}}
    )
    declared = (found or {}).get("sample_fields")
    return declared[0].get("info") or {} if declared else None


def mend_count(dataset: Any, count: int) -> None:
    """Makes MongoDB correct its estimate of the number of samples if that is wrong.

    FiftyOne takes the estimate as the length of a dataset. It can be wrong after the database was
    killed.

    Args:
        dataset: a dataset
        count: the number of its samples as counted
    """
    samples = collection(dataset)
    if samples.estimated_document_count() != count:
        samples.database.command("validate", samples.name)


def give_name(dataset: Any, name: str, without: Iterable[str]) -> None:
    """Renames a dataset and makes it persistent, in one write.

    Args:
        dataset: the dataset
        name: the new name
        without: paths in the dataset's document that are removed in the same write

    Raises:
        ValueError: if another dataset has the name, or one with the same slug
        DuplicateKeyError: if another process gave the name to a dataset at the same time
    """
    names = {"name": name, "slug": _validate_dataset_name(name), "persistent": True}
    _names_changed((dataset, {"$set": names, "$unset": dict.fromkeys(without, "")}))


def take_name(new: Any, old: Any, aside: str, without: Iterable[str]) -> None:
    """Gives a dataset the name of another and makes it persistent, in one command.

    Args:
        new: the dataset that gets the name
        old: the dataset that has the name
        aside: the new name of ``old``, of lower-case letters, digits and ``-``
        without: as in :func:`give_name`
    """
    names = {"name": old.name, "slug": old.slug, "persistent": True}
    _names_changed(
        (old, {"$set": {"name": aside, "slug": aside}}),
        (new, {"$set": names, "$unset": dict.fromkeys(without, "")}),
    )


def _names_changed(*changes: tuple[Any, dict[str, Any]]) -> None:
    """Changes documents of datasets in one command, and updates FiftyOne's cache of datasets."""
    fencing.check_writing()
    datasets = durable(changes[0][0]._doc._get_collection())
    datasets.bulk_write([UpdateOne({"_id": dataset_id(d)}, change) for d, change in changes])
    for dataset, _ in changes:
        dataset._instances.pop(dataset.name, None)
    for dataset, _ in changes:
        dataset._doc.reload("name", "slug", "persistent", "info")
        dataset._instances[dataset.name] = dataset


def pipeline(view: Any) -> list[dict[str, Any]]:
    """Returns a view's MongoDB pipeline. Steps use :func:`.working_set.pipeline` instead."""
    return list(view._pipeline())


def view_stages(view: Any) -> list[Any]:
    """Returns the stages of a view as objects of FiftyOne."""
    return list(view._stages)


def is_view(samples: Any) -> bool:
    """Whether samples are a view with stages. A view without stages is the whole dataset."""
    return bool(getattr(samples, "_stages", ())) or is_of_parts(samples)


def is_of_parts(samples: Any) -> bool:
    """Whether the documents of a view are parts of samples: patches, frames or clips."""
    return bool(samples._is_generated)


def is_of_groups(samples: Any) -> bool:
    """Whether the documents of a view are dynamic groups of samples."""
    return bool(samples._is_dynamic_groups)


def stages(view: Any) -> list[dict[str, Any]]:
    """Returns the stages of a view as JSON-serializable data, without the App's UUIDs."""
    return view._serialize(include_uuids=False) or []


def view_from_stages(dataset: Any, plain: Any) -> Any:
    """Builds the view that :func:`stages` serialized.

    Raises:
        Exception: any that FiftyOne raises for an invalid stage
    """
    return fo.DatasetView._build(dataset, plain)


def add_fields(dataset: Any, schema: dict[str, Any]) -> None:
    """Declares sample fields in one write; existing ones are kept.

    Args:
        dataset: the dataset
        schema: fields by path, made with :func:`new_field`
    """
    dataset._merge_sample_field_schema(schema)


def reload_samples(dataset: Any, ids: Iterable[ObjectId]) -> None:
    """Reloads the samples of this process that are in memory, so that it saves no old values."""
    fo.Sample._reload_docs(collection(dataset).name, sample_ids=[str(each) for each in ids])


def finished_evaluations(samples: Any, method: str) -> dict[str, tuple[datetime, dict[str, Any]]]:
    """Returns time and configuration of the finished evaluations of a method, by key.

    The configurations are dicts as stored; the method's config class is not needed.
    """
    runs = sorted(dataset_of(samples)._doc.evaluations.items())
    return {key: (run.timestamp, run.config) for key, run in runs
            if run.results and run.config["method"] == method}  # fmt: skip


def change_run(samples: Any, run_info: Any) -> None:
    """Replaces the configuration of an existing evaluation; its results stay.

    FiftyOne would delete the evaluation and register it again, and a reader in between would find
    none.

    Args:
        samples: the dataset or view that was evaluated
        run_info: a ``fiftyone.core.evaluation.EvaluationInfo`` with the evaluation's key
    """
    fencing.check_writing()
    run = dataset_of(samples)._doc.evaluations[run_info.key]
    run.version, run.timestamp = run_info.version, run_info.timestamp
    run.config = run_info.config.serialize()
    view = isinstance(samples, fo.DatasetView)
    run.view_stages = [json_util.dumps(stage) for stage in stages(samples)] if view else None
    run.save()


def delete_empty_sidebar_group(samples: Any, name: str) -> None:
    """Removes a group of the App's sidebar that has no fields left."""
    samples._delete_empty_sidebar_group(name)


# ------------------------------------------------------- fallback for versions outside COMPARED


def needs_fallback() -> bool:
    """Whether FiftyOne must write samples itself, since its version is not in :data:`COMPARED`.

    Warns the first time.
    """
    version = str(fo.__version__)
    if _is_compared(version):
        return False
    _warn(version)
    return True


def _is_compared(version: str) -> bool:
    found = re.match(r"([0-9]+)\.([0-9]+)", version)
    return found is not None and COMPARED[0] <= (int(found[1]), int(found[2])) < COMPARED[1]


@cache
def _warn(version: str) -> None:
    first = ".".join(map(str, COMPARED[0]))
    warnings.warn(
        f"FiftyOne {version} may store samples differently than {first}, with which PairLens was "
        "tested: they are written through Dataset.add_samples and Sample.save, which takes far "
        "longer",
        stacklevel=4,
    )


def add_samples(dataset: Any, docs: list[dict[str, Any]]) -> int:
    """Adds documents as samples, except those whose key a sample already has.

    Returns:
        the number of samples added
    """
    keys = [doc[fields.KEY] for doc in docs]
    existing = set(dataset.match(fo.ViewField(fields.KEY).is_in(keys)).values(fields.KEY))
    new = [doc for doc in docs if doc[fields.KEY] not in existing]
    values = ({name: v for name, v in doc.items() if name not in _OWN} for doc in new)
    dataset.add_samples([fo.Sample.from_dict(value) for value in values], progress=False)
    return len(new)


def change_samples(dataset: Any, changes: Sequence[tuple[ObjectId, dict[str, Any]]]) -> int:
    """Sets fields of samples through FiftyOne.

    Args:
        dataset: the dataset of the samples
        changes: pairs of a sample's id and its new values, by path and as the database stores them;
            ``None`` clears a field

    Returns:
        the number of these samples that exist
    """
    wanted, count = dict(changes), 0
    for sample in dataset.select([str(each) for each in wanted]):
        for path, value in wanted[sample._id].items():
            field = dataset.get_field(path)
            if value is None and field is None:
                continue  # nothing to clear
            if field is not None and value is not None:  # converts labels to their classes
                value = field.to_python(value)
            sample.set_field(path, value)
        sample.save()
        count += 1
    return count
