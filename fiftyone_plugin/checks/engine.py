"""Runs checks over samples in batches, the rows of one image together.

Nothing here knows where the samples come from.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.checks.base import Check, Finding, Issue, Sample, mask_group
from pairlens.fiftyone_plugin.checks.batch import Batch, Columns, Integers, Row, image_of
from pairlens.fiftyone_plugin.checks.chances import SIBLING, chance
from pairlens.fiftyone_plugin.checks.dataset_statistics import DatasetStatistics, Kept, keep
from pairlens.importers import fields
from pairlens.importers.parallel import map_items

BATCH = 1000
"""Samples of a batch; all samples of an image are in one batch."""

MAX_IMAGE = 20_000
"""Samples of one image that are compared with each other: they are in memory together, some 40 MB
of them. Where an image has more, those of each such piece are."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The results of a batch.

    Attributes:
        found: findings by row, where there are any
        read: what is to be cached of the samples' texts, by row, where it is not yet
        kept: what the checks of datasets keep
    """

    found: dict[int, list[Finding]]
    read: dict[int, dict[str, Any]]
    kept: Kept


def in_batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Rows in batches, those of one image together.

    Args:
        rows: those of one image one after the other
    """
    batch: list[Row] = []
    start = 0  # of the image that the last row shows
    for row in rows:
        if batch and image_of(row) != image_of(batch[-1]):
            start = len(batch)
        if start >= BATCH or len(batch) - start >= MAX_IMAGE:
            yield batch
            batch, start = [], 0
        batch.append(row)
    if batch:
        yield batch


def examined(
    batches: Iterator[list[Row]],
    columns: Columns,
    checks: Sequence[Check],
    workers: int,
    notes: list[str],
) -> Iterator[tuple[list[Row], Examined]]:
    """Runs checks over batches; yields each with its results.

    Args:
        batches: of :func:`in_batches`
        columns: of their rows
        checks: to run
        workers: processes; 1 for none but this
        notes: receives remarks on the dataset as a whole
    """
    under_way: deque[list[Row]] = deque()
    in_pieces: dict[str | tuple[str, str], str] = {}

    def read() -> Iterator[list[Row]]:
        last = None
        for rows in batches:
            if last is not None and image_of(rows[0]) == last:
                in_pieces[last] = columns.value(rows[0], fields.IMAGE_ID)
            last = image_of(rows[-1])
            under_way.append(rows)
            yield rows

    for done in _worked(partial(examine, columns=columns, checks=checks), read(), workers):
        yield under_way.popleft(), done
    if in_pieces:
        notes.append(_note_of_pieces(list(in_pieces.values())))


def _note_of_pieces(images: Sequence[str]) -> str:
    said = f"image {images[0]} has" if len(images) == 1 else f"{len(images):,} images have"
    more = "" if len(images) == 1 else f" such as {images[0]},"
    return (
        f"{said} more than {MAX_IMAGE:,} samples,{more} and each {MAX_IMAGE:,} are compared by "
        "themselves"
    )


def _worked(
    work: Callable[[list[Row]], Examined], read: Iterator[list[Row]], workers: int
) -> Iterator[Examined]:
    if workers == 1:
        yield from map(work, read)
        return
    for outcome in map_items(work, read, engine="processes", workers=workers):
        yield outcome.unwrap()


def examine(rows: Sequence[Row], columns: Columns, checks: Sequence[Check]) -> Examined:
    """Runs checks over rows, and keeps what the checks of datasets among them want kept."""
    batch = Batch(rows, columns)
    found = find_in(batch, _of(checks, False))
    kept = keep(batch, checks)
    return Examined(found, batch.cache.changes(), kept)


