"""Samples for the examples of checks: sound ones, of which an example changes what it is about."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from pairlens.fiftyone_plugin.checks.base import Sample
from pairlens.importers.image_stats import COLORS, ImageStats, TargetColors
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.records import Caption, Source, Turn

SOUND = MaskStats(
    width=512, height=512, area=1028, box=(231, 243, 50, 26), centroid=(256.0, 256.0),
    x_quantiles=(238.8, 245.9, 256.0, 266.1, 273.2),
    y_quantiles=(247.0, 250.7, 256.0, 261.3, 265.0),
    components=1, largest=1.0, rectangularity=0.79, elongation=1.91, solidity=0.96,
    digest="484c678b" * 8,
)  # fmt: skip
"""The measurements of an ellipse of 50x26 pixels in the middle of an image of 512x512."""

EMPTY = MaskStats(width=512, height=512, digest="00c0ffee" * 8)
"""Those of a mask without target."""

PHOTO = ImageStats(brightness=0.5, contrast=0.6, blank=0.01, chroma=20.0)
"""The measurements of an ordinary image."""


def example(key: str = "gres/train/1#0", /, **changes: Any) -> Sample:
    """A pair without issue.

    Args:
        key: ``dataset/split/image#query``
        changes: other values of :class:`Sample`; ``stats_<name>`` changes one of the mask's
    """
    _, split, rest = key.split("/")
    image_id = rest.partition("#")[0]
    stats = changes.pop("stats", SOUND)
    measured = {k.removeprefix("stats_"): v for k, v in changes.items() if k.startswith("stats_")}
    others = {k: v for k, v in changes.items() if not k.startswith("stats_")}
    given = {
        "phrase": "the red car beside the hangar",
        "image_size": (512, 512),
        "image_digest": hashlib.sha256(image_id.encode()).hexdigest(),
    }
    stats = replace(stats, **measured)
    return Sample(key=key, image_id=image_id, split=split, stats=stats, **given | others)


def examples(*phrases: str, **changes: Any) -> tuple[Sample, ...]:
    """Pairs of one image and mask with these queries."""
    return tuple(example(f"gres/train/1#{n}", phrase=p, **changes) for n, p in enumerate(phrases))


def mask_at(x: int, y: int) -> MaskStats:
    """The ellipse around another center."""
    dx, dy = x - 256, y - 256
    left, top, width, height = SOUND.box
    return replace(
        SOUND,
        box=(left + dx, top + dy, width, height),
        centroid=(x, y),
        x_quantiles=tuple(value + dx for value in SOUND.x_quantiles),
        y_quantiles=tuple(value + dy for value in SOUND.y_quantiles),
        digest=f"{x:032x}{y:032x}",
    )


def target_colors(**shares: float) -> TargetColors:
    """A target of which these shares can be called by colors: ``target_colors(red=0.5)``."""
    each = tuple(shares.get(name, 0.0) for name in COLORS)
    return TargetColors(target=(58.0, 1.0, 3.0), ring=(55.0, 0.0, 0.0), shares=each)


def captioned(*captions: str | tuple[str, int | None], key: str = "rsteller/train/1") -> Sample:
    """An image with captions, each a text or a text and its task."""
    tasks = [(c, None) if isinstance(c, str) else c for c in captions]
    _, split, image_id = key.split("/", 2)
    return Sample(key, image_id, split, "", captions=tuple(Caption(*each) for each in tasks))


def talk(*said: str, key: str = "rsgpt4v/train/1", file: str = "a.json", index: int = 0,
         category: str = "", **changes: Any) -> Sample:  # fmt: skip
    """An image with one record: questions and answers in turn, ``-`` for none of the kind."""
    turns = tuple(
        Turn(
            "" if question == "-" else question,
            () if answer == "-" else (answer,),
            category,
            Source(file, index),
            number,
        )
        for number, (question, answer) in enumerate(zip(said[::2], said[1::2], strict=True))
    )
    _, split, image_id = key.split("/", 2)
    return Sample(key, image_id, split, "", turns=turns, **changes)
