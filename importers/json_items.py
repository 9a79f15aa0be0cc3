"""A record of a JSON file as it is read: its bytes, or what is wrong with them."""

from __future__ import annotations

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any, NamedTuple

from pairlens.importers.json_members import loads

MAX_RECORD = 1 << 20
"""Bytes; the longest conversations published have some thousands."""


class Item(NamedTuple):
    """A record's bytes, or what is wrong with them.

    Attributes:
        number: of the record in the file, from 0
        start: where it begins in the file, in bytes
        end: where it ends
        data: the bytes, without white space around them
        fault: why there is no telling what the bytes mean; ``""`` where there is
        last: whether the fault is one of the file from here on, not of one record
        line: the line it begins in, from 1
        values: the decoded value where it was decoded already, else nothing
        key: of the list that it stands in, where there are several
        lead: bytes in front that belong to it, such as its name
        name: that it stands under, where it is a member of an object
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
        """The decoded value.

        Raises:
            ValueError: with the reason and the line, if there is none
        """
        if self.fault:
            raise ValueError(self.fault)
        return self.values[0] if self.values else load(self.data, self.line)


def load(data: bytes, line: int = 1) -> Any:
    """Parses a record's bytes.

    Args:
        data: the bytes
        line: the line of the file that they begin in

    Raises:
        ValueError: with the reason, if they are not one JSON value
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
    except ValueError as error:  # a number of thousands of digits
        raise ValueError(f"the record is not valid JSON ({error})") from error


def too_long(limit: int) -> str:
    """The fault of a record of more bytes than a limit."""
    return f"the record is longer than {limit:,} bytes"
