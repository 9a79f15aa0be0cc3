"""Keys, image ids and splits of foreign samples."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pairlens.importers import fields
from pairlens.importers.decisions import Decision
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.splits import spelled
from pairlens.importers.stored_values import Document


def splits_in(document: Document, field: str | None) -> list[str]:
    """The splits that a sample names: that of a field, else those among its tags, in order."""
    named = document.get(field or fields.SPLIT)
    if isinstance(named, dict):  # a classification
        named = named.get("label")
    if isinstance(named, str) and named.strip():
        return [spelled(named)]
    tags = map(spelled, document.get("tags") or ())
    return [tag for tag in dict.fromkeys(tags) if tag in SPLITS]


def split_decisions(document: Document, splits: Sequence[str], file: str) -> Iterator[Decision]:
    """How the split of a sample was decided, where that is not its field as it is.

    Args:
        document: the sample
        splits: what :func:`splits_in` found; the first is the split
        file: the image, as an example
    """
    if len(splits) > 1:
        rule = f"tags name the splits {' and '.join(splits)}: the first is taken"
        yield Decision(rule, "split", example=file, override="--split FIELD")
    if splits and (before := document.get(fields.SPLIT)) and before != splits[0]:
        yield Decision(f"the split {before!r} is written {splits[0]!r}", "split", example=file)


class Names:
    """Ids of images, which do not depend on the folder of the files on this machine.

    The id is the file's name without suffix; files of equal names have a digest of their path in
    the common folder appended.

    Args:
        paths: paths of the images of all samples

    Attributes:
        root: the common folder; ``""`` for none
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
        """The path in the common folder."""
        inside = bool(self.root) and path.startswith(self.root.rstrip("/") + "/")
        return os.path.relpath(path, self.root) if inside else path

    def image_id(self, path: str) -> str:
        """The id of an image."""
        stem = Path(path).stem
        if self._stems[stem] < 2:
            return stem
        return f"{stem}-{hashlib.sha256(self.relative(path).encode()).hexdigest()[:8]}"

    def numbers(self, path: str, split: str, count: int) -> range:
        """The numbers of the next pairs of an image in a split."""
        first = self._counts[split, path]
        self._counts[split, path] += count
        return range(first, first + count)
