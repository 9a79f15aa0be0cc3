"""The files of DIOR-RSVG: annotations, and lists of the objects of each split by their number."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from math import isfinite
from pathlib import Path
from typing import NamedTuple

from pairlens.importers.errors import LayoutError, OnError, RecordError
from pairlens.importers.files import is_plain_name
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.json_files import MAX_FILE_BYTES
from pairlens.importers.formats.voc_xml import VOCFile, VOCObject, load_voc
from pairlens.importers.named_files import NamedFiles
from pairlens.importers.records import Polygons, Shape
from pairlens.importers.source_files import open_source

ANNOTATIONS, IMAGES = "Annotations", "JPEGImages"
_MAX_LIST_BYTES = 64 << 20
_LOOKED_INTO = 16
_HEAD = 1 << 16
CORNERS = ("xmin", "ymin", "xmax", "ymax")


def annotation_files(root: Path) -> NamedFiles:
    """The annotations by name, which is the order in which their objects are counted."""
    return NamedFiles.of(root / ANNOTATIONS, ".xml")


def holds_descriptions(root: Path) -> bool:
    """Whether one of the first annotations describes an object."""
    return any(map(_describes, islice(annotation_files(root), _LOOKED_INTO)))


def _describes(file: Path) -> bool:
    try:
        with open_source(file, anywhere=True) as stream:
            head = stream.read(_HEAD)
    except OSError:
        return False
    return b"<object>" in head and b"<description" in head


class SplitLists(NamedTuple):
    """Which split each object is in.

    Attributes:
        split_of: by the number of the object, counted over all annotations
        lists: the files that are there
        doubled: how many numbers stand more than once
    """

    split_of: dict[int, str]
    lists: tuple[str, ...]
    doubled: int

    @property
    def is_whole(self) -> bool:
        """Whether there are all lists, and all numbers from 0 on in one of them."""
        last = max(self.split_of, default=-1)
        return len(self.lists) == len(SPLITS) and len(self.split_of) == last + 1

    def check(self, objects: int) -> None:
        """Validates that the lists number the objects that there are.

        Raises:
            LayoutError: if they number others, so that every object would be in a wrong split
        """
        if not self.lists:
            return
        last = max(self.split_of, default=-1)
        whole = len(self.lists) == len(SPLITS)
        if last >= objects or (whole and len(self.split_of) != objects):
            raise LayoutError(
                f"the split lists number {len(self.split_of):,} objects, up to {last:,}, and the "
                f"annotations hold {objects:,}: with one lost or added, all later objects get "
                "another split; bring the files together, or read all as train with "
                "--param lists=ignore"
            )


def read_lists(root: Path, on_error: OnError) -> SplitLists:
    """Reads the lists; a number that stands in several is of the first of train, val, test."""
    split_of: dict[int, str] = {}
    there: list[str] = []
    doubled = 0
    for split in SPLITS:
        name = f"{split}.txt"
        if not (root / name).is_file():
            continue
        there.append(name)
        for number, text in enumerate(_lines(root / name, name, on_error)):
            if not text.strip():
                continue
            index = text.strip()
            if not (index.isascii() and index.isdecimal()) or len(index) > 12:
                on_error(RecordError(f"{name}[{number}]", f"{text[:40]!a} is no number"))
                continue
            doubled += int(index) in split_of
            split_of.setdefault(int(index), split)
    return SplitLists(split_of, tuple(there), doubled)


def _lines(file: Path, name: str, on_error: OnError) -> Iterator[str]:
    try:
        with open_source(file) as stream:
            data = stream.read(_MAX_LIST_BYTES)
    except OSError as error:
        on_error(RecordError(name, f"cannot be read ({error.strerror})"))
        return
    yield from data.decode("utf-8-sig", "replace").splitlines()


def object_counts(files: Iterable[Path], listed: SplitLists) -> list[int]:
    """The number of objects of each file.

    A broken one, if it is alone, has as many as the lists number beside all others; of several
    the tags are counted.
    """
    counts: list[int] = []
    broken: list[int] = []
    for number, file in enumerate(files):
        try:
            counts.append(len(load_voc(file, file.name).objects))
        except RecordError:
            broken.append(number)
            counts.append(_tags(file))
    if len(broken) == 1 and listed.is_whole:
        others = sum(counts) - counts[broken[0]]
        counts[broken[0]] = max(0, len(listed.split_of) - others)
    return counts


def _tags(file: Path) -> int:
    with suppress(OSError), open_source(file) as stream:
        return stream.read(MAX_FILE_BYTES).count(b"<object>")
    return 0


def image_name(voc: VOCFile, file: Path, name: str) -> str:
    """The name of an annotation's image, by default that of the file.

    Raises:
        RecordError: if it is no name of a file
    """
    given = voc.filename.strip() or f"{file.stem}.jpg"
    if not is_plain_name(given):
        raise RecordError(name, f"the image name {given[:80]!a} is no plain file name")
    return given


def read_box(one: VOCObject, size: tuple[int, int] | None) -> Polygons:
    """The box of an object in an image, whose width and height are used if known.

    Raises:
        ValueError: with what is wrong with it; an object without is no query without a target
    """
    written = [one.text(f"bndbox/{corner}") for corner in CORNERS]
    if None in written:
        raise ValueError(f"the object has no {CORNERS[written.index(None)]!r} in a 'bndbox'")
    try:
        x1, y1, x2, y2 = (float(text or "") for text in written)
    except ValueError:
        raise ValueError("the numbers of 'bndbox' are none") from None
    if not all(map(isfinite, (x1, y1, x2, y2))) or x1 >= x2 or y1 >= y2:
        raise ValueError("'bndbox' has no area, or its corners the wrong way round")
    return Polygons((Shape(((x1, y1), (x2, y1), (x2, y2), (x1, y2))),), box=True, size=size)
