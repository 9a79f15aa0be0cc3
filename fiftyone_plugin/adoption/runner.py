"""Makes pairs of the samples of a FiftyOne dataset, in place or in a copy.

A pair is one sample. A sample becomes the pair of its first query; for further queries, samples of
the same image with the same other fields are added. Existing fields are not changed; masks are
drawn into files of PairLens, in the field ``segmentation``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from bson import ObjectId

from pairlens.fiftyone_plugin.adoption.checking import (
    FACT,
    are_boxes,
    check_dataset,
    check_fields,
    settled,
)
from pairlens.fiftyone_plugin.adoption.labels import (
    NOTHING,
    InstanceChoice,
    Places,
    QueryLabel,
    box_target,
    draw,
    pairs_of,
    places_of,
    reasons_without_pair,
)
from pairlens.fiftyone_plugin.adoption.naming import Names, split_decisions, splits_in
from pairlens.fiftyone_plugin.adoption.samples import another, values_of
from pairlens.fiftyone_plugin.metrics.label_masks import Label, ValueReading
from pairlens.importers import fields, fo_internals, leases, schema, store, working_set
from pairlens.importers.batches import batched
from pairlens.importers.decisions import Decision, Decisions
from pairlens.importers.digests import target_digest
from pairlens.importers.errors import MaskError, RecordError, StateError, UsageError
from pairlens.importers.ingest import SKIPPED, finish
from pairlens.importers.mask_frame import in_upright_frame
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.mask_values import MaskValues, parse_mask_values
from pairlens.importers.masks import Mask
from pairlens.importers.media_folders import Given, check_media_dir, claim, media_dir
from pairlens.importers.media_store import exchange
from pairlens.importers.options import ImportSummary
from pairlens.importers.parallel import Outcome, Progress, map_items, no_progress
from pairlens.importers.prepare import (
    MediaPlace,
    PreparedImage,
    PreparedPair,
    prepare_image,
    store_mask,
)
from pairlens.importers.records import (
    NoTarget,
    Pair,
    Raster,
    Source,
    Target,
    make_key,
    phrase_fault,
)
from pairlens.importers.skip_log import SkipLog
from pairlens.importers.stored_values import Document

_BATCH = 200
_UNMARKED = {fields.KEY: {"$not": {"$type": "string"}}}
_FROM = f"{fields.SOURCE}.{fields.ADOPTED_FROM}"
_EACH = "each query of a sample is about the instance of its number"
_ALL = "each query of a sample is about all of its instances"


@leases.holding("adopt")
def adopt(
    samples: Any,
    *,
    phrase: str,
    mask: str,
    name: str | None = None,
    split: str | None = None,
    instances: InstanceChoice = "auto",
    mask_values: str = "auto",
    given_media_dir: Given = None,
    progress: Progress = no_progress,
) -> ImportSummary:
    """Makes pairs of samples; repeated with the same options, it adds the pairs of new samples.

    Args:
        samples: a dataset or view that PairLens did not import
        phrase: field of the queries: texts, lists of them, classifications, or an attribute of
            the instances of ``mask``, such as ``gt.text``
        mask: field of ``Segmentation``, ``Detections`` or ``Polylines``
        name: name of a copy to adopt instead of the dataset itself
        split: field of the sample's split; ``split`` or the tags by default
        instances: whether a query is about the instance of its number, or about all instances
        mask_values: which values of masks are the target, as
            :func:`pairlens.importers.mask_values.parse_mask_values` takes it
        given_media_dir: a folder or the address of an object store for masks; by default a folder
            with the dataset's name
        progress: called with samples done and samples in all

    Raises:
        UsageError: for fields that do not exist or have another type
        StateError: if PairLens imported the dataset, it holds no images, one of its fields has the
            name of one of PairLens' fields, or it has no pair
    """
    started = time.perf_counter()
    places = places_of(phrase, mask)
    options = {"phrase": phrase, "mask": mask, "split": split, "instances": instances,
               "mask_values": mask_values}  # fmt: skip
    options = {key: value for key, value in options.items() if value not in (None, "auto")}
    dataset = fo_internals.dataset_of(samples)
    setting = _setting(mask_values)
    check_dataset(samples, options if name is None else {})
    if split is not None and not dataset.has_field(split):
        raise UsageError(f"--split {split}: dataset {dataset.name!r} has no such field")
    check_fields(dataset, phrase, places, split)
    places = settled(dataset, places, instances)
    _check_some(dataset, phrase, places)
    names = Names(samples.values("filepath"))
    check_media_dir(given_media_dir, Path(names.root))
    if name is not None:
        samples = _copy(samples, name)
    made = _Adoption(samples, names, places, split, setting)
    made.open(options, given_media_dir)
    summary = made.run(progress)
    exchange(fo_internals.dataset_of(samples))
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def _setting(given: str) -> MaskValues | None:
    try:
        return parse_mask_values(given)
    except ValueError as error:
        raise UsageError(f"mask_values: {error}") from error


def _check_some(dataset: Any, phrase: str, places: Places) -> None:
    every = fo_internals.collection(dataset).find({})
    if not any(pairs_of(document, places) for document in every):
        raise StateError(
            f"no sample of {dataset.name!r} has both a query in {phrase!r} and a mask in "
            f"{places.mask!r}: nothing was adopted"
        )


def _copy(samples: Any, name: str) -> Any:
    """A copy of the samples with all fields.

    Raises:
        UsageError, StateError: if the name is invalid or taken
    """
    import fiftyone as fo

    store.check_name(name)
    if fo.dataset_exists(name):
        raise StateError(f"dataset {name!r} exists; choose another name, or adopt that one")
    return samples.clone(name, persistent=True)


@dataclass(frozen=True)
class _ForeignSample:
    """A sample that is to become pairs.

    Attributes:
        document: the stored document
        split, image_id: split and image id of its pairs
        file: path of the image in the common folder
        numbers: numbers of its pairs among those of the image
        found: query and label of each pair
        boxes: whether their targets are boxes
    """

    document: Document
    split: str
    image_id: str
    file: str
    numbers: range
    found: list[QueryLabel]
    boxes: bool

    def record(self, index: int) -> Pair:
        """A pair, without its mask."""
        path = Path(self.document["filepath"])
        split, number = self.split.replace("/", "_"), self.numbers[index]
        target: Target = Raster(path)
        if self.boxes:
            target = box_target(self.found[index].label)
        if self.document.get(fields.NO_TARGET) is True:
            target = NoTarget()
        return Pair(
            key=make_key(fields.ADOPTED, split, self.image_id, number),
            image_id=self.image_id,
            split=self.split,
            phrase=self.found[index].phrase,
            image=path,
            image_name=path.name,
            target=target,
            source=Source(self.file, number),
        )


@dataclass
class _Prepared:
    """The prepared pairs of a sample."""

    pairs: list[PreparedPair] = field(default_factory=list)
    faults: list[RecordError] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)


def _prepare(sample: _ForeignSample, place: MediaPlace, setting: MaskValues | None) -> _Prepared:
    """Draws and writes the masks of a sample's pairs, in a worker.

    Raises:
        RecordError: if the image cannot be read
    """
    made = _Prepared()
    image = prepare_image(sample.record(0), place)
    values = ValueReading("mask_values", setting, made.decisions.append)
    for index, found in enumerate(sample.found):
        record = sample.record(index)
        if fault := phrase_fault(found.phrase):
            made.faults.append(RecordError(str(record.source), fault))
        else:
            made.pairs.append(_prepare_pair(record, found.label, image, place, values))
    made.decisions += image.decisions
    for decision in made.decisions:
        decision.example = decision.example or sample.file
        if not decision.override.startswith("--"):
            decision.override = ""  # a parameter of imports, which adopting does not take
    return made


def _prepare_pair(
    record: Pair, label: Label, image: PreparedImage, place: MediaPlace, values: ValueReading
) -> PreparedPair:
    size = image.facts.height, image.facts.width
    try:
        if label is NOTHING:
            pixels = np.zeros(size, np.uint8)
        else:
            pixels, turned = in_upright_frame(draw(label, size, values), image.facts, "auto")
            for decision in turned:
                values.on_note(decision)
    except MaskError as error:
        return PreparedPair(record, image, None, MaskStats(error=str(error)))
    path, stats = store_mask(record.key, Mask(pixels), place)
    digest = target_digest(NoTarget() if record.no_target else Raster(path))
    return PreparedPair(record, image, path, stats, digest)


class _Adoption:
    """Adopts the samples of one dataset or view.

    Args:
        samples: the samples to adopt
        names: ids of their images
        places: fields of queries and masks
        split: field of the split
        setting: which values of masks are the target
    """

    def __init__(
        self,
        samples: Any,
        names: Names,
        places: Places,
        split: str | None,
        setting: MaskValues | None,
    ) -> None:
        self._samples = samples
        self._dataset = fo_internals.dataset_of(samples)
        self._names = names
        self._places = places
        self._split = split
        self._setting = setting
        self._boxes = are_boxes(self._dataset, places)
        self._decisions = Decisions()

    def open(self, options: dict[str, Any], given_media_dir: Given) -> None:
        """Marks the dataset as adopted, and declares the fields."""
        dataset = self._dataset
        if not dataset.persistent:
            dataset.persistent = True
            self._decisions("the dataset is persistent now, so that verdicts outlast the session")
        if working_set.is_imported(dataset):
            self._clear_left()
        else:
            claim(dataset, given_media_dir)
            dataset.mask_targets = dataset.mask_targets | {
                fields.SEGMENTATION: dict(fields.MASK_TARGETS)
            }
        schema.declare(dataset, "pairs", boxes=self._boxes)
        facts = {"format": fields.ADOPTED, "kind": "pairs", FACT: options}
        store.update_info(dataset, **facts, complete=False)

    def _clear_left(self) -> None:
        """Deletes samples that a killed run added for a sample that it did not mark."""
        collection = fo_internals.collection(self._dataset)
        unmarked = {str(doc["_id"]) for doc in collection.find(_UNMARKED, {"_id": 1})}
        added = collection.find({_FROM: {"$type": "string"}}, {_FROM: 1})
        left = [
            str(doc["_id"]) for doc in added if doc[fields.SOURCE][fields.ADOPTED_FROM] in unmarked
        ]
        if left:
            self._dataset.delete_samples(left)

    def run(self, progress: Progress) -> ImportSummary:
        """Adopts the samples that are not adopted yet."""
        dataset = self._dataset
        place = MediaPlace(media_dir(dataset), placeholders=False)
        summary = ImportSummary(dataset.name, fields.ADOPTED, kind="pairs")
        skips = SkipLog(place.media_dir / SKIPPED, strict=False)
        total = fo_internals.collection(dataset).count_documents({})
        try:
            work = partial(_prepare, place=place, setting=self._setting)
            done = 0
            for batch in batched(map_items(work, self._pending(skips)), _BATCH):
                summary.added += self._write(batch, skips)
                done += len(batch)
                progress(done, max(done, total))
        finally:
            skips.close()
        self._tell_each()
        for note in schema.index(dataset, "pairs"):
            self._decisions(note)
        finish(dataset, summary, skips, self._decisions, step="adopt")
        dataset.reload()
        return summary

    def _tell_each(self) -> None:
        if not self._places.within and self._places.several:
            rule, other = (_EACH, "all") if self._places.each else (_ALL, "each")
            self._decisions(Decision(rule, "instances", override=f"--instances {other}"))

    def _pending(self, skips: SkipLog) -> Iterator[_ForeignSample]:
        """Yields the samples that are not adopted yet, with their pairs."""
        chosen = set(self._samples.values("_id")) if fo_internals.is_view(self._samples) else None
        collection = fo_internals.collection(self._dataset)
        for document in collection.find({}).sort("_id", 1):
            origin = (document.get(fields.SOURCE) or {}).get(fields.ADOPTED_FROM)
            if origin and origin != str(document["_id"]):
                continue  # it was added for another
            found = pairs_of(document, self._places)
            path = document["filepath"]
            splits = splits_in(document, self._split)
            split = splits[0] if splits else "train"
            numbers = self._names.numbers(path, split, len(found))
            if document.get(fields.KEY) or (chosen is not None and document["_id"] not in chosen):
                continue
            file = self._names.relative(path)
            for reason in reasons_without_pair(document, self._places):
                skips(RecordError(file, reason))
            if found:
                for decision in split_decisions(document, splits, file):
                    self._decisions(decision)
                image_id = self._names.image_id(path)
                yield _ForeignSample(document, split, image_id, file, numbers, found, self._boxes)

    def _write(self, batch: list[Outcome[_ForeignSample, _Prepared]], skips: SkipLog) -> int:
        """Stores prepared pairs; returns their number."""
        now, dataset_id = datetime.now(UTC), fo_internals.dataset_id(self._dataset)
        added: list[Document] = []
        changes: list[tuple[ObjectId, dict[str, Any]]] = []
        for outcome in batch:
            if isinstance(outcome.error, RecordError):
                skips(RecordError(outcome.item.file, outcome.error.reason))
                continue
            made, origin = outcome.unwrap(), outcome.item.document
            for decision in made.decisions:
                self._decisions(decision)
            for fault in made.faults:
                skips(fault)
            values = [values_of(pair, origin, dataset_id, now) for pair in made.pairs]
            changes += [(origin["_id"], one) for one in values[:1]]
            added += [another(origin, now) | one for one in values[1:]]
        # Until the sample is marked, samples added for it count as left by a killed run.
        refused: list[str] = []
        store.insert(self._dataset, added, lambda doc, why: refused.append(doc[fields.KEY]))
        store.update(self._dataset, changes)
        fo_internals.reload_samples(self._dataset, (each for each, _ in changes))
        for key in refused:
            skips(RecordError(key, "the database cannot store it"))
        if changes:
            store.update_info(
                self._dataset, **{fields.CHECKS_RUN: {}}
            )  # the new pairs are unchecked
        return len(changes) + len(added) - len(refused)
