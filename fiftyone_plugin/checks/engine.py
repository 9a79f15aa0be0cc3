"""Chooses checks and runs them over samples in batches, the rows of one image together.

Checks of whole datasets are given statistics of all samples, some tens of bytes each, which lie in
files: what stands in two splits, looks the same or is unusually long is found among numbers, a part
of them at a time, and only the samples concerned are read again.

Nothing here knows where the samples come from.
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

Kept = Mapping[Statistic, NDArray[Any]]

ReadAgain = Callable[[NDArray[np.int64] | None], Iterator[Batch]]
"""Reads the samples of some numbers, or all, in batches and in the order of the import."""

BLOCK = 1 << 15
"""Samples that are looked at together."""

PART = 1 << 16
"""Samples among which equal marks are looked for together, about."""

_SCATTER = np.uint64(0x9E3779B97F4A7C15)
"""Multiplied with a mark, makes its upper bits depend on all of them."""


def local_pool(workers: int) -> Pool:
    """What runs checks on this machine: processes, or for one worker this one.

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
        names: all that apply if not given
        params: by name
        with_predictions: whether scored predictions were named
        kind: of the dataset
        has_field: whether the dataset has a field of that name
        lacking: takes the checks that would apply and lack something, with what that is

    Raises:
        UsageError: for an unknown name or parameter
        StateError: for a check that was named and does not apply, or whose needs are not met
    """
    for name in params:
        CHECKS[name]  # a misspelt name is said, not passed over
    chosen = []
    for name in names if names is not None else CHECKS:
        one = CHECKS[name]
        if given := params.get(name):
            one = one.with_params(dict(given))
        want = _want(one, with_predictions, has_field)
        if kind in one.kinds and not want:
            chosen.append(for_kind(one, kind))
        elif names is not None:
            raise StateError(
                f"check {name} {want}" if kind in one.kinds else
                f"check {name} is for {' and '.join(one.kinds)}, and the dataset holds {kind}"
            )  # fmt: skip
        elif kind in one.kinds and lacking is not None:
            lacking[name] = want
    return chosen


def _want(one: Check, with_predictions: bool, has_field: Callable[[str], bool]) -> str:
    """What a check lacks, or nothing."""
    if PREDICTIONS in one.needs and not with_predictions:
        return "needs predictions; name a scored field with --pred"
    if OUTLINES in one.needs and has_field(fields.TARGET_BOX):
        return "needs outlines; the targets of the dataset are boxes"
    if EMBEDDINGS in one.needs:
        wanted = [one.params[name] for name in EMBEDDING_PARAMS]
        if missing := [name for name in wanted if not has_field(name)]:
            return f"needs embeddings; the dataset has no field {' and '.join(missing)}"
    if fields.JUDGEMENTS in one.needs and not has_field(fields.JUDGEMENTS):
        return "needs the answers of a judge; pairlens judge DATASET asks one"
    if fields.SOURCE_BOXES in one.needs and not has_field(fields.SOURCE_BOXES):
        return "needs the boxes of the images' source; pairlens sources DATASET PATH stores them"
    return ""


def for_kind(one: Check, kind: Kind) -> Check:
    """A check as it runs on a kind of dataset.

    Checks of queries go through captions instead, and where there are conversations through
    answers of more than a word or two.
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
        found: findings by row, where there are any
        kept: what the checks of datasets keep
    """

    found: dict[int, list[Finding]]
    kept: Kept


def examined(
    batches: Iterable[list[Row]], columns: Columns, checks: Sequence[Check], pool: Pool
) -> Iterator[tuple[list[Row], Examined]]:
    """Runs checks over batches; yields each with its results.

    Args:
        batches: of :func:`~pairlens.fiftyone_plugin.checks.rows.in_batches`
        columns: of their rows
        checks: to run
        pool: what runs them
    """
    work = partial(examine, columns=columns, checks=checks)
    if pool.is_here:  # checks hold the interpreter's lock: threads would wait for each other
        for rows in batches:
            yield rows, work(rows)
        return
    for outcome in pool.map(work, batches):
        yield outcome.item, outcome.unwrap()


def examine(rows: Sequence[Row], columns: Columns, checks: Sequence[Check]) -> Examined:
    """Runs checks over rows, and keeps what the checks of datasets among them want kept."""
    with rare_collections():  # what is remembered of words and texts forms no cycles either
        batch = Batch(rows, columns)
        found = find_in(batch, [one for one in checks if one.scope != "dataset"])
        kept = keep(batch, checks)
        return Examined(found, kept)


def keep(batch: Batch, checks: Iterable[Check]) -> Kept:
    """What some checks keep of a batch."""
    wanted = dict.fromkeys(statistic for one in checks for statistic in one.keeps)
    return {statistic: statistic(batch) for statistic in wanted}


def find_in(batch: Batch, checks: Iterable[Check]) -> dict[int, list[Finding]]:
    """Findings of checks of samples and images, by row."""
    checks = list(checks) if batch.rows else []
    found: defaultdict[int, list[Finding]] = defaultdict(list)
    for one in checks:
        for issue in one.run(batch):
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


@dataclass(eq=False)
class DatasetStatistics:
    """What is kept of all samples: what a check of a dataset is given.

    ``statistics[words]`` are the values that the function ``words`` had for every batch, joined in
    the order in which the batches came: all at once, which takes memory for every sample.
    :meth:`blocks` and :meth:`parts` give some at a time. Texts are held once each: in their place
    stand numbers, and :meth:`texts` has what these mean.

    Attributes:
        notes: what checks say of the dataset as a whole, instead of a finding on most samples
    """

    notes: list[str] = field(default_factory=list[str])
    _kept: defaultdict[Statistic, ArraySpool] = field(
        default_factory=lambda: defaultdict(ArraySpool), init=False
    )
    _texts: dict[Statistic, dict[Any, int]] = field(default_factory=dict, init=False)
    _begun: bool = field(default=False, init=False)
    _read_again: ReadAgain = field(default=lambda numbers: iter(()), init=False)

    def reading(self, read_again: ReadAgain) -> DatasetStatistics:
        """The same statistics, with another way to read samples again."""
        other = copy(self)
        other._read_again = read_again
        return other

    def add(self, kept: Kept) -> None:
        """Takes in what was kept of the next batch."""
        self._begun = True
        for statistic, values in kept.items():
            if values.dtype == np.object_:
                known = self._texts.setdefault(statistic, {})
                numbers = [known.setdefault(each, len(known)) for each in values]
                values = np.array(numbers, np.uint32)
            self._kept[statistic].add(values)

    def findings(
        self,
        checks: Iterable[Check],
        read_again: Callable[[Check, NDArray[np.int64] | None], Iterator[Batch]],
    ) -> Iterator[Finding]:
        """Findings of checks of datasets; none where there is no sample.

        Args:
            checks: to run
            read_again: reads samples with what a check needs
        """
        for one in checks if self._begun else ():
            yield from map(one.finding, one.run(self.reading(partial(read_again, one))))

    def __getitem__(self, statistic: Statistic) -> NDArray[Any]:
        return self._kept[statistic].read()

    def count(self, statistic: Statistic) -> int:
        """How many values of a statistic there are."""
        return len(self._kept[statistic])

    def blocks(self, *statistics: Statistic) -> Iterator[tuple[int, list[NDArray[Any]]]]:
        """Yields statistics of one value a sample, of so many samples at a time.

        Yields:
            the number of the first sample, and the values of each statistic
        """
        for start in range(0, self.count(statistics[0]), BLOCK):
            yield start, [self._kept[one].read(start, BLOCK) for one in statistics]

    def following(self, statistic: Statistic, counts: Iterable[int]) -> Iterator[NDArray[Any]]:
        """Yields so many values of a statistic, then so many of those behind them, ..."""
        start = 0
        for count in counts:
            yield self._kept[statistic].read(start, count)
            start += count

    def parts(self, mark: Statistic, *others: Statistic) -> Iterator[list[NDArray[Any]]]:
        """Yields samples part by part, those of equal marks together; those of mark 0 are left out.

        Args:
            mark: a statistic of 64-bit numbers, one a sample or more
            others: statistics with as many values

        Yields:
            the numbers of the samples in ascending order, their marks, and their other values
        """
        parts = np.uint64(1 + self.count(mark) // PART)
        for part in range(int(parts)):
            found: list[list[NDArray[Any]]] = []
            for start, (marks, *values) in self.blocks(mark, *others):
                scattered = (marks * _SCATTER) >> np.uint64(32)
                here = np.flatnonzero((scattered % parts == part) & (marks != 0))
                found.append([start + here, marks[here], *(each[here] for each in values)])
            if found:
                yield [np.concatenate(each) for each in zip(*found, strict=True)]

    def texts(self, statistic: Statistic) -> list[Any]:
        """The distinct texts of a statistic, by the numbers that stand for them."""
        return list(self._texts.get(statistic, ()))

    def read(self, rows: NDArray[Any] | None = None) -> Iterator[Batch]:
        """Reads samples again.

        Args:
            rows: their numbers, those of a boolean array, or all samples if not given

        Yields:
            batches of some of them, in the order of the import
        """
        if rows is None:
            yield from self._read_again(None)
            return
        numbers = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        if len(numbers):
            yield from self._read_again(numbers)
