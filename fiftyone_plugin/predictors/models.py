"""What the predictors with a model share: loading weights, choosing a device, plain failures.

Weights come from a folder that ``save_pretrained`` wrote or from a Hugging Face hub id,
``OWNER/NAME`` or ``OWNER/NAME@REVISION``. Only safetensors are read, and no code that lies
beside them is run. Each way this fails becomes one sentence with the way out.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from importers.errors import LayoutError, PairLensError, StateError, UsageError

PACKAGES = ("torch", "transformers")
MODEL = "folder with the model, or hub id OWNER/NAME[@REVISION]"
HALF = "half precision on a GPU; elsewhere it is full in any case"
_CONFIG = "config.json"


@dataclass(frozen=True)
class Runtime:
    """Where a model runs.

    Attributes:
        device: a ``torch.device``
        half: whether matrix products are done in half precision
    """

    device: Any
    half: bool

    @contextmanager
    def inference(self) -> Iterator[None]:
        """No gradients; on a GPU autocast to bfloat16, or float16 where there is none."""
        import torch

        with torch.inference_mode():
            if not self.half:
                yield
                return
            # Autocast rather than cast weights: sums, norms and box arithmetic stay exact.
            fits = self.device.type != "cuda" or torch.cuda.is_bf16_supported()
            kind = torch.bfloat16 if fits else torch.float16
            with torch.autocast(self.device.type, dtype=kind):
                yield


def require(predictor: str, packages: tuple[str, ...] = PACKAGES) -> None:
    """Imports the packages.

    Raises:
        UsageError: with the command that installs what is missing or what is broken
    """
    for name in packages:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise UsageError(
                f"predictor {predictor} needs {' and '.join(packages)}, and {error.name} is not "
                "installed: pip install 'pairlens[models]'"
            ) from error
        except Exception as error:
            raise _broken_package(predictor, name, error) from error


def _broken_package(predictor: str, name: str, error: BaseException) -> UsageError:
    if "torchvision::" in str(error):
        return UsageError(
            f"predictor {predictor} found a torchvision that was built for another torch; "
            "install both from one index, or uninstall torchvision"
        )
    return UsageError(
        f"predictor {predictor} needs {name}, which is installed and cannot be imported "
        f"({_first_line(error)}); install it anew"
    )


def choose_device(name: str, half: bool) -> Runtime:
    """The device of that name, or the best there is for ``auto``: CUDA, MPS, CPU.

    Raises:
        UsageError: if torch does not know the device or does not have it
    """
    import torch

    if name == "auto":
        mps = torch.backends.mps.is_available()
        name = "cuda" if torch.cuda.is_available() else "mps" if mps else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except Exception as error:  # torch raises RuntimeError, AssertionError and others here
        reason = f"device {name!r} cannot be used ({_first_line(error)})"
        raise UsageError(f"{reason}; --device auto takes what there is") from error
    return Runtime(device, half and device.type == "cuda")


@dataclass(frozen=True, slots=True)
class Source:
    """Where weights are.

    Attributes:
        predictor: for messages
        given: as it was given
        name: folder or hub id, for ``from_pretrained``
        revision: of the hub's model, or ``None`` for its newest
    """

    predictor: str
    given: str
    name: str
    revision: str | None = None

    @property
    def where(self) -> dict[str, Any]:
        """Arguments for every ``from_pretrained``."""
        return {"revision": self.revision or "main", "trust_remote_code": False}


def find_source(predictor: str, given: str, parameter: str = "model") -> Source:
    """Tells folders from hub ids.

    Raises:
        UsageError: if it looks like a folder and is none
        LayoutError: if a folder holds no model
    """
    path = Path(given).expanduser()
    if path.is_dir():
        if not (path / _CONFIG).is_file():
            raise LayoutError(
                f"{predictor}.{parameter}: {given} holds no {_CONFIG}; give the folder that "
                "save_pretrained wrote, or that 'hf download --local-dir' filled"
            )
        return Source(predictor, given, str(path))
    if given.startswith((".", "/", "~", "\\")) or given.count("/") != 1:
        raise UsageError(
            f"{predictor}.{parameter}: there is no folder {given!r}, and a hub id is OWNER/NAME"
        )
    name, _, revision = given.partition("@")
    return Source(predictor, given, name, revision or None)


def open_model(
    predictor: str,
    given: str,
    device: str,
    half: bool,
    class_name: str,
    kinds: tuple[str, ...],
) -> tuple[Source, Runtime, Any]:
    """Finds a predictor's model, chooses where it runs and loads it.

    Args:
        predictor: its name, for messages
        given: a folder or a hub id
        device: ``auto`` or the name of one
        half: whether half precision is allowed
        class_name: of the model's class in ``transformers``
        kinds: the ``model_type`` values the class can load

    Raises:
        UsageError: if a package is missing, or for a source or device that is none
        LayoutError, StateError: as :func:`load_model`
    """
    require(predictor)
    source = find_source(predictor, given)
    runtime = choose_device(device, half)
    return source, runtime, load_model(source, class_name, kinds, runtime)


def load_model(source: Source, class_name: str, kinds: tuple[str, ...], runtime: Runtime) -> Any:
    """A ``transformers`` model in evaluation mode on its device.

    Args:
        source: where its weights are
        class_name: of the model's class in ``transformers``
        kinds: the ``model_type`` values the class can load
        runtime: where it is to run

    Raises:
        LayoutError: if it is a model of another kind, or weights are missing
        StateError: if it cannot be fetched, read or held in memory
    """
    import transformers

    with explained(source):
        # The configuration file, not AutoConfig: a newer kind than transformers knows has a name.
        config, _ = transformers.PreTrainedConfig.get_config_dict(source.name, **source.where)
        kind = config.get("model_type")
        if kind not in kinds:
            raise LayoutError(
                f"{source.given} is a model of type {kind!r}, and predictor "
                f"{source.predictor} runs {' or '.join(kinds)}"
            )
        model, found = getattr(transformers, class_name).from_pretrained(
            source.name, use_safetensors=True, output_loading_info=True, **source.where
        )
        # transformers fills in random values for what is missing and only warns.
        missing = set(found["missing_keys"]) & {name for name, _ in model.named_parameters()}
        if missing:
            raise LayoutError(
                f"{source.given} lacks {len(missing)} weights of {class_name}, such as "
                f"{min(missing)}; it is another model or an incomplete copy"
            )
        return model.to(runtime.device).eval()


def load_processor(source: Source) -> Any:
    """A model's own ``transformers`` processor, saved beside its weights."""
    import transformers

    with explained(source):
        return transformers.AutoProcessor.from_pretrained(source.name, **source.where)


