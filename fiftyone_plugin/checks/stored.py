"""Findings on the samples: what they look like there, and writing no more than has changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bson import ObjectId

from fiftyone_plugin.checks.base import SEVERITIES, Finding
from importers import fields, store
from importers.errors import StateError

LABELS = f"{fields.FINDINGS}.classifications"
_SAID = ("label", "severity", "score", "note")

Change = tuple[ObjectId, dict[str, Any]]


def labels_of(doc: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The findings that a sample has."""
    return (doc.get(fields.FINDINGS) or {}).get("classifications") or []


def earlier_findings(doc: Mapping[str, Any]) -> list[Finding]:
    """The same as findings."""
    key, phrase = doc[fields.KEY], doc.get(fields.PHRASE) or ""
    return [
        Finding(key, phrase, c["label"], c["severity"], c["score"], c["note"])
        for c in labels_of(doc)
    ]


def write(dataset: Any, found: Iterable[tuple[Mapping[str, Any], Sequence[Finding]]]) -> int:
    """Stores findings on their samples where those have others, or none yet.

    Args:
        dataset: that the samples belong to
        found: each sample, with its findings and ``quality`` as they were read, and the
            findings it is to have

    Returns:
        the number of samples written
    """
    written = 0
    for batch in store.batched(found, store.BATCH):
        changed = [(doc, findings) for doc, findings in batch if _differs(doc, findings)]
        # Sound pairs are most pairs, and all alike.
        sound = [doc["_id"] for doc, findings in changed if not findings]
        store.update_alike(dataset, sound, _values(()))
        store.update(dataset, _changes(changed))
        written += len(changed)
    return written


def _changes(changed: Iterable[tuple[Mapping[str, Any], Sequence[Finding]]]) -> Iterator[Change]:
    return ((doc["_id"], _values(findings)) for doc, findings in changed if findings)


def _differs(doc: Mapping[str, Any], findings: Sequence[Finding]) -> bool:
    if doc.get(fields.QUALITY) != _quality(findings):
        return True
    labels = labels_of(doc)
    return len(labels) != len(findings) or any(
        (f.check, f.severity, f.score, f.note) != tuple(label.get(name) for name in _SAID)
        for f, label in zip(findings, labels, strict=True)
    )


def _quality(findings: Sequence[Finding]) -> float:
    return min((f.score for f in findings), default=1.0)


def _values(findings: Sequence[Finding]) -> dict[str, Any]:
    """Findings as a ``Classifications`` field, so that they are chips and filters in the App."""
    labels = [
        {
            "_id": ObjectId(),
            "_cls": "Classification",
            "tags": [],
            "label": f.check,
            "confidence": round(1 - f.score, 4),
            "severity": f.severity,
            "score": f.score,
            "note": f.note,
        }
        for f in findings
    ]
    value = {"_cls": "Classifications", "classifications": labels} if labels else None
    return {fields.FINDINGS: value, fields.QUALITY: _quality(findings)}


def write_findings(samples: Any, out: Path) -> int:
    """Writes all findings of the samples as JSON Lines, worst first.

    The database sorts them, so that a million take no memory here. The file appears when it
    is whole.

    Returns:
        the number written
    """
    partial = out.with_name(f".{out.name}.partial")
    count = 0
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "w", encoding="utf-8") as stream:
            for line in ranked(samples):
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
                count += 1
        partial.replace(out)
    except OSError as error:
        raise StateError(f"findings cannot be written to {out} ({error.strerror})") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return count


def ranked(samples: Any, *, where: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Yields the findings of samples, worst first: what a line of ``findings.jsonl`` holds.

    Args:
        samples: a dataset or view
        where: what the finding must be, such as ``{"label": "tiny_mask"}``
    """
    pipeline = [
        *samples._pipeline(),
        {"$project": {fields.KEY: 1, fields.PHRASE: 1, LABELS: 1}},
        {"$unwind": f"${LABELS}"},
        {"$match": {f"{LABELS}.{name}": value for name, value in (where or {}).items()}},
        {"$addFields": {"rank": {"$indexOfArray": [list(SEVERITIES), f"${LABELS}.severity"]}}},
        {"$sort": {"rank": 1, f"{LABELS}.score": 1, fields.KEY: 1}},
    ]
    for doc in samples._dataset._sample_collection.aggregate(pipeline, allowDiskUse=True):
        one = doc[fields.FINDINGS]["classifications"]
        line = {"key": doc[fields.KEY], "phrase": doc.get(fields.PHRASE), "check": one["label"]}
        yield line | {name: one[name] for name in ("severity", "score", "note")}
