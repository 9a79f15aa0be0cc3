"""Pairs for the tests of checks: sound ones, of which a test changes what it is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.checks import CHECKS, Batch, Check, Issue, Sample
from pairlens.fiftyone_plugin.checks.engine import issues_in
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.importers.mask_stats import MaskStats, measure
from pairlens.importers.masks import Mask


def mask(area: int = 1000, size: tuple[int, int] = (512, 512), seed: int = 0) -> MaskStats:
    """Measurements of ``area`` pixels strewn over (width, height); seeds give other masks."""
    pixels = np.zeros(size[0] * size[1], np.uint8)
    pixels[np.random.default_rng(seed).permutation(len(pixels))[:area]] = 1
    return measure(Mask(pixels.reshape(size[1], size[0])))


def box(x: int, y: int, width: int, height: int, side: int = 512) -> MaskStats:
    pixels = np.zeros((side, side), np.uint8)
    pixels[y : y + height, x : x + width] = 1
    return measure(Mask(pixels))


def ellipse(x: float, y: float, a: float, b: float, side: int = 512) -> MaskStats:
    """Measurements of an ellipse around (x, y) with half axes ``a`` to the right, ``b`` down."""
    columns, rows = np.meshgrid(np.arange(side) + 0.5, np.arange(side) + 0.5)
    inside = ((columns - x) / a) ** 2 + ((rows - y) / b) ** 2 <= 1
    return measure(Mask(inside.astype(np.uint8)))


SOUND = ellipse(256, 256, 25, 13)


def subject(key: str = "gres/train/a#0", /, **changes: Any) -> Sample:
    """A pair without fault; ``stats_<name>`` changes one of the mask's measurements."""
    return example(key, **{"stats": SOUND} | changes)


def issues(check: str, seen: Sample | Iterable[Sample], **params: Any) -> list[Issue]:
    """What a check reports of samples, if they were a dataset."""
    return issues_of(CHECKS[check].with_params(params), seen)


def issues_of(one: Check, seen: Sample | Iterable[Sample]) -> list[Issue]:
    """The same of a check that is at hand."""
    samples = [seen] if isinstance(seen, Sample) else seen
    return list(issues_in(Batch.of(samples, [one]), one))
