"""Declares the sample fields of each kind of record on a FiftyOne dataset, in a single write.

``Dataset.add_sample_field`` saves and reloads the dataset at every call, which for forty fields
takes longer than importing a few hundred pairs.
"""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

import fiftyone as fo
from pymongo import IndexModel

from pairlens.importers import fields, fo_internals, indexes, leases
from pairlens.importers.fo_internals import new_field
from pairlens.importers.image_stats import ImageStats, TargetColors
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.records import Kind

_TYPES: dict[type, type] = {
    int: fo.IntField,
    float: fo.FloatField,
    str: fo.StringField,
    bool: fo.BooleanField,
}
_LIST_ITEMS: dict[str, type] = {
    "box": int,
    "centroid": float,
    "x_quantiles": float,
    "y_quantiles": float,
    "values": int,
    "polygon_faults": str,
    "target": float,
    "ring": float,
    "shares": float,
    "answers": str,
}
_SOURCE = {
    "file": "", "index": 0, "image_name": "", fields.DIGEST: "", "content_digest": "",
    fields.TEXT_DIGEST: "", fields.TARGET_DIGEST: "", fields.MASK_DIGEST: "",
    fields.FIXED_DIGEST: "", fields.ADOPTED_FROM: "",
}  # fmt: skip
_PLAIN: dict[str, type] = {
    fields.KEY: str,
    fields.IMAGE_ID: str,
    fields.SPLIT: str,
    fields.RENDITION: str,
    fields.IMAGE_MISSING: bool,
    fields.QUALITY: float,
    fields.WORST_SEVERITY: str,
    fields.VERDICT: str,
    fields.REVIEWER: str,
    fields.REVIEW_NOTE: str,
    fields.ORIGINAL_PHRASE: str,
}
_PAIR: dict[str, type] = {fields.PHRASE: str, fields.NO_TARGET: bool}
_FINDING: dict[str, type] = {"severity": str, "score": float, "note": str, "group": str}
_BOX: dict[str, type] = {"turn": int}
_CAPTION: dict[str, Any] = {"text": "", "task": 0, "annotator": ""}
_TURN: dict[str, Any] = {
    "question": "", "answer": "", "answers": [], "category": "", "turn": 0, "file": "", "index": 0,
    fields.TEXT_DIGEST: "",
}  # fmt: skip


_FIFTYONES = ("filepath", "created_at", "last_modified_at")
"""Fields that FiftyOne indexes when it makes a dataset. A database that was killed right after can
have lost these indexes."""

_BY_CHANGE = [("last_modified_at", 1)]
_BY_QUALITY = [(fields.QUALITY, 1)]


def declare(dataset: Any, kind: Kind = "pairs", *, boxes: bool = False) -> None:
    """Adds the fields of a kind of record; existing fields stay as they are.

    Args:
        dataset: a FiftyOne dataset
        kind: of its records
        boxes: whether the targets of its pairs are boxes
    """
    dataset.media_type = "image"
    # Before the fields are declared: FiftyOne validates all of them whenever it saves.
    if kind == "pairs" and fields.SEGMENTATION not in dataset.mask_targets:
        _name_mask_values(dataset)
    wanted = _schema(kind)
    if boxes and kind == "pairs":
        wanted[fields.TARGET_BOX] = _embedded(fields.TARGET_BOX, fo.Detection)
    _add(dataset, wanted)
    # Fields of earlier versions can lack attributes of labels.
    declare_findings(dataset)
    if kind == "instructions":
        _declare_members(dataset, f"{fields.BOXES}.detections", _BOX)
        _declare_members(dataset, f"{fields.ROTATED_BOXES}.polylines", _BOX)
    index_keys(dataset)


def _name_mask_values(dataset: Any) -> None:
    """Sets the mask targets of the dataset, unless it has some."""
    if dataset.default_mask_targets != fields.MASK_TARGETS:
        dataset.default_mask_targets = dict(fields.MASK_TARGETS)


def index(dataset: Any, kind: Kind = "pairs") -> list[str]:
    """Creates indexes on the fields of an import that people filter by.

    After an import, since each index takes as long as the insert itself.

    Returns:
        notes, as :func:`.indexes.create_optional_indexes`
    """
    wanted: list[indexes.Keys] = [[(name, 1)] for name in (*_FIFTYONES, fields.IMAGE_ID)]
    # The order in which checks read samples, image by image.
    wanted.append([(name, 1) for name in (fields.IMAGE_DIGEST, fields.IMAGE_ID, "_id")])
    if kind == "captions":
        # Queries by location require a spherical index.
        wanted.append([(f"{fields.LOCATION}.point", "2dsphere")])
    return indexes.create_optional_indexes(dataset, wanted)


