"""Verdicts, and the texts and times stored with them: validation and formatting.

Nothing here needs FiftyOne, so that decisions files can be merged without it.
"""

from __future__ import annotations

import getpass
import hashlib
from datetime import UTC, datetime
from typing import overload

from importers.errors import UsageError
from importers.fields import VerdictKind

VERDICTS: tuple[str, ...] = tuple(kind.value for kind in VerdictKind)

PENDING = "pending"
"""What pairs without a verdict are counted as."""

MAX_TEXT = 10_000
"""Characters in an edited phrase, a note or a reviewer's name."""

MAX_RLE = 1 << 20
"""Characters of a replaced mask in a decisions file; a mask that needs more is noise."""


def check_verdict(verdict: object) -> str:
    """The verdict.

    Raises:
        UsageError: if it is none
    """
    if verdict not in VERDICTS:
        raise UsageError(f"there is no verdict {verdict!r}; known: {', '.join(VERDICTS)}")
    return str(verdict)


def check_text(what: str, text: object) -> str | None:
    """A note or a name: a text that the database can hold, or ``None``; ``""`` is ``None``.

    Raises:
        UsageError: if it is no such text
    """
    if text is None or text == "":
        return None
    if not isinstance(text, str):
        raise UsageError(f"the {what} is {type(text).__name__}, not a text")
    if len(text) > MAX_TEXT:
        raise UsageError(f"the {what} has {len(text):,} characters; at most {MAX_TEXT:,} are kept")
    if any("\ud800" <= c <= "\udfff" for c in text):
        raise UsageError(f"the {what} holds half a surrogate pair, which is no character")
    return text


def check_phrase(phrase: object) -> str:
    """An edited phrase: one line of text, not blank, without control characters.

    Raises:
        UsageError: if it is anything else
    """
    text = check_text("phrase", phrase)
    if text is None or not text.strip():
        raise UsageError("the edited phrase is empty; to remove the pair, give the verdict drop")
    if len(text.splitlines()) > 1 or text.splitlines()[0] != text:
        raise UsageError("the edited phrase has a line break; a query is one line")
    if any(ord(c) < 32 or 127 <= ord(c) < 160 for c in text):
        raise UsageError("the edited phrase holds a control character; a query is plain text")
    return text


def reviewer_of(name: object) -> str:
    """The reviewer's name; where none is given, the user of this machine, if it is known.

    Raises:
        UsageError: if the name is no text that can be stored
    """
    if given := check_text("reviewer", name):
        return given
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"


def this_instant() -> datetime:
    """Now, in whole milliseconds of UTC, which is what the database keeps."""
    return to_utc(datetime.now(UTC))


def to_utc(time: datetime) -> datetime:
    """A time in whole milliseconds of UTC; without a zone it is taken to be UTC."""
    time = time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    return time.replace(microsecond=time.microsecond // 1000 * 1000)


@overload
def text_of(time: datetime) -> str: ...


@overload
def text_of(time: datetime | None) -> str | None: ...


def text_of(time: datetime | None) -> str | None:
    """A time as the decisions file and the panels write it: ``2025-03-01T09:30:00.000Z``."""
    if time is None:
        return None
    return to_utc(time).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def text_digest(text: str) -> str:
    """SHA-256 of a phrase in utf-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
