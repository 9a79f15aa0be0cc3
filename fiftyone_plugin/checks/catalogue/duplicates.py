"""The same picture twice: byte for byte, or in all but its encoding, size and brightness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks.base import Issue, Sample, check
from pairlens.fiftyone_plugin.checks.batch import Batch
from pairlens.fiftyone_plugin.checks.catalogue.statistics import (
    DIGITS,
    heads,
    image_digests,
    image_names,
)
from pairlens.fiftyone_plugin.checks.dataset_statistics import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS
from pairlens.fiftyone_plugin.near_hashes import nearest
from pairlens.importers.fields import IMAGE_STATS

FEW = 2
"""Files that may stand there again before that can be the dataset's way."""


def looks(batch: Batch) -> NDArray[np.uint64]:
    """The perceptual hash of the image, 0 where there is none."""
    return heads(batch.values(f"{IMAGE_STATS}.phash"))


def has_look(batch: Batch) -> NDArray[np.bool_]:
    """Whether there is a perceptual hash."""
    return batch.there(f"{IMAGE_STATS}.phash") & ~batch.missing


@check(
    "duplicate_image",
    severity="warning",
    scope="dataset",
    needs=("source", f"{IMAGE_STATS}.phash"),
    about="Another image shows the same: a copy, or nearly one by its perceptual hash.",
    keeps=(image_names, image_digests, looks, has_look),
    kinds=ALL_KINDS,
    topic="Pairs against each other",
    fires=(example(image_digest="5c" * 32), example("gres/train/2#0", image_digest="5c" * 32)),
    silent=(example(), example("gres/train/2#0")),
)
def duplicate_image(
    dataset: DatasetStatistics, *, max_distance: int = 6, usual_share: float = 0.2
) -> Iterator[Issue]:
    """Finds equal and nearly equal images under different names.

    The same bytes in two splits are left to ``split_leak``. Where more than ``usual_share`` of
    the images stand there again byte for byte, that is how the dataset is published (each pair
    of RefSegRS has an image copy of its own), and copies are not reported one by one.

    Args:
        dataset: all samples
        max_distance: bits of 64 that may differ
        usual_share: share of the images from which on copies are usual
    """
    digests, seen, look = dataset[image_digests], dataset[has_look], dataset[looks]
    there = np.flatnonzero(digests)
    files, first, file_of = np.unique(digests[there], return_index=True, return_inverse=True)
    names = dataset[image_names][there]
    again = np.unique(file_of.ravel()[names != names[first][file_of.ravel()]])
    copies = files[again] if not _usual(len(again), len(files), usual_share) else files[:0]
    rows = there[np.sort(first)]
    near = _nearest(look[rows][seen[rows]].tolist(), max_distance)
    alike = np.isin(look, np.array(list(near), np.uint64)) & seen
    images = _Images(set(copies.tolist()), near)
    for batch in dataset.read(np.isin(digests, copies) | alike):
        for sample in batch:
            images.add(sample)
    yield from images.issues()


def _usual(copied: int, files: int, usual_share: float) -> bool:
    """Whether copies are how the dataset is published; one or two are an accident."""
    return copied > max(FEW, usual_share * files)


def _nearest(hashes: list[int], max_distance: int) -> dict[int, tuple[int, int]]:
    """By perceptual hash: that of the nearest other file, and the bits that differ."""
    again = {each: (each, 0) for each, count in Counter(hashes).items() if count > 1}
    return {**nearest(hashes, max_distance)} | again


def _connected(links: Iterable[tuple[int, int]]) -> dict[int, int]:
    """By perceptual hash: the lowest of all that it is linked with, directly or not."""
    lowest: dict[int, int] = {}
    members: dict[int, list[int]] = {}
    for pair in links:
        heads = {lowest.setdefault(look, look) for look in pair}
        merged = [look for head in heads for look in members.pop(head, [head])]
        members[min(heads)] = merged
        lowest |= dict.fromkeys(merged, min(heads))
    return lowest


class _Shown(NamedTuple):
    """A pair and its image."""

    key: str
    split: str
    image_id: str
    digest: int
    phash: int | None


class _Images:
    """The images that stand there more than once, or nearly so.

    Args:
        copies: digests of files that stand there under several names
        near: by perceptual hash: that of the nearest other file, and the bits that differ
    """

    def __init__(self, copies: set[int], near: Mapping[int, tuple[int, int]]) -> None:
        self._copies = copies
        self._near = near
        self._alike = _connected((look, other) for look, (other, _) in near.items())
        self._shown: list[_Shown] = []
        self._named: dict[int, list[_Shown]] = {}
        self._looks: dict[int, list[_Shown]] = {}

    def add(self, sample: Sample) -> None:
        """Keeps what a sample shows, and the first few names of a file and of a look."""
        digest = int(sample.image_digest[:DIGITS], 16) if sample.image_digest else 0
        phash = sample.image.phash if sample.image and not sample.image_missing else ""
        look = int(phash, 16) if phash else None
        one = _Shown(sample.key, sample.split, sample.image_id, digest, look)
        self._shown.append(one)
        for names in (
            self._named.setdefault(one.digest, []),
            self._looks.setdefault(one.phash, []) if one.phash is not None else [],
        ):
            # Two a file and split are enough to name one that is not the pair's own.
            alike = [n for n in names if (n.split, n.digest) == (one.split, one.digest)]
            if len(alike) < 2 and one.image_id not in [n.image_id for n in alike]:
                names.append(one)

    def issues(self) -> Iterator[Issue]:
        """At most one a sample: of a copy, else of what looks like it."""
        for one in self._shown:
            issue = self._copy_of(one) if one.digest in self._copies else None
            if issue is None and one.phash is not None and one.phash in self._near:
                issue = self._near_to(one, *self._near[one.phash])
            if issue is not None:
                yield issue

    def _copy_of(self, one: _Shown) -> Issue | None:
        for other in self._named[one.digest]:
            if other.split == one.split and other.image_id != one.image_id:
                note = f"the image is the same file as that of {other.key}"
                return Issue(one.key, 0.2, note, group=f"image {one.digest}")
        return None

    def _near_to(self, one: _Shown, near: int, bits: int) -> Issue:
        """Names a near image, in another split where there is one: there it is worse."""
        names = [name for name in self._looks[near] if name.digest != one.digest]
        other = min(names, key=lambda name: name.split == one.split)
        leaks = other.split != one.split
        where = ", in another split" if leaks else ""
        note = f"the image looks like that of {other.key}{where}: {bits} of 64 bits differ"
        group = f"look {self._alike[near]:x}"
        return Issue(one.key, 0.3 + 0.05 * bits, note, None if leaks else "info", group)
