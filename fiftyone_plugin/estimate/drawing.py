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
"""In the place of the severity of pairs without a finding."""

GUESSES = {"error": 0.9, "warning": 0.6, "info": 0.2, UNFLAGGED: 0.05}
"""By worst severity, the share of bad pairs that is expected before any was looked at."""

LEAST = 5
"""Pairs of a stratum that are drawn at least."""

MOST = 20_000
"""Pairs of a sample: how it was drawn is one document of the database."""

BINS = (0.02, 0.1, 0.5)
"""Bounds of the chance to be bad between which pairs are a stratum."""


class FramePair(NamedTuple):
    """A pair of the dataset that can be drawn.

    Attributes:
        id: of its sample
        image: what tells its image
        severity: of its worst finding, ``""`` where it has none
        bin: of its estimated chance to be bad, ``""`` where that is not there
        split: of the dataset
    """

    id: ObjectId
    image: str
    severity: str
    bin: str
    split: str


class SampledStratum(TypedDict):
    """A stratum as it is stored: ``size`` pairs, of which ``ids`` and their images were drawn."""

    name: str
    severity: str
    size: int


class Sampled(TypedDict):
    """How a sample was drawn, with the session.

    ``drawn`` has for each position of the queue the number of its stratum and its image; ``known``
    the pairs that had a verdict already, by ``kept``, ``mended``, ``to_mend`` and ``dropped`` and
    worst severity, as ``[what, severity, pairs]``.
    """

    seed: int
    size: int
    strata: list[SampledStratum]
    drawn: list[list[Any]]
    known: list[list[Any]]


