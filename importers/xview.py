"""Reads the boxes of xView from ``xView_train.geojson``, which has a feature for each object.

The file, with 600,000 features, is streamed. Three properties of a feature are used: ``image_id``
(``100.tif``), ``bounds_imcoords`` (``x1,y1,x2,y2`` in pixels of that tile) and ``type_id``.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from pathlib import Path
from typing import Any

from pairlens.importers.errors import LayoutError, OnNote, ignore_note
from pairlens.importers.json_stream import read_items
from pairlens.importers.source_boxes import Boxes
from pairlens.importers.source_files import open_source, reason_of

CLASSES = {
    11: "Fixed-wing Aircraft", 12: "Small Aircraft", 13: "Cargo Plane", 15: "Helicopter",
    17: "Passenger Vehicle", 18: "Small Car", 19: "Bus", 20: "Pickup Truck", 21: "Utility Truck",
    23: "Truck", 24: "Cargo Truck", 25: "Truck w/Box", 26: "Truck Tractor", 27: "Trailer",
    28: "Truck w/Flatbed", 29: "Truck w/Liquid", 32: "Crane Truck", 33: "Railway Vehicle",
    34: "Passenger Car", 35: "Cargo Car", 36: "Flat Car", 37: "Tank car", 38: "Locomotive",
    40: "Maritime Vessel", 41: "Motorboat", 42: "Sailboat", 44: "Tugboat", 45: "Barge",
    47: "Fishing Vessel", 49: "Ferry", 50: "Yacht", 51: "Container Ship", 52: "Oil Tanker",
    53: "Engineering Vehicle", 54: "Tower crane", 55: "Container Crane", 56: "Reach Stacker",
    57: "Straddle Carrier", 59: "Mobile Crane", 60: "Dump Truck", 61: "Haul Truck",
    62: "Scraper/Tractor", 63: "Front loader/Bulldozer", 64: "Excavator", 65: "Cement Mixer",
    66: "Ground Grader", 71: "Hut/Tent", 72: "Shed", 73: "Building", 74: "Aircraft Hangar",
    76: "Damaged Building", 77: "Facility", 79: "Construction Site", 83: "Vehicle Lot",
    84: "Helipad", 86: "Storage Tank", 89: "Shipping container lot", 91: "Shipping Container",
    93: "Pylon", 94: "Tower",
}  # fmt: skip
"""Names of the classes by ``type_id``. A few boxes have the undefined classes 75 and 82."""

MAX_TILES = 100_000
"""Maximum number of tiles; xView has 847."""

_TILE = re.compile(r"[0-9]{1,9}\.[A-Za-z]{1,8}")
_BOUNDS = re.compile(r"\s*(-?\d{1,6})\s*,\s*(-?\d{1,6})\s*,\s*(-?\d{1,6})\s*,\s*(-?\d{1,6})\s*")


def read_geojson(file: Path, on_note: OnNote = ignore_note) -> dict[str, Boxes]:
    """Reads the boxes of each tile.

    Args:
        file: the GeoJSON
        on_note: receives notes on how many features are left out, and why

    Returns:
        boxes by the tile's file name, in the order of the file. A tile whose features are all
        invalid has no boxes

    Raises:
        LayoutError: if the file cannot be read or has no feature of xView
    """
    corners: dict[str, array[int]] = {}
    types: dict[str, list[str]] = {}
    odd: Counter[str] = Counter()
    try:
        with open_source(file) as stream:
            for item in read_items(stream, "list", on_note=on_note, several=False):
                feature, fault = _feature(item)
                if feature is None:
                    odd[fault] += 1
                    continue
                tile, bounds, label = feature
                listed = corners.setdefault(tile, array("i"))
                if len(corners) > MAX_TILES:
                    raise LayoutError(f"{file} names over {MAX_TILES:,} tiles")
                if bounds is None or not label:
                    odd["box of no class" if bounds else "box that is not x1,y1,x2,y2"] += 1
                    continue
                listed.extend(bounds)
                types.setdefault(tile, []).append(label)
    except OSError as error:
        raise LayoutError(f"{file} cannot be read ({reason_of(error)})") from error
    if not corners:
        raise LayoutError(
            f"{file} holds no feature with image_id and bounds_imcoords; "
            "give the xView_train.geojson of xView"
        )
    for what, count in odd.items():
        on_note(f"{file.name}: {count:,} features left out: {what}")
    return {tile: Boxes.of(types.get(tile, ()), each) for tile, each in corners.items()}


_Feature = tuple[str, tuple[int, ...] | None, str]


def _feature(item: Any) -> tuple[_Feature | None, str]:
    """Returns tile, corners and class of a feature; ``None`` and the reason if it is invalid.

    Corners are ``None`` and the class is ``""`` if they are missing or invalid.
    """
    try:
        feature = item.load()
    except ValueError as error:
        return None, f"{error}"[:80]
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        return None, "no properties"
    tile, text, kind = (properties.get(n) for n in ("image_id", "bounds_imcoords", "type_id"))
    if not isinstance(tile, str) or not _TILE.fullmatch(tile):
        return None, "image_id that is no number with an ending"
    if not isinstance(text, str):
        return None, "no bounds_imcoords"
    label = CLASSES.get(kind, "") if isinstance(kind, int) else ""
    return (tile, _corners(text), label), ""


def _corners(text: str) -> tuple[int, ...] | None:
    match = _BOUNDS.fullmatch(text)
    box = tuple(map(int, match.groups())) if match else (0, 0, 0, 0)
    return box if box[2] > box[0] and box[3] > box[1] else None
