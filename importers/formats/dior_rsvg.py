"""DIOR-RSVG, visual grounding: a description and a box of an object.

::

    Annotations/00001.xml       Pascal VOC, with a description in each object
    JPEGImages/00001.jpg
    {train,val,test}.txt        numbers of objects, counted over all annotations by name

After ``data_loader.py`` in github.com/ZhanYang-nwpu/RSVG-pytorch, which counts all objects of the
annotations in the order of their names and takes those whose number is in the list of the split.
Objects of one image can be in several splits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from pairlens.importers.choices import one_of
from pairlens.importers.errors import OnError, OnNote, RecordError, ignore_note, raise_error
from pairlens.importers.files import is_text
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault, ReadParam
from pairlens.importers.formats.dior_rsvg_export import DIORRSVGExporter
from pairlens.importers.formats.dior_rsvg_files import (
    ANNOTATIONS,
    IMAGES,
    SplitLists,
    annotation_files,
    holds_descriptions,
    image_name,
    object_counts,
    read_box,
    read_lists,
)
from pairlens.importers.formats.example_files import SIDE, TARGET, image_bytes, picture, put
from pairlens.importers.formats.voc_xml import VOCFile, load_voc
from pairlens.importers.image_lookup import find_file
from pairlens.importers.records import Pair, Source, make_key, phrase_fault

NAME = "dior_rsvg"


LISTS = ReadParam(
    "lists",
    "the lists of the splits: check (they must number the objects that there are) or ignore "
    "(all objects are train)",
    one_of("check", "ignore"),
)


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """Returns 0: which images have objects of a split is known when all have been read."""
    return 0


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    lists: str = "check",
) -> Iterator[Pair]:
    """Yields the pairs, file by file in the order of their names.

    Raises:
        LayoutError: if the lists number other objects than there are
    """
    files = annotation_files(root)
    listed = SplitLists({}, (), 0) if lists == "ignore" else read_lists(root, on_error)
    counts = object_counts(files, listed) if listed.lists else []
    listed.check(sum(counts))
    reading = _Reading(root, listed, on_error)
    first = 0
    for number, file in enumerate(files):
        try:
            yield from reading.file(file, first, splits)
        except RecordError as error:
            on_error(error)
        first += counts[number] if counts else 0
    if not listed.lists:
        why = "as set" if lists == "ignore" else "there is no train.txt, val.txt or test.txt"
        on_note(f"all objects are taken as train: {why}")
    if listed.doubled:
        on_note(f"{listed.doubled:,} numbers stand more than once in the lists; the first counts")
    if reading.unlisted:
        on_note(f"{reading.unlisted:,} objects are in no list, and were left out")


class _Reading:
    """One reading.

    Attributes:
        unlisted: how many objects are in no list
    """

    def __init__(self, root: Path, listed: SplitLists, on_error: OnError) -> None:
        self.unlisted = 0
        self._root = root
        self._listed = listed
        self._on_error = on_error
        self._seen: Counter[str] = Counter()

    def file(self, file: Path, first: int, splits: Collection[str]) -> Iterator[Pair]:
        """The pairs of a file, split by split.

        Args:
            file: the annotation
            first: the number of its first object
            splits: which to read
        """
        name = file.relative_to(self._root).as_posix()
        if not is_text(name):
            name = name.encode("utf-8", "backslashreplace").decode()
            raise RecordError(name, "the file's name is no text; rename it")
        voc = load_voc(file, name)
        image = image_name(voc, file, name)
        self._seen[image] += 1
        if self._seen[image] > 1:
            raise RecordError(name, f"is another annotation of the image {image[:80]!a}")
        by_split: dict[str, list[int]] = {split: [] for split in SPLITS}
        for number in range(len(voc.objects)):
            split = self._listed.split_of.get(first + number) if self._listed.lists else "train"
            if split is None:
                self.unlisted += 1
            else:
                by_split[split].append(number)
        for split, numbers in by_split.items():
            if split in splits:
                yield from self._pairs(voc, numbers, split, image, name)

    def _pairs(
        self, voc: VOCFile, numbers: list[int], split: str, image: str, name: str
    ) -> Iterator[Pair]:
        path = find_file(self._root / IMAGES, image)
        for number in numbers:
            one = voc.objects[number]
            source = Source(name, number)
            try:
                phrase = one.text("description")
                if phrase is None:
                    raise ValueError("the object has no 'description'")
                if fault := phrase_fault(phrase):
                    raise ValueError(fault)
                target = read_box(one, voc.size)
            except ValueError as error:
                self._on_error(RecordError(str(source), str(error)))
                continue
            yield Pair(
                key=make_key(NAME, split, image, number),
                image_id=image,
                split=split,
                phrase=phrase,
                image=path,
                image_name=image,
                target=target,
                source=source,
            )


_OBJECT = """  <object>
    <name>house</name>
    <pose>Unspecified</pose>
    <bndbox>
      <xmin>{}</xmin>
      <ymin>{}</ymin>
      <xmax>{}</xmax>
      <ymax>{}</ymax>
    </bndbox>
    <description>{}</description>
  </object>
"""
_FILE = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<annotation>
  <filename>{name}.jpg</filename>
  <source>
    <database>DIOR</database>
  </source>
  <size>
    <width>{side}</width>
    <height>{side}</height>
    <depth>3</depth>
  </size>
  <segmented>0</segmented>
{objects}</annotation>
"""


def example(root: Path) -> Path:
    """Writes four images with two objects each; those of the third are of two splits."""
    (left, top), _, (right, bottom), _ = TARGET
    middle = (left + right) // 2
    for number in range(1, 5):
        name = f"{number:05}"
        words = ("A red house", "The left half of the house &amp; its roof")
        ends = ((left, top, right, bottom), (left, top, middle, bottom))
        objects = "".join(_OBJECT.format(*box, text) for box, text in zip(ends, words, strict=True))
        put(root / ANNOTATIONS / f"{name}.xml", _FILE.format(name=name, side=SIDE, objects=objects))
        put(root / IMAGES / f"{name}.jpg", image_bytes(picture(number), "JPEG"))
    for split, numbers in {"train": (0, 1, 2, 3), "val": (4,), "test": (5, 6, 7)}.items():
        put(root / f"{split}.txt", "".join(f"{number}\n" for number in numbers))
    return root


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="DIOR-RSVG",
        about="DIOR-RSVG: descriptions and boxes in VOC annotations",
        layout="Annotations/*.xml whose objects have a 'description', JPEGImages/ and "
        "{train,val,test}.txt",
        docs="[DIOR-RSVG](docs/formats/dior_rsvg.md): `Annotations/*.xml`, `JPEGImages/*.jpg`, "
        "`{train,val,test}.txt`",
        detect=holds_descriptions,
        count=count,
        read=read,
        params=(LISTS,),
        box_targets=True,
        boxes="as targets",
        exporter=DIORRSVGExporter,
        writes="DIOR-RSVG: the annotations and images, and the lists with the numbers that they "
        "then have",
        example=example,
        faults=(
            FormatFault(
                "an image is not there",
                lambda root: (root / IMAGES / "00004.jpg").unlink(),
                "Annotations/00004.xml[0]: the image 00004.jpg is not there",
            ),
        ),
    ),
)
