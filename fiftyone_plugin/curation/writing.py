"""Writing changes to samples, with the log, without losing concurrent changes.

The log is written first, then each sample, and only where the sample still is what the change
was made from: that is one filtered update, which the database does whole or not at all. What
became of a change whose process was killed between the two is settled later by looking at the
sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bson import ObjectId

from fiftyone_plugin.curation import texts
from fiftyone_plugin.curation.log import Change, ChangeLog, Step, Values, change_of
from fiftyone_plugin.curation.review_fields import REVIEW_FIELDS
from importers import fo_internals, store
from importers.fields import REVIEWED_AT, SEGMENTATION

SLOW = timedelta(seconds=30)
"""After this long, a change that was announced in the log and not confirmed is looked into."""

_MASK_PATH = f"{SEGMENTATION}.mask_path"


@dataclass
class Written:
    """The result of writing a step.

    Attributes:
        count: pairs written
        step: the step's number; ``None`` where nothing was written
        clashes: changes that were not written, because their pairs had changed meanwhile
    """

    count: int = 0
    step: int | None = None
    clashes: list[Change] = field(default_factory=list)


def write(dataset: Any, changes: Iterable[Change], about: Step, *, insist: bool = True) -> Written:
    """Writes changes as one step.

    Args:
        dataset: that the pairs belong to
        changes: of different pairs
        about: the step
        insist: a change whose pair changed meanwhile is made from what the pair is now;
            otherwise it is left and reported
    """
    log = ChangeLog(dataset)
    done = Written()
    for batch in store.batched(changes, store.BATCH):
        while batch:
            clashes = _write_batch(dataset, log, batch, about, done)
            batch = _rebased(dataset, clashes) if insist else []
            done.clashes += [] if insist else clashes
    return done


def _write_batch(
    dataset: Any, log: ChangeLog, batch: list[Change], about: Step, done: Written
) -> list[Change]:
    """Gives the changes that were not written."""
    step = log.append(batch, about, texts.this_instant(), number=done.step)
    matched = store.update_matching(dataset, ((_unchanged(c), c.new) for c in batch))
    clashes = [] if matched == len(batch) else _not_written(dataset, batch)
    if clashes:
        log.withdraw(step, [c.sample_id for c in clashes])
    log.arrive(step)
    if len(clashes) < len(batch):
        done.step = step
        done.count += len(batch) - len(clashes)
    fo_internals.reload_samples(dataset, [c.sample_id for c in batch])
    return clashes


def write_whole(dataset: Any, changes: Sequence[Change], about: Step) -> int | None:
    """Writes a step of a few pairs whole or not at all.

    All writers go through the pairs in the same order, so that of two that want the same
    pairs one is turned away at the first.

    Returns:
        the number of the step; ``None`` where a pair had changed and nothing was written
    """
    ordered = sorted(changes, key=lambda c: c.sample_id)
    log = ChangeLog(dataset)
    step = log.append(ordered, about, texts.this_instant())
    for number, change in enumerate(ordered):
        if not store.update_matching(dataset, [(_unchanged(change), change.new)]):
            back = [c.inverse for c in ordered[:number]]
            store.update_matching(dataset, ((_unchanged(c), c.new) for c in back))
            log.withdraw(step, [c.sample_id for c in ordered])
            return None
    log.arrive(step)
    fo_internals.reload_samples(dataset, [c.sample_id for c in ordered])
    return step


def _unchanged(change: Change) -> dict[str, Any]:
    """The filter that the sample matches while it is what the change was made from."""
    old = change.old
    where: dict[str, Any] = {name: old[name] for name in REVIEW_FIELDS if name in old}
    if SEGMENTATION in old:
        where[_MASK_PATH] = _path(old)
    return {"_id": change.sample_id} | where


def holds(document: Values, values: Values) -> bool:
    """Whether a sample's review fields and mask are those among some values."""
    for name in REVIEW_FIELDS:
        if name not in values:
            continue
        there, wanted = document.get(name), values[name]
        if name == REVIEWED_AT:
            there, wanted = (v and texts.to_utc(v) for v in (there, wanted))
        if there != wanted:
            return False
    return SEGMENTATION not in values or _path(document) == _path(values)


def _path(values: Values) -> str | None:
    return (values.get(SEGMENTATION) or {}).get("mask_path")


def current(dataset: Any, changes: Sequence[Change]) -> dict[ObjectId, Values]:
    """The values now of the fields that changes are about, by sample."""
    names = {name for change in changes for name in change.old} | {SEGMENTATION}
    wanted = {"_id": {"$in": [change.sample_id for change in changes]}}
    found = fo_internals.collection(dataset).find(wanted, dict.fromkeys(names, 1))
    return {document["_id"]: document for document in found}


def _not_written(dataset: Any, changes: Sequence[Change]) -> list[Change]:
    there = current(dataset, changes)
    return [c for c in changes if not holds(there.get(c.sample_id, {}), c.new)]


def _rebased(dataset: Any, changes: Sequence[Change]) -> list[Change]:
    """The changes, made from what their pairs are now; those of deleted pairs are left out."""
    there = current(dataset, changes)
    rebased = []
    for change in changes:
        if document := there.get(change.sample_id):
            old = {name: document.get(name) for name in change.old}
            moved = {k: v for k, v in change.new.items() if v != change.old[k]}
            rebased.append(Change(change.sample_id, change.key, old, old | moved))
    return rebased


def settle(dataset: Any) -> None:
    """Finds out what became of changes whose writers were killed before they confirmed them."""
    log = ChangeLog(dataset)
    for entry in log.unarrived(texts.this_instant() - SLOW):
        change = change_of(entry)
        document = current(dataset, [change]).get(change.sample_id, {})
        log.settle(entry, written=holds(document, change.new))
