"""Image preprocessing of SAM 2 and SAM 3.

``transformers`` has this for both only on top of torchvision, whose wheels fit one build of
torch each. The numbers still come from the file that is published with the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors.models import WeightsSource, explained

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Square:
    """How an image becomes a model's input: stretched to a size, scaled, normalized.

    Attributes:
        height, width: size in pixels
        mean, std: mean and standard deviation of each channel, after scaling
        factor: scales 8-bit values, usually to [0, 1]
    """

    height: int
    width: int
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    factor: float = 1 / 255

    def prepare(self, pixels: NDArray[np.uint8]) -> Any:
        """A (3, height, width) float32 tensor from (height, width, 3) uint8 RGB."""
        import torch
        from PIL import Image  # listing predictors must not load decoders

        image = Image.fromarray(pixels).resize((self.width, self.height), Image.Resampling.BILINEAR)
        scaled = np.asarray(image, np.float32) * np.float32(self.factor)
        normal = (scaled - np.array(self.mean, np.float32)) / np.array(self.std, np.float32)
        return torch.from_numpy(np.ascontiguousarray(normal.transpose(2, 0, 1)))


def read_square(source: WeightsSource, side: int, defaults: Square) -> Square:
    """The preprocessing in the model's files, with defaults for missing values.

    Args:
        source: location of the model
        side: height and width in the model's configuration, in pixels
        defaults: the defaults of this kind of model

    Raises:
        LayoutError, StateError: if the file cannot be found or read
    """
    from transformers.image_processing_utils import BaseImageProcessor

    with explained(source):
        found, _ = BaseImageProcessor.get_image_processor_dict(source.name, **source.where)
        size = found.get("size") or {}
        return Square(
            height=int(size.get("height", side)),
            width=int(size.get("width", side)),
            mean=tuple(found.get("image_mean") or defaults.mean),
            std=tuple(found.get("image_std") or defaults.std),
            factor=float(found.get("rescale_factor") or defaults.factor),
        )
