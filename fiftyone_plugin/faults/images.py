"""Faults of the image; none can be planted where placeholders stand for the images."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS
from pairlens.fiftyone_plugin.faults.base import Damage, Tools, Unit, fault
from pairlens.importers.image_stats import ImageStats, measure_image
from pairlens.importers.masks import Pixels
from pairlens.importers.media import ImageError, read_rgb


@fault(
    "image_missing",
    structural=True,
    about="The image is gone and a placeholder stands there.",
    kinds=ALL_KINDS,
)
def image_missing(unit: Unit, tools: Tools) -> Damage | None:
    if any(r.sample.image_missing for r in unit):
        return None
    gone = {"image_missing": True, "image_digest": "", "image": None, "colors": None}
    return _changed(unit, **gone)


@fault("image_unreadable", structural=True, about="The image file is cut short.", kinds=ALL_KINDS)
def image_unreadable(unit: Unit, tools: Tools) -> Damage | None:
    if not unit[0].measured:
        return None
    source = Path(unit[0].image_path)
    data = source.read_bytes()
    file = tools.scratch / f"cut{source.suffix}"
    file.write_bytes(data[: int(len(data) * tools.rng.uniform(0.2, 0.8))])
    try:
        image = measure_image(read_rgb(file))
    except ImageError as error:
        image = ImageStats(error=str(error))
    return _changed(unit, image=image, colors=None)


@fault(
    "image_blank",
    structural=True,
    about="The image is of one color, with compression noise.",
    kinds=ALL_KINDS,
)
def image_blank(unit: Unit, tools: Tools) -> Damage | None:
    level = int(tools.rng.choice([0, 74, 255]))
    noise = tools.rng.integers(-1, 2, (64, 64, 3))
    return _altered(unit, lambda rgb: np.clip(level + noise, 0, 255).astype(np.uint8))


@fault("image_dark", about="The image is darkened to a twelfth.", kinds=ALL_KINDS)
def image_dark(unit: Unit, tools: Tools) -> Damage | None:
    return _altered(unit, lambda rgb: (rgb / 12).astype(np.uint8))


@fault(
    "image_low_contrast",
    about="The image is veiled: a twelfth of its contrast is left.",
    kinds=ALL_KINDS,
)
def image_low_contrast(unit: Unit, tools: Tools) -> Damage | None:
    return _altered(unit, lambda rgb: (140 + (rgb.astype(np.float32) - 140) / 12).astype(np.uint8))


def _altered(unit: Unit, alter: Callable[[Pixels], Pixels]) -> Damage | None:
    """The target's colors go with the image and are not known afterwards."""
    if not unit[0].measured:
        return None
    return _changed(unit, image=measure_image(alter(unit[0].rgb())), colors=None)


def _changed(unit: Unit, **values: Any) -> Damage:
    samples = tuple(replace(one.sample, **values) for one in unit)
    return Damage(samples, tuple(one.key for one in samples))
