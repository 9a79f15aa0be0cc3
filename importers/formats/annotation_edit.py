"""Replaces captions in the text of an RSTeller annotation; every other character stays."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any

from pairlens.importers.errors import UsageError
from pairlens.importers.formats.json_edit import replace_values

_MARK = "\ufeff"


def edit_annotation(data: bytes, texts: Mapping[int, str]) -> bytes:
    """Replaces some captions.

    Args:
        data: a valid annotation, JSON or a Python literal
        texts: new texts by number in the list ``annotations``

    Returns:
        the whole content
    """
    text = data.decode("utf-8")
    mark = _MARK if text.startswith(_MARK) else ""
    return (mark + _edited(text.removeprefix(_MARK), texts)).encode()


def _edited(text: str, texts: Mapping[int, str]) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        return _edited_literal(text, texts)
    ascii_only = text.isascii()
    if isinstance(content, str):  # an annotation written as a text
        return json.dumps(_edited(content, texts), ensure_ascii=ascii_only)
    values = {
        ("annotations", number, "text"): json.dumps(new, ensure_ascii=ascii_only)
        for number, new in texts.items()
    }
    return replace_values(text, values)


def _edited_literal(text: str, texts: Mapping[int, str]) -> str:
    # Positions in a syntax tree are in bytes of a line.
    lines = text.encode().splitlines(keepends=True)
    spans = [(_text_node(text, number), new) for number, new in texts.items()]
    data = b"".join(lines)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))
    for node, new in sorted(spans, key=lambda s: (s[0].lineno, s[0].col_offset), reverse=True):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        data = data[:begin] + repr(new).encode() + data[end:]
    return data.decode()


def _text_node(text: str, number: int) -> ast.expr:
    node: Any = ast.parse(text, mode="eval").body
    for step in ("annotations", number, "text"):
        node = node.elts[step] if isinstance(step, int) else _member(node, step)
    return node


def _member(node: ast.Dict, name: str) -> ast.expr:
    """Of equal names the last, which is the one that Python reads."""
    found = [
        value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == name
    ]
    return found[-1]


def edit_lines(data: bytes, texts: Mapping[int, str]) -> bytes:
    """Replaces some lines of captions.

    Args:
        data: the content of an early release's ``.txt``
        texts: new captions by line number

    Raises:
        UsageError: if a caption does not fit in a line
    """
    lines = data.split(b"\n")
    for number, new in texts.items():
        if not new.strip() or set(new) & {"\n", "\r"}:
            raise UsageError(f"{new[:60]!r} cannot be written as a line of captions")
        mark = _MARK if not number and lines[0].startswith(_MARK.encode()) else ""
        end = b"\r" if lines[number].endswith(b"\r") else b""
        lines[number] = (mark + new).encode() + end
    return b"\n".join(lines)
