"""Masks that are painted in the panel: what is sent to it, and what is taken of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import fiftyone as fo
import numpy as np
import pytest

from pairlens.fiftyone_plugin.curation import painted_masks, undoing
from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.painted_masks import mask_to_paint
from pairlens.fiftyone_plugin.curation.review_fields import find
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.masks import encode_png, load_stored
from pairlens.importers.rle import decode_rle, encode_rle
from tests.mongo.curating import load, mask_of, predict
from tests.mongo.reviewing import documents, history, keys

SIDE = 256


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=2, size=SIDE).root


@pytest.fixture(scope="module")
def untouched(source: Path) -> Iterator[Any]:
    """For tests in which nothing is written."""
    name = f"test-{uuid4().hex[:12]}"
    yield load("gres", source, name)
    fo.delete_dataset(name)


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    return load("gres", source, dataset_name)


def square(side: int = SIDE) -> np.ndarray:
    """A target of 40x20 pixels."""
    pixels = np.zeros((side, side), np.uint8)
    pixels[30:50, 100:140] = 1
    return pixels


def ignore_rows(dataset: Any, key: str) -> None:
    """Makes the first rows of a pair's published mask *ignore*, as if it came so."""
    path = Path(documents(dataset)[key]["segmentation"]["mask_path"])
    pixels = load_stored(path)
    pixels[:4] = 255
    path.write_bytes(encode_png(pixels))


RLE = encode_rle(square())
LARGE = {"size": [8192, 8192], "counts": "0PPPPP2"}
"""All of it target: a run of none and one of 2 ** 26."""


# ------------------------------------------------------------------------------ must not


@pytest.mark.parametrize(
    ("painted", "words"),
    [
        pytest.param("x", "is no RLE", id="a text"),
        pytest.param({}, "is no RLE", id="nothing"),
        pytest.param({"size": [SIDE, SIDE], "counts": [SIDE * SIDE]}, "is no RLE", id="a list"),
        pytest.param(RLE | {"counts": "0" * ((1 << 20) + 1)}, "is no RLE of at most", id="long"),
        pytest.param(RLE | {"size": [SIDE, SIDE + 1]}, "cannot be", id="another size"),
        pytest.param(RLE | {"size": [1 << 30, 1 << 30]}, "cannot be", id="a size without bound"),
        pytest.param(RLE | {"size": [-SIDE, -SIDE]}, "cannot be", id="a negative size"),
        pytest.param(RLE | {"size": None}, "cannot be", id="no size"),
        pytest.param(RLE | {"counts": RLE["counts"][:-1]}, "cannot be", id="cut short"),
        pytest.param(RLE | {"counts": "\ud800" * 4}, "cannot be", id="no characters"),
        pytest.param(encode_rle(square(300)), "300x300 pixels, that of", id="of another image"),
        pytest.param(LARGE, "8192x8192 pixels, that of", id="large"),
        pytest.param(encode_rle(0 * square()), "is empty; to remove the pair", id="empty"),
    ],
)
def test_what_cannot_be_the_mask_is_refused(untouched: Any, painted: Any, words: str) -> None:
    key = keys(untouched)[0]
    before = documents(untouched)
    with pytest.raises(UsageError, match=words):
        judge(untouched, key, "fix", painted=painted)
    assert documents(untouched) == before
    assert history(untouched) == []


def test_a_mask_of_another_size_is_refused_before_it_is_drawn(untouched: Any) -> None:
    tracemalloc.start()
    with pytest.raises(UsageError, match="8192x8192"):
        judge(untouched, keys(untouched)[0], "fix", painted=LARGE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8192 * 8192 / 4


def test_it_goes_with_fix_alone_and_on_a_pair_with_a_target(dataset: Any) -> None:
    key = keys(dataset)[0]
    with pytest.raises(UsageError, match="goes with the verdict fix"):
        judge(dataset, key, "keep", painted=RLE)
    with pytest.raises(UsageError, match="from one place"):
        judge(dataset, key, "fix", painted=RLE, use_edit=True)
    dataset._sample_collection.update_one({"key": key}, {"$set": {"no_target": True}})
    with pytest.raises(UsageError, match="declared to have no target"):
        judge(dataset, key, "fix", painted=RLE)
    with pytest.raises(UsageError, match="declared to have no target"):
        mask_to_paint(dataset, key)
    assert history(dataset) == []


def test_who_painted_on_another_mask_is_told(dataset: Any) -> None:
    key = keys(dataset)[0]
    seen = find(dataset, key).version
    judge(dataset, key, "fix", painted=RLE, reviewer="ben")
    with pytest.raises(Conflict):
        judge(dataset, key, "fix", painted=encode_rle(1 - square()), seen=seen, reviewer="ann")
    assert np.array_equal(mask_of(dataset, key), square())


def test_what_the_brush_cannot_take_is_said(
    untouched: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = keys(untouched)[0]
    with pytest.raises(UsageError, match=r"'phrase' .* holds no masks"):
        mask_to_paint(untouched, key, source="phrase")
    monkeypatch.setattr(painted_masks, "MOST_PIXELS", SIDE * SIDE - 1)
    with pytest.raises(StateError, match="256x256 pixels; the brush paints up to 65,535"):
        mask_to_paint(untouched, key)
    monkeypatch.undo()
    monkeypatch.setattr(painted_masks, "MAX_RLE", 3)
    with pytest.raises(StateError, match="too many edges"):
        mask_to_paint(untouched, key)


# ------------------------------------------------------------------------------- painting


def test_the_brush_starts_from_the_truth_the_published_mask_or_a_prediction(
    dataset: Any, tmp_path: Path
) -> None:
    predict(dataset, tmp_path / "model")
    key = keys(dataset)[0]
    ignore_rows(dataset, key)
    published, model = mask_of(dataset, key), documents(dataset)[key]["model"]["mask_path"]
    judge(dataset, key, "fix", painted=RLE)

    def sent(source: str) -> np.ndarray:
        return decode_rle(mask_to_paint(dataset, key, source=source)["target"])

    assert np.array_equal(sent("segmentation"), square())
    assert np.array_equal(sent("original_mask"), published == 1)
    assert np.array_equal(sent("model"), load_stored(model) == 1)
    ignored = mask_to_paint(dataset, key)["ignored"]
    assert ignored and np.array_equal(decode_rle(ignored), published == 255)


def test_what_is_painted_becomes_the_mask_and_undo_brings_the_published_one_back(
    dataset: Any,
) -> None:
    key = keys(dataset)[0]
    ignore_rows(dataset, key)
    published, path = mask_of(dataset, key), documents(dataset)[key]["segmentation"]["mask_path"]
    painted = square()
    painted[2, 100:140] = 1
    judge(dataset, key, "fix", painted=encode_rle(painted), reviewer="ann")
    expected = np.where(painted == 1, 1, np.where(published == 255, 255, 0))
    assert np.array_equal(mask_of(dataset, key), expected)
    after = documents(dataset)[key]
    assert (after["verdict"], after["reviewer"]) == ("fix", "ann")
    assert after["original_mask"]["mask_path"] == path
    assert np.array_equal(load_stored(path), published)
    undoing.undo(dataset)
    assert np.array_equal(mask_of(dataset, key), published)
    assert documents(dataset)[key].get("verdict") is None
