"""Counts of an audit, from the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from pairlens.fiftyone_plugin.audit.drawing import Shown, default_size
from pairlens.fiftyone_plugin.checks import SEVERITIES
from pairlens.fiftyone_plugin.checks.finding import LABELS
from pairlens.fiftyone_plugin.checks.findings_list import ranked
from pairlens.fiftyone_plugin.checks.findings_store import OPEN
from pairlens.fiftyone_plugin.exporters.selections import parse_selection
from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.stored_values import Document

_MAX_TRIED = 500
"""Maximum of findings among which examples on different images are searched."""


@dataclass(frozen=True, slots=True)
class FlaggedExample:
    """A finding with the files of its sample."""

    key: str
    phrase: str
    severity: str
    score: float
    note: str
    shown: Shown


@dataclass
class AuditFacts:
    """Counts of a dataset and its findings.

    Attributes:
        splits: by split: ``pairs``, ``images``, and the pairs that the selections ``clean`` and
            ``quiet`` keep
        notes: differences from the published counts that the import found
        skipped: number of records that could not be imported
        findings: count by severity, by check, the most frequent check first
        worst: number of pairs by worst severity, ``""`` for those without a finding
        placeholders: number of pairs whose image is missing
    """

    splits: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    skipped: int = 0
    findings: dict[str, dict[str, int]] = field(default_factory=dict)
    worst: dict[str, int] = field(default_factory=dict)
    placeholders: int = 0

    @property
    def pairs(self) -> int:
        """The number of all pairs."""
        return sum(one["pairs"] for one in self.splits.values())


def gather(dataset: Any) -> AuditFacts:
    """Computes all counts, in one pass over the pairs and one over the findings."""
    info = store.info(dataset)
    facts = AuditFacts(notes=list(info.get("notes", ())), skipped=int(info.get("skipped_total", 0)))
    choices = {select: parse_selection(dataset, select) for select in OPEN}
    images: dict[str, set[int]] = {}
    projection = (
        fields.SPLIT, fields.IMAGE_ID, fields.VERDICT, fields.IMAGE_MISSING, f"{LABELS}.severity",
    )  # fmt: skip
    for doc in store.stream(dataset, projection):
        split = doc.get(fields.SPLIT) or ""
        counts = facts.splits.setdefault(split, {"pairs": 0, "images": 0, "clean": 0, "quiet": 0})
        labels = (doc.get(fields.FINDINGS) or {}).get("classifications") or ()
        worst = min((SEVERITIES.index(label["severity"]) for label in labels), default=None)
        name = "" if worst is None else SEVERITIES[worst]
        facts.worst[name] = facts.worst.get(name, 0) + 1
        facts.placeholders += bool(doc.get(fields.IMAGE_MISSING))
        images.setdefault(split, set()).add(hash(doc[fields.IMAGE_ID]))
        counts["pairs"] += 1
        for select, choice in choices.items():
            counts[select] += choice(doc)
    for split, seen in images.items():
        facts.splits[split]["images"] = len(seen)
    facts.findings = _findings(dataset)
    return facts


def _findings(dataset: Any) -> dict[str, dict[str, int]]:
    label = f"${LABELS}"
    pipeline = [
        *working_set.pipeline(dataset),
        {"$project": {LABELS: 1}},
        {"$unwind": label},
        {"$group": {"_id": {"c": f"{label}.label", "s": f"{label}.severity"}, "n": {"$sum": 1}}},
    ]
    found: dict[str, dict[str, int]] = {}
    for doc in fo_internals.collection(dataset).aggregate(pipeline, allowDiskUse=True):
        found.setdefault(doc["_id"]["c"], {})[doc["_id"]["s"]] = doc["n"]
    return dict(sorted(found.items(), key=lambda one: (-sum(one[1].values()), one[0])))


def examples(dataset: Any, check: str, count: int, *, outlines_only: bool) -> list[FlaggedExample]:
    """The worst findings of a check, at most one per image and mask.

    Args:
        dataset: the dataset or view
        check: name of the check
        count: maximum of examples
        outlines_only: whether they are drawn on a grid, without the image's pixels
    """
    lines = islice(ranked(dataset, where={"label": check}), _MAX_TRIED)
    chosen: list[FlaggedExample] = []
    seen: set[tuple[str, str]] = set()
    for example, image in _drawable(dataset, list(lines), outlines_only):
        if len(chosen) >= count:
            break
        if image not in seen:
            seen.add(image)
            chosen.append(example)
    return chosen


def _drawable(
    dataset: Any, lines: list[dict[str, Any]], outlines_only: bool
) -> Iterator[tuple[FlaggedExample, tuple[str, str]]]:
    """Yields findings as examples, with the identity of their image and mask."""
    projection = (*DRAWN, fields.KEY, fields.IMAGE_ID, f"{fields.MASK_STATS}.digest")
    where = {fields.KEY: {"$in": [line["key"] for line in lines]}}
    docs = {doc[fields.KEY]: doc for doc in store.stream(dataset, projection, where=where)}
    for line in lines:
        doc = docs[line["key"]]
        shown = shown_of(doc, outlines_only=outlines_only)
        values = {name: line[name] for name in ("key", "severity", "score", "note")}
        digest = (doc.get(fields.MASK_STATS) or {}).get("digest") or ""
        example = FlaggedExample(**values, phrase=line["phrase"] or "", shown=shown)
        yield example, (doc[fields.IMAGE_ID], digest[:16])


DRAWN = (
    "filepath", fields.RENDITION, fields.IMAGE_MISSING, f"{fields.SEGMENTATION}.mask_path",
    "metadata.width", "metadata.height",
)  # fmt: skip
"""Fields that :func:`shown_of` reads."""


def shown_of(doc: Document, *, outlines_only: bool = False) -> Shown:
    """The files of a sample to draw.

    Args:
        doc: a document with the fields of :data:`DRAWN`
        outlines_only: whether it is drawn on a grid, without the image's pixels
    """
    metadata = doc.get("metadata") or {}
    on_grid = outlines_only or doc.get(fields.IMAGE_MISSING)
    return Shown(
        None if on_grid else doc.get(fields.RENDITION) or doc["filepath"],
        (doc.get(fields.SEGMENTATION) or {}).get("mask_path") or "",
        default_size(metadata.get("width"), metadata.get("height")),
    )
