"""Updates a dataset whose files were moved, and copies its files from and to other machines."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pairlens.importers import fields, fo_internals, leases, store, working_set
from pairlens.importers.batches import batched
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.files import write_once
from pairlens.importers.format_params import PARAMS
from pairlens.importers.formats import SPLITS, find_format
from pairlens.importers.media_folders import (
    EARLIER,
    Given,
    check_media_dir,
    claim,
    given_folder,
    given_store,
    is_nameless,
    is_of,
    media_dir,
    media_dirs,
    remove_unused,
)
from pairlens.importers.media_store import Exchange, check_apart, exchange, try_all
from pairlens.importers.parallel import Progress, no_progress
from pairlens.importers.restoring import take_published_images
from pairlens.importers.sources import SourceRequest, UnpackedPlace, locate

_LOOKED_FOR = (f"{fields.SOURCE}.file", f"{fields.CONVERSATIONS}.file")
"""Sample fields with the names of the published files that records were read from."""

Move = Callable[[str], str | None]
"""Returns the new path of a file for its old one; ``None`` if the path does not change."""


def move_paths(dataset: Any, move: Move) -> int:
    """Changes the paths of files in all fields of samples and in the change log.

    Args:
        dataset: the dataset
        move: called with every string that begins with a slash

    Returns:
        the number of samples that were changed
    """
    log = fo_internals.database()[fields.CHANGES]
    for entry in log.find({"dataset_id": fo_internals.dataset_id(dataset)}):
        if change := _changed(entry, move):
            log.update_one({"_id": entry["_id"]}, {"$set": change})
    documents = fo_internals.collection(dataset).find({}, batch_size=store.BATCH)
    changes = ((document["_id"], _changed(document, move)) for document in documents)
    count = 0
    for batch in batched((change for change in changes if change[1]), store.BATCH):
        count += store.update(dataset, batch)
        fo_internals.reload_samples(dataset, [sample_id for sample_id, _ in batch])
    return count


def _changed(document: dict[str, Any], move: Move) -> dict[str, Any]:
    """Returns the top-level fields of a document in which a path changes."""
    moved = {name: _moved(value, move) for name, value in document.items()}
    return {name: value for name, value in moved.items() if value is not document[name]}


def _moved(value: Any, move: Move) -> Any:
    """Returns a value with changed paths; the same object if no path in it changes."""
    if isinstance(value, str):
        return (move(value) or value) if value.startswith("/") else value
    if isinstance(value, dict):
        inner = {name: _moved(member, move) for name, member in value.items()}
        return inner if any(inner[name] is not value[name] for name in value) else value
    if isinstance(value, list):
        items = [_moved(item, move) for item in value]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value


def adopt_files(dataset: Any) -> list[str]:
    """Gives a dataset of an older version its own media folder, and links its files into it.

    Older versions named media folders after datasets, so several datasets can share one. The old
    folder is left unchanged; files are copied if the new one is on another disk. If this is
    interrupted, the next call continues.

    Returns:
        notes for the user
    """
    shared = [folder for folder in media_dirs(store.info(dataset)) if is_nameless(folder, dataset)]
    own = media_dir(dataset) if shared else None
    if own in shared:  # in the cache, made by a process that was killed before it wrote the marker
        shared.remove(own)
    if not shared or own is None:
        return []
    count = _link_over(dataset, shared, own)
    for folder in shared:
        _adopted(folder / "skipped.jsonl", own / "skipped.jsonl")
    others = [path for path in store.info(dataset)[EARLIER] if Path(path) not in shared]
    store.update_info(dataset, **{EARLIER: others})
    return [
        f"files of {count:,} samples are in {own} now; {folder} is left, since another dataset or "
        "database may use it"
        for folder in shared
    ]


def _link_over(dataset: Any, folders: Sequence[Path], own: Path) -> int:
    """Links files that samples refer to into another folder, and changes their paths.

    Args:
        dataset: the dataset
        folders: where the files are
        own: where they are linked to, under the same relative paths

    Returns:
        the number of samples that were changed
    """

    def move(path: str) -> str | None:
        for folder in folders:
            if path.startswith(f"{folder}/"):
                return _adopted(Path(path), own / Path(path).relative_to(folder))
        return None

    return move_paths(dataset, move)


def _adopted(file: Path, place: Path) -> str | None:
    """Links a file to another path, unless that exists; copies it if it cannot be linked.

    Returns:
        the other path; ``None`` if neither file is on this machine
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, place)
    except FileExistsError:
        return str(place)
    except FileNotFoundError:
        return str(place) if place.exists() else None
    except OSError:  # another disk, or a file system without hard links
        return str(write_once(place, file.read_bytes()))
    return str(place)


