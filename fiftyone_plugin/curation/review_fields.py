"""The review fields of samples as they are read, and the texts that may go into them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bson import ObjectId

from fiftyone_plugin.curation.log import Change, State
from fiftyone_plugin.curation.texts import (
    VERDICTS,
    check_phrase,
    check_text,
    check_verdict,
    default_reviewer,
    text_digest,
    text_of,
    this_instant,
    to_utc,
)
from importers import fo_internals, store
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

__all__ = [
    "MASK_FIELDS",
    "REVIEW_FIELDS",
    "VERDICTS",
    "Stored",
    "check_pairs",
    "check_phrase",
    "check_text",
    "check_verdict",
    "default_reviewer",
    "find",
    "projection",
    "read",
    "text_digest",
    "text_of",
    "this_instant",
    "to_utc",
]

REVIEW_FIELDS = (VERDICT, REVIEWER, REVIEWED_AT, REVIEW_NOTE, PHRASE, CAPTION, ORIGINAL_PHRASE)
MASK_FIELDS = (SEGMENTATION, MASK_STATS, ORIGINAL_MASK)
MASK_DIGEST = f"{MASK_STATS}.digest"


class Stored:
    """One pair's review fields as the database holds them.

    Attributes:
        sample_id: the sample
        key: the pair's key
        state: its review fields
        text_field: the query, or the caption of an image that has no query
        mask_path: the mask, ``""`` where there is none
        mask_digest: of the *published* mask, ``""`` where there is none
        published_mask: the published mask, ``""`` where there is none
        mask_now: digest of the mask as it is
    """

    __slots__ = (
        "key", "mask_digest", "mask_now", "mask_path", "published_mask", "sample_id", "state",
        "text_field",
    )  # fmt: skip

    def __init__(self, document: dict[str, Any]) -> None:
        self.sample_id: ObjectId = document["_id"]
        self.key: str = document[KEY]
        self.state: State = {name: document.get(name) for name in REVIEW_FIELDS}
        if self.state[REVIEWED_AT] is not None:
            self.state[REVIEWED_AT] = to_utc(self.state[REVIEWED_AT])
        captioned = document.get(PHRASE) is None and document.get(CAPTION) is not None
        self.text_field: str = CAPTION if captioned else PHRASE
        self.mask_path: str = _member(document, SEGMENTATION, "mask_path")
        self.mask_now: str = _member(document, MASK_STATS, "digest")
        kept = document.get(ORIGINAL_MASK)
        self.published_mask: str = kept.get("mask_path") or "" if kept else self.mask_path
        self.mask_digest: str = kept.get("digest") or "" if kept else self.mask_now

    @property
    def published_phrase(self) -> str:
        """The phrase as it was imported, before any edit."""
        edited_from = self.state[ORIGINAL_PHRASE]
        return (self.state[self.text_field] or "") if edited_from is None else edited_from

    @property
    def has_text(self) -> bool:
        """Whether there is a text to edit: an image may have answers and no caption."""
        return self.state[self.text_field] is not None

    @property
    def mended(self) -> bool:
        """Whether the mask is another than the published one."""
        return self.mask_now != self.mask_digest

    @property
    def version(self) -> str:
        """A short text that differs wherever the verdict, the phrase or the mask does."""
        values = [str(self.state[name]) for name in REVIEW_FIELDS]
        return text_digest(json.dumps([*values, self.mask_path]))[:20]

    def change(self, new: State) -> Change:
        """The change from here to ``new``."""
        return Change(self.sample_id, self.key, self.state, self.state | new)


def _member(document: dict[str, Any], field: str, name: str) -> str:
    return (document.get(field) or {}).get(name) or ""


def read(dataset: Any, keys: Sequence[str]) -> dict[str, Stored]:
    """The pairs of these keys that the dataset holds."""
    found: dict[str, Stored] = {}
    for batch in store.batched(keys, store.BATCH):
        documents = fo_internals.collection(dataset).find({KEY: {"$in": batch}}, projection())
        found |= {document[KEY]: Stored(document) for document in documents}
    return found


def find(dataset: Any, pair: str) -> Stored:
    """The pair of a key or of a sample's id.

    Raises:
        UsageError: if the dataset does not hold it
    """
    where: dict[str, Any] = {KEY: pair}
    if ObjectId.is_valid(pair):
        where = {"_id": ObjectId(pair)}
    document = fo_internals.collection(dataset).find_one(where, projection())
    if document is None:
        raise UsageError(f"dataset {dataset.name!r} has no pair {pair!r}")
    return Stored(document)


def projection() -> dict[str, int]:
    """What :class:`Stored` needs of a document."""
    kept = (f"{ORIGINAL_MASK}.digest", f"{ORIGINAL_MASK}.mask_path")
    masks = (MASK_DIGEST, f"{SEGMENTATION}.mask_path", *kept)
    return dict.fromkeys((KEY, *masks, *REVIEW_FIELDS), 1)


def check_pairs(dataset: Any) -> None:
    """Makes sure that the dataset has pairs.

    Raises:
        StateError: if PairLens did not import it
    """
    if not dataset.has_field(KEY):
        raise StateError(f"dataset {dataset.name!r} was not imported by PairLens: it has no pairs")
