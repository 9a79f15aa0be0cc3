"""What an exporter is fed: plain records of what the database holds and what is selected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from importers.records import Source


@dataclass(frozen=True, slots=True)
class ExportPair:
    """One pair as exporters see it.

    Attributes:
        key: the pair's key
        source: where it stands in the published files
        image: the published image, or ``None`` where it was missing at import
        has_mask: whether the mask could be decoded at import
        published: the phrase as imported
        phrase: the phrase to write
        selected: whether the pair is exported
        mask: the mask to write in place of the published one, if it was mended
    """

    key: str
    source: Source
    image: Path | None
    has_mask: bool
    published: str
    phrase: str
    selected: bool
    mask: Path | None = None

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
    """One image and its captions as exporters see it.

    What was edited shows in the captions themselves, beside those of the source.

    Attributes:
        key: the image's key
        source: where its record stands in the published files
        image: the image as it lies on disk now, or ``None`` where it was missing at import
        captions: the texts to write, in the order of the published captions
        selected: whether the image is exported
    """

    key: str
    source: Source
    image: Path | None
    captions: tuple[str, ...]
    selected: bool


@dataclass(frozen=True, slots=True)
class ExportTurn:
    """One turn of a conversation as exporters see it.

    Attributes:
        key: the key of its image
        source: the record that holds the turn
        position: its number within that record, from 0
        image: the image, or ``None`` where it was missing at import
        question: the text to write
        answers: the texts to write
        selected: whether the image is exported
    """

    key: str
    source: Source
    position: int
    image: Path | None
    question: str
    answers: tuple[str, ...]
    selected: bool


ExportItem = ExportPair | ExportText | ExportTurn


@dataclass(frozen=True, slots=True)
class Edit:
    """A text that is exported other than it was published."""

    key: str
    source: Source
    published: str
    text: str
