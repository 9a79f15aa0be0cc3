"""Pairs in the order of a queue: of each group one comes first, the others behind all groups."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from bson import ObjectId

from pairlens.fiftyone_plugin.checks.finding import UNFLAGGED
from pairlens.importers import store

Stages = list[dict[str, Any]]
"""Of a MongoDB pipeline."""


def in_order(samples: Any, stages: Stages, limit: int | None) -> Iterator[ObjectId]:
    """The sample ids that the stages of a selection give of a collection, each group once first."""
    found = samples.aggregate(stages, allowDiskUse=True, batchSize=10 * store.BATCH)
    ranked = ((one["_id"], one.get("g") if one["b"] < UNFLAGGED else None) for one in found)
    return islice(once_a_group(ranked), limit)


def once_a_group(
    ranked: Iterator[tuple[ObjectId, str | None]], *, last: bool = True
) -> Iterator[ObjectId]:
    """Puts the first of each group before all others of it.

    Args:
        ranked: sample and group, ``None`` for those without, which come last
        last: whether they are all pairs, so that the others of the groups follow
    """
    seen: set[str] = set()
    again = bytearray()  # 12 bytes each: there may be hundreds of thousands
    for sample_id, group in ranked:
        if group is None:
            yield from _unpacked(again)
            again.clear()
            yield sample_id
        elif group and group in seen:
            again += sample_id.binary
        else:
            seen.add(group)
            yield sample_id
    if last:
        yield from _unpacked(again)


def _unpacked(ids: bytearray) -> Iterator[ObjectId]:
    return (ObjectId(bytes(ids[n : n + 12])) for n in range(0, len(ids), 12))
