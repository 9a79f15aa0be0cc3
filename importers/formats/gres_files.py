"""The files of GRES: what a split and its id list have, and the parts of the test split.

Of the parts ``large`` and ``small`` the card speaks of lists (``large.txt``), LISAt's code of
folders (``large/``); neither is published, so whichever is there is read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from importers.errors import OnNote

SUBSETS = ("large", "small")
SUBSET_SPLIT = "test"
"""The split that they are parts of."""

_MAX_LIST_BYTES = 64 << 20

PUBLISHED_FILES = {"train": 7205, "val": 500, "test": 1510}
"""Counted on disk in github.com/lisat-bair/GRES at 31d6f53; its card says otherwise."""


def listed(folder: Path) -> dict[str, tuple[str, ...]]:
    """The subsets of each id that a list or folder names.

    Args:
        folder: the annotation folder, which holds the split folders
    """
    members: dict[str, tuple[str, ...]] = {}
    for subset in SUBSETS:
        for stem in {*_in_lists(folder, subset), *(f.stem for f in subset_files(folder, subset))}:
            members[stem] = (*members.get(stem, ()), subset)
    return members


def _in_lists(folder: Path, subset: str) -> Iterator[str]:
    for file in (folder / f"{subset}.txt", folder / SUBSET_SPLIT / f"{subset}.txt"):
        try:
            with open(file, "rb") as stream:
                text = stream.read(_MAX_LIST_BYTES).decode("utf-8-sig", "replace")
        except OSError:
            continue
        yield from (word.removesuffix(".json") for word in text.split())


def subset_files(folder: Path, subset: str) -> list[Path]:
    """The annotation files in a subset's own folder, by name."""
    folders = (folder / subset, folder / SUBSET_SPLIT / subset)
    return sorted(file for place in folders for file in place.glob("*.json"))


def annotation_files(folder: Path, split: str) -> list[Path]:
    """The annotation files of a split by name, then those that a subset's folder alone has."""
    files = sorted((folder / split).glob("*.json"))
    if split != SUBSET_SPLIT:
        return files
    seen = {file.stem for file in files}
    for subset in SUBSETS:
        for file in subset_files(folder, subset):
            if file.stem not in seen:
                seen.add(file.stem)
                files.append(file)
    return files


def note_counts(folder: Path, split: str, files: list[Path], on_note: OnNote) -> None:
    """Says where the files, the id list and what is published differ."""
    published = PUBLISHED_FILES[split]
    if len(files) != published:
        on_note(f"{split}: {len(files):,} annotation files; the release has {published:,}")
    try:
        with open(folder / f"{split}.txt", "rb") as stream:
            listed = Counter(stream.read(_MAX_LIST_BYTES).decode("utf-8-sig", "replace").split())
    except OSError:
        on_note(f"{split}: no id list {split}.txt")
        return
    doubled = sum(1 for times in listed.values() if times > 1)
    if doubled:
        on_note(
            f"{split}: {split}.txt lists {doubled:,} of its {len(listed):,} ids more than once "
            f"({listed.total():,} lines); each is imported once"
        )
    stems = {f.stem for f in files}
    for what, ids in (
        ("listed ids have no file", listed.keys() - stems),
        ("files are not listed", stems - listed.keys()),
    ):
        if ids:
            on_note(f"{split}: {len(ids):,} {what}, {min(ids)[:80]!r} the first")
