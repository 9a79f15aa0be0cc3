"""RefSegRS in the layout of its original release, of its forks, and of RISBench.

::

    images/<id>.tif                       512x512 RGB
    masks/<id>.tif                        512x512, 0/1 or 0/255
    output_phrase_{train,val,test}.txt    <integer id><space><phrase>, a line a pair

Forks name the folders ``images2`` and ``masks2`` and a list ``output_phrase_val3.txt``;
RISBench has ``img_rgb`` and ``mask``. After github.com/zhu-xlab/rrsis.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Collection, Iterator
from pathlib import Path

from pairlens.importers.decisions import Decision
from pairlens.importers.errors import OnError, OnNote, RecordError
from pairlens.importers.files import MAX_LINE, lines
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.named_files import files_in
from pairlens.importers.records import Pair, Raster, Source, make_key
from pairlens.importers.source_files import reason_of

NAME = "refsegrs"
MAX_LINE_BYTES = MAX_LINE
"""A longer line is no phrase."""

PUBLISHED_LINES = {"train": 2172, "val": 431, "test": 1817}
"""As the dataset's card counts them."""

FOLDERS = (("images", "masks"), ("images2", "masks2"), ("img_rgb", "mask"))
"""Of images and masks, in the order in which they are looked for."""

SUFFIXES = (".tif", ".tiff", ".png", ".jpg", ".jpeg")

ENCODINGS = ("utf-8", "gb18030", "cp1252")
"""Of phrase lists; without a sign of another, the last."""

CUT_SHORT = "the last line has no end; the list may have been cut short in it"

_HANZI = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xf7][\xa1-\xfe])*+")
_HIGH = re.compile(rb"[\x80-\xff]")
_FEWEST_HIGH = 4
"""Bytes of two Chinese characters; of one, the bytes could as well be two letters."""

PREFIX = re.compile(rb"(?:\xef\xbb\xbf)?(?:([0-9]{1,18})(?![0-9])([ \t](?:[ \t]|\xef\xbb\xbf)*)?)?")
"""What stands in front of a phrase, whatever its encoding: an id, and all that separates them."""

SPACED = (
    "what separates a phrase from its id is more than one space or tab; none of it is read as part "
    "of the phrase"
)


def phrase_list(root: Path, split: str) -> Path:
    """The phrase list of a split: the one of the plain name, else a fork's, or where it would be.

    Of several that forks number, the first by name is taken.
    """
    plain = root / f"output_phrase_{split}.txt"
    if plain.is_file():
        return plain
    numbered = sorted(files_in(root, f"output_phrase_{split}[0-9]*.txt"))
    return next((file for file in numbered if file.is_file()), plain)


def media_folders(root: Path) -> tuple[Path, Path] | None:
    """The folders of images and of masks, or ``None`` where there are none."""
    for images, masks in FOLDERS:
        if (root / images).is_dir() and (root / masks).is_dir():
            return root / images, root / masks
    return None


def media_file(folder: Path, image_id: str) -> Path:
    """The file of an id in a folder, or where it would be as TIFF."""
    for suffix in (*SUFFIXES, *map(str.upper, SUFFIXES)):
        file = folder / f"{image_id}{suffix}"
        if file.is_file():
            return file
    return folder / f"{image_id}{SUFFIXES[0]}"


def detect(root: Path) -> bool:
    """Whether the folder holds images, masks and a phrase list."""
    lists = any(phrase_list(root, split).is_file() for split in SPLITS)
    return lists and media_folders(root) is not None


def count(root: Path, splits: Collection[str]) -> int:
    """The number of lines, one an image, for progress."""
    files = (phrase_list(root, split) for split in SPLITS if split in splits)
    return sum(sum(1 for _ in lines(file, MAX_LINE_BYTES)) for file in files if file.is_file())


