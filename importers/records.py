"""What a reader yields: one record a query/mask pair, with nothing decoded yet.

Readers are cheap and run in one place; decoding is dear and runs in workers. Records are
what travels between them, so they are frozen, slotted, hold no open files and pickle.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
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


@dataclass(frozen=True, slots=True)
class Shape:
    """One polygon: ``(x, y)`` points in pixels, x to the right and y down.

    ``ignore`` marks a region whose pixels count neither for nor against a prediction.
    """

    points: tuple[tuple[float, float], ...]
    ignore: bool = False


@dataclass(frozen=True, slots=True)
class Polygons:
    """A target drawn as polygons."""

    shapes: tuple[Shape, ...]


@dataclass(frozen=True, slots=True)
class Raster:
    """A target stored as a mask image (TIFF or PNG)."""

    path: Path


@dataclass(frozen=True, slots=True)
class NoTarget:
    """The declared right answer is an empty mask."""


Target = Polygons | Raster | NoTarget


@dataclass(frozen=True, slots=True)
class Pair:
    """One query and its mask.

    Attributes:
        key: ``format/split/image id#query index``; the same on every machine
        image_id: pairs with equal ``image_id`` and ``split`` show the same image
        split: ``train``, ``val`` or ``test``
        phrase: the query, exactly as published
        image: the image file, or ``None`` where it is not there
        image_name: the file name the annotation gives the image
        target: the mask, undecoded
        source: where the record stands
    """

    key: str
    image_id: str
    split: str
    phrase: str
    image: Path | None
    image_name: str
    target: Target
    source: Source

    @property
    def no_target(self) -> bool:
        """Whether the right answer is declared to be an empty mask."""
        return isinstance(self.target, NoTarget)


def make_key(dataset: str, split: str, image_id: str, index: int) -> str:
    """The stable name of a pair, which resume, findings, decisions and manifests speak of."""
    return f"{dataset}/{split}/{image_id}#{index}"
