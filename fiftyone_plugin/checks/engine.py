"""Chooses checks and runs them over batches of samples, with the rows of one image together.

Checks of whole datasets take statistics of all samples, some tens of bytes each, which are kept in
files. They find duplicates, leaks and outliers in parts of these numbers, and only the samples
concerned are read again.

The engine does not depend on the source of the samples.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import (
    CHECKS,
    EMBEDDINGS,
    OUTLINES,
    PREDICTIONS,
    SIBLING,
    Check,
    Finding,
    Issue,
    Sample,
    Statistic,
    chance,
)
from pairlens.fiftyone_plugin.checks.batch import Batch, Integers
from pairlens.fiftyone_plugin.checks.rows import EMBEDDING_PARAMS, Columns, Row
from pairlens.fiftyone_plugin.checks.texts import in_texts
from pairlens.importers import fields
from pairlens.importers.errors import StateError
from pairlens.importers.parallel import Pool, rare_collections
from pairlens.importers.records import Kind
from pairlens.importers.spools import ArraySpool

Statistics = Mapping[Statistic, NDArray[Any]]

ReadAgain = Callable[[NDArray[np.int64] | None], Iterator[Batch]]
"""Reads the samples with some numbers, or all, in batches and in the order of the import."""

BLOCK = 1 << 15
"""Number of samples whose statistics are read at a time."""

PART = 1 << 16
"""Approximate number of samples in a part of :meth:`DatasetStatistics.parts`."""

_SCATTER = np.uint64(0x9E3779B97F4A7C15)
"""Multiplier that makes the upper bits of a mark depend on all of its bits."""


def local_pool(workers: int) -> Pool:
    """The pool for checks on this machine: processes, or this process for one worker.

    Raises:
        UsageError: for workers below 1
    """
    pool = Pool("threads" if workers == 1 else "processes", workers)
    pool.check()
    return pool


def choose(
    names: Collection[str] | None,
    params: Mapping[str, Mapping[str, Any]],
    *,
    with_predictions: bool,
    kind: Kind = "pairs",
    has_field: Callable[[str], bool] = lambda name: False,
    lacking: dict[str, str] | None = None,
) -> list[Check]:
    """The checks to run, with their parameters set.

    Args:
        names: names of the checks; ``None`` for all that apply
        params: parameters by check name
        with_predictions: whether scored predictions were named
        kind: kind of the dataset
        has_field: whether the dataset has a field of that name
        lacking: receives the checks that apply to the kind but have an unmet need, with the need

    Raises:
        UsageError: for an unknown name or parameter
        StateError: for a named check that does not apply or has an unmet need
    """
    for name in params:
        CHECKS[name]  # raises for an unknown name
    chosen = []
    for name in names if names is not None else CHECKS:
        one = CHECKS[name]
        if values := params.get(name):
            one = one.with_params(dict(values))
        need = _unmet_need(one, with_predictions, has_field)
        if kind in one.kinds and not need:
            chosen.append(for_kind(one, kind))
        elif names is not None:
            raise StateError(
                f"check {name} {need}" if kind in one.kinds else
                f"check {name} is for {' and '.join(one.kinds)}, and the dataset holds {kind}"
            )  # fmt: skip
        elif kind in one.kinds and lacking is not None:
            lacking[name] = need
    return chosen


def _unmet_need(one: Check, with_predictions: bool, has_field: Callable[[str], bool]) -> str:
    """The first unmet need of a check, as the end of a sentence; ``""`` if all are met."""
    if PREDICTIONS in one.needs and not with_predictions:
        return "needs predictions; name a scored field with --pred"
    if OUTLINES in one.needs and has_field(fields.TARGET_BOX):
        return "needs outlines; the targets of the dataset are boxes"
    if EMBEDDINGS in one.needs:
        wanted = [one.params[name] for name in EMBEDDING_PARAMS]
        if missing := [name for name in wanted if not has_field(name)]:
            noun = "field" if len(missing) == 1 else "fields"
            return f"needs embeddings; the dataset has no {noun} {' and '.join(missing)}"
    if fields.JUDGEMENTS in one.needs and not has_field(fields.JUDGEMENTS):
        return "needs the answers of a judge; pairlens judge DATASET asks one"
    if fields.SOURCE_BOXES in one.needs and not has_field(fields.SOURCE_BOXES):
        return "needs the boxes of the images' source; pairlens sources DATASET PATH stores them"
    return ""


def for_kind(one: Check, kind: Kind) -> Check:
    """The variant of a check for a kind of dataset.

    Checks of queries read captions in datasets of captions, and also answers of more than a word or
    two in datasets of conversations.
    """
    if kind == "pairs" or one.needs != (fields.PHRASE,):
        return one
    needs = (
        (fields.CAPTIONS, fields.CONVERSATIONS) if kind == "instructions" else (fields.CAPTIONS,)
    )
    return replace(one, needs=needs, function=partial(in_texts, one.function))


@dataclass(frozen=True, slots=True)
class Examined:
    """The results of a batch.

    Attributes:
        findings: findings by row, for rows that have some
        statistics: the statistics for the checks of datasets
    """

    findings: dict[int, list[Finding]]
    statistics: Statistics


def examined(
    batches: Iterable[list[Row]], columns: Columns, checks: Sequence[Check], pool: Pool
) -> Iterator[tuple[list[Row], Examined]]:
    """Runs checks over batches; yields each with its results.

    Args:
        batches: batches from :func:`~pairlens.fiftyone_plugin.checks.rows.in_batches`
        columns: the columns of their rows
        checks: the checks to run
        pool: the pool to run them in
    """
    work = partial(examine, columns=columns, checks=checks)
    if pool.is_here:  # checks hold the interpreter's lock: threads would wait for each other
        for rows in batches:
            yield rows, work(rows)
        return
    for outcome in pool.map(work, batches):
        yield outcome.item, outcome.unwrap()


def examine(rows: Sequence[Row], columns: Columns, checks: Sequence[Check]) -> Examined:
    """Runs the checks of samples and images over rows, and computes statistics for the others."""
    with rare_collections():  # the caches of words and texts form no reference cycles
        batch = Batch(rows, columns)
        findings = find_in(batch, [one for one in checks if one.scope != "dataset"])
        statistics = statistics_of(batch, checks)
        return Examined(findings, statistics)


def statistics_of(batch: Batch, checks: Iterable[Check]) -> Statistics:
    """The statistics of a batch that some checks need."""
    wanted = dict.fromkeys(statistic for one in checks for statistic in one.keeps)
    return {statistic: statistic(batch) for statistic in wanted}


def find_in(batch: Batch, checks: Iterable[Check]) -> dict[int, list[Finding]]:
    """The findings of checks of samples and images, by row."""
    checks = list(checks) if batch.rows else []
    findings: defaultdict[int, list[Finding]] = defaultdict(list)
    for one in checks:
        for issue in one.run(batch):
            findings[batch.row_of[issue.key]].append(one.finding(issue))
    _add_siblings(batch, checks, findings)
    return dict(findings)


def _add_siblings(
    batch: Batch, checks: Iterable[Check], findings: defaultdict[int, list[Finding]]
) -> None:
    """Reports the other queries of a mask if one of them has a fault that paraphrases often share.

    Their severity is ``warning`` if most queries of the mask have the fault, else ``info``.
    """
    shared = {one.name: one.shared for one in checks if one.shared}
    own = [(row, f) for row, some in findings.items() for f in some if f.check in shared]
    reported = {(row, finding.check) for row, finding in own if finding.severity != "info"}
    for row, finding in own:
        may_share = shared[finding.check]
        for other in batch.siblings.get(row, ()):
            if callable(may_share) and not may_share(batch.query(other)):
                continue
            if all(f.check != finding.check for f in findings[other]):
                queries = batch.siblings[other]
                several = sum((each, finding.check) in reported for each in queries)
                severity = "warning" if 2 * several > len(queries) else "info"
                findings[other].append(_sibling_finding(finding, batch.keys[other], severity))


SIBLING_STRENGTH = {"warning": 0.3, "info": 0.5}
"""Strength of findings that follow from other queries of the mask, by severity."""


def _sibling_finding(own: Finding, key: str, severity: str) -> Finding:
    note = f"of {own.key}, another query of this mask: {own.note}"
    score = chance(SIBLING, severity, SIBLING_STRENGTH[severity])
    return own._replace(key=key, severity=severity, score=score, note=note)


def find_all(samples: Sequence[Sample], checks: Sequence[Check]) -> dict[str, list[Finding]]:
    """The findings of all checks by key, with the samples taken for a whole dataset."""
    batch = Batch.of(samples, checks)
    findings: defaultdict[int, list[Finding]] = defaultdict(list)
    for one in checks if len(batch) else ():
        for issue in issues_in(batch, one):
            findings[batch.row_of[issue.key]].append(one.finding(issue))
    _add_siblings(batch, checks, findings)
    return {key: findings[row] for row, key in enumerate(batch.keys)}


def issues_in(batch: Batch, one: Check) -> Iterator[Issue]:
    """The issues of a check of any scope, with the batch taken for a whole dataset."""

    def read_again(numbers: Integers | None) -> Iterator[Batch]:
        yield batch if numbers is None else batch.take(np.sort(numbers).tolist())

    if one.scope != "dataset":
        return one.run(batch)
    statistics = DatasetStatistics().reading(read_again)
    statistics.add(statistics_of(batch, [one]))
    return one.run(statistics)


@dataclass(eq=False)
class DatasetStatistics:
    """Statistics of all samples: the input of a check of datasets.

    ``statistics[words]`` joins the values of the function ``words`` for every batch, in the order
    of the batches; it takes memory for every sample, while :meth:`blocks` and :meth:`parts` yield
    some values at a time. Each distinct text is held once and represented by a number;
    :meth:`texts` lists the texts by number.

    Attributes:
        notes: notes of checks about the dataset as a whole, in place of a finding on most samples
    """

    notes: list[str] = field(default_factory=list[str])
    _spools: defaultdict[Statistic, ArraySpool] = field(
        default_factory=lambda: defaultdict(ArraySpool), init=False
    )
    _texts: dict[Statistic, dict[Any, int]] = field(default_factory=dict, init=False)
    _has_samples: bool = field(default=False, init=False)
    _read_again: ReadAgain = field(default=lambda numbers: iter(()), init=False)

    def reading(self, read_again: ReadAgain) -> DatasetStatistics:
        """The same statistics with another function to read samples again."""
        other = copy(self)
        other._read_again = read_again
        return other

    def add(self, statistics: Statistics) -> None:
        """Adds the statistics of the next batch."""
        self._has_samples = True
        for statistic, values in statistics.items():
            if values.dtype == np.object_:
                by_text = self._texts.setdefault(statistic, {})
                numbers = [by_text.setdefault(each, len(by_text)) for each in values]
                values = np.array(numbers, np.uint32)
            self._spools[statistic].add(values)

    def findings(
        self,
        checks: Iterable[Check],
        read_again: Callable[[Check, NDArray[np.int64] | None], Iterator[Batch]],
    ) -> Iterator[Finding]:
        """Yields the findings of checks of datasets; none if there is no sample.

        Args:
            checks: the checks to run
            read_again: reads samples with the fields that a check needs
        """
        for one in checks if self._has_samples else ():
            yield from map(one.finding, one.run(self.reading(partial(read_again, one))))

    def __getitem__(self, statistic: Statistic) -> NDArray[Any]:
        return self._spools[statistic].read()

    def count(self, statistic: Statistic) -> int:
        """The number of values of a statistic."""
        return len(self._spools[statistic])

    def blocks(self, *statistics: Statistic) -> Iterator[tuple[int, list[NDArray[Any]]]]:
        """Yields statistics with one value a sample, :data:`BLOCK` samples at a time.

        Yields:
            the number of the first sample, and the values of each statistic
        """
        for start in range(0, self.count(statistics[0]), BLOCK):
            yield start, [self._spools[one].read(start, BLOCK) for one in statistics]

    def following(self, statistic: Statistic, counts: Iterable[int]) -> Iterator[NDArray[Any]]:
        """Yields consecutive slices of a statistic, of the given lengths."""
        start = 0
        for count in counts:
            yield self._spools[statistic].read(start, count)
            start += count

    def parts(self, mark: Statistic, *others: Statistic) -> Iterator[list[NDArray[Any]]]:
        """Yields samples in parts that keep equal marks together, without samples of mark 0.

        Args:
            mark: a statistic of 64-bit numbers, one a sample or more
            others: statistics with as many values

        Yields:
            the numbers of the samples in ascending order, their marks, and their other values
        """
        parts = np.uint64(1 + self.count(mark) // PART)
        for part in range(int(parts)):
            pieces: list[list[NDArray[Any]]] = []
            for start, (marks, *values) in self.blocks(mark, *others):
                scattered = (marks * _SCATTER) >> np.uint64(32)
                here = np.flatnonzero((scattered % parts == part) & (marks != 0))
                pieces.append([start + here, marks[here], *(each[here] for each in values)])
            if pieces:
                yield [np.concatenate(each) for each in zip(*pieces, strict=True)]

    def texts(self, statistic: Statistic) -> list[Any]:
        """The distinct texts of a statistic; the number of a text is its index."""
        return list(self._texts.get(statistic, ()))

    def read(self, rows: NDArray[Any] | None = None) -> Iterator[Batch]:
        """Reads samples again.

        Args:
            rows: numbers of the samples, or a boolean array over all; all samples if not given

        Yields:
            batches in the order of the import
        """
        if rows is None:
            yield from self._read_again(None)
            return
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        if len(numbers):
            yield from self._read_again(numbers)