@dataclass
class Relocated:
    """The result of :func:`relocate`.

    Attributes:
        dataset: its name
        root: folder or address of its published files
        media_dir: folder of its masks and renditions
        moved: number of samples in which paths were changed
        gone: number of samples that refer to files which do not exist
        example: path of such a file; ``""`` if there is none
        exchanged: what was copied from and to the object store of its media
    """

    dataset: str
    root: str | None = None
    media_dir: str | None = None
    moved: int = 0
    gone: int = 0
    example: str = ""
    exchanged: Exchange = field(default_factory=Exchange)


@leases.holding("relocate")
def relocate(
    dataset: Any,
    source: str | None,
    given_media_dir: Given,
    place: UnpackedPlace,
    progress: Progress = no_progress,
) -> Relocated:
    """Changes the paths in a dataset to the folders in which its files are now.

    A path is changed if there is no file at the old path and one at the new path.

    Args:
        dataset: a dataset that PairLens imported, or that was read back from an export of one
        source: folder, archive or address of its published files, as for an import; ``None`` if
            these were not moved
        given_media_dir: folder of its masks and renditions, an empty folder for future ones, or the
            address of an object store that these are to be copied to; ``None`` for no change
        place: where archives are unpacked
        progress: called with files unpacked and files in all

    Raises:
        UsageError: if both are ``None``, or the media folder cannot be used
        StateError: if the published files are not those that the dataset was imported from
    """
    if source is None and given_media_dir is None:
        raise UsageError("give --source DIR, --media-dir DIR or both")
    if given_store(given_media_dir):
        root = source or str(store.info(dataset).get("root") or "")
        check_apart(given_media_dir, root)  # validates before anything is changed
        check_media_dir(given_media_dir, Path("/nowhere"))
    done, moves, chosen = Relocated(dataset.name), dict[str, str](), None
    facts = store.info(dataset)
    if source is not None:
        if facts["format"] == fields.ADOPTED:
            raise UsageError(f"dataset {dataset.name!r} was adopted and has no published files")
        follow = bool(facts.get("follow_links"))
        request = SourceRequest(facts["format"], SPLITS, None, follow_links=follow)
        located = locate(source, request, place, progress=progress)
        chosen = find_format(facts["format"], located.path)
        _check_source(dataset, located.path)
        if known := facts.get("path") or facts.get("root"):
            moves[known] = str(located.path)
        store.update_info(dataset, root=located.root, path=str(located.path))
    if address := given_store(given_media_dir):
        done.moved += _take_store(dataset, address)
    elif folder := given_folder(given_media_dir):
        if not is_of(folder, dataset):
            check_media_dir(folder, Path(store.info(dataset).get("path") or "/nowhere"))
        moves |= {str(one): str(folder) for one in media_dirs(facts) if one != folder}
        claim(dataset, folder)
    facts = store.info(dataset)
    done.moved += move_paths(dataset, lambda path: _follow(path, moves))
    if chosen is not None:
        path = store.source_path(facts)
        params = chosen.settled(path, facts.get(PARAMS) or {}).params
        if chosen.settle:
            store.update_info(dataset, **{PARAMS: params})
        done.moved += take_published_images(dataset, chosen, path, params)
    done.exchanged = exchange(dataset, progress)
    done.root, done.media_dir = facts.get("root"), facts.get("media_dir")
    done.gone, done.example = _count_missing(dataset)
    return done


def _take_store(dataset: Any, address: str) -> int:
    """Moves a dataset's media to a folder that is copied to an object store.

    Returns:
        the number of samples that were changed
    """
    exchange(dataset)  # fetches files that only its previous store has
    facts = store.info(dataset)
    own = claim(dataset, address)
    others = [one for one in media_dirs(facts) if one != own]
    count = _link_over(dataset, others, own)
    for folder in others:
        _adopted(folder / "skipped.jsonl", own / "skipped.jsonl")
        if is_of(folder, dataset):
            remove_unused(folder, dataset)
    return count