def index_findings(dataset: Any) -> list[str]:
    """Creates the indexes for filtering and sorting by findings and verdicts.

    They are created after the first flagging: all contain the quality, and updating them would
    take longer than all other writes of the flagging.

    Returns:
        notes, as :func:`.indexes.create_optional_indexes`
    """
    # The members of a group are queried for each group that a reviewer sees.
    group = f"{fields.FINDINGS}.classifications.group"
    # First the index that unindex_changes removed, in case the collection can have only one more.
    wanted: list[indexes.Keys] = [_BY_CHANGE, _BY_QUALITY, [(group, 1)]]
    wanted += [[(name, 1), (fields.QUALITY, 1)] for name in fields.FILTERED]
    # Only of samples with findings, which are few, since the keys in it are long.
    found = {f"{fields.FINDINGS}._cls": {"$exists": True}}
    queue = IndexModel([*fields.QUEUE], partialFilterExpression=found)
    return indexes.create_optional_indexes(dataset, [*wanted, queue])


def unindex_changes(dataset: Any) -> None:
    """Removes FiftyOne's index of times of change before the first findings are stored.

    Every write updates it, and if one index of a document changes, MongoDB computes the keys of all
    indexes. This took half of the time of storing findings. :func:`index_findings` creates the
    index again.
    """
    if indexes.is_indexed(dataset, _BY_QUALITY):
        return
    indexes.drop_index(dataset, _BY_CHANGE)


def index_keys(dataset: Any) -> None:
    """Creates a unique index of the keys.

    It is partial, since users can add samples without key. It has a second field, since FiftyOne's
    ``merge_samples`` would use an index of the key alone, and needs one that is not partial.
    """
    spec = [(fields.KEY, 1), ("_dataset_id", 1)]
    filled = {fields.KEY: {"$gt": ""}}
    indexes.create_index(dataset, spec, unique=True, partialFilterExpression=filled)


@cache
def names(kind: Kind) -> frozenset[str]:
    """Returns the names of the fields that :func:`declare` adds."""
    return frozenset(_schema(kind))


def _add(dataset: Any, schema: dict[str, Any]) -> None:
    """Adds the fields of a schema by path, if any is missing."""
    if any(dataset.get_field(path) is None for path in schema):
        with leases.declaring(dataset):
            fo_internals.add_fields(dataset, schema)


def _declare_members(dataset: Any, path: str, members: dict[str, type]) -> None:
    """Declares attributes of labels beyond FiftyOne's own."""
    _add(
        dataset,
        {f"{path}.{name}": new_field(name, _TYPES[kind]) for name, kind in members.items()},
    )


def _schema(kind: Kind) -> dict[str, Any]:
    plain = _PLAIN | (_PAIR if kind == "pairs" else {})
    schema = {name: new_field(name, _TYPES[type_]) for name, type_ in plain.items()}
    schema[fields.REVIEWED_AT] = new_field(fields.REVIEWED_AT, fo.DateTimeField)
    schema[fields.FINDINGS] = _labels(fields.FINDINGS, "classifications", _FINDING)
    schema[fields.SOURCE] = _embedded(fields.SOURCE, fo.DynamicEmbeddedDocument, _SOURCE)
    if kind == "pairs":
        return schema | _mask_schema() | _pixel_schema()
    return schema | _text_schema(kind)


def _mask_schema() -> dict[str, Any]:
    stats = asdict(MaskStats())
    return {
        fields.SEGMENTATION: _embedded(fields.SEGMENTATION, fo.Segmentation),
        fields.MASK_STATS: _embedded(fields.MASK_STATS, fo.DynamicEmbeddedDocument, stats),
    }


