"""Native export: what an exporter of a format is given, what it must do, and what exporters share.

An exporter writes the selected items of one source file after the other into a new folder. It
works from plain items and the source folder and imports no FiftyOne; the caller,
``pairlens.fiftyone_plugin.exporters.runner``, removes the folder if anything is raised.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from os.path import normpath
from pathlib import Path
from typing import Any, Protocol

from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.masks import Pixels
from pairlens.importers.published import target_digest, texts_digest
from pairlens.importers.records import Caption, Source, Target
from pairlens.importers.source_files import open_source

MANIFEST = "manifest.json"
"""The file that says what was exported."""

_FORMAT = re.compile(rb'^  "format": "(\w+)"', re.MULTILINE)
_MANIFEST_HEAD = 1 << 14


@dataclass(frozen=True, slots=True)
class HeldMask:
    """The mask of a pair as the sample holds it; equal where the pixels are.

    Attributes:
        digest: of its size and pixels
        pixels: (height, width) uint8 of 0, 1 target and 255 ignore
        name: of its file, or of one that would hold it
    """

    digest: str
    pixels: Pixels = field(compare=False, repr=False)
    name: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ExportPair:
    """A pair for an exporter.

    Attributes:
        key: the pair's key
        source: where it stands in the published files
        image: the published image, or ``None`` where it was missing at import
        has_mask: whether the mask could be decoded at import
        published: the phrase as imported; ``None`` where it was edited past the review, so that
            :meth:`came_from` alone tells it
        phrase: the phrase to write
        selected: whether the pair is exported
        mask: the mask to write in place of the published one, if it is another
        text_digest, target_digest: of the record as imported; ``""`` of earlier versions
    """

    key: str
    source: Source
    image: Path | None
    has_mask: bool
    published: str | None
    phrase: str
    selected: bool
    mask: HeldMask | None = None
    text_digest: str = ""
    target_digest: str = ""

    def came_from(self, phrase: Any) -> bool:
        """Whether a phrase of the source is the one that was imported."""
        if self.text_digest and isinstance(phrase, str):
            return texts_digest([phrase]) == self.text_digest
        return phrase == self.published

    def check_target(self, target: Target) -> None:
        """Validates that a mask of the source is the one that was imported.

        Raises:
            StateError: if it is another: the source has changed, or is another release's
        """
        found = target_digest(target) if self.target_digest else ""
        if found and found != self.target_digest:
            raise StateError(
                f"{self.key}: the mask in {self.source} is not the one that was imported; the "
                "source has changed since, or the pair is another release's: nothing was exported"
            )

    @property
    def edited(self) -> bool:
        """Whether the pair is exported with another phrase than it came with."""
        return self.selected and self.phrase != self.published

    @property
    def mended(self) -> bool:
        """Whether the pair is exported with another mask than it came with."""
        return self.selected and self.mask is not None


@dataclass(frozen=True, slots=True)
class ExportText:
    """An image with its captions for an exporter.

    What was edited shows in the captions themselves, beside those of the source.

    Attributes:
        key: the image's key
        source: where its record stands in the published files
        image: the image as it lies on disk now, or ``None`` where it was missing at import
        captions: the texts that the sample holds, in the order of the published captions
        selected: whether the image is exported
        caption: the text that stands for the image, a copy of one of them
        standing: the number of that one
        text_digest: of the captions as imported; ``""`` of earlier versions
        numbers: of each caption, its number among the published ones from 1, where some of these
            were removed
        removed: how many
        added: captions that come behind the published ones
    """

    key: str
    source: Source
    image: Path | None
    captions: tuple[str, ...]
    selected: bool
    caption: str | None = None
    standing: int = -1
    text_digest: str = ""
    numbers: tuple[int, ...] = ()
    removed: int = 0
    added: tuple[Caption, ...] = ()

    def came_from(self, published: Sequence[str]) -> bool:
        """Whether captions of the source are those that were imported."""
        if self.text_digest:
            return texts_digest(published) == self.text_digest
        return len(published) == len(self.captions) + self.removed

    def written(self, published: Sequence[str]) -> Sequence[str | None]:
        """The captions to write, in the order of the published ones; ``None`` for removed ones.

        Raises:
            StateError: if there are more or fewer
            UsageError: if one text was edited in two ways
        """
        if self.removed and len(published) == len(self.captions) + self.removed:
            there = dict(zip(self.numbers, self.captions, strict=True))
            return [there.get(number) for number in range(1, len(published) + 1)]
        at = self.standing
        return _edited_texts(self.key, "captions", self.captions, published, at, self.caption)


@dataclass(frozen=True, slots=True)
class ExportTurn:
    """A turn of a conversation for an exporter.

    Attributes:
        key: the key of its image
        source: the record that holds the turn
        position: its number within that record, from 0
        image: the image, or ``None`` where it was missing at import
        question: the text to write
        answers: the texts that the sample holds
        selected: whether the image is exported
        answer: a copy of the first answer, which the App shows
        text_digest: of question and answers as imported; ``""`` of earlier versions
        removed: whether it is left out
        added: whether it comes behind the published ones of its record
    """

    key: str
    source: Source
    position: int
    image: Path | None
    question: str
    answers: tuple[str, ...]
    selected: bool
    answer: str | None = None
    text_digest: str = ""
    removed: bool = False
    added: bool = False

    def came_from(self, published: Sequence[str]) -> bool:
        """Whether question and answers of the source are those that were imported."""
        return not self.text_digest or texts_digest(published) == self.text_digest

    def written(self, published: Sequence[str]) -> list[str]:
        """The answers to write, in the order of the published ones.

        Raises:
            StateError: if there are more or fewer
            UsageError: if one text was edited in two ways
        """
        what = "answers of a turn"
        return _edited_texts(self.key, what, self.answers, published, 0, self.answer)


ExportItem = ExportPair | ExportText | ExportTurn


def _edited_texts(
    key: str,
    what: str,
    held: Sequence[str],
    published: Sequence[str],
    at: int,
    copy: str | None,
) -> list[str]:
    """Texts of a list, the one at a place merged with the copy of it that the App shows."""
    if len(held) != len(published):
        raise StateError(
            f"{key}: the dataset has {len(held)} {what} and the source {len(published)}; edit "
            "texts, and add or remove none: nothing was exported"
        )
    texts = list(held)
    if 0 <= at < len(texts):
        texts[at] = edited_text(key, published[at], texts[at], copy)
    return texts


@dataclass(frozen=True, slots=True)
class Edit:
    """A text whose export differs from the published one; ``None`` where there is no such text."""

    key: str
    source: Source
    published: str | None
    text: str | None


@dataclass(slots=True)
class Tally:
    """Counts of an export.

    Attributes:
        records: pairs, or records of other kinds, that stand in the source files that were read
        not_imported: those of them that the dataset does not hold
        files: files by what became of them: ``copied``, ``rewritten``, ``left_out``
        images: images copied
        images_missing: exported files or lines whose image was missing at import
        no_place: questions and answers that the layout has no place for
        on_edit: called by exporters of captions and conversations for every text they write
            that is not the published one; of pairs it is known before
    """

    records: int = 0
    not_imported: int = 0
    files: dict[str, int] = field(
        default_factory=lambda: {"copied": 0, "rewritten": 0, "left_out": 0}
    )
    images: int = 0
    images_missing: int = 0
    no_place: int = 0
    on_edit: Callable[[Edit], None] = field(default=lambda _: None, repr=False)


class Exporter(Protocol):
    """Writes a dataset in its native layout.

    Attributes:
        tally: what it met and did
        writes_masks: whether it can write another mask than the published one
    """

    tally: Tally
    writes_masks: bool

    def write_file(self, name: str, items: Iterator[Any], /) -> None:
        """Writes what is selected of one source file.

        Args:
            name: the file, relative to the source's root, with ``/``
            items: all that the dataset holds of the file, by rising index: ``ExportPair``,
                ``ExportText`` or ``ExportTurn``, as the format's kind is

        Raises:
            StateError: if the source is not what was imported, or cannot be read or written
            UsageError: if an edited text cannot be written in this format
        """
        ...

    def finish(self) -> None:
        """Writes the files that cover all others, such as id lists."""
        ...


class SourceExporter:
    """Base class of exporters: copies images and counts files.

    Args:
        root: the source
        out: an empty folder
    """

    writes_masks = False

    def __init__(self, root: Path, out: Path) -> None:
        self.tally = Tally()
        self._root = root
        self._out = out

    def copy_image(self, image: Path | None, key: str = "") -> None:
        """Copies an image of the source, where there is one.

        Args:
            image: the file
            key: of the sample, for messages

        Raises:
            StateError: if it lies elsewhere, or cannot be read or written
        """
        if image is None:
            self.tally.images_missing += 1
            return
        try:
            name = relative_name(self._root, image)
        except StateError as error:
            named = f"{key}: " if key else ""
            raise StateError(f"{named}{error}: nothing was exported") from None
        self.tally.images += copy(self._root, self._out, name)

    def finish(self) -> None:
        """Does nothing: most layouts have no file that covers all others."""

    def count_file(self, written: int, changed: bool) -> None:
        """Counts a file as copied, rewritten or left out."""
        became = "left_out" if not written else "rewritten" if changed else "copied"
        self.tally.files[became] += 1


def changed_source(file: str, index: int, key: str = "") -> StateError:
    """The error for a source file that does not hold the imported record of a sample."""
    named = f"{key}: " if key else ""
    return StateError(
        f"{named}{file}: record {index} is not what was imported; the file has changed since, or "
        "the sample is another release's: nothing was exported"
    )


def edited_text(key: str, published: str, *held: str | None) -> str:
    """The text to write for one of which a sample holds copies: the copy that was edited.

    Args:
        key: of the sample
        published: the text of the source
        held: the copies; ``None`` for one that is not there

    Raises:
        UsageError: if they were edited differently
    """
    edits = list(dict.fromkeys(text for text in held if text is not None and text != published))
    if len(edits) > 1:
        one, other = (text[:60] for text in edits[:2])
        raise UsageError(
            f"{key}: one text was edited in two ways, to {one!r} and to {other!r}; make them equal"
        )
    return edits[0] if edits else published


def inside(root: Path, name: str) -> Path:
    """The file of a relative name in a folder.

    Raises:
        StateError: if the name leads out of the folder
    """
    parts = name.split("/")
    if not name or "\0" in name or "\\" in name or any(p in ("", ".", "..") for p in parts):
        raise StateError(f"{name[:200]!r} is no name of a file in the source folder")
    return root.joinpath(*parts)


def relative_name(root: Path, file: Path) -> str:
    """The name of a file relative to the source's root, with ``/``.

    Raises:
        StateError: if it lies elsewhere
    """
    try:
        # Either may have been written down with ".." in it.
        return Path(normpath(file)).relative_to(normpath(root)).as_posix()
    except ValueError:
        raise StateError(f"{file} does not lie in the source folder {root}") from None


def exported_as(root: Path) -> str:
    """The format that a folder was exported in, by its manifest; ``""`` if it has none."""
    try:
        with open_source(root / MANIFEST, anywhere=True) as stream:
            found = _FORMAT.search(stream.read(_MANIFEST_HEAD))
    except OSError:
        return ""
    return found[1].decode() if found else ""


def copy(root: Path, out: Path, name: str) -> bool:
    """Copies one file of the source, bytes as they are.

    Returns:
        whether it was copied now; ``False`` if that was done before

    Raises:
        StateError: if it cannot be read or written
    """
    target = inside(out, name)
    if target.exists():
        return False
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with open_source(inside(root, name)) as source, open(target, "wb") as written:
            shutil.copyfileobj(source, written, 1 << 20)
    except OSError as error:
        raise cannot("copied", name, error) from error
    return True


def write(out: Path, name: str, data: bytes) -> None:
    """Writes one file of the export.

    Raises:
        StateError: if it cannot be written
    """
    target = inside(out, name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    except OSError as error:
        raise cannot("written", name, error) from error


def cannot(what: str, name: str, error: OSError) -> StateError:
    """The error for a file that cannot be copied, read or written."""
    if isinstance(error, FileNotFoundError):
        return StateError(f"{name} is gone from the source folder: nothing was exported")
    reason = error.strerror or os.strerror(error.errno or 0)
    return StateError(f"{name} cannot be {what} ({reason}): nothing was exported")
