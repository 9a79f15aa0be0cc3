"""What a cell of a table says: a path, texts, a mask in one of its notations, a conversation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import PurePosixPath
from typing import Any

from pairlens.importers.bounded_json import is_number
from pairlens.importers.errors import shown
from pairlens.importers.formats.table_literals import numbers_or, structure, structure_or
from pairlens.importers.formats.table_named_boxes import NamedBox, forms_of, named_points, plain
from pairlens.importers.formats.table_pixels import bitmap_of, is_pixels
from pairlens.importers.formats.table_runs import ORDERS, as_coco
from pairlens.importers.image_lookup import MAX_PATH
from pairlens.importers.records import Encoded, Instances, Polygons, Shape
from pairlens.importers.rle import encode_rle

IMAGE_ENDINGS = frozenset(
    {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif", ".jp2"}
)
MASK_ENDINGS = IMAGE_ENDINGS | {".npy", ".npz"}

_COUNTS = re.compile(r"[0-o]{2,}")
"""Compressed runs of COCO: characters 48 to 111."""

_LEAST_RUNS = 6
"""Characters; many words are shorter."""

_NUMBERS = re.compile(r"[-+]?[\d.]+(?:[eE][-+]?\d+)?(?:[ ,;]+[-+]?[\d.]+(?:[eE][-+]?\d+)?)+")
_MISSING = frozenset(
    {
        "nan", "NaN", "-nan", "-NaN", "None", "null", "NULL", "NA", "N/A", "n/a", "<NA>", "#NA",
        "#N/A", "#N/A N/A", "1.#IND", "-1.#IND", "1.#QNAN", "-1.#QNAN",
    }
)  # fmt: skip
"""What ``pandas.read_csv`` takes for a missing value, and pandas, R and Excel write for one."""


def is_empty(cell: Any) -> bool:
    """Whether a cell holds nothing, or what tables have where a value is missing."""
    if isinstance(cell, str):
        text = cell.strip()
        return not text or text in _MISSING
    return cell is None or (isinstance(cell, float) and isnan(cell))


def describe_empty(cell: Any) -> str:
    """What is wrong with an empty cell, with the word that it has."""
    word = "" if cell is None else str(cell).strip()
    return f"is empty ({word!r})" if word else "is empty"


def only(cell: Any) -> Any:
    """The one item of a list; anything else as it is."""
    return cell[0] if isinstance(cell, list) and len(cell) == 1 else cell


def is_image_cell(cell: Any) -> bool:
    """Whether a cell looks like the path or the bytes of an image, alone or in a list."""
    cell = only(cell)
    return is_file_cell(cell, IMAGE_ENDINGS) or is_packed(cell)


def bytes_of(cell: Any) -> bytes | None:
    """The bytes of a file that a cell holds; ``None`` where it holds none."""
    held = cell.get("bytes") if isinstance(cell, Mapping) else cell
    return held if isinstance(held, bytes) else None


def name_of(cell: Any) -> str:
    """The name that a cell gives the file that it holds; ``""`` for none."""
    path = cell.get("path") if isinstance(cell, Mapping) else None
    return PurePosixPath(path.replace("\\", "/")).name if isinstance(path, str) else ""


_MAGIC = ((b"\x89PNG", ".png"), (b"\xff\xd8", ".jpg"), (b"II", ".tif"), (b"MM", ".tif"),
          (b"RIFF", ".webp"))  # fmt: skip


def ending_of(name: str, content: bytes) -> str:
    """The ending of an image's file name, by its content, else by the name it has."""
    ending = PurePosixPath(name).suffix.lower()
    known = (end for magic, end in _MAGIC if content.startswith(magic))
    return next(known, ending if ending in IMAGE_ENDINGS else "")


def is_packed(cell: Any) -> bool:
    """Whether a cell holds a file's bytes, alone or as the ``datasets`` library stores them."""
    return bytes_of(cell) is not None


def is_mask_cell(cell: Any) -> bool:
    """Whether a cell looks like a mask."""
    if is_file_cell(cell, MASK_ENDINGS) or is_packed(cell):
        return True
    value = _meant(numbers_or(cell))
    if isinstance(value, Mapping):
        return "counts" in value
    if isinstance(value, str):
        return is_bare_numbers(value)
    if not isinstance(value, list):
        return False
    encoded = all(isinstance(one, Mapping) and "counts" in one for one in map(_meant, value))
    encoded |= all(is_file_cell(one, MASK_ENDINGS) or is_packed(one) for one in value)
    return bool(value) and (encoded or is_pixels(value) or _rings_in(value) is not None)


def are_numbers_of(cell: Any) -> bool:
    """Whether a cell looks like numbers of other things: each is the next, or they are too few."""
    value = numbers_or(cell)
    if not isinstance(value, list) or not value or not all(map(is_number, value)):
        return False
    return len(value) < _BOX or value == [*range(int(value[0]), int(value[0]) + len(value))]


