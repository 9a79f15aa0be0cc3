"""One pass over the samples of a dataset: each is read, examined, and told with all its findings.

Checks of samples and images report at once; those of datasets keep statistics on the way and report
at the end, until when what the others found waits in a file.

The database sends rows of values instead of documents, which halves the time to read them: most of
it goes into the names of the fields. It puts no more than ids in order, which an index does for it,
and makes the next rows while those before them are looked at.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Any, TypeVar

import bson
import numpy as np
from bson import ObjectId
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.checks import Check
from pairlens.fiftyone_plugin.checks.base import SEVERITIES, Finding, sorted_findings
from pairlens.fiftyone_plugin.checks.batch import Batch, Integers
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics, examined
from pairlens.fiftyone_plugin.checks.rows import BATCH, MASK_DIGEST, Columns, Row, in_batches
from pairlens.fiftyone_plugin.checks.texts import TEXT_FIELDS
from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.parallel import Pool
from pairlens.importers.spools import ID_BYTES, ArraySpool, KeyedSpool, ObjectSpool
from pairlens.importers.store import kind_of

T = TypeVar("T")

LABELS = f"{fields.FINDINGS}.classifications"
"""As a column: what :data:`LABEL_VALUES` names of each label, in a list for each."""

LABEL_VALUES = ("label", "severity", "score", "note", "group")
"""What a finding's label holds, besides what FiftyOne puts there."""

EARLIER = ("_id", fields.QUALITY, LABELS, fields.VERDICT)
"""Columns that tell a sample, what was found about it before, and what was decided."""

_EDITS = (fields.ORIGINAL_PHRASE, fields.ORIGINAL_MASK, fields.TEXT_EDITS)
_UNMENDED = [{"$eq": [{"$ifNull": [f"${name}", None]}, None]} for name in _EDITS]

STORED_LABELS = {"$map": {"input": f"${LABELS}", "in": [f"$$this.{name}" for name in LABEL_VALUES]}}
"""Makes the values of :data:`LABELS` of a document; ``null`` where it has no labels."""

_NOT_AS_STORED: dict[str, Any] = {
    # Where nothing was mended, the pair is to be fixed, and nothing is decided of its findings.
    fields.VERDICT: {
        "$cond": [
            {"$and": [{"$eq": [f"${fields.VERDICT}", fields.VerdictKind.FIX.value]}, *_UNMENDED]},
            None,
            f"${fields.VERDICT}",
        ]
    },
    LABELS: STORED_LABELS,
}
"""Columns that the database makes of what is stored."""

WAITING = 5000
"""Samples that wait in memory for the checks of datasets; the others in a file."""

_ID = np.dtype(f"V{ID_BYTES}")
_IN_ORDER = np.dtype([("high", ">u8"), ("low", ">u4")])
"""The bytes of an id as numbers, in the order of the ids."""

UNFLAGGED = 2.0
"""The badness of a sample without findings."""

_STEP = 1e-5
"""By what a step of severity makes a sample less bad: less than any difference of scores does."""

StoredLabels = Sequence[Sequence[Any]]
"""Findings as stored: the values of
:data:`LABEL_VALUES`."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Some samples, with what was found about them before and now.

    A sound sample, as most are, takes no object of its own.

    Attributes:
        ids: of the samples, 12 bytes each: they may wait in a file, and objects are slow to write
        keys: of the samples
        qualities: as stored, ``None`` where a sample was never checked
        labels: their findings as stored, ``None`` or empty where there are none
        verdicts: as stored, ``None`` where a sample was not reviewed
        masks: digests of their masks, ``None`` where there is no mask
        found: those of now, by the sample's number here, where there are any
    """

    ids: bytes
    keys: Sequence[str]
    qualities: Sequence[float | None]
    labels: Sequence[StoredLabels | None]
    verdicts: Sequence[str | None]
    masks: Sequence[str | None]
    found: dict[int, list[Finding]]

    @classmethod
    def of(cls, rows: Sequence[Row], columns: Columns, found: dict[int, list[Finding]]) -> Checked:
        """Rows with the columns of ``EARLIER``, and what was found about them."""
        at = map(columns.paths.index, (EARLIER[0], fields.KEY, *EARLIER[1:], MASK_DIGEST))
        ids, keys, qualities, labels, verdicts, masks = ([row[n] for row in rows] for n in at)
        joined = b"".join([each.binary for each in ids])
        return cls(joined, keys, qualities, labels, verdicts, masks, found)

    def complete(self, more: Mapping[str, list[Finding]], running: Collection[str]) -> None:
        """Adds findings by key and those that checks which do not run left, worst first."""
        for number, (key, labels) in enumerate(zip(self.keys, self.labels, strict=True)):
            if key in more:
                self.found.setdefault(number, []).extend(more[key])
            left = [label for label in labels if label[0] not in running] if labels else ()
            if left and (kept := earlier_findings(key, left)):
                self.found.setdefault(number, []).extend(kept)
        for number, findings in self.found.items():
            self.found[number] = sorted_findings(findings, self.masks[number])


