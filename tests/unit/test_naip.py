"""NAIP names: places, days, and names that say neither."""

from __future__ import annotations

import math
import re
from datetime import date
from pathlib import Path

import pytest
import tifffile
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.naip import Tile, footprint, parse_name
from pairlens.importers.records import Footprint

NO_NAMES = [
    pytest.param("", id="empty"),
    pytest.param("726.jpg", id="another name"),
    pytest.param("m_4107501_18_ne_060_20221108", id="zone and quarter swapped"),
    pytest.param("m_4107500_ne_18_060_20221108", id="quad 0"),
    pytest.param("m_4107565_ne_18_060_20221108", id="quad 65"),
    pytest.param("m_4107501_ee_18_060_20221108", id="no quarter"),
    pytest.param("m_4107501_ne_00_060_20221108", id="zone 0"),
    pytest.param("m_4107501_ne_61_060_20221108", id="zone 61"),
    pytest.param("m_9007501_ne_18_060_20221108", id="past the pole"),
    pytest.param("m_4118001_ne_18_060_20221108", id="past the date line"),
    pytest.param("m_4107501_ne_18_060_20220230", id="no such day"),
    pytest.param("m_4107501_ne_18_060_00000000", id="no day"),
    pytest.param("m_4107501_ne_18_060_20221108_20221301", id="no such second day"),
    pytest.param("m_4107501_ne_18_060_202211081", id="nine digits"),
    pytest.param("m_4107501_ne_18_060", id="no date"),
    pytest.param("m_4107501_ne_18_0.6_20221108", id="another resolution"),
    pytest.param("m_٤١07501_ne_18_060_20221108", id="digits of another script"),
    pytest.param("M_4107501_NE_18_060_20221108", id="upper case"),
    pytest.param("x/m_4107501_ne_18_060_20221108", id="a path"),
]


@pytest.mark.parametrize("name", NO_NAMES)
def test_no_place_is_guessed(name: str):
    assert parse_name(name) is None


@pytest.mark.parametrize(
    ("name", "box", "captured", "second"),
    [
        pytest.param(
            "m_4107501_ne_18_060_20221108", (-75.9375, 41.9375, -75.875, 42.0),
            date(2022, 11, 8), None, id="RSTeller's example",
        ),
        pytest.param(
            "m_4107501_nw_18_h_20221108.tif", (-76.0, 41.9375, -75.9375, 42.0),
            date(2022, 11, 8), None, id="north-west corner, with a suffix",
        ),
        pytest.param(
            "m_4107564_se_18_1_20221108", (-75.0625, 41.0, -75.0, 41.0625),
            date(2022, 11, 8), None, id="south-east corner",
        ),
        pytest.param(
            "m_3211605_ne_11_060_20200415_20200730.xml", (-116.4375, 32.9375, -116.375, 33.0),
            date(2020, 4, 15), date(2020, 7, 30), id="second date",
        ),
        pytest.param(
            "m_4107509_sw_18_060_20221108_v2", (-76.0, 41.75, -75.9375, 41.8125),
            date(2022, 11, 8), None, id="second row, with more behind",
        ),
    ],
)  # fmt: skip
def test_names(
    name: str, box: tuple[float, float, float, float], captured: date, second: date | None
):
    west, south, east, north = box
    assert parse_name(name) == Tile(Footprint(west, south, east, north), captured, second)


BUFFER = 0.007
"""Degrees by which a published tile can reach past its footprint: 300 metres and more."""


def test_the_quarters_of_a_block_tile_it():
    boxes = [footprint(41, 75, quad, q) for quad in range(1, 65) for q in ("ne", "nw", "se", "sw")]
    corners = {(box.west, box.south) for box in boxes if box}
    steps = [i / 16 for i in range(16)]
    assert corners == {(-76 + x, 41 + y) for x in steps for y in steps}


# ------------------------------------------------------------------------------- real tiles

_BOXES = (
    r"westbc>([-\d.]+).*?eastbc>([-\d.]+).*?northbc>([-\d.]+).*?southbc>([-\d.]+)",
    r"West_Bounding_Coordinate:\s*([-\d.]+).*?East\S+\s*([-\d.]+).*?North\S+\s*([-\d.]+)"
    r".*?South\S+\s*([-\d.]+)",
    r"westBound\w+>\s*<\S+?>([-\d.]+).*?eastBound\w+>\s*<\S+?>([-\d.]+)"
    r".*?southBound\w+>\s*<\S+?>([-\d.]+).*?northBound\w+>\s*<\S+?>([-\d.]+)",
)