KNOWN = ("kept", "mended", "to_mend", "dropped")


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
        size: pairs to draw, all if there are fewer
        seed: of the drawing
        name: of the session
        reviewer: who starts it

    Raises:
        UsageError: for a size below 1 or above :data:`MOST`, or a name that is taken
        StateError: if the dataset was not flagged, or has no pair without a verdict
    """
    working_set.check(dataset)
    who = texts.reviewer_of(reviewer)
    if not 1 <= size <= MOST:
        raise UsageError(f"--size {size}: give 1 to {MOST:,} pairs")
    where = {"$match": {fields.QUALITY: None}}
    collection = fo_internals.collection(dataset)
    if next(collection.aggregate([*working_set.pipeline(dataset), where, {"$limit": 1}]), None):
        raise StateError(
            f"there are pairs that were not checked; run: pairlens flag {dataset.name}"
        )
    known: Counter[tuple[str, str]] = Counter()
    counted = Counter(_finest(one) for one in _frame(dataset, known))
    if not counted:
        raise StateError(f"all pairs of dataset {dataset.name!r} have a verdict; none can be drawn")
    strata = _stratified(counted, size)
    rng = random.Random(seed)
    guesses = [GUESSES[one.severity] for one in strata.values()]
    counts = allocate([one.size for one in strata.values()], guesses, size, LEAST)
    places = [
        rng.sample(range(one.size), count)
        for one, count in zip(strata.values(), counts, strict=True)
    ]
    drawn = _taken(dataset, [*strata.values()], places)
    rng.shuffle(drawn)
    sample: Sampled = {
        "seed": seed,
        "size": len(drawn),
        "strata": [
            {"name": title, "severity": one.severity, "size": one.size}
            for title, one in strata.items()
        ],
        "drawn": [[number, one.image] for number, one in drawn],
        "known": [[what, severity, n] for (what, severity), n in sorted(known.items())],
    }
    session = sessions.create(
        dataset,
        name,
        who,
        {"kind": "sample", "text": f"a random sample of {len(drawn):,} pairs, seed {seed}"},
        (one.id for _, one in drawn),
        sample=dict(sample),
    )
    if dataset.has_field(fields.SEGMENTATION):
        editable_masks.offer(dataset)
    return sessions.get(dataset, str(session))


def _frame(dataset: Any, known: Counter[tuple[str, str]]) -> Iterator[FramePair]:
    """The pairs without a verdict, in the order of their keys; counts the others."""
    wanted = dict.fromkeys(
        (*fixes.READ, fields.IMAGE_ID, fields.SPLIT, fields.P_BAD, f"{LABELS}.severity"), 1
    )
    pipeline = [*working_set.pipeline(dataset), {"$sort": {fields.KEY: 1}}, {"$project": wanted}]
    collection = fo_internals.collection(dataset)
    for doc in collection.aggregate(pipeline, allowDiskUse=True, batchSize=store.BATCH):
        severity = worst_severity(doc)
        verdict = doc.get(fields.VERDICT)
        if verdict in (VerdictKind.KEEP, VerdictKind.FIX, VerdictKind.DROP):
            known[_decided(doc, verdict), severity] += 1
            continue
        split = intern(doc.get(fields.SPLIT) or "")  # one text for all pairs of it
        digest = (doc.get(fields.SOURCE) or {}).get(fields.DIGEST)
        image = digest or f"{split}/{doc.get(fields.IMAGE_ID)}"
        yield FramePair(doc["_id"], image[:64], severity, _bin(doc.get(fields.P_BAD)), split)


def _decided(doc: dict[str, Any], verdict: str) -> str:
    if verdict != VerdictKind.FIX:
        return "dropped" if verdict == VerdictKind.DROP else "kept"
    return "to_mend" if fixes.is_to_be_fixed(doc) else "mended"


def worst_severity(doc: dict[str, Any]) -> str:
    """The severity of the worst finding of a sample, ``""`` where it has none."""
    labels = (doc.get(fields.FINDINGS) or {}).get("classifications") or ()
    there = {label.get("severity") for label in labels}
    return next((one for one in SEVERITIES if one in there), UNFLAGGED)


def _bin(chance: float | None) -> str:
    if chance is None:
        return ""
    edges = (0.0, *BINS, 1.0)
    number = sum(chance >= bound for bound in BINS)
    return f"{edges[number]:.0%} to {edges[number + 1]:.0%}"


_Finest = tuple[str, str, str]
"""Severity, bin and split."""


def _finest(one: FramePair) -> _Finest:
    return one.severity, one.bin, one.split


class _Stratum(NamedTuple):
    """Pairs of one severity: how many there are, and what tells them."""

    severity: str
    size: int
    members: frozenset[_Finest]


_PARTS = (3, 2, 1)
"""How much of severity, bin and split makes a stratum, the finest first."""


def _stratified(counted: Counter[_Finest], size: int) -> dict[str, _Stratum]:
    """The strata by name: as fine as leaves room for twice the least of each."""
    members: dict[str, list[_Finest]] = {}
    for parts in _PARTS:
        members = {}
        for key in counted:
            named = (key[0] or "no finding", *key[1:])[:parts]
            members.setdefault(", ".join(filter(None, named)), []).append(key)
        if 2 * LEAST * len(members) <= size:
            break
    return {
        name: _Stratum(keys[0][0], sum(counted[key] for key in keys), frozenset(keys))
        for name, keys in sorted(members.items())
    }


def _taken(
    dataset: Any, strata: list[_Stratum], places: list[list[int]]
) -> list[tuple[int, FramePair]]:
    """The pairs at some places of each stratum, in the order of the places, with its number.

    The pairs are read a second time, so that only those that are drawn are held.

    Raises:
        StateError: where others changed what is drawn from since the pairs were counted
    """
    number_of = {key: number for number, one in enumerate(strata) for key in one.members}
    wanted = [frozenset(each) for each in places]
    found: list[dict[int, FramePair]] = [{} for _ in strata]
    passed = [0] * len(strata)
    for one in _frame(dataset, Counter()):
        if (number := number_of.get(_finest(one))) is None:
            continue
        if passed[number] in wanted[number]:
            found[number][passed[number]] = one
        passed[number] += 1
    if passed != [one.size for one in strata]:
        raise StateError(
            f"verdicts or findings of dataset {dataset.name!r} changed while pairs were drawn; "
            "run this again"
        )
    return [(number, found[number][place]) for number, each in enumerate(places) for place in each]
