"""Texts that suit other images better than their own, and vectors that are none."""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.checks.catalogue.embeddings import LENGTH, image_text_fits, vector_of
from tests.unit.subjects import issues

CHECK = "embedding_outlier"


def stored(vector: Any) -> bytes:
    """As FiftyOne's vector fields hold it."""
    with io.BytesIO() as file:
        np.save(file, np.asarray(vector))
        return zlib.compress(file.getvalue())


def world(count: int, wrong: tuple[int, ...] = (), seed: int = 0) -> list[Sample]:
    """Images with texts that say the same and some noise; those of ``wrong`` say the opposite."""
    rng = np.random.default_rng(seed)
    samples = []
    for number in range(count):
        meaning = rng.normal(size=16)
        text = (-meaning if number in wrong else meaning) + 0.3 * rng.normal(size=16)
        vectors = (stored(meaning + 0.3 * rng.normal(size=16)), text.tolist())
        samples.append(Sample(f"x/train/{number}", str(number), "train", "", vectors=vectors))
    return samples


# ----------------------------------------------------------------------------- must not


def test_texts_that_suit_their_images() -> None:
    assert issues(CHECK, world(200)) == []


def test_few_samples_tell_nothing() -> None:
    assert issues(CHECK, world(10, wrong=(3,))) == []


@pytest.mark.parametrize(
    "vectors",
    [
        pytest.param((), id="not read"),
        pytest.param((None, [1.0] * 16), id="one alone"),
        pytest.param(([1.0] * 8, [1.0] * 16), id="two lengths"),
        pytest.param(([1.0] * 8, [1.0] * 8), id="another model's"),
        pytest.param(([0.0] * 16, [1.0] * 16), id="no direction"),
    ],
)
def test_samples_without_two_vectors_are_left_out(vectors: tuple[Any, ...]) -> None:
    samples = [*world(30), Sample("x/train/odd", "odd", "train", "", vectors=vectors)]
    assert issues(CHECK, samples) == []


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x93NUMPY", id="not compressed"),
        pytest.param(zlib.compress(b"\x00" * 100), id="no array"),
        pytest.param(zlib.compress(b"\x00" * 30_000_000), id="a bomb"),
        pytest.param(stored(np.ones((4, 4))), id="a matrix"),
        pytest.param(stored([float("nan")] * 4), id="not a number"),
        pytest.param([1.0] * (LENGTH + 1), id="too long"),
        pytest.param(["a", "b"], id="texts"),
        pytest.param([[1.0], [1.0, 2.0]], id="ragged"),
        pytest.param({"a": 1}, id="an object"),
        pytest.param(7, id="a number"),
    ],
)
def test_what_is_no_vector(value: Any) -> None:
    assert vector_of(value) is None


def test_a_pickled_object_is_not_loaded() -> None:
    with io.BytesIO() as file:
        np.save(file, np.array([{}], dtype=object), allow_pickle=True)
        assert vector_of(zlib.compress(file.getvalue())) is None


# --------------------------------------------------------------------------------- must


def test_texts_of_the_opposite_are_found() -> None:
    found = issues(CHECK, world(200, wrong=(7, 40)))
    assert [issue.key for issue in found] == ["x/train/7", "x/train/40"]
    assert all("of the others fit better (cosine of image_embedding" in d.note for d in found)
    assert max(issue.score for issue in found) < 0.3


def test_a_sample_of_the_others_tells_about_the_same() -> None:
    rng = np.random.default_rng(1)
    images = rng.normal(size=(600, 8)).astype(np.float32)
    texts = images + rng.normal(size=(600, 8)).astype(np.float32)
    unit = [m / np.linalg.norm(m, axis=1, keepdims=True) for m in (images, texts)]
    whole, part = (image_text_fits(*unit, references=n).rank for n in (600, 300))
    assert np.abs(whole - part).max() < 0.12
    assert np.corrcoef(whole, part)[0, 1] > 0.98


def test_both_forms_of_a_vector_are_one() -> None:
    assert np.allclose(vector_of(stored([3.0, 4.0])), [0.6, 0.8])
    assert np.allclose(vector_of([3, 4]), [0.6, 0.8])
