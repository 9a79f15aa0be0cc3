"""RISBench as records, a line each, with the mask as COCO RLE beside the sentence.

::

    <any name>.jsonl          {"split", "image_id", "sent", "file_name", "segmentation": RLE}
    img_rgb/, images/ or .    the images, by ``file_name``

As converted by RSRefSeg2 (github.com/KyanChen/RSRefSeg2).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pairlens.importers.errors import OnError, OnNote, RecordError
from pairlens.importers.files import is_plain_name, is_text, lines
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.refsegrs_lists import NAME
from pairlens.importers.image_lookup import find_file
from pairlens.importers.json_members import loads
from pairlens.importers.named_files import files_in
from pairlens.importers.records import (
    Encoded,
    NoTarget,
    Pair,
    Source,
    Target,
    make_key,
    phrase_fault,
)
from pairlens.importers.source_files import reason_of

MAX_RECORD_BYTES = 1 << 22
"""A longer line is no record: the RLE of a speckled 512x512 mask takes under 1 MB."""

_NEEDED = ("split", "image_id", "sent", "file_name", "segmentation")
_MASKS = frozenset({"rle", "mask", "masks", "segm", "seg", "counts", "polygon", "polygons"})
_FOLDERS = ("img_rgb", "images", ".")


def record_files(root: Path) -> list[Path]:
    """The files that hold records, by name."""
    return [file for file in sorted(files_in(root, "*.jsonl")) if _looks_right(file)]


def _looks_right(file: Path) -> bool:
    try:
        line = next(lines(file, MAX_RECORD_BYTES, anywhere=True), b"")
        record = loads(line)
    except (OSError, ValueError, RecursionError):
        return False
    # Not the mask: a first record without it is a broken one.
    return isinstance(record, dict) and all(name in record for name in _NEEDED[:-1])


def detect(root: Path) -> bool:
    """Whether the folder holds a file whose first line is such a record."""
    return root.is_dir() and bool(record_files(root))


def count(root: Path, splits: Collection[str]) -> int:
    """The number of lines, for progress."""
    return sum(sum(1 for _ in lines(file, MAX_RECORD_BYTES)) for file in record_files(root))


def read(root: Path, splits: Collection[str], on_error: OnError, on_note: OnNote) -> Iterator[Pair]:
    """Yields the pairs in the order of the records."""
    seen: Counter[str] = Counter()
    images: dict[str, str] = {}
    for file in record_files(root):
        try:
            for source, record in _read_file(file, on_error):
                if record["split"] in splits:
                    yield _pair(root, record, source, seen, images)
        except OSError as error:
            on_error(RecordError(file.name, f"cannot be read ({reason_of(error)})"))


def _read_file(file: Path, on_error: OnError) -> Iterator[tuple[Source, dict[str, Any]]]:
    for number, line in enumerate(lines(file, MAX_RECORD_BYTES)):
        if not line.strip():
            continue
        source = Source(file.name, number)
        try:
            yield source, parse_record(line)
        except ValueError as error:
            on_error(RecordError(str(source), str(error)))


def parse_record(line: bytes) -> dict[str, Any]:
    """Reads a line and checks what it says.

    Raises:
        ValueError: with the reason, if it is no record
    """
    if len(line) > MAX_RECORD_BYTES:
        raise ValueError(f"the line is longer than {MAX_RECORD_BYTES:,} bytes")
    try:
        record = loads(line)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"it is no JSON ({error})") from None
    if not isinstance(record, dict):
        raise ValueError("it is no object")
    for name in _NEEDED[:-1]:
        if not isinstance(record.get(name), str) or not is_text(record[name]):
            raise ValueError(f"{name!r} is no text")
    if record["split"] not in SPLITS:
        raise ValueError(f"there is no split {record['split'][:40]!r}")
    for name in ("image_id", "file_name"):
        if not is_plain_name(record[name]):
            raise ValueError(f"{record[name][:80]!r} cannot be the name of an image")
    if "segmentation" not in record:
        raise ValueError(f"has no 'segmentation'{_named_like(record)}; null is no target")
    if fault := phrase_fault(record["sent"]):
        raise ValueError(fault)
    return record


def _named_like(record: dict[str, Any]) -> str:
    """Which member may have been meant for the mask."""
    others = [name for name in record if name not in _NEEDED]
    meant = [n for n in others if n.lower() in _MASKS] or get_close_matches(_NEEDED[-1], others, 1)
    return f", but {meant[0][:40]!r}" if meant else ""


def _pair(
    root: Path,
    record: dict[str, Any],
    source: Source,
    seen: Counter[str],
    images: dict[str, str],
) -> Pair:
    split, image_id, name = record["split"], record["image_id"], record["file_name"]
    # A second image of an id goes by its file's name.
    if images.setdefault(f"{split}/{image_id}", name) != name:
        image_id = name
    number = seen[f"{split}/{image_id}"]
    seen[f"{split}/{image_id}"] += 1
    return Pair(
        key=make_key(NAME, split, image_id, number),
        image_id=image_id,
        split=split,
        phrase=record["sent"],
        image=_image(root, name),
        image_name=name,
        target=target_of(record["segmentation"]),
        source=source,
    )


def _image(root: Path, name: str) -> Path | None:
    return next((f for f in (find_file(root / place, name) for place in _FOLDERS) if f), None)


def target_of(segmentation: Any) -> Target:
    """What is no RLE becomes one that cannot be decoded, which a check then says."""
    if segmentation is None:
        return NoTarget()  # as declared
    members = segmentation if isinstance(segmentation, dict) else {}
    counts = members.get("counts")
    runs = counts if isinstance(counts, str) else _whole_numbers(counts)
    return Encoded(_whole_numbers(members.get("size")) or (), runs)


def _whole_numbers(values: Any) -> tuple[int, ...] | None:
    """A list of whole numbers, or ``None`` for what is none."""
    if isinstance(values, list) and all(type(value) is int for value in values):
        return tuple(values)
    return None
