"""Inserts the samples of an import in bulk, with what was decided on them.

Decisions are taken as a record is prepared, and what is stored is not prepared again. So they are
stored after each batch of samples, with the time of the batch. Samples of a later time are of a
batch whose decisions a kill prevented: they are prepared again, for these alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.behind import one_behind
from pairlens.importers.decisions import Decisions
from pairlens.importers.errors import OnError, RecordError
from pairlens.importers.making import Made, whole
from pairlens.importers.records import Source
from pairlens.importers.store import Insertable
from pairlens.importers.stored_values import Document

FILLED = "filled"
"""The fact of a dataset whose import is not at its end: until when its samples are complete with
the decisions on them, and these."""

_STEP = "import"

_TICK = timedelta(milliseconds=1)
"""Between two times as the database has them."""


class Filling:
    """A dataset that is filled, from its beginning or from where an import of it was killed.

    Attributes:
        dataset_id: the dataset's
        decisions: on what was prepared

    Args:
        dataset: it
        facts: what is known of it
    """

    def __init__(self, dataset: Any, facts: dict[str, Any]) -> None:
        known = {} if facts.get("complete", True) else facts.get(FILLED) or {}
        self._dataset, self.dataset_id = dataset, fo_internals.dataset_id(dataset)
        self._last = self._newest()
        self._until: datetime = known.get("until") or self._last
        self.decisions = Decisions.of_stored(known.get("decisions") or ())
        self._note(self._until, self.decisions.stored(_STEP))

    def _note(self, until: datetime, decided: list[dict[str, Any]]) -> None:
        store.update_info(self._dataset, **{FILLED: {"until": until, "decisions": decided}})

    def _newest(self) -> datetime:
        """The time of the newest sample, or now."""
        samples = fo_internals.collection(self._dataset)
        found = samples.find_one({"created_at": {"$ne": None}}, sort=[("created_at", -1)])
        now = datetime.now(UTC)
        return max(now, found["created_at"].replace(tzinfo=UTC)) if found else now

    def _next(self) -> datetime:
        """A time later than any before: clocks are set back, and those of machines differ."""
        self._last = max(datetime.now(UTC), self._last + _TICK)
        return self._last

    def complete(self, keys: Sequence[str], paths: Sequence[str] = ()) -> dict[str, Document]:
        """Those of some keys whose samples are there and need no preparing, with some values."""
        where = {fields.KEY: {"$in": list(keys)}, **self._complete()}
        samples = fo_internals.collection(self._dataset)
        return {one[fields.KEY]: one for one in samples.find(where, [fields.KEY, *paths])}

    def count(self, splits: Collection[str] | None = None) -> int:
        """The number of samples that need no preparing, of all splits or of some."""
        where = working_set.OWN | self._complete()
        if splits is not None:
            where = where | {fields.SPLIT: {"$in": [*splits]}}
        return fo_internals.collection(self._dataset).count_documents(where)

    def _complete(self) -> dict[str, Any]:
        # Samples of an old FiftyOne have no such time.
        return {"created_at": {"$not": {"$gt": self._until}}}

    def insert(self, images: Iterable[Made], on_error: OnError) -> int:
        """Inserts what was made of records; those that are there already are left alone.

        Args:
            images: what was made, image by image; what was decided on those that were read from it
                is among the decisions
            on_error: takes those that no database stores

        Returns:
            the number of samples inserted
        """
        added: list[int] = []

        def write(docs: list[Insertable], now: datetime, decided: list[dict[str, Any]]) -> None:
            added.append(self._insert(docs, on_error))
            self._note(now, decided)

        # While the database takes one batch, the next is made.
        with one_behind() as behind:
            for batch in _batched(images):
                now = self._next()
                docs: list[Insertable] = [whole(rest, now) for rest in batch]
                behind(partial(write, docs, now, self.decisions.stored(_STEP)))
        return sum(added)

    def _insert(self, docs: list[Insertable], on_error: OnError) -> int:
        def refuse(doc: Insertable, reason: str) -> None:
            source = doc[fields.SOURCE]
            on_error(RecordError(str(Source(source["file"], source["index"])), reason))

        # Before, since none has seen these: a process that is killed in between says nothing more.
        store.update_info(self._dataset, **{fields.CHECKS_RUN: {}})
        return store.insert(self._dataset, docs, refuse)


def _batched(images: Iterable[Made]) -> Iterator[list[bytes]]:
    """The samples of whole images, so that with a batch all is known that was decided on it."""
    batch: list[bytes] = []
    for image in images:
        batch += image.documents
        if len(batch) >= store.BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
