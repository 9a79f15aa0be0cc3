"""Copies a dataset's media to an object store, so that other machines can fetch them.

The App shows local files, so media are written to a local folder in any case. Those that samples
refer to are then copied to the store, and those that are missing locally are copied from there. A
file that was written for a sample is not changed later, so each file is copied once.

::

    CACHE/media/NAME-ID/masks/...       on each machine
    ADDRESS/NAME-ID/masks/...           in the store, for each dataset with this address
    ADDRESS/.pairlens                   a marker, which also shows that the store is writable
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
"""Timeout in seconds for sending a file while a reviewer waits."""

_TABLES = (".csv", ".tsv", ".tab", ".json", ".jsonl", ".parquet")
"""Suffixes of tables; files in the folder of a published table count as published too."""

A = TypeVar("A")


@dataclass
class Exchange:
    """The result of exchanging files between this machine and a store.

    Attributes:
        store: address of the store; ``""`` if the dataset has none
        sent: number of files that were copied to the store
        fetched: number of files that were copied from the store
        lacking: number of files that samples refer to and that exist neither here nor in the store
        differing: number of files whose content here differs from that in the store
        lacks, differs: path of one lacking and of one differing file; ``""`` if there is none
    """

    store: str = ""
    sent: int = 0
    fetched: int = 0
    lacking: int = 0
    differing: int = 0
    lacks: str = ""
    differs: str = ""


def check_apart(given: Given, root: Path | str) -> None:
    """Validates that media are not copied to a folder of published files in an object store.

    The listing of the published files identifies their version, so added objects would change it.

    Args:
        given: the user's choice for media
        root: folder or address of the published files

    Raises:
        UsageError: if the address for media is in the published files
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
    """Copies media that are only on this machine to the store, and media that are only there here.

    Only files that samples or the change log refer to are copied.

    Args:
        dataset: a dataset that PairLens imported; nothing is done if it has no store
        progress: called with files copied and files to copy

    Raises:
        StateError: if the store cannot be reached or refuses, or a file cannot be written
    """
    address = str(store.info(dataset).get(STORE) or "")
    done = Exchange(address)
    if not address:
        return done
    own = media_dir(dataset)
    # A clone has files in the folder of its original, which is in the cache as well.
    folders = [folder for folder in media_dirs(store.info(dataset)) if folder.parent == own.parent]
    try_all(
        partial(_exchange, dataset, folder, f"{address}/{folder.name}", done, progress)
        for folder in folders
    )
    return done


def try_all(works: Iterable[Callable[[], object]]) -> None:
    """Calls all functions even if some fail, and then raises the first error.

    So files are fetched even if the credentials do not allow to write, and sent even if the disk
    is full.
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
    """Copies new files of a dataset to its store, if it has one, during a review.

    If the store does not answer within :data:`_IN_A_REVIEW` seconds, a warning is issued, and the
    next step that writes media sends the files.

    Args:
        dataset: a dataset that PairLens imported
        files: paths; those that are not in the dataset's own media folder are ignored
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
        stored = objects_below(address)
    local = {name for name in named if (folder / name).is_file()}
    to_send, to_fetch = sorted(local - stored.keys()), sorted((named - local) & stored.keys())
    _count(done, folder, address, local, stored, named - local - stored.keys())
    total, copied = len(to_send) + len(to_fetch), count(1)
    advance = lambda: progress(next(copied), total)  # noqa: E731
    objects = [stored[name] for name in to_fetch]
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
    local: set[str],
    stored: Mapping[str, StoredObject],
    lacking: set[str],
) -> None:
    """Counts the lacking and the differing files, which are not copied."""
    both = sorted(local & stored.keys())
    differing = [name for name in both if _differs(address, folder / name, stored[name])]
    done.lacking, done.differing = done.lacking + len(lacking), done.differing + len(differing)
    done.lacks = done.lacks or next((str(folder / name) for name in sorted(lacking)), "")
    done.differs = done.differs or next((str(folder / name) for name in differing), "")


def _differs(address: str, file: Path, one: StoredObject) -> bool:
    """Whether a file and its copy differ in size, or if the file is newer, in content."""
    facts = file.stat()
    if facts.st_size != one.size or facts.st_mtime < one.changed + 1:
        return facts.st_size != one.size
    with open(file, "rb") as stream:
        if hashlib.file_digest(stream, "md5").hexdigest() == one.md5:
            return False
    # The MD5 can differ or be missing although the content is equal, as in an encrypted store.
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
    with explaining_write_errors(folder):  # a clone's folder may be that of its original
        add_owner(folder, source_line())
    with object_cache.room(folder, address, sum(one.size for one in objects)):
        for _ in _each(partial(_fetch, Copier(address), folder), objects):
            done.fetched += 1
            advance()


@contextmanager
def _kept(dataset: Any) -> Iterator[None]:
    """Adds to errors of sending that the files are kept, and how to send them later."""
    try:
        yield
    except StateError as error:
        raise StateError(
            f"{error}; what was made stays on this machine, and pairlens sync {dataset.name} sends "
            "it later"
        ) from error


def _each(work: Callable[[A], None], items: Sequence[A]) -> Iterator[A]:
    """Calls a function with all items in parallel; yields each item when it is done."""
    for outcome in map_items(work, items, workers=object_cache.AT_ONCE):
        outcome.unwrap()
        yield outcome.item


def _fetch(copier: Copier, folder: Path, one: StoredObject) -> None:
    copier.copy(one, folder / one.name)


def _named(dataset: Any, folder: Path) -> set[str]:
    """Returns the files in a folder that samples or the change log refer to, relative to it."""
    # Raw documents are searched, as in media_folders, so that no field is overlooked.
    start = re.escape(os.fsencode(f"{folder}/"))
    pattern = re.compile(rb"\x02[^\0]+\0.{4}" + start + rb"([^\0]+)\0", re.DOTALL)
    names = {os.fsdecode(name) for part in _stored(dataset) for name in pattern.findall(part)}
    return {name for name in names if not name_refusal(name)}


def _stored(dataset: Any) -> Iterator[bytes]:
    dataset_id = fo_internals.dataset_id(dataset)
    for _, batches in fo_internals.stored_bytes({"_id": dataset_id}):
        yield from batches
    yield from fo_internals.database()[fields.CHANGES].find_raw_batches({"dataset_id": dataset_id})
