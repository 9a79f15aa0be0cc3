"""Converts images of more than 8 bits to 8-bit RGB: values are stretched, no-data pixels are black.

Large images are processed in strips, so that intermediate arrays stay small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from pairlens.importers.reading import NoData

_FAR = 1e30
"""Magnitude beyond which a value is no measurement."""

_NO_DATA = (-9999, -32767, -32768)
"""Values that commonly mean no data."""

_WELL_BELOW = 0.9
"""Share of the maximum below which all other values must be for the maximum to mean no data."""

MAX_MEASURED = 1 << 24
"""Maximum number of values from which percentiles are computed; of larger images, every n-th row
is used."""

_STRIP = 1 << 22
"""Values that are stretched at a time."""

SampleArray = NDArray[np.generic]
_Test = Callable[[SampleArray], NDArray[np.bool_]]


def to_rgb8(
    pixels: SampleArray, declared: float | None, setting: NoData = "auto"
) -> tuple[NDArray[np.uint8], str]:
    """Converts pixels of any depth to 8-bit RGB.

    Args:
        pixels: (height, width) or (height, width, bands)
        declared: the no-data value that the file declares, if any
        setting: the user's setting of which pixels have no data

    Returns:
        (height, width, 3) uint8, and a description of the no-data values; ``""`` if there are none
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    gray = pixels.shape[-1] < 3
    pixels = pixels[..., :1] if gray else pixels[..., :3]
    found = ""
    if pixels.dtype == np.uint8:
        picture = np.ascontiguousarray(pixels, dtype=np.uint8)
    else:
        picture, found = _stretched(pixels, declared, setting)
    return np.repeat(picture, 3, axis=-1) if gray else picture, found


def _stretched(
    pixels: SampleArray, declared: float | None, setting: NoData
) -> tuple[NDArray[np.uint8], str]:
    measured = pixels[:: -(-pixels.size // MAX_MEASURED)]
    tests = dict(_tests(measured, declared, setting))
    absent, found = _absent(measured, tests)
    values = _as_float(measured)
    valid = values[~absent] if found else values
    picture = np.zeros(pixels.shape, np.uint8)
    if not valid.size:
        return picture, found
    low, high = np.percentile(valid, (1, 99))
    scale = 255 / max(float(high - low), 1e-6)
    rows = max(1, _STRIP * len(pixels) // pixels.size)
    for top in range(0, len(pixels), rows):
        strip = pixels[top : top + rows]
        stretched = np.clip((_as_float(strip) - low) * scale, 0, 255)
        stretched[_absent(strip, tests)[0]] = 0
        picture[top : top + rows] = stretched.astype(np.uint8)
    return picture, found


def _as_float(pixels: SampleArray) -> NDArray[np.float32]:
    """Converts to single precision, limited to values whose differences do not overflow."""
    if pixels.dtype.kind == "f":
        pixels = np.clip(pixels, -_FAR, _FAR)
    return np.nan_to_num(pixels.astype(np.float32), copy=False)


def _absent(pixels: SampleArray, tests: dict[str, _Test]) -> tuple[NDArray[np.bool_], str]:
    """Returns a bool array, true for pixels without data, and a description of their values."""
    absent = np.zeros(pixels.shape, np.bool_)
    found: list[str] = []
    for description, test in tests.items():
        matches = test(pixels)
        if matches.any():
            np.logical_or(absent, matches, out=absent)
            found.append(description)
    return absent, ", ".join(found)


def _tests(
    pixels: SampleArray, declared: float | None, setting: NoData
) -> Iterator[tuple[str, _Test]]:
    """Yields tests that find pixels without data, each with a description of the value.

    These have the value that the file declares; NaN or infinity; values that no sensor measures
    (:data:`_NO_DATA`, or beyond :data:`_FAR`); and in unsigned types the greatest possible value if
    all other values are well below it.
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
    """Whether the greatest possible value occurs, and other, differing values are well below it."""
    matches = pixels == greatest
    others = pixels[~matches]
    varied = others.size > 0 and others.max() > others.min()
    return bool(matches.any() and varied and int(others.max()) < greatest * _WELL_BELOW)
