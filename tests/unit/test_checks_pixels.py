"""Checks on measured images: what must not fire, then what must."""

from __future__ import annotations

from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.importers.image_stats import COLORS, ImageStats, TargetColors
from tests.unit.subjects import issues, subject

CHECKS = ("image_unreadable", "image_blank", "image_dark", "image_low_contrast")
SOUND = ImageStats(0.45, 0.6, 0.02, 14.0, "ceed3c1765cb20b0")
FAULTY = ImageStats(0.01, 0.01, 1.0, 0.0, "", "cut.jpg cannot be decoded")


def image(**changes: Any) -> ImageStats:
    values = {name: getattr(SOUND, name) for name in SOUND.__slots__} | changes
    return ImageStats(**values)


def colored(target: float = 50, ring: float = 50, **shares: float) -> TargetColors:
    listed = tuple(shares.get(name, 0.0) for name in COLORS)
    return TargetColors((target, 0.0, 0.0), (ring, 0.0, 0.0), listed)


def asked(phrase: str, colors: TargetColors | None, **changes: Any) -> Sample:
    return subject(**{"phrase": phrase, "colors": colors, "image": SOUND} | changes)


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    "pair",
    [
        pytest.param(subject(image=SOUND), id="sound"),
        pytest.param(subject(image=None), id="not measured"),
        pytest.param(subject(image=FAULTY, image_missing=True), id="placeholder"),
        pytest.param(subject(image=image(blank=0.59)), id="half no-data"),
        pytest.param(subject(image=image(brightness=0.1)), id="dim"),
        pytest.param(subject(image=image(contrast=0.1)), id="hazy"),
    ],
)
def test_nothing_is_said_of(check: str, pair: Sample):
    assert issues(check, pair) == []


@pytest.mark.parametrize(
    ("check", "measured", "severity", "note"),
    [
        ("image_unreadable", FAULTY, None, "cut.jpg cannot be decoded"),
        ("image_blank", image(blank=1.0), None, "100.0 % of the image is of one color"),
        ("image_blank", image(blank=0.7), "warning",
         "70 % of the image is of one color, as no-data is"),
        ("image_dark", image(brightness=0.05), None, "the mean brightness is 5 % of full white"),
        ("image_low_contrast", image(contrast=0.06), None,
         "all but 4 % of the pixels lie within 6 % of the range of gray"),
    ],
)  # fmt: skip
def test_what_is_said_of(check: str, measured: ImageStats, severity: str | None, note: str):
    (issue,) = issues(check, subject(image=measured))
    assert (issue.severity, issue.note) == (severity, note)
    assert issue.score < 0.7


def test_a_blank_image_is_called_so_and_nothing_else():
    black = subject(image=ImageStats(0.0, 0.0, 1.0))
    assert [check for check in CHECKS if issues(check, black)] == ["image_blank"]


# ------------------------------------------------------------------------------- colors


@pytest.mark.parametrize(
    "pair",
    [
        pytest.param(asked("the red car", colored(red=0.5)), id="right"),
        pytest.param(asked("the red car", colored(red=0.06)), id="a little of it"),
        pytest.param(asked("the car beside the red roof", colored(gray=1)), id="of another object"),
        pytest.param(asked("the white house with a red roof", colored(white=0.4)), id="one of two"),
        pytest.param(asked("the long building", colored(gray=1)), id="no color word"),
        pytest.param(asked("the red car", None), id="not measured"),
        pytest.param(asked("the red car", colored(), image_missing=True), id="placeholder"),
        pytest.param(asked("the red car", colored(), stats_area=39), id="too few pixels"),
        pytest.param(asked("the red car", colored(), image=image(chroma=1.0)), id="panchromatic"),
        pytest.param(asked("the white car", colored(45, 30)), id="lighter than around"),
        pytest.param(asked("the black car", colored(45, 60)), id="darker than around"),
    ],
)
def test_no_color_conflict(pair: Sample):
    assert issues("color_conflict", pair) == []


