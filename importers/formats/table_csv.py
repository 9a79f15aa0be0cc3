"""CSV and TSV, cut into rows and cells byte by byte, so that all that is not edited stays.

Cells may be quoted with ``"``; a quote within is doubled, and line ends may stand within. The
separator is the one of ``, ; tab |`` that cuts the first rows into equally many cells, and into
the most; a ``.tsv`` has tabs. A line ``sep=;`` before the column names says it.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from pairlens.importers.errors import LayoutError, shown
from pairlens.importers.formats.table_rows import MAX_COLUMNS, MAX_ROW, Decide, TableRow
from pairlens.importers.source_files import open_source

ENDINGS = (".csv", ".tsv", ".tab")
DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t", "pipe": "|"}

_HEAD = 1 << 16
_CHUNK = 1 << 18
_SNIFFED = 20

LONGEST_LINE = 1 << 30
"""Bytes that are read in search of a line's end; a file that claims terabytes is left at that."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_DELIMITER_LINE = re.compile(rb'(?i)"?sep=([\x09\x20-\x7e])"?(?:\r\n|\n|\r)')
"""The line before the column names that tells Excel the separator, and that Excel hides."""

Span = tuple[int, int]


class CsvTable:
    """A CSV or TSV; see :class:`pairlens.importers.formats.table_rows.Table`.

    Args:
        path: the file
        name: relative to the folder that the dataset lies in
        delimiter: a key of :data:`DELIMITERS`; ``None`` to find it out
        anywhere: whether it may be a link that leads out of the dataset's folder

    Attributes:
        delimiter: the key of the separator

    Raises:
        LayoutError: if it is no text in UTF-8, or has no column names
        OSError: if it cannot be read
    """

    members: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()

    def __init__(
        self, path: Path, name: str, delimiter: str | None = None, *, anywhere: bool = False
    ) -> None:
        self.path, self.name, self._anywhere = path, name, anywhere
        with self._open() as stream:
            head = stream.read(_HEAD)
        if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            raise LayoutError(f"{name} is UTF-16; save it as CSV in UTF-8")
        self._begin = len(BOM_UTF8) if head.startswith(BOM_UTF8) else 0
        if line := _DELIMITER_LINE.match(head, self._begin):
            self._begin = line.end()
            delimiter = delimiter or _named(line[1].decode(), name)
        self.delimiter = delimiter or _sniffed(head[self._begin :], path)
        self._cutter = _Cutter(DELIMITERS[self.delimiter].encode())
        self.columns = self._names()

    def _open(self) -> BinaryIO:
        return open_source(self.path, anywhere=self._anywhere)

    def _names(self) -> tuple[str, ...]:
        cut = next(self._cut(), None)
        if cut is None:
            raise LayoutError(f"{self.name} is empty; its first line names the columns")
        _, data, spans = cut
        if spans is None or len(spans) > MAX_COLUMNS:
            raise LayoutError(f"the first line of {self.name} does not name columns")
        try:
            return tuple(_text(data[a:b]).strip() for a, b in spans)
        except UnicodeDecodeError as error:
            raise LayoutError(
                f"the first line of {self.name} is no UTF-8 (byte {error.start}); save the table "
                "as CSV in UTF-8"
            ) from error

    def _cut(self) -> Iterator[tuple[int, bytes, list[Span] | None]]:
        """Place, bytes with the line end, and cells of each line; ``None`` for no cells."""
        with self._open() as stream:
            stream.seek(self._begin)
            for at, data, spans in self._cutter.rows(stream, self.name):
                yield self._begin + at, data, spans

    def rows(self) -> Iterator[TableRow]:
        """All rows; blank lines are counted and are none."""
        for number, (start, data, spans) in enumerate(self._cut(), 1):
            if number > 1 and data.strip():
                yield self._row(number, start, data, spans)

    def row(self, number: int, start: int, size: int) -> TableRow:
        """A row that was met before."""
        with self._open() as stream:
            stream.seek(start)
            data = stream.read(size)
        return self._row(number, start, data, self._cutter.cells(data))

    def _row(self, number: int, start: int, data: bytes, spans: list[Span] | None) -> TableRow:
        place = number, start, len(data)
        if spans is None:
            return TableRow(*place, {}, self._cutter.fault_of(data))
        if b"\0" in data:
            return TableRow(*place, {}, "it holds NUL bytes, which no text has")
        if len(spans) != len(self.columns):
            return TableRow(
                *place,
                {},
                f"it has {len(spans)} cells for {len(self.columns)} columns"
                + f"; quote cells that hold a {self.delimiter}" * (len(spans) > len(self.columns)),
            )
        cells: dict[str, str] = {}
        for column, (begin, end) in zip(self.columns, spans, strict=True):
            try:
                cells[column] = _text(data[begin:end])
            except UnicodeDecodeError as error:
                where = f"byte {begin + error.start} of the row"
                return TableRow(
                    *place, {}, f"column {shown(column, 80)!r} is no UTF-8 text ({where})"
                )
        return TableRow(*place, cells)

    def rewrite(self, out: BinaryIO, decide: Decide) -> tuple[int, bool]:
        """Writes the file with some rows left out and some cells changed."""
        with self._open() as stream:
            out.write(stream.read(self._begin))
        written, changed = 0, False
        for number, (start, data, spans) in enumerate(self._cut(), 1):
            if number == 1 or not data.strip():
                out.write(data)
                continue
            edits = decide(self._row(number, start, data, spans))
            if edits is None:
                changed = True
                continue
            piece = self._edited(data, spans or [], edits) if edits else data
            changed |= piece != data
            out.write(piece)
            written += 1
        return written, changed

    def _edited(self, data: bytes, spans: list[Span], edits: Mapping[str, Any]) -> bytes:
        places = dict(zip(self.columns, spans, strict=True))
        for column, value in sorted(edits.items(), key=lambda edit: places[edit[0]], reverse=True):
            begin, end = places[column]
            quoted = data[begin : begin + 1] == b'"'
            data = data[:begin] + self._cell(str(value), quoted) + data[end:]
        return data

    def _cell(self, text: str, quoted: bool) -> bytes:
        needed = set(text) & {'"', "\r", "\n", DELIMITERS[self.delimiter]}
        if quoted or needed:
            text = '"' + text.replace('"', '""') + '"'
        return text.encode()


