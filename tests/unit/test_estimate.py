"""Intervals of shares of bad pairs, the drawing of strata, and plans."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, hypergeom

from pairlens.fiftyone_plugin.estimate.intervals import (
    Domain,
    Share,
    Stratum,
    allocate,
    clopper_pearson,
    recall_of,
    share_of,
)
from pairlens.fiftyone_plugin.estimate.plan import plans
from pairlens.importers.errors import UsageError

TRIALS = 300
LOWEST = 0.915
"""Of 300 trials at 95 %, 99.5 % of all runs cover more often than this."""


def stratum(size: int, bad: int, good: int, unsure: int = 0) -> Stratum:
    seen = (1.0,) * bad + (0.0,) * good + (0.5,) * unsure
    return Stratum("s", size, seen, tuple(map(str, range(len(seen)))))


@pytest.mark.parametrize(
    ("sizes", "shares", "together", "whole"),
    [
        pytest.param((40, 280, 2000, 5000), (0.95, 0.85, 0.2, 0.03), 3, 0.8, id="as in GRES"),
        pytest.param((100, 3000, 20000), (0.9, 0.02, 0.004), 3, 0.5, id="seldom bad"),
        pytest.param((50, 200, 9000), (0.9, 0.3, 0.0), 1, 0.0, id="unflagged are good"),
        pytest.param((3000, 3000, 3000), (0.05, 0.05, 0.05), 4, 1.0, id="images all bad"),
        pytest.param((800, 900, 1000), (0.5, 0.4, 0.6), 2, 0.6, id="half bad"),
        pytest.param((5000,), (0.03,), 1, 0.0, id="one stratum"),
        pytest.param((300,), (0.2,), 5, 1.0, id="one stratum of large images"),
    ],
)
@pytest.mark.parametrize("count", [100, 300])
def test_the_interval_covers_the_share(
    sizes: tuple[int, ...], shares: tuple[float, ...], together: int, whole: float, count: int
) -> None:
    rng = np.random.default_rng(7)
    strata = []
    for size, share in zip(sizes, shares, strict=True):
        image = np.arange(size) // together
        one = rng.random(image[-1] + 1)
        same = rng.random(image[-1] + 1) < whole
        strata.append((np.where(same[image], one[image], rng.random(size)) < share, image))
    true = sum(bad.sum() for bad, _ in strata) / sum(sizes)
    drawn = allocate(sizes, [max(0.05, share) for share in shares], count)
    covered = 0
    for _ in range(TRIALS):
        seen = []
        for (bad, image), size, number in zip(strata, sizes, drawn, strict=True):
            at = rng.choice(size, number, replace=False)
            seen.append(Stratum("", size, tuple(map(float, bad[at])), tuple(map(str, image[at]))))
        found = share_of(seen)
        covered += found.low <= true <= found.high
    assert covered / TRIALS >= LOWEST


@pytest.mark.parametrize(("bad", "judged"), [(0, 50), (3, 50), (25, 50), (50, 50)])
def test_one_stratum_has_the_exact_interval(bad: int, judged: int) -> None:
    low, high = clopper_pearson(bad, judged)
    assert share_of([stratum(10_000, bad, judged - bad)]) == Share(bad / judged, low, high)
    if bad:
        assert binom.sf(bad - 1, judged, low) == pytest.approx(0.025)
    if bad < judged:
        assert binom.cdf(bad, judged, high) == pytest.approx(0.025)


def test_what_is_known_has_no_interval_and_what_is_not_the_whole() -> None:
    assert share_of([stratum(4, 1, 3)]) == Share(0.25, 0.25, 0.25)
    assert share_of([]) == Share(0.0, 0.0, 0.0)
    half = share_of([stratum(4, 1, 3), stratum(4, 0, 0)])
    assert (half.low, half.high) == (0.125, 0.625)
    whole = Domain((stratum(4, 1, 3),), bad=2, good=2)
    assert (whole.size, whole.share()) == (8, Share(3 / 8, 3 / 8, 3 / 8))


def test_unsure_pairs_widen_the_interval() -> None:
    sure, unsure = stratum(10_000, 5, 95), stratum(10_000, 5, 85, 10)
    narrow, wide = share_of([sure]), share_of([unsure])
    assert wide.value == pytest.approx(0.1)
    assert wide.low == pytest.approx(clopper_pearson(5, 100)[0]) == narrow.low
    assert wide.high == pytest.approx(clopper_pearson(15, 100)[1])


def test_pairs_of_one_image_count_for_less() -> None:
    plain = stratum(10_000, 20, 80)
    together = Stratum("s", 10_000, plain.bad, tuple(str(n // 10) for n in range(100)))
    assert share_of([together]).high > share_of([plain]).high
    assert share_of([together]).low < share_of([plain]).low


def test_recall_holds_what_was_missed() -> None:
    flagged, others = Domain((stratum(100, 90, 10),)), Domain((stratum(1000, 0, 200),))
    recall = recall_of(flagged, others)
    assert recall.value == 1.0 and recall.high == 1.0 and 0.7 < recall.low < 0.95
    assert recall_of(Domain(()), Domain(())) == Share(1.0, 1.0, 1.0)
    assert recall_of(Domain((), bad=3), Domain((), bad=1)).value == 0.75


@pytest.mark.parametrize("count", [1, 7, 20, 60, 300, 10_000])
def test_what_is_drawn_adds_up(count: int) -> None:
    sizes, guesses = [3, 40, 200, 5000], [0.9, 0.6, 0.2, 0.05]
    drawn = allocate(sizes, guesses, count)
    assert sum(drawn) == min(count, sum(sizes))
    assert all(0 <= number <= size for number, size in zip(drawn, sizes, strict=True))
    if count >= 20:
        assert all(number >= min(5, size) for number, size in zip(drawn, sizes, strict=True))


@pytest.mark.parametrize(("total", "at_most"), [(7538, 0.01), (100, 0.05), (1_000_000, 0.001)])
def test_a_plan_lets_too_many_bad_ones_pass_seldom(total: int, at_most: float) -> None:
    found = plans(total, at_most, 0.95)
    assert found and [one.accept for one in found] == list(range(len(found)))
    for one in found:
        too_many = int(at_most * total) + 1
        assert hypergeom.cdf(one.accept, total, too_many, one.look_at) <= 0.05
        assert hypergeom.cdf(one.accept, total, too_many, one.look_at - 1) > 0.05
    assert found[0].look_at <= 3 / at_most


def test_plans_that_cannot_be_are_told() -> None:
    assert [one.look_at for one in plans(10, 0.5, 0.999)][:1] == [5]
    assert plans(0, 0.5, 0.95) == [] and [one.look_at for one in plans(1, 0.5, 0.95)] == [1]
    with pytest.raises(UsageError, match="--at-most 0%: give a share"):
        plans(100, 0.0, 0.95)
    with pytest.raises(UsageError, match="--confidence 100%"):
        plans(100, 0.01, 1.0)
