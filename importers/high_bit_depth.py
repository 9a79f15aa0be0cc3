"""Images of more than 8 bits as pictures: stretched, with what holds no data black.

Large images are worked at strip by strip, so that what is made beside them stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.reading import NoData

_FAR = 1e30
_NO_DATA = (-9999, -32767, -32768)
_WELL_BELOW = 0.9

MAX_MEASURED = 1 << 24
"""Samples from which the stretch is measured; of larger images, those of some of the rows."""

_STRIP = 1 << 22
"""Samples that are stretched at once."""

SampleArray = NDArray[np.generic]
_Test = Callable[[SampleArray], NDArray[np.bool_]]


def to_rgb8(
    pixels: SampleArray, declared: float | None, setting: NoData = "auto"
) -> tuple[NDArray[np.uint8], str]:
    """A picture of samples of any depth.

    Args:
        pixels: (height, width) or (height, width, bands)
        declared: the value that the file declares for no data
        setting: which pixels hold no data, where that was set by hand

    Returns:
        (height, width, 3) uint8, and which value was taken for no data, in words
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    gray = pixels.shape[-1] < 3
    pixels = pixels[..., :1] if gray else pixels[..., :3]
    told = ""
    if pixels.dtype == np.uint8:
        picture = np.ascontiguousarray(pixels, dtype=np.uint8)
    else:
        picture, told = _stretched(pixels, declared, setting)
    return np.repeat(picture, 3, axis=-1) if gray else picture, told


def _stretched(
    pixels: SampleArray, declared: float | None, setting: NoData
) -> tuple[NDArray[np.uint8], str]:
    measured = pixels[:: -(-pixels.size // MAX_MEASURED)]
    tests = dict(_tests(measured, declared, setting))
    absent, told = _absent(measured, tests)
    values = _as_float(measured)
    valid = values[~absent] if told else values
    picture = np.zeros(pixels.shape, np.uint8)
    if not valid.size:
        return picture, told
    low, high = np.percentile(valid, (1, 99))
    scale = 255 / max(float(high - low), 1e-6)
    rows = max(1, _STRIP * len(pixels) // pixels.size)
    for top in range(0, len(pixels), rows):
        strip = pixels[top : top + rows]
        stretched = np.clip((_as_float(strip) - low) * scale, 0, 255)
        stretched[_absent(strip, tests)[0]] = 0
        picture[top : top + rows] = stretched.astype(np.uint8)
    return picture, told


def _as_float(pixels: SampleArray) -> NDArray[np.float32]:
    """In single precision, within what that can subtract: no-data values are often large."""
    if pixels.dtype.kind == "f":
        pixels = np.clip(pixels, -_FAR, _FAR)
    return np.nan_to_num(pixels.astype(np.float32), copy=False)


def _absent(pixels: SampleArray, tests: dict[str, _Test]) -> tuple[NDArray[np.bool_], str]:
    absent = np.zeros(pixels.shape, np.bool_)
    met: list[str] = []
    for what, test in tests.items():
        where = test(pixels)
        if where.any():
            np.logical_or(absent, where, out=absent)
            met.append(what)
    return absent, ", ".join(met)


def _tests(
    pixels: SampleArray, declared: float | None, setting: NoData
) -> Iterator[tuple[str, _Test]]:
    """What finds the pixels without data, each with the value in words.

    What the file declares counts; beside it NaN and infinity, what no sensor measures
    (:data:`_NO_DATA` and what is beyond single precision), and the greatest value of unsigned
    samples where all others lie well below it.
    """
    kind, origin = pixels.dtype.kind, "declared"
    if isinstance(setting, float):
        declared, origin = setting, "as set"
    of_file: _Test | None = None
    if declared is not None and setting != "none":
        of_file = partial(_equals, value=declared)
        yield f"{declared:g} ({origin})", of_file
    if kind == "f":
        yield "NaN or infinity", lambda samples: ~np.isfinite(samples)  # type: ignore[arg-type]
    if setting != "auto":
        return
    if kind == "f":
        yield "a value beyond 1e30", lambda samples: np.abs(np.nan_to_num(samples)) > _FAR
    if kind in "if":
        for value in _NO_DATA:
            if value != declared:
                yield f"{value}", partial(_equals, value=value)
    elif kind == "u" and (of_file is None or not of_file(pixels).any()):
        greatest = int(np.iinfo(pixels.dtype).max)  # type: ignore[arg-type]
        if _stands_apart(pixels, greatest):
            yield f"{greatest}", partial(_equals, value=greatest)


def _equals(samples: SampleArray, value: float) -> NDArray[np.bool_]:
    if samples.dtype.kind == "f":
        return np.isclose(samples, value, rtol=1e-6, atol=0)  # type: ignore[arg-type]
    return samples == value


def _stands_apart(pixels: SampleArray, greatest: int) -> bool:
    """Whether the greatest value occurs, and all others, of which there are several, lie below."""
    where = pixels == greatest
    others = pixels[~where]
    varied = others.size > 0 and others.max() > others.min()
    return bool(where.any() and varied and int(others.max()) < greatest * _WELL_BELOW)
