"""The review fields of a pair as the database holds them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from bson import ObjectId

from fiftyone_plugin.curation import texts
from fiftyone_plugin.curation.log import Change, Values
from fiftyone_plugin.curation.panel_types import ConflictFacts
from importers import fo_internals, store, working_set
from importers.errors import StateError, UsageError
from importers.fields import (
    CAPTION,
    KEY,
    MASK_STATS,
    ORIGINAL_MASK,
    ORIGINAL_PHRASE,
    PHRASE,
    REVIEW_NOTE,
    REVIEWED_AT,
    REVIEWER,
    SEGMENTATION,
    VERDICT,
)

REVIEW_FIELDS = (VERDICT, REVIEWER, REVIEWED_AT, REVIEW_NOTE, PHRASE, CAPTION, ORIGINAL_PHRASE)
MASK_FIELDS = (SEGMENTATION, MASK_STATS, ORIGINAL_MASK)


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
    """

    sample_id: ObjectId
    key: str
    review: ReviewFields
    mask_path: str
    mask_digest: str
    published_mask: str
    published_digest: str

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
        )

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
        """A short text that differs wherever the verdict, the phrase or the mask does."""
        values = [str(value) for value in self.review.values()]
        return texts.text_digest(json.dumps([*values, self.mask_path]))[:20]

    def change(self, new: Values) -> Change:
        """The change of this pair's review fields to ``new``."""
        return Change(self.sample_id, self.key, dict(self.review), {**self.review, **new})


class Conflict(StateError):
    """Raised when the pair changed since it was read; nothing was written.

    Attributes:
        facts: the pair as it is now
    """

    def __init__(self, message: str, facts: ConflictFacts) -> None:
        super().__init__(message)
        self.facts = facts

    @classmethod
    def of(cls, pair: ReviewedPair, expected: Values | None = None) -> Conflict:
        """The conflict over a pair.

        Args:
            pair: as it is now
            expected: the values that it was expected to have, where they are known
        """
        mask_changed = SEGMENTATION in (expected or {}) and (
            _member(expected or {}, SEGMENTATION, "mask_path") != pair.mask_path
        )
        facts: ConflictFacts = {
            "key": pair.key,
            "verdict": pair.review["verdict"],
            "reviewer": pair.review["reviewer"],
            "reviewed_at": texts.text_of(pair.review["reviewed_at"]),
            "note": pair.review["review_note"],
            "phrase": pair.text,
            "mask_changed": mask_changed,
            "version": pair.version,
        }
        return cls(_sentence(facts), facts)

    def __reduce__(self) -> tuple[type[Conflict], tuple[str, ConflictFacts]]:
        return type(self), (str(self), self.facts)


def _sentence(facts: ConflictFacts) -> str:
    if facts["verdict"] is None:
        decided = "its verdict was taken back or its mask changed"
    else:
        when = f" at {facts['reviewed_at']}" if facts["reviewed_at"] else ""
        decided = f"{facts['reviewer'] or 'somebody'} decided {facts['verdict']}{when}"
    return (
        f"the pair {facts['key']!r} changed since it was read: {decided}; nothing was written, "
        "look at it again or confirm to overwrite"
    )


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
    for batch in store.batched(keys, store.BATCH):
        where = {"$and": [{KEY: {"$in": batch}}, working_set.OWN]}
        documents = fo_internals.collection(dataset).find(where, projection())
        found |= {document[KEY]: ReviewedPair.from_document(document) for document in documents}
    return found


def find(dataset: Any, pair: str | ObjectId) -> ReviewedPair:
    """The pair of a key or of a sample's id.

    Raises:
        UsageError: if the dataset does not hold it
    """
    return ReviewedPair.from_document(document_of(dataset, pair, projection()))


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
    return dict.fromkeys((KEY, *masks, *digests, *REVIEW_FIELDS), 1)


def check_pairs(dataset: Any) -> None:
    """Validates that PairLens imported the dataset.

    Raises:
        StateError: if it did not
    """
    working_set.check(dataset)
