"""GRES, the reasoning-segmentation data of LISAt.

::

    gres_annotations/{train,val,test}/lisat_gres_000000016192.json
    gres_annotations/{train,val,test}/{train,val,test}.txt
    gres_images/{train,val,test}/lisat_gres_000000016192.jpg

The folders are also spelled with hyphens, and LISAt's own loader wants json and jpg side by
side under ``{train,val,test}/``; all three are read. Lists or folders ``large`` and ``small``
name parts of the test split, which become tags. A file holds some queries (``text``) and
the polygons of one mask that is the target of all of them; ``false_premise_QA`` holds queries
with an empty target, as LISAt_code's ``utils/reason_seg_dataset.py`` reads them.

Most copies of GRES have no images, since their licence (xView) forbids copies: a pair without an
image is not an error.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairlens.importers.decisions import of_leftovers
from pairlens.importers.errors import OnError, OnNote, RecordError, ignore_note, raise_error
from pairlens.importers.files import is_plain_name, is_text
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault, in_split_folders
from pairlens.importers.formats.example_files import IMAGE_SPLITS, TARGET, image_bytes, picture, put
from pairlens.importers.formats.gres_export import GresExporter
from pairlens.importers.formats.gres_files import (
    SUBSET_SPLIT,
    SUBSETS,
    annotation_files,
    annotation_folder,
    image_folder,
    leftovers,
    listed,
    load_annotation,
    note_counts,
    read_shapes,
    with_leftovers,
)
from pairlens.importers.formats.json_files import MAX_FILE_BYTES
from pairlens.importers.image_lookup import find_file
from pairlens.importers.reading import LEFT_OUT, LeftOut
from pairlens.importers.records import (
    NoTarget,
    Pair,
    Polygons,
    Source,
    Target,
    make_key,
    phrase_fault,
)

__all__ = [
    "MAX_FILE_BYTES", "NAME", "annotation_folder", "count", "detect", "image_folder",
    "load_annotation", "read",
]  # fmt: skip

NAME = "gres"
MAX_QUERIES = 10_000
"""Of an annotation; published ones have up to ten."""


def detect(root: Path) -> bool:
    """Whether the folder holds annotation files in split folders."""
    return annotation_folder(root) is not None


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """The number of annotation files, which equals that of images, for progress."""
    folder = annotation_folder(root)
    if folder is None:
        return 0
    return sum(len(annotation_files(folder, s)) for s in SPLITS if s in splits)


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    left_out: LeftOut = "skip",
) -> Iterator[Pair]:
    """Yields the pairs, split by split and file by file in the order of their names."""
    folder = annotation_folder(root)
    if folder is None:
        return
    for split in [one for one in SPLITS if one in splits]:
        if not (files := annotation_files(folder, split)):
            continue
        note_counts(folder / split, split, files, on_note)
        if left := leftovers(folder / split):
            if left_out == "read":
                files = with_leftovers(files, folder, split, left)
            else:
                on_note(of_leftovers(left))
        subsets = listed(folder) if split == SUBSET_SPLIT else {}
        for file in files:
            name = file.relative_to(root).as_posix()
            try:
                if not is_text(name):
                    name = name.encode("utf-8", "backslashreplace").decode()
                    raise RecordError(name, "the file's name is no text; rename it")
                parsed = _parse(file, name, _image_folders(root, split, file))
            except RecordError as error:
                on_error(error)
                continue
            yield from _pairs(parsed, file.stem, split, subsets.get(file.stem, ()), on_error)


def _image_folders(root: Path, split: str, file: Path) -> tuple[Path, ...]:
    """The possible folders of an annotation file's image, with that of its subset."""
    if file.parent.name not in SUBSETS:
        return (image_folder(root, split),)
    subset = image_folder(root, file.parent.name)
    return image_folder(root, split), subset, image_folder(root, split) / subset.name, file.parent


@dataclass(frozen=True, slots=True)
class _File:
    """An annotation file: its unchecked queries with their target."""

    name: str
    queries: list[tuple[Any, Target]]
    image: Path | None
    image_name: str


def _parse(file: Path, name: str, folders: tuple[Path, ...]) -> _File:
    content, _ = load_annotation(file, name)
    queries = len(content["text"]) + len(content.get("false_premise_QA") or ())
    if queries > MAX_QUERIES:
        raise RecordError(name, f"has {queries:,} queries, over {MAX_QUERIES:,}")
    target = Polygons(read_shapes(content["shapes"], name))
    image_name = _image_name(content["shapes"], file.stem, name)
    present = next((f for f in (find_file(folder, image_name) for folder in folders) if f), None)
    return _File(name, list(_queries(content, target)), present, image_name)


def _pairs(
    file: _File, image_id: str, split: str, subsets: tuple[str, ...], on_error: OnError
) -> Iterator[Pair]:
    for index, (phrase, target) in enumerate(file.queries):
        source = Source(file.name, index)
        if fault := phrase_fault(phrase):
            on_error(RecordError(str(source), fault))
            continue
        yield Pair(
            key=make_key(NAME, split, image_id, index),
            image_id=image_id,
            split=split,
            phrase=phrase,
            image=file.image,
            image_name=file.image_name,
            target=target,
            source=source,
            subsets=subsets,
        )


def _queries(content: dict[str, Any], target: Target) -> Iterator[tuple[Any, Target]]:
    """Yields the queries of ``text``, then those of ``false_premise_QA``, which have no target."""
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


def example(root: Path) -> Path:
    """Writes six images with a target each, named by three queries in the training split."""
    queries = ["the red house", "a house on the left", "the only building"]
    listed: dict[str, list[str]] = {}
    for number, split in enumerate(IMAGE_SPLITS, 1):
        image_id = f"lisat_gres_{number:012}"
        points = [[float(x), float(y)] for x, y in (*TARGET, TARGET[0])]
        shape = {"label": "target", "shape_type": "polygon", "image_name": f"{image_id}.jpg"}
        content = {
            "text": queries if split == "train" else queries[:1],
            "is_sentence": True,
            "shapes": [shape | {"points": points, "group_id": None, "flags": {}}],
        }
        put(root / "gres_images" / split / f"{image_id}.jpg", image_bytes(picture(number), "JPEG"))
        put(root / "gres_annotations" / split / f"{image_id}.json", json.dumps(content, indent=4))
        listed.setdefault(split, []).extend([image_id] * 2)  # as published
    for split, ids in listed.items():
        put(root / "gres_annotations" / split / f"{split}.txt", "\n".join(ids))
    return root


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="GRES",
        about="GRES (LISAt): json files with queries and polygons, xView chips",
        layout="gres_annotations/{train,val,test}/*.json",
        docs="[GRES](docs/formats/gres.md): `gres_annotations/{train,val,test}/*.json` and "
        "`gres_images/{train,val,test}/*.jpg`; also spelled with hyphens, or json and jpg "
        "side by side",
        detect=detect,
        count=count,
        read=read,
        params=(LEFT_OUT,),
        threads=False,
        wanted=in_split_folders,
        no_target="`false_premise_QA`",
        exporter=GresExporter,
        writes="GRES: json files, id lists and the images that are there",
        licence="cc-by-nc-sa-4.0",
        example=example,
        images="pairlens images gres --xview DIR --geojson FILE --annotations GRES --out GRES "
        "cuts them out of xView",
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / "gres_images/val/lisat_gres_000000000004.jpg").unlink(),
                "gres_annotations/val/lisat_gres_000000000004.json[0]: the image "
                "lisat_gres_000000000004.jpg is not there",
            ),
        ),
    ),
)
