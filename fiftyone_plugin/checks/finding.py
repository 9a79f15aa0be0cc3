"""One pass over the samples of a dataset: each is read, examined, and told with all its findings.

Checks of samples and images report at once; those of datasets keep statistics on the way and report
at the end, until when what the others found waits in a file.
"""

from __future__ import annotations

import pickle
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from tempfile import TemporaryFile
from typing import IO, Any

from bson import ObjectId

from pairlens.fiftyone_plugin.checks import Check
from pairlens.fiftyone_plugin.checks.base import TEXTS, Finding, sorted_findings
from pairlens.fiftyone_plugin.checks.batch import Batch, Integers
from pairlens.fiftyone_plugin.checks.dataset_statistics import DatasetStatistics
from pairlens.fiftyone_plugin.checks.engine import examined
from pairlens.fiftyone_plugin.checks.query_features import CACHE_PATHS
from pairlens.fiftyone_plugin.checks.rows import MASK_DIGEST, Columns, Row
from pairlens.fiftyone_plugin.checks.sample_reader import EARLIER, LABEL_VALUES, batches, rows_of
from pairlens.fiftyone_plugin.checks.texts import TEXT_FIELDS
from pairlens.importers import fields
from pairlens.importers.parallel import Pool
from pairlens.importers.store import kind_of

WAITING = 20_000
"""Samples that wait in memory for the checks of datasets, some 25 MB; the others in a file."""

ID_BYTES = 12

StoredLabels = Sequence[Sequence[Any]]
"""Findings as stored: the values of
:data:`~pairlens.fiftyone_plugin.checks.sample_reader.LABEL_VALUES`."""


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
        read: what is to be cached of the samples' texts, likewise
    """

    ids: bytes
    keys: Sequence[str]
    qualities: Sequence[float | None]
    labels: Sequence[StoredLabels | None]
    verdicts: Sequence[str | None]
    masks: Sequence[str | None]
    found: dict[int, list[Finding]]
    read: Mapping[int, dict[str, Any]]

    @classmethod
    def of(
        cls,
        rows: Sequence[Row],
        columns: Columns,
        found: dict[int, list[Finding]],
        read: Mapping[int, dict[str, Any]],
    ) -> Checked:
        """Rows with the columns of ``EARLIER``, and what was found about them."""
        at = map(columns.paths.index, (EARLIER[0], fields.KEY, *EARLIER[1:], MASK_DIGEST))
        ids, keys, qualities, labels, verdicts, masks = ([row[n] for row in rows] for n in at)
        joined = b"".join([each.binary for each in ids])
        return cls(joined, keys, qualities, labels, verdicts, masks, found, read)

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


@dataclass
class _Waiting:
    """What was found about samples, in the order in which it came: some in memory, most in a file.

    Args:
        file: an empty one
    """

    file: IO[bytes]
    _first: deque[Checked] = field(default_factory=deque[Checked], init=False)
    _samples: int = field(default=0, init=False)

    def add(self, some: Checked) -> None:
        """Takes in the next."""
        self._samples += len(some.keys)
        if self._samples <= WAITING:
            self._first.append(some)
        else:
            pickle.dump(some, self.file)

    def __iter__(self) -> Iterator[Checked]:
        """Gives all back, once."""
        while self._first:
            yield self._first.popleft()
        end = self.file.tell()
        self.file.seek(0)
        while self.file.tell() < end:
            yield pickle.load(self.file)


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
    cached = CACHE_PATHS if any(TEXTS.intersection(one.needs) for one in first) else ()
    texts = TEXT_FIELDS[kind_of(samples)]
    columns = Columns.of(first, scorings, *cached, *EARLIER, texts=texts)
    notes = [] if notes is None else notes
    statistics, ids, more = DatasetStatistics(notes), bytearray(), {}
    read = batches(samples, columns, notes)
    with TemporaryFile() as file:
        waiting = _Waiting(file)
        for rows, done in examined(read, columns, first, pool or Pool()):
            some = Checked.of(rows, columns, done.found, done.read)
            if not across:
                some.complete({}, running)
                yield some
                continue
            waiting.add(some)
            ids += some.ids
            statistics.add(done.kept)
        more = statistics.findings(across, partial(_read_again, samples, scorings, ids))
        for some in waiting:
            some.complete(more, running)
            yield some


def _read_again(
    samples: Any, scorings: Mapping[str, str], ids: bytearray, one: Check, numbers: Integers | None
) -> Iterator[Batch]:
    """The samples of some numbers, with what a check needs, in the order of their import."""
    known = range(len(ids) // ID_BYTES) if numbers is None else numbers.tolist()
    wanted = sorted(bytes(ids[ID_BYTES * n : ID_BYTES * (n + 1)]) for n in known)
    columns = Columns.of([one], scorings, "_id")
    for rows in rows_of(samples, columns, map(ObjectId, wanted)):
        yield Batch(rows, columns)
