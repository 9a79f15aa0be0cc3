"""Verdicts as texts: what a reviewer types and what a decisions file holds, validated.

Nothing here needs FiftyOne, so that decisions files can be merged without it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NotRequired, TypedDict, overload

from pairlens.fiftyone_plugin.curation.line_index import LineIndex
from pairlens.importers.errors import MaskError, UsageError
from pairlens.importers.fields import VerdictKind
from pairlens.importers.records import MAX_KEY
from pairlens.importers.rle import read_runs
from pairlens.importers.source_files import open_source, reason_of

VERDICTS: tuple[str, ...] = tuple(kind.value for kind in VerdictKind)

PENDING = "pending"
"""What pairs without a verdict are counted as."""

MAX_TEXT = 10_000
"""Characters in an edited phrase, a note or a reviewer's name."""

MAX_RLE = 1 << 20
"""Characters of a replaced mask in a decisions file; a mask that needs more is noise."""


NEW = "new"
"""The name of a caption or turn that is to be added."""

Edit = Mapping[str, Any]
"""An edit of a caption or turn; :mod:`.text_edits` says what it holds."""

MAX_EDITS = 10_000
"""Of one sample."""

_OF_AN_EDIT = {"unit", "texts", "removed", "verdict", "with", "task", "annotator"}


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


def check_edits(edits: object) -> tuple[dict[str, Any], ...]:
    """The edits, of which none depends on what it edits.

    Raises:
        UsageError: if they are no edits, or hold what cannot be stored
    """
    if not isinstance(edits, list | tuple) or len(edits) > MAX_EDITS:
        raise UsageError(f"edited texts are a list of at most {MAX_EDITS:,} edits")
    return tuple(_checked(one) for one in edits)


def _checked(edit: Any) -> dict[str, Any]:
    if not isinstance(edit, dict) or not isinstance(edit.get("unit"), str):
        raise UsageError("an edited text is no object with the name of its unit, as 'caption 2'")
    unit, said = edit["unit"], edit.get("texts")
    if unknown := sorted(map(str, edit.keys() - _OF_AN_EDIT)):
        raise UsageError(
            f"the edit of {unit!r} has {unknown[0]!r}; known: {', '.join(_OF_AN_EDIT)}"
        )
    if said is not None:
        if not isinstance(said, list | tuple):
            raise UsageError(f"the texts of {unit!r} are no list")
        for one in said:
            check_said(unit, one)
    elif unit == NEW:
        raise UsageError("a text that is added has no 'texts'")
    if (verdict := edit.get("verdict")) is not None:
        check_verdict(verdict)
    task = edit.get("task")
    if task is not None and (not isinstance(task, int) or isinstance(task, bool) or task >> 31):
        raise UsageError(f"the task of {unit!r} is {task!r}, not a whole number")
    for name in ("annotator", "with"):
        check_text(name, edit.get(name))
    return dict(edit)


def check_said(unit: str, text: object) -> str:
    """A caption, question or answer: a text of one line or several.

    Raises:
        UsageError: if it is none that can be stored
    """
    said = check_text(f"text of {unit}", text) or ""
    if any((ord(c) < 32 and c not in "\n\r\t") or 127 <= ord(c) < 160 for c in said):
        raise UsageError(f"the text of {unit!r} holds a control character; a text is plain")
    return said


REVIEWER_VARIABLE = "PAIRLENS_REVIEWER"
"""Who reviews, where nobody is named; ``pairlens app --reviewer`` sets it for its server."""


def known_reviewer(name: object) -> str | None:
    """The reviewer's name, else that of :data:`REVIEWER_VARIABLE`, or ``None``.

    The machine's user is not taken: several people share one, and containers run as root.

    Raises:
        UsageError: if the name is no text that can be stored
    """
    given = check_text("reviewer", name) or os.environ.get(REVIEWER_VARIABLE) or ""
    return given.strip() or None


def reviewer_of(name: object) -> str:
    """As :func:`known_reviewer`, where a name is needed.

    Raises:
        UsageError: if nobody is named, or the name is no text that can be stored
    """
    if who := known_reviewer(name):
        return who
    raise UsageError(
        f"who reviews? Give the reviewer's name, or set {REVIEWER_VARIABLE} once for all"
    )


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


MAX_LINE_BYTES = 1 << 21
_HASH = re.compile(r"[0-9a-f]{64}|")


class MaskLine(TypedDict):
    """A replaced mask in a line: its target in COCO's compressed RLE, its digest as a whole."""

    size: list[int]
    counts: str
    sha256: str


class DecisionLine(TypedDict):
    """The JSON object of a line; :mod:`pairlens.fiftyone_plugin.curation.decisions` describes
    it."""

    key: str
    verdict: str
    reviewer: str | None
    time: str | None
    note: str | None
    phrase: str | None
    mask: MaskLine | None
    phrase_sha256: str
    mask_sha256: str
    texts: NotRequired[TextsLine]


