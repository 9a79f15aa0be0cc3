"""Findings on the samples: how they are stored, and whether they would be found again.

No more is written than has changed. The selections ``clean`` and ``quiet`` leave out dropped pairs,
and those with open findings.

A flagging keeps, among the dataset's facts, digests of all that it went by, and what it told:

- of the code of PairLens and what it runs on, the checks with their parameters, and the scored
  fields that they use
- of the samples' documents as they are stored, but for what a flagging itself writes
- of the findings that the samples then have

Where these three are the same, the checks would find and store the same, and need not run. Nothing
is kept where that cannot be told: of a run with a check of another package, which may go by
anything, of one during which somebody changed a sample, and of one with code that was updated since
it was loaded. Then, and where anything differs, the checks run.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from bson import ObjectId

from pairlens import importers
from pairlens.fiftyone_plugin.checks.base import SEVERITIES, Check, Finding, Severity
from pairlens.fiftyone_plugin.checks.finding import (
    LABELS,
    STORED_LABELS,
    Checked,
    badness,
    badness_of,
)
from pairlens.importers import fields, fo_internals, safe_writes, schema, store, working_set
from pairlens.importers.background import BackgroundThread
from pairlens.importers.fields import VerdictKind
from pairlens.importers.spools import ID_BYTES, IdSpool

SOUND = 1.0
"""The quality of a sample without findings."""

_AS_SOUND = (SOUND, None)
"""The quality and the labels, as stored."""


OPEN: dict[str, tuple[Severity, ...]] = {"clean": ("error",), "quiet": ("error", "warning")}
"""By selection, the severities of the findings that leave a pair out as long as they are open."""

ACCEPTED = (VerdictKind.KEEP, VerdictKind.FIX)
"""Verdicts that close the findings of a pair, and take it into the selection ``kept``; of ``fix``
where something was mended."""

_NOT_READ = (
    # a flagging writes
    *(fields.FINDINGS, fields.QUALITY, fields.WORST_SEVERITY, fields.READING, "last_modified_at"),
    *("_dataset_id", "created_at"),  # a clone has its own
)
"""Of a document, what its digest is not made of: no check reads it."""

_LOADED = time.time()

_DIGEST = 16
"""Bytes of a digest."""


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
        threads: that run tasks in the background, in turns
    """

    def __init__(self, dataset: Any, threads: Iterator[BackgroundThread]) -> None:
        self._dataset = dataset
        self._threads = threads
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
        next(self._threads)(partial(store.update, self._dataset, changes.others))
        self._sound.add(changes.sound)
        return len(changes.sound) + len(changes.others)

    def finish(self) -> Iterator[int]:
        """Writes those that wait; yields how many still do."""
        waiting = self.waiting
        for ids in store.batched(self._sound, store.BATCH):
            next(self._threads)(partial(_write_sound, self._dataset, ids))
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


def complete(dataset: Any) -> None:
    """Stores what findings lack that an earlier version stored, or somebody typed into the App.

    What is to be done is looked up in indexes: what is flagged anew is not read for it.
    """
    lacking = {f"{fields.FINDINGS}._cls": {"$exists": True}, fields.BADNESS: None}
    samples = fo_internals.collection(dataset)
    if samples.find_one(lacking, {"_id": 1}) is not None:
        safe_writes.update_many(samples, lacking, [{"$set": {fields.BADNESS: badness()}}])
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
    safe_writes.update_many(samples, lacking, [{"$set": {fields.WORST_SEVERITY: worst}}])


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


class Repeated:
    """What a flagging goes by, beside what the last one did.

    Args:
        samples: the dataset or view that is flagged
        checks: that are to run
        scorings: the evaluation's key by prediction field
    """

    def __init__(self, samples: Any, checks: Sequence[Check], scorings: Mapping[str, str]) -> None:
        self._samples = samples
        self._rules = _rules(checks, scorings, store.kind_of(samples))
        # With a check of the dataset among them all samples are read before the first is written.
        together = any(one.scope == "dataset" for one in checks)
        self.is_kept = together and all(map(_is_own, checks)) and bool(_code())
        self._modified: int | None = None
        self._documents = ""
        self._count = 0
        self._findings = 0

    def told(self) -> dict[str, Any] | None:
        """What the last flagging told, if this one would find the same; else ``None``."""
        known = store.info(self._samples).get(fields.FLAGGED) or {}
        if not self.is_kept or known.get("rules") != self._rules:
            return None
        if known.get("findings") != _hex(_stored_findings(self._samples)):
            return None
        self._read()
        return json.loads(known["told"]) if known.get("documents") == self._documents else None

    def count(self) -> int:
        """The number of samples, which is told on the way where all are read."""
        if not self.is_kept:
            return working_set.count(self._samples)
        if not self._documents:
            self._read()
        return self._count

    def watched(self, found: Iterable[Checked]) -> Iterator[Checked]:
        """What is found, while it is looked at whether somebody changes the samples meanwhile."""
        if self.is_kept and not self._documents:
            self._read()
        for number, some in enumerate(found):
            if not number and self._modified != _modified(self._samples):
                self.is_kept = False
            self._findings += sum(_findings_found(some))
            yield some

    def keep(self, told: Mapping[str, Any]) -> None:
        """Keeps what was told, when all findings are stored."""
        if self.is_kept:
            known = {
                "rules": self._rules,
                "documents": self._documents,
                "findings": _hex(self._findings),
                "told": json.dumps(told),
            }
            store.update_info(fo_internals.dataset_of(self._samples), **{fields.FLAGGED: known})

    def _read(self) -> None:
        self._modified = _modified(self._samples)
        self._documents, self._count = _documents(self._samples)


