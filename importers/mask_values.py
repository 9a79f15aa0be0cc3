"""Decides which pixel values of a mask are the target, by the distinct values of the whole mask.

=================================  =========================================================
values                             target
=================================  =========================================================
0 and 1; 0 and 255; one of them    nonzero
0 and one other value              nonzero
1 and 255                          255
values below 64, and 255           255 if at least half of the nonzero pixels are, else nonzero
negative and positive              above 0, as in logits
fractions up to 1                  above 0.5, as in probabilities
up to 32 values below 192          nonzero, as in class ids
more or greater values             above 127 if the maximum is near 255, 32767 if near 65535,
                                   else above half of the maximum
of a lossy image file              above 127 if the maximum is near 255, else above half of the
                                   most frequent nonzero value
=================================  =========================================================

255 means *ignore* only if the format declares it or the user sets ``ignore=255``. The user can
override the table with :class:`MaskValues`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.fields import IGNORE

MAX_LISTED = 8
"""Maximum number of distinct values that are stored and listed in messages."""

_FEW = 32
"""Maximum number of distinct values of class ids; blurred edges and probabilities have more."""

_SMALL = 64
"""Class ids beside 255 are below this value."""

_BRIGHT = 192
"""A maximum from this value on is near 255: the mask is meant to be black and white."""

_HALF = 127
"""Greatest value of the background in a mask of 0 to 255 that is black and white."""
_NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{1,9})?")

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MaskValues:
    """The user's setting of which pixel values are the target.

    Attributes:
        targets: the values of the target; empty if ``above`` is set or the values decide
        above: values greater than this are the target; ``None`` if not set
        ignore: the value of pixels that do not count; ``None`` for none
        inverted: whether values are first mirrored between their minimum and maximum
    """

    targets: tuple[int, ...] = ()
    above: float | None = None
    ignore: int | None = None
    inverted: bool = False

    @property
    def decides(self) -> bool:
        """Whether the setting determines the target; otherwise the mask's values do."""
        return bool(self.targets) or self.above is not None


def parse_mask_values(text: str) -> MaskValues | None:
    """Parses the value of ``--param mask_values=``.

    Parts are separated by commas: ``nonzero``, ``>N``, values such as ``1``, ``ignore=255``,
    ``inverted``.

    Returns:
        the setting; ``None`` for ``auto``

    Raises:
        ValueError: if a part is unknown, or parts contradict each other
    """
    if text.strip() in ("", "auto"):
        return None
    targets: list[int] = []
    above, ignore, inverted = None, None, False
    for part in (part.strip() for part in text.split(",")):
        name, _, value = part.partition("=")
        if part == "nonzero":
            above = 0.0
        elif part == "inverted":
            inverted = True
        elif part.startswith(">") and _NUMBER.fullmatch(part[1:]):
            above = float(part[1:])
        elif name == "ignore" and value.isdecimal() and len(value) < _FEW:
            ignore = int(value)
        elif _NUMBER.fullmatch(part) and "." not in part:
            targets.append(int(part))
        else:
            raise ValueError(
                f"{part[:40]!r} is none of auto, nonzero, >N, a value, ignore=255, inverted"
            )
    if targets and above is not None:
        raise ValueError("give values or a bound, not both")
    return MaskValues(tuple(targets), above, ignore, inverted)


@dataclass(frozen=True, slots=True)
class DecodedMask:
    """A mask whose values were interpreted.

    Attributes:
        pixels: (height, width) uint8 of 0 background, 1 target, 255 ignore
        rule: a clause that describes how the values were interpreted
        problem: a clause on unusual values; ``""`` if there are none
    """

    pixels: Pixels
    rule: str
    problem: str


def read_values(
    array: NDArray[Any],
    values: NDArray[Any],
    *,
    setting: MaskValues | None = None,
    ignore: int | None = None,
    lossy: bool = False,
) -> DecodedMask:
    """Interprets the values of a mask as background, target and ignore.

    Args:
        array: (height, width) of integers or finite floats
        values: the distinct values of the array, ascending
        setting: the user's setting, if any
        ignore: the value that means *ignore* according to the format, if any
        lossy: whether the mask comes from a file of lossy compression, which changes values
    """
    if setting is not None and setting.inverted:
        low, high = values[0] if len(values) > 1 else 0, values[-1]
        # In double precision: unsigned numbers would wrap around.
        exact = np.float64 if array.dtype.itemsize > 2 else np.float32
        array = low + (high - array.astype(exact))
        values = np.unique(array)
    if setting is not None and setting.ignore is not None:
        ignore = setting.ignore
    ignored = None if ignore is None or ignore not in values else array == ignore
    counted = values if ignored is None else values[values != ignore]
    cut = 0.0
    if setting is not None and setting.decides:
        target, rule = _as_set(array, setting)
    elif ignored is not None and not len(counted):
        target, rule = np.zeros(array.shape, np.bool_), "hold nothing but ignored pixels"
    else:
        cut, rule = _decide(array, counted, lossy)
        target = array > cut
    pixels = target.view(np.uint8) if target.dtype == np.bool_ else target
    if ignored is not None:
        pixels = np.where(ignored, np.uint8(IGNORE), pixels)
        rule += f", {ignore} is ignored"
    if setting is not None and setting.inverted:
        rule += ", the values changed round"
    return DecodedMask(np.asarray(pixels, np.uint8), rule, _problem(counted, cut))


