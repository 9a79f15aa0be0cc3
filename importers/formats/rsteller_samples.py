"""Makes captioned images of RSTeller samples, and notes on all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol, TypeVar

from pairlens.importers.errors import OnError, OnNote, RecordError
from pairlens.importers.files import is_plain_name, safe_name
from pairlens.importers.formats.rsteller_shards import ShardSample
from pairlens.importers.formats.rsteller_text import (
    MAX_BYTES,
    MAX_ID,
    Annotation,
    parse,
    text_lines,
)
from pairlens.importers.frozen import frozen
from pairlens.importers.naip import Tile, parse_name
from pairlens.importers.records import (
    Caption,
    CaptionedImage,
    ImageFile,
    Packed,
    Source,
    make_image_key,
)
from pairlens.importers.source_files import open_source
from pairlens.importers.tar_index import Member, printable

P = TypeVar("P", contravariant=True)

PUBLISHED = "1,309,926 in 240 shards"
"""As the dataset's card counts its images, all of them ``train``."""

_PAGE_BITS = 10


class Origin(Protocol[P]):
    """Where the parts of a sample are."""

    def read(self, part: P) -> bytes:
        """The content of an annotation, or more than an annotation can have.

        Raises:
            OSError: if it cannot be read
        """
        ...

    def image(self, part: P, image_id: str) -> ImageFile:
        """An image as records hold it."""
        ...


@dataclass(frozen=True)
class Archive:
    """A shard.

    Attributes:
        path: the archive
        folder: the folder of extracted images that its images go to
        stream: the archive, open to read
    """

    path: Path
    folder: str
    stream: BinaryIO

    def read(self, part: Member) -> bytes:
        """A member's content."""
        self.stream.seek(part.offset)
        return self.stream.read(min(part.size, MAX_BYTES + 1))

    def image(self, part: Member, image_id: str) -> Packed:
        """A member that lies where it lies."""
        suffix = part.name.rpartition(".")[2].lower()
        name = f"{self.folder}/{safe_name(image_id)}.{suffix}"
        return Packed(self.path, part.offset, part.size, name)


class _Loose:
    """Files in a folder."""

    def read(self, part: Path) -> bytes:
        with open_source(part) as stream:
            return stream.read(MAX_BYTES + 1)

    def image(self, part: Path, image_id: str) -> Path:
        return part


LOOSE = _Loose()
"""Of the samples of an extracted shard."""


@frozen
class ImageTexts:
    """The texts of an image.

    Attributes:
        image_id: the patch id, or the sample's name where there is none
        annotation: what the annotation says; nothing where there is none
        part: which member the captions are from
        captions: with their numbers in the annotation's list, or their lines in the ``.txt``
    """

    image_id: str
    annotation: Annotation
    part: Literal["json", "txt"]
    captions: tuple[tuple[int, Caption], ...]


def texts_of(sample: ShardSample[P], origin: Origin[P]) -> ImageTexts:
    """Reads a sample's annotation, and its ``.txt`` where that has no captions.

    Raises:
        ValueError: with the reason, if one of them is broken
        OSError: if one of them cannot be read
    """
    texts = _NOTHING_SAID
    if sample.json is not None:
        texts = _in_file(f"{sample.name}.json", parse, origin.read(sample.json))
    image_id = sample.name if texts.patch_id is None else texts.patch_id
    if not is_plain_name(image_id) or len(image_id) > MAX_ID:
        raise ValueError(f"{printable(image_id)} is no patch id")
    if texts.captions or sample.txt is None:
        return ImageTexts(image_id, texts, "json", texts.captions)
    lines = _in_file(f"{sample.name}.txt", text_lines, origin.read(sample.txt))
    return ImageTexts(image_id, texts, "txt", tuple(lines))


def _no_captions(sample: ShardSample[Any]) -> str:
    if sample.txt is not None:
        return f"{printable(sample.name)}.txt has no captions"
    missing = f"there is no {printable(sample.name)}.json"
    return missing if sample.json is None else f"{printable(sample.name)}.json has no captions"