def is_geometry_cell(cell: Any) -> bool:
    """Whether a cell looks like an outline or a box in a notation that is not read."""
    value = structure_or(cell)
    if isinstance(value, str) and _WKT.match(value.strip()):
        return True
    named = {plain(str(name)) for name in value} if isinstance(value, Mapping) else set[str]()
    return any(keys <= named for keys in _GEOMETRY_KEYS)


def is_bare_numbers(cell: Any) -> bool:
    """Whether a cell holds numbers without brackets."""
    return isinstance(cell, str) and bool(_NUMBERS.fullmatch(cell.strip()))


def may_lack_size(cell: Any) -> bool:
    """Whether a cell may be runs, of which the size is that of the image."""
    text = cell.strip() if isinstance(cell, str) else ""
    return bool(text) and text[0] not in "[{" and "." not in text and "/" not in text


def is_bare_runs(cell: Any) -> bool:
    """Whether a cell looks like the runs of an RLE without its size."""
    text = cell.strip() if isinstance(cell, str) else ""
    return len(text) >= _LEAST_RUNS and not text.isalpha() and bool(_COUNTS.fullmatch(text))


def is_talk_cell(cell: Any) -> bool:
    """Whether a cell looks like a conversation."""
    value = structure_or(cell)
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, Mapping) and ("from" in first or "role" in first)


def is_file_cell(cell: Any, endings: frozenset[str]) -> bool:
    """Whether a cell looks like the path of a file with one of some endings."""
    if isinstance(cell, Mapping) and isinstance(cell.get("path"), str):
        cell = cell["path"]
    if not isinstance(cell, str) or len(cell) > MAX_PATH or "\n" in cell:
        return False
    return PurePosixPath(cell.strip().replace("\\", "/")).suffix.lower() in endings


def mask_in(
    cell: Any, box: str | None, size: tuple[int, int] | None, order: str | None = None
) -> Encoded | Instances | Polygons | None:
    """The mask that a cell spells out; ``None`` where it names a file or holds one.

    Args:
        cell: an RLE, polygons or a box
        box: ``xyxy``, ``xywh`` or ``cxcywh``, what the four numbers of a box are
        size: height and width for an RLE that names none
        order: of runs, where numbers without brackets are some

    Raises:
        ValueError: with what is wrong with it
    """
    value = _meant(structure(numbers_or(cell, cell)))
    if isinstance(value, str):
        text = value.strip()
        if is_bare_numbers(text):
            if order in ORDERS:
                return as_coco(text, size, order)
            value = _bare_box(text)
        elif size is not None and is_bare_runs(text):
            return Encoded(size, text)
        elif _WKT.match(text):
            raise ValueError(f"is WKT, which is not read; {_AS_POINTS}")
        else:
            return None
    if isinstance(value, Mapping):
        return _encoded(value, size)
    if isinstance(value, bytes):
        return None
    if not isinstance(value, Sequence):
        raise ValueError(f"holds {type(value).__name__}, which is no mask")
    bitmap = bitmap_of(value)
    if bitmap is not None:
        runs = encode_rle(bitmap)
        return Encoded(tuple(runs["size"]), runs["counts"])
    meant = _parts_meant(value)
    if meant and all(isinstance(one, Mapping) for one in meant):
        return Instances((), tuple(map(_instance, meant)))
    return _drawn(meant, box)


def _instance(value: Mapping[str, Any]) -> Encoded:
    found = _encoded(value, None)
    if found is None:
        raise ValueError("holds pictures in a list; one picture is one mask")
    return found


def _bare_box(text: str) -> list[float]:
    """The numbers of a box without brackets; of more, nobody can tell points from runs."""
    numbers = [float(number) for number in re.split(r"[ ,;]+", text)]
    if len(numbers) != 4:
        raise ValueError(
            f"holds {len(numbers)} numbers without brackets, which can be points or runs; write "
            "points as [[x, y], ...], or give --param runs=columns"
        )
    return numbers


_AS_POINTS = "write what is meant in pixels as [[x, y], ...]"
_BOX = 4
"""Numbers of a box."""

_TURNED = 5
"""Numbers of a box with an angle."""

_WKT = re.compile(
    r"(?:MULTI)?POLYGON {0,2}Z? {0,2}[( ]{1,4}[-+.\deE]+(?: [-+.\deE]+){1,2},", re.IGNORECASE
)

_GEOMETRY_KEYS = (
    {"type", "coordinates"}, {"xmin", "ymin"}, {"x1", "y1"}, {"x", "y"}, {"left", "top"},
)  # fmt: skip
"""Some of what is in objects that hold an outline or a box."""

_INNER_KEYS = ("segmentation", "bbox_2d", "bbox", "box")
"""Of objects that hold a mask or a box beside other things, such as COCO's annotations."""

_SURELY_FLAT = 64
"""Numbers of 0 and one other value; no outline goes back and forth between so few points."""


def _meant(value: Any) -> Any:
    """The mask or box that an object holds; other values as they are."""
    if isinstance(value, Mapping) and "counts" not in value:
        key = inner_key(value)
        inner = value[key] if key else value
        named = isinstance(inner, Mapping) and "counts" not in inner
        return (named_points(inner) if named else None) or inner
    return value


