"""Runs the checks on published files, without a database and without decoding images."""

from __future__ import annotations

import pickle
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.checks.base import PIXELS, Check, Finding, Sample
from pairlens.fiftyone_plugin.checks.batch import Batch, Integers
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics, choose, examined, local_pool
from pairlens.fiftyone_plugin.checks.rows import BATCH, Columns, Row, in_batches
from pairlens.fiftyone_plugin.checks.texts import TEXT_FIELDS
from pairlens.fiftyone_plugin.gate.findings import (
    SKIPPED,
    GateFindings,
    Location,
    Wanted,
    content_of,
)
from pairlens.importers import fields
from pairlens.importers.decisions import Decisions
from pairlens.importers.errors import OnError, RecordError, StateError
from pairlens.importers.formats import Format
from pairlens.importers.options import ImportOptions
from pairlens.importers.parallel import (
    Engine,
    Progress,
    default_workers,
    map_items,
    no_progress,
    rare_collections,
)
from pairlens.importers.prepare import MediaPlace, Prepared, PreparedPair, prepare
from pairlens.importers.records import CaptionedImage, Instruction, Pair, Record, Source
from pairlens.importers.source_files import why_unread
from pairlens.importers.source_records import open_records

MAX_IN_MEMORY = 64 << 20
"""Size in bytes up to which rows stay in memory and are not written to a temporary file."""

_CHUNK_IMAGES = 16
"""Images per task of a worker."""

PARALLEL_CHECK_SAMPLES = 20_000
"""Number of samples above which the checks run in several processes."""

PARALLEL_READ_IMAGES = 1000
"""Number of images above which they are read in several processes."""

_NO_PIXELS = "needs the images' pixels, which pairlens flag reads from a dataset"


