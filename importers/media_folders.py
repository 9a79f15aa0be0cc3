"""The folders that PairLens makes for datasets: whose one is, and when one may be deleted.

A folder belongs to a dataset by the dataset's id in one database, which its marker names: a
clone, a dataset of the same name in another database and one that was read back from an export
get folders of their own as soon as something is written for them. Folders are named after their
datasets for people alone.

Labels name files by path, and whatever copies a label does not copy its file. So a folder is
deleted only when no document of the database mentions it and no other database has used it.

A dataset whose media have copies in an object store (:mod:`pairlens.importers.media_store`) has its
folder in the cache, with its id in the name: on every machine that has its cache at the same path
that is the same folder, and nobody else's.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Collection, Iterator, Sequence
from functools import lru_cache
from itertools import count
from pathlib import Path
from typing import Any

import fiftyone as fo
from bson import ObjectId
from bson.errors import InvalidId

from pairlens.importers import fo_internals, object_stores, store
from pairlens.importers.cache import CACHE_VARIABLE, cache_folder
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.files import MARKER, add_owner, owners_of, safe_name

EARLIER = "earlier_media_dirs"
"""Key in PairLens' info: media folders of others in which some of the dataset's files lie."""

STORE = "media_store"
"""Key in PairLens' info: the address in an object store under which media have copies."""

Given = Path | str | None
"""Where media are to go: a folder, or the address of an object store as text."""

_PATHS = re.compile(rb"\x02[^\0]+\0.{4}(/[^\0]*)\0", re.DOTALL)
"""Strings of a stored document that may be paths: type, name, length, and a text with a slash."""

_FOLDERS = 10_000
"""Folders whose links are remembered."""

_WHOSE = b"PairLens keeps copies of media here, those of each dataset in a folder of its own.\n"
"""What an object at the address says."""

_SHARED = "media"
"""The folder in the cache of media that have copies in an object store."""

_DATABASE, _DATASET = "database ", " dataset "


def media_root() -> Path:
    """Where media folders and unpacked archives are by default.

    FiftyOne replaces and deletes folders in this one's parent by the names of zoo datasets,
    which it looks for in all folders that are not hidden.
    """
    return Path(str(fo.config.default_dataset_dir)) / ".pairlens"


def given_folder(given: Given) -> Path | None:
    """The folder that was given for media; ``None`` for an object store, or if none was given.

    Raises:
        UsageError: for the address of an object store as a :class:`Path`
    """
    if given is None or object_stores.is_address(str(given)):
        return None
    if isinstance(given, Path) and given.parts[:1] in (("s3:",), ("gs:",)):
        raise UsageError(f"{given} is an address as a path, which loses a slash; give it as text")
    return Path(object_stores.local_path(str(given))).expanduser().absolute()


def given_store(given: Given) -> str:
    """The address of the object store that is given for media; ``""`` where none is."""
    if given is None or not object_stores.is_address(str(given)):
        return ""
    return object_stores.plain_address(str(given))


def media_dir(dataset: Any) -> Path:
    """The folder that files of a dataset are written to, and of no other; made if need be."""
    facts = store.info(dataset)
    known = facts.get("media_dir")
    # A clone has the facts of another, whose folder need not be on this machine.
    if known and (not facts.get(STORE) or known.endswith(f"-{fo_internals.dataset_id(dataset)}")):
        folder = Path(known)
        if not folder.exists() or _own_line(dataset) in owners_of(folder):
            return _made(folder, dataset)
    return claim(dataset)


def check_media_dir(given: Given, source: Path) -> None:
    """Validates the folder that is given for a new dataset's media.

    Args:
        given: the folder, if one is, or an address, to which is written what says whose it is
        source: what is imported

    Raises:
        UsageError: if it lies in the source or around it
        StateError: if it holds something else, or the store refuses
    """
    if address := given_store(given):
        object_stores.put(f"{address}/{MARKER}", _WHOSE)
    folder = given_folder(given)
    if folder is None:
        return
    if folder == source or folder in source.parents or source in folder.parents:
        raise UsageError(f"media cannot go to {folder}, which is in or around the source")
    if folder.exists() and not folder.is_dir():
        raise StateError(f"{folder} is a file; choose an empty folder for --media-dir")
    if not (folder / MARKER).is_file():
        if folder.exists() and any(folder.iterdir()):
            raise StateError(f"{folder} is not empty; choose an empty folder for --media-dir")
        return
    for owner in _living_owners(folder):
        raise StateError(f"{folder} holds the media of {owner}; choose another")


