"""Stored samples as the checks see them, read with no more of each than the checks need.

The database sends rows of values instead of documents, which halves the time to read them:
most of it goes into the names of the fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, NamedTuple

from bson import ObjectId

from fiftyone_plugin.checks.base import PREDICTIONS, Agreement, Check, Subject
from importers import fields
from importers.image_stats import ImageStats, TargetColors
from importers.mask_stats import MaskStats

Row = list[Any]

_LABELS = f"{fields.FINDINGS}.classifications"
_DIGEST = f"{fields.SOURCE}.image_digest"
_FIXED = (
    fields.KEY, fields.IMAGE_ID, "tags", fields.PHRASE, fields.NO_TARGET, fields.IMAGE_MISSING,
    "metadata.width", "metadata.height", _DIGEST,
)  # fmt: skip
"""What is short and tells of every pair."""

SAID = ("label", "severity", "score", "note")
"""What a finding's label holds, besides what FiftyOne puts there."""

_MEASURED: dict[str, type] = {
    fields.MASK_STATS: MaskStats,
    fields.IMAGE_STATS: ImageStats,
    fields.TARGET_COLORS: TargetColors,
}


class Stored(NamedTuple):
    """A sample with what was found about it before.

    Attributes:
        id: of the sample
        row: as the columns say
        quality: as stored, ``None`` if it was never checked
        labels: its findings as stored
    """

    id: ObjectId
    row: Row
    quality: float | None
    labels: list[dict[str, Any]]

    @property
    def key(self) -> str:
        """The pair's key."""
        return self.row[0]

    @property
    def phrase(self) -> str:
        """Its query."""
        return self.row[3] or ""


@dataclass(frozen=True, slots=True)
class _Part:
    """Measurements of one kind in a row, from ``start`` on."""

    kind: type
    names: tuple[str, ...]
    start: int

    def read(self, row: Row) -> Any:
        """The measurements that are there, ``None`` for none at all."""
        values = row[self.start : self.start + len(self.names)]
        values = [tuple(v) if v.__class__ is list else v for v in values]
        if None in values:
            known = {n: v for n, v in zip(self.names, values, strict=True) if v is not None}
            return self.kind(**known) if known else None
        return self.kind(**dict(zip(self.names, values, strict=True)))


_UNMEASURED = MaskStats()


@dataclass(frozen=True, slots=True)
class Columns:
    """Which fields are read, and what their values mean.

    Attributes:
        paths: of the fields, ``a.b`` for embedded ones, in the order of a row
        parts: measurements among them
        ious: the field of the IoU by prediction field
    """

    paths: tuple[str, ...]
    parts: tuple[tuple[str, _Part], ...]
    ious: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, checks: Iterable[Check], ious: Mapping[str, str], *more: str) -> Columns:
        """The columns that some checks need, and further ones that are asked for."""
        needs = {need for one in checks for need in one.needs}
        paths, parts = list(_FIXED), []
        for field, kind in _MEASURED.items():
            slots: tuple[str, ...] = tuple(kind.__slots__)
            names = tuple(n for n in slots if field in needs or f"{field}.{n}" in needs)
            if names:
                parts.append((field, _Part(kind, names, len(paths))))
                paths += [f"{field}.{name}" for name in names]
        used = tuple(ious.items()) if PREDICTIONS in needs else ()
        for field, iou in used:
            agreed = (fields.agreement_field(field), fields.agreed_area_field(field))
            paths += [f"{field}._cls", iou, *agreed]
        return cls((*paths, *more), tuple(parts), used)

    def stage(self) -> dict[str, Any]:
        """The stage of a pipeline that makes rows of documents."""
        row: list[Any] = [f"${path}" for path in self.paths]
        row[2] = {"$arrayElemAt": ["$tags", 0]}
        # A field that is not there becomes a null in its place.
        return {"$project": {"row": row}}

    def value(self, row: Row, path: str) -> Any:
        """One of the further columns."""
        return row[self.paths.index(path)]

    def subject(self, row: Row) -> Subject:
        """A row as the checks see it."""
        key, image_id, split, phrase, no_target, missing, width, height, digest = row[:9]
        measured = {field: part.read(row) for field, part in self.parts}
        ious, agreements = self._predictions(row) if self.ious else ({}, {})
        return Subject(
            key,
            image_id,
            split or "",
            phrase or "",
            bool(no_target),
            bool(missing),
            (width, height) if width and height else None,
            digest or "",
            measured.get(fields.MASK_STATS) or _UNMEASURED,
            measured.get(fields.IMAGE_STATS),
            measured.get(fields.TARGET_COLORS),
            ious=ious,
            agreements=agreements,
        )

    def _predictions(self, row: Row) -> tuple[dict[str, float], dict[str, Agreement]]:
        """What was scored.

        A pair without a prediction has an IoU of 0 for the summary, but says nothing here.
        """
        ious: dict[str, float] = {}
        agreements: dict[str, Agreement] = {}
        for field, path in self.ious:
            at = self.paths.index(path)
            there, iou, agreed, area = row[at - 1 : at + 3]
            if there and iou is not None:
                ious[field] = iou
            if agreed is not None and area is not None:
                agreements[field] = Agreement(agreed, area)
        return ious, agreements


def rows(samples: Any, columns: Columns) -> Iterator[Row]:
    """The samples of a dataset or view, in any order."""
    pipeline = [*samples._pipeline(), columns.stage()]
    for doc in samples._dataset._sample_collection.aggregate(pipeline, allowDiskUse=True):
        yield doc["row"]


def images(samples: Any, columns: Columns) -> Iterator[list[Stored]]:
    """The samples image by image, with their findings.

    By content where the image is there, else by name: RefSegRS gives each pair an image copy
    of its own, so names alone do not tell.
    """
    labels = dict.fromkeys((f"{_LABELS}.{name}" for name in SAID), 1)
    order = {"d": f"${_DIGEST}", "i": f"${fields.IMAGE_ID}"}
    stage = {"$project": {**columns.stage()["$project"], fields.QUALITY: 1, **labels, **order}}
    pipeline = [
        *samples._pipeline(),
        # Made small first, so that the database sorts small documents.
        stage,
        {"$sort": {"d": 1, "i": 1, "_id": 1}},
        {"$unset": list(order)},
    ]
    docs = samples._dataset._sample_collection.aggregate(pipeline, allowDiskUse=True)
    for _, group in groupby(map(_stored, docs), key=lambda one: image_of(one.row)):
        yield list(group)


def _stored(doc: Mapping[str, Any]) -> Stored:
    labels = (doc.get(fields.FINDINGS) or {}).get("classifications") or []
    return Stored(doc["_id"], doc["row"], doc.get(fields.QUALITY), labels)


def image_of(row: Sequence[Any]) -> str | tuple[str, str]:
    """What tells the image that a sample shows from others."""
    return row[8] or (row[2], row[1])
