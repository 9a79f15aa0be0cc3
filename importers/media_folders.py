"""Media folders, which hold the masks and renditions of datasets: who owns one, when to delete it.

Each folder has a marker file that lists its owners, each by the id of a database and of a dataset
in it. So a clone, a dataset of the same name in another database and one that was read back from an
export each get a folder of their own as soon as a file is written for them. The folder's name
contains the dataset's name only so that people can find it.

Labels refer to mask files by path, and copying a label does not copy its file. So a folder is
deleted only when no document of the database contains its path and no other database owns it.

A dataset whose media are copied to an object store (:mod:`pairlens.importers.media_store`) has its
folder in the cache, and the folder's name ends in the dataset's id. Its path is then the same on
all machines whose cache has the same path.
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
"""Name of the fact that lists folders of other datasets which hold some of the dataset's files."""

STORE = "media_store"
"""Name of the fact that is the address of the object store to which media are copied."""

Given = Path | str | None
"""The user's choice for media: a folder, or the address of an object store as a string."""

_PATHS = re.compile(rb"\x02[^\0]+\0.{4}(/[^\0]*)\0", re.DOTALL)
"""Strings in a BSON document that begin with a slash: type byte, name, length and value."""

_FOLDERS = 10_000
"""Folders whose real path is cached while all documents are searched for paths."""

_WHOSE = b"PairLens keeps copies of media here, those of each dataset in a folder of its own.\n"
"""Content of the object that marks an address in an object store as PairLens' own."""

_SHARED = "media"
"""Name of the folder in the cache for media that are copied to an object store."""

_DATABASE, _DATASET = "database ", " dataset "


def media_root() -> Path:
    """Returns the folder of media folders and unpacked archives by default.

    Its name begins with a dot since FiftyOne treats each visible folder in
    ``default_dataset_dir`` as a zoo dataset, which it may replace or delete.
    """
    return Path(str(fo.config.default_dataset_dir)) / ".pairlens"


def given_folder(given: Given) -> Path | None:
    """Returns the user's media folder, absolute; ``None`` for an object store or no choice.

    Raises:
        UsageError: if the address of an object store is given as a :class:`Path`
    """
    if given is None or object_stores.is_address(str(given)):
        return None
    if isinstance(given, Path) and given.parts[:1] in (("s3:",), ("gs:",)):
        raise UsageError(f"{given} is an address as a path, which loses a slash; give it as text")
    return Path(object_stores.local_path(str(given))).expanduser().absolute()


def given_store(given: Given) -> str:
    """Returns the address of the object store that the user gives for media; ``""`` if none."""
    if given is None or not object_stores.is_address(str(given)):
        return ""
    return object_stores.plain_address(str(given))


def media_dir(dataset: Any) -> Path:
    """Returns the folder that files of this dataset alone are written to, creating it if needed."""
    facts = store.info(dataset)
    known = facts.get("media_dir")
    # A clone has the facts of its original, whose folder need not exist on this machine.
    if known and (not facts.get(STORE) or known.endswith(f"-{fo_internals.dataset_id(dataset)}")):
        folder = Path(known)
        if not folder.exists() or _own_line(dataset) in owners_of(folder):
            return _create(folder, dataset)
    return claim(dataset)


