"""The files of VRSBench: where they are, and what an annotation holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from pairlens.importers.bounded_json import is_number
from pairlens.importers.errors import RecordError
from pairlens.importers.files import is_leftover, is_plain_name, is_text
from pairlens.importers.formats.json_files import load_object
from pairlens.importers.formats.llava import ASKED
from pairlens.importers.formats.messages import TurnText
from pairlens.importers.image_lookup import find_file
from pairlens.importers.named_files import NamedFiles, files_in
from pairlens.importers.records import Polygons, Shape
from pairlens.importers.source_files import open_source

QUESTIONS = "qa_pairs"
ANNOTATIONS, IMAGES = "annotations", "images"
"""What the folders and archives of a split begin with."""

SENTENCE, CORNERS = "referring_sentence", "obj_corner"
MAX_OBJECTS = 10_000
"""Of an annotation; published ones have up to ten."""

_MEMBERS = (SENTENCE.encode(), CORNERS.encode(), QUESTIONS.encode())
_LOOKED_INTO = 16
_DEEPEST = 6
_HEAD = 1 << 20
_FURTHEST = 2.0
"""How far corners may lie outside of the image, in its sides: objects are cut by its border."""


class Described(NamedTuple):
    """An object with a sentence that refers to it.

    Attributes:
        sentence: exactly as published
        target: its corners, as shares of the image
        unique: whether it is the only one of its class; ``None`` if not stated
    """

    sentence: str
    target: Polygons
    unique: bool | None


def folder_of(root: Path, what: str, split: str) -> Path | None:
    """The folder of a split, such as ``Annotations_val``; ``None`` where there is none.

    It may lie in a folder ``Annotations``, and in others: in one of its own name, or in the only
    one of an archive that was packed with the folders around it.
    """
    name = f"{what}_{split}"
    for base in (root, _child(root, what)):
        folder = base and _child(base, name)
        if folder:
            for _ in range(_DEEPEST):
                folder = _child(folder, name) or _only(folder) or folder
            return folder
    return None


def _only(folder: Path) -> Path | None:
    there = [*islice((path for path in files_in(folder) if not is_leftover(path.name)), 2)]
    return there[0] if len(there) == 1 and there[0].is_dir() else None


def _child(folder: Path, name: str) -> Path | None:
    found = (path for path in files_in(folder) if path.name.casefold() == name)
    return next((path for path in sorted(found) if path.is_dir()), None)


def json_files(folder: Path) -> NamedFiles:
    """The annotation files of a folder by name, but for what a file manager left."""
    return NamedFiles.of(folder, ".json")


def holds_annotations(folder: Path) -> bool:
    """Whether one of the first files of a folder is an annotation."""
    return any(map(_is_annotation, islice(json_files(folder), _LOOKED_INTO)))


def _is_annotation(file: Path) -> bool:
    try:
        with open_source(file, anywhere=True) as stream:
            head = stream.read(_HEAD)
    except OSError:
        return False
    return any(b'"' + name + b'"' in head for name in _MEMBERS)


def load_annotation(file: Path, name: str) -> tuple[dict[str, Any], str]:
    """Reads an annotation file; see :func:`pairlens.importers.formats.json_files.load_object`.

    Raises:
        RecordError: if it is not a JSON object with lists ``objects`` and ``qa_pairs``, where it
            has them
    """
    content, encoding = load_object(file, name)
    for key in ("objects", QUESTIONS):
        held = content.get(key)
        if held is not None and not isinstance(held, list):
            raise RecordError(name, f"has {key!r} that is no list")
        if held and len(held) > MAX_OBJECTS:
            raise RecordError(name, f"has {len(held):,} {key!r}, over {MAX_OBJECTS:,}")
    return content, encoding


def image_name(content: dict[str, Any], file: Path, name: str) -> str:
    """The name of an annotation's image, by default that of the file.

    Raises:
        RecordError: if it is no name of a file
    """
    given = content.get("image") or f"{file.stem}.png"
    if not isinstance(given, str) or not is_plain_name(given):
        raise RecordError(name, f"the image name {str(given)[:80]!a} is no plain file name")
    return given


def find_image(folders: Iterable[Path], name: str) -> Path | None:
    """The image of a name in the first of some folders that has it."""
    return next((file for folder in folders if (file := find_file(folder, name))), None)


def sentence_of(entry: Any) -> str | None:
    """The sentence of an object; ``None`` where it has none.

    Raises:
        ValueError: with what is wrong with the object
    """
    if not isinstance(entry, dict):
        raise ValueError("the object is no JSON object")
    sentence = entry.get(SENTENCE)
    if sentence is not None and not isinstance(sentence, str):
        raise ValueError(f"the query is {type(sentence).__name__}, not a text")
    return sentence if sentence and sentence.strip() else None


def read_object(entry: Any) -> Described | None:
    """Reads an object; ``None`` where no sentence refers to it.

    Raises:
        ValueError: with what is wrong with it
    """
    sentence = sentence_of(entry)
    if sentence is None:
        return None
    unique = entry.get("is_unique")
    return Described(sentence, read_target(entry), unique if isinstance(unique, bool) else None)


def read_target(entry: dict[str, Any]) -> Polygons:
    """The corners of an object as a polygon.

    Raises:
        ValueError: with what is wrong with them; an object without is no query without a target
    """
    corners = entry.get(CORNERS)
    if corners is None:
        raise ValueError(f"the object has a query and no {CORNERS!r}")
    if not isinstance(corners, list) or len(corners) != 8 or not all(map(is_number, corners)):
        raise ValueError(f"{CORNERS!r} is not eight numbers")
    far = [value for value in corners if not -_FURTHEST <= value <= 1 + _FURTHEST]
    if far:
        raise ValueError(f"{CORNERS!r} holds {far[0]:g}, and is in shares of the image, 0 to 1")
    points = tuple((float(x), float(y)) for x, y in zip(corners[::2], corners[1::2], strict=True))
    return Polygons((Shape(points),), shares=True, box=True)


class AnnotationTurn(NamedTuple):
    """A question and answer of an annotation, with the task that it names."""

    text: TurnText
    category: str


def turns_of(content: dict[str, Any]) -> Iterator[AnnotationTurn]:
    """The caption, as an answer to what evaluation records ask, and the questions and answers.

    Raises:
        ValueError: with what is wrong with one of them
    """
    if (caption := content.get("caption")) is not None:
        text = TurnText(ASKED, (_text(caption, "'caption'"),), None, (("caption",),))
        yield AnnotationTurn(text, "caption")
    for number, entry in enumerate(content.get(QUESTIONS) or ()):
        if not isinstance(entry, dict):
            raise ValueError(f"question {number} is no JSON object")
        asked = _text(entry.get("question"), f"'question' of {number}")
        answer = _text(entry.get("answer"), f"'answer' of {number}")
        places = ((QUESTIONS, number, "question"), ((QUESTIONS, number, "answer"),))
        task = entry.get("type")
        known = isinstance(task, str) and is_text(task)
        yield AnnotationTurn(TurnText(asked, (answer,), *places), str(task) if known else "")


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{what} is {type(value).__name__}, not a text")
    if not is_text(value):
        raise ValueError(f"{what} holds half a character (a lone surrogate)")
    return value
