"""The records that readers yield: pairs, captioned images and instructions, not decoded yet.

In segmentation data a record is one pair of a query and a mask; in caption and instruction data
it is one image with all its texts.

Reading is cheap and runs in one process; decoding is expensive and runs in workers. Records are
sent to them, so they are frozen, have slots, hold no open files and can be pickled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pairlens.importers.files import is_text
from pairlens.importers.frozen import frozen
from pairlens.importers.mask_values import MaskValues

Kind = Literal["pairs", "captions", "instructions"]
"""The type of a dataset's records: ``Pair``, ``CaptionedImage`` or ``Instruction``."""

MAX_PHRASE = 1 << 16
"""Maximum length of a query in characters. MongoDB refuses documents of more than 16 MB."""

MAX_KEY = 2000
"""Maximum length of a key in characters: an image path of 1024 bytes, plus format, split and
index."""


@frozen
class Source:
    """The position of a record in the published files.

    Attributes:
        file: path relative to the dataset's root, with ``/``
        index: the record's number in the file, from 0
    """

    file: str
    index: int

    def __str__(self) -> str:
        return f"{self.file}[{self.index}]"


@frozen
class Packed:
    """A file inside an uncompressed archive.

    Attributes:
        archive: path of the archive
        offset: byte offset of the file's content in the archive
        size: size of the content in bytes
        name: path to extract it to, relative to the folder of extracted images, with ``/``. The
            reader has checked that it stays in that folder and that no two records share it
    """

    archive: Path
    offset: int
    size: int
    name: str


@frozen
class Inline:
    """A file whose bytes are part of the record, as in Parquet tables.

    Attributes:
        content: the bytes of the whole file
        name: path to write it to, as in :class:`Packed`
    """

    content: bytes
    name: str


ImageFile = Path | Packed | Inline
"""An image file on disk, in an archive that it is extracted from, or in memory."""


@frozen
class Shape:
    """One polygon.

    Attributes:
        points: vertices ``(x, y)`` in pixels, x to the right and y down
        ignore: whether the region's pixels count neither for nor against a prediction
        box: whether the points are the outermost pixels of an upright box, both included. Such a
            box may be one pixel wide or high; other polygons without area are faults
    """

    points: tuple[tuple[float, float], ...]
    ignore: bool = False
    box: bool = False


@frozen
class Polygons:
    """A target given as polygons.

    Attributes:
        shapes: the polygons
        shares: whether the points are shares of the image's width and height instead of pixels
        box: whether the format gives a box, upright or rotated, instead of an outline
        size: width and height of the image according to the record; ``None`` if it has none
        half_open: whether the shapes are upright boxes that exclude their right column and bottom
            row, as in COCO; by default these belong to the target
    """

    shapes: tuple[Shape, ...]
    shares: bool = False
    box: bool = False
    size: tuple[int, int] | None = None
    half_open: bool = False


@frozen
class Raster:
    """A target stored as a mask file, such as TIFF or PNG.

    Attributes:
        path: the file
        values: the user's setting of which values are the target; ``None`` if the values decide
    """

    path: Path
    values: MaskValues | None = None


@frozen
class InlineRaster:
    """A target stored as a mask file whose bytes are part of the record.

    Attributes:
        content: the bytes of the file
        name: name of the file in messages
        values: as in :class:`Raster`
    """

    content: bytes
    name: str
    values: MaskValues | None = None


@frozen
class Encoded:
    """A target as run-length encoding of COCO, not checked yet.

    Attributes:
        size: height and width
        counts: COCO's compressed string, or the lengths of the runs; ``None`` if missing
    """

    size: tuple[int, ...]
    counts: str | tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class NoTarget:
    """The dataset declares that the right answer is an empty mask."""


@frozen
class Instances:
    """A target that is the union of COCO segmentations, rasterized as pycocotools does.

    Attributes:
        size: height and width of the image according to the annotations; ``()`` if they have none
        parts: polygons and run-length encodings of one or several objects
    """

    size: tuple[int, ...]
    parts: tuple[Shape | Encoded, ...]


Target = Polygons | Raster | InlineRaster | Encoded | Instances | NoTarget
"""The ground truth of a query, not decoded yet."""