def find_in(batch: Batch, checks: Iterable[Check]) -> dict[int, list[Finding]]:
    """Findings of checks of samples and images, by row."""
    found: defaultdict[int, list[Finding]] = defaultdict(list)
    checks = list(checks) if len(batch) else []
    for one in checks:
        if one.on_text_alone and batch.cache.is_stored:
            rows = batch.cache.open_rows(one)
            issues = list(one.run(batch.take(rows))) if rows else []
            batch.cache.learn(one, {batch.row_of[issue.key] for issue in issues})
        else:
            issues = one.run(batch)
        for issue in issues:
            found[batch.row_of[issue.key]].append(one.finding(issue))
    _add_siblings(batch, checks, found)
    return dict(found)


def _add_siblings(
    batch: Batch, checks: Iterable[Check], found: defaultdict[int, list[Finding]]
) -> None:
    """Reports other queries of a mask whose query has a fault that paraphrases share.

    It is a warning where most queries of the mask are reported for themselves, else info.
    """
    shared = {one.name: one.shared for one in checks if one.shared}
    own = [(row, f) for row, findings in found.items() for f in findings if f.check in shared]
    reported = {(row, finding.check) for row, finding in own if finding.severity != "info"}
    for row, finding in own:
        may_share = shared[finding.check]
        for other in batch.siblings.get(row, ()):
            if callable(may_share) and not may_share(batch.query(other)):
                continue
            if all(f.check != finding.check for f in found[other]):
                queries = batch.siblings[other]
                several = sum((each, finding.check) in reported for each in queries)
                severity = "warning" if 2 * several > len(queries) else "info"
                found[other].append(_of_sibling(finding, batch.keys[other], severity))


SIBLING_STRENGTH = {"warning": 0.3, "info": 0.5}
"""Of findings that follow from other queries of the mask, by severity."""


def _of_sibling(own: Finding, key: str, severity: str) -> Finding:
    note = f"of {own.key}, another query of this mask: {own.note}"
    score = chance(SIBLING, severity, SIBLING_STRENGTH[severity])
    return own._replace(key=key, severity=severity, score=score, note=note)


def find_across(
    statistics: DatasetStatistics,
    checks: Iterable[Check],
    read_again: Callable[[Check, Integers | None], Iterator[Batch]],
) -> Iterator[Finding]:
    """Findings of checks of datasets.

    Args:
        statistics: what the checks keep
        checks: to run
        read_again: reads samples with what a check needs
    """
    for one in checks:
        yield from map(one.finding, one.run(statistics.reading(partial(read_again, one))))


def sorted_findings(findings: Iterable[Finding], mask: str | None) -> list[Finding]:
    """The findings of a sample, worst first, each with its group.

    Args:
        findings: of one sample
        mask: the digest of its mask, ``None`` where there is no mask
    """
    grouped = [f if f.group else Finding(*f[:-1], mask_group(f.key, mask)) for f in findings]
    return sorted(grouped, key=lambda f: (f.rank, f.check)) if len(grouped) > 1 else grouped


def find_all(samples: Sequence[Sample], checks: Sequence[Check]) -> dict[str, list[Finding]]:
    """Findings of all checks by key, as they would be if the samples were a dataset."""
    batch = Batch.of(samples, checks)
    found: defaultdict[int, list[Finding]] = defaultdict(list)
    for one in checks if len(batch) else ():
        for issue in issues_in(batch, one):
            found[batch.row_of[issue.key]].append(one.finding(issue))
    _add_siblings(batch, checks, found)
    return {key: found[row] for row, key in enumerate(batch.keys)}


def issues_in(batch: Batch, one: Check) -> Iterator[Issue]:
    """Issues of a check, of any scope, if the batch were a dataset."""

    def read_again(numbers: Integers | None) -> Iterator[Batch]:
        yield batch if numbers is None else batch.take(np.sort(numbers).tolist())

    if one.scope != "dataset":
        return one.run(batch)
    statistics = DatasetStatistics().reading(read_again)
    statistics.add(keep(batch, [one]))
    return one.run(statistics)


def _of(checks: Iterable[Check], datasets: bool) -> list[Check]:
    return [one for one in checks if (one.scope == "dataset") == datasets]
