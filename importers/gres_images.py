"""Cuts the images of GRES out of xView's tiles.

What is to be cut is written to ``chips.jsonl`` before the first image: a run that was killed goes
on where it stopped, and the file tells later where in xView each image lies.
"""

from __future__ import annotations

import io
import json
import re
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from pairlens.importers.bounded_json import load_json
from pairlens.importers.errors import LayoutError, RecordError, StateError, UsageError
from pairlens.importers.files import is_plain_name, lines, write_atomic
from pairlens.importers.formats.gres import annotation_folder, read
from pairlens.importers.gres_chips import (
    LEAST_AGREEMENT,
    LEFT_OUT_TILE,
    SIDE,
    Chip,
    ChipPlace,
    ClassFits,
    Plan,
    Size,
    Wanted,
    plan,
    unsaid,
)
from pairlens.importers.image_lookup import find_file
from pairlens.importers.media import ImageError
from pairlens.importers.parallel import Progress, map_items, no_progress
from pairlens.importers.png import MAX_PIXELS
from pairlens.importers.records import Pair, Polygons
from pairlens.importers.source_files import open_source, reason_of
from pairlens.importers.xview import read_geojson

FOLDERS = ("gres_images", "gres-images")
PLAN = "chips.jsonl"
TILES = "train_images"
"""The folder of tiles as xView is unpacked."""

LISTED = 1000
"""Mismatches that a summary lists; ``chips.jsonl`` has all."""

_NAME = re.compile(r"lisat_gres_(\d{12})\.jpe?g", re.IGNORECASE)


@dataclass
class CutSummary:
    """What was cut.

    Attributes:
        out: the folder of the images
        chips: images that are there now
        verified: images whose mask lies on a box of xView, of the class that the queries name if
            they name one
        mismatched: those whose mask does not; ``chips.jsonl`` has them with ``"verified": false``
        other_class: of these, those that lie on a box of another class
        mismatches: these, each with ``source`` and ``reason``; the first :data:`LISTED`
        missing_tiles: tiles that the GeoJSON names and that are not there
        collation: the locale by which the chips are numbered
        agreement: share of the masks that lie on a box
        agreements: the same by collation
        written: images that this run wrote
        left_out: images that were not cut, each with ``source`` and ``reason``
        notes: further remarks
        seconds: that it took
    """

    out: str
    chips: int = 0
    verified: int = 0
    mismatched: int = 0
    other_class: int = 0
    mismatches: list[dict[str, str]] = field(default_factory=list)
    missing_tiles: list[str] = field(default_factory=list)
    collation: str = ""
    agreement: float = 0.0
    agreements: dict[str, float] = field(default_factory=dict)
    written: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def leave_out(self, source: str, reason: str) -> None:
        """Lists an image that is not cut."""
        self.left_out.append({"source": source, "reason": reason})


def cut_images(
    annotations: Path,
    xview: Path,
    geojson: Path,
    out: Path,
    *,
    jobs: int | None = None,
    least: float = LEAST_AGREEMENT,
    overwrite: bool = False,
    class_fits: ClassFits = unsaid,
    progress: Progress = no_progress,
) -> CutSummary:
    """Cuts the images that annotations of GRES name.

    Args:
        annotations: the folder of GRES
        xview: the folder of xView's training tiles
        geojson: its boxes
        out: images go to ``gres_images/SPLIT`` in it
        jobs: tiles that are decoded at once; the machine's cores if not given
        least: the share of the masks that must lie on a box, 0 to 1
        overwrite: whether to replace images that another run cut, or another program
        class_fits: compares queries with the class of a box
        progress: called with images done and images in all

    Raises:
        UsageError: for a share that is none, and folders that are not there
        LayoutError: if the annotations or the GeoJSON are none
        StateError: if the masks do not lie on the boxes, or other images are in the way
    """
    started = time.perf_counter()
    if not 0 <= least <= 1:
        raise UsageError(f"the least agreement is {least}; give a share from 0 to 1")
    folder = out if out.name in FOLDERS else out / FOLDERS[0]
    done = CutSummary(str(folder))
    tiles = _tile_folder(xview)
    wanted = list(_wanted(annotations, done))
    boxes = read_geojson(geojson, done.notes.append)
    boxes.pop(LEFT_OUT_TILE, None)
    sizes = {tile: _size(tiles, tile, done) for tile in boxes}
    made = plan(wanted, sizes, boxes, least, class_fits)
    _tell(made, done)
    places = _cuttable(made, sizes, done)
    _begin(folder, made.places, overwrite)
    work = partial(_cut, tiles=tiles, folder=folder, sizes=sizes)
    _cut_tiles(places, work, jobs, done, progress)
    done.seconds = round(time.perf_counter() - started, 3)
    return done