def claim(dataset: Any, given: Given = None, name: str = "") -> Path:
    """Gives a dataset a media folder, and stores which.

    Args:
        dataset: any dataset
        given: a folder that :func:`check_media_dir` let pass, or the address of a store; by
            default a new one, with copies in the same store as those of the one before
        name: for the new one; the dataset's by default

    Raises:
        StateError: if the folder cannot be made
    """
    facts = store.info(dataset)
    earlier = [one for one in (*facts.get(EARLIER, ()), facts.get("media_dir")) if one]

    address = given_store(given) or ("" if given else str(facts.get(STORE) or ""))
    stored = {STORE: address} if address or facts.get(STORE) else {}

    def take(folder: Path) -> None:
        others = [one for one in dict.fromkeys(earlier) if one != str(folder)]
        kept = {EARLIER: others} if others else {}
        store.update_info(dataset, media_dir=str(folder), **kept, **stored)

    # Stored before it is made, so that it goes with the dataset of a process that is killed.
    if address:
        take(folder := _shared_folder(name or dataset.name, dataset))
        return _made(folder, dataset)
    if (own := given_folder(given)) is None:
        return _made(_new_folder(name or dataset.name, take), dataset)
    take(_made(own, dataset))
    return own


def _shared_folder(name: str, dataset: Any) -> Path:
    """The folder of media that have copies in an object store."""
    root = cache_folder() / _SHARED
    return root / f"{safe_name(name)[:60]}-{fo_internals.dataset_id(dataset)}"


def media_dirs(facts: dict[str, Any]) -> list[Path]:
    """The folders in which files of a dataset may lie, its own first."""
    return [Path(one) for one in (facts.get("media_dir"), *facts.get(EARLIER, ())) if one]


def is_of(folder: Path, dataset: Any) -> bool:
    """Whether a folder was made for a dataset, be its database elsewhere now."""
    of = f"{_DATASET}{fo_internals.dataset_id(dataset)}"
    owners = owners_of(folder)
    return any(one.endswith(of) for one in owners) or (
        bool(owners) and is_nameless(folder, dataset)
    )


def is_nameless(folder: Path, dataset: Any) -> bool:
    """Whether an older version made a folder, for any dataset of a name, and none has it yet."""
    owners = owners_of(folder)
    nameless = folder.is_dir() and not any(line.startswith(_DATABASE) for line in owners)
    return nameless and _own_line(dataset) not in owners


def source_line() -> str:
    """The line that an unpacked archive's marker has for this database."""
    return f"{_DATABASE}{fo_internals.database_id()}"


def remove_unused(folder: Path, but: Any = None) -> str:
    """Deletes a folder that PairLens made, or one within, unless its files may be in use.

    Args:
        folder: the folder
        but: a dataset whose use does not count, since it is to be deleted

    Returns:
        why it was left, in words; ``""`` where it is gone or not PairLens' own
    """
    if _marked(folder) is None:
        if folder.parent == media_root() and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()  # whoever made it did not come to its mark
        return ""
    if why := why_used(folder, but):
        return f"{folder} was left: {why}"
    for entry in folder.iterdir():  # the mark goes last, without which nobody would delete the rest
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != MARKER:
            entry.unlink()
    shutil.rmtree(folder)
    return ""


def why_used(folder: Path, but: Any = None) -> str:
    """Why the files in a folder that PairLens made, or one within, may be in use.

    Args:
        folder: the folder
        but: a dataset whose use does not count, since it is to be deleted

    Returns:
        the reason in words; ``""`` where nothing in this database uses them
    """
    return _why_used([folder], but)[folder]


def unused_folders() -> list[Path]:
    """The folders where media are by default whose files no dataset uses, sorted.

    Folders without PairLens' mark, links, and those that another database may use are not among
    them.
    """
    root = media_root()
    there = sorted(root.iterdir()) if root.is_dir() else []
    marked = [one for one in there if not one.is_symlink() and (one / MARKER).is_file()]
    return unused_of(marked)


def unused_of(folders: Sequence[Path]) -> list[Path]:
    """Of folders that PairLens made, those whose files no dataset of any database uses."""
    return [folder for folder, why in _why_used(folders).items() if not why]


def _marked(folder: Path) -> Path | None:
    """The folder that PairLens made of a folder and those around it, if one is."""
    around = (one for one in (folder, *folder.parents) if (one / MARKER).is_file())
    return next(around, None) if folder.exists() else None