def published_box(file: Path) -> Footprint:
    """The bounding box that the official metadata give: FGDC in XML or text, or ISO 19139."""
    text = file.read_text()
    match = next(m for m in (re.search(p, text, re.DOTALL) for p in _BOXES) if m)
    west, east, *heights = map(float, match.groups())
    return Footprint(west, min(heights), east, max(heights))


def padded(box: Footprint) -> Footprint:
    return Footprint(box.west - BUFFER, box.south - BUFFER, box.east + BUFFER, box.north + BUFFER)


def holds(outer: Footprint, inner: Footprint) -> bool:
    return (
        outer.west <= inner.west
        and outer.south <= inner.south
        and inner.east <= outer.east
        and inner.north <= outer.north
    )


def test_footprints_agree_with_the_official_metadata(shared_data: Path):
    files = [f for f in (shared_data / "naip").iterdir() if f.suffix in (".xml", ".txt")]
    assert len(files) == 3
    for file in files:
        tile, box = parse_name(file.name), published_box(file)
        assert tile is not None
        assert holds(padded(tile.footprint), box), file.name
        # Two of the boxes are those of the buffered tile, one is the quarter quadrangle itself.
        assert holds(box, tile.footprint), file.name
        if file.suffix == ".txt":
            assert box == tile.footprint


def geographic(east: float, north: float, zone: int) -> tuple[float, float]:
    """Longitude and latitude of a point in UTM on GRS 80, after Snyder (1987), pages 61-64."""
    a, e2, k0 = 6378137.0, 0.00669438002290, 0.9996
    e1 = (1 - math.sqrt(1 - e2)) / (1 + math.sqrt(1 - e2))
    mu = north / k0 / (a * (1 - e2 / 4 - 3 * e2**2 / 64 - 5 * e2**3 / 256))
    phi = mu + (3 * e1 / 2 - 27 * e1**3 / 32) * math.sin(2 * mu)
    phi += (21 * e1**2 / 16) * math.sin(4 * mu) + (151 * e1**3 / 96) * math.sin(6 * mu)
    ep2, t = e2 / (1 - e2), math.tan(phi) ** 2
    c, root = ep2 * math.cos(phi) ** 2, 1 - e2 * math.sin(phi) ** 2
    n, r = a / math.sqrt(root), a * (1 - e2) / root**1.5
    d = (east - 500_000) / (n * k0)
    lat = phi - (n * math.tan(phi) / r) * (
        d**2 / 2 - (5 + 3 * t + 10 * c - 4 * c**2 - 9 * ep2) * d**4 / 24
    )
    lon = (d - (1 + 2 * t + c) * d**3 / 6) / math.cos(phi)
    return math.degrees(lon) + zone * 6 - 183, math.degrees(lat)


def test_real_tiles_lie_in_their_padded_footprints(shared_data: Path):
    files = sorted((shared_data / "naip").glob("*.tif"))
    assert len(files) == 3
    for file in files:
        tile = parse_name(file.name)
        assert tile is not None
        with tifffile.TiffFile(file) as tiff:
            page = tiff.pages.first
            dx, dy, _ = page.tags["ModelPixelScaleTag"].value
            *_, west, north, _ = page.tags["ModelTiepointTag"].value
            size = page.imagewidth * dx, page.imagelength * dy
        zone = int(file.name.split("_")[3])
        for x in (west, west + size[0]):
            for y in (north, north - size[1]):
                lon, lat = geographic(x, y, zone)
                assert holds(padded(tile.footprint), Footprint(lon, lat, lon, lat)), file.name


# ------------------------------------------------------------------------------- any names


@given(st.text(max_size=60))
def test_any_text_is_a_tile_or_none(name: str):
    tile = parse_name(name)
    assert tile is None or name.startswith("m_")


@given(
    st.integers(0, 99),
    st.integers(0, 999),
    st.integers(0, 99),
    st.sampled_from(["ne", "nw", "se", "sw", "18"]),
    st.integers(0, 99),
    st.integers(0, 99_999_999),
)
def test_a_footprint_lies_on_earth_and_in_its_block(
    lat: int, lon: int, quad: int, quarter: str, zone: int, day: int
):
    tile = parse_name(f"m_{lat:02}{lon:03}{quad:02}_{quarter}_{zone:02}_060_{day:08}")
    if tile is None:
        return
    box = tile.footprint
    assert holds(Footprint(-lon - 1, lat, -lon, lat + 1), box)
    assert holds(Footprint(-180, -90, 180, 90), box)
    assert (box.east - box.west, box.north - box.south) == (0.0625, 0.0625)
