"""The lines of a decisions file, which may come from any source: each is checked before use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, TypedDict

from fiftyone_plugin.curation import texts
from fiftyone_plugin.curation.texts import MAX_RLE
from importers.errors import MaskError, UsageError
from importers.rle import read_runs

MAX_LINE_BYTES = 1 << 21
MAX_KEY = 1000
_HASH = re.compile(r"[0-9a-f]{64}|")


class MaskLine(TypedDict):
    """A replaced mask in a line: its target in COCO's compressed RLE, its digest as a whole."""

    size: list[int]
    counts: str
    sha256: str


class DecisionLine(TypedDict):
    """The JSON object of a line; :mod:`fiftyone_plugin.curation.decisions` describes it."""

    key: str
    verdict: str
    reviewer: str | None
    time: str | None
    note: str | None
    phrase: str | None
    mask: MaskLine | None
    phrase_sha256: str
    mask_sha256: str


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
class Decision:
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
    start: int = 0
    size: int = 0


def read_once(path: Path) -> Iterator[tuple[int, Decision]]:
    """As :func:`read_decisions`, where no two lines may be about the same pair.

    Raises:
        UsageError: if a line is broken, or two are about the same pair
    """
    seen: dict[str, int] = {}
    for number, decision in read_decisions(path):
        if decision.key in seen:
            raise broken(
                path, number, f"{decision.key!r} stands already in line {seen[decision.key]}"
            )
        seen[decision.key] = number
        yield number, decision


def read_decisions(path: Path) -> Iterator[tuple[int, Decision]]:
    """The decisions of a file with their line numbers from 1; blank lines are passed over."""
    try:
        with open(path, "rb") as stream:
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
        raise UsageError(f"{path} cannot be read ({error.strerror})") from error


def broken(path: Path, number: int, reason: str) -> UsageError:
    """What to raise for a line that is no decision."""
    return UsageError(f"{path.name} line {number}: {reason}; nothing was applied")


def _parse(path: Path, number: int, line: bytes) -> Decision:
    try:
        return _decision(json.loads(line.decode("utf-8-sig")))
    except UsageError as error:
        raise broken(path, number, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise broken(path, number, f"it is not JSON in utf-8 ({error})") from error


def _decision(members: Any) -> Decision:
    if not isinstance(members, dict):
        raise UsageError("it holds no JSON object")
    key = members.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
        raise UsageError("it has no 'key', the text that names a pair")
    texts.check_text("key", key)
    phrase = members.get("phrase")
    return Decision(
        key=key,
        verdict=texts.check_verdict(members.get("verdict")),
        reviewer=texts.check_text("reviewer", members.get("reviewer")),
        time=_time(members.get("time")),
        note=texts.check_text("note", members.get("note")),
        phrase=None if phrase is None else texts.check_phrase(phrase),
        mask=_mask(members.get("mask")),
        phrase_sha256=_hash(members, "phrase_sha256"),
        mask_sha256=_hash(members, "mask_sha256"),
    )


def _time(value: Any) -> datetime | None:
    try:
        # A verdict that was typed into a field of the App has no time.
        return None if value is None else texts.to_utc(datetime.fromisoformat(value))
    except (TypeError, ValueError, OverflowError):
        raise UsageError("its 'time' is no date and time such as 2025-03-01T09:30:00Z") from None


def _hash(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
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
