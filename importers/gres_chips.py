"""Finds for each image of GRES the tile of xView, and the piece of it, that it was cut from.

GRES is published without images. Its release has a script that cuts all tiles of xView into chips
and numbers these in the order in which a shell lists their names. This module reproduces that
order from the names and sizes of the tiles:

1. The tiles of the GeoJSON except 1395, sorted by number, are shuffled with numpy's seed 0
   (sahi's ``split_coco_as_train_val``).
2. A fifth of them, drawn with replacement with seed 7782551, is the validation part. Both parts
   keep the shuffled order.
3. Each tile is cut into pieces of 512x512 pixels, the last column and row moved inward (sahi
   0.11.20, ``get_slice_bboxes``). A chip is called TILE_PLACE_X1_Y1_X2_Y2.jpg, where PLACE is the
   index of the tile in its part.
4. The chips of the validation part, then those of the training part, are numbered from 1 in the
   order of the shell, which depends on its locale: see :data:`COLLATIONS`.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import NamedTuple

import numpy as np

from pairlens.importers.errors import StateError
from pairlens.importers.source_boxes import Boxes

SIDE = 512
"""Width and height of a chip in pixels."""

LEFT_OUT_TILE = "1395.tif"
"""A tile that has annotations in xView's GeoJSON, but no image."""

SHUFFLE_SEED, SPLIT_SEED = 0, 7782551
VALIDATION_SHARE = 0.2

FITS = 0.5
"""Least IoU of a mask's bounding box and a box of xView that are taken for the same object."""

LEAST_AGREEMENT = 0.5
"""Share of the masks that must fit a box for the numbering to count as right."""

MOST_MISSING = 20
"""Maximum number of tiles whose size may be unknown."""

_AROUND = 5
"""Masks with lower and with higher numbers that are compared to see whether the numbering is right
at an image whose mask fits no box."""

Size = tuple[int, int]
TileBox = tuple[int, int, int, int]


class Chip(NamedTuple):
    """A piece of a tile: ``box`` is x1, y1, x2, y2 in pixels of the tile."""

    tile: str
    box: TileBox


class Wanted(NamedTuple):
    """An image that the annotations refer to.

    Attributes:
        number: number of the chip, from 1
        image: ``SPLIT/NAME.jpg``
        box: bounding box of the mask, x1, y1, x2, y2 in pixels; ``None`` if there is no mask
        phrases: the queries of the mask
    """

    number: int
    image: str
    box: tuple[float, float, float, float] | None
    phrases: tuple[str, ...] = ()


ClassFits = Callable[[Sequence[str], str], bool | None]
"""Says whether queries can refer to a class of xView; ``None`` if they name no class."""


def unsaid(phrases: Sequence[str], label: str) -> None:
    """A :data:`ClassFits` that never knows; the default."""


def _as_bytes(name: str) -> tuple[str, ...]:
    return (name,)


def _as_glibc(name: str) -> tuple[str, ...]:
    # At the first level of glibc's collation "_" and "." are ignored. They decide between names
    # that are otherwise equal: "_" comes before "." and, like a space, before letters and digits.
    return name.replace("_", "").replace(".", ""), name.replace("_", " ")


COLLATIONS: dict[str, Callable[[str], tuple[str, ...]]] = {
    "C": _as_bytes,
    "en_US.UTF-8": _as_glibc,
}
"""Sort keys of file names by locale: by bytes (C, POSIX, C.UTF-8, and every locale of macOS and
musl), or by glibc's collation (en_US.UTF-8 and similar locales)."""


def slices(width: int, height: int) -> Iterator[TileBox]:
    """Yields the boxes that a tile of a size in pixels is cut into, row by row."""
    for y in range(0, height, SIDE):
        for x in range(0, width, SIDE):
            right, bottom = min(x + SIDE, width), min(y + SIDE, height)
            yield max(0, right - SIDE), max(0, bottom - SIDE), right, bottom


def parts(tiles: Iterable[str]) -> tuple[list[str], list[str]]:
    """Splits tiles into those of validation and of training, each in the order of cutting."""
    known = sorted(tiles, key=lambda tile: int(tile.partition(".")[0]))
    np.random.RandomState(SHUFFLE_SEED).shuffle(known)  # type: ignore[arg-type]
    drawn = math.ceil(VALIDATION_SHARE * len(known))
    chosen = set(np.random.RandomState(SPLIT_SEED).choice(len(known), drawn).tolist())
    validation = [tile for n, tile in enumerate(known) if n in chosen]
    return validation, [tile for n, tile in enumerate(known) if n not in chosen]


