"""Records as readers yield them, undecoded: pairs, captioned images, instructions.

Segmentation data gives one record a query/mask pair, caption and instruction data one record
an image.

Readers are cheap and run in one place; decoding is dear and runs in workers. Records are
what travels between them, so they are frozen, slotted, hold no open files and pickle.
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
"""What the records of a dataset are: ``Pair``, ``CaptionedImage`` or ``Instruction``."""

MAX_PHRASE = 1 << 16
"""Characters; a longer text is no query, and the database refuses documents over 16 MB."""

MAX_KEY = 2000
"""Characters; the longest path of an image has a thousand, and more stands around it."""


@frozen
class Source:
    """Where a record stands in the published files.

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
        archive: the archive
        offset: where the file's content begins, in bytes
        size: of the content, in bytes
        name: the name to extract it under, relative to the folder of extracted images, with
            ``/``; the reader has seen to it that it leads nowhere else and that no two
            records share one
    """

    archive: Path
    offset: int
    size: int
    name: str


@frozen
class Inline:
    """A file whose bytes a record holds.

    Attributes:
        content: all of it
        name: to write it under, as of :class:`Packed`
    """

    content: bytes
    name: str


ImageFile = Path | Packed | Inline
"""An image on disk, in an archive to be extracted from, or in memory."""


@frozen
class Shape:
    """One polygon: ``(x, y)`` points in pixels, x to the right and y down.

    ``ignore`` marks a region whose pixels count neither for nor against a prediction. ``box`` says
    that the points are the outer pixels of an upright box, of which one alone is a region.
    """

    points: tuple[tuple[float, float], ...]
    ignore: bool = False
    box: bool = False


@frozen
class Polygons:
    """A target drawn as polygons.

    Attributes:
        shapes: the polygons
        shares: whether the format gives points as shares of the image's width and height
        box: whether the format gives a box, upright or rotated, and nobody outlined the target
        size: width and height of the image, where the record tells them
        half_open: whether the shapes are upright boxes whose right and lower sides are the first
            column and row beyond them, as COCO counts; else these belong to the target
    """

    shapes: tuple[Shape, ...]
    shares: bool = False
    box: bool = False
    size: tuple[int, int] | None = None
    half_open: bool = False


@frozen
class Raster:
    """A target stored as a mask image (TIFF or PNG).

    Attributes:
        path: the file
        values: which of its values are the target, where that was set by hand
    """

    path: Path
    values: MaskValues | None = None


@frozen
class InlineRaster:
    """A target stored as a mask image whose bytes the record holds.

    Attributes:
        content: the bytes of a file
        name: for messages
        values: which of its values are the target, where that was set by hand
    """

    content: bytes
    name: str
    values: MaskValues | None = None


@frozen
class Encoded:
    """A target as COCO's run-length encoding, not checked yet.

    Attributes:
        size: height and width
        counts: compressed text, or lengths of runs
    """

    size: tuple[int, ...]
    counts: str | tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class NoTarget:
    """The declared right answer is an empty mask."""


@frozen
class Instances:
    """A target made of COCO's segmentations of one or several objects, drawn as COCO's tools do.

    Attributes:
        size: height and width that the annotations give the image; ``()`` where they do not
        parts: polygons and run-length encodings, of which all pixels are the target
    """

    size: tuple[int, ...]
    parts: tuple[Shape | Encoded, ...]


Target = Polygons | Raster | InlineRaster | Encoded | Instances | NoTarget
"""What a query asks for, undecoded."""


@frozen
class Pair:
    """One query and its mask.

    Attributes:
        key: ``format/split/image id#query index``; the same on every machine. Of a table, the
            row or its id stands behind the ``#``
        image_id: pairs with equal ``image_id`` and ``split`` show the same image
        split: ``train``, ``val`` or ``test``
        phrase: the query, exactly as published
        image: the image file, or ``None`` where it is not there
        image_name: the file name the annotation gives the image
        target: the mask, undecoded
        source: where the record stands
        subsets: parts of the split that the dataset names, such as ``large``
        box: of a target that is a box though it comes as a mask, left, top, width and height as
            shares of the upright image
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
        """Whether the right answer is declared to be an empty mask."""
        return isinstance(self.target, NoTarget)


@frozen
class Footprint:
    """A box of geographic coordinates, in degrees of WGS 84 or NAD 83, west negative."""

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
        annotator: the model or person that wrote it, where that is said
    """

    text: str
    task: int | None = None
    annotator: str | None = None


@frozen
class CaptionedImage:
    """An image and its captions.

    Attributes:
        key: ``format/split/image id``; the same on every machine
        image_id: unique within the split
        split: ``train``, ``val`` or ``test``
        image: the image file, or ``None`` where it is not there
        image_name: the file name the annotation gives the image
        captions: in published order
        source: where the record stands
        footprint: where on earth the image lies, where that is known
        captured: when it was taken, where that is known
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
        answers: one, or several that are all right; none where the record has none
        category: the task that the dataset names, such as ``count``; ``""`` where it does not
        source: the record the turn came from; several turns can share one
        position: the turn's number within that record, from 0
    """

    question: str
    answers: tuple[str, ...]
    category: str
    source: Source
    position: int = 0


@frozen
class Box:
    """A bounding box in a text, or of an object that a record names.

    Attributes:
        label: what the text calls the object; ``""`` where it does not say
        bounds: x and y of the top left corner, width and height, as shares of the image's
            width and height
        turn: the number of the turn whose text holds it, from 0; ``None`` where none does
        corners: of a box that is not upright, the four corners (x, y) in order, as shares
    """

    label: str
    bounds: tuple[float, float, float, float]
    turn: int | None
    corners: tuple[tuple[float, float], ...] = ()


@frozen
class Instruction:
    """An image and the conversations held about it.

    Attributes:
        key: ``format/split/image id``; the same on every machine
        image_id: unique within the split
        split: ``train``, ``val`` or ``test``
        image: the image file, or ``None`` where it is not there
        image_name: the path that the annotation gives the image
        turns: in published order
        captions: the answers of turns whose task is a caption
        boxes: what the texts hold of boxes
        source: where the first of its records stands
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
    """Why a value cannot be a query; ``""`` if it can."""
    if not isinstance(phrase, str):
        return f"the query is {type(phrase).__name__}, not a text"
    if len(phrase) > MAX_PHRASE:
        return f"the query is longer than {MAX_PHRASE:,} characters"
    return "" if is_text(phrase) else "the query holds half a character (a lone surrogate)"


def make_key(dataset: str, split: str, image_id: str, index: int | str) -> str:
    """The key of a pair, ``DATASET/SPLIT/IMAGE_ID#INDEX``: the same on every machine.

    Resuming, findings, decisions files and manifests refer to pairs by it.
    """
    return f"{dataset}/{split}/{image_id}#{index}"


def make_image_key(dataset: str, split: str, image_id: str) -> str:
    """The key of a record about an image, ``DATASET/SPLIT/IMAGE_ID``: the same on every machine."""
    return f"{dataset}/{split}/{image_id}"
