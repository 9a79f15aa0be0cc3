"""VRSBench: for each image a caption, objects with referring sentences, and questions.

::

    Annotations_{train,val}.zip     Annotations_{train,val}/P0003_0002.json
    Images_{train,val}.zip          Images_{train,val}/P0003_0002.png
    VRSBench_train.json  VRSBench_EVAL_{Cap,referring,vqa}.json

The layout is that of ``xiang709/VRSBench`` on the hub; the archives are unpacked side by side. The
lists of records were made from the annotations by ``prepare_eval_all.ipynb`` in
github.com/lx709/VRSBench, and are read only without annotations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from pairlens.importers.box_scale import ScaleSetting
from pairlens.importers.choices import auto_or_one_of
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import (
    OnError,
    OnNote,
    RecordError,
    UsageError,
    ignore_note,
    raise_error,
)
from pairlens.importers.files import is_text
from pairlens.importers.formats.base import (
    FORMATS,
    SPLITS,
    Format,
    FormatFault,
    ReadParam,
    Settled,
)
from pairlens.importers.formats.example_files import (
    IMAGE_SPLITS,
    SIDE,
    TARGET,
    image_bytes,
    picture,
    put,
)
from pairlens.importers.formats.instruction_boxes import BOXES
from pairlens.importers.formats.instruction_files import TextFile
from pairlens.importers.formats.instruction_format import signs_of
from pairlens.importers.formats.instructions import read_instructions
from pairlens.importers.formats.vrsbench_export import VRSBenchExporter
from pairlens.importers.formats.vrsbench_files import (
    ANNOTATIONS,
    IMAGES,
    find_image,
    folder_of,
    holds_annotations,
    image_name,
    json_files,
    load_annotation,
    read_object,
    turns_of,
)
from pairlens.importers.named_files import files_in
from pairlens.importers.reading import MASK_FRAME, ORIENTATION, MaskFrame, Orientation
from pairlens.importers.records import (
    Box,
    Caption,
    Instruction,
    Kind,
    Pair,
    Polygons,
    Record,
    Source,
    Turn,
    make_image_key,
    make_key,
    phrase_fault,
)
from pairlens.importers.rotated_boxes import ANGLES, Turning

NAME = "vrsbench"
_PART = re.compile(rf"({ANNOTATIONS}|{IMAGES})_({'|'.join(SPLITS)})\.zip")

Read = Literal["objects", "images"]
_SUBSETS: dict[bool | None, tuple[str, ...]] = {True: ("unique",), False: ("not_unique",), None: ()}
"""Tags by whether an object is the only one of its class."""


RECORDS = ReadParam(
    "records",
    "what a sample is: objects (a sentence and its object), images (an image with its caption, "
    "questions and boxes); without it, auto: objects",
    auto_or_one_of("objects", "images"),
)


def detect(root: Path) -> bool:
    """Whether the folder has annotations, or the lists of records that were made from them."""
    return is_annotated(root) or NAME in signs_of(root)


def is_annotated(root: Path) -> bool:
    """Whether the folder holds annotations."""
    folders = (folder_of(root, ANNOTATIONS, split) for split in SPLITS)
    return any(folder is not None and holds_annotations(folder) for folder in folders)


def parts(root: Path) -> list[Path]:
    """The archives of annotations and images; none if some are unpacked already."""
    if any(folder_of(root, what, s) for what in (ANNOTATIONS, IMAGES) for s in SPLITS):
        return []
    archives = sorted(file for file in files_in(root, "*.zip") if file.is_file())
    return [file for file in archives if _PART.fullmatch(file.name.casefold())]


def settle(root: Path, given: Mapping[str, str]) -> Settled:
    """The format and its kind: images for lists, the value of ``records`` for annotations.

    Raises:
        UsageError: if objects are requested and there are only lists
    """
    asked = given.get(RECORDS.name)
    annotated = is_annotated(root)
    if asked == "objects" and not annotated:
        raise UsageError(
            f"{root} has no annotations, and objects are read from these alone; put "
            "Annotations_*.zip beside the lists, or leave records=objects out"
        )
    kind: Kind = "instructions" if asked == "images" or not annotated else "pairs"
    return Settled(replace(FORMATS[NAME], kind=kind), dict(given))


def wanted(names: Sequence[str], splits: Collection[str], limit: int | None) -> list[str]:
    """The files of a repository without those of other splits; ``EVAL`` means ``val``."""
    others = {split for split in SPLITS if split not in splits}
    return [name for name in names if not others & {_split_of(name)}]


def _split_of(name: str) -> str:
    file = name.rpartition("/")[2].casefold()
    return next((s for s in SPLITS if s in file), "val" if "_eval_" in file else "")


def _split_of_list(file: TextFile) -> tuple[str, str]:
    split = _split_of(file.name)
    return (split, "so named") if split else file.split()


def _image_folders(root: Path) -> list[Path]:
    return [folder for split in SPLITS if (folder := folder_of(root, IMAGES, split))]


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """Returns 0, since the annotations with objects are known only after reading all."""
    return 0


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    records: Read | None = None,
    boxes: ScaleSetting = None,
    angles: Turning | None = None,
    orientation: Orientation = "upright",
    mask_frame: MaskFrame = "auto",
) -> Iterator[Record]:
    """Yields the records, split by split and file by file in the order of their names.

    Args:
        root: the dataset's folder
        splits: which to read
        on_error: takes broken annotations and objects
        on_note: receives remarks on the files
        records: what a record is; ``None`` for the objects
        boxes, angles, orientation, mask_frame: of lists, as in
            :func:`.instructions.read_instructions`
    """
    if not is_annotated(root):
        folders = [folder.relative_to(root).as_posix() for folder in _image_folders(root)]
        yield from read_instructions(
            NAME, root, splits=splits, on_error=on_error, on_note=on_note, boxes=boxes,
            angles=angles, orientation=orientation, mask_frame=mask_frame, image_folders=folders,
            split_of=_split_of_list, split_from="file",
        )  # fmt: skip
        return
    reading = _Reading(root, on_error)
    for split in SPLITS:
        folder = folder_of(root, ANNOTATIONS, split) if split in splits else None
        for file in json_files(folder) if folder else ():
            try:
                yield from reading.file(file, split, records or "objects")
            except RecordError as error:
                on_error(error)
    if records is None:
        rule = "objects are read as pairs; captions and questions, with records=images"
        on_note(Decision(rule, "records", override="records=images", usual=True))
    if reading.unnamed:
        on_note(f"{reading.unnamed:,} objects have no referring sentence and make no pair")


class _Reading:
    """One pass over the files.

    Attributes:
        unnamed: number of objects without a sentence
    """

    def __init__(self, root: Path, on_error: OnError) -> None:
        self.unnamed = 0
        self._root = root
        self._on_error = on_error
        self._seen: set[tuple[str, str]] = set()
        found = {split: folder_of(root, IMAGES, split) for split in SPLITS}
        self._folders = {
            s: [f for f in (folder, root / IMAGES) if f] for s, folder in found.items()
        }

    def file(self, file: Path, split: str, what: Read) -> Iterator[Record]:
        name = file.relative_to(self._root).as_posix()
        if not is_text(name):
            name = name.encode("utf-8", "backslashreplace").decode()
            raise RecordError(name, "the file's name is no text; rename it")
        content, _ = load_annotation(file, name)
        image = image_name(content, file, name)
        if (split, image) in self._seen:
            raise RecordError(name, f"is another annotation of the image {image[:80]!a}")
        self._seen.add((split, image))
        found = _Image(split, image, find_image(self._folders[split], image), name)
        pairs = self._pairs(content, found)
        if what == "objects":
            yield from pairs
        else:
            yield _instruction(content, found, list(pairs))

    def _pairs(self, content: dict[str, Any], of: _Image) -> Iterator[Pair]:
        for number, entry in enumerate(content.get("objects") or ()):
            source = Source(of.annotation, number)
            try:
                found = read_object(entry)
                if found and (fault := phrase_fault(found.sentence)):
                    raise ValueError(fault)
            except ValueError as error:
                self._on_error(RecordError(str(source), str(error)))
                continue
            if found is None:
                self.unnamed += 1
                continue
            yield Pair(
                key=make_key(NAME, of.split, of.name, number),
                image_id=of.name,
                split=of.split,
                phrase=found.sentence,
                image=of.path,
                image_name=of.name,
                target=found.target,
                source=source,
                subsets=_SUBSETS[found.unique],
            )


@dataclass(frozen=True, slots=True)
class _Image:
    """The image of an annotation; its path is ``None`` if the file is missing."""

    split: str
    name: str
    path: Path | None
    annotation: str


def _instruction(content: dict[str, Any], of: _Image, pairs: list[Pair]) -> Instruction:
    """An image with its caption and questions, and the corners of its objects.

    Raises:
        RecordError: with what is wrong with its texts
    """
    try:
        turns = list(turns_of(content))
    except ValueError as error:
        raise RecordError(of.annotation, str(error)) from error
    if not turns:
        raise RecordError(of.annotation, "has no caption and no question")
    source = Source(of.annotation, 0)
    return Instruction(
        key=make_image_key(NAME, of.split, of.name),
        image_id=of.name,
        split=of.split,
        image=of.path,
        image_name=of.name,
        turns=tuple(
            Turn(text.question, text.answers, category, source, position)
            for position, (text, category) in enumerate(turns)
        ),
        captions=tuple(Caption(t.answers[0]) for t, category in turns if category == "caption"),
        boxes=tuple(_box(pair) for pair in pairs),
        source=source,
    )


def _box(pair: Pair) -> Box:
    assert isinstance(pair.target, Polygons)  # noqa: S101 - all objects have corners
    corners = pair.target.shapes[0].points
    xs, ys = zip(*corners, strict=True)
    around = min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)
    return Box(pair.phrase, around, None, corners)


def example(root: Path) -> Path:
    """Writes six annotated images; the training ones have two objects that are referred to."""
    (left, top), _, (right, bottom), _ = (tuple(v / SIDE for v in point) for point in TARGET)
    middle = (left + right) / 2, (top + bottom) / 2
    shapes = (
        [left, top, right, top, right, bottom, left, bottom],
        [middle[0], top, right, middle[1], middle[0], bottom, left, middle[1]],
    )
    for number, split in enumerate(IMAGE_SPLITS, 1):
        split = "val" if split == "test" else split
        name = f"P{number:04}_0001"
        sentences = ("The red house in the middle.", "The slanted roof of the house.")
        objects = [
            {
                "obj_id": i, "referring_sentence": sentence, "obj_cls": "house", "is_unique": True,
                "obj_corner": corners, "flag": False,
            }
            for i, (sentence, corners) in enumerate(zip(sentences, shapes, strict=True))
        ]  # fmt: skip
        asked = {"ques_id": 1, "question": "Is there a house?", "type": "object existence"}
        content = {
            "caption": f"A red house stands on plot {number}.",
            "objects": objects if split == "train" else objects[:1],
            "qa_pairs": [asked | {"answer": "Yes"}],
            "image": f"{name}.png",
        }
        put(root / f"Images_{split}" / f"{name}.png", image_bytes(picture(number), "PNG"))
        put(root / f"Annotations_{split}" / f"{name}.json", json.dumps(content, indent=4))
    return root


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="VRSBench",
        about="VRSBench: sentences and rotated boxes, captions and questions, a json file an image",
        layout="Annotations_{train,val}/*.json with 'objects' and 'qa_pairs', or zip archives",
        docs="[VRSBench](docs/formats/vrsbench.md): `Annotations_{train,val}` and "
        "`Images_{train,val}`, as folders or zip archives",
        detect=detect,
        count=count,
        read=read,
        params=(RECORDS, BOXES, ANGLES),
        wants=(ORIENTATION, MASK_FRAME),
        wanted=wanted,
        box_targets=True,
        parts=parts,
        settle=settle,
        boxes="rotated, as masks or beside the texts",
        exporter=VRSBenchExporter,
        writes="VRSBench: the annotations and their images, as folders",
        example=example,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / "Images_val/P0004_0001.png").unlink(),
                "Annotations_val/P0004_0001.json[0]: the image P0004_0001.png is not there",
            ),
        ),
    ),
)
