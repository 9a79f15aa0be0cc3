"""Finds the lists of records under the keys of a JSON object, such as a list for each split.

::

    {"info": {...}, "train": [{...}, ...], "test": [{...}, ...]}

If a key occurs twice, its last list counts.
"""

from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import dataclass
from typing import BinaryIO

from pairlens.importers.errors import OnNote, shown
from pairlens.importers.json_window import CHUNK
from pairlens.importers.list_items import REST, read_list_items

SPACE = b" \t\n\r"

_SHOWN = 3


@dataclass(slots=True)
class KeyedList:
    """A list of records in an object.

    Attributes:
        key: key of the list
        start: byte offset of its first item in the file
        names: keys of its first item that is an object; empty if none is
        items: number of items
    """

    key: str
    start: int
    names: frozenset[str] = frozenset()
    items: int = 0

    def is_like(self, other: KeyedList) -> bool:
        """Whether the items have at least half of the keys of another list's items."""
        return 2 * len(self.names & other.names) >= len(other.names)


def begins_with_object(stream: BinaryIO) -> bool:
    """Whether the first value of a stream is an object; the stream's position is restored."""
    place = stream.tell()
    head = stream.read(CHUNK).removeprefix(BOM_UTF8).lstrip(SPACE)
    stream.seek(place)
    return head.startswith(b"{")


def record_lists(stream: BinaryIO, limit: int, on_note: OnNote) -> tuple[list[KeyedList], str]:
    """Finds the lists of records: the longest list of objects, and other lists of similar objects.

    Args:
        stream: a file that begins with an object, at its beginning; it is read to the end
        limit: maximum size in bytes of a record, and of members that are not lists
        on_note: receives notes on lists that are not read, and on a fault of the file

    Returns:
        the lists in the order of the file, and the fault at which reading ended; ``""`` if none
    """
    found, fault = _lists_of_objects(stream, limit, on_note)
    if not found:
        return [], fault
    longest = max(found, key=lambda candidate: candidate.items)
    similar = [candidate for candidate in found if candidate.is_like(longest)]
    if others := [shown(candidate.key, 40) for candidate in found if candidate not in similar]:
        some = ", ".join(map(repr, others[:_SHOWN]))
        on_note(
            f"lists of other objects are not read: {some}"
            + f" and {len(others) - _SHOWN:,} more" * (len(others) > _SHOWN)
            + f"; the records are those under {', '.join(repr(shown(a.key, 40)) for a in similar)}"
        )
    return similar, fault


def _lists_of_objects(stream: BinaryIO, limit: int, on_note: OnNote) -> tuple[list[KeyedList], str]:
    """Finds the lists with objects up to the first fault of the file; returns also the fault."""
    fault = ""
    found: dict[str, KeyedList] = {}

    def again(key: str) -> None:
        found.pop(key, None)

    def rest() -> None:
        on_note(REST)

    try:
        for item in read_list_items(stream, again, limit, rest):
            current = found.setdefault(item.name, KeyedList(item.name, item.start))
            current.items += 1
            if not current.names and isinstance(item.value, dict):
                current.names = frozenset(item.value)
    except ValueError as error:
        fault = str(error)
        on_note(f"{fault}; lists under other keys behind that are not read")
    of_objects = (found_list for found_list in found.values() if found_list.names)
    return sorted(of_objects, key=lambda found_list: found_list.start), fault
