"""Chooses checks and runs them over samples in batches, the rows of one image together.

Nothing here knows where the samples come from.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.base import (
    EMBEDDINGS,
    OUTLINES,
    PREDICTIONS,
    SIBLING,
    Check,
    Finding,
    Issue,
    Sample,
    chance,
)
from pairlens.fiftyone_plugin.checks.batch import Batch, Integers
from pairlens.fiftyone_plugin.checks.dataset_statistics import DatasetStatistics, Kept
from pairlens.fiftyone_plugin.checks.rows import EMBEDDING_PARAMS, Columns, Row
from pairlens.fiftyone_plugin.checks.texts import in_texts
from pairlens.importers import fields
from pairlens.importers.errors import StateError
from pairlens.importers.parallel import Pool, rare_collections
from pairlens.importers.records import Kind


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