def check_media_dir(given: Given, source: Path) -> None:
    """Validates the user's choice of a folder or object store for a new dataset's media.

    A marker object is written to an object store, which shows that it is writable.

    Args:
        given: the folder or address; ``None`` is always valid
        source: path of the published files

    Raises:
        UsageError: if the folder is in the source, or the source in it
        StateError: if the folder has other content, or the store cannot be written to
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
    """Makes a media folder for a dataset and stores its path in the dataset's facts.

    Args:
        dataset: any dataset
        given: a folder or the address of a store that :func:`check_media_dir` accepted. By default
            a new folder is made, whose files are copied to the dataset's present store, if any
        name: what a new folder is named after; by default the dataset's name

    Returns:
        the folder

    Raises:
        StateError: if the folder cannot be made
    """
    facts = store.info(dataset)
    earlier = [path for path in (*facts.get(EARLIER, ()), facts.get("media_dir")) if path]

    address = given_store(given) or ("" if given else str(facts.get(STORE) or ""))
    stored = {STORE: address} if address or facts.get(STORE) else {}

    def take(folder: Path) -> None:
        others = [path for path in dict.fromkeys(earlier) if path != str(folder)]
        kept = {EARLIER: others} if others else {}
        store.update_info(dataset, media_dir=str(folder), **kept, **stored)

    # The path is stored before the folder is made: if this process is killed in between, deleting
    # the unfinished dataset deletes the folder too.
    if address:
        take(folder := _shared_folder(name or dataset.name, dataset))
        return _create(folder, dataset)
    if (own := given_folder(given)) is None:
        return _create(_new_folder(name or dataset.name, take), dataset)
    take(_create(own, dataset))
    return own


def _shared_folder(name: str, dataset: Any) -> Path:
    """Returns the path of a media folder whose files are copied to an object store."""
    root = cache_folder() / _SHARED
    return root / f"{safe_name(name)[:60]}-{fo_internals.dataset_id(dataset)}"


def media_dirs(facts: dict[str, Any]) -> list[Path]:
    """Returns the folders that may hold files of a dataset with these facts, its own first."""
    return [Path(path) for path in (facts.get("media_dir"), *facts.get(EARLIER, ())) if path]


def is_of(folder: Path, dataset: Any) -> bool:
    """Whether a folder was made for a dataset, even if its database has another address now."""
    suffix = f"{_DATASET}{fo_internals.dataset_id(dataset)}"
    owners = owners_of(folder)
    return any(line.endswith(suffix) for line in owners) or (
        bool(owners) and is_nameless(folder, dataset)
    )


def is_nameless(folder: Path, dataset: Any) -> bool:
    """Whether an older version made a folder, and no dataset owns it by id yet.

    Older versions wrote the dataset's name into the marker instead of its id.
    """
    owners = owners_of(folder)
    nameless = folder.is_dir() and not any(line.startswith(_DATABASE) for line in owners)
    return nameless and _own_line(dataset) not in owners


def source_line() -> str:
    """Returns the line for this database in the marker of an unpacked archive."""
    return f"{_DATABASE}{fo_internals.database_id()}"


def remove_unused(folder: Path, but: Any = None) -> str:
    """Deletes a folder that PairLens made, or one in it, unless its files may be in use.

    Args:
        folder: the folder
        but: a dataset whose use does not count, since it is about to be deleted

    Returns:
        a sentence on why the folder was left; ``""`` if it is deleted or PairLens did not make it
    """
    if _marked(folder) is None:
        if folder.parent == media_root() and folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()  # its process was killed before it wrote the marker
        return ""
    if why := why_used(folder, but):
        return f"{folder} was left: {why}"
    # The marker is deleted last: a folder without it would never be deleted after a crash.
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != MARKER:
            entry.unlink()
    shutil.rmtree(folder)
    return ""


def why_used(folder: Path, but: Any = None) -> str:
    """Returns why the files in a folder that PairLens made, or in one within it, may be in use.

    Args:
        folder: the folder
        but: a dataset whose use does not count, since it is about to be deleted

    Returns:
        the reason as a clause; ``""`` if nothing uses the files
    """
    return _why_used([folder], but)[folder]


def unused_folders() -> list[Path]:
    """Returns the folders in :func:`media_root` whose files no dataset uses, sorted.

    Folders without PairLens' marker, symbolic links, and folders that another database may use
    are not included.
    """
    root = media_root()
    entries = sorted(root.iterdir()) if root.is_dir() else []
    marked = [
        folder for folder in entries if not folder.is_symlink() and (folder / MARKER).is_file()
    ]
    return unused_of(marked)


def unused_of(folders: Sequence[Path]) -> list[Path]:
    """Selects the folders made by PairLens whose files no dataset of any database uses."""
    return [folder for folder, why in _why_used(folders).items() if not why]


def _marked(folder: Path) -> Path | None:
    """Returns the innermost of a folder and its parents that has a marker, if any."""
    marked = (path for path in (folder, *folder.parents) if (path / MARKER).is_file())
    return next(marked, None) if folder.exists() else None


def _why_used(folders: Sequence[Path], but: Any = None) -> dict[Path, str]:
    """Does what :func:`why_used` does for several folders, reading the database once."""
    own = _own_line(but) if but is not None else ""
    reasons = {folder: _why_owned(folder, own) for folder in folders}
    others = [folder for folder, why in reasons.items() if not why]
    name = but.name if but is not None else None
    found = _mentioned(others, but=name) if others else {}
    return reasons | {path: f"dataset {name!r} uses files in it" for path, name in found.items()}


def _why_owned(folder: Path, but: str) -> str:
    """Returns why the marker of a folder forbids to delete it; ``but`` is a line to disregard."""
    marked = _marked(folder)
    if marked is None:
        return "PairLens did not make it"
    if any(not line.startswith(source_line()) for line in owners_of(marked)):
        return "datasets of another database or an older version may use it"
    owners = list(_living_owners(folder, but)) if marked == folder else []
    return f"it is the media folder of {owners[0]}" if owners else ""


def _own_line(dataset: Any) -> str:
    """Returns the line for a dataset in the marker of a folder that it owns."""
    return f"{source_line()}{_DATASET}{fo_internals.dataset_id(dataset)}"


def _create(folder: Path, dataset: Any) -> Path:
    """Creates a folder if it does not exist, and adds a dataset to its owners."""
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
    """Creates a folder in :func:`media_root` whose name is not taken.

    Args:
        name: what it is named after
        take: called with the path before the folder is created
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
    raise AssertionError  # unreachable: the loop has no end


def _living_owners(folder: Path, but: str = "") -> Iterator[str]:
    """Yields descriptions of the owners of a folder that exist, or that may in another database.

    Args:
        folder: the folder
        but: a line of its marker to disregard
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
    """Finds the folders whose path, or the path of a file in them, is in a document of a dataset.

    All documents are searched as raw BSON, so that no field is overlooked. Symbolic links are
    resolved, since FiftyOne can export files as links.

    Args:
        folders: the folders
        but: name of a dataset whose documents do not count

    Returns:
        the name of one such dataset by folder; folders that no document mentions are left out
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
    """Returns the one of some folders that a path leads into, with all links resolved.

    Args:
        path: an absolute path from a document
        folders: real paths of the folders
        parents: resolves the links in the path of a parent folder
    """
    parent, _, name = path.rpartition(b"/")
    place = parents(parent or b"/") + b"/" + name
    if os.path.islink(place):  # noqa: PTH114 - pathlib takes no bytes
        place = _resolved(place)
    while place not in folders and b"/" in place:
        place = place.rpartition(b"/")[0]
    return place or None
