"""Runs checks over a dataset and stores their findings.

The stored samples are read once, by image, in bounded memory. Images are decoded before the first
run only. Masks are read only to measure edited ones again.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, cycle
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES
from pairlens.fiftyone_plugin.checks.base import PIXELS, PREDICTIONS, Check, Finding
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.engine import choose, find_in, for_kind, local_pool
from pairlens.fiftyone_plugin.checks.finding import EARLIER, Checked, find, row_of
from pairlens.fiftyone_plugin.checks.findings_list import write_findings
from pairlens.fiftyone_plugin.checks.findings_store import (
    OPEN,
    FlagCache,
    Writing,
    complete,
    is_left_out,
    stored_values,
)
from pairlens.fiftyone_plugin.checks.rows import Columns
from pairlens.fiftyone_plugin.measuring.runner import measure_images, measure_masks
from pairlens.importers import fields, fo_internals, leases, schema, store, working_set
from pairlens.importers.background import background_thread
from pairlens.importers.dataset_pool import pool_for
from pairlens.importers.errors import UsageError
from pairlens.importers.fields import VerdictKind
from pairlens.importers.parallel import (
    Engine,
    Pool,
    Progress,
    no_progress,
    rare_collections,
)
from pairlens.importers.scorings import evaluation_of, scored_fields
from pairlens.importers.store import kind_of


@dataclass
class FlagSummary:
    """Summary of a flagging.

    Attributes:
        pairs: number of checked pairs
        flagged: number of pairs with a finding
        findings: number of findings by check
        severities: number of findings by severity
        written: number of samples whose findings or quality changed
        left_out: the pairs that the selections ``clean`` and ``quiet`` leave out; see
            :class:`LeftOutCounts`
        images_read: number of images that were not measured before
        not_run: checks that apply to the dataset but have an unmet need, with the need
        notes: notes of the checks about the dataset as a whole
        unchanged: whether nothing changed since the last run, whose report this then is
        seconds: duration of the run
    """

    pairs: int = 0
    flagged: int = 0
    findings: dict[str, int] = field(default_factory=dict)
    severities: dict[str, int] = field(default_factory=dict)
    written: int = 0
    left_out: dict[str, Any] = field(default_factory=dict)
    images_read: int = 0
    not_run: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    unchanged: bool = False
    seconds: float = 0.0


_CACHED = ("pairs", "flagged", "findings", "severities", "left_out")
"""The parts of the summary that the cache holds, beside the notes."""


def flag(
    samples: Any,
    *,
    checks: Collection[str] | None = None,
    predictions: Collection[str] = (),
    params: Mapping[str, Mapping[str, Any]] | None = None,
    out: Path | None = None,
    workers: int | None = None,
    engine: Engine | None = None,
    ray_address: str | None = None,
    dry_run: bool = False,
    fresh: bool = False,
    progress: Progress = no_progress,
) -> FlagSummary:
    """Runs checks and stores their findings on the samples.

    Findings of earlier runs are replaced for the checks that run, and kept for the others. If
    nothing changed since the last run, its report is returned again; see
    :mod:`pairlens.fiftyone_plugin.checks.findings_store`.

    Args:
        samples: a dataset or a view that PairLens imported
        checks: names of the checks to run; by default all that apply to the kind of dataset and
            have no unmet need
        predictions: scored prediction fields, for the checks that use them
        params: parameters by check name
        out: a JSON Lines file for all resulting findings of the samples, worst first
        engine, workers, ray_address: the pool that reads images and runs the checks, as in
            :class:`pairlens.importers.parallel.Pool`. Without an engine, threads read the images,
            and ``workers`` processes run the checks, by default only this one
        dry_run: only count, and leave the stored findings unchanged
        fresh: run the checks even if nothing changed since the last run
        progress: called with pairs done and pairs in all

    Raises:
        UsageError: for an unknown check or parameter, workers below 1, or ``out`` with ``dry_run``
        StateError: if a named prediction field was not scored, or a check's needs are not met
    """
    started = time.perf_counter()
    if dry_run and out is not None:
        raise UsageError("a dry run stores no findings, and the file is made of stored ones")
    reading, checking = _pools(samples, engine, workers, ray_address)
    dataset, kind, summary = fo_internals.dataset_of(samples), kind_of(samples), FlagSummary()
    with leases.held(dataset.name, "flag", "findings"):
        scorings = {name: evaluation_of(dataset, name) for name in predictions}
        chosen = choose(
            checks,
            params or {},
            with_predictions=bool(scorings),
            kind=kind,
            has_field=dataset.has_field,
            lacking=summary.not_run,
        )
        if kind == "pairs" and (again := measure_masks(samples, pool=reading)):
            summary.notes.append(f"{again:,} masks, edited or not measured, were measured again")
        if any(need in PIXELS for one in chosen for need in one.needs):
            summary.images_read = measure_images(
                samples, pool=reading, progress=progress, notes=summary.notes
            )
        if not dry_run:
            schema.declare_findings(dataset)
        cache, notes = FlagCache(samples, chosen, scorings), list[str]()
        report = None if fresh else cache.cached()
        if report is None:
            checked = find(samples, chosen, scorings, checking, notes)
            total = working_set.count(samples) if dry_run else cache.count()
            checked = checked if dry_run else cache.watch(checked)
            _count(checked, summary, total, progress, None if dry_run else dataset)
            report = {name: getattr(summary, name) for name in _CACHED} | {"notes": notes}
            if not dry_run:
                cache.store_report(report)
        else:
            vars(summary).update({name: report[name] for name in _CACHED}, unchanged=True)
        summary.notes += report["notes"]
        if not dry_run:
            summary.notes += schema.index_findings(dataset)
            complete(dataset)
        if samples is dataset and not dry_run:
            # A check without findings leaves no trace on the samples. Samples that an import
            # added meanwhile were not checked.
            unseen = {fields.KEY: {"$exists": True}, fields.QUALITY: None}
            if fo_internals.collection(dataset).find_one(unseen, {"_id": 1}) is None:
                ran = {one.name: one.params for one in chosen}
                store.add_to_info(dataset, fields.CHECKS_RUN, ran)
        if out is not None:
            write_findings(samples, out)
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def _pools(
    samples: Any, engine: Engine | None, workers: int | None, ray_address: str | None
) -> tuple[Pool, Pool]:
    """The pool that reads images, and the pool that runs the checks."""
    pool = Pool(engine, workers, ray_address)
    pool.check()
    if engine is None:
        return Pool(), local_pool(workers or 1)
    if engine == "ray":
        pool = pool_for(samples, engine, workers, ray_address)
    return pool, pool


def _count(
    checked: Iterable[Checked], summary: FlagSummary, total: int, progress: Progress, dataset: Any
) -> None:
    """Counts the findings of checked samples, and stores them if a dataset is given."""
    counts, severities, left_out = Counter[str](), Counter[str](), LeftOutCounts()
    # The checks run over the next batch while MongoDB writes the findings of two batches.
    with rare_collections(), background_thread() as first, background_thread() as second:
        writing = None if dataset is None else Writing(dataset, cycle((first, second)))
        progress(0, total)
        for some in checked:
            for number, verdict in enumerate(some.verdicts):
                if verdict is not None or number in some.findings:
                    left_out.add(verdict, some.findings.get(number, ()))
            findings = list(chain.from_iterable(some.findings.values()))
            counts.update([f.check for f in findings])
            severities.update([f.severity for f in findings])
            summary.flagged += len(some.findings)
            summary.pairs += len(some.keys)
            summary.written += writing.add(some) if writing else 0
            progress(summary.pairs - (writing.waiting if writing else 0), total)
        for waiting in writing.finish() if writing else ():
            progress(summary.pairs - waiting, total)
    summary.findings = dict(counts.most_common())
    summary.severities = {s: severities[s] for s in SEVERITIES if severities[s]}
    summary.left_out = left_out.summary()


_OPEN_SEVERITIES = frozenset[str]().union(*OPEN.values())


@dataclass
class LeftOutCounts:
    """Counts the pairs that the selections leave out, by the checks that are the reason.

    A pair counts for each such check. Pairs with the verdict ``drop`` count as ``dropped``.
    """

    _pairs: Counter[str] = field(default_factory=Counter[str])
    _dropped: int = 0
    _checks: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    def add(self, verdict: str | None, findings: Iterable[Finding]) -> None:
        """Counts a pair."""
        findings = [f for f in findings if f.severity in _OPEN_SEVERITIES]
        if verdict is None and not findings:
            return
        self._dropped += verdict == VerdictKind.DROP
        for select, severities in OPEN.items():
            if not is_left_out(select, verdict, (f.severity for f in findings)):
                continue
            self._pairs[select] += 1
            if verdict != VerdictKind.DROP:
                named = {f.check for f in findings if f.severity in severities}
                self._checks.setdefault(select, Counter()).update(named)

    def summary(self) -> dict[str, Any]:
        """``{"pairs", "dropped", "checks": {check: pairs}}`` by selection."""
        return {
            select: {
                "pairs": self._pairs[select],
                "dropped": self._dropped,
                "checks": dict(self._checks.get(select, Counter()).most_common()),
            }
            for select in OPEN
        }


def recheck(dataset: Any, documents: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Repeats the checks of single samples on changed samples, each by itself.

    Args:
        dataset: the dataset of the samples
        documents: the changed documents

    Returns:
        of each, the fields of findings and quality, empty if the sample was never checked; findings
        of checks that compare several samples are kept
    """
    ran: dict[str, Any] = store.info(dataset).get(fields.CHECKS_RUN) or {}
    chosen = [
        for_kind(CHECKS[name].with_params(params), kind_of(dataset))
        for name, params in ran.items()
        if name in CHECKS and CHECKS[name].scope == "sample"
    ]
    if not chosen:
        return [{} for _ in documents]
    needs_scores = any(PREDICTIONS in one.needs for one in chosen)
    columns = Columns.of(chosen, scored_fields(dataset) if needs_scores else {}, *EARLIER)
    return [_rechecked(document, chosen, columns) for document in documents]


def _rechecked(
    document: Mapping[str, Any], chosen: Sequence[Check], columns: Columns
) -> dict[str, Any]:
    if document.get(fields.QUALITY) is None:
        return {}
    row = row_of(document, columns)
    some = Checked.of([row], columns, find_in(Batch([row], columns), chosen))
    some.complete({}, {one.name for one in chosen})
    return stored_values(some.findings.get(0, ()))
