"""Estimates from the verdicts how likely each pair is bad, and stores it as ``p_bad``."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
from bson import ObjectId

from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.finding import EARLIER, LABELS, batches
from pairlens.fiftyone_plugin.checks.rows import Columns, Row, image_of
from pairlens.fiftyone_plugin.ranking.features import (
    NEEDS,
    FeatureValues,
    FoundScores,
    chance_by_checks,
    features_of,
)
from pairlens.fiftyone_plugin.ranking.model import (
    Examples,
    Reliability,
    VerdictModel,
    Weight,
    enough,
    out_of_fold,
    reliability,
)
from pairlens.importers import fields, leases, schema, store, working_set
from pairlens.importers.errors import StateError
from pairlens.importers.fields import VerdictKind
from pairlens.importers.parallel import Progress, no_progress, rare_collections
from pairlens.importers.scorings import scored_fields
from pairlens.importers.store import kind_of

IGNORED_CHECKS = frozenset({"image_missing"})
"""Checks that say nothing about the pair itself."""

MAX_OTHERS = 1000
"""Size of the random sample of pairs without a verdict."""

_MENDED = (fields.ORIGINAL_PHRASE, f"{fields.ORIGINAL_MASK}.digest")


@dataclass
class RankSummary:
    """Summary of a ranking.

    Attributes:
        pairs: number of pairs in the dataset
        verdicts: number of verdicts that the model was fitted to
        bad: number of bad pairs among them
        learned: whether they were enough for a model; if not, the chances are those by the checks
        mended: number of judged pairs that were edited since, and are no examples
        weights: the most important features; positive weights are for a bad pair
        reliability: reliability of the chances, by models without the verdicts in question
        expected: expected number of bad pairs among those without a verdict
        reordered: number of pairs of a session that were sorted
        seconds: duration of the run
    """

    pairs: int = 0
    verdicts: int = 0
    bad: int = 0
    learned: bool = False
    mended: int = 0
    weights: list[Weight] = field(default_factory=list)
    reliability: list[Reliability] = field(default_factory=list)
    expected: float = 0.0
    reordered: int | None = None
    seconds: float = 0.0


class _Judged(NamedTuple):
    """The judged pairs of a dataset, and a random sample of the others."""

    ids: list[ObjectId]
    examples: Examples
    mended: int


class _Reader:
    """Reads the pairs of a dataset with their features."""

    def __init__(self, dataset: Any) -> None:
        self._dataset = dataset
        keys = scored_fields(dataset)
        self._ious = {name: fields.iou_field(key) for name, key in keys.items()}
        more = (*NEEDS[1:], *self._ious.values(), *EARLIER, *_MENDED)
        self.columns = Columns.of((), {}, *dict.fromkeys(more))

    def batches(self) -> Iterator[tuple[list[Row], list[FeatureValues]]]:
        """Yields all pairs in batches, with their features."""
        for rows in batches(self._dataset, self.columns):
            findings = [_findings(self.columns.value(row, LABELS)) for row in rows]
            yield rows, features_of(Batch(rows, self.columns), findings, self._ious)


def _findings(labels: Any) -> FoundScores:
    return [
        (label[0], label[2])
        for label in labels or ()
        if label[0] not in IGNORED_CHECKS and None not in label[:3]
    ]


@leases.holding("rank", "chances")
def rank(dataset: Any, progress: Progress = no_progress) -> RankSummary:
    """Estimates how likely each pair is bad, and stores it as ``p_bad``.

    A model is fitted to the verdicts: ``keep`` is good, ``drop`` and ``fix`` are bad. Pairs that
    were edited after their verdict are no examples. The chance of a judged pair is estimated
    without the verdicts on pairs of its image. With too few verdicts the chances are those by the
    checks.

    Args:
        dataset: a dataset of pairs that PairLens imported and flagged
        progress: called with pairs done and pairs in all

    Raises:
        StateError: if the dataset was not flagged, or has no pairs
    """
    if kind_of(dataset) != "pairs":
        raise StateError("the model reads queries and masks, and the dataset holds none")
    total = working_set.count(dataset)
    unchecked = {fields.QUALITY: None}
    if not total or next(store.stream(dataset, ("_id",), where=unchecked), None):
        raise StateError(
            f"there are pairs that were not checked; run: pairlens flag {dataset.name}"
        )
    reader = _Reader(dataset)
    with rare_collections():
        judged = _judged(reader)
        examples = judged.examples
        summary = RankSummary(total, len(examples.bad), sum(examples.bad), mended=judged.mended)
        known: dict[ObjectId, float] = {}
        model = None
        if enough(examples.bad):
            model = VerdictModel(examples)
            chances = out_of_fold(examples)
            if not np.isnan(chances).any():
                summary.learned = True
                summary.weights, summary.reliability = (
                    model.weights(),
                    reliability(chances, examples.bad),
                )
                known = dict(zip(judged.ids, chances.tolist(), strict=True))
        schema.declare_chances(dataset)
        chosen = model if summary.learned else None
        store.update(dataset, _chances(reader, chosen, known, summary, progress))
    facts = {
        "time": datetime.now(UTC),
        "verdicts": summary.verdicts,
        "bad": summary.bad,
        "learned": summary.learned,
        "weights": [one._asdict() for one in summary.weights],
        "reliability": [one._asdict() for one in summary.reliability],
    }
    store.update_info(dataset, **{fields.RANKING: facts})
    return summary


def _judged(reader: _Reader) -> _Judged:
    """Reads the judged pairs, and draws a sample of the others (reservoir sampling)."""
    ids, features_of_judged, bad, groups, mended = [], [], [], [], 0
    others: list[FeatureValues] = []
    seen, rng = 0, random.Random(0)
    value = reader.columns.value
    for rows, features in reader.batches():
        for row, values in zip(rows, features, strict=True):
            verdict = value(row, fields.VERDICT)
            if verdict in (VerdictKind.KEEP, VerdictKind.DROP, VerdictKind.FIX):
                if any(value(row, path) is not None for path in _MENDED):
                    mended += 1
                    continue
                ids.append(value(row, "_id"))
                features_of_judged.append(values)
                bad.append(verdict != VerdictKind.KEEP)
                groups.append(repr(image_of(row)))
                continue
            seen += 1
            if len(others) < MAX_OTHERS:
                others.append(values)
            elif (index := rng.randrange(seen)) < MAX_OTHERS:
                others[index] = values
    return _Judged(ids, Examples(features_of_judged, bad, groups, others), mended)


def _chances(
    reader: _Reader,
    model: VerdictModel | None,
    known: dict[ObjectId, float],
    summary: RankSummary,
    progress: Progress,
) -> Iterator[tuple[ObjectId, dict[str, Any]]]:
    done = 0
    for rows, features in reader.batches():
        if model is None:
            findings = [_findings(reader.columns.value(row, LABELS)) for row in rows]
            chances = [chance_by_checks(scores) for scores in findings]
        else:
            chances = model.chances(features).tolist()
        for row, chance in zip(rows, chances, strict=True):
            sample_id = reader.columns.value(row, "_id")
            chance = known.get(sample_id, chance)
            if not reader.columns.value(row, fields.VERDICT):
                summary.expected += chance
            yield sample_id, {fields.P_BAD: round(chance, 4)}
        done += len(rows)
        progress(done, summary.pairs)


def plain(summary: RankSummary) -> dict[str, Any]:
    """A summary as plain values, for JSON."""
    lists = {
        name: [one._asdict() for one in getattr(summary, name)]
        for name in ("weights", "reliability")
    }
    return asdict(summary) | lists
