"""Checks that the nodes of a cluster see the same files at the same paths.

Without that, a worker would report images as missing, and write masks where nobody finds them. So
it compares some paths before its first work; see :class:`PathState`.
"""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from pairlens.importers.errors import StateError
from pairlens.importers.files import owners_of


class PathState(NamedTuple):
    """A file or folder with some of its state, by which it can be recognized on another machine.

    Attributes:
        path: absolute path
        state: for a folder that PairLens made, the first line of its marker; for another folder,
            a digest of the names in it except hidden ones; for a file, its size; ``""`` if there
            is neither
    """

    path: str
    state: str

    @classmethod
    def of(cls, path: Path) -> PathState:
        """Returns the state of a path as this process sees it."""
        return cls(str(path), _state(path))


def states_of(paths: Iterable[Path]) -> tuple[PathState, ...]:
    """Returns the states of those paths that exist."""
    found = (PathState.of(path.absolute()) for path in paths)
    return tuple(place for place in found if place.state)


@lru_cache(64)
def check(places: tuple[PathState, ...]) -> None:
    """Compares states with those that this machine sees; once in a process.

    Raises:
        StateError: if this machine sees something else, or nothing
    """
    for place in places:
        state = _state(Path(place.path))
        if state != place.state:
            sees = "something else" if state else "nothing"
            raise StateError(
                f"node {socket.gethostname()} of the cluster sees {sees} at {place.path}; all "
                "nodes must see the published files, images and masks at the same paths: mount "
                "them there, or leave that node out"
            )


def _state(path: Path) -> str:
    try:
        if not path.is_dir():
            return f"{path.stat().st_size} bytes"
        if owners := owners_of(path):
            return owners[0]
        names = sorted(each.name for each in path.iterdir() if not each.name.startswith("."))
    except OSError:
        return ""
    digest = hashlib.sha256("\n".join(names).encode("utf-8", "surrogateescape"))
    return f"{len(names)} names, {digest.hexdigest()}"
