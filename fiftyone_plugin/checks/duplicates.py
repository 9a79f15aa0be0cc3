"""The same picture twice: byte for byte, or in all but its encoding, size and brightness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np

from fiftyone_plugin.checks.base import Doubt, Subject, check
from fiftyone_plugin.checks.survey import Survey, Suspects
from fiftyone_plugin.checks.texts import ALL_KINDS
from fiftyone_plugin.near_hashes import nearest
from importers.fields import IMAGE_STATS

FEW = 2
"""Files that may stand there again before that can be the dataset's way."""


class _Seen(NamedTuple):
    """An image file's content: the first name it was met under, and whether under others."""

    name: int
    phash: int | None
    again: bool


def _met_again(seen: Survey, max_distance: int, usual_share: float) -> Suspects:
    """The pairs of images that stand there more than once, or nearly so."""
    there = np.flatnonzero(seen["image"])
    files, first, file_of = np.unique(seen["image"][there], return_index=True, return_inverse=True)
    names, first = seen["name"][there], np.asarray(first)
    again = np.unique(file_of.ravel()[names != names[first][file_of.ravel()]])
    copies = files[again] if not _usual(len(again), len(files), usual_share) else files[:0]
    rows = there[np.sort(first)]
    looks = seen["look"][rows][seen["looks"][rows]]
    alike = _Alike(set(copies.tolist()), _nearest(looks.tolist(), max_distance))
    near = np.array([look for look in alike.near if look is not None], np.uint64)
    concerned = np.isin(seen["image"], copies) | (seen["looks"] & np.isin(seen["look"], near))
    return Suspects(np.flatnonzero(concerned), lambda pairs: _doubts(pairs, alike))


def _usual(copied: int, files: int, usual_share: float) -> bool:
    """Whether copies are how the dataset is published; one or two are an accident."""
    return copied > max(FEW, usual_share * files)


def _nearest(
    hashes: Iterable[int | None], max_distance: int
) -> Mapping[int | None, tuple[int, int]]:
    known = [each for each in hashes if each is not None]
    found: dict[int | None, tuple[int, int]] = {**nearest(known, max_distance)}
    return found | {h: (h, 0) for h, count in Counter(known).items() if count > 1}


@check(
    "duplicate_image",
    severity="warning",
    scope="dataset",
    needs=("source", f"{IMAGE_STATS}.phash"),
    about="Another image shows the same: a copy, or nearly one by its perceptual hash.",
    screen=_met_again,
    kinds=ALL_KINDS,
)
def duplicate_image(
    pairs: Iterable[Subject], *, max_distance: int = 6, usual_share: float = 0.2
) -> Iterator[Doubt]:
    """Finds equal and nearly equal images under different names.

    The same bytes in two splits are left to ``split_leak``. Where more than ``usual_share`` of
    the images stand there again byte for byte, that is how the dataset is published (each pair
    of RefSegRS has an image copy of its own), and copies are not reported one by one.
    """
    images = _Images()
    for pair in pairs:
        images.add(pair)
    looks = _Alike(images.copies(usual_share), images.near(max_distance))
    return _doubts(pairs, looks) if looks else iter(())


class _Alike(NamedTuple):
    """What stands there more than once.

    Attributes:
        copies: digests of files that stand there under several names
        near: by perceptual hash: that of the nearest other file, and the bits that differ
    """

    copies: set[int]
    near: Mapping[int | None, tuple[int, int]]

    def __bool__(self) -> bool:
        return bool(self.copies or self.near)


def _doubts(pairs: Iterable[Subject], alike: _Alike) -> Iterator[Doubt]:
    images, concerned = _Images(), []
    for pair in pairs:
        one = _Shown(pair.key, pair.split, pair.image_id, _digest(pair), _phash(pair))
        if one.digest in alike.copies or one.phash in alike.near:
            images.remember(one)
            concerned.append(one)
    for one in concerned:
        doubt = images.copy_of(one) if one.digest in alike.copies else None
        if doubt is None and one.phash in alike.near:
            doubt = images.near_to(one, *alike.near[one.phash])
        if doubt is not None:
            yield doubt


class _Shown(NamedTuple):
    """A pair and its image."""

    key: str
    split: str
    image_id: str
    digest: int
    phash: int | None


def _digest(pair: Subject) -> int:
    """Eight bytes of it, which tell a million images apart; 0 where there is none."""
    return int(pair.image_digest[:16], 16) if pair.image_digest else 0


def _phash(pair: Subject) -> int | None:
    phash = pair.image.phash if pair.image else ""
    return int(phash, 16) if phash and not pair.image_missing else None


class _Images:
    """The images of a dataset: some 150 bytes each; names only of those that are met again."""

    def __init__(self) -> None:
        self._seen: dict[int, _Seen] = {}
        self._named: dict[int, list[_Shown]] = {}
        self._looks: dict[int, list[_Shown]] = {}

    def add(self, pair: Subject) -> None:
        digest = _digest(pair)
        if not digest:
            return
        name = hash((pair.split, pair.image_id))
        seen = self._seen.get(digest)
        if seen is None:
            self._seen[digest] = _Seen(name, _phash(pair), False)
        elif name != seen.name and not seen.again:
            self._seen[digest] = seen._replace(again=True)

    def copies(self, usual_share: float) -> set[int]:
        """Digests of files that stand there under several names."""
        copied = {digest for digest, one in self._seen.items() if one.again}
        return set() if _usual(len(copied), len(self._seen), usual_share) else copied

    def near(self, max_distance: int) -> Mapping[int | None, tuple[int, int]]:
        """By perceptual hash: that of the nearest other file, and the bits that differ."""
        return _nearest([one.phash for one in self._seen.values()], max_distance)

    def remember(self, one: _Shown) -> None:
        """Keeps the first few names of a file and of a look."""
        for names in (
            self._named.setdefault(one.digest, []),
            self._looks.setdefault(one.phash, []) if one.phash is not None else [],
        ):
            # Two a file and split are enough to name one that is not the pair's own.
            alike = [n for n in names if (n.split, n.digest) == (one.split, one.digest)]
            if len(alike) < 2 and one.image_id not in [n.image_id for n in alike]:
                names.append(one)

    def copy_of(self, one: _Shown) -> Doubt | None:
        for other in self._named[one.digest]:
            if other.split == one.split and other.image_id != one.image_id:
                note = f"the image is the same file as that of {other.key}"
                return Doubt(0.2, note, key=one.key)
        return None

    def near_to(self, one: _Shown, near: int, bits: int) -> Doubt:
        """Names a near image, in another split where there is one: there it is worse."""
        names = [name for name in self._looks[near] if name.digest != one.digest]
        other = min(names, key=lambda name: name.split == one.split)
        leaks = other.split != one.split
        where = ", in another split" if leaks else ""
        note = f"the image looks like that of {other.key}{where}: {bits} of 64 bits differ"
        return Doubt(0.3 + 0.05 * bits, note, severity=None if leaks else "info", key=one.key)
