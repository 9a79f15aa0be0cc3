"""The captions or turns of an image as a reviewer edits them: changed, removed, added, judged.

A unit is a caption, or a question with its answers. Its number is its place among the published
units, from 1, and stays when others go; the added ones have none. ``captions`` and
``conversations`` hold the units as they are now. An edited one keeps its published texts, and
``text_edits`` the removed ones and how many there are of each kind: it is there only where
something was edited.

Of conversations, ``captions`` and ``caption`` are copies of answers; they follow the turns.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pairlens.importers.digests import texts_digest
from pairlens.importers.documents import standing_caption
from pairlens.importers.fields import (
    CAPTION,
    CAPTIONS,
    CONVERSATIONS,
    ORIGINAL_PHRASE,
    SOURCE,
    TEXT_DIGEST,
    TEXT_EDITS,
)
from pairlens.importers.records import Caption
from pairlens.importers.stored_values import Document, embedded

NUMBER, PUBLISHED, REMOVED, IS_CAPTION, TEXT_VERDICT = (
    "number", "published", "removed", "is_caption", "verdict"
)  # fmt: skip
"""Members of a stored caption or turn that a review adds, in that order: its number, 0 of an added
one; its published texts, where it was edited; of removed ones, that they are and whether the
answers are captions; the verdict on it alone."""

_MARKS = (NUMBER, PUBLISHED, REMOVED, IS_CAPTION, TEXT_VERDICT)
_WRITTEN = ("_cls", "text", "question", "answer", "answers")


@dataclass(frozen=True, slots=True)
class Unit:
    """A caption or a turn.

    Attributes:
        texts: of a caption its text; of a turn the question and the answers
        number: among the published units, from 1; 0 of an added one
        published: the texts as published, where they are others now
        removed: whether it was removed
        caption: whether its text, or its answers, are captions of the image
        verdict: on it alone
        item: what is stored of it besides, such as its task or its record
    """

    texts: tuple[str, ...]
    number: int = 0
    published: tuple[str, ...] | None = None
    removed: bool = False
    caption: bool = True
    verdict: str | None = None
    item: Document = field(default_factory=dict[str, Any])

    @property
    def is_turn(self) -> bool:
        """Whether it is a turn of a conversation."""
        return "index" in self.item

    @property
    def record(self) -> tuple[str, int]:
        """The file and the number of the record that a turn stands in."""
        return self.item.get("file") or "", self.item.get("index") or 0

    @property
    def changed(self) -> bool:
        """Whether it is not as published."""
        return self.removed or not self.number or self.published is not None

    @property
    def before(self) -> tuple[str, ...]:
        """The published texts; none of an added one."""
        return () if not self.number else self.texts if self.published is None else self.published

    def with_texts(self, texts: Sequence[str]) -> Unit:
        """The unit with other texts; without an edit where they are the published ones."""
        new, before = tuple(texts), self.before
        return replace(self, texts=new, published=before if self.number and new != before else None)


Units = tuple[Unit, ...]


def names(units: Units) -> list[str]:
    """What units are called: ``caption 2``, ``turn 3``, and ``turn +1`` for the first added one."""
    found, added = list[str](), 0
    for unit in units:
        added += not unit.number
        kind = "turn" if unit.is_turn else "caption"
        found.append(f"{kind} {unit.number}" if unit.number else f"{kind} +{added}")
    return found


def units_of(document: Document) -> Units:
    """The units of a sample, removed ones at the place where they stood; none of a pair."""
    turns, captions = document.get(CONVERSATIONS) or (), document.get(CAPTIONS) or ()
    gone = (document.get(TEXT_EDITS) or {}).get(REMOVED) or ()
    if turns:
        told = _told([_answers(one) for one in turns], [one.get("text") or "" for one in captions])
        found = zip(turns, told, strict=True)
        units = [_unit(one, number, is_told) for number, (one, is_told) in enumerate(found, 1)]
    else:
        units = [_unit(one, number, True) for number, one in enumerate(captions, 1)]
    for one in sorted(gone, key=lambda item: item.get(NUMBER) or 0):
        unit = _unit(one, 0, bool(one.get(IS_CAPTION)))
        before = (n for n, other in enumerate(units) if other.number > unit.number)
        units.insert(next(before, len(units)), unit)
    return _with_copy(tuple(units), document.get(CAPTION))


def _told(turns: Sequence[Sequence[str]], captions: Sequence[str]) -> Iterator[bool]:
    """Of each turn, whether its answers are the next captions."""
    at = 0
    for answers in turns:
        is_told = bool(answers) and list(captions[at : at + len(answers)]) == list(answers)
        at += len(answers) * is_told
        yield is_told


def _answers(turn: Document) -> list[str]:
    return list(turn.get("answers") or ())


def _unit(item: Document, place: int, caption: bool) -> Unit:
    number, published = item.get(NUMBER), item.get(PUBLISHED)
    is_turn = "question" in item
    texts = [item.get("question") or "", *_answers(item)] if is_turn else [item.get("text") or ""]
    return Unit(
        texts=tuple(texts),
        number=place if number is None else number,
        published=None if published is None else tuple(published),
        removed=bool(item.get(REMOVED)),
        caption=caption,
        verdict=item.get(TEXT_VERDICT),
        item={name: v for name, v in item.items() if name not in (*_MARKS, *_WRITTEN)},
    )


def _with_copy(units: Units, caption: str | None) -> Units:
    """The units with the text of ``caption``, where that copy alone was edited."""
    at = standing(units)
    if at is None or caption is None:
        return units
    unit = units[at]
    place = 1 if unit.is_turn else 0
    if unit.texts[place] == caption:
        return units
    texts = (*unit.texts[:place], caption, *unit.texts[place + 1 :])
    return (*units[:at], unit.with_texts(texts), *units[at + 1 :])


def standing(units: Units) -> int | None:
    """The place of the unit whose text, or first answer, stands for the image."""
    there = [n for n, one in enumerate(units) if one.caption and not one.removed]
    if not there:
        return None
    return there[standing_caption([Caption("", units[n].item.get("task")) for n in there])]


def _standing_text(units: Units) -> str | None:
    at = standing(units)
    return None if at is None else units[at].texts[1 if units[at].is_turn else 0]


def as_published(units: Units) -> Units:
    """The units before any edit."""
    return tuple(
        replace(one, texts=one.before, published=None, removed=False, verdict=None)
        for one in units
        if one.number
    )


def fields_of(units: Units) -> Document:
    """The fields of a sample that hold the units; ``None`` for those that are not there."""
    kept = [one for one in units if not one.removed]
    moved = any(one.removed or not one.number for one in units)
    items = [_item(one, numbered=moved) for one in kept]
    is_turns = any(one.is_turn for one in units)
    told = [text for one in kept if one.caption for text in one.texts[1 if is_turns else 0 :]]
    captions = [embedded({"text": text, "task": None, "annotator": None}) for text in told]
    caption, published = _standing_text(units), _standing_text(as_published(units))
    found: Document = {
        CAPTIONS: (captions or None) if is_turns else items,
        CAPTION: caption,
        ORIGINAL_PHRASE: None if caption == published else published,
        TEXT_EDITS: _edits(units),
    }
    return found | {CONVERSATIONS: items} if is_turns else found


def _item(unit: Unit, *, numbered: bool) -> Document:
    texts = list(unit.texts)
    marks: Document = {
        NUMBER: unit.number if numbered else None,
        PUBLISHED: None if unit.published is None else list(unit.published),
        REMOVED: True if unit.removed else None,
        IS_CAPTION: True if unit.removed and unit.caption else None,
        TEXT_VERDICT: unit.verdict,
    }
    marks = {name: value for name, value in marks.items() if value is not None}
    if not unit.is_turn:
        return embedded({"text": texts[0]}) | unit.item | marks
    first = texts[1] if len(texts) > 1 else None
    said = {"question": texts[0], "answer": first, "answers": texts[1:]}
    return embedded(said) | unit.item | marks


def _edits(units: Units) -> Document | None:
    if not any(one.changed for one in units):
        return None
    counted = counts(units)
    removed = [_item(one, numbered=True) for one in units if one.removed]
    return embedded({"edited": counted["edited"], "added": counted["added"], REMOVED: removed})


def counts(units: Iterable[Unit]) -> dict[str, int]:
    """How many units were edited, removed and added."""
    found = Counter(
        "removed" if one.removed else "edited" if one.number else "added"
        for one in units
        if one.changed
    )
    return {name: found[name] for name in ("edited", "removed", "added")}


def digest(document: Document) -> str:
    """A digest of the published texts of a sample."""
    units = as_published(units_of(document))
    source = (document.get(SOURCE) or {}).get(TEXT_DIGEST)
    if source and not any(one.is_turn for one in units):
        return source
    return texts_digest(one.item.get(TEXT_DIGEST) or texts_digest(one.texts) for one in units)
