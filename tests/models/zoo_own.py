"""Asks FiftyOne's own models through ``zoo``; run as a program, with torchvision.

Arguments: a folder to save models in, then pairs of image and query. Prints one JSON object:
for each model the masks' areas, whether each pair alone gets the same mask, and whether it is
the one of FiftyOne's own model made for that text alone.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

BOXES = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
DETECTOR = "zero-shot-detection-transformer-torch"
SEGMENTER = "group-vit-segmentation-transformer-torch"


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
    """Asks every kind of model."""
    torch.set_num_threads(1)
    import_torchvision()
    from pairlens.fiftyone_plugin.predictors.base import Query
    from tests.models import stand_ins

    queries = [
        Query(f"k#{n}", image, "t", phrase, Path(image), image, (0, 0))
        for n, (image, phrase) in enumerate(zip(asked[::2], asked[1::2], strict=True))
    ]
    found = {}
    for kind, (predictor, made_for, threshold) in models(Path(folder)).items():
        found[kind] = compare(predictor, queries, made_for, threshold)
    found["told"] = told()
    found["text encoders"] = stand_ins.READ
    print(json.dumps(found))


def models(folder: Path) -> dict[str, tuple[Any, Callable[[str], Any], float]]:
    """For each kind the predictor, a model made for one text, and the threshold."""
    from tests.models import tiny

    return {
        "grounding dino": in_zoo(DETECTOR, tiny.save_grounding_dino(folder / "dino"), 0.9),
        "owl-vit": in_zoo(DETECTOR, tiny.save_owlvit(folder / "owl"), 0.5),
        "groupvit": in_zoo(SEGMENTER, tiny.save_groupvit(folder / "group", seed=6), 0.5, "sea"),
        "yolo": in_memory(make_yolo, 0.5),
        "sam 3": in_memory(make_sam3, 0.5),
    }


def in_zoo(
    name: str, folder: Path, threshold: float, background: str | None = None
) -> tuple[Any, Callable[[str], Any], float]:
    """A model that the zoo loads from a folder."""
    import fiftyone.zoo as foz

    from pairlens.fiftyone_plugin.predictors import PREDICTORS

    def made_for(text: str) -> Any:
        texts = [background, text] if background else [text]
        model = foz.load_zoo_model(name, name_or_path=str(folder), classes=texts, cache=False)
        model.transforms.kwargs["truncation"] = True  # as the processors of these models can
        if background:
            model._output_processor.no_background_cls = False
        return model

    options = json.dumps({"name_or_path": str(folder)})
    params = {"model": name, "options": options, "threshold": str(threshold), "merge": "best"}
    if background:
        params["background"] = background
    return PREDICTORS["zoo"].load(params, "auto"), made_for, threshold


def in_memory(
    make: Callable[[list[str] | None], Any], threshold: float
) -> tuple[Any, Callable[[str], Any], float]:
    """A class of FiftyOne's on top of a stand-in for the library that it wraps."""
    from pairlens.fiftyone_plugin.predictors.builtin.zoo import Settings, Zoo
    from pairlens.fiftyone_plugin.predictors.devices import choose_device
    from pairlens.fiftyone_plugin.predictors.pipeline import Pipeline

    settings = Settings(model=make.__name__, threshold=threshold, merge="best")
    runtime = choose_device("cpu", half=False)
    return Pipeline(Zoo(make(None), settings, runtime)), lambda text: make([text]), threshold


def make_yolo(texts: list[str] | None) -> Any:
    """FiftyOne's wrapper around ultralytics, which melts texts into the weights."""
    from tests.models import stand_ins

    return stand_ins.yolo_model(texts)


def make_sam3(texts: list[str] | None) -> Any:
    """FiftyOne's wrapper around Meta's SAM 3."""
    from tests.models import stand_ins

    return stand_ins.sam3_model(texts)


def compare(
    predictor: Any, queries: list[Any], made_for: Callable[[str], Any], threshold: float
) -> dict[str, Any]:
    """All pairs at once, each alone, and as FiftyOne does with a single text."""
    together = [raised(mask) for mask in predictor.predict(queries)]
    alone = [raised(next(iter(predictor.predict([query])))) for query in queries]
    expected = [one_text(made_for(q.phrase), q.image, threshold) for q in queries]
    return {
        "shapes": [mask.shape for mask in together],
        "areas": [int(mask.sum()) for mask in together],
        "alone": [bool((a == b).all()) for a, b in zip(together, alone, strict=True)],
        "expected": [bool((a == b).all()) for a, b in zip(together, expected, strict=True)],
    }


def raised(answer: Any) -> Any:
    """A mask; a failure ends the program."""
    if isinstance(answer, Exception):
        raise answer
    return answer


def one_text(model: Any, image: Path, threshold: float) -> Any:
    """The mask of the best that a model made for one text finds."""
    import fiftyone.core.utils as fou

    from pairlens.fiftyone_plugin.predictors.zoo_labels import label_to_mask
    from pairlens.importers.media import read_rgb

    pixels = read_rgb(image)
    with model:
        if hasattr(model, "operation_mode"):  # SAM 3 takes its text with its items
            item = model.build_get_item()({"id": "", "filepath": str(image)})
            with fou.SetAttributes(model, preprocess=False):
                (label,) = model.predict_all(model.collate_fn([item]))
        else:
            (label,) = model.predict_all([pixels])
    return label_to_mask(label, pixels.shape[:2], threshold, "best", False)


def told() -> dict[str, list[Any]]:
    """What models that are too large to be made here are told, by their own methods."""
    from fiftyone.utils.fcclip import FCCLIPModel
    from fiftyone.utils.qwen3_vl import Qwen3VLModel, Qwen3VLModelConfig

    from pairlens.fiftyone_plugin.predictors.zoo_internals import SetPrompt, prompt_setter

    def setter(model: Any) -> SetPrompt:
        made = prompt_setter(model, "", "")
        assert made is not None
        return made

    chat: Any = object.__new__(Qwen3VLModel)
    chat.config = Qwen3VLModelConfig({"name_or_path": "x/y"})
    clip: Any = object.__new__(FCCLIPModel)
    clip.config, clip._model = type("Config", (), {"classes": None})(), Names()
    clip._output_processor, clip._classes = Names(), []
    seen: dict[str, list[Any]] = {"chat": [], "framed": [], "fc-clip": []}
    setters = setter(chat), setter(clip)
    for text in ("a red car", "two ships"):
        for set_prompt in setters:
            set_prompt(text)
        seen["chat"].append(chat._get_prompt().split("Report")[0])
        seen["fc-clip"].append([clip._model.names, clip._output_processor.classes])
    chat.config = Qwen3VLModelConfig({"name_or_path": "x/y", "prompt": "Find {}."})
    framed = setter(chat)
    for text in ("a red car", "two ships"):
        framed(text)
        seen["framed"].append(chat._get_prompt())
    return seen


class Names:
    """Of FC-CLIP's own network: what it is told."""

    names: list[str]
    classes: list[str] = []  # noqa: RUF012

    def set_class_names(self, names: list[str]) -> None:
        self.names = names


if __name__ == "__main__":
    main(*sys.argv[1:])