class SampleReader:
    """Makes records of samples, reports faults, and counts oddities.

    Args:
        format_name: the first part of every key
        on_error: takes what is wrong with one sample
    """

    def __init__(self, format_name: str, on_error: OnError) -> None:
        self.on_error = on_error
        self.others = 0
        self._format = format_name
        self._seen: defaultdict[str, PatchIds] = defaultdict(PatchIds)
        self._images = self._legacy = self._idle = 0
        self._renamed, self._placeless = FirstOf(), FirstOf()

    def record(
        self, sample: ShardSample[P], source: Source, split: str, origin: Origin[P]
    ) -> Iterator[CaptionedImage]:
        """Yields the record of a sample, or nothing where it is broken."""
        try:
            record = self._record(sample, source, split, origin)
        except ValueError as error:
            self.on_error(RecordError(str(source), str(error)))
        except OSError as error:
            self.on_error(RecordError(str(source), f"cannot be read ({error.strerror})"))
        else:
            yield record

    def _record(
        self, sample: ShardSample[P], source: Source, split: str, origin: Origin[P]
    ) -> CaptionedImage:
        texts = texts_of(sample, origin)
        for fault in texts.annotation.faults:
            self.on_error(RecordError(str(source), f"{sample.name}.json: {fault}"))
        if not texts.captions:
            raise ValueError(_no_captions(sample))
        image_id = texts.image_id
        if not self._seen[split].add(image_id):
            raise ValueError(f"patch {image_id} was read before; the first counts")
        tile = _tile(texts.annotation.image_name)
        captions = tuple(caption for _, caption in texts.captions)
        self._count(sample, texts, tile)
        return CaptionedImage(
            key=make_image_key(self._format, split, image_id),
            image_id=image_id,
            split=split,
            image=None if sample.image is None else origin.image(sample.image, image_id),
            image_name=f"{sample.name}.jpg",
            captions=captions,
            source=source,
            footprint=tile.footprint if tile else None,
            captured=tile.captured if tile else None,
        )

    def _count(self, sample: ShardSample[Any], texts: ImageTexts, tile: Tile | None) -> None:
        self._images += 1
        self._legacy += sum(caption.annotator is None for _, caption in texts.captions)
        self._idle += sample.txt is not None and texts.part == "json"
        if tile is None:
            self._placeless.add(texts.annotation.image_name)
        if texts.image_id not in (sample.name, sample.name.lstrip("0")):
            self._renamed.add(sample.name)

    def tell(self, on_note: OnNote) -> None:
        """Notes what was counted."""
        on_note(f"{self._images:,} images; the release has {PUBLISHED}")
        for count, what in (
            (self._legacy, "captions name no annotator, as in the legacy release"),
            (self._idle, ".txt files stand beside annotations, which count"),
            (self.others, "files are neither images nor annotations"),
            (
                self._renamed.count,
                f"samples are named otherwise than their patch id, {self._renamed.first!r} the "
                "first; the patch id counts",
            ),
            (
                self._placeless.count,
                "images have no location: the name of their photograph is not NAIP's, "
                f"{self._placeless.first!r} the first",
            ),
        ):
            if count:
                on_note(f"{count:,} {what}")


class FirstOf:
    """A count, and the first name that was counted."""

    def __init__(self) -> None:
        self.count = 0
        self.first = ""

    def add(self, name: str) -> None:
        """Counts one."""
        self.first = self.first if self.count else printable(name)
        self.count += 1


class PatchIds:
    """A compact set of ids: a release has over a million, nearly all consecutive numbers."""

    def __init__(self) -> None:
        self._pages: dict[int, int] = {}
        self._names: set[str] = set()

    def add(self, patch_id: str) -> bool:
        """Adds one.

        Returns:
            whether it is new
        """
        if not patch_id.isdecimal() or not patch_id.isascii() or patch_id != str(int(patch_id)):
            known = patch_id in self._names
            self._names.add(patch_id)
            return not known
        page, bit = int(patch_id) >> _PAGE_BITS, 1 << (int(patch_id) & (1 << _PAGE_BITS) - 1)
        known = self._pages.get(page, 0)
        self._pages[page] = known | bit
        return not known & bit


_NOTHING_SAID = Annotation(None, "", (), ())
_T = TypeVar("_T")


def _in_file(file: str, parse_: Callable[[bytes], _T], data: bytes) -> _T:
    """Names the file in what is wrong with it."""
    try:
        return parse_(data)
    except ValueError as error:
        raise ValueError(f"{printable(file)} {error}") from None


@lru_cache(4096)
def _tile(image_name: str) -> Tile | None:
    """Many patches are cut from one photograph."""
    return parse_name(image_name)
