"""What an exporter of a format is given: pairs and texts, as they are and as they were read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pairlens.importers.digests import target_digest, texts_digest
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.masks import Pixels
from pairlens.importers.records import Caption, Source, Target


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
