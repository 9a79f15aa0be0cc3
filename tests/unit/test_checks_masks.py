"""Checks on the mask: what must not fire, then what must."""

from __future__ import annotations

from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Sample
from pairlens.importers.mask_stats import MaskStats
from tests.unit.subjects import box, issues, mask, subject

UNREADABLE = MaskStats(error="7.tif does not exist")
EMPTY = mask(0)

SOUND = {
    "mask_unreadable": [
        pytest.param(subject(stats=EMPTY), id="empty"),
        pytest.param(subject(stats_problem="3 values: 0, 1, 7"), id="odd values"),
    ],
    "mask_size_mismatch": [
        pytest.param(subject(stats=UNREADABLE), id="no mask to have a size"),
        pytest.param(subject(image_size=None), id="no image size known"),
        pytest.param(
            subject(stats=mask(size=(64, 64)), image_missing=True), id="a placeholder's size"
        ),
        pytest.param(subject(stats=mask(9, (4, 6)), image_size=(4, 6)), id="small and equal"),
    ],
    "mask_values": [
        pytest.param(subject(stats_values=(0, 255)), id="0/255"),
        pytest.param(subject(stats_values=(0, 1, 255)), id="declared ignore"),
        pytest.param(subject(stats=UNREADABLE), id="unreadable"),
    ],
    "empty_mask": [
        pytest.param(subject(stats=EMPTY, no_target=True), id="declared no target"),
        pytest.param(subject(stats=UNREADABLE), id="unreadable"),
        pytest.param(subject(stats=mask(1)), id="one pixel"),
    ],
    "full_mask": [
        pytest.param(subject(stats=EMPTY), id="empty"),
        pytest.param(subject(stats=UNREADABLE), id="unreadable"),
        pytest.param(subject(stats=mask(9799, (100, 100))), id="97.99 %"),
    ],
    "tiny_mask": [
        pytest.param(subject(stats=EMPTY), id="empty"),
        pytest.param(subject(stats=mask(16)), id="as few as allowed"),
        pytest.param(subject(stats=UNREADABLE), id="unreadable"),
    ],
    "box_mask": [
        pytest.param(subject(stats=EMPTY), id="empty"),
        pytest.param(subject(stats=box(5, 5, 11, 300)), id="thin"),
        pytest.param(subject(stats=box(0, 0, 512, 512)), id="the whole image"),
        pytest.param(
            subject(stats=box(5, 5, 50, 50), stats_rectangularity=0.99), id="a corner is missing"
        ),
    ],
    "degenerate_polygon": [pytest.param(subject(stats=EMPTY), id="empty without a polygon")],
}


@pytest.mark.parametrize(
    ("check", "pair"),
    [
        pytest.param(check, *p.values, id=f"{check}: {p.id}")
        for check, params in SOUND.items()
        for p in params
    ],
)
def test_nothing_is_said_of(check: str, pair: Sample):
    assert issues(check, pair) == []


