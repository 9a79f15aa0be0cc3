"""COCO-style JSON of predictions: RLE or polygons, one record per mask.

The file is a list of records (COCO's results format), ``{"images": [...], "annotations": [...]}``,
an object from image to record, or JSON Lines. A record has its mask in ``segmentation``: RLE,
compressed or not, a polygon or a list of polygons; an empty value is an empty mask. The record
names its pair in one of these ways::

    {"key": "gres/test/lisat_gres_000000000102#0", ...}
    {"ref_id": "1361", ...}                        image id and query index, 102#0 or 102_0;
                                                   the image id alone where it is the first query
    {"file_name": "a.jpg", "phrase": "the car"}    the query of that image with these words
    {"image_id": 7, ...}                           through "images", or the image's own id or
                                                   file name: every query of that image

A key, or ``102#0``, may also stand where an image is named, or be the name of a record in an
object; then too the record is about that pair alone.
Several records of one pair in one file are instances; the mask is the union of those whose
``score`` is high enough. A record without a mask may have a box: ``bbox`` (left, top, width,
height), or ``bbox_2d``, ``bbox_xyxy`` or ``box`` (two corners). Of several boxes the one with the
highest score counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.language import normal_form
from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, Query
from pairlens.fiftyone_plugin.predictors.results_boxes import (
    BOXES,
    PredictedBox,
    box_in,
    draw_box,
)
from pairlens.fiftyone_plugin.predictors.results_files import MaskReading
from pairlens.fiftyone_plugin.predictors.results_names import (
    ImageTable,
    first_match,
    names_pair,
    pair_names,
    ref_names,
)
from pairlens.importers.bounded_json import is_number
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import MaskError
from pairlens.importers.reading import PolygonScale

_LISTS = ("annotations", "predictions", "results")
_MASK = ("pred_mask", "segmentation", "segm", "segmentations", "mask", "rle", "polygon", "polygons")
_KEY = ("key", "pair_key")
_REF = ("ref_id", "refer_id")
_IMAGE = ("file_name", "image_name", "image_path", "image", "image_id")
_PHRASE = ("phrase", "query", "sent", "sentence", "expression", "caption", "text")
_MISSING = object()
_MAX_INSPECTED = 1000

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class ResultMask:
    """A mask of a file, not yet decoded.

    Attributes:
        file, index: file and number of its record
        mask: the value in the file
        size: (width, height) of its image, ``None`` if the file does not have it
        score: its score, 1 if it has none, ``None`` if that is not a number
        phrase: its query in normal form, or ``""``
    """

    file: Path
    index: int
    mask: Any
    size: tuple[int, int] | None
    score: float | None
    phrase: str

    @property
    def place(self) -> str:
        """File and number of the record, for messages."""
        return f"{self.file.name}[{self.index}]"


class CocoResults:
    """Predictions of one or several files.

    Args:
        contents: the content of each file, as of
            :func:`~pairlens.fiftyone_plugin.predictors.results_files.read_content`
        min_score: records with a lower score do not count
        scale: scale of polygons and boxes; ``auto`` distinguishes shares and pixels by record
        rle_size: order of an RLE's sides, if set by the user
        reading: receives decisions and the boxes that were drawn
    """

    def __init__(
        self,
        contents: Mapping[Path, Any],
        min_score: float,
        scale: PolygonScale,
        rle_size: Any,
        reading: MaskReading,
    ) -> None:
        self._min_score = min_score
        self._scale: PolygonScale = scale
        self._rle_size = rle_size
        self._reading = reading
        self._drawn: set[str] = set()
        self._keys: dict[str, list[ResultMask]] = {}
        self._refs: dict[str, list[ResultMask]] = {}
        self._images: ImageTable[ResultMask] = ImageTable()
        self._all: list[ResultMask] = []
        self._used: set[str] = set()
        for file, content in contents.items():
            for number, fields, image in _records(content):
                self._add(_record(file, number, fields, image), fields, image)

    def _add(self, record: ResultMask, fields: Mapping[str, Any], image: Mapping[str, Any]) -> None:
        self._all.append(record)
        key, ref = _text(fields, _KEY), _text(fields, _REF)
        name = _text(image, _IMAGE[:-1]) or _text(fields, _IMAGE)
        named = bool(key or ref)
        if not named and names_pair(name):
            ref = name
        if key := key or (not named and name):
            self._keys.setdefault(key, []).append(record)
        if ref:
            self._refs.setdefault(ref, []).append(record)
        # A record that names one query without its words must not be used for other queries.
        if name and (record.phrase or not named):
            self._images.add(name, record, _text(fields, ("split",)))

    def read(self, query: Query) -> Prediction:
        """See :meth:`pairlens.fiftyone_plugin.predictors.builtin.results.Index.read`."""
        records = self._find(query)
        if not records:
            raise NoPrediction("no record of the file names the pair or its image")
        self._used.update(f"{r.file}[{r.index}]" for r in records)
        files = sorted({r.file.name for r in records if r.file})
        if len({r.file for r in records}) > 1:
            raise MaskError(f"{', '.join(files)} all claim {query.key}; keep one run")
        counting = [record for record in records if _score(record) >= self._min_score]
        if not counting:
            return np.zeros(self._decode(records[0], query).shape, np.uint8)
        if all(isinstance(record.mask, PredictedBox) for record in counting):
            return self._decode(max(counting, key=_score), query)
        return self._union(counting, query)

    def unused(self) -> list[str]:
        """Records that no query has used."""
        return [r.place for r in self._all if f"{r.file}[{r.index}]" not in self._used]

    def _union(self, records: Sequence[ResultMask], query: Query) -> Prediction:
        mask = self._decode(records[0], query)
        for record in records[1:]:
            other = self._decode(record, query)
            if other.shape != mask.shape:
                raise MaskError(f"{record.place} has another size than {records[0].place}")
            mask |= other
        return mask

    def _decode(self, record: ResultMask, query: Query) -> Prediction:
        """The mask of a record.

        Raises:
            MaskError: if the record has no valid mask; the message names the record
        """
        from pairlens.importers.mask_frame import decode_in_frame

        size = width, height = record.size or query.image_size
        try:
            if isinstance(record.mask, PredictedBox):
                mask, decisions = draw_box(record.mask, size, self._scale)
                self._count(record, [record.mask.corners()], size)
            elif isinstance(record.mask, dict):
                mask, decisions = decode_in_frame(
                    record.mask, (height, width), order=self._rle_size
                )
            else:
                rings = _rings(record.mask)
                mask, decisions = _polygons(rings, size, self._scale)
                self._count(record, rings, size)
        except MaskError as error:
            raise MaskError(f"{record.place}: {error}") from error
        for decision in decisions:
            decision.example = record.place
            self._reading.on_note(decision)
        return mask

    def _count(
        self, record: ResultMask, rings: Sequence[Sequence[Point]], size: tuple[int, int]
    ) -> None:
        """Counts the coordinates of an outline, to check their scale at the end of the run."""
        points = [point for ring in rings for point in ring]
        if points and self._scale == "auto" and record.place not in self._drawn:
            self._drawn.add(record.place)
            self._reading.outlines.add(points, record.place, size)

    def _find(self, query: Query) -> list[ResultMask]:
        phrase = _comparable(query.phrase)
        if records := (
            first_match(pair_names(query), self._keys)
            or first_match(ref_names(query), self._refs)
            or self._images.find(query, lambda r: bool(r.phrase) and r.phrase == phrase)
        ):
            return records
        records = self._images.find(query, lambda r: not r.phrase)
        if records:
            self._reading.of_image(records[0].place, query)
        return records


def is_coco(content: Any) -> bool:
    """Whether JSON is COCO-style: a list of objects with masks, or an object with such a list."""
    rows = _rows(content)
    if rows is None:
        return bool(_by_image(content))
    objects = [row for row in islice(rows, _MAX_INSPECTED) if isinstance(row, dict)]
    if not objects:
        return isinstance(content, dict)
    return any(_is_rle(row) or any(name in row for name in (*_MASK, *BOXES)) for row in objects)


def _comparable(phrase: str) -> str:
    """A query in normal form; one without any word stays as it is."""
    return normal_form(phrase) or phrase.strip()


def _rows(content: Any) -> list[Any] | None:
    if isinstance(content, list):
        return content
    if isinstance(content, dict):
        return next((v for n in _LISTS if isinstance(v := content.get(n), list)), None)
    return None


def _by_image(content: Any) -> list[dict[str, Any]]:
    """The records of an object from image to record, each with the image's name."""
    if not isinstance(content, dict):
        return []
    return [
        {"image_id": name, **record}
        for name, record in content.items()
        if isinstance(record, dict) and (_is_rle(record) or any(n in record for n in _MASK))
    ]