def _why_used(folders: Sequence[Path], but: Any = None) -> dict[Path, str]:
    """As :func:`why_used` of several folders, with one look at the database for all of them."""
    own = _own_line(but) if but is not None else ""
    reasons = {folder: _why_owned(folder, own) for folder in folders}
    others = [folder for folder, why in reasons.items() if not why]
    name = but.name if but is not None else None
    found = _mentioned(others, but=name) if others else {}
    return reasons | {one: f"dataset {name!r} uses files in it" for one, name in found.items()}


def _why_owned(folder: Path, but: str) -> str:
    marked = _marked(folder)
    if marked is None:
        return "PairLens did not make it"
    if any(not line.startswith(source_line()) for line in owners_of(marked)):
        return "datasets of another database or an older version may use it"
    owners = list(_living_owners(folder, but)) if marked == folder else []
    return f"it is the media folder of {owners[0]}" if owners else ""


def _own_line(dataset: Any) -> str:
    return f"{source_line()}{_DATASET}{fo_internals.dataset_id(dataset)}"


def _made(folder: Path, dataset: Any) -> Path:
    try:
        add_owner(folder, _own_line(dataset))
    except OSError as error:
        raise _cannot_make(folder, error) from error
    return folder


def _cannot_make(folder: Path, error: OSError) -> StateError:
    if folder.parent.name != _SHARED:
        way_out = "name another with --media-dir"
    elif folder.parent == cache_folder() / _SHARED:
        way_out = f"name another with {CACHE_VARIABLE}, which is to be the same on all machines"
    else:
        way_out = (
            "it was made there on another machine; make that path writable here, or give all "
            f"machines one {CACHE_VARIABLE}, and where the files are run pairlens relocate DATASET "
            "--media-dir with the address of the copies"
        )
    return StateError(f"{folder} cannot be made ({error.strerror}); {way_out}")


def _new_folder(name: str, take: Callable[[Path], None]) -> Path:
    """A folder that nobody else has, which is made.

    Args:
        name: what it is named after
        take: called with the folder before it is made
    """
    root, first = media_root(), safe_name(name)
    for number in count(1):
        folder = root / (first if number == 1 else f"{first}-{number}")
        if os.path.lexists(folder):
            continue
        take(folder)
        try:
            root.mkdir(parents=True, exist_ok=True)
            folder.mkdir()
        except FileExistsError:
            if not root.is_dir():
                raise StateError(f"{root} is a file, where media folders are to be") from None
            continue
        except OSError as error:
            raise _cannot_make(folder, error) from error
        return folder
    raise AssertionError  # the names do not end


def _living_owners(folder: Path, but: str = "") -> Iterator[str]:
    """Names of the datasets that a folder was made for and that are there, as far as is known.

    Args:
        folder: the folder
        but: a line of its marker that does not count
    """
    for line in owners_of(folder):
        if line == but:
            continue
        database, _, dataset = line.removeprefix(_DATABASE).partition(_DATASET)
        if not line.startswith(_DATABASE):
            if fo.dataset_exists(line):  # an older version wrote the name
                yield f"dataset {line!r}"
        elif database != fo_internals.database_id():
            yield f"a dataset of another database ({database})"
        elif dataset and (name := _name_of(dataset)):
            yield f"dataset {name!r}"


def _name_of(dataset_id: str) -> str | None:
    try:
        return fo_internals.dataset_name(ObjectId(dataset_id))
    except InvalidId:
        return None


def _mentioned(folders: Sequence[Path], but: str | None) -> dict[Path, str]:
    """By folder, the name of a dataset with a document that holds its path or that of a file in it.

    All documents are read as they are stored, so that no field is overlooked, and links are
    followed: FiftyOne can export files as links.
    """
    places = {os.fsencode(os.path.realpath(folder)): folder for folder in folders}
    parents = lru_cache(_FOLDERS)(_resolved)
    found: dict[Path, str] = {}
    for name, batches in fo_internals.stored_bytes():
        for batch in batches if name != but else ():
            for path in _PATHS.findall(batch):
                if place := _leads_to(path, places, parents):
                    found.setdefault(places.pop(place), name)
            if not places:
                return found
    return found


def _resolved(path: bytes) -> bytes:
    return os.path.realpath(path)


def _leads_to(
    path: bytes, folders: Collection[bytes], parents: Callable[[bytes], bytes]
) -> bytes | None:
    """Which of the folders a path is of, or of what is in it, with all links followed."""
    parent, _, name = path.rpartition(b"/")
    place = parents(parent or b"/") + b"/" + name
    if os.path.islink(place):  # noqa: PTH114 - pathlib takes no bytes
        place = _resolved(place)
    while place not in folders and b"/" in place:
        place = place.rpartition(b"/")[0]
    return place or None
