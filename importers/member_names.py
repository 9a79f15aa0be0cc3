"""Checks whether names of archive members and objects can be file names in a folder."""

from __future__ import annotations

from pairlens.importers.files import is_plain_name
from pairlens.importers.image_lookup import MAX_PATH


class Names:
    """The names taken so far. Case is ignored, since a file system may ignore it."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def refusal(self, name: str) -> str:
        """Takes a name and returns ``""``, or returns why it conflicts with an earlier one."""
        name = name.casefold()
        parts = name.split("/")
        folders = {"/".join(parts[:depth]) for depth in range(1, len(parts))}
        if name in self._files:
            return "another has that name"
        if name in self._folders or folders & self._files:
            return "a file has the name of a folder"
        self._files.add(name)
        self._folders |= folders
        return ""


def name_refusal(name: str) -> str:
    """Returns why a name cannot be a relative path within a folder; ``""`` if it can."""
    if not all(is_plain_name(part) for part in name.split("/")):
        return "its name leads out of the folder or is none"
    return "its name is longer than any path" if len(name.encode()) > MAX_PATH else ""
