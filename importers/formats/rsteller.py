"""RSTeller, captioned aerial photographs, in the layout of its releases.

::

    train-000000.tar ... train-000239.tar     or Patches0000.tar ..., or either extracted
        <patch_id>.jpg                         448x448 pixels at 0.6 m
        <patch_id>.json                        {"metadata": {"patch_id", "image_name"},
                                                "annotations": [{"task", "text", "annotator"}]}
        <patch_id>.txt                         early releases: one caption a line

Task 1 describes an area, 2 a non-area, 3 revises one of them; legacy files name no annotator.
The location of a patch follows from the name of the photograph that it was cut from. Sources: the
dataset's card at huggingface.co/datasets/SlytherinGe/RSTeller and github.com/SlytherinGe/RSTeller.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path, PurePosixPath

from pairlens.importers.decisions import of_leftovers
from pairlens.importers.errors import OnError, OnNote, RecordError, ignore_note, raise_error
from pairlens.importers.files import is_leftover, is_text, safe_name
from pairlens.importers.formats.base import FORMATS, SPLITS, Format, FormatFault
from pairlens.importers.formats.example_files import IMAGE_SPLITS, image_bytes, picture
from pairlens.importers.formats.native_export import exported_as
from pairlens.importers.formats.rsteller_export import RSTellerExporter
from pairlens.importers.formats.rsteller_samples import LOOSE, Archive, SampleReader
from pairlens.importers.formats.rsteller_shards import (
    Shard,
    folder_samples,
    index_shard,
    shards,
    subfolders,
)
from pairlens.importers.formats.rsteller_text import MAX_BYTES
from pairlens.importers.named_files import files_in
from pairlens.importers.reading import LEFT_OUT, LeftOut
from pairlens.importers.records import CaptionedImage, Source
from pairlens.importers.source_files import open_source
from pairlens.importers.tar_index import ArchiveError, printable, walk

NAME = "rsteller"
PER_SHARD = 5_000
"""A published shard holds 5,458 images; some of them may be broken."""

_SPLIT = re.compile(r"(train|val|validation|test)(?![a-z])", re.IGNORECASE)
_NAMES = {"validation": "val"}
_PACKED = re.compile(r"\.(?:tar\.(?:gz|bz2|xz|zst)|tgz)$", re.IGNORECASE)
_LOOKED_INTO = 16
_ENOUGH = 1000
"""Samples of the first shards, by whose size those of the others are reckoned."""

_LOOKED_AT = 64


def split_of(root: Path, place: Path) -> str:
    """The split in the name of a shard, of a folder, or of the folder around it; else ``train``.

    Names in the dataset begin with the split; the name of the root, which users choose, counts only
    if it equals a split.
    """
    folders = [place, *place.parents]
    named = folders[: folders.index(root)] or ([place] if place.suffix == ".tar" else [])
    for folder in named:
        match = _SPLIT.match(folder.name)
        if match:
            return _NAMES.get(match[1].lower(), match[1].lower())
    name = root.name.lower() if root.suffix != ".tar" else ""
    return _NAMES.get(name, name if name in SPLITS else "train")


_NO_TEXT = "the file's name is no text; rename it"


def detect(root: Path) -> bool:
    """Whether the first shards or some JSON files describe patches, or PairLens exported it.

    An export can contain images with texts only.
    """
    tars = shards(root)
    if root.is_dir() and exported_as(root) == NAME:
        return True
    if tars:
        return any(_shard_speaks(tar) for tar in tars[:_LOOKED_INTO])
    return any(_folder_speaks(folder) for folder in _folders(root))


def _shard_speaks(tar: Path) -> bool:
    try:
        with open_source(tar, anywhere=True) as stream:
            for member in islice(walk(stream), _LOOKED_AT):
                name = member.name
                if member.kind != "file" or not name.endswith(".json") or is_leftover(name):
                    continue
                stream.seek(member.offset)
                if b"patch_id" in stream.read(min(member.size, MAX_BYTES)):
                    return True
    except (OSError, ArchiveError):
        pass
    return False


def _folder_speaks(folder: Path) -> bool:
    files = (file for file in files_in(folder, "*.json") if not is_leftover(file.name))
    for file in islice(files, _LOOKED_INTO):
        try:
            with open_source(file, anywhere=True) as stream:
                if b"patch_id" in stream.read(MAX_BYTES):
                    return True
        except OSError:
            continue
    return False


def _folders(root: Path) -> list[Path]:
    """The folders of extracted shards: the root, or the folders in it."""
    return [root, *subfolders(root)] if root.is_dir() else []


def _is_packed(file: Path) -> bool:
    return _PACKED.search(file.name) is not None and not is_leftover(file.name)


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """The number of images, for progress; for many shards an estimate from the first."""
    tars = [tar for tar in shards(root) if split_of(root, tar) in splits]
    if not tars:
        folders = (f for f in _folders(root) if split_of(root, f) in splits)
        return sum(1 for folder in folders for _ in files_in(folder, "*.json"))
    samples = measured = 0
    try:
        facts = {tar: tar.stat() for tar in tars}
        for tar, of in islice(facts.items(), _LOOKED_INTO):
            samples += _count_samples(tar, of.st_ino, of.st_size, of.st_mtime_ns)
            measured += of.st_size
            if samples >= _ENOUGH:
                break
    except (OSError, RecordError):
        return 0
    return round(samples * sum(of.st_size for of in facts.values()) / (measured or 1))


@lru_cache(4 * _LOOKED_INTO)  # an import counts again in the end, whether the source still is there
def _count_samples(tar: Path, *_changed: int) -> int:
    return len(index_shard(tar).samples)


def wanted(names: Sequence[str], splits: Collection[str], limit: int | None) -> list[str]:
    """The files of a repository with the splits, or with the first images of them."""
    tars = [n for n in names if n.endswith(".tar") and _split_of_name(n) in splits]
    if not tars:
        return list(names)
    tars.sort(key=lambda name: (PurePosixPath(name).name.startswith("Patches"), name))
    return tars if limit is None else tars[: 1 + (limit - 1) // PER_SHARD]


def _split_of_name(name: str) -> str:
    return split_of(Path("/"), Path("/") / name)


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    left_out: LeftOut = "skip",
) -> Iterator[CaptionedImage]:
    """Yields the images, split by split and shard by shard in the order of their names."""
    run = SampleReader(NAME, on_error)
    keep = left_out == "read"
    tars = shards(root)
    found = partial(_from_shards if tars else _from_folders, leftovers=keep)
    for split in SPLITS:
        places = [place for place in tars or _folders(root) if split_of(root, place) == split]
        if split in splits:
            yield from found(root, places, split, run, on_note)
    run.tell(on_note)
    archives = (file for folder in _folders(root) for file in files_in(folder, "*.t*"))
    packed = sorted(filter(_is_packed, archives))
    if tars and packed:
        name = printable(packed[0].name)
        on_note(f"{len(packed):,} compressed shards are not read, {name} the first; unpack them")


def _from_shards(
    root: Path, tars: list[Path], split: str, run: SampleReader, on_note: OnNote, *, leftovers: bool
) -> Iterator[CaptionedImage]:
    for tar in tars:
        name = tar.relative_to(root if root.is_dir() else root.parent).as_posix()
        try:
            shard = index_shard(tar, leftovers=leftovers)
        except RecordError as error:
            run.on_error(RecordError(name, error.reason))
            continue
        if not is_text(name):
            run.on_error(RecordError(name, _NO_TEXT))
            continue
        _tell_faults(name, shard, run, on_note)
        yield from _from_shard(tar, name, shard, split, run)


def _tell_faults(name: str, shard: Shard, run: SampleReader, on_note: OnNote) -> None:
    for member, reason in shard.faults:
        run.on_error(RecordError(f"{name}/{member}", reason))
    halves = sum(not sample.whole for sample in shard.samples)
    if shard.cut or (shard.unmarked and halves):
        left = f"; {halves:,} of its images lack their other half" if halves else ""
        whole = len(shard.samples) - halves
        reason = f"{shard.cut or shard.unmarked}: {whole:,} images before it are read{left}"
        run.on_error(RecordError(name, reason))
    elif shard.unmarked:
        on_note(f"{name} {shard.unmarked}; it may have been cut short")
    others = [member.name for member in shard.others if member.kind == "file"]
    leftovers = [other for other in others if is_leftover(other)]
    run.others += len(others) - len(leftovers)
    if leftovers:
        on_note(of_leftovers([printable(name) for name in leftovers]))


def _from_shard(
    tar: Path, name: str, shard: Shard, split: str, run: SampleReader
) -> Iterator[CaptionedImage]:
    try:
        with open_source(tar, buffering=1 << 14) as stream:
            origin = Archive(tar, safe_name(name.removesuffix(".tar")), stream)
            for sample in shard.samples:
                # Halves of a cut sample were reported with the cut.
                if sample.whole or not (shard.cut or shard.unmarked):
                    yield from run.record(sample, Source(name, sample.index), split, origin)
    except OSError as error:
        run.on_error(RecordError(name, f"cannot be read ({error.strerror})"))


def _from_folders(
    root: Path,
    folders: list[Path],
    split: str,
    run: SampleReader,
    on_note: OnNote,
    *,
    leftovers: bool,
) -> Iterator[CaptionedImage]:
    for folder in folders:
        left = sorted(f.name for f in files_in(folder) if is_leftover(f.name))
        if left and not leftovers:
            on_note(of_leftovers(left))
        for sample in folder_samples(folder, leftovers=leftovers):
            file = sample.json or sample.txt or sample.image
            if file is None:
                continue
            name = file.relative_to(root).as_posix()
            if not is_text(name):
                run.on_error(RecordError(name, _NO_TEXT))
            else:
                yield from run.record(sample, Source(name, 0), split, LOOSE)


def example(root: Path) -> Path:
    """Writes eight images with two captions each in shards of three at the most."""
    patches: dict[str, list[int]] = {}
    for patch, split in enumerate(("train", "train", *IMAGE_SPLITS), 700):
        patches.setdefault(split, []).append(patch)
    for split, numbers in patches.items():
        for shard, start in enumerate(range(0, len(numbers), 3)):
            _write_shard(root / f"{split}-{shard:06}.tar", numbers[start : start + 3])
    return root


def _write_shard(path: Path, patches: list[int]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for patch in patches:
            texts = ((1, f"A red house stands on plot {patch}."), (3, f"Plot {patch} has a house."))
            captions = [
                {"task": task, "text": text, "annotator": "a/model"} for task, text in texts
            ]
            name = f"m_35090{patch % 60 + 1:02}_ne_15_060_20190701"
            content = {
                "metadata": {"patch_id": patch, "image_name": name}, "annotations": captions
            }  # fmt: skip
            image = image_bytes(picture(patch - 700), "JPEG")
            for suffix, data in (("jpg", image), ("json", json.dumps(content).encode())):
                member = tarfile.TarInfo(f"{patch}.{suffix}")
                member.size, member.mtime = len(data), 1_730_000_000
                archive.addfile(member, io.BytesIO(data))


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        title="RSTeller",
        about="RSTeller: captioned aerial photographs in WebDataset shards",
        layout="*.tar with <patch_id>.jpg and <patch_id>.json, or both extracted",
        docs="[RSTeller](docs/formats/rsteller.md): WebDataset shards of `<patch_id>.jpg` and "
        "`.json`, or extracted",
        detect=detect,
        count=count,
        read=read,
        kind="captions",
        packed=True,
        params=(LEFT_OUT,),
        wanted=wanted,
        threads=False,
        exporter=RSTellerExporter,
        writes="RSTeller: shards, or files where they were extracted",
        example=example,
        faults=(
            FormatFault(
                "a shard",
                lambda root: (root / "val-000000.tar").write_bytes(b""),
                "val-000000.tar: is empty: 0 images before it are read",
            ),
        ),
    ),
)
