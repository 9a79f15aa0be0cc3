"""Findings on the samples: what they look like there, and writing no more than has changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bson import ObjectId

from fiftyone_plugin.checks.base import SEVERITIES, Finding
from fiftyone_plugin.checks.records import SAID, Stored
from importers import fields, store
from importers.errors import StateError

LABELS = f"{fields.FINDINGS}.classifications"

Change = tuple[ObjectId, dict[str, Any]]
Found = tuple[Stored, Sequence[Finding]]


def earlier_findings(one: Stored) -> list[Finding]:
    """The findings that a sample has; labels that someone else put there are left out."""
    return [
        Finding(one.key, one.phrase, *(label[name] for name in SAID))
        for label in one.labels
        if all(name in label for name in SAID)
    ]


def write(dataset: Any, found: Iterable[Found]) -> int:
    """Stores findings on their samples where those have others, or none yet.

    Args:
        dataset: that the samples belong to
        found: each sample, with the findings it is to have

    Returns:
        the number of samples written
    """
    written = 0
    for batch in store.batched(found, store.BATCH):
        changed = [(one, findings) for one, findings in batch if _differs(one, findings)]
        # Sound pairs are most pairs, and all alike.
        sound = [one.id for one, findings in changed if not findings]
        store.update_alike(dataset, sound, stored_values(()))
        store.update(dataset, _changes(changed))
        written += len(changed)
    return written


def _changes(changed: Iterable[Found]) -> Iterator[Change]:
    return ((one.id, stored_values(findings)) for one, findings in changed if findings)


def _differs(one: Stored, findings: Sequence[Finding]) -> bool:
    if one.quality != _quality(findings) or len(one.labels) != len(findings):
        return True
    return any(
        (f.check, f.severity, f.score, f.note) != tuple(label.get(name) for name in SAID)
        for f, label in zip(findings, one.labels, strict=True)
    )


def _quality(findings: Sequence[Finding]) -> float:
    return min((f.score for f in findings), default=1.0)


def stored_values(findings: Sequence[Finding]) -> dict[str, Any]:
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
        {"$project": {fields.KEY: 1, fields.PHRASE: 1, fields.CAPTION: 1, LABELS: 1}},
        {"$unwind": f"${LABELS}"},
        {"$match": {f"{LABELS}.{name}": value for name, value in (where or {}).items()}},
        {"$addFields": {"rank": {"$indexOfArray": [list(SEVERITIES), f"${LABELS}.severity"]}}},
        {"$sort": {"rank": 1, f"{LABELS}.score": 1, fields.KEY: 1}},
    ]
    for doc in samples._dataset._sample_collection.aggregate(pipeline, allowDiskUse=True):
        one = doc[fields.FINDINGS]["classifications"]
        phrase = doc.get(fields.PHRASE, doc.get(fields.CAPTION))
        line = {"key": doc[fields.KEY], "phrase": phrase, "check": one["label"]}
        yield line | {name: one[name] for name in ("severity", "score", "note")}