def _text(raw: bytes) -> str:
    """What a cell says."""
    if raw.startswith(b'"'):
        close = _QUOTED.match(raw)
        if close is not None:
            inner = close[1].replace(b'""', b'"')
            return (inner + raw[close.end() :]).decode()
    return raw.decode()


_QUOTED = re.compile(rb'"((?:[^"]|"")*+)"')


class _Cutter:
    """Cuts text into rows and cells at a separator of one byte."""

    def __init__(self, delimiter: bytes) -> None:
        rest = rb"[^\r\n" + re.escape(delimiter) + rb"]*+"
        self._cell = re.compile(rb'(?:"(?:[^"]|"")*+"|(?!"))' + rest)
        self._delimiter = delimiter

    def rows(self, stream: BinaryIO, name: str) -> Iterator[tuple[int, bytes, list[Span] | None]]:
        """Place, bytes and cells of each line of a stream."""
        buffer, at, base, final, want = b"", 0, 0, False, _CHUNK
        while True:
            end, spans = self._line(buffer, at)
            whole = final or (end is not None and end < len(buffer))
            if not whole and len(buffer) - at <= MAX_ROW:
                buffer, at, base = buffer[at:], 0, base + at
                piece = stream.read(want)
                buffer, final, want = buffer + piece, not piece, max(_CHUNK, len(buffer))
                continue
            if at >= len(buffer):
                return
            want = _CHUNK
            if end is not None and end - at > MAX_ROW:
                spans = None
            elif end is None or not whole:
                # A quote without its end costs one line, not the rest of the file.
                found = _LINE_END.search(buffer, at)
                end, spans = (found.end() if found else len(buffer)), None
            yield base + at, buffer[at:end], spans
            at = end
            if at == len(buffer) and not whole:
                buffer, at, base = b"", 0, base + at + _skip_line(stream, name)

    def _line(self, buffer: bytes, at: int) -> tuple[int | None, list[Span] | None]:
        """The end of the row that begins at a place, and its cells relative to that.

        The end is ``None`` where a quote is not closed.
        """
        spans: list[Span] = []
        place = at
        while True:
            found = self._cell.match(buffer, place)
            if found is None:
                return None, None
            spans.append((place - at, found.end() - at))
            place = found.end()
            if buffer[place : place + 1] != self._delimiter:
                break
            place += 1
        ends = _LINE_END.match(buffer, place)
        return (ends.end() if ends else len(buffer)), spans

    def cells(self, data: bytes) -> list[Span] | None:
        """The cells of one row; ``None`` where a quote is not closed."""
        end, spans = self._line(data, 0)
        return spans if end == len(data) else None

    def fault_of(self, data: bytes) -> str:
        """Why a line has no cells."""
        if len(data) > MAX_ROW:
            return f"it is longer than {MAX_ROW:,} bytes"
        return "a quote is opened and not closed"


def _skip_line(stream: BinaryIO, name: str) -> int:
    """Reads to the end of a line that is too long to be held; gives the number of bytes.

    Raises:
        LayoutError: if the line does not end within :data:`LONGEST_LINE`
    """
    read = 0
    while piece := stream.readline(_CHUNK):
        read += len(piece)
        if piece.endswith(b"\n"):
            break
        if read > LONGEST_LINE:
            raise LayoutError(
                f"{name} has a line of over {LONGEST_LINE:,} bytes, so it is no "
                "table; a cell holds a picture's path, not its bytes"
            )
    return read


def _named(separator: str, name: str) -> str:
    """The key of a separator that a file tells."""
    for key, known in DELIMITERS.items():
        if known == separator:
            return key
    raise LayoutError(
        f"the first line of {name} tells the separator {separator!r}; a table has one of "
        f"{' '.join(map(repr, DELIMITERS.values()))}"
    )


def _sniffed(head: bytes, path: Path) -> str:
    """The key of the separator of the first lines."""
    if path.suffix.lower() in (".tsv", ".tab"):
        return "tab"
    best, most = "comma", (0, 1)
    for name, delimiter in DELIMITERS.items():
        cutter = _Cutter(delimiter.encode())
        counts: list[int] = []
        at = 0
        while at < len(head) and len(counts) < _SNIFFED:
            end, spans = cutter._line(head, at)
            if end is None or spans is None or (end == len(head) and counts):
                break  # perhaps cut off
            counts += [len(spans)] * bool(head[at:end].strip())
            at = end
        if counts and counts[0] > 1:
            alike = sum(count == counts[0] for count in counts)
            best, most = max((best, most), (name, (alike, counts[0])), key=lambda one: one[1])
    return best