@frozen
class Pair:
    """One query and its mask.

    Attributes:
        key: ``format/split/image id#query index``, the same on every machine. In tables the row
            number or the row's id follows the ``#``
        image_id: pairs with equal ``image_id`` and ``split`` show the same image
        split: ``train``, ``val`` or ``test``
        phrase: the query, exactly as published
        image: the image file; ``None`` if it is missing
        image_name: the file name that the annotation gives the image
        target: the mask, not decoded yet
        source: position of the record in the published files
        subsets: parts of the split that the dataset names, such as ``large``
        box: for a target that is a box but stored as a mask: left, top, width and height as
            shares of the upright image; otherwise ``None``
    """

    key: str
    image_id: str
    split: str
    phrase: str
    image: ImageFile | None
    image_name: str
    target: Target
    source: Source
    subsets: tuple[str, ...] = ()
    box: tuple[float, float, float, float] | None = None

    @property
    def no_target(self) -> bool:
        """Whether the dataset declares that the right answer is an empty mask."""
        return isinstance(self.target, NoTarget)


@frozen
class Footprint:
    """A geographic bounding box in degrees of WGS 84 or NAD 83; longitudes west are negative."""

    west: float
    south: float
    east: float
    north: float


@frozen
class Caption:
    """A description of an image.

    Attributes:
        text: exactly as published
        task: in RSTeller 1 for an area, 2 for a non-area, 3 for a revision; else ``None``
        annotator: the model or person that wrote it; ``None`` if not published
    """

    text: str
    task: int | None = None
    annotator: str | None = None


@frozen
class CaptionedImage:
    """An image and its captions.

    Attributes:
        key: ``format/split/image id``, the same on every machine
        image_id: unique within the split
        split: ``train``, ``val`` or ``test``
        image: the image file; ``None`` if it is missing
        image_name: the file name that the annotation gives the image
        captions: in published order
        source: position of the record in the published files
        footprint: geographic bounding box of the image; ``None`` if unknown
        captured: date on which the image was taken; ``None`` if unknown
    """

    key: str
    image_id: str
    split: str
    image: ImageFile | None
    image_name: str
    captions: tuple[Caption, ...]
    source: Source
    footprint: Footprint | None = None
    captured: date | None = None


@frozen
class Turn:
    """A question about an image and its reference answers.

    Attributes:
        question: exactly as published
        answers: one answer, or several that are all correct; empty if the record has none
        category: the task according to the dataset, such as ``count``; ``""`` if it has none
        source: position of the published record; several turns can share one
        position: the turn's number within that record, from 0
    """

    question: str
    answers: tuple[str, ...]
    category: str
    source: Source
    position: int = 0


@frozen
class Box:
    """A bounding box that is written in a text, or that a record gives for an object.

    Attributes:
        label: name of the object; ``""`` if unknown
        bounds: x and y of the top left corner, width and height, as shares of the image's
            width and height
        turn: the number of the turn whose text contains the box, from 0; ``None`` if none does
        corners: for a rotated box, its four corners ``(x, y)`` in order around it, as shares;
            otherwise empty
    """

    label: str
    bounds: tuple[float, float, float, float]
    turn: int | None
    corners: tuple[tuple[float, float], ...] = ()


@frozen
class Instruction:
    """An image and the conversations about it.

    Attributes:
        key: ``format/split/image id``, the same on every machine
        image_id: unique within the split
        split: ``train``, ``val`` or ``test``
        image: the image file; ``None`` if it is missing
        image_name: the path that the annotation gives the image
        turns: in published order
        captions: the answers of turns whose task is captioning
        boxes: the boxes that the texts and records contain
        source: position of the first published record about the image
    """

    key: str
    image_id: str
    split: str
    image: ImageFile | None
    image_name: str
    turns: tuple[Turn, ...]
    captions: tuple[Caption, ...]
    boxes: tuple[Box, ...]
    source: Source


Record = Pair | CaptionedImage | Instruction


def phrase_fault(phrase: Any) -> str:
    """Returns the reason why a value cannot be a query, as a clause; ``""`` if it can."""
    if not isinstance(phrase, str):
        return f"the query is {type(phrase).__name__}, not a text"
    if len(phrase) > MAX_PHRASE:
        return f"the query is longer than {MAX_PHRASE:,} characters"
    return "" if is_text(phrase) else "the query holds half a character (a lone surrogate)"


def make_key(dataset: str, split: str, image_id: str, index: int | str) -> str:
    """Returns the key of a pair, ``DATASET/SPLIT/IMAGE_ID#INDEX``, the same on every machine.

    Resumed imports, findings, decisions files and manifests refer to pairs by it.
    """
    return f"{dataset}/{split}/{image_id}#{index}"


def make_image_key(dataset: str, split: str, image_id: str) -> str:
    """Returns the key of an image's record, ``DATASET/SPLIT/IMAGE_ID``, the same everywhere."""
    return f"{dataset}/{split}/{image_id}"
