"""Rows of stored values for the checks, their columns and their batches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pairlens.fiftyone_plugin.checks.base import EMBEDDINGS, PREDICTIONS, Agreement, Check, Sample
from pairlens.fiftyone_plugin.checks.judgements import judgements_from
from pairlens.importers import fields
from pairlens.importers.image_stats import ImageStats, TargetColors
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.records import Caption, Source, Turn
from pairlens.importers.source_boxes import SourceBox

Row = list[Any]
"""The values of a sample, as the database sends them, in the order of :class:`Columns`."""

BATCH = 1000
"""Samples of a batch; all samples of an image are in one batch."""

MAX_IMAGE = 2500
"""Samples of one image that are compared with each other: a batch of them is in memory several
times, on its way to the workers and back. No image of a release has as many. Where one has more,
those of each such piece are compared."""

FIXED = (
    fields.KEY, fields.IMAGE_ID, fields.SPLIT, fields.PHRASE, fields.NO_TARGET,
    fields.IMAGE_MISSING, "metadata.width", "metadata.height", fields.IMAGE_DIGEST,
)  # fmt: skip
"""The columns that every batch has: short, and wanted by most checks."""

EMBEDDING_PARAMS = ("image_field", "text_field")
"""Parameters that name the fields of embeddings."""

MASK_DIGEST = f"{fields.MASK_STATS}.digest"
"""The column that identifies a mask; every batch has it as well."""

_MEASURED: dict[str, type] = {
    fields.MASK_STATS: MaskStats,
    fields.IMAGE_STATS: ImageStats,
    fields.TARGET_COLORS: TargetColors,
}
_UNMEASURED = MaskStats()

_LISTS = (fields.CAPTIONS, fields.CONVERSATIONS, fields.SOURCE_BOXES, fields.JUDGEMENTS)


@dataclass(frozen=True, slots=True)
class _Part:
    """Measurements of one kind in a row, from ``start`` on."""

    kind: type
    names: tuple[str, ...]
    start: int

    def read(self, row: Row) -> Any:
        """The measurements in a row, ``None`` if it has none."""
        values = row[self.start : self.start + len(self.names)]
        known = {
            name: tuple(value) if value.__class__ is list else value
            for name, value in zip(self.names, values, strict=True)
            if value is not None
        }
        return self.kind(**known) if known else None


@dataclass(frozen=True, slots=True)
class Columns:
    """The stored fields to read, and their meaning.

    Attributes:
        paths: paths of the fields, ``a.b`` for embedded ones, in the order of a row
        parts: measurements among them, by field
        ious: prediction fields with the field of their IoU
        vectors: fields of embeddings
        lists: positions in a row of captions, conversations, source boxes and judgements
    """

    paths: tuple[str, ...]
    parts: tuple[tuple[str, _Part], ...]
    ious: tuple[tuple[str, str], ...]
    vectors: tuple[str, ...] = ()
    lists: tuple[int | None, ...] = (None, None, None, None)

    @classmethod
    def of(
        cls,
        checks: Iterable[Check],
        scorings: Mapping[str, str],
        *more: str,
        texts: Collection[str] = (),
    ) -> Columns:
        """The columns that some checks need.

        Args:
            checks: the checks to run
            scorings: the evaluation's key by prediction field
            more: further columns
            texts: fields of captions and conversations to read even if no check needs them
        """
        checks = list(checks)
        needs = {MASK_DIGEST, *(need for one in checks for need in (*one.needs, *one.wants))}
        paths, parts = list(FIXED), []
        for field, kind in _MEASURED.items():
            slots: tuple[str, ...] = tuple(kind.__slots__)
            names = tuple(n for n in slots if field in needs or f"{field}.{n}" in needs)
            if names:
                parts.append((field, _Part(kind, names, len(paths))))
                paths += [f"{field}.{name}" for name in names]
        used = scorings if PREDICTIONS in needs else {}
        for field, key in used.items():
            agreed = (fields.agreement_field(field), fields.agreed_area_field(field))
            scored = (fields.iou_field(key), *agreed, fields.predicted_area_field(key))
            paths += [f"{field}._cls", *scored]
        ious = tuple((field, fields.iou_field(key)) for field, key in used.items())
        named = (one.params for one in checks if EMBEDDINGS in one.needs)
        vectors = tuple(values[name] for values in named for name in EMBEDDING_PARAMS)
        paths += [*(name for name in _LISTS if name in needs or name in texts), *vectors, *more]
        lists = tuple(paths.index(name) if name in paths else None for name in _LISTS)
        return cls(tuple(paths), tuple(parts), ious, vectors, lists)

    def value(self, row: Row, path: str) -> Any:
        """The value of one column."""
        return row[self.paths.index(path)]

    def sample(self, row: Row) -> Sample:
        """The sample of a row."""
        key, image_id, split, phrase, no_target, missing, width, height, digest = row[:9]
        parts = {field: part.read(row) for field, part in self.parts}
        ious, agreements, predicted = self._predictions(row) if self.ious else ({}, {}, {})
        listed = [None if at is None else row[at] for at in self.lists]
        captions, turns, boxes, judgements = listed
        return Sample(
            key,
            image_id,
            split or "",
            phrase or "",
            bool(no_target),
            bool(missing),
            (width, height) if width and height else None,
            digest or "",
            parts.get(fields.MASK_STATS) or _UNMEASURED,
            parts.get(fields.IMAGE_STATS),
            parts.get(fields.TARGET_COLORS),
            ious=ious,
            agreements=agreements,
            predicted=predicted,
            captions=captions_from(captions),
            turns=turns_from(turns),
            vectors=tuple(self.value(row, path) for path in self.vectors),
            source_boxes=source_boxes_from(boxes),
            judgements=judgements_from(judgements),
        )

    def _predictions(
        self, row: Row
    ) -> tuple[dict[str, float], dict[str, Agreement], dict[str, int]]:
        """IoU, agreement and predicted area by prediction field.

        A pair without a prediction has none, although it counts with IoU 0 in summaries.
        """
        ious: dict[str, float] = {}
        agreements: dict[str, Agreement] = {}
        predicted: dict[str, int] = {}
        for field, path in self.ious:
            at = self.paths.index(path)
            there, iou, agreed, area, pixels = row[at - 1 : at + 4]
            if there and iou is not None:
                ious[field] = iou
                if pixels is not None:
                    predicted[field] = pixels
            if agreed is not None and area is not None:
                agreements[field] = Agreement(agreed, area)
        return ious, agreements, predicted

    def row(self, sample: Sample) -> Row:
        """The inverse of :meth:`sample`."""
        width, height = sample.image_size or (None, None)
        row: Row = [
            sample.key, sample.image_id, sample.split, sample.phrase, sample.no_target,
            sample.image_missing, width, height, sample.image_digest,
        ]  # fmt: skip
        measured = (sample.stats, sample.image, sample.colors)
        values_of = dict(zip(_MEASURED, measured, strict=True))
        for field, part in self.parts:
            row += [getattr(values_of[field], name, None) for name in part.names]
        for field, _ in self.ious:
            agreed = sample.agreements.get(field)
            there = field in sample.ious or field in sample.predicted
            row += ["Segmentation" if there else None, sample.ious.get(field)]
            row += [agreed and agreed.iou, agreed and agreed.area, sample.predicted.get(field)]
        listed = {
            fields.CAPTIONS: sample.captions,
            fields.CONVERSATIONS: sample.turns,
            fields.SOURCE_BOXES: sample.source_boxes,
            fields.JUDGEMENTS: sample.judgements,
        }
        row += [listed[path] for path in self.paths[len(row) :] if path in listed]
        vectors = [*sample.vectors, *[None] * len(self.vectors)]
        return row + vectors[: len(self.vectors)]


def captions_from(value: Any) -> tuple[Caption, ...]:
    """The captions of a sample, from stored documents or from objects."""
    return value if isinstance(value, tuple) else tuple([_caption(one) for one in _objects(value)])


def turns_from(value: Any) -> tuple[Turn, ...]:
    """The turns of a sample, from stored documents or from objects."""
    return value if isinstance(value, tuple) else tuple([_turn(one) for one in _objects(value)])


def source_boxes_from(value: Any) -> tuple[SourceBox, ...]:
    """The source boxes of a sample, without those that lack a class or four numbers."""
    if isinstance(value, tuple) or not value:
        return value or ()
    listed = value.get("detections") if isinstance(value, dict) else None
    boxes = ((one.get("label"), tuple(one.get("bounding_box") or ())) for one in _objects(listed))
    return tuple(SourceBox(label, box) for label, box in boxes if label and len(box) == 4)


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value or () if isinstance(each, dict)]


def _caption(doc: dict[str, Any]) -> Caption:
    return Caption(doc.get("text") or "", doc.get("task"), doc.get("annotator"))


def _turn(doc: dict[str, Any]) -> Turn:
    return Turn(
        question=doc.get("question") or "",
        answers=tuple(answer or "" for answer in doc.get("answers") or ()),
        category=doc.get("category") or "",
        source=Source(doc.get("file") or "", doc.get("index") or 0),
        position=doc.get("turn") or 0,
    )


def image_of(row: Sequence[Any]) -> str | tuple[str, str]:
    """An id of the image of a sample.

    It is the content's digest, or the name of a missing image. RefSegRS has a copy of the image
    for each pair, so names do not identify images.
    """
    return row[8] or (row[2], row[1])


def in_batches(rows: Iterable[Row], notes: list[str] | None = None) -> Iterator[list[Row]]:
    """Yields rows in batches, those of one image together.

    Args:
        rows: the rows, with those of one image in succession
        notes: receives a note on images with more samples than are compared with each other
    """
    batch: list[Row] = []
    start = 0  # of the image that the last row shows
    in_pieces: dict[str | tuple[str, str], str] = {}
    last = None
    for row in rows:
        image = image_of(row)
        if image != last:
            start, last = len(batch), image
        in_piece = len(batch) - start >= MAX_IMAGE
        if in_piece:
            in_pieces[image] = row[1]
        if start >= BATCH or in_piece:
            yield batch
            batch, start = [], 0
        batch.append(row)
    if batch:
        yield batch
    if in_pieces and notes is not None:
        notes.append(_note_of_pieces(list(in_pieces.values())))


def _note_of_pieces(images: Sequence[str]) -> str:
    subject = f"image {images[0]} has" if len(images) == 1 else f"{len(images):,} images have"
    more = "" if len(images) == 1 else f" such as {images[0]},"
    return (
        f"{subject} more than {MAX_IMAGE:,} samples,{more} and each {MAX_IMAGE:,} are compared by "
        "themselves"
    )
