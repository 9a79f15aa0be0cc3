"""Runs checks over a dataset and stores what they find.

One pass over the stored records, image by image; findings are written as they come, so
memory does not grow with the dataset. No image or mask is read.
"""

from __future__ import annotations

import json
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

import fiftyone as fo
from bson import ObjectId

from fiftyone_plugin.checks import CHECKS, SEVERITIES, Check, Finding, Subject
from fiftyone_plugin.checks.base import PREDICTIONS
from fiftyone_plugin.metrics.runs import evaluation_of
from importers import fields, store
from importers.errors import StateError
from importers.parallel import Progress, no_progress

_PROJECTION = (
    fields.KEY, fields.IMAGE_ID, "tags", fields.PHRASE, fields.ORIGINAL_PHRASE,
    fields.NO_TARGET, fields.IMAGE_MISSING, "metadata.width", "metadata.height",
    f"{fields.SOURCE}.image_digest", fields.MASK_STATS,
)  # fmt: skip
_LABELS = f"{fields.FINDINGS}.classifications"


@dataclass
class FlagSummary:
    """What the checks found; ``findings`` counts by check, ``severities`` by severity."""

    pairs: int = 0
    flagged: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    severities: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0


def flag(
    samples: Any,
    *,
    checks: Collection[str] | None = None,
    predictions: Collection[str] = (),
    params: Mapping[str, Mapping[str, Any]] | None = None,
    out: Path | None = None,
    progress: Progress = no_progress,
) -> FlagSummary:
    """Runs checks and stores their findings on the samples.

    Findings of earlier runs are replaced for the checks that run, and kept for the others.

    Args:
        samples: a dataset or a view that PairLens imported
        checks: names of the checks to run; all whose needs are met if not given
        predictions: prediction fields that were scored, for the checks that use them
        params: parameters by check name
        out: a JSON Lines file for all findings that the samples then have, worst first
        progress: called with pairs done and pairs in all

    Raises:
        UsageError: for an unknown check or parameter
        StateError: if a named prediction field was not scored, or a check's needs are not met
    """
    started = time.perf_counter()
    ious = {name: fields.iou_field(evaluation_of(samples, name)) for name in predictions}
    chosen = choose(checks, params or {}, with_predictions=bool(ious))
    summary = FlagSummary(pairs=len(samples))
    counts: Counter[str] = Counter()
    severities: Counter[str] = Counter()

    def changes() -> Iterator[tuple[ObjectId, dict[str, Any]]]:
        done = 0
        for sample_id, findings in find(samples, chosen, ious):
            counts.update(f.check for f in findings)
            severities.update(f.severity for f in findings)
            summary.flagged += bool(findings)
            done += 1
            if done % store.BATCH == 0:
                progress(done, summary.pairs)
            yield sample_id, _stored(findings)
        progress(done, summary.pairs)

    store.update(samples._dataset, changes())
    if out is not None:
        write_findings(samples, out)
    summary.findings = dict(counts.most_common())
    summary.severities = {s: severities[s] for s in SEVERITIES if severities[s]}
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def choose(
    names: Collection[str] | None,
    params: Mapping[str, Mapping[str, Any]],
    *,
    with_predictions: bool,
) -> list[Check]:
    """The checks to run, with their parameters set.

    Raises:
        UsageError: for an unknown name or parameter
        StateError: for a check that was named and whose needs are not met
    """
    for name in params:
        CHECKS[name]  # a misspelt name is said, not passed over
    chosen = []
    for name in names if names is not None else CHECKS:
        one = CHECKS[name].with_params(dict(params.get(name, {})))
        if with_predictions or PREDICTIONS not in one.needs:
            chosen.append(one)
        elif names is not None:
            raise StateError(f"check {name} needs predictions; name a scored field with --pred")
    return chosen


def find(
    samples: Any, checks: Sequence[Check], ious: Mapping[str, str]
) -> Iterator[tuple[ObjectId, list[Finding]]]:
    """Yields every sample's id with its findings, worst first, image by image."""
    across: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in checks:
        if one.scope == "dataset":
            for finding in _about_several(one, Subjects(samples, ious)):
                across[finding.key].append(finding)
    running = {one.name for one in checks}
    for group in _images(samples, ious):
        subjects = [subject for _, subject, _ in group]
        by_key: defaultdict[str, list[Finding]] = defaultdict(list)
        for one in checks:
            if one.scope == "image":
                for finding in _about_several(one, subjects):
                    by_key[finding.key].append(finding)
        for sample_id, subject, earlier in group:
            findings = [f for f in earlier if f.check not in running]
            findings += across.pop(subject.key, []) + by_key[subject.key]
            for one in checks:
                if one.scope == "pair":
                    findings += (one.finding(subject, doubt) for doubt in one.run(subject))
            yield sample_id, sorted(findings, key=lambda f: (f.rank, f.check))


