"""RefSegRS as FiftyOne's copy on the hub has it: a FiftyOneDataset on disk.

::

    samples.json                   {"samples": [{"filepath", "tags", "segmentation", "phrase"}]}
    data/<id>.tif                  images
    fields/segmentation/<id>.tif   masks
    metadata.json, fiftyone.yml

The id on the hub is ``Voxel51/RegSegRS``; its card writes ``Voxel51/RefSegRS``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from pairlens.importers.bounded_json import read_json
from pairlens.importers.errors import LayoutError, OnError, OnNote, RecordError
from pairlens.importers.files import is_plain_name
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.refsegrs_lists import NAME
from pairlens.importers.image_lookup import MAX_PATH, find_file
from pairlens.importers.list_items import read_list_items
from pairlens.importers.named_files import files_in
from pairlens.importers.records import (
    NoTarget,
    Pair,
    Raster,
    Source,
    Target,
    make_key,
    phrase_fault,
)
from pairlens.importers.source_files import open_source, reason_of

SAMPLES = "samples.json"
MASKS = "fields/segmentation"

MAX_FILE_BYTES = 256 << 20
"""The published file has about 4 MB."""

_SPLITS = (*SPLITS, "validation")


def detect(root: Path) -> bool:
    """Whether the folder holds samples with masks of their own, and without keys of PairLens."""
    there = (root / SAMPLES).is_file() and (root / MASKS).is_dir()
    return there and "key" not in (first_sample(root) or {})


def first_sample(root: Path) -> dict[str, Any] | None:
    """The first sample of a folder; ``None`` where there is none that can be read."""
    try:
        with open_source(root / SAMPLES) as stream:
            items = read_list_items(stream)
            first = next((item.value for item in items if item.name == "samples"), None)
    except (OSError, ValueError):
        return None
    return first if isinstance(first, dict) else None


def count(root: Path, splits: Collection[str]) -> int:
    """The number of masks, for progress."""
    return sum(1 for _ in files_in(root / MASKS))


def load_samples(root: Path) -> list[Any]:
    """All samples, as they stand in the file.

    Raises:
        LayoutError: if the file is too large, no JSON, or holds no list of samples
    """
    file = root / SAMPLES
    try:
        content = read_json(file, MAX_FILE_BYTES)
    except OSError as error:
        raise LayoutError(f"{file} cannot be read ({reason_of(error)})") from error
    except ValueError as error:
        raise LayoutError(f"{file} {error}") from error
    samples = content.get("samples") if isinstance(content, dict) else None
    if not isinstance(samples, list):
        raise LayoutError(f"{file} holds no list 'samples'")
    return samples


def read(root: Path, splits: Collection[str], on_error: OnError, on_note: OnNote) -> Iterator[Pair]:
    """Yields the pairs in the order of the samples."""
    seen: Counter[str] = Counter()
    images: dict[str, PurePosixPath] = {}
    for number, sample in enumerate(load_samples(root)):
        source = Source(SAMPLES, number)
        try:
            pair = _pair(root, sample, source, seen, images)
        except ValueError as error:
            on_error(RecordError(str(source), str(error)))
            continue
        if pair.split in splits:
            yield pair


def _pair(
    root: Path,
    sample: Any,
    source: Source,
    seen: Counter[str],
    images: dict[str, PurePosixPath],
) -> Pair:
    if not isinstance(sample, dict):
        raise ValueError("it is no object")
    split, image = _split(sample.get("tags")), inside(sample.get("filepath"), "filepath")
    phrase: Any = sample.get("phrase")
    if fault := phrase_fault(phrase):
        raise ValueError(fault)
    # A second image of a name, in another folder or of another kind, goes by its whole path.
    first = images.setdefault(f"{split}/{image.stem}", image)
    image_id = image.stem if first == image else str(image)
    number = seen[f"{split}/{image_id}"]
    seen[f"{split}/{image_id}"] += 1
    return Pair(
        key=make_key(NAME, split, image_id, number),
        image_id=image_id,
        split=split,
        phrase=phrase,
        image=file_of(root / image),
        image_name=image.name,
        target=_target(root, sample),
        source=source,
    )


def _split(tags: Any) -> str:
    named = [tag for tag in tags if tag in _SPLITS] if isinstance(tags, list) else []
    if len(named) != 1:
        raise ValueError(f"'tags' name {len(named)} splits; expected one of {', '.join(SPLITS)}")
    return "val" if named[0] == "validation" else named[0]


def inside(name: Any, what: str) -> PurePosixPath:
    """A path of the file that leads nowhere but into its folder.

    Raises:
        ValueError: if it is none
    """
    parts = name.split("/") if isinstance(name, str) else []
    plain = parts and all(is_plain_name(part) for part in parts)
    if not plain or len(name.encode()) > MAX_PATH:
        raise ValueError(f"{what} {str(name)[:80]!r} is no path in the dataset's folder")
    return PurePosixPath(name)


def _target(root: Path, sample: dict[str, Any]) -> Target:
    if "segmentation" not in sample:
        raise ValueError("has no 'segmentation'; null is no target")
    segmentation = sample["segmentation"]
    if segmentation is None:
        return NoTarget()
    path = segmentation.get("mask_path") if isinstance(segmentation, dict) else None
    mask = root / inside(path, "mask_path")
    return Raster(file_of(mask) or mask)


def file_of(path: Path) -> Path | None:
    """The file of a path, whose name may be written in another case or form of Unicode."""
    return find_file(path.parent, path.name)
