"""RefSegRS, referring segmentation in the layout of its original release.

::

    images/<id>.tif                       512x512 RGB
    masks/<id>.tif                        512x512, 0/1 or 0/255
    output_phrase_{train,val,test}.txt    <integer id><space><phrase>, a line a pair

Each line has its own copy of the image, so the same scene stands under several ids.
After github.com/zhu-xlab/rrsis.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from importers.errors import OnError, OnNote, RecordError, ignore_note, raise_error
from importers.formats.base import FORMATS, SPLITS, Format
from importers.records import Pair, Raster, Source, make_key

NAME = "refsegrs"
MAX_LINE_BYTES = 1 << 16
"""A longer line is no phrase; a file without line ends is never held whole."""

PUBLISHED_LINES = {"train": 2172, "val": 431, "test": 1817}
"""As the dataset's card counts them."""

_LINE = re.compile(r"([0-9]{1,18})(?:[ \t](.*))?")


def phrase_list(root: Path, split: str) -> Path:
    """The phrase list of a split."""
    return root / f"output_phrase_{split}.txt"


def detect(root: Path) -> bool:
    """Whether the folder holds images, masks and a phrase list."""
    lists = any(phrase_list(root, split).is_file() for split in SPLITS)
    return lists and (root / "images").is_dir() and (root / "masks").is_dir()


def count(root: Path, splits: Collection[str] = SPLITS) -> int:
    """The number of lines, one an image, for progress."""
    files = (phrase_list(root, split) for split in SPLITS if split in splits)
    return sum(sum(1 for _ in lines(file)) for file in files if file.is_file())


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
) -> Iterator[Pair]:
    """Yields the pairs, split by split in the order of the lists."""
    for split in SPLITS:
        file = phrase_list(root, split)
        if split not in splits:
            continue
        if not file.is_file():
            on_note(f"{split}: no phrase list {file.name}")
            continue
        count = 0
        for pair in _read_list(root, file, split, on_error):
            yield pair
            count += 1
        published = PUBLISHED_LINES[split]
        if count != published:
            on_note(f"{split}: {count:,} pairs; the card says {published:,}")


def _read_list(root: Path, file: Path, split: str, on_error: OnError) -> Iterator[Pair]:
    seen: Counter[str] = Counter()
    for number, line in enumerate(lines(file)):
        source = Source(file.name, number)
        try:
            image_id, phrase = parse_line(line)
        except ValueError as error:
            on_error(RecordError(str(source), str(error)))
            continue
        if not image_id:
            continue
        image = root / "images" / f"{image_id}.tif"
        yield Pair(
            key=make_key(NAME, split, image_id, seen[image_id]),
            image_id=image_id,
            split=split,
            phrase=phrase,
            image=image if image.is_file() else None,
            image_name=image.name,
            target=Raster(root / "masks" / f"{image_id}.tif"),
            source=source,
        )
        seen[image_id] += 1


def lines(file: Path) -> Iterator[bytes]:
    """The lines of a file with their ends, none longer than the bound.

    A longer line arrives cut, with one byte more than the bound, and is then skipped.
    """
    with open(file, "rb") as stream:
        while line := stream.readline(MAX_LINE_BYTES + 1):
            yield line
            while len(line) > MAX_LINE_BYTES and not line.endswith(b"\n"):
                line = stream.readline(MAX_LINE_BYTES + 1)


def parse_line(line: bytes) -> tuple[str, str]:
    """Splits a line into id and phrase; both are ``""`` for a blank line.

    Raises:
        ValueError: with the reason, if the line is not an id and a phrase
    """
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"the line is longer than {MAX_LINE_BYTES:,} bytes")
    try:
        text = line.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = line.decode("cp1252", "replace")
    text = text.rstrip("\r\n")
    if not text.strip():
        return "", ""
    match = _LINE.fullmatch(text)
    if match is None or "\r" in text:
        raise ValueError(f"expected '<integer id> <phrase>', met {text[:60]!r}")
    return match[1], match[2] or ""


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        about="RefSegRS: TIFF images and masks, phrase lists",
        layout="images/, masks/ and output_phrase_{train,val,test}.txt",
        detect=detect,
        count=count,
        read=read,
    ),
)
