"""Finds files of questions and answers in a folder, with their forms and splits."""

from __future__ import annotations

import io
import os
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from pairlens.importers.errors import shown
from pairlens.importers.files import is_text
from pairlens.importers.formats.llava import is_unanswered, looks_evaluated, looks_trained
from pairlens.importers.formats.record_signs import sign_of
from pairlens.importers.json_items import MAX_RECORD, load
from pairlens.importers.json_named import is_of_named
from pairlens.importers.json_stream import Form, form_of, read_items
from pairlens.importers.source_files import Boundary, leads_back, open_source, reason_of, within

MAX_FILES = 1000
"""JSON files of a folder; more are annotations of single images, not lists of records."""

_ENDINGS = (".json", ".jsonl")
_LEVELS = 3
_MAX_FOLDERS = 1000
HEAD = 2 * MAX_RECORD
"""Bytes by which a file is judged."""

_LOOKED_INTO = 16
_OWN = frozenset({"manifest.json", "decisions.jsonl"})
"""Files that stand beside what PairLens exports."""

SPLIT_WORDS = {
    "train": "train", "training": "train",
    "val": "val", "valid": "val", "validation": "val", "dev": "val",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip
"""Words for the splits, without case."""

_PARTS_OF_TEST = re.compile(r"(?<![a-z])test(?:[-_ ]?dev|[a-z])(?![a-z])")
"""The ``testA`` and ``testB`` of RefCOCO and its kin, and COCO's ``test-dev``."""


@dataclass(frozen=True, slots=True)
class TextFile:
    """A JSON file, judged by its first records.

    Attributes:
        path: where it is
        name: relative to the dataset's root, with ``/``
        form: how it holds its records
        trained: whether some of them are of the training form
        evaluated: whether some of them are of the evaluation form
        fault: why it cannot be read; ``""`` if it can, or is no such file
        other: what it holds instead of records of questions and answers; ``""`` if it does not
        sign: the format that its name or its first records are of; ``""`` if they do not tell
    """

    path: Path
    name: str
    form: Form = "lines"
    trained: bool = False
    evaluated: bool = False
    fault: str = ""
    other: str = ""
    sign: str = ""

    @property
    def usable(self) -> bool:
        """Whether records can be read from it."""
        return self.trained or self.evaluated

    def split(self) -> tuple[str, str]:
        """The split of its records, and the reason."""
        named = split_in_name(self.name)
        if named is not None:
            return named, "so named"
        if self.trained:
            return "train", "records for training"
        return "test", "records for evaluation"


def find_files(root: Path) -> list[TextFile]:
    """The JSON files of a folder and two levels below it, by name, after reading their start."""
    return [_inspect(root, path) for path in sorted(_json_files(root), key=os.fsencode)]


def form_in(name: str, head: bytes) -> Form | None:
    """The form of a file by its name and first bytes; ``None`` if it cannot be read.

    A file of lines is recognised even if its first line is broken or a list.
    """
    if not head.strip() or head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return None
    form = form_of(head)
    if form == "list" and not name.endswith(".jsonl"):
        return form
    first, *others = head.removeprefix(BOM_UTF8).lstrip().split(b"\n", _LOOKED_INTO)
    if form == "lines":
        return _form_of_objects(head, [first, *others])
    if not name.endswith(".jsonl"):
        return None
    if first.strip() != b"[" and any(map(_is_record, others)):
        return "lines"
    try:
        load(first)
    except ValueError:
        return form or "lines"
    return "lines" if any(map(bytes.strip, others)) else form or "lines"


def _form_of_objects(head: bytes, lines: list[bytes]) -> Form:
    """The form of a file that begins with an object: lines, lists under keys, or single records."""
    if is_of_named(head) and any(map(_speaks, _first_values("named", head)[0])):
        return "named"
    if not _is_record(lines[0]) and any(map(_speaks, _first_values("list", head)[0])):
        return "list"  # its records can have a line each as well
    if any(map(_is_record, lines)):
        return "lines"
    forms: tuple[Form, ...] = ("list", "values")
    for form in forms:
        if any(map(_speaks, _first_values(form, head)[0])):
            return form
    return "lines"


def _is_record(line: bytes) -> bool:
    """Whether a line is a whole record, and not part of a list over several lines."""
    try:
        return _speaks(load(line.strip().removesuffix(b",")))
    except ValueError:
        return False


def _speaks(value: Any) -> bool:
    return looks_trained(value) or looks_evaluated(value)


def split_in_name(name: str) -> str | None:
    """The split in a JSON file's name, else in the name of the innermost folder that has one."""
    if not name.endswith(_ENDINGS):
        return None
    *folders, file = name.casefold().split("/")
    named = map(split_word, (file.rpartition(".")[0], *reversed(folders)))
    return next((split for split in named if split), None)


def split_word(text: str) -> str | None:
    """The split in a text such as ``train2017``; ``None`` for none or several."""
    words = re.split(r"[^a-z]+", _PARTS_OF_TEST.sub("test", text.casefold()))
    splits = {SPLIT_WORDS[word] for word in words if word in SPLIT_WORDS}
    return splits.pop() if len(splits) == 1 else None


def _json_files(root: Path) -> Iterator[Path]:
    level, seen = [root], 0
    for _ in range(_LEVELS):
        below: list[Path] = []
        for folder in level:
            seen += 1
            if seen > _MAX_FOLDERS:
                return
            files, folders = _listed(folder)
            yield from files
            below += folders
        level = sorted(below, key=os.fsencode)


def _listed(folder: Path) -> tuple[list[Path], list[Path]]:
    """A folder's JSON files, none if there are too many of them, and its folders."""
    files: list[Path] = []
    folders: list[Path] = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name in _OWN:
                continue
            if entry.name.endswith(_ENDINGS):
                if len(files) <= MAX_FILES:
                    files.append(folder / entry.name)
            elif len(folders) <= _MAX_FOLDERS and entry.is_dir() and not leads_back(entry.path):
                folders.append(folder / entry.name)
    return (files if len(files) <= MAX_FILES else []), folders


def _inspect(root: Path, path: Path) -> TextFile:
    try:
        facts = path.stat()
    except OSError as error:
        return TextFile(path, shown(path.name), fault=f"cannot be read ({reason_of(error)})")
    # Several formats look at the same files in succession.
    return _inspected(root, path, facts.st_size, facts.st_mtime_ns, within())


@lru_cache(2 * MAX_FILES)
def _inspected(root: Path, path: Path, size: int, changed: int, boundary: Boundary) -> TextFile:
    name = path.relative_to(root).as_posix()
    if not is_text(name):
        shown = name.encode("utf-8", "backslashreplace").decode()
        return TextFile(path, shown, fault="the file's name is no text; rename it")
    try:
        with open_source(path) as stream:
            head = stream.read(HEAD)
    except OSError as error:
        return TextFile(path, name, fault=f"cannot be read ({error.strerror})")
    form = form_in(name, head)
    if form is None:
        return TextFile(path, name, fault=_no_form(head))
    return _judge(path, name, form, head)


def _no_form(head: bytes) -> str:
    if not head.strip():
        return "is empty"
    if head.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "is UTF-16, not UTF-8 text; convert it"
    return "begins with neither a list nor a record"


def _judge(path: Path, name: str, form: Form, head: bytes) -> TextFile:
    values, fault = _first_values(form, head)
    trained, evaluated = any(map(looks_trained, values)), any(map(looks_evaluated, values))
    if values and all(map(is_unanswered, values)):
        return TextFile(path, name, form, other="questions without answers")
    if trained or evaluated:
        return TextFile(path, name, form, trained, evaluated, sign=sign_of(name, values))
    if values or not fault or len(head) == HEAD:
        return TextFile(path, name, form, other="no records of questions and answers")
    with suppress(ValueError):  # an object over several lines is a file of another kind
        load(head)
        return TextFile(path, name, form, other="one object, not records")
    return TextFile(path, name, form, fault=fault)


def _first_values(form: Form, head: bytes) -> tuple[list[Any], str]:
    """Some of the first values of a file, and what is wrong with the first broken one."""
    values: list[Any] = []
    fault = ""
    for item in islice(read_items(io.BytesIO(head), form), _LOOKED_INTO):
        try:
            values.append(item.load())
        except ValueError as error:
            fault = fault or str(error)
    return values, fault
