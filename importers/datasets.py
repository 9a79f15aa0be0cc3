"""Opening, making and deleting datasets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fiftyone as fo
from pymongo.errors import DuplicateKeyError

from pairlens.importers import store
from pairlens.importers.errors import StateError
from pairlens.importers.media_folders import (
    check_media_dir,
    claim,
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


def unpacked_place(name: str, given_media_dir: Path | None = None) -> UnpackedPlace:
    """Where the archive of a dataset, which need not be there yet, is unpacked."""
    facts = store.info(fo.load_dataset(name)) if fo.dataset_exists(name) else {}
    already = unpacked_around(Path(facts["path"])) if facts.get("path") else []
    given = given_media_dir and given_media_dir.expanduser().absolute().parent
    return UnpackedPlace(given or media_root(), source_line(), next(iter(already), None))


def exists(name: str) -> bool:
    """Whether there is a dataset of a name, PairLens' own or not."""
    return fo.dataset_exists(name)


def open_dataset(
    name: str,
    format_name: str,
    source: Located,
    *,
    given_media_dir: Path | None = None,
    resume: bool = False,
) -> tuple[Any, Path]:
    """Creates a dataset, or opens the one that an import resumes.

    Returns:
        the dataset and its media folder

    Raises:
        UsageError: if the media folder lies in the source or around it
        StateError: if the dataset exists and ``resume`` is not set, if it is not what is being
            imported, or if the media folder holds something else
    """
    if fo.dataset_exists(name):
        if resume:
            return _reopen(name, format_name, source, given_media_dir)
        raise StateError(
            f"dataset {name!r} exists; --resume adds what is missing, --overwrite replaces it"
        )
    check_media_dir(given_media_dir, source.path)
    dataset = new_dataset(name, persistent=True)
    try:
        return dataset, claim(dataset, given_media_dir)
    except StateError:
        dataset.delete()
        raise


def new_dataset(name: str, *, persistent: bool) -> Any:
    """Creates a dataset.

    Raises:
        StateError: if another process made one of that name at the same time
    """
    try:
        return fo.Dataset(name, persistent=persistent)
    except (ValueError, DuplicateKeyError) as error:
        if not fo.dataset_exists(name):
            raise
        raise StateError(
            f"dataset {name!r} was made by another process at the same time; wait for that one, or "
            "choose another name"
        ) from error


def imported(name: str) -> tuple[Any, dict[str, Any]]:
    """A dataset that PairLens imported, and its facts.

    Raises:
        StateError: if it is not PairLens' own
    """
    dataset = fo.load_dataset(name)
    facts = store.info(dataset)
    if not facts:
        raise StateError(f"dataset {name!r} was not imported by PairLens; choose another name")
    return dataset, facts


def _reopen(
    name: str, format_name: str, source: Located, given_media_dir: Path | None
) -> tuple[Any, Path]:
    dataset, facts = imported(name)
    if facts.get("format", format_name) != format_name:
        raise StateError(f"dataset {name!r} holds {facts['format']}, not {format_name}")
    known = facts.get("root")  # not of a dataset that was read back from an export
    if known and known != source.root:
        raise StateError(
            f"dataset {name!r} was imported from {known}, not from {source.root}; where its files "
            f"were moved, run: pairlens relocate {name} --source {source.root}"
        )
    if known and store.source_path(facts) != source.path:
        raise StateError(
            f"{source.root} has changed since dataset {name!r} was begun from it; import it anew "
            "with --overwrite, or name the revision that it was begun from"
        )
    folder = media_dir(dataset)
    if given_media_dir and given_media_dir.expanduser().absolute() != folder:
        raise StateError(
            f"the media of dataset {name!r} is in {folder}; leave out --media-dir, or run: "
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
        StateError: if the dataset is not PairLens' own
    """
    return delete_with_folders(imported(name)[0])


def delete_with_folders(dataset: Any, *, keep: Path | None = None) -> list[str]:
    """As :func:`delete_dataset`.

    Args:
        dataset: to delete
        keep: a source whose folder stays, since another dataset is read from it
    """
    facts = store.info(dataset)
    folders = media_dirs(facts)
    folders += unpacked_around(store.source_path(facts)) if facts.get("root") else []
    kept = set(unpacked_around(keep)) if keep else set()
    dataset.delete()
    left = [remove_unused(folder) for folder in folders if folder not in kept]
    return [reason for reason in left if reason]


def unpacked_around(path: Path) -> list[Path]:
    """The folder that an archive was unpacked into, if a source lies in one.

    It is known by its own name and marks: a dataset can hold files of the marks' names.
    """
    above = (path, *path.parents)[: MOST_LEVELS + 2]
    return [f for f in above if is_unpacked_name(f.name) and (f / UNPACKED).is_file()]
