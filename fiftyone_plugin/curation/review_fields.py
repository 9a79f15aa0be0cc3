"""The review fields of pairs: read, and written without losing concurrent changes.

The change log is written first, then each sample, and only where the sample still is what the
change was made from: that is one filtered update, which the database does whole or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypedDict

from bson import ObjectId

from pairlens.fiftyone_plugin.curation import text_edits, text_units, texts
from pairlens.fiftyone_plugin.curation.log import Change, ChangeLog, ChangeStep, Values
from pairlens.fiftyone_plugin.curation.rechecking import with_findings
from pairlens.fiftyone_plugin.curation.text_units import Units
from pairlens.importers import fo_internals, leases, media_store, safe_writes, store, working_set
from pairlens.importers.batches import batched
from pairlens.importers.errors import UsageError
from pairlens.importers.fields import (
    CAPTION,
    CAPTIONS,
    CONVERSATIONS,
    KEY,
    MASK_STATS,
    ORIGINAL_MASK,
    ORIGINAL_PHRASE,
    PHRASE,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    SEGMENTATION,
    SOURCE,
    TEXT_DIGEST,
    TEXT_EDITS,
    VERDICT,
)

REVIEW_FIELDS = (VERDICT, REVIEWER, REVIEWED_AT, REVIEW_NOTE, PHRASE, CAPTION, ORIGINAL_PHRASE)
MASK_FIELDS = (SEGMENTATION, MASK_STATS, ORIGINAL_MASK)
TEXT_FIELDS = (CAPTIONS, CONVERSATIONS, TEXT_EDITS)
"""What a change holds of captions and conversations, where it edits them."""


class ReviewFields(TypedDict):
    """What a sample stores of its review; ``None`` where a field is not set."""

    verdict: str | None
    reviewer: str | None
    reviewed_at: datetime | None
    review_note: str | None
    phrase: str | None
    caption: str | None
    original_phrase: str | None


@dataclass(frozen=True, slots=True)
class ReviewedPair:
    """A pair with its review fields.

    Attributes:
        sample_id: the sample
        key: the pair's key
        review: its review fields
        mask_path: the mask, ``""`` where there is none
        mask_digest: digest of the mask, ``""`` where there is none
        published_mask: the published mask, ``""`` where there is none
        published_digest: digest of the published mask, ``""`` where there is none
        stored: the captions or conversations as they are stored
        texts_digest: digest of the published ones, ``""`` where there are none
    """

    sample_id: ObjectId
    key: str
    review: ReviewFields
    mask_path: str
    mask_digest: str
    published_mask: str
    published_digest: str
    stored: Values = field(default_factory=dict[str, Any])
    texts_digest: str = ""

    @classmethod
    def from_document(cls, document: dict[str, Any]) -> ReviewedPair:
        """The pair of a sample's document, of which :func:`projection` is enough."""
        path = _member(document, SEGMENTATION, "mask_path")
        digest = _member(document, MASK_STATS, "digest")
        replaced = bool(document.get(ORIGINAL_MASK))
        return cls(
            sample_id=document["_id"],
            key=document[KEY],
            review=_review_of(document),
            mask_path=path,
            mask_digest=digest,
            published_mask=_member(document, ORIGINAL_MASK, "mask_path") if replaced else path,
            published_digest=_member(document, ORIGINAL_MASK, "digest") if replaced else digest,
            stored={name: document[name] for name in TEXT_FIELDS if document.get(name)},
            texts_digest=text_units.digest(document) if document.get(CAPTIONS)
            or document.get(CONVERSATIONS) else "",
        )  # fmt: skip

    @property
    def units(self) -> Units:
        """The captions or turns; none of a pair."""
        if not self.stored:
            return ()
        return text_units.units_of(self.stored | {CAPTION: self.review["caption"]})

    @property
    def text_field(self) -> str:
        """The field of the query, or of the caption of an image that has no query."""
        review = self.review
        return CAPTION if review["phrase"] is None and review["caption"] is not None else PHRASE

    @property
    def text(self) -> str | None:
        """The query or caption; ``None`` for an image that has answers and no caption."""
        review = self.review
        return review["caption"] if self.text_field == CAPTION else review["phrase"]

    @property
    def published_text(self) -> str:
        """The query or caption as it was imported, before any edit."""
        edited_from = self.review["original_phrase"]
        return (self.text or "") if edited_from is None else edited_from

    @property
    def version(self) -> str:
        """A short text that differs wherever the verdict, a text or the mask does."""
        values = [str(value) for value in self.review.values()]
        return f"{self._content}-{texts.text_digest(json.dumps(values))[:20]}"

    @property
    def _content(self) -> str:
        texts_of = [self.review[name] for name in ("phrase", "caption", "original_phrase")]
        stored = [str(value) for value in self.stored.values()]
        return texts.text_digest(json.dumps([*texts_of, *stored, self.mask_path]))[:20]

    def edited(self, phrase: str) -> Values:
        """The text fields after an edit; none where there is no text.

        An edit back to the published text clears ``original_phrase``.
        """
        if self.text is None:
            return {}
        if units := self.units:  # the caption is a copy of one of the texts
            return text_units.fields_of(text_edits.with_caption(units, phrase))
        published = self.published_text
        if published in (phrase, phrase.strip()):
            return {self.text_field: published, ORIGINAL_PHRASE: None}
        return {self.text_field: phrase.strip(), ORIGINAL_PHRASE: published}

    def is_as_seen(self, version: str, *, blind: bool = False) -> bool:
        """Whether the pair is as in a version of it.

        Args:
            version: what :attr:`version` was
            blind: whether the verdict was hidden, so that only text and mask count
        """
        return version.startswith(f"{self._content}-") if blind else version == self.version

    def change(self, new: Values) -> Change:
        """The change of this pair's review fields, and of texts that are given, to ``new``."""
        held = {name: self.stored.get(name) for name in TEXT_FIELDS if name in new}
        same = {name for name, value in held.items() if value == new[name]}
        old: Values = {**self.review, **held}
        changed = {name: value for name, value in (old | new).items() if name not in same}
        return Change(self.sample_id, self.key, {name: old[name] for name in changed}, changed)


