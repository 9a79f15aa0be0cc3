"""Decisions files: the verdicts on a dataset, without its data.

One JSON object a line, sorted by key::

    {"key": "gres/train/lisat_gres_000000000009#1", "verdict": "fix", "reviewer": "ann",
     "time": "2025-03-01T09:30:00.000Z", "note": "wrong corner", "phrase": "the edited query",
     "mask": null, "phrase_sha256": "...", "mask_sha256": "..."}

A line about captions or turns that were edited has ``texts`` besides::

    "texts": {"digest": "...", "edits": [{"unit": "caption 2", "removed": true},
     {"unit": "caption 3", "texts": ["the edited caption"]}, {"unit": "new", "texts": ["..."]}]}

with the edits that :mod:`.text_edits` describes and a digest of the published ones.

``phrase`` is ``null`` where the phrase was left as published, and ``mask`` where the mask was;
a replaced mask is ``{"size": [height, width], "counts": "...", "sha256": "..."}``, its target in
COCO's compressed RLE. The hashes are those of the *published* phrase (SHA-256 of its utf-8)
and of the *published* mask's size and pixels (:func:`pairlens.importers.mask_stats.digest`): the
file can be applied to another copy of the dataset, and a line that was written about something
else is found out.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, TypedDict

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import (
    changing,
    mask_replacement,
    review_fields,
    text_edits,
    text_units,
    texts,
)
from pairlens.fiftyone_plugin.curation.line_index import LineIndex
from pairlens.fiftyone_plugin.curation.log import Change, ChangeLog, ChangeStep, Values
from pairlens.fiftyone_plugin.curation.review_fields import ReviewedPair
from pairlens.fiftyone_plugin.curation.texts import (
    VERDICTS,
    DecisionLine,
    MaskLine,
    TextsLine,
    VerdictLine,
    read_decisions,
    read_once,
)
from pairlens.fiftyone_plugin.judging.carry_over import carry_judgements
from pairlens.importers import leases, store, working_set
from pairlens.importers.batches import batched
from pairlens.importers.digests import file_sha256
from pairlens.importers.errors import MaskError, StateError, UsageError
from pairlens.importers.fields import (
    KEY,
    MASK_STATS,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    TARGET,
    VERDICT,
)
from pairlens.importers.files import explaining_write_errors, replace_whole
from pairlens.importers.masks import load_stored
from pairlens.importers.rle import decode_rle, encode_rle
from pairlens.importers.stored_values import Document


class NotApplied(TypedDict):
    """A line that was not applied, and why."""

    key: str
    line: int
    reason: str


class Applied(TypedDict):
    """``applied`` counts the lines that hold now, ``edited`` those with another text or mask."""

    applied: int
    edited: int
    stale: list[NotApplied]
    unknown: list[NotApplied]


def dump(samples: Any, path: Path | str) -> int:
    """Writes all verdicts of a dataset or view to a decisions file, whole or not at all.

    Returns:
        the number of lines

    Raises:
        StateError: if it cannot be written
    """
    count = 0

    def write(stream: IO[bytes]) -> None:
        nonlocal count
        count = write_lines(samples, stream)

    with explaining_write_errors(path):
        replace_whole(Path(path), write)
    return count


def write_lines(samples: Any, stream: IO[bytes]) -> int:
    """Writes all verdicts of a dataset or view to a stream, sorted by key.

    Returns:
        the number of lines
    """
    working_set.check(samples)
    judged = {VERDICT: {"$in": list(VERDICTS)}}
    with DecisionLines() as lines:
        for document in store.stream(samples, review_fields.projection(), where=judged):
            lines.add(document)
        return lines.write(stream)


class DecisionLines:
    """Lines of a decisions file, made of samples in any order; a context that ends with them.

    Attributes:
        reviewers: how many verdicts of each kind there are, by reviewer
    """

    def __init__(self) -> None:
        # Without a name, the database lies in a file of its own that goes when it is closed.
        self._lines = sqlite3.connect("")
        self._lines.execute("CREATE TABLE lines (key TEXT, line BLOB)")
        self.reviewers: dict[str, dict[str, int]] = {}

    def __enter__(self) -> DecisionLines:
        return self

    def __exit__(self, *error: object) -> None:
        self._lines.close()

    def add(self, document: Document) -> None:
        """Adds the line of a sample, if it has a verdict.

        Args:
            document: what :func:`review_fields.projection` reads of it
        """
        verdict = document.get(VERDICT)
        if verdict not in VERDICTS:
            return
        # Escaped to ASCII: no phrase can hold what some reader takes for a line end.
        line = json.dumps(_line(ReviewedPair.from_document(document))).encode() + b"\n"
        self._lines.execute("INSERT INTO lines VALUES (?, ?)", (document[KEY], line))
        counts = self.reviewers.setdefault(document.get(REVIEWER) or "", dict.fromkeys(VERDICTS, 0))
        counts[verdict] += 1

    def write(self, stream: IO[bytes]) -> int:
        """Writes the lines to a stream, sorted by key; gives their number."""
        count = 0
        for (line,) in self._lines.execute("SELECT line FROM lines ORDER BY key, rowid"):
            stream.write(line)
            count += 1
        return count


def _line(pair: ReviewedPair) -> DecisionLine:
    review = pair.review
    line: DecisionLine = {
        "key": pair.key,
        "verdict": review["verdict"] or "",
        "reviewer": review["reviewer"],
        "time": texts.text_of(review["reviewed_at"]),
        "note": review["review_note"],
        "phrase": None if review["original_phrase"] is None else pair.text,
        "mask": None if pair.mask_digest == pair.published_digest else _mask(pair),
        "phrase_sha256": texts.text_digest(pair.published_text),
        "mask_sha256": pair.published_digest,
    }
    if edits := text_edits.edits_of(pair.units):
        line["texts"] = {"edits": edits, "digest": pair.texts_digest}
    return line


def _mask(pair: ReviewedPair) -> MaskLine:
    """The mask as it is; what is *ignore* in it comes from the published one."""
    try:
        pixels = load_stored(pair.mask_path)
    except MaskError as error:
        raise StateError(f"the replaced mask of {pair.key!r} cannot be read: {error}") from error
    rle = encode_rle(pixels == TARGET)
    return {"size": rle["size"], "counts": rle["counts"], "sha256": pair.mask_digest}


APPLIED = "decisions file"
"""Who made the step in the log, where nobody is named: the verdicts are those of the lines."""


@leases.holding("review --apply", "decisions")
def apply(dataset: Any, path: Path | str) -> Applied:
    """Applies a decisions file to a dataset, as one step of undo.

    The whole file is checked before the first line is applied. A pair gets the verdict, the
    reviewer, the time, the note, the phrase and the mask of its line; a line whose hashes do
    not match the pair is stale and is left alone. Pairs that are as their lines say are not
    written again, and where an earlier run was killed, this one goes on with its step.

    Args:
        dataset: a dataset that PairLens imported
        path: the decisions file

    Raises:
        UsageError: if a line is broken; then nothing was applied
    """
    working_set.check(dataset)
    path = Path(path)
    for _ in read_once(path):
        pass  # a broken line anywhere is found before the first is applied
    changing.settle(dataset)
    log, digest = ChangeLog(dataset), file_sha256(path) or ""  # of a giant, which starts anew
    about = ChangeStep("apply", texts.known_reviewer(None) or APPLIED, file=digest)
    with LineIndex() as masks:
        applying, step = _Applying(dataset, masks), log.unfinished(digest) if digest else None
        changing.write(dataset, applying.changes(read_decisions(path)), about, step=step)
    log.finish(digest)
    return applying.done


VERDICTS_BEFORE = "verdicts-before.jsonl"
"""In the media folder of a dataset that replaced another: the verdicts of that one."""


def carry_over(old: Any, new: Any, media_dir: Path, *, keep: bool) -> list[str]:
    """Writes the verdicts of a dataset that is about to be replaced to a decisions file.

    The answers of judges that are still about what a sample holds go along.

    Args:
        old: the dataset
        new: the one that takes its place
        media_dir: the media folder of that one, where the file is written
        keep: whether they are applied to the new one at once

    Returns:
        notes about them
    """
    file = media_dir / VERDICTS_BEFORE
    count = dump(old, file)
    if not count:
        file.unlink()
        return _carry_answers(old, new)
    if not keep:
        written = (
            f"the {count:,} verdicts of the dataset that was replaced are in {file}; "
            f"pairlens review {old.name} --apply {file} takes them over"
        )
        return [written, *_carry_answers(old, new)]
    done = apply(new, file)
    ChangeLog(new).rename(old.name)
    left = len(done["stale"]) + len(done["unknown"])
    other = f"; {left:,} are of pairs that are not there or others now, see {file}" if left else ""
    verdicts_kept = f"{done['applied']:,} verdicts were taken over{other}"
    return [verdicts_kept, *_carry_answers(old, new)]


def _carry_answers(old: Any, new: Any) -> list[str]:
    """After the verdicts: an answer may be about a text or mask that one of them put in place."""
    count = carry_judgements(old, new)
    return [f"the judges' answers about {count:,} samples were taken over"] if count else []


class _Applying:
    """One application of a file.

    Pairs that share a published mask share its replacement, so the first line about one of
    them decides for all, and a line with another mask is stale.

    Args:
        dataset: the dataset
        masks: empty; takes, by the path of a published mask, the digest that a line gave it

    Attributes:
        done: the result, filled in as the changes are taken
    """

    def __init__(self, dataset: Any, masks: LineIndex) -> None:
        self._dataset = dataset
        self._masks = masks
        # Of all other pairs the masks are as published.
        self._there = mask_replacement.digests_of_replaced(dataset)
        self.done: Applied = {"applied": 0, "edited": 0, "stale": [], "unknown": []}

    def changes(self, decisions: Iterator[tuple[int, VerdictLine]]) -> Iterator[Change]:
        """The changes that the lines make, planned a batch of lines at a time."""
        for batch in batched(decisions, store.BATCH):
            pairs = review_fields.read(self._dataset, [decision.key for _, decision in batch])
            planned: dict[ObjectId, Change] = {}
            for number, decision in batch:
                pair = pairs.get(decision.key)
                if pair is None:
                    reason = "the dataset has no such pair"
                    self.done["unknown"].append(_not_applied(decision, number, reason))
                elif reason := self._plan(pair, decision, number, planned):
                    self.done["stale"].append(_not_applied(decision, number, reason))
                else:
                    self.done["applied"] += 1
                    self.done["edited"] += decision.edits
            yield from planned.values()

    def _plan(
        self,
        pair: ReviewedPair,
        decision: VerdictLine,
        number: int,
        planned: dict[ObjectId, Change],
    ) -> str:
        """Adds what a line changes to the plan, or says why it is stale."""
        if reason := _stale(pair, decision):
            return reason
        wanted = pair.published_digest if decision.mask is None else decision.mask.sha256
        path = pair.published_mask
        decided = self._masks.get(path)
        if path and decided and decided[1] != wanted:
            return f"line {decided[0]} has another mask for the same shape"
        changes = [pair.change(_values(pair, decision))]
        # Unless another line has planned it for all that share the mask.
        if decided is None and self._there.get(path, {pair.mask_digest}) != {wanted}:
            try:
                changes = self._with_mask(changes[0], decision, wanted)
            except StateError as error:
                return str(error)
        if path:
            self._masks.add(path, number, wanted)
        for change in changes:
            _add(planned, change)
        return ""

    def _with_mask(self, change: Change, decision: VerdictLine, wanted: str) -> list[Change]:
        """The change with those of all pairs that share the mask and have another one now."""
        target = None if decision.mask is None else decode_rle(decision.mask.rle)
        expected = None if decision.mask is None else wanted
        changes = mask_replacement.changes_to(self._dataset, change, target, expected=expected)
        others = (one for one in changes if (one.old[MASK_STATS] or {}).get("digest") != wanted)
        return [change, *others]


def _add(planned: dict[ObjectId, Change], change: Change) -> None:
    """A pair has one change in a step."""
    if earlier := planned.get(change.sample_id):
        old, new = earlier.old | change.old, earlier.new | change.new
        change = Change(change.sample_id, change.key, old, new)
    if change.new != change.old:
        planned[change.sample_id] = change


def _not_applied(decision: VerdictLine, number: int, reason: str) -> NotApplied:
    return {"key": decision.key, "line": number, "reason": reason}


def _stale(pair: ReviewedPair, decision: VerdictLine) -> str:
    """Why the decision was made about something else, or ``""``."""
    if texts.text_digest(pair.published_text) != decision.phrase_sha256:
        return "the phrase is not the one that was reviewed"
    if pair.published_digest != decision.mask_sha256:
        return "the mask is not the one that was reviewed"
    if decision.texts is not None:
        return _stale_texts(pair, decision.texts)
    if decision.phrase is not None and pair.text is None:
        return "there is no text that could be edited"
    return ""


def _stale_texts(pair: ReviewedPair, line: TextsLine) -> str:
    if not pair.texts_digest or pair.texts_digest != line["digest"]:
        return "the captions or turns are not those that were reviewed"
    try:
        text_edits.replayed(pair.units, line["edits"])
    except UsageError as error:
        return str(error)
    return ""


def _values(pair: ReviewedPair, decision: VerdictLine) -> Values:
    return {
        VERDICT: decision.verdict,
        REVIEWER: decision.reviewer,
        REVIEWED_AT: decision.time,
        REVIEW_NOTE: decision.note,
        **_texts(pair, decision),
    }


def _texts(pair: ReviewedPair, decision: VerdictLine) -> Values:
    """The texts that a line asks for; without an edit in it the published ones."""
    if decision.texts is not None:
        return text_units.fields_of(text_edits.replayed(pair.units, decision.texts["edits"]))
    phrase = pair.published_text if decision.phrase is None else decision.phrase
    if pair.units:
        published = text_units.as_published(pair.units)
        return text_units.fields_of(text_edits.with_caption(published, phrase))
    return pair.edited(phrase)
