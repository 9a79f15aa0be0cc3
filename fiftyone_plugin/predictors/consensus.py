"""Consensus of several predictors: a majority mask per pair, and the agreement on it.

If predictors agree with each other and not with the ground truth, the ground truth is likely to be
wrong. After the majority masks are scored, the check ``consensus_conflict`` finds such pairs.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import fiftyone as fo
import numpy as np

from pairlens.fiftyone_plugin.metrics.label_masks import KINDS, LIST_FIELDS, image_size, mask_of
from pairlens.fiftyone_plugin.metrics.overlap import resize
from pairlens.fiftyone_plugin.predictors.mask_fields import MaskField
from pairlens.importers import fields, fo_internals, leases, store, working_set
from pairlens.importers.batches import batched
from pairlens.importers.errors import MaskError, StateError, UsageError
from pairlens.importers.files import safe_name, write_once
from pairlens.importers.masks import Pixels, encode_png
from pairlens.importers.parallel import Progress, map_items, no_progress
from pairlens.importers.stored_values import segmentation

STEP = "consensus"
"""Key in PairLens' info of the source fields of each consensus field."""

CHUNK_PAIRS = 16
"""Pairs per task of a thread."""

_PARTS = ("_cls", "mask", "mask_path", "label", "bounding_box", "points", "filled", "closed")
_TOO_FEW = "fewer than two predictions"


@dataclass
class ConsensusSummary:
    """Summary of a consensus run.

    Attributes:
        field: field of the majority masks
        fields: fields of the predictions
        agreed: number of pairs with a new majority mask
        agreement: mean of their agreements in [0, 1], or ``None`` if there is none
        failed: number of pairs with a mask that cannot be read; ``failures`` names them
        skipped: number of pairs that had a consensus already, or fewer than two predictions;
            ``skips`` counts them by reason
    """

    dataset: str
    field: str
    fields: list[str]
    agreed: int = 0
    agreement: float | None = None
    failed: int = 0
    skipped: int = 0
    skips: dict[str, int] = dataclasses.field(default_factory=dict)
    failures: list[dict[str, str]] = dataclasses.field(default_factory=list)
    seconds: float = 0.0

    def skip(self, reason: str, pairs: int = 1) -> None:
        """Counts skipped pairs."""
        if pairs:
            self.skipped += pairs
            self.skips[reason] = self.skips.get(reason, 0) + pairs


class PairConsensus(NamedTuple):
    """Consensus on one pair.

    Attributes:
        mask: (height, width) uint8, 1 where more than half of the predictions are 1
        agreement: mean IoU of all pairs of predictions, in [0, 1]; 1 for two empty ones
    """

    mask: Pixels
    agreement: float


def agree(masks: Sequence[Pixels]) -> PairConsensus:
    """Combines predictions to a majority mask.

    A pixel that is 1 in exactly half of the masks becomes background: two masks give their
    intersection.

    Args:
        masks: two or more (height, width) uint8 masks of 0 and 1, of equal shape
    """
    ious = []
    for one, other in combinations(masks, 2):
        union = cv2.countNonZero(cv2.bitwise_or(one, other))
        intersection = cv2.countNonZero(cv2.bitwise_and(one, other))
        ious.append(intersection / union if union else 1.0)
    votes = np.sum(masks, axis=0, dtype=np.uint16)
    majority: Pixels = np.greater(2 * votes, len(masks)).astype(np.uint8)
    return PairConsensus(majority, float(np.mean(ious)))


