"""The audit log: every change of a verdict, a phrase or a mask, in FiftyOne's database.

One document a change, in a collection of its own, numbered by dataset. An entry's values are
never changed again; taking a change back adds an entry. The marks can: ``open`` says that a
change has not been taken back yet, which is what makes undo go step by step in any process;
``redone`` that the change an undo took back was made again; ``arrived`` is ``False`` from
before a change is written to its sample until after, and stays so, beside ``lost``, where its
writer was killed in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from bson import ObjectId
from fiftyone.core.odm import get_db_conn
from pymongo import ASCENDING, ReturnDocument

from importers import fo_internals

COLLECTION = "pairlens.changes"
_SEQUENCES = "pairlens.sequences"

Kind = Literal["set", "apply", "undo", "redo"]
State = dict[str, Any]
"""Review fields of a pair by name; ``None`` where a field is not set."""

_BY_DATASET = (("seq",), ("open", "seq"), ("step", "seq"), ("key", "seq"), ("reviewer", "seq"))
_BY_SESSION = ("session", "open", "n", "seq", "new.verdict", "reviewer", "time")
_indexed: set[str] = set()


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one pair.

    Attributes:
        sample_id: the sample
        key: the pair's key
        old: the fields before
        new: the same fields after
    """

    sample_id: ObjectId
    key: str
    old: State
    new: State


@dataclass(frozen=True, slots=True)
class Step:
    """Changes that undo takes back as one.

    Attributes:
        kind: what makes them
        reviewer: who
        session: in which session, if in one
        undoes: for an undo, the step that it takes back
        place: the position in the session's queue of the pair that was judged
    """

    kind: Kind
    reviewer: str
    session: ObjectId | None = None
    undoes: int | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """Which entries are meant: of a reviewer, of a session, of both, or all."""

    reviewer: str | None = None
    session: ObjectId | None = None

    def where(self) -> dict[str, Any]:
        """As a MongoDB filter."""
        wanted = {"reviewer": self.reviewer, "session": self.session}
        return {name: value for name, value in wanted.items() if value is not None}


