"""A window that slides along a JSON file.

It is text with one character a byte (Latin-1). In UTF-8 no byte of a longer character looks like a
bracket, a quote or a comma, so a decoder finds the same structure, and places in the text are
places in the file.
"""

from __future__ import annotations

import re
from typing import BinaryIO

CHUNK = 1 << 16


_SPACES = re.compile(r"[ \t\n\r]*+")


class Window:
    """A piece of a file that slides along it.

    Attributes:
        text: the piece, a character a byte
        base: where it begins in the file, in bytes

    Args:
        stream: at the beginning of the piece
        chunk: how much to read at a time, in bytes
        base: where the stream stands in the file, in bytes
        line: the line that it stands in, from 1
    """

    def __init__(self, stream: BinaryIO, chunk: int, *, base: int = 0, line: int = 1) -> None:
        self.text = ""
        self.base = base
        self._stream = stream
        self._chunk = chunk
        self._counted = (0, line)  # a place, and its line

    def more(self) -> bool:
        """Reads on; ``False`` at the end of the file."""
        piece = self._stream.read(self._chunk)
        self.text += piece.decode("latin-1")
        return bool(piece)

    def double(self, at: int) -> bool:
        """Reads on until twice as much lies behind a place; ``False`` at the end of the file.

        Whoever begins anew after each reading takes time in proportion to the file.
        """
        wanted = 2 * len(self.text) - at
        read = False
        while len(self.text) < wanted and self.more():
            read = True
        return read

    def forget(self, at: int) -> int:
        """Lets go of what lies before a place, if that is much; gives the place as it is then."""
        if at <= self._chunk:
            return at
        self._counted = (0, self.line(at))
        self.base += at
        self.text = self.text[at:]
        return 0

    def line(self, at: int) -> int:
        """The line of a place, from 1."""
        begin, lines = self._counted
        if at < begin:
            return lines - self.text.count("\n", at, begin)
        # Records come in order: each line end is counted once.
        self._counted = (at, lines + self.text.count("\n", begin, at))
        return self._counted[1]

    def skip(self, at: int) -> int:
        """The next place that holds no white space, or the end of the file."""
        at = skipped(self.text, at)
        while at == len(self.text):
            at = self.forget(at)
            if not self.more():
                break
            at = skipped(self.text, at)
        return at


def skipped(text: str, at: int) -> int:
    """The next place of a text that holds no white space, or its end."""
    match = _SPACES.match(text, at)
    return at if match is None else match.end()
