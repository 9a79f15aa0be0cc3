"""Runs checks over a dataset and stores what they find.

One pass over the stored samples, image by image, in bounded memory. Images are read before the
first run alone, and masks never.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, cycle
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES
from pairlens.fiftyone_plugin.checks.base import PIXELS, PREDICTIONS, Finding
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.engine import choose, find_in, for_kind, local_pool
from pairlens.fiftyone_plugin.checks.finding import EARLIER, Checked, find, row_of
from pairlens.fiftyone_plugin.checks.findings_list import write_findings
from pairlens.fiftyone_plugin.checks.findings_store import (
    OPEN,
    Repeated,
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
    """What the checks found.

    Attributes:
        pairs: that were checked
        flagged: of them, how many have a finding
        findings: their number by check
        severities: and by severity
        written: samples whose findings or quality changed
        left_out: by selection, ``clean`` and ``quiet``, what it leaves out and for which checks;
            see :class:`LeftOutCounts`
        images_read: images that were not measured before
        not_run: checks that apply to the dataset and lack something, with what that is
        notes: what the checks say of the dataset as a whole
        unchanged: whether nothing differs from the last run, so that the checks did not run and
            this is what they told then
        seconds: that it took
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


_TOLD = ("pairs", "flagged", "findings", "severities", "left_out")
"""What is the same where nothing differs, beside the notes of the checks."""


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

    Findings of earlier runs are replaced for the checks that run, and kept for the others. Where
    nothing differs from the last run, what that told is told again; see
    :mod:`pairlens.fiftyone_plugin.checks.findings_store`.

    Args:
        samples: a dataset or a view that PairLens imported
        checks: names of the checks to run; all that apply to the kind of dataset and whose
            needs are met if not given
        predictions: prediction fields that were scored, for the checks that use them
        params: parameters by check name
        out: a JSON Lines file for all findings that the samples then have, worst first
        engine, workers, ray_address: what reads images and runs the checks, as in
            :class:`pairlens.importers.parallel.Pool`. If no engine is given, threads read the
            images, and so many processes as there are workers, by default only this one, check
        dry_run: only count: what samples have is left as it is
        fresh: run the checks also where nothing differs from the last run
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
        repeated, notes = Repeated(samples, chosen, scorings), list[str]()
        told = None if fresh else repeated.told()
        if told is None:
            found = find(samples, chosen, scorings, checking, notes)
            total = working_set.count(samples) if dry_run else repeated.count()
            found = found if dry_run else repeated.watched(found)
            _count(found, summary, total, progress, None if dry_run else dataset)
            told = {name: getattr(summary, name) for name in _TOLD} | {"notes": notes}
            if not dry_run:
                repeated.keep(told)
        else:
            vars(summary).update({name: told[name] for name in _TOLD}, unchanged=True)
        summary.notes += told["notes"]
        if not dry_run:
            summary.notes += schema.index_findings(dataset)
            complete(dataset)
        if samples is dataset and not dry_run:
            # A check that found nothing leaves no trace on the samples. What an import added
            # meanwhile these checks have not seen.
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
    """What reads images, and what runs the checks."""
    given = Pool(engine, workers, ray_address)
    given.check()
    if engine is None:
        return Pool(), local_pool(workers or 1)
    if engine == "ray":
        given = pool_for(samples, engine, workers, ray_address)
    return given, given


def _count(
    found: Iterable[Checked], summary: FlagSummary, total: int, progress: Progress, dataset: Any
) -> None:
    """Counts what is found of samples, and stores it on them where a dataset is given."""
    counts, severities, left_out = Counter[str](), Counter[str](), LeftOutCounts()
    # While the database takes the findings of two batches, those of the next are made.
    with rare_collections(), background_thread() as first, background_thread() as second:
        writing = None if dataset is None else Writing(dataset, cycle((first, second)))
        progress(0, total)
        for some in found:
            for number, verdict in enumerate(some.verdicts):
                if verdict is not None or number in some.found:
                    left_out.add(verdict, some.found.get(number, ()))
            findings = list(chain.from_iterable(some.found.values()))
            counts.update([f.check for f in findings])
            severities.update([f.severity for f in findings])
            summary.flagged += len(some.found)
            summary.pairs += len(some.keys)
            summary.written += writing.add(some) if writing else 0
            progress(summary.pairs - (writing.waiting if writing else 0), total)
        for waiting in writing.finish() if writing else ():
            progress(summary.pairs - waiting, total)
    summary.findings = dict(counts.most_common())
    summary.severities = {s: severities[s] for s in SEVERITIES if severities[s]}
    summary.left_out = left_out.summary()


_EITHER = frozenset[str]().union(*OPEN.values())


@dataclass
class LeftOutCounts:
    """Counts pairs that the selections leave out, and the checks that they are left out for.

    A pair counts for every such check. Pairs with the verdict ``drop`` count for ``dropped``.
    """

    _pairs: Counter[str] = field(default_factory=Counter[str])
    _dropped: int = 0
    _checks: dict[str, Counter[str]] = field(default_factory=dict[str, Counter[str]])

    def add(self, verdict: str | None, findings: Iterable[Finding]) -> None:
        """Counts a pair."""
        findings = [f for f in findings if f.severity in _EITHER]
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
        """By selection ``{"pairs", "dropped", "checks": {check: pairs}}``."""
        return {
            select: {
                "pairs": self._pairs[select],
                "dropped": self._dropped,
                "checks": dict(self._checks.get(select, Counter()).most_common()),
            }
            for select in OPEN
        }


def findings_again(dataset: Any, document: Mapping[str, Any]) -> dict[str, Any]:
    """Runs the checks of single samples that ran before, over a sample that changed.

    Args:
        dataset: that the sample belongs to
        document: the sample as it is to be stored

    Returns:
        the fields of findings and quality; none where the sample was never checked. Findings of
        checks that compare several samples stay as they are
    """
    ran: dict[str, Any] = store.info(dataset).get(fields.CHECKS_RUN) or {}
    chosen = [
        for_kind(CHECKS[name].with_params(params), kind_of(dataset))
        for name, params in ran.items()
        if name in CHECKS and CHECKS[name].scope == "sample"
    ]
    if not chosen or document.get(fields.QUALITY) is None:
        return {}
    wants = any(PREDICTIONS in one.needs for one in chosen)
    columns = Columns.of(chosen, scored_fields(dataset) if wants else {}, *EARLIER)
    row = row_of(document, columns)
    some = Checked.of([row], columns, find_in(Batch([row], columns), chosen))
    some.complete({}, {one.name for one in chosen})
    return stored_values(some.found.get(0, ()))