@dataclass
class Synced:
    """The result of :func:`sync`.

    Attributes:
        dataset: its name
        exchanged: what was copied from and to the object store of its media
        gone: number of samples that refer to files which are still not on this machine
        example: path of such a file; ``""`` if there is none
        notes: sentences on the published files
    """

    dataset: str
    exchanged: Exchange
    gone: int = 0
    example: str = ""
    notes: list[str] = field(default_factory=list)


def sync(dataset: Any, place: UnpackedPlace, progress: Progress = no_progress) -> Synced:
    """Fetches the files of a dataset that are missing on this machine, and sends new media.

    Published files are fetched from the address that the dataset was imported from. Media are
    fetched from the object store that they are copied to, and those made on this machine are sent
    there.

    Args:
        dataset: a dataset that PairLens imported
        place: where archives are unpacked
        progress: called with files copied and files to copy

    Raises:
        UsageError, StateError: if files cannot be fetched or sent
    """
    done = Synced(dataset.name, Exchange())

    def exchange_media() -> None:
        done.exchanged = exchange(dataset, progress)

    # Media first, since only this store has them.
    try_all((exchange_media, lambda: _fetch_published(dataset, place, done, progress)))
    done.gone, done.example = _count_missing(dataset)
    return done


def _fetch_published(dataset: Any, place: UnpackedPlace, done: Synced, progress: Progress) -> None:
    """Fetches published files if the dataset has an address and files are missing."""
    facts = store.info(dataset)
    if "://" not in str(facts.get("root") or "") or not _count_missing(dataset)[0]:
        return
    known = fo_internals.collection(dataset).distinct(fields.SPLIT)
    splits = [split for split in SPLITS if split in known]
    records = working_set.count(dataset) + int(facts.get("skipped_total") or 0)
    follow = bool(facts.get("follow_links"))
    request = SourceRequest(facts["format"], splits or SPLITS, records or None, follow_links=follow)
    located = locate(facts["root"], request, place, on_note=done.notes.append, progress=progress)
    if located.path != store.source_path(facts):
        done.notes.append(
            f"{facts['root']} has changed since the import, or the cache of this machine is "
            f"elsewhere than {store.source_path(facts)}"
        )


def _count_missing(dataset: Any) -> tuple[int, str]:
    """Counts the samples whose image or mask file does not exist; returns also one such path."""
    mask = f"{fields.SEGMENTATION}.mask_path"
    read = store.stream(dataset, ("filepath", fields.RENDITION, mask))
    number, example = 0, ""
    for file in filter(None, map(_missing_file, read)):
        number, example = number + 1, example or file
    return number, example


def _follow(path: str, moves: dict[str, str]) -> str | None:
    """Returns the new path of a file that exists there and not at its old path, else ``None``.

    Args:
        path: the old path of the file
        moves: new folders by old folders
    """
    for before, now in moves.items():
        if path.startswith(f"{before}/") and not os.path.exists(path):  # noqa: PTH110
            other = f"{now}{path[len(before) :]}"
            if os.path.exists(other):  # noqa: PTH110
                return other
    return None


def _missing_file(value: Any) -> str:
    """Returns the first path in a document at which no file exists; ``""`` if there is none."""
    if isinstance(value, dict):
        members = (member for name, member in value.items() if name != "_id")
        return next(filter(None, map(_missing_file, members)), "")
    is_missing = isinstance(value, str) and value.startswith("/") and not Path(value).exists()
    return value if is_missing else ""


def _check_source(dataset: Any, source: Path) -> None:
    """Validates that a folder contains the published files that samples were read from.

    Archives are not examined.

    Raises:
        StateError: if some are missing
    """
    if not source.is_dir():
        return
    collection = fo_internals.collection(dataset)
    names = {
        str(n) for path in _LOOKED_FOR for n in collection.distinct(path, working_set.OWN) if n
    }
    missing = sorted(name for name in names if not (source / name).exists())
    if missing:
        raise StateError(
            f"{len(missing):,} of the {len(names):,} files that dataset {dataset.name!r} was read "
            f"from are not in {source}, such as {missing[0]}; give the folder that holds them"
        )
