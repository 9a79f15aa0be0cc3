"""GRES, the reasoning-segmentation data of LISAt.

::

    gres_annotations/{train,val,test}/lisat_gres_000000016192.json
    gres_annotations/{train,val,test}/{train,val,test}.txt
    gres_images/{train,val,test}/lisat_gres_000000016192.jpg

The folders are also spelled with hyphens, and LISAt's own loader wants json and jpg side by
side under ``{train,val,test}/``; all three are read. A file holds some queries (``text``) and
the polygons of one mask that all of them ask for; ``false_premise_QA`` holds queries whose
right answer is an empty mask, as LISAt_code's ``utils/reason_seg_dataset.py`` reads them.

Most people have the annotations without the images, whose licence (xView) forbids copies: a
pair without an image is an ordinary record here.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from importers.errors import OnError, OnNote, RecordError, ignore_note, raise_error
from importers.files import is_plain_name
from importers.formats.base import FORMATS, SPLITS, Format
from importers.records import NoTarget, Pair, Polygons, Shape, Source, Target, make_key

NAME = "gres"
MAX_FILE_BYTES = 64 << 20
"""The largest published file has 0.1 MB; more than this is no annotation."""

PUBLISHED_FILES = {"train": 7205, "val": 500, "test": 1510}
"""Counted on disk in github.com/lisat-bair/GRES at 31d6f53; its card says otherwise."""


def annotation_folder(root: Path) -> Path | None:
    """The folder that holds the split folders, or ``None`` if this is no GRES."""
    for name in ("gres_annotations", "gres-annotations", "."):
        folder = root / name
        if any(_has_annotations(folder / split) for split in SPLITS):
            return folder
    return None


def image_folder(root: Path, split: str) -> Path:
    """Where the images of a split are, or would be."""
    for name in ("gres_images", "gres-images"):
        if (root / name).is_dir():
            return root / name / split
    folder = annotation_folder(root)
    return (folder or root) / split


def _has_annotations(folder: Path) -> bool:
    """Whether the folder's first json file has polygons: split folders of json are common."""
    first = next(folder.glob("*.json"), None) if folder.is_dir() else None
    if first is None:
        return False
    with open(first, "rb") as stream:
        return b'"shapes"' in stream.read(1 << 20)


def detect(root: Path) -> bool:
    """Whether the folder holds annotation files in split folders."""
    return annotation_folder(root) is not None


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """The number of annotation files, one an image, for progress."""
    folder = annotation_folder(root)
    if folder is None:
        return 0
    return sum(1 for s in SPLITS if s in splits for _ in (folder / s).glob("*.json"))


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
) -> Iterator[Pair]:
    """Yields the pairs, split by split and file by file in the order of their names."""
    folder = annotation_folder(root)
    if folder is None:
        return
    for split in SPLITS:
        if split not in splits or not (folder / split).is_dir():
            continue
        files = sorted((folder / split).glob("*.json"))
        _note_counts(folder / split, split, files, on_note)
        images = image_folder(root, split)
        for file in files:
            name = file.relative_to(root).as_posix()
            try:
                yield from _read_file(file, name, split, images, on_error)
            except RecordError as error:
                on_error(error)


def _note_counts(folder: Path, split: str, files: list[Path], on_note: OnNote) -> None:
    published = PUBLISHED_FILES[split]
    if len(files) != published:
        on_note(f"{split}: {len(files):,} annotation files; the release has {published:,}")
    try:
        listed = Counter((folder / f"{split}.txt").read_text("utf-8", "replace").split())
    except OSError:
        on_note(f"{split}: no id list {split}.txt")
        return
    doubled = sum(1 for times in listed.values() if times > 1)
    if doubled:
        on_note(
            f"{split}: {split}.txt lists {doubled:,} of its {len(listed):,} ids more than once "
            f"({listed.total():,} lines); each is imported once"
        )
    stems = {f.stem for f in files}
    for what, ids in (
        ("listed ids have no file", listed.keys() - stems),
        ("files are not listed", stems - listed.keys()),
    ):
        if ids:
            on_note(f"{split}: {len(ids):,} {what}, {min(ids)[:80]!r} the first")


