"""Reads the samples of a dataset once, runs checks over them, and yields them with their findings.

Checks of samples and images report at once. Checks of datasets collect statistics and report at the
end; until then the findings of the other checks wait in a file.

MongoDB sends rows of values instead of documents. That halves the time to read them, most of which
goes into field names. Only ids are sorted, by an index, and the next rows are fetched while the
checks run over the previous ones.
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
from pairlens.importers.batches import batched
from pairlens.importers.parallel import Pool
from pairlens.importers.spools import ID_BYTES, ArraySpool, KeyedSpool, ObjectSpool
from pairlens.importers.store import kind_of

T = TypeVar("T")

LABELS = f"{fields.FINDINGS}.classifications"
"""Column of the stored findings: a list for each label, of the values in :data:`LABEL_VALUES`."""

LABEL_VALUES = ("label", "severity", "score", "note", "group")
"""The attributes of a finding's label that PairLens stores."""

EARLIER = ("_id", fields.QUALITY, LABELS, fields.VERDICT)
"""Columns of a sample's id, its earlier findings, and its verdict."""

_EDITS = (fields.ORIGINAL_PHRASE, fields.ORIGINAL_MASK, fields.TEXT_EDITS)
_IS_UNMENDED = [{"$eq": [{"$ifNull": [f"${name}", None]}, None]} for name in _EDITS]

STORED_LABELS = {"$map": {"input": f"${LABELS}", "in": [f"$$this.{name}" for name in LABEL_VALUES]}}
"""MongoDB expression for the column :data:`LABELS`; ``null`` if a document has no labels."""

_COMPUTED_COLUMNS: dict[str, Any] = {
    # A pair with ``fix`` that was not edited is still to be fixed: its findings are open.
    fields.VERDICT: {
        "$cond": [
            {
                "$and": [
                    {"$eq": [f"${fields.VERDICT}", fields.VerdictKind.FIX.value]},
                    *_IS_UNMENDED,
                ]
            },
            None,
            f"${fields.VERDICT}",
        ]
    },
    LABELS: STORED_LABELS,
}
"""MongoDB expressions of the columns that differ from the stored field."""

WAITING = 5000
"""Samples that wait in memory for the checks of datasets; further ones wait in a file."""

_ID = np.dtype(f"V{ID_BYTES}")
_IN_ORDER = np.dtype([("high", ">u8"), ("low", ">u4")])
"""The bytes of an id as numbers, in the order of the ids."""

UNFLAGGED = 2.0
"""The badness of a sample without findings."""

_STEP = 1e-5
"""Difference in badness of neighbouring severities: less than any difference of scores."""

StoredLabels = Sequence[Sequence[Any]]
"""Findings as stored: the values of
:data:`LABEL_VALUES`."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Samples that were checked, with their earlier and their new findings.

    The values are columns, so that samples without findings, the majority, need no object.

    Attributes:
        ids: ids of the samples, 12 bytes each, which are fast to write to a file
        keys: keys of the samples
        qualities: stored qualities, ``None`` for samples that were never checked
        labels: stored findings, ``None`` or empty for samples without
        verdicts: stored verdicts, ``None`` for samples that were not reviewed
        masks: digests of the masks, ``None`` for samples without a mask
        findings: new findings by the sample's position, for samples that have some
    """

    ids: bytes
    keys: Sequence[str]
    qualities: Sequence[float | None]
    labels: Sequence[StoredLabels | None]
    verdicts: Sequence[str | None]
    masks: Sequence[str | None]
    findings: dict[int, list[Finding]]

    @classmethod
    def of(cls, rows: Sequence[Row], columns: Columns, found: dict[int, list[Finding]]) -> Checked:
        """The samples of some rows, which have the columns of :data:`EARLIER`."""
        at = map(columns.paths.index, (EARLIER[0], fields.KEY, *EARLIER[1:], MASK_DIGEST))
        ids, keys, qualities, labels, verdicts, masks = ([row[n] for row in rows] for n in at)
        joined = b"".join([each.binary for each in ids])
        return cls(joined, keys, qualities, labels, verdicts, masks, found)

    def complete(self, more: Mapping[str, list[Finding]], running: Collection[str]) -> None:
        """Completes and sorts the new findings of each sample, worst first.

        Args:
            more: further findings by key
            running: names of the checks that run; earlier findings of others are kept
        """
        for number, (key, labels) in enumerate(zip(self.keys, self.labels, strict=True)):
            if key in more:
                self.findings.setdefault(number, []).extend(more[key])
            left = [label for label in labels if label[0] not in running] if labels else ()
            if left and (kept := earlier_findings(key, left)):
                self.findings.setdefault(number, []).extend(kept)
        for number, findings in self.findings.items():
            self.findings[number] = sorted_findings(findings, self.masks[number])


def earlier_findings(key: str, labels: StoredLabels | None) -> list[Finding]:
    """The findings in a sample's stored labels, without labels that PairLens did not store.

    Findings of versions without groups have an empty group.
    """
    return [
        Finding(key, *label[:-1], group=label[-1] or "")
        for label in labels or ()
        if len(label) == len(LABEL_VALUES) and None not in label[:-1]
    ]


def badness_of(findings: Sequence[Finding]) -> float:
    """The badness of findings; :func:`badness` is the same as a MongoDB expression."""
    return min(
        [_STEP * SEVERITIES.index(f.severity) + f.score for f in findings], default=UNFLAGGED
    )


