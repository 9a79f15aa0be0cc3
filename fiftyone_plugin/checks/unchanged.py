"""Whether the checks would find what they found last time, so that they need not run.

A flagging keeps, among the dataset's facts, digests of all that it went by, and what it told:

- of the code of PairLens and what it runs on, the checks with their parameters, and the scored
  fields that they use
- of the samples' documents as they are stored, but for what a flagging itself writes
- of the findings that the samples then have

Where these three are the same, the checks would find and store the same. Nothing is kept where
that cannot be told: of a run with a check of another package, which may go by anything, of one
during which somebody changed a sample, and of one with code that was updated since it was loaded.
Then, and where anything differs, the checks run.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from pairlens import importers
from pairlens.fiftyone_plugin.checks.base import Check
from pairlens.fiftyone_plugin.checks.finding import ID_BYTES, STORED_LABELS, Checked
from pairlens.fiftyone_plugin.checks.findings_store import SOUND, quality_of
from pairlens.importers import fields, fo_internals, store, working_set

T = TypeVar("T")

_NOT_READ = (
    # a flagging writes
    *(fields.FINDINGS, fields.QUALITY, fields.WORST_SEVERITY, fields.READING, "last_modified_at"),
    *("_dataset_id", "created_at"),  # a clone has its own
)
"""Of a document, what its digest is not made of: no check reads it."""

_LOADED = time.time()

_DIGEST = 16
"""Bytes of a digest."""


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