def _is_rle(record: Mapping[str, Any]) -> bool:
    return "counts" in record and not any(name in record for name in _MASK)


def _records(content: Any) -> Iterator[tuple[int, Mapping[str, Any], Mapping[str, Any]]]:
    """Yields number and record, with the entry of its image, which is empty if none is listed."""
    image_list = content.get("images") if isinstance(content, dict) else None
    images: dict[str, Mapping[str, Any]] = {
        _text(image, ("id",)): image
        for image in (image_list if isinstance(image_list, list) else ())
        if isinstance(image, dict)
    }
    rows = _rows(content) or _by_image(content)
    for number, fields in enumerate(rows or ()):
        if isinstance(fields, dict):
            yield number, fields, images.get(_text(fields, ("image_id",)), {})


def _record(
    file: Path, number: int, fields: Mapping[str, Any], image: Mapping[str, Any]
) -> ResultMask:
    mask = next((fields[name] for name in _MASK if name in fields), box_in(fields) or _MISSING)
    if _is_rle(fields):
        mask = {"size": fields.get("size"), "counts": fields["counts"]}
    score = 1.0 if fields.get("score") is None else fields["score"]
    score = score if is_number(score) else None
    sides = [(one.get("width"), one.get("height")) for one in (fields, image)]
    size = next(((w, h) for w, h in sides if type(w) is int and type(h) is int), None)
    if isinstance(mask, dict) and mask.get("size") is None and size is not None:
        mask = {**mask, "size": list(size[::-1])}
    phrase = _comparable(_text(fields, _PHRASE))
    return ResultMask(file, number, mask, size, score, phrase)


