"""Files that lie elsewhere now: the paths of them in the database, and who moved them."""

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

Move = Callable[[str], str | None]
"""The new path of a file; ``None`` where it stays."""


def move_paths(dataset: Any, move: Move) -> int:
    """Changes the paths of files wherever they stand in samples and in the log of changes.

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
    for batch in batched((one for one in changes if one[1]), store.BATCH):
        count += store.update(dataset, batch)
        fo_internals.reload_samples(dataset, [sample_id for sample_id, _ in batch])
    return count


def _changed(document: dict[str, Any], move: Move) -> dict[str, Any]:
    """The fields of a document in which a path is another."""
    moved = {name: _moved(value, move) for name, value in document.items()}
    return {name: value for name, value in moved.items() if value is not document[name]}


def _moved(value: Any, move: Move) -> Any:
    """A value with other paths; the value itself where none is another."""
    if isinstance(value, str):
        return (move(value) or value) if value.startswith("/") else value
    if isinstance(value, dict):
        inner = {name: _moved(one, move) for name, one in value.items()}
        return inner if any(inner[name] is not value[name] for name in value) else value
    if isinstance(value, list):
        items = [_moved(one, move) for one in value]
        return items if any(a is not b for a, b in zip(items, value, strict=True)) else value
    return value


def adopt_files(dataset: Any) -> list[str]:
    """Gives a dataset of an older version a media folder of its own, with its files in it.

    That version named folders after datasets, so that several can share one. It is left as it is:
    files are linked, or copied to another disk. What was interrupted goes on the next time.

    Returns:
        what is to be told of it, in sentences
    """
    shared = [one for one in media_dirs(store.info(dataset)) if is_nameless(one, dataset)]
    own = media_dir(dataset) if shared else None
    if own in shared:  # in the cache, of a process that was killed before it had marked it
        shared.remove(own)
    if not shared or own is None:
        return []
    count = _link_over(dataset, shared, own)
    for folder in shared:
        _adopted(folder / "skipped.jsonl", own / "skipped.jsonl")
    others = [one for one in store.info(dataset)[EARLIER] if Path(one) not in shared]
    store.update_info(dataset, **{EARLIER: others})
    return [
        f"files of {count:,} samples are in {own} now; {folder} is left, since another dataset or "
        "database may use it"
        for folder in shared
    ]


def _link_over(dataset: Any, folders: Sequence[Path], own: Path) -> int:
    """Gives what samples name in some folders a place in another; see :func:`move_paths`."""

    def move(path: str) -> str | None:
        for folder in folders:
            if path.startswith(f"{folder}/"):
                return _adopted(Path(path), own / Path(path).relative_to(folder))
        return None

    return move_paths(dataset, move)


def _adopted(file: Path, place: Path) -> str | None:
    """Links a file to another place, unless it is there; ``None`` where neither is on this
    machine.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, place)
    except FileExistsError:
        return str(place)
    except FileNotFoundError:
        return str(place) if place.exists() else None
    except OSError:  # another disk, or one that knows no links
        return str(write_once(place, file.read_bytes()))
    return str(place)


@dataclass
class Relocated:
    """What came of pointing a dataset at other folders.

    Attributes:
        dataset: its name
        root: where its published files are
        media_dir: where its masks are
        moved: samples that name files there now
        gone: samples that name files which are not there
        example: such a file; ``""`` where all are there
        exchanged: with the object store that has copies of its masks
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
    """Points a dataset at the folders in which its files are now.

    Paths are changed where no file is at the old one and one is at the new one.

    Args:
        dataset: that PairLens imported, or that was read back from an export of it
        source: its published files, as an import takes them
        given_media_dir: its masks and renditions, or an empty folder for new ones; or the address
            of an object store that is to have copies of them
        place: where archives are unpacked
        progress: called with files unpacked and files in all

    Raises:
        UsageError: if neither is given, or a folder that cannot be its own
        StateError: if the published files are not those that it was imported from
    """
    if source is None and given_media_dir is None:
        raise UsageError("give --source DIR, --media-dir DIR or both")
    if given_store(given_media_dir):
        root = source or str(store.info(dataset).get("root") or "")
        check_apart(given_media_dir, root)  # before anything is changed
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
    done.gone, done.example = _gone(dataset)
    return done


def _take_store(dataset: Any, address: str) -> int:
    """Gives a dataset a folder whose files have copies in a store; returns the samples moved."""
    exchange(dataset)  # with the store that it had
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
    """What came of bringing the files of a dataset to this machine.

    Attributes:
        dataset: its name
        exchanged: with the object store that has copies of its media
        gone: samples that name files which are still not here
        example: such a file; ``""`` where all are here
        notes: sentences on the published files
    """

    dataset: str
    exchanged: Exchange
    gone: int = 0
    example: str = ""
    notes: list[str] = field(default_factory=list)


def sync(dataset: Any, place: UnpackedPlace, progress: Progress = no_progress) -> Synced:
    """Fetches files that samples name and that are not here, and sends those made here.

    Published files come from the address that the dataset was imported from, media from the store
    that has copies of them.

    Args:
        dataset: that PairLens imported
        place: where archives are unpacked
        progress: called with files copied and files to copy

    Raises:
        UsageError, StateError: if what is at an address cannot be fetched, or media not be sent
    """
    done = Synced(dataset.name, Exchange())

    def exchange_media() -> None:
        done.exchanged = exchange(dataset, progress)

    # Media first: published files can be had elsewhere too.
    try_all((exchange_media, lambda: _fetch_published(dataset, place, done, progress)))
    done.gone, done.example = _gone(dataset)
    return done


def _fetch_published(dataset: Any, place: UnpackedPlace, done: Synced, progress: Progress) -> None:
    """Fetches published files of an address where some files are not here."""
    facts = store.info(dataset)
    if "://" not in str(facts.get("root") or "") or not _gone(dataset)[0]:
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


def _gone(dataset: Any) -> tuple[int, str]:
    """How many samples name an image or mask that is not here, and the first such file."""
    mask = f"{fields.SEGMENTATION}.mask_path"
    read = store.stream(dataset, ("filepath", fields.RENDITION, mask))
    number, example = 0, ""
    for file in filter(None, map(_gone_of, read)):
        number, example = number + 1, example or file
    return number, example


def _follow(path: str, moves: dict[str, str]) -> str | None:
    """Where a file is now, if it is not where it was."""
    for before, now in moves.items():
        if path.startswith(f"{before}/") and not os.path.exists(path):  # noqa: PTH110
            other = f"{now}{path[len(before) :]}"
            if os.path.exists(other):  # noqa: PTH110
                return other
    return None


def _gone_of(value: Any) -> str:
    """The first path in a document that leads nowhere; ``""`` where there is none."""
    if isinstance(value, dict):
        return next(filter(None, (_gone_of(one) for n, one in value.items() if n != "_id")), "")
    leads = not isinstance(value, str) or not value.startswith("/") or Path(value).exists()
    return "" if leads else value


def _check_source(dataset: Any, source: Path) -> None:
    """Validates that the files which samples were read from are in a folder or archive.

    Raises:
        StateError: if they are not
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
