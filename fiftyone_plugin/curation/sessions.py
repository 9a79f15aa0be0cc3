"""Curation sessions: a named queue of pairs that reviewers go through, kept in the database.

A session holds what it was started over, its queue, worst pair first, and where each reviewer
is. What was decided is not kept a second time: a session's verdicts are the entries of the
change log that name it and were not taken back. So a verdict cannot be in one place and not in
the other, whenever a process is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES
from pairlens.fiftyone_plugin.curation import mask_replacement, review_fields, texts
from pairlens.fiftyone_plugin.curation.panel_types import SessionOver, SessionView
from pairlens.fiftyone_plugin.curation.queue import (
    CHUNK,
    POSITIONS,
    QUEUES,
    SESSIONS,
    QueueChunk,
    SessionDocument,
    collection,
    find,
    progress_of,
)
from pairlens.fiftyone_plugin.curation.texts import PENDING, VERDICTS
from pairlens.importers import fo_internals, store, working_set
from pairlens.importers.errors import StateError, UnknownName, UsageError
from pairlens.importers.fields import FINDINGS, KEY, REVIEWER, SEGMENTATION, SPLIT, VERDICT

LABELS = f"{FINDINGS}.classifications"
"""Where a sample stores its findings."""

MAX_NAME = 200
MOST_LISTED = 50
_ABANDONED = timedelta(hours=1)


def start(
    dataset: Any,
    *,
    name: str | None = None,
    reviewer: str | None = None,
    view: Any = None,
    check: str | None = None,
    saved_view: str | None = None,
    severity: str | None = None,
    include_judged: bool = False,
    limit: int | None = None,
) -> SessionView:
    """Starts a session: over a view, a check, a saved view, a severity, or all that is flagged.

    The queue is fixed now, worst pair first: by score, the chance that the pair is right, then
    severity, then key. Of a check, its own findings are what counts. Pairs whose worst findings
    are one group are there once, the others of the group behind all groups.

    Args:
        dataset: a dataset that PairLens imported
        name: of the session; made from what it is over if not given
        reviewer: who starts it
        view: a FiftyOne view of samples
        check: pairs with a finding of this check
        saved_view: the name of a view that was saved with the dataset
        severity: pairs with a finding of this severity
        include_judged: also pairs that have a verdict already
        limit: only this many, the worst

    Returns:
        the session, as :func:`get` gives it

    Raises:
        UsageError: for an unknown name, a name that is taken, or a queue without a pair
        StateError: if PairLens did not import the dataset
    """
    review_fields.check_pairs(dataset)
    who = texts.reviewer_of(reviewer)
    selection = choose(dataset, view=view, check=check, saved_view=saved_view, severity=severity)
    if limit is not None and limit < 1:
        raise UsageError(f"a session of {limit} pairs; give 1 or more")
    title = _check_name(name) if name else None
    session = ObjectId()
    _sweep()
    count = _write_queue(dataset, session, selection, include_judged, limit)
    try:
        if not count:
            raise UsageError(_nothing(dataset, selection, include_judged))
        document: SessionDocument = {
            "_id": session,
            "dataset_id": fo_internals.dataset_id(dataset),
            "name": title or "",
            "creator": who,
            "created": texts.this_instant(),
            "finished": None,
            "over": selection.over,
            "pairs": count,
        }
        _insert(document)
    except BaseException:
        collection(QUEUES).delete_many({"session": session})
        raise
    if dataset.has_field(SEGMENTATION):
        mask_replacement.offer(dataset)
    return get(dataset, str(session))


def _sweep() -> None:
    """Removes the queues of sessions that were never stored, their writers being killed."""
    queues = collection(QUEUES)
    written = set(queues.distinct("session"))
    written -= set(collection(SESSIONS).distinct("_id", {"_id": {"$in": list(written)}}))
    now = texts.this_instant()
    dead = [session for session in written if now - session.generation_time > _ABANDONED]
    if dead:
        queues.delete_many({"session": {"$in": dead}})


def _write_queue(
    dataset: Any,
    session: ObjectId,
    selection: PairSelection,
    include_judged: bool,
    limit: int | None,
) -> int:
    queues, count = collection(QUEUES), 0
    ids = selection.ordered(dataset, include_judged=include_judged, limit=limit)
    for number, batch in enumerate(store.batched(ids, CHUNK)):
        chunk: QueueChunk = {"session": session, "chunk": number, "ids": batch}
        queues.insert_one(chunk)
        count += len(batch)
    return count


def _nothing(dataset: Any, selection: PairSelection, include_judged: bool) -> str:
    judged = "" if include_judged else " without a verdict"
    return f"dataset {dataset.name!r} has no pair{judged} to review in: {selection.over['text']}"


def _insert(document: SessionDocument) -> None:
    """Stores a session; one without a name is named for what it is over."""
    if document["name"]:
        if not _is_inserted(document):
            raise UsageError(f"there is a session {document['name']!r} already")
        return
    plain = f"{document['over']['text']}, {document['created']:%Y-%m-%d %H:%M}"[:MAX_NAME]
    for number in range(1, 1000):
        document["name"] = plain if number == 1 else f"{plain} ({number})"
        if _is_inserted(document):
            return
    raise StateError(f"there are a thousand sessions named {plain!r}")


def _is_inserted(document: SessionDocument) -> bool:
    """Inserts a session unless its name is taken."""
    try:
        collection(SESSIONS).insert_one(document)
    except DuplicateKeyError:
        return False
    return True


def _check_name(name: object) -> str:
    text = texts.check_text("name", name)
    if text is None or not text.strip() or len(text.splitlines()) > 1 or len(text) > MAX_NAME:
        raise UsageError(f"a session's name is one line of at most {MAX_NAME} characters")
    if ObjectId.is_valid(text.strip()):
        raise UsageError(f"{text.strip()!r} looks like a session's id; give another name")
    return text.strip()


def get(dataset: Any, session: str) -> SessionView:
    """A session with its progress."""
    return _described(dataset, find(dataset, session))


def list_sessions(dataset: Any, *, most: int | None = MOST_LISTED) -> list[SessionView]:
    """The newest sessions, newest first.

    Args:
        dataset: that they are of
        most: as many; ``None`` for all
    """
    where = {"dataset_id": fo_internals.dataset_id(dataset)}
    found = collection(SESSIONS).find(where, sort=[("created", -1), ("_id", -1)])
    return [_described(dataset, document) for document in found.limit(most or 0)]


def _described(dataset: Any, document: SessionDocument) -> SessionView:
    done = progress_of(document["_id"])
    return {
        "id": str(document["_id"]),
        "name": document["name"],
        "dataset": dataset.name,
        "creator": document["creator"],
        "created": texts.text_of(document["created"]),
        "finished": texts.text_of(document["finished"]),
        "last_change": texts.text_of(done.last_change),
        "over": document["over"],
        "pairs": document["pairs"],
        "judged": done.judged,
        "left": document["pairs"] - done.judged,
        "verdicts": done.verdicts,
        "reviewers": done.reviewers,
    }


def rename(dataset: Any, session: str, name: str) -> SessionView:
    """Gives a session another name."""
    title = _check_name(name)
    try:
        return _set(dataset, session, {"name": title})
    except DuplicateKeyError:
        raise UsageError(f"there is a session {title!r} already") from None


def finish(dataset: Any, session: str) -> SessionView:
    """Closes a session, whether or not pairs are left; no verdict can be given in it then."""
    return _set(dataset, session, {"finished": texts.this_instant()})


def reopen(dataset: Any, session: str) -> SessionView:
    """Opens a finished session again."""
    return _set(dataset, session, {"finished": None})


def _set(dataset: Any, session: str, values: dict[str, Any]) -> SessionView:
    found = find(dataset, session)["_id"]
    collection(SESSIONS).update_one({"_id": found}, {"$set": values})
    return get(dataset, str(found))


def delete(dataset: Any, session: str) -> None:
    """Deletes a session with its queue; verdicts stay, and so does the change log."""
    found = find(dataset, session)["_id"]
    collection(SESSIONS).delete_one({"_id": found})
    for name in (QUEUES, POSITIONS):
        collection(name).delete_many({"session": found})


Filter = dict[str, Any]
"""A MongoDB filter of samples."""


@dataclass(frozen=True)
class PairSelection:
    """Pairs to review.

    Attributes:
        samples: a dataset or a view
        over: what they are, for people and for the session
        where: a MongoDB filter on top
        check: the check whose findings alone count
    """

    samples: Any
    over: SessionOver
    where: Filter
    check: str | None = None

    def ordered(
        self, dataset: Any, *, include_judged: bool = True, limit: int | None = None
    ) -> Iterator[ObjectId]:
        """The pairs' sample ids, worst first; the database sorts.

        Of the pairs whose worst findings are one group, the worst stands for all of them; the
        others come behind, before the pairs without a finding.
        """
        pipeline = [
            *working_set.pipeline(self.samples),
            {"$match": self.where},
        ]
        if not include_judged:
            pipeline.append({"$match": {VERDICT: {"$nin": list(VERDICTS)}}})
        pipeline += [
            # Made small first, so that the database sorts small documents.
            {"$project": {"k": f"${KEY}", "b": badness(self.check), "g": _group(self.check)}},
            {"$sort": {"b": 1, "k": 1}},
            {"$project": {"b": 1, "g": 1}},
        ]
        found = fo_internals.collection(dataset).aggregate(
            pipeline, allowDiskUse=True, batchSize=10 * store.BATCH
        )
        ranked = ((one["_id"], one.get("g") if one["b"] < SOUND else None) for one in found)
        return islice(once_a_group(ranked), limit)


SOUND = 2.0
"""The badness of a pair without a finding."""


def once_a_group(ranked: Iterator[tuple[ObjectId, str | None]]) -> Iterator[ObjectId]:
    """Puts the first of each group before all others of it.

    Args:
        ranked: sample and group, ``None`` for those without, which come last
    """
    seen: set[str] = set()
    again = bytearray()  # 12 bytes each: there may be hundreds of thousands
    for sample_id, group in ranked:
        if group is None:
            yield from _unpacked(again)
            again.clear()
            yield sample_id
        elif group and group in seen:
            again += sample_id.binary
        else:
            seen.add(group)
            yield sample_id
    yield from _unpacked(again)


def _unpacked(ids: bytearray) -> Iterator[ObjectId]:
    return (ObjectId(bytes(ids[n : n + 12])) for n in range(0, len(ids), 12))


def _labels(check: str | None) -> dict[str, Any]:
    found: Any = {"$ifNull": [f"${LABELS}", []]}
    if check is None:
        return found
    return {"$filter": {"input": found, "cond": {"$eq": ["$$this.label", check]}}}


def _group(check: str | None) -> dict[str, Any]:
    """The group of the worst finding: they are stored worst first."""
    first = {"$arrayElemAt": [_labels(check), 0]}
    return {"$let": {"vars": {"first": first}, "in": {"$ifNull": ["$$first.group", f"${KEY}"]}}}


def badness(check: str | None = None) -> dict[str, Any]:
    """A MongoDB expression that sorts pairs worst first.

    A pair is as bad as its worst finding: score first, which is the chance that the pair is
    right, then severity. Scores in [0, 1] have four decimals, so that a step of severity counts
    less than any difference of scores; pairs without a finding come last, with :data:`SOUND`.

    Args:
        check: only this check's findings count
    """
    found = _labels(check)
    rank = {"$indexOfArray": [list(SEVERITIES), "$$one.severity"]}
    # A label that somebody typed into the App has no severity and no score.
    rank = {"$cond": [{"$lt": [rank, 0]}, len(SEVERITIES), rank]}
    each = {"$add": [{"$multiply": [1e-5, rank]}, {"$ifNull": ["$$one.score", 1]}]}
    worst = {"$min": {"$map": {"input": found, "as": "one", "in": each}}}
    return {"$ifNull": [worst, SOUND]}


def choose(
    dataset: Any,
    *,
    view: Any = None,
    check: str | None = None,
    saved_view: str | None = None,
    severity: str | None = None,
) -> PairSelection:
    """What is to be reviewed: the one thing that is named, or all that is flagged.

    Raises:
        UsageError: if several are named, a name is unknown, or a view holds no samples
    """
    named = {"view": view, "check": check, "saved_view": saved_view, "severity": severity}
    given = [name for name, value in named.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"a session is over one thing, not over {' and '.join(given)}")
    if check is not None:
        return _of_check(dataset, check)
    if severity is not None:
        over: SessionOver = {
            "kind": "severity", "severity": severity, "text": f"findings: {severity}"
        }  # fmt: skip
        return PairSelection(dataset, over, _severity(severity))
    if saved_view is not None:
        if not dataset.has_saved_view(saved_view):
            raise UnknownName("saved view", saved_view, dataset.list_saved_views())
        over = {"kind": "saved_view", "view": saved_view, "text": f"view {saved_view}"}
        return PairSelection(_of_samples(dataset, dataset.load_saved_view(saved_view)), over, {})
    if view is not None:
        return _of_view(dataset, view)
    over = {"kind": "flagged", "text": "all flagged pairs"}
    return PairSelection(dataset, over, FILTERS["flagged"](""))


def _of_check(dataset: Any, check: str) -> PairSelection:
    where = FILTERS["check"](check)
    if check not in CHECKS and not fo_internals.collection(dataset).find_one(where, {"_id": 1}):
        raise UnknownName("check", check, CHECKS)
    over: SessionOver = {"kind": "check", "check": check, "text": f"check {check}"}
    return PairSelection(dataset, over, where, check)


def _of_view(dataset: Any, view: Any) -> PairSelection:
    samples = _of_samples(dataset, view)
    stages = fo_internals.stages(samples) if samples is not dataset else []
    steps = [stage["_cls"].rsplit(".", 1)[-1] for stage in stages]
    text = f"view {' > '.join(steps)}" if steps else "the whole dataset"
    return PairSelection(samples, {"kind": "view", "stages": steps, "text": text[:150]}, {})


def _of_samples(dataset: Any, view: Any) -> Any:
    """The view, if its documents are the dataset's samples.

    Raises:
        UsageError: if they are not
    """
    if view is dataset:
        return view
    owner = fo_internals.dataset_of(view)
    if owner is not dataset and owner.name != dataset.name:
        raise UsageError(f"the view is of dataset {owner.name!r}, not {dataset.name!r}")
    working_set.check(view)
    return view


def _severity(value: str) -> Filter:
    if value not in SEVERITIES:
        raise UnknownName("severity", value, SEVERITIES)
    return {f"{LABELS}.severity": value}


def _verdict(value: str) -> Filter:
    if value == PENDING:
        return {VERDICT: {"$nin": list(VERDICTS)}}
    return {VERDICT: texts.check_verdict(value)}


def _reviewer(value: str) -> Filter:
    # A verdict that was typed into the App has no reviewer.
    return {REVIEWER: value or None, VERDICT: {"$in": list(VERDICTS)}}


FILTERS: dict[str, Callable[[str], Filter]] = {
    "all": lambda value: {},
    "flagged": lambda value: {f"{LABELS}.0": {"$exists": True}},
    "check": lambda value: {f"{LABELS}.label": value},
    "severity": _severity,
    "verdict": _verdict,
    "reviewer": _reviewer,
    "split": lambda value: {SPLIT: value},
}
"""What pairs are shown, by kind: a filter made of a value."""
