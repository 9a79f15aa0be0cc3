"""A predictor that no worker can load, in a module that imports nothing."""

from __future__ import annotations

from typing import Any


def without_weights(settings: Any, device: str) -> Any:
    """Raises what libraries raise."""
    raise KeyError("weights")
