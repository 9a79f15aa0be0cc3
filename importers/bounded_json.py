"""Parses JSON that may come from anyone: small enough to be held, and not nested too deeply."""

from __future__ import annotations

import re
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, TypeGuard

from pairlens.importers.json_members import loads
from pairlens.importers.source_files import open_source

MAX_MEMORY = 700 << 20
"""Bytes that the parsed values may take."""

_OF_CONTAINER, _OF_VALUE, _OF_QUOTE = 72, 36, 28
"""Bytes that CPython takes for a list or object with its place in another, for a number, and for
half of a text beside its characters."""

_LARGEST = sys.float_info.max
_WIDE = re.compile(rb"[\xf0-\xf4]")
"""The first byte of a character of which one makes every character of a text take four bytes."""


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a parsed value is a number that a float can hold: true, NaN and 10**400 are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def read_json(file: Path, most_bytes: int) -> Any:
    """Reads a file of one JSON value.

    Raises:
        OSError: if it cannot be read
        ValueError: as :func:`read_bounded` and :func:`load_json`
    """
    return load_json(read_bounded(file, most_bytes))


def read_bounded(file: Path, most_bytes: int) -> bytes:
    """The bytes of a file.

    Raises:
        OSError: if it cannot be read
        ValueError: with what is wrong with the file, if it is larger than the bound
    """
    with open_source(file) as stream:
        data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"has over {most_bytes:,} bytes, too many for this format")
    return data


def load_json(data: bytes) -> Any:
    """Parses a JSON value.

    Raises:
        ValueError: with what is wrong with it, if it is none, is nested too deeply, or would take
            too much memory
    """
    check_memory(data)
    try:
        return loads(data)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"is no JSON ({error})") from error


def load_json_lines(data: bytes) -> list[Any]:
    """Parses lines of a JSON value each; blank ones are passed over.

    Raises:
        ValueError: as :func:`load_json`
    """
    check_memory(data, copies=2)  # the longest line can be nearly all
    return [load_json(line) for line in BytesIO(data) if line.strip()]


def check_memory(data: bytes, copies: int = 1) -> None:
    """Estimates what it takes to parse JSON.

    Args:
        data: the JSON, or lines of it
        copies: how often its bytes are held

    Raises:
        ValueError: with what is wrong with the file, if that is too much
    """
    containers = data.count(b"[") + data.count(b"{")
    width = 1 if data.isascii() else 4 if _WIDE.search(data) else 2
    # Its bytes, the text that they are decoded to, and the texts in it.
    needed = len(data) * (copies + 2 * width) + containers * _OF_CONTAINER
    needed += data.count(b",") * _OF_VALUE + data.count(b'"') * _OF_QUOTE
    if needed > MAX_MEMORY:
        raise ValueError(f"would take {needed >> 20:,} MB of memory; split it")
