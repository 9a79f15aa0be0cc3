"""Checks on the image, by what was measured when it was decoded. Placeholders are not judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pairlens.fiftyone_plugin.checks.base import Issue, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.examples import PHOTO, example
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS
from pairlens.importers.fields import IMAGE_STATS
from pairlens.importers.image_stats import ImageStats

BLANK = 0.99
"""Share of one color from which on an image is blank and has no other finding."""


@check(
    "image_missing",
    severity="info",
    needs=("image_missing",),
    about="The image was not among the files; a placeholder stands for it, as was asked for.",
    kinds=ALL_KINDS,
    topic="The image",
    subject="image",
    fires=example(image_missing=True),
    silent=example(),
)
def image_missing(batch: Batch) -> Iterator[Issue]:
    for row in batch.missing.nonzero()[0].tolist():
        yield Issue(batch.keys[row], 0.9, "the image was not there when the pair was imported")


@check(
    "image_unreadable",
    severity="error",
    needs=(IMAGE_STATS,),
    about="The image file is cut short or broken: its pixels cannot be decoded.",
    kinds=ALL_KINDS,
    topic="The image",
    subject="image",
    fires=example(image=ImageStats(error="the image file is cut short")),
    silent=example(image=PHOTO),
)
def image_unreadable(batch: Batch) -> Iterator[Issue]:
    for sample in batch.where(batch.present(f"{IMAGE_STATS}.error") & ~batch.missing):
        yield Issue(sample.key, 0.0, (sample.image or ImageStats()).error)


@check(
    "image_blank",
    severity="error",
    needs=(IMAGE_STATS,),
    about="The image is of one color, or most of it is no-data.",
    kinds=ALL_KINDS,
    topic="The image",
    subject="image",
    fires=example(image=replace(PHOTO, blank=0.71)),
    silent=example(image=PHOTO),
)
def image_blank(batch: Batch, *, min_share: float = 0.6) -> Iterator[Issue]:
    """Finds images of one color as errors, and those with much of one color as warnings."""
    blank = batch.image("blank")
    for row in (blank >= min(min_share, BLANK)).nonzero()[0].tolist():
        key, share = batch.keys[row], float(blank[row])
        if share >= BLANK:
            note = f"{share:.1%} of the image is of one color".replace("%", " %")
            yield Issue(key, 0.0, note)
        else:
            score = 0.2 + 0.5 * (BLANK - share) / max(BLANK - min_share, 1e-9)
            note = f"{share:.0%} of the image is of one color, as no-data is".replace("%", " %")
            yield Issue(key, score, note, "warning")


@check(
    "image_dark",
    severity="warning",
    needs=(IMAGE_STATS,),
    about="The image is so dark that hardly anything can be made out.",
    kinds=ALL_KINDS,
    topic="The image",
    subject="image",
    fires=example(image=replace(PHOTO, brightness=0.04)),
    silent=example(image=PHOTO),
)
def image_dark(batch: Batch, *, max_brightness: float = 0.1) -> Iterator[Issue]:
    brightness = batch.image("brightness")
    dark = (brightness < max_brightness) & (batch.image("blank") < BLANK)
    for row in dark.nonzero()[0].tolist():
        note = f"the mean brightness is {brightness[row]:.0%} of full white".replace("%", " %")
        yield Issue(batch.keys[row], 0.6 * float(brightness[row]) / max_brightness, note)


@check(
    "image_low_contrast",
    severity="warning",
    needs=(IMAGE_STATS,),
    about="Nearly all of the image is of one brightness, as in haze or fog.",
    kinds=ALL_KINDS,
    topic="The image",
    subject="image",
    fires=example(image=replace(PHOTO, contrast=0.06)),
    silent=example(image=PHOTO),
)
def image_low_contrast(batch: Batch, *, max_contrast: float = 0.1) -> Iterator[Issue]:
    contrast = batch.image("contrast")
    flat = (contrast < max_contrast) & (batch.image("blank") < BLANK)
    for row in flat.nonzero()[0].tolist():
        note = f"all but 4% of the pixels lie within {contrast[row]:.0%} of the range of gray"
        score = 0.2 + 0.6 * float(contrast[row]) / max_contrast
        yield Issue(batch.keys[row], score, note.replace("%", " %"))
