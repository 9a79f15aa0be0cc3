"""``zoo``: a model of FiftyOne's zoo that takes text, asked each pair's own query.

``apply_model`` gives one text to the whole run; here each pair's query is put in. Models are
known by how they take text:

- *prompt field*: models that read it from their sample (``SamplesMixin``), as most published
  in repositories of their own do: ``prompt_field``, or the name told with ``prompt_key``
- *zero-shot detectors*: FiftyOne's wrapper around ``transformers`` (Grounding DINO, OWL-ViT,
  LLMDet and other detectors), whose texts are changed for each group of equal queries
- *prompt*: models with a ``prompt`` that can be set, likewise

A zoo model that has its classes built in, or takes them only when it is made (YOLO-World,
YOLOE, FiftyOne's own SAM 3), cannot be asked a query per pair and is refused.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fiftyone_plugin.predictors import mask_tools, models
from fiftyone_plugin.predictors.base import Prediction, PredictorSpec
from fiftyone_plugin.predictors.params import describe, option, read_params
from fiftyone_plugin.predictors.pipeline import Item, Pipeline
from fiftyone_plugin.predictors.zoo_labels import label_to_mask
from importers.errors import StateError, UsageError

NAME = "zoo"


@dataclass(frozen=True)
class Settings:
    """The parameters of ``zoo``."""

    model: str = option("a zoo model's name, or the repository it is published in")
    name: str = option("which model, where a repository has several", "")
    options: str = option("JSON object: what else the zoo makes the model with", "{}")
    prompt_key: str = option("under which name a model reads its text", "prompt_field")
    threshold: float = option("detections of a higher confidence count", 0.25, low=0, high=1)
    merge: str = option(mask_tools.MERGE, mask_tools.UNION)
    always: bool = option(mask_tools.ALWAYS, False)
    template: str = option(mask_tools.TEMPLATE, "{}")


class Zoo:
    """A zoo model, asked query by query."""

    def __init__(self, model: Any, settings: Settings, runtime: models.Runtime) -> None:
        self.runtime = runtime
        self._model, self._settings = model, settings
        self._way = _way_of(model, settings.model)

    def prepare(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The pixels: zoo models prepare their images themselves."""
        return pixels

    def segment(self, items: Sequence[Item]) -> list[Prediction]:
        """Labels from the model, made into masks."""
        settings = self._settings
        asked = [settings.template.replace("{}", item.phrase) for item in items]
        with self._model:  # as apply_model does; models set up their own inference there
            labels = self._labels(items, asked)
        rules = (settings.threshold, settings.merge, settings.always)
        return [
            label_to_mask(label, item.picture.size, *rules)
            for label, item in zip(labels, items, strict=True)
        ]

    def _labels(self, items: Sequence[Item], asked: list[str]) -> list[Any]:
        if self._way == "prompt field":
            return self._ask_samples(items, asked)
        labels: list[Any] = [None] * len(items)
        order = sorted(range(len(items)), key=asked.__getitem__)
        # One text for several images is what these models are made for.
        for text, members in groupby(order, key=asked.__getitem__):
            group = list(members)
            self._set_text(text)
            found = self._model.predict_all([items[at].picture.inputs for at in group])
            for at, label in zip(group, found, strict=True):
                labels[at] = label
        return labels

    def _ask_samples(self, items: Sequence[Item], asked: list[str]) -> list[Any]:
        """Hands each image over with a sample that holds its text; it is never stored."""
        import fiftyone as fo

        self._model.needs_fields = {self._settings.prompt_key: "phrase"}
        samples = [
            fo.Sample(filepath=str(item.path), phrase=text)
            for item, text in zip(items, asked, strict=True)
        ]
        images = [item.picture.inputs for item in items]
        return self._model.predict_all(images, samples=samples)

    def _set_text(self, text: str) -> None:
        if self._way == "prompt":
            self._model.prompt = text
        else:
            self._model.transforms.text = [text]
            self._model.transforms.text_per_image = True


def _way_of(model: Any, name: str) -> str:
    """How a model takes text.

    Raises:
        UsageError: if there is no way to give it one per pair
    """
    import fiftyone.core.models as fom

    if getattr(model, "media_type", "image") != "image":
        raise UsageError(f"zoo.model: {name} is a model of {model.media_type}s, not of images")
    kinds = {kind.__name__ for kind in type(model).__mro__}
    if "FiftyOneZeroShotTransformerForObjectDetection" in kinds:
        return "detector"
    if isinstance(model, fom.SamplesMixin) and not isinstance(model, fom.SupportsGetItem):
        return "prompt field"
    if isinstance(getattr(type(model), "prompt", None), property) or hasattr(model, "prompt"):
        return "prompt"
    raise UsageError(
        f"zoo.model: {name} ({type(model).__name__}) takes no text that can be changed for each "
        "pair; clipseg, groundingdino+sam2, sam3 and florence2 run such models directly"
    )


def _load_zoo_model(settings: Settings, device: str) -> Any:
    try:
        options = json.loads(settings.options)
    except ValueError as error:
        raise UsageError(f"zoo.options is no JSON ({error})") from error
    if not isinstance(options, dict):
        raise UsageError(f"zoo.options must be a JSON object, not {settings.options!r}")
    import fiftyone.zoo as foz

    # What a repository of its own is made with is its own affair: no device unless told.
    arguments: dict[str, Any] = ({} if device == "auto" else {"device": device}) | options
    try:
        return foz.load_zoo_model(
            settings.model, model_name=settings.name or None, cache=False, **arguments
        )
    except Exception as error:
        raise _refusal(settings.model, error) from error


def _refusal(name: str, error: Exception) -> Exception:
    if "torchvision" in str(error):
        models.require(NAME, ("torch", "torchvision"))
    source = models.Source(NAME, name, name)
    if isinstance(error, ImportError):
        needed = getattr(error, "name", None) or str(error).splitlines()[0]
        return UsageError(f"zoo model {name} needs a package that is not installed: {needed}")
    if isinstance(error, ValueError) and "not found" in str(error).lower():
        return UsageError(f"FiftyOne's zoo has no model {name!r}; foz.list_zoo_models() lists them")
    explained = models.explain(source, error)
    return StateError(f"zoo model {explained}") if type(explained) is StateError else explained


def load(params: dict[str, Any], device: str) -> Pipeline:
    """Loads the zoo model.

    Raises:
        UsageError: for a bad parameter, a model that is not in the zoo or takes no text per
            pair, or a missing package
        StateError: if the model cannot be loaded
    """
    settings = read_params(NAME, Settings, params)
    merges = (mask_tools.UNION, mask_tools.BEST)
    mask_tools.one_of(f"{NAME}.merge", settings.merge, merges)
    mask_tools.check_template(f"{NAME}.template", settings.template)
    models.require(NAME, ("torch",))
    runtime = models.choose_device(device, half=False)
    return Pipeline(Zoo(_load_zoo_model(settings, device), settings, runtime))


SPEC = PredictorSpec(
    name=NAME,
    about="A model of FiftyOne's zoo that takes text, asked each pair's own query.",
    params=describe(Settings),
    load=load,
    needs=("torch", "torchvision"),
)
