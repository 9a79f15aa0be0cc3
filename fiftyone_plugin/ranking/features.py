"""The features of a pair for the model of the verdicts, with readable names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.judgements import content_of
from pairlens.importers import fields

NEEDS = (
    fields.PHRASE,
    *(
        f"{fields.MASK_STATS}.{name}"
        for name in ("width", "height", "area", "border", "components", "rectangularity",
                     "elongation", "solidity", "x_quantiles", "y_quantiles", "error")
    ),
    fields.JUDGEMENTS,
)  # fmt: skip
"""The columns that the features are computed from."""

UNFLAGGED = 0.03
"""The chance that a pair without a finding is bad, before there are verdicts."""

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")

FeatureValues = dict[str, float]
"""The features of a pair by name; missing ones are 0."""

FoundScores = Sequence[tuple[str, float]]
"""The findings of a pair: name of the check and score in [0, 1]."""

CHANCE = "the chance by the checks"


def chance_by_checks(findings: FoundScores) -> float:
    """The chance that a pair is bad, by its worst finding, in [0, 1]."""
    worst = 1 - min((score for _, score in findings), default=1 - UNFLAGGED)
    return min(0.99, max(UNFLAGGED, worst))


def features_of(
    batch: Batch, findings: Sequence[FoundScores], ious: Mapping[str, str] | None = None
) -> list[FeatureValues]:
    """The features of the pairs of a batch.

    Args:
        batch: the pairs, with the columns of :data:`NEEDS`
        findings: the findings of each pair
        ious: column of the IoU by prediction field
    """
    columns = _numbers(batch)
    scored = {name: batch.number(path) for name, path in (ious or {}).items()}
    known = fields.JUDGEMENTS in batch.columns.paths
    judged = batch.present(fields.JUDGEMENTS) if known else np.zeros(len(batch), np.bool_)
    result = []
    for row, scores in enumerate(findings):
        chance = chance_by_checks(scores)
        features: FeatureValues = {CHANCE: float(np.log(chance / (1 - chance)))}
        features |= {f"finding {check}": max(0.0, 1 - score) for check, score in scores}
        features |= {name: float(values[row]) for name, values in columns.items()}
        for name, values in scored.items():
            if values[row] == values[row]:
                features[f"disagreement with {name}"] = 1 - float(values[row])
        features |= {f"word {word}": 1.0 for word in _words(batch.phrases[row])}
        if judged[row]:
            features |= _answers(batch.sample(row))
        result.append(features)
    return result


def _numbers(batch: Batch) -> dict[str, NDArray[Any]]:
    """Numeric features, (pairs,) each, scaled to a magnitude of about 1."""
    share = np.clip(batch.share, 1e-6, 1)
    lengths = np.array([len(phrase.split()) for phrase in batch.phrases], np.float64)
    return {
        "how large the mask is": np.log10(share) + 2,
        "sides that the mask touches": batch.sides.astype(np.float64),
        "parts of the mask": np.log1p(batch.stat("components")) - np.log(2),
        "how much the mask is a box": 2 * batch.stat("rectangularity") - 1,
        "how long the mask is": np.log(np.clip(batch.stat("elongation"), 1, 50)),
        "how convex the mask is": 2 * batch.stat("solidity") - 1,
        "how far the mask lies outside the named place": 5 * np.clip(batch.outside, 0, 1),
        "how long the query is": np.log1p(lengths) - 2,
        "the query names a place": batch.query_where(lambda q: q.place).astype(np.float64),
        "the query names a size": batch.query_where(lambda q: q.sizes).astype(np.float64),
        "the query names a color": batch.query_where(lambda q: q.colors).astype(np.float64),
        "the query names a class": batch.query_where(lambda q: q.classes).astype(np.float64),
    }


def _answers(sample: Sample) -> FeatureValues:
    """Features of judges' answers on the pair's present content; the doubt is in [-1, 1]."""
    features: FeatureValues = {}
    content = content_of(sample)
    for judgement in sample.judgements:
        if judgement.of == content and judgement.doubt is not None:
            features[f"the doubt of the judge {judgement.judge}"] = 2 * judgement.doubt - 1
            features |= {
                f"the judge {judgement.judge} denies: {_DENIED[name]}": 1.0
                for name in judgement.denied
            }
    return features


_DENIED = {"shows": "it is what the query says", "only": "it is the only one",
           "complete": "the mask is complete"}  # fmt: skip


def _words(phrase: str) -> set[str]:
    """The words and the bigrams of a query."""
    words = _WORD.findall(phrase.lower())
    return {*words, *(f"{a} {b}" for a, b in pairwise(words))}
