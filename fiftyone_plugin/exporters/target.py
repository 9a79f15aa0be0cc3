"""The target folder of an export: new, apart from the source, and complete or absent."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pairlens.importers import process_ids
from pairlens.importers.errors import StateError, UsageError

_PART = ".part"


def check_target(out: Path | str, *forbidden: Path) -> Path:
    """Checks the folder to write to, and resolves its links.

    Args:
        out: the folder
        forbidden: folders that may neither contain the target nor lie in it: the source and the
            dataset's media

    Raises:
        UsageError: if it is one of those folders, lies in one, contains one, or is a file
        StateError: if it is not empty
    """
    target = Path(os.path.realpath(Path(out).expanduser()))
    for folder in forbidden:
        other = Path(os.path.realpath(folder))
        if target == other or target in other.parents or other in target.parents:
            raise UsageError(f"{out} is, lies in or holds {other}, where nothing is exported to")
    try:
        if target.exists() and not target.is_dir():
            raise UsageError(f"{out} is a file; give a new folder")
        if target.is_dir() and any(target.iterdir()):
            raise StateError(f"{out} is not empty; give a new folder")
    except OSError as error:
        raise StateError(f"{out} cannot be looked into ({error.strerror})") from error
    return target


@contextmanager
def whole_folder(target: Path) -> Iterator[Path]:
    """A temporary folder that becomes ``target`` at the end, or is removed on failure.

    Args:
        target: an empty or new folder, from :func:`check_target`

    Raises:
        StateError: if the folder cannot be made, or another process created ``target`` meanwhile
    """
    new_parents = [folder for folder in target.parents if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _clear_left(target)
        prefix = f".{target.name}.{process_ids.this_process()}."
        work = Path(tempfile.mkdtemp(dir=target.parent, prefix=prefix, suffix=_PART))
    except OSError as error:
        _remove_empty(new_parents)
        raise StateError(f"nothing can be written beside {target} ({error.strerror})") from error
    try:
        yield work
        work.chmod(0o755)  # mkdtemp makes folders that only their owner can read
        try:
            work.replace(target)
        except OSError as error:
            raise StateError(f"{target} was taken during the export; give another") from error
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        _remove_empty(new_parents)
        raise


def _clear_left(target: Path) -> None:
    """Removes temporary folders of exports to the same target whose processes have ended."""
    for left in target.parent.iterdir():
        begun = left.name.removeprefix(f".{target.name}.")
        ours = begun != left.name and left.name.endswith(_PART)
        if ours and process_ids.is_dead(begun.partition(".")[0]):
            shutil.rmtree(left, ignore_errors=True)


def left_by_old_version(target: Path) -> list[Path]:
    """Folders beside the target with the names of unfinished exports of version 0.1.

    Their names do not contain the process, so only the user can decide whether to delete them.
    """
    name = re.compile(rf"\.{re.escape(target.name)}\.[a-z0-9_]{{8}}{re.escape(_PART)}")
    return sorted(one for one in target.parent.iterdir() if name.fullmatch(one.name))


def _remove_empty(folders: list[Path]) -> None:
    """Removes the empty folders that this export made, deepest first."""
    for folder in folders:
        try:
            folder.rmdir()
        except OSError:
            return
