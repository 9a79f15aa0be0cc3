"""Parses JSON from untrusted files, with bounds on memory and nesting."""

from __future__ import annotations

import re
import sys
from io import BytesIO
from pathlib import Path
from typing import Any, TypeGuard

from pairlens.importers.json_members import loads
from pairlens.importers.source_files import open_source

MAX_MEMORY = 700 << 20
"""Maximum memory in bytes of the file and the parsed values."""

_OF_CONTAINER, _OF_VALUE, _OF_QUOTE = 72, 36, 28
"""Bytes that CPython needs for a list or object and the reference to it; for a number and the
reference; and for half of a string without its characters, since each string has two quotes."""

_LARGEST = sys.float_info.max
_WIDE = re.compile(rb"[\xf0-\xf4]")
"""First byte of a character beyond U+FFFF; a string with one takes four bytes a character."""


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a parsed value is a finite number that fits a float: not true, NaN or 10**400."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def read_json(file: Path, most_bytes: int) -> Any:
    """Reads a file of one JSON value.

    Raises:
        OSError: if it cannot be read
        ValueError: as :func:`read_bounded` and :func:`load_json`
    """
    return load_json(read_bounded(file, most_bytes))


def read_bounded(file: Path, most_bytes: int) -> bytes:
    """Reads a file.

    Raises:
        OSError: if it cannot be read
        ValueError: if it is larger than the bound
    """
    with open_source(file) as stream:
        data = stream.read(most_bytes + 1)
    if len(data) > most_bytes:
        raise ValueError(f"has over {most_bytes:,} bytes, too many for this format")
    return data


def load_json(data: bytes) -> Any:
    """Parses a JSON value.

    Raises:
        ValueError: if it is not JSON, nested too deeply, or would take too much memory; the message
            says which
    """
    check_memory(data)
    try:
        return loads(data)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"is no JSON ({error})") from error


def load_json_lines(data: bytes) -> list[Any]:
    """Parses JSON Lines: a value on each line; blank lines are skipped.

    Raises:
        ValueError: as :func:`load_json`
    """
    check_memory(data, copies=2)  # one line, of which a copy is made, can be nearly the whole file
    return [load_json(line) for line in BytesIO(data) if line.strip()]


def check_memory(data: bytes, copies: int = 1) -> None:
    """Estimates the memory that it takes to parse JSON.

    Args:
        data: the JSON, or JSON Lines
        copies: number of copies of these bytes in memory

    Raises:
        ValueError: if it is more than :data:`MAX_MEMORY`
    """
    containers = data.count(b"[") + data.count(b"{")
    width = 1 if data.isascii() else 4 if _WIDE.search(data) else 2
    # The bytes, the string that they are decoded to, and the strings in the values.
    needed = len(data) * (copies + 2 * width) + containers * _OF_CONTAINER
    needed += data.count(b",") * _OF_VALUE + data.count(b'"') * _OF_QUOTE
    if needed > MAX_MEMORY:
        raise ValueError(f"would take {needed >> 20:,} MB of memory; split it")
