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
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TypedDict

from pairlens.fiftyone_plugin.curation import texts
from pairlens.fiftyone_plugin.curation.texts import VERDICTS, VerdictLine, read_once
from pairlens.importers.errors import UnknownName, UsageError
from pairlens.importers.files import explaining_write_errors, write_atomic

PREFERENCES = ("none", "newest", "first")
"""Which line counts in a conflict: none, the latest, or that of the first file."""

MOST_LISTED = 1000
"""Differences that a comparison names."""

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


_DIFFERENCES = ("verdict", "phrase", "mask", "published phrase", "published mask", "texts")


class FileDecision(TypedDict):
    """A line about a pair; ``mask`` is the digest of a replaced mask."""

    file: str
    line: int
    verdict: str
    reviewer: str | None
    time: str | None
    note: str | None
    phrase: str | None
    mask: str | None


class MergeConflict(TypedDict):
    """A pair that the files judge differently.

    ``differ`` names what differs; ``taken`` is the file whose line stands, if one does.
    """

    key: str
    differ: list[str]
    taken: str | None
    decisions: list[FileDecision]


class Merged(TypedDict):
    """The result of merging.

    ``merged`` counts the lines written, ``agreed`` the pairs on which several files agree,
    ``files`` the lines by file.
    """

    merged: int
    agreed: int
    conflicts: list[MergeConflict]
    files: dict[str, int]
    out: str


class VerdictAgreement(TypedDict):
    """Agreement over pairs of verdicts.

    ``share`` and ``kappa`` are ``None`` where they are not defined, with the reason in ``why``;
    ``table`` counts by the first verdict, then the second.
    """

    same: int
    share: float | None
    kappa: float | None
    why: str
    table: dict[str, dict[str, int]]


class FileAgreement(VerdictAgreement):
    """Agreement of two decisions files.

    ``different_source`` counts the pairs left out because the files are about different phrases
    or masks; ``differences`` names the first thousand pairs with different verdicts.
    """

    common: int
    different_source: int
    differences: list[dict[str, str]]


@dataclass(frozen=True, slots=True)
class _Line:
    """A line without its long texts; ``content`` holds what lines must share to agree."""

    file: int
    start: int
    size: int
    time: datetime
    content: tuple[str, ...]

    @property
    def newest(self) -> tuple[datetime, int]:
        """Sorts lines by time; of equal times the earlier file's comes last."""
        return self.time, -self.file


def merge(files: Sequence[Path | str], out: Path | str, *, prefer: str = "none") -> Merged:
    """Merges decisions files into one, sorted by key, whole or not at all.

    Lines about a pair agree where verdict, edited phrase, replaced mask and the hashes of what
    was reviewed are the same; then the latest stands for all.

    Args:
        files: two or more; a file may be one that was merged before
        out: the file to write; it may not be one of those read
        prefer: what becomes of pairs that are judged differently: ``none`` leaves them out,
            ``newest`` takes the latest line, ``first`` that of the file named first

    Raises:
        UsageError: if a line is broken, or a file is named twice
        StateError: if ``out`` cannot be written
    """
    if prefer not in PREFERENCES:
        raise UnknownName("preference", prefer, PREFERENCES)
    paths = _check_files(files, Path(out))
    lines: dict[str, list[_Line]] = {}
    counts = {str(path): _collect(number, path, lines) for number, path in enumerate(paths)}
    taken = {key: _taken(lines[key], prefer) for key in sorted(lines)}
    written = [line for line in taken.values() if line]
    buffer = io.BytesIO()
    _copy(paths, written, buffer)
    conflicts = _conflicts(paths, lines, taken)
    with explaining_write_errors(out):
        write_atomic(Path(out), buffer.getvalue())
    return {
        "merged": len(written),
        "agreed": sum(len(found) > 1 and _agree(found) for found in lines.values()),
        "conflicts": conflicts,
        "files": counts,
        "out": str(out),
    }


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
    """Adds the lines of a file by key; gives their number."""
    count = 0
    for _, decision in read_once(path):
        content = (
            decision.verdict, "" if decision.phrase is None else f"={decision.phrase}",
            decision.mask.sha256 if decision.mask else "",
            decision.phrase_sha256, decision.mask_sha256,
            json.dumps(decision.texts, sort_keys=True) if decision.texts else "",
        )  # fmt: skip
        time = decision.time or _LONG_AGO
        line = _Line(number, decision.start, decision.size, time, content)
        lines.setdefault(decision.key, []).append(line)
        count += 1
    return count


def _agree(lines: list[_Line]) -> bool:
    return len({line.content for line in lines}) == 1


def _taken(lines: list[_Line], prefer: str) -> _Line | None:
    """The line that stands for a pair, if one does."""
    newest = max(lines, key=lambda line: line.newest)
    if _agree(lines):
        return newest
    return {"none": None, "newest": newest, "first": lines[0]}[prefer]


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


def _conflicts(
    paths: list[Path], lines: dict[str, list[_Line]], taken: dict[str, _Line | None]
) -> list[MergeConflict]:
    """The conflicts, with the lines as the files have them, read again: they can be long."""
    conflicts: dict[str, MergeConflict] = {}
    for key, line in taken.items():
        if _agree(lines[key]):
            continue
        values = zip(*(one.content for one in lines[key]), strict=True)
        differ = [
            what for what, found in zip(_DIFFERENCES, values, strict=True) if len(set(found)) > 1
        ]
        file = None if line is None else str(paths[line.file])
        conflicts[key] = {"key": key, "differ": differ, "taken": file, "decisions": []}
    for path in paths if conflicts else ():
        for number, decision in read_once(path):
            if decision.key in conflicts:
                decisions = conflicts[decision.key]["decisions"]
                decisions.append(_file_decision(path, number, decision))
    return list(conflicts.values())


def _file_decision(path: Path, number: int, decision: VerdictLine) -> FileDecision:
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


def agreement(first: Path | str, second: Path | str) -> FileAgreement:
    """Compares the verdicts of two decisions files.

    A pair counts where both files are about the same published phrase and mask.

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
        **verdict_agreement(common),
        "differences": differences,
    }


def verdict_agreement(common: Iterable[tuple[str, str]]) -> VerdictAgreement:
    """Share, kappa and table of pairs of verdicts on the same things.

    Example::

        verdict_agreement([("keep", "keep"), ("drop", "keep")])["share"]  # 0.5
    """
    counts = Counter(common)
    total = counts.total()
    same = sum(number for (a, b), number in counts.items() if a == b)
    table = {a: {b: counts[a, b] for b in VERDICTS} for a in VERDICTS}
    result: VerdictAgreement = {
        "same": same,
        "share": None,
        "kappa": None,
        "why": "",
        "table": table,
    }
    if not total:
        result["why"] = "no pair was judged by both"
        return result
    rows, columns = Counter[str](), Counter[str]()
    for (a, b), number in counts.items():
        rows[a] += number
        columns[b] += number
    result["share"] = same / total
    # In whole numbers, so that what is equal compares equal.
    chance = sum(rows[name] * columns[name] for name in rows)
    if chance == total * total:
        result["why"] = "both gave the same one verdict to all pairs"
    else:
        result["kappa"] = (same * total - chance) / (total * total - chance)
    return result
