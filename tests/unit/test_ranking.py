"""The model of the verdicts: what it learns, what it never sees, and how sure it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Sample
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.ranking.features import (
    CHANCE,
    FeatureValues,
    chance_by_checks,
    features_of,
)
from pairlens.fiftyone_plugin.ranking.model import (
    MIN_VERDICTS,
    Examples,
    VerdictModel,
    enough,
    out_of_fold,
    reliability,
)
from pairlens.importers.mask_stats import MaskStats


def told(word: str = "", chance: float = 0.03) -> FeatureValues:
    one: FeatureValues = {CHANCE: float(np.log(chance / (1 - chance))), "word the": 1.0}
    return one | ({f"word {word}": 1.0} if word else {})


def examples(count: int, seed: int = 0, *, own: bool = False) -> Examples:
    """Pairs that are bad where they say "usually"; with ``own``, each has a word of its own."""
    rng = np.random.default_rng(seed)
    bad = rng.random(count) < 0.4
    words = ["usually" if one and not own else "" for one in bad]
    some = [told(word) | ({f"word own{n}": 1.0} if own else {}) for n, word in enumerate(words)]
    others = [told(word) for word in ["usually", ""] * 50]
    return Examples(some, bad.tolist(), [str(n // 2) for n in range(count)], others)


def test_it_learns_what_no_check_knows() -> None:
    before = chance_by_checks([])
    model = VerdictModel(examples(MIN_VERDICTS))
    usual, plain = model.chances([told("usually"), told()])
    assert usual > 10 * before and usual > 2 * plain
    assert model.weights()[0].name == "word usually" and model.weights()[0].weight > 0


def test_it_begins_with_the_order_of_the_checks() -> None:
    some = examples(MIN_VERDICTS)
    others = [told(chance=chance) for chance in (0.03, 0.3, 0.6, 0.9)] * 25
    model = VerdictModel(some._replace(others=others))
    chances = model.chances([told(chance=each) for each in (0.03, 0.3, 0.6, 0.9)])
    assert (np.diff(chances) > 0).all()


def test_a_pair_never_sees_its_own_verdict_nor_those_of_its_image() -> None:
    some = examples(200, own=True)
    chances = out_of_fold(some)
    # What tells a pair is its own word alone, so that nothing can be known of it.
    bad = np.array(some.bad)
    assert abs(chances[bad].mean() - chances[~bad].mean()) < 0.05
    turned = some._replace(
        bad=[not one if n in (10, 11) else one for n, one in enumerate(some.bad)]
    )
    assert out_of_fold(turned)[10:12] == pytest.approx(chances[10:12])


def test_few_verdicts_and_those_of_one_kind_are_not_enough() -> None:
    assert not enough([True] * (MIN_VERDICTS // 2 - 1) + [False] * (MIN_VERDICTS // 2))
    assert not enough([True] * 100) and not enough([False] * 98 + [True] * 2)
    assert enough([True] * 3 + [False] * (MIN_VERDICTS - 3))
    assert np.isnan(out_of_fold(examples(6)._replace(groups=["one"] * 6))).all()


def test_its_chances_are_calibrated() -> None:
    rng = np.random.default_rng(3)
    kinds = rng.integers(0, 4, 600)
    bad = rng.random(600) < np.array([0.05, 0.3, 0.7, 0.95])[kinds]
    some = Examples([told(f"kind{n}") for n in kinds], bad.tolist(), [str(n) for n in range(600)],
                    [told(f"kind{n % 4}") for n in range(100)])  # fmt: skip
    found = reliability(out_of_fold(some), some.bad)
    assert sum(one.pairs for one in found) == 600
    assert all(abs(one.expected - one.found) < 0.12 for one in found if one.pairs > 30)


def test_features_are_named_and_of_about_the_size_of_one() -> None:
    stats = MaskStats(
        width=100, height=100, area=400, box=(0, 0, 20, 20), components=1, border="lt",
        rectangularity=1.0, elongation=1.0, solidity=1.0, digest="a",
        x_quantiles=(2, 5, 10, 15, 18), y_quantiles=(2, 5, 10, 15, 18),
    )  # fmt: skip
    samples = [
        Sample("a", "i", "train", "the red ship at the bottom right", stats=stats),
        Sample("b", "i", "train", "", stats=MaskStats(error="cut short")),
    ]
    batch = Batch.of(samples, CHECKS.values())
    first, second = features_of(batch, [[("position_conflict", 0.1)], []])
    assert first["how far the mask lies outside the named place"] > 1
    assert first["word bottom right"] == first["the query names a color"] == 1.0
    assert first["finding position_conflict"] == 0.9 and second[CHANCE] < first[CHANCE]
    assert all(
        np.isfinite(value) and abs(value) < 10 for one in (first, second) for value in one.values()
    )


def test_what_a_judge_answered_is_a_feature_while_it_is_about_the_pair() -> None:
    pair = CHECKS["judge_doubt"].fires[0]
    stale = replace(pair, phrase="other words")
    batch = Batch.of([pair, stale, replace(pair, judgements=())], [CHECKS["judge_doubt"]])
    features = [
        {name: value for name, value in one.items() if "judge" in name}
        for one in features_of(batch, [[], [], []])
    ]
    assert features == [
        {"the doubt of the judge vlm": pytest.approx(0.8),
         "the judge vlm denies: it is what the query says": 1.0},
        {}, {},
    ]  # fmt: skip
