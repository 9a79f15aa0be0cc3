"""Reads the items of the lists in a JSON object one by one, in constant memory.

A file of COCO annotations is one object with a few lists, one of which can have a million items.
"""

from __future__ import annotations

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

from pairlens.importers.json_items import load
from pairlens.importers.json_members import DECODER, report_duplicate_member
from pairlens.importers.json_window import CHUNK, Window

MAX_ITEM = 4 << 20
"""Maximum size in bytes of an item, or of a member that is not a list."""

MAX_ITEMS = 2_000_000
"""Maximum number of items in all lists together; COCO has 860,000 annotations."""

_MOST_MEMBERS = 20_000
"""Of an object; EarthVQA has a list for each of 2,522 images."""

_TOKEN = 16
"""Characters from the end of a window within which a number may be cut off."""

_MARK = BOM_UTF8.decode("latin-1")
_UTF_16 = (BOM_UTF16_LE.decode("latin-1"), BOM_UTF16_BE.decode("latin-1"))


class ListItem(NamedTuple):
    """An item of one of the lists.

    Attributes:
        name: key of the list in the object
        start: byte offset of the item's first byte in the file
        end: byte offset after its last byte
        value: the decoded item
    """

    name: str
    start: int
    end: int
    value: Any


REST = "what stands behind the end of its object is not read"
"""The note about a file with further text after the object."""

OnAgain = Callable[[str], None]
"""Called with the key of a member that occurs again."""


def _forget_nothing(name: str) -> None:
    """Ignores a repeated member; for callers that do not keep items."""


def _ignore_rest() -> None:
    """Ignores text after the object."""


def read_list_items(
    stream: BinaryIO,
    on_again: OnAgain = _forget_nothing,
    most: int | None = None,
    on_rest: Callable[[], None] = _ignore_rest,
) -> Iterator[ListItem]:
    """Reads the items of all lists that are members of a JSON object.

    Args:
        stream: the file, at its beginning
        on_again: called with the key when a member begins whose key occurred before. As in all of
            PairLens the last one counts, so the caller must discard the items of that key
        most: maximum size in bytes of an item, or of a member that is not a list; by default
            :data:`MAX_ITEM`
        on_rest: called if there is further text after the object, which is not read

    Yields:
        the items in the order of the file

    Raises:
        ValueError: on reaching a fault, with what is wrong and the line
    """
    for number, item in enumerate(
        _members(Window(stream, CHUNK), on_again, most or MAX_ITEM, on_rest)
    ):
        if number == MAX_ITEMS:
            raise ValueError(f"has over {MAX_ITEMS:,} items; split it")
        yield item


def _members(
    window: Window, on_again: OnAgain, most: int, on_rest: Callable[[], None]
) -> Iterator[ListItem]:
    seen: set[str] = set()
    while len(window.text) < len(_MARK) and window.more():
        pass
    if window.text.startswith(_UTF_16):
        raise ValueError("is UTF-16, not UTF-8 text; convert it")
    at = _expect(window, len(_MARK) * window.text.startswith(_MARK), "{")
    for _ in range(_MOST_MEMBERS):
        if window.text[at : at + 1] == "}":
            window.more()
            if window.text[at + 1 :].strip():
                on_rest()
            return
        name, at = _value(window, at, most)
        if not isinstance(name, str):
            raise _fault(window, at, "expected a name")
        if name in seen:
            report_duplicate_member(name)
            on_again(name)
        seen.add(name)
        at = _expect(window, at, ":")
        if window.text[at : at + 1] == "[":
            at = yield from _items(window, at, name, most)
        else:
            _, at = _value(window, at, most)
        at = _after(window, at, "}")
    raise _fault(window, at, f"it has over {_MOST_MEMBERS:,} members")


def _items(window: Window, at: int, name: str, most: int) -> Iterator[Any]:
    at = _expect(window, at, "[")
    while window.text[at : at + 1] != "]":
        at = window.forget(at)
        value, end = _value(window, at, most)
        yield ListItem(name, window.base + at, window.base + end, value)
        at = _after(window, end, "]")
    return window.skip(at + 1)


def _value(window: Window, at: int, most: int) -> tuple[Any, int]:
    """Decodes the value at an offset of the window; returns it and the offset after it."""
    while True:
        try:
            value, end = DECODER.raw_decode(window.text, at)
            if len(window.text) - end >= _TOKEN or not window.double(at):
                break
        except RecursionError:
            raise _fault(window, at, "it is nested too deeply") from None
        except ValueError as error:
            if len(window.text) - at > most:
                raise _fault(window, at, f"no value of under {most:,} bytes") from None
            if not window.double(at):
                raise _fault(window, at, str(error).partition(":")[0]) from None
    piece = window.text[at:end]
    return (value if piece.isascii() else load(piece.encode("latin-1"), window.line(at))), end


def _expect(window: Window, at: int, mark: str) -> int:
    """Skips a punctuation mark and white space around it; returns the offset after them."""
    at = window.skip(at)
    if window.text[at : at + 1] != mark:
        raise _fault(window, at, f"expected {mark!r}")
    return window.skip(at + 1)


def _after(window: Window, at: int, close: str) -> int:
    """Returns the offset of the next member or item, or of the closing bracket."""
    at = window.skip(at)
    return at if window.text[at : at + 1] == close else _expect(window, at, ",")


def _fault(window: Window, at: int, what: str) -> ValueError:
    return ValueError(f"is no JSON object of lists (line {window.line(at)}: {what})")
