"""Pascal VOC annotations: XML that may come from anyone, and where its objects and texts stand.

Parsed by expat, with no document type: entities, which could grow without end or name other files,
are declared there alone.
"""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.parsers import expat
from xml.sax.saxutils import escape

from pairlens.importers.errors import RecordError
from pairlens.importers.formats.json_files import MAX_FILE_BYTES
from pairlens.importers.source_files import open_source

MAX_DEPTH = 100
MAX_OBJECTS = 10_000
_OBJECT, _TEXT = "object", "description"
_SPACE = b" \t\r\n"

Span = tuple[int, int]


@dataclass
class VOCObject:
    """An object.

    Attributes:
        span: where it stands in the file, in bytes, with the white space in front of it
        values: texts of its members by the names that lead to them, such as ``bndbox/xmin``
        text_span: where the text of its description stands; ``None`` where it has none
        faults: what keeps members from having one text, by these names
    """

    span: Span = (0, 0)
    values: dict[str, str] = field(default_factory=dict)
    text_span: Span | None = None
    faults: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """The text of a member; ``None`` where there is none.

        Raises:
            ValueError: if there are several, or it holds more than text
        """
        if fault := self.faults.get(name):
            raise ValueError(f"the object's {name!r} {fault}")
        return self.values.get(name)


@dataclass
class VOCFile:
    """An annotation.

    Attributes:
        data: the file
        filename: of its image; ``""`` where it does not say
        objects: in the order in which they stand
        encoding: that it declares, by default UTF-8
        size: width and height of the image, where it tells them
    """

    data: bytes
    filename: str = ""
    objects: list[VOCObject] = field(default_factory=list)
    encoding: str = "utf-8"
    size: tuple[int, int] | None = None


def load_voc(file: Path, name: str) -> VOCFile:
    """Reads an annotation.

    Args:
        file: the file
        name: relative to the dataset's root, for messages

    Raises:
        RecordError: if it cannot be read, or is no annotation
    """
    try:
        with open_source(file) as stream:
            data = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise RecordError(name, f"cannot be read ({error.strerror})") from error
    if len(data) > MAX_FILE_BYTES:
        raise RecordError(name, f"over {MAX_FILE_BYTES >> 20} MB, too large for an annotation")
    if not data.strip():
        raise RecordError(name, "is empty")
    if data.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise RecordError(name, "is UTF-16, not UTF-8 text; convert it")
    try:
        return _Reader(data).read()
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise RecordError(name, f"is not valid XML ({error})") from error


class _Reader:
    """One reading, by the events of expat."""

    def __init__(self, data: bytes) -> None:
        self._found = VOCFile(data)
        self._path: list[str] = []
        self._text: list[str] = []
        self._sides: dict[str, str] = {}
        self._begun = 0  # where the content of the innermost element begins
        self._parser: Any = expat.ParserCreate()
        self._parser.XmlDeclHandler = self._declared
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text.append

    def read(self) -> VOCFile:
        self._parser.Parse(self._found.data, True)
        sides = [self._sides.get(side, "").strip() for side in ("width", "height")]
        if all(side.isascii() and side.isdecimal() and 0 < len(side) < 6 for side in sides):
            width, height = map(int, sides)
            self._found.size = (width, height) if width and height else None
        return self._found

    def _declared(self, version: str, encoding: str | None, standalone: int) -> None:
        self._found.encoding = encoding or self._found.encoding

    def _refuse(self, *_: object) -> None:
        raise ValueError("it declares a document type, which annotations need none of")

    def _after(self, at: int) -> int:
        """Where a tag that begins at a place ends."""
        return self._found.data.index(b">", at) + 1

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._path) >= MAX_DEPTH:
            raise ValueError(f"it is nested over {MAX_DEPTH} levels deep")
        if self._path[1:] == [_OBJECT, _TEXT]:
            self._found.objects[-1].faults[_TEXT] = f"holds an element {name!r}, not text alone"
        self._path.append(name)
        self._text.clear()
        at = self._parser.CurrentByteIndex
        self._begun = self._after(at)
        if self._path[1:] == [_OBJECT]:
            if len(self._found.objects) >= MAX_OBJECTS:
                raise ValueError(f"it has over {MAX_OBJECTS:,} objects")
            before = self._found.data[:at]
            self._found.objects.append(VOCObject((len(before.rstrip(_SPACE)), 0)))

    def _end(self, name: str) -> None:
        at, text = self._parser.CurrentByteIndex, "".join(self._text)
        inner = self._path[1:]
        if inner == ["filename"]:
            self._found.filename = text
        elif inner[:1] == ["size"] and len(inner) == 2:
            self._sides[inner[1]] = text
        elif inner[:1] == [_OBJECT]:
            self._end_in_object(self._found.objects[-1], inner, text, at)
        self._path.pop()
        self._text.clear()

    def _end_in_object(self, one: VOCObject, inner: list[str], text: str, at: int) -> None:
        if len(inner) == 1:
            one.span = one.span[0], max(self._after(at), self._begun)
            return
        member = "/".join(inner[1:])
        if member in one.values:
            one.faults[member] = "stands there several times"
        one.values[member] = text
        if inner[1:] == [_TEXT] and self._found.data[at : at + 2] == b"</":
            one.text_span = self._begun, at


def edited_voc(voc: VOCFile, keep: set[int], texts: dict[int, str]) -> bytes:
    """An annotation with some of its objects, and other descriptions for some of these.

    Args:
        voc: the annotation
        keep: numbers of the objects to keep
        texts: descriptions by number of the object; each has one already

    Returns:
        the file, with every other byte as it is
    """
    changes: list[tuple[Span, bytes]] = []
    for number, one in enumerate(voc.objects):
        if number not in keep:
            changes.append((one.span, b""))
        elif number in texts and one.text_span is not None:
            text = escape(texts[number]).encode(voc.encoding, "xmlcharrefreplace")
            changes.append((one.text_span, text))
    data = voc.data
    for (begin, end), new in sorted(changes, reverse=True):
        data = data[:begin] + new + data[end:]
    return data
