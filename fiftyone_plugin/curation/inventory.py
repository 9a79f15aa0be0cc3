"""The inventory of a dataset that PairLens imported, and its deletion."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.curation.log import COLLECTION, SEQUENCES
from pairlens.fiftyone_plugin.curation.queue_documents import POSITIONS, QUEUES, SESSIONS
from pairlens.importers import fencing, fo_internals, leases, store
from pairlens.importers.datasets import delete_with_folders, folders_of
from pairlens.importers.errors import StateError
from pairlens.importers.fields import ADOPTED, FINDINGS, INFO, SPLIT, VERDICT
from pairlens.importers.media_folders import STORE, remove_unused, unused_folders, why_used
from pairlens.importers.unfinished import ASIDE

_FLAGGED = {f"{FINDINGS}.classifications.0": {"$exists": True}}


@dataclass(frozen=True)
class Folder:
    """A folder that PairLens made.

    Attributes:
        path: where it is
        files: how many are in it
        bytes: what they take
        used: why it outlasts its dataset, in words; ``""`` where it does not,
            or where that was not asked
    """

    path: str
    files: int
    bytes: int
    used: str = ""


@dataclass(frozen=True)
class Inventory:
    """Everything that is stored of a dataset.

    Attributes:
        name: of the dataset
        format: that it was imported from
        samples, flagged: how many there are, and how many of them have findings
        media_bytes: what the folders take
        root: what it was imported from, if that is known
        created: when, as ISO 8601
        persistent: whether it stays when the last process that uses FiftyOne ends
        splits, verdicts: samples by split and by verdict
        predictions, scorings: the fields of predicted masks and the keys of evaluations
        sessions, changes: how many sessions of review and entries of the log there are
        folders: that were made for it
        store: where an object store has copies of its media; ``""`` where none has
    """

    name: str
    format: str
    samples: int
    flagged: int
    media_bytes: int
    root: str | None
    created: str
    persistent: bool
    splits: dict[str, int]
    verdicts: dict[str, int]
    predictions: list[str]
    scorings: list[str]
    sessions: int
    changes: int
    folders: list[Folder]
    store: str = ""

    @property
    def irreplaceable(self) -> list[str]:
        """What another import would not bring back, in words."""
        found = [f"{sum(self.verdicts.values()):,} verdicts"] if self.verdicts else []
        return found + ["labels that PairLens did not make"] * (self.format == ADOPTED)


def names() -> list[str]:
    """The names of the datasets that PairLens imported, sorted."""
    imported = fo_internals.database()["datasets"].find({f"info.{INFO}.format": {"$gt": ""}})
    return sorted(one["name"] for one in imported if not one["name"].startswith(ASIDE))


def of_dataset(dataset: Any, *, uses: bool = True) -> Inventory:
    """The inventory of a dataset that PairLens imported.

    Args:
        dataset: of FiftyOne
        uses: whether to find out what else uses its folders, which reads all other datasets
    """
    facts = store.info(dataset)
    samples = fo_internals.collection(dataset)
    database, of = fo_internals.database(), {"dataset_id": fo_internals.dataset_id(dataset)}
    folders = [
        _measured(folder, why_used(folder, dataset) if uses else "") for folder in _folders(facts)
    ]
    fields = dataset.get_field_schema().items()
    return Inventory(
        name=dataset.name,
        format=str(facts.get("format") or "unknown"),
        samples=samples.count_documents({}),
        flagged=samples.count_documents(_FLAGGED),
        media_bytes=sum(folder.bytes for folder in folders),
        root=facts.get("root"),
        created=dataset.created_at.isoformat(timespec="seconds"),
        persistent=bool(dataset.persistent),
        splits=_by(samples, SPLIT),
        verdicts=_by(samples, VERDICT),
        predictions=[name for name, one in fields if "recipe" in _facts_of(one)],
        scorings=[str(key) for key in dataset.list_evaluations()],
        sessions=database[SESSIONS].count_documents(of),
        changes=database[COLLECTION].count_documents(of),
        folders=folders,
        store=f"{facts[STORE]}/*-{of['dataset_id']}" if facts.get(STORE) else "",
    )


def to_delete(name: str) -> Any:
    """The dataset of a name, to be deleted.

    Of one whose deletion was killed at its very end a lease is all that is left; that goes.

    Raises:
        StateError: if there is none, or PairLens did not import it
    """
    try:
        return store.load(name)
    except StateError:
        leases.clear(name)
        raise


@leases.holding("delete")
def delete(dataset: Any) -> list[str]:
    """Deletes a dataset with its folders, sessions and entries of the log.

    Returns:
        sentences on the folders that were left, since something else may use them

    Raises:
        StateError: if another step works on it
    """
    dataset_id = fo_internals.dataset_id(dataset)
    database, of = fo_internals.database(), {"dataset_id": dataset_id}
    fencing.check_writing()
    sessions = [one["_id"] for one in database[SESSIONS].find(of, {"_id": 1})]
    for name in (QUEUES, POSITIONS):
        database[name].delete_many({"session": {"$in": sessions}})
    for name in (SESSIONS, COLLECTION):
        database[name].delete_many(of)
    database[SEQUENCES].delete_one({"_id": dataset_id})
    # Last, so that whoever is killed meanwhile finds it again, to be deleted.
    return delete_with_folders(dataset)


def unused() -> list[Folder]:
    """The folders of media that no dataset uses."""
    return [_measured(folder) for folder in unused_folders()]


def remove(folders: list[Folder]) -> list[str]:
    """Deletes folders of media that no dataset uses.

    Returns:
        sentences on those that were left, since something uses them by now
    """
    return [why for folder in folders if (why := remove_unused(Path(folder.path)))]


def _folders(facts: dict[str, Any]) -> Iterator[Path]:
    return (folder for folder in folders_of(facts) if folder.is_dir())


def _measured(folder: Path, used: str = "") -> Folder:
    files = [
        Path(place, name).lstat().st_size for place, _, names in os.walk(folder) for name in names
    ]
    return Folder(str(folder), len(files), sum(files), used)


def _by(samples: Any, field: str) -> dict[str, int]:
    """How many samples have each value of a field, the most frequent first."""
    groups = [
        {"$match": {field: {"$ne": None}}},
        {"$group": {"_id": f"${field}", "count": {"$sum": 1}}},
        {"$sort": {"count": -1, "_id": 1}},
    ]
    return {str(one["_id"]): one["count"] for one in samples.aggregate(groups)}


def _facts_of(field: Any) -> dict[str, Any]:
    return (field.info or {}).get(INFO) or {}
