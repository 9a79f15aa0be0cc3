"""Decides which values of a mask are its target, over the whole mask.

=================================  =========================================================
values                             target
=================================  =========================================================
0 and 1; 0 and 255; one of them    what is not 0
0 and one other value              what is not 0
1 and 255                          255
small values and 255               255 where it is more common than they, else what is not 0
negative and positive              above 0: logits
fractions up to 1                  above 0.5: probabilities
up to 32 values below 192          what is not 0: class ids
many or great ones                 above the half: 127 of 255, else half of the greatest value
of a lossy picture                 above half of what is most common beside 0
=================================  =========================================================

255 is *ignore* only where the format declares it (``ignore``), or the user sets it.
:class:`MaskValues` sets it by hand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.fields import IGNORE

MAX_LISTED = 8
"""Distinct values that are named."""

_FEW = 32
"""Values at the most that class ids have; gray edges and probabilities have more."""

_SMALL = 64
_BRIGHT = 192
"""The least greatest value of a mask that is meant to be black and white."""

_HALF = 127
_NUMBER = re.compile(r"[-+]?\d{1,9}(?:\.\d{1,9})?")

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class MaskValues:
    """Which values of a mask are its target, as set by hand.

    Attributes:
        targets: these values; none where ``above`` says it
        above: what is greater than this
        ignore: the value whose pixels do not count, ``None`` for none
        inverted: whether the smallest and the greatest value change places first
    """

    targets: tuple[int, ...] = ()
    above: float | None = None
    ignore: int | None = None
    inverted: bool = False

    @property
    def decides(self) -> bool:
        """Whether it says what the target is; else that is decided by the values."""
        return bool(self.targets) or self.above is not None


def parse_mask_values(text: str) -> MaskValues | None:
    """The value of ``--param mask_values=``; ``None`` for ``auto``.

    Parts are separated by commas: ``nonzero``, ``>N``, values such as ``1``, ``ignore=255``,
    ``inverted``.

    Raises:
        ValueError: if it is none of those offered
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
    """How a mask was read.

    Attributes:
        pixels: (height, width) uint8 of 0 background, 1 target, 255 ignore
        rule: what was decided, for people
        problem: what is odd about the values, or ``""``
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
    """Reads a mask by its values.

    Args:
        array: (height, width) of whole or real finite numbers
        values: the distinct ones, in order
        setting: what was set by hand
        ignore: the value that the format says is *ignore*, where it does
        lossy: whether compression has blurred the values
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
    if setting.targets:
        named = ", ".join(map(str, setting.targets))
        return np.isin(array, setting.targets), f"masks: {named} is the target, as set"
    return array > setting.above, f"masks: above {setting.above:g} is the target, as set"


def _decide(array: NDArray[Any], values: NDArray[Any], lossy: bool) -> tuple[float, str]:
    """Returns the greatest value of the background, and describes the decision."""
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
    """Takes the more common of 255 and the small values; 255 is not *ignore* by itself."""
    great, some = np.count_nonzero(array == IGNORE), np.count_nonzero(array)
    if 2 * great >= some:
        return _HALF, "masks of small values and more of 255: 255 is the target"
    return 0, "masks of small values and less of 255: what is not 0 is the target"


def _half(most: float) -> float:
    """Half of white, of 8 or 16 bits, where the greatest value comes near it; else of that."""
    for white in (255, 65535):
        if white * _BRIGHT / 255 <= most <= white:
            return white // 2
    return most / 2


def _above(cut: float) -> str:
    return f"above {cut:g}" if cut in (0.5, 127, 32767) else "above half of the greatest value"


def _lossy_cut(array: NDArray[Any]) -> float:
    """Half of the target's value: 255 if close to that, else the most common other than 0."""
    counts = np.zeros(256, np.int64)
    values, times = np.unique(array.astype(np.uint8), return_counts=True)
    counts[values] = times
    most = int(np.flatnonzero(counts)[-1])
    if most >= _BRIGHT:
        return _HALF
    return int(counts[1:].argmax() + 1) / 2


def _problem(values: NDArray[Any], cut: float) -> str:
    """Describes unusual values of a mask; ``""`` for 0 and 1, 0 and 255."""
    if values.dtype.kind == "f" and not (values == np.rint(values)).all():
        return f"fractional values, cut at {cut:g}"
    listed = [storable(value) for value in values[:MAX_LISTED]]
    if set(listed) <= {0, 1} or set(listed) <= {0, 255}:
        return ""
    more = " ..." if len(values) > MAX_LISTED else ""
    return f"{len(values)} values: {', '.join(map(str, listed))}{more}"


def storable(value: Any) -> int:
    """Within the database's integers: the no-data value of floating-point rasters is not."""
    return max(-(1 << 63), min((1 << 63) - 1, int(value)))
