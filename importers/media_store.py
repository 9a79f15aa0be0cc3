"""Copies of a dataset's media in an object store, from which its other machines get them.

The App shows files of the machine that it runs on, and samples name these. So media are written to
a folder here as ever; what samples name of it is copied to the store, and what they name that is
not here is copied from there. A file that was written for a sample is not written to again, so its
copy is made once, and a store takes an object whole or not at all.

::

    CACHE/media/NAME-ID/masks/...       on each machine
    ADDRESS/NAME-ID/masks/...           in the store, of all datasets that were given the address
    ADDRESS/.pairlens                   written to see whether it can be
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pairlens.importers import fetched, fields, fo_internals, store
from pairlens.importers.errors import StateError
from pairlens.importers.files import add_owner
from pairlens.importers.media_folders import STORE, media_dir, media_dirs, source_line
from pairlens.importers.member_names import name_refusal
from pairlens.importers.object_stores import (
    Copier,
    StoredObject,
    objects_below,
    open_store,
    put,
)
from pairlens.importers.parallel import Progress, map_items, no_progress

_IN_A_REVIEW = 10
"""Seconds."""

A = TypeVar("A")


@dataclass
class Exchange:
    """What came of bringing a machine and a store together.

    Attributes:
        store: the address; ``""`` where a dataset has none
        sent, fetched: files that were copied to the store, and from there
        lacking: files that samples name and that are neither here nor there
        differing: files that are another here than there, by their size
    """

    store: str = ""
    sent: int = 0
    fetched: int = 0
    lacking: int = 0
    differing: int = 0


def exchange(dataset: Any, progress: Progress = no_progress) -> Exchange:
    """Copies what samples name and is on one side alone to the other: here, or in the store.

    Args:
        dataset: that PairLens imported; one without a store is left alone
        progress: called with files copied and files to copy

    Raises:
        StateError: if the store cannot be reached or refuses, or a file cannot be written
    """
    address = str(store.info(dataset).get(STORE) or "")
    done = Exchange(address)
    if not address:
        return done
    own = media_dir(dataset)
    # Of a clone, what was there before lies in the folder of another dataset.
    for folder in media_dirs(store.info(dataset)):
        if folder.parent == own.parent:
            _exchange(dataset, folder, f"{address}/{folder.name}", done, progress)
    return done


def send(dataset: Any, files: Iterable[str]) -> None:
    """Copies new files of a dataset to its store, if it has one.

    A store that does not answer holds a reviewer up for some seconds, and there is a warning: the
    next step that writes media sends what the store lacks.

    Args:
        dataset: that PairLens imported
        files: their paths; those that are not in the dataset's own folder are left out
    """
    wanted = set(files)
    address = store.info(dataset).get(STORE) if wanted else None
    if not address:
        return
    folder = media_dir(dataset)
    own = [Path(file) for file in sorted(wanted) if file.startswith(f"{folder}/")]
    try:
        with _kept(dataset):
            target = open_store(address)
            names = {file: f"{address}/{folder.name}/{file.relative_to(folder)}" for file in own}
            _each(lambda f: put(names[f], f, target, _IN_A_REVIEW), own, lambda count: None)
    except StateError as error:
        warnings.warn(str(error), stacklevel=2)


def _exchange(dataset: Any, folder: Path, address: str, done: Exchange, progress: Progress) -> None:
    named = _named(dataset, folder)
    with _kept(dataset):
        there = objects_below(address)
    here = {name for name in named if (folder / name).is_file()}
    to_send, to_fetch = sorted(here - there.keys()), sorted((named - here) & there.keys())
    done.sent, done.fetched = done.sent + len(to_send), done.fetched + len(to_fetch)
    done.lacking += len(named - here - there.keys())
    both = here & there.keys()
    done.differing += sum((folder / name).stat().st_size != there[name].size for name in both)
    total = len(to_send) + len(to_fetch)
    target = open_store(address)
    with _kept(dataset):
        _each(
            lambda name: put(f"{address}/{name}", folder / name, target),
            to_send,
            lambda count: progress(count, total),
        )
    if to_fetch:
        add_owner(folder, source_line())  # of a clone, it is made for another dataset
        objects = [there[name] for name in to_fetch]
        with fetched.room(folder, address, sum(one.size for one in objects)):
            copy = partial(_fetch, Copier(address), folder)
            _each(copy, objects, lambda count: progress(len(to_send) + count, total))


@contextmanager
def _kept(dataset: Any) -> Iterator[None]:
    """Says of what could not be sent what becomes of it."""
    try:
        yield
    except StateError as error:
        raise StateError(
            f"{error}; what was made stays on this machine, and pairlens sync {dataset.name} sends "
            "it later"
        ) from error


def _each(work: Callable[[A], None], items: Sequence[A], progress: Callable[[int], None]) -> None:
    for count, outcome in enumerate(map_items(work, items, workers=fetched.AT_ONCE), 1):
        outcome.unwrap()
        progress(count)


def _fetch(copier: Copier, folder: Path, one: StoredObject) -> None:
    copier.copy(one, folder / one.name)


def _named(dataset: Any, folder: Path) -> set[str]:
    """The files in a folder that samples and the log of changes name, by their paths in it."""
    # As of media_folders: strings of stored documents, so that no field is overlooked.
    start = re.escape(os.fsencode(f"{folder}/"))
    pattern = re.compile(rb"\x02[^\0]+\0.{4}" + start + rb"([^\0]+)\0", re.DOTALL)
    names = {os.fsdecode(name) for part in _stored(dataset) for name in pattern.findall(part)}
    return {name for name in names if not name_refusal(name)}


def _stored(dataset: Any) -> Iterator[bytes]:
    dataset_id = fo_internals.dataset_id(dataset)
    for _, batches in fo_internals.stored_bytes({"_id": dataset_id}):
        yield from batches
    yield from fo_internals.database()[fields.CHANGES].find_raw_batches({"dataset_id": dataset_id})
