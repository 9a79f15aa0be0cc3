"""Whether there is a target, as predictors see it and as the pair has it."""

from __future__ import annotations

import pytest

from tests.unit.subjects import issues, subject

CHECK = "existence_conflict"
NOTHING = {"stats_area": 0, "no_target": True}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="nothing predicted"),
        pytest.param({"predicted": {"a": 900}}, id="a target and a prediction"),
        pytest.param({"predicted": {"a": 0, "b": 7}}, id="one predictor found it"),
        pytest.param({**NOTHING, "predicted": {"a": 0}}, id="none and none"),
        pytest.param({**NOTHING, "predicted": {"a": 200}}, id="a speck"),
        pytest.param({"stats_error": "gone", "predicted": {"a": 0}}, id="no mask"),
        pytest.param({"stats_area": 0, "predicted": {"a": 0}}, id="empty_mask's"),
    ],
)
def test_no_conflict(changes: dict) -> None:
    assert issues(CHECK, subject(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "note", "severity"),
    [
        pytest.param({**NOTHING, "predicted": {"a": 9000}},
                     "no target is declared, and a finds one: a 9000 pixels", None, id="one finds"),
        pytest.param({**NOTHING, "predicted": {"a": 9000, "b": 0}},
                     "no target is declared, and 1 of 2 predictors find one: a 9000 pixels", None,
                     id="one of two finds"),
        pytest.param({"predicted": {"a": 0}}, "a does not find the target of", "info", id="missed"),
        pytest.param({"predicted": {"a": 0, "b": 0}}, "no predictor finds the target of", "info",
                     id="missed by all"),
    ],
)  # fmt: skip
def test_conflict(changes: dict, note: str, severity: str | None) -> None:
    (issue,) = issues(CHECK, subject(**changes))
    assert issue.note.startswith(note)
    assert issue.severity == severity


def test_the_more_predictors_and_pixels_the_surer() -> None:
    cases = ({"a": 300, "b": 0}, {"a": 300}, {"a": 9000, "b": 0}, {"a": 9000, "b": 9000})
    scores = [issues(CHECK, subject(**NOTHING, predicted=p))[0].score for p in cases]
    assert scores == sorted(scores, reverse=True) and scores[-1] < 0.25
