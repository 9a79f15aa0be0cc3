"""Checks on the image."""

from __future__ import annotations

from collections.abc import Iterator

from fiftyone_plugin.checks.base import Doubt, Subject, check


@check(
    "image_missing",
    severity="info",
    needs=("image_missing",),
    about="The image was not among the files; a placeholder stands for it, as was asked for.",
)
def image_missing(pair: Subject) -> Iterator[Doubt]:
    if pair.image_missing:
        yield Doubt(0.9, "the image was not there when the pair was imported")
