"""A regularised logistic regression of the verdicts, with the chances by the checks as prior.

The prior has the weight of :data:`PRIOR_WEIGHT` verdicts: pairs without a verdict are added to the
examples, with their chances by the checks as targets. The model therefore starts with the order of
the checks, and deviates from it as verdicts accumulate.
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

_REPORTED_WEIGHTS = 10
"""Maximum of features whose weights are reported."""

MIN_VERDICTS = 30
"""Minimum of verdicts for the model; with fewer, the chances by the checks are used."""

PRIOR_WEIGHT = 10.0
"""Weight, in verdicts, of the chances by the checks."""

INVERSE_REGULARIZATION = 0.3
"""``C`` of scikit-learn's ``LogisticRegression``."""

MIN_OCCURRENCES = 3
"""Minimum of pairs with a feature; rarer ones are ignored."""

FOLDS = 5


class Weight(NamedTuple):
    """A feature and its coefficient: the change of the log-odds that a pair is bad."""

    name: str
    weight: float


class Examples(NamedTuple):
    """Judged pairs, and some pairs without a verdict.

    Attributes:
        features: features of the judged pairs
        bad: whether each judged pair is bad
        groups: identifies the image of each: pairs of one image are in the same fold
        others: features of some pairs without a verdict
    """

    features: Sequence[FeatureValues]
    bad: Sequence[bool]
    groups: Sequence[str]
    others: Sequence[FeatureValues]


class VerdictModel:
    """A fitted model.

    Args:
        examples: the pairs that it is fitted to; see :func:`enough`
    """

    def __init__(self, examples: Examples) -> None:
        judged = Counter(name for features in examples.features for name in features)
        counts = judged + Counter(name for features in examples.others for name in features)
        known = sorted(
            name for name, count in counts.items() if count >= MIN_OCCURRENCES and judged[name]
        )
        self._columns = {name: number for number, name in enumerate(known)}
        rows, targets = [*examples.features], [float(features) for features in examples.bad]
        weights = [1.0] * len(rows)
        weight = PRIOR_WEIGHT / max(1, len(examples.others))
        for features in examples.others:
            chance = 1 / (1 + np.exp(-features.get(CHANCE, 0.0)))
            rows += [features, features]
            targets += [1.0, 0.0]
            weights += [weight * chance, weight * (1 - chance)]
        self._model = LogisticRegression(C=INVERSE_REGULARIZATION, max_iter=500)
        self._model.fit(self._matrix(rows), np.array(targets), sample_weight=np.array(weights))

    def chances(self, features: Sequence[FeatureValues]) -> Floats:
        """The chance that each pair is bad, (n,) in [0, 1]."""
        if not features:
            return np.empty(0)
        return self._model.predict_proba(self._matrix(features))[:, 1]

    def weights(self) -> list[Weight]:
        """The features with the greatest absolute weights, the greatest first."""
        weights = [
            Weight(name, float(self._model.coef_[0][n])) for name, n in self._columns.items()
        ]
        return sorted(weights, key=lambda weight: -abs(weight.weight))[:_REPORTED_WEIGHTS]

    def _matrix(self, features: Sequence[FeatureValues]) -> Any:
        data, columns, starts = [], [], [0]
        for row in features:
            for name, value in row.items():
                if name in self._columns:
                    columns.append(self._columns[name])
                    data.append(value)
            starts.append(len(data))
        return csr_matrix((data, columns, starts), shape=(len(features), len(self._columns)))


def enough(bad: Sequence[bool]) -> bool:
    """Whether there are enough verdicts for a model, good and bad ones.

    Args:
        bad: whether each judged pair is bad
    """
    return len(bad) >= MIN_VERDICTS and min(sum(bad), len(bad) - sum(bad)) >= 3


def out_of_fold(examples: Examples) -> Floats:
    """The chance that each judged pair is bad, by models without the verdicts on its image.

    Returns:
        (n,) in [0, 1]; NaN if all pairs have the same image
    """
    chances = np.full(len(examples.features), np.nan)
    folds = min(FOLDS, len(set(examples.groups)))
    if folds < 2:
        return chances
    rows = np.arange(len(examples.features))
    for train, test in GroupKFold(folds).split(rows, groups=examples.groups):
        training = examples._replace(
            features=[examples.features[n] for n in train],
            bad=[examples.bad[n] for n in train],
            groups=[examples.groups[n] for n in train],
        )
        chances[test] = VerdictModel(training).chances([examples.features[n] for n in test])
    return chances


class Reliability(NamedTuple):
    """The reliability of estimated chances, for judged pairs with chances in a range.

    Attributes:
        low: lower bound of the range
        high: upper bound of the range
        pairs: number of judged pairs in the range
        expected: mean of their chances
        found: share of bad pairs among them
    """

    low: float
    high: float
    pairs: int
    expected: float
    found: float


EDGES = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.0)


def reliability(chances: Floats, bad: Sequence[bool]) -> list[Reliability]:
    """The reliability of chances by range; ranges without pairs are left out.

    Args:
        chances: (n,) estimated chances in [0, 1]
        bad: whether each pair is bad
    """
    result, was_bad = [], np.array(bad, np.float64)
    for low, high in pairwise(EDGES):
        in_range = (chances >= low) & ((chances < high) | (high == 1.0))
        if count := int(in_range.sum()):
            means = (float(values[in_range].mean()) for values in (chances, was_bad))
            result.append(Reliability(low, high, count, *means))
    return result
