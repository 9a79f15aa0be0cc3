"""Steps of the change log taken back, and made again.

An undo is a change like any other. Of a step that is taken back by its reviewer or within its
session, pairs that another reviewer has changed since are not touched: the later change would be
lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import (
    changing,
    mask_replacement,
    queue,
    review_fields,
    texts,
)
from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.log import (
    Change,
    ChangeEntry,
    ChangeLog,
    ChangeStep,
    LogScope,
)
from pairlens.fiftyone_plugin.curation.panel_types import Undone
from pairlens.fiftyone_plugin.curation.review_fields import MASK_FIELDS
from pairlens.importers import fo_internals, store, working_set
from pairlens.importers.batches import batched
from pairlens.importers.fields import SEGMENTATION, VERDICT

MOST_NAMED = 20
"""Pairs that the result of an undo names; it restores all."""

Direction = Literal["undo", "redo"]


def undo(
    dataset: Any,
    *,
    reviewer: str | None = None,
    session: str | None = None,
    only_mine: bool = False,
    force: bool = False,
) -> Undone:
    """Takes back the newest step that is not taken back yet.

    Args:
        dataset: a dataset that PairLens imported
        reviewer: who takes it back
        session: only what was done in this session
        only_mine: only what this reviewer did
        force: pairs that were changed since are restored all the same

    Raises:
        Conflict: if a pair was changed since, without ``force``; then nothing was written
    """
    return _go(dataset, "undo", reviewer, session, only_mine, force)


def redo(
    dataset: Any,
    *,
    reviewer: str | None = None,
    session: str | None = None,
    only_mine: bool = False,
    force: bool = False,
) -> Undone:
    """Makes again what the newest undo took back; nothing, where something was set since.

    Args, result and errors are those of :func:`undo`.
    """
    return _go(dataset, "redo", reviewer, session, only_mine, force)


def available(dataset: Any, scope: LogScope) -> tuple[bool, bool]:
    """Whether there is something to undo, and to redo."""
    log = ChangeLog(dataset)
    return log.last_open_step(scope) is not None, log.last_undone_step(scope) is not None


def _go(
    dataset: Any,
    kind: Direction,
    reviewer: str | None,
    session: str | None,
    only_mine: bool,
    force: bool,
) -> Undone:
    working_set.check(dataset)
    who = texts.reviewer_of(reviewer)
    session_id = None if session is None else queue.find(dataset, session)["_id"]
    scope = LogScope(who if only_mine else None, session_id)
    changing.settle(dataset)
    log = ChangeLog(dataset)
    while True:
        step = log.last_open_step(scope) if kind == "undo" else log.last_undone_step(scope)
        about = None if step is None else log.newest_of(step)
        if step is None or about is None:
            return _Restored().result(None)
        if not force:
            for _ in _pending(dataset, log, step, force, _Restored()):
                pass  # raises on a conflict before the first pair is written
        restored = _Restored()
        places, settles = _again(log, kind, about)
        made = ChangeStep(kind, who, about.get("session"), step, places, settles)
        changes = _pending(dataset, log, step, force, restored)
        done = changing.write(dataset, changes, made, insist=force)
        if done.clashes:
            raise _conflict(dataset, done.clashes[0])
        # Last, so that an undo that was killed is done again in full.
        log.close(step) if kind == "undo" else log.mark_redone(step)
        # A step that never came to be is none.
        if done.count or not restored.there or about.get("arrived", True):
            return restored.result(done.step)


@dataclass
class _Restored:
    """What a step was about, as it is gone through."""

    pairs: int = 0
    there: int = 0
    named: list[Change] = field(default_factory=list)

    def add(self, change: Change) -> None:
        self.pairs += 1
        # The pair that was judged stands before those that share its mask.
        named = sorted([*self.named, change], key=lambda c: VERDICT not in c.new)
        self.named = named[:MOST_NAMED]

    def result(self, step: int | None) -> Undone:
        return {
            "pairs": self.pairs,
            "step": step,
            "keys": [change.key for change in self.named],
            "sample_ids": [str(change.sample_id) for change in self.named],
            "verdict": self.named[0].new.get(VERDICT) if self.named else None,
        }


def _again(
    log: ChangeLog, kind: Direction, about: ChangeEntry
) -> tuple[dict[ObjectId, int], set[str]]:
    """A redone judgement is one of its session again, and settles what it did."""
    if kind != "redo" or "undoes" not in about:
        return {}, set()
    return log.places_of(about["undoes"]), log.settled_by(about["undoes"])


def _pending(
    dataset: Any, log: ChangeLog, step: int, force: bool, restored: _Restored
) -> Iterator[Change]:
    """The changes that are still to be made to take a step back.

    Raises:
        Conflict: if a pair is neither what the step made of it nor what it was before
    """
    for batch in batched(log.changes_of(step), store.BATCH):
        changes = [_reversed(dataset, change) for change in batch]
        documents = changing.current(dataset, changes)
        for change in changes:
            restored.add(change)
            document = documents.get(change.sample_id)
            if document is None:
                continue  # the pair was deleted
            if review_fields.holds(document, change.new):
                restored.there += 1
            elif force or review_fields.holds(document, change.old):
                yield change
            else:
                raise _conflict(dataset, change)


def _reversed(dataset: Any, change: Change) -> Change:
    """The way back; what depends on the mask is measured now, since more may have changed."""
    back = change.inverse
    if SEGMENTATION not in back.new:
        return back
    document = fo_internals.collection(dataset).find_one({"_id": change.sample_id})
    if document is None:
        return back
    mask = {name: value for name, value in back.new.items() if name in MASK_FIELDS}
    following = mask_replacement.of_mask(dataset, document, mask)
    old = back.old | {name: document.get(name) for name in following}
    return Change(change.sample_id, change.key, old, back.new | following)


def _conflict(dataset: Any, change: Change) -> Conflict:
    return Conflict.of(review_fields.find(dataset, change.sample_id), change.old)