FAULTS = [
    ("mask_unreadable", subject(stats=UNREADABLE), "error", 0.0, "7.tif does not exist"),
    (
        "mask_size_mismatch",
        subject(stats=mask(size=(256, 128))),
        "error", 0.0, "the mask is 256x128, the image 512x512 pixels",
    ),
    (
        "mask_size_mismatch",
        subject(stats=mask(9, (4, 6)), image_size=(6, 4)),
        "error", 0.0, "the mask is 4x6, the image 6x4 pixels",
    ),
    (
        "mask_values",
        subject(stats_problem="3 values: 0, 1, 7"),
        "warning", 0.2, "the mask file holds 3 values: 0, 1, 7",
    ),
    ("empty_mask", subject(stats=EMPTY), "error", 0.0, "no pixel of the mask is target"),
    (
        "empty_mask",
        subject(stats=EMPTY, stats_ignore_area=40),
        "error", 0.0, "no pixel of the mask is target; 40 are ignored",
    ),
    (
        "full_mask",
        subject(stats=box(0, 0, 512, 512)),
        "error", 0.0, "the mask covers every pixel of the image",
    ),
    (
        "full_mask",
        subject(stats=mask(9900, (100, 100))),
        "warning", 0.25, "the mask covers 99.0% of the image",
    ),
    ("tiny_mask", subject(stats=mask(1)), "warning", 0.0375, "the mask has 1 pixel"),
    ("tiny_mask", subject(stats=mask(15)), "warning", 0.5625, "the mask has 15 pixels"),
    (
        "box_mask",
        subject(stats=box(5, 9, 64, 80)),
        "info", 0.55, "the mask fills exactly its box: 64x80 pixels at (5, 9)",
    ),
    (
        "box_mask",
        subject(stats=box(0, 0, 12, 12), stats_rectangularity=0.996),
        "info", 0.7125, "the mask fills 99.6% of its box: 12x12 pixels at (0, 0)",
    ),
    (
        "box_mask",
        subject(stats=box(5, 9, 64, 80), phrase="the plane"),
        "warning", 0.05, "the mask fills exactly its box: 64x80 pixels at (5, 9), as none of its "
        "kind does",
    ),
    (
        "box_mask",
        subject(stats=box(5, 9, 64, 80), phrase="the tank with a rectangular shape"),
        "info", 0.55, "the mask fills exactly its box: 64x80 pixels at (5, 9)",
    ),
    (
        "tiny_mask",
        subject(stats=box(0, 9, 2, 4)),
        "warning", 0.3, "the mask has 8 pixels at the image's border",
    ),
    (
        "degenerate_polygon",
        subject(stats=EMPTY, stats_polygon_faults=("polygon 0 has 2 distinct points",)),
        "error", 0.0, "polygon 0 has 2 distinct points",
    ),
    (
        "degenerate_polygon",
        subject(stats_polygon_faults=("polygon 1 encloses no area", "b", "c")),
        "warning", 0.2, "polygon 1 encloses no area and 2 more; what else is drawn remains",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "pair", "severity", "score", "note"), FAULTS, ids=[f"{f[0]}: {f[4]}" for f in FAULTS]
)
def test_what_is_said_of(check: str, pair: Sample, severity: str, score: float, note: str):
    (issue,) = issues(check, pair)
    finding = CHECKS[check].finding(issue)
    assert (finding.severity, finding.note) == (severity, note)
    assert min(1, max(0, round(issue.score, 4))) == score
    assert finding.key == pair.key


@pytest.mark.parametrize(
    ("check", "pairs"),
    [
        pytest.param("full_mask", [subject(stats=mask(n, (99, 101))) for n in (9999, 9950, 9800)],
                     id="fuller is worse"),
        pytest.param("tiny_mask", [subject(stats=mask(n)) for n in (1, 5, 15)], id="smaller is"),
        pytest.param("box_mask", [subject(stats=box(0, 0, n, n)) for n in (60, 30, 12)],
                     id="larger boxes are"),
    ],
)  # fmt: skip
def test_scores_rise_as_doubts_fade(check: str, pairs: list[Sample]):
    scores = [issues(check, pair)[0].score for pair in pairs]
    assert scores == sorted(set(scores))
    assert 0 <= scores[0] < scores[-1] <= 1


@pytest.mark.parametrize(
    ("check", "pair", "params", "count"),
    [
        ("tiny_mask", subject(stats=mask(16)), {"min_area": "17"}, 1),
        ("tiny_mask", subject(stats=mask(1)), {"min_area": 0}, 0),
        ("full_mask", subject(stats=mask(9000, (100, 100))), {"min_share": 0.9}, 1),
        ("full_mask", subject(stats=mask(9999, (100, 100))), {"min_share": 1}, 0),
        ("full_mask", subject(stats=mask(10_000, (100, 100))), {"min_share": 1}, 1),
        ("box_mask", subject(stats=box(0, 0, 15, 15)), {"min_side": 16}, 0),
        ("box_mask", subject(stats=mask()), {"min_rectangularity": 0}, 1),
    ],
)
def test_parameters_move_the_bounds(check: str, pair: Sample, params: dict[str, Any], count: int):
    assert len(issues(check, pair, **params)) == count
