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

import filecmp
import hashlib
import os
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from pairlens.importers import fields, fo_internals, object_cache, store
from pairlens.importers.errors import PairLensError, StateError, UsageError
from pairlens.importers.files import add_owner, explaining_write_errors
from pairlens.importers.media_folders import (
    STORE,
    Given,
    given_store,
    media_dir,
    media_dirs,
    source_line,
)
from pairlens.importers.member_names import name_refusal
from pairlens.importers.object_stores import (
    Copier,
    StoredObject,
    is_address,
    objects_below,
    open_store,
    plain_address,
    put,
)
from pairlens.importers.parallel import Progress, map_items, no_progress

_IN_A_REVIEW = 10
"""Seconds."""

_TABLES = (".csv", ".tsv", ".tab", ".json", ".jsonl", ".parquet")
"""Of these, what lies beside one is published with it."""

A = TypeVar("A")


@dataclass
class Exchange:
    """What came of bringing a machine and a store together.

    Attributes:
        store: the address; ``""`` where a dataset has none
        sent, fetched: files that were copied to the store, and from there
        lacking: files that samples name and that are neither here nor there
        differing: files that are another here than there
        lacks, differs: one of each; ``""`` where there is none
    """

    store: str = ""
    sent: int = 0
    fetched: int = 0
    lacking: int = 0
    differing: int = 0
    lacks: str = ""
    differs: str = ""


def check_apart(given: Given, root: Path | str) -> None:
    """Validates that media do not go among the published files in an object store.

    These would be other ones from then on: what lies there tells one version from the next.

    Args:
        given: where media are to go
        root: what is imported

    Raises:
        UsageError: if they would
    """
    address, root = given_store(given), str(root)
    if not address or not is_address(root):
        return
    source = plain_address(root)
    source = source.rpartition("/")[0] if source.endswith(_TABLES) else source
    if f"{address}/".startswith(f"{source}/"):
        raise UsageError(
            f"media cannot go to {address}, which is among the published files; give an address "
            "beside them"
        )


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
    folders = [one for one in media_dirs(store.info(dataset)) if one.parent == own.parent]
    try_all(
        partial(_exchange, dataset, folder, f"{address}/{folder.name}", done, progress)
        for folder in folders
    )
    return done


def try_all(works: Iterable[Callable[[], object]]) -> None:
    """Does all that can be done, and raises what the first of the others did.

    A key that may only read fetches, and a full disk does not keep what is on it from being sent.
    """
    failed: list[PairLensError] = []
    for work in works:
        try:
            work()
        except PairLensError as error:
            failed.append(error)
    if failed:
        raise failed[0]


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
            for _ in _each(lambda f: put(names[f], f, target, _IN_A_REVIEW), own):
                pass
    except StateError as error:
        warnings.warn(str(error), stacklevel=2)


def _exchange(dataset: Any, folder: Path, address: str, done: Exchange, progress: Progress) -> None:
    named = _named(dataset, folder)
    with _kept(dataset):
        there = objects_below(address)
    here = {name for name in named if (folder / name).is_file()}
    to_send, to_fetch = sorted(here - there.keys()), sorted((named - here) & there.keys())
    _count(done, folder, address, here, there, named - here - there.keys())
    total, copied = len(to_send) + len(to_fetch), count(1)
    advance = lambda: progress(next(copied), total)  # noqa: E731
    objects = [there[name] for name in to_fetch]
    try_all(
        (
            partial(_send_all, dataset, folder, address, to_send, done, advance),
            partial(_fetch_all, folder, address, objects, done, advance),
        )
    )


def _count(
    done: Exchange,
    folder: Path,
    address: str,
    here: set[str],
    there: Mapping[str, StoredObject],
    lacking: set[str],
) -> None:
    """Counts the files that copying does not help."""
    both = sorted(here & there.keys())
    differing = [one for one in both if _differs(address, folder / one, there[one])]
    done.lacking, done.differing = done.lacking + len(lacking), done.differing + len(differing)
    done.lacks = done.lacks or next((str(folder / one) for one in sorted(lacking)), "")
    done.differs = done.differs or next((str(folder / one) for one in differing), "")


def _differs(address: str, file: Path, one: StoredObject) -> bool:
    """Whether a file and its copy differ: in size, or where it was written to since, in content."""
    facts = file.stat()
    if facts.st_size != one.size or facts.st_mtime < one.changed + 1:
        return facts.st_size != one.size
    with open(file, "rb") as stream:
        if hashlib.file_digest(stream, "md5").hexdigest() == one.md5:
            return False
    # The clocks differ, and the store tells another digest of what it encrypts.
    with TemporaryDirectory(prefix="pairlens-copy-") as made:
        Copier(address).copy(one, copy := Path(made) / "copy")
        return not filecmp.cmp(file, copy, shallow=False)


def _send_all(
    dataset: Any,
    folder: Path,
    address: str,
    names: Sequence[str],
    done: Exchange,
    advance: Callable[[], None],
) -> None:
    target = open_store(address)
    with _kept(dataset):
        for _ in _each(lambda name: put(f"{address}/{name}", folder / name, target), names):
            done.sent += 1
            advance()


def _fetch_all(
    folder: Path,
    address: str,
    objects: Sequence[StoredObject],
    done: Exchange,
    advance: Callable[[], None],
) -> None:
    if not objects:
        return
    with explaining_write_errors(folder):  # of a clone, it is made for another dataset
        add_owner(folder, source_line())
    with object_cache.room(folder, address, sum(one.size for one in objects)):
        for _ in _each(partial(_fetch, Copier(address), folder), objects):
            done.fetched += 1
            advance()


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


def _each(work: Callable[[A], None], items: Sequence[A]) -> Iterator[A]:
    """Does something with items at once; yields each that it is done with."""
    for outcome in map_items(work, items, workers=object_cache.AT_ONCE):
        outcome.unwrap()
        yield outcome.item


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
