"""Builds the MongoDB document of a sample from a prepared record, as FiftyOne stores it.

A test adds the same samples through ``Dataset.add_samples`` and compares the documents.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, time

from bson import ObjectId

from pairlens.importers import fields
from pairlens.importers.digests import texts_digest
from pairlens.importers.image_frame import turn_point
from pairlens.importers.mask_frame import Frame
from pairlens.importers.prepare import Prepared, PreparedImage, PreparedPair
from pairlens.importers.records import (
    Box,
    Caption,
    CaptionedImage,
    Footprint,
    Instruction,
    Polygons,
    Record,
    Turn,
)
from pairlens.importers.stored_values import Document, embedded, plain_stats, segmentation


def document(prepared: Prepared, dataset_id: ObjectId, now: datetime) -> Document:
    """Builds the document of a sample, with a new id.

    Args:
        prepared: the prepared record
        dataset_id: of the dataset
        now: time of creation and of last change, in UTC
    """
    times = {"created_at": now, "last_modified_at": now}
    return {"_id": ObjectId(), **times, **values(prepared, dataset_id)}


def values(prepared: Prepared, dataset_id: ObjectId) -> Document:
    """Builds the document of a sample without id and times; see :func:`document`."""
    doc = _common(prepared.record, prepared.image, dataset_id)
    if isinstance(prepared, PreparedPair):
        _add_pair(doc, prepared)
    elif isinstance(prepared.record, CaptionedImage):
        _add_captions(doc, prepared.record.captions)
        _add_place(doc, prepared.record)
    elif isinstance(prepared.record, Instruction):
        _add_conversations(doc, prepared.record)
    doc[fields.SOURCE][fields.FIXED_DIGEST] = fixed_digest(doc)
    return doc


def random_order() -> float:
    """Returns a random number as FiftyOne stores with a sample, for stages such as ``take``."""
    return random.random() * 0.001 + 0.999


def fixed_digest(doc: Document) -> str:
    """Returns a digest of the values of a document that an export cannot write back if changed.

    These are boxes, location, capture date, and whether there is a target.
    """
    found = (doc.get(fields.BOXES) or {}).get("detections") or ()
    boxes = [(one.get("label"), one.get("bounding_box")) for one in found]
    turned = (doc.get(fields.ROTATED_BOXES) or {}).get("polylines") or ()
    boxes += [(one.get("label"), one.get("points")) for one in turned]
    location = doc.get(fields.LOCATION) or {}
    place = [(location.get(name) or {}).get("coordinates") for name in ("point", "polygon")]
    captured = doc.get(fields.CAPTURE_DATE)
    date = captured.strftime("%Y-%m-%d") if captured else ""
    return texts_digest([repr(boxes), repr(place), date, str(bool(doc.get(fields.NO_TARGET)))])


def _common(record: Record, image: PreparedImage, dataset_id: ObjectId) -> Document:
    facts = image.facts
    doc: Document = {
        "_dataset_id": dataset_id,
        "_media_type": "image",
        "_rand": random_order(),
        "filepath": image.file,
        "tags": [record.split],
        "metadata": {
            "_cls": "ImageMetadata",
            "size_bytes": facts.size_bytes,
            "mime_type": facts.mime_type,
            "width": facts.width,
            "height": facts.height,
            "num_channels": facts.bands,
        },
        fields.KEY: record.key,
        fields.SPLIT: record.split,
        fields.IMAGE_ID: record.image_id,
        fields.IMAGE_MISSING: image.missing,
        fields.SOURCE: embedded(
            {
                "file": record.source.file,
                "index": record.source.index,
                "image_name": record.image_name,
                fields.DIGEST: facts.digest,
            }
        ),
    }
    if image.rendition is not None:
        doc[fields.RENDITION] = str(image.rendition)
        doc[fields.SOURCE]["content_digest"] = image.content
    return doc


def _add_pair(doc: Document, prepared: PreparedPair) -> None:
    doc["tags"].extend(prepared.record.subsets)
    doc[fields.PHRASE] = prepared.record.phrase
    doc[fields.SOURCE] |= {
        fields.TEXT_DIGEST: texts_digest([prepared.record.phrase]),
        fields.TARGET_DIGEST: prepared.target_digest,
        fields.MASK_DIGEST: prepared.stats.digest,
    }
    doc[fields.NO_TARGET] = prepared.record.no_target
    doc[fields.MASK_STATS] = embedded(plain_stats(prepared.stats))
    if prepared.mask_path is not None:
        doc[fields.SEGMENTATION] = segmentation(str(prepared.mask_path))
    if box := _target_box(prepared):
        doc[fields.TARGET_BOX] = _detection(box)
        del doc[fields.TARGET_BOX]["turn"]


def _target_box(prepared: PreparedPair) -> Box | None:
    """Returns the upright box, clipped to the image, of a target that the format gives as a box."""
    target, facts = prepared.record.target, prepared.image.facts
    if prepared.record.box is not None:
        return Box("target", prepared.record.box, None)
    if not isinstance(target, Polygons) or not target.box:
        return None
    frame = prepared.frame or Frame(facts.width, facts.height)
    if prepared.image.missing and target.size and not prepared.frame:
        frame = Frame(*target.size)  # the record's size, not that of the placeholder
    if target.shares:
        frame = Frame(1, 1)
    points = (point for shape in target.shapes for point in shape.points)
    shares = (turn_point(x / frame.width, y / frame.height, frame.orientation) for x, y in points)
    xs, ys = zip(*shares, strict=True)
    left, right = (min(max(x, 0.0), 1.0) for x in (min(xs), max(xs)))
    top, bottom = (min(max(y, 0.0), 1.0) for y in (min(ys), max(ys)))
    if left >= right or top >= bottom:
        return None
    return Box("target", (left, top, right - left, bottom - top), None)


def standing_caption(captions: Sequence[Caption]) -> int:
    """Returns the index of the caption that represents an image: the first that is no revision."""
    described = (n for n, caption in enumerate(captions) if caption.task != _REVISION)
    return next(described, 0)


_REVISION = 3
"""The task number of revised captions in RSTeller."""


def _add_captions(doc: Document, captions: tuple[Caption, ...]) -> None:
    doc[fields.CAPTION] = captions[standing_caption(captions)].text if captions else None
    doc[fields.SOURCE][fields.TEXT_DIGEST] = texts_digest(c.text for c in captions)
    doc[fields.CAPTIONS] = [
        embedded({"text": c.text, "task": c.task, "annotator": c.annotator}) for c in captions
    ]


def _add_place(doc: Document, record: CaptionedImage) -> None:
    if record.footprint is not None:
        doc[fields.LOCATION] = geolocation(record.footprint)
    if record.captured is not None:
        doc[fields.CAPTURE_DATE] = datetime.combine(record.captured, time())


def geolocation(footprint: Footprint) -> Document:
    """Converts a footprint to FiftyOne's ``GeoLocation``: centre and outline as GeoJSON."""
    west, south, east, north = (
        footprint.west,
        footprint.south,
        footprint.east,
        footprint.north,
    )
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    centre = [(west + east) / 2, (south + north) / 2]
    return {
        "_id": ObjectId(),
        "_cls": "GeoLocation",
        "tags": [],
        "point": {"type": "Point", "coordinates": centre},
        "polygon": {"type": "Polygon", "coordinates": [ring]},
    }


