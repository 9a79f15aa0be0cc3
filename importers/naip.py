"""Parses location and date of NAIP aerial photographs from their names.

The National Agriculture Imagery Program cuts the United States into quarter quadrangles of
3.75 minutes and names each file for its own: ``m_4107501_ne_18_060_20221108`` is the north-east
quarter of quadrangle 01 of the one-degree block whose south-east corner is 41 north, 75 west,
in UTM zone 18, at 0.6 metres, taken on 8 November 2022. Quadrangles are numbered from the
block's north-west corner, row by row, 8 by 8.
"""

from __future__ import annotations

import re
from datetime import date

from pairlens.importers.frozen import frozen
from pairlens.importers.records import Footprint

QUAD = 1 / 8
"""Side of a quadrangle in degrees."""

QUARTER = QUAD / 2
"""Side of a quarter quadrangle in degrees."""

_NAME = re.compile(
    r"m_(?P<lat>[0-9]{2})(?P<lon>[0-9]{3})(?P<quad>[0-9]{2})_(?P<quarter>ne|nw|se|sw)"
    r"_(?P<zone>[0-9]{1,2})_(?P<resolution>[0-9a-z]{1,3})"
    r"_(?P<captured>[0-9]{8})(?:_(?P<second>[0-9]{8}))?(?![0-9])"
)


@frozen
class Tile:
    """The location and dates in the name of a tile.

    Attributes:
        footprint: the quarter quadrangle; published tiles extend some hundred metres beyond it
        captured: date on which it was photographed
        second: date of publication, if the name has a second date
    """

    footprint: Footprint
    captured: date
    second: date | None


def parse_name(name: str) -> Tile | None:
    """Reads a tile's name, with or without a file's suffix.

    Returns:
        the tile; ``None`` for any other name, or for an impossible location or date. Names with
        zone and quarter swapped exist; they are not guessed
    """
    match = _NAME.match(name)
    if match is None or not 1 <= int(match["zone"]) <= 60:
        return None
    place = footprint(int(match["lat"]), int(match["lon"]), int(match["quad"]), match["quarter"])
    captured, second = _day(match["captured"]), _day(match["second"])
    if place is None or captured is None or (match["second"] and second is None):
        return None
    return Tile(place, captured, second)


def footprint(lat: int, lon: int, quad: int, quarter: str) -> Footprint | None:
    """Returns the bounding box of a quarter quadrangle.

    Args:
        lat, lon: degrees north and west of the block's south-east corner
        quad: number of the quadrangle, 1 to 64
        quarter: ``ne``, ``nw``, ``se`` or ``sw``

    Returns:
        the box; ``None`` if the numbers are out of range
    """
    if not (0 <= lat < 90 and 0 <= lon < 180 and 1 <= quad <= 64):
        return None
    row, column = divmod(quad - 1, 8)
    north = lat + 1 - row * QUAD - (QUARTER if quarter[0] == "s" else 0)
    west = -(lon + 1) + column * QUAD + (QUARTER if quarter[1] == "e" else 0)
    return Footprint(west=west, south=north - QUARTER, east=west + QUARTER, north=north)


def _day(digits: str | None) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])) if digits else None
    except ValueError:
        return None