class ChangeLog:
    """The log of one dataset.

    Args:
        dataset: a ``fiftyone.Dataset``
    """

    def __init__(self, dataset: Any) -> None:
        database = get_db_conn()
        self._id: ObjectId = fo_internals.dataset_id(dataset)
        self._name: str = dataset.name
        self._changes = database[COLLECTION]
        self._sequences = database[_SEQUENCES]
        # Asking for an index that is there takes as long as a verdict.
        if database.name not in _indexed:
            self._index()
            _indexed.add(database.name)

    def _index(self) -> None:
        for fields in _BY_DATASET:
            self._changes.create_index(
                [("dataset_id", ASCENDING), *((field, ASCENDING) for field in fields)],
                unique=fields == ("seq",),
            )
        self._changes.create_index(
            [(field, ASCENDING) for field in _BY_SESSION],
            partialFilterExpression={"session": {"$exists": True}},
        )
        self._changes.create_index(
            [("dataset_id", ASCENDING), ("arrived", ASCENDING)],
            partialFilterExpression={"arrived": False},
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
        self, changes: Sequence[Change], about: Step, time: datetime, *, number: int | None = None
    ) -> int:
        """Adds changes that are about to be written, marked as not arrived.

        Args:
            changes: what is to change
            about: the step they belong to
            time: when
            number: of the step; ``None`` for a new one

        Returns:
            the number of the step
        """
        first = self.reserve(len(changes))
        number = first if number is None else number
        common = {
            "dataset_id": self._id,
            "dataset": self._name,
            "step": number,
            "kind": about.kind,
            "open": about.kind != "undo",
            "arrived": False,
            "reviewer": about.reviewer,
            "time": time,
        }
        for name in ("session", "undoes"):
            if (value := getattr(about, name)) is not None:
                common[name] = value
        self._changes.insert_many(
            common | self._entry(change, about, first + at) for at, change in enumerate(changes)
        )
        return number

    def _entry(self, change: Change, about: Step, seq: int) -> dict[str, Any]:
        entry = {
            "seq": seq,
            "key": change.key,
            "sample_id": change.sample_id,
            "old": change.old,
            "new": change.new,
        }
        # Where one judgement changes several pairs, one of them was judged.
        judged = about.place is not None and "verdict" in change.new
        return entry | {"n": about.place} if judged else entry

    def arrive(self, step: int) -> None:
        """Marks the changes of a step as written to their samples."""
        opened = {"$set": {"open": {"$ne": ["$kind", "undo"]}}}
        gone = {"$unset": ["arrived", "lost"]}
        self._changes.update_many(self._of(step, arrived=False), [opened, gone])

    def withdraw(self, step: int, sample_ids: Sequence[ObjectId]) -> None:
        """Takes entries out whose change was not written, because the pair had changed."""
        self._changes.delete_many(
            self._of(step, arrived=False) | {"sample_id": {"$in": list(sample_ids)}}
        )

    def _of(self, step: int, **marks: Any) -> dict[str, Any]:
        return {"dataset_id": self._id, "step": step, **marks}

    def last_open_step(self, scope: Scope) -> int | None:
        """The newest step that has not been taken back."""
        return self._newest(scope, {"open": True}, "step")

    def last_undone_step(self, scope: Scope) -> int | None:
        """The newest undo that can be made undone: none, where something was set since."""
        kinds = [{"kind": {"$in": ["set", "apply"]}}, {"kind": "undo", "redone": {"$ne": True}}]
        entry = self._changes.find_one(
            {"dataset_id": self._id, **scope.where(), "$or": kinds},
            {"step": 1, "kind": 1},
            sort=[("seq", -1)],
        )
        return int(entry["step"]) if entry and entry["kind"] == "undo" else None

    def _newest(self, scope: Scope, marks: dict[str, Any], field: str) -> Any:
        entry = self._changes.find_one(
            {"dataset_id": self._id, **scope.where(), **marks}, {field: 1}, sort=[("seq", -1)]
        )
        return None if entry is None else entry[field]

    def about(self, step: int) -> dict[str, Any]:
        """The newest entry of a step, without its values."""
        hidden = {"old": 0, "new": 0}
        return self._changes.find_one(self._of(step), hidden, sort=[("seq", -1)]) or {}

    def changes_of(self, step: int) -> Iterator[Change]:
        """The changes of a step, last first."""
        for entry in self._changes.find(self._of(step), sort=[("seq", -1)]):
            yield Change(entry["sample_id"], entry["key"], entry["old"], entry["new"])

    def place_of(self, step: int) -> int | None:
        """Where in its session's queue the pair stands that a step judged."""
        entry = self._changes.find_one(self._of(step, n={"$exists": True}), {"n": 1})
        return None if entry is None else entry["n"]

    def close(self, step: int) -> None:
        """Marks a step as taken back."""
        self._changes.update_many(self._of(step, open=True), {"$set": {"open": False}})

    def mark_redone(self, step: int) -> None:
        """Marks what an undo took back as made again."""
        self._changes.update_many(self._of(step), {"$set": {"redone": True}})

    def unarrived(self, before: datetime) -> list[dict[str, Any]]:
        """Entries from before a time of which nobody knows whether they were written."""
        where = {"arrived": False, "lost": {"$exists": False}, "time": {"$lt": before}}
        return list(self._changes.find({"dataset_id": self._id, **where}, sort=[("seq", 1)]))

    def settle(self, entry: dict[str, Any], *, written: bool) -> None:
        """Says of an entry whether its change was written.

        One that was not is lost, unless its writer was only slow and says so in the end.
        """
        if written:
            self._changes.update_one({"_id": entry["_id"]}, {"$unset": {"arrived": ""}})
        else:
            lost = {"$set": {"open": False, "lost": True}}
            self._changes.update_one({"_id": entry["_id"], "arrived": False}, lost)

    def entries(self, key: str | None, limit: int) -> list[dict[str, Any]]:
        """The newest entries, newest first, of one pair or of all."""
        where: dict[str, Any] = {"dataset_id": self._id}
        if key is not None:
            where["key"] = key
        found = self._changes.find(where, {"_id": 0, "dataset_id": 0}, sort=[("seq", -1)])
        return list(found.limit(limit))
