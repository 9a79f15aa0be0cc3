"""Counts the overlap of every pair of a dataset: read, decode, count, write back, in one pass.

Masks are decoded and counted in chunks of pairs, in threads if a pair takes long. Only a row of
integers is kept of each pair, so that memory grows by less than 300 bytes per pair.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

from pairlens.fiftyone_plugin.metrics.box_overlaps import scoring_decision
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

CHUNK_PIXELS = 1 << 22
MAX_CHUNK_PAIRS, FIRST_CHUNK_PAIRS = 200, 8
"""Limits of a chunk, in pixels of ground truth and in pairs, and its length before the size of the
masks is known. A thousand masks of 64x64 take as long as a few of 2048x2048."""

FAST_PAIR = 300e-6
"""Seconds per pair below which threads are not worth their overhead. A pair of 512x512 pixels takes
a third of that; on a slow disk, or if OpenCV has to decode it, several times as much."""

SLOW_CHUNKS = 3
"""Consecutive slow chunks before threads are used; a single one may have waited for a process."""

MAX_LISTED = 1000
"""Maximum of pairs that a summary names; all are counted."""


@dataclass
class DatasetOverlaps:
    """Overlaps of all pairs of a dataset or view.

    Attributes:
        table: overlaps of the pairs that were counted
        slicer: slices of these pairs, in the same order
        ids: ids of their samples, in the same order, twelve bytes each
        unscored: pairs without a ground truth that can be read, with the reason
        unreadable: pairs whose prediction cannot be read, which counts as missing
        unscored_total, unreadable_total: their numbers; the lists hold the first :data:`MAX_LISTED`
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
    """Counts the overlaps of all pairs and writes them to the samples.

    Args:
        samples: a dataset or view
        source: the fields of the masks
        convention: convention of the IoU that is written
        slicer: collects the slices of each pair
        key: key of the evaluation, whose fields exist; ``None`` writes nothing
        progress: called with pairs done and pairs in all
        before_writing: called before each batch is written
        pool: the pool that counts; by default threads of this process, if a pair takes long
    """
    table = OverlapTableBuilder()
    done = DatasetOverlaps(table.build(), slicer)
    images: dict[str, int] = {}
    if source.boxes:
        done.decisions(scoring_decision(source.instances == "best"))
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
    if len(noted) < MAX_LISTED:
        noted.append(entry)


def _write(
    dataset: Any,
    key: str | None,
    convention: Convention,
    before_writing: Callable[[], None] | None,
    batch: Sequence[tuple[Any, Overlap]],
) -> None:
    if key is not None:
        if before_writing:
            before_writing()
        store.update(dataset, score_changes(batch, key, convention))


def score_changes(
    batch: Sequence[tuple[Any, Overlap]], key: str, convention: Convention
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """The values that a scoring stores on samples.

    Args:
        batch: sample ids with the overlaps of their pairs
        key: key of the evaluation
        convention: the IoU convention

    Yields:
        sample id, and values by field; an undefined IoU is ``None``
    """
    iou, intersection, union, target_area, predicted_area = fields.score_fields(key)
    rows = OverlapTable.from_overlaps((pair for _, pair in batch), range(len(batch)))
    for (sample_id, pair), value in zip(batch, rows.iou(convention).tolist(), strict=True):
        values = {
            iou: value if value == value else None,  # NaN is not stored
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
        while chunk := list(islice(docs, _chunk_length(last))):
            yield chunk

    slow = 0
    with one_thread():
        for chunk in chunks() if pool.is_here else ():
            started = time.perf_counter()
            counted = count_chunk(chunk, source)
            slow = slow + 1 if time.perf_counter() - started > FAST_PAIR * len(chunk) else 0
            yield chunk, counted
            last = counted.overlaps[-1]
            if slow == SLOW_CHUNKS:
                break
    for outcome in pool.map(partial(count_chunk, source=source), chunks()):
        counted = outcome.unwrap()
        last = counted.overlaps[-1]
        yield outcome.item, counted


def _chunk_length(last: Overlap | None) -> int:
    """The number of pairs in the next chunk, if they are as large as the last pair."""
    if last is None:
        return FIRST_CHUNK_PAIRS
    return min(MAX_CHUNK_PAIRS, max(1, CHUNK_PIXELS // max(1, last.pixels)))
