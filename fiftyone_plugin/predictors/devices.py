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
        """Inference mode; with ``half`` also autocast to bfloat16, or float16 if unsupported."""
        import torch

        with torch.inference_mode():
            if not self.half:
                yield
                return
            # Autocast and not cast weights: sums, norms and box arithmetic stay in float32.
            has_bf16 = self.device.type != "cuda" or torch.cuda.is_bf16_supported()
            dtype = torch.bfloat16 if has_bf16 else torch.float16
            with torch.autocast(self.device.type, dtype=dtype):
                yield


def choose_device(name: str, half: bool) -> Runtime:
    """Chooses a device by name; ``auto`` is CUDA, MPS or CPU, whichever is available first.

    Raises:
        UsageError: if torch does not know the device or cannot use it
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
        raise UsageError(f"{reason}; --device auto takes an available one") from error
    return Runtime(device, half and device.type == "cuda")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on any device."""
    if isinstance(error, MemoryError):
        return True
    phrases = ("out of memory", "can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(w in str(error).lower() for w in phrases)


def free_memory(device: Any) -> None:
    """Frees cached memory before a smaller attempt."""
    import gc

    import torch

    gc.collect()
    if device.type in ("cuda", "mps"):
        getattr(torch, device.type).empty_cache()
