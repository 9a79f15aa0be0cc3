"""Verdicts on pairs: set, count, take back.

Every call that sets is one step, whether it sets one verdict or thousands, and
:func:`undo` takes back one step: a rule that went wrong is gone with one undo.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fiftyone_plugin.curation import review_fields, undoing, writing
from fiftyone_plugin.curation.log import Change, ChangeLog, State, Step
from fiftyone_plugin.curation.review_fields import VERDICTS, Stored
from importers import fo_internals
from importers.errors import UsageError
from importers.fields import (
    ORIGINAL_PHRASE,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    VERDICT,
)

PENDING = "pending"
"""What :func:`status` calls pairs that have no verdict."""


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


def set_verdict(
    dataset: Any,
    key: str,
    verdict: str,
    *,
    phrase: str | None = None,
    note: str | None = None,
    reviewer: str | None = None,
) -> None:
    """Sets the verdict on a pair.

    An edited phrase is stripped of white space at its ends. The published phrase is kept in
    ``original_phrase``; editing back to it clears that field.

    Args:
        dataset: a dataset that PairLens imported
        key: the pair's key
        verdict: one of ``keep``, ``drop``, ``fix``, ``unsure``
        phrase: the corrected phrase, with ``fix`` only; ``None`` leaves the phrase alone
        note: why
        reviewer: who; by default the user of this machine

    Raises:
        UsageError: for an unknown key or verdict, or a phrase that is no line of text
        StateError: if the dataset has no pairs
    """
    set_verdicts(dataset, [Verdict(key, verdict, phrase, note)], reviewer=reviewer)


def set_verdicts(dataset: Any, verdicts: Iterable[Verdict], *, reviewer: str | None = None) -> int:
    """Sets verdicts on many pairs, as one step of :func:`undo`.

    All of them are checked before the first is written.

    Returns:
        the number of pairs written

    Raises:
        UsageError: as :func:`set_verdict`, and for a key that stands twice
        StateError: if the dataset has no pairs
    """
    review_fields.check_pairs(dataset)
    wanted = list(verdicts)
    who = review_fields.check_text("reviewer", reviewer) or review_fields.default_reviewer()
    for one in wanted:
        check(one)
    stored = review_fields.read(dataset, [one.key for one in wanted])
    _check_keys(dataset, wanted, stored)
    changes = (change_to(stored[one.key], one, who) for one in wanted)
    return writing.write(dataset, changes, Step("set", who)).count


def check(one: Verdict) -> None:
    """Makes sure that a verdict can be given, whatever the pair.

    Raises:
        UsageError: if it cannot
    """
    review_fields.check_verdict(one.verdict)
    review_fields.check_text("note", one.note)
    if one.phrase is not None:
        review_fields.check_phrase(one.phrase)
        if one.verdict != "fix":
            raise UsageError(f"an edited phrase goes with the verdict fix, not {one.verdict}")


def _check_keys(dataset: Any, wanted: list[Verdict], stored: dict[str, Stored]) -> None:
    seen: set[str] = set()
    for one in wanted:
        if one.key not in stored:
            raise UsageError(f"dataset {dataset.name!r} has no pair {one.key!r}")
        if one.key in seen:
            raise UsageError(f"the pair {one.key!r} is given two verdicts at once")
        seen.add(one.key)
        _check_editable(stored[one.key], one)


def _check_editable(stored: Stored, one: Verdict) -> None:
    if one.phrase is not None and not stored.has_text:
        raise UsageError(f"{one.key!r} has no text that could be edited")


def change_to(stored: Stored, one: Verdict, reviewer: str) -> Change:
    """What a verdict makes of a pair."""
    new: State = {
        VERDICT: one.verdict,
        REVIEWER: reviewer,
        REVIEWED_AT: review_fields.this_instant(),
        REVIEW_NOTE: one.note or None,
    }
    if one.phrase is not None:
        _check_editable(stored, one)
        new |= edited(stored, one.phrase)
    return stored.change(new)


def edited(stored: Stored, phrase: str) -> State:
    """The phrase fields after an edit; none where there is no text."""
    if not stored.has_text:
        return {}
    published = stored.published_phrase
    if published in (phrase, phrase.strip()):
        return {stored.text_field: published, ORIGINAL_PHRASE: None}
    return {stored.text_field: phrase.strip(), ORIGINAL_PHRASE: published}


def undo(dataset: Any, *, reviewer: str | None = None) -> int:
    """Takes back the newest step that is not taken back yet, whoever made it and where.

    The undo itself is recorded in the log.

    Args:
        dataset: a dataset that PairLens imported
        reviewer: who takes it back, for the log

    Returns:
        the number of pairs restored, 0 where nothing is left to take back
    """
    # The newest step of all was made on what is there now; only a value that was typed into
    # the App past the review could stand in its way.
    return undoing.undo(dataset, reviewer=reviewer, force=True)["pairs"]


def status(dataset: Any) -> dict[str, int]:
    """Counts the pairs by verdict.

    Returns:
        ``{"pending", "keep", "drop", "fix", "unsure"}``; a verdict that PairLens does not
        know counts as pending
    """
    review_fields.check_pairs(dataset)
    counts: dict[str, int] = dict.fromkeys((PENDING, *VERDICTS), 0)
    groups = fo_internals.collection(dataset).aggregate(
        [{"$group": {"_id": f"${VERDICT}", "count": {"$sum": 1}}}]
    )
    for group in groups:
        counts[group["_id"] if group["_id"] in VERDICTS else PENDING] += group["count"]
    return counts


def history(dataset: Any, key: str | None = None, *, limit: int = 100) -> list[dict[str, Any]]:
    """The newest entries of the audit log, newest first, of one pair or of all.

    Returns:
        dicts with ``seq``, ``step``, ``kind``, ``key``, ``sample_id``, ``old``, ``new``,
        ``reviewer``, ``time``, ``open``, and ``undoes`` for an undo
    """
    return ChangeLog(dataset).entries(key, limit)
