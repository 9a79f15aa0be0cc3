"""Draws a stratified random sample of pairs, as a session in which findings are hidden."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from sys import intern
from typing import Any, NamedTuple, TypedDict

from bson import ObjectId

from pairlens.fiftyone_plugin.checks import SEVERITIES
from pairlens.fiftyone_plugin.curation import (
    editable_masks,
    fixes,
    sessions,
    texts,
)
from pairlens.fiftyone_plugin.curation.panel_types import SessionView
from pairlens.fiftyone_plugin.curation.selection import LABELS
from pairlens.fiftyone_plugin.estimate.intervals import allocate
from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.fields import VerdictKind

UNFLAGGED = ""
"""Severity of pairs without a finding."""

EXPECTED_SHARES = {"error": 0.9, "warning": 0.6, "info": 0.2, UNFLAGGED: 0.05}
"""Expected share of bad pairs by worst severity, before any pair is judged."""

MIN_PER_STRATUM = 5
"""Minimum of pairs to draw from a stratum."""

MAX_SIZE = 20_000
"""Maximum of pairs in a sample: its description is one document in the database."""

BINS = (0.02, 0.1, 0.5)
"""Bounds between the bins of the estimated chance that a pair is bad."""


class FramePair(NamedTuple):
    """A pair of the dataset that can be drawn.

    Attributes:
        id: id of the sample
        image: identifies the image
        severity: severity of the worst finding, ``""`` if there is none
        bin: bin of the estimated chance that the pair is bad, ``""`` if it was not estimated
        split: split of the dataset
    """

    id: ObjectId
    image: str
    severity: str
    bin: str
    split: str


class SampledStratum(TypedDict):
    """A stratum of ``size`` pairs, as it is stored."""

    name: str
    severity: str
    size: int


class Sampled(TypedDict):
    """The description of a sample, as stored with its session.

    ``drawn`` has the number of the stratum and the image for each position of the queue. ``known``
    counts the pairs that already had a verdict, as ``[decision, severity, pairs]``; see
    :data:`DECIDED`.
    """

    seed: int
    size: int
    strata: list[SampledStratum]
    drawn: list[list[Any]]
    known: list[list[Any]]


DECIDED = ("kept", "mended", "to_mend", "dropped")
"""Decisions on pairs that had a verdict when the sample was drawn."""


def draw(
    dataset: Any,
    *,
    size: int = 300,
    seed: int = 1,
    name: str | None = None,
    reviewer: str | None = None,
) -> SessionView:
    """Draws a sample of the pairs without a verdict, and starts a session over it.

    The same pairs with the same findings and verdicts give the same sample.

    Args:
        dataset: a dataset that PairLens imported and flagged
        size: number of pairs to draw; all if there are fewer
        seed: seed of the random numbers
        name: name of the session
        reviewer: the reviewer who starts it

    Raises:
        UsageError: for a size below 1 or above :data:`MAX_SIZE`, or a name that is taken
        StateError: if the dataset was not flagged, or has no pair without a verdict
    """
    working_set.check(dataset)
    starter = texts.reviewer_of(reviewer)
    if not 1 <= size <= MAX_SIZE:
        raise UsageError(f"--size {size}: give 1 to {MAX_SIZE:,} pairs")
    where = {"$match": {fields.QUALITY: None}}
    collection = fo_internals.collection(dataset)
    if next(collection.aggregate([*working_set.pipeline(dataset), where, {"$limit": 1}]), None):
        raise StateError(
            f"there are pairs that were not checked; run: pairlens flag {dataset.name}"
        )
    decided: Counter[tuple[str, str]] = Counter()
    counted = Counter(_finest_of(stratum) for stratum in _frame(dataset, decided))
    if not counted:
        raise StateError(f"all pairs of dataset {dataset.name!r} have a verdict; none can be drawn")
    strata = _make_strata(counted, size)
    rng = random.Random(seed)
    guesses = [EXPECTED_SHARES[stratum.severity] for stratum in strata.values()]
    counts = allocate([stratum.size for stratum in strata.values()], guesses, size, MIN_PER_STRATUM)
    positions = [
        rng.sample(range(stratum.size), count)
        for stratum, count in zip(strata.values(), counts, strict=True)
    ]
    drawn = _read_drawn(dataset, [*strata.values()], positions)
    rng.shuffle(drawn)
    sample: Sampled = {
        "seed": seed,
        "size": len(drawn),
        "strata": [
            {"name": title, "severity": stratum.severity, "size": stratum.size}
            for title, stratum in strata.items()
        ],
        "drawn": [[number, stratum.image] for number, stratum in drawn],
        "known": [[decision, severity, n] for (decision, severity), n in sorted(decided.items())],
    }
    session = sessions.create(
        dataset,
        name,
        starter,
        {"kind": "sample", "text": f"a random sample of {len(drawn):,} pairs, seed {seed}"},
        (stratum.id for _, stratum in drawn),
        sample=dict(sample),
    )
    if dataset.has_field(fields.SEGMENTATION):
        editable_masks.offer(dataset)
    return sessions.get(dataset, str(session))


def _frame(dataset: Any, decided: Counter[tuple[str, str]]) -> Iterator[FramePair]:
    """Yields the pairs without a verdict, in the order of their keys, and counts the others."""
    projection = dict.fromkeys(
        (*fixes.READ, fields.IMAGE_ID, fields.SPLIT, fields.P_BAD, f"{LABELS}.severity"), 1
    )
    pipeline = [
        *working_set.pipeline(dataset),
        {"$sort": {fields.KEY: 1}},
        {"$project": projection},
    ]
    collection = fo_internals.collection(dataset)
    for doc in collection.aggregate(pipeline, allowDiskUse=True, batchSize=store.BATCH):
        severity = worst_severity(doc)
        verdict = doc.get(fields.VERDICT)
        if verdict in (VerdictKind.KEEP, VerdictKind.FIX, VerdictKind.DROP):
            decided[_decided_kind(doc, verdict), severity] += 1
            continue
        split = intern(doc.get(fields.SPLIT) or "")  # one string object for all its pairs
        digest = (doc.get(fields.SOURCE) or {}).get(fields.DIGEST)
        image = digest or f"{split}/{doc.get(fields.IMAGE_ID)}"
        yield FramePair(doc["_id"], image[:64], severity, _bin(doc.get(fields.P_BAD)), split)


def _decided_kind(doc: dict[str, Any], verdict: str) -> str:
    if verdict != VerdictKind.FIX:
        return "dropped" if verdict == VerdictKind.DROP else "kept"
    return "to_mend" if fixes.is_to_be_fixed(doc) else "mended"


def worst_severity(doc: dict[str, Any]) -> str:
    """The severity of the worst finding of a sample, ``""`` if it has none."""
    labels = (doc.get(fields.FINDINGS) or {}).get("classifications") or ()
    severities = {label.get("severity") for label in labels}
    return next((severity for severity in SEVERITIES if severity in severities), UNFLAGGED)


def _bin(chance: float | None) -> str:
    if chance is None:
        return ""
    edges = (0.0, *BINS, 1.0)
    number = sum(chance >= bound for bound in BINS)
    return f"{edges[number]:.0%} to {edges[number + 1]:.0%}"


_Finest = tuple[str, str, str]
"""Severity, bin and split."""


def _finest_of(pair: FramePair) -> _Finest:
    return pair.severity, pair.bin, pair.split


class _Stratum(NamedTuple):
    """A stratum: pairs of one severity, identified by their finest strata."""

    severity: str
    size: int
    members: frozenset[_Finest]


_PARTS = (3, 2, 1)
"""How many of severity, bin and split define a stratum, the finest first."""


def _make_strata(counted: Counter[_Finest], size: int) -> dict[str, _Stratum]:
    """The strata by name, the finest from which twice the minimum can be drawn."""
    members: dict[str, list[_Finest]] = {}
    for parts in _PARTS:
        members = {}
        for key in counted:
            named = (key[0] or "no finding", *key[1:])[:parts]
            members.setdefault(", ".join(filter(None, named)), []).append(key)
        if 2 * MIN_PER_STRATUM * len(members) <= size:
            break
    return {
        name: _Stratum(keys[0][0], sum(counted[key] for key in keys), frozenset(keys))
        for name, keys in sorted(members.items())
    }


def _read_drawn(
    dataset: Any, strata: list[_Stratum], positions: list[list[int]]
) -> list[tuple[int, FramePair]]:
    """Reads the drawn pairs, with the numbers of their strata.

    All pairs are read a second time, so that only the drawn ones are in memory.

    Args:
        dataset: the dataset
        strata: its strata
        positions: for each stratum, the drawn positions among its pairs

    Raises:
        StateError: if verdicts or findings changed since the pairs were counted
    """
    number_of = {key: number for number, pair in enumerate(strata) for key in pair.members}
    wanted = [frozenset(each) for each in positions]
    found: list[dict[int, FramePair]] = [{} for _ in strata]
    counts = [0] * len(strata)
    for pair in _frame(dataset, Counter()):
        if (number := number_of.get(_finest_of(pair))) is None:
            continue
        if counts[number] in wanted[number]:
            found[number][counts[number]] = pair
        counts[number] += 1
    if counts != [pair.size for pair in strata]:
        raise StateError(
            f"verdicts or findings of dataset {dataset.name!r} changed while pairs were drawn; "
            "run this again"
        )
    return [
        (number, found[number][position])
        for number, drawn in enumerate(positions)
        for position in drawn
    ]