def _rules(checks: Sequence[Check], scorings: Mapping[str, str], kind: str) -> str:
    ran = sorted((one.name, sorted(one.params.items())) for one in checks)
    told = (ran, sorted(scorings.items()), kind, sys.version, np.__version__, _code())
    return _digest(repr(told).encode()).hex()


def _is_own(one: Check) -> bool:
    """Whether a check is PairLens' own, and none of another package, which may go by anything."""
    function: Any = one.function
    while isinstance(function, partial):
        function = function.args[0]
    return function.__module__.startswith(f"{__package__}.")


@cache
def _code() -> str:
    """A digest of the code of PairLens, all of which a finding may come from.

    It is ``""`` where the code was changed since it was loaded, as by an update while the App runs:
    what then runs is not what stands in the files.
    """
    code, changed = blake2b(digest_size=_DIGEST), 0.0
    for package in (Path(importers.__file__).parent, Path(__file__).parents[1]):
        for file in sorted(package.rglob("*.py")):
            code.update(file.read_bytes())
            changed = max(changed, file.stat().st_ctime)  # which no installer sets back
    return code.hexdigest() if changed < _LOADED else ""


def _documents(samples: Any) -> tuple[str, int]:
    """A digest of the documents of samples, which are not decoded, and their number."""
    pipeline = [*working_set.pipeline(samples), {"$unset": list(_NOT_READ)}]
    digest, count = blake2b(digest_size=_DIGEST), 0
    for some in store.raw(samples, pipeline):
        digest.update(some)
        at = 0
        while at < len(some):
            at += int.from_bytes(some[at : at + 4], "little")  # with which a document begins
            count += 1
    return digest.hexdigest(), count


def _modified(samples: Any) -> int:
    """What changes with each change of a sample: the sum of the times of all, each modulo 50 days
    so that a billion can be added up.
    """
    time = {"input": "$last_modified_at", "to": "long", "onNull": 0, "onError": 0}
    times = {"$sum": {"$mod": [{"$convert": time}, 1 << 32]}}
    # In the order of an index, so that the times are read there and no sample is.
    pipeline = [{"$sort": {"last_modified_at": 1}}, {"$group": {"_id": None, "times": times}}]
    # Without that index, which a flagging that was killed has removed, the order takes memory.
    found = fo_internals.collection(samples).aggregate(pipeline, allowDiskUse=True)
    return next((one["times"] for one in found), 0)


# Findings are added up, as they come in one order and are stored in another.


def _stored_findings(samples: Any) -> int:
    unlike_sound = {"$nor": [{fields.QUALITY: SOUND, fields.FINDINGS: None}]}
    pipeline = [
        *working_set.pipeline(samples),
        {"$match": unlike_sound},
        {"$project": {fields.QUALITY: 1, "labels": STORED_LABELS}},
    ]
    found = fo_internals.collection(samples).aggregate(pipeline)
    return sum(
        _number(one["_id"].binary, one.get(fields.QUALITY), one["labels"] or ()) for one in found
    )


def _findings_found(some: Checked) -> Iterator[int]:
    for number, findings in some.found.items():
        of = some.ids[ID_BYTES * number : ID_BYTES * (number + 1)]
        yield _number(of, quality_of(findings), [one[1:] for one in findings])


def _number(of: bytes, quality: float | None, labels: Iterable[Sequence[Any]]) -> int:
    said = (of, quality, [tuple(each) for each in labels])
    return int.from_bytes(_digest(repr(said).encode("utf-8", "replace")))


def _hex(total: int) -> str:
    return f"{total % (1 << (8 * _DIGEST)):x}"


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()
