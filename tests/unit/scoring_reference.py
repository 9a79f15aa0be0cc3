"""Scoring once more, pixel by pixel and pair by pair, as its definition reads.

Slow on purpose, and with nothing of PairLens in it: what the fast code is tested against.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest

TARGET, IGNORE = 1, 255
THRESHOLDS = ("0.5", "0.6", "0.7", "0.8", "0.9")


@dataclass
class Rules:
    """A row of the table of conventions."""

    empty: float | None
    strict: bool
    smoothing: float = 0.0
    total_smoothing: float = 0.0


RULES = {
    "rmsin": Rules(empty=0.0, strict=False),
    "lisat": Rules(empty=1.0, strict=False, smoothing=1e-5, total_smoothing=1e-10),
    "rrsis": Rules(empty=0.0, strict=False),
    "segearth": Rules(empty=1.0, strict=True, smoothing=1e-5, total_smoothing=1e-10),
    "rsrefseg": Rules(empty=None, strict=True),
}


@dataclass
class Counted:
    """A pair, counted."""

    intersection: int = 0
    union: int = 0
    target_area: int = 0
    predicted_area: int = 0
    pixels: int = 0
    resized: bool = False
    missing: bool = False


def count(target: np.ndarray, prediction: np.ndarray | None) -> Counted:
    """Goes over the pixels of the ground truth one by one."""
    counted = Counted(missing=prediction is None)
    height, width = target.shape
    if prediction is not None:
        counted.resized = prediction.shape != target.shape
    for y in range(height):
        for x in range(width):
            if target[y, x] == IGNORE:
                continue
            counted.pixels += 1
            wanted = target[y, x] == TARGET
            given = False
            if prediction is not None:
                rows, columns = prediction.shape
                given = prediction[y * rows // height, x * columns // width] == TARGET
            counted.target_area += int(wanted)
            counted.predicted_area += int(given)
            counted.intersection += int(wanted and given)
            counted.union += int(wanted or given)
    return counted


def iou(pair: Counted, rules: Rules) -> float | None:
    if pair.missing:
        return 0.0
    if pair.union == 0:
        return rules.empty
    return pair.intersection / (pair.union + rules.smoothing)


def dice(pair: Counted, rules: Rules) -> float | None:
    if pair.missing:
        return 0.0
    if pair.target_area + pair.predicted_area == 0:
        return rules.empty
    return 2 * pair.intersection / (pair.target_area + pair.predicted_area)


def passes(pair: Counted, rules: Rules, threshold: str) -> bool:
    value = iou(pair, rules)
    if value is None:
        return False
    if not rules.smoothing and pair.union and not pair.missing:
        exact = Fraction(pair.intersection, pair.union)
        return exact > Fraction(threshold) if rules.strict else exact >= Fraction(threshold)
    return value > float(threshold) if rules.strict else value >= float(threshold)


def mean(values: list[float | None]) -> float | None:
    defined = [v for v in values if v is not None]
    return sum(defined) / len(defined) if defined else None


def summary(pairs: list[Counted], convention: str) -> dict[str, object]:
    rules = RULES[convention]
    ious = [iou(p, rules) for p in pairs]
    intersection, union = sum(p.intersection for p in pairs), sum(p.union for p in pairs)
    divisor = union + rules.total_smoothing
    empty = [p for p in pairs if p.target_area == 0]
    full = [p for p in pairs if p.target_area > 0]
    return {
        "pairs": len(pairs),
        "missing": sum(p.missing for p in pairs),
        "resized": sum(p.resized for p in pairs),
        "no_target": len(empty),
        "undefined": sum(v is None for v in ious),
        "gIoU": mean(ious),
        "cIoU": intersection / divisor if pairs and divisor else None,
        "dice": mean([dice(p, rules) for p in pairs]),
        "precision": {t: sum(passes(p, rules, t) for p in pairs) / len(pairs) for t in THRESHOLDS}
        if pairs
        else None,
        "n_acc": mean([float(p.predicted_area == 0 and not p.missing) for p in empty]),
        "t_acc": mean([float(p.predicted_area > 0) for p in full]),
    }


def assert_same(ours: dict[str, object], theirs: dict[str, object]) -> None:
    """Whether a summary has what the reference has, up to rounding."""
    for name, value in theirs.items():
        wanted = value if value is None else pytest.approx(value, abs=1e-12)
        assert ours[name] == wanted, name
