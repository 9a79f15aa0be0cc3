"""Verdicts on pairs: given, counted, taken back, and given again.

Every call that sets is one step, whether it sets one verdict or thousands, and :func:`undo`
takes back one step, in any process: a rule that went wrong is gone with one undo. An undo is a
change like any other. Of a step that is taken back by its reviewer or within its session,
pairs that another reviewer has changed since are not touched: the later change would be lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pairlens.fiftyone_plugin.curation import mask_replacement, queue, review_fields, texts
from pairlens.fiftyone_plugin.curation.log import (
    Change,
    ChangeEntry,
    ChangeLog,
    ChangeStep,
    LogScope,
    Values,
)
from pairlens.fiftyone_plugin.curation.panel_types import Judged, Undone
from pairlens.fiftyone_plugin.curation.review_fields import MASK_FIELDS, Conflict, ReviewedPair
from pairlens.fiftyone_plugin.curation.texts import PENDING, VERDICTS, VerdictKind
from pairlens.importers import fo_internals, store, working_set
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.fields import (
    EDITABLE_MASK,
    ORIGINAL_PHRASE,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    SEGMENTATION,
    VERDICT,
)

MAX_TRIES = 20
"""After so many concurrent writers in a row, something else is wrong."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict on one pair.

    Attributes:
        key: the pair's key
        verdict: one of ``keep``, ``drop``, ``fix``, ``unsure``
        phrase: the corrected phrase, with ``fix`` only; ``None`` leaves the phrase alone
        note: why; it replaces the note of an earlier verdict
    """

    key: str
    verdict: str
    phrase: str | None = None
    note: str | None = None

    def check(self) -> None:
        """Validates what does not depend on the pair.

        Raises:
            UsageError: for an unknown verdict, or a text that cannot be stored
        """
        texts.check_verdict(self.verdict)
        texts.check_text("note", self.note)
        if self.phrase is not None:
            texts.check_phrase(self.phrase)
            if self.verdict != VerdictKind.FIX:
                raise UsageError(f"an edited phrase goes with the verdict fix, not {self.verdict}")

    def change_to(self, pair: ReviewedPair, reviewer: str) -> Change:
        """The change that the verdict makes to a pair.

        Raises:
            UsageError: if it edits a text and the pair has none
        """
        new: Values = {
            VERDICT: self.verdict,
            REVIEWER: reviewer,
            REVIEWED_AT: texts.this_instant(),
            REVIEW_NOTE: self.note or None,
        }
        if self.phrase is not None:
            if pair.text is None:
                raise UsageError(f"{self.key!r} has no text that could be edited")
            new |= edited(pair, self.phrase)
        return pair.change(new)


def edited(pair: ReviewedPair, phrase: str) -> Values:
    """The text fields after an edit; none where there is no text.

    An edit back to the published text clears ``original_phrase``.
    """
    if pair.text is None:
        return {}
    published = pair.published_text
    if published in (phrase, phrase.strip()):
        return {pair.text_field: published, ORIGINAL_PHRASE: None}
    return {pair.text_field: phrase.strip(), ORIGINAL_PHRASE: published}


def judge(
    dataset: Any,
    pair: str,
    verdict: str,
    *,
    session: str | None = None,
    reviewer: str | None = None,
    phrase: str | None = None,
    note: str | None = None,
    mask_from: str | None = None,
    use_edit: bool = False,
    seen: str | None = None,
    force: bool = False,
) -> Judged:
    """Sets the verdict on a pair, with an edited phrase or mask if there is one.

    An edited phrase is stripped of white space at its ends. The published phrase is kept in
    ``original_phrase``; editing back to it clears that field.

    When this returns, the verdict is in the database: the log first, then the pair, which is
    written only while it is what this verdict was made from. A mask that several queries
    share is replaced for all of them, in the same step.

    Args:
        dataset: a dataset that PairLens imported
        pair: the pair's key or its sample's id
        verdict: ``keep``, ``drop``, ``fix`` or ``unsure``
        session: the session it is given in, by id or name
        reviewer: who; by default the user of this machine
        phrase: the corrected phrase, with ``fix`` only
        note: why
        mask_from: a field of predictions whose mask becomes the ground truth, with ``fix``
        use_edit: the instance edited in the App becomes the ground truth, with ``fix``
        seen: the ``version`` of the pair that the reviewer saw
        force: overwrites what another reviewer decided since

    Raises:
        Conflict: if the pair is not what was seen; nothing was written
        UsageError: for an unknown pair, verdict, session or field, or a text or mask that
            cannot be stored
        StateError: if the session is finished, or a mask cannot be read or written
    """
    review_fields.check_pairs(dataset)
    who = texts.reviewer_of(reviewer)
    given = Verdict(pair, verdict, phrase, note)
    given.check()
    source = _mask_source(verdict, mask_from, use_edit)
    opened = None if session is None else queue.find_open(dataset, session)
    read = review_fields.find(dataset, pair)
    guarded = seen is not None and not force
    if guarded and seen != read.version:
        raise Conflict.of(read)
    place = None if opened is None else queue.place_of(opened, read.sample_id)
    about = ChangeStep("set", who, None if opened is None else opened["_id"], place=place)
    step = _write(dataset, read, given, source, about, guarded=guarded)
    if use_edit:
        # Another edit starts from the mask as it is now.
        mask_replacement.clear_editable(dataset, [str(read.sample_id)])
    now = review_fields.find(dataset, read.sample_id)
    return {
        "key": now.key,
        "sample_id": str(now.sample_id),
        "verdict": verdict,
        "reviewer": who,
        "reviewed_at": texts.text_of(now.review["reviewed_at"]),
        "version": now.version,
        "step": step,
    }


def _mask_source(verdict: str, mask_from: str | None, use_edit: bool) -> str | None:
    if mask_from and use_edit:
        raise UsageError("the mask comes from one place: a prediction, or the edited instance")
    source = EDITABLE_MASK if use_edit else mask_from
    if source and verdict != VerdictKind.FIX:
        raise UsageError(f"another mask goes with the verdict fix, not {verdict}")
    return source or None


def _write(
    dataset: Any,
    pair: ReviewedPair,
    given: Verdict,
    source: str | None,
    about: ChangeStep,
    *,
    guarded: bool,
) -> int:
    """Writes the verdict on what the pair is at that moment; gives the number of the step."""
    for _ in range(MAX_TRIES):
        changes = [given.change_to(pair, about.reviewer)]
        if source:
            changes = mask_replacement.with_mask(dataset, changes[0], source)
        if _are_of_mask(changes, pair):
            step = review_fields.write_whole(dataset, changes, about)
            if step is not None:
                return step
        now = review_fields.find(dataset, pair.sample_id)
        if guarded and now.version != pair.version:
            raise Conflict.of(now)
        pair = now
    raise StateError(f"the pair {pair.key!r} is being changed by others all the time; try again")


def _are_of_mask(changes: list[Change], pair: ReviewedPair) -> bool:
    """Whether the mask that is to be replaced still is the one that was read with the pair."""
    change = next(change for change in changes if change.sample_id == pair.sample_id)
    if SEGMENTATION not in change.old:
        return True
    return ((change.old[SEGMENTATION] or {}).get("mask_path") or "") == pair.mask_path


def set_verdicts(dataset: Any, verdicts: Iterable[Verdict], *, reviewer: str | None = None) -> int:
    """Sets verdicts on many pairs, as one step of undo.

    All of them are checked before the first is written. Pairs that change meanwhile are
    judged all the same: :func:`judge` is for a reviewer who saw the pair.

    Args:
        dataset: a dataset that PairLens imported
        verdicts: of different pairs
        reviewer: who; by default the user of this machine

    Returns:
        the number of pairs written

    Raises:
        UsageError: for an unknown key or verdict, a phrase that is no line of text, or a key
            that is given twice
        StateError: if the dataset has no pairs
    """
    review_fields.check_pairs(dataset)
    wanted = list(verdicts)
    who = texts.reviewer_of(reviewer)
    for one in wanted:
        one.check()
    pairs = review_fields.read(dataset, [one.key for one in wanted])
    _check_keys(dataset, wanted, pairs)
    changes = [one.change_to(pairs[one.key], who) for one in wanted]
    return review_fields.write(dataset, changes, ChangeStep("set", who)).count


def _check_keys(dataset: Any, wanted: list[Verdict], pairs: dict[str, ReviewedPair]) -> None:
    seen: set[str] = set()
    for one in wanted:
        if one.key not in pairs:
            raise UsageError(f"dataset {dataset.name!r} has no pair {one.key!r}")
        if one.key in seen:
            raise UsageError(f"the pair {one.key!r} is given two verdicts at once")
        seen.add(one.key)


def status(samples: Any) -> dict[str, int]:
    """Counts the pairs of a dataset or view by verdict.

    Returns:
        ``{"pending", "keep", "drop", "fix", "unsure"}``; a verdict that PairLens does not
        know counts as pending
    """
    review_fields.check_pairs(samples)
    counts: dict[str, int] = dict.fromkeys((PENDING, *VERDICTS), 0)
    pairs = working_set.pipeline(samples)
    groups = fo_internals.collection(samples).aggregate(
        [*pairs, {"$group": {"_id": f"${VERDICT}", "count": {"$sum": 1}}}]
    )
    for group in groups:
        counts[group["_id"] if group["_id"] in VERDICTS else PENDING] += group["count"]
    return counts


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
    review_fields.check_pairs(dataset)
    who = texts.reviewer_of(reviewer)
    session_id = None if session is None else queue.find(dataset, session)["_id"]
    scope = LogScope(who if only_mine else None, session_id)
    review_fields.settle(dataset)
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
        made = ChangeStep(kind, who, about.get("session"), step, _place(log, kind, about))
        changes = _pending(dataset, log, step, force, restored)
        done = review_fields.write(dataset, changes, made, insist=force)
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


def _place(log: ChangeLog, kind: Direction, about: ChangeEntry) -> int | None:
    """A redone judgement is one of its session again."""
    return log.place_of(about["undoes"]) if kind == "redo" and "undoes" in about else None


def _pending(
    dataset: Any, log: ChangeLog, step: int, force: bool, restored: _Restored
) -> Iterator[Change]:
    """The changes that are still to be made to take a step back.

    Raises:
        Conflict: if a pair is neither what the step made of it nor what it was before
    """
    for batch in store.batched(log.changes_of(step), store.BATCH):
        changes = [_reversed(dataset, change) for change in batch]
        documents = review_fields.current(dataset, changes)
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
