"""Counts the overlap of a chunk of pairs from their documents: the unit of work of a thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from pairlens.fiftyone_plugin.language import normal_form
from pairlens.fiftyone_plugin.metrics.box_overlaps import UNITS, count_boxes
from pairlens.fiftyone_plugin.metrics.label_masks import (
    LISTS,
    Instance,
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
            with the same label that fits the ground truth best
        side: both masks are scaled to a square of this many pixels before they are counted; 0
            leaves the ground truth as it is
        whole: whether both fields hold masks of whole images, so that less is read
        boxes: whether boxes are compared instead of pixels
        pred_values, gt_values: which values of masks are the target, if set by hand
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
        """Areas are counted in this many parts of a pixel."""
        return UNITS if self.boxes else 1

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
                *LISTS.values(),
            )
            attributes += ("metadata.width", "metadata.height")
        if self.boxes:
            attributes += (fields.NO_TARGET,)
        labels = tuple(f"{name}.{part}" for name in (self.pred, self.gt) for part in parts)
        return (*labels, *attributes)


class ChunkOverlaps(NamedTuple):
    """Overlaps of a chunk of pairs.

    Attributes:
        overlaps: one per pair; ``None`` without a ground truth to count against
        problems: by index in the chunk, why there is no ground truth or why the prediction
            cannot be read
        decisions: how ambiguous masks were read
    """

    overlaps: list[Overlap | None]
    problems: dict[int, str]
    decisions: list[Decision]


def count_chunk(docs: Sequence[Mapping[str, Any]], source: MaskSource) -> ChunkOverlaps:
    """Counts a chunk; consecutive pairs that share a ground truth decode it once."""
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
            named = path_of(label)
            if target is None or named is None or named != path:
                target, path = _target(label, doc, masks), named
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
    """A source with the callback for decisions about its masks."""

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
    """The overlap with the instance that fits best; with nothing where none has the label."""
    source = masks.source
    wanted = _wanted(doc, source)
    fitting = (i for i in instances_of(label, target.shape, masks.pred) if _has_label(i, wanted))
    overlaps = [_at_side(target, one.pixels, source) for one in fitting]
    if not overlaps:
        return _at_side(target, target * 0, source)
    return max(overlaps, key=lambda o: o.intersection / o.union if o.union else 0.0)


def _has_label(one: Instance, wanted: set[str]) -> bool:
    return normal_form(one.label) in wanted


def _wanted(doc: Mapping[str, Any], source: MaskSource) -> set[str]:
    """The labels of the ground truth's instances; where it has none, the query."""
    label = doc.get(source.gt) or {}
    listed = label.get(LISTS.get(label.get("_cls", ""), ""), [label])
    names = {normal_form(one.get("label") or "") for one in listed} - {""}
    return names or {normal_form(doc.get(fields.PHRASE) or "")}
