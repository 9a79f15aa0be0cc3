"""Vectors of pictures and texts in one space, by CLIP or SigLIP."""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors import models
from pairlens.fiftyone_plugin.predictors.devices import Runtime

Floats = NDArray[np.float32]

KINDS = ("clip", "siglip", "siglip2")


class Embedder:
    """A model of two towers.

    Args:
        model: of ``transformers``
        processor: its own
        runtime: where it runs
    """

    def __init__(self, model: Any, processor: Any, runtime: Runtime) -> None:
        self._model, self._processor, self._runtime = model, processor, runtime

    def pictures(self, pictures: Sequence[NDArray[np.uint8]]) -> Floats:
        """(pictures, length) float32 rows of length 1.

        Args:
            pictures: (height, width, 3) uint8 RGB each
        """
        pixels = self._processor.image_processor(images=list(pictures), return_tensors="pt")
        with self._runtime.inference():
            found = self._model.get_image_features(**pixels.to(self._runtime.device))
        return _rows(found)

    def texts(self, texts: Sequence[str]) -> Floats:
        """(texts, length) float32 rows of length 1; what is beyond the model's length is cut."""
        tokens = self._processor.tokenizer(
            list(texts),
            padding="max_length",  # as SigLIP was trained, and so that no text depends on others
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        )
        with self._runtime.inference():
            found = self._model.get_text_features(**tokens.to(self._runtime.device))
        return _rows(found)


def _rows(found: Any) -> Floats:
    values = getattr(found, "pooler_output", found).float().cpu().numpy()
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(lengths, 1e-12), np.float32)


def open_embedder(judge: str, model: str, device: str, half: bool) -> Embedder:
    """Loads a model of two towers.

    Raises:
        UsageError, LayoutError, StateError: as
            :func:`pairlens.fiftyone_plugin.predictors.models.open_model`
    """
    source, runtime, loaded = models.open_model(judge, model, device, half, "AutoModel", KINDS)
    return Embedder(loaded, models.load_processor(source), runtime)


def stored_vector(vector: Floats) -> bytes:
    """A vector as FiftyOne's ``VectorField`` holds it."""
    with io.BytesIO() as file:
        np.save(file, np.asarray(vector, np.float32), allow_pickle=False)
        return zlib.compress(file.getvalue())
