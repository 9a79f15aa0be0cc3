"""The same caption twice: at one image, or at very many."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import captioned
from pairlens.fiftyone_plugin.checks.texts import TEXT_KINDS, caption_place, quoted
from pairlens.fiftyone_plugin.language import normal_form
from pairlens.importers.fields import CAPTIONS

FEW = 50
"""Images below which nothing is usual."""


def caption_marks(batch: Batch) -> NDArray[np.uint64]:
    """A hash of each caption that a sample has, once."""
    marks = batch.once(_marks)
    return np.array([mark for each in marks for mark in sorted({*each} - {0})], np.uint64)


def caption_counts(batch: Batch) -> NDArray[np.uint32]:
    """How many of them each sample has."""
    return np.array([len({*each} - {0}) for each in batch.once(_marks)], np.uint32)


def has_copies(batch: Batch) -> NDArray[np.bool_]:
    """Whether a sample has the same caption twice."""
    marks = ([mark for mark in each if mark] for each in batch.once(_marks))
    return np.array([len(set(each)) < len(each) for each in marks], np.bool_)


@check(
    "duplicate_caption",
    severity="warning",
    scope="dataset",
    needs=(CAPTIONS,),
    about="An image has the same caption twice, or very many images share one.",
    keeps=(caption_marks, caption_counts, has_copies),
    kinds=TEXT_KINDS,
    topic="Captions",
    fires=captioned("a road", "a lake", "A ROAD"),
    silent=captioned("a road", "a lake"),
)
def duplicate_caption(
    dataset: DatasetStatistics,
    *,
    min_images: int = 10,
    min_share: float = 0.0,
    usual_share: float = 0.2,
) -> Iterator[Issue]:
    """Compares captions without case, punctuation and articles.

    Of each caption eight bytes are kept. A caption that many images share says little of any of
    them: that is reported as info only. The same one twice at one image is a copy that
    training counts twice. Where more than ``usual_share`` of the images have it, that is how the
    dataset is published (RSICD repeats captions until each image has five): the summary says so
    once, and they are not reported one by one.

    Args:
        dataset: all images
        min_images: how many images must share a caption
        min_share: and what share of all images
        usual_share: share of the images from which on copies are usual
    """
    images = dataset.count(caption_counts)
    shared = _Shared.of(dataset, max(2, min_images, min_share * images))
    twice, common = dataset[has_copies], _common(dataset, shared)
    if _usual(twice, usual_share):
        dataset.notes.append(_note("have the same caption twice", twice))
        twice = np.zeros(images, np.bool_)
    if _usual(common, usual_share):
        dataset.notes.append(_note("share a caption with many others", common))
        common = np.zeros(images, np.bool_)
    own, across = bool(twice.any()), bool(common.any())
    for batch in dataset.read(twice | common):
        for sample in batch:
            issue = _within(sample) if own else None
            if issue or (issue := _across(sample, shared, images) if across else None):
                yield issue


class _Shared(NamedTuple):
    """The captions that many images have.

    Attributes:
        marks: of them, ascending, (n,)
        times: how many images have each, (n,)
    """

    marks: NDArray[np.uint64]
    times: NDArray[np.uint32]

    @classmethod
    def of(cls, dataset: DatasetStatistics, least: float) -> _Shared:
        found, often = [np.empty(0, np.uint64)], [np.empty(0, np.uint32)]
        for _, some in dataset.parts(caption_marks):
            marks, times = np.unique(some, return_counts=True)
            many = times >= least
            found.append(marks[many])
            often.append(times[many].astype(np.uint32))
        marks = np.concatenate(found)
        order = np.argsort(marks)
        return cls(marks[order], np.concatenate(often)[order])

    def of_mark(self, mark: int) -> int:
        """How many images have a caption, 0 where these are few."""
        at = int(np.searchsorted(self.marks, np.uint64(mark)))
        there = at < len(self.marks) and int(self.marks[at]) == mark
        return int(self.times[at]) if there else 0


def _common(dataset: DatasetStatistics, shared: _Shared) -> NDArray[np.bool_]:
    """Which images have a caption that many have."""
    common = np.zeros(dataset.count(caption_counts), np.bool_)
    counted = [counts for _, (counts,) in dataset.blocks(caption_counts)]
    marks = dataset.following(caption_marks, [int(counts.sum()) for counts in counted])
    start = 0
    for counts, some in zip(counted, marks, strict=True):
        owners = start + np.repeat(np.arange(len(counts)), counts)
        common[owners[np.isin(some, shared.marks)]] = True
        start += len(counts)
    return common


def _usual(concerned: NDArray[np.bool_], usual_share: float) -> bool:
    return len(concerned) >= FEW and concerned.mean() > usual_share


def _note(what: str, concerned: NDArray[np.bool_]) -> str:
    number, images = int(concerned.sum()), len(concerned)
    return (
        f"duplicate_caption: {number:,} of {images:,} images ({100 * number / images:.0f} %) "
        f"{what}; as it is usual here, they are not reported one by one"
    )


def _marks(batch: Batch) -> list[list[int]]:
    """A hash of each caption of each sample, 0 for one without words."""
    return [[_mark(caption.text) for caption in captions] for captions in batch.captions]


def _mark(text: str) -> int:
    words = normal_form(text)
    if not words:
        return 0
    digest = blake2b(words.encode("utf-8", "replace"), digest_size=8).digest()
    return int.from_bytes(digest) | 1


def _within(sample: Sample) -> Issue | None:
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
    return Issue(sample.key, 0.3, f"{again} repeats {original}: {text}{more}")


def _across(sample: Sample, shared: _Shared, images: int) -> Issue | None:
    times = {n: shared.of_mark(_mark(c.text)) for n, c in enumerate(sample.captions)}
    if not times or not max(times.values()):
        return None
    number = max(times, key=lambda n: times[n])
    count = times[number]
    note = (
        f"{count:,} of {images:,} images have {caption_place(number + 1, sample.captions[number])}:"
        f" {quoted(sample.captions[number].text)}"
    )
    return Issue(sample.key, max(0.4, 0.8 - count / max(images, 1)), note, "info")
