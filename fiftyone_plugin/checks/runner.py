"""Runs checks over a dataset and stores what they find.

One pass over the stored samples, image by image, in bounded memory. Checks of samples and images
report at once; those of datasets keep statistics on the way and report at the end, until when what
the others found waits in a file. Images are read before the first run alone, and masks never.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from bson import ObjectId
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES, Check
from pairlens.fiftyone_plugin.checks.base import (
    PIXELS,
    PREDICTIONS,
    TEXTS,
)
from pairlens.fiftyone_plugin.checks.batch import (
    Batch,
    Columns,
    Integers,
)
from pairlens.fiftyone_plugin.checks.choosing import choose
from pairlens.fiftyone_plugin.checks.dataset_statistics import DatasetStatistics, Kept
from pairlens.fiftyone_plugin.checks.engine import examined, find_across, find_in
from pairlens.fiftyone_plugin.checks.findings_store import (
    ID_BYTES,
    Checked,
    stored_values,
    write,
    write_findings,
)
from pairlens.fiftyone_plugin.checks.left_out import LeftOutCounts
from pairlens.fiftyone_plugin.checks.measuring import measure_images, measure_masks
from pairlens.fiftyone_plugin.checks.query_features import CACHE_PATHS
from pairlens.fiftyone_plugin.checks.sample_reader import EARLIER, batches, row_of, rows_of
from pairlens.fiftyone_plugin.checks.spools import ArraySpool, FindingsSpool, ObjectSpool
from pairlens.fiftyone_plugin.checks.texts import TEXT_FIELDS, for_kind
from pairlens.importers import fields, fo_internals, leases, schema, store, working_set
from pairlens.importers.errors import UsageError
from pairlens.importers.formats.base import Kind
from pairlens.importers.parallel import (
    Progress,
    no_progress,
    rare_collections,
)
from pairlens.importers.scorings import evaluation_of, scored_fields

_ID = np.dtype(f"V{ID_BYTES}")
_IN_ORDER = np.dtype([("high", ">u8"), ("low", ">u4")])
"""The bytes of an id as numbers, in the order of the ids."""

WAITING = 20_000
"""Samples that wait in memory for the checks of datasets, some 25 MB; the others in a file."""


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
            see :meth:`pairlens.fiftyone_plugin.checks.left_out.LeftOutCounts.summary`
        images_read: images that were not measured before
        not_run: checks that apply to the dataset and lack something, with what that is
        notes: what the checks say of the dataset as a whole
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
    seconds: float = 0.0


@leases.holding("flag", "findings")
def flag(
    samples: Any,
    *,
    checks: Collection[str] | None = None,
    predictions: Collection[str] = (),
    params: Mapping[str, Mapping[str, Any]] | None = None,
    out: Path | None = None,
    workers: int = 1,
    dry_run: bool = False,
    progress: Progress = no_progress,
) -> FlagSummary:
    """Runs checks and stores their findings on the samples.

    Findings of earlier runs are replaced for the checks that run, and kept for the others.

    Args:
        samples: a dataset or a view that PairLens imported
        checks: names of the checks to run; all that apply to the kind of dataset and whose
            needs are met if not given
        predictions: prediction fields that were scored, for the checks that use them
        params: parameters by check name
        out: a JSON Lines file for all findings that the samples then have, worst first
        workers: processes that check at once; with more than one, a script that calls this
            must have its calls under ``if __name__ == "__main__"``
        dry_run: only count: what samples have is left as it is
        progress: called with pairs done and pairs in all

    Raises:
        UsageError: for an unknown check or parameter, workers below 1, or ``out`` with ``dry_run``
        StateError: if a named prediction field was not scored, or a check's needs are not met
    """
    started = time.perf_counter()
    if dry_run and out is not None:
        raise UsageError("a dry run stores no findings, and the file is made of stored ones")
    ious = {name: fields.iou_field(evaluation_of(samples, name)) for name in predictions}
    summary = FlagSummary(pairs=working_set.count(samples))
    chosen = choose(
        checks,
        params or {},
        with_predictions=bool(ious),
        kind=kind_of(samples),
        has_field=fo_internals.dataset_of(samples).has_field,
        lacking=summary.not_run,
    )
    if kind_of(samples) == "pairs" and (again := measure_masks(samples)):
        summary.notes.append(f"{again:,} masks, edited or not measured, were measured again")
    if any(need in PIXELS for one in chosen for need in one.needs):
        summary.images_read = measure_images(samples, progress=progress)
    counts: Counter[str] = Counter()
    severities: Counter[str] = Counter()
    left_out = LeftOutCounts()

    def found() -> Iterator[Checked]:
        done = 0
        for some in find(samples, chosen, ious, workers, summary.notes):
            for number, verdict in enumerate(some.verdicts):
                if verdict is not None or number in some.found:
                    left_out.add(verdict, some.found.get(number, ()))
            findings = list(chain.from_iterable(some.found.values()))
            counts.update([f.check for f in findings])
            severities.update([f.severity for f in findings])
            summary.flagged += len(some.found)
            done += len(some)
            progress(done, summary.pairs)
            yield some

    dataset = fo_internals.dataset_of(samples)
    with rare_collections():
        if dry_run:
            deque(found(), maxlen=0)
        else:
            schema.declare_findings(dataset)
            summary.written = write(dataset, found())
    if samples is dataset and not dry_run:
        remember(samples, chosen)
    if out is not None:
        write_findings(samples, out)
    summary.findings = dict(counts.most_common())
    summary.severities = {s: severities[s] for s in SEVERITIES if severities[s]}
    summary.left_out = left_out.summary()
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def remember(dataset: Any, checks: Iterable[Check]) -> None:
    """Notes which checks ran, since one that found nothing leaves no trace on the samples.

    Not where an import added samples meanwhile, which these checks have not seen.
    """
    unseen = {fields.KEY: {"$exists": True}, fields.QUALITY: None}
    if fo_internals.collection(dataset).find_one(unseen, {"_id": 1}) is None:
        store.add_to_info(dataset, fields.CHECKS_RUN, {one.name: one.params for one in checks})


def kind_of(samples: Any) -> Kind:
    """The kind of dataset that samples are of; those from before there were several have pairs."""
    return store.info(fo_internals.dataset_of(samples)).get("kind") or "pairs"


def find(
    samples: Any,
    checks: Sequence[Check],
    ious: Mapping[str, str],
    workers: int = 1,
    notes: list[str] | None = None,
) -> Iterator[Checked]:
    """Yields all samples as they were read, with their findings, worst first, image by image.

    Findings of checks that do not run stay as they are.

    Args:
        samples: a dataset or view that PairLens imported
        checks: to run
        ious: the field of the IoU by prediction field
        workers: processes; 1 for none but this
        notes: takes what checks say of the dataset as a whole
    """
    running = {one.name for one in checks}
    across = [one for one in checks if one.scope == "dataset"]
    first = [one for one in checks if one.scope != "dataset" or one.keeps]
    cached = CACHE_PATHS if any(TEXTS.intersection(one.needs) for one in first) else ()
    columns = Columns.of(first, ious, *cached, *EARLIER, texts=TEXT_FIELDS[kind_of(samples)])
    notes = [] if notes is None else notes
    seen = _examined(samples, columns, first, workers, notes)
    if not across:
        for some, _ in seen:
            some.complete({}, running)
            yield some
        return
    statistics, ids = DatasetStatistics(), ArraySpool()
    waiting: deque[Checked] = deque()
    later = ObjectSpool[Checked]()
    for some, kept in seen:
        statistics.add(kept)
        ids.add(np.frombuffer(some.ids, _ID))
        if len(ids) <= WAITING:
            waiting.append(some)
        else:
            later.add(some)
    found = find_across(statistics, across, partial(_read_again, samples, ious, ids))
    with closing(FindingsSpool(found)) as more:
        notes += statistics.notes
        for some in chain(_emptied(waiting), later):
            some.complete(more.of(some.keys), running)
            yield some


def _emptied(waiting: deque[Checked]) -> Iterator[Checked]:
    while waiting:
        yield waiting.popleft()


def _examined(
    samples: Any, columns: Columns, checks: Sequence[Check], workers: int, notes: list[str]
) -> Iterator[tuple[Checked, Kept]]:
    """Examines all samples; what the checks of datasets keep comes beside them."""
    for rows, done in examined(batches(samples, columns), columns, checks, workers, notes):
        yield Checked.of(rows, columns, done.found, done.read), done.kept


def _read_again(
    samples: Any, ious: Mapping[str, str], ids: ArraySpool, one: Check, numbers: Integers | None
) -> Iterator[Batch]:
    """The samples of some numbers, with what a check needs, in the order of their import."""
    known = ids.read() if numbers is None else _of_numbers(ids, numbers)
    order: NDArray[Any] = known.view(_IN_ORDER)
    wanted = known[np.lexsort((order["low"], order["high"]))]
    columns = Columns.of([one], ious, "_id")
    for rows in rows_of(samples, columns, (ObjectId(each.tobytes()) for each in wanted)):
        yield Batch(rows, columns)


def _of_numbers(ids: ArraySpool, numbers: Integers) -> NDArray[Any]:
    found, ordered = [np.empty(0, _ID)], np.sort(numbers)
    for start in range(0, len(ids), WAITING):
        first, end = np.searchsorted(ordered, (start, start + WAITING)).tolist()
        if first < end:
            found.append(ids.read(start, WAITING)[ordered[first:end] - start])
    return np.concatenate(found)


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
    keys = scored_fields(dataset) if wants else {}
    ious = {name: fields.iou_field(key) for name, key in keys.items()}
    columns = Columns.of(chosen, ious, *EARLIER)
    row = row_of(document, columns)
    some = Checked.of([row], columns, find_in(Batch([row], columns), chosen), {})
    some.complete({}, {one.name for one in chosen})
    return stored_values(some.found.get(0, ()))