def read(
    root: Path,
    splits: Collection[str],
    on_error: OnError,
    on_note: OnNote,
    encoding: str | None = None,
) -> Iterator[Pair]:
    """Yields the pairs, split by split in the order of the lists.

    Args:
        root: the dataset's folder
        splits: which to read
        on_error: takes broken lines
        on_note: receives remarks on the files
        encoding: of the lists; ``None`` to decide it line by line
    """
    folders = media_folders(root)
    if folders is None:
        return
    for split in SPLITS:
        file = phrase_list(root, split)
        if split not in splits:
            continue
        if not file.is_file():
            on_note(f"{split}: no phrase list {file.name}")
            continue
        count = 0
        try:
            for pair in _read_list(folders, file, split, on_error, on_note, encoding):
                yield pair
                count += 1
        except OSError as error:
            on_error(RecordError(file.name, f"cannot be read ({reason_of(error)})"))
            continue
        published = PUBLISHED_LINES[split]
        if count != published and folders[0].name != "img_rgb":
            on_note(f"{split}: {count:,} pairs; the card says {published:,}")


def _read_list(
    folders: tuple[Path, Path],
    file: Path,
    split: str,
    on_error: OnError,
    on_note: OnNote,
    encoding: str | None,
) -> Iterator[Pair]:
    seen: Counter[str] = Counter()
    number, line = 0, b"\n"
    for number, line in enumerate(lines(file, MAX_LINE_BYTES)):
        if not number and line.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
            on_error(RecordError(file.name, "is UTF-16, not utf-8 or cp1252 text; convert it"))
            return
        source = Source(file.name, number)
        try:
            image_id, phrase = parse_line(line, encoding)
        except ValueError as error:
            on_error(RecordError(str(source), str(error)))
            continue
        if not image_id:
            continue
        for decision in _decided(line, encoding, source):
            on_note(decision)
        image = media_file(folders[0], image_id)
        yield Pair(
            key=make_key(NAME, split, image_id, seen[image_id]),
            image_id=image_id,
            split=split,
            phrase=phrase,
            image=image if image.is_file() else None,
            image_name=image.name,
            target=Raster(media_file(folders[1], image_id)),
            source=source,
        )
        seen[image_id] += 1
    if not line.endswith(b"\n"):
        on_note(f"{file.name}[{number}]: {CUT_SHORT}")


def _decided(line: bytes, encoding: str | None, source: Source) -> Iterator[Decision]:
    """How a line is read, where it could be read otherwise."""
    if len(separator_of(line)) > 1:
        yield Decision(SPACED, "separator", example=str(source))
    if not line.isascii() and (found := encoding or encoding_of(line)) != "utf-8":
        rule = f"lines are read as {found}"
        yield Decision(rule, "encoding", example=str(source), override="encoding=...")


def encoding_of(line: bytes) -> str:
    """The encoding of a line: UTF-8 if it is that, GB 18030 if it looks Chinese, else cp1252."""
    text = line[len(_prefix(line)[0]) :]
    try:
        text.decode("utf-8")
    except UnicodeDecodeError:
        chinese = _HANZI.fullmatch(text) and len(_HIGH.findall(text)) >= _FEWEST_HIGH
        return "gb18030" if chinese else "cp1252"
    return "utf-8"


def parse_line(line: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Splits a line into id and phrase; both are ``""`` for a blank line.

    A byte order mark in front is no part of the line, and what separates the two no part of the
    phrase.

    Args:
        line: with its end
        encoding: one of :data:`ENCODINGS`; ``None`` to go by the line

    Raises:
        ValueError: with the reason, if the line is not an id and a phrase
    """
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"the line is longer than {MAX_LINE_BYTES:,} bytes")
    encoding = encoding or encoding_of(line)
    text = line.removeprefix(BOM_UTF8).decode(encoding, "replace").rstrip("\r\n")
    if not text.strip():
        return "", ""
    prefix, number, separator = _prefix(line)
    phrase = line[len(prefix) :].rstrip(b"\r\n")
    if number is None or b"\r" in phrase or (phrase and separator is None):
        raise ValueError(f"expected '<integer id> <phrase>', met {text[:60]!r}")
    return number.decode(), phrase.decode(encoding, "replace")


def separator_of(line: bytes) -> bytes:
    """What stands between id and phrase of a line."""
    return _prefix(line)[2] or b""


def _prefix(line: bytes) -> tuple[bytes, bytes | None, bytes | None]:
    """What stands in front of the phrase of a line; the id in it, and what separates them."""
    match = PREFIX.match(line)
    return (match[0], match[1], match[2]) if match else (b"", None, None)