def _as_set(array: NDArray[Any], setting: MaskValues) -> tuple[NDArray[np.bool_], str]:
    """Applies the user's setting; returns the target and a description of the setting."""
    if setting.targets:
        named = ", ".join(map(str, setting.targets))
        return np.isin(array, setting.targets), f"masks: {named} is the target, as set"
    return array > setting.above, f"masks: above {setting.above:g} is the target, as set"


def _decide(array: NDArray[Any], values: NDArray[Any], lossy: bool) -> tuple[float, str]:
    """Applies the module's table; returns the greatest background value and a description."""
    least, most = values[0], values[-1]
    listed = set(values[:3].tolist()) if len(values) < 4 else set()
    if listed and (listed <= {0, 1} or listed <= {0, 255}):
        return 0, f"masks of 0 and {most or 1:g}: {most or 1:g} is the target"
    if least < 0 < most:
        return 0, "masks with values below and above 0, taken as logits: above 0 is the target"
    if most <= 0:
        return 0, "masks without a value above 0, taken as empty"
    if array.dtype.kind == "f" and not (values == np.rint(values)).all():
        cut = 0.5 if most <= 1 else _half(float(most))
        return cut, f"masks with fractional values: {_above(cut)} is the target"
    if lossy and most > 1:
        cut = _lossy_cut(array)
        return cut, f"masks in a lossy picture: {_above(cut)} is the target"
    if len(values) == 2:
        return least, f"masks of {least:g} and {most:g}: {most:g} is the target"
    if most == IGNORE and len(values) <= _FEW and values[-2] < _SMALL:
        return _beside_small(array)
    if len(values) <= _FEW and most < _BRIGHT:
        return 0, "masks of several small values, taken as class ids: what is not 0 is the target"
    cut = _half(float(most))
    return cut, f"masks of gray values: {_above(cut)} is the target"


def _beside_small(array: NDArray[Any]) -> tuple[float, str]:
    """Decides on a mask of small values and 255 by whether 255 is the more frequent."""
    white, nonzero = np.count_nonzero(array == IGNORE), np.count_nonzero(array)
    if 2 * white >= nonzero:
        return _HALF, "masks of small values and more of 255: 255 is the target"
    return 0, "masks of small values and less of 255: what is not 0 is the target"


def _half(most: float) -> float:
    """Returns half of white (255 or 65535) if the maximum is near it, else half of the maximum."""
    for white in (255, 65535):
        if white * _BRIGHT / 255 <= most <= white:
            return white // 2
    return most / 2


def _above(cut: float) -> str:
    return f"above {cut:g}" if cut in (0.5, 127, 32767) else "above half of the greatest value"


def _lossy_cut(array: NDArray[Any]) -> float:
    """Returns half of the target's value: 255 if values come near it, else the most frequent."""
    counts = np.zeros(256, np.int64)
    values, times = np.unique(array.astype(np.uint8), return_counts=True)
    counts[values] = times
    most = int(np.flatnonzero(counts)[-1])
    if most >= _BRIGHT:
        return _HALF
    return int(counts[1:].argmax() + 1) / 2


def _problem(values: NDArray[Any], cut: float) -> str:
    """Describes unusual values of a mask; ``""`` for 0 and 1, or 0 and 255."""
    if values.dtype.kind == "f" and not (values == np.rint(values)).all():
        return f"fractional values, cut at {cut:g}"
    listed = [storable(value) for value in values[:MAX_LISTED]]
    if set(listed) <= {0, 1} or set(listed) <= {0, 255}:
        return ""
    more = " ..." if len(values) > MAX_LISTED else ""
    return f"{len(values)} values: {', '.join(map(str, listed))}{more}"


def storable(value: Any) -> int:
    """Converts a value to an integer, limited to the 64 bits that MongoDB can store.

    No-data values of floating-point rasters, such as -3.4e38, exceed them.
    """
    return max(-(1 << 63), min((1 << 63) - 1, int(value)))
