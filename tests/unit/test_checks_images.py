"""Checks on the image and against predictions: what must not fire, then what must."""

from __future__ import annotations

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Sample
from tests.unit.subjects import issues, mask, subject

NAN = float("nan")


@pytest.mark.parametrize(
    ("check", "pair"),
    [
        pytest.param("image_missing", subject(image_digest=""), id="no digest known"),
        pytest.param("image_missing", subject(image_size=None), id="no size known"),
        pytest.param("low_iou", subject(ious={}), id="no prediction"),
        pytest.param("low_iou", subject(ious={"a": 0.11, "b": 0.9}), id="above the bound"),
        pytest.param("low_iou", subject(ious={"a": NAN}), id="undefined"),
        pytest.param(
            "low_iou",
            subject(ious={"a": 0.0}, no_target=True, stats=mask(0)),
            id="empty met by empty",
        ),
    ],
)
def test_nothing_is_said_of(check: str, pair: Sample):
    assert issues(check, pair) == []


@pytest.mark.parametrize(
    ("check", "pair", "score", "note"),
    [
        pytest.param("image_missing", subject(image_missing=True), 0.9,
                     "the image was not there when the pair was imported", id="placeholder"),
        pytest.param("low_iou", subject(ious={"a": 0.0}), 0.5, "IoU with a is 0.000", id="none"),
        pytest.param("low_iou", subject(ious={"a": 0.1}), 0.9, "IoU with a is 0.100", id="bound"),
        pytest.param("low_iou", subject(ious={"a": 0.05, "n": NAN, "b": 0.01, "c": 0.7}), 0.54,
                     "IoU with b is 0.010", id="the lowest of several"),
        pytest.param("low_iou", subject(ious={"b": 0.0, "a": 0.0}), 0.5, "IoU with a is 0.000",
                     id="the first of equals"),
    ],
)  # fmt: skip
def test_what_is_said_of(check: str, pair: Sample, score: float, note: str):
    (issue,) = issues(check, pair)
    finding = CHECKS[check].finding(issue)
    assert (finding.severity, round(issue.score, 4), finding.note) == ("info", score, note)


@pytest.mark.parametrize(
    ("iou", "bound", "count"), [(0.5, "0.5", 1), (0.0, 0, 1), (0.01, 0, 0), (1.0, 1, 1)], ids=str
)
def test_the_bound_can_be_moved(iou: float, bound: float | str, count: int):
    assert len(issues("low_iou", subject(ious={"a": iou}), max_iou=bound)) == count


def test_lower_is_worse():
    scores = [issues("low_iou", subject(ious={"a": v}))[0].score for v in (0.0, 0.04, 0.1)]
    assert scores == sorted(set(scores))
