"""Compares two imported releases, and carries over the decisions that still hold."""

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
    OF_CONTENT,
    Change,
    Entry,
    Pairing,
    pair_up,
)
from pairlens.importers import fields, store
from pairlens.importers.batches import batched
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.files import explaining_write_errors, write_atomic
from pairlens.importers.store import kind_of
from pairlens.importers.stored_values import Document

GONE = "it is not there any more"

_READ = (
    *review_fields.projection(), fields.SPLIT, fields.IMAGE_MISSING, fields.IMAGE_DIGEST,
    f"{fields.SOURCE}.{fields.FIXED_DIGEST}",
)  # fmt: skip


class Lost(TypedDict):
    """A decision that does not hold any more, and why."""

    key: str
    verdict: str
    reason: str


@dataclass
class ReleaseDiff:
    """What a later release has of an earlier one.

    Attributes:
        old, new: the datasets, with their numbers of samples
        pairings: of all samples
        changes: how many samples have each change
        decisions: on the earlier one, how many hold
        held: of these, how many hold for the later one
        lost: those that do not
        seconds: that it took
    """

    old: dict[str, int] = field(default_factory=dict[str, int])
    new: dict[str, int] = field(default_factory=dict[str, int])
    pairings: list[Pairing] = field(default_factory=list[Pairing])
    changes: Counter[Change] = field(default_factory=Counter[Change])
    decisions: int = 0
    held: int = 0
    lost: list[Lost] = field(default_factory=list[Lost])
    seconds: float = 0.0

    @property
    def added(self) -> list[str]:
        """Keys of the samples that the later one alone has."""
        return [one.new.key for one in self.pairings if one.new and not one.old]

    @property
    def dropped(self) -> list[str]:
        """Keys of the samples that the earlier one alone has."""
        return [one.old.key for one in self.pairings if one.old and not one.new]

    @property
    def changed(self) -> list[Pairing]:
        """Samples of both that are not the same."""
        return [one for one in self.pairings if one.changed]


def compare(
    old: Any, new: Any, *, decisions: Path | None = None, listing: Path | None = None
) -> ReleaseDiff:
    """Compares two releases, as they were published: edits of a review are no changes.

    Args:
        old, new: datasets that PairLens imported
        decisions: where to write the decisions on ``old`` that hold for ``new``, under its keys
        listing: where to write what was added, dropped and changed, a JSON object a line

    Raises:
        StateError: if one has pairs and the other has not, or a file cannot be written
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
    diff = ReleaseDiff({old.name: len(before)}, {new.name: len(after)}, pair_up(before, after))
    diff.changes.update(name for one in diff.pairings for name in one.changed)
    of = {one.old.key: one for one in diff.pairings if one.old}
    with DecisionLines() as lines:
        for document in _judged(old):
            _carry(diff, of[document[fields.KEY]], document, lines)
        if decisions:
            buffer = io.BytesIO()
            lines.write(buffer)
            _write(decisions, buffer.getvalue())
    if listing:
        told = _listing(old, new, diff)
        _write(listing, b"".join(json.dumps(one).encode() + b"\n" for one in told))
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


def _carry(diff: ReleaseDiff, one: Pairing, document: Document, lines: DecisionLines) -> None:
    diff.decisions += 1
    if one.new is not None and one.holds:
        diff.held += 1
        lines.add({**document, fields.KEY: one.new.key})
        return
    why = [CHANGES[name] for name in one.changed if name in OF_CONTENT]
    reason = f"it has {' and '.join(why)}" if one.new else GONE
    lost: Lost = {"key": document[fields.KEY], "verdict": document[fields.VERDICT],
                  "reason": reason}  # fmt: skip
    diff.lost.append(lost)


def _write(file: Path, data: bytes) -> None:
    with explaining_write_errors(file):
        write_atomic(file, data)


def _listing(old: Any, new: Any, diff: ReleaseDiff) -> Iterator[dict[str, Any]]:
    """A line of each sample that is not in both as it is, with what changed of it."""
    for some in batched((p for p in diff.pairings if p.changed or not all(p)), store.BATCH):
        was = _details(old, [one.old.key for one in some if one.old])
        now = _details(new, [one.new.key for one in some if one.new])
        for one in some:
            before = was[one.old.key] if one.old else None
            after = now[one.new.key] if one.new else None
            what = "changed" if before and after else "dropped" if before else "added"
            yield {"what": what, "changed": one.changed, "old": before, "new": after}


def _details(dataset: Any, keys: Sequence[str]) -> Mapping[str, dict[str, Any]]:
    """What a line says of samples, by key: their texts and masks as published."""
    more = (f"{fields.MASK_STATS}.area", f"{fields.MASK_STATS}.box", fields.SPLIT)
    wanted = (*review_fields.projection(), *more)
    found = store.stream(dataset, wanted, where={fields.KEY: {"$in": list(keys)}})
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


def reasons(lost: Iterable[Lost]) -> list[tuple[str, int]]:
    """Why decisions do not hold, the most first."""
    return Counter(one["reason"] for one in lost).most_common()
