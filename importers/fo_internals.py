"""All private names of FiftyOne, and the fallback for versions in which they may have changed.

No other module touches a name of FiftyOne that begins with an underscore or that its
documentation does not list. :data:`COMPARED` says for which versions of FiftyOne the documents that
:mod:`.store` writes straight were compared with its own. With any other, samples are added by
``Dataset.add_samples`` and changed by ``Sample.save``, which is slower and stores what that stores.
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
"""From which version of FiftyOne, and before which, documents were compared by the tests."""

_LEAVING = 1
"""Seconds for a database that went away to be told that nobody is connected any more."""

_DEFAULT = ("id", "filepath", "tags", "metadata", "created_at", "last_modified_at", "media_type")

_SAMPLES, _FRAMES = "sample_collection_name", "frame_collection_name"

_OWN = ("_id", "_dataset_id", "_rand", "created_at", "last_modified_at")
"""Fields that FiftyOne sets itself."""


@cache
def reserved_names() -> frozenset[str]:
    """Names that a sample's field cannot have: FiftyOne's fields, and attributes of samples.

    Some it refuses only for videos or groups, which a dataset can be merged into.
    """
    others = ("frames", "frame_id", "frame_number", "group", "groups", "sample_id", "support")
    return frozenset({*dir(fo.Sample), *dir(DatasetSampleDocument), *_DEFAULT, *others})


# ------------------------------------------------------------------ datasets, views, database


def connect() -> None:
    """Checks that the database answers, before FiftyOne connects to it.

    Raises:
        StateError: if it does not
    """
    if odm._client is None:
        database_connection.check(fo.config.database_uri)


def disconnect() -> None:
    """Ends the connection to a database that went away, at the end of the process.

    Else FiftyOne waits there for half a minute whether it comes back.
    """
    with pymongo.timeout(_LEAVING):
        odm._disconnect()


def database() -> Any:
    """The pymongo database that FiftyOne is connected to.

    Raises:
        StateError: if it does not answer
    """
    connect()
    return get_db_conn()


@cache
def database_id() -> str:
    """Identifies the database among those that may share folders with it.

    It names the server's address, where one is set, and its data folder, where it tells it: a
    copy of the documents in another server is another database. Of a replica set it names what is
    the same whichever member is asked, and is not copied with the documents.
    """
    if name := database().client.admin.command("hello").get("setName"):
        where = f"{name} {_own_uuid()}"
    else:
        uri = fo.config.database_uri
        hosts = parse_uri(uri, warn=False)["nodelist"] if uri and "+srv" not in uri else uri
        try:
            options = database().client.admin.command("getCmdLineOpts")
            folder = options["parsed"]["storage"]["dbPath"]
        except (PyMongoError, KeyError):  # a server of someone else's need not tell
            folder = None
        where = f"{hosts} {folder}"
    identity = f"{where} {fo.config.database_name}"
    return hashlib.sha256(identity.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _own_uuid() -> str:
    """MongoDB's number for the collection of datasets, which is made if need be."""
    with suppress(CollectionInvalid):  # it is there
        database().create_collection("datasets")
    [found] = database().list_collections(filter={"name": "datasets"})
    return str(found["info"]["uuid"])


def dataset_name(of: ObjectId) -> str | None:
    """The name of the dataset with an id, if there is one."""
    document = database()["datasets"].find_one({"_id": of}, {"name": 1})
    return document and document["name"]


def stored_bytes(where: dict[str, Any] | None = None) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Names of datasets, each with its own document and those of its samples as stored.

    Args:
        where: a filter on the datasets' own documents; all by default
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
    """The dataset of a dataset or view: itself, or what the view is a view of."""
    return samples._root_dataset


def collection(samples: Any) -> Any:
    """The MongoDB collection in which the samples of a dataset or view are."""
    return dataset_of(samples)._sample_collection


def dataset_id(samples: Any) -> Any:
    """The ObjectId of the dataset, which stays when it is renamed."""
    return dataset_of(samples)._doc.id


