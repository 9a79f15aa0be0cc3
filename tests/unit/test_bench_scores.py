"""Recall, precision and average precision of planted faults."""

from __future__ import annotations

import numpy as np
import pytest

from pairlens.fiftyone_plugin.bench.scores import average_precision, precision, recall, sureness
from pairlens.fiftyone_plugin.checks import Finding


def finding(check: str, severity: str, score: float) -> Finding:
    return Finding("k", check, severity, score, "")  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [([], []), ([], [1.0])], ids=["nothing", "none planted"])
def test_nothing_planted_has_no_figure(values: tuple[list[float], list[float]]):
    assert average_precision(*values) is None
    assert recall(values[0]) is None


def test_no_pair_found_has_no_precision():
    assert precision([0.0], [0.0]) is None


@pytest.mark.parametrize(
    ("planted", "others", "expected"),
    [
        pytest.param([2.0, 1.0], [0.0, 0.0], 1.0, id="all before the others"),
        pytest.param([0.0], [0.0, 0.0, 0.0], 0.25, id="none found"),
        pytest.param([3.0, 1.0], [2.0], (1 + 2 / 3) / 2, id="one between"),
        pytest.param([1.0], [1.0], 0.5, id="ties go together"),
    ],
)
def test_average_precision(planted: list[float], others: list[float], expected: float):
    assert average_precision(planted, others) == pytest.approx(expected)


def test_average_precision_agrees_with_scikit_learn():
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(0)
    for _ in range(50):
        planted = rng.integers(0, 6, int(rng.integers(1, 20))).tolist()
        others = rng.integers(0, 5, int(rng.integers(1, 60))).tolist()
        truth = [1] * len(planted) + [0] * len(others)
        expected = metrics.average_precision_score(truth, planted + others)
        assert average_precision(planted, others) == pytest.approx(expected)


def test_recall_and_precision():
    assert recall([1.0, 0.5, 0.0]) == pytest.approx(2 / 3)
    assert precision([1.0, 0.5, 0.0], [0.1, 0.0]) == pytest.approx(2 / 3)


def test_severity_comes_before_the_score():
    order = [("error", 0.9), ("warning", 0.0), ("warning", 1.0), ("info", 0.0), ("info", 1.0)]
    sure = [sureness([finding("a", s, v)], ["a"]) for s, v in order]
    assert sure == sorted(sure, reverse=True) and min(sure) > 0 and len(set(sure)) == 5


def test_other_checks_do_not_count():
    found = [finding("b", "error", 0.0), finding("a", "info", 0.5)]
    assert sureness(found, ["c"]) == 0.0
    assert sureness(found, ["a"]) == sureness([found[1]], ["a"])