class TextsLine(TypedDict):
    """Edits of captions or turns in a line, and the digest of the published ones."""

    edits: list[dict[str, Any]]
    digest: str


@dataclass(frozen=True, slots=True)
class ReplacedMask:
    """A mask that replaces the published one.

    Attributes:
        rle: its target, ``{"size": [height, width], "counts": text}``, whose runs fit its size
        sha256: digest of the whole mask, with what is *ignore* in it
    """

    rle: dict[str, Any]
    sha256: str


@dataclass(frozen=True, slots=True)
class VerdictLine:
    """A line that was checked, with its first byte in the file and its length in bytes."""

    key: str
    verdict: str
    reviewer: str | None
    time: datetime | None
    note: str | None
    phrase: str | None
    mask: ReplacedMask | None
    phrase_sha256: str
    mask_sha256: str
    texts: TextsLine | None = None
    start: int = 0
    size: int = 0

    @property
    def edits(self) -> bool:
        """Whether the pair gets another text or mask than the published one."""
        texts = self.texts is not None and bool(self.texts["edits"])
        return texts or self.phrase is not None or self.mask is not None


def read_once(path: Path) -> Iterator[tuple[int, VerdictLine]]:
    """As :func:`read_decisions`, where no two lines may be about the same pair.

    Raises:
        UsageError: if a line is broken, or two are about the same pair
    """
    with LineIndex() as seen:
        for number, decision in read_decisions(path):
            if earlier := seen.get(decision.key):
                reason = f"{decision.key!r} stands already in line {earlier[0]}"
                raise broken(path, number, reason)
            seen.add(decision.key, number)
            yield number, decision


def read_decisions(path: Path) -> Iterator[tuple[int, VerdictLine]]:
    """The decisions of a file with their line numbers from 1; blank lines are passed over."""
    try:
        with open_source(path, anywhere=True) as stream:
            number = start = 0
            while line := stream.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise broken(path, number, f"it is longer than {MAX_LINE_BYTES:,} bytes")
                if line.strip():
                    decision = _parse(path, number, line)
                    yield number, replace(decision, start=start, size=len(line))
                start += len(line)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({reason_of(error)})") from error


def broken(path: Path, number: int, reason: str) -> UsageError:
    """What to raise for a line that is no decision."""
    return UsageError(f"{path.name} line {number}: {reason}; nothing was applied")


def _parse(path: Path, number: int, line: bytes) -> VerdictLine:
    try:
        return _decision(json.loads(line.decode("utf-8-sig")))
    except UsageError as error:
        raise broken(path, number, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise broken(path, number, f"it is not JSON in utf-8 ({error})") from error


def _decision(members: Any) -> VerdictLine:
    if not isinstance(members, dict):
        raise UsageError("it holds no JSON object")
    key = members.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
        raise UsageError("it has no 'key', the text that names a pair")
    check_text("key", key)
    phrase = members.get("phrase")
    return VerdictLine(
        key=key,
        verdict=check_verdict(members.get("verdict")),
        reviewer=check_text("reviewer", members.get("reviewer")),
        time=_time(members.get("time")),
        note=check_text("note", members.get("note")),
        phrase=None if phrase is None else check_phrase(phrase),
        mask=_mask(members.get("mask")),
        phrase_sha256=_hash(members, "phrase_sha256"),
        mask_sha256=_hash(members, "mask_sha256"),
        texts=_texts(members.get("texts")),
    )


def _texts(value: Any) -> TextsLine | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("digest"), str):
        raise UsageError("its 'texts' are no object with 'edits' and a 'digest'")
    return {"edits": list(check_edits(value.get("edits"))), "digest": value["digest"]}


def _time(value: Any) -> datetime | None:
    try:
        # A verdict that was typed into a field of the App has no time.
        return None if value is None else to_utc(datetime.fromisoformat(value))
    except (TypeError, ValueError, OverflowError):
        raise UsageError("its 'time' is no date and time such as 2025-03-01T09:30:00Z") from None


def _hash(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if value is None:
        raise UsageError(
            f"it has no {name!r}, the digest of what was reviewed; edit a file that "
            "pairlens review --dump or --suggest wrote"
        )
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise UsageError(f"its {name!r} is no SHA-256 in 64 hexadecimal digits")
    return value


def _mask(value: Any) -> ReplacedMask | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise UsageError("its 'mask' is neither null nor an object")
    counts, sha256 = value.get("counts"), _hash(value, "sha256")
    if not isinstance(counts, str) or len(counts) > MAX_RLE or not sha256:
        raise UsageError(f"its 'mask' has no counts of at most {MAX_RLE:,} characters, or no hash")
    rle = {"size": value.get("size"), "counts": counts}
    try:
        read_runs(rle)
    except MaskError as error:
        raise UsageError(f"its 'mask' cannot be: {error}") from None
    return ReplacedMask(rle, sha256)
