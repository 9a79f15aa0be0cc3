"""Asks a detector of FiftyOne's zoo through ``zoo``; run as a program, with torchvision.

Prints one JSON object. Arguments: the folder of Grounding DINO, then pairs of image and query.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

import torch

MODEL = "zero-shot-detection-transformer-torch"
BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_torchvision() -> None:
    """PyPI's torchvision beside a torch for the CPU alone.

    Its compiled operators fit PyPI's torch; without them its import stumbles over two that it
    describes, though nothing here calls any.
    """
    if "+cpu" in torch.__version__ and "+" not in importlib.metadata.version("torchvision"):
        for name in ("nms", "qnms"):
            torch.library.define(f"torchvision::{name}", BOXES)
    import torchvision  # noqa: F401


def main(folder: str, *asked: str) -> None:
    """Predicts with all pairs at once, each alone, and as FiftyOne does with a single text."""
    torch.set_num_threads(1)
    import_torchvision()
    from fiftyone_plugin.predictors import PREDICTORS
    from fiftyone_plugin.predictors.base import Query

    queries = [
        Query(f"k#{n}", image, "t", phrase, Path(image), image, (0, 0))
        for n, (image, phrase) in enumerate(zip(asked[::2], asked[1::2], strict=True))
    ]
    options = {"name_or_path": folder}
    params = {"model": MODEL, "options": json.dumps(options), "threshold": "0.9", "merge": "best"}
    predictor = PREDICTORS["zoo"].load(params, "auto")
    together: list[Any] = list(predictor.predict(queries))
    alone: list[Any] = [next(iter(predictor.predict([query]))) for query in queries]
    expected = [one_text(folder, query.image, query.phrase) for query in queries]
    masks = zip(together, alone, expected, strict=True)
    print(
        json.dumps(
            {
                "shapes": [mask.shape for mask in together],
                "areas": [int(mask.sum()) for mask in together],
                "alone": [bool((mask == one).all()) for mask, one, _ in masks],
                "expected": [
                    bool((mask == e).all()) for mask, e in zip(together, expected, strict=True)
                ],
            }
        )
    )


def one_text(folder: str, image: Path, text: str) -> Any:
    """The mask of the best box that the model finds when it is made for this text alone."""
    import fiftyone.zoo as foz

    from fiftyone_plugin.predictors.zoo_labels import label_to_mask
    from importers.media import read_rgb

    pixels = read_rgb(image)
    model = foz.load_zoo_model(MODEL, name_or_path=folder, classes=[text], cache=False)
    with model:
        label = model.predict(pixels)
    return label_to_mask(label, pixels.shape[:2], 0.9, "best", False)


if __name__ == "__main__":
    main(*sys.argv[1:])
