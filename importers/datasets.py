"""Opening, making and deleting datasets, and the folders their media lie in."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fiftyone as fo

from importers import store
from importers.errors import StateError, UsageError
from importers.files import MARKER, mark_folder, safe_name
from importers.sources import MOST_LEVELS, UNPACKED, Located, is_unpacked_name


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
    overwrite: bool = False,
) -> tuple[Any, Path]:
    """Creates a dataset, or opens the one that an import resumes.

    Returns:
        the dataset and its media folder

    Raises:
        UsageError: if the media folder lies in the source or around it
        StateError: if the dataset exists and neither ``resume`` nor ``overwrite`` is set, if
            it is not what is being imported, or if the media folder holds something else
    """
    if fo.dataset_exists(name):
        if overwrite:
            delete_dataset(name, keep=source.path)
        elif resume:
            return _reopen(name, format_name, source, media_dir)
        else:
            raise StateError(
                f"dataset {name!r} exists; --resume adds what is missing, --overwrite replaces it"
            )
    claimed = claim_media_dir(name, source.path, media_dir)
    return fo.Dataset(name, persistent=True), claimed


def _imported(name: str) -> tuple[Any, dict[str, Any]]:
    dataset = fo.load_dataset(name)
    facts = store.info(dataset)
    if not facts:
        raise StateError(f"dataset {name!r} was not imported by PairLens; choose another name")
    return dataset, facts


def _reopen(
    name: str, format_name: str, source: Located, given_media_dir: Path | None
) -> tuple[Any, Path]:
    dataset, facts = _imported(name)
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


def delete_dataset(name: str, *, keep: Path | None = None) -> None:
    """Deletes a dataset that PairLens imported and, where it made them, its folders.

    These are the media folder and the one that an archive was unpacked into.

    Args:
        name: of the dataset
        keep: a path whose folder stays, since something is about to be read from it

    Raises:
        StateError: if the dataset is not PairLens' own
    """
    dataset, facts = _imported(name)
    folders = [Path(facts["media_dir"]), *unpacked_around(store.source_path(facts))]
    kept = set(unpacked_around(keep)) if keep else set()
    dataset.delete()
    for folder in folders:
        marker = folder / MARKER
        if folder not in kept and marker.is_file() and marker.read_text("utf-8") == name:
            shutil.rmtree(folder)


def unpacked_around(path: Path) -> list[Path]:
    """The folder that an archive was unpacked into, if a source lies in one.

    It is known by its own name and marks: a dataset can hold files of the marks' names.
    """
    above = (path, *path.parents)[: MOST_LEVELS + 2]
    return [f for f in above if is_unpacked_name(f.name) and (f / UNPACKED).is_file()]
