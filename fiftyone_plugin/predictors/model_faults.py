"""Explains why a model cannot be loaded, in one sentence that says how to resolve it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pairlens.fiftyone_plugin.predictors.devices import is_out_of_memory
from pairlens.fiftyone_plugin.predictors.error_text import causes, first_line
from pairlens.importers.errors import LayoutError, PairLensError, StateError, UsageError

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.predictors.models import WeightsSource


def explain(source: WeightsSource, error: Exception) -> PairLensError:
    """The error for a failure to load a model."""
    given = source.given
    chain = list(causes(error))
    names = {kind.__name__ for e in chain for kind in type(e).__mro__}
    text = " ".join(str(e) for e in chain)
    if "torchvision::" in text:
        return broken_package(source.predictor, "torchvision", error)
    if is_out_of_memory(error):
        return StateError(f"{given} does not fit into memory; take a smaller model or --device cpu")
    if "GatedRepoError" in names or "access a gated repo" in text:
        return StateError(
            f"{given} is gated: accept its terms at https://huggingface.co/{source.name}, then set "
            "HF_TOKEN to a token of that account"
        )
    if names & {"RepositoryNotFoundError", "RevisionNotFoundError"}:
        return UsageError(
            f"the hub has no model {given} that it shows you; correct the name, or set HF_TOKEN "
            "if it is private"
        )
    if "HFValidationError" in names:
        return UsageError(f"{given} is neither a folder nor a hub id OWNER/NAME")
    if _is_unreachable(names, text) and not Path(source.name).is_dir():
        offline = " (HF_HUB_OFFLINE is set)" if os.environ.get("HF_HUB_OFFLINE") else ""
        return StateError(
            f"{given} is not on this machine and the hub cannot be reached{offline}; fetch it "
            f"where it can, 'hf download {source.name} --local-dir FOLDER', and give the folder"
        )
    if "no file named" in text or "EntryNotFoundError" in names:
        return LayoutError(
            f"{given} lacks a file: its weights must be safetensors and its processor and "
            f"tokenizer must lie beside them ({first_line(error)})"
        )
    return StateError(f"{given} cannot be loaded ({first_line(error)})")


def _is_unreachable(names: set[str], text: str) -> bool:
    kinds = {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectError", "TimeoutException"}
    return bool(names & kinds) or "couldn't connect" in text or "offline mode" in text


def missing_package(predictor: str, needed: Sequence[str], missing: str | None) -> UsageError:
    """The error for a package that is not installed."""
    remedy = "pip install 'pairlens[models]'"
    if missing == "torchvision":  # each build fits one version of torch
        remedy = "pip install torchvision, from the index that torch was installed from"
    needs = " and ".join(needed)
    return UsageError(f"{predictor} needs {needs}, and {missing} is not installed: {remedy}")


def broken_package(predictor: str, name: str, error: BaseException) -> UsageError:
    """The error for a package that is installed and cannot be imported."""
    if "torchvision::" in str(error):
        return UsageError(
            f"{predictor} found a torchvision that was built for another torch; "
            "install both from one index, or uninstall torchvision"
        )
    return UsageError(
        f"{predictor} needs {name}, which is installed and cannot be imported "
        f"({first_line(error)}); install it again"
    )
