"""Bootstrap intervals of gIoU and cIoU over images.

Images are drawn with replacement, all pairs of an image together: queries of one image are not
independent.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from pairlens.fiftyone_plugin.metrics.conventions import Convention, Floats
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable
from pairlens.importers.errors import UsageError

Scheme = Literal["percentile", "lisat"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
LEVELS = (2.5, 97.5)
LISAT_ROUNDS, LISAT_SHARE = 20, 0.8
"""Rounds, and share of the images per round, of the LISAt paper; drawn with replacement."""


@dataclass(frozen=True)
class Spread:
    """Statistics of gIoU and cIoU over the resamples.

    Attributes:
        ci: 95 % percentile interval ``[low, high]`` by name; empty under ``lisat``
        mean: mean of the resamples, by name
        std: standard deviation of the resamples, by name
    """

    ci: dict[str, list[float]] = field(default_factory=dict)
    mean: dict[str, float] = field(default_factory=dict)
    std: dict[str, float] = field(default_factory=dict)


def bootstrap(
    table: OverlapTable,
    convention: Convention,
    rounds: int,
    seed: int = 0,
    scheme: Scheme = "percentile",
) -> Spread:
    """Computes the spread of gIoU and cIoU over resamples of the images.

    Args:
        table: the pairs
        convention: the IoU convention
        rounds: number of resamples; 0 for none, or under ``lisat`` for its own 20
        seed: seed of the resampling; the same seed gives the same numbers
        scheme: ``percentile`` draws as many images as there are and gives a 95 % interval;
            ``lisat`` draws 80 % of them and gives mean and standard deviation

    Raises:
        UsageError: for an unknown scheme
    """
    if scheme not in SCHEMES:
        raise UsageError(f"there is no bootstrap scheme {scheme!r}; known: {', '.join(SCHEMES)}")
    share = LISAT_SHARE if scheme == "lisat" else 1.0
    rounds = rounds or (LISAT_ROUNDS if scheme == "lisat" else 0)
    if not rounds or not len(table):
        return Spread()
    images = Images(table, convention)
    ious = np.array([images.ious(drawn) for drawn in draws(len(images), rounds, seed, share)])
    return spread({"gIoU": ious[:, 0], "cIoU": ious[:, 1]}, intervals=scheme == "percentile")


class Images:
    """Sums of a table by image, so that a resample costs one matrix-vector product.

    Args:
        table: the pairs
        convention: the IoU convention
    """

    def __init__(self, table: OverlapTable, convention: Convention) -> None:
        _, image = np.unique(table.image, return_inverse=True)
        iou = table.iou(convention)
        defined = ~np.isnan(iou)
        columns = (np.where(defined, iou, 0.0), defined, table.intersection, table.union)
        self._sums = np.stack([np.bincount(image, weights=column) for column in columns])
        self._convention = convention

    def __len__(self) -> int:
        return self._sums.shape[1]

    def ious(self, drawn: Floats) -> tuple[float, float]:
        """gIoU and cIoU in [0, 1] of a resample; NaN where undefined.

        Args:
            drawn: (images,), how often each image is in the resample
        """
        iou, defined, intersection, union = (self._sums @ drawn).tolist()
        giou = iou / defined if defined else np.nan
        return giou, self._convention.ciou(intersection, union)


def draws(images: int, rounds: int, seed: int, share: float = 1.0) -> Iterator[Floats]:
    """Resamples images with replacement.

    Args:
        images: number of images
        rounds: number of resamples
        seed: seed of the random numbers
        share: size of a resample as a share of the images, (0, 1]

    Yields:
        (images,), how often each image was drawn
    """
    random = np.random.default_rng(seed)
    size = max(1, int(images * share))
    for _ in range(rounds):
        drawn = np.bincount(random.integers(images, size=size), minlength=images)
        yield drawn.astype(np.float64)


def spread(values: dict[str, Floats], *, intervals: bool = True) -> Spread:
    """Interval, mean and standard deviation of a statistic over resamples.

    Args:
        values: (rounds,) values by name; NaN is ignored, and names with nothing else are left out
        intervals: whether to compute intervals
    """
    defined = {name: column[~np.isnan(column)] for name, column in values.items()}
    defined = {name: column for name, column in defined.items() if len(column)}
    ends = {n: [float(v) for v in np.percentile(c, LEVELS)] for n, c in defined.items()}
    return Spread(
        ci=ends if intervals else {},
        mean={name: float(column.mean()) for name, column in defined.items()},
        std={name: float(column.std()) for name, column in defined.items()},
    )
