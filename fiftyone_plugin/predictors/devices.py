"""Device, precision and out-of-memory handling of models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from pairlens.fiftyone_plugin.predictors.error_text import first_line
from pairlens.importers.errors import UsageError


@dataclass(frozen=True)
class Runtime:
    """Device and precision of a model.

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
        reason = f"device {name!r} cannot be used ({first_line(error)})"
        raise UsageError(f"{reason}; --device auto takes what there is") from error
    return Runtime(device, half and device.type == "cuda")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on whatever device."""
    if isinstance(error, MemoryError):
        return True
    words = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(w in str(error).lower() for w in words)


def free_memory(device: Any) -> None:
    """Frees cached memory before a smaller attempt."""
    import gc

    import torch

    gc.collect()
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).empty_cache()
