"""The samples of an RSTeller shard: which members belong together, and which are refused.

Readers and exporters agree here on what a sample is and what its number in the shard is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, Generic, Literal, TypeVar

from pairlens.importers.errors import RecordError
from pairlens.importers.files import is_leftover, is_text
from pairlens.importers.formats.native_export import MANIFEST
from pairlens.importers.named_files import files_in
from pairlens.importers.source_files import open_source
from pairlens.importers.tar_index import ArchiveError, Member, NoEndMark, printable, walk

Part = Literal["image", "json", "txt"]
P = TypeVar("P")

PARTS: dict[str, Part] = {
    "jpg": "image", "jpeg": "image", "png": "image", "json": "json", "txt": "txt"
}  # fmt: skip
MAX_IMAGE_BYTES = 64 << 20
"""Of an image in a shard; published ones have under 0.2 MB."""

_PLAIN = re.compile(r"([A-Za-z0-9_-]++)\.([A-Za-z]++)")
"""Names as nearly all are; what a name can do wrong takes a dot, a slash or a rarer character."""

_STEM = re.compile(r"[^.]*+(?:\.[0-9][^.]*+(?=\.))*+")
_REFUSED = {
    "link": "is a link, which is not followed",
    "device": "is a device or a pipe, which is not made",
    "sparse": "is a sparse file, which is not read",
    "unknown": "is of a kind that no tar format knows",
}


@dataclass(slots=True)
class ShardSample(Generic[P]):
    """Members of a shard, or files of a folder, of one name but for the suffix.

    Attributes:
        stem: their name without suffix, with ``/``
        index: the sample's number in the shard, from 0, by its first member
        image, json, txt: its members, where they are there
    """

    stem: str
    index: int
    image: P | None = None
    json: P | None = None
    txt: P | None = None

    @property
    def name(self) -> str:
        """The last part of the stem: what the files are called."""
        return self.stem.rpartition("/")[2]

    @property
    def whole(self) -> bool:
        """Whether there are an image and a text."""
        return self.image is not None and (self.json or self.txt) is not None

    def members(self) -> list[P]:
        """Those that are there."""
        return [m for m in (self.image, self.json, self.txt) if m is not None]

    def put(self, part: Part, member: P) -> None:
        """Adds a member.

        Raises:
            ValueError: if there is one of its kind
        """
        if getattr(self, part) is not None:
            raise ValueError("stands there twice; the first counts")
        setattr(self, part, member)


@dataclass(slots=True)
class Shard:
    """What is in a shard.

    Attributes:
        samples: in the order of their first members
        others: folders, pax headers and files that no reader of RSTeller looks at
        faults: members that are refused, with the reason
        cut: why the rest cannot be read, or ``""``
        unmarked: the note on an archive without end mark, or ``""``
    """

    samples: list[ShardSample[Member]] = field(default_factory=list)
    others: list[Member] = field(default_factory=list)
    faults: list[tuple[str, str]] = field(default_factory=list)
    cut: str = ""
    unmarked: str = ""

    @property
    def is_clean(self) -> bool:
        """Whether nothing was refused and nothing is missing at its end."""
        return not (self.faults or self.cut or self.unmarked)


def index_shard(path: Path, *, leftovers: bool = False) -> Shard:
    """Reads where the members of a shard lie; what a file manager left, only if asked for.

    Raises:
        RecordError: if the file cannot be opened or read
    """
    shard = Shard()
    try:
        with open_source(path, buffering=1 << 14) as stream:
            _fill(shard, stream, leftovers)
    except OSError as error:
        raise RecordError(path.name, f"cannot be read ({error.strerror})") from error
    return shard


def _fill(shard: Shard, stream: BinaryIO, leftovers: bool) -> None:
    by_stem: dict[str, ShardSample[Member]] = {}
    try:
        for member in walk(stream):
            try:
                if is_leftover(member.name) and member.kind == "file" and not leftovers:
                    shard.others.append(member)
                else:
                    _place(member, shard, by_stem)
            except ValueError as error:
                shard.faults.append((printable(member.name), str(error)))
    except NoEndMark as error:
        shard.unmarked = str(error)
    except ArchiveError as error:
        shard.cut = str(error)


def _place(member: Member, shard: Shard, by_stem: dict[str, ShardSample[Member]]) -> None:
    """Adds a member to its sample.

    Raises:
        ValueError: with the reason, if it is refused
    """
    if member.kind in _REFUSED:
        raise ValueError(_REFUSED[member.kind])
    stem, part = split_name(member.name)
    if part is None or member.kind != "file":
        shard.others.append(member)
        return
    if part == "image" and member.size > MAX_IMAGE_BYTES:
        raise ValueError(f"has {member.size:,} bytes, too many for an image")
    sample = by_stem.get(stem)
    if sample is None:
        sample = by_stem[stem] = ShardSample(stem, len(by_stem))
        shard.samples.append(sample)
    sample.put(part, member)


def split_name(name: str) -> tuple[str, Part | None]:
    """A member's name without its suffix, and what the suffix stands for.

    As in WebDataset, the suffix begins at the first dot of the last part of the name, but for
    dots before a digit, as in ``22.05.jpg``.

    Raises:
        ValueError: with the reason, if the name is none or leads out of a folder
    """
    if plain := _PLAIN.fullmatch(name):
        return plain[1], PARTS.get(plain[2].lower())
    if not is_text(name):
        raise ValueError("has a name that is not utf-8")
    if name.startswith("/") or name[1:2] == ":" or set(name) & set("\\\0"):
        raise ValueError("has a name that leads out of the folder")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError("has a name that leads out of the folder")
    stem, suffix = _split(parts[-1] if parts else "")
    part = PARTS.get(suffix.lower()) if stem else None
    return "/".join([*parts[:-1], stem]), part


def _split(name: str) -> tuple[str, str]:
    match = _STEM.match(name)
    stem = match[0] if match is not None else ""
    return stem, name[len(stem) + 1 :]


def folder_samples(folder: Path, *, leftovers: bool = False) -> Iterator[ShardSample[Path]]:
    """The samples of a shard that was extracted, by number and name.

    Of the files that wait names alone are held: somebody may extract all shards into one folder.
    """
    names = [
        name
        for name in os.listdir(folder)  # noqa: PTH208 - as paths they would take ten times as much
        if name != MANIFEST and (leftovers or not is_leftover(name))
    ]
    for _, group in groupby(sorted(names, key=_order), key=lambda name: _split(name)[0]):
        by_stem: dict[str, ShardSample[Path]] = {}
        for name in group:
            _add_file(folder / name, by_stem)
        yield from by_stem.values()


def _order(name: str) -> tuple[int, str, str]:
    stem, _ = _split(name)
    return len(stem) if stem.isdigit() else 0, stem, name


def loose_sample(file: Path) -> ShardSample[Path]:
    """The sample that a file of an extracted shard belongs to."""
    stem, _ = _split(file.name)
    by_stem = {stem: ShardSample[Path](stem, 0)}
    suffixes = [form(suffix) for suffix in PARTS for form in (str.lower, str.upper)]
    for other in sorted(file.with_name(f"{stem}.{suffix}") for suffix in suffixes):
        if other.is_file():
            _add_file(other, by_stem)
    return by_stem[stem]


def _add_file(file: Path, by_stem: dict[str, ShardSample[Path]]) -> None:
    stem, suffix = _split(file.name)
    part = PARTS.get(suffix.lower())
    if part is not None and stem:
        sample = by_stem.setdefault(stem, ShardSample(stem, 0))
        # Of several images of one name the first counts.
        with suppress(ValueError):
            sample.put(part, file)


def shards(root: Path) -> list[Path]:
    """The shards of a dataset: the root itself, those in it, or those a folder further down.

    The current release comes before the legacy one (``Patches0000.tar``), so that of a patch
    that is in both the current annotation counts.
    """
    if root.is_file():
        return [root] if root.suffix == ".tar" else []
    found = _tars(root) or [tar for folder in subfolders(root) for tar in _tars(folder)]
    return sorted(found, key=lambda tar: (tar.name.startswith("Patches"), tar))


def _tars(folder: Path) -> list[Path]:
    return [t for t in files_in(folder, "*.tar") if t.is_file() and not t.name.startswith(".")]


def subfolders(root: Path) -> list[Path]:
    """The folders in a folder, by name, without hidden ones."""
    return sorted(f for f in files_in(root) if f.is_dir() and not f.name.startswith("."))