def _cut_tiles(
    places: Sequence[ChipPlace],
    work: Callable[[Sequence[ChipPlace]], int],
    jobs: int | None,
    done: CutSummary,
    progress: Progress,
) -> None:
    """Cuts the images tile by tile; those of a tile that cannot be read are listed."""
    by_tile: defaultdict[str, list[ChipPlace]] = defaultdict(list)
    for place in places:
        by_tile[place.tile].append(place)
    gone_through = 0
    for outcome in map_items(work, by_tile.values(), workers=jobs):
        images = outcome.item
        gone_through += len(images)
        if outcome.error is not None:
            for place in images:
                done.leave_out(place.image, f"tile {place.tile}: {outcome.error}")
        else:
            done.written += outcome.unwrap()
            done.chips += len(images)
        progress(gone_through, len(places))


def _tile_folder(xview: Path) -> Path:
    folder = xview / TILES if (xview / TILES).is_dir() else xview
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder; give the one of xView's training tiles")
    return folder


def _wanted(root: Path, done: CutSummary) -> Iterator[Wanted]:
    """The images that the annotations name, each once."""
    if annotation_folder(root) is None:
        raise LayoutError(f"{root} holds no annotations of GRES: gres_annotations/SPLIT/*.json")
    images: dict[str, tuple[int, Pair]] = {}
    phrases: defaultdict[str, list[str]] = defaultdict(list)
    unnumbered: set[str] = set()

    def skip(error: RecordError) -> None:
        done.leave_out(error.source, error.reason)

    for pair in read(root, on_error=skip):
        image = f"{pair.split}/{pair.image_name}"
        match = _NAME.fullmatch(pair.image_name)
        if match is None:
            unnumbered.add(image)
        elif image not in images or not _has_mask(images[image][1]):
            images[image] = int(match[1]), pair
        if _has_mask(pair):
            phrases[image].append(pair.phrase)
    for image in sorted(unnumbered):
        done.leave_out(image, "its name is not lisat_gres_ and twelve digits")
    for image, (number, pair) in images.items():
        yield Wanted(number, image, _box_of(pair), tuple(phrases[image]))


def _has_mask(pair: Pair) -> bool:
    return isinstance(pair.target, Polygons)


def _box_of(pair: Pair) -> tuple[float, float, float, float] | None:
    """The box around the polygons of a target, in the image."""
    shapes = pair.target.shapes if isinstance(pair.target, Polygons) else ()
    points = [point for shape in shapes if not shape.ignore for point in shape.points]
    corners = np.clip(np.array(points, np.float64).reshape(-1, 2), 0, SIDE)
    if not len(corners) or not np.isfinite(corners).all():
        return None
    (x1, y1), (x2, y2) = corners.min(0).tolist(), corners.max(0).tolist()
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _size(folder: Path, tile: str, done: CutSummary) -> Size | None:
    """Width and height of a tile by its header; ``None`` where it is not there."""
    file = find_file(folder, tile)
    try:
        if file is not None:
            with _opened(file) as image:
                return image.size
    except ImageError as error:
        done.notes.append(f"tile {tile}: {error}")
    done.missing_tiles.append(tile)
    return None


@contextmanager
def _opened(file: Path) -> Iterator[Image.Image]:
    """Opens an image whose pixels are not decoded yet.

    Raises:
        ImageError: if it is none, or too large
    """
    try:
        with open_source(file) as stream, Image.open(stream) as image:
            if not 0 < image.width * image.height <= MAX_PIXELS:
                raise ImageError(f"claims {image.width}x{image.height} pixels, out of bounds")
            yield image
    except ImageError:
        raise
    except OSError as error:
        raise ImageError(f"cannot be read as an image ({reason_of(error)})") from error
    except Exception as error:  # on hostile bytes, decoders raise any exception
        raise ImageError(f"cannot be read as an image ({error})") from error