def info(samples: Any, name: str) -> Any:
    """A member of a dataset's ``info`` as the database has it now, not as it was when loaded."""
    where = {"_id": dataset_id(samples)}
    found = database()["datasets"].find_one(where, {f"info.{name}": 1})
    return ((found or {}).get("info") or {}).get(name)


def change_info(dataset: Any, name: str, values: dict[str, Any]) -> None:
    """Sets members of a member of ``dataset.info``; what other processes set in it stays.

    Args:
        dataset: whose info is changed
        name: the member, an object
        values: by member of that object, expressions of MongoDB's aggregation
    """
    fencing.check_writing()
    change = {f"info.{name}.{member}": value for member, value in values.items()}
    change["last_modified_at"] = datetime.now(UTC)
    datasets = durable(dataset._doc._get_collection())
    datasets.update_one({"_id": dataset_id(dataset)}, [{"$set": change}])
    # Past the tracking of changes, so that no later save writes these over newer ones.
    dict.__setitem__(dataset.info, name, info(dataset, name))


def field_info(dataset: Any, name: str) -> dict[str, Any] | None:
    """The ``info`` of a sample field as the database has it now; ``None`` for no field."""
    found = dataset._doc._get_collection().find_one(
        {"_id": dataset_id(dataset)}, {"sample_fields": {"$elemMatch": {"name": name}}}
    )
    declared = (found or {}).get("sample_fields")
    return declared[0].get("info") or {} if declared else None


def mend_count(dataset: Any, count: int) -> None:
    """Makes the database find out its own number of samples again, where that is wrong.

    FiftyOne takes it for the length of a dataset; an unclean end of the database makes it stale.

    Args:
        dataset: whose samples were counted
        count: their number
    """
    samples = collection(dataset)
    if samples.estimated_document_count() != count:
        samples.database.command("validate", samples.name)


def give_name(dataset: Any, name: str, without: Iterable[str]) -> None:
    """Gives a dataset a name that is free and makes it persistent, in one write.

    Args:
        dataset: that gets it
        name: the name
        without: paths in the dataset's document that are removed with the same write

    Raises:
        ValueError: if another dataset has the name, or one that FiftyOne takes for the same
        DuplicateKeyError: if another process gave it to a dataset at the same time
    """
    names = {"name": name, "slug": _validate_dataset_name(name), "persistent": True}
    _names_changed((dataset, {"$set": names, "$unset": dict.fromkeys(without, "")}))


def take_name(new: Any, old: Any, aside: str, without: Iterable[str]) -> None:
    """Gives a dataset the name of another and makes it persistent, in one command.

    Args:
        new: the dataset
        old: whose name it gets
        aside: the other name that the old one gets, of small letters, digits and ``-``
        without: as of :func:`give_name`
    """
    names = {"name": old.name, "slug": old.slug, "persistent": True}
    _names_changed(
        (old, {"$set": {"name": aside, "slug": aside}}),
        (new, {"$set": names, "$unset": dict.fromkeys(without, "")}),
    )


def _names_changed(*changes: tuple[Any, dict[str, Any]]) -> None:
    """Changes documents of datasets in one command, and what this process knows of their names."""
    fencing.check_writing()
    datasets = durable(changes[0][0]._doc._get_collection())
    datasets.bulk_write([UpdateOne({"_id": dataset_id(d)}, change) for d, change in changes])
    for dataset, _ in changes:
        dataset._instances.pop(dataset.name, None)
    for dataset, _ in changes:
        dataset._doc.reload("name", "slug", "persistent", "info")
        dataset._instances[dataset.name] = dataset


def pipeline(view: Any) -> list[dict[str, Any]]:
    """The MongoDB stages of a view; steps work on those of :func:`.working_set.pipeline`."""
    return list(view._pipeline())


def view_stages(view: Any) -> list[Any]:
    """The stages of a view, as objects."""
    return list(view._stages)


def is_view(samples: Any) -> bool:
    """Whether samples are a view with stages; one without is the whole dataset."""
    return bool(getattr(samples, "_stages", ())) or is_of_parts(samples)


def is_of_parts(samples: Any) -> bool:
    """Whether the documents of a view are parts of samples: patches, frames or clips."""
    return bool(samples._is_generated)


