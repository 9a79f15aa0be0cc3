"""The lists of records that stand under keys of one JSON object, such as a list for each split.

::

    {"info": {...}, "train": [{...}, ...], "test": [{...}, ...]}

Of lists of one key the last counts, as everywhere in JSON.
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
    """A list of objects, beside which other items are broken records.

    Attributes:
        key: that it stands under
        start: where its first item begins in the file, in bytes
        names: the members of its first object
        items: how many there are
    """

    key: str
    start: int
    names: frozenset[str] = frozenset()
    items: int = 0

    def is_like(self, other: KeyedList) -> bool:
        """Whether its items have half of the members of another's."""
        return 2 * len(self.names & other.names) >= len(other.names)


def begins_with_object(stream: BinaryIO) -> bool:
    """Whether an object is the first value of a stream, which is left where it was."""
    place = stream.tell()
    head = stream.read(CHUNK).removeprefix(BOM_UTF8).lstrip(SPACE)
    stream.seek(place)
    return head.startswith(b"{")


def record_lists(stream: BinaryIO, limit: int, on_note: OnNote) -> tuple[list[KeyedList], str]:
    """The lists of records in a file: the longest list of objects, and those of such objects.

    Of lists of one length the first counts.

    Args:
        stream: at its beginning, of an object; it is left at its end
        limit: bytes of a record, and of other members
        on_note: takes which other lists are not read, and where the file is broken

    Returns:
        the lists, and what is wrong with the file from some place on, ``""`` for nothing
    """
    found, fault = _lists_of_objects(stream, limit, on_note)
    if not found:
        return [], fault
    longest = max(found, key=lambda one: one.items)
    alike = [one for one in found if one.is_like(longest)]
    if others := [shown(one.key, 40) for one in found if one not in alike]:
        some = ", ".join(map(repr, others[:_SHOWN]))
        on_note(
            f"lists of other objects are not read: {some}"
            + f" and {len(others) - _SHOWN:,} more" * (len(others) > _SHOWN)
            + f"; the records are those under {', '.join(repr(shown(a.key, 40)) for a in alike)}"
        )
    return alike, fault


def _lists_of_objects(stream: BinaryIO, limit: int, on_note: OnNote) -> tuple[list[KeyedList], str]:
    """The lists of objects that count, as far as the file is sound, and its fault."""
    fault = ""
    found: dict[str, KeyedList] = {}

    def again(key: str) -> None:
        found.pop(key, None)

    def rest() -> None:
        on_note(REST)

    try:
        for item in read_list_items(stream, again, limit, rest):
            one = found.setdefault(item.name, KeyedList(item.name, item.start))
            one.items += 1
            if not one.names and isinstance(item.value, dict):
                one.names = frozenset(item.value)
    except ValueError as error:
        fault = str(error)
        on_note(f"{fault}; lists under other keys behind that are not read")
    objects = (one for one in found.values() if one.names)  # the first items may be none
    return sorted(objects, key=lambda one: one.start), fault
