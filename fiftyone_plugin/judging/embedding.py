"""Embeddings of pictures and texts by CLIP or SigLIP."""

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
    """A dual-encoder model of images and texts.

    Args:
        model: the model, of ``transformers``
        processor: its processor
        runtime: its device and precision
    """

    def __init__(self, model: Any, processor: Any, runtime: Runtime) -> None:
        self._model, self._processor, self._runtime = model, processor, runtime

    def pictures(self, pictures: Sequence[NDArray[np.uint8]]) -> Floats:
        """Embeds pictures.

        Args:
            pictures: (height, width, 3) uint8 RGB arrays

        Returns:
            (pictures, dimensions) float32, of norm 1
        """
        pixels = self._processor.image_processor(images=list(pictures), return_tensors="pt")
        with self._runtime.inference():
            features = self._model.get_image_features(**pixels.to(self._runtime.device))
        return _rows(features)

    def texts(self, texts: Sequence[str]) -> Floats:
        """Embeds texts, truncated to the model's length: (texts, dimensions) float32, of norm 1."""
        tokens = self._processor.tokenizer(
            list(texts),
            padding="max_length",  # as in SigLIP's training; also makes texts independent
            truncation=True,
            max_length=self._model.config.text_config.max_position_embeddings,
            return_tensors="pt",
        )
        with self._runtime.inference():
            features = self._model.get_text_features(**tokens.to(self._runtime.device))
        return _rows(features)


def _rows(features: Any) -> Floats:
    values = getattr(features, "pooler_output", features).float().cpu().numpy()
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.maximum(lengths, 1e-12), np.float32)


def open_embedder(judge: str, model: str, device: str, half: bool) -> Embedder:
    """Loads a dual-encoder model.

    Raises:
        UsageError, LayoutError, StateError: as
            :func:`pairlens.fiftyone_plugin.predictors.models.open_model`
    """
    source, runtime, loaded = models.open_model(judge, model, device, half, "AutoModel", KINDS)
    return Embedder(loaded, models.load_processor(source), runtime)


def stored_vector(vector: Floats) -> bytes:
    """A vector in the encoding of FiftyOne's ``VectorField``."""
    with io.BytesIO() as file:
        np.save(file, np.asarray(vector, np.float32), allow_pickle=False)
        return zlib.compress(file.getvalue())