def numbered(sizes: Mapping[str, Size], collation: str) -> list[Chip]:
    """Lists all chips in the order of their numbers, number 1 first.

    Args:
        sizes: width and height of each tile in pixels
        collation: a key of :data:`COLLATIONS`
    """
    chips: list[Chip] = []
    for part in parts(sizes):
        named = {
            f"{PurePath(tile).stem}_{place}_{'_'.join(map(str, box))}.jpg": Chip(tile, box)
            for place, tile in enumerate(part)
            for box in slices(*sizes[tile])
        }
        chips += [named[name] for name in sorted(named, key=COLLATIONS[collation])]
    return chips


@dataclass(frozen=True, slots=True)
class ChipPlace:
    """The position of an image in xView.

    Attributes:
        image: ``SPLIT/NAME.jpg``
        tile: the tile's file name
        box: x1, y1, x2, y2 in pixels of the tile
        iou: IoU of the mask's bounding box and the box of xView that fits best, 0 to 1; ``None``
            if the annotation has no mask
        label: the class of that box; ``""`` if it does not fit
        class_fits: whether the queries can refer to that class; ``None`` if they name no class
        sure: false if neither this mask nor most of those with the nearest numbers fit a box
    """

    image: str
    tile: str
    box: TileBox
    iou: float | None = None
    label: str = ""
    class_fits: bool | None = None
    sure: bool = True

    @property
    def fits(self) -> bool:
        """Whether the mask lies on a box of xView."""
        return self.iou is not None and self.iou >= FITS

    @property
    def verified(self) -> bool:
        """Whether the mask lies on a box whose class does not contradict the queries."""
        return self.fits and self.class_fits is not False


@dataclass
class Plan:
    """The positions of all images in xView.

    Attributes:
        collation: the locale in whose order the release numbered its chips
        agreement: share of the masks that lie on a box of xView, 0 to 1
        agreements: the same by collation
        places: positions of the images, in the order of their numbers
        beyond: images with a number that no chip has
        guessed: assumed width and height of each missing tile
    """

    collation: str
    agreement: float
    agreements: dict[str, float]
    places: list[ChipPlace]
    beyond: list[str] = field(default_factory=list)
    guessed: dict[str, Size] = field(default_factory=dict)


def plan(
    wanted: Sequence[Wanted],
    sizes: Mapping[str, Size | None],
    boxes: Mapping[str, Boxes],
    least: float = LEAST_AGREEMENT,
    class_fits: ClassFits = unsaid,
) -> Plan:
    """Finds the collation with which most masks lie on boxes, and the positions that follow.

    The size of a missing tile determines the numbers of all chips after it. The size is assumed
    with which most of the masks of these chips fit. The tile's own images cannot be cut.

    Args:
        wanted: the images
        sizes: width and height of each tile of the GeoJSON in pixels; ``None`` for missing tiles
        boxes: xView's boxes by tile
        least: the share of the masks that must fit, 0 to 1
        class_fits: compares queries with the class of a box

    Raises:
        StateError: if fewer masks fit, or more than :data:`MOST_MISSING` tiles are missing
    """
    wanted = sorted(wanted, key=lambda one: one.number)
    matching = _Matching(wanted, boxes)
    found = {name: _completed(sizes, name, matching) for name in COLLATIONS}
    chips = {name: numbered(complete, name) for name, complete in found.items()}
    masks = max(1, matching.masks)
    agreements = {name: matching.fitting(listed) / masks for name, listed in chips.items()}
    best = max(agreements, key=lambda name: agreements[name])
    if agreements[best] < least:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in agreements.items())
        raise StateError(
            f"the masks do not lie on the boxes of xView however the chips are numbered ({shares} "
            f"of {matching.masks:,} masks; at least {least:.0%} must, or --least-agreement says "
            "otherwise), so that images would be wrong: are these the annotations of GRES, and the "
            "tiles and GeoJSON of xView's training set?"
        )
    guessed = {tile: found[best][tile] for tile, size in sizes.items() if size is None}
    beyond = [one.image for one in wanted if not 0 < one.number <= len(chips[best])]
    places = _marked_doubtful(matching.verified(chips[best], class_fits))
    return Plan(best, agreements[best], agreements, places, beyond, guessed)


