"""Datasets that are not complete yet: they have a temporary name, and get their own in one write.

A new dataset gets its name after its facts, so that other processes never find it without them. A
dataset that replaces another gets the name after its samples. A temporary name contains the
identity of its process: what a killed process left is deleted by the next one that creates a
dataset of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import fiftyone as fo
from pymongo.errors import DuplicateKeyError

from pairlens.importers import fo_internals, process_ids, store
from pairlens.importers.errors import StateError
from pairlens.importers.fields import INFO

_UNFINISHED, _REPLACED = "pairlens-unfinished-", "pairlens-replaced-"
"""Prefixes of the names of incomplete datasets, and of replaced ones that are about to be deleted.
The identity of their process follows."""

ASIDE = (_UNFINISHED, _REPLACED)
"""Prefixes of all temporary names."""

_NAME, _OWNER = "replaces", "owner"
"""Facts of a dataset with a temporary name: the name that it will have or had; and the identity of
its process, if version 0.1 made it."""

_MARKS = (f"info.{INFO}.{_NAME}",)


def begin(name: str) -> Any:
    """Creates a dataset with a temporary name.

    Args:
        name: that it will get
    """
    dataset: Any = fo.Dataset(_aside(_UNFINISHED))
    store.update_info(dataset, **{_NAME: name})
    return dataset


def give_name(dataset: Any, name: str) -> None:
    """Gives a dataset with a temporary name its own name, which is free, and makes it persistent.

    Raises:
        StateError: if another process took the name meanwhile
    """
    try:
        fo_internals.give_name(dataset, name, _MARKS)
    except (ValueError, DuplicateKeyError) as error:
        raise StateError(
            f"dataset {name!r} was made by another process at the same time; wait for that one, or "
            f"choose another name ({error})"
        ) from error


def take_place(new: Any, old: Any) -> None:
    """Gives a dataset with a temporary name the name of another, which gets a temporary one."""
    store.update_info(old, **{_NAME: old.name})
    fo_internals.take_name(new, old, _aside(_REPLACED), _MARKS)


def left(name: str) -> Iterator[Any]:
    """Yields datasets that killed processes left when they made or replaced a dataset of a name."""
    for prefix in (_UNFINISHED, _REPLACED):
        for found in fo.list_datasets(glob_patt=f"{prefix}*"):
            try:
                dataset = store.opened(str(found))
            except StateError:  # its own process has just deleted it
                continue
            facts = store.info(dataset)
            owner = facts.get(_OWNER) or str(found).removeprefix(prefix).rpartition("-")[0]
            # If its process was killed right after creating it, the name is not stored; any fits.
            if facts.get(_NAME, name) == name and process_ids.is_dead(owner):
                yield dataset


def _aside(prefix: str) -> str:
    return f"{prefix}{process_ids.this_process()}-{token_hex(3)}"
