"""Masks of pairs, from any type of FiftyOne label.

It works on stored labels, without a FiftyOne object for each pair. A ``Segmentation`` is a mask of
the whole image; ``Detections`` and ``Polylines`` are instances, whose union is the mask.
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

LISTS = {"Detections": "detections", "Polylines": "polylines"}
KINDS = ("Segmentation", "Detection", "Polyline", *LISTS)
MAX_POINTS = 1_000_000
_BYTES = np.dtype(np.uint8)
_NUDGE = 1e-6
"""Fractions of an image's side that were made from whole pixels fall just short of them."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance in an image.

    Attributes:
        label: its class
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
        on_note: receives decisions
    """

    kind: str = ""
    setting: MaskValues | None = None
    on_note: Callable[[Decision], object] = ignore_note

    def read(self, array: NDArray[Any] | Mask) -> Mask:
        """Reads an array as a mask, and reports how its values were understood.

        Args:
            array: (height, width) or (height, width, bands), or a mask that was read before
        """
        mask = array if isinstance(array, Mask) else from_array(array, self.setting)
        for decision in of_values(mask, ""):
            decision.kind, decision.override = self.kind, f"--{self.kind.replace('_', '-')} ..."
            self.on_note(decision)
        return mask


AS_DECIDED = ValueReading()
"""By the values alone, without a report."""


def is_instances(label: Label) -> bool:
    """Whether a label holds instances rather than one mask of the whole image."""
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
    values: ValueReading = AS_DECIDED,
) -> Pixels:
    """The mask of a ground truth.

    Args:
        label: a document of one of :data:`KINDS`
        size: size of the image; needed for instances, as masks of the whole image have their own
        stored: whether 255 in a mask is *ignore*, as PairLens stores it, and not a target's value;
            a mask that PairLens cannot have stored is read by its values
        known: digests of masks that PairLens stored for the pair; ``None`` if the user declared
            *ignore*
        values: settings for its values

    Returns:
        (height, width) uint8 of 0, 1 and 255, ignore; pixels of an instance whose label contains
        "ignore" are ignored unless another instance covers them

    Raises:
        MaskError: if it cannot be decoded
    """
    if is_instances(label):
        return _union(label, size, values)
    found = _pixels(label, values.setting)
    if stored and values.setting is None and _is_bytes(found) and _is_as_stored(found, known):
        return found
    return values.read(found).pixels


def _is_as_stored(found: Pixels, known: Collection[str] | None) -> bool:
    """Whether an array has 0, 1 and 255 in PairLens' meaning.

    One of 0 and 255 can be a user's target or only *ignore*; its digest decides.
    """
    if known is None or greatest(found) <= TARGET:
        return True
    occur = set(np.unique(found).tolist())
    return occur <= {0, TARGET, IGNORE} and (TARGET in occur or digest(found) in known)


def prediction_of(label: Label, size: ImageSize, values: ValueReading = AS_DECIDED) -> Pixels:
    """The mask of a prediction, in which nothing is ignored.

    Args:
        label: a document of one of :data:`KINDS`
        size: size of the ground truth, in which instances are drawn
        values: settings for its values

    Returns:
        (height, width) uint8 of 0 and 1; a mask of the whole image keeps its own size

    Raises:
        MaskError: if it cannot be decoded
    """
    if is_instances(label):
        return (_union(label, size, values) == TARGET).view(np.uint8)
    found = _pixels(label, values.setting)
    if values.setting is None and _is_bytes(found) and greatest(found) <= TARGET:
        return found
    return values.read(found).target.view(np.uint8)


def _is_bytes(found: NDArray[Any] | Mask) -> TypeGuard[Pixels]:
    return not isinstance(found, Mask) and found.dtype == _BYTES and found.ndim == 2


def _union(label: Label, size: ImageSize | None, values: ValueReading) -> Pixels:
    pixels = np.zeros(_required_size(size), np.uint8)
    for one in instances_of(label, size, values):
        value = IGNORE if "ignore" in one.label.casefold() else TARGET
        np.copyto(pixels, value, where=(one.pixels > 0) & (pixels != TARGET))
    return pixels


def instances_of(
    label: Label, size: ImageSize | None, values: ValueReading = AS_DECIDED
) -> Iterator[Instance]:
    """The instances of a label of instances, each drawn alone.

    Raises:
        MaskError: if one cannot be drawn, or the size of the image is not known
    """
    height, width = _required_size(size)
    listed = LISTS.get(label["_cls"])
    for one in label.get(listed) or () if listed else (label,):
        pixels = np.zeros((height, width), np.uint8)
        if one["_cls"] == "Polyline":
            _polyline(one, pixels)
        else:
            _detection(one, pixels, values)
        yield Instance(one.get("label") or "", pixels)


def _required_size(size: ImageSize | None) -> ImageSize:
    if size is None:
        raise MaskError("the image's size is not known; run: dataset.compute_metadata()")
    if size[0] * size[1] > MAX_PIXELS:
        raise MaskError(f"{size[1]}x{size[0]} pixels are too many for a mask")
    return size


def _pixels(label: Label, setting: MaskValues | None) -> NDArray[Any] | Mask:
    """The stored mask with any values; already read as a mask if its file has a palette."""
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
    """An array in FiftyOne's encoding in the database: a compressed ``.npy``, never a pickle."""
    opener = zlib.decompressobj()
    try:
        raw = opener.decompress(data, 8 * MAX_PIXELS)
        if opener.unconsumed_tail:
            raise MaskError("the mask in the database is too large")
        array = np.lib.format.read_array(BytesIO(raw), allow_pickle=False)
    except (zlib.error, ValueError, EOFError, OSError, TypeError) as error:
        raise MaskError(f"the mask in the database cannot be decoded ({error})") from error
    return array


