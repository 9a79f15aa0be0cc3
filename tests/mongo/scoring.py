"""Small datasets with predictions, and what scoring them must give, told pair by pair."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np

from pairlens.fiftyone_plugin.demo.layouts import make_refsegrs
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import encode_png, load_stored
from tests.unit.scoring_reference import Counted, count, summary

PRED = "model"
SIDE = 256
"""Of the images, in pixels."""


def imported(root: Path, name: str, pairs: int = 12) -> fo.Dataset:
    """A generated RefSegRS dataset in the database, with two masks made empty."""
    make_refsegrs(root, pairs=pairs, seed=5, size=SIDE)
    import_dataset("refsegrs", root, name)
    dataset = fo.load_dataset(name)
    for i in (1, 4):
        path = Path(dataset.values("segmentation.mask_path")[i])
        path.write_bytes(encode_png(np.zeros((SIDE, SIDE), np.uint8)))
    return dataset


def predict(dataset: fo.Dataset, folder: Path, field: str = PRED, seed: int = 0) -> None:
    """Gives the pairs predictions of every kind: none, empty, exact, small, shifted, gone.

    Another seed gives other kinds to the pairs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(seed)
    for i, sample in enumerate(dataset):
        kind = (i + seed) % 6
        mask = load_stored(sample["segmentation"].mask_path)
        shifted = np.roll(mask % 255, random.integers(1, 40), axis=int(random.integers(2)))
        made = {
            0: None,
            1: np.zeros_like(mask),
            2: mask % 255,
            3: (mask[::2, ::2] == 1).astype(np.uint8),
            4: shifted if mask.any() else np.eye(SIDE, dtype=np.uint8),
        }.get(kind, shifted)
        if made is None:
            continue
        path = folder / f"{i}.png"
        path.write_bytes(encode_png(np.ascontiguousarray(made)))
        sample[field] = fo.Segmentation(mask_path=str(path))
        sample.save()
        if kind == 5:
            path.unlink()


def counts(samples: Any, field: str = PRED) -> dict[str, Counted]:
    """The pairs counted pixel by pixel, at an eighth of the work: only where a mask is."""
    found = {}
    for sample in samples:
        target = load_stored(sample["segmentation"].mask_path)
        label = sample[field]
        there = label is not None and Path(label.mask_path).is_file()
        prediction = load_stored(label.mask_path) if there else None
        found[sample["key"]] = count_quick(target, prediction)
    return found


def count_quick(target: np.ndarray, prediction: np.ndarray | None) -> Counted:
    """The reference count, on each distinct pair of pixel values once."""
    if prediction is not None and prediction.shape != target.shape:
        rows = np.arange(target.shape[0]) * prediction.shape[0] // target.shape[0]
        columns = np.arange(target.shape[1]) * prediction.shape[1] // target.shape[1]
        counted = count_quick(target, prediction[rows][:, columns])
        counted.resized = True
        return counted
    given = np.zeros_like(target) if prediction is None else prediction
    # Both values in one number, which counts a hundred times as fast as rows of two.
    often = np.bincount(target.ravel().astype(np.int32) << 8 | given.ravel())
    total = Counted(missing=prediction is None)
    for both in np.flatnonzero(often):
        n, wanted, predicted = often[both], both >> 8, both & 0xFF
        one = count(np.array([[wanted]]), np.array([[predicted]]))
        for name in ("intersection", "union", "target_area", "predicted_area", "pixels"):
            setattr(total, name, getattr(total, name) + int(n) * getattr(one, name))
    return total


def expected(samples: Any, convention: str, field: str = PRED) -> dict[str, Any]:
    """The summary, from the reference."""
    return summary(list(counts(samples, field).values()), convention)
