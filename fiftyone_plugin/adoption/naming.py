"""Keys, image ids and splits of samples that no published file names."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from pairlens.importers import fields
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.splits import spelled
from pairlens.importers.stored_values import Document


def split_in(document: Document, field: str | None) -> str:
    """The split of a sample: of a field, else of a tag; ``""`` where neither says one."""
    named = document.get(field or fields.SPLIT)
    if isinstance(named, dict):  # a classification
        named = named.get("label")
    if isinstance(named, str) and named.strip():
        return spelled(named)
    tags = map(spelled, document.get("tags") or ())
    return next((tag for tag in tags if tag in SPLITS), "")


class Names:
    """Ids of images, which do not depend on where the files lie on this machine.

    The id is the file's name without suffix; of files that share that, with a digest of the path
    from the folder that holds all.

    Args:
        paths: of the images of all samples

    Attributes:
        root: the folder that holds all of them; ``""`` for none
    """

    def __init__(self, paths: Iterable[str]) -> None:
        known = set(paths)
        self._stems = Counter(Path(path).stem for path in known)
        folders = {os.path.dirname(path) for path in known}  # noqa: PTH120 - may be no local path
        try:
            self.root = os.path.commonpath(folders) if folders else ""
        except ValueError:  # absolute and relative ones
            self.root = ""
        self._counts: Counter[tuple[str, str]] = Counter()

    def relative(self, path: str) -> str:
        """The path from the folder that holds all images."""
        inside = bool(self.root) and path.startswith(self.root.rstrip("/") + "/")
        return os.path.relpath(path, self.root) if inside else path

    def image_id(self, path: str) -> str:
        """The id of an image."""
        stem = Path(path).stem
        if self._stems[stem] < 2:
            return stem
        return f"{stem}-{hashlib.sha256(self.relative(path).encode()).hexdigest()[:8]}"

    def numbers(self, path: str, split: str, count: int) -> range:
        """The numbers of the next so many pairs of an image in a split."""
        first = self._counts[split, path]
        self._counts[split, path] += count
        return range(first, first + count)
