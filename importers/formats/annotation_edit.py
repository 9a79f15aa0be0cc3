"""Replaces, removes and adds captions in an RSTeller annotation; every other character stays."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import Any, cast

from pairlens.importers.errors import UsageError
from pairlens.importers.formats.json_edit import Span, cut, item_spans, value_span, with_items
from pairlens.importers.records import Caption

_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class CaptionEdits:
    """What is to become of the captions of an image.

    Attributes:
        texts: new texts by number
        removed: numbers of those that are left out
        added: those that come behind the others
    """

    texts: Mapping[int, str] = field(default_factory=dict[int, str])
    removed: frozenset[int] = frozenset()
    added: tuple[Caption, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.texts or self.removed or self.added)


def edit_annotation(data: bytes, edits: CaptionEdits) -> bytes:
    """Replaces, removes and adds captions.

    Args:
        data: a valid annotation, JSON or a Python literal
        edits: by number in the list ``annotations``

    Returns:
        the whole content
    """
    text = data.decode("utf-8")
    mark = _MARK if text.startswith(_MARK) else ""
    return (mark + _edited(text.removeprefix(_MARK), edits)).encode()


def _edited(text: str, edits: CaptionEdits) -> str:
    try:
        content = json.loads(text)
    except ValueError:
        return _rewritten(text, *_literal_spans(text, edits.texts), edits, repr)
    write = partial(json.dumps, ensure_ascii=text.isascii())
    if isinstance(content, str):  # an annotation written as a text
        return write(_edited(content, edits))
    start, _ = value_span(text, ("annotations",))
    inner = {n: value_span(text, ("annotations", n, "text")) for n in edits.texts}
    return _rewritten(text, start, item_spans(text, start), inner, edits, write)


def _rewritten(
    text: str,
    start: int,
    spans: list[Span],
    inner: Mapping[int, Span],
    edits: CaptionEdits,
    write: Callable[[Any], str],
) -> str:
    """The text with another list.

    Args:
        text: of the annotation
        start: where the list begins
        spans: where its items lie
        inner: where the texts of those lie that get another one
        edits: what is to become of them
        write: a value as the text has it
    """
    texts: dict[int, str] = {}
    for number, (begin, end) in inner.items():
        first, last = spans[number]
        texts[number] = text[first:begin] + write(edits.texts[number]) + text[end:last]
    added = [write(_item(caption)) for caption in edits.added]
    text, spans = with_items(text, start, spans, added)
    return cut(text, start, spans, set(range(len(spans))) - edits.removed, texts)


def _item(caption: Caption) -> dict[str, Any]:
    members = {"task": caption.task, "text": caption.text, "annotator": caption.annotator}
    return {name: value for name, value in members.items() if value is not None}


def _literal_spans(text: str, numbers: Collection[int]) -> tuple[int, list[Span], dict[int, Span]]:
    """Where the list of annotations begins in a Python literal, its items, and some texts."""
    # Positions in a syntax tree are in bytes of a line.
    lines = text.encode().splitlines(keepends=True)
    starts = list(accumulate((len(line.decode()) for line in lines), initial=0))

    def span(node: ast.expr) -> Span:
        begin, end = node.lineno - 1, (node.end_lineno or 1) - 1
        first, last = lines[begin][: node.col_offset], lines[end][: node.end_col_offset]
        return starts[begin] + len(first.decode()), starts[end] + len(last.decode())

    found: Any = _member(cast(ast.Dict, ast.parse(text, mode="eval").body), "annotations")
    texts = {number: span(_member(found.elts[number], "text")) for number in numbers}
    return span(found)[0], [span(one) for one in found.elts], texts


def _member(node: ast.Dict, name: str) -> ast.expr:
    """Of equal names the last, which is the one that Python reads."""
    found = [
        value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == name
    ]
    return found[-1]


def edit_lines(data: bytes, edits: CaptionEdits) -> bytes:
    """Replaces, removes and adds lines of captions.

    Args:
        data: the content of an early release's ``.txt``
        edits: by line number

    Raises:
        UsageError: if a caption does not fit in a line
    """
    mark = _MARK.encode() if data.startswith(_MARK.encode()) else b""
    lines = data.removeprefix(mark).split(b"\n")
    for number, new in edits.texts.items():
        end = b"\r" if lines[number].endswith(b"\r") else b""
        lines[number] = _line(new) + end
    end = b"\r\n" if lines[0].endswith(b"\r") else b"\n"
    kept = b"\n".join(one for number, one in enumerate(lines) if number not in edits.removed)
    for caption in edits.added:
        at_start = not kept or kept.endswith(b"\n")
        kept += b"" if at_start else end
        kept += _line(caption.text) + (end if at_start and kept else b"")
    return mark + kept


def _line(caption: str) -> bytes:
    if not caption.strip() or set(caption) & {"\n", "\r"}:
        raise UsageError(f"{caption[:60]!r} cannot be written as a line of captions")
    return caption.encode()
