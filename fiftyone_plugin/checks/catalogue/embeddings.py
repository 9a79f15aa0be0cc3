"""Images and texts that do not belong together, by their embeddings in a common space.

What counts is not how near an image and its text lie, which differs from subject to subject,
but how near compared with what else there is: a text that suits its image is among its nearest.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import EMBEDDINGS, Issue, Sample, check
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS
from pairlens.importers import fields

Floats = NDArray[np.float32]

MOST = 100_000
"""Samples whose vectors are held in memory."""

REFERENCES = 8192
"""Samples that each is compared with, drawn with a seed where there are more: a share among so
many is known to about one percent, and the time is linear."""

LENGTH = 8192
"""Numbers of a vector, at most."""

LEAST = 20
"""Samples below which nothing is odd."""

CHUNK = 1024


def _world(*turned: int) -> Iterator[Sample]:
    """Pairs whose texts fit their images, but for the numbers of those that say the opposite."""
    for number, axis in enumerate(np.eye(30)):
        vectors = (axis, -axis if number in turned else axis)
        yield example(f"gres/train/{number}#0", vectors=tuple(v.tolist() for v in vectors))


@check(
    "embedding_outlier",
    severity="info",
    scope="dataset",
    needs=(EMBEDDINGS,),
    about="The text fits most other images better than its own, as their embeddings go.",
    kinds=ALL_KINDS,
    topic="Against embeddings",
    fires=_world(0),
    silent=_world(),
)
def embedding_outlier(
    dataset: DatasetStatistics,
    *,
    image_field: str = fields.IMAGE_EMBEDDING,
    text_field: str = fields.TEXT_EMBEDDING,
    neighbors: int = 10,
    min_rank: float = 0.25,
) -> Iterator[Issue]:
    """Ranks each text among the other texts by how well it fits the image, and the reverse.

    A fit is the cosine of the two vectors less the mean of the cosines with their ``neighbors``
    nearest, so that what lies near everything does not look fit (the local scaling of Conneau et
    al., "Word translation without parallel data", 2018). Samples without both vectors are left
    out, and all beyond the first 100,000.

    Args:
        dataset: all samples; their vectors are read when it runs
        image_field, text_field: the fields of the vectors, of one length and one space
        neighbors: how many of the nearest the scaling goes by
        min_rank: share of the others that must fit better, of texts to the image and of images
            to the text, from which on the two do not belong together
    """
    keys, images, texts = _collect(sample for batch in dataset.read() for sample in batch)
    if len(keys) < LEAST:
        return
    fits = image_text_fits(images, texts, neighbors)
    for key, share, cosine in zip(keys, fits.rank.tolist(), fits.cosine.tolist(), strict=True):
        if share >= min_rank:
            note = (
                f"{share:.0%} of the others fit better (cosine of {image_field} and {text_field} "
                f"{cosine:.2f}, median {fits.median:.2f})"
            ).replace("%", " %", 1)
            score = 0.8 - 0.7 * (share - min_rank) / max(1 - min_rank, 1e-9)
            yield Issue(key, score, note)


def _collect(samples: Iterable[Sample]) -> tuple[list[str], Floats, Floats]:
    """Keys and vectors, the latter in two blocks that grow by doubling."""
    keys: list[str] = []
    blocks: list[Floats] = []
    for sample in samples:
        if len(keys) == MOST:
            break
        pair = [vector_of(stored) for stored in sample.vectors]
        if len(pair) != 2 or pair[0] is None or pair[1] is None or len(pair[0]) != len(pair[1]):
            continue
        if not blocks:
            blocks = [np.empty((256, len(pair[0])), np.float32) for _ in range(2)]
        if len(pair[0]) != blocks[0].shape[1]:
            continue  # of another model
        if len(keys) == len(blocks[0]):
            blocks = [np.concatenate((block, np.empty_like(block))) for block in blocks]
        for block, vector in zip(blocks, pair, strict=True):
            block[len(keys)] = vector
        keys.append(sample.key)
    if not keys:
        return [], np.empty((0, 0), np.float32), np.empty((0, 0), np.float32)
    return keys, blocks[0][: len(keys)], blocks[1][: len(keys)]


def vector_of(stored: Any) -> Floats | None:
    """A vector as FiftyOne stores it: a list of numbers, or a compressed NumPy array.

    Returns:
        it with length 1, or ``None`` where there is none, or none that can be used
    """
    try:
        values = _inflated(stored) if isinstance(stored, bytes) else stored
        vector = np.asarray(values, np.float32) if values is not None else np.empty(0)
    except (ValueError, TypeError, OSError, EOFError, zlib.error):
        return None
    if vector.ndim != 1 or not 0 < len(vector) <= LENGTH or not np.isfinite(vector).all():
        return None
    length = float(np.linalg.norm(vector))
    return (vector / length).astype(np.float32) if length > 0 else None


def _inflated(stored: bytes) -> Any:
    """Reads at most a vector's bytes from any value of the field, and never a pickled object."""
    most = 16 * LENGTH + 1024
    content = zlib.decompressobj().decompress(stored, most)
    return np.load(io.BytesIO(content), allow_pickle=False)


@dataclass(frozen=True)
class Fits:
    """How well images and texts fit.

    Attributes:
        rank: share of the others that fit better, 0 to 1, (samples,)
        cosine: of each image and its text, (samples,)
        median: of those
    """

    rank: Floats
    cosine: Floats
    median: float


def image_text_fits(
    images: Floats, texts: Floats, neighbors: int = 10, references: int = REFERENCES
) -> Fits:
    """Compares each image with the texts of others, and each text with their images.

    Args:
        images, texts: (samples, length) float32, each row of length 1
        neighbors: as in :func:`embedding_outlier`
        references: how many others each is compared with

    Returns:
        for each sample the smaller of the two ranks, so that a text is doubted where neither
        side would choose the other
    """
    cosine = np.einsum("ij,ij->i", images, texts)
    chosen = np.arange(len(images))
    if len(chosen) > references:
        chosen = np.sort(np.random.default_rng(0).permutation(chosen)[:references])
    near_images = _nearness(images, texts[chosen], neighbors)
    near_texts = _nearness(texts, images[chosen], neighbors)
    by_image = _ranks(images, texts, cosine, near_texts, chosen)
    by_text = _ranks(texts, images, cosine, near_images, chosen)
    rank = np.minimum(by_image, by_text)
    return Fits(rank, cosine, float(np.median(cosine)) if len(cosine) else 0.0)


def _nearness(of: Floats, to: Floats, neighbors: int) -> Floats:
    """The mean cosine of each row with its nearest ones on the other side."""
    count = max(1, min(neighbors, len(to)))
    means = np.empty(len(of), np.float32)
    for start in range(0, len(of), CHUNK):
        block = of[start : start + CHUNK] @ to.T
        top = np.partition(block, len(to) - count, axis=1)[:, len(to) - count :]
        means[start : start + CHUNK] = top.mean(1)
    return means


def _ranks(of: Floats, to: Floats, own: Floats, near: Floats, chosen: NDArray[np.int64]) -> Floats:
    """The share of the chosen rows of the other side that fit a row better than its own does."""
    others, usual = to[chosen], near[chosen]
    ranks = np.empty(len(of), np.float32)
    for start in range(0, len(of), CHUNK):
        end = min(start + CHUNK, len(of))
        # Twice the cosine less both means; that of the row itself is the same for all.
        block = 2 * (of[start:end] @ others.T) - usual
        mine = 2 * own[start:end] - near[start:end]
        ranks[start:end] = (block > mine[:, None] + 1e-6).sum(1) / max(1, len(chosen) - 1)
    return ranks