def _text_schema(kind: Kind) -> dict[str, Any]:
    schema = {
        fields.CAPTION: new_field(fields.CAPTION, fo.StringField),
        fields.CAPTIONS: _listed(fields.CAPTIONS, _CAPTION),
        fields.TEXT_EDITS: _embedded(
            fields.TEXT_EDITS, fo.DynamicEmbeddedDocument, {"edited": 0, "added": 0}
        ),
    }
    if kind == "captions":
        schema[fields.LOCATION] = _embedded(fields.LOCATION, fo.GeoLocation)
        schema[fields.CAPTURE_DATE] = new_field(fields.CAPTURE_DATE, fo.DateField)
        return schema
    schema[fields.CONVERSATIONS] = _listed(fields.CONVERSATIONS, _TURN)
    schema[fields.BOXES] = _labels(fields.BOXES, "detections", _BOX)
    schema[fields.ROTATED_BOXES] = _labels(fields.ROTATED_BOXES, "polylines", _BOX)
    return schema


_LABELS: dict[str, tuple[type, type]] = {
    "classifications": (fo.Classifications, fo.Classification),
    "detections": (fo.Detections, fo.Detection),
    "polylines": (fo.Polylines, fo.Polyline),
}
"""The label class with a list of labels, and the class of these labels, by the list's name."""


def _labels(name: str, listed: str, members: dict[str, type]) -> Any:
    """Returns a field of a list of labels, with attributes that FiftyOne does not define."""
    kind, each = _LABELS[listed]
    attributes = [new_field(member, _TYPES[type_]) for member, type_ in members.items()]
    label = new_field(listed, fo.EmbeddedDocumentField, embedded_doc_type=each, fields=attributes)
    labels = new_field(listed, fo.ListField, subfield=label)
    return new_field(name, fo.EmbeddedDocumentField, embedded_doc_type=kind, fields=[labels])


def _listed(name: str, members: dict[str, Any]) -> Any:
    """Returns a field of a list of dynamic embedded documents."""
    item = _embedded(name, fo.DynamicEmbeddedDocument, members)
    return new_field(name, fo.ListField, subfield=item)


def declare_source_boxes(dataset: Any) -> None:
    """Adds the field of source boxes."""
    name = fields.SOURCE_BOXES
    _add(dataset, {name: _embedded(name, fo.Detections)})


def declare_pixels(dataset: Any) -> None:
    """Adds the fields of image measurements to datasets that were imported without them."""
    _add(dataset, _pixel_schema())


def declare_findings(dataset: Any) -> None:
    """Adds the fields and attributes of findings; datasets of earlier versions lack some."""
    _declare_members(dataset, f"{fields.FINDINGS}.classifications", _FINDING)
    _add(dataset, {fields.WORST_SEVERITY: new_field(fields.WORST_SEVERITY, _TYPES[str])})
    _drop_readings(dataset)


def _drop_readings(dataset: Any) -> None:
    """Removes the parsed queries that versions up to 0.1.0 stored, a fifth of a pair's document.

    A field of that name that a user added stays.
    """
    stored = dataset.get_field_schema().get(fields.READING)
    if getattr(stored, "document_type", None) is fo.DynamicEmbeddedDocument:
        dataset.delete_sample_field(fields.READING)


def declare_chances(dataset: Any) -> None:
    """Adds the field of the estimated chance that a pair is bad."""
    _add(dataset, {fields.P_BAD: new_field(fields.P_BAD, _TYPES[float])})


def declare_judgements(dataset: Any) -> None:
    """Adds the field of judgements, with one member for each judge."""
    name = fields.JUDGEMENTS
    _add(dataset, {name: _embedded(name, fo.DynamicEmbeddedDocument)})


def declare_embeddings(dataset: Any) -> None:
    """Adds the fields of the vectors of images and texts."""
    names = (fields.IMAGE_EMBEDDING, fields.TEXT_EMBEDDING)
    _add(dataset, {name: new_field(name, fo.VectorField) for name in names})


def _pixel_schema() -> dict[str, Any]:
    measured = ((fields.IMAGE_STATS, ImageStats()), (fields.TARGET_COLORS, TargetColors()))
    return {
        name: _embedded(name, fo.DynamicEmbeddedDocument, asdict(members))
        for name, members in measured
    }


def _embedded(name: str, kind: type, members: dict[str, Any] | None = None) -> Any:
    declared = [_member(member, value) for member, value in (members or {}).items()]
    return new_field(name, fo.EmbeddedDocumentField, embedded_doc_type=kind, fields=declared)


def _member(name: str, value: Any) -> Any:
    if name in _LIST_ITEMS:
        return new_field(name, fo.ListField, subfield=_TYPES[_LIST_ITEMS[name]])
    return new_field(name, _TYPES[type(value)])
