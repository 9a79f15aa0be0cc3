"""One verdict on one pair, as a reviewer gives it who has the pair before him."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bson import ObjectId

from fiftyone_plugin.curation import (
    mask_editing,
    mask_replacement,
    queue,
    review,
    review_fields,
    session_store,
    writing,
)
from fiftyone_plugin.curation.conflict import Conflict
from fiftyone_plugin.curation.log import Change, Step
from fiftyone_plugin.curation.review import Verdict
from fiftyone_plugin.curation.review_fields import Stored
from importers.errors import StateError, UsageError
from importers.fields import EDITABLE_MASK, SEGMENTATION

MAX_TRIES = 20
"""After so many writers in a row that were quicker, something else is wrong."""


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
) -> dict[str, Any]:
    """Sets the verdict on a pair, with an edited phrase or mask if there is one.

    What is confirmed by returning is in the database: the log first, then the pair, which is
    written only while it is what this verdict was made from. A mask that several queries
    share is mended for all of them, in the same step.

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
        force: overwrites what somebody else decided since

    Returns:
        ``{"key", "sample_id", "verdict", "reviewer", "reviewed_at", "version", "step"}``

    Raises:
        Conflict: if the pair is not what was seen; nothing was written
        UsageError: for an unknown pair, verdict, session or field, or a text or mask that
            cannot be
        StateError: if the session is finished, or a mask cannot be read or written
    """
    review_fields.check_pairs(dataset)
    who = review_fields.check_text("reviewer", reviewer) or review_fields.default_reviewer()
    given = Verdict(pair, verdict, phrase, note)
    review.check(given)
    source = _mask_source(verdict, mask_from, use_edit)
    document = None if session is None else session_store.find_open(dataset, session)
    stored = review_fields.find(dataset, pair)
    if seen is not None and seen != stored.version and not force:
        raise Conflict.of(stored)
    place = None if document is None else queue.place_of(document, stored.sample_id)
    about = Step("set", who, None if document is None else document["_id"], place=place)

    def changes(now: Stored) -> list[Change]:
        change = review.change_to(now, given, who)
        return mask_replacement.with_mask(dataset, change, source) if source else [change]

    guarded = seen is not None and not force
    step = _write(dataset, stored, changes, about, guarded=guarded)
    if use_edit:
        # Its work is done; another edit starts from the mask as it is now.
        mask_editing.clear_editable(dataset, [str(stored.sample_id)])
    return _judged(review_fields.find(dataset, str(stored.sample_id)), verdict, who, step)


def _mask_source(verdict: str, mask_from: str | None, use_edit: bool) -> str | None:
    if mask_from and use_edit:
        raise UsageError("the mask comes from one place: a prediction, or the edited instance")
    source = EDITABLE_MASK if use_edit else mask_from
    if source and verdict != "fix":
        raise UsageError(f"another mask goes with the verdict fix, not {verdict}")
    return source or None


def _write(
    dataset: Any,
    stored: Stored,
    changes: Callable[[Stored], list[Change]],
    about: Step,
    *,
    guarded: bool,
) -> int:
    """Writes what the verdict makes of the pair; gives the number of the step."""
    for _ in range(MAX_TRIES):
        made = changes(stored)
        if _of_this_mask(made, stored):
            done = writing.write_whole(dataset, made, about)
            if done.step is not None:
                return done.step
        now = _now(dataset, stored.sample_id)
        if guarded and now.version != stored.version:
            raise Conflict.of(now)
        stored = now
    raise StateError(f"the pair {stored.key!r} is being changed by others all the time; try again")


def _of_this_mask(changes: list[Change], stored: Stored) -> bool:
    """Whether the mask that a change replaces is still the one that was seen."""
    change = next(change for change in changes if change.sample_id == stored.sample_id)
    if SEGMENTATION not in change.old:
        return True
    return ((change.old[SEGMENTATION] or {}).get("mask_path") or "") == stored.mask_path


def _now(dataset: Any, sample_id: ObjectId) -> Stored:
    return review_fields.find(dataset, str(sample_id))


def _judged(now: Stored, verdict: str, who: str, step: int) -> dict[str, Any]:
    return {
        "key": now.key,
        "sample_id": str(now.sample_id),
        "verdict": verdict,
        "reviewer": who,
        "reviewed_at": review_fields.text_of(now.state["reviewed_at"]),
        "version": now.version,
        "step": step,
    }
