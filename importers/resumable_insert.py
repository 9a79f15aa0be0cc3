"""Inserts the samples of an import in bulk, so that an import that was killed can be resumed.

When a record is prepared, decisions about ambiguous media are taken, and a resumed import does not
prepare stored records again. So the decisions are stored after each batch of samples, with the time
of the batch. A sample with a later time belongs to a batch whose decisions were not stored because
the import was killed: its record is prepared again, only for the decisions.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.background import background_thread
from pairlens.importers.decisions import Decisions
from pairlens.importers.errors import OnError, RecordError
from pairlens.importers.records import Source
from pairlens.importers.sample_encoding import EncodedSamples, complete
from pairlens.importers.store import Insertable
from pairlens.importers.stored_values import Document

INSERTION = "filled"
"""Name of a fact of a dataset whose import has not ended: the time up to which decisions on its
samples are stored, and these decisions."""

_STEP = "import"

_TICK = timedelta(milliseconds=1)
"""The precision of times in MongoDB."""


class ResumableInsert:
    """The insertion of samples into a dataset that is new, or whose import was killed.

    Attributes:
        dataset_id: of the dataset
        decisions: how ambiguous media of all its samples were read

    Args:
        dataset: a FiftyOne dataset
        facts: its facts, as :func:`pairlens.importers.store.info` returns them
    """

    def __init__(self, dataset: Any, facts: dict[str, Any]) -> None:
        known = {} if facts.get("complete", True) else facts.get(INSERTION) or {}
        self._dataset, self.dataset_id = dataset, fo_internals.dataset_id(dataset)
        self._last = self._newest()
        self._until: datetime = known.get("until") or self._last
        self.decisions = Decisions.of_stored(known.get("decisions") or ())
        self._note(self._until, self.decisions.stored(_STEP))

    def _note(self, until: datetime, decided: list[dict[str, Any]]) -> None:
        store.update_info(self._dataset, **{INSERTION: {"until": until, "decisions": decided}})

    def _newest(self) -> datetime:
        """Returns the creation time of the newest sample, or the present time if that is later."""
        samples = fo_internals.collection(self._dataset)
        found = samples.find_one({"created_at": {"$ne": None}}, sort=[("created_at", -1)])
        now = datetime.now(UTC)
        return max(now, found["created_at"].replace(tzinfo=UTC)) if found else now

    def _next(self) -> datetime:
        """Returns a time later than all before, even if the clock was set back meanwhile."""
        self._last = max(datetime.now(UTC), self._last + _TICK)
        return self._last

    def complete(self, keys: Sequence[str], paths: Sequence[str] = ()) -> dict[str, Document]:
        """Reads the stored samples of some keys whose records need not be prepared again.

        Args:
            keys: keys of records
            paths: paths of further values to read

        Returns:
            documents by key; keys without such a sample are left out
        """
        where = {fields.KEY: {"$in": list(keys)}, **self._complete()}
        samples = fo_internals.collection(self._dataset)
        return {one[fields.KEY]: one for one in samples.find(where, [fields.KEY, *paths])}

    def count(self, splits: Collection[str] | None = None) -> int:
        """Counts the samples whose records need not be prepared again, in all or some splits."""
        where = working_set.OWN | self._complete()
        if splits is not None:
            where = where | {fields.SPLIT: {"$in": [*splits]}}
        return fo_internals.collection(self._dataset).count_documents(where)

    def _complete(self) -> dict[str, Any]:
        # With $not, since samples of old versions of FiftyOne have no creation time.
        return {"created_at": {"$not": {"$gt": self._until}}}

    def insert(self, images: Iterable[EncodedSamples], on_error: OnError) -> int:
        """Inserts samples, except those whose keys are stored already.

        Args:
            images: samples, image by image. When an image is taken from it, the decisions on the
                image must be in :attr:`decisions`
            on_error: called for records that the database refuses

        Returns:
            the number of samples inserted
        """
        added: list[int] = []

        def write(docs: list[Insertable], now: datetime, decided: list[dict[str, Any]]) -> None:
            added.append(self._insert(docs, on_error))
            self._note(now, decided)

        # The database writes one batch while the next is encoded.
        with background_thread() as in_background:
            for batch in _batched(images):
                now = self._next()
                docs: list[Insertable] = [complete(rest, now) for rest in batch]
                in_background(partial(write, docs, now, self.decisions.stored(_STEP)))
        return sum(added)

    def _insert(self, docs: list[Insertable], on_error: OnError) -> int:
        def refuse(doc: Insertable, reason: str) -> None:
            source = doc[fields.SOURCE]
            on_error(RecordError(str(Source(source["file"], source["index"])), reason))

        # Before the insert, after which this may be killed: no check has run on these samples.
        store.update_info(self._dataset, **{fields.CHECKS_RUN: {}})
        return store.insert(self._dataset, docs, refuse)


def _batched(images: Iterable[EncodedSamples]) -> Iterator[list[bytes]]:
    """Batches of whole images, so that all decisions on a batch are known when it ends."""
    batch: list[bytes] = []
    for image in images:
        batch += image.documents
        if len(batch) >= store.BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
