"""The mechanism of planting: what a fault is given, what it gives back, how it is declared.

A fault is a function with a decorator. It is given the pairs of one image and returns what
they are afterwards, or ``None`` where they cannot carry it; what it was given stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from fiftyone_plugin.checks import Sample
from importers.formats.base import Kind
from importers.image_stats import measure_target
from importers.mask_stats import measure
from importers.masks import Mask, load_stored
from importers.media import read_rgb
from importers.registry import Registry

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Record:
    """A pair as the checks see it, with its files.

    Attributes:
        pair: what the checks see
        mask_path, image_path: its files; ``""`` for no mask
        known_bad: whether a reviewer dropped it
    """

    pair: Sample
    mask_path: str
    image_path: str
    known_bad: bool = False

    def mask(self) -> Pixels:
        """Its mask: (height, width) uint8 of 0, 1 and 255.

        Raises:
            MaskError: if the file is gone
        """
        return load_stored(self.mask_path)

    def rgb(self) -> Pixels:
        """Its image: (height, width, 3) uint8.

        Raises:
            ImageError: if the file is gone
        """
        return _rgb(self.image_path)

    @property
    def seen(self) -> bool:
        """Whether its image is there and was measured."""
        image = self.pair.image
        return image is not None and not image.error and not self.pair.image_missing


@lru_cache(maxsize=4)
def _rgb(path: str) -> Pixels:
    return read_rgb(Path(path))


Unit = Sequence[Record]
"""The pairs of one image."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What damaging an image's pairs did.

    Attributes:
        pairs: what they are afterwards, added ones with them
        faulty: keys of those that the checks must find
    """

    pairs: tuple[Sample, ...]
    faulty: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tools:
    """What faults are planted with.

    Attributes:
        rng: the only source of chance
        other: gives another image's pairs, at random
        scratch: a folder for files that are broken on purpose
    """

    rng: Generator
    other: Callable[[], Unit]
    scratch: Path


Plant = Callable[[Unit, Tools], Damage | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """A declared fault.

    Attributes:
        name: in ``snake_case``
        checks: any of which must find it
        structural: whether it leaves nothing to judgement, so that all must be found
        about: what is done, in a sentence for people
        plant: does it
        kinds: the kinds of datasets whose samples it can be planted in
    """

    name: str
    checks: tuple[str, ...]
    structural: bool
    about: str
    plant: Plant
    kinds: tuple[Kind, ...] = ("pairs",)


FAULTS: Registry[Fault] = Registry("fault")


def fault(
    name: str,
    *,
    about: str,
    checks: tuple[str, ...] = (),
    structural: bool = False,
    kinds: tuple[Kind, ...] = ("pairs",),
) -> Callable[[Plant], Plant]:
    """Registers the decorated function as a fault; by default the check of its name finds it."""

    def register(plant: Plant) -> Plant:
        FAULTS.add(name, Fault(name, checks or (name,), structural, about, plant, kinds))
        return plant

    return register


def change(unit: Unit, record: Record, **values: object) -> Damage:
    """One pair of an image with something changed."""
    new = replace(record.pair, **values)  # type: ignore[arg-type]
    return Damage(tuple(new if r is record else r.pair for r in unit), (new.key,))


def redraw(unit: Unit, record: Record, pixels: Pixels) -> Damage:
    """Another mask in place of a pair's, for all pairs of the image that share it."""
    stats = measure(Mask(pixels))
    colors = measure_target(record.rgb(), Mask(pixels)) if record.seen else None
    old = record.pair.stats.digest
    shared = [r for r in unit if r.pair.stats.digest == old]
    new = {r.pair.key: replace(r.pair, stats=stats, colors=colors) for r in shared}
    return Damage(tuple(new.get(r.pair.key, r.pair) for r in unit), tuple(new))


def drawn(unit: Unit, tools: Tools, min_area: int = 64) -> Record | None:
    """A pair with a mask that can be changed, or ``None``."""
    able = [r for r in unit if r.mask_path and r.pair.stats.area >= min_area]
    return pick(able, tools)


def worded(unit: Unit, tools: Tools) -> Record | None:
    """A pair with a query, or ``None``."""
    return pick([r for r in unit if r.pair.phrase.strip()], tools)


def pick(records: Sequence[Record], tools: Tools) -> Record | None:
    """One of some records, or ``None`` where there are none."""
    return records[int(tools.rng.integers(len(records)))] if records else None
