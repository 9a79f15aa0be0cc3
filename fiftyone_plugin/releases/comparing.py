"""Compares two imported releases, and carries over the decisions that are still valid."""

from __future__ import annotations

import io
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypedDict

from pairlens.fiftyone_plugin.curation import review_fields, texts
from pairlens.fiftyone_plugin.curation.decisions import DecisionLines
from pairlens.fiftyone_plugin.curation.review_fields import ReviewedPair
from pairlens.fiftyone_plugin.curation.texts import VERDICTS
from pairlens.fiftyone_plugin.releases.pairing import (
    CHANGES,
    CONTENT_CHANGES,
    Change,
    Entry,
    Pairing,
    match_samples,
)
from pairlens.importers import fields, store
from pairlens.importers.batches import batched
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.files import explaining_write_errors, write_atomic
from pairlens.importers.store import kind_of
from pairlens.importers.stored_values import Document

REMOVED = "it is not there any more"

_READ = (
    *review_fields.projection(), fields.SPLIT, fields.IMAGE_MISSING, fields.IMAGE_DIGEST,
    f"{fields.SOURCE}.{fields.FIXED_DIGEST}",
)  # fmt: skip


class LostDecision(TypedDict):
    """A decision that is no longer valid, and the reason."""

    key: str
    verdict: str
    reason: str


@dataclass
class ReleaseDiff:
    """The difference of two releases.

    Attributes:
        old, new: number of samples by dataset name, of one dataset each
        pairings: pairings of all samples
        changes: number of samples with each change
        decisions: number of decisions on the earlier release
        held: number of those that are valid for the later one
        lost: the others
        seconds: duration of the comparison
    """

    old: dict[str, int] = field(default_factory=dict[str, int])
    new: dict[str, int] = field(default_factory=dict[str, int])
    pairings: list[Pairing] = field(default_factory=list[Pairing])
    changes: Counter[Change] = field(default_factory=Counter[Change])
    decisions: int = 0
    held: int = 0
    lost: list[LostDecision] = field(default_factory=list[LostDecision])
    seconds: float = 0.0

    @property
    def added(self) -> list[str]:
        """Keys of the samples that only the later release has."""
        return [one.new.key for one in self.pairings if one.new and not one.old]

    @property
    def dropped(self) -> list[str]:
        """Keys of the samples that only the earlier release has."""
        return [one.old.key for one in self.pairings if one.old and not one.new]

    @property
    def changed(self) -> list[Pairing]:
        """Samples that are in both and differ."""
        return [one for one in self.pairings if one.changed]


def compare(
    old: Any, new: Any, *, decisions: Path | None = None, listing: Path | None = None
) -> ReleaseDiff:
    """Compares two releases as published, without the edits of a review.

    Args:
        old, new: datasets that PairLens imported
        decisions: file for the decisions on ``old`` that are valid for ``new``, with its keys
        listing: file for added, dropped and changed samples, as JSON Lines

    Raises:
        StateError: if the datasets are of different kinds, or a file cannot be written
        UsageError: if both are the same dataset
    """
    started = time.perf_counter()
    if old.name == new.name:
        raise UsageError("a dataset is compared with another one, not with itself")
    if kind_of(old) != kind_of(new):
        raise StateError(
            f"{old.name} holds {kind_of(old)} and {new.name} {kind_of(new)}, which do not compare"
        )
    before, after = list(_entries(old)), list(_entries(new))
    diff = ReleaseDiff(
        {old.name: len(before)}, {new.name: len(after)}, match_samples(before, after)
    )
    diff.changes.update(name for one in diff.pairings for name in one.changed)
    by_old_key = {one.old.key: one for one in diff.pairings if one.old}
    with DecisionLines() as lines:
        for document in _judged(old):
            _carry_over(diff, by_old_key[document[fields.KEY]], document, lines)
        if decisions:
            buffer = io.BytesIO()
            lines.write(buffer)
            _write(decisions, buffer.getvalue())
    if listing:
        rows = _listing(old, new, diff)
        _write(listing, b"".join(json.dumps(one).encode() + b"\n" for one in rows))
    diff.seconds = round(time.perf_counter() - started, 3)
    return diff