def _tell(made: Plan, done: CutSummary) -> None:
    done.collation, done.agreement = made.collation, round(made.agreement, 4)
    done.agreements = {name: round(share, 4) for name, share in made.agreements.items()}
    masks = [place for place in made.places if place.iou is not None]
    done.verified = sum(place.verified for place in masks)
    done.other_class = sum(place.fits and not place.verified for place in masks)
    wrong = [place for place in masks if not place.verified]
    done.mismatches = [{"source": p.image, "reason": _mismatch(p)} for p in wrong[:LISTED]]
    done.mismatched = len(masks) - done.verified
    for tile, (width, height) in made.guessed.items():
        done.notes.append(
            f"tile {tile} is taken for {width}x{height} pixels: with that the masks of the chips "
            "behind it lie on boxes"
        )
    for image in made.beyond:
        done.leave_out(image, "no chip has its number")


def _mismatch(place: ChipPlace) -> str:
    where = f"at {list(place.box)} of {place.tile}"
    if place.fits:
        return f"the mask lies on a box of {place.label!r} {where}, which no query asks for"
    return f"the mask lies on no box {where}; the best IoU is {place.iou:.2f}"


def _cuttable(made: Plan, sizes: Mapping[str, Size | None], done: CutSummary) -> list[ChipPlace]:
    """The places to cut; the others are listed."""
    places = []
    for place in made.places:
        if sizes[place.tile] is None:
            done.leave_out(place.image, f"tile {place.tile} is not there")
        elif not place.sure:
            what = f"its mask lies on no box of xView at {list(place.box)} of {place.tile}"
            done.leave_out(place.image, f"{what}, nor do most of those with the nearest numbers")
        else:
            places.append(place)
    return places


def _begin(folder: Path, places: Sequence[ChipPlace], overwrite: bool) -> None:
    """Writes the plan. Images that an earlier plan has at the same place are kept.

    Raises:
        StateError: if other images are in the way
    """
    file = folder / PLAN
    try:
        earlier = read_plan(file) if file.exists() else {}
    except LayoutError:
        earlier = {}
    others = (place for place in places if earlier.get(place.image) != Chip(place.tile, place.box))
    there = [image for image in (folder / place.image for place in others) if image.exists()]
    if there and not overwrite:
        more = f" and {len(there) - 1:,} more images are" if len(there) > 1 else " is"
        raise StateError(
            f"{there[0]}{more} there and not known to be the right piece of xView; "
            "give another folder, or --overwrite to replace what is there"
        )
    for image in there:
        image.unlink()  # before the new plan is there: what this names is cut by it
    write_atomic(file, "".join(json.dumps(_row(place)) + "\n" for place in places).encode())


def _row(place: ChipPlace) -> dict[str, Any]:
    rounded = None if place.iou is None else round(place.iou, 3)
    return asdict(place) | {"iou": rounded, "fits": place.fits, "verified": place.verified}


def _cut(
    images: Sequence[ChipPlace], *, tiles: Path, folder: Path, sizes: Mapping[str, Size | None]
) -> int:
    """Cuts the images of one tile; how many were not there yet."""
    lacking = [place for place in images if not (folder / place.image).exists()]
    if not lacking:
        return 0
    tile = lacking[0].tile
    file = find_file(tiles, tile)
    if file is None:
        raise ImageError("is gone")
    with _opened(file) as image:
        if image.size != sizes[tile]:
            raise ImageError(f"has {image.size} pixels now, and had {sizes[tile]}")
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        rgb.load()
        for place in lacking:
            stream = io.BytesIO()
            # The bytes of the release: no turning, no profile, Pillow's default quality.
            Image.fromarray(np.asarray(rgb.crop(place.box))).save(stream, "JPEG")
            write_atomic(folder / place.image, stream.getvalue())
    return len(lacking)


def read_plan(file: Path) -> dict[str, Chip]:
    """Where each image lies in xView, by ``SPLIT/NAME.jpg``.

    Raises:
        LayoutError: if the file is no plan
    """
    places = {}
    try:
        for line in lines(file):
            row = load_json(line)
            if not row["sure"]:
                continue
            tile, box, image = row["tile"], row["box"], row["image"]
            if not (is_plain_name(tile) and len(box) == 4 and all(isinstance(v, int) for v in box)):
                raise ValueError("is no chip")
            places[str(image)] = Chip(tile, tuple(box))
    except OSError as error:
        raise LayoutError(f"{file} cannot be read ({reason_of(error)})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LayoutError(f"{file} is no list of chips by pairlens images gres") from error
    return places
