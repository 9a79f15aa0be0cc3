"""Finds and loads the weights of model predictors.

Weights come from a folder that ``save_pretrained`` wrote or from a Hugging Face hub id,
``OWNER/NAME`` or ``OWNER/NAME@REVISION``. Only safetensors are read, and no code that lies
beside them is run. Every failure becomes one sentence that says how to resolve it.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.predictors.devices import Runtime, choose_device
from pairlens.fiftyone_plugin.predictors.model_faults import (
    broken_package,
    explain,
    missing_package,
)
from pairlens.importers.errors import LayoutError, PairLensError, UsageError

PACKAGES = ("torch", "transformers")
MODEL = "folder with the model, or hub id OWNER/NAME[@REVISION]"
HALF = "half precision on a GPU; elsewhere it is full in any case"
MAX_NAMED = 6
"""Maximum of kinds of models that a message lists."""

_CONFIG = "config.json"


def require(predictor: str, packages: tuple[str, ...] = PACKAGES) -> None:
    """Imports the packages.

    Raises:
        UsageError: if a package is missing or broken; the message has the command to install it
    """
    for name in packages:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise missing_package(predictor, packages, error.name) from error
        except Exception as error:
            raise broken_package(predictor, name, error) from error


@dataclass(frozen=True, slots=True)
class WeightsSource:
    """Location of a model's weights.

    Attributes:
        predictor: name of the predictor, for messages
        given: the parameter as the user gave it
        name: folder or hub id, for ``from_pretrained``
        revision: revision of the hub's model, or ``None`` for the newest
    """

    predictor: str
    given: str
    name: str
    revision: str | None = None

    @property
    def where(self) -> dict[str, Any]:
        """Arguments of all calls of ``from_pretrained``."""
        return {"revision": self.revision or "main", "trust_remote_code": False}


def find_source(predictor: str, given: str, parameter: str = "model") -> WeightsSource:
    """Parses a model parameter: a folder or a hub id.

    Raises:
        UsageError: if it is neither an existing folder nor a hub id
        LayoutError: if the folder contains no model
    """
    path = Path(given).expanduser()
    if path.is_dir():
        if not (path / _CONFIG).is_file():
            raise LayoutError(
                f"{predictor}.{parameter}: {given} holds no {_CONFIG}; give the folder that "
                "save_pretrained wrote, or that 'hf download --local-dir' filled"
            )
        return WeightsSource(predictor, given, str(path))
    if given.startswith((".", "/", "~", "\\")) or given.count("/") != 1:
        raise UsageError(
            f"{predictor}.{parameter}: there is no folder {given!r}, and a hub id is OWNER/NAME"
        )
    name, _, revision = given.partition("@")
    return WeightsSource(predictor, given, name, revision or None)


def open_model(
    predictor: str,
    given: str,
    device: str,
    half: bool,
    class_name: str,
    kinds: tuple[str, ...],
) -> tuple[WeightsSource, Runtime, Any]:
    """Finds a predictor's model, chooses the device and loads it.

    Args:
        predictor: name of the predictor, for messages
        given: a folder or a hub id
        device: name of a device, or ``auto``
        half: whether half precision is allowed
        class_name: name of the model's class in ``transformers``
        kinds: the ``model_type`` values that the class can load

    Raises:
        UsageError: if a package is missing, or the source or device does not exist
        LayoutError, StateError: as :func:`load_model`
    """
    require(predictor)
    source = find_source(predictor, given)
    runtime = choose_device(device, half)
    return source, runtime, load_model(source, class_name, kinds, runtime)


def _transformers() -> Any:
    """Imports ``transformers`` without types: pyright would read thousands of files, and could not
    infer the type of ``from_pretrained`` anyway."""
    return importlib.import_module("transformers")


def load_model(
    source: WeightsSource, class_name: str, kinds: tuple[str, ...], runtime: Runtime
) -> Any:
    """Loads a ``transformers`` model in evaluation mode.

    Args:
        source: location of the weights
        class_name: name of the model's class in ``transformers``
        kinds: the ``model_type`` values that the class can load
        runtime: device of the model

    Raises:
        LayoutError: if it is a model of another kind, or weights are missing
        StateError: if it cannot be downloaded or read, or does not fit into memory
    """
    transformers = _transformers()
    with explained(source):
        # The file and not AutoConfig, which fails for kinds that are newer than transformers.
        config, _ = transformers.PreTrainedConfig.get_config_dict(source.name, **source.where)
        kind = config.get("model_type")
        if kind not in kinds:
            raise LayoutError(
                f"{source.given} is a model of type {kind!r}, and {source.predictor} runs "
                + (" or ".join(kinds) if len(kinds) <= MAX_NAMED else f"{class_name} alone")
            )
        model, loading_info = getattr(transformers, class_name).from_pretrained(
            source.name, use_safetensors=True, output_loading_info=True, **source.where
        )
        # transformers initializes missing weights at random, and only warns.
        missing = set(loading_info["missing_keys"]) & {name for name, _ in model.named_parameters()}
        if missing:
            raise LayoutError(
                f"{source.given} lacks {len(missing)} weights of {class_name}, such as "
                f"{min(missing)}; it is another model or an incomplete copy"
            )
        return model.to(runtime.device).eval()


def load_processor(source: WeightsSource) -> Any:
    """Loads the ``transformers`` processor that is saved with the weights."""
    with explained(source):
        return _transformers().AutoProcessor.from_pretrained(source.name, **source.where)


def load_tokenizer(source: WeightsSource) -> Any:
    """Loads the ``transformers`` tokenizer that is saved with the weights."""
    with explained(source):
        return _transformers().AutoTokenizer.from_pretrained(source.name, **source.where)


@contextmanager
def explained(source: WeightsSource) -> Iterator[None]:
    """Turns exceptions of ``from_pretrained`` into one sentence that says how to resolve them."""
    try:
        yield
    except PairLensError:
        raise
    except Exception as error:
        raise explain(source, error) from error