def _about_several(one: Check, subjects: Iterable[Subject]) -> Iterator[Finding]:
    """Findings of a check that was given several pairs, each doubt naming its pair."""
    phrases: dict[str, Subject] = {}
    if not isinstance(subjects, Subjects):
        phrases = {s.key: s for s in subjects}
    for doubt in one.run(subjects):
        subject = phrases.get(doubt.key) or Subject(doubt.key, "", "", "")
        yield one.finding(subject, doubt)


class Subjects:
    """The pairs of a dataset or view, which can be gone through again and again."""

    def __init__(self, samples: Any, ious: Mapping[str, str]) -> None:
        self._samples = samples
        self._ious = ious

    def __iter__(self) -> Iterator[Subject]:
        wanted = (*_PROJECTION, *_predicted(self._ious))
        for doc in store.stream(self._samples, wanted):
            yield subject_from(doc, self._ious)


def subject_from(doc: Mapping[str, Any], ious: Mapping[str, str]) -> Subject:
    """A stored sample as the checks see it."""
    metadata = doc.get("metadata") or {}
    size = (metadata.get("width"), metadata.get("height"))
    return Subject(
        key=doc[fields.KEY],
        image_id=doc[fields.IMAGE_ID],
        split=(doc.get("tags") or [""])[0],
        phrase=doc.get(fields.PHRASE) or "",
        no_target=bool(doc.get(fields.NO_TARGET)),
        image_missing=bool(doc.get(fields.IMAGE_MISSING)),
        image_size=(size[0], size[1]) if size[0] and size[1] else None,
        image_digest=(doc.get(fields.SOURCE) or {}).get("image_digest") or "",
        stats=store.stats_from(doc.get(fields.MASK_STATS)),
        # A pair without a prediction has an IoU of 0 for the summary, but says nothing here.
        ious={n: doc[f] for n, f in ious.items() if doc.get(n) and doc.get(f) is not None},
    )


def _predicted(ious: Mapping[str, str]) -> Iterator[str]:
    """What is read of predictions: that there is one, and its IoU."""
    for name, iou in ious.items():
        yield f"{name}._cls"
        yield iou


_Row = tuple[ObjectId, Subject, list[Finding]]


def _images(samples: Any, ious: Mapping[str, str]) -> Iterator[list[_Row]]:
    """The samples image by image: by content where the image is there, else by name.

    RefSegRS gives each pair an image copy of its own, so names alone do not tell.
    """
    wanted = (*_PROJECTION, *_predicted(ious), _LABELS)
    digest = f"{fields.SOURCE}.image_digest"
    docs = store.stream(samples, wanted, order=(digest, fields.IMAGE_ID))

    def image(doc: Mapping[str, Any]) -> str:
        content = (doc.get(fields.SOURCE) or {}).get("image_digest")
        return content or f"{(doc.get('tags') or [''])[0]}/{doc[fields.IMAGE_ID]}"

    for _, group in groupby(docs, key=image):
        rows = []
        for doc in group:
            subject = subject_from(doc, ious)
            rows.append((doc["_id"], subject, _earlier(doc, subject)))
        yield rows


def _earlier(doc: Mapping[str, Any], subject: Subject) -> list[Finding]:
    labels = (doc.get(fields.FINDINGS) or {}).get("classifications") or []
    return [
        Finding(
            subject.key, subject.phrase, c["label"], c["severity"], c["score"], c["note"]
        )
        for c in labels
    ]  # fmt: skip


def _stored(findings: Sequence[Finding]) -> dict[str, Any]:
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
    value = {"_cls": fo.Classifications.__name__, "classifications": labels} if labels else None
    return {
        fields.FINDINGS: value,
        fields.QUALITY: min((f.score for f in findings), default=1.0),
    }


def write_findings(samples: Any, out: Path) -> int:
    """Writes all findings of the samples as JSON Lines, worst first.

    The database sorts them, so that a million take no memory here. The file appears when it
    is whole.

    Returns:
        the number written
    """
    rank = {"$indexOfArray": [list(SEVERITIES), f"${_LABELS}.severity"]}
    pipeline = [
        *samples._pipeline(),
        {"$project": {fields.KEY: 1, fields.PHRASE: 1, _LABELS: 1}},
        {"$unwind": f"${_LABELS}"},
        {"$addFields": {"rank": rank}},
        {"$sort": {"rank": 1, f"{_LABELS}.score": 1, fields.KEY: 1}},
    ]
    partial = out.with_name(f".{out.name}.partial")
    count = 0
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with open(partial, "w", encoding="utf-8") as stream:
            collection = samples._dataset._sample_collection
            for doc in collection.aggregate(pipeline, allowDiskUse=True):
                one = doc[fields.FINDINGS]["classifications"]
                line = {"key": doc[fields.KEY], "phrase": doc[fields.PHRASE], "check": one["label"]}
                line |= {name: one[name] for name in ("severity", "score", "note")}
                stream.write(json.dumps(line, ensure_ascii=False) + "\n")
                count += 1
        partial.replace(out)
    except OSError as error:
        raise StateError(f"findings cannot be written to {out} ({error.strerror})") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return count
