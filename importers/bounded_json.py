"""Parses JSON that may come from anyone: small enough to be held, and not nested too deeply."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pairlens.importers.source_files import open_source

MAX_MEMORY = 700 << 20
"""Bytes that the parsed values may take."""

_OF_CONTAINER, _OF_VALUE, _OF_QUOTE = 72, 36, 28
"""Bytes that CPython takes for a list or object with its place in another, for a number, and for
half of a text beside its characters."""


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
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("is nested too deeply") from error
    except ValueError as error:
        raise ValueError(f"is no JSON ({error})") from error


def check_memory(data: bytes) -> None:
    """Estimates what parsed JSON takes.

    Raises:
        ValueError: with what is wrong with the file, if that is too much
    """
    containers = data.count(b"[") + data.count(b"{")
    needed = len(data) * 2 + containers * _OF_CONTAINER
    needed += data.count(b",") * _OF_VALUE + data.count(b'"') * _OF_QUOTE
    if needed > MAX_MEMORY:
        raise ValueError(f"would take {needed >> 20:,} MB of memory; split it")
