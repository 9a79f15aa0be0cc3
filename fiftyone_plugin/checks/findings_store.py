"""Stores findings on samples, and decides whether a repeated flagging would find the same.

Only changes are written. The selections ``clean`` and ``quiet`` leave out dropped pairs and pairs
with open findings.

A flagging stores its report in the dataset's facts, with digests of all that it depends on:

- the code of PairLens and its platform, the checks with their parameters, and the scored fields
  that they use
- the samples' stored documents, without the fields that a flagging writes
- the resulting findings of the samples

If all three are unchanged, the checks would find the same and do not run. Nothing is stored if the
digests do not cover everything: if a check of another package ran, a sample was changed during the
run, or the code was updated after it was loaded.
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
from pairlens.importers.batches import batched
from pairlens.importers.fields import VerdictKind
from pairlens.importers.spools import ID_BYTES, IdSpool

SOUND = 1.0
"""The quality of a sample without findings."""

_AS_SOUND = (SOUND, None)
"""The quality and the labels, as stored."""


OPEN: dict[str, tuple[Severity, ...]] = {"clean": ("error",), "quiet": ("error", "warning")}
"""Severities of open findings that exclude a pair, by selection."""

ACCEPTED = (VerdictKind.KEEP, VerdictKind.FIX)
"""Verdicts that close the findings of a pair and select it for ``kept``; ``fix`` only after an
edit."""

_UNREAD_FIELDS = (
    # a flagging writes
    *(fields.FINDINGS, fields.QUALITY, fields.WORST_SEVERITY, fields.READING, "last_modified_at"),
    *("_dataset_id", "created_at"),  # a clone has its own
)
"""Fields that are left out of the digest of a document, since no check reads them."""

_LOADED = time.time()

_DIGEST = 16
"""Bytes of a digest."""


class Changes(NamedTuple):
    """Changed findings of some samples.

    Attributes:
        sound: ids, 12 bytes each, of samples that no longer have or never had a finding
        others: ids, and values by field, of samples whose new findings differ from the stored
    """

    sound: Sequence[bytes]
    others: Sequence[tuple[ObjectId, dict[str, Any]]]


def changes_of(some: Checked) -> Changes:
    """The changes between the stored and the new findings of samples."""
    stored = enumerate(zip(some.qualities, some.labels, strict=True))
    sound = [n for n, was in stored if was != _AS_SOUND and n not in some.findings]
    others = [
        (ObjectId(_id(some, number)), stored_values(findings))
        for number, findings in sorted(some.findings.items())
        if _differs(some, number, findings)
    ]
    return Changes([_id(some, number) for number in sound], others)


def _id(some: Checked, number: int) -> bytes:
    return some.ids[ID_BYTES * number : ID_BYTES * (number + 1)]


class Writing:
    """Stores findings in the background, while the checks run over further samples.

    Samples without findings are written last, in the order of their ids, which is their order in
    the database: by image, MongoDB would read and write most of its pages several times.

    Args:
        dataset: the dataset of the samples
        threads: background threads, used in turns
    """

    def __init__(self, dataset: Any, threads: Iterator[BackgroundThread]) -> None:
        self._dataset = dataset
        self._threads = threads
        self._sound = IdSpool()
        self._begun = False

    @property
    def waiting(self) -> int:
        """The number of samples that wait to be written."""
        return len(self._sound)

    def add(self, some: Checked) -> int:
        """Adds samples with their new findings; returns how many of them change."""
        if not self._begun:
            schema.unindex_changes(self._dataset)
        self._begun, changes = True, changes_of(some)
        next(self._threads)(partial(store.update, self._dataset, changes.others))
        self._sound.add(changes.sound)
        return len(changes.sound) + len(changes.others)

    def finish(self) -> Iterator[int]:
        """Writes the waiting samples; yields how many still wait."""
        waiting = self.waiting
        for ids in batched(self._sound, store.BATCH):
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
    """The highest severity of findings, ``None`` without findings."""
    return min((f.severity for f in findings), key=SEVERITIES.index, default=None)


def complete(dataset: Any) -> None:
    """Adds derived fields to findings that an earlier version stored or that were typed in the App.

    Indexes tell which samples lack them, so that no others are read.
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
    # A label that was typed in the App has no severity.
    found = {"$filter": {"input": places, "cond": {"$gte": ["$$this", 0]}}}
    worst = {"$arrayElemAt": [list(SEVERITIES), {"$min": found}]}
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
    """Whether one of the selections of :data:`OPEN` leaves out a pair.

    Args:
        select: name of the selection
        verdict: the pair's verdict, if any
        severities: severities of the pair's findings
    """
    if verdict in ACCEPTED:
        return False
    return verdict == VerdictKind.DROP or any(each in OPEN[select] for each in severities)