def earlier_findings(key: str, labels: StoredLabels | None) -> list[Finding]:
    """The findings that a sample has; labels that someone else put there are left out.

    Those of datasets that were flagged before there were groups have an empty group.
    """
    return [
        Finding(key, *label[:-1], group=label[-1] or "")
        for label in labels or ()
        if len(label) == len(LABEL_VALUES) and None not in label[:-1]
    ]


def badness_of(findings: Sequence[Finding]) -> float:
    """What :func:`badness` makes of findings."""
    return min(
        [_STEP * SEVERITIES.index(f.severity) + f.score for f in findings], default=UNFLAGGED
    )


def badness(check: str | None = None) -> dict[str, Any]:
    """A MongoDB expression that sorts samples worst first.

    A sample is as bad as its worst finding: score first, which is the chance that the sample is
    right, then severity. Scores in [0, 1] have four decimals, so that a step of severity counts
    less than any difference of scores; samples without a finding come last, with :data:`UNFLAGGED`.

    Args:
        check: only this check's findings count
    """
    found = labels_expression(check)
    rank = {"$indexOfArray": [list(SEVERITIES), "$$one.severity"]}
    # A label that somebody typed into the App has no severity and no score.
    rank = {"$cond": [{"$lt": [rank, 0]}, len(SEVERITIES), rank]}
    each = {"$add": [{"$multiply": [_STEP, rank]}, {"$ifNull": ["$$one.score", 1]}]}
    worst = {"$min": {"$map": {"input": found, "as": "one", "in": each}}}
    return {"$ifNull": [worst, UNFLAGGED]}


def labels_expression(check: str | None) -> dict[str, Any]:
    """A MongoDB expression for the findings of a sample, of a check alone where one is given."""
    found: Any = {"$ifNull": [f"${LABELS}", []]}
    if check is None:
        return found
    return {"$filter": {"input": found, "cond": {"$eq": ["$$this.label", check]}}}


@dataclass
class _Waiting:
    """What was found about samples, in the order in which it came: most of it in a file."""

    _first: deque[Checked] = field(default_factory=deque[Checked], init=False)
    _later: ObjectSpool[Checked] = field(default_factory=ObjectSpool[Checked], init=False)
    _samples: int = field(default=0, init=False)

    def add(self, some: Checked) -> None:
        """Takes in the next."""
        self._samples += len(some.keys)
        if self._samples <= WAITING:
            self._first.append(some)
        else:
            self._later.add(some)

    def __iter__(self) -> Iterator[Checked]:
        """Gives all back, once."""
        while self._first:
            yield self._first.popleft()
        yield from self._later


def find(
    samples: Any,
    checks: Sequence[Check],
    scorings: Mapping[str, str],
    pool: Pool | None = None,
    notes: list[str] | None = None,
) -> Iterator[Checked]:
    """Yields all samples as they were read, with their findings, worst first, image by image.

    Findings of checks that do not run stay as they are.

    Args:
        samples: a dataset or view that PairLens imported
        checks: to run
        scorings: the evaluation's key by prediction field
        pool: what runs them; this process if not given
        notes: takes what checks say of the dataset as a whole
    """
    running = {one.name for one in checks}
    across = [one for one in checks if one.scope == "dataset"]
    first = [one for one in checks if one.scope != "dataset" or one.keeps]
    columns = Columns.of(first, scorings, *EARLIER, texts=TEXT_FIELDS[kind_of(samples)])
    notes = [] if notes is None else notes
    statistics, ids, waiting = DatasetStatistics(notes), ArraySpool(), _Waiting()
    read = batches(samples, columns, notes)
    for rows, done in examined(read, columns, first, pool or Pool()):
        some = Checked.of(rows, columns, done.found)
        if not across:
            some.complete({}, running)
            yield some
            continue
        waiting.add(some)
        ids.add(np.frombuffer(some.ids, _ID))
        statistics.add(done.kept)
    found = statistics.findings(across, partial(_read_again, samples, scorings, ids))
    with closing(KeyedSpool((one.key, one) for one in found)) as more:
        for some in waiting:
            some.complete(more.of(some.keys), running)
            yield some


