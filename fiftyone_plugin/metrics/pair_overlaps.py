"""Counts the overlaps of a chunk of pairs from their documents: the work of one thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from pairlens.fiftyone_plugin.language import normal_form
from pairlens.fiftyone_plugin.metrics.box_overlaps import UNITS_PER_PIXEL, count_boxes
from pairlens.fiftyone_plugin.metrics.label_masks import (
    LIST_FIELDS,
    Label,
    ValueReading,
    image_size,
    instances_of,
    is_instances,
    mask_of,
    path_of,
    prediction_of,
)  # fmt: skip
from pairlens.fiftyone_plugin.metrics.overlap import Overlap, overlap, resize
from pairlens.fiftyone_plugin.metrics.pair_attributes import ATTRIBUTES
from pairlens.importers import fields
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import MaskError
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.masks import Pixels

InstanceRule = Literal["union", "best"]
INSTANCES: tuple[InstanceRule, ...] = get_args(InstanceRule)
Shape = Literal["auto", "masks", "boxes"]
SHAPES: tuple[Shape, ...] = get_args(Shape)


@dataclass(frozen=True, slots=True)
class MaskSource:
    """The fields that hold the masks of a pair, and how they are read.

    Attributes:
        pred: the field of the predictions
        gt: the field of the ground truth
        ignores: whether 255 in a ground truth mask means *ignore*, by the dataset's mask targets
        instances: how the instances of a prediction are combined: their union, or the one
            with the same label and the highest IoU
        side: side in pixels of the square that both masks are resized to; 0 keeps the size of the
            ground truth
        whole: whether both fields hold masks of whole images, so that fewer fields are read
        boxes: whether boxes are compared, and not pixels
        pred_values, gt_values: which values of masks are the target, if the user set them
    """

    pred: str
    gt: str
    ignores: bool = True
    instances: InstanceRule = "union"
    side: int = 0
    whole: bool = False
    boxes: bool = False
    pred_values: MaskValues | None = None
    gt_values: MaskValues | None = None

    @property
    def units(self) -> int:
        """Units of area per pixel."""
        return UNITS_PER_PIXEL if self.boxes else 1

    @property
    def projection(self) -> tuple[str, ...]:
        """The stored fields to read."""
        parts = ("_cls", "mask", "mask_path")
        attributes: tuple[str, ...] = (*ATTRIBUTES, f"{fields.MASK_STATS}.digest")
        if self.boxes or not self.whole:
            parts += (
                "label",
                "bounding_box",
                "points",
                "filled",
                "closed",
                "confidence",
                *LIST_FIELDS.values(),
            )
            attributes += ("metadata.width", "metadata.height")
        if self.boxes:
            attributes += (fields.NO_TARGET,)
        labels = tuple(f"{name}.{part}" for name in (self.pred, self.gt) for part in parts)
        return (*labels, *attributes)


class ChunkOverlaps(NamedTuple):
    """Overlaps of a chunk of pairs.

    Attributes:
        overlaps: one per pair; ``None`` without a readable ground truth
        problems: by index in the chunk, the reason why a mask is missing or cannot be read
        decisions: how ambiguous masks were read
    """

    overlaps: list[Overlap | None]
    problems: dict[int, str]
    decisions: list[Decision]


def count_chunk(docs: Sequence[Mapping[str, Any]], source: MaskSource) -> ChunkOverlaps:
    """Counts a chunk; a ground truth that consecutive pairs share is decoded once."""
    counted = ChunkOverlaps([], {}, [])
    masks = _Masks(source, counted.decisions.append)
    if source.boxes:
        counted.overlaps.extend(
            count_boxes(
                docs,
                source.pred,
                source.gt,
                best=source.instances == "best",
                pred_values=masks.pred,
                gt_values=masks.gt,
                on_problem=counted.problems.__setitem__,
            )
        )
        return counted
    target: Pixels | None = None
    path = None
    for number, doc in enumerate(docs):
        label = doc.get(source.gt)
        try:
            label_path = path_of(label)
            if target is None or label_path is None or label_path != path:
                target, path = _target(label, doc, masks), label_path
        except MaskError as error:
            target = None
            counted.overlaps.append(None)
            counted.problems[number] = str(error)
            continue
        try:
            counted.overlaps.append(_against(target, doc, masks))
        except MaskError as error:
            counted.overlaps.append(_missed(target, source))
            counted.problems[number] = str(error)
        for decision in reversed(counted.decisions):
            if decision.example:
                break
            decision.example = doc.get(fields.KEY) or str(doc["_id"])
    return counted


class _Masks:
    """A source, with settings for reading its masks that report decisions."""

    def __init__(self, source: MaskSource, on_note: Callable[[Decision], object]) -> None:
        self.source = source
        self.gt = ValueReading("gt_values", source.gt_values, on_note)
        self.pred = ValueReading("pred_values", source.pred_values, on_note)


def _target(label: Label | None, doc: Mapping[str, Any], masks: _Masks) -> Pixels:
    if label is None:
        raise MaskError("the ground truth has no mask")
    size = image_size(doc.get("metadata")) if is_instances(label) else None
    digest = (doc.get(fields.MASK_STATS) or {}).get("digest")
    known = (digest,) if digest else None
    return mask_of(label, size, stored=masks.source.ignores, known=known, values=masks.gt)


def _against(target: Pixels, doc: Mapping[str, Any], masks: _Masks) -> Overlap:
    source = masks.source
    label = doc.get(source.pred)
    if label is None:
        return _missed(target, source)
    if source.instances == "best" and is_instances(label):
        return _best(target, label, doc, masks)
    return _at_side(target, prediction_of(label, target.shape, masks.pred), source)


def _at_side(target: Pixels, prediction: Pixels, source: MaskSource) -> Overlap:
    if not source.side:
        return overlap(target, prediction)
    square = (source.side, source.side)
    counted = overlap(resize(target, square), resize(prediction, square))
    return counted._replace(resized=prediction.shape != target.shape)


def _missed(target: Pixels, source: MaskSource) -> Overlap:
    return overlap(resize(target, (source.side, source.side)) if source.side else target, None)


def _best(target: Pixels, label: Label, doc: Mapping[str, Any], masks: _Masks) -> Overlap:
    """The overlap with the instance of highest IoU; with an empty mask if none has the label."""
    source = masks.source
    names = _target_names(doc, source)
    overlaps = [
        _at_side(target, instance.pixels, source)
        for instance in instances_of(label, target.shape, masks.pred)
        if normal_form(instance.label) in names
    ]
    if not overlaps:
        return _at_side(target, target * 0, source)
    return max(overlaps, key=lambda o: o.iou)


def _target_names(doc: Mapping[str, Any], source: MaskSource) -> set[str]:
    """The labels of the ground truth's instances, or the query if they have none."""
    label = doc.get(source.gt) or {}
    instances = label.get(LIST_FIELDS.get(label.get("_cls", ""), ""), [label])
    names = {normal_form(instance.get("label") or "") for instance in instances} - {""}
    return names or {normal_form(doc.get(fields.PHRASE) or "")}