def inner_key(value: Mapping[str, Any]) -> str:
    """The member of an object that holds its mask or box; ``""`` for none."""
    return next((key for key in _INNER_KEYS if value.get(key) is not None), "")


def _parts_meant(value: Sequence[Any]) -> Sequence[Any]:
    """The masks and boxes that the objects of a list hold; other values as they are."""
    return value if isinstance(value, NamedBox) else [_meant(one) for one in value]


def _rings_in(value: Any) -> list[list[float]] | None:
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return None
    return _flat(_parts_meant(value))


def _encoded(value: Mapping[str, Any], size: tuple[int, int] | None) -> Encoded | None:
    if "counts" not in value:
        if "bytes" in value or "path" in value:
            return None
        if "coordinates" in value:
            raise ValueError(
                "is GeoJSON, whose coordinates are longitudes and latitudes, and no pixels; "
                f"{_AS_POINTS}"
            )
        raise ValueError(
            "is an object without 'counts' and 'size', and no RLE; write a box as four numbers"
        )
    sides, counts = value.get("size") or size, value["counts"]
    if isinstance(counts, bytes):
        counts = counts.decode("ascii", "replace")
    if isinstance(counts, list):
        counts = tuple(counts)
    if not isinstance(sides, Sequence) or isinstance(sides, str):
        raise ValueError("is an RLE without 'size'")
    if not isinstance(counts, str | tuple):
        raise ValueError("is an RLE whose 'counts' are neither text nor numbers")
    numbers = (*sides, *(counts if isinstance(counts, tuple) else ()))
    if not all(isinstance(number, int | float) for number in numbers):
        raise ValueError("is an RLE whose 'size' or 'counts' hold other things than numbers")
    return Encoded(tuple(sides), counts)


def boxes_in(cell: Any) -> list[list[float]]:
    """The numbers of the boxes of a cell, four each; none where it holds something else."""
    value = _meant(numbers_or(cell))
    if isinstance(value, str) and is_bare_numbers(value):
        try:
            value = _bare_box(value.strip())
        except ValueError:
            return []
    numbers = _rings_in(value) or []
    return numbers if all(len(ring) == 4 for ring in numbers) else []


def _drawn(value: Sequence[Any], box: str | None) -> Polygons:
    rings = _flat(value)
    if rings is None:
        raise ValueError("is a list that is neither a box nor polygons")
    if all(len(ring) == 4 for ring in rings):
        return Polygons(tuple(_boxed(ring, box) for ring in rings), half_open=True)
    for ring in rings:
        if len(ring) >= _SURELY_FLAT and len(set(ring)) <= 2 and 0 in ring:
            raise ValueError(
                f"holds {len(ring):,} numbers of 0 and one other value, which may be pixels; "
                "write them as a list of rows"
            )
        if len(ring) == _TURNED:
            raise ValueError(
                "holds five numbers, of a box with an angle or a score; angles differ from tool to "
                "tool, so write the four corners as [[x, y], ...], or four numbers"
            )
        if len(ring) < 6 or len(ring) % 2:
            raise ValueError("holds a polygon of fewer than three points, or of half a point")
    shapes = (Shape(tuple(zip(ring[::2], ring[1::2], strict=True))) for ring in rings)
    return Polygons(tuple(shapes))


def _boxed(numbers: list[float], form: str | None) -> Shape:
    a, b, c, d = numbers
    if form not in forms_of(numbers):
        form = forms_of(numbers)[0]
    if form == "cxcywh":
        a, b = a - c / 2, b - d / 2
    right, low = (c, d) if form == "xyxy" else (a + c, b + d)
    if right <= a or low <= b:
        raise ValueError("is a box without area, or with its corners the wrong way round")
    return Shape(((a, b), (right, b), (right, low), (a, low)))


def _flat(value: Sequence[Any], deep: int = 3) -> list[list[float]] | None:
    """The rings of ``[x, y, ...]``, ``[[x, y], ...]``, or lists of either; ``None`` for others."""
    if isinstance(value, NamedBox):
        return [value]
    if not value or not deep or isinstance(value, str | bytes):
        return None
    if all(map(_is_number, value)):
        return [list(map(float, value))]
    if not all(isinstance(one, Sequence) and not isinstance(one, str | bytes) for one in value):
        return None
    if all(len(one) == 2 and all(map(_is_number, one)) for one in value):
        return [[float(number) for point in value for number in point]]
    rings = [_flat(one, deep - 1) for one in value]
    if any(ring is None or len(ring) != 1 for ring in rings):
        return None
    return [ring[0] for ring in rings if ring]


def _is_number(value: Any) -> bool:
    return is_number(value) and -1e12 < value < 1e12


class CellError(ValueError):
    """What is wrong with a cell, with its column."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"column {shown(column, 80)!r} {reason}")


class of_column:
    """Names the column in what is raised within."""

    def __init__(self, column: str) -> None:
        self._column = column

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        if isinstance(error, ValueError) and not isinstance(error, CellError):
            raise CellError(self._column, str(error)) from error
