"""The change log: every change of a verdict, a phrase or a mask, in FiftyOne's database.

One document a change, in a collection of its own, numbered by dataset. An entry's values are
never changed again; taking a change back adds an entry. The marks can: ``open`` says that a
change has not been taken back yet, which is what makes undo go step by step in any process;
``redone`` that the change an undo took back was made again; ``arrived`` is ``False`` from
before a change is written to its sample until after, beside ``owner``, the process that writes it.
Where that was killed in between, the entry is completed or removed by whoever looks at it next;
``arrived`` stays, beside ``lost``, where a change was not written and nobody knows whether its
writer lives. ``file`` is the digest of a decisions file that is not applied to its end yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NotRequired, TypedDict

from bson import ObjectId
from pymongo import ASCENDING, IndexModel, ReturnDocument

from pairlens.importers import fencing, fo_internals, indexes, process_ids, safe_writes
from pairlens.importers.fields import CHANGES
from pairlens.importers.write_concern import durable

COLLECTION = CHANGES
SEQUENCES = "pairlens.sequences"

ChangeKind = Literal["set", "apply", "undo", "redo"]

Values = dict[str, Any]
"""Fields of a sample by name; ``None`` where a field is not set or is to be removed."""

_BY_DATASET = (("open", "seq"), ("step", "seq"), ("key", "seq"), ("reviewer", "seq"))
_BY_SESSION = ("session", "open", "n", "seq", "new.verdict", "reviewer", "time")


def _index(*names: str, **options: Any) -> IndexModel:
    return IndexModel([(name, ASCENDING) for name in names], **options)


_INDEXES = (
    _index("dataset_id", "seq", unique=True),
    *(_index("dataset_id", *names) for names in _BY_DATASET),
    _index(*_BY_SESSION, partialFilterExpression={"session": {"$exists": True}}),
    _index("dataset_id", "arrived", partialFilterExpression={"arrived": False}),
)
_indexed: set[str] = set()


class ChangeEntry(TypedDict):
    """A document of the log.

    ``n`` is the position in the session's queue of the pair that was judged, ``undoes`` the
    step that an undo takes back; ``settles`` marks a verdict given in sight of a disagreement.
    """

    _id: NotRequired[ObjectId]
    dataset_id: NotRequired[ObjectId]
    dataset: str
    seq: int
    step: int
    kind: ChangeKind
    key: str
    sample_id: ObjectId
    old: Values
    new: Values
    reviewer: str
    time: datetime
    open: bool
    session: NotRequired[ObjectId]
    n: NotRequired[int]
    undoes: NotRequired[int]
    arrived: NotRequired[bool]
    lost: NotRequired[bool]
    owner: NotRequired[str]
    file: NotRequired[str]
    redone: NotRequired[bool]
    settles: NotRequired[bool]


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one pair.

    Attributes:
        sample_id: the sample
        key: the pair's key
        old: the fields before
        new: the same fields after
    """

    sample_id: ObjectId
    key: str
    old: Values
    new: Values

    @property
    def inverse(self) -> Change:
        """The change back."""
        return Change(self.sample_id, self.key, self.new, self.old)

    def with_earlier(self, other: Change | None) -> Change:
        """Both as one change of the pair; where they differ, this one counts."""
        if other is None:
            return self
        old = self.old | other.old
        return Change(self.sample_id, self.key, old, old | other.moved | self.moved)

    @property
    def moved(self) -> Values:
        """Those of the new values that were others before."""
        return {name: value for name, value in self.new.items() if value != self.old[name]}


@dataclass(frozen=True, slots=True)
class ChangeStep:
    """Changes that undo takes back as one.

    Attributes:
        kind: what makes them
        reviewer: who
        session: in which session, if in one
        undoes: for an undo, the step that it takes back
        places: the positions in the session's queue of the pairs that were judged, by sample
        settles: the keys of the pairs on which a disagreement of reviewers is settled
        file: digest of the decisions file that it applies, if it does
    """

    kind: ChangeKind
    reviewer: str
    session: ObjectId | None = None
    undoes: int | None = None
    places: Mapping[ObjectId, int] = field(default_factory=dict[ObjectId, int])
    settles: Collection[str] = frozenset()
    file: str = ""


