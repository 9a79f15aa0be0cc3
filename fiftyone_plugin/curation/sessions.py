"""Curation sessions: a named queue of pairs that reviewers go through, kept in the database.

A session holds what it was started over, its queue, worst pair first, and where each reviewer
is. What was decided is not kept a second time: a session's verdicts are the entries of the
change log that name it and were not taken back. So a verdict cannot be in one place and not in
the other, whenever a process is killed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import timedelta
from itertools import chain
from typing import Any

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from pairlens.fiftyone_plugin.curation import editable_masks, reading_on, texts
from pairlens.fiftyone_plugin.curation.panel_types import SessionOver, SessionView
from pairlens.fiftyone_plugin.curation.progress import progress_of
from pairlens.fiftyone_plugin.curation.queue import find
from pairlens.fiftyone_plugin.curation.queue_documents import (
    CHUNK,
    POSITIONS,
    QUEUES,
    REQUESTS,
    SESSIONS,
    QueueChunk,
    Rest,
    SessionDocument,
    collection,
)
from pairlens.fiftyone_plugin.curation.selection import (
    LABELS,
    Order,
    PairSelection,
    choose,
)
from pairlens.importers import fo_internals, indexes, working_set
from pairlens.importers.batches import batched
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.fields import P_BAD, SEGMENTATION

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
    warnings: bool = False,
    disagreements: bool = False,
    include_judged: bool = False,
    limit: int | None = None,
    order: Order = "findings",
    behind: bool = False,
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
        warnings: pairs with a finding that is a warning or an error
        disagreements: pairs on which reviewers disagree
        include_judged: also pairs that have a verdict already
        limit: only this many, the worst
        order: by the worst finding, or by ``p_bad``, which pairlens rank stores
        behind: whether a long queue is read behind its first pairs, as far as these are found
            without the others: see :mod:`.reading_on`

    Returns:
        the session, as :func:`get` gives it

    Raises:
        UsageError: for an unknown name, a name that is taken, or a queue without a pair
        StateError: if PairLens did not import the dataset
    """
    working_set.check(dataset)
    who = texts.reviewer_of(reviewer)
    selection = choose(
        dataset,
        view=view,
        check=check,
        saved_view=saved_view,
        severity=severity,
        warnings=warnings,
        disagreements=disagreements,
    )
    if limit is not None and limit < 1:
        raise UsageError(f"a session of {limit} pairs; give 1 or more")
    title = _check_name(name) if name else None
    if order != "findings" and not dataset.has_field(P_BAD):
        raise StateError(f"no pair has a p_bad yet; run: pairlens rank {dataset.name}")
    session: ObjectId | None = None
    if behind and order == "findings":
        session = _begin(dataset, title, who, selection, include_judged, limit)
    if session is None:
        ids = selection.ordered(dataset, include_judged=include_judged, limit=limit, order=order)
        first = next(ids, None)
        if first is None:
            raise UsageError(nothing(dataset, selection, include_judged))
        session = create(dataset, title, who, selection.over, chain([first], ids))
    if dataset.has_field(SEGMENTATION):
        editable_masks.offer(dataset)
    # Datasets that were flagged by an earlier version have none.
    indexes.create_optional_indexes(dataset, [[(f"{LABELS}.group", 1)]])
    return get(dataset, str(session))


def _begin(
    dataset: Any,
    title: str | None,
    who: str,
    selection: PairSelection,
    include_judged: bool,
    limit: int | None,
) -> ObjectId | None:
    """A session of the first pairs, of which the others are read behind; ``None`` where these are
    not found without the others.
    """
    if limit is not None and limit <= CHUNK:
        return None
    # Verdicts that are given while the others are read leave no pair out.
    stages = selection.stages(include_judged=include_judged, at=texts.this_instant())
    rest = reading_on.rest_of(dataset, stages, limit)
    first = selection.first(dataset, CHUNK, include_judged=include_judged) if rest else []
    if not first:
        return None
    session = create(dataset, title, who, selection.over, first, rest=rest)
    reading_on.begin(session)
    return session


def create(
    dataset: Any,
    name: str | None,
    creator: str,
    over: SessionOver,
    ids: Iterable[ObjectId],
    *,
    reviewer: str | None = None,
    shared: Collection[ObjectId] = frozenset(),
    sample: dict[str, Any] | None = None,
    rest: Rest | None = None,
) -> ObjectId:
    """Stores a session.

    Args:
        dataset: that it is of
        name: its name; made from what it is over if not given
        creator: who makes it
        over: what it is over
        ids: its queue
        reviewer: whom it is for, if for one
        shared: samples that others judge as well
        sample: of a random sample, how it was drawn
        rest: of a queue of which the first pairs are given, how the others are read

    Raises:
        UsageError: for a name that is none or is taken
    """
    title = _check_name(name) if name else ""
    session = ObjectId()
    _sweep()
    try:
        pairs, common = _write_queue(session, ids, shared)
        document: SessionDocument = {
            "_id": session,
            "dataset_id": fo_internals.dataset_id(dataset),
            "name": title,
            "creator": creator,
            "created": texts.this_instant(),
            "finished": None,
            "over": over,
            "pairs": pairs,
            "reviewer": reviewer,
            "shared": common,
        }
        if sample is not None:
            document["sample"] = sample
        if rest is not None:
            document["rest"] = rest
        _insert(document)
    except BaseException:
        collection(QUEUES).delete_many({"session": session})
        raise
    return session


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
    session: ObjectId, ids: Iterable[ObjectId], shared: Collection[ObjectId]
) -> tuple[int, int]:
    """Gives the number of the pairs, and of those that are shared."""
    queues, count, common = collection(QUEUES), 0, 0
    for number, batch in enumerate(batched(ids, CHUNK)):
        both = [one for one in batch if one in shared]
        chunk: QueueChunk = {"session": session, "chunk": number, "ids": batch, "shared": both}
        queues.insert_one(chunk)
        count += len(batch)
        common += len(both)
    return count, common


def nothing(dataset: Any, selection: PairSelection, include_judged: bool) -> str:
    """What to say where there is no pair to review."""
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
        "reviewer": document.get("reviewer"),
        "shared": document.get("shared", 0),
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
    for name in (QUEUES, POSITIONS, REQUESTS):
        collection(name).delete_many({"session": found})
