"""Draws a stratified random sample of pairs, as a session in which findings are hidden."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from sys import intern
from typing import Any, NamedTuple, TypedDict

from bson import ObjectId

from pairlens.fiftyone_plugin.checks import SEVERITIES
from pairlens.fiftyone_plugin.curation import (
    editable_masks,
    mending,
    review_fields,
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
    review_fields.check_pairs(dataset)
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
    open_pairs = list(_frame(dataset, known))
    if not open_pairs:
        raise StateError(f"all pairs of dataset {dataset.name!r} have a verdict; none can be drawn")
    strata = _stratified(open_pairs, size)
    drawn, rng = [], random.Random(seed)
    guesses = [GUESSES[some[0].severity] for some in strata.values()]
    counts = allocate([*map(len, strata.values())], guesses, size, LEAST)
    for number, (some, count) in enumerate(zip(strata.values(), counts, strict=True)):
        drawn += [(number, one) for one in rng.sample(some, count)]
    rng.shuffle(drawn)
    sample: Sampled = {
        "seed": seed,
        "size": len(drawn),
        "strata": [
            {"name": title, "severity": some[0].severity, "size": len(some)}
            for title, some in strata.items()
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
        (*mending.READ, fields.IMAGE_ID, fields.SPLIT, fields.P_BAD, f"{LABELS}.severity"), 1
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
    return "to_mend" if mending.is_to_be_fixed(doc) else "mended"


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


_BY: tuple[Callable[[FramePair], tuple[str, ...]], ...] = (
    lambda one: (one.severity or "no finding", one.bin, one.split),
    lambda one: (one.severity or "no finding", one.bin),
    lambda one: (one.severity or "no finding",),
)
"""What makes a stratum, the finest first."""


def _stratified(pairs: list[FramePair], size: int) -> dict[str, list[FramePair]]:
    """The pairs by stratum: as fine as leaves room for twice the least of each."""
    found: dict[str, list[FramePair]] = {}
    for key in _BY:
        found = {}
        for one in pairs:
            found.setdefault(", ".join(filter(None, key(one))), []).append(one)
        if 2 * LEAST * len(found) <= size:
            break
    return dict(sorted(found.items()))
