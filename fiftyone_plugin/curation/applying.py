"""Applying a decisions file to a copy of the dataset it was made on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bson import ObjectId

from fiftyone_plugin.curation import mask_replacement, review_fields, writing
from fiftyone_plugin.curation.decision_lines import Decision, read_decisions, read_once
from fiftyone_plugin.curation.log import Change, Step
from fiftyone_plugin.curation.review import edited
from fiftyone_plugin.curation.review_fields import Stored
from importers import store
from importers.errors import StateError
from importers.fields import REVIEW_NOTE, REVIEWED_AT, REVIEWER, VERDICT
from importers.rle import decode_rle

Report = dict[str, Any]


def apply(dataset: Any, path: Path | str) -> Report:
    """Applies a decisions file to a dataset, as one step of undo.

    The whole file is checked before the first line is applied. A pair gets the verdict, the
    reviewer, the time, the note, the phrase and the mask of its line; a line whose hashes do
    not match the pair is stale and is left alone. Pairs that are as their lines say are not
    written again.

    Args:
        dataset: a dataset that PairLens imported
        path: the decisions file

    Returns:
        ``{"applied": lines that hold now, "stale": [{"key", "line", "reason"}],
        "unknown": [{"key", "line", "reason"}]}``

    Raises:
        UsageError: if a line is broken; then nothing was applied
    """
    review_fields.check_pairs(dataset)
    path = Path(path)
    for _ in read_once(path):
        pass  # a broken line anywhere is found before the first is applied
    changes = _Applying(dataset).changes(read_decisions(path), report := _nothing_yet())
    writing.write(dataset, changes, Step("apply", review_fields.default_reviewer()))
    return report


def _nothing_yet() -> Report:
    return {"applied": 0, "stale": [], "unknown": []}


class _Applying:
    """One application of a file.

    Pairs that share a published mask share its mending, so the first line about one of them
    decides for all, and a line that says otherwise is stale.
    """

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        self._masks: dict[str, tuple[str, int]] = {}

    def changes(
        self, decisions: Iterator[tuple[int, Decision]], report: Report
    ) -> Iterator[Change]:
        """What is to be written, and into the report what is not."""
        for batch in store.batched(decisions, store.BATCH):
            stored = review_fields.read(self._dataset, [decision.key for _, decision in batch])
            planned: dict[ObjectId, Change] = {}
            for number, decision in batch:
                place = {"key": decision.key, "line": number}
                pair = stored.get(decision.key)
                if pair is None:
                    report["unknown"].append(place | {"reason": "the dataset has no such pair"})
                elif reason := self._plan(pair, decision, number, planned):
                    report["stale"].append(place | {"reason": reason})
                else:
                    report["applied"] += 1
            yield from planned.values()

    def _plan(
        self, pair: Stored, decision: Decision, number: int, planned: dict[ObjectId, Change]
    ) -> str:
        """Adds what a line changes to the plan, or says why it is stale."""
        if reason := _stale(pair, decision):
            return reason
        wanted = pair.mask_digest if decision.mask is None else decision.mask.sha256
        path = pair.published_mask
        decided = self._masks.get(path)
        if path and decided and decided[0] != wanted:
            return f"line {decided[1]} has another mask for the same shape"
        changes = [pair.change(_state(pair, decision))]
        # Unless another line of this batch has planned it for all that share the mask.
        if wanted != pair.mask_now and decided is None:
            try:
                changes = self._with_mask(changes[0], decision)
            except StateError as error:
                return str(error)
        if path:
            self._masks.setdefault(path, (wanted, number))
        for change in changes:
            _add(planned, change)
        return ""

    def _with_mask(self, change: Change, decision: Decision) -> list[Change]:
        target = None if decision.mask is None else decode_rle(decision.mask.rle)
        expected = None if decision.mask is None else decision.mask.sha256
        return mask_replacement.changes_to(self._dataset, change, target, expected=expected)


def _add(planned: dict[ObjectId, Change], change: Change) -> None:
    """A pair has one change in a step."""
    if earlier := planned.get(change.sample_id):
        old, new = earlier.old | change.old, earlier.new | change.new
        change = Change(change.sample_id, change.key, old, new)
    if change.new != change.old:
        planned[change.sample_id] = change


def _stale(pair: Stored, decision: Decision) -> str:
    """Why the decision was made about something else, or ``""``."""
    if review_fields.text_digest(pair.published_phrase) != decision.phrase_sha256:
        return "the phrase is not the one that was reviewed"
    if pair.mask_digest != decision.mask_sha256:
        return "the mask is not the one that was reviewed"
    if decision.phrase is not None and not pair.has_text:
        return "there is no text that could be edited"
    return ""


def _state(pair: Stored, decision: Decision) -> dict[str, Any]:
    phrase = pair.published_phrase if decision.phrase is None else decision.phrase
    return {
        VERDICT: decision.verdict,
        REVIEWER: decision.reviewer,
        REVIEWED_AT: decision.time,
        REVIEW_NOTE: decision.note,
        **edited(pair, phrase),
    }
