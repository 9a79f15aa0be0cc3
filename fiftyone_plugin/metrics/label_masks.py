"""Masks of pairs, from any type of FiftyOne label.

Labels are read as stored documents, without a FiftyOne object for each pair. A ``Segmentation`` is
a mask of the whole image; ``Detections`` and ``Polylines`` are instances, whose union is the mask.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, TypeGuard

import cv2
import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.metrics.overlap import resize
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import MaskError, ignore_note
from pairlens.importers.fields import IGNORE, TARGET
from pairlens.importers.mask_stats import digest
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.masks import (
    MAX_PIXELS,
    Mask,
    Pixels,
    from_array,
    greatest,
    of_values,
    read_mask,
)
from pairlens.importers.png import read_gray

Label = Mapping[str, Any]
ImageSize = tuple[int, int]
"""(height, width)."""

LIST_FIELDS = {"Detections": "detections", "Polylines": "polylines"}
KINDS = ("Segmentation", "Detection", "Polyline", *LIST_FIELDS)
MAX_POINTS = 1_000_000
_BYTES = np.dtype(np.uint8)
_ROUNDING = 1e-6
"""Pixels added before truncation: coordinates computed from whole pixels are slightly too small."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance in an image.

    Attributes:
        label: the label of the instance, ``""`` if it has none
        pixels: (height, width) uint8 of 0 and 1, in the size of the image
    """

    label: str
    pixels: Pixels


@dataclass(frozen=True, slots=True)
class ValueReading:
    """Settings for the values of a field's masks, and the callback for decisions.

    Attributes:
        kind: kind of the decisions, such as ``pred_values``
        setting: the values of the target, if set by the user
        on_note: called with each decision
    """

    kind: str = ""
    setting: MaskValues | None = None
    on_note: Callable[[Decision], object] = ignore_note

    def read(self, array: NDArray[Any] | Mask) -> Mask:
        """Reads an array as a mask, and reports decisions about its values.

        Args:
            array: (height, width) or (height, width, bands), or a mask
        """
        mask = array if isinstance(array, Mask) else from_array(array, self.setting)
        for decision in of_values(mask, ""):
            decision.kind, decision.override = self.kind, f"--{self.kind.replace('_', '-')} ..."
            self.on_note(decision)
        return mask


BY_VALUES = ValueReading()
"""Decides by the values alone and reports nothing."""


def is_instances(label: Label) -> bool:
    """Whether a label holds instances, and not one mask of the whole image."""
    return label["_cls"] != "Segmentation"


def path_of(label: Label | None) -> str | None:
    """The file of a mask of the whole image; ``None`` for other labels."""
    return label.get("mask_path") if label and label["_cls"] == "Segmentation" else None


def mask_of(
    label: Label,
    size: ImageSize | None,
    *,
    stored: bool = False,
    known: Collection[str] | None = None,
    values: ValueReading = BY_VALUES,
) -> Pixels:
    """The mask of a ground truth.

    Args:
        label: a document of one of :data:`KINDS`
        size: size of the image, required for instances
        stored: whether 255 means *ignore*, as in masks that PairLens stores, and not the target;
            a mask that PairLens cannot have stored is read by its values
        known: digests of masks that PairLens stored for the pair; ``None`` if the user declared
            *ignore*
        values: settings for the values of the mask

    Returns:
        (height, width) uint8: 0 background, 1 target, 255 ignore. Pixels of an instance whose
        label contains "ignore" are ignored unless another instance covers them.

    Raises:
        MaskError: if the mask cannot be decoded
    """
    if is_instances(label):
        return _union(label, size, values)
    mask = _pixels(label, values.setting)
    if stored and values.setting is None and _is_bytes(mask) and _is_as_stored(mask, known):
        return mask
    return values.read(mask).pixels


def _is_as_stored(pixels: Pixels, known: Collection[str] | None) -> bool:
    """Whether the values 0, 1 and 255 of a mask have the meaning that PairLens stores.

    A mask of 0 and 255 can be a user's, with 255 as target, or have *ignore* only: the digest
    decides.
    """
    if known is None or greatest(pixels) <= TARGET:
        return True
    values = set(np.unique(pixels).tolist())
    return values <= {0, TARGET, IGNORE} and (TARGET in values or digest(pixels) in known)


def prediction_of(label: Label, size: ImageSize, values: ValueReading = BY_VALUES) -> Pixels:
    """The mask of a prediction; it has no *ignore* pixels.

    Args:
        label: a document of one of :data:`KINDS`
        size: size of the ground truth, in which instances are drawn
        values: settings for the values of the mask

    Returns:
        (height, width) uint8 of 0 and 1; a mask of the whole image keeps its own size

    Raises:
        MaskError: if the mask cannot be decoded
    """
    if is_instances(label):
        return (_union(label, size, values) == TARGET).view(np.uint8)
    mask = _pixels(label, values.setting)
    if values.setting is None and _is_bytes(mask) and greatest(mask) <= TARGET:
        return mask
    return values.read(mask).target.view(np.uint8)


def _is_bytes(mask: NDArray[Any] | Mask) -> TypeGuard[Pixels]:
    return not isinstance(mask, Mask) and mask.dtype == _BYTES and mask.ndim == 2


def _union(label: Label, size: ImageSize | None, values: ValueReading) -> Pixels:
    pixels = np.zeros(_required_size(size), np.uint8)
    for instance in instances_of(label, size, values):
        value = IGNORE if "ignore" in instance.label.casefold() else TARGET
        np.copyto(pixels, value, where=(instance.pixels > 0) & (pixels != TARGET))
    return pixels


def instances_of(
    label: Label, size: ImageSize | None, values: ValueReading = BY_VALUES
) -> Iterator[Instance]:
    """Yields the instances of a label, each with a mask of its own.

    Raises:
        MaskError: if one cannot be drawn, or the size of the image is unknown
    """
    height, width = _required_size(size)
    list_field = LIST_FIELDS.get(label["_cls"])
    for instance in label.get(list_field) or () if list_field else (label,):
        pixels = np.zeros((height, width), np.uint8)
        if instance["_cls"] == "Polyline":
            _polyline(instance, pixels)
        else:
            _detection(instance, pixels, values)
        yield Instance(instance.get("label") or "", pixels)


def _required_size(size: ImageSize | None) -> ImageSize:
    if size is None:
        raise MaskError("the image's size is not known; run: dataset.compute_metadata()")
    if size[0] * size[1] > MAX_PIXELS:
        raise MaskError(f"{size[1]}x{size[0]} pixels are too many for a mask")
    return size


def _pixels(label: Label, setting: MaskValues | None) -> NDArray[Any] | Mask:
    """The stored array with any values; a :class:`Mask` if its file has a palette."""
    if path := label.get("mask_path"):
        return _read(path, setting)
    if label.get("mask") is not None:
        return _unpack(label["mask"])
    raise MaskError("the label has no mask")


def _read(path: str, setting: MaskValues | None) -> Pixels | Mask:
    try:
        pixels = read_gray(path)
    except (OSError, ValueError) as error:
        raise MaskError(f"{path} cannot be read ({error})") from error
    return read_mask(Path(path), setting) if pixels is None else pixels


def _unpack(data: bytes) -> NDArray[Any]:
    """Decodes an array as FiftyOne stores it in the database: a zlib-compressed ``.npy``.

    Pickles are refused.
    """
    opener = zlib.decompressobj()
    try:
        raw = opener.decompress(data, 8 * MAX_PIXELS)
        if opener.unconsumed_tail:
            raise MaskError("the mask in the database is too large")
        array = np.lib.format.read_array(BytesIO(raw), allow_pickle=False)
    except (zlib.error, ValueError, EOFError, OSError, TypeError) as error:
        raise MaskError(f"the mask in the database cannot be decoded ({error})") from error
    return array


def _detection(detection: Label, pixels: Pixels, values: ValueReading) -> None:
    x, y, width, height = (float(v) for v in detection.get("bounding_box") or (0, 0, 0, 0))
    corners = _places([(x, y), (x + width, y + height)], pixels)
    # Truncated towards zero, as in FiftyOne.
    rounded = np.trunc(corners + np.copysign(_ROUNDING, corners)).astype(int)
    (left, top), (right, bottom) = rounded.tolist()
    if not detection.get("mask_path") and detection.get("mask") is None:
        raise MaskError(f"a detection of {detection.get('label')!r} has no instance mask")
    mask = values.read(_pixels(detection, values.setting)).target.view(np.uint8)
    if right <= left or bottom <= top:
        return
    rows, columns = pixels.shape
    inside = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    resized = resize(mask, (min(bottom, 2 * rows) - top, min(right, 2 * columns) - left))
    visible = resized[max(-top, 0) :, max(-left, 0) :][: inside.shape[0], : inside.shape[1]]
    np.copyto(inside[: visible.shape[0], : visible.shape[1]], visible)


def _polyline(polyline: Label, pixels: Pixels) -> None:
    if not (polyline.get("filled") or polyline.get("closed")):
        raise MaskError(f"a polyline of {polyline.get('label')!r} is neither filled nor closed")
    rings = polyline.get("points") or []
    if sum(map(len, rings)) > MAX_POINTS:
        raise MaskError("a polyline has too many points")
    # Rounded, as in FiftyOne.
    places = [np.rint(_places(ring, pixels)) for ring in rings if len(ring) > 2]
    drawn = [place.astype(np.int32) for place in places]
    # In one call, so that a ring inside another is a hole.
    cv2.fillPoly(pixels, drawn, TARGET)


def _places(points: Any, pixels: Pixels) -> NDArray[np.float64]:
    """(n, 2) pixel coordinates x, y from points as shares of the image."""
    rows, columns = pixels.shape
    array = np.asarray(points, np.float64).reshape(-1, 2) * (columns, rows)
    if not np.isfinite(array).all() or np.abs(array).max(initial=0) > 4 * max(rows, columns):
        raise MaskError("a label has coordinates that are not finite or far outside the image")
    return array


def image_size(metadata: Mapping[str, Any] | None) -> ImageSize | None:
    """(height, width) in a sample's metadata; ``None`` if they are missing."""
    values = metadata or {}
    height, width = values.get("height"), values.get("width")
    if not height or not width or not math.isfinite(height * width):
        return None
    return int(height), int(width)
