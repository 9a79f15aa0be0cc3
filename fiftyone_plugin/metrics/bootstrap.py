"""Bootstrap intervals of gIoU and cIoU over images.

Images are drawn with replacement, all pairs of an image together, since queries of one image
are no independent draws.
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
"""The scheme of LISAt's paper: 20 rounds of 80 % of the images, with replacement."""


@dataclass(frozen=True)
class Spread:
    """Statistics of the draws.

    Attributes:
        ci: 95 % percentile interval ``[low, high]`` by name; empty under ``lisat``
        mean: of the draws, by name
        std: standard deviation of the draws, by name
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
    """Resamples images with the given scheme.

    Args:
        table: the pairs
        convention: of the IoU
        rounds: how often; 0 for not at all, under ``lisat`` for its own 20
        seed: of the draws; the same seed gives the same numbers
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
    """A table summed up by image, so that a draw costs a product of vectors.

    Args:
        table: the pairs
        convention: of the IoU
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
    """Resamples of images with replacement.

    Args:
        images: how many images there are
        rounds: how many resamples
        seed: of the random numbers
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
        values: by name, (rounds,) values; NaN is left out, and a name without any other value too
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
