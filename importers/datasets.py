"""Opening, making and deleting datasets, and the folders their media lie in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fiftyone as fo
from pymongo.errors import DuplicateKeyError

from importers import store
from importers.errors import StateError, UsageError
from importers.files import MARKER, mark_folder, safe_name
from importers.sources import UNPACKED, Located


def exists(name: str) -> bool:
    """Whether there is a dataset of a name, PairLens' own or not."""
    return fo.dataset_exists(name)


def default_media_dir(name: str) -> Path:
    """The default folder of a dataset's masks, renditions and predictions."""
    return Path(str(fo.config.default_dataset_dir)) / "pairlens" / safe_name(name)


def media_dir_of(name: str, given: Path | None = None) -> Path:
    """The media folder that a dataset has, or would get."""
    if given is not None:
        return given.expanduser().absolute()
    if fo.dataset_exists(name):
        known = store.info(fo.load_dataset(name)).get("media_dir")
        if known:
            return Path(known)
    return default_media_dir(name)


def open_dataset(
    name: str,
    format_name: str,
    source: Located,
    *,
    media_dir: Path | None = None,
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
            return _reopen(name, format_name, source, media_dir)
        raise StateError(
            f"dataset {name!r} exists; --resume adds what is missing, --overwrite replaces it"
        )
    claimed = claim_media_dir(name, source.path, media_dir)
    return new_dataset(name, persistent=True), claimed


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
    if facts["format"] != format_name:
        raise StateError(f"dataset {name!r} holds {facts['format']}, not {format_name}")
    if facts["root"] != source.root:
        raise StateError(
            f"dataset {name!r} was imported from {facts['root']}, not from {source.root}"
        )
    if store.source_path(facts) != source.path:
        raise StateError(
            f"{source.root} has changed since dataset {name!r} was begun from it; import it anew "
            "with --overwrite, or name the revision that it was begun from"
        )
    media_dir = Path(facts["media_dir"])
    if given_media_dir and given_media_dir.expanduser().absolute() != media_dir:
        raise StateError(f"the media of dataset {name!r} is in {media_dir}; leave out --media-dir")
    return dataset, media_dir


def claim_media_dir(name: str, root: Path, given: Path | None = None) -> Path:
    """Claims a media folder for a dataset: an empty one, or one of the same dataset.

    Raises:
        UsageError: if it lies in the source or around it
        StateError: if it holds something else, or cannot be made
    """
    media_dir = (given or default_media_dir(name)).expanduser().absolute()
    if media_dir == root or media_dir in root.parents or root in media_dir.parents:
        raise UsageError(f"media cannot go to {media_dir}, which is in or around the source")
    if media_dir.exists() and not media_dir.is_dir():
        raise StateError(f"{media_dir} is a file; choose an empty folder for --media-dir")
    marker = media_dir / MARKER
    if marker.is_file():
        owner = marker.read_text("utf-8")
        if owner != name and fo.dataset_exists(owner):
            raise StateError(f"{media_dir} holds the media of dataset {owner!r}; choose another")
    elif media_dir.exists() and any(media_dir.iterdir()):
        raise StateError(f"{media_dir} is not empty; choose an empty folder for --media-dir")
    try:
        mark_folder(media_dir, name)
    except OSError as error:
        raise StateError(
            f"{media_dir} cannot be made ({error.strerror}); choose another"
        ) from error
    return media_dir


def delete_dataset(name: str) -> None:
    """Deletes a dataset that PairLens imported and, where it made them, its folders.

    These are the media folder and the one that an archive was unpacked into.

    Raises:
        StateError: if the dataset is not PairLens' own
    """
    delete_with_folders(imported(name)[0], name)


def delete_with_folders(dataset: Any, owner: str, *, keep: Path | None = None) -> None:
    """As :func:`delete_dataset`, of a dataset whose folders were made under another name.

    Args:
        dataset: to delete
        owner: the name that is in the marks of its folders
        keep: a source whose folder stays, since another dataset is read from it
    """
    facts = store.info(dataset)
    folders = [Path(facts["media_dir"])]
    folders += unpacked_around(store.source_path(facts)) if facts.get("root") else []
    kept = set(unpacked_around(keep)) if keep else set()
    dataset.delete()
    for folder in folders:
        marker = folder / MARKER
        if folder not in kept and marker.is_file() and marker.read_text("utf-8") == owner:
            shutil.rmtree(folder)


def unpacked_around(path: Path) -> list[Path]:
    """The folder that an archive was unpacked into, if a source lies in one."""
    return [folder for folder in (path, path.parent) if (folder / UNPACKED).is_file()]
