"""The check of a consensus of predictors against the ground truth."""

from __future__ import annotations

import pytest

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.base import Agreement
from tests.unit.subjects import issues, mask, subject

CHECK = "consensus_conflict"
NAN = float("nan")


def pair(iou: float | None, agreement: float, area: int = 900, **changes) -> Sample:
    ious = {} if iou is None else {"c": iou}
    return subject(ious=ious, agreements={"c": Agreement(agreement, area)}, **changes)


@pytest.mark.parametrize(
    "sound",
    [
        pytest.param(subject(), id="no prediction"),
        pytest.param(subject(ious={"c": 0.0}), id="one predictor alone"),
        pytest.param(pair(None, 1.0), id="not scored"),
        pytest.param(pair(0.0, 0.69), id="they do not agree"),
        pytest.param(pair(0.31, 1.0), id="they agree with the mask"),
        pytest.param(pair(NAN, 1.0), id="undefined"),
        pytest.param(pair(0.0, NAN), id="undefined agreement"),
        pytest.param(pair(0.0, 1.0, 0, no_target=True, stats=mask(0)), id="nothing, as declared"),
        pytest.param(pair(0.0, 1.0, 0, stats=mask(0)), id="nothing, and an empty mask"),
    ],
)
def test_sound_pairs(sound: Sample):
    assert issues(CHECK, sound) == []


@pytest.mark.parametrize(
    ("bad", "score", "severity", "words"),
    [
        pytest.param(pair(0.0, 1.0), 0.2, None, "(mean IoU 1.00) and not with the mask (IoU 0.000)",
                     id="surely"),
        pytest.param(pair(0.3, 0.7), 0.9, None, "(mean IoU 0.70) and not with the mask (IoU 0.300)",
                     id="barely"),
        pytest.param(pair(0.0, 1.0, 77, no_target=True, stats=mask(0)), 0.3, None,
                     "on 77 pixels, and no target is declared", id="no target"),
        pytest.param(pair(0.0, 1.0, 0), 0.7, "info", "agree with each other (mean IoU 1.00) that "
                     "nothing is there", id="nothing"),
    ],
)  # fmt: skip
def test_conflicts(bad: Sample, score: float, severity: str | None, words: str):
    (issue,) = issues(CHECK, bad)
    assert issue.score == pytest.approx(score)
    assert issue.severity == severity
    assert issue.note.startswith("the predictors of c") and words in issue.note


def test_the_bounds_are_parameters():
    assert issues(CHECK, pair(0.5, 0.6), min_agreement=0.6, max_iou=0.5)
    assert not issues(CHECK, pair(0.0, 0.99), min_agreement=1.0)
    assert issues(CHECK, pair(0.0, 1.0), min_agreement=1.0, max_iou=0.0)


def test_the_more_they_agree_and_the_less_it_fits_the_worse():
    scores = [
        issues(CHECK, pair(*at))[0].score for at in [(0, 1), (0.1, 1), (0.1, 0.9), (0.3, 0.7)]
    ]
    assert scores == sorted(scores) and len(set(scores)) == 4
