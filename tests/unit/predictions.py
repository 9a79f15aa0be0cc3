"""Masks and queries that the tests of ``results`` share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.fiftyone_plugin.predictors.builtin.results import Results

SHAPE = (6, 8)


def mask(value: int) -> np.ndarray:
    """(6, 8) of 0 and 1, different for each value in 1 .. 48."""
    pixels = np.zeros(SHAPE, np.uint8)
    pixels.ravel()[:value] = 1
    return pixels


def query(image_id: str = "a", index: int = 0, split: str = "test", name: str = "") -> Query:
    name = name or f"{image_id}.jpg"
    key = f"gres/{split}/{image_id}#{index}"
    return Query(key, image_id, split, "the car", Path("/nowhere") / name, name, (8, 6))


def load(path: Path) -> Results:
    return PREDICTORS["results"].load({"path": str(path)}, "cpu")  # type: ignore[return-value]


def answer(results: Results, asked: Query) -> np.ndarray | Exception:
    (given,) = results.predict([asked])
    return given


def value(results: Results, asked: Query) -> int:
    """Which :func:`mask` was given."""
    given = answer(results, asked)
    assert isinstance(given, np.ndarray), given
    assert given.dtype == np.uint8
    np.testing.assert_array_equal(given, mask(int(given.sum())))
    return int(given.sum())


def put(path: Path, number: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(mask(number) * 255).save(path)
    return path