def _review_of(document: dict[str, Any]) -> ReviewFields:
    time = document.get(REVIEWED_AT)
    return {
        "verdict": document.get(VERDICT),
        "reviewer": document.get(REVIEWER),
        "reviewed_at": None if time is None else texts.to_utc(time),
        "review_note": document.get(REVIEW_NOTE),
        "phrase": document.get(PHRASE),
        "caption": document.get(CAPTION),
        "original_phrase": document.get(ORIGINAL_PHRASE),
    }


def _member(document: Values, field: str, name: str) -> str:
    return (document.get(field) or {}).get(name) or ""


def read(dataset: Any, keys: Sequence[str]) -> dict[str, ReviewedPair]:
    """The pairs of these keys that the dataset holds."""
    found: dict[str, ReviewedPair] = {}
    for batch in batched(keys, store.BATCH):
        where = {"$and": [{KEY: {"$in": batch}}, working_set.OWN]}
        documents = fo_internals.collection(dataset).find(where, projection())
        found |= {document[KEY]: ReviewedPair.from_document(document) for document in documents}
    return found


def keys_of(dataset: Any, ids: Iterable[ObjectId]) -> Iterator[str]:
    """The keys of samples, of those that PairLens imported."""
    for batch in batched(ids, store.BATCH):
        where = {"$and": [{"_id": {"$in": batch}}, working_set.OWN]}
        for document in fo_internals.collection(dataset).find(where, {KEY: 1}):
            yield document[KEY]


def documents(dataset: Any, ids: Iterable[ObjectId]) -> Iterator[dict[str, Any]]:
    """What :class:`ReviewedPair` needs of samples, of those that PairLens imported."""
    for batch in batched(ids, store.BATCH):
        where = {"$and": [{"_id": {"$in": batch}}, working_set.OWN]}
        yield from fo_internals.collection(dataset).find(where, projection())


