"""Runs the checks on a FiftyOne dataset for the gate, without storing findings."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.checks.base import PIXELS
from pairlens.fiftyone_plugin.checks.engine import choose, local_pool
from pairlens.fiftyone_plugin.checks.finding import ID_BYTES, Checked, find, rows_of
from pairlens.fiftyone_plugin.checks.findings_store import ACCEPTED
from pairlens.fiftyone_plugin.checks.rows import Columns
from pairlens.fiftyone_plugin.checks.texts import TEXT_FIELDS
from pairlens.fiftyone_plugin.gate.findings import GateFindings, Location, Wanted, content_of
from pairlens.fiftyone_plugin.measuring.runner import measure_images, measure_masks
from pairlens.importers import fields, fo_internals, working_set
from pairlens.importers.fields import VerdictKind
from pairlens.importers.parallel import Progress, no_progress, rare_collections
from pairlens.importers.store import kind_of

_FILE, _INDEX = f"{fields.SOURCE}.file", f"{fields.SOURCE}.index"


def find_in_dataset(
    samples: Any,
    wanted: Wanted,
    *,
    checks: Collection[str] | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    workers: int = 1,
    progress: Progress = no_progress,
) -> GateFindings:
    """Runs the checks on a dataset or view that PairLens imported.

    Findings of samples that a reviewer accepted or dropped do not count, and dropped samples do not
    count in the total.

    Args:
        samples: the dataset or view
        wanted: the findings that are returned
        checks: names of the checks to run; all that apply if not given
        params: parameters by check name
        workers: number of processes
        progress: called with samples checked and samples in all

    Raises:
        UsageError: for an unknown check or parameter
        StateError: for a named check that does not apply, or lacks something
    """
    found = GateFindings(kind_of(samples))
    chosen = choose(
        checks,
        params or {},
        with_predictions=False,
        kind=found.kind,
        has_field=fo_internals.dataset_of(samples).has_field,
        lacking=found.not_run,
    )
    found.checks = [one.name for one in chosen]
    if found.kind == "pairs" and (again := measure_masks(samples)):
        found.notes.append(f"{again:,} masks, edited or not measured, were measured again")
    if any(need in PIXELS for one in chosen for need in one.needs):
        measure_images(samples, progress=progress, notes=found.notes)
    ids: list[bytes] = []
    done, total = 0, working_set.count(samples)
    with rare_collections():
        for some in find(samples, chosen, {}, local_pool(workers), found.notes):
            ids += _take(some, wanted, {*found.checks}, found)
            done += len(some.keys)
            progress(done, total)
    columns = Columns.of((), {}, "_id", _FILE, _INDEX, texts=TEXT_FIELDS[found.kind])
    for rows in rows_of(samples, columns, map(ObjectId, ids)):
        for row in rows:
            sample = columns.sample(row)
            file, index = columns.value(row, _FILE), columns.value(row, _INDEX)
            found.places[sample.key] = Location(file, index or 0, content_of(sample))
    return found


def _take(
    some: Checked, wanted: Wanted, checks: Collection[str], found: GateFindings
) -> list[bytes]:
    """Adds the findings of a batch; returns the ids of their samples."""
    dropped = sum(verdict == VerdictKind.DROP for verdict in some.verdicts)
    found.dropped += dropped
    found.total += len(some.keys) - dropped
    ids = []
    for number, findings in some.findings.items():
        ran = [one for one in findings if one.check in checks]  # not what earlier runs left
        found.counts.update(one.check for one in ran)
        if some.verdicts[number] == VerdictKind.DROP or some.verdicts[number] in ACCEPTED:
            continue
        if kept := [one for one in ran if one in wanted]:
            found.findings[some.keys[number]] = kept
            ids.append(some.ids[ID_BYTES * number : ID_BYTES * (number + 1)])
    return ids