def _read_again(
    samples: Any, scorings: Mapping[str, str], ids: ArraySpool, one: Check, numbers: Integers | None
) -> Iterator[Batch]:
    """The samples of some numbers, with what a check needs, in the order of their import."""
    known = ids.read() if numbers is None else _of_numbers(ids, numbers)
    order: NDArray[Any] = known.view(_IN_ORDER)
    wanted = known[np.lexsort((order["low"], order["high"]))]
    columns = Columns.of([one], scorings, "_id")
    for rows in rows_of(samples, columns, (ObjectId(each.tobytes()) for each in wanted)):
        yield Batch(rows, columns)


def _of_numbers(ids: ArraySpool, numbers: Integers) -> NDArray[Any]:
    found, ordered = [np.empty(0, _ID)], np.sort(numbers)
    for start in range(0, len(ids), WAITING):
        first, end = np.searchsorted(ordered, (start, start + WAITING)).tolist()
        if first < end:
            found.append(ids.read(start, WAITING)[ordered[first:end] - start])
    return np.concatenate(found)


def batches(samples: Any, columns: Columns, notes: list[str] | None = None) -> Iterator[list[Row]]:
    """The samples of a dataset or view in batches, the rows of one image together.

    What was read may be written to meanwhile, what comes later may not.

    Args:
        samples: the dataset or view
        columns: with ``_id`` among them
        notes: takes which images have more samples than are compared with each other
    """
    rows = _ahead(rows_of(samples, columns, _ids_by_image(samples)))
    yield from in_batches(chain.from_iterable(rows), notes)


def rows_of(samples: Any, columns: Columns, ids: Iterable[ObjectId]) -> Iterator[list[Row]]:
    """The rows of some samples of a dataset, in the order of the ids, those of 1,000 at a time;
    of those that are in the working set, and still there.

    Args:
        samples: the dataset or a view of it
        columns: with ``_id`` among them
        ids: of the samples
    """
    at = columns.paths.index("_id")
    row = [_NOT_AS_STORED.get(path, f"${path}") for path in columns.paths]
    collection, own = fo_internals.collection(samples), working_set.own_filter(samples)
    for some in store.batched(ids, BATCH):
        # A field that is not there becomes a null in its place.
        where = {"_id": {"$in": some}, **own}
        pipeline = [{"$match": where}, {"$project": {"_id": 0, "row": row}}]
        # With one more than there are, all come at once.
        docs = collection.aggregate(pipeline, batchSize=len(some) + 1)
        found = {doc["row"][at]: doc["row"] for doc in docs}
        yield [found[each] for each in some if each in found]


def row_of(document: Mapping[str, Any], columns: Columns) -> Row:
    """The row that the database would send of a sample's document."""
    row = [_value(document, path) for path in columns.paths]
    for number, path in enumerate(columns.paths):
        if path == LABELS:
            row[number] = [[one.get(name) for name in LABEL_VALUES] for one in row[number] or ()]
    return row


def _value(document: Any, path: str) -> Any:
    for name in path.split("."):
        document = document.get(name) if isinstance(document, Mapping) else None
    return document


def _ids_by_image(samples: Any) -> Iterator[ObjectId]:
    pipeline = [
        *working_set.pipeline_of_all(samples),
        # There is an index in this order, so that of a whole dataset nothing is sorted or read.
        {"$sort": dict.fromkeys((fields.IMAGE_DIGEST, fields.IMAGE_ID, "_id"), 1)},
        {"$project": {"_id": 1}},
    ]
    return (doc["_id"] for doc in _decoded(samples, pipeline, 10 * BATCH))


def _decoded(samples: Any, pipeline: Sequence[dict[str, Any]], size: int) -> Iterator[Any]:
    return chain.from_iterable(map(bson.decode_all, store.raw(samples, pipeline, size)))


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """Has the next item made in a thread while one is looked at."""
    with ThreadPoolExecutor(1, thread_name_prefix="pairlens") as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
