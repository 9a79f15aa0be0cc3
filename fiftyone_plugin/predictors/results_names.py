"""Names of pairs and images in files of predictions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Generic, TypeVar
from urllib.parse import unquote

from pairlens.fiftyone_plugin.predictors.base import Query
from pairlens.fiftyone_plugin.predictors.results_files import select_by_split
from pairlens.importers.files import safe_name
from pairlens.importers.image_lookup import folded

_INDEX = re.compile(r"#(\d{1,9})$")
_SEPARATOR = re.compile("[/#]")

T = TypeVar("T")


def posix(path: str) -> PurePosixPath:
    """A path of any operating system, with ``/`` as separator."""
    return PurePosixPath(path.replace("\\", "/"))


def names_pair(name: str) -> bool:
    """Whether a name is that of a pair, such as ``a.png#2``, rather than that of its image."""
    return _INDEX.search(name) is not None


def pair_names(query: Query) -> tuple[str, ...]:
    """Names of the pair itself: its key as written, as masks are stored, and with ``_``.

    The last, the key with ``/`` and ``#`` written as ``_``, is what other programs write; it
    could be that of two pairs.
    """
    return query.key, safe_name(query.key), _SEPARATOR.sub("_", query.key)


def ref_names(query: Query) -> tuple[str, ...]:
    """Ids of the referring expression: image id and query index; for index 0 also the image id."""
    found = _INDEX.search(query.key)
    index = int(found[1]) if found else 0
    names = (f"{query.image_id}#{index}", f"{query.image_id}_{index}")
    return names if index else (*names, query.image_id)


def image_names(query: Query) -> tuple[str, ...]:
    """Names of the pair's image: its id, and its file name with and without suffix."""
    stem = posix(query.image_name).stem
    names = (query.image_id, safe_name(query.image_id), query.image_name, stem)
    return tuple(dict.fromkeys(name for name in names if name))


@dataclass
class ImageTable(Generic[T]):
    """A table of entries by image name, without regard to folders.

    Attributes:
        entries: folders and entry by the file name of the image, with and without suffix; the name
            of a pair, such as ``a.png#2``, is kept whole, so that it is not that of its image
    """

    entries: dict[str, list[tuple[tuple[str, ...], T]]] = field(default_factory=dict)
    _similar_names: dict[str, set[str]] = field(default_factory=dict)

    def add(self, path: str, entry: T, split: str = "") -> None:
        """Adds an entry under an image's path, id or name."""
        parts = posix(path).parts or ("",)
        folders = (*parts[:-1], split) if split else parts[:-1]
        stem = PurePosixPath(parts[-1]).stem
        for name in dict.fromkeys((parts[-1], parts[-1] if names_pair(parts[-1]) else stem)):
            if name not in self.entries:
                self.entries[name] = []
                self._similar_names.setdefault(_folded(name), set()).add(name)
            self.entries[name].append((folders, entry))

    def find(self, query: Query, serves: Callable[[T], bool] = lambda _: True) -> list[T]:
        """The entries of the first name of the query's image that has any.

        Exact names are tried first, then a name that differs in case, composed accents or
        percent-encoding, if it is the only one.

        Args:
            query: the query
            serves: whether an entry can be used for it
        """
        names = image_names(query)
        similar = (self._similar_names.get(_folded(name), set()) for name in names)
        for name in (
            *names,
            *(only for candidates in similar if len(candidates) == 1 for only in candidates),
        ):
            candidates = [entry for entry in self.entries.get(name, ()) if serves(entry[1])]
            chosen = select_by_split([folders for folders, _ in candidates], query.split)
            if chosen:
                return [candidates[i][1] for i in chosen]
        return []


def _folded(name: str) -> str:
    return folded(unquote(name) if "%" in name else name)


def first_match(names: Iterable[str], table: dict[str, list[T]]) -> list[T]:
    """The value of the first name in the table; empty if there is none."""
    return next((table[name] for name in names if name in table), [])
