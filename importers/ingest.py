"""Imports records into a FiftyOne dataset.

Records are streamed, prepared in workers and inserted in bulk. The files of a record are written
before its document, each completely or not at all, and its key is unique in the database. So after
a run was killed all stored samples are complete, and a second run adds the missing ones.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from pairlens.importers import app_view, fields, fo_internals, leases, schema, store, working_set
from pairlens.importers.datasets import exists, known_facts, open_dataset, unpacked_place
from pairlens.importers.decisions import Decisions
from pairlens.importers.errors import (
    OnNote,
    RecordError,
    StateError,
    shown,
)
from pairlens.importers.format_params import GUESSED, PARAMS, full_command, settle
from pairlens.importers.formats import FORMATS, SPLITS, Format, find_format
from pairlens.importers.json_members import reporting_duplicate_members
from pairlens.importers.media_store import check_apart, exchange
from pairlens.importers.options import DEFAULTS, ImportOptions, ImportSummary
from pairlens.importers.parallel import (
    Outcome,
    Progress,
    no_progress,
    rare_collections,
)
from pairlens.importers.prepare import (
    Group,
    MediaPlace,
    group_by_image,
)
from pairlens.importers.reading import LEFT_OUT
from pairlens.importers.replacing import Carry, nothing, replacing
from pairlens.importers.restoring import restore_files, take_published_images
from pairlens.importers.resumable_insert import INSERTION, ResumableInsert
from pairlens.importers.resuming import Resumed
from pairlens.importers.sample_encoding import NOTHING, EncodedSamples, encode_missing, errors_of
from pairlens.importers.scenes import join_scenes
from pairlens.importers.skip_log import SkipLog
from pairlens.importers.source_files import read_within, went_away, why_unread
from pairlens.importers.sources import Located, SourceRequest, locate
from pairlens.importers.upgrade import upgrade

SKIPPED = "skipped.jsonl"
"""Name of the file in the media folder that lists all skipped records."""

LISTED = 1000
"""Maximum number of skipped records that are kept in the dataset's facts."""

_CHUNK = 16
"""Images that a worker gets at a time."""

_SMALL = 64
"""The same for images without masks, which take as little as 0.1 ms."""


def import_dataset(
    format_name: str,
    root: Path | str,
    name: str,
    options: ImportOptions = DEFAULTS,
    progress: Progress = no_progress,
    carry: Carry = nothing,
) -> ImportSummary:
    """Imports published files into a persistent FiftyOne dataset.

    A dataset that is overwritten is replaced when the new one is complete.

    Args:
        format_name: name of a format, or ``auto``
        root: the published files: a folder, a ``.tar``, a ``.zip``,
            ``hf://datasets/OWNER/NAME[@revision]``, ``s3://...`` or ``gs://...``
        name: of the FiftyOne dataset
        options: of the import
        progress: called with images done and images in all
        carry: copies what must survive, such as verdicts, from a dataset that is overwritten

    Raises:
        UsageError: for an unknown format, split or parameter, or options that contradict
            each other
        LayoutError: if the files do not have the layout of the format
        StateError: if the dataset exists and neither resume nor overwrite is set, or another step
            works on it
        RecordError: in strict mode, for the first broken record
    """
    options.check()
    check_apart(options.media_dir, root)
    store.check_name(name)
    if format_name != "auto":
        FORMATS[format_name]  # raises for an unknown name before anything is fetched
    with leases.held(name, "import"):
        return _import(format_name, root, name, options, progress, carry)


def _import(
    format_name: str,
    root: Path | str,
    name: str,
    options: ImportOptions,
    progress: Progress,
    carry: Carry,
) -> ImportSummary:
    notes = Decisions()
    leftovers = options.params.get(LEFT_OUT.name) == "read"
    follow = options.follow_links
    request = SourceRequest(format_name, options.splits, options.limit, leftovers, follow)
    place = unpacked_place(name, options.media_dir)
    source = locate(root, request, place, on_note=notes, progress=progress)
    chosen = find_format(format_name, source.path)
    before = known_facts(name) if options.resume else {}
    settled = settle(chosen, source.path, options.params, before)  # may raise, so before any write
    chosen, options = settled.format, replace(options, params=settled.params)
    guessed = full_command(settled, root, name) if settled.guessed else before.get(GUESSED)
    guess_facts = {GUESSED: guessed} if guessed else {}
    for note in (*guess_facts.values(), *settled.decisions, *chosen.unread(source.path)):
        notes(note)
    if options.overwrite and exists(name):
        with replacing(name, source.path, options.media_dir, carry) as new:
            if guess_facts:
                store.update_info(new.dataset, **guess_facts)
            filled = fill_dataset(
                new.dataset, chosen, source, new.media_dir, options, progress, notes
            )
            new.whole = filled.samples > 0
        filled.dataset = name
        filled.notes += new.notes if new.whole else [f"dataset {name!r} is left as it was"]
        exchange(store.opened(name))
        return filled
    facts, given = _facts(chosen, source, options) | guess_facts, options.media_dir
    opened = open_dataset(name, facts, source, given_media_dir=given, resume=options.resume)
    filled = fill_dataset(opened[0], chosen, source, opened[1], options, progress, notes)
    exchange(opened[0])
    return filled


