"""Decisions files of several reviewers: merged into one, and how far two reviewers agree.

Lines are copied as they stand. Pairs that the files judge differently are left out of the
merged file and listed, unless a preference says whose line counts.

Cohen's kappa is ``(po - pe) / (1 - pe)``: ``po`` is the share of pairs with the same verdict,
``pe`` the share that would have it by chance, were each reviewer to give verdicts in the same
proportions but to pairs at random. J. Cohen, A coefficient of agreement for nominal scales,
Educational and Psychological Measurement 20(1), 1960, pages 37 to 46. Where both gave one and
the same verdict to all pairs, ``pe`` is 1 and kappa is not defined.
"""

from __future__ import annotations

import codecs
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from fiftyone_plugin.curation import texts
from fiftyone_plugin.curation.decision_lines import Decision, read_once
from fiftyone_plugin.curation.texts import VERDICTS
from importers.errors import UnknownName, UsageError
from importers.files import write_atomic

PREFERENCES = ("none", "newest", "first")
"""Whose line counts in a conflict: nobody's, the latest one's, or that of the first file."""

MOST_LISTED = 1000
"""Differences that a comparison names."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, without what can be long in it."""

    file: int
    number: int
    start: int
    size: int
    time: datetime
    told: tuple[str, ...]

    @property
    def newest(self) -> tuple[datetime, int]:
        """Sorts lines by time; of equal times the earlier file's comes last."""
        return self.time, -self.file


def merge(files: Sequence[Path | str], out: Path | str, *, prefer: str = "none") -> dict[str, Any]:
    """Merges decisions files into one, sorted by key, whole or not at all.

    Lines about a pair agree where verdict, edited phrase, replaced mask and the hashes of what
    was reviewed are the same; then the latest stands for all.

    Args:
        files: two or more; a file may be one that was merged before
        out: the file to write; it may not be one of those read
        prefer: what becomes of pairs that are judged differently: ``none`` leaves them out,
            ``newest`` takes the latest line, ``first`` that of the file named first

    Returns:
        ``{"merged", "agreed", "conflicts", "files", "out"}``: lines written; pairs on which
        several files agree; ``[{"key", "differ", "decisions", "taken"}]``; lines by file

    Raises:
        UsageError: if a line is broken, a file is named twice, or ``out`` cannot be written
    """
    if prefer not in PREFERENCES:
        raise UnknownName("preference", prefer, PREFERENCES)
    paths = _check_files(files, Path(out))
    lines: dict[str, list[_Line]] = {}
    report: dict[str, Any] = {"merged": 0, "agreed": 0, "conflicts": [], "files": {}}
    for number, path in enumerate(paths):
        report["files"][str(path)] = _collect(number, path, lines)
    taken = [line for key in sorted(lines) if (line := _take(key, lines[key], prefer, report))]
    buffer = io.BytesIO()
    _copy(paths, taken, buffer)
    _describe(paths, lines, report["conflicts"])
    try:
        write_atomic(Path(out), buffer.getvalue())
    except OSError as error:
        raise UsageError(f"{out} cannot be written ({error.strerror})") from error
    return report | {"merged": len(taken), "out": str(out)}


def _check_files(files: Sequence[Path | str], out: Path) -> list[Path]:
    paths = [Path(file) for file in files]
    if len(paths) < 2:
        raise UsageError("two decisions files or more are merged")
    places = [path.resolve() for path in paths]
    if len(set(places)) < len(places):
        raise UsageError("a decisions file is named twice")
    if out.resolve() in places:
        raise UsageError(f"{out} is one of the files that are merged; give another")
    return paths


def _collect(number: int, path: Path, lines: dict[str, list[_Line]]) -> int:
    count = 0
    for place, decision in read_once(path):
        told = (
            decision.verdict, "" if decision.phrase is None else f"={decision.phrase}",
            decision.mask.sha256 if decision.mask else "",
            decision.phrase_sha256, decision.mask_sha256,
        )  # fmt: skip
        time = decision.time or _LONG_AGO
        line = _Line(number, place, decision.start, decision.size, time, told)
        lines.setdefault(decision.key, []).append(line)
        count += 1
    return count


_DIFFERENCES = ("verdict", "phrase", "mask", "published phrase", "published mask")


