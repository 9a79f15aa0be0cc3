"""What runs the work of a step on a dataset, and how nodes find out whether they see its files."""

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
    """What runs the work of a step, as the step was told.

    Args:
        samples: a dataset or view that PairLens imported
        engine, workers, ray_address: as in :class:`pairlens.importers.parallel.Pool`
        more: files that are read beside those of the samples

    Raises:
        UsageError: if these cannot be had together
    """
    pool = Pool(engine, workers, ray_address)
    pool.check()
    if engine != "ray":
        return pool
    return Pool(engine, workers, ray_address, (*_some_files(samples), *more))


def _some_files(samples: Any) -> tuple[Path, ...]:
    """The media folders of a dataset, and all files of one sample, with its image where one is."""
    collection, stages = fo_internals.collection(samples), working_set.pipeline(samples)
    with_image = {"$match": {fields.IMAGE_MISSING: {"$ne": True}}}
    for chosen in ([*stages, with_image], stages):
        for document in collection.aggregate([*chosen, {"$limit": 1}], allowDiskUse=True):
            return tuple(dict.fromkeys([*media_dirs(store.info(samples)), *_paths(document)]))
    return ()


def _paths(value: Any) -> Iterator[Path]:
    """The absolute paths in a document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _paths(each)
    elif isinstance(value, str) and value.startswith("/"):
        yield Path(value)
