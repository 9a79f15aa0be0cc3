"""COCO's run-length encoding, against a slow reading of the published C code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.errors import MaskError
from pairlens.importers.rle import decode_rle, encode_rle
from tests.unit import rle_reference as slow

SIZE = [2, 3]
HUGE = 10**30

BROKEN: dict[str, Any] = {
    "nothing": {},
    "no counts": {"size": SIZE},
    "no size": {"counts": [6]},
    "size of one": {"size": [6], "counts": [6]},
    "size of texts": {"size": ["2", "3"], "counts": [6]},
    "size of truths": {"size": [True, 6], "counts": [6]},
    "size of none": {"size": [0, 3], "counts": []},
    "negative size": {"size": [-2, -3], "counts": [6]},
    "fractional size": {"size": [2.0, 3.0], "counts": [6]},
    "a planet": {"size": [1 << 20, 1 << 20], "counts": [1 << 40]},
    "beyond integers": {"size": [HUGE, HUGE], "counts": [6]},
    "too short": {"size": SIZE, "counts": [2, 3]},
    "too long": {"size": SIZE, "counts": [2, 5]},
    "negative run": {"size": SIZE, "counts": [7, -1]},
    "huge runs that cancel": {"size": SIZE, "counts": [2**62, 2**62, 2**62, 2**62, 6]},
    "run beyond integers": {"size": SIZE, "counts": [HUGE, 6]},
    "fractional run": {"size": SIZE, "counts": [1.5, 4.5]},
    "text in a list": {"size": SIZE, "counts": ["6"]},
    "lists in a list": {"size": SIZE, "counts": [[6]]},
    "ragged": {"size": SIZE, "counts": [[6], 1]},
    "an object": {"size": SIZE, "counts": {"0": 6}},
    "more runs than pixels": {"size": SIZE, "counts": [0] * 100 + [6]},
    "no text": {"size": SIZE, "counts": ""},
    "a space": {"size": SIZE, "counts": "6 "},
    "another script": {"size": SIZE, "counts": "٦"},
    "past the alphabet": {"size": SIZE, "counts": "p"},
    "cut short": {"size": SIZE, "counts": "P"},
    "one endless run": {"size": SIZE, "counts": "o" * 40 + "0"},
    "long text": {"size": SIZE, "counts": "0" * 1000},
    "differences below zero": {"size": SIZE, "counts": "6000O"},
}


@pytest.mark.parametrize("rle", BROKEN.values(), ids=BROKEN)
def test_what_is_no_mask_is_refused(rle: dict[str, Any]):
    with pytest.raises(MaskError) as caught:
        decode_rle(rle)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 200


def test_an_array_of_three_dimensions_is_not_encoded():
    with pytest.raises(MaskError, match="expected"):
        encode_rle(np.zeros((2, 2, 2)))


@pytest.mark.parametrize(
    ("rows", "counts"),
    [
        pytest.param(["000", "000"], [6], id="empty"),
        pytest.param(["111", "111"], [0, 6], id="full"),
        pytest.param(["010", "010"], [2, 2, 2], id="down the columns"),
        pytest.param(["100", "001"], [0, 1, 4, 1], id="corners"),
    ],
)
def test_small_masks(rows: list[str], counts: list[int]):
    mask = np.array([[int(c) for c in row] for row in rows], np.uint8)
    assert encode_rle(mask, compressed=False) == {"size": SIZE, "counts": counts}
    np.testing.assert_array_equal(decode_rle({"size": SIZE, "counts": counts}), mask)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=40), st.booleans())
def test_agrees_with_the_slow_reading(runs: list[int], compressed: bool):
    height, width = 1, sum(runs)
    if not width or len(runs) > 2 * width + 2:  # refused, as another test has it
        return
    text = slow.compress(runs)
    flat = slow.fill(slow.decompress(text))
    rle = {"size": [height, width], "counts": text if compressed else runs}
    mask = decode_rle(rle)
    assert mask.ravel().tolist() == flat
    assert mask.dtype == np.uint8 and mask.flags.c_contiguous
    again = encode_rle(mask)
    assert slow.fill(slow.decompress(again["counts"])) == flat
    assert again["counts"] == slow.compress(encode_rle(mask, compressed=False)["counts"])


@pytest.mark.parametrize("shape", [(1, 1), (7, 3), (3, 7), (64, 33), (512, 512)])
def test_there_and_back(shape: tuple[int, int]):
    mask = (np.random.default_rng(sum(shape)).random(shape) < 0.3).astype(np.uint8)
    for compressed in (True, False):
        rle = json.loads(json.dumps(encode_rle(mask, compressed=compressed)))
        np.testing.assert_array_equal(decode_rle(rle), mask)
    rle = encode_rle(mask)
    np.testing.assert_array_equal(decode_rle(rle | {"counts": rle["counts"].encode()}), mask)


def test_ignore_and_other_values_are_target():
    assert encode_rle(np.array([[0, 255, 7]]), compressed=False)["counts"] == [1, 2]


def test_a_large_run_takes_all_its_characters():
    mask = np.zeros((8192, 8192), np.uint8)
    mask[-1, -1] = 1
    rle = encode_rle(mask)
    assert slow.decompress(rle["counts"]) == [8192 * 8192 - 1, 1]
    assert decode_rle(rle)[-1, -1] == 1


def test_published_masks_come_back_as_they_were(shared_data: Path):
    lines = (shared_data / "risbench" / "risbench_test.jsonl").read_text().splitlines()
    assert lines
    for line in lines:
        rle = json.loads(line)["segmentation"]
        mask = decode_rle(rle)
        assert mask.shape == tuple(rle["size"])
        assert mask.ravel(order="F").tolist() == slow.fill(slow.decompress(rle["counts"]))
        assert encode_rle(mask) == rle
