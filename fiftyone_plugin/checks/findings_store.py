"""Findings on the samples: how they are stored; no more is written than has changed."""

from __future__ import annotations

import json
import pickle
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from bson import ObjectId

from pairlens.fiftyone_plugin.checks.base import SEVERITIES, Finding
from pairlens.fiftyone_plugin.checks.batch import MASK_DIGEST, Columns, Row
from pairlens.fiftyone_plugin.checks.engine import sorted_findings
from pairlens.fiftyone_plugin.checks.sample_reader import EARLIER, LABEL_VALUES, LABELS
from pairlens.importers import fields, fo_internals, schema, store, working_set
from pairlens.importers.errors import StateError
from pairlens.importers.files import replace_whole
from pairlens.importers.parallel import one_behind

IN_MEMORY = 32 << 20
"""Bytes up to which what comes later waits in memory."""

ID_BYTES = 12

SOUND = 1.0
"""The quality of a sample without findings."""

_AS_SOUND = (SOUND, None)
"""The quality and the labels, as stored."""

StoredLabels = Sequence[Sequence[Any]]
"""Findings as stored: the values of
:data:`~pairlens.fiftyone_plugin.checks.sample_reader.LABEL_VALUES`."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Some samples, with what was found about them before and now.

    A sound sample, as most are, takes no object of its own.

    Attributes:
        ids: of the samples, 12 bytes each: they may wait in a file, and objects are slow to write
        keys: of the samples
        qualities: as stored, ``None`` where a sample was never checked
        labels: their findings as stored, ``None`` or empty where there are none
        verdicts: as stored, ``None`` where a sample was not reviewed
        masks: digests of their masks, ``None`` where there is no mask
        found: those of now, by the sample's number here, where there are any
        read: what is to be cached of the samples' texts, likewise
    """

    ids: bytes
    keys: Sequence[str]
    qualities: Sequence[float | None]
    labels: Sequence[StoredLabels | None]
    verdicts: Sequence[str | None]
    masks: Sequence[str | None]
    found: dict[int, list[Finding]]
    read: Mapping[int, dict[str, Any]]

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        columns: Columns,
        found: dict[int, list[Finding]],
        read: Mapping[int, dict[str, Any]],
    ) -> Checked:
        """Rows with the columns of ``EARLIER``, and what was found about them."""
        at = map(columns.paths.index, (EARLIER[0], fields.KEY, *EARLIER[1:], MASK_DIGEST))
        ids, keys, qualities, labels, verdicts, masks = ([row[n] for row in rows] for n in at)
        joined = b"".join([each.binary for each in ids])
        return cls(joined, keys, qualities, labels, verdicts, masks, found, read)

    def __len__(self) -> int:
        return len(self.keys)

    def id(self, number: int) -> ObjectId:
        """The id of a sample."""
        return ObjectId(self.ids[ID_BYTES * number : ID_BYTES * (number + 1)])

    def complete(self, more: Mapping[str, list[Finding]], running: Collection[str]) -> None:
        """Adds findings by key and those that checks which do not run left, worst first."""
        for number, (key, labels) in enumerate(zip(self.keys, self.labels, strict=True)):
            left = [label for label in labels or () if label[0] not in running]
            kept = earlier_findings(key, left)
            if key in more or kept:
                self.found.setdefault(number, []).extend([*more.get(key, ()), *kept])
        for number, findings in self.found.items():
            self.found[number] = sorted_findings(findings, self.masks[number])


def earlier_findings(key: str, labels: StoredLabels | None) -> list[Finding]:
    """The findings that a sample has; labels that someone else put there are left out.

    Those of datasets that were flagged before there were groups have an empty group.
    """
    return [
        Finding(key, *label[:-1], group=label[-1] or "")
        for label in labels or ()
        if len(label) == len(LABEL_VALUES) and None not in label[:-1]
    ]


def write(dataset: Any, found: Iterable[Checked]) -> int:
    """Stores findings on their samples where those have others, or none yet, and what was read.

    Args:
        dataset: that the samples belong to
        found: samples with the findings they are to have

    Returns:
        the number of samples whose findings or quality changed
    """
    written, declared = 0, False
    with one_behind() as behind:
        for some in found:
            if some.read and not declared:
                schema.declare_reading(dataset)
                declared = True
            sound = [
                number
                for number, was in enumerate(zip(some.qualities, some.labels, strict=True))
                if was != _AS_SOUND and number not in some.found
            ]
            others = [n for n, findings in some.found.items() if _differs(some, n, findings)]
            behind(partial(_store, dataset, some, sound, others))
            written += len(sound) + len(others)
    return written


