"""Runs checks over pairs, wherever those come from: here, or in processes of their own."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from fiftyone_plugin.checks.base import Check, Finding, Subject
from fiftyone_plugin.checks.passes import Spool, run_together
from fiftyone_plugin.checks.records import Columns, Row, Stored, rows
from importers.parallel import map_items

CHUNK = 1000
"""Pairs that a process is given at a time, or one image's where it has more."""


def find_across(
    samples: Any, checks: Sequence[Check], ious: Mapping[str, str]
) -> list[Finding]:  # fmt: skip
    """Findings of checks that see a whole dataset or view."""
    if not checks:
        return []
    columns = Columns.of(checks, ious)
    spool = Spool(rows(samples, columns))

    def batches() -> Iterator[list[Subject]]:
        for batch in spool.batches():
            yield [columns.subject(row) for row in batch]

    try:
        return run_together(checks, batches, about_several)
    finally:
        spool.close()


def find_near(
    groups: Iterator[list[Stored]], columns: Columns, checks: Sequence[Check], workers: int
) -> Iterator[tuple[Stored, list[Finding]]]:
    """Findings of checks that see a pair or an image, sample by sample.

    Args:
        groups: the samples image by image
        columns: what their rows hold
        checks: none of them of whole datasets
        workers: processes; 1 for none but this
    """
    if workers == 1:
        for group in groups:
            found = find_in([columns.subject(one.row) for one in group], checks)
            yield from zip(group, found, strict=True)
        return
    under_way: deque[list[list[Stored]]] = deque()

    def chunks() -> Iterator[list[list[Row]]]:
        for chunk in _chunked(groups):
            under_way.append(chunk)
            yield [[one.row for one in group] for group in chunk]

    work = partial(check_rows, columns=columns, checks=tuple(checks))
    for outcome in map_items(work, chunks(), engine="processes", workers=workers):
        for group, found in zip(under_way.popleft(), outcome.unwrap(), strict=True):
            yield from zip(group, found, strict=True)


def check_rows(
    groups: list[list[Row]], columns: Columns, checks: Sequence[Check]
) -> list[list[list[Finding]]]:
    """What a process does: rows of images to findings of pairs."""
    return [find_in([columns.subject(row) for row in group], checks) for group in groups]


def _chunked(groups: Iterator[list[Stored]]) -> Iterator[list[list[Stored]]]:
    chunk: list[list[Stored]] = []
    pairs = 0
    for group in groups:
        chunk.append(group)
        pairs += len(group)
        if pairs >= CHUNK:
            yield chunk
            chunk, pairs = [], 0
    if chunk:
        yield chunk


def find_in(subjects: Sequence[Subject], checks: Sequence[Check]) -> list[list[Finding]]:
    """Findings of the checks of pairs and images about each of the pairs of one image."""
    by_key: dict[str, list[Finding]] = {subject.key: [] for subject in subjects}
    for one in checks:
        if one.scope == "pair":
            for subject in subjects:
                for doubt in one.function(subject, **one.params):
                    by_key[subject.key].append(one.finding(subject, doubt))
        elif one.scope == "image":
            for finding in about_several(one, subjects):
                by_key[finding.key].append(finding)
    return [by_key[subject.key] for subject in subjects]


def about_several(one: Check, subjects: Iterable[Subject]) -> Iterator[Finding]:
    """Findings of a check that is given several pairs, each doubt naming its pair."""
    known: dict[str, Subject] = {}
    for doubt in one.run(subjects):
        if not known and isinstance(subjects, Sequence):
            known = {s.key: s for s in subjects}
        yield one.finding(known.get(doubt.key) or Subject(doubt.key, "", "", ""), doubt)
