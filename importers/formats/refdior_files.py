"""The files of RefDIOR: phrases by id, and the image and mask of an id."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairlens.importers.bounded_json import load_json, read_bounded
from pairlens.importers.errors import RecordError
from pairlens.importers.formats.json_edit import members
from pairlens.importers.image_lookup import find_file
from pairlens.importers.source_files import reason_of

IMAGES, MASKS, PHRASES = "images", "masks", "phrase_txts"
MAX_BYTES = 64 << 20
"""Of a file of phrases; the published ones have some megabytes."""

_IMAGE_SUFFIXES = (".jpg", ".png", ".tif", ".bmp")
_MASK_SUFFIXES = (".png", ".tif", ".bmp", ".jpg")


@dataclass(frozen=True, slots=True)
class Entry:
    """An id with its sentences.

    Attributes:
        id: of the image and the mask
        value: its value in the file, of any type
        first: the number of its first sentence in the file, from 0
    """

    id: str
    value: Any
    first: int

    @property
    def sentences(self) -> list[Any]:
        """Its sentences, whatever they are; none where it has no list of them."""
        found = self.value.get("sentences") if isinstance(self.value, dict) else None
        return found if isinstance(found, list) else []


def load_phrases(file: Path, name: str) -> tuple[str, list[Entry]]:
    """Reads a file of phrases.

    Returns:
        its text, and the entries as they stand, also of ids that stand there twice

    Raises:
        RecordError: if it cannot be read, or holds no JSON object
    """
    try:
        data = read_bounded(file, MAX_BYTES)
        text = data.decode("utf-8-sig" if data.startswith(b"\xef\xbb\xbf") else "utf-8")
        content = load_json(data)
    except OSError as error:
        raise RecordError(name, f"cannot be read ({reason_of(error)})") from error
    except UnicodeDecodeError as error:
        raise RecordError(name, f"is not UTF-8 text (byte {error.start})") from error
    except ValueError as error:
        raise RecordError(name, str(error)) from error
    if not isinstance(content, dict):
        raise RecordError(name, "holds no JSON object of ids")
    return text, list(_entries(text, content))


def _entries(text: str, content: dict[str, Any]) -> Iterator[Entry]:
    first = 0
    stand = members(text)
    doubled = len(stand) > len(content)
    for name, start, end in stand:
        # Of equal ids, the parsed object has the last alone.
        value = load_json(text[start:end].encode()) if doubled else content[name]
        entry = Entry(name, value, first)
        yield entry
        first += len(entry.sentences)


def image_of(root: Path, number: str) -> Path | None:
    """The image of an id; ``None`` where there is none."""
    return _find(root / IMAGES, number, _IMAGE_SUFFIXES)


def mask_of(root: Path, number: str) -> Path:
    """The mask of an id, or where it would be."""
    return _find(root / MASKS, number, _MASK_SUFFIXES) or root / MASKS / f"{number}.png"


def _find(folder: Path, number: str, suffixes: tuple[str, ...]) -> Path | None:
    found = (find_file(folder, number + suffix) for suffix in suffixes)
    return next((file for file in found if file is not None), None)
