"""Counts the overlap of every pair of a dataset: read, decode, count, write back, in one pass.

Masks are decoded and counted by threads, a few pairs at a time; what is kept of a pair is its
row of integers, so that memory grows by less than three hundred bytes a pair.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any, Literal, NamedTuple, get_args

from fiftyone_plugin.metrics.conventions import Convention
from fiftyone_plugin.metrics.label_masks import (
    LISTS,
    Instance,
    Label,
    Size,
    image_size,
    instances_of,
    is_instances,
    mask_of,
    prediction_of,
)  # fmt: skip
from fiftyone_plugin.metrics.overlap import Overlap, Pixels, overlap, resize
from fiftyone_plugin.metrics.pair_facts import FACTS, image_of, pair_of
from fiftyone_plugin.metrics.slices import Slicer, normal_form
from fiftyone_plugin.metrics.summary import Table, TableBuilder
from fiftyone_plugin.metrics.writing_behind import WritingBehind
from importers import fields, store
from importers.collector import rare_collections
from importers.errors import MaskError
from importers.opencv import one_thread
from importers.parallel import Progress, map_items

Instances = Literal["union", "best"]
INSTANCES: tuple[Instances, ...] = get_args(Instances)

PIXELS_AT_ONCE = 1 << 22
MOST_AT_ONCE, SOME = 200, 16
"""Pixels of ground truth, and pairs, that a thread is given at once: of 64x64 pixels it counts
a thousand pairs in the time of a few of 2048x2048, and handing over takes as long. Some, while
their size is not known."""

SMALL = 1 << 14
"""Pixels of a mask that is counted before a thread has taken it: it takes Python longer to
change hands between threads than to open, inflate and count so little."""

MOST_LISTED = 1000
"""Pairs that are named in a summary; all are counted."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Source:
    """Where the masks of a pair are found.

    Attributes:
        pred: the field of the predictions
        gt: the field of the ground truth
        ignores: 255 in a ground truth mask is *ignore*, which the dataset's mask targets say
        instances: what a prediction that is instances amounts to: their union, or the one
            that fits the ground truth best of those with its label
        side: both masks are brought to this many pixels square before they are counted; 0
            leaves the ground truth as it is
        whole: both fields hold masks of whole images, of which less is read
    """

    pred: str
    gt: str
    ignores: bool = True
    instances: Instances = "union"
    side: int = 0
    whole: bool = False

    @property
    def projection(self) -> tuple[str, ...]:
        """The stored fields to read."""
        parts = ("_cls", "mask", "mask_path")
        facts: tuple[str, ...] = FACTS
        if not self.whole:
            parts += ("label", "bounding_box", "points", "filled", "closed", *LISTS.values())
            facts += ("metadata.width", "metadata.height")
        labels = tuple(f"{name}.{part}" for name in (self.pred, self.gt) for part in parts)
        return (*labels, *facts)


class Counted(NamedTuple):
    """What became of a pair.

    Attributes:
        overlap: ``None`` where there is no ground truth to count against
        problem: why that is so, or why the prediction cannot be read, or ``""``
    """

    overlap: Overlap | None
    problem: str = ""


@dataclass
class Measured:
    """All pairs, counted.

    Attributes:
        table: the pairs that could be counted
        slicer: the parts they belong to, in the same order
        unscored: pairs without a ground truth that can be read, with the reason
        unreadable: pairs whose prediction cannot be read, which counts as missing
        unscored_total, unreadable_total: how many there are; the lists name the first ones
    """

    table: Table
    slicer: Slicer
    unscored: list[dict[str, str]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)
    unscored_total: int = 0
    unreadable_total: int = 0


def measure(
    samples: Any,
    source: Source,
    convention: Convention,
    slicer: Slicer,
    key: str | None,
    progress: Progress,
    writer: Executor,
) -> Measured:
    """Counts all pairs and writes each one's numbers to its sample.

    Args:
        samples: a dataset or view
        source: where the masks are
        convention: of the IoU that is written
        slicer: takes note of the parts that each pair belongs to
        key: of the evaluation, whose fields exist; ``None`` writes nothing
        progress: called with pairs done and pairs in all
        writer: a single thread, in which the database is written
    """
    table = TableBuilder()
    done = Measured(table.build(), slicer)
    images: dict[str, int] = {}
    total, read = len(samples), 0

    def counted() -> Iterator[tuple[Any, Overlap]]:
        nonlocal read
        for doc, (pair, problem) in _counts(samples, source):
            read += 1
            if read % store.BATCH == 0 or read == total:
                progress(read, total)
            if problem:
                _note(done, doc, problem, pair)
            if pair is not None:
                table.add(pair, images.setdefault(image_of(doc), len(images)))
                slicer.add(pair_of(doc, pair.target_area))
                yield doc["_id"], pair

    write = partial(_write, samples._dataset, key, convention)
    behind = WritingBehind(writer, write)
    with rare_collections():
        for one in counted():
            behind.add(one)
        behind.finish()
    done.table = table.build()
    return done


