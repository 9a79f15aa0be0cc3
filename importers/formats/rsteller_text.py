"""Parses RSTeller annotations, and locates the captions in their text.

Readers and exporters agree here on which annotations are captions.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from pairlens.importers.files import is_plain_name, is_text
from pairlens.importers.frozen import frozen
from pairlens.importers.json_members import loads
from pairlens.importers.records import Caption

MAX_BYTES = 1 << 20
"""Of an annotation; published ones have 2 KB."""

MAX_LITERAL_BYTES = 1 << 18
"""Of a Python literal, whose syntax tree takes a hundred times its size."""

MAX_LITERAL_DEPTH = 16
MAX_CAPTION = 1 << 16
"""Characters; the longest published caption has about 2,000."""

MAX_CAPTIONS = 1000
"""Of an image; RSTeller has up to five, and the database refuses documents over 16 MB."""

MAX_ID = 100
"""Characters; published ids are numbers."""

_TEXT = r"""[uU]?(?:'(?:[^'\\\n]|\\.)*+'|"(?:[^"\\\n]|\\.)*+")"""
_TEXTS = re.compile(_TEXT, re.DOTALL)
_NUMBER = r"-?[0-9][0-9.]*+(?:[eE][+-]?[0-9]++)?"
_LITERAL = re.compile(rf"(?:{_TEXT}|[\s{{}}\[\](),:]|None|True|False|{_NUMBER})*+", re.DOTALL)


@frozen
class Annotation:
    """An annotation file's content.

    Attributes:
        patch_id: as text; ``None`` where the file has none
        image_name: the name of the photograph that the patch was cut from, or ``""``
        captions: with their numbers in the list ``annotations``
        faults: what is wrong with annotations that are no captions
    """

    patch_id: str | None
    image_name: str
    captions: tuple[tuple[int, Caption], ...]
    faults: tuple[str, ...]


def parse(data: bytes) -> Annotation:
    """Reads an annotation file.

    Raises:
        ValueError: with the reason, if it holds no object with metadata and annotations
    """
    content = load(data)
    metadata = content.get("metadata")
    if not isinstance(metadata, dict):
        raise ValueError("has no object 'metadata'")
    annotations = content.get("annotations")
    if annotations is None:
        annotations = []
    if not isinstance(annotations, list):
        raise ValueError("has 'annotations' that are no list")
    if len(annotations) > MAX_CAPTIONS:
        raise ValueError(f"has {len(annotations):,} annotations, over {MAX_CAPTIONS:,}")
    name = metadata.get("image_name")
    if name is not None and not (isinstance(name, str) and is_text(name) and len(name) < 256):
        raise ValueError("has an image name that is no text")
    captions: list[tuple[int, Caption]] = []
    faults: list[str] = []
    for number, item in enumerate(annotations):
        try:
            captions.append((number, _caption(item)))
        except ValueError as error:
            faults.append(f"annotation {number} {error}")
    patch_id = _patch_id(metadata.get("patch_id"))
    return Annotation(patch_id, name or "", tuple(captions), tuple(faults))


def _patch_id(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63:
        return str(value)
    if isinstance(value, str) and is_plain_name(value) and len(value) <= MAX_ID:
        return value
    raise ValueError(f"has a patch id that is none: {_shown(value)}")


def _shown(value: Any) -> str:
    """A short text of any value, for messages."""
    text = repr(value) if isinstance(value, str | int | float | None) else type(value).__name__
    return text[:40].encode("utf-8", "backslashreplace").decode()


def _caption(item: Any) -> Caption:
    if not isinstance(item, dict):
        raise ValueError(f"is {type(item).__name__}, not an object")
    text, task, annotator = item.get("text"), item.get("task"), item.get("annotator")
    if not isinstance(text, str):
        raise ValueError(f"has {type(text).__name__} for its text")
    if len(text) > MAX_CAPTION:
        raise ValueError(f"has a text longer than {MAX_CAPTION:,} characters")
    if task is not None and (not isinstance(task, int) or isinstance(task, bool) or task >> 31):
        raise ValueError(f"has a task that is no number: {_shown(task)}")
    if annotator is not None and not isinstance(annotator, str):
        raise ValueError("has an annotator that is no text")
    if not is_text(text) or not is_text(annotator or "") or len(annotator or "") > MAX_CAPTION:
        raise ValueError("holds half a character (a lone surrogate)")
    return Caption(text, task, annotator)


def load(data: bytes) -> dict[str, Any]:
    """Reads an annotation as JSON or, where it is none, as a Python literal.

    The ``datasets`` library hands the json column on as ``str(dict)``, and so it is found.

    Raises:
        ValueError: with the reason, if it is neither, or no object
    """
    if not data.strip():
        raise ValueError("is empty")
    if len(data) > MAX_BYTES:
        raise ValueError(f"has {len(data):,} bytes, too many for an annotation")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError("is not utf-8 text") from None
    content = _json_or_literal(text)
    if isinstance(content, str):
        content = _json_or_literal(content)
    if not isinstance(content, dict):
        raise ValueError("holds no object")
    return content


def _json_or_literal(text: str) -> Any:
    try:
        return loads(text)
    except (ValueError, RecursionError) as error:
        if not is_literal(text):
            what = "nested too deep" if isinstance(error, RecursionError) else str(error)
            raise ValueError(f"is not valid JSON ({what[:80]})") from None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        raise ValueError("is neither JSON nor a Python literal") from None


def is_literal(text: str) -> bool:
    """Whether a text is safe for Python's parser: small, shallow, and nothing but data.

    Python's own documentation warns that its parser can be crashed by what is deep or large.
    """
    if len(text) > MAX_LITERAL_BYTES:
        return False
    if not _LITERAL.fullmatch(text):
        return False
    return _depth(_TEXTS.sub("", text)) <= MAX_LITERAL_DEPTH


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        if character in "([{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in ")]}":
            depth -= 1
    return deepest


def text_lines(data: bytes) -> list[tuple[int, Caption]]:
    """The captions of an early release's ``.txt``, one a line, with the lines' numbers.

    Blank lines are no captions.

    Raises:
        ValueError: with the reason, if it is no text or too large
    """
    if len(data) > MAX_BYTES:
        raise ValueError(f"has {len(data):,} bytes, too many for captions")
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise ValueError("is not utf-8 text") from None
    found = [(n, line.rstrip("\r")) for n, line in enumerate(lines) if line.strip()]
    if len(found) > MAX_CAPTIONS or any(len(line) > MAX_CAPTION for _, line in found):
        raise ValueError("holds more or longer lines than captions are")
    return [(number, Caption(line)) for number, line in found]
