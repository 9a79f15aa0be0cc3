"""The files of GRES: their folders and contents, and the id lists of splits.

For the parts ``large`` and ``small``, the dataset card mentions lists (``large.txt``) and LISAt's
code folders (``large/``); neither is published, so both are read.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from io import TextIOWrapper
from itertools import chain, groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO

from pairlens.importers.errors import OnNote, RecordError
from pairlens.importers.files import is_leftover
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.json_files import load_object
from pairlens.importers.named_files import CompactStrings, NamedFiles, files_in
from pairlens.importers.polygons import MAX_POINTS, MAX_SHAPES
from pairlens.importers.records import Shape
from pairlens.importers.source_files import open_source

SUBSETS = ("large", "small")
SUBSET_SPLIT = "test"
"""The split that they are parts of."""

_MAX_LIST_BYTES = 64 << 20
_LOOKED_INTO = 16

PUBLISHED_FILES = {"train": 7205, "val": 500, "test": 1510}
"""Counted on disk in github.com/lisat-bair/GRES at 31d6f53; its card says otherwise."""


def annotation_folder(root: Path) -> Path | None:
    """The folder that holds the split folders, or ``None`` if this is no GRES."""
    for name in ("gres_annotations", "gres-annotations", "."):
        folder = root / name
        if any(_has_annotations(folder / part) for part in (*SPLITS, *SUBSETS)):
            return folder
    return None


def image_folder(root: Path, split: str) -> Path:
    """The folder of the images of a split, whether it exists or not."""
    for name in ("gres_images", "gres-images"):
        if (root / name).is_dir():
            return root / name / split
    folder = annotation_folder(root)
    return (folder or root) / split


def _has_annotations(folder: Path) -> bool:
    """Whether one of the first JSON files has polygons, since many datasets have such folders."""
    if not folder.is_dir():
        return False
    return any(_names_shapes(file) for file in islice(json_files(folder), _LOOKED_INTO))


def json_files(folder: Path) -> Iterator[Path]:
    """The JSON files of a folder, without those of a file manager."""
    return (file for file in files_in(folder, "*.json") if not is_leftover(file.name))


def leftovers(folder: Path) -> list[str]:
    """Names of JSON files that a file manager left in a folder."""
    return sorted(file.name for file in files_in(folder, "*.json") if is_leftover(file.name))


def _names_shapes(file: Path) -> bool:
    try:
        with open_source(file, anywhere=True) as stream:
            return b'"shapes"' in stream.read(1 << 20)
    except OSError:
        return False


def load_annotation(file: Path, name: str) -> tuple[dict[str, Any], str]:
    """Reads an annotation file; see :func:`pairlens.importers.formats.json_files.load_object`.

    Text that is not UTF-8 is read as cp1252, as by LISAt's loader.

    Raises:
        RecordError: if it is not a JSON object with lists ``text`` and ``shapes``
    """
    content, encoding = load_object(file, name)
    for key in ("text", "shapes"):
        if not isinstance(content.get(key), list):
            raise RecordError(name, f"has no list {key!r}")
    if not isinstance(content.get("false_premise_QA") or [], list):
        raise RecordError(name, "has 'false_premise_QA' that is no list")
    return content, encoding


def listed(folder: Path) -> dict[str, tuple[str, ...]]:
    """The subsets of each id that a list or folder names.

    Args:
        folder: the annotation folder, which holds the split folders
    """
    members: dict[str, tuple[str, ...]] = {}
    for subset in SUBSETS:
        for stem in {*_in_lists(folder, subset), *(f.stem for f in subset_files(folder, subset))}:
            members[stem] = (*members.get(stem, ()), subset)
    return members


def _in_lists(folder: Path, subset: str) -> Iterator[str]:
    for file in (folder / f"{subset}.txt", folder / SUBSET_SPLIT / f"{subset}.txt"):
        try:
            with open_source(file) as stream:
                text = stream.read(_MAX_LIST_BYTES).decode("utf-8-sig", "replace")
        except OSError:
            continue
        yield from (word.removesuffix(".json") for word in text.split())


def subset_files(folder: Path, subset: str) -> list[Path]:
    """The annotation files in a subset's own folder, by name."""
    folders = (folder / subset, folder / SUBSET_SPLIT / subset)
    return sorted(file for place in folders for file in json_files(place))