def is_of_groups(samples: Any) -> bool:
    """Whether the documents of a view are groups of samples."""
    return bool(samples._is_dynamic_groups)


def stages(view: Any) -> list[dict[str, Any]]:
    """The stages of a view as plain data, without the ids that a browser gives them."""
    return view._serialize(include_uuids=False) or []


def view_from_stages(dataset: Any, plain: Any) -> Any:
    """The view that :func:`stages` described; FiftyOne raises whatever a stage of it raises."""
    return fo.DatasetView._build(dataset, plain)


def add_fields(dataset: Any, schema: dict[str, Any]) -> None:
    """Declares sample fields by path, in one go; those that are there already stay.

    Args:
        dataset: to declare them on
        schema: fields by path, made with :func:`new_field`
    """
    dataset._merge_sample_field_schema(schema)


def reload_samples(dataset: Any, ids: Iterable[ObjectId]) -> None:
    """Reads samples that this process holds in memory anew, so that it saves no old values."""
    fo.Sample._reload_docs(collection(dataset).name, sample_ids=[str(each) for each in ids])


def finished_evaluations(samples: Any, method: str) -> dict[str, tuple[datetime, dict[str, Any]]]:
    """When evaluations of a method were made and with what, by key, of those that came to an end.

    As they are stored: no class of the method's is made for them.
    """
    runs = sorted(dataset_of(samples)._doc.evaluations.items())
    return {key: (run.timestamp, run.config) for key, run in runs
            if run.results and run.config["method"] == method}  # fmt: skip


def change_run(samples: Any, run_info: Any) -> None:
    """Sets what an evaluation of the same key was made with; its results stay.

    FiftyOne deletes the evaluation and makes another: between the two there is none.

    Args:
        samples: a dataset or view
        run_info: a ``fiftyone.core.evaluation.EvaluationInfo``
    """
    fencing.check_writing()
    run = dataset_of(samples)._doc.evaluations[run_info.key]
    run.version, run.timestamp = run_info.version, run_info.timestamp
    run.config = run_info.config.serialize()
    view = isinstance(samples, fo.DatasetView)
    run.view_stages = [json_util.dumps(stage) for stage in stages(samples)] if view else None
    run.save()


def delete_empty_sidebar_group(samples: Any, name: str) -> None:
    """Removes a group of the App's sidebar in which no field is left."""
    samples._delete_empty_sidebar_group(name)


# ------------------------------------------------------------- versions that were not compared


def needs_fallback() -> bool:
    """Whether FiftyOne must write samples itself, being a version not compared; warns once."""
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
        f"FiftyOne {version} may store samples otherwise than {first}, for which PairLens writes "
        "them straight: they are written through Dataset.add_samples and Sample.save, which takes "
        "far longer",
        stacklevel=4,
    )


def add_samples(dataset: Any, docs: list[dict[str, Any]]) -> int:
    """Adds documents as samples; keys that are there already are left alone.

    Returns:
        the number added
    """
    keys = [doc[fields.KEY] for doc in docs]
    there = set(dataset.match(fo.ViewField(fields.KEY).is_in(keys)).values(fields.KEY))
    new = [doc for doc in docs if doc[fields.KEY] not in there]
    values = ({name: v for name, v in doc.items() if name not in _OWN} for doc in new)
    dataset.add_samples([fo.Sample.from_dict(one) for one in values], progress=False)
    return len(new)


def change_samples(dataset: Any, changes: Sequence[tuple[ObjectId, dict[str, Any]]]) -> int:
    """Sets fields of samples as FiftyOne itself does.

    Args:
        dataset: that the samples belong to
        changes: ids, and values by path as the database stores them; ``None`` clears a field

    Returns:
        the number of samples that are there
    """
    wanted, count = dict(changes), 0
    for sample in dataset.select([str(each) for each in wanted]):
        for path, value in wanted[sample._id].items():
            field = dataset.get_field(path)
            if value is None and field is None:
                continue  # nothing to clear
            if field is not None and value is not None:  # labels and documents as their classes
                value = field.to_python(value)
            sample.set_field(path, value)
        sample.save()
        count += 1
    return count