def _take(key: str, lines: list[_Line], prefer: str, report: dict[str, Any]) -> _Line | None:
    """The line that stands for a pair, if one does; conflicts go into the report."""
    newest = max(lines, key=lambda line: line.newest)
    if len({line.told for line in lines}) == 1:
        report["agreed"] += len(lines) > 1
        return newest
    taken = {"none": None, "newest": newest, "first": lines[0]}[prefer]
    sets = (set(values) for values in zip(*(line.told for line in lines), strict=True))
    differ = [what for what, values in zip(_DIFFERENCES, sets, strict=True) if len(values) > 1]
    report["conflicts"].append({"key": key, "differ": differ, "taken": taken and taken.file})
    return taken


def _copy(paths: list[Path], lines: list[_Line], stream: BinaryIO) -> None:
    sources = [open(path, "rb") for path in paths]  # noqa: SIM115 - closed below
    try:
        for line in lines:
            sources[line.file].seek(line.start)
            text = sources[line.file].read(line.size).removeprefix(codecs.BOM_UTF8)
            stream.write(text.strip() + b"\n")
    finally:
        for source in sources:
            source.close()


def _describe(
    paths: list[Path], lines: dict[str, list[_Line]], conflicts: list[dict[str, Any]]
) -> None:
    """Adds to conflicts what each file says, read again: it can be long, and they are few."""
    wanted = {conflict["key"] for conflict in conflicts}
    if not wanted:
        return
    said: dict[str, list[dict[str, Any]]] = {key: [] for key in wanted}
    for path in paths:
        for number, decision in read_once(path):
            if decision.key in wanted:
                said[decision.key].append(_said(path, number, decision))
    for conflict in conflicts:
        taken = conflict["taken"]
        conflict["taken"] = None if taken is None else str(paths[taken])
        conflict["decisions"] = said[conflict["key"]]


def _said(path: Path, number: int, decision: Decision) -> dict[str, Any]:
    return {
        "file": str(path),
        "line": number,
        "verdict": decision.verdict,
        "reviewer": decision.reviewer,
        "time": texts.text_of(decision.time),
        "note": decision.note,
        "phrase": decision.phrase,
        "mask": None if decision.mask is None else decision.mask.sha256,
    }


def agreement(first: Path | str, second: Path | str) -> dict[str, Any]:
    """Compares the verdicts of two decisions files.

    A pair counts where both files are about the same published phrase and mask.

    Returns:
        ``{"common", "different_source", "same", "share", "kappa", "why", "table",
        "differences"}``: ``share`` and ``kappa`` are ``None`` where they are not defined,
        with the reason in ``why``; ``table`` is the count by the first file's verdict, then
        the second's; ``differences`` names the first thousand pairs

    Raises:
        UsageError: if a line is broken, or two of a file are about the same pair
    """
    ours = {d.key: (d.verdict, d.phrase_sha256, d.mask_sha256) for _, d in read_once(Path(first))}
    common: list[tuple[str, str]] = []
    differences: list[dict[str, str]] = []
    different = 0
    for _, theirs in read_once(Path(second)):
        verdict, *source = ours.get(theirs.key, ("", "", ""))
        if not verdict:
            continue
        if source != [theirs.phrase_sha256, theirs.mask_sha256]:
            different += 1
            continue
        common.append((verdict, theirs.verdict))
        if verdict != theirs.verdict and len(differences) < MOST_LISTED:
            differences.append({"key": theirs.key, "first": verdict, "second": theirs.verdict})
    return {
        "common": len(common),
        "different_source": different,
        **measured(common),
        "differences": differences,
    }


def measured(common: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Share, kappa and table of pairs of verdicts on the same things.

    Example::

        measured([("keep", "keep"), ("drop", "keep")])["share"]  # 0.5
    """
    counts = Counter(common)
    total = counts.total()
    same = sum(number for (a, b), number in counts.items() if a == b)
    table = {a: {b: counts[a, b] for b in VERDICTS} for a in VERDICTS}
    result: dict[str, Any] = {"same": same, "share": None, "kappa": None, "why": "", "table": table}
    if not total:
        return result | {"why": "no pair was judged by both"}
    rows, columns = Counter[str](), Counter[str]()
    for (a, b), number in counts.items():
        rows[a] += number
        columns[b] += number
    result["share"] = same / total
    # In whole numbers, so that what is equal compares equal.
    chance = sum(rows[name] * columns[name] for name in rows)
    if chance == total * total:
        return result | {"why": "both gave the same one verdict to all pairs"}
    result["kappa"] = (same * total - chance) / (total * total - chance)
    return result
