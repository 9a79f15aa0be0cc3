"""Checks of pairs against each other: what must not fire, then what must."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.catalogue.pairs import box_iou
from pairlens.fiftyone_plugin.language import normal_form
from pairlens.importers.formats import gres
from pairlens.importers.mask_stats import MaskStats, measure
from pairlens.importers.polygons import rasterize
from pairlens.importers.records import Polygons
from tests.unit.subjects import box, issues, mask, subject

A, B, C = box(10, 10, 40, 40), box(30, 10, 40, 40), box(300, 300, 50, 50)
UNREADABLE = MaskStats(error="cannot be decoded")


def asked(phrase: str, stats: MaskStats = A, key: str = "train/a#0", **more: Any) -> Sample:
    return subject(f"gres/{key}", phrase=phrase, stats=stats, **more)


def said(check: str, pairs: list[Sample], **params: Any) -> dict[str, str]:
    """Notes by the pair's key, without the dataset's name."""
    notes = {d.key.partition("/")[2]: d.note for d in issues(check, pairs, **params)}
    assert len(notes) == len(issues(check, pairs, **params)), "two issues on one pair"
    return notes


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The red car.", "red car"),
        ("a CAR, parked", "car parked"),
        ("an  airplane\n", "Airplane"),
        ("straße", "STRASSE"),
        ("café", "cafe\u0301"),
        ("ﬁeld", "field"),
    ],
)
def test_equal_queries(one: str, other: str):
    assert normal_form(one) == normal_form(other) != ""


@pytest.mark.parametrize(
    ("one", "other"),
    [("red car", "red cars"), ("car 1", "car 11"), ("car red", "red car"), ("road", "roads")],
)
def test_queries_that_differ(one: str, other: str):
    assert normal_form(one) != normal_form(other)


@pytest.mark.parametrize(
    ("a", "b", "iou"),
    [
        ((0, 0, 0, 0), (0, 0, 0, 0), 0.0),
        ((0, 0, 4, 4), (4, 0, 4, 4), 0.0),
        ((0, 0, 4, 4), (0, 0, 4, 4), 1.0),
        ((0, 0, 4, 4), (2, 0, 4, 4), 1 / 3),
        ((0, 0, 4, 4), (1, 1, 2, 2), 0.25),
    ],
)
def test_box_iou(a: Any, b: Any, iou: float):
    assert box_iou(a, b) == box_iou(b, a) == pytest.approx(iou)


@pytest.mark.parametrize("check", ["duplicate_pair", "ambiguous_query"])
@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([], id="none"),
        pytest.param([asked("car")], id="one"),
        pytest.param([asked("car"), asked("bus", key="train/a#1")], id="two queries of one mask"),
        pytest.param([asked("car"), asked("bus", B, "train/a#1")], id="two of each"),
        pytest.param([asked(""), asked("", key="train/a#1")], id="no query"),
        pytest.param([asked("the"), asked("A !", B, "train/a#1")], id="articles only"),
        pytest.param(
            [asked("car", UNREADABLE), asked("car", UNREADABLE, "train/a#1")], id="unreadable masks"
        ),
        pytest.param(
            [asked("car", A), asked("car", UNREADABLE, "train/a#1")], id="one unreadable mask"
        ),
    ],
)
def test_nothing_is_said_within_an_image(check: str, pairs: list[Sample]):
    assert issues(check, pairs) == []


def test_a_repeated_pair_is_told_once_for_each_repetition():
    pairs = [asked("The car", key=f"train/a#{i}") for i in (2, 0, 1)]
    assert said("duplicate_pair", pairs) == {
        "train/a#1": "the same image, query and mask as gres/train/a#0",
        "train/a#2": "the same image, query and mask as gres/train/a#0",
    }
    assert said("ambiguous_query", pairs) == {}


def test_refsegrs_repeats_pairs_under_other_ids():
    """One scene has a copy for every line, so equal pairs have different ids."""
    masks = {"1361": A, "7": A, "9": B}
    pairs = [
        replace(asked("paved road", mask, f"train/{name}#0"), image_digest="5c" * 32)
        for name, mask in masks.items()
    ]
    assert said("duplicate_pair", pairs) == {
        "train/7#0": "the same image, query and mask as gres/train/1361#0"
    }
    assert set(said("ambiguous_query", pairs)) == {"train/1361#0", "train/7#0", "train/9#0"}


def test_a_repetition_in_another_split_is_a_leak_and_no_duplicate():
    pairs = [asked("car"), asked("car", key="test/a#0")]
    assert said("duplicate_pair", pairs) == {}
    assert set(said("split_leak", pairs)) == {"train/a#0", "test/a#0"}


def test_equal_queries_of_different_masks_are_ambiguous():
    pairs = [asked("the car"), asked("Car!", B, "train/a#1"), asked("bus", C, "train/a#2")]
    assert said("ambiguous_query", pairs) == {
        "train/a#0": "the same query has another mask in gres/train/a#1 (box IoU 0.33)",
        "train/a#1": "the same query has another mask in gres/train/a#0 (box IoU 0.33)",
    }
    assert said("duplicate_pair", pairs) == {}


def test_the_mask_farthest_away_is_named_and_scores_worst():
    pairs = [asked("car"), asked("car", B, "train/a#1"), asked("car", C, "train/a#2")]
    assert "train/a#2 (box IoU 0.00)" in said("ambiguous_query", pairs)["train/a#0"]
    near = issues("ambiguous_query", pairs[:2])[0].score
    far = issues("ambiguous_query", pairs)[0].score
    assert (far, near) == (pytest.approx(0.1), pytest.approx(0.3))


def test_a_target_and_none_for_one_query_are_ambiguous():
    pairs = [asked("car"), asked("car", mask(0), "train/a#1", no_target=True)]
    assert len(said("ambiguous_query", pairs)) == 2


def test_many_equal_queries_take_no_square_of_time():
    pairs = [asked("car", key=f"train/a#{i}") for i in range(20_000)]
    started = time.process_time()  # of this process, however busy the machine is
    assert len(issues("duplicate_pair", pairs)) == 19_999
    assert issues("ambiguous_query", pairs) == []
    assert time.process_time() - started < 5


TINY = mask(63)


@pytest.mark.parametrize(
    "pairs",
    [
        pytest.param([], id="none"),
        pytest.param([asked("car"), asked("bus", key="train/a#1")], id="one image, one split"),
        pytest.param([asked("car"), asked("car", key="train/b#0")], id="one mask, one split"),
        pytest.param([asked("car"), asked("car", B, "test/b#0")], id="two of each"),
        pytest.param([asked("car", TINY), asked("car", TINY, "val/b#0")], id="tiny masks"),
        pytest.param([asked("car", mask(0)), asked("car", mask(0), "val/b#0")], id="empty masks"),
        pytest.param(
            [asked("a", box(0, 0, 512, 512)), asked("b", box(0, 0, 512, 512), "val/b#0")],
            id="full masks",
        ),
        pytest.param([asked("a", UNREADABLE), asked("b", UNREADABLE, "val/b#0")], id="no masks"),
        pytest.param(
            [asked("a", image_digest=""), asked("b", B, "val/a#0", image_digest="")],
            id="missing images",
        ),
        pytest.param(
            [asked("a", mask(100, (20, 20))), asked("b", mask(100, (20, 21)), "val/b#0")],
            id="masks of two sizes",
        ),
    ],
)
def test_no_leak(pairs: list[Sample]):
    assert issues("split_leak", pairs) == []


def test_an_image_in_two_splits_is_an_error():
    pairs = [asked("a", A, "train/a#0"), asked("b", B, "train/a#1"), asked("c", C, "test/a#0"),
             asked("d", box(1, 2, 90, 9), "test/b#0")]  # fmt: skip
    assert said("split_leak", pairs) == {
        "train/a#0": "the same image stands in another split: gres/test/a#0",
        "train/a#1": "the same image stands in another split: gres/test/a#0",
        "test/a#0": "the same image stands in another split: gres/train/a#0",
    }
    assert {d.severity for d in issues("split_leak", pairs)} == {None}


def test_a_mask_in_two_splits_is_a_warning():
    pairs = [asked("a", A, "train/a#0"), asked("b", A, "val/b#0"), asked("c", B, "val/c#0")]
    note = "the identical mask (1600 pixels) stands in another split: gres/{}; compare the images"
    assert said("split_leak", pairs) == {
        "train/a#0": note.format("val/b#0"), "val/b#0": note.format("train/a#0"),
    }  # fmt: skip
    assert {d.severity for d in issues("split_leak", pairs)} == {"warning"}


def test_a_mask_says_what_missing_images_cannot():
    pairs = [asked("a", image_digest=""), asked("b", key="test/b#0", image_digest="")]
    assert len(said("split_leak", pairs)) == 2


def test_tiny_masks_can_be_asked_for_and_empty_ones_never_match():
    pairs = [asked("a", TINY), asked("b", TINY, "val/b#0"), asked("c", mask(0), "train/c#0"),
             asked("d", mask(0), "val/d#0")]  # fmt: skip
    assert set(said("split_leak", pairs, min_area=0)) == {"train/a#0", "val/b#0"}


def test_the_pairs_are_gone_through_again_and_again():
    """They come from a database, and are never held."""

    class Streamed:
        def __iter__(self) -> Iterator[Sample]:
            yield from (asked("a"), asked("b", key="test/b#0"))

    assert len(issues("split_leak", Streamed())) == 2


def test_the_leak_of_the_real_excerpt(shared_data: Path):
    ids = ("lisat_gres_000000004779", "lisat_gres_000000008325", "lisat_gres_000000000102")
    pairs = []
    for pair in gres.read(shared_data / "gres"):
        if pair.image_id in ids and isinstance(pair.target, Polygons):
            stats = measure(rasterize(pair.target.shapes, 512, 512))
            pairs.append(asked(pair.phrase, stats, pair.key[5:], image_digest=""))
    assert {p.image_id for p in pairs} == set(ids)
    leaking = {key.partition("#")[0] for key in said("split_leak", pairs)}
    assert leaking == {f"train/{ids[0]}", f"test/{ids[1]}"}
