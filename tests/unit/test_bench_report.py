"""The measured checks as a table."""

from __future__ import annotations

from pairlens.fiftyone_plugin.bench.report import report
from pairlens.fiftyone_plugin.bench.run import BenchSummary


def head(known_bad: int = 0) -> str:
    done = BenchSummary("gres", 1, 0.3, pairs=7538, images=2938, good=6800, known_bad=known_bad)
    return report(done).lines[0]


def test_without_verdicts_the_head_says_nothing_of_them() -> None:
    assert head() == (
        "gres: 7,538 pairs of 2,938 images, 6,800 of them good; 0 made faulty "
        "(rate 0.3, seed 1) in 0.0 s."
    )


def test_the_head_says_how_many_were_set_aside() -> None:
    assert "6,800 of them good, 1,279 known to be bad and set aside; 0 made" in head(1279)


def test_the_numbers_say_it_too() -> None:
    assert report(BenchSummary("gres", 1, 0.3, known_bad=3)).data["known_bad"] == 3
