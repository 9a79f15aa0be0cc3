"""The audit log: every change of a verdict or a phrase, in FiftyOne's database.

One document a change, in a collection of its own, numbered by dataset. An entry's values are
never changed again; taking a change back adds an entry. Only the mark ``open``, which says
that a change has not been taken back yet, is cleared: it is what makes undo go step by step,
in any process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bson import ObjectId
from fiftyone.core.odm import get_db_conn
from pymongo import ASCENDING, ReturnDocument

COLLECTION = "pairlens.changes"
_SEQUENCES = "pairlens.sequences"

Kind = Literal["set", "apply", "undo"]
State = dict[str, Any]
"""The review fields of a pair by name; ``None`` where a field is not set."""


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one pair.

    Attributes:
        sample_id: the sample
        key: the pair's key
        old: the review fields before
        new: the review fields after
    """

    sample_id: ObjectId
    key: str
    old: State
    new: State


class ChangeLog:
    """The log of one dataset.

    Args:
        dataset: a ``fiftyone.Dataset``
    """

    def __init__(self, dataset: Any) -> None:
        database = get_db_conn()
        self._id: ObjectId = dataset._doc.id
        self._name: str = dataset.name
        self._changes = database[COLLECTION]
        self._sequences = database[_SEQUENCES]
        for fields in (("seq",), ("open", "seq"), ("step", "seq"), ("key", "seq")):
            self._changes.create_index(
                [("dataset_id", ASCENDING), *((field, ASCENDING) for field in fields)],
                unique=fields == ("seq",),
            )

    def reserve(self, count: int) -> int:
        """Takes ``count`` numbers that no other process will get; gives the first of them."""
        document = self._sequences.find_one_and_update(
            {"_id": self._id},
            {"$inc": {"seq": count}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return int(document["seq"]) - count + 1

    def append(
        self,
        changes: list[Change],
        *,
        step: int | None,
        kind: Kind,
        reviewer: str,
        time: datetime,
        undoes: int | None = None,
    ) -> int:
        """Adds changes.

        Args:
            changes: what changed
            step: the step they belong to, which undo takes back as one; ``None`` for a new one
            kind: what made them
            reviewer: who
            time: when
            undoes: for an undo, the step that it takes back

        Returns:
            the step
        """
        first = self.reserve(len(changes))
        step = first if step is None else step
        common = {
            "dataset_id": self._id,
            "dataset": self._name,
            "step": step,
            "kind": kind,
            "open": kind != "undo",
            "reviewer": reviewer,
            "time": time,
        }
        if undoes is not None:
            common["undoes"] = undoes
        self._changes.insert_many(
            {
                **common,
                "seq": first + number,
                "key": change.key,
                "sample_id": change.sample_id,
                "old": change.old,
                "new": change.new,
            }
            for number, change in enumerate(changes)
        )
        return step

    def last_open_step(self) -> int | None:
        """The newest step that has not been taken back."""
        entry = self._changes.find_one(
            {"dataset_id": self._id, "open": True}, {"step": 1}, sort=[("seq", -1)]
        )
        return None if entry is None else int(entry["step"])

    def changes_of(self, step: int) -> Iterator[Change]:
        """The changes of a step, last first."""
        entries = self._changes.find({"dataset_id": self._id, "step": step}, sort=[("seq", -1)])
        for entry in entries:
            yield Change(entry["sample_id"], entry["key"], entry["old"], entry["new"])

    def close(self, step: int) -> None:
        """Marks a step as taken back."""
        self._changes.update_many(
            {"dataset_id": self._id, "step": step, "open": True}, {"$set": {"open": False}}
        )

    def entries(self, key: str | None, limit: int) -> list[dict[str, Any]]:
        """The newest entries, newest first, of one pair or of all."""
        where: dict[str, Any] = {"dataset_id": self._id}
        if key is not None:
            where["key"] = key
        found = self._changes.find(where, {"_id": 0, "dataset_id": 0}, sort=[("seq", -1)])
        return list(found.limit(limit))