def annotation_files(folder: Path, split: str) -> NamedFiles:
    """The annotation files of a split by name, then those that a subset's folder alone has."""
    files = NamedFiles.of(folder, ".json", below=split)
    if split != SUBSET_SPLIT:
        return files
    alone: dict[str, Path] = {}
    for subset in SUBSETS:
        for file in subset_files(folder, subset):
            alone.setdefault(file.stem, file)
    for name in files.names if alone else ():
        alone.pop(_stem(name), None)
    others = (file.relative_to(folder).as_posix() for file in alone.values())
    return NamedFiles(folder, CompactStrings(chain(files.names, others))) if alone else files


def with_leftovers(files: NamedFiles, folder: Path, split: str, left: Iterable[str]) -> NamedFiles:
    """Annotation files with those that a file manager left in a split, by name."""
    names = [*files.names, *(f"{split}/{name}" for name in left)]
    return NamedFiles(folder, CompactStrings(sorted(names, key=lambda name: name.split("/"))))


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".json")


def note_counts(folder: Path, split: str, files: NamedFiles, on_note: OnNote) -> None:
    """Notes how the files, the id list and the published counts differ."""
    published = PUBLISHED_FILES[split]
    if len(files) != published:
        on_note(f"{split}: {len(files):,} annotation files; the release has {published:,}")
    try:
        with open_source(folder / f"{split}.txt") as stream:
            listed = CompactStrings.sorted(_words(stream))
    except OSError:
        on_note(f"{split}: no id list {split}.txt")
        return
    distinct = doubled = 0
    for _, same in groupby(listed):
        distinct += 1
        doubled += len([*islice(same, 2)]) > 1
    if doubled:
        on_note(
            f"{split}: {split}.txt lists {doubled:,} of its {distinct:,} ids more than once "
            f"({len(listed):,} lines); each is imported once"
        )
    stems = CompactStrings.sorted(map(_stem, files.names))
    for what, ids, others in (
        ("listed ids have no file", listed, stems),
        ("files are not listed", stems, listed),
    ):
        number, first = _lacking(ids, others)
        if number:
            on_note(f"{split}: {number:,} {what}, {first[:80]!r} the first")


def _words(stream: BinaryIO) -> Iterator[str]:
    """The words of an id list, up to a bound."""
    text, rest = TextIOWrapper(stream, "utf-8-sig", "replace"), _MAX_LIST_BYTES
    while line := text.readline(rest):
        rest -= len(line)
        yield from line.split()


def _lacking(ids: Iterable[str], others: Iterable[str]) -> tuple[int, str]:
    """How many different ids of a sorted series another lacks, and the first of them."""
    number, first = 0, ""
    both = heapq.merge(((one, True) for one in ids), ((one, False) for one in others))
    for one, places in groupby(both, key=itemgetter(0)):
        if all(is_id for _, is_id in places):
            number, first = number + 1, first or one
    return number, first


def read_shapes(shapes: list[Any], name: str) -> tuple[Shape, ...]:
    """Polygons to draw; shapes labelled ``flag`` are deprecated upstream and left out."""
    if len(shapes) > MAX_SHAPES:
        raise RecordError(name, f"has {len(shapes):,} shapes, over {MAX_SHAPES:,}")
    drawn = []
    total = 0
    for number, shape in enumerate(shapes):
        label = shape.get("label") if isinstance(shape, dict) else None
        points = shape.get("points") if isinstance(shape, dict) else None
        if not isinstance(label, str) or not isinstance(points, list):
            raise RecordError(name, f"shape {number} has no label and list of points")
        total += len(points)
        if total > MAX_POINTS:
            raise RecordError(name, f"has over {MAX_POINTS:,} points")
        if label.lower() == "flag":
            continue
        try:
            pairs = tuple((_coordinate(x), _coordinate(y)) for x, y in points)
        except (TypeError, ValueError, OverflowError):
            raise RecordError(name, f"shape {number} has a point that is not [x, y]") from None
        drawn.append(Shape(pairs, ignore="ignore" in label.lower()))
    return tuple(drawn)


def _coordinate(value: Any) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise TypeError
    return float(value)