class FlagCache:
    """The stored report of the last flagging, and whether it holds for this one.

    Args:
        samples: the dataset or view to flag
        checks: the checks to run
        scorings: the evaluation's key by prediction field

        Attributes:
            enabled: whether the report of this flagging can be stored
    """

    def __init__(self, samples: Any, checks: Sequence[Check], scorings: Mapping[str, str]) -> None:
        self._samples = samples
        self._rules = _rules(checks, scorings, store.kind_of(samples))
        # With a check of datasets, all samples are read before the first is written.
        together = any(one.scope == "dataset" for one in checks)
        self.enabled = together and all(map(_is_builtin, checks)) and bool(_code())
        self._modification_sum: int | None = None
        self._documents_digest = ""
        self._count = 0
        self._findings = 0

    def cached(self) -> dict[str, Any] | None:
        """The report of the last flagging if this one would find the same, else ``None``."""
        stored = store.info(self._samples).get(fields.FLAGGED) or {}
        if not self.enabled or stored.get("rules") != self._rules:
            return None
        if stored.get("findings") != _hex_sum(_stored_findings(self._samples)):
            return None
        self._read()
        if stored.get("documents") != self._documents_digest:
            return None
        return json.loads(stored["told"])

    def count(self) -> int:
        """The number of samples."""
        if not self.enabled:
            return working_set.count(self._samples)
        if not self._documents_digest:
            self._read()
        return self._count

    def watch(self, found: Iterable[Checked]) -> Iterator[Checked]:
        """Yields the checked samples, and disables the cache if samples change during the run."""
        if self.enabled and not self._documents_digest:
            self._read()
        for number, some in enumerate(found):
            if not number and self._modification_sum != _modification_sum(self._samples):
                self.enabled = False
            self._findings += sum(_new_finding_numbers(some))
            yield some

    def store_report(self, report: Mapping[str, Any]) -> None:
        """Stores the report of this flagging, after all findings are stored."""
        if self.enabled:
            stored = {
                "rules": self._rules,
                "documents": self._documents_digest,
                "findings": _hex_sum(self._findings),
                "told": json.dumps(report),
            }
            store.update_info(fo_internals.dataset_of(self._samples), **{fields.FLAGGED: stored})

    def _read(self) -> None:
        self._modification_sum = _modification_sum(self._samples)
        self._documents_digest, self._count = _documents_digest(self._samples)


def _rules(checks: Sequence[Check], scorings: Mapping[str, str], kind: str) -> str:
    ran = sorted((one.name, sorted(one.params.items())) for one in checks)
    rules = (ran, sorted(scorings.items()), kind, sys.version, np.__version__, _code())
    return _digest(repr(rules).encode()).hex()


def _is_builtin(one: Check) -> bool:
    """Whether a check is part of PairLens; one of another package may depend on anything."""
    function: Any = one.function
    while isinstance(function, partial):
        function = function.args[0]
    return function.__module__.startswith(f"{__package__}.")


@cache
def _code() -> str:
    """A digest of the code of PairLens, any of which can affect findings.

    It is ``""`` if a file changed after the code was loaded, as in an update while the App runs:
    the running code then differs from the files.
    """
    code, changed = blake2b(digest_size=_DIGEST), 0.0
    for package in (Path(importers.__file__).parent, Path(__file__).parents[1]):
        for file in sorted(package.rglob("*.py")):
            code.update(file.read_bytes())
            changed = max(changed, file.stat().st_ctime)  # installers cannot set it back
    return code.hexdigest() if changed < _LOADED else ""


def _documents_digest(samples: Any) -> tuple[str, int]:
    """A digest of the samples' documents, which are not decoded, and their number."""
    pipeline = [*working_set.pipeline(samples), {"$unset": list(_UNREAD_FIELDS)}]
    digest, count = blake2b(digest_size=_DIGEST), 0
    for some in store.raw(samples, pipeline):
        digest.update(some)
        at = 0
        while at < len(some):
            at += int.from_bytes(some[at : at + 4], "little")  # the length of a document
            count += 1
    return digest.hexdigest(), count


def _modification_sum(samples: Any) -> int:
    """A number that changes with each change of a sample: the sum of all modification times.

    Each is taken modulo 50 days, so that a billion can be added up.
    """
    time = {"input": "$last_modified_at", "to": "long", "onNull": 0, "onError": 0}
    times = {"$sum": {"$mod": [{"$convert": time}, 1 << 32]}}
    # In the order of an index, so that times are read from the index alone.
    pipeline = [{"$sort": {"last_modified_at": 1}}, {"$group": {"_id": None, "times": times}}]
    # A killed flagging has removed that index; the sort then takes memory.
    found = fo_internals.collection(samples).aggregate(pipeline, allowDiskUse=True)
    return next((one["times"] for one in found), 0)


# The numbers of findings are summed, since findings are made in one order and read in another.


def _stored_findings(samples: Any) -> int:
    unlike_sound = {"$nor": [{fields.QUALITY: SOUND, fields.FINDINGS: None}]}
    pipeline = [
        *working_set.pipeline(samples),
        {"$match": unlike_sound},
        {"$project": {fields.QUALITY: 1, "labels": STORED_LABELS}},
    ]
    found = fo_internals.collection(samples).aggregate(pipeline)
    return sum(
        _finding_number(one["_id"].binary, one.get(fields.QUALITY), one["labels"] or ())
        for one in found
    )


def _new_finding_numbers(some: Checked) -> Iterator[int]:
    for number, findings in some.findings.items():
        sample_id = _id(some, number)
        yield _finding_number(sample_id, quality_of(findings), [one[1:] for one in findings])


def _finding_number(
    sample_id: bytes, quality: float | None, labels: Iterable[Sequence[Any]]
) -> int:
    content = (sample_id, quality, [tuple(each) for each in labels])
    return int.from_bytes(_digest(repr(content).encode("utf-8", "replace")))


def _hex_sum(total: int) -> str:
    return f"{total % (1 << (8 * _DIGEST)):x}"


def _digest(content: bytes) -> bytes:
    return blake2b(content, digest_size=_DIGEST).digest()
