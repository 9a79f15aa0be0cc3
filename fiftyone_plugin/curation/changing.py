"""Changes of many pairs as one step, a batch at a time.

What changed meanwhile is made from what the pair is now, or left and told. What became of a change
whose process was killed between the log and the sample is settled later by looking at the sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import texts
from pairlens.fiftyone_plugin.curation.log import Change, ChangeLog, ChangeStep, Values, change_of
from pairlens.fiftyone_plugin.curation.rechecking import with_findings
from pairlens.fiftyone_plugin.curation.review_fields import holds, send_masks, unchanged
from pairlens.importers import fo_internals, leases, safe_writes, store
from pairlens.importers.batches import batched
from pairlens.importers.fields import SEGMENTATION

SLOW = timedelta(seconds=30)
"""After this long, a change that was announced in the log and not confirmed is looked into."""


@dataclass
class Written:
    """The result of writing a step.

    Attributes:
        count: pairs written
        step: the step's number; ``None`` for a new one of which nothing was written
        clashes: changes that were not written, because their pairs had changed meanwhile
    """

    count: int = 0
    step: int | None = None
    clashes: list[Change] = field(default_factory=list)


def write(
    dataset: Any,
    changes: Iterable[Change],
    about: ChangeStep,
    *,
    insist: bool = True,
    step: int | None = None,
) -> Written:
    """Writes changes as one step.

    Args:
        dataset: that the pairs belong to
        changes: of different pairs
        about: the step
        insist: a change whose pair changed meanwhile is made from what the pair is now;
            otherwise it is left and reported
        step: the number of a step that they go on with; a new one if not given
    """
    leases.check_free(dataset)
    log = ChangeLog(dataset)
    done = Written(step=step)
    for batch in batched(changes, store.BATCH):
        while batch:
            clashes = _write_batch(dataset, log, batch, about, done)
            batch = _rebased(dataset, clashes) if insist else []
            done.clashes += [] if insist else clashes
    return done


def _write_batch(
    dataset: Any, log: ChangeLog, batch: list[Change], about: ChangeStep, done: Written
) -> list[Change]:
    """Gives the changes that were not written."""
    now, batch = texts.this_instant(), with_findings(dataset, batch)
    step = log.append(batch, about, now, number=done.step)
    matched = safe_writes.update_matching(dataset, ((unchanged(c), c.new) for c in batch))
    clashes = [] if matched == len(batch) else _not_written(dataset, batch)
    gone = {c.sample_id for c in clashes}
    if matched < len(batch):
        made = [c for c in batch if c.sample_id not in gone]
        gone |= {c.sample_id for c in made if not matched or _is_logged(log, step, about, c, now)}
    if gone:
        log.withdraw(step, list(gone))
    log.arrive(step)
    if len(gone) < len(batch):
        send_masks(dataset, batch)
        done.step = step
        done.count += len(batch) - len(gone)
    fo_internals.reload_samples(dataset, [c.sample_id for c in batch])
    return clashes


def _is_logged(log: ChangeLog, step: int, about: ChangeStep, change: Change, now: datetime) -> bool:
    """Whether somebody who makes the same change at this moment logged it before.

    Both find what they want on the sample, and neither knows who wrote it.
    """
    return any(
        entry["kind"] == about.kind
        and holds(entry["old"], change.old)
        and holds(entry["new"], change.new)
        for entry in log.recent_of(change.key, step, now - SLOW)
    )


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
    """The changes, made from what their pairs are now.

    Left out are those of deleted pairs, and those that somebody else made meanwhile.
    """
    there = current(dataset, changes)
    rebased = []
    for change in changes:
        document = there.get(change.sample_id)
        if document and not holds(document, change.new):
            old = {name: document.get(name) for name in change.old}
            rebased.append(Change(change.sample_id, change.key, old, old | change.moved))
    return rebased


def settle(dataset: Any) -> None:
    """Finds out what became of changes whose writers were killed before they confirmed them."""
    log = ChangeLog(dataset)
    for entry in log.unarrived(texts.this_instant() - SLOW):
        change = change_of(entry)
        document = current(dataset, [change]).get(change.sample_id, {})
        written = holds(document, change.new) or _is_built_on(change, log.after(entry))
        log.settle(entry, written=written)


def _is_built_on(change: Change, later: Iterable[Change]) -> bool:
    """Whether a later change of a pair was made from what a change had made of it."""
    for one in later:
        if shared := {n: v for n, v in change.moved.items() if n in one.old}:
            if holds(one.old, shared):
                return True
            if holds(one.new, change.new):  # made once more, from what was there before
                return False
    return False