def fill_dataset(
    dataset: Any,
    chosen: Format,
    source: Located,
    media_dir: Path,
    options: ImportOptions,
    progress: Progress = no_progress,
    notes: Decisions | None = None,
) -> ImportSummary:
    """Reads a source and adds its samples to a dataset.

    Args:
        dataset: a new dataset, or one whose import is resumed
        chosen: the format
        source: the located published files
        media_dir: the folder for masks and renditions
        options: of the import
        progress: called with images done and images in all
        notes: earlier notes, to which those of this import are added

    Raises:
        StateError: if the source changes meanwhile, or another process takes the lease over
        RecordError: in strict mode, for the first broken record
    """
    started = time.perf_counter()
    root = source.path
    summary = ImportSummary(dataset.name, chosen.name, kind=chosen.kind)
    decisions = Decisions() if notes is None else notes
    if working_set.is_imported(dataset):
        for note in upgrade(dataset):
            decisions(note)
    schema.declare(dataset, chosen.kind, boxes=chosen.box_targets)
    known = store.info(dataset)
    facts = _facts(chosen, source, options) | {"media_dir": str(media_dir)}
    follow = options.follow_links or bool(known.get("follow_links"))
    store.update_info(dataset, **facts | {"follow_links": follow})
    boundary = None if follow else source.boundary
    reading = chosen.reading(options.params)
    place = MediaPlace(media_dir, options.placeholders, reading, boundary, source=root)
    before = _source_state(chosen, root, options.splits)
    # An import of a part of the source keeps earlier notes and skips, which are about other parts.
    reads_part = options.limit is not None or set(options.splits) != set(SPLITS)
    earlier = known if options.resume and reads_part else {}
    insertion = ResumableInsert(dataset, known)
    skips = SkipLog(media_dir / SKIPPED, options.strict, keep=bool(earlier))
    try:
        images = _read_images(insertion, chosen, root, place, options, skips, decisions)
        images = _watched(images, before.records, progress)
        if options.limit is not None:
            images = _first(images, options.limit - insertion.count())
        with rare_collections():
            summary.added = insertion.insert(images, skips)
    finally:
        skips.close()
    if not root.exists() or _source_state(chosen, root, options.splits) != before:
        raise went_away(root)
    if options.resume:
        exchange(dataset)  # fetches files from the store, which then need not be restored
        take_published_images(dataset, chosen, root, options.params)
        for note in restore_files(dataset, chosen, root, place, options):
            decisions(note)
    if chosen.scenes and (joined := join_scenes(dataset)):
        decisions(f"{joined:,} images appear under several ids, and were given one each")
    for note in schema.index(dataset, chosen.kind):
        decisions(note)
    missing = {fields.IMAGE_MISSING: True}
    if chosen.images and (count := fo_internals.collection(dataset).count_documents(missing)):
        decisions(f"{count:,} {chosen.samples} lack their image; {chosen.images}")
    _note_unread_masks(dataset, decisions)
    for decision in insertion.decisions.all():
        decisions(decision)
    summary.notes = list(dict.fromkeys([*earlier.get("notes", ()), *decisions.notes]))
    finish(dataset, summary, skips, decisions)
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def _facts(chosen: Format, source: Located, options: ImportOptions) -> dict[str, Any]:
    """Returns the facts of a dataset that are stored before its first sample."""
    return {
        "format": chosen.name,
        "kind": chosen.kind,
        "root": source.root,
        "path": str(source.path),
        "follow_links": options.follow_links,
        "complete": False,
        PARAMS: dict(options.params),
    }


def _note_unread_masks(dataset: Any, on_note: OnNote) -> None:
    """Adds a note on pairs whose masks are broken or missing; otherwise only a check finds them."""
    collection = fo_internals.collection(dataset)
    error = f"{fields.MASK_STATS}.error"
    if first := collection.find_one({error: {"$gt": ""}}, sort=[("_id", 1)]):
        count = collection.count_documents({error: {"$gt": ""}})
        on_note(
            f"the masks of {count:,} pairs cannot be read, {first[fields.KEY]} the first "
            f"({shown(first[fields.MASK_STATS]['error'], 100)}); the check mask_unreadable has all"
        )


@dataclass(frozen=True, slots=True)
class _SourceState:
    """Facts that show whether a source changed while it was read, or its disk was unmounted."""

    holds_format: bool
    device: int
    records: int


def _source_state(chosen: Format, root: Path, splits: Collection[str]) -> _SourceState:
    try:
        return _SourceState(chosen.holds(root), root.stat().st_dev, chosen.count(root, splits))
    except OSError:
        return _SourceState(False, 0, 0)


def _watched(
    images: Iterator[EncodedSamples], total: int, progress: Progress
) -> Iterator[EncodedSamples]:
    done = 0
    for done, image in enumerate(images, 1):
        progress(done, max(total, done))
        yield image
    progress(done, done)


