"""Makes the pool of workers for a step, with the files that the nodes of a cluster must see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.media_folders import media_dirs
from pairlens.importers.parallel import Engine, Pool


def pool_for(
    samples: Any,
    engine: Engine | None,
    workers: int | None,
    ray_address: str | None,
    more: Iterable[Path] = (),
) -> Pool:
    """Makes the pool of workers for a step on a dataset.

    Args:
        samples: a dataset that PairLens imported, or a view of one
        engine, workers, ray_address: as in :class:`pairlens.importers.parallel.Pool`
        more: files that are read besides those of the samples

    Raises:
        UsageError: if the settings are invalid or contradict each other
    """
    pool = Pool(engine, workers, ray_address)
    pool.check()
    if engine != "ray":
        return pool
    return Pool(engine, workers, ray_address, (*_some_files(samples), *more))


def _some_files(samples: Any) -> tuple[Path, ...]:
    """Returns the media folders of a dataset, and the files of a sample, one with image if any."""
    collection, stages = fo_internals.collection(samples), working_set.pipeline(samples)
    with_image = {"$match": {fields.IMAGE_MISSING: {"$ne": True}}}
    for chosen in ([*stages, with_image], stages):
        for document in collection.aggregate([*chosen, {"$limit": 1}], allowDiskUse=True):
            return tuple(dict.fromkeys([*media_dirs(store.info(samples)), *_paths(document)]))
    return ()


def _paths(value: Any) -> Iterator[Path]:
    """Yields the absolute paths in a document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _paths(each)
    elif isinstance(value, str) and value.startswith("/"):
        yield Path(value)