def _note(done: Measured, doc: Document, problem: str, pair: Overlap | None) -> None:
    entry = {"key": doc.get(fields.KEY) or str(doc["_id"]), "reason": problem}
    if pair is None:
        done.unscored_total += 1
        noted = done.unscored
    else:
        done.unreadable_total += 1
        noted = done.unreadable
    if len(noted) < MOST_LISTED:
        noted.append(entry)


def _write(
    dataset: Any, key: str | None, convention: Convention, batch: Sequence[tuple[Any, Overlap]]
) -> None:
    if key is not None:
        store.update(dataset, score_changes(batch, key, convention))


def score_changes(
    batch: Sequence[tuple[Any, Overlap]], key: str, convention: Convention
) -> Iterator[tuple[Any, dict[str, Any]]]:
    """What a scoring sets on its samples: each one's id, with the values by field."""
    names = fields.score_fields(key)
    rows = Table.from_overlaps((pair for _, pair in batch), range(len(batch)))
    for (sample_id, pair), iou in zip(batch, rows.iou(convention).tolist(), strict=True):
        values = (
            iou if iou == iou else None,  # NaN, where the convention has none
            pair.intersection,
            pair.union,
            pair.target_area,
            None if pair.missing else pair.predicted_area,
        )
        yield sample_id, dict(zip(names, values, strict=True))


def _counts(samples: Any, source: Source) -> Iterator[tuple[Document, Counted]]:
    """Each pair's document and counts, in the order of the samples."""
    docs = store.stream(samples, source.projection)
    last = Counted(None)

    def chunks() -> Iterator[Sequence[Document]]:
        while chunk := list(islice(docs, _pairs_like(last))):
            yield chunk

    chunk = list(islice(docs, SOME))
    with one_thread():
        while chunk:
            counts = count_chunk(chunk, source)
            yield from zip(chunk, counts, strict=True)
            last = counts[-1]
            if any(one.overlap is None or one.overlap.pixels > SMALL for one in counts):
                break
            chunk = list(islice(docs, _pairs_like(last)))
    for outcome in map_items(partial(count_chunk, source=source), chunks()):
        counts = outcome.unwrap()
        last = counts[-1]
        yield from zip(outcome.item, counts, strict=True)


def _pairs_like(last: Counted) -> int:
    """How many pairs a thread is given at once, where they are as large as the last one was."""
    if last.overlap is None:
        return SOME
    return min(MOST_AT_ONCE, max(1, PIXELS_AT_ONCE // max(1, last.overlap.pixels)))


def count_chunk(docs: Sequence[Document], source: Source) -> list[Counted]:
    """Counts some pairs; those that follow each other and share a ground truth decode it once."""
    last: tuple[str | None, Pixels | None] = (None, None)
    counts = []
    for doc in docs:
        label = doc.get(source.gt)
        path = label.get("mask_path") if label and label["_cls"] == "Segmentation" else None
        try:
            if label is None:
                raise MaskError("the ground truth has no mask")
            target = last[1] if path and path == last[0] else None
            if target is None:
                target = mask_of(label, image_size(doc.get("metadata")), stored=source.ignores)
            last = (path, target)
        except MaskError as error:
            counts.append(Counted(None, str(error)))
        else:
            counts.append(_against(target, doc, source))
    return counts


def _against(target: Pixels, doc: Document, source: Source) -> Counted:
    label = doc.get(source.pred)
    try:
        if label is None:
            return Counted(_missed(target, source))
        if source.instances == "best" and is_instances(label):
            return Counted(_best(target, label, doc, source))
        size = (target.shape[0], target.shape[1])
        return Counted(_at_side(target, prediction_of(label, size), source))
    except MaskError as error:
        # A prediction whose file is gone is as missing as one that was never made.
        gone = isinstance(error.__cause__, FileNotFoundError)
        return Counted(_missed(target, source), "" if gone else str(error))


def _at_side(target: Pixels, prediction: Pixels, source: Source) -> Overlap:
    if not source.side:
        return overlap(target, prediction)
    square = (source.side, source.side)
    counted = overlap(resize(target, square), resize(prediction, square))
    return counted._replace(resized=prediction.shape != target.shape)


def _missed(target: Pixels, source: Source) -> Overlap:
    return overlap(resize(target, (source.side, source.side)) if source.side else target, None)


def _best(target: Pixels, label: Label, doc: Document, source: Source) -> Overlap:
    """The overlap with the instance that fits best; with nothing where none has the label."""
    size: Size = (target.shape[0], target.shape[1])
    wanted = _wanted(doc, source)
    fitting = (i for i in instances_of(label, size) if _has_label(i, wanted))
    overlaps = [_at_side(target, one.pixels, source) for one in fitting]
    if not overlaps:
        return _at_side(target, target * 0, source)
    return max(overlaps, key=lambda o: o.intersection / o.union if o.union else 0.0)


def _has_label(one: Instance, wanted: set[str]) -> bool:
    return normal_form(one.label) in wanted


def _wanted(doc: Document, source: Source) -> set[str]:
    """The labels of the ground truth's instances; where it has none, the query."""
    label = doc.get(source.gt) or {}
    listed = label.get(LISTS.get(label.get("_cls", ""), ""), [label])
    names = {normal_form(one.get("label") or "") for one in listed} - {""}
    return names or {normal_form(doc.get(fields.PHRASE) or "")}