def badness(check: str | None = None) -> dict[str, Any]:
    """MongoDB expression for the badness of a sample; ascending order is worst first.

    The badness is that of the worst finding: by score, the chance that the sample is right, then by
    severity. Scores in [0, 1] have four decimals, so a step of severity counts less than any
    difference of scores. Samples without a finding come last, with :data:`UNFLAGGED`.

    Args:
        check: name of the only check whose findings count; ``None`` for all
    """
    found = labels_expression(check)
    rank = {"$indexOfArray": [list(SEVERITIES), "$$one.severity"]}
    # A label that somebody typed into the App has no severity and no score.
    rank = {"$cond": [{"$lt": [rank, 0]}, len(SEVERITIES), rank]}
    each = {"$add": [{"$multiply": [_STEP, rank]}, {"$ifNull": ["$$one.score", 1]}]}
    worst = {"$min": {"$map": {"input": found, "as": "one", "in": each}}}
    return {"$ifNull": [worst, UNFLAGGED]}


def labels_expression(check: str | None) -> dict[str, Any]:
    """MongoDB expression for the findings of a sample, of one check if given."""
    found: Any = {"$ifNull": [f"${LABELS}", []]}
    if check is None:
        return found
    return {"$filter": {"input": found, "cond": {"$eq": ["$$this.label", check]}}}


@dataclass
class _Waiting:
    """A queue of checked samples, most of it in a file."""

    _first: deque[Checked] = field(default_factory=deque[Checked], init=False)
    _later: ObjectSpool[Checked] = field(default_factory=ObjectSpool[Checked], init=False)
    _samples: int = field(default=0, init=False)

    def add(self, some: Checked) -> None:
        """Appends samples."""
        self._samples += len(some.keys)
        if self._samples <= WAITING:
            self._first.append(some)
        else:
            self._later.add(some)

    def __iter__(self) -> Iterator[Checked]:
        """Removes and yields all samples, in order."""
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
    """Runs checks over all samples, and yields them with their findings, worst first, by image.

    Findings of checks that do not run are kept.

    Args:
        samples: a dataset or view that PairLens imported
        checks: the checks to run
        scorings: the evaluation's key by prediction field
        pool: the pool to run them in; this process if not given
        notes: receives the notes of checks about the dataset as a whole
    """
    running = {one.name for one in checks}
    dataset_checks = [one for one in checks if one.scope == "dataset"]
    first = [one for one in checks if one.scope != "dataset" or one.keeps]
    columns = Columns.of(first, scorings, *EARLIER, texts=TEXT_FIELDS[kind_of(samples)])
    notes = [] if notes is None else notes
    statistics, ids, waiting = DatasetStatistics(notes), ArraySpool(), _Waiting()
    read = batches(samples, columns, notes)
    for rows, results in examined(read, columns, first, pool or Pool()):
        some = Checked.of(rows, columns, results.findings)
        if not dataset_checks:
            some.complete({}, running)
            yield some
            continue
        waiting.add(some)
        ids.add(np.frombuffer(some.ids, _ID))
        statistics.add(results.statistics)
    found = statistics.findings(dataset_checks, partial(_read_again, samples, scorings, ids))
    with closing(KeyedSpool((one.key, one) for one in found)) as more:
        for some in waiting:
            some.complete(more.of(some.keys), running)
            yield some


def _read_again(
    samples: Any, scorings: Mapping[str, str], ids: ArraySpool, one: Check, numbers: Integers | None
) -> Iterator[Batch]:
    """Reads the samples with some numbers, and the fields that a check needs, in import order."""
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

    Samples that were yielded may be changed meanwhile, later ones may not.

    Args:
        samples: the dataset or view
        columns: the columns to read, with ``_id`` among them
        notes: receives a note on images with more samples than are compared with each other
    """
    rows = _prefetched(rows_of(samples, columns, _ids_by_image(samples)))
    yield from in_batches(chain.from_iterable(rows), notes)


def rows_of(samples: Any, columns: Columns, ids: Iterable[ObjectId]) -> Iterator[list[Row]]:
    """Yields the rows of samples in the order of their ids, in batches of 1,000.

    Samples outside the working set and deleted ones are left out.

    Args:
        samples: the dataset or a view of it
        columns: the columns to read, with ``_id`` among them
        ids: ids of the samples
    """
    at = columns.paths.index("_id")
    row = [_COMPUTED_COLUMNS.get(path, f"${path}") for path in columns.paths]
    collection, in_working_set = fo_internals.collection(samples), working_set.own_filter(samples)
    for some in batched(ids, BATCH):
        # A missing field becomes null in its place.
        where = {"_id": {"$in": some}, **in_working_set}
        pipeline = [{"$match": where}, {"$project": {"_id": 0, "row": row}}]
        # A batch size above the number of documents makes MongoDB send all at once.
        docs = collection.aggregate(pipeline, batchSize=len(some) + 1)
        found = {doc["row"][at]: doc["row"] for doc in docs}
        yield [found[each] for each in some if each in found]


def row_of(document: Mapping[str, Any], columns: Columns) -> Row:
    """The row of a sample's document, as MongoDB would send it."""
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
        # An index has this order, so for a whole dataset no document is sorted or read.
        {"$sort": dict.fromkeys((fields.IMAGE_DIGEST, fields.IMAGE_ID, "_id"), 1)},
        {"$project": {"_id": 1}},
    ]
    return (doc["_id"] for doc in _decoded(samples, pipeline, 10 * BATCH))


def _decoded(samples: Any, pipeline: Sequence[dict[str, Any]], size: int) -> Iterator[Any]:
    return chain.from_iterable(map(bson.decode_all, store.raw(samples, pipeline, size)))


def _prefetched(items: Iterator[T]) -> Iterator[T]:
    """Yields the items; a thread computes the next one in the meantime."""
    with ThreadPoolExecutor(1, thread_name_prefix="pairlens") as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
