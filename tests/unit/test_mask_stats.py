"""A mask's measurements against slower ways to the same numbers: plain loops and SciPy."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage
from scipy.spatial import ConvexHull

from pairlens.importers.mask_stats import QUANTILES, MaskStats, digest, measure
from pairlens.importers.masks import Mask

EIGHT = np.ones((3, 3), int)


def of(rows: str) -> MaskStats:
    """Measures a drawing: ``#`` target, ``x`` ignore, rows separated by blanks."""
    values = {".": 0, "#": 1, "x": 255}
    return measure(Mask(np.array([[values[c] for c in row] for row in rows.split()], np.uint8)))


def corners_of(target: np.ndarray) -> np.ndarray:
    ys, xs = np.nonzero(target)
    return np.array(
        [(x + i, y + j) for x, y in zip(xs, ys, strict=True) for i in (0, 1) for j in (0, 1)]
    )


def holes_of(target: np.ndarray) -> int:
    """4-connected background regions that reach no side of the image."""
    labels, count = ndimage.label(~target)
    sides = np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]])
    return count - len(set(sides.tolist()) - {0})


def elongation_of(target: np.ndarray) -> float:
    """From the second moments of unit squares, integrated."""
    ys, xs = np.nonzero(target)
    covariance = np.cov(np.stack([xs, ys]), bias=True) + np.eye(2) / 12
    small, large = np.linalg.eigvalsh(covariance)
    return math.sqrt(large / small)


PIXELS = hnp.arrays(
    np.uint8,
    hnp.array_shapes(min_dims=2, max_dims=2, max_side=14),
    elements=st.sampled_from([0, 1, 1, 255]),
)


@given(PIXELS)
def test_every_number(pixels: np.ndarray):
    stats, target = measure(Mask(pixels)), pixels == 1
    height, width = pixels.shape
    assert (stats.width, stats.height) == (width, height)
    assert stats.area == target.sum()
    assert stats.ignore_area == (pixels == 255).sum()
    assert stats.digest == digest(pixels)
    if not target.any():
        assert stats == MaskStats(
            width=width, height=height, ignore_area=stats.ignore_area, digest=stats.digest
        )
        return
    ys, xs = np.nonzero(target)
    labels, parts = ndimage.label(target, EIGHT)
    assert stats.box == (xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1)
    assert stats.centroid == pytest.approx((xs.mean() + 0.5, ys.mean() + 0.5))
    assert stats.components == parts
    assert stats.largest == pytest.approx(np.bincount(labels.ravel())[1:].max() / target.sum())
    assert stats.holes == holes_of(target)
    touched = [xs.min() == 0, ys.min() == 0, xs.max() == width - 1, ys.max() == height - 1]
    assert stats.border == "".join(itertools.compress("ltrb", touched))
    assert stats.rectangularity == pytest.approx(
        target.sum() / ((np.ptp(xs) + 1) * (np.ptp(ys) + 1))
    )
    assert stats.elongation == pytest.approx(elongation_of(target), rel=1e-6)
    # SciPy calls the area of a plane hull its volume.
    assert stats.solidity == pytest.approx(target.sum() / ConvexHull(corners_of(target)).volume)


@given(PIXELS)
def test_quantiles_have_their_share_on_the_left(pixels: np.ndarray):
    stats, target = measure(Mask(pixels)), pixels == 1
    for axis, quantiles in ((0, stats.x_quantiles), (1, stats.y_quantiles)):
        assert len(quantiles) == (len(QUANTILES) if target.any() else 0)
        profile = target.sum(axis)
        for share, at in zip(QUANTILES, quantiles, strict=False):
            whole = min(int(at), len(profile) - 1)
            left = profile[:whole].sum() + profile[whole] * (at - whole)
            assert left / profile.sum() == pytest.approx(share)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param("#", {"box": (0, 0, 1, 1), "border": "ltrb", "elongation": 1.0,
                           "solidity": 1.0, "centroid": (0.5, 0.5)}, id="one pixel, all of it"),
        pytest.param("... .#. ...", {"border": "", "centroid": (1.5, 1.5)}, id="one pixel inside"),
        pytest.param("#. .#", {"components": 1, "holes": 0}, id="diagonal parts are one"),
        pytest.param("#.# ... #.#", {"components": 4, "largest": 0.25}, id="four parts"),
        pytest.param("### #.# ###", {"holes": 1, "solidity": 8 / 9}, id="ring"),
        pytest.param(".#. #.# .#.", {"holes": 1}, id="a diagonal ring encloses"),
        pytest.param("### #.# #.#", {"holes": 0}, id="open below"),
        pytest.param("### #x# ###", {"holes": 1, "ignore_area": 1}, id="ignore is no target"),
        pytest.param("##### #.#.# #####", {"holes": 2}, id="two holes"),
        pytest.param("##########", {"elongation": 10.0, "rectangularity": 1.0}, id="a strip"),
        pytest.param("#... ##.. ###. ####", {"rectangularity": 10 / 16}, id="triangle"),
        pytest.param("xx xx", {"area": 0, "ignore_area": 4, "components": 0}, id="all ignored"),
    ],
)  # fmt: skip
def test_drawn_masks(rows: str, expected: dict[str, object]):
    stats = of(rows)
    for name, value in expected.items():
        met = getattr(stats, name)
        assert met == (pytest.approx(value) if isinstance(value, float) else value), name


def test_no_measurement_leaves_its_range():
    random = np.random.default_rng(5)
    for share in (0.002, 0.3, 0.6, 0.97):
        stats = measure(Mask((random.random((97, 61)) < share).astype(np.uint8)))
        for value in (stats.largest, stats.rectangularity, stats.solidity):
            assert 0 < value <= 1
        assert stats.elongation >= 1


@pytest.mark.parametrize("shape", [(1, 70_000), (70_000, 1), (3, 40_000)])
def test_masks_longer_than_16_bits(shape: tuple[int, int]):
    stats = measure(Mask(np.ones(shape, np.uint8)))
    assert (stats.area, stats.components, stats.holes) == (shape[0] * shape[1], 1, 0)
    assert stats.solidity == 1.0
    assert stats.elongation == pytest.approx(max(shape) / min(shape), rel=1e-4)


def test_views_and_columns_measure_as_arrays_do():
    pixels = (np.random.default_rng(2).random((20, 30)) < 0.4).astype(np.uint8)
    assert measure(Mask(np.asfortranarray(pixels))) == measure(Mask(pixels))
    assert measure(Mask(pixels[::2, ::3])) == measure(Mask(pixels[::2, ::3].copy()))


def test_what_was_said_of_the_file_is_kept():
    stats = measure(Mask(np.eye(3, dtype=np.uint8), (0, 7), "2 values: 0, 7"), ("polygon 0 ...",))
    assert (stats.values, stats.problem, stats.polygon_faults) == (
        (0, 7), "2 values: 0, 7", ("polygon 0 ...",),
    )  # fmt: skip
    assert pickle.loads(pickle.dumps(stats)) == stats


def test_all_numbers_are_pythons_own():
    """A database refuses numpy's."""
    stats = of(".## .#x ...")
    values = [getattr(stats, name) for name in MaskStats.__slots__]
    flat = [v for value in values for v in (value if isinstance(value, tuple) else (value,))]
    assert {type(v) for v in flat} <= {int, float, str}