def _add_conversations(doc: Document, record: Instruction) -> None:
    doc[fields.CONVERSATIONS] = [_turn(turn) for turn in record.turns]
    if record.captions:
        _add_captions(doc, record.captions)
    if upright := [_detection(box) for box in record.boxes if not box.corners]:
        doc[fields.BOXES] = {"_cls": "Detections", "detections": upright}
    if rotated := [_polyline(box) for box in record.boxes if box.corners]:
        doc[fields.ROTATED_BOXES] = {"_cls": "Polylines", "polylines": rotated}


def _turn(turn: Turn) -> Document:
    return embedded(
        {
            "question": turn.question,
            "answer": turn.answers[0] if turn.answers else None,
            "answers": list(turn.answers),
            "category": turn.category,
            "turn": turn.position,
            "file": turn.source.file,
            "index": turn.source.index,
            fields.TEXT_DIGEST: texts_digest([turn.question, *turn.answers]),
        }
    )


def _detection(box: Box) -> Document:
    return {
        "_id": ObjectId(),
        "_cls": "Detection",
        "attributes": {},
        "tags": [],
        "label": box.label,
        "bounding_box": list(box.bounds),
        "turn": box.turn,
    }


def _polyline(box: Box) -> Document:
    return {
        "_id": ObjectId(),
        "_cls": "Polyline",
        "attributes": {},
        "tags": [],
        "label": box.label,
        "points": [[list(corner) for corner in box.corners]],
        "closed": True,
        "filled": False,
        "turn": box.turn,
    }
