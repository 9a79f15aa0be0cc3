"""Opening, making and deleting datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo

from pairlens.importers import leases, object_stores, store, unfinished
from pairlens.importers.errors import StateError
from pairlens.importers.media_folders import (
    STORE,
    Given,
    check_media_dir,
    claim,
    given_folder,
    given_store,
    media_dir,
    media_dirs,
    media_root,
    remove_unused,
    source_line,
)
from pairlens.importers.sources import (
    MOST_LEVELS,
    UNPACKED,
    Located,
    UnpackedPlace,
    is_unpacked_name,
)


def unpacked_place(name: str, given_media_dir: Given = None) -> UnpackedPlace:
    """Where the archive of a dataset, which need not be there yet, is unpacked."""
    facts = known_facts(name)
    already = unpacked_around(Path(facts["path"])) if facts.get("path") else []
    given = given_folder(given_media_dir)
    place = given.parent if given else media_root()
    return UnpackedPlace(place, source_line(), next(iter(already), None))


def exists(name: str) -> bool:
    """Whether there is a dataset of a name, PairLens' own or not."""
    return fo.dataset_exists(name)


def known_facts(name: str) -> dict[str, Any]:
    """What is known of a dataset; nothing where there is none, or PairLens did not import it."""
    return store.info(store.opened(name)) if fo.dataset_exists(name) else {}


def open_dataset(
    name: str,
    facts: dict[str, Any],
    source: Located,
    *,
    given_media_dir: Given = None,
    resume: bool = False,
) -> tuple[Any, Path]:
    """Creates a dataset, or opens the one that an import resumes.

    Args:
        name: of the dataset
        facts: what is known of it from the start, its ``format`` above all
        source: what is imported
        given_media_dir: the media folder or store, if not the default one
        resume: whether the dataset may be there

    Returns:
        the dataset and its media folder

    Raises:
        UsageError: if the media folder lies in the source or around it
        StateError: if the dataset exists and ``resume`` is not set, if it is not what is being
            imported, or if the media folder holds something else
    """
    if fo.dataset_exists(name):
        if resume:
            return _reopen(name, facts["format"], source, given_media_dir)
        raise StateError(
            f"dataset {name!r} exists; --resume adds what is missing, --overwrite replaces it"
        )
    clear_left(name, source.path)
    check_media_dir(given_media_dir, source.path)
    dataset = unfinished.begin(name)
    try:
        folder = claim(dataset, given_media_dir, name)
        store.update_info(dataset, **facts)
        unfinished.give_name(dataset, name)
    except StateError:
        delete_with_folders(dataset, keep=source.path)
        raise
    return dataset, folder


def clear_left(name: str, source: Path) -> None:
    """Deletes what killed processes left that made or replaced a dataset of a name.

    Args:
        name: of the dataset
        source: what is about to be imported, whose folder stays
    """
    for dataset in unfinished.left(name):
        delete_with_folders(dataset, keep=source)


def imported(name: str) -> tuple[Any, dict[str, Any]]:
    """A dataset that PairLens imported, and its facts.

    Raises:
        StateError: if it is not PairLens' own
    """
    dataset = store.opened(name)
    facts = store.info(dataset)
    if not facts:
        raise StateError(f"dataset {name!r} was not imported by PairLens; choose another name")
    return dataset, facts


def _reopen(
    name: str, format_name: str, source: Located, given_media_dir: Given
) -> tuple[Any, Path]:
    dataset, facts = imported(name)
    dataset.reload()  # this process may have loaded it before another had put its first sample in
    if facts.get("format", format_name) != format_name:
        raise StateError(f"dataset {name!r} holds {facts['format']}, not {format_name}")
    known = facts.get("root")  # not of a dataset that was read back from an export
    if known and known != source.root:
        raise StateError(
            f"dataset {name!r} was imported from {known}, not from {source.root}; where its files "
            f"were moved, run: pairlens relocate {name} --source {source.root}"
        )
    if known and store.source_path(facts) != source.path:
        other = "or name the revision that it was begun from"
        if object_stores.is_address(source.root):
            other = f"or go over to it with: pairlens relocate {name} --source {source.root}"
        raise StateError(
            f"{source.root} has changed since dataset {name!r} was begun from it; import it anew "
            f"with --overwrite, {other}"
        )
    folder = media_dir(dataset)
    there = facts.get(STORE) or str(folder)
    given = given_store(given_media_dir) or str(given_folder(given_media_dir) or there)
    if given != there:
        raise StateError(
            f"the media of dataset {name!r} is in {there}; leave out --media-dir, or run: "
            f"pairlens relocate {name} --media-dir {given_media_dir}"
        )
    return dataset, folder


def delete_dataset(name: str) -> list[str]:
    """Deletes a dataset that PairLens imported and the folders that were made for it.

    These are the media folders and the one that an archive was unpacked into. What another
    dataset or database may use is left.

    Returns:
        sentences on the folders that were left

    Raises:
        StateError: if the dataset is not PairLens' own, or another step works on it
    """
    with leases.held(name, "delete"):
        return delete_with_folders(imported(name)[0])


def delete_with_folders(dataset: Any, *, keep: Path | None = None) -> list[str]:
    """Deletes a dataset with the folders that were made for it.

    Args:
        dataset: to delete
        keep: a source whose folder stays, since another dataset is read from it

    Returns:
        sentences about the folders that stay, since something else uses them
    """
    folders = folders_of(store.info(dataset))
    kept = set(unpacked_around(keep)) if keep else set()
    # The dataset goes last: it says which folders were made for it.
    left: list[str] = []
    for folder in folders:
        try:
            left += [remove_unused(folder, dataset)] if folder not in kept else []
        except OSError as error:
            dataset.persistent = True  # or FiftyOne deletes it when this process ends
            raise StateError(
                f"{folder} cannot be deleted ({error.strerror}); make it writable and run the same "
                "command again"
            ) from error
    dataset.delete()
    return [reason for reason in left if reason]


def folders_of(facts: dict[str, Any]) -> list[Path]:
    """The folders that were made for a dataset: of its media, and of an unpacked archive."""
    unpacked = unpacked_around(store.source_path(facts)) if facts.get("root") else []
    return media_dirs(facts) + unpacked


def unpacked_around(path: Path) -> list[Path]:
    """The folder that an archive was unpacked into, if a source lies in one.

    It is known by its own name and marks: a dataset can hold files of the marks' names.
    """
    above = (path, *path.parents)[: MOST_LEVELS + 2]
    return [f for f in above if is_unpacked_name(f.name) and (f / UNPACKED).is_file()]
