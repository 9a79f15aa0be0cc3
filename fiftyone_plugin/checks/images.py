"""Checks on the image, by what was measured when it was decoded. Placeholders are not judged."""

from __future__ import annotations

from collections.abc import Iterator

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.texts import ALL_KINDS
from importers.fields import IMAGE_STATS

BLANK = 0.99
"""Share of one color from which on an image is blank, and nothing else is said of it."""


@check(
    "image_missing",
    severity="info",
    needs=("image_missing",),
    about="The image was not among the files; a placeholder stands for it, as was asked for.",
    screen=lambda seen: seen.missing,
    kinds=ALL_KINDS,
)
def image_missing(pair: Subject) -> Iterator[Doubt]:
    if pair.image_missing:
        yield Doubt(0.9, "the image was not there when the pair was imported")


@check(
    "image_unreadable",
    severity="error",
    needs=(IMAGE_STATS,),
    about="The image file is cut short or broken: its pixels cannot be decoded.",
    screen=lambda seen: seen.there("image_stats.error"),
    kinds=ALL_KINDS,
)
def image_unreadable(pair: Subject) -> Iterator[Doubt]:
    if pair.image and pair.image.error and not pair.image_missing:
        yield Doubt(0.0, pair.image.error)


@check(
    "image_blank",
    severity="error",
    needs=(IMAGE_STATS,),
    about="The image is of one color, or most of it is no-data.",
    screen=lambda seen, min_share: seen.image("blank") >= min(min_share, BLANK),
    kinds=ALL_KINDS,
)
def image_blank(pair: Subject, *, min_share: float = 0.6) -> Iterator[Doubt]:
    """Finds images of one color as errors, and those with much of one color as warnings."""
    image = pair.image
    if image is None or image.error or pair.image_missing:
        return
    if image.blank >= BLANK:
        yield Doubt(0.0, f"{image.blank:.1%} of the image is of one color".replace("%", " %"))
    elif image.blank >= min_share:
        score = 0.2 + 0.5 * (BLANK - image.blank) / max(BLANK - min_share, 1e-9)
        note = f"{image.blank:.0%} of the image is of one color, as no-data is"
        yield Doubt(score, note.replace("%", " %"), severity="warning")


@check(
    "image_dark",
    severity="warning",
    needs=(IMAGE_STATS,),
    about="The image is so dark that hardly anything can be made out.",
    screen=lambda seen, max_brightness: seen.image("brightness") < max_brightness,
    kinds=ALL_KINDS,
)
def image_dark(pair: Subject, *, max_brightness: float = 0.1) -> Iterator[Doubt]:
    image = pair.image
    if image is None or image.error or pair.image_missing or image.blank >= BLANK:
        return
    if image.brightness < max_brightness:
        note = f"the mean brightness is {image.brightness:.0%} of full white"
        yield Doubt(0.6 * image.brightness / max_brightness, note.replace("%", " %"))


@check(
    "image_low_contrast",
    severity="warning",
    needs=(IMAGE_STATS,),
    about="Nearly all of the image is of one brightness, as in haze or fog.",
    screen=lambda seen, max_contrast: seen.image("contrast") < max_contrast,
    kinds=ALL_KINDS,
)
def image_low_contrast(pair: Subject, *, max_contrast: float = 0.1) -> Iterator[Doubt]:
    image = pair.image
    if image is None or image.error or pair.image_missing or image.blank >= BLANK:
        return
    if image.contrast < max_contrast:
        note = f"all but 4% of the pixels lie within {image.contrast:.0%} of the range of gray"
        yield Doubt(0.2 + 0.6 * image.contrast / max_contrast, note.replace("%", " %"))
