"""Opening, making and deleting datasets, and the folders their media lie in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fiftyone as fo

from importers import store
from importers.errors import StateError, UsageError
from importers.files import MARKER, mark_folder, safe_name


def default_media_dir(name: str) -> Path:
    """Where a dataset's masks, renditions and predictions go unless told otherwise."""
    return Path(str(fo.config.default_dataset_dir)) / "pairlens" / safe_name(name)


def open_dataset(
    name: str,
    format_name: str,
    root: Path,
    *,
    media_dir: Path | None = None,
    resume: bool = False,
    overwrite: bool = False,
) -> tuple[Any, Path]:
    """Makes a dataset, or opens the one that an import is to go on with.

    Returns:
        the dataset and its media folder

    Raises:
        UsageError: if the media folder lies in the source or around it
        StateError: if the dataset exists and neither ``resume`` nor ``overwrite`` is set, if
            it is not what is being imported, or if the media folder holds something else
    """
    if fo.dataset_exists(name):
        if overwrite:
            delete_dataset(name)
        elif resume:
            return _reopen(name, format_name, root, media_dir)
        else:
            raise StateError(
                f"dataset {name!r} exists; --resume adds what is missing, --overwrite replaces it"
            )
    claimed = claim_media_dir(name, root, media_dir)
    return fo.Dataset(name, persistent=True), claimed


def _imported(name: str) -> tuple[Any, dict[str, Any]]:
    dataset = fo.load_dataset(name)
    facts = store.info(dataset)
    if not facts:
        raise StateError(f"dataset {name!r} was not imported by PairLens; choose another name")
    return dataset, facts


def _reopen(
    name: str, format_name: str, root: Path, given_media_dir: Path | None
) -> tuple[Any, Path]:
    dataset, facts = _imported(name)
    if facts["format"] != format_name:
        raise StateError(f"dataset {name!r} holds {facts['format']}, not {format_name}")
    if facts["root"] != str(root):
        raise StateError(f"dataset {name!r} was imported from {facts['root']}, not from {root}")
    media_dir = Path(facts["media_dir"])
    if given_media_dir and given_media_dir.expanduser().absolute() != media_dir:
        raise StateError(f"the media of dataset {name!r} is in {media_dir}; leave out --media-dir")
    return dataset, media_dir


def claim_media_dir(name: str, root: Path, given: Path | None = None) -> Path:
    """Takes a folder for a dataset's media: an empty one, or one left by the same dataset.

    Raises:
        UsageError: if it lies in the source or around it
        StateError: if it holds something else
    """
    media_dir = (given or default_media_dir(name)).expanduser().absolute()
    if media_dir == root or media_dir in root.parents or root in media_dir.parents:
        raise UsageError(f"media cannot go to {media_dir}, which is in or around the source")
    marker = media_dir / MARKER
    if marker.is_file():
        owner = marker.read_text("utf-8")
        if owner != name and fo.dataset_exists(owner):
            raise StateError(f"{media_dir} holds the media of dataset {owner!r}; choose another")
    elif media_dir.exists() and any(media_dir.iterdir()):
        raise StateError(f"{media_dir} is not empty; choose an empty folder for --media-dir")
    mark_folder(media_dir, name)
    return media_dir


def delete_dataset(name: str) -> None:
    """Deletes a dataset that PairLens imported and, where it made it, its media folder.

    Raises:
        StateError: if the dataset is not PairLens' own
    """
    dataset, facts = _imported(name)
    media_dir = Path(facts["media_dir"])
    marker = media_dir / MARKER
    owned = marker.is_file() and marker.read_text("utf-8") == name
    dataset.delete()
    if owned:
        shutil.rmtree(media_dir)
