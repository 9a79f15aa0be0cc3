"""Runs a segmentation model as a predictor: prefetches images, halves batches on out-of-memory.

A model's module preprocesses images and turns preprocessed pairs into masks; everything else
is here, once for all models.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors.base import Prediction, Query
from pairlens.fiftyone_plugin.predictors.devices import Runtime, free_memory, is_out_of_memory
from pairlens.fiftyone_plugin.predictors.loader import ImageLoader
from pairlens.importers.errors import StateError, check_memory


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """An image, decoded and prepared.

    Attributes:
        size: (height, width) as decoded, in pixels
        inputs: the model's input, from :meth:`Segmenter.prepare`
    """

    size: tuple[int, int]
    inputs: Any


@dataclass(frozen=True, slots=True)
class ModelQuery:
    """A pair for a model; pairs with equal ``path`` have the same picture."""

    path: Path
    phrase: str
    picture: PreparedImage


class Segmenter(Protocol):
    """Interface of a model's module."""

    runtime: Runtime

    def prepare(self, pixels: NDArray[np.uint8]) -> Any:
        """Preprocesses (height, width, 3) uint8 RGB; called on several threads."""
        ...

    def segment(self, items: Sequence[ModelQuery]) -> Sequence[Prediction]:
        """Predicts a mask in its picture's size for each item; pairs of an image are adjacent."""
        ...


class Pipeline:
    """Adapts a :class:`Segmenter` to the predictor Protocol."""

    def __init__(self, segmenter: Segmenter) -> None:
        self._segmenter = segmenter
        self._loader = ImageLoader(self._picture)
        self._most: int | None = None
        self._notes: list[str] = []

    def _picture(self, pixels: NDArray[np.uint8]) -> PreparedImage:
        return PreparedImage(pixels.shape[:2], self._segmenter.prepare(pixels))

    def prefetch(self, batch: Sequence[Query]) -> None:
        """Starts decoding the images of the next batch."""
        self._loader.announce(query.image for query in batch)

    def notes(self) -> list[str]:
        """Notes for the run's summary."""
        return self._notes

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """Yields a mask in the size of its image, or an exception, for each query."""
        if not self._loader.holds(query.image for query in batch):
            self.prefetch(batch)
        answers: list[Prediction | Exception] = [StateError("not predicted")] * len(batch)
        items: list[tuple[int, ModelQuery]] = []
        for index, query in enumerate(batch):
            try:
                picture = self._loader.take(query.image)
            except Exception as error:  # one unreadable image does not end the batch
                answers[index] = error
            else:
                items.append((index, ModelQuery(query.image, query.phrase, picture)))
        items.sort(key=lambda numbered: numbered[1].path)
        for (index, _), answer in zip(items, self._segment([i for _, i in items]), strict=True):
            answers[index] = answer
        yield from answers

    def _segment(self, items: Sequence[ModelQuery]) -> Iterator[Prediction | Exception]:
        """Segments the items, in batches that fit into memory."""
        start = 0
        while start < len(items):
            part = items[start : start + (self._most or len(items))]
            answers = self._attempt(part)
            if answers is None:
                self._halve(len(part))
                continue
            yield from answers
            start += len(part)

    def _attempt(self, part: Sequence[ModelQuery]) -> list[Prediction | Exception] | None:
        """Masks and exceptions, or ``None`` if there is too little memory for so many items."""
        try:
            with self._segmenter.runtime.inference():
                return list(self._segmenter.segment(part))
        except Exception as error:
            failure = error
        if len(part) == 1:
            check_memory(failure)
        if is_out_of_memory(failure):
            # Outside the handler, since its traceback holds references to the tensors.
            del failure
            free_memory(self._segmenter.runtime.device)
            return None if len(part) > 1 else [StateError(self._too_large(part[0]))]
        if len(part) == 1:
            return [failure]
        # One by one, so that only the pair that causes the error fails.
        return [answer for item in part for answer in self._attempt([item]) or ()]

    def _halve(self, tried: int) -> None:
        self._most = max(1, tried // 2)
        device = self._segmenter.runtime.device
        self._notes = [f"memory of {device} ran out; went on with {self._most} pairs at once"]

    def _too_large(self, item: ModelQuery) -> str:
        height, width = item.picture.size
        return (
            f"one pair alone does not fit into memory of {self._segmenter.runtime.device} "
            f"(image of {width}x{height}); take a smaller model or --device cpu"
        )


class PhraseCache:
    """A cache of the features of phrases.

    Args:
        encode: computes one row of features for each phrase
        kept: maximum of phrases in the cache
    """

    def __init__(self, encode: Callable[[list[str]], Sequence[Any]], *, kept: int = 4096) -> None:
        self._encode = encode
        self._kept = kept
        self._rows: dict[str, Any] = {}

    def rows(self, phrases: Sequence[str]) -> list[Any]:
        """Features for each phrase, in order."""
        missing = [p for p in dict.fromkeys(phrases) if p not in self._rows]
        if missing:
            self._rows |= dict(zip(missing, self._encode(missing), strict=True))
        rows = [self._rows[p] for p in phrases]
        while len(self._rows) > self._kept:
            self._rows.pop(next(iter(self._rows)))
        return rows


class PictureCache:
    """A cache of the features of the images in the last call, for adjacent pairs of an image.

    Args:
        encode: computes one set of features for each picture
    """

    def __init__(self, encode: Callable[[list[PreparedImage]], Sequence[Any]]) -> None:
        self._encode = encode
        self._features: dict[Path, Any] = {}

    def features(self, items: Sequence[ModelQuery]) -> list[Any]:
        """Features for each item's image, in order."""
        pictures = {item.path: item.picture for item in items}
        # Earlier features are dropped first, so that memory holds those of one call only.
        self._features = {p: f for p, f in self._features.items() if p in pictures}
        missing = [path for path in pictures if path not in self._features]
        if missing:
            encoded = self._encode([pictures[path] for path in missing])
            self._features |= dict(zip(missing, encoded, strict=True))
        return [self._features[item.path] for item in items]