def find(dataset: Any, pair: str | ObjectId, *, key: str | None = None) -> ReviewedPair:
    """The pair of a key or of a sample's id.

    Args:
        dataset: that it belongs to
        pair: key or id
        key: that it must have, where it is known

    Raises:
        UsageError: if the dataset does not hold it, or it has another key
    """
    found = ReviewedPair.from_document(document_of(dataset, pair, projection()))
    if key is not None and found.key != key:
        raise UsageError(
            f"the verdict was made on {key!r}, and the sample is {found.key!r}; nothing was written"
        )
    return found


def document_of(
    dataset: Any, pair: str | ObjectId, fields: dict[str, int] | None = None
) -> dict[str, Any]:
    """The sample's document of a pair, by its key or its sample's id.

    Args:
        dataset: that the pair belongs to
        pair: key or id
        fields: a MongoDB projection; the whole document if not given

    Raises:
        UsageError: if the dataset does not hold it
    """
    by_id = ObjectId.is_valid(pair)
    where: dict[str, Any] = {"_id": ObjectId(pair)} if by_id else {KEY: pair}
    own = {"$and": [where, working_set.OWN]}
    document = fo_internals.collection(dataset).find_one(own, fields)
    if document is None:
        raise UsageError(f"dataset {dataset.name!r} has no pair {str(pair)!r}")
    return document


def projection() -> dict[str, int]:
    """What :class:`ReviewedPair` needs of a document."""
    masks = [f"{field}.mask_path" for field in (SEGMENTATION, ORIGINAL_MASK)]
    digests = [f"{field}.digest" for field in (MASK_STATS, ORIGINAL_MASK)]
    source = f"{SOURCE}.{TEXT_DIGEST}"
    return dict.fromkeys((KEY, *masks, *digests, *REVIEW_FIELDS, *TEXT_FIELDS, source), 1)


_MASK_PATH = f"{SEGMENTATION}.mask_path"


def send_masks(dataset: Any, changes: Iterable[Change]) -> None:
    """Has the dataset's object store, if it has one, take the masks that changes put in place."""
    if paths := [path for change in changes if (path := _path(change.new))]:
        media_store.send(dataset, paths)


def write_whole(dataset: Any, changes: Sequence[Change], about: ChangeStep) -> int | None:
    """Writes a step of a few pairs whole or not at all.

    All writers go through the pairs in the same order, so that of two that want the same
    pairs one is turned away at the first.

    Returns:
        the number of the step; ``None`` where a pair had changed and nothing was written
    """
    ordered = sorted(with_findings(dataset, changes), key=lambda c: c.sample_id)
    wanted = [(unchanged(change), change.new) for change in ordered]
    leases.check_free(dataset)
    log = ChangeLog(dataset)
    step = log.append(ordered, about, texts.this_instant())
    for number, one in enumerate(wanted):
        if not safe_writes.update_matching(dataset, [one]):
            back = [change.inverse for change in ordered[:number]]
            safe_writes.update_matching(dataset, ((unchanged(c), c.new) for c in back))
            log.withdraw(step, [c.sample_id for c in ordered])
            return None
    log.arrive(step)
    send_masks(dataset, ordered)
    fo_internals.reload_samples(dataset, [c.sample_id for c in ordered])
    return step


def unchanged(change: Change) -> dict[str, Any]:
    """The filter that the sample matches while it is what the change was made from."""
    old = change.old
    compared = (*REVIEW_FIELDS, *TEXT_FIELDS)
    where: dict[str, Any] = {name: old[name] for name in compared if name in old}
    if SEGMENTATION in old:
        where[_MASK_PATH] = _path(old)
    return {"_id": change.sample_id} | where


def holds(document: Values, values: Values) -> bool:
    """Whether a sample's review fields and mask are those among some values."""
    for name in (*REVIEW_FIELDS, *TEXT_FIELDS):
        if name not in values:
            continue
        there, wanted = document.get(name), values[name]
        if name == REVIEWED_AT:
            there, wanted = (v and texts.to_utc(v) for v in (there, wanted))
        if there != wanted:
            return False
    return SEGMENTATION not in values or _path(document) == _path(values)


def _path(values: Values) -> str | None:
    return (values.get(SEGMENTATION) or {}).get("mask_path")
