"""Whether another machine sees the same files at the same paths, as nodes of a cluster must.

A worker on a node that does not would take images for missing, and write masks where nobody looks
for them. So it compares some places before its first work: see :class:`PathState`.
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
    """A file or a folder, with what tells it from another one at that path.

    Attributes:
        path: absolute
        state: of a folder that PairLens made the first line of its marker, of another the names in
            it, but for those that begin with a dot; of a file its size
    """

    path: str
    state: str

    @classmethod
    def of(cls, path: Path) -> PathState:
        """A place as this process sees it; an empty state where nothing is."""
        return cls(str(path), _state(path))


def states_of(paths: Iterable[Path]) -> tuple[PathState, ...]:
    """The places that are there of some paths."""
    found = (PathState.of(path.absolute()) for path in paths)
    return tuple(place for place in found if place.state)


@lru_cache(64)
def check(places: tuple[PathState, ...]) -> None:
    """Compares places with what this machine sees; once in a process.

    Raises:
        StateError: if it sees something else, or nothing
    """
    for place in places:
        there = _state(Path(place.path))
        if there != place.state:
            sees = "something else" if there else "nothing"
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
