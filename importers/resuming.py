"""Compares the records of a source with the samples of a resumed import."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from pairlens.importers import fields
from pairlens.importers.batches import batched
from pairlens.importers.digests import target_digest, texts_digest
from pairlens.importers.prepare import Group
from pairlens.importers.records import Instruction, Pair, Raster, Record
from pairlens.importers.resumable_insert import ResumableInsert
from pairlens.importers.stored_values import Document

_LOOKUP = 256

_TEXTS = f"{fields.SOURCE}.{fields.TEXT_DIGEST}"
_TARGET = f"{fields.SOURCE}.{fields.TARGET_DIGEST}"
_TURNS = f"{fields.CONVERSATIONS}.{fields.TEXT_DIGEST}"


class Resumed:
    """Finds the records that the dataset lacks, and compares the others with their samples.

    Texts and masks are compared by the digests that the import stored. Files of images and masks
    are not read; an export notices changes in them.

    Args:
        insertion: of the dataset
        splits: the splits whose records are all read; ``None`` if only a part of them is
    """

    def __init__(self, insertion: ResumableInsert, splits: Collection[str] | None) -> None:
        self._insertion, self._splits = insertion, splits
        self._seen = self._changed = 0
        self._example = ""

    def groups(self, images: Iterator[tuple[Record, ...]]) -> Iterator[Group]:
        """Yields the records of each image with those that the dataset lacks."""
        for batch in batched(images, _LOOKUP):
            records = [record for group in batch for record in group]
            known = self._insertion.complete([r.key for r in records], (_TEXTS, _TARGET, _TURNS))
            self._seen += len(known)
            for record in records:
                if (stored := known.get(record.key)) and _is_changed(record, stored):
                    self._changed, self._example = self._changed + 1, self._example or record.key
            for group in batch:
                yield Group(group, tuple(r for r in group if r.key not in known))

    def notes(self) -> Iterator[str]:
        """Yields notes on changed and missing records; to be called when all were read."""
        anew = (
            "--overwrite imports all anew, and --keep-verdicts keeps verdicts on what is the same"
        )
        if self._changed:
            yield (
                f"{self._changed:,} samples stay as they were imported, {self._example} the first, "
                f"though their records are others now; {anew}"
            )
        gone = self._insertion.count(self._splits) - self._seen if self._splits is not None else 0
        if gone > 0:
            yield f"the source has no record any more of {gone:,} samples, which stay; {anew}"


def _is_changed(record: Record, stored: Document) -> bool:
    """Whether a record has other texts, or another mask, than when it was imported."""
    source = stored.get(fields.SOURCE) or {}
    before = [one.get(fields.TEXT_DIGEST) for one in stored.get(fields.CONVERSATIONS) or ()]
    if isinstance(record, Pair):
        now = {texts_digest([record.phrase])}
        known = source.get(fields.TARGET_DIGEST)
        if (
            known
            and not isinstance(record.target, Raster)
            and target_digest(record.target) != known
        ):
            return True
    else:
        now = {texts_digest(caption.text for caption in record.captions)}
    if isinstance(record, Instruction):
        now |= {texts_digest([turn.question, *turn.answers]) for turn in record.turns}
    # Samples of earlier versions, and turns that a reviewer added, have no digest.
    return any(digest not in now for digest in (*before, source.get(fields.TEXT_DIGEST)) if digest)
