"""Tables of pairs for the tests of summaries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pairlens.fiftyone_plugin.metrics.overlap import Overlap
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable


def table(ious: Sequence[float], images: Sequence[int] | None = None) -> OverlapTable:
    """Pairs with the given IoUs over 100 pixels; by default each of an image of its own."""
    rows = [Overlap(round(100 * v), 100, 100, round(100 * v), 1000) for v in ious]
    return OverlapTable.from_overlaps(rows, range(len(rows)) if images is None else images)


def random_table(seed: int, pairs: int, images: int) -> OverlapTable:
    """Pairs of all kinds: some empty, some missing, of any size."""
    random = np.random.default_rng(seed)
    target = random.integers(0, 400, pairs) * (random.random(pairs) > 0.1)
    missing = random.random(pairs) < 0.1
    predicted = random.integers(0, 400, pairs) * ~missing * (random.random(pairs) > 0.1)
    shared = (np.minimum(target, predicted) * random.random(pairs)).astype(int)
    rows = zip(shared, target + predicted - shared, target, predicted, missing, strict=True)
    overlaps = [Overlap(*map(int, r[:4]), pixels=1000, missing=bool(r[4])) for r in rows]
    return OverlapTable.from_overlaps(overlaps, (i % images for i in range(pairs)))