def find_in_files(
    root: Path | str,
    format_name: str,
    wanted: Wanted,
    *,
    checks: Collection[str] | None = None,
    params: Mapping[str, Mapping[str, Any]] | None = None,
    options: ImportOptions,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> GateFindings:
    """Reads a source and runs the checks that need texts, masks and files only.

    Args:
        root: as in :func:`pairlens.importers.ingest.import_dataset`
        format_name: a format's name, or ``auto``
        wanted: the findings that are returned
        checks: names of the checks to run; all that apply if not given
        params: parameters by check name
        options: options of the import
        workers: number of threads or processes; by default it depends on the size of the dataset
        progress: called with images read and images in all

    Raises:
        UsageError: for an unknown format, split, check or parameter
        LayoutError: if the folder does not have the layout of the format
        StateError: for a named check that does not apply
    """
    found, decisions = GateFindings(), Decisions()

    def skip(error: RecordError) -> None:
        file, _, index = error.source.removesuffix("]").rpartition("[")
        place = Location(file, int(index), "") if index.isdigit() else Location(error.source, 0, "")
        key = error.source
        found.places[key] = place
        found.counts[SKIPPED] += 1
        found.findings.setdefault(key, []).append(Finding(key, SKIPPED, "error", 0.0, error.reason))

    source = open_records(format_name, root, options, on_error=skip, on_note=decisions)
    with source as opened, SpooledTemporaryFile(max_size=MAX_IN_MEMORY) as file, rare_collections():
        found.kind = opened.format.kind
        chosen = _chosen(checks, params or {}, opened.format, found.not_run)
        found.checks = [one.name for one in chosen]
        columns = Columns.of(chosen, {}, texts=TEXT_FIELDS[found.kind])
        spool = RowSpool(file, columns)
        images = opened.format.count(opened.path, options.splits)
        engine: Engine = (
            "processes" if images > PARALLEL_READ_IMAGES and workers != 1 else "threads"
        )
        read = _read(opened.groups, opened.place, skip, engine, workers)
        for number, samples in enumerate(read, 1):
            spool.add(samples)
            progress(number, max(number, images))
        found.total = len(spool)
        default = default_workers() if len(spool) > PARALLEL_CHECK_SAMPLES else 1
        _find(spool, chosen, workers or default, wanted, found)
    found.notes = list(dict.fromkeys([*decisions.notes, *decisions.lines(), *found.notes]))
    return found


def _chosen(
    names: Collection[str] | None,
    params: Mapping[str, Mapping[str, Any]],
    form: Format,
    lacking: dict[str, str],
) -> list[Check]:
    boxes = {fields.TARGET_BOX} if form.box_targets else set()
    chosen = choose(
        names,
        params,
        with_predictions=False,
        kind=form.kind,
        has_field=boxes.__contains__,
        lacking=lacking,
    )
    pixel_checks = [check for check in chosen if any(need in PIXELS for need in check.needs)]
    if names is not None and pixel_checks:
        raise StateError(f"check {pixel_checks[0].name} {_NO_PIXELS}")
    lacking.update({check.name: _NO_PIXELS for check in pixel_checks})
    return [check for check in chosen if check not in pixel_checks]


def _read(
    groups: Iterator[tuple[Record, ...]],
    media: MediaPlace,
    skip: OnError,
    engine: Engine,
    workers: int | None,
) -> Iterator[list[tuple[Sample, Source]]]:
    """Yields the samples of a source image by image; broken images are skipped."""
    work = partial(samples_of, media=media)
    for outcome in map_items(work, groups, engine=engine, workers=workers, chunk=_CHUNK_IMAGES):
        if outcome.error is None:
            yield outcome.unwrap()
            continue
        if isinstance(outcome.error, StateError):
            raise outcome.error
        reason = why_unread(outcome.error)
        for record in outcome.item:
            skip(RecordError(str(record.source), reason))


def samples_of(records: tuple[Record, ...], media: MediaPlace) -> list[tuple[Sample, Source]]:
    """The samples of an image in the form of the checks, each with its source.

    Raises:
        RecordError: if the image cannot be read
    """
    return [(_sample(one), one.record.source) for one in prepare(records, media)]


def _sample(prepared: Prepared) -> Sample:
    record, image = prepared.record, prepared.image
    facts = image.facts
    texts: dict[str, Any] = {}
    if isinstance(prepared, PreparedPair):
        texts["stats"] = prepared.stats
    if isinstance(record, CaptionedImage | Instruction):
        texts["captions"] = record.captions
    if isinstance(record, Instruction):
        texts["turns"] = record.turns
    return Sample(
        record.key,
        record.image_id,
        record.split,
        record.phrase if isinstance(record, Pair) else "",
        record.no_target if isinstance(record, Pair) else False,
        image.missing,
        (facts.width, facts.height),
        facts.digest,
        **texts,
    )


class RowSpool:
    """Rows of samples in a temporary file, which can be read image by image.

    Args:
        file: an empty file, open for reading and writing bytes
        columns: the columns of the rows
    """

    def __init__(self, file: Any, columns: Columns) -> None:
        self.columns = columns
        self._file = file
        self._images: list[tuple[str, str, str, int]] = []
        self._starts = [0]
        self._order: list[int] = []
        self._known: set[int] = set()

    def __len__(self) -> int:
        return self._starts[-1]

    def add(self, samples: list[tuple[Sample, Source]]) -> None:
        """Adds samples of one image; only the first sample of a key is kept."""
        samples = [first for first in samples if self._is_new(first[0].key)]
        if not samples:
            return
        first = samples[0][0]
        offset = self._file.seek(0, 2)
        self._images.append((first.image_digest, first.split, first.image_id, offset))
        self._starts.append(len(self) + len(samples))
        rows = [self.columns.row(sample) for sample, _ in samples]
        pickle.dump((rows, [source for _, source in samples]), self._file)

    def _is_new(self, key: str) -> bool:
        before = len(self._known)
        self._known.add(hash(key))
        return len(self._known) > before

    def by_image(self) -> Iterator[Row]:
        """Yields all rows; those of equal images are consecutive."""
        keys = [(i[0], "", "", n) if i[0] else (*i[:3], n) for n, i in enumerate(self._images)]
        self._order = sorted(range(len(keys)), key=keys.__getitem__)
        for number in self._order:
            yield from self._load(number)[0]

    def batches(self, numbers: Integers | None) -> Iterator[Batch]:
        """Yields rows in batches, in the order in which they were added.

        Args:
            numbers: numbers of the rows in the order of :meth:`by_image`; by default all
        """
        sizes = np.diff(self._starts)[self._order]
        ends = np.cumsum(sizes)
        wanted = np.arange(len(self)) if numbers is None else np.asarray(numbers, np.int64)
        images = np.searchsorted(ends, wanted, side="right")
        rows_of: defaultdict[int, list[int]] = defaultdict(list)
        for image, number in zip(images.tolist(), wanted.tolist(), strict=True):
            rows_of[self._order[image]].append(number - int(ends[image] - sizes[image]))
        rows: list[Row] = []
        for image in sorted(rows_of):
            loaded = self._load(image)[0]
            rows += [loaded[row] for row in sorted(rows_of[image])]
            if len(rows) >= BATCH:
                yield Batch(rows, self.columns)
                rows = []
        if rows:
            yield Batch(rows, self.columns)

    def places(self, keys: Collection[str]) -> Iterator[tuple[str, Location]]:
        """Yields the locations of samples by key."""
        key_index = self.columns.paths.index(fields.KEY)
        for number in range(len(self._images)):
            for row, source in zip(*self._load(number), strict=True):
                if row[key_index] in keys:
                    content = content_of(self.columns.sample(row))
                    yield row[key_index], Location(source.file, source.index, content)

    def _load(self, number: int) -> tuple[list[Row], list[Source]]:
        self._file.seek(self._images[number][3])
        return pickle.load(self._file)


def _find(
    spool: RowSpool, checks: list[Check], workers: int, wanted: Wanted, found: GateFindings
) -> None:
    """Runs the checks on the rows, and adds the wanted findings to ``found``."""
    dataset_checks = [one for one in checks if one.scope == "dataset"]
    first = [one for one in checks if one.scope != "dataset" or one.keeps]
    statistics = DatasetStatistics(found.notes)

    def take(findings: Iterable[Finding]) -> None:
        for finding in findings:
            found.counts[finding.check] += 1
            if finding in wanted:
                found.findings.setdefault(finding.key, []).append(finding)

    batches = in_batches(spool.by_image(), found.notes)
    for _, done in examined(batches, spool.columns, first, local_pool(workers)):
        statistics.add(done.statistics)
        for findings in done.findings.values():
            take(findings)
    take(statistics.findings(dataset_checks, lambda one, numbers: spool.batches(numbers)))
    found.places.update(spool.places(found.findings.keys()))
    for findings in found.findings.values():
        findings.sort(key=lambda one: (one.rank, one.check))