def _detection(one: Label, pixels: Pixels, values: ValueReading) -> None:
    x, y, width, height = (float(v) for v in one.get("bounding_box") or (0, 0, 0, 0))
    corners = _places([(x, y), (x + width, y + height)], pixels)
    # Truncated towards zero, as in FiftyOne.
    cut = np.trunc(corners + np.copysign(_NUDGE, corners)).astype(int)
    (left, top), (right, bottom) = cut.tolist()
    if not one.get("mask_path") and one.get("mask") is None:
        raise MaskError(f"a detection of {one.get('label')!r} has no instance mask")
    mask = values.read(_pixels(one, values.setting)).target.view(np.uint8)
    if right <= left or bottom <= top:
        return
    rows, columns = pixels.shape
    inside = pixels[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]
    whole = resize(mask, (min(bottom, 2 * rows) - top, min(right, 2 * columns) - left))
    there = whole[max(-top, 0) :, max(-left, 0) :][: inside.shape[0], : inside.shape[1]]
    np.copyto(inside[: there.shape[0], : there.shape[1]], there)


def _polyline(one: Label, pixels: Pixels) -> None:
    if not (one.get("filled") or one.get("closed")):
        raise MaskError(f"a polyline of {one.get('label')!r} is neither filled nor closed")
    shapes = one.get("points") or []
    if sum(map(len, shapes)) > MAX_POINTS:
        raise MaskError("a polyline has too many points")
    # Rounded, as in FiftyOne.
    places = [np.rint(_places(shape, pixels)) for shape in shapes if len(shape) > 2]
    drawn = [place.astype(np.int32) for place in places]
    # All at once, so that a ring inside another is a hole.
    cv2.fillPoly(pixels, drawn, TARGET)


def _places(points: Any, pixels: Pixels) -> NDArray[np.float64]:
    """Points in fractions of the image, as (n, 2) of x and y in pixels."""
    rows, columns = pixels.shape
    array = np.asarray(points, np.float64).reshape(-1, 2) * (columns, rows)
    if not np.isfinite(array).all() or np.abs(array).max(initial=0) > 4 * max(rows, columns):
        raise MaskError("a label has coordinates that are in no image")
    return array


def image_size(metadata: Mapping[str, Any] | None) -> ImageSize | None:
    """The size that a sample's metadata gives, if any."""
    known = metadata or {}
    height, width = known.get("height"), known.get("width")
    if not height or not width or not math.isfinite(height * width):
        return None
    return int(height), int(width)
