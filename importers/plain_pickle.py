"""Reads pickles of plain values: lists, tuples, dicts, strings, bytes and numbers.

A pickle is a program that can call any function of Python. So all of its instructions are examined
before it is loaded: it is refused if one does anything but make a plain value, or if the values
would take more memory than a dataset needs.
"""

from __future__ import annotations

import io
import pickle
import pickletools
from typing import Any

from pairlens.importers.bounded_json import MAX_MEMORY

_CONTAINERS = "EMPTY_LIST EMPTY_DICT EMPTY_TUPLE LIST DICT TUPLE TUPLE1 TUPLE2 TUPLE3"
_VALUES = (
    "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT NONE NEWTRUE NEWFALSE STRING "
    "BINSTRING SHORT_BINSTRING UNICODE SHORT_BINUNICODE BINUNICODE BINUNICODE8 BINBYTES "
    "SHORT_BINBYTES BINBYTES8"
)
_NUMBERED = ("PUT", "BINPUT", "LONG_BINPUT")
_OTHERS = "APPEND APPENDS SETITEM SETITEMS MARK GET BINGET LONG_BINGET MEMOIZE PROTO FRAME STOP"
_COSTS = {
    **dict.fromkeys(_CONTAINERS.split(), 150),
    **dict.fromkeys(_VALUES.split(), 56),
    **dict.fromkeys([*_OTHERS.split(), *_NUMBERED], 24),
}
"""Bytes of memory that CPython needs for the value that an instruction makes, without the
characters of strings. Instructions that make no value count as well, to bound the time."""


class _RefusedError(Exception):
    """Raised for a valid pickle that is not loaded."""


class _Unpickler(pickle.Unpickler):
    """An unpickler that refuses every class and function."""

    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise _RefusedError(_holds_more(f"{module_name}.{global_name}"))


def load_plain(data: bytes) -> tuple[Any, int]:
    """Reads a pickle.

    Args:
        data: a pickle of any protocol; strings of Python 2 are decoded as UTF-8

    Returns:
        the value, and the protocol of the pickle

    Raises:
        ValueError: if it is not a pickle, has other than plain values, or would take too much
            memory; the message says which
    """
    try:
        protocol = _look_through(data)
        unpickler = _Unpickler(io.BytesIO(data), encoding="utf-8", errors="surrogateescape")
        return unpickler.load(), min(protocol, pickle.HIGHEST_PROTOCOL)
    except _RefusedError as error:
        raise ValueError(str(error)) from error
    except Exception as error:  # on hostile bytes, it raises any exception
        raise ValueError(f"is no pickle that can be read ({error})") from error


def _look_through(data: bytes) -> int:
    """Checks all instructions without executing them; returns the protocol of the pickle."""
    needed, protocol = 2 * len(data), 0
    for number, (operation, argument, _) in enumerate(pickletools.genops(data)):
        name = operation.name
        declared = argument if name == "PROTO" and isinstance(argument, int) else 0
        protocol = max(protocol, operation.proto, declared)
        if name not in _COSTS:
            named = name in ("GLOBAL", "INST")
            raise _RefusedError(_holds_more(str(argument).replace(" ", ".") if named else name))
        needed += _COSTS[name]
        if needed > MAX_MEMORY:
            raise _RefusedError(f"would take over {MAX_MEMORY >> 20:,} MB of memory; split it")
        # The unpickler's memo is a table as long as the greatest number in it.
        if name in _NUMBERED and not (isinstance(argument, int) and 0 <= argument <= number):
            raise _RefusedError("is no pickle that can be read (it numbers its values wrongly)")
    return protocol


def _holds_more(what: str) -> str:
    return (
        f"holds more than lists, dicts, texts and numbers ({what[:80]}), and nothing that a file "
        "names is run; save it as JSON"
    )