class _Matching:
    """Compares the mask of each image with xView's boxes in the chip of the image's number.

    Args:
        wanted: the images
        boxes: xView's boxes by tile

    Attributes:
        masks: number of images that have a mask
    """

    def __init__(self, wanted: Sequence[Wanted], boxes: Mapping[str, Boxes]) -> None:
        self._wanted = wanted
        self._boxes = boxes
        self.masks = sum(one.box is not None for one in wanted)

    def places(
        self, chips: Sequence[Chip], first: int = 1, end: int | None = None
    ) -> list[ChipPlace]:
        """Returns the positions of the images with numbers from ``first`` to before ``end``.

        Args:
            chips: all chips, number 1 first
            first: the first number
            end: the number after the last; by default all are included
        """
        end = len(chips) + 1 if end is None else end
        wanted = (image for image in self._wanted if first <= image.number < end)
        return [self._place(image, chips[image.number - 1]) for image in wanted]

    def verified(self, chips: Sequence[Chip], class_fits: ClassFits) -> list[ChipPlace]:
        """Returns the positions of all images, with the best box that the queries can refer to."""
        wanted = (image for image in self._wanted if 0 < image.number <= len(chips))
        return [self._with_class(image, chips[image.number - 1], class_fits) for image in wanted]

    def _with_class(self, image: Wanted, chip: Chip, class_fits: ClassFits) -> ChipPlace:
        place = self._place(image, chip)
        if not place.fits or image.box is None:
            return place
        seen = self._boxes[chip.tile].within(chip.box)
        ious = seen.ious(image.box)
        under = [n for n in (-ious).argsort(kind="stable").tolist() if ious[n] >= FITS]
        possible = {n: class_fits(image.phrases, seen.labels[n]) for n in under}
        best = next((n for n in under if possible[n]), under[0])
        return replace(
            place, iou=float(ious[best]), label=seen.labels[best], class_fits=possible[best]
        )

    def fitting(self, chips: Sequence[Chip], first: int = 1, end: int | None = None) -> int:
        """Counts the masks that fit a box; the arguments are those of :meth:`places`."""
        return sum(place.fits for place in self.places(chips, first, end))

    def _place(self, image: Wanted, chip: Chip) -> ChipPlace:
        if image.box is None:
            return ChipPlace(image.image, *chip)
        seen = self._boxes[chip.tile].within(chip.box)
        ious = seen.ious(image.box)
        return ChipPlace(image.image, *chip, iou=float(ious.max(initial=0.0)))

    def sizes_of(self, tile: str, known: Sequence[Size]) -> list[Size]:
        """Lists candidates for a tile's size, one for each number of columns and rows of chips.

        Args:
            tile: the tile's file name
            known: the sizes of other tiles, most frequent first

        Returns:
            sizes that contain all boxes of the tile, those of other tiles first
        """
        corners = self._boxes[tile].corners
        least = corners[:, 2:].max(0) if len(corners) else np.ones(2)
        grids = {}
        for size in (s for s in known if (np.array(s) >= least).all()):
            grids.setdefault(_grid(size), size)
        columns, rows = (max(each) for each in zip(*map(_grid, known), strict=True))
        for column, row in itertools.product(range(1, columns + 1), range(1, rows + 1)):
            size = (column * SIDE, row * SIDE)
            if (np.array(size) >= least).all():
                grids.setdefault((column, row), size)
        return list(grids.values()) or [known[0]]


def _grid(size: Size) -> tuple[int, int]:
    """Returns the numbers of columns and rows that a tile is cut into."""
    return -(-size[0] // SIDE), -(-size[1] // SIDE)


def _completed(
    sizes: Mapping[str, Size | None], collation: str, matching: _Matching
) -> dict[str, Size]:
    """Returns the sizes of all tiles, with the best candidate for each unknown one.

    Raises:
        StateError: if all sizes are unknown, or more than :data:`MOST_MISSING`
    """
    known = {tile: size for tile, size in sizes.items() if size is not None}
    unknown = [tile for tile in sizes if tile not in known]
    if not unknown:
        return known
    if not known or len(unknown) > MOST_MISSING:
        raise StateError(
            f"{len(unknown):,} of the {len(sizes):,} tiles that the GeoJSON names are not there, "
            f"{unknown[0]} the first; up to {MOST_MISSING} may be missing"
        )
    usual = [size for size, _ in Counter(known.values()).most_common()]
    complete: dict[str, Size] = known | dict.fromkeys(unknown, usual[0])

    first = _first_numbers(numbered(complete, collation))
    unknown.sort(key=first.__getitem__)
    for tile, behind in zip(unknown, [*unknown[1:], None], strict=True):
        start, best = _first_numbers(numbered(complete, collation))[tile], -1
        for size in matching.sizes_of(tile, usual):
            tried = complete | {tile: size}
            chips = numbered(tried, collation)
            end = _first_numbers(chips)[behind] if behind else None
            fitting = matching.fitting(chips, start, end)
            if fitting > best:
                best, complete = fitting, tried
    return complete


def _first_numbers(chips: Sequence[Chip]) -> dict[str, int]:
    """Returns the lowest chip number of each tile."""
    return {chip.tile: n for n, chip in reversed([*enumerate(chips, 1)])}


def _marked_doubtful(places: list[ChipPlace]) -> list[ChipPlace]:
    """Sets ``sure`` to false where neither a mask nor most of its neighbours fit a box.

    A single mask that fits no box is an error of the annotation; many in a row show that the
    numbers are wrong there.
    """
    fits = [place.fits for place in places]
    for n, place in enumerate(places):
        around = fits[max(0, n - _AROUND) : n + _AROUND + 1]
        if not place.fits and 2 * sum(around) < len(around):
            places[n] = replace(place, sure=False)
    return places
