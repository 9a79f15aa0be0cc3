"""Findings on the samples: how they are stored, and which pairs they leave out of an export.

No more is written than has changed. The selections ``clean`` and ``quiet`` leave out dropped pairs,
and those with open findings.
"""

from __future__ import annotations

import json
import pickle
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO, Any, NamedTuple

from bson import ObjectId

from pairlens.fiftyone_plugin.checks.base import SEVERITIES, Finding, Severity
from pairlens.fiftyone_plugin.checks.dataset_statistics import IdSpool
from pairlens.fiftyone_plugin.checks.finding import ID_BYTES, LABEL_VALUES, LABELS, Checked
from pairlens.importers import fields, fo_internals, lasting, schema, store, working_set
from pairlens.importers.behind import OneBehind
from pairlens.importers.errors import StateError
from pairlens.importers.fields import VerdictKind
from pairlens.importers.files import replace_whole

IN_MEMORY = 32 << 20
"""Bytes up to which what comes later waits in memory."""

SOUND = 1.0
"""The quality of a sample without findings."""

UNFLAGGED = 2.0
"""The badness of a sample without findings."""

_STEP = 1e-5
"""By what a step of severity makes a sample less bad: less than any difference of scores does."""

_AS_SOUND = (SOUND, None)
"""The quality and the labels, as stored."""


OPEN: dict[str, tuple[Severity, ...]] = {"clean": ("error",), "quiet": ("error", "warning")}
"""By selection, the severities of the findings that leave a pair out as long as they are open."""

_EITHER = frozenset[str]().union(*OPEN.values())

ACCEPTED = (VerdictKind.KEEP, VerdictKind.FIX)
"""Verdicts that close the findings of a pair, and take it into the selection ``kept``; of ``fix``
where something was mended."""


class Changes(NamedTuple):
    """What is to be written of some samples.

    Attributes:
        sound: ids of those that get the same: that there is no finding; 12 bytes each
        others: ids, and values by field, of those with other findings than they have
    """

    sound: Sequence[bytes]
    others: Sequence[tuple[ObjectId, dict[str, Any]]]


def changes_of(some: Checked) -> Changes:
    """What is to be written of samples, with the findings they are to have."""
    stored = enumerate(zip(some.qualities, some.labels, strict=True))
    sound = [n for n, was in stored if was != _AS_SOUND and n not in some.found]
    others = [
        (ObjectId(_id(some, number)), stored_values(findings))
        for number, findings in sorted(some.found.items())
        if _differs(some, number, findings)
    ]
    return Changes([_id(some, number) for number in sound], others)


def _id(some: Checked, number: int) -> bytes:
    return some.ids[ID_BYTES * number : ID_BYTES * (number + 1)]


class Writing:
    """Stores findings on their samples, while others are found.

    Sound samples wait until the others are written, and go in the order of their ids, in which the
    database has them: image by image it would read and write most of its pages several times.

    Args:
        dataset: that the samples belong to
        behind: what runs tasks in threads, in turns
    """

    def __init__(self, dataset: Any, behind: Iterator[OneBehind]) -> None:
        self._dataset = dataset
        self._behind = behind
        self._sound = IdSpool()
        self._begun = False

    @property
    def waiting(self) -> int:
        """How many samples wait."""
        return len(self._sound)

    def add(self, some: Checked) -> int:
        """Takes in samples with the findings they are to have; how many have others, or none."""
        if not self._begun:
            schema.unindex_changes(self._dataset)
        self._begun, changes = True, changes_of(some)
        next(self._behind)(partial(store.update, self._dataset, changes.others))
        self._sound.add(changes.sound)
        return len(changes.sound) + len(changes.others)

    def finish(self) -> Iterator[int]:
        """Writes those that wait; yields how many still do."""
        waiting = self.waiting
        for ids in store.batched(self._sound, store.BATCH):
            next(self._behind)(partial(_write_sound, self._dataset, ids))
            waiting -= len(ids)
            yield waiting


def _write_sound(dataset: Any, ids: Iterable[bytes]) -> None:
    store.update_alike(dataset, list(map(ObjectId, ids)), stored_values(()))


def _differs(some: Checked, number: int, findings: Sequence[Finding]) -> bool:
    quality, labels = some.qualities[number], some.labels[number] or ()
    if quality is None or len(labels) != len(findings) or quality != quality_of(findings):
        return True
    return any(tuple(label) != f[1:] for label, f in zip(labels, findings, strict=True))


def quality_of(findings: Sequence[Finding]) -> float:
    """The quality of a sample with some findings: the lowest of their scores."""
    return min([f.score for f in findings], default=SOUND)


def worst_severity(findings: Sequence[Finding]) -> str | None:
    """The gravest severity of findings, ``None`` where there are none."""
    return min((f.severity for f in findings), key=SEVERITIES.index, default=None)


