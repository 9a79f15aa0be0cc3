"""Annotation files that hold one JSON object each."""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from pathlib import Path
from typing import Any

from pairlens.importers.bounded_json import check_memory
from pairlens.importers.errors import RecordError
from pairlens.importers.json_members import loads
from pairlens.importers.source_files import open_source

MAX_FILE_BYTES = 16 << 20
"""The largest published file has 0.1 MB; more than this is no annotation."""


def load_object(file: Path, name: str) -> tuple[dict[str, Any], str]:
    """Reads an annotation file.

    Args:
        file: the file
        name: relative to the dataset's root, for messages

    Returns:
        its content, and the encoding it is in: ``utf-8`` (``utf-8-sig`` with a byte order
        mark), else ``cp1252``

    Raises:
        RecordError: if it is not a JSON object
    """
    try:
        with open_source(file) as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
        if len(data) > MAX_FILE_BYTES:
            raise RecordError(name, f"over {MAX_FILE_BYTES >> 20} MB, too large for an annotation")
        if not data.strip():
            raise RecordError(name, "is empty")
        text, encoding = _decoded(data, name)
        check_memory(data)
        content = loads(text)
    except OSError as error:
        raise RecordError(name, f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise RecordError(name, "is neither utf-8 nor cp1252 text") from error
    except RecursionError as error:
        raise RecordError(name, "is nested too deeply") from error
    except ValueError as error:
        raise RecordError(name, f"is not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise RecordError(name, "holds no JSON object")
    return content, encoding


def _decoded(data: bytes, name: str) -> tuple[str, str]:
    encoding = "utf-8-sig" if data.startswith(BOM_UTF8) else "utf-8"
    try:
        return data.decode(encoding), encoding
    except UnicodeDecodeError:
        if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            raise RecordError(name, "is UTF-16, not utf-8 or cp1252 text; convert it") from None
    return data.decode("cp1252"), "cp1252"