@dataclass(frozen=True, slots=True)
class LogScope:
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
        database = fo_internals.database()
        self._id: ObjectId = fo_internals.dataset_id(dataset)
        self._name: str = dataset.name
        self._changes = database[COLLECTION]
        self._sequences = database[SEQUENCES]
        # Asking for an index that is there takes as long as a verdict.
        if database.name not in _indexed:
            indexes.add_indexes(self._changes, _INDEXES)
            _indexed.add(database.name)

    def append(
        self,
        changes: Sequence[Change],
        about: ChangeStep,
        time: datetime,
        *,
        number: int | None = None,
    ) -> int:
        """Adds changes that are about to be written, marked as not arrived.

        When this returns, no end of the database can leave a change without its entry.

        Args:
            changes: what is to change
            about: the step they belong to
            time: when
            number: of the step; ``None`` for a new one

        Returns:
            the number of the step
        """
        fencing.check_writing()
        first = self._reserve(len(changes))
        number = first if number is None else number
        entries = [
            self._entry(change, about, time, number, first + at)
            for at, change in enumerate(changes)
        ]
        durable(self._changes).insert_many(entries)
        return number

    def _reserve(self, count: int) -> int:
        """Takes ``count`` numbers that no other process will get; gives the first of them."""
        document = self._sequences.find_one_and_update(
            {"_id": self._id},
            {"$inc": {"seq": count}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return int(document["seq"]) - count + 1

    def _entry(
        self, change: Change, about: ChangeStep, time: datetime, number: int, seq: int
    ) -> ChangeEntry:
        entry: ChangeEntry = {
            "dataset_id": self._id,
            "dataset": self._name,
            "step": number,
            "kind": about.kind,
            "open": about.kind != "undo",
            "arrived": False,
            "owner": process_ids.this_process(),
            "reviewer": about.reviewer,
            "time": time,
            "seq": seq,
            "key": change.key,
            "sample_id": change.sample_id,
            "old": change.old,
            "new": change.new,
        }
        if about.session is not None:
            entry["session"] = about.session
        if about.undoes is not None:
            entry["undoes"] = about.undoes
        if about.file:
            entry["file"] = about.file
        # Of the pairs that a step changes, some share a mask with one that was judged.
        if change.sample_id in about.places and "verdict" in change.new:
            entry["n"] = about.places[change.sample_id]
        if change.key in about.settles and "verdict" in change.new:
            entry["settles"] = True
        return entry

    def rename(self, name: str) -> None:
        """Gives the entries the name that the dataset is to have."""
        self._change_all({"dataset_id": self._id}, {"$set": {"dataset": name}})

    def arrive(self, step: int) -> None:
        """Marks the changes of a step as written to their samples.

        When this returns, they and the log outlast the end of the database, however it ends.
        """
        opened = {"$set": {"open": {"$ne": ["$kind", "undo"]}}}
        gone = {"$unset": ["arrived", "lost", "owner"]}
        self._change_all(self._of(step, arrived=False), [opened, gone])

    def _change_all(self, where: dict[str, Any], change: Any) -> None:
        """Changes entries in a way that may be done twice, and confirms it.

        That waits for the disk, and with it for all that was written before.
        """
        safe_writes.update_many(durable(self._changes), where, change)

    def withdraw(self, step: int, sample_ids: Sequence[ObjectId]) -> None:
        """Removes entries whose change was not written, because the pair had changed."""
        where = self._of(step, arrived=False) | {"sample_id": {"$in": list(sample_ids)}}
        safe_writes.delete_many(self._changes, where)

    def _of(self, step: int, **marks: Any) -> dict[str, Any]:
        return {"dataset_id": self._id, "step": step, **marks}

    def last_open_step(self, scope: LogScope) -> int | None:
        """The newest step that has not been taken back."""
        entry = self._newest(scope, {"open": True})
        return entry["step"] if entry else None

    def last_undone_step(self, scope: LogScope) -> int | None:
        """The newest undo that can be made undone: none, where something was set since."""
        kinds = [{"kind": {"$in": ["set", "apply"]}}, {"kind": "undo", "redone": {"$ne": True}}]
        entry = self._newest(scope, {"$or": kinds})
        return entry["step"] if entry and entry["kind"] == "undo" else None

    def _newest(self, scope: LogScope, marks: dict[str, Any]) -> ChangeEntry | None:
        where = {"dataset_id": self._id, **scope.where(), **marks}
        return self._changes.find_one(where, {"step": 1, "kind": 1}, sort=[("seq", -1)])

    def newest_of(self, step: int) -> ChangeEntry | None:
        """The newest entry of a step, without its values."""
        hidden = {"old": 0, "new": 0}
        return self._changes.find_one(self._of(step), hidden, sort=[("seq", -1)])

    def changes_of(self, step: int) -> Iterator[Change]:
        """The changes of a step, last first."""
        for entry in self._changes.find(self._of(step), sort=[("seq", -1)]):
            yield change_of(entry)

    def recent_of(self, key: str, before: int, since: datetime) -> list[ChangeEntry]:
        """The entries of a pair since a time that belong to steps before a step."""
        where = {"dataset_id": self._id, "key": key, "step": {"$lt": before}}
        return list(self._changes.find(where | {"time": {"$gte": since}}))

    def judged_by_several(self, keys: Collection[str] | None = None) -> list[str]:
        """Those of some pairs, or of all, on which several reviewers have a verdict.

        Args:
            keys: of the pairs; all if not given
        """
        of = {} if keys is None else {"key": {"$in": list(keys)}}
        given = {"dataset_id": self._id, "open": True, "new.verdict": {"$type": "string"}}
        # Of an applied file, the reviewer of the line.
        who = {"$addToSet": {"$ifNull": ["$new.reviewer", "$reviewer"]}}
        pipeline = [
            {"$match": given | of},
            {"$group": {"_id": "$key", "who": who}},
            {"$match": {"who.1": {"$exists": True}}},
        ]
        return [one["_id"] for one in self._changes.aggregate(pipeline, allowDiskUse=True)]

    def settled_by(self, step: int) -> set[str]:
        """The keys of the pairs on which a step settled a disagreement."""
        return set(self._changes.distinct("key", self._of(step, settles=True)))

    def places_of(self, step: int) -> dict[ObjectId, int]:
        """The positions in its session's queue of the pairs that a step judged, by sample."""
        found = self._changes.find(self._of(step, n={"$exists": True}), {"n": 1, "sample_id": 1})
        return {entry["sample_id"]: entry["n"] for entry in found}

    def close(self, step: int) -> None:
        """Marks a step as taken back."""
        self._change_all(self._of(step, open=True), {"$set": {"open": False}})

    def mark_redone(self, step: int) -> None:
        """Marks what an undo took back as made again."""
        self._change_all(self._of(step), {"$set": {"redone": True}})

    def unfinished(self, file: str) -> int | None:
        """The step of a decisions file that was not applied to its end, unless it was taken back.

        Args:
            file: the file's digest
        """
        where = {"dataset_id": self._id, "file": file, "open": True}
        entry = self._changes.find_one(where, {"step": 1}, sort=[("seq", -1)])
        return entry and entry["step"]

    def finish(self, file: str) -> None:
        """Marks a decisions file as applied to its end."""
        where = {"dataset_id": self._id, "file": file}
        self._change_all(where, {"$unset": {"file": ""}})

    def unarrived(self, before: datetime) -> list[ChangeEntry]:
        """Entries of which it is not known whether they were written, in order.

        Args:
            before: the time from which on a writer that may be alive is not waited for
        """
        where = {"dataset_id": self._id, "arrived": False, "lost": {"$exists": False}}
        late = list(self._changes.find({**where, "time": {"$lt": before}}))
        recent = self._changes.find({**where, "time": {"$gte": before}})
        found = [*late, *filter(_is_of_dead, recent)]
        return sorted(found, key=lambda entry: entry["seq"])

    def after(self, entry: ChangeEntry) -> Iterator[Change]:
        """The changes of an entry's pair that were announced after it, in order."""
        where = {"dataset_id": self._id, "key": entry["key"], "seq": {"$gt": entry["seq"]}}
        return map(change_of, self._changes.find(where, sort=[("seq", 1)]))

    def settle(self, entry: ChangeEntry, *, written: bool) -> None:
        """Records of an entry whether its change was written.

        One that was not is removed where its writer is dead; else it is lost, unless the writer was
        only slow and confirms it in the end.
        """
        where = {"dataset_id": self._id, "seq": entry["seq"]}
        if written:
            self._changes.update_one(where, {"$unset": {"arrived": "", "owner": ""}})
        elif _is_of_dead(entry):
            self._changes.delete_one({**where, "arrived": False})
        else:
            lost = {"$set": {"open": False, "lost": True}}
            self._changes.update_one({**where, "arrived": False}, lost)

    def entries(self, key: str | None = None, limit: int = 100) -> list[ChangeEntry]:
        """The newest entries, newest first, of one pair or of all."""
        where: dict[str, Any] = {"dataset_id": self._id}
        if key is not None:
            where["key"] = key
        found = self._changes.find(where, {"_id": 0, "dataset_id": 0}, sort=[("seq", -1)])
        return list(found.limit(limit))


def _is_of_dead(entry: ChangeEntry) -> bool:
    return process_ids.is_dead(entry.get("owner", ""))


def change_of(entry: ChangeEntry) -> Change:
    """The change that an entry records."""
    return Change(entry["sample_id"], entry["key"], entry["old"], entry["new"])
