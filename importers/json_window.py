"""A window that slides along a JSON file, for decoding files of any size in constant memory.

The bytes are decoded as Latin-1, one character each, so that offsets in the text are offsets in
bytes. A JSON decoder finds the same structure as in UTF-8, in which no byte of a multi-byte
character is a bracket, a quote or a comma. Strings with such characters must be decoded again.
"""

from __future__ import annotations

import re
from typing import BinaryIO

CHUNK = 1 << 16
"""Bytes that are read at a time by default."""

_SPACES = re.compile(r"[ \t\n\r]*+")


class Window:
    """A part of a file that slides along it.

    All methods take offsets in :attr:`text`, in characters.

    Attributes:
        text: the part, decoded as Latin-1
        base: offset of the part in the file, in bytes

    Args:
        stream: positioned at the beginning of the part
        chunk: bytes to read at a time
        base: position of the stream in the file, in bytes
        line: line number at that position, from 1
    """

    def __init__(self, stream: BinaryIO, chunk: int, *, base: int = 0, line: int = 1) -> None:
        self.text = ""
        self.base = base
        self._stream = stream
        self._chunk = chunk
        self._counted = (0, line)  # an offset, and its line number

    def more(self) -> bool:
        """Appends a chunk to the text; returns ``False`` at the end of the file."""
        piece = self._stream.read(self._chunk)
        self.text += piece.decode("latin-1")
        return bool(piece)

    def double(self, at: int) -> bool:
        """Reads until there is twice as much text after an offset.

        Decoding a value again after each doubling takes linear time in total.

        Returns:
            whether anything was read; ``False`` at the end of the file
        """
        wanted = 2 * len(self.text) - at
        read = False
        while len(self.text) < wanted and self.more():
            read = True
        return read

    def forget(self, at: int) -> int:
        """Drops the text before an offset if it is long; returns that position's new offset."""
        if at <= self._chunk:
            return at
        self._counted = (0, self.line(at))
        self.base += at
        self.text = self.text[at:]
        return 0

    def line(self, at: int) -> int:
        """Returns the line number of an offset, from 1."""
        begin, lines = self._counted
        if at < begin:
            return lines - self.text.count("\n", at, begin)
        # Calls come mostly in order, so each line end is counted once.
        self._counted = (at, lines + self.text.count("\n", begin, at))
        return self._counted[1]

    def skip(self, at: int) -> int:
        """Returns the offset of the next character that is not white space, reading if needed."""
        at = skipped(self.text, at)
        while at == len(self.text):
            at = self.forget(at)
            if not self.more():
                break
            at = skipped(self.text, at)
        return at


def skipped(text: str, at: int) -> int:
    """Returns the offset of the next character that is not white space, or the text's length."""
    match = _SPACES.match(text, at)
    return at if match is None else match.end()
