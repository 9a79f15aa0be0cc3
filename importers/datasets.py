"""Creates, opens and deletes datasets together with their folders."""

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
    """Returns the folder into which the archive of a dataset is unpacked.

    Args:
        name: of the dataset, which need not exist yet
        given_media_dir: the user's choice for media; archives are unpacked next to such a folder
    """
    facts = known_facts(name)
    already = unpacked_around(Path(facts["path"])) if facts.get("path") else []
    given = given_folder(given_media_dir)
    place = given.parent if given else media_root()
    return UnpackedPlace(place, source_line(), next(iter(already), None))


def exists(name: str) -> bool:
    """Whether there is a dataset of a name, imported by PairLens or not."""
    return fo.dataset_exists(name)


def known_facts(name: str) -> dict[str, Any]:
    """Returns a dataset's facts; empty if it does not exist or PairLens did not import it."""
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
        facts: its first facts, among them ``format``
        source: the located published files
        given_media_dir: the user's choice of a media folder or object store
        resume: whether an existing dataset is opened

    Returns:
        the dataset and its media folder

    Raises:
        UsageError: if the media folder is in the source, or the source in it
        StateError: if the dataset exists and ``resume`` is not set, if it was imported from another
            source or format, or if the media folder has other content
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
    """Deletes unfinished datasets that killed processes left when they made one of a name.

    Args:
        name: of the dataset
        source: path of the files to be imported, whose folder is kept
    """
    for dataset in unfinished.left(name):
        delete_with_folders(dataset, keep=source)


def imported(name: str) -> tuple[Any, dict[str, Any]]:
    """Opens a dataset that PairLens imported; returns it and its facts.

    Raises:
        StateError: if PairLens did not import it
    """
    dataset = store.opened(name)
    facts = store.info(dataset)
    if not facts:
        raise StateError(f"dataset {name!r} was not imported by PairLens; choose another name")
    return dataset, facts


def _reopen(
    name: str, format_name: str, source: Located, given_media_dir: Given
) -> tuple[Any, Path]:
    """Opens the dataset that an import resumes, checking that it has the same source and format."""
    dataset, facts = imported(name)
    # This process may have loaded it before another one declared fields with its first sample.
    dataset.reload()
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
    present = facts.get(STORE) or str(folder)
    given = given_store(given_media_dir) or str(given_folder(given_media_dir) or present)
    if given != present:
        raise StateError(
            f"the media of dataset {name!r} is in {present}; leave out --media-dir, or run: "
            f"pairlens relocate {name} --media-dir {given_media_dir}"
        )
    return dataset, folder


def delete_dataset(name: str) -> list[str]:
    """Deletes a dataset that PairLens imported and the folders that were made for it.

    These are its media folders and the folder that its archive was unpacked into. Folders that
    another dataset or database may use are kept.

    Returns:
        sentences on the folders that were kept

    Raises:
        StateError: if PairLens did not import the dataset, another step works on it, or a folder
            cannot be deleted
    """
    with leases.held(name, "delete"):
        return delete_with_folders(imported(name)[0])


def delete_with_folders(dataset: Any, *, keep: Path | None = None) -> list[str]:
    """Deletes a dataset with the folders that were made for it.

    Args:
        dataset: to delete
        keep: path of a source whose folder is kept, since another dataset is read from it

    Returns:
        sentences on the folders that were kept since something else uses them

    Raises:
        StateError: if a folder cannot be deleted
    """
    folders = folders_of(store.info(dataset))
    kept = set(unpacked_around(keep)) if keep else set()
    # The dataset is deleted last: after a crash its facts still list the folders.
    left: list[str] = []
    for folder in folders:
        try:
            left += [remove_unused(folder, dataset)] if folder not in kept else []
        except OSError as error:
            dataset.persistent = True  # otherwise FiftyOne deletes it when this process ends
            raise StateError(
                f"{folder} cannot be deleted ({error.strerror}); make it writable and run the same "
                "command again"
            ) from error
    dataset.delete()
    return [reason for reason in left if reason]


def folders_of(facts: dict[str, Any]) -> list[Path]:
    """Returns the folders that were made for a dataset: for its media, and for its archive."""
    unpacked = unpacked_around(store.source_path(facts)) if facts.get("root") else []
    return media_dirs(facts) + unpacked


def unpacked_around(path: Path) -> list[Path]:
    """Returns the folder that an archive was unpacked into, if a path leads into one.

    Returns:
        a list of one folder; empty if there is none. The folder must have both the name and the
        marker of such a folder, since published files could be named like the marker
    """
    above = (path, *path.parents)[: MOST_LEVELS + 2]
    return [f for f in above if is_unpacked_name(f.name) and (f / UNPACKED).is_file()]