def _score(record: ResultMask) -> float:
    if record.score is None:
        raise MaskError(f"{record.place}: its score is not a number")
    return record.score


def _text(fields: Mapping[str, Any], names: Iterable[str]) -> str:
    """The first of the members that is a text or an integer, as text; ``""`` if there is none."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value:
            return value
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 1 << 63:
            return str(value)
    return ""


def _rings(mask: Any) -> list[list[Point]]:
    """The polygons in the value of a mask.

    Raises:
        MaskError: if the value is something else
    """
    if mask is _MISSING:
        raise MaskError(f"it has no mask: none of {', '.join(_MASK)}")
    if mask in (None, "", []):
        return []
    rings = [mask] if isinstance(mask, list) and not isinstance(mask[0], list) else mask
    if isinstance(rings, list):
        rings = [ring for ring in rings if ring != []]
    if not isinstance(rings, list) or not all(map(_is_ring, rings)):
        raise MaskError("its segmentation is neither RLE nor polygons")
    return [list(zip(ring[::2], ring[1::2], strict=True)) for ring in rings]


def _polygons(
    rings: list[list[Point]], size: tuple[int, int], scale: PolygonScale
) -> tuple[Prediction, list[Decision]]:
    """Draws polygons as a mask of an image of the given (width, height)."""
    from pairlens.fiftyone_plugin.predictors.drawing import draw
    from pairlens.importers.polygons import pixels_each

    (across, down), decisions = pixels_each(rings, size, scale)
    return draw([[(x * across, y * down) for x, y in ring] for ring in rings], size), decisions


def _is_ring(ring: Any) -> bool:
    return (
        isinstance(ring, list)
        and len(ring) >= 6
        and len(ring) % 2 == 0
        and all(isinstance(v, int | float) and abs(v) < 1e300 for v in ring)
    )