def load_tokenizer(source: Source) -> Any:
    """A model's own ``transformers`` tokenizer, saved beside its weights."""
    import transformers

    with explained(source):
        return transformers.AutoTokenizer.from_pretrained(source.name, **source.where)


@contextmanager
def explained(source: Source) -> Iterator[None]:
    """Turns what ``from_pretrained`` raises into one sentence with the way out."""
    try:
        yield
    except PairLensError:
        raise
    except Exception as error:
        raise explain(source, error) from error


def explain(source: Source, error: Exception) -> PairLensError:
    """The sentence for a failure to load."""
    given = source.given
    chain = list(_chain(error))
    names = {kind.__name__ for e in chain for kind in type(e).__mro__}
    text = " ".join(str(e) for e in chain)
    if "torchvision::" in text:
        return _broken_package(source.predictor, "torchvision", error)
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
            f"tokenizer must lie beside them ({_first_line(error)})"
        )
    return StateError(f"{given} cannot be loaded ({_first_line(error)})")


def _is_unreachable(names: set[str], text: str) -> bool:
    kinds = {"LocalEntryNotFoundError", "OfflineModeIsEnabled", "ConnectError", "TimeoutException"}
    return bool(names & kinds) or "couldn't connect" in text or "offline mode" in text


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200]


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on whatever device."""
    if isinstance(error, MemoryError):
        return True
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(w in str(error).lower() for w in words)


def free_memory(device: Any) -> None:
    """Gives cached memory back before a smaller attempt."""
    import gc

    import torch

    gc.collect()
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).empty_cache()
