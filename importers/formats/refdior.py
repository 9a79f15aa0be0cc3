"""RefDIOR: phrases for objects in the images of DIOR, with masks.

::

    images/<id>.jpg
    masks/<id>.png                       0, and what is not
    phrase_txts/{train,val,test}.json    {"<id>": {"sentences": [...], "bbox": [x1, y1, x2, y2]}}

After ``load_id_phrase_mask_bbox_info`` in its authors' loader (RSFM), which reads other datasets
from the same layout. All sentences of an id ask for one mask; ``bbox`` is not read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from pairlens.importers.errors import OnError, OnNote, RecordError, ignore_note, raise_error
from pairlens.importers.files import is_plain_name
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault
from pairlens.importers.formats.example_files import (
    IMAGE_SPLITS,
    TARGET,
    image_bytes,
    picture,
    put,
    target,
)
from pairlens.importers.formats.refdior_export import RefDIORExporter
from pairlens.importers.formats.refdior_files import (
    IMAGES,
    MASKS,
    PHRASES,
    Entry,
    image_of,
    load_phrases,
    mask_of,
)
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.reading import MASK_VALUES
from pairlens.importers.records import Pair, Raster, Source, make_key, phrase_fault

NAME = "refdior"


def detect(root: Path) -> bool:
    """Whether the folder holds images, masks and a file of phrases of a split."""
    folders = all((root / folder).is_dir() for folder in (IMAGES, MASKS))
    return folders and any(_phrases(root, split).is_file() for split in SPLITS)


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """Not known without reading."""
    return 0


def wanted(names: Sequence[str], splits: Collection[str], limit: int | None) -> list[str]:
    """The files of a repository but for the phrases of other splits."""
    others = tuple(f"{PHRASES}/{split}.json" for split in SPLITS if split not in splits)
    return [name for name in names if not name.endswith(others or ("\0",))]


def _phrases(root: Path, split: str) -> Path:
    return root / PHRASES / f"{split}.json"


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    mask_values: MaskValues | None = None,
) -> Iterator[Pair]:
    """Yields the pairs, split by split in the order of the files.

    Args:
        root: the dataset's folder
        splits: which to read
        on_error: takes broken records
        on_note: receives remarks on the files
        mask_values: which values of masks are the target; ``None`` to decide it mask by mask
    """
    for split in SPLITS:
        file = _phrases(root, split)
        if split not in splits or not file.exists():
            continue
        name = file.relative_to(root).as_posix()
        try:
            _, entries = load_phrases(file, name)
        except RecordError as error:
            on_error(error)
            continue
        by_id: dict[str, list[Entry]] = {}
        for entry in entries:
            if not is_plain_name(entry.id):
                on_error(RecordError(name, f"the id {entry.id[:80]!r} is no file name"))
            elif not entry.sentences:
                on_error(RecordError(f"{name}: {entry.id[:80]}", "has no list 'sentences'"))
            else:
                by_id.setdefault(entry.id, []).append(entry)
        for same in by_id.values():
            yield from _pairs(root, split, name, same, mask_values, on_error)


def _pairs(
    root: Path,
    split: str,
    name: str,
    entries: list[Entry],
    values: MaskValues | None,
    on_error: OnError,
) -> Iterator[Pair]:
    """The pairs of an id, which may stand in the file more than once."""
    image_id = entries[0].id
    image, answer = image_of(root, image_id), Raster(mask_of(root, image_id), values)
    sentences = [(e.first + n, text) for e in entries for n, text in enumerate(e.sentences)]
    for number, (index, phrase) in enumerate(sentences):
        source = Source(name, index)
        if fault := phrase_fault(phrase):
            on_error(RecordError(str(source), fault))
            continue
        yield Pair(
            key=make_key(NAME, split, image_id, number),
            image_id=image_id,
            split=split,
            phrase=phrase,
            image=image,
            image_name=image.name if image else f"{image_id}.jpg",
            target=answer,
            source=source,
        )


def example(root: Path) -> Path:
    """Writes six images with a mask each."""
    corners = [int(value) for point in (TARGET[0], TARGET[2]) for value in point]
    phrases: dict[str, dict[str, object]] = {split: {} for split in SPLITS}
    for number, split in enumerate(IMAGE_SPLITS, 1):
        sentences = (
            ["the red house", "a house on the left"] if split == "train" else ["only building"]
        )
        phrases[split][f"{number:05}"] = {"sentences": sentences, "bbox": corners}
        put(root / IMAGES / f"{number:05}.jpg", image_bytes(picture(number), "JPEG"))
        put(root / MASKS / f"{number:05}.png", image_bytes(target() * np.uint8(255), "PNG"))
    for split, content in phrases.items():
        put(_phrases(root, split), json.dumps(content))
    return root


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="RefDIOR",
        about="RefDIOR: images and masks by id, phrases in json files",
        layout="images/, masks/ and phrase_txts/{train,val,test}.json",
        docs="[RefDIOR](docs/formats/refdior.md): `images/<id>.jpg`, `masks/<id>.png` and "
        "`phrase_txts/{train,val,test}.json`",
        detect=detect,
        count=count,
        read=read,
        params=(MASK_VALUES,),
        wanted=wanted,
        scenes=True,
        exporter=RefDIORExporter,
        writes="RefDIOR: images, masks and phrases",
        example=example,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / "images/00004.jpg").unlink(),
                "phrase_txts/val.json[0]: the image 00004.jpg is not there",
            ),
        ),
    ),
)
