"""Findings on the samples: what they look like there, and writing no more than has changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from bson import ObjectId

from fiftyone_plugin.checks.base import SEVERITIES, Finding
from fiftyone_plugin.checks.checked import Checked, differs
from fiftyone_plugin.checks.records import LABELS
from importers import fields, fo_internals, store
from importers.errors import StateError
from importers.parallel import one_behind

SOUND = 1.0
"""The quality of a sample without findings."""

_AS_SOUND = (SOUND, None)
"""The quality and the labels, as stored."""


def write(dataset: Any, found: Iterable[Checked]) -> int:
    """Stores findings on their samples where those have others, or none yet.

    Args:
        dataset: that the samples belong to
        found: samples with the findings they are to have

    Returns:
        the number of samples written
    """
    written = 0
    with one_behind() as behind:
        for some in found:
            # Sound pairs are most pairs, and all alike.
            sound = [
                some.ids[number]
                for number, was in enumerate(zip(some.qualities, some.labels, strict=True))
                if was != _AS_SOUND and number not in some.found
            ]
            doubtful = [
                (some.ids[number], findings)
                for number, findings in some.found.items()
                if _differs(some, number, findings)
            ]
            behind(partial(_store, dataset, sound, doubtful))
            written += len(sound) + len(doubtful)
    return written


def _store(
    dataset: Any, sound: Sequence[ObjectId], doubtful: Sequence[tuple[ObjectId, list[Finding]]]
) -> None:
    for alike in store.batched(sound, store.BATCH):
        store.update_alike(dataset, alike, stored_values(()))
    store.update(dataset, ((each, stored_values(findings)) for each, findings in doubtful))


def _differs(some: Checked, number: int, findings: Sequence[Finding]) -> bool:
    labels = some.labels[number] or ()
    return some.qualities[number] != _quality(findings) or differs(labels, findings)


def _quality(findings: Sequence[Finding]) -> float:
    return min((f.score for f in findings), default=SOUND)


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
        *fo_internals.pipeline(samples),
        {"$project": {fields.KEY: 1, fields.PHRASE: 1, fields.CAPTION: 1, LABELS: 1}},
        {"$unwind": f"${LABELS}"},
        {"$match": {f"{LABELS}.{name}": value for name, value in (where or {}).items()}},
        {"$addFields": {"rank": {"$indexOfArray": [list(SEVERITIES), f"${LABELS}.severity"]}}},
        {"$sort": {"rank": 1, f"{LABELS}.score": 1, fields.KEY: 1}},
    ]
    for doc in fo_internals.collection(samples).aggregate(pipeline, allowDiskUse=True):
        one = doc[fields.FINDINGS]["classifications"]
        phrase = doc.get(fields.PHRASE, doc.get(fields.CAPTION))
        line = {"key": doc[fields.KEY], "phrase": phrase, "check": one["label"]}
        yield line | {name: one[name] for name in ("severity", "score", "note")}
