"""A cache of bounded size for objects that were fetched from object stores.

There is one folder for each version of the objects at an address. If objects have changed when they
are fetched again, a new folder is made, with hard links to the files that did not change. So a
dataset keeps the files that it was imported from. If the cache is full, folders that no dataset
uses are deleted, least recently used first.

::

    CACHE/ADDRESS-DIGEST/VERSION/content/...     the fetched files
                                 listing.jsonl   name, size and version of each object
                                 .using-PROCESS  marks a process that uses the folder though no
                                                 dataset does yet; contains the size in bytes that
                                                 the folder will have
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from pairlens.importers import process_ids
from pairlens.importers.cache import (
    BOUND_VARIABLE,
    CACHE_VARIABLE,
    bound_bytes,
    cache_folder,
    held_bytes,
)
from pairlens.importers.errors import OnNote, StateError
from pairlens.importers.files import MARKER, add_owner, lines, safe_name, write_atomic
from pairlens.importers.object_stores import Copier, Listing, StoredObject, list_objects
from pairlens.importers.parallel import Progress, map_items
from pairlens.importers.source_files import reason_of

AT_ONCE = 16
"""Objects that are transferred at the same time; most of the time is spent on waiting."""

_CONTENT, _LISTING, _LOCK, _USING = "content", "listing.jsonl", ".lock", ".using-"
_MOST_LINE = 1 << 14
_WEEK = 7 * 24 * 3600
"""Seconds after which a process on another machine counts as ended."""


def fetch(
    address: str,
    wanted: Callable[[Sequence[str]], list[str]],
    owner: str,
    on_note: OnNote,
    progress: Progress,
) -> Path:
    """Fetches the needed objects at an address that are not in the cache.

    Args:
        address: as :func:`pairlens.importers.object_stores.plain_address` returns it
        wanted: selects the needed ones from the names of all objects
        owner: line for the folder's marker; ``""`` if no dataset is made from the files
        on_note: receives notes on objects that are left out
        progress: called with objects fetched and objects to fetch

    Returns:
        the folder of the version, or the file in it if the address is of a single object

    Raises:
        UsageError: if there is nothing at the address
        StateError: if the store cannot be reached, no object is needed, or there is no room
    """
    listing = list_objects(address, on_note)
    names = list(listing.objects)
    chosen = names if listing.asked else wanted(names)
    if not chosen:
        raise StateError(f"{address} has no file of what was asked for")
    place = _place(listing)
    with _writing(place), _locked(place.parent.parent):
        _begin(place, owner)
    objects = [listing.objects[name] for name in chosen]
    _link_known(place, objects)
    missing = [one for one in objects if not _is_there(place, one)]
    if missing:
        with room(place, address, sum(one.size for one in missing)):
            _copy(listing, missing, place, progress)
    return place / _CONTENT / listing.asked


def _place(listing: Listing) -> Path:
    """Returns the folder of a version."""
    digest = hashlib.sha256(listing.address.encode()).hexdigest()[:12]
    name = f"{safe_name(listing.address.partition('://')[2])[:60]}-{digest}"
    return cache_folder() / name / listing.digest


def _begin(place: Path, owner: str) -> None:
    """Creates the folder of a version, and marks it as used by this process."""
    (place / _CONTENT).mkdir(parents=True, exist_ok=True)
    if owner:
        add_owner(place, owner)
    (place / MARKER).touch()  # its time of change is the time of the last use
    _mark(place).touch()


@contextmanager
def _writing(place: Path) -> Iterator[None]:
    """Turns errors of writing to the cache into :class:`StateError`."""
    try:
        yield
    except OSError as error:
        raise StateError(
            f"{place} cannot be written to ({reason_of(error)}); name another with {CACHE_VARIABLE}"
        ) from error


def _copy(listing: Listing, missing: list[StoredObject], place: Path, progress: Progress) -> None:
    _write_listing(place, listing)
    work = partial(_copy_one, Copier(listing.address), place / _CONTENT)
    for done, outcome in enumerate(map_items(work, missing, workers=AT_ONCE), 1):
        outcome.unwrap()
        progress(done, len(missing))


def _copy_one(copier: Copier, content: Path, one: StoredObject) -> None:
    copier.copy(one, content / one.name)


def _is_there(place: Path, one: StoredObject) -> bool:
    """Whether an object was fetched and its file was not written to since.

    A fetched file has the object's time of change.
    """
    file = place / _CONTENT / one.name
    if not file.is_file() or (facts := file.stat()).st_size != one.size:
        return False
    return not one.changed or facts.st_mtime < one.changed + 1


def _write_listing(place: Path, listing: Listing) -> None:
    rows = (json.dumps([one.name, one.size, one.version]) for one in listing.objects.values())
    with _writing(place):
        write_atomic(place / _LISTING, "".join(f"{row}\n" for row in rows).encode())


def _link_known(place: Path, objects: Sequence[StoredObject]) -> None:
    """Links files of other versions of the address whose objects did not change."""
    lacking = {one.name: one for one in objects if not _is_there(place, one)}
    for other in _versions(place.parent) if lacking else ():
        if other != place:
            with suppress(OSError):  # another process may delete it
                _link_from(other, place, lacking)


def _link_from(other: Path, place: Path, lacking: Mapping[str, StoredObject]) -> None:
    for line in lines(other / _LISTING, _MOST_LINE):
        with suppress(ValueError, OSError):  # a file that cannot be linked is fetched again
            name, size, version = json.loads(line)
            one = lacking.get(name)
            if one and (size, version) == (one.size, one.version) and _is_there(other, one):
                file = place / _CONTENT / name
                file.parent.mkdir(parents=True, exist_ok=True)
                os.link(other / _CONTENT / name, file)


def _versions(folder: Path) -> list[Path]:
    """Returns the folders in a folder."""
    return [entry for entry in folder.iterdir() if entry.is_dir()]


@contextmanager
def room(place: Path, address: str, needed: int) -> Iterator[None]:
    """Reserves room in a cache within the context, deleting unused folders if necessary.

    Args:
        place: the folder that files are fetched into, two levels below the cache
        address: where the files come from, for messages
        needed: their size in bytes

    Raises:
        StateError: if there is not enough room
    """
    cache = place.parent.parent
    with _writing(cache), _locked(cache):
        place.mkdir(parents=True, exist_ok=True)
        found = _make_room(cache, place, needed)
        if found >= needed:
            _mark(place).write_text(str(held_bytes(place) + needed), "utf-8")
    if found < needed:
        raise StateError(
            f"{address} has {_gb(needed)} to fetch, and the cache {cache} has room for "
            f"{_gb(max(0, found))} beside what datasets and other processes use; give it more with "
            f"{BOUND_VARIABLE}, another disk with {CACHE_VARIABLE}, or import a split"
        )
    try:
        yield
    finally:
        with suppress(OSError):
            _mark(place).write_text("", "utf-8")


def _make_room(cache: Path, place: Path, needed: int) -> int:
    """Deletes unused folders until there is room, and returns the free bytes, perhaps too few."""
    bound = bound_bytes()
    others = _promised(cache, place, needed)
    found = _free(cache, bound) - others
    for folder in _unused(cache, place) if found < needed else ():
        shutil.rmtree(folder / _CONTENT, ignore_errors=True)
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # it has other versions
            folder.parent.rmdir()
        if (found := _free(cache, bound) - others) >= needed:
            break
    return found


def _promised(cache: Path, place: Path, needed: int) -> int:
    """Returns the bytes that other processes have reserved and not fetched yet."""
    total = 0
    for folder in _folders(cache):
        marks = [mark for mark in folder.glob(f"{_USING}*") if mark != _mark(place)]
        whole = max((_number(mark) for mark in marks if _is_living(mark)), default=0)
        lacking = max(0, whole - held_bytes(folder)) if whole else 0
        # Two processes that fetch into the same folder mostly fetch the same files.
        total += max(0, lacking - needed) if folder == place else lacking
    return total


def _number(mark: Path) -> int:
    """Returns the size in the mark of a process; 0 if it has reserved nothing."""
    with suppress(ValueError, OSError):
        return int(mark.read_text("utf-8"))
    return 0


def _gb(size: int) -> str:
    return f"{size / 1e9:,.3f} GB"


def _free(cache: Path, bound: int) -> int:
    return min(bound - held_bytes(cache), shutil.disk_usage(cache).free)


def _unused(cache: Path, but: Path) -> Iterator[Path]:
    """Yields the folders that no dataset and no process uses, least recently used first."""
    from pairlens.importers.media_folders import unused_of  # imports FiftyOne

    marked = [f for f in _folders(cache) if f != but and (f / MARKER).is_file()]
    free = [folder for folder in marked if not _is_read(folder)]
    yield from sorted(unused_of(free), key=lambda folder: (folder / MARKER).stat().st_mtime)


def _folders(cache: Path) -> list[Path]:
    """Returns the folders of all versions, and media folders, which have the same depth."""
    return [folder for address in _versions(cache) for folder in _versions(address)]


def _is_read(folder: Path) -> bool:
    """Whether a running process uses a folder; deletes the marks of processes that have ended."""
    for mark in folder.glob(f"{_USING}*"):
        if _is_living(mark):
            return True
        mark.unlink(missing_ok=True)
    return False


def _is_living(mark: Path) -> bool:
    old = time.time() - mark.stat().st_mtime > _WEEK
    return not old and not process_ids.is_dead(mark.name.removeprefix(_USING))


def _mark(place: Path) -> Path:
    return place / f"{_USING}{process_ids.this_process()}"


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """Locks the cache within the context, so that no other process deletes folders of it."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / _LOCK, "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