def _first(images: Iterator[EncodedSamples], most: int) -> Iterator[EncodedSamples]:
    """Yields images up to a total number of samples, and reads no further one."""
    while most > 0 and (image := next(images, None)) is not None:
        yield replace(image, documents=image.documents[:most])
        most -= len(image.documents)


def _read_images(
    insertion: ResumableInsert,
    chosen: Format,
    root: Path,
    place: MediaPlace,
    options: ImportOptions,
    skips: SkipLog,
    decisions: Decisions,
) -> Iterator[EncodedSamples]:
    """Reads a source and yields the encoded samples of each image.

    The decisions that workers took are counted in ``insertion.decisions``.
    """
    params = chosen.parsed(options.params)
    records = chosen.read(root, splits=options.splits, on_error=skips, on_note=decisions, **params)
    if options.workers is None and options.pool.is_here and not chosen.threads:
        options = replace(options, workers=1)
    records = reporting_duplicate_members(read_within(records, place.boundary), decisions)
    images = group_by_image(records)
    resumed = Resumed(insertion, None if options.limit is not None else options.splits)
    if options.resume:
        groups = resumed.groups(images)
    else:
        groups = (Group(records, records) for records in images)
    work = partial(
        encode_missing, place=place, dataset_id=insertion.dataset_id, tags=tuple(options.tags)
    )
    pool = replace(options.pool, files=(root, place.media_dir))
    chunk = _CHUNK if chosen.threads or options.limit is not None else _SMALL
    for encoded in _encoded(pool.map(work, groups, chunk=chunk), skips):
        for decision in encoded.decisions:
            insertion.decisions(decision)
        yield encoded
    for note in resumed.notes() if options.resume else ():
        decisions(note)


def _encoded(
    outcomes: Iterator[Outcome[Group, EncodedSamples]], skips: SkipLog
) -> Iterator[EncodedSamples]:
    """Yields the encoded samples of each image; none if the image failed.

    Broken records are passed to ``skips``.
    """
    for outcome in outcomes:
        for record in outcome.item.records:
            skips.read(record.source)
        if outcome.error is None:
            made = outcome.unwrap()
            for error in errors_of(made):
                skips(error)
            yield made
            continue
        if isinstance(outcome.error, StateError):
            raise outcome.error
        # All records of a failed image are listed, so that samples and skips add up to the records.
        reason = why_unread(outcome.error)
        for record in outcome.item.missing:
            skips(RecordError(str(record.source), reason))
        yield NOTHING


def finish(
    dataset: Any,
    summary: ImportSummary,
    skips: SkipLog,
    decisions: Decisions,
    step: str = "import",
) -> None:
    """Counts the samples of a dataset, and stores the summary of the step that added some.

    Args:
        dataset: a FiftyOne dataset
        summary: gets the counts, notes, decisions and skipped records
        skips: the skipped records
        decisions: the decisions that the step took
        step: ``import`` or ``adopt``
    """
    collection = fo_internals.collection(dataset)
    stored = [d for d in store.info(dataset).get("decisions", ()) if d["step"] == step]
    summary.decisions = decisions.stored(step, stored)
    earlier = Decisions.of_stored(stored).lines()
    summary.notes = [note for note in summary.notes if note not in earlier]
    summary.notes += Decisions.of_stored(summary.decisions).lines()
    summary.skipped, summary.skipped_total = skips.listed, skips.total
    summary.samples = working_set.count(dataset)
    fo_internals.mend_count(dataset, collection.count_documents({}))
    groups = collection.aggregate(
        [
            *working_set.pipeline(dataset),
            {
                "$group": {
                    "_id": {"s": f"${fields.SPLIT}", "i": f"${fields.IMAGE_ID}"},
                    "n": {"$sum": 1},
                }
            },
            {"$group": {"_id": "$_id.s", "images": {"$sum": 1}, "samples": {"$sum": "$n"}}},
        ],
        allowDiskUse=True,
    )
    by_split = {g["_id"]: g for g in groups}
    others = sorted(by_split.keys() - {*SPLITS, None})  # adopted samples can have other splits
    summary.splits = {s: by_split[s]["samples"] for s in (*SPLITS, *others) if s in by_split}
    summary.images = sum(g["images"] for g in by_split.values())
    _show_renditions(dataset)
    app_view.arrange(dataset)
    store.add_decisions(
        dataset,
        summary.decisions,
        complete=True,
        skipped=summary.skipped[:LISTED],
        skipped_total=summary.skipped_total,
        notes=summary.notes,
        **{INSERTION: None},
    )


def _show_renditions(dataset: Any) -> None:
    """Makes the App show renditions instead of original images, if there are any."""
    collection = fo_internals.collection(dataset)
    if collection.find_one({fields.RENDITION: {"$type": "string"}}) is None:
        return
    # Every sample needs a value in the media field; browsers can show the other originals.
    rest = store.stream(dataset, ("filepath",), where={fields.RENDITION: None})
    store.update(dataset, ((doc["_id"], {fields.RENDITION: doc["filepath"]}) for doc in rest))
    config = dataset.app_config
    config.media_fields = list(dict.fromkeys([*config.media_fields, fields.RENDITION]))
    config.grid_media_field = config.modal_media_field = fields.RENDITION
    app_view.save(dataset)
