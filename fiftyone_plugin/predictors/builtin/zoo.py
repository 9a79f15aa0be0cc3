"""``zoo``: a model of FiftyOne's zoo that takes text, with each pair's query as prompt.

``apply_model`` uses one text for the whole run;
:mod:`pairlens.fiftyone_plugin.predictors.zoo_prompting` sets each pair's query instead. The mask is
made of the masks of detections, or of their boxes if they have none.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors import mask_tools, models
from pairlens.fiftyone_plugin.predictors.base import Prediction, PredictorSpec
from pairlens.fiftyone_plugin.predictors.devices import Runtime, choose_device
from pairlens.fiftyone_plugin.predictors.model_faults import explain
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.fiftyone_plugin.predictors.pipeline import ModelQuery, Pipeline
from pairlens.fiftyone_plugin.predictors.zoo_labels import label_to_mask
from pairlens.fiftyone_plugin.predictors.zoo_prompting import find_prompting
from pairlens.importers.errors import StateError, UsageError

NAME = "zoo"


@dataclass(frozen=True)
class Settings:
    """The parameters of ``zoo``."""

    model: str = option("a zoo model's name, or the repository it is published in")
    name: str = option("which model, where a repository has several", "")
    options: str = option("JSON object: what else the zoo makes the model with", "{}")
    prompt_key: str = option("under which name a model reads its text", "prompt_field")
    threshold: float = option("detections of a higher confidence count", 0.25, low=0, high=1)
    merge: str = mask_tools.merge()
    always: bool = option(mask_tools.ALWAYS, False)
    background: str = option(
        "what models that divide the whole image are told the rest is", "background"
    )
    template: str = mask_tools.template()


class Zoo:
    """A zoo model with a prompt per query."""

    def __init__(self, model: Any, settings: Settings, runtime: Runtime) -> None:
        self.runtime = runtime
        self._model, self._settings = model, settings
        self._prompting = find_prompting(
            model, settings.model, settings.prompt_key, settings.background
        )

    def prepare(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Returns the pixels, since zoo models preprocess images themselves."""
        return pixels

    def segment(self, items: Sequence[ModelQuery]) -> list[Prediction]:
        """Converts the labels that the model predicts to masks."""
        settings = self._settings
        texts = [settings.template.replace("{}", item.phrase) for item in items]
        with self._model:  # as apply_model does; models set up their own inference there
            labels = self._prompting.labels(items, texts)
        rules = (settings.threshold, settings.merge, settings.always)
        return [
            label_to_mask(label, item.picture.size, *rules)
            for label, item in zip(labels, items, strict=True)
        ]


def _load_zoo_model(settings: Settings, device: str) -> Any:
    try:
        options = json.loads(settings.options)
    except ValueError as error:
        raise UsageError(f"zoo.options is not valid JSON ({error})") from error
    if not isinstance(options, dict):
        raise UsageError(f"zoo.options must be a JSON object, not {settings.options!r}")
    import fiftyone.zoo as foz

    # Models of other repositories get a device only if one was chosen.
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
    source = models.WeightsSource(NAME, name, name)
    if isinstance(error, ImportError):
        needed = getattr(error, "name", None) or str(error).splitlines()[0]
        return UsageError(f"zoo model {name} needs a package that is not installed: {needed}")
    if isinstance(error, ValueError) and "not found" in str(error).lower():
        return UsageError(f"FiftyOne's zoo has no model {name!r}; foz.list_zoo_models() lists them")
    explained = explain(source, error)
    return StateError(f"zoo model {explained}") if type(explained) is StateError else explained


def load(settings: Settings, device: str) -> Pipeline:
    """Loads the zoo model.

    Raises:
        UsageError: for a model that is not in the zoo or takes no text per
            pair, or a missing package
        StateError: if the model cannot be loaded
    """
    models.require(NAME, ("torch",))
    runtime = choose_device(device, half=False)
    return Pipeline(Zoo(_load_zoo_model(settings, device), settings, runtime))


SPEC = PredictorSpec(
    name=NAME,
    about="A model of FiftyOne's zoo that takes text, asked each pair's own query.",
    settings=Settings,
    make=load,
    setup="torch, what the model itself needs",
    needs=("torch", "torchvision"),
)
