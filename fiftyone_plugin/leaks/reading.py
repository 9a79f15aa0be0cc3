"""Reads digests and hashes of images, masks and texts of several datasets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.catalogue.embeddings import Floats, vector_of
from pairlens.fiftyone_plugin.checks.catalogue.statistics import DIGITS, text_hash
from pairlens.fiftyone_plugin.language.normal_form import normal_form
from pairlens.importers import fields, store
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.stored_values import Document

TRAINING = SPLITS[0]


class Place(NamedTuple):
    """A split of a dataset; ``""`` for samples without a split."""

    dataset: str
    split: str

    @property
    def name(self) -> str:
        """``gres/train``."""
        return f"{self.dataset}/{self.split or '(no split)'}"


def leaks_between(first: Place, second: Place) -> bool:
    """Whether one of two places is for training, and the other for validation or testing."""
    splits = {first.split, second.split}
    return TRAINING in splits and len(splits) == 2 and "" not in splits


@dataclass(frozen=True)
class Thresholds:
    """Thresholds below which matches are likely accidental, and limits.

    Attributes:
        min_area: minimum of pixels of a mask
        min_words: minimum of words of a text
        embedding: field of the images' embeddings
        most_vectors: maximum of images whose embeddings are compared
    """

    min_area: int = 64
    min_words: int = 8
    embedding: str = fields.IMAGE_EMBEDDING
    most_vectors: int = 20_000


@dataclass
class SampleTable:
    """Columns of the samples of several datasets, (n,) each.

    A digest is 0 if it is unknown, or if the mask or text is below a threshold.

    Attributes:
        places: all places
        keys: keys of the samples
        place: index of the place of each sample
        image: first 64 bits of the digest of the image file
        look: perceptual hash of the image; 0 if ``seen`` is false
        seen: whether there is a perceptual hash
        mask: first 64 bits of the digest of the mask
        extent: (n, 5) left, top, right and bottom of the mask and its area, as shares of the image
        texts: (t,) hashes of texts
        text_rows: (t,) row of the sample of each text
        vectors: embeddings of distinct images by dimension: (v,) rows and (v, dimension) unit
            vectors
        unread: number of images beyond the limit of embeddings
    """

    places: list[Place]
    keys: list[str]
    place: NDArray[np.int64]
    image: NDArray[np.uint64]
    look: NDArray[np.uint64]
    seen: NDArray[np.bool_]
    mask: NDArray[np.uint64]
    extent: NDArray[np.float64]
    texts: NDArray[np.uint64]
    text_rows: NDArray[np.int64]
    vectors: dict[int, tuple[NDArray[np.int64], Floats]]
    unread: int = 0


@dataclass
class _Columns:
    """The columns of a :class:`SampleTable` while they are read."""

    keys: list[str] = field(default_factory=list[str])
    rows: list[tuple[int, int, int, bool, int]] = field(default_factory=list[Any])
    extents: list[tuple[float, ...]] = field(default_factory=list[Any])
    texts: list[tuple[int, int]] = field(default_factory=list[Any])
    vectors: dict[int, tuple[list[int], list[Floats]]] = field(default_factory=dict[int, Any])
    with_vector: set[tuple[int, int]] = field(default_factory=set[Any])
    unread: int = 0


def gather(datasets: Sequence[Any], thresholds: Thresholds) -> SampleTable:
    """Reads datasets that PairLens imported.

    Args:
        datasets: the datasets, with different names
        thresholds: the thresholds
    """
    places: dict[Place, int] = {}
    columns = _Columns()
    for dataset in datasets:
        for doc in store.stream(dataset, _projection(dataset, thresholds)):
            place = Place(dataset.name, doc.get(fields.SPLIT) or "")
            number = places.setdefault(place, len(places))
            _add(columns, doc, number, thresholds)
    place_of, image, look, seen, mask = (
        zip(*columns.rows, strict=True) if columns.rows else [()] * 5
    )
    texts = np.array(columns.texts, np.uint64).reshape(-1, 2)
    return SampleTable(
        places=list(places),
        keys=columns.keys,
        place=np.array(place_of, np.int64),
        image=np.array(image, np.uint64),
        look=np.array(look, np.uint64),
        seen=np.array(seen, np.bool_),
        mask=np.array(mask, np.uint64),
        extent=np.array(columns.extents, np.float64).reshape(-1, 5),
        texts=texts[:, 0],
        text_rows=texts[:, 1].astype(np.int64),
        vectors={n: (np.array(r), np.stack(v)) for n, (r, v) in columns.vectors.items()},
        unread=columns.unread,
    )


_STATS = f"{fields.MASK_STATS}."
_READ = (
    fields.KEY, fields.SPLIT, fields.IMAGE_MISSING, fields.IMAGE_DIGEST,
    f"{fields.IMAGE_STATS}.phash", f"{_STATS}digest", f"{_STATS}area", f"{_STATS}width",
    f"{_STATS}height", f"{_STATS}box", fields.PHRASE, f"{fields.CAPTIONS}.text",
    f"{fields.CONVERSATIONS}.answers",
)  # fmt: skip


def _projection(dataset: Any, thresholds: Thresholds) -> tuple[str, ...]:
    return (*_READ, thresholds.embedding) if dataset.has_field(thresholds.embedding) else _READ


def _add(columns: _Columns, doc: Document, place: int, thresholds: Thresholds) -> None:
    row = len(columns.keys)
    columns.keys.append(doc[fields.KEY])
    missing = bool(doc.get(fields.IMAGE_MISSING))
    image = 0 if missing else _head(_member(doc, fields.SOURCE, fields.DIGEST))
    look = "" if missing else _member(doc, fields.IMAGE_STATS, "phash") or ""
    columns.rows.append((place, image, _head(look), bool(look), _mask(doc, thresholds)))
    columns.extents.append(_extent(doc.get(fields.MASK_STATS) or {}))
    for text in {normal_form(one) for one in texts_of(doc)}:
        if text.count(" ") + 1 >= thresholds.min_words:
            columns.texts.append((text_hash(text), row))
    stored = None if missing else doc.get(thresholds.embedding)
    vector = None if stored is None else vector_of(stored)
    if vector is None or (place, image or -row) in columns.with_vector:
        return
    if len(columns.with_vector) >= thresholds.most_vectors:
        columns.unread += 1
        return
    columns.with_vector.add((place, image or -row))
    rows, vectors = columns.vectors.setdefault(len(vector), ([], []))
    rows.append(row)
    vectors.append(vector)


def _member(doc: Mapping[str, Any], name: str, member: str) -> Any:
    return (doc.get(name) or {}).get(member)


def _head(digest: str | None) -> int:
    return int(digest[:DIGITS], 16) if digest else 0


def _mask(doc: Document, thresholds: Thresholds) -> int:
    """First 64 bits of the mask's digest; 0 for a small mask, or one that fills the image."""
    stats = doc.get(fields.MASK_STATS) or {}
    area, pixels = stats.get("area") or 0, (stats.get("width") or 0) * (stats.get("height") or 0)
    return _head(stats.get("digest")) if max(1, thresholds.min_area) <= area < pixels else 0


def _extent(stats: Mapping[str, Any]) -> tuple[float, ...]:
    width, height = stats.get("width") or 0, stats.get("height") or 0
    x, y, w, h = stats.get("box") or (0, 0, 0, 0)
    if not width or not height:
        return (0.0,) * 5
    area = (stats.get("area") or 0) / (width * height)
    return (x / width, y / height, (x + w) / width, (y + h) / height, area)


def texts_of(doc: Mapping[str, Any]) -> Iterator[str]:
    """Yields the present texts of a sample: its query, captions and answers."""
    if phrase := doc.get(fields.PHRASE):
        yield phrase
    for caption in doc.get(fields.CAPTIONS) or ():
        yield caption.get("text") or ""
    for turn in doc.get(fields.CONVERSATIONS) or ():
        yield from turn.get("answers") or ()
