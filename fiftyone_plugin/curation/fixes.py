"""Whether a pair with the verdict ``fix`` has been fixed, or still is to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pairlens.fiftyone_plugin.curation.texts import VerdictKind
from pairlens.importers import store
from pairlens.importers.digests import texts_digest
from pairlens.importers.fields import (
    CAPTIONS,
    CONVERSATIONS,
    MASK_DIGEST,
    MASK_STATS,
    ORIGINAL_MASK,
    ORIGINAL_PHRASE,
    PHRASE,
    SEGMENTATION,
    SOURCE,
    TEXT_DIGEST,
    TEXT_EDITS,
    VERDICT,
)
from pairlens.importers.stored_values import Document

READ = (
    VERDICT, ORIGINAL_PHRASE, ORIGINAL_MASK, SOURCE, SEGMENTATION, MASK_STATS, PHRASE, CAPTIONS,
    CONVERSATIONS, TEXT_EDITS,
)  # fmt: skip
"""The fields that :func:`is_to_be_fixed` reads."""


def count_to_be_fixed(samples: Any) -> int:
    """How many samples of a dataset or view still are to be fixed."""
    judged = store.stream(samples, READ, where={VERDICT: VerdictKind.FIX})
    return sum(map(is_to_be_fixed, judged))


def is_to_be_fixed(document: Document) -> bool:
    """Whether the verdict is ``fix`` and neither texts nor mask were changed since the import."""
    if document.get(VERDICT) != VerdictKind.FIX:
        return False
    if document.get(ORIGINAL_PHRASE) is not None:
        return False
    if document.get(ORIGINAL_MASK) or document.get(TEXT_EDITS):
        return False
    source, label = document.get(SOURCE) or {}, document.get(SEGMENTATION) or {}
    measured = (document.get(MASK_STATS) or {}).get("digest")
    imported = source.get(MASK_DIGEST)
    if label.get("mask") is not None or (measured and imported and measured != imported):
        return False
    return all(texts_digest(texts) == digest for texts, digest in _texts(document, source))


def _texts(document: Document, source: Document) -> Iterator[tuple[list[str], str]]:
    """The texts of a sample, each with the digest of what was imported, where that is known."""
    if document.get(PHRASE) is not None and (digest := source.get(TEXT_DIGEST)):
        yield [document[PHRASE]], digest
    elif (captions := document.get(CAPTIONS)) and (digest := source.get(TEXT_DIGEST)):
        yield [one.get("text") or "" for one in captions], digest
    for turn in document.get(CONVERSATIONS) or ():
        if digest := turn.get(TEXT_DIGEST):
            yield [turn.get("question") or "", *(turn.get("answers") or ())], digest
