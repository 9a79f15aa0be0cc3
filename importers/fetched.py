"""The cache of what was fetched from object stores: each object once, within a bound of bytes.

A folder of the cache holds a version of what lies at an address and is not changed again: when
objects changed since, the next fetch makes another folder, with links to the files that did not
change. So a dataset keeps the files that it was imported from. Folders that no dataset names are
removed, the longest unused first, where room is needed.

::

    CACHE/ADDRESS-DIGEST/VERSION/content/...
                                 listing.jsonl   what the files are
                                 .using-PROCESS  who reads it, though no dataset does yet
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from pairlens.importers import owners
from pairlens.importers.errors import OnNote, StateError, UsageError
from pairlens.importers.files import MARKER, add_owner, lines, safe_name, write_atomic
from pairlens.importers.object_stores import Copier, Listing, StoredObject, list_objects
from pairlens.importers.parallel import Progress, map_items
from pairlens.importers.source_files import reason_of

CACHE_VARIABLE = "PAIRLENS_CACHE"
"""Names the folder of the cache."""

BOUND_VARIABLE = "PAIRLENS_CACHE_GB"
"""How many GB (of 10^9 bytes) the cache may hold."""

BOUND_GB = 100.0

AT_ONCE = 16
"""Objects; each is waited for most of the time."""

_CONTENT, _LISTING, _LOCK, _USING = "content", "listing.jsonl", ".lock", ".using-"
_MOST_LINE = 1 << 14
_WEEK = 7 * 24 * 3600
"""Seconds after which a process of another machine is taken to have ended."""


def cache_folder() -> Path:
    """The folder of the cache."""
    given = os.environ.get(CACHE_VARIABLE)
    if given:
        return Path(given).expanduser().absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "pairlens"


def bound_bytes() -> int:
    """How many bytes the cache may hold.

    Raises:
        UsageError: if the setting is no number above 0
    """
    text = os.environ.get(BOUND_VARIABLE) or str(BOUND_GB)
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e9:
        raise UsageError(f"{BOUND_VARIABLE} is {text!r}; give a number of GB above 0")
    return int(number * 1e9)


def fetch(
    address: str,
    wanted: Callable[[Sequence[str]], list[str]],
    owner: str,
    on_note: OnNote,
    progress: Progress,
) -> Path:
    """Fetches the needed objects at an address that are not in the cache.

    Args:
        address: as :func:`pairlens.importers.object_stores.plain_address` gives it
        wanted: picks from the names of the objects
        owner: line of the folder's marker; ``""`` where no dataset is made of it
        on_note: receives remarks on the objects
        progress: called with objects fetched and objects to fetch

    Returns:
        the folder of that version, or the archive or table in it that the address is of

    Raises:
        UsageError: if nothing is there
        StateError: if it cannot be reached, nothing of it is needed, or there is no room for it
    """
    listing = list_objects(address, on_note)
    names = list(listing.objects)
    chosen = names if listing.asked else wanted(names)
    if not chosen:
        raise StateError(f"{address} has no file of what was asked for")
    place = _place(listing)
    try:
        with _locked(place.parent.parent):
            _begin(place, owner)
    except OSError as error:
        raise StateError(
            f"{place} cannot be made ({reason_of(error)}); name another with {CACHE_VARIABLE}"
        ) from error
    objects = [listing.objects[name] for name in chosen]
    _link_known(place, objects)
    missing = [one for one in objects if not _is_there(place, one)]
    _make_room(place, address, sum(one.size for one in missing))
    if missing:
        _copy(listing, missing, place, progress)
    return place / _CONTENT / listing.asked


def _place(listing: Listing) -> Path:
    told_apart = hashlib.sha256(listing.address.encode()).hexdigest()[:12]
    name = f"{safe_name(listing.address.partition('://')[2])[:60]}-{told_apart}"
    return cache_folder() / name / listing.digest


def _begin(place: Path, owner: str) -> None:
    """Makes the folder of a version, and says that this process reads it."""
    (place / _CONTENT).mkdir(parents=True, exist_ok=True)
    if owner:
        add_owner(place, owner)
    (place / MARKER).touch()  # whose time tells when it was used last
    (place / f"{_USING}{owners.this_process()}").touch()


def _copy(listing: Listing, missing: list[StoredObject], place: Path, progress: Progress) -> None:
    _write_listing(place, listing)
    work = partial(_copy_one, Copier(listing.address), place / _CONTENT)
    for done, outcome in enumerate(map_items(work, missing, workers=AT_ONCE), 1):
        outcome.unwrap()
        progress(done, len(missing))


def _copy_one(copier: Copier, content: Path, one: StoredObject) -> None:
    copier.copy(one, content / one.name)


def _is_there(place: Path, one: StoredObject) -> bool:
    file = place / _CONTENT / one.name
    return file.is_file() and file.stat().st_size == one.size


def _write_listing(place: Path, listing: Listing) -> None:
    rows = (json.dumps([one.name, one.size, one.version]) for one in listing.objects.values())
    try:
        write_atomic(place / _LISTING, "".join(f"{row}\n" for row in rows).encode())
    except OSError as error:
        raise StateError(f"cannot write to {place} ({reason_of(error)})") from error


def _link_known(place: Path, objects: Sequence[StoredObject]) -> None:
    """Links the files of other versions that are files of this one too."""
    lacking = {one.name: one for one in objects if not _is_there(place, one)}
    for other in _versions(place.parent) if lacking else ():
        if other == place or not (other / _LISTING).is_file():
            continue
        for line in lines(other / _LISTING, _MOST_LINE):
            with suppress(ValueError, OSError):  # a file system without links fetches anew
                name, size, version = json.loads(line)
                one = lacking.get(name)
                if one and (size, version) == (one.size, one.version) and _is_there(other, one):
                    file = place / _CONTENT / name
                    file.parent.mkdir(parents=True, exist_ok=True)
                    os.link(other / _CONTENT / name, file)


def _versions(folder: Path) -> list[Path]:
    return [one for one in folder.iterdir() if one.is_dir()]


def _make_room(place: Path, address: str, needed: int) -> None:
    """Removes versions that nobody uses until what is needed finds room.

    Raises:
        StateError: if it does not
    """
    cache, bound = place.parent.parent, bound_bytes()
    room = _room(cache, bound) if needed else 0
    if room >= needed:
        return
    with _locked(cache):
        for folder in _unused(cache, place):
            shutil.rmtree(folder / _CONTENT, ignore_errors=True)
            shutil.rmtree(folder, ignore_errors=True)
            with suppress(OSError):  # it holds other versions
                folder.parent.rmdir()
            if (room := _room(cache, bound)) >= needed:
                break
    if room < needed:
        raise StateError(
            f"{address} has {_gb(needed)} to fetch, and the cache {cache} has room for "
            f"{_gb(max(0, room))} beside what datasets use; give it more with {BOUND_VARIABLE}, "
            f"another disk with {CACHE_VARIABLE}, or import a split"
        )


def _gb(size: int) -> str:
    return f"{size / 1e9:,.3f} GB"


def _room(cache: Path, bound: int) -> int:
    return min(bound - held_bytes(cache), shutil.disk_usage(cache).free)


def held_bytes(cache: Path) -> int:
    """Bytes of the files in the cache, each counted once however often it is linked."""
    sizes: dict[int, int] = {}
    for folder, _, names in os.walk(cache):
        for name in names:
            with suppress(FileNotFoundError):
                facts = os.lstat(os.path.join(folder, name))  # noqa: PTH118 - of millions of files
                sizes[facts.st_ino] = facts.st_size
    return sum(sizes.values())


def _unused(cache: Path, but: Path) -> Iterator[Path]:
    """The versions that no dataset and no process uses, the longest unused first."""
    from pairlens.importers.media_folders import unused_of  # imports FiftyOne

    folders = (one for address in _versions(cache) for one in _versions(address))
    there = [one for one in folders if one != but and (one / MARKER).is_file()]
    free = [one for one in there if not _is_read(one)]
    yield from sorted(unused_of(free), key=lambda one: (one / MARKER).stat().st_mtime)


def _is_read(folder: Path) -> bool:
    """Whether a process that has not ended reads a version."""
    for mark in folder.glob(f"{_USING}*"):
        old = time.time() - mark.stat().st_mtime > _WEEK
        if not old and not owners.is_dead(mark.name.removeprefix(_USING)):
            return True
        mark.unlink(missing_ok=True)
    return False


@contextmanager
def _locked(cache: Path) -> Iterator[None]:
    """Keeps other processes from removing what this one is about to use."""
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / _LOCK, "w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