def badness_of(findings: Sequence[Finding]) -> float:
    """What :func:`badness` makes of findings."""
    return min(
        [_STEP * SEVERITIES.index(f.severity) + f.score for f in findings], default=UNFLAGGED
    )


def badness(check: str | None = None) -> dict[str, Any]:
    """A MongoDB expression that sorts samples worst first.

    A sample is as bad as its worst finding: score first, which is the chance that the sample is
    right, then severity. Scores in [0, 1] have four decimals, so that a step of severity counts
    less than any difference of scores; samples without a finding come last, with :data:`UNFLAGGED`.

    Args:
        check: only this check's findings count
    """
    found = labels_expression(check)
    rank = {"$indexOfArray": [list(SEVERITIES), "$$one.severity"]}
    # A label that somebody typed into the App has no severity and no score.
    rank = {"$cond": [{"$lt": [rank, 0]}, len(SEVERITIES), rank]}
    each = {"$add": [{"$multiply": [_STEP, rank]}, {"$ifNull": ["$$one.score", 1]}]}
    worst = {"$min": {"$map": {"input": found, "as": "one", "in": each}}}
    return {"$ifNull": [worst, UNFLAGGED]}


def labels_expression(check: str | None) -> dict[str, Any]:
    """A MongoDB expression for the findings of a sample, of a check alone where one is given."""
    found: Any = {"$ifNull": [f"${LABELS}", []]}
    if check is None:
        return found
    return {"$filter": {"input": found, "cond": {"$eq": ["$$this.label", check]}}}


def complete(dataset: Any) -> None:
    """Stores what findings lack that an earlier version stored, or somebody typed into the App.

    What is to be done is looked up in indexes: what is flagged anew is not read for it.
    """
    lacking = {f"{fields.FINDINGS}._cls": {"$exists": True}, fields.BADNESS: None}
    samples = fo_internals.collection(dataset)
    if samples.find_one(lacking, {"_id": 1}) is not None:
        lasting.update_many(samples, lacking, [{"$set": {fields.BADNESS: badness()}}])
    _add_worst_severities(dataset)


def _add_worst_severities(dataset: Any) -> None:
    samples, named = fo_internals.collection(dataset), {"$in": list(SEVERITIES)}
    with_finding, with_worst = {f"{LABELS}.severity": named}, {fields.WORST_SEVERITY: named}
    if samples.count_documents(with_finding) == samples.count_documents(with_worst):
        return
    place = {"$indexOfArray": [list(SEVERITIES), "$$this.severity"]}
    places = {"$map": {"input": f"${LABELS}", "in": place}}
    # A label that somebody typed into the App has no severity.
    known = {"$filter": {"input": places, "cond": {"$gte": ["$$this", 0]}}}
    worst = {"$arrayElemAt": [list(SEVERITIES), {"$min": known}]}
    lacking = {**with_finding, fields.WORST_SEVERITY: None}
    lasting.update_many(samples, lacking, [{"$set": {fields.WORST_SEVERITY: worst}}])


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
    value = {"_cls": "Classifications", "classifications": labels, "badness": badness_of(findings)}
    return {
        fields.FINDINGS: value if labels else None,
        fields.QUALITY: quality_of(findings),
        fields.WORST_SEVERITY: worst_severity(findings),
    }


def is_left_out(select: str, verdict: str | None, severities: Iterable[str | None]) -> bool:
    """Whether a selection of :data:`OPEN` leaves a pair out.

    Args:
        select: its name
        verdict: on the pair, if any
        severities: of the pair's findings
    """
    if verdict in ACCEPTED:
        return False
    return verdict == VerdictKind.DROP or any(each in OPEN[select] for each in severities)


@dataclass
class LeftOutCounts:
    """Counts pairs that the selections leave out, and the checks that they are left out for.

    A pair counts for every such check. Pairs with the verdict ``drop`` count for ``dropped``.
    """

    _pairs: Counter[str] = field(default_factory=Counter[str])
    _dropped: int = 0
    _checks: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    def add(self, verdict: str | None, findings: Iterable[Finding]) -> None:
        """Counts a pair."""
        findings = [f for f in findings if f.severity in _EITHER]
        if verdict is None and not findings:
            return
        self._dropped += verdict == VerdictKind.DROP
        for select, severities in OPEN.items():
            if not is_left_out(select, verdict, (f.severity for f in findings)):
                continue
            self._pairs[select] += 1
            if verdict != VerdictKind.DROP:
                named = {f.check for f in findings if f.severity in severities}
                self._checks.setdefault(select, Counter()).update(named)

    def summary(self) -> dict[str, Any]:
        """By selection ``{"pairs", "dropped", "checks": {check: pairs}}``."""
        return {
            select: {
                "pairs": self._pairs[select],
                "dropped": self._dropped,
                "checks": dict(self._checks.get(select, Counter()).most_common()),
            }
            for select in OPEN
        }


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
