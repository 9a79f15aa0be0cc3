"""Counts the overlap of every pair of a dataset: read, decode, count, write back, in one pass.

Masks are decoded and counted a few pairs at a time, in threads if a pair takes long. Of each pair
only a row of integers is kept, so that memory grows by less than 300 bytes a pair.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from pairlens.fiftyone_plugin.metrics.box_overlaps import rule
from pairlens.fiftyone_plugin.metrics.conventions import Convention
from pairlens.fiftyone_plugin.metrics.overlap import Overlap
from pairlens.fiftyone_plugin.metrics.pair_attributes import image_of, sliced_pair
from pairlens.fiftyone_plugin.metrics.pair_overlaps import (
    ChunkOverlaps,
    MaskSource,
    count_chunk,
)
from pairlens.fiftyone_plugin.metrics.slices import Slicer
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable, OverlapTableBuilder
from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.background import background_batches
from pairlens.importers.decisions import Decisions
from pairlens.importers.parallel import (
    Pool,
    Progress,
    one_thread,
    rare_collections,
)

PIXELS_AT_ONCE = 1 << 22
MOST_AT_ONCE, SOME = 200, 8
"""Pixels of ground truth, and pairs, that a thread is given at once: of 64x64 pixels it counts
a thousand pairs in the time of a few of 2048x2048, and handing over takes as long. Some, while
their size is not known."""

QUICK = 300e-6
"""Seconds per pair below which threads do not pay: with so little work per call they wait longer
for each other than they save. A pair of 512x512 pixels takes a third of that;
on a slow disk, or where OpenCV has to decode it, several times as much."""

SLOW_CHUNKS = 3
"""Consecutive slow chunks before threads are used; one may have waited for another process."""

MOST_LISTED = 1000
"""Pairs that are named in a summary; all are counted."""


@dataclass
class DatasetOverlaps:
    """Overlaps of all pairs of a dataset or view.

    Attributes:
        table: the pairs that could be counted
        slicer: the slices they belong to, in the same order
        ids: of their samples, in the same order, twelve bytes each
        unscored: pairs without a ground truth that can be read, with the reason
        unreadable: pairs whose prediction cannot be read, which counts as missing
        unscored_total, unreadable_total: their numbers; the lists hold the first ones
        decisions: how ambiguous masks were read
    """

    table: OverlapTable
    slicer: Slicer
    ids: bytearray = field(default_factory=bytearray)
    unscored: list[dict[str, str]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)
    unscored_total: int = 0
    unreadable_total: int = 0
    decisions: Decisions = field(default_factory=Decisions)


def count_overlaps(
    samples: Any,
    source: MaskSource,
    convention: Convention,
    slicer: Slicer,
    key: str | None,
    progress: Progress,
    before_writing: Callable[[], None] | None = None,
    pool: Pool | None = None,
) -> DatasetOverlaps:
    """Counts all pairs and writes the numbers of each to its sample.

    Args:
        samples: a dataset or view
        source: the fields of the masks
        convention: of the IoU that is written
        slicer: collects the slices of each pair
        key: of the evaluation, whose fields exist; ``None`` writes nothing
        progress: called with pairs done and pairs in all
        before_writing: called before each batch is written
        pool: where the counting runs; by default in threads if a pair takes long
    """
    table = OverlapTableBuilder()
    done = DatasetOverlaps(table.build(), slicer)
    images: dict[str, int] = {}
    if source.boxes:
        done.decisions(rule(source.instances == "best"))
    total, read = working_set.count(samples), 0
    write = partial(_write, fo_internals.dataset_of(samples), key, convention, before_writing)
    with rare_collections(), background_batches(write) as write_behind:
        for docs, counted in _counts(samples, source, pool or Pool()):
            for decision in counted.decisions:
                done.decisions(decision)
            for number, problem in counted.problems.items():
                _note(done, docs[number], problem, counted.overlaps[number])
            pairs = [(d, c) for d, c in zip(docs, counted.overlaps, strict=True) if c is not None]
            numbers = [images.setdefault(image_of(doc), len(images)) for doc, _ in pairs]
            table.add((overlap for _, overlap in pairs), numbers)
            slicer.add(
                [sliced_pair(doc, overlap.target_area // source.units) for doc, overlap in pairs]
            )
            done.ids += b"".join(doc["_id"].binary for doc, _ in pairs)
            write_behind((doc["_id"], overlap) for doc, overlap in pairs)
            read += len(docs)
            progress(read, total)
    done.table = table.build()
    return done


def _note(
    done: DatasetOverlaps, doc: Mapping[str, Any], problem: str, overlap: Overlap | None
) -> None:
    entry = {"key": doc.get(fields.KEY) or str(doc["_id"]), "reason": problem}
    if overlap is None:
        done.unscored_total += 1
        noted = done.unscored
    else:
        done.unreadable_total += 1
        noted = done.unreadable
    if len(noted) < MOST_LISTED:
        noted.append(entry)


def _write(
    dataset: Any,
    key: str | None,
    convention: Convention,
    before: Callable[[], None] | None,
    batch: Sequence[tuple[Any, Overlap]],
) -> None:
    if key is not None:
        if before:
            before()
        store.update(dataset, score_changes(batch, key, convention))


def score_changes(
    batch: Sequence[tuple[Any, Overlap]], key: str, convention: Convention
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The values that a scoring stores on samples.

    Args:
        batch: sample ids with the overlaps of their pairs
        key: of the evaluation
        convention: of the IoU

    Yields:
        sample id, and values by field; an undefined IoU is ``None``
    """
    iou, intersection, union, target_area, predicted_area = fields.score_fields(key)
    rows = OverlapTable.from_overlaps((pair for _, pair in batch), range(len(batch)))
    for (sample_id, pair), value in zip(batch, rows.iou(convention).tolist(), strict=True):
        values = {
            iou: value if value == value else None,  # NaN, where the convention has none
            intersection: pair.intersection,
            union: pair.union,
            target_area: pair.target_area,
            predicted_area: None if pair.missing else pair.predicted_area,
        }
        yield sample_id, values


def _counts(
    samples: Any, source: MaskSource, pool: Pool
) -> Iterator[tuple[Sequence[Mapping[str, Any]], ChunkOverlaps]]:
    """Documents and overlaps of the pairs, chunk by chunk, in the order of the samples."""
    docs = store.stream(samples, source.projection, as_seen=(source.pred, source.gt))
    last: Overlap | None = None

    def chunks() -> Iterator[Sequence[Mapping[str, Any]]]:
        while chunk := list(islice(docs, _pairs_like(last))):
            yield chunk

    slow = 0
    with one_thread():
        for chunk in chunks() if pool.is_here else ():
            started = time.perf_counter()
            counted = count_chunk(chunk, source)
            slow = slow + 1 if time.perf_counter() - started > QUICK * len(chunk) else 0
            yield chunk, counted
            last = counted.overlaps[-1]
            if slow == SLOW_CHUNKS:
                break
    for outcome in pool.map(partial(count_chunk, source=source), chunks()):
        counted = outcome.unwrap()
        last = counted.overlaps[-1]
        yield outcome.item, counted


def _pairs_like(last: Overlap | None) -> int:
    """Pairs per chunk, for pairs as large as the last one."""
    if last is None:
        return SOME
    return min(MOST_AT_ONCE, max(1, PIXELS_AT_ONCE // max(1, last.pixels)))