@leases.holding("consensus", "field {field_name}")
def consensus(
    samples: Any,
    *,
    sources: Sequence[str],
    field_name: str,
    resume: bool = False,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> ConsensusSummary:
    """Combines prediction fields into a field of majority masks and one of agreements.

    A pair needs at least two predictions. Masks of other sizes are resized to that of the image.
    ``<field_name>_agreement`` gets the mean IoU of all pairs of predictions, and
    ``<field_name>_area`` the pixels of the majority mask.

    Args:
        samples: a dataset or view that PairLens imported
        sources: two or more fields of predicted masks
        field_name: the field for the majority masks
        resume: continue a field that exists
        overwrite: replace the field and its masks, once there is a new mask
        progress: called with pairs done and pairs in all

    Raises:
        UsageError: for fewer than two fields, or fields that are not predictions
        StateError: if a field has no masks, or the consensus field exists and neither
            resume nor overwrite is set, or it was made of other fields
    """
    started = time.perf_counter()
    dataset = fo_internals.dataset_of(samples)
    _check_sources(dataset, sources, field_name)
    companions = {
        fields.agreement_field(field_name): fo.FloatField,
        fields.agreed_area_field(field_name): fo.IntField,
    }
    field = MaskField(dataset, field_name, STEP, list(sources), companions)
    field.check("a consensus", resume, overwrite)
    if field.resumes_another(resume):
        raise StateError(
            f"field {field_name!r} was made of {', '.join(field.made_with)}; resume with the same "
            "fields, or choose another name"
        )
    field.delete_left()
    anew = overwrite and field.exists
    if not anew:
        field.open(overwrite=False)
    summary = ConsensusSummary(dataset.name, field_name, list(sources))
    if resume:
        field.clear_lost()
    total = working_set.count(samples)
    pending = {} if anew else {f"{field_name}.mask_path": None}
    docs = store.stream(samples, _projection(sources), where=pending, as_seen=sources)
    agreements: list[float] = []

    def changes(folder: Path) -> Iterator[tuple[Any, dict[str, Any]]]:
        combined = _combined(docs, sources, field, folder, summary)
        for done, (sample_id, values) in enumerate(combined):
            if done == 0 and anew:
                field.open(overwrite=True)
            if done % store.BATCH == 0:
                progress(done, total)
            agreements.append(values[fields.agreement_field(field_name)])
            yield sample_id, values

    with field.writing_folder(anew) as folder:
        for batch in batched(changes(folder), store.BATCH):
            summary.agreed += field.store_values(batch)
    progress(total, total)
    summary.skip("combined already", total - summary.agreed - summary.failed - summary.skipped)
    summary.agreement = float(np.mean(agreements)) if agreements else None
    summary.seconds = round(time.perf_counter() - started, 3)
    return summary


def _check_sources(dataset: Any, sources: Sequence[str], name: str) -> None:
    if len(set(sources)) < 2 or len(set(sources)) < len(sources):
        raise UsageError("a consensus needs two prediction fields or more, each named once")
    for source in sources:
        if source in (fields.SEGMENTATION, name):
            role = "the ground truth" if source == fields.SEGMENTATION else "the consensus itself"
            raise UsageError(f"field {source!r} is {role} and no prediction")
        kind = getattr(dataset.get_field(source), "document_type", None)
        if getattr(kind, "__name__", "") not in KINDS:
            raise StateError(f"dataset {dataset.name!r} has no field {source!r} of masks")


def _projection(sources: Sequence[str]) -> tuple[str, ...]:
    parts = (*_PARTS, *LIST_FIELDS.values())
    labels = (f"{source}.{part}" for source in sources for part in parts)
    return (fields.KEY, "metadata.width", "metadata.height", *labels)


Combined = tuple[Any, str, dict[str, Any] | MaskError | None]
"""A sample's id, its key, and its new values, or the error, or ``None`` for too few predictions."""


def _combined(
    docs: Iterator[Mapping[str, Any]],
    sources: Sequence[str],
    field: MaskField,
    folder: Path,
    summary: ConsensusSummary,
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Writes majority masks; yields the id and the new values of each pair with a consensus."""

    def work(chunk: list[Mapping[str, Any]]) -> list[Combined]:
        return [
            (doc["_id"], doc[fields.KEY], _values(doc, sources, field, folder)) for doc in chunk
        ]

    for outcome in map_items(work, batched(docs, CHUNK_PAIRS)):
        for sample_id, key, values in outcome.unwrap():
            if values is None:
                summary.skip(_TOO_FEW)
            elif isinstance(values, MaskError):
                summary.failed += 1
                summary.failures.append({"key": key, "reason": str(values)})
            else:
                yield sample_id, values


def _values(
    doc: Mapping[str, Any], sources: Sequence[str], field: MaskField, folder: Path
) -> dict[str, Any] | MaskError | None:
    try:
        masks = _masks(doc, sources)
    except MaskError as error:
        return error
    if len(masks) < 2:
        return None
    agreed = agree(masks)
    path = folder / f"{safe_name(doc[fields.KEY])}.png"
    try:
        path = write_once(path, encode_png(agreed.mask))
    except OSError as error:
        raise StateError(f"masks cannot be written to {folder} ({error.strerror})") from error
    return {
        field.name: segmentation(str(path)),
        fields.agreement_field(field.name): round(agreed.agreement, 6),
        fields.agreed_area_field(field.name): cv2.countNonZero(agreed.mask),
    }


def _masks(doc: Mapping[str, Any], sources: Sequence[str]) -> list[Pixels]:
    """The predictions of a pair, resized to one size, with *ignore* as background."""
    size = image_size(doc.get("metadata"))
    masks: list[Pixels] = []
    for source in sources:
        if label := doc.get(source):
            try:
                mask = (mask_of(label, size) == fields.TARGET).astype(np.uint8)
            except MaskError as error:
                raise MaskError(f"{source}: {error}") from error
            size = size or (mask.shape[0], mask.shape[1])
            masks.append(mask if mask.shape == size else resize(mask, size))
    return masks