def _entries(dataset: Any) -> Iterator[Entry]:
    for document in store.stream(dataset, _READ):
        pair = ReviewedPair.from_document(document)
        source = document.get(fields.SOURCE) or {}
        missing = document.get(fields.IMAGE_MISSING)
        yield Entry(
            key=pair.key,
            split=document.get(fields.SPLIT) or "",
            text=pair.texts_digest or texts.text_digest(pair.published_text),
            mask=pair.published_digest,
            image="" if missing else source.get(fields.DIGEST) or "",
            other=source.get(fields.FIXED_DIGEST) or "",
            judged=document.get(fields.VERDICT) in VERDICTS,
        )


def _judged(dataset: Any) -> Iterator[Document]:
    where = {fields.VERDICT: {"$in": list(VERDICTS)}}
    yield from store.stream(dataset, review_fields.projection(), where=where)


def _carry_over(
    diff: ReleaseDiff, pairing: Pairing, document: Document, lines: DecisionLines
) -> None:
    diff.decisions += 1
    if pairing.new is not None and pairing.holds:
        diff.held += 1
        lines.add({**document, fields.KEY: pairing.new.key})
        return
    changes = [CHANGES[name] for name in pairing.changed if name in CONTENT_CHANGES]
    reason = f"it has {' and '.join(changes)}" if pairing.new else REMOVED
    lost: LostDecision = {"key": document[fields.KEY], "verdict": document[fields.VERDICT],
                  "reason": reason}  # fmt: skip
    diff.lost.append(lost)


def _write(file: Path, data: bytes) -> None:
    with explaining_write_errors(file):
        write_atomic(file, data)


def _listing(old: Any, new: Any, diff: ReleaseDiff) -> Iterator[dict[str, Any]]:
    """Yields a row for each added, dropped or changed sample."""
    for pairings in batched((p for p in diff.pairings if p.changed or not all(p)), store.BATCH):
        old_details = _details(old, [pairing.old.key for pairing in pairings if pairing.old])
        new_details = _details(new, [pairing.new.key for pairing in pairings if pairing.new])
        for pairing in pairings:
            before = old_details[pairing.old.key] if pairing.old else None
            after = new_details[pairing.new.key] if pairing.new else None
            kind = "changed" if before and after else "dropped" if before else "added"
            yield {"what": kind, "changed": pairing.changed, "old": before, "new": after}


def _details(dataset: Any, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """The published texts and masks of samples, by key."""
    more = (f"{fields.MASK_STATS}.area", f"{fields.MASK_STATS}.box", fields.SPLIT)
    projection = (*review_fields.projection(), *more)
    found = store.stream(dataset, projection, where={fields.KEY: {"$in": list(keys)}})
    return {document[fields.KEY]: _detail(document) for document in found}


def _detail(document: Document) -> dict[str, Any]:
    pair = ReviewedPair.from_document(document)
    detail: dict[str, Any] = {"key": pair.key, "split": document.get(fields.SPLIT) or ""}
    if pair.units:
        detail["texts"] = [text for unit in pair.units for text in unit.before]
    else:
        detail["text"] = pair.published_text
    stats = document.get(fields.MASK_STATS) or {}
    if pair.published_digest and pair.published_digest == pair.mask_digest:
        detail |= {"mask_area": stats.get("area"), "mask_box": stats.get("box")}
    return detail


def reasons(lost: Iterable[LostDecision]) -> list[tuple[str, int]]:
    """Reasons why decisions are no longer valid, with their counts, the most frequent first."""
    return Counter(one["reason"] for one in lost).most_common()
