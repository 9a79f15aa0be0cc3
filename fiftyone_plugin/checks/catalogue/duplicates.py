"""Duplicate images: byte for byte, or in all but encoding, size and brightness."""

from __future__ import annotations

from collections.abc import Iterator
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
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics
from pairlens.fiftyone_plugin.checks.examples import example
from pairlens.fiftyone_plugin.checks.texts import ALL_KINDS
from pairlens.fiftyone_plugin.near_hashes import nearest
from pairlens.importers.fields import IMAGE_STATS
from pairlens.importers.spools import ObjectSpool

AT_ONCE = 10_000
"""Approximate number of samples that are read together."""

FEW = 2
"""Largest number of copied files for which copies are not usual."""


def looks(batch: Batch) -> NDArray[np.uint64]:
    """The perceptual hash of the image, 0 for none."""
    return heads(batch.values(f"{IMAGE_STATS}.phash"))


def has_look(batch: Batch) -> NDArray[np.bool_]:
    """Whether the image has a perceptual hash."""
    return batch.present(f"{IMAGE_STATS}.phash") & ~batch.missing


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

    Equal bytes in two splits are left to ``split_leak``. If more than ``usual_share`` of the images
    have an equal copy, the dataset is published that way (RefSegRS has a copy for each pair), and
    single copies are not reported.

    Args:
        dataset: all samples
        max_distance: largest number of different bits of 64
        usual_share: share of images with copies above which copies are usual
    """
    files = _Files.of(dataset)
    usual = _usual(len(files.copied), files.number, usual_share)
    near = _near(files.looks, max_distance)
    copied = np.array([] if usual else files.copied, np.uint64)
    rows, groups = _concerned(dataset, copied, near)
    copies = set(copied.tolist())
    # Samples are compared within their group only.
    for some in _in_pieces(rows, groups):
        images = _Images(copies, near)
        for batch in dataset.read(np.sort(some)):
            for sample in batch:
                images.add(sample)
        yield from images.issues()


class _Files(NamedTuple):
    """The image files of a dataset.

    Attributes:
        number: number of different files
        copied: heads of the digests of files with several names, ascending
        looks: perceptual hashes of the files that have one
    """

    number: int
    copied: NDArray[np.uint64]
    looks: NDArray[np.uint64]

    @classmethod
    def of(cls, dataset: DatasetStatistics) -> _Files:
        number, copied, seen_looks = 0, [np.empty(0, np.uint64)], [np.empty(0, np.uint64)]
        for _, digests, names, look, seen in dataset.parts(
            image_digests, image_names, looks, has_look
        ):
            files, first, file_of = np.unique(digests, return_index=True, return_inverse=True)
            number += len(files)
            copied.append(files[np.unique(file_of.ravel()[names != names[first][file_of.ravel()]])])
            seen_looks.append(look[first][seen[first]])
        return cls(number, np.sort(np.concatenate(copied)), np.concatenate(seen_looks))


def _usual(copied: int, files: int, usual_share: float) -> bool:
    """Whether the dataset is published with copies; one or two are an accident."""
    return copied > max(FEW, usual_share * files)


class _Near(NamedTuple):
    """Perceptual hashes with an equal or near one of another file, ascending, (n,) each.

    Attributes:
        looks: the hashes
        others: the nearest hash of another file
        bits: number of different bits
        lowest: the lowest hash of its connected component
    """

    looks: NDArray[np.uint64]
    others: NDArray[np.uint64]
    bits: NDArray[np.uint8]
    lowest: NDArray[np.uint64]

    def at(self, look: int) -> int | None:
        """The index of a hash, ``None`` if it has no near one."""
        at = int(np.searchsorted(self.looks, np.uint64(look)))
        return at if at < len(self.looks) and int(self.looks[at]) == look else None


def _near(hashes: NDArray[np.uint64], max_distance: int) -> _Near:
    """The perceptual hashes of files that have a near one; sorts ``hashes`` in place."""
    # Here, so that workers, which never come here, do not hold it.
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    hashes.sort()  # in its place: there may be a million
    same = hashes[1:] == hashes[:-1]
    again = np.unique(hashes[1:][same])
    distinct = hashes[np.append([True], ~same)] if len(again) else hashes
    found = nearest(distinct, max_distance)
    looks = np.union1d(found.hashes, again)
    others, bits = looks.copy(), np.zeros(len(looks), np.uint8)
    differ = ~np.isin(found.hashes, again)
    at = np.searchsorted(looks, found.hashes[differ])
    others[at], bits[at] = found.others[differ], found.bits[differ]
    # Nearness is symmetric, so both ends of a link are present.
    ends = np.searchsorted(looks, others)
    count = len(looks)
    if not count:
        return _Near(looks, others, bits, looks)
    links = coo_array((np.ones(count, np.bool_), (np.arange(count), ends)), shape=(count, count))
    _, group = connected_components(links, directed=False)
    _, first = np.unique(group, return_index=True)
    return _Near(looks, others, bits, looks[first][group])


def _concerned(
    dataset: DatasetStatistics, copied: NDArray[np.uint64], near: _Near
) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """The samples to read again, and the number of the group of each."""
    rows, groups = [np.empty(0, np.int64)], [np.empty(0, np.uint64)]
    for start, (digests, look, seen) in dataset.blocks(image_digests, looks, has_look):
        alike = np.isin(look, near.looks) & seen
        here = np.flatnonzero(np.isin(digests, copied) | alike)
        group = digests[here]
        looking = alike[here]
        group[looking] = near.lowest[np.searchsorted(near.looks, look[here][looking])]
        rows.append(start + here)
        groups.append(group)
    return np.concatenate(rows), np.concatenate(groups)


def _in_pieces(rows: NDArray[np.int64], groups: NDArray[np.uint64]) -> Iterator[NDArray[np.int64]]:
    """Yields the rows in pieces of some thousands, with those of a group together."""
    order = np.argsort(groups, kind="stable")
    groups, start = groups[order], 0
    while start < len(order):
        end = min(start + AT_ONCE, len(order))
        end = int(np.searchsorted(groups, groups[end - 1], "right"))
        yield rows[order[start:end]]
        start = end


class _PairImage(NamedTuple):
    """A pair and its image."""

    key: str
    split: str
    image_id: str
    digest: int
    phash: int | None


class _Images:
    """Images with equal or near copies.

    Args:
        copies: digests of files with several names
        near: perceptual hashes with a near one
    """

    def __init__(self, copies: set[int], near: _Near) -> None:
        self._copies = copies
        self._near = near
        self._shown = ObjectSpool[_PairImage]()
        self._named: dict[int, list[_PairImage]] = {}
        self._looks: dict[int, list[_PairImage]] = {}

    def add(self, sample: Sample) -> None:
        """Adds the image of a sample, and keeps the first few names of a file and of a hash."""
        digest = int(sample.image_digest[:DIGITS], 16) if sample.image_digest else 0
        phash = sample.image.phash if sample.image and not sample.image_missing else ""
        look = int(phash, 16) if phash else None
        one = _PairImage(sample.key, sample.split, sample.image_id, digest, look)
        self._shown.add(one)
        for names in (
            self._named.setdefault(one.digest, []),
            self._looks.setdefault(one.phash, []) if one.phash is not None else [],
        ):
            # Two a file and split are enough to name one that is not the pair's own.
            alike = [n for n in names if (n.split, n.digest) == (one.split, one.digest)]
            if len(alike) < 2 and one.image_id not in [n.image_id for n in alike]:
                names.append(one)

    def issues(self) -> Iterator[Issue]:
        """Yields at most one issue a sample: about an equal copy, else about a near one."""
        for one in self._shown:
            issue = self._copy_of(one) if one.digest in self._copies else None
            at = self._near.at(one.phash) if issue is None and one.phash is not None else None
            if at is not None:
                issue = self._near_to(one, at)
            if issue is not None:
                yield issue

    def _copy_of(self, one: _PairImage) -> Issue | None:
        for other in self._named[one.digest]:
            if other.split == one.split and other.image_id != one.image_id:
                note = f"the image is the same file as that of {other.key}"
                return Issue(one.key, 0.2, note, group=f"image {one.digest}")
        return None

    def _near_to(self, one: _PairImage, at: int) -> Issue:
        """The issue about a near image, in another split if there is one, which is worse."""
        near, bits = int(self._near.others[at]), int(self._near.bits[at])
        names = [name for name in self._looks[near] if name.digest != one.digest]
        other = min(names, key=lambda name: name.split == one.split)
        leaks = other.split != one.split
        where = ", in another split" if leaks else ""
        note = f"the image looks like that of {other.key}{where}: {bits} of 64 bits differ"
        group = f"look {int(self._near.lowest[at]):x}"
        return Issue(one.key, 0.3 + 0.05 * bits, note, None if leaks else "info", group)
