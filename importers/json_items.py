"""The record of a JSON file as it is read: its bytes, or what is wrong with them."""

from __future__ import annotations

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any, NamedTuple

from pairlens.importers.json_members import loads

MAX_RECORD = 1 << 20
"""Default maximum size of a record in bytes; the longest published conversations have thousands."""


class Item(NamedTuple):
    """A record's bytes, or what is wrong with them.

    Attributes:
        number: the record's number in the file, from 0
        start: byte offset of its first byte in the file
        end: byte offset after its last byte
        data: the bytes, without white space around them; empty if there is a fault
        fault: what is wrong with the record; ``""`` if nothing is
        last: whether the fault concerns the rest of the file, not one record
        line: number of the line that it begins in, from 1
        values: the decoded value, if it was decoded already; otherwise empty
        key: key of the list that contains the record, if the file has several lists
        lead: number of bytes in front that belong to the record, such as its name
        name: the record's name, if it is a member of an object
    """

    number: int
    start: int
    end: int
    data: bytes
    fault: str = ""
    last: bool = False
    line: int = 1
    values: tuple[Any, ...] = ()
    key: str = ""
    lead: int = 0
    name: str = ""

    def load(self) -> Any:
        """Returns the decoded value.

        Raises:
            ValueError: if the record is broken; the message has the reason and the line
        """
        if self.fault:
            raise ValueError(self.fault)
        return self.values[0] if self.values else load(self.data, self.line)


def load(data: bytes, line: int = 1) -> Any:
    """Decodes a record's bytes.

    Args:
        data: the bytes
        line: number of the line in the file that they begin in

    Raises:
        ValueError: if they are not one JSON value; the message has the reason and the line
    """
    try:
        return loads(data.decode())
    except UnicodeDecodeError as error:
        utf16 = data.startswith((BOM_UTF16_LE, BOM_UTF16_BE))
        what = "UTF-16, not UTF-8 text" if utf16 else f"not UTF-8 text (byte {error.start})"
        raise ValueError(f"the record is {what}") from error
    except RecursionError as error:
        raise ValueError("the record is nested too deeply") from error
    except json.JSONDecodeError as error:
        where = f"line {line + error.lineno - 1} column {error.colno}"
        raise ValueError(f"the record is not valid JSON ({error.msg}: {where})") from error
    except ValueError as error:  # an integer of more digits than Python converts
        raise ValueError(f"the record is not valid JSON ({error})") from error


def too_long(limit: int) -> str:
    """Returns the fault of a record of more bytes than a limit."""
    return f"the record is longer than {limit:,} bytes"
