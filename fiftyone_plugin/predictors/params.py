"""Predictor parameters: declared once as a dataclass, cast from text and validated.

::

    @dataclass(frozen=True)
    class Settings:
        side: int = option("longest side of the image in pixels", 384, low=32, high=4096)

    SPEC = PredictorSpec(..., settings=Settings, make=lambda settings, device: ...)
    SPEC.load({"side": "512"}, "cpu")
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar, get_type_hints

from pairlens.importers.errors import UsageError

S = TypeVar("S")

_WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_KINDS = {int: "a whole number", float: "a number", bool: "yes or no", str: "a text"}


def option(
    about: str,
    default: Any = dataclasses.MISSING,
    *,
    low: float | None = None,
    high: float | None = None,
    choices: tuple[str, ...] = (),
    holds: str = "",
) -> Any:
    """A dataclass field that is a parameter.

    Args:
        about: its meaning, for users
        default: its default value; a parameter without one is required
        low, high: the least and the greatest number allowed, inclusive
        choices: the texts allowed; any if empty
        holds: the placeholder of the query, which a text must contain exactly once
    """
    metadata = {"about": about, "low": low, "high": high, "choices": choices, "holds": holds}
    return dataclasses.field(default=default, metadata=metadata)


def describe(settings: type[Any]) -> dict[str, str]:
    """Meaning and default of each parameter by name, required ones first."""
    members = sorted(
        dataclasses.fields(settings), key=lambda f: f.default is not dataclasses.MISSING
    )
    return {
        f.name: f.metadata["about"]
        + (" (required)" if f.default is dataclasses.MISSING else f" (default {f.default})")
        for f in members
    }


def read_params(
    predictor: str, settings: type[S], given: Mapping[str, Any], kind: str = "predictor"
) -> S:
    """Makes the settings from parameters.

    Args:
        predictor: name of the predictor, for messages
        settings: a dataclass whose fields are ``int``, ``float``, ``bool`` or ``str`` and
            were made with :func:`option`
        given: values by parameter name, as texts or of the parameter's type; ``None`` for the
            default
        kind: ``predictor`` or ``judge``, for messages

    Raises:
        UsageError: for an unknown or missing parameter, a wrong type or a value out of range
    """
    fields = {f.name: f for f in dataclasses.fields(settings)}  # type: ignore[arg-type]
    kinds = get_type_hints(settings)
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in fields:
            known = ", ".join(fields) or "none"
            raise UsageError(f"{kind} {predictor} has no parameter {name!r}; it has {known}")
        if value is not None:
            values[name] = _cast(f"{predictor}.{name}", kinds[name], value, fields[name].metadata)
            _check_text(f"{predictor}.{name}", values[name], fields[name].metadata)
    for name, spec in fields.items():
        if name not in values and spec.default is dataclasses.MISSING:
            raise UsageError(
                f"{kind} {predictor} needs the parameter {name!r}: {spec.metadata['about']}"
            )
    return settings(**values)


def _cast(name: str, kind: type, value: Any, limits: Mapping[str, Any]) -> Any:
    try:
        cast = _parse(kind, value)
    except (TypeError, ValueError, OverflowError):
        cast = None
    low, high = limits["low"], limits["high"]
    fits = cast is not None and (low is None or cast >= low) and (high is None or cast <= high)
    if not fits:
        at_least = f" of at least {low}" if low is not None else ""
        at_most = f" {'and' if at_least else 'of'} at most {high}" if high is not None else ""
        raise UsageError(f"{name} takes {_KINDS[kind]}{at_least}{at_most}, not {value!r}")
    return cast


def _check_text(name: str, value: Any, limits: Mapping[str, Any]) -> None:
    choices, holds = limits["choices"], limits["holds"]
    if choices and value not in choices:
        known = f"{', '.join(choices[:-1])} or {choices[-1]}"
        raise UsageError(f"{name} takes {known}, not {value!r}")
    if holds and value.count(holds) != 1:
        raise UsageError(f"{name} must hold {holds} once, where the query goes, not {value!r}")


def _parse(kind: type, value: Any) -> Any:
    """The value converted to the kind, or ``None`` if it cannot be."""
    if kind is str:
        return str(value) or None
    if kind is bool:
        return value if isinstance(value, bool) else _WORDS.get(str(value).strip().lower())
    if isinstance(value, bool):
        return None
    number = float(value)
    if not math.isfinite(number):
        return None
    if kind is float:
        return number
    # int("12") and 12.0 from a form's slider are whole; 12.5 is not.
    return int(number) if number.is_integer() else None
