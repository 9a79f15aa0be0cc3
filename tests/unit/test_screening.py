"""Looking at many pairs at once finds what looking at each finds."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest

from fiftyone_plugin.checks import CHECKS, Check, Finding
from fiftyone_plugin.checks.finding import about_several, find_in
from fiftyone_plugin.checks.readings import read
from fiftyone_plugin.checks.records import Columns, Row
from fiftyone_plugin.checks.said import PATHS
from fiftyone_plugin.checks.screening import look_at
from fiftyone_plugin.checks.survey import Survey
from importers import fields

OF_PAIRS = [CHECKS[name] for name in CHECKS if "pairs" in CHECKS[name].kinds]
NEAR = [one for one in OF_PAIRS if one.scope != "dataset"]
WIDE = [one for one in OF_PAIRS if one.scope == "dataset" and one.screen]
STRICT = {
    "tiny_mask": {"min_area": 900},
    "position_conflict": {"tolerance": 0.0},
    "full_mask": {"min_share": 0.2},
    "box_mask": {"min_rectangularity": 0.5, "min_side": 1},
    "fragmented_mask": {"min_parts": 2, "max_largest": 1.0, "min_speckle": 3},
    "shape_conflict": {"min_area": 1},
    "truncated_target": {"max_depth": 1.5},
    "color_conflict": {"min_share": 0.6},
    "coordinate_conflict": {"min_iou": 0.9},
    "vague_query": {"max_words": 3},
    "image_blank": {"min_share": 0.1},
    "image_dark": {"max_brightness": 0.6},
    "image_low_contrast": {"max_contrast": 0.6},
    "swapped_pair": {"min_gain": 0.01},
    "length_outlier": {"deviations": 0.5},
    "size_conflict": {"tail": 0.3, "min_members": 5},
    "duplicate_image": {"usual_share": 1.0},
    "split_leak": {"min_area": 0},
}
YOUNGER = {"solidity", "elongation", "holes", "problem", "polygon_faults", "border", "chroma"}
"""What datasets from before it was measured have not."""

QUERIES = (
    "the car in the top-left of the image", "the red car on the right", "two large white trucks",
    "the small round tank near the center", "the buildings at the bottom", "car", "", "...",
    "the box at [188, 116, 25, 16]", "the point (40, 60)", "As an AI model I am sorry",
    "it cannot be seen clearly due to the lack of light", "cafÃ© roof", "the long blue bus",
    "identify the vehicle", "several ships in the lower right corner", "the black road",
    "the L-shaped building", "the square white building", "the tiny car " + "very " * 40 + "far",
    "the large vehicle", "the green field at the left edge", "the gray aircraft in the middle",
)  # fmt: skip


def chosen(strict: bool, checks: Sequence[Check]) -> list[Check]:
    return [one.with_params(STRICT.get(one.name, {}) if strict else {}) for one in checks]


def value(path: str, rng: random.Random) -> Any:
    """Something that may stand in a column."""
    name = path.rpartition(".")[2]
    if path.startswith(fields.TARGET_COLORS):
        return [round(rng.random(), 2) for _ in range(11 if name == "shares" else 3)]
    texts = {
        "digest": f"{rng.randrange(6) * 0x1111111111111111 + 7:016x}".ljust(64, "a"),
        "image_digest": f"{rng.randrange(40) * 0x0101010101010101 + 1:016x}".ljust(64, "b"),
        "phash": f"{rng.randrange(30) * 0x0F0F0F0F0F0F0F:016x}",
        "border": rng.choice(("", "", "", "l", "tb", "ltr")),
        "error": rng.choice(("", "", "", "", "", "broken")),
        "problem": rng.choice(("", "", "", "values 3")),
    }
    if name in texts:
        return texts[name]
    lists = {
        "box": [rng.randrange(500), rng.randrange(500), rng.randrange(1, 99), rng.randrange(1, 99)],
        "centroid": [rng.uniform(0, 512), rng.uniform(0, 512)],
        "x_quantiles": sorted(rng.uniform(0, 512) for _ in range(5)),
        "y_quantiles": sorted(rng.uniform(0, 512) for _ in range(5)),
        "values": [],
        "polygon_faults": rng.choice(([], [], [], ["no area"])),
    }
    if name in lists:
        return lists[name]
    if name in ("width", "height"):
        return rng.choice((512, 512, 512, 256))
    if name == "area":
        return rng.choice((0, 5, 60, 800, 4000, 200_000, 512 * 512))
    if name in ("components", "holes", "ignore_area"):
        return rng.randrange(1, 6)
    return rng.choice((rng.random(), 1.0, rng.uniform(1, 5)))


def rows(columns: Columns, seed: int, gaps: bool) -> list[list[Row]]:
    """Images of one to five pairs each."""
    rng = random.Random(seed)
    images: list[list[Row]] = []
    for number in range(120):
        image_id, split = f"image{number}", rng.choice(("train", "val"))
        digest = rng.choice(("", value("image_digest", rng)))
        several = []
        for query in range(rng.randrange(1, 6)):
            row = [value(path, rng) for path in columns.paths]
            row[:9] = [f"gres/{split}/{image_id}#{query}", image_id, split, rng.choice(QUERIES),
                       rng.random() < 0.1, rng.random() < 0.3, 512, 512, digest]  # fmt: skip
            _leave_out(row, columns, rng, gaps)
            start = columns.paths.index(PATHS[0])
            row[start : start + len(PATHS)] = read(row[3])
            if rng.random() < 0.2:
                row[start] = "of another query"
            several.append(row)
        images.append(several)
    return images


def _leave_out(row: Row, columns: Columns, rng: random.Random, gaps: bool) -> None:
    """Images that were not measured, and, with gaps, anything that may not be there."""
    for field, part in columns.parts:
        there = rng.random() < 0.7 or field == fields.MASK_STATS
        for at, name in enumerate(part.names, part.start):
            if not there or (gaps and name in YOUNGER and rng.random() < 0.1):
                row[at] = None


def told(findings: Sequence[Finding]) -> list[tuple[Any, ...]]:
    return [(f.key, f.check, f.severity, f.score, f.note) for f in findings]


@pytest.mark.parametrize("gaps", [False, True], ids=["whole", "gaps"])
@pytest.mark.parametrize("strict", [False, True], ids=["usual", "strict"])
@pytest.mark.parametrize("seed", range(3))
def test_pairs_and_images(seed: int, strict: bool, gaps: bool) -> None:
    checks = chosen(strict, NEAR)
    columns = Columns.of(checks, {}, *PATHS)
    images = rows(columns, seed, gaps)
    plain = [
        told(found)
        for image in images
        for found in find_in([columns.subject(row) for row in image], checks)
    ]
    assert [told(found) for found in look_at(images, columns, checks, False).found] == plain
    fired = {check for found in plain for _, check, *_ in found}
    assert len(fired) > (22 if strict else 15), fired


@pytest.mark.parametrize("strict", [False, True], ids=["usual", "strict"])
@pytest.mark.parametrize("seed", range(3))
def test_whole_datasets(seed: int, strict: bool) -> None:
    checks = chosen(strict, WIDE)
    columns = Columns.of(checks, {}, *PATHS)
    images = rows(columns, seed, gaps=False)
    survey = Survey()
    for start in range(0, len(images), 50):
        part = look_at(images[start : start + 50], columns, [], True).survey
        assert part is not None
        survey.merge(part)
    subjects = [columns.subject(row) for image in images for row in image]
    fired = set()
    for one in checks:
        assert one.screen is not None
        suspects = one.screen(survey, **one.params)
        among = [subjects[row] for row in sorted(suspects.rows.tolist())]
        found = list(suspects.judge(among))
        plain = list(about_several(one, subjects))
        by_key = {subject.key: subject for subject in subjects}
        judged = [one.finding(by_key[doubt.key], doubt) for doubt in found]
        assert sorted(told(judged)) == sorted(told(plain))
        fired |= {one.name} if plain else set()
    assert len(fired) >= (4 if strict else 2), fired


def test_what_was_read_is_told_from_other_queries_and_rules(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from fiftyone_plugin.checks import readings

    marks = {readings.mark("the car"), readings.mark("the cars")}
    monkeypatch.setattr(readings, "version", lambda: "newrules")
    marks.add(readings.mark("the car"))
    assert len(marks) == 3
