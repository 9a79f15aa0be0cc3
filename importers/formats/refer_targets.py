"""What the refs of RefCOCO and its kin refer to: masks of annotations, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pairlens.importers.formats.refer_files import (
    INSTANCES,
    InstancesFile,
    annotation_ids,
    is_id,
)
from pairlens.importers.records import Encoded, Instances, NoTarget, Shape, Target

NONE = -1
"""The id of no annotation, by which gRefCOCO says that there is no target."""


def target_of(ref: dict[str, Any], size: tuple[int, ...], instances: InstancesFile) -> Target:
    """What a ref refers to.

    Args:
        ref: of the file of expressions
        size: height and width of the image; ``()`` where that is not said
        instances: where its annotations are

    Raises:
        ValueError: with the reason, if it does not say, or contradicts itself
    """
    named, declared = annotation_ids(ref), ref.get("no_target")
    if not isinstance(declared, bool | None):
        raise ValueError("'no_target' is neither true nor false")
    if declared is not False and (named == [NONE] or (declared and not named)):
        return NoTarget()
    if not named:
        raise ValueError("the ref has no 'ann_id'; a query without a target has -1")
    if declared or NONE in named:
        what = f"'no_target' is {str(declared).lower()}" if declared is not None else "it names -1"
        raise ValueError(f"{what}, but its annotations are {shown_id(named)}")
    found = [_annotation(one, ref, instances) for one in named]
    if len(found) > 1:  # grefer.py leaves crowds out
        found = [one for one in found if not one.get("iscrowd")]
    parts = tuple(part for one in found for part in parts_of(one))
    if not parts:
        raise ValueError(f"all of the annotations {shown_id(named)} are crowds")
    if any(isinstance(part, Shape) for part in parts) and not size:
        raise ValueError("polygons need 'height' and 'width' of the image, which are not given")
    return Instances(size, parts)


def _annotation(number: Any, ref: dict[str, Any], instances: InstancesFile) -> dict[str, Any]:
    found = instances.annotation(number) if is_id(number) else None
    if found is None:
        raise ValueError(f"annotation {shown_id(number)} is not in {INSTANCES}")
    if found.get("image_id", ref["image_id"]) != ref["image_id"]:
        other = shown_id(found["image_id"])
        raise ValueError(f"annotation {shown_id(number)} is of another image, {other}")
    return found


def parts_of(annotation: dict[str, Any]) -> Iterator[Shape | Encoded]:
    """The polygons or run-lengths of an annotation.

    Raises:
        ValueError: with the reason, if it has none, or one that cannot be read
    """
    number, found = shown_id(annotation.get("id")), annotation.get("segmentation")
    if not found or not isinstance(found, list | dict):
        raise ValueError(f"annotation {number} has no 'segmentation'")
    for part in found if isinstance(found, list) else [found]:
        if isinstance(part, dict):
            yield encoded_of(part)
        else:
            yield _polygon(part, number)


def encoded_of(rle: dict[str, Any]) -> Encoded:
    """A run-length encoding as a target; what is wrong with it is found when it is decoded."""
    size, counts = rle.get("size"), rle.get("counts")
    sides = tuple(size) if isinstance(size, list) else ()
    runs = tuple(counts) if isinstance(counts, list) else counts
    # Nothing nested: targets are looked up by their value.
    flat = isinstance(runs, str) or (isinstance(runs, tuple) and all(map(_is_number, runs)))
    return Encoded(sides if all(map(_is_number, sides)) else (), runs if flat else None)


def _polygon(numbers: Any, annotation: str) -> Shape:
    if not isinstance(numbers, list) or not all(map(_is_number, numbers)):
        raise ValueError(f"annotation {annotation} has a polygon that is no list of numbers")
    if len(numbers) < 6 or len(numbers) % 2:
        raise ValueError(
            f"annotation {annotation} has a polygon of {len(numbers)} numbers; it takes x and y of "
            "three points or more"
        )
    try:
        points = map(float, numbers)
        return Shape(tuple(zip(points, points, strict=True)))
    except OverflowError:
        raise ValueError(f"annotation {annotation} has a coordinate that no image has") from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown_id(value: Any) -> str:
    """An id of any type as text for messages; quoted where it is a text, which is no number."""
    return (repr(value) if isinstance(value, str) else str(value))[:60]
