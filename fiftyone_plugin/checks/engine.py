"""Runs checks over batches of samples. Nothing here knows where the samples come from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.checks.base import Check, Finding, Issue, Sample
from pairlens.fiftyone_plugin.checks.batch import Batch, Columns, Integers, Row
from pairlens.fiftyone_plugin.checks.chances import SIBLING, chance
from pairlens.fiftyone_plugin.checks.dataset_statistics import DatasetStatistics, Kept, keep


@dataclass(frozen=True, slots=True)
class Examined:
    """What came of a batch.

    Attributes:
        found: findings by row, where there are any
        read: what is to be cached of the samples' texts, by row
        kept: what the checks of datasets keep
    """

    found: dict[int, list[Finding]]
    read: list[tuple[int, dict[str, Any]]]
    kept: Kept


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
            issues = batch.cache.run(one, lambda rows, one=one: list(one.run(batch.take(rows))),
                                     batch.row_of)  # fmt: skip
        else:
            issues = one.run(batch)
        for issue in issues:
            found[batch.row_of[issue.key]].append(one.finding(issue))
    _add_siblings(batch, checks, found)
    return dict(found)


def _add_siblings(
    batch: Batch, checks: Iterable[Check], found: defaultdict[int, list[Finding]]
) -> None:
    """Reports other queries of a mask whose query has a fault that paraphrases share."""
    shared = {one.name for one in checks if one.shared}
    own = [(row, f) for row, findings in found.items() for f in findings if f.check in shared]
    for row, finding in own:
        for other in batch.siblings.get(row, ()):
            if all(f.check != finding.check for f in found[other]):
                found[other].append(_of_sibling(finding, batch.keys[other]))


def _of_sibling(own: Finding, key: str) -> Finding:
    note = f"of {own.key}, another query of this mask: {own.note}"
    score = chance(SIBLING, "info", 0.5)
    return own._replace(key=key, severity="info", score=score, note=note)


def find_across(
    statistics: DatasetStatistics,
    checks: Iterable[Check],
    read_again: Callable[[Check, Integers | None], Iterator[Batch]],
) -> dict[str, list[Finding]]:
    """Findings of checks of datasets, by key.

    Args:
        statistics: what the checks keep
        checks: to run
        read_again: reads samples with what a check needs
    """
    found: defaultdict[str, list[Finding]] = defaultdict(list)
    for one in checks:
        for issue in one.run(statistics.reading(partial(read_again, one))):
            found[issue.key].append(one.finding(issue))
    return dict(found)


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
