"""Items for exporters of formats: pairs and texts with their present and published content."""

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
    """The present mask of a pair; equal to another with equal pixels.

    Attributes:
        digest: digest of size and pixels
        pixels: (height, width) uint8 of 0, 1 target and 255 ignore
        name: name of its file, or a name for one
    """

    digest: str
    pixels: Pixels = field(compare=False, repr=False)
    name: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ExportPair:
    """A pair for an exporter.

    Attributes:
        key: the pair's key
        source: file and number of its published record
        image: the published image, ``None`` if it was missing at import
        has_mask: whether the mask could be decoded at import
        published: the phrase as imported; ``None`` if no copy of it is stored, so that only
            :meth:`came_from` can compare it
        phrase: the phrase to write
        selected: whether the pair is exported
        mask: the mask to write instead of the published one; ``None`` for the published one
        text_digest, target_digest: digests of the imported record; ``""`` for imports of earlier
            versions
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
        """Whether a phrase in the source is the imported one."""
        if self.text_digest and isinstance(phrase, str):
            return texts_digest([phrase]) == self.text_digest
        return phrase == self.published

    def check_target(self, target: Target) -> None:
        """Validates that a mask in the source is the imported one.

        Raises:
            StateError: if it differs, since the source was changed or is another release
        """
        found = target_digest(target) if self.target_digest else ""
        if found and found != self.target_digest:
            raise StateError(
                f"{self.key}: the mask in {self.source} is not the one that was imported; the "
                "source has changed since, or the pair is another release's: nothing was exported"
            )

    @property
    def edited(self) -> bool:
        """Whether the phrase to write differs from the published one."""
        return self.selected and self.phrase != self.published

    @property
    def mended(self) -> bool:
        """Whether the mask to write differs from the published one."""
        return self.selected and self.mask is not None


@dataclass(frozen=True, slots=True)
class ExportText:
    """An image with its captions for an exporter.

    Edits are found by comparing the captions with those of the source.

    Attributes:
        key: the image's key
        source: file and number of its published record
        image: path of the image, ``None`` if it was missing at import
        captions: the present texts, in the order of the published captions
        selected: whether the image is exported
        caption: the representative text of the image, a copy of one caption
        standing: the number of that caption
        text_digest: digest of the imported captions; ``""`` for imports of earlier versions
        numbers: numbers, from 1, of the captions among the published ones, if some were removed
        removed: number of removed captions
        added: captions to write after the published ones
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
        """Whether captions in the source are the imported ones."""
        if self.text_digest:
            return texts_digest(published) == self.text_digest
        return len(published) == len(self.captions) + self.removed

    def written(self, published: Sequence[str]) -> Sequence[str | None]:
        """The captions to write, in the published order; ``None`` for removed ones.

        Raises:
            StateError: if the numbers of texts differ
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
        source: file and number of its record
        position: its number in that record, from 0
        image: path of the image, ``None`` if it was missing at import
        question: the text to write
        answers: the present answers
        selected: whether the image is exported
        answer: a copy of the first answer, which the App shows
        text_digest: digest of the imported question and answers; ``""`` for imports of earlier
            versions
        removed: whether it was removed
        added: whether it is written after the published turns of its record
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
        """Whether question and answers in the source are the imported ones."""
        return not self.text_digest or texts_digest(published) == self.text_digest

    def written(self, published: Sequence[str]) -> list[str]:
        """The answers to write, in the published order.

        Raises:
            StateError: if the numbers of texts differ
            UsageError: if one text was edited in two ways
        """
        what = "answers of a turn"
        return _edited_texts(self.key, what, self.answers, published, 0, self.answer)


def _edited_texts(
    key: str,
    what: str,
    present: Sequence[str],
    published: Sequence[str],
    at: int,
    copy: str | None,
) -> list[str]:
    """The texts of a list; the one at an index is merged with its copy that the App shows."""
    if len(present) != len(published):
        raise StateError(
            f"{key}: the dataset has {len(present)} {what} and the source {len(published)}; edit "
            "texts, and add or remove none: nothing was exported"
        )
    texts = list(present)
    if 0 <= at < len(texts):
        texts[at] = edited_text(key, published[at], texts[at], copy)
    return texts


def edited_text(key: str, published: str, *present: str | None) -> str:
    """The text to write for a text with several copies in a sample: the edited copy.

    Args:
        key: the sample's key
        published: the text in the source
        present: the copies; ``None`` for a missing one

    Raises:
        UsageError: if the copies were edited differently
    """
    edits = list(dict.fromkeys(text for text in present if text is not None and text != published))
    if len(edits) > 1:
        one, other = (text[:60] for text in edits[:2])
        raise UsageError(
            f"{key}: one text was edited in two ways, to {one!r} and to {other!r}; make them equal"
        )
    return edits[0] if edits else published