@pytest.mark.parametrize(
    ("pair", "score", "note"),
    [
        pytest.param(
            asked("the red car", colored(blue=0.9, gray=0.3)), 0.0,
            "query says red; 0 % of the mask could be called so, but blue (90 %) and gray (30 %); "
            "its mean color is L 50, a 0, b 0", id="another",
        ),
        pytest.param(
            asked("the red car", colored(red=0.03, blue=0.9)), 0.25,
            "query says red; 3 % of the mask could be called so, but blue (90 %) and red (3 %); "
            "its mean color is L 50, a 0, b 0", id="hardly a pixel",
        ),
        pytest.param(
            asked("the white car", colored(30, 50, black=1.0), image=image(chroma=1.0)), 0.0,
            "query says white; 0 % of the mask could be called so, but black (100 %); "
            "its mean color is L 30, a 0, b 0", id="gray tones in a panchromatic image",
        ),
    ],
)  # fmt: skip
def test_color_conflict(pair: Sample, score: float, note: str):
    (issue,) = issues("color_conflict", pair)
    assert (issue.score, issue.note) == (pytest.approx(score), note)


# --------------------------------------------------------------------------- duplicates


def shown(key: str, digest: str, phash: str = "", **changes: Any) -> Sample:
    return subject(f"gres/{key}", image_digest=digest * 64, image=image(phash=phash), **changes)


def said(pairs: list[Sample], **params: Any) -> dict[str, tuple[str | None, str]]:
    found = issues("duplicate_image", pairs, **params)
    return {d.key.removeprefix("gres/"): (d.severity, d.note) for d in found}


A, A6, A7, B = "ceed3c1765cb20b0", "ceed3c1765cb208f", "ceed3c1765cb204f", "6f9c19dbd12ea025"
OTHERS = [shown(f"val/{i}#0", f"{i:x}", f"{i * 0x1111111111111111:016x}") for i in range(10)]


def test_the_hashes_of_these_tests():
    assert [(int(A, 16) ^ int(x, 16)).bit_count() for x in (A6, A7)] == [6, 8]


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([], id="none"),
        pytest.param([shown("train/a#0", "a", A), shown("train/a#1", "a", A)], id="one image"),
        pytest.param([shown("train/a#0", "a", A), shown("train/b#0", "b", B)], id="two images"),
        pytest.param([shown("train/a#0", "a", A), shown("train/b#0", "b", A7)], id="too far"),
        pytest.param([shown("train/a#0", "a"), shown("train/b#0", "b")], id="nothing to see"),
        pytest.param(
            [shown("train/a#0", "a", A), shown("test/a#0", "a", A), *OTHERS], id="a split leak"
        ),
        pytest.param(
            [subject("x/train/a#0", image_digest=""), subject("x/train/b#0", image_digest="")],
            id="placeholders",
        ),
        pytest.param(
            [
                shown(f"train/{n}#0", f"{n // 2 + 1}", f"{n // 2 * 0x1111111111111111:016x}")
                for n in range(6)
            ],
            id="a layout of copies",
        ),
    ],
)
def test_no_duplicate_image(pairs: list[Sample]):
    assert said(pairs) == {}


def test_a_copy_under_another_name():
    pairs = [shown("train/a#0", "a", A), shown("train/b#0", "a", A), shown("train/b#1", "a", A)]
    note = "the image is the same file as that of gres/train/"
    assert said([*pairs, *OTHERS]) == {
        "train/a#0": (None, f"{note}b#0"),
        "train/b#0": (None, f"{note}a#0"),
        "train/b#1": (None, f"{note}a#0"),
    }


def test_one_copy_among_few_is_no_layout():
    pairs = [shown("train/a#0", "a", A), shown("train/b#0", "a", A), shown("train/c#0", "c", B)]
    assert set(said(pairs)) == {"train/a#0", "train/b#0"}


def test_a_near_image_in_the_same_split_is_worth_knowing():
    pairs = [shown("train/a#0", "a", A), shown("train/b#0", "b", A6)]
    assert said(pairs) == {
        "train/a#0": ("info", "the image looks like that of gres/train/b#0: 6 of 64 bits differ"),
        "train/b#0": ("info", "the image looks like that of gres/train/a#0: 6 of 64 bits differ"),
    }


def test_a_near_image_in_another_split_is_a_warning():
    pairs = [shown("train/a#0", "a", A), shown("test/b#0", "b", A)]
    note = "the image looks like that of gres/{}, in another split: 0 of 64 bits differ"
    assert said(pairs) == {
        "train/a#0": (None, note.format("test/b#0")), "test/b#0": (None, note.format("train/a#0")),
    }  # fmt: skip


def test_the_bounds_can_be_moved():
    near = [shown("train/a#0", "a", A), shown("train/b#0", "b", A6)]
    assert said(near, max_distance=5) == {}
    copies = [shown("train/a#0", "a", A), shown("train/b#0", "a", A)]
    assert len(said(copies, usual_share=1.0)) == 2
