"""Cuts the images of GRES, which are not published, out of xView's tiles.

The plan, with tile and position of each image, is written to ``chips.jsonl`` before the first image
is cut. So a run that was killed can continue, and later steps can look positions up in the file.
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
"""Names of the folder of images; the first one is written."""

PLAN = "chips.jsonl"
TILES = "train_images"
"""Name of the folder of tiles in xView's archive."""

LISTED = 1000
"""Maximum number of mismatches in a summary; ``chips.jsonl`` has all."""

_NAME = re.compile(r"lisat_gres_(\d{12})\.jpe?g", re.IGNORECASE)


@dataclass
class CutSummary:
    """The result of cutting images.

    A mask *lies on* a box of xView if the IoU of the mask's bounding box and the box is at least
    :data:`pairlens.importers.gres_chips.FITS`.

    Attributes:
        out: the folder of the images
        chips: number of images that exist now
        verified: number of images whose mask lies on a box of xView, of the class that the queries
            name if they name one
        mismatched: number of images whose mask does not; they have ``"verified": false`` in
            ``chips.jsonl``
        other_class: how many of these lie on a box of another class
        mismatches: the first :data:`LISTED` of these, each with ``source`` and ``reason``
        missing_tiles: file names of tiles that are in the GeoJSON but not in the folder
        collation: the locale in whose order the chips are numbered
        agreement: share of the masks that lie on a box, 0 to 1
        agreements: the same by collation
        written: number of images that this run wrote
        left_out: images that were not cut, each with ``source`` and ``reason``
        notes: further remarks
        seconds: duration of the run
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
        """Adds an image that is not cut to :attr:`left_out`."""
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
    """Cuts the images that annotations of GRES refer to.

    Args:
        annotations: the folder of GRES
        xview: the folder of xView's training tiles
        geojson: xView's annotations of these tiles
        out: images are written to ``gres_images/SPLIT`` in it
        jobs: number of tiles that are decoded at the same time; by default the number of cores
        least: the share of the masks that must lie on a box, 0 to 1
        overwrite: whether to replace images that exist and are not known to be the right piece
        class_fits: compares queries with the class of a box
        progress: called with images done and images in all

    Raises:
        UsageError: if the share is not between 0 and 1, or a folder does not exist
        LayoutError: if the annotations or the GeoJSON are not as expected
        StateError: if too few masks lie on boxes, or other images are in the way
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
    _summarize(made, done)
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
    """Cuts the images tile by tile; those of an unreadable tile are listed as left out."""
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
        raise UsageError(f"{folder} is not a folder; give the folder of xView's training tiles")
    return folder


def _wanted(root: Path, done: CutSummary) -> Iterator[Wanted]:
    """Yields the images that the annotations refer to, each once, with one of its masks."""
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
    """Returns the box x1, y1, x2, y2 around a target, clipped to the image; ``None`` if empty."""
    shapes = pair.target.shapes if isinstance(pair.target, Polygons) else ()
    points = [point for shape in shapes if not shape.ignore for point in shape.points]
    corners = np.clip(np.array(points, np.float64).reshape(-1, 2), 0, SIDE)
    if not len(corners) or not np.isfinite(corners).all():
        return None
    (x1, y1), (x2, y2) = corners.min(0).tolist(), corners.max(0).tolist()
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _size(folder: Path, tile: str, done: CutSummary) -> Size | None:
    """Reads width and height of a tile from its header; ``None`` if missing or unreadable."""
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
    """Opens an image without decoding its pixels.

    Raises:
        ImageError: if it cannot be read as an image, or is too large
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


def _summarize(made: Plan, done: CutSummary) -> None:
    """Adds what a plan says about all images to a summary."""
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
    """Selects the places that can be cut, and lists the others as left out."""
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
    """Writes the plan, and removes images that an earlier plan does not have at the same place.

    Raises:
        StateError: if there are such images and they may not be overwritten
    """
    file = folder / PLAN
    try:
        earlier = read_plan(file) if file.exists() else {}
    except LayoutError:
        earlier = {}
    others = (place for place in places if earlier.get(place.image) != Chip(place.tile, place.box))
    unknown = [image for image in (folder / place.image for place in others) if image.exists()]
    if unknown and not overwrite:
        more = (
            f" and {len(unknown) - 1:,} more images exist and are"
            if len(unknown) > 1
            else " exists and is"
        )
        raise StateError(
            f"{unknown[0]}{more} not known to be the right piece of xView; "
            "give another folder, or --overwrite to replace what is there"
        )
    # Deleted before the plan is written: an existing image that is in the plan counts as cut by it.
    for image in unknown:
        image.unlink()
    write_atomic(file, "".join(json.dumps(_row(place)) + "\n" for place in places).encode())


def _row(place: ChipPlace) -> dict[str, Any]:
    rounded = None if place.iou is None else round(place.iou, 3)
    return asdict(place) | {"iou": rounded, "fits": place.fits, "verified": place.verified}


def _cut(
    images: Sequence[ChipPlace], *, tiles: Path, folder: Path, sizes: Mapping[str, Size | None]
) -> int:
    """Cuts those images of one tile that do not exist yet, and returns their number."""
    lacking = [place for place in images if not (folder / place.image).exists()]
    if not lacking:
        return 0
    tile = lacking[0].tile
    file = find_file(tiles, tile)
    if file is None:
        raise ImageError("the file does not exist any more")
    with _opened(file) as image:
        if image.size != sizes[tile]:
            raise ImageError(f"the size changed from {sizes[tile]} to {image.size} meanwhile")
        rgb = image if image.mode == "RGB" else image.convert("RGB")
        rgb.load()
        for place in lacking:
            stream = io.BytesIO()
            # These settings give the bytes of the release: not turned by EXIF orientation, without
            # colour profile, in Pillow's default quality.
            Image.fromarray(np.asarray(rgb.crop(place.box))).save(stream, "JPEG")
            write_atomic(folder / place.image, stream.getvalue())
    return len(lacking)


def read_plan(file: Path) -> dict[str, Chip]:
    """Reads the positions of images in xView from ``chips.jsonl``, without those in doubt.

    Returns:
        the chips by ``SPLIT/NAME.jpg``

    Raises:
        LayoutError: if the file is not such a plan
    """
    places = {}
    try:
        for line in lines(file):
            row = load_json(line)
            if not row["sure"]:
                continue
            tile, box, image = row["tile"], row["box"], row["image"]
            if not (is_plain_name(tile) and len(box) == 4 and all(isinstance(v, int) for v in box)):
                raise ValueError("is not a chip")
            places[str(image)] = Chip(tile, tuple(box))
    except OSError as error:
        raise LayoutError(f"{file} cannot be read ({reason_of(error)})") from error
    except (ValueError, KeyError, TypeError) as error:
        raise LayoutError(f"{file} is not a list of chips by pairlens images gres") from error
    return places