def load_annotation(file: Path, name: str) -> tuple[dict[str, Any], str]:
    """Reads an annotation file.

    Returns:
        its content, and the encoding it is in: ``utf-8``, else ``cp1252`` as LISAt's loader
        has it

    Raises:
        RecordError: if it is not a JSON object with lists ``text`` and ``shapes``
    """
    try:
        if file.stat().st_size > MAX_FILE_BYTES:
            raise RecordError(name, f"over {MAX_FILE_BYTES >> 20} MB, too large for an annotation")
        data = file.read_bytes()
        encoding = "utf-8"
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            encoding = "cp1252"
            text = data.decode("cp1252")
        content = json.loads(text)
    except OSError as error:
        raise RecordError(name, f"cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise RecordError(name, "is neither utf-8 nor cp1252 text") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(name, f"is not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise RecordError(name, "holds no JSON object")
    for key in ("text", "shapes"):
        if not isinstance(content.get(key), list):
            raise RecordError(name, f"has no list {key!r}")
    return content, encoding


def _read_file(
    file: Path, name: str, split: str, images: Path, on_error: OnError
) -> Iterator[Pair]:
    content, _ = load_annotation(file, name)
    shapes = _read_shapes(content["shapes"], name)
    image_name = _image_name(content["shapes"], file.stem, name)
    image = images / image_name
    present = image if image.is_file() else None
    target: Target = Polygons(shapes)
    for index, (phrase, asks_for) in enumerate(_queries(content, target)):
        source = Source(name, index)
        if not isinstance(phrase, str):
            on_error(RecordError(str(source), f"the query is {type(phrase).__name__}, not a text"))
            continue
        yield Pair(
            key=make_key(NAME, split, file.stem, index),
            image_id=file.stem,
            split=split,
            phrase=phrase,
            image=present,
            image_name=image_name,
            target=asks_for,
            source=source,
        )


def _queries(content: dict[str, Any], target: Target) -> Iterator[tuple[Any, Target]]:
    """The queries of ``text``, then those of ``false_premise_QA``, which have no target."""
    for phrase in content["text"]:
        yield phrase, target
    for entry in content.get("false_premise_QA") or ():
        yield (entry[0] if isinstance(entry, list) and entry else entry), NoTarget()


def _image_name(shapes: list[Any], stem: str, name: str) -> str:
    given = shapes[0].get("image_name") if shapes and isinstance(shapes[0], dict) else None
    image_name = given if isinstance(given, str) and given else f"{stem}.jpg"
    if not is_plain_name(image_name):
        raise RecordError(name, f"the image name {image_name[:80]!r} is no plain file name")
    return image_name


def _read_shapes(shapes: list[Any], name: str) -> tuple[Shape, ...]:
    """Polygons to draw; shapes labelled ``flag`` are deprecated upstream and left out."""
    drawn = []
    for number, shape in enumerate(shapes):
        label = shape.get("label") if isinstance(shape, dict) else None
        points = shape.get("points") if isinstance(shape, dict) else None
        if not isinstance(label, str) or not isinstance(points, list):
            raise RecordError(name, f"shape {number} has no label and list of points")
        if label.lower() == "flag":
            continue
        try:
            pairs = tuple((float(x), float(y)) for x, y in points)
        except (TypeError, ValueError, OverflowError):
            raise RecordError(name, f"shape {number} has a point that is not [x, y]") from None
        drawn.append(Shape(pairs, ignore="ignore" in label.lower()))
    return tuple(drawn)


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        about="GRES (LISAt): json files with queries and polygons, xView chips",
        layout="gres_annotations/{train,val,test}/*.json",
        detect=detect,
        count=count,
        read=read,
    ),
)
