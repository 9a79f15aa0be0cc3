"""Exports files with one pair a line: lines are copied, left out, or get another phrase."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pairlens.importers.files import lines
from pairlens.importers.formats import native_export
from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.formats.native_export import SourceExporter
from pairlens.importers.source_files import open_source


class LineExporter(SourceExporter):
    """Writes files of a pair a line.

    Blank lines and header lines stay; a file without exported pairs is left out.
    """

    longest: int
    """Bytes; a longer line was no record to the reader either."""

    header: int = 0
    """The number of lines at the start of each file that are no records, such as column names."""

    def line(self, name: str, line: bytes, pair: ExportPair) -> bytes:
        """The line to write for a selected pair; the published one if the pair was not edited.

        Raises:
            StateError: if the line differs from the imported one
            UsageError: if the phrase cannot be written in a line
        """
        raise NotImplementedError

    def copy_media(self, line: bytes, pair: ExportPair) -> None:
        """Copies the files that the line of a selected pair names."""
        self.copy_image(pair.image, pair.key)

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes one file, and the images and masks of its lines."""
        target = native_export.inside(self._out, name)
        try:
            with open_source(native_export.inside(self._root, name)), open(target, "wb") as stream:
                written, changed = self._write_lines(name, pairs, stream)
        except OSError as error:
            raise native_export.cannot("copied", name, error) from error
        if not written:
            target.unlink()
        self.count_file(written, changed)

    def _write_lines(
        self, name: str, pairs: Iterator[ExportPair], stream: BinaryIO
    ) -> tuple[int, bool]:
        """Returns the number of lines with a pair, and whether the file differs from the source."""
        written, changed = 0, False
        pair = next(pairs, None)
        for number, line in enumerate(lines(native_export.inside(self._root, name), self.longest)):
            if pair is None or pair.source.index != number:
                record = number >= self.header and bool(line.strip())
                self.tally.records += record
                self.tally.not_imported += record
                changed |= record
                if not record:
                    stream.write(line)
                continue
            self.tally.records += 1
            rewritten = self.line(name, line, pair)
            if pair.selected:
                stream.write(rewritten)
                self.copy_media(line, pair)
                written += 1
            changed |= pair.edited or not pair.selected
            pair = next(pairs, None)
        if pair is not None:
            raise native_export.changed_source(name, pair.source.index, pair.key)
        return written, changed
