"""The bootstrap over images."""

from __future__ import annotations

import numpy as np
import pytest

from pairlens.fiftyone_plugin.metrics.bootstrap import LISAT_ROUNDS, bootstrap, draws
from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable, summarize
from pairlens.importers.errors import UsageError
from tests.unit.scoring_tables import random_table, table

RMSIN = CONVENTIONS["rmsin"]


def by_hand(pairs: OverlapTable, name: str, drawn: np.ndarray) -> tuple[float, float]:
    """The summary of a draw with every pair written out as often as its image was drawn."""
    images = np.unique(pairs.image)
    rows = [np.flatnonzero(pairs.image == image) for image in images]
    chosen = np.concatenate([np.repeat(r, int(n)) for r, n in zip(rows, drawn, strict=True)])
    done = summarize(pairs.where(chosen), CONVENTIONS[name])
    return done["gIoU"], done["cIoU"]


def test_no_rounds_no_numbers() -> None:
    assert bootstrap(random_table(0, 50, 10), RMSIN, 0).ci == {}


def test_no_pairs_no_numbers() -> None:
    assert bootstrap(table([]), RMSIN, 100).mean == {}


def test_pairs_that_are_all_alike_leave_no_doubt() -> None:
    done = bootstrap(table([0.75] * 20), RMSIN, 50)
    assert done.ci == {"gIoU": [0.75, 0.75], "cIoU": [0.75, 0.75]}
    assert done.std == {"gIoU": 0.0, "cIoU": 0.0}


@pytest.mark.parametrize("name", list(CONVENTIONS))
def test_a_draw_is_the_summary_of_the_pairs_it_drew(name: str) -> None:
    pairs = random_table(3, 60, 12)
    expected = [by_hand(pairs, name, d) for d in draws(12, 40, seed=5)]
    done = bootstrap(pairs, CONVENTIONS[name], 40, seed=5)
    for column, metric in enumerate(("gIoU", "cIoU")):
        values = [e[column] for e in expected]
        assert done.mean[metric] == pytest.approx(np.mean(values))
        assert done.std[metric] == pytest.approx(np.std(values))
        assert done.ci[metric] == pytest.approx(list(np.percentile(values, (2.5, 97.5))))


def test_the_seed_decides() -> None:
    pairs = random_table(1, 80, 20)
    assert bootstrap(pairs, RMSIN, 50, seed=1) == bootstrap(pairs, RMSIN, 50, seed=1)
    assert bootstrap(pairs, RMSIN, 50, seed=1) != bootstrap(pairs, RMSIN, 50, seed=2)


def test_pairs_of_one_image_go_together() -> None:
    """Two images of many equal pairs: nothing between them and their mixture can be drawn."""
    ious = [0.2] * 50 + [0.8] * 50
    together = bootstrap(table(ious, [0] * 50 + [1] * 50), RMSIN, 200)
    apart = bootstrap(table(ious), RMSIN, 200)
    assert together.ci["gIoU"] == pytest.approx([0.2, 0.8])
    assert 0.4 < apart.ci["gIoU"][0] < apart.ci["gIoU"][1] < 0.6


def test_the_interval_covers_as_often_as_it_says() -> None:
    """Of 200 samples from a known population about 95 % have its mean in their interval."""
    random = np.random.default_rng(11)
    covered = 0
    for seed in range(200):
        low, high = bootstrap(table(random.random(40).round(2)), RMSIN, 200, seed).ci["gIoU"]
        covered += low <= 0.5 <= high
    assert 180 <= covered <= 199


def test_lisats_scheme() -> None:
    """20 rounds of 80 % of the images, drawn with replacement: mean and standard deviation."""
    pairs = random_table(4, 90, 30)
    done = bootstrap(pairs, CONVENTIONS["lisat"], 0, seed=9, scheme="lisat")
    drawn = list(draws(30, LISAT_ROUNDS, 9, 0.8))
    assert [int(d.sum()) for d in drawn] == [24] * 20
    giou = [by_hand(pairs, "lisat", d)[0] for d in drawn]
    assert done.mean["gIoU"] == pytest.approx(np.mean(giou))
    assert done.std["gIoU"] == pytest.approx(np.std(giou))
    assert done.ci == {}


def test_an_unknown_scheme_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="no bootstrap scheme 'bayes'; known: percentile, lisat"):
        bootstrap(table([0.5]), RMSIN, 1, scheme="bayes")  # type: ignore[arg-type]
