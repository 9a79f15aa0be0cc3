"""Replaces a dataset by a new import; the old one stays until the new one is complete.

Until then the new dataset has a temporary name; its media folder is its own for good. If the import
ends early, the old dataset is unchanged. What a killed import left is deleted by the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from pairlens.importers import fields, store, unfinished
from pairlens.importers.datasets import clear_left, delete_with_folders, imported
from pairlens.importers.errors import StateError
from pairlens.importers.media_folders import STORE, Given, check_media_dir, claim, given_folder

Carry = Callable[[Any, Any, Path], list[str]]
"""Copies what must survive from an old dataset to the new one that replaces it. Called with both
and the media folder of the new one; returns notes."""


def nothing(old: Any, new: Any, media_dir: Path) -> list[str]:
    """Copies nothing; the default :data:`Carry`."""
    return []


@dataclass
class Replacement:
    """A dataset that is to replace another.

    Attributes:
        dataset: the new one
        media_dir: its media folder
        whole: set once it is complete; otherwise it is deleted in the end
        notes: about what was carried over
    """

    dataset: Any
    media_dir: Path
    whole: bool = False
    notes: list[str] = field(default_factory=list)


@contextmanager
def replacing(
    name: str, source: Path, given: Given = None, carry: Carry = nothing
) -> Iterator[Replacement]:
    """Yields a new dataset, which replaces the old one at the end if it is complete.

    The old one is deleted, with the folders that PairLens made for it.

    Args:
        name: of the dataset
        source: the source of the import
        given: the media folder or store; by default the store of the old dataset, since other
            machines may use it, or a folder of its own
        carry: copies what must survive from the old dataset, such as verdicts

    Raises:
        UsageError: if the media folder is inside the source or around it
        StateError: if PairLens did not import the dataset, or the media folder holds something else
    """
    _, facts = imported(name)
    if facts.get("format") == fields.ADOPTED:
        raise StateError(
            f"dataset {name!r} was adopted and holds labels of your own; choose another name"
        )
    clear_left(name, source)
    given = given or facts.get(STORE)
    own = given_folder(given)
    place = _free_folder(own, facts.get("media_dir")) if own else given
    check_media_dir(place, source)
    dataset = unfinished.begin(name)
    try:
        made = Replacement(dataset, claim(dataset, place, name))
        yield made
        if made.whole:
            old, _ = imported(name)
            made.notes += carry(old, dataset, made.media_dir)
            made.notes += _take_place(old, dataset)
    except KeyboardInterrupt:
        raise StateError(f"interrupted; dataset {name!r} is as it was") from None
    finally:
        if dataset.name != name:
            delete_with_folders(dataset, keep=source)


def _take_place(old: Any, new: Any) -> list[str]:
    unfinished.take_place(new, old)
    return delete_with_folders(old, keep=store.source_path(store.info(new)))


def _free_folder(wanted: Path, taken: str | None) -> Path:
    """Returns the wanted media folder, or one next to it if the old dataset uses that."""
    if str(wanted) != taken:
        return wanted
    others = (wanted.with_name(f"{wanted.name}-{number}") for number in count(2))
    return next(other for other in others if not other.exists())
