"""The files of EarthReason: which image, label and questions belong together.

SegEarth-R1's loader pairs the sorted files of three folders by their place alone, so that one that
is missing shifts all behind it. Here files of one name belong together; they are paired by place
only where no name stands in all three folders.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pairlens.importers.bounded_json import load_json, read_bounded
from pairlens.importers.decisions import Decision, of_leftovers
from pairlens.importers.errors import OnError, OnNote, RecordError
from pairlens.importers.files import is_leftover
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.image_lookup import folded
from pairlens.importers.named_files import files_in
from pairlens.importers.reading import LeftOut
from pairlens.importers.source_files import reason_of
from pairlens.importers.zips import BROKEN_ZIP, open_zip

IMAGES, LABELS, QUESTIONS = "images", "labels", "QAs"
_SUFFIXES = {
    IMAGES: (".jpg", ".jpeg", ".png"),
    LABELS: (".png",),
    QUESTIONS: (".json", ".txt"),
}
MAX_BYTES = 1 << 20
"""Of a file of questions; published ones have some hundreds."""

Pairing = Literal["name", "order"]


@dataclass(frozen=True, slots=True)
class Triple:
    """Files that belong together; image and label may not be there."""

    image: Path | None
    label: Path | None
    questions: Path


def base_folder(root: Path) -> Path | None:
    """The folder of the split folders, the root or one in it; ``None`` if there is none."""
    places = [root, *sorted(place for place in files_in(root) if place.is_dir())]
    return next((place for place in places if any(is_split(place, s) for s in SPLITS)), None)


def is_split(base: Path, split: str) -> bool:
    """Whether the three folders of a split are there."""
    return all(folder_of(base, split, kind).is_dir() for kind in _SUFFIXES)


def folder_of(base: Path, split: str, kind: str) -> Path:
    """Where files of a kind are, or would be: an unpacked archive has a folder of its name."""
    nested = base / split / split / kind
    return nested if nested.is_dir() else base / split / kind


def parts(root: Path) -> list[Path]:
    """The archives of splits, none where some are unpacked already."""
    if base_folder(root) is not None:
        return []
    found = [root / f"{split}.zip" for split in SPLITS]
    return [file for file in found if file.is_file() and _has_questions(file)]


def _has_questions(archive: Path) -> bool:
    try:
        with open_zip(archive) as opened:
            return any(f"/{QUESTIONS}/" in f"/{name}" for name in opened.namelist())
    except (OSError, *BROKEN_ZIP):
        return False


def listed(base: Path, split: str, kind: str, *, leftovers: bool = False) -> list[Path]:
    """The files of one kind in the order in which the loader sorts them.

    Args:
        base: the folder of the split folders
        split: one of them
        kind: one of :data:`IMAGES`, :data:`LABELS` and :data:`QUESTIONS`
        leftovers: whether to list those that a file manager left, instead of the others
    """
    place = folder_of(base, split, kind)
    found = place.iterdir() if place.is_dir() else ()
    suffixes = _SUFFIXES[kind]
    return sorted(
        file
        for file in found
        if file.suffix.lower() in suffixes and is_leftover(file.name) == leftovers
    )


def triples(
    base: Path,
    split: str,
    pairing: Pairing | None,
    on_error: OnError,
    on_note: OnNote,
    left_out: LeftOut = "skip",
) -> Iterator[Triple]:
    """The files of a split that belong together, by the names of the questions.

    Args:
        base: the folder of the split folders
        split: one of them
        pairing: by name or by order; ``None`` for by name unless no name is in all three folders
        on_error: takes files that nothing belongs to
        on_note: takes what was decided
        left_out: whether files that a file manager left are read
    """
    files = {}
    for kind in _SUFFIXES:
        files[kind] = listed(base, split, kind)
        if left := listed(base, split, kind, leftovers=True):
            if left_out == "read":
                files[kind] = sorted([*files[kind], *left])
            else:
                on_note(of_leftovers([file.name for file in left]))
    stems = {kind: [file.stem for file in found] for kind, found in files.items()}
    common = _in_all([set(found) for found in stems.values() if found])
    if pairing == "order" or (pairing is None and not common and all(files.values())):
        yield from _by_order(split, files, pairing, on_error, on_note)
        return
    if stems[IMAGES] != stems[QUESTIONS] or stems[LABELS] != stems[QUESTIONS]:
        rule = f"{split}: files are paired by name ({_counted(files)}); by order they differ"
        on_note(Decision(rule, "pairing", override="pairing=order"))
    yield from _by_name(split, files, on_error)


def _in_all(names: list[set[str]]) -> set[str]:
    return set.intersection(*names) if names else set()


def _counted(files: dict[str, list[Path]]) -> str:
    return ", ".join(f"{len(found):,} {kind}" for kind, found in files.items())


def _by_order(
    split: str,
    files: dict[str, list[Path]],
    pairing: Pairing | None,
    on_error: OnError,
    on_note: OnNote,
) -> Iterator[Triple]:
    if len({len(found) for found in files.values()}) > 1:
        what = "" if pairing else "no name in all of them, and "
        on_error(RecordError(split, f"has {what}{_counted(files)}; order cannot pair them"))
        return
    found = zip(files[IMAGES], files[LABELS], files[QUESTIONS], strict=True)
    for number, triple in enumerate(Triple(*three) for three in found):
        if not number:
            names = ", ".join(found[0].name for found in files.values())
            how = "as set" if pairing else "as their names have nothing in common"
            rule = f"{split}: files are paired by their order, {how}"
            override = "" if pairing else "pairing=name"
            on_note(Decision(rule, "pairing", example=names, override=override))
        yield triple


def _by_name(split: str, files: dict[str, list[Path]], on_error: OnError) -> Iterator[Triple]:
    names = {file.stem for file in files[QUESTIONS]}
    named = {kind: _named_like(found, names) for kind, found in files.items()}
    times = {kind: Counter(name for name, _ in found) for kind, found in named.items()}
    by_stem = {kind: dict(found) for kind, found in named.items()}
    stems = dict.fromkeys(name for kind in (QUESTIONS, IMAGES, LABELS) for name, _ in named[kind])
    for stem in stems:
        there = next(kind for kind in (QUESTIONS, IMAGES, LABELS) if times[kind][stem])
        doubled = [kind for kind in _SUFFIXES if times[kind][stem] > 1]
        if doubled or there != QUESTIONS:
            name = f"{split}/{there}/{by_stem[there][stem].name}"
            what = f"several in {doubled[0]}" if doubled else f"nothing in {QUESTIONS}"
            on_error(RecordError(name, f"has {what} of the same name"))
            continue
        image, label = by_stem[IMAGES].get(stem), by_stem[LABELS].get(stem)
        yield Triple(image, label, by_stem[QUESTIONS][stem])


def _named_like(files: list[Path], names: set[str]) -> list[tuple[str, Path]]:
    """Files with their stems; where one is no name, with the one name that differs from it in
    case or in how accents are composed."""
    alike: dict[str, list[str]] = {}
    for name in names:
        alike.setdefault(folded(name), []).append(name)
    found: list[tuple[str, Path]] = []
    for file in files:
        same = [file.stem] if file.stem in names else alike.get(folded(file.stem), [])
        found.append((same[0] if len(same) == 1 else file.stem, file))
    return found


def load_questions(file: Path, name: str) -> tuple[list[Any], list[Any]]:
    """Reads a file of questions.

    Returns:
        the questions, and the answers that are texts; none of these is no target

    Raises:
        RecordError: if it holds no list of questions, or does not say what the answer is
    """
    try:
        data = read_bounded(file, MAX_BYTES)
        data.decode()
        content = load_json(data)
    except OSError as error:
        raise RecordError(name, f"cannot be read ({reason_of(error)})") from error
    except UnicodeDecodeError as error:
        raise RecordError(name, f"is not UTF-8 text (byte {error.start})") from error
    except ValueError as error:
        raise RecordError(name, str(error)) from error
    if not isinstance(content, dict) or not isinstance(content.get("questions"), list):
        raise RecordError(name, "has no list 'questions'")
    if "answer" not in content:
        raise RecordError(name, "has no 'answer'; of a query without a target it is an empty list")
    answers = content["answer"]
    answers = answers if isinstance(answers, list) else [answers]
    if not all(isinstance(answer, str) for answer in answers):
        raise RecordError(name, "has an 'answer' that is no list of texts")
    return content["questions"], [answer for answer in answers if answer.strip()]
