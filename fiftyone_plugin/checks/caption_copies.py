"""The same caption twice: at one image, or at very many."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from hashlib import blake2b

import numpy as np

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.texts import TEXT_KINDS, caption_place, quoted
from fiftyone_plugin.language import normal_form
from importers.fields import CAPTIONS


@check(
    "duplicate_caption",
    severity="warning",
    scope="dataset",
    needs=(CAPTIONS,),
    about="An image has the same caption twice, or very many images share one.",
    kinds=TEXT_KINDS,
)
def duplicate_caption(
    samples: Iterable[Subject], *, min_images: int = 10, min_share: float = 0.0
) -> Iterator[Doubt]:
    """Compares captions without case, punctuation and articles.

    Of each caption eight bytes are kept. A caption that many images share says little of any of
    them: that is worth knowing, and no more. The same one twice at one image is a copy that
    training counts twice.

    Args:
        samples: all images
        min_images: how many images must share a caption
        min_share: and what share of all images
    """
    marks, images = array("Q"), 0
    for sample in samples:
        marks.extend({_mark(caption.text) for caption in sample.captions} - {0})
        images += 1
    shared = _shared(marks, max(2, min_images, min_share * images))
    for sample in samples:
        if doubt := _within(sample) or _across(sample, shared, images):
            yield doubt


def _mark(text: str) -> int:
    words = normal_form(text)
    if not words:
        return 0
    digest = blake2b(words.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) | 1


def _shared(marks: array[int], least: float) -> dict[int, int]:
    """The captions that so many images have, with their number."""
    found, times = np.unique(np.frombuffer(marks, np.uint64), return_counts=True)
    many = times >= least
    return dict(zip(found[many].tolist(), times[many].tolist(), strict=True))


def _within(sample: Subject) -> Doubt | None:
    first: dict[int, int] = {}
    copies: list[tuple[int, int]] = []
    for number, caption in enumerate(sample.captions):
        mark = _mark(caption.text)
        if mark and first.setdefault(mark, number) != number:
            copies.append((number, first[mark]))
    if not copies:
        return None
    again, original = (caption_place(n + 1, sample.captions[n]) for n in copies[0])
    more = f" and {len(copies) - 1} more such" if len(copies) > 1 else ""
    text = quoted(sample.captions[copies[0][0]].text)
    return Doubt(0.3, f"{again} repeats {original}: {text}{more}", key=sample.key)


def _across(sample: Subject, shared: dict[int, int], images: int) -> Doubt | None:
    times = {n: shared.get(_mark(c.text), 0) for n, c in enumerate(sample.captions)}
    if not times or not max(times.values()):
        return None
    number = max(times, key=lambda n: times[n])
    count = times[number]
    note = (
        f"{count:,} of {images:,} images have {caption_place(number + 1, sample.captions[number])}:"
        f" {quoted(sample.captions[number].text)}"
    )
    return Doubt(max(0.4, 0.8 - count / max(images, 1)), note, severity="info", key=sample.key)
