"""Stored samples as the checks see them: which fields of each they need, and what these mean.

The database sends rows of values instead of documents, which halves the time to read them:
most of it goes into the names of the fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fiftyone_plugin.checks.base import EMBEDDINGS, PREDICTIONS, Agreement, Check, Subject
from fiftyone_plugin.checks.texts import captions_from, turns_from
from importers import fields
from importers.image_stats import ImageStats, TargetColors
from importers.mask_stats import MaskStats

Row = list[Any]

LABELS = f"{fields.FINDINGS}.classifications"
"""As a column: what :data:`SAID` names of each label, in a list for each."""

FIXED = (
    fields.KEY, fields.IMAGE_ID, "tags", fields.PHRASE, fields.NO_TARGET, fields.IMAGE_MISSING,
    "metadata.width", "metadata.height", fields.IMAGE_DIGEST,
)  # fmt: skip
"""What is short and tells of every pair."""

SAID = ("label", "severity", "score", "note")
"""What a finding's label holds, besides what FiftyOne puts there."""

_NOT_AS_STORED: dict[str, Any] = {
    "tags": {"$arrayElemAt": ["$tags", 0]},
    LABELS: {"$map": {"input": f"${LABELS}", "in": [f"$$this.{name}" for name in SAID]}},
}
"""Columns that the database makes of what is stored."""

EARLIER = ("_id", fields.QUALITY, LABELS)
"""Columns that tell a sample and what was found about it before."""

_MEASURED: dict[str, type] = {
    fields.MASK_STATS: MaskStats,
    fields.IMAGE_STATS: ImageStats,
    fields.TARGET_COLORS: TargetColors,
}


_TEXTS = (fields.CAPTIONS, fields.CONVERSATIONS)

EMBEDDING_PARAMS = ("image_field", "text_field")
"""Parameters that name the fields of embeddings."""


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
        captions, turns: where those stand in a row; -1 where they are not read
        vectors: where embeddings do
    """

    paths: tuple[str, ...]
    parts: tuple[tuple[str, _Part], ...]
    ious: tuple[tuple[str, str], ...]
    captions: int = -1
    turns: int = -1
    vectors: tuple[int, ...] = ()

    @classmethod
    def of(cls, checks: Iterable[Check], ious: Mapping[str, str], *more: str) -> Columns:
        """The columns that some checks need, and further ones that are asked for."""
        checks = list(checks)
        needs = {need for one in checks for need in one.needs}
        paths, parts = list(FIXED), []
        for field, kind in _MEASURED.items():
            slots: tuple[str, ...] = tuple(kind.__slots__)
            names = tuple(n for n in slots if field in needs or f"{field}.{n}" in needs)
            if names:
                parts.append((field, _Part(kind, names, len(paths))))
                paths += [f"{field}.{name}" for name in names]
        used = tuple(ious.items()) if PREDICTIONS in needs else ()
        for field, iou in used:
            agreed = (fields.agreement_field(field), fields.agreed_area_field(field))
            predicted = fields.predicted_area_field(iou.removesuffix(fields.iou_field("")))
            paths += [f"{field}._cls", iou, *agreed, predicted]
        texts = [name for name in _TEXTS if name in needs]
        named = (one.params for one in checks if EMBEDDINGS in one.needs)
        embedded = [values[name] for values in named for name in EMBEDDING_PARAMS]
        paths += [*texts, *embedded, *more]
        captions, turns = (paths.index(name) if name in texts else -1 for name in _TEXTS)
        vectors = tuple(paths.index(name) for name in embedded)
        return cls(tuple(paths), tuple(parts), used, captions, turns, vectors)

    def stage(self) -> dict[str, Any]:
        """The stage of a pipeline that makes rows of documents."""
        # A field that is not there becomes a null in its place.
        row = [_NOT_AS_STORED.get(path, f"${path}") for path in self.paths]
        return {"$project": {"_id": 0, "row": row}}

    def value(self, row: Row, path: str) -> Any:
        """One of the further columns."""
        return row[self.paths.index(path)]

    def subject(self, row: Row, *, measured: bool = True) -> Subject:
        """A row as the checks see it, for those that go by no measurements without them."""
        key, image_id, split, phrase, no_target, missing, width, height, digest = row[:9]
        parts = {field: part.read(row) for field, part in self.parts} if measured else {}
        ious, agreements, predicted = self._predictions(row) if self.ious else ({}, {}, {})
        return Subject(
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
            captions=captions_from(row, self.captions),
            turns=turns_from(row, self.turns),
            vectors=tuple(row[at] for at in self.vectors),
        )

    def _predictions(
        self, row: Row
    ) -> tuple[dict[str, float], dict[str, Agreement], dict[str, int]]:
        """What was scored.

        A pair without a prediction has an IoU of 0 for the summary, but says nothing here.
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


def image_of(row: Sequence[Any]) -> str | tuple[str, str]:
    """What tells the image that a sample shows from others.

    By content where the image is there, else by name: RefSegRS gives each pair an image copy
    of its own, so names alone do not tell.
    """
    return row[8] or (row[2], row[1])
