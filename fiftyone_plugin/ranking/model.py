"""A regularised logistic regression of the verdicts, with the checks' own chances as its start.

The chances of the checks count as so many verdicts (:data:`PRIOR`): rows of pairs that nobody
judged, with their chances as targets, are fitted beside the verdicts. So the model begins with the
order of the checks, and moves away from it as far as the verdicts say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from pairlens.fiftyone_plugin.ranking.features import CHANCE, FeatureValues

Floats = NDArray[np.float64]

_WEIGHTS = 10
"""Features whose weights are reported."""

LEAST = 30
"""Verdicts from which on the model is used, in place of the chances of the checks."""

PRIOR = 10.0
"""Verdicts that the chances of the checks count for."""

STRENGTH = 0.3
"""The inverse of the regularisation."""

RARE = 3
"""Pairs that a feature must occur in."""

FOLDS = 5


class Weight(NamedTuple):
    """What a feature does: ``weight`` is added to the logarithm of the odds that a pair is bad."""

    name: str
    weight: float


class Examples(NamedTuple):
    """Judged pairs, and some that nobody judged.

    Attributes:
        features: features of the judged pairs
        bad: whether each is bad
        groups: what tells the image of each: pairs of one are never on both sides of a fold
        others: features of some pairs that nobody judged
    """

    features: Sequence[FeatureValues]
    bad: Sequence[bool]
    groups: Sequence[str]
    others: Sequence[FeatureValues]


class VerdictModel:
    """A fitted model.

    Args:
        examples: what it is fitted to; enough of them, with good and bad pairs (:func:`enough`)
    """

    def __init__(self, examples: Examples) -> None:
        judged = Counter(name for one in examples.features for name in one)
        counts = judged + Counter(name for one in examples.others for name in one)
        known = sorted(name for name, count in counts.items() if count >= RARE and judged[name])
        self._at = {name: number for number, name in enumerate(known)}
        rows, targets = [*examples.features], [float(one) for one in examples.bad]
        weights = [1.0] * len(rows)
        each = PRIOR / max(1, len(examples.others))
        for one in examples.others:
            chance = 1 / (1 + np.exp(-one.get(CHANCE, 0.0)))
            rows += [one, one]
            targets += [1.0, 0.0]
            weights += [each * chance, each * (1 - chance)]
        self._model = LogisticRegression(C=STRENGTH, max_iter=500)
        self._model.fit(self._matrix(rows), np.array(targets), sample_weight=np.array(weights))

    def chances(self, features: Sequence[FeatureValues]) -> Floats:
        """How likely each pair is bad, 0 to 1."""
        if not features:
            return np.empty(0)
        return self._model.predict_proba(self._matrix(features))[:, 1]

    def weights(self) -> list[Weight]:
        """The features that count most, those with the largest weights first."""
        named = [Weight(name, float(self._model.coef_[0][n])) for name, n in self._at.items()]
        return sorted(named, key=lambda one: -abs(one.weight))[:_WEIGHTS]

    def _matrix(self, features: Sequence[FeatureValues]) -> Any:
        data, columns, starts = [], [], [0]
        for one in features:
            for name, value in one.items():
                if name in self._at:
                    columns.append(self._at[name])
                    data.append(value)
            starts.append(len(data))
        return csr_matrix((data, columns, starts), shape=(len(features), len(self._at)))


def enough(bad: Sequence[bool]) -> bool:
    """Whether there are verdicts enough for a model: some of either kind."""
    return len(bad) >= LEAST and min(sum(bad), len(bad) - sum(bad)) >= 3


def out_of_fold(examples: Examples) -> Floats:
    """How likely each judged pair is bad by models that saw no verdict on a pair of its image."""
    chances = np.full(len(examples.features), np.nan)
    folds = min(FOLDS, len(set(examples.groups)))
    if folds < 2:
        return chances
    rows = np.arange(len(examples.features))
    for train, test in GroupKFold(folds).split(rows, groups=examples.groups):
        some = examples._replace(
            features=[examples.features[n] for n in train],
            bad=[examples.bad[n] for n in train],
            groups=[examples.groups[n] for n in train],
        )
        chances[test] = VerdictModel(some).chances([examples.features[n] for n in test])
    return chances


class Reliability(NamedTuple):
    """How good estimated chances are, of the pairs between two of them.

    Attributes:
        low: the lowest chance
        high: the highest
        pairs: judged pairs with such a chance
        expected: the mean chance
        found: the share that was bad
    """

    low: float
    high: float
    pairs: int
    expected: float
    found: float


EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def reliability(chances: Floats, bad: Sequence[bool]) -> list[Reliability]:
    """Estimated chances beside what was found, by ranges; those that hold no pair are left out."""
    found, was_bad = [], np.array(bad, np.float64)
    for low, high in pairwise(EDGES):
        there = (chances >= low) & ((chances < high) | (high == 1.0))
        if count := int(there.sum()):
            means = (float(values[there].mean()) for values in (chances, was_bad))
            found.append(Reliability(low, high, count, *means))
    return found
