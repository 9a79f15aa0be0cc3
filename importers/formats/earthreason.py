"""EarthReason: questions about aerial images that a mask answers.

::

    {train,val,test}/images/*.jpg
    {train,val,test}/labels/*.png     0, and what is not
    {train,val,test}/QAs/*.json       {"questions": [...], "answer": [...]}

After ``RS_val_dataset.py`` in earth-insights/SegEarth-R1. All questions of a file ask for one mask.
An empty answer says that there is no target. Archives of the splits are unpacked, each into a
folder of its name, which then has the split folder in it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np

from pairlens.importers.choices import auto_or_one_of
from pairlens.importers.errors import (
    MaskError,
    OnError,
    OnNote,
    RecordError,
    ignore_note,
    raise_error,
)
from pairlens.importers.files import is_text
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault, in_split_folders
from pairlens.importers.formats.earthreason_export import EarthReasonExporter
from pairlens.importers.formats.earthreason_files import (
    IMAGES,
    LABELS,
    QUESTIONS,
    Pairing,
    Triple,
    base_folder,
    listed,
    load_questions,
    parts,
    triples,
)
from pairlens.importers.formats.example_files import IMAGE_SPLITS, image_bytes, picture, put, target
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.masks import read_mask
from pairlens.importers.reading import LEFT_OUT, MASK_VALUES, LeftOut, ReadParam
from pairlens.importers.records import (
    NoTarget,
    Pair,
    Raster,
    Source,
    Target,
    make_key,
    phrase_fault,
)

NAME = "earthreason"


PAIRING = ReadParam(
    "pairing",
    "what files belong together: those of one name, or of one place in the order of names; "
    "without it, auto: by name, unless no name is in all three folders",
    auto_or_one_of("name", "order"),
)


def detect(root: Path) -> bool:
    """Whether the folder, or one in it, holds split folders with images, labels and QAs."""
    return base_folder(root) is not None


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """The number of files of questions, one an image, for progress."""
    base = base_folder(root)
    wanted = [split for split in SPLITS if split in splits]
    return sum(len(listed(base, split, QUESTIONS)) for split in wanted) if base else 0


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    pairing: Pairing | None = None,
    left_out: LeftOut = "skip",
    mask_values: MaskValues | None = None,
) -> Iterator[Pair]:
    """Yields the pairs, split by split and file by file in the order of their names.

    Args:
        root: the dataset's folder
        splits: which to read
        on_error: takes broken records
        on_note: receives remarks on the files
        pairing: what files belong together; ``None`` to decide it
        left_out: whether files that a file manager left are read
        mask_values: which values of labels are the target; ``None`` to decide it mask by mask
    """
    base = base_folder(root)
    if base is None:
        return
    for split in SPLITS:
        if split not in splits:
            continue
        for triple in triples(base, split, pairing, on_error, on_note, left_out):
            name = triple.questions.relative_to(root).as_posix()
            try:
                questions, answer = _load(triple, name, mask_values)
            except RecordError as error:
                on_error(error)
                continue
            yield from _pairs(split, triple, name, questions, answer, on_error)


def _load(triple: Triple, name: str, values: MaskValues | None) -> tuple[list[object], Target]:
    if not is_text(name) or not is_text((triple.image or triple.questions).name):
        name = name.encode("utf-8", "backslashreplace").decode()
        raise RecordError(name, "the file's name, or its image's, is no text; rename it")
    questions, answers = load_questions(triple.questions, name)
    if answers and triple.label is None:
        raise RecordError(name, f"has an answer, and nothing in {LABELS} of the same name")
    if answers and triple.label is not None:
        return questions, Raster(triple.label, values)
    if triple.label is not None and _marks(triple.label, values):
        raise RecordError(name, f"has no answer, but {triple.label.name} marks a target")
    return questions, NoTarget()


def _marks(label: Path, values: MaskValues | None) -> bool:
    """Whether a label marks a target; unreadable labels do not count."""
    try:
        return bool(read_mask(label, values).target.any())
    except MaskError:
        return False


def _pairs(
    split: str,
    triple: Triple,
    name: str,
    questions: list[object],
    answer: Target,
    on_error: OnError,
) -> Iterator[Pair]:
    stem = (triple.image or triple.questions).stem
    for index, question in enumerate(questions):
        source = Source(name, index)
        if fault := phrase_fault(question):
            on_error(RecordError(str(source), fault))
            continue
        yield Pair(
            key=make_key(NAME, split, stem, index),
            image_id=stem,
            split=split,
            phrase=str(question),
            image=triple.image,
            image_name=triple.image.name if triple.image else f"{stem}.jpg",
            target=answer,
            source=source,
        )


def example(root: Path) -> Path:
    """Writes six images with a label each; one of the test split has no target."""
    for number, split in enumerate(IMAGE_SPLITS):
        there = number < len(IMAGE_SPLITS) - 1
        questions = ["Where could a family live?", "What shelters from rain?"]
        content = {
            "questions": questions if split == "train" else questions[:1],
            "answer": ["The red house."] if there else [],
        }
        label = target() * np.uint8(255 * there)
        stem = f"{number:05}"
        put(root / split / IMAGES / f"{stem}.jpg", image_bytes(picture(number), "JPEG"))
        put(root / split / LABELS / f"{stem}.png", image_bytes(label, "PNG"))
        put(root / split / QUESTIONS / f"{stem}.json", json.dumps(content, indent=2))
    return root


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="EarthReason",
        about="EarthReason: questions in json files, labels as PNG",
        layout="{train,val,test}/{images,labels,QAs}/",
        docs="[EarthReason](docs/formats/earthreason.md): `{train,val,test}/images/*.jpg`, "
        "`labels/*.png` and `QAs/*.json`",
        detect=detect,
        count=count,
        read=read,
        params=(PAIRING, LEFT_OUT, MASK_VALUES),
        wanted=in_split_folders,
        parts=parts,
        no_target="an empty `answer`",
        exporter=EarthReasonExporter,
        writes="EarthReason: images, labels and questions",
        example=example,
        faults=(
            FormatFault(
                "a label is not there",
                lambda root: (root / "val/labels/00003.png").unlink(),
                "val/QAs/00003.json: has an answer, and nothing in labels of the same name",
            ),
        ),
    ),
)