def _store(dataset: Any, some: Checked, sound: Sequence[int], others: Sequence[int]) -> None:
    # Sound samples are most samples, and all alike where nothing was read of them now.
    alike = [some.id(number) for number in sound if number not in some.read]
    for each in store.batched(alike, store.BATCH):
        store.update_alike(dataset, each, stored_values(()))
    changed: dict[int, Sequence[Finding]] = dict.fromkeys(sound, ())
    changed |= {number: some.found[number] for number in others}
    numbers = some.read.keys() | dict.fromkeys(others)
    values = ((some.id(n), _values(some.read.get(n), changed.get(n))) for n in sorted(numbers))
    store.update(dataset, values)


def _values(read: dict[str, Any] | None, findings: Sequence[Finding] | None) -> dict[str, Any]:
    """What is to be stored of a sample's texts and findings, ``None`` for what stays."""
    cached = {} if read is None else {fields.READING: store.embedded(read)}
    return cached if findings is None else cached | stored_values(findings)


def _differs(some: Checked, number: int, findings: Sequence[Finding]) -> bool:
    labels = some.labels[number] or ()
    if some.qualities[number] != _quality(findings) or len(labels) != len(findings):
        return True
    return any(tuple(label) != f[1:] for label, f in zip(labels, findings, strict=True))


def _quality(findings: Sequence[Finding]) -> float:
    return min([f.score for f in findings], default=SOUND)


def stored_values(findings: Sequence[Finding]) -> dict[str, Any]:
    """Findings as a ``Classifications`` field, so that they are chips and filters in the App."""
    labels = [
        {
            "_id": ObjectId(),
            "_cls": "Classification",
            "tags": [],
            "label": check,
            "confidence": round(1 - score, 4),
            "severity": severity,
            "score": score,
            "note": note,
            "group": group,
        }
        for _, check, severity, score, note, group in findings
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
    count = 0

    def write_lines(stream: IO[bytes]) -> None:
        nonlocal count
        for line in ranked(samples):
            stream.write(json.dumps(line, ensure_ascii=False).encode() + b"\n")
            count += 1

    try:
        replace_whole(out, write_lines)
    except OSError as error:
        raise StateError(f"findings cannot be written to {out} ({error.strerror})") from error
    return count


def ranked(samples: Any, *, where: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
    """Yields the findings of samples, worst first: what a line of ``findings.jsonl`` holds.

    By score, then severity, then key. Of a group the worst comes in its place, the others behind
    all groups.

    Args:
        samples: a dataset or view
        where: what the finding must be, such as ``{"label": "tiny_mask"}``
    """
    pipeline = [
        *working_set.pipeline(samples),
        {"$project": {fields.KEY: 1, fields.PHRASE: 1, fields.CAPTION: 1, LABELS: 1}},
        {"$unwind": f"${LABELS}"},
        {"$match": {f"{LABELS}.{name}": value for name, value in (where or {}).items()}},
        {"$addFields": {"rank": {"$indexOfArray": [list(SEVERITIES), f"${LABELS}.severity"]}}},
        {"$sort": {f"{LABELS}.score": 1, "rank": 1, fields.KEY: 1, f"{LABELS}.label": 1}},
    ]
    groups: set[str] = set()
    with SpooledTemporaryFile(max_size=IN_MEMORY) as others:
        for line in _lines(samples, pipeline):
            if line["group"] in groups:
                pickle.dump(line, others)
                continue
            if line["group"]:
                groups.add(line["group"])
            yield line
        end = others.tell()
        others.seek(0)
        while others.tell() < end:
            yield pickle.load(others)


def _lines(samples: Any, pipeline: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for doc in fo_internals.collection(samples).aggregate(pipeline, allowDiskUse=True):
        one = doc[fields.FINDINGS]["classifications"]
        phrase = doc.get(fields.PHRASE, doc.get(fields.CAPTION))
        line = {"key": doc[fields.KEY], "phrase": phrase, "check": one["label"]}
        yield line | {name: one.get(name) for name in LABEL_VALUES[1:]}
