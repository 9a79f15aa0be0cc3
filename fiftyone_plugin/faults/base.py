"""How a fault is declared, what it is given and what it returns.

A fault is a function with a decorator. It is given the samples of one image and returns what
they are afterwards, or ``None`` where they cannot carry it; what it was given stays as it is::

    @fault("full_mask", structural=True, about="Every pixel is target.")
    def full_mask(unit: Unit, tools: Tools) -> Damage | None:
        loaded = drawn(unit, tools)
        return redraw(unit, loaded, np.full_like(loaded.mask(), TARGET)) if loaded else None

The benchmark of the checks applies faults in memory; the demo writes what they return to files
(:mod:`pairlens.fiftyone_plugin.demo.planting`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.random import Generator

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.importers.image_stats import TargetColors, measure_target
from pairlens.importers.mask_stats import MaskStats, measure
from pairlens.importers.masks import Mask, Pixels, load_stored
from pairlens.importers.media import read_rgb
from pairlens.importers.records import Kind, Shape
from pairlens.importers.registry import Registry

Drawing = Pixels | tuple[Shape, ...]
"""A mask as a fault leaves it: (height, width) of 0, 1 target and 255 ignore, other values where
they are the fault, or polygons where no pixels say what is wrong with them."""


@dataclass(frozen=True, slots=True)
class LoadedSample:
    """A sample with its files.

    Attributes:
        sample: as the checks see it
        mask_path: the stored mask; ``""`` for none
        image_path: the image
        known_bad: whether a reviewer dropped it
    """

    sample: Sample
    mask_path: str
    image_path: str
    known_bad: bool = False

    def mask(self) -> Pixels:
        """The mask, (height, width) uint8 of 0, 1 and 255.

        Raises:
            MaskError: if the file cannot be read
        """
        return load_stored(self.mask_path)

    def rgb(self) -> Pixels:
        """The image, (height, width, 3) uint8.

        Raises:
            ImageError: if the file cannot be read
        """
        return _rgb(self.image_path)

    @property
    def measured(self) -> bool:
        """Whether the image is there and was measured."""
        image = self.sample.image
        return image is not None and not image.error and not self.sample.image_missing


@lru_cache(maxsize=4)
def _rgb(path: str) -> Pixels:
    return read_rgb(Path(path))


Unit = Sequence[LoadedSample]
"""The samples of one image, or those that share an annotation."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What a fault did.

    Attributes:
        samples: the unit's samples afterwards in their order, then added ones
        faulty: keys of those that the checks must find
        masks: the masks that were changed or added, by key
    """

    samples: tuple[Sample, ...]
    faulty: tuple[str, ...]
    masks: Mapping[str, Drawing] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tools:
    """What faults are planted with.

    Attributes:
        rng: the only source of chance
        other: returns another image's samples, chosen at random
        scratch: a folder for files that are broken on purpose
    """

    rng: Generator
    other: Callable[[], Unit]
    scratch: Path


Plant = Callable[[Unit, Tools], Damage | None]


def _always(before: Sample, after: Sample) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Fault:
    """A declared fault.

    Attributes:
        name: in ``snake_case``
        checks: any of which must find it
        structural: whether it leaves nothing to judgement, so that all must be found
        about: what is done, in a sentence for people
        plant: the function
        kinds: the kinds of datasets whose samples it can be planted in
        plain: whether a changed sample is plainly faulty, where the fault can also be mild;
            the demo plants it only then
    """

    name: str
    checks: tuple[str, ...]
    structural: bool
    about: str
    plant: Plant
    kinds: tuple[Kind, ...] = ("pairs",)
    plain: Callable[[Sample, Sample], bool] = _always


FAULTS: Registry[Fault] = Registry("fault")


def fault(
    name: str,
    *,
    about: str,
    checks: tuple[str, ...] = (),
    structural: bool = False,
    kinds: tuple[Kind, ...] = ("pairs",),
    plain: Callable[[Sample, Sample], bool] = _always,
) -> Callable[[Plant], Plant]:
    """Registers the decorated function as a fault; by default the check of its name finds it."""

    def register(plant: Plant) -> Plant:
        FAULTS.add(name, Fault(name, checks or (name,), structural, about, plant, kinds, plain))
        return plant

    return register


def change(
    unit: Unit, loaded: LoadedSample, *, mask: Drawing | None = None, **values: Any
) -> Damage:
    """Changes one sample of a unit.

    Args:
        unit: the samples
        loaded: one of them
        mask: its new mask, where the fault draws another
        values: of :class:`Sample`
    """
    new = replace(loaded.sample, **values)
    samples = tuple(new if one is loaded else one.sample for one in unit)
    return Damage(samples, (new.key,), {} if mask is None else {new.key: mask})


def redraw(unit: Unit, loaded: LoadedSample, pixels: Pixels) -> Damage:
    """Replaces a sample's mask, for all of the unit that share it."""
    mask = Mask(pixels)
    colors = measure_target(loaded.rgb(), mask) if loaded.measured else None
    return replace_mask(unit, loaded, pixels, measure(mask), colors)


def replace_mask(
    unit: Unit,
    loaded: LoadedSample,
    drawing: Drawing,
    stats: MaskStats,
    colors: TargetColors | None = None,
) -> Damage:
    """As :func:`redraw`, with the measurements of the new mask."""
    old = loaded.sample.stats.digest
    shared = [one.sample for one in unit if one.sample.stats.digest == old]
    new = {one.key: replace(one, stats=stats, colors=colors) for one in shared}
    samples = tuple(new.get(one.sample.key, one.sample) for one in unit)
    return Damage(samples, tuple(new), dict.fromkeys(new, drawing))


def drawn(unit: Unit, tools: Tools, min_area: int = 64) -> LoadedSample | None:
    """A sample with a mask of at least ``min_area`` target pixels, or ``None``."""
    return pick([r for r in unit if r.mask_path and r.sample.stats.area >= min_area], tools)


def worded(unit: Unit, tools: Tools) -> LoadedSample | None:
    """A sample with a query, or ``None``."""
    return pick([r for r in unit if r.sample.phrase.strip()], tools)


def pick(samples: Sequence[LoadedSample], tools: Tools) -> LoadedSample | None:
    """One of some samples, or ``None`` where there are none."""
    return samples[int(tools.rng.integers(len(samples)))] if samples else None
