"""The decisions file: a cleaning without the data.

One JSON object a line, sorted by key::

    {"key": "gres/train/lisat_gres_000000000009#1", "verdict": "fix", "reviewer": "ann",
     "time": "2025-03-01T09:30:00.000Z", "note": "wrong corner", "phrase": "the edited query",
     "phrase_sha256": "...", "mask_sha256": "..."}

``phrase`` is ``null`` where the phrase was left as published. The hashes are those of the
*published* phrase (SHA-256 of its utf-8) and of the mask's size and pixels
(:func:`importers.masks.digest`): whoever has another copy of the dataset can apply the file,
and a line that was written about something else is found out.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from fiftyone_plugin.curation import states
from fiftyone_plugin.curation.review import edited
from fiftyone_plugin.curation.states import VERDICTS, Stored
from importers import store
from importers.errors import UsageError
from importers.fields import (
    KEY,
    ORIGINAL_PHRASE,
    PHRASE,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    VERDICT,
)
from importers.files import write_atomic

MAX_LINE_BYTES = 1 << 20
MAX_KEY = 1000
_HASH = re.compile(r"[0-9a-f]{64}|")


@dataclass(frozen=True, slots=True)
class Decision:
    """One line of the file; the attributes are its members."""

    key: str
    verdict: str
    reviewer: str | None
    time: datetime | None
    note: str | None
    phrase: str | None
    phrase_sha256: str
    mask_sha256: str


def dump(dataset: Any, path: Path | str) -> int:
    """Writes all verdicts of a dataset to a decisions file, whole or not at all.

    Returns:
        the number of lines
    """
    buffer = io.BytesIO()
    count = write_lines(dataset, buffer)
    try:
        write_atomic(Path(path), buffer.getvalue())
    except OSError as error:
        raise UsageError(f"{path} cannot be written ({error.strerror})") from error
    return count


def write_lines(dataset: Any, stream: BinaryIO) -> int:
    """Writes all verdicts of a dataset to a stream, sorted by key.

    Returns:
        the number of lines
    """
    states.check_pairs(dataset)
    found = dataset._sample_collection.find(
        {VERDICT: {"$in": list(VERDICTS)}}, states.projection(), sort=[(KEY, 1)]
    )
    count = 0
    for document in found.allow_disk_use(True):
        # Escaped to ASCII: no phrase can hold what some reader takes for a line end.
        stream.write(json.dumps(_line(Stored(document))).encode() + b"\n")
        count += 1
    return count


def _line(stored: Stored) -> dict[str, Any]:
    state = stored.state
    time: datetime | None = state[REVIEWED_AT]
    return {
        "key": stored.key,
        "verdict": state[VERDICT],
        "reviewer": state[REVIEWER],
        "time": time and time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "note": state[REVIEW_NOTE],
        "phrase": None if state[ORIGINAL_PHRASE] is None else state[PHRASE],
        "phrase_sha256": states.text_digest(stored.published_phrase),
        "mask_sha256": stored.mask_digest,
    }


def apply(dataset: Any, path: Path | str) -> dict[str, Any]:
    """Applies a decisions file to a dataset, as one step of undo.

    The whole file is checked before the first line is applied. A pair gets the verdict, the
    reviewer, the time, the note and the phrase of its line; a line whose hashes do not match
    the pair is stale and is left alone. Pairs that are as their lines say are not written
    again.

    Args:
        dataset: a dataset that PairLens imported
        path: the decisions file

    Returns:
        ``{"applied": lines that hold now, "stale": [{"key", "line", "reason"}],
        "unknown": [{"key", "line", "reason"}]}``

    Raises:
        UsageError: if a line is broken; then nothing was applied
    """
    states.check_pairs(dataset)
    path = Path(path)
    seen: dict[str, int] = {}
    for number, decision in _read(path):
        if decision.key in seen:
            raise _broken(
                path, number, f"{decision.key!r} stands already in line {seen[decision.key]}"
            )
        seen[decision.key] = number
    report: dict[str, Any] = {"applied": 0, "stale": [], "unknown": []}
    changes = _changes(dataset, _read(path), report)
    states.write(dataset, changes, kind="apply", reviewer=states.default_reviewer())
    return report


def _changes(
    dataset: Any, decisions: Iterator[tuple[int, Decision]], report: dict[str, Any]
) -> Iterator[Any]:
    for batch in store.batched(decisions, store.BATCH):
        stored = states.read(dataset, [decision.key for _, decision in batch])
        for number, decision in batch:
            place = {"key": decision.key, "line": number}
            pair = stored.get(decision.key)
            if pair is None:
                report["unknown"].append(place | {"reason": "the dataset has no such pair"})
            elif reason := _stale(pair, decision):
                report["stale"].append(place | {"reason": reason})
            else:
                report["applied"] += 1
                change = pair.change(_state(pair, decision))
                if change.new != change.old:
                    yield change


def _stale(pair: Stored, decision: Decision) -> str:
    """Why the decision was made about something else, or ``""``."""
    if states.text_digest(pair.published_phrase) != decision.phrase_sha256:
        return "the phrase is not the one that was reviewed"
    if pair.mask_digest != decision.mask_sha256:
        return "the mask is not the one that was reviewed"
    return ""


def _state(pair: Stored, decision: Decision) -> dict[str, Any]:
    phrase = pair.published_phrase if decision.phrase is None else decision.phrase
    return {
        VERDICT: decision.verdict,
        REVIEWER: decision.reviewer,
        REVIEWED_AT: decision.time,
        REVIEW_NOTE: decision.note,
        **edited(pair, phrase),
    }


def _read(path: Path) -> Iterator[tuple[int, Decision]]:
    """The decisions of a file with their line numbers from 1; blank lines are passed over."""
    try:
        with open(path, "rb") as stream:
            number = 0
            while line := stream.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise _broken(path, number, f"it is longer than {MAX_LINE_BYTES:,} bytes")
                if line.strip():
                    yield number, _parse(path, number, line)
    except OSError as error:
        raise UsageError(f"{path} cannot be read ({error.strerror})") from error


def _broken(path: Path, number: int, reason: str) -> UsageError:
    return UsageError(f"{path.name} line {number}: {reason}; nothing was applied")


def _parse(path: Path, number: int, line: bytes) -> Decision:
    try:
        return _decision(json.loads(line.decode("utf-8-sig")))
    except UsageError as error:
        raise _broken(path, number, str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _broken(path, number, f"it is not JSON in utf-8 ({error})") from error


def _decision(members: Any) -> Decision:
    if not isinstance(members, dict):
        raise UsageError("it holds no JSON object")
    key = members.get("key")
    if not isinstance(key, str) or not 0 < len(key) <= MAX_KEY:
        raise UsageError("it has no 'key', the text that names a pair")
    states.check_text("key", key)
    phrase = members.get("phrase")
    return Decision(
        key=key,
        verdict=states.check_verdict(members.get("verdict")),
        reviewer=states.check_text("reviewer", members.get("reviewer")),
        time=_time(members.get("time")),
        note=states.check_text("note", members.get("note")),
        phrase=None if phrase is None else states.check_phrase(phrase),
        phrase_sha256=_hash(members, "phrase_sha256"),
        mask_sha256=_hash(members, "mask_sha256"),
    )


def _time(value: Any) -> datetime | None:
    try:
        # A verdict that was typed into a field of the App has no time.
        return None if value is None else states.to_utc(datetime.fromisoformat(value))
    except (TypeError, ValueError, OverflowError):
        raise UsageError("its 'time' is no date and time such as 2025-03-01T09:30:00Z") from None


def _hash(members: dict[str, Any], name: str) -> str:
    value = members.get(name)
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise UsageError(f"its {name!r} is no SHA-256 in 64 hexadecimal digits")
    return value
