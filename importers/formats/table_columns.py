"""The roles of a table's columns: as set by the user, else by names and the first rows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from itertools import islice
from typing import Any

from pairlens.importers.decisions import Decision
from pairlens.importers.errors import UsageError, shown
from pairlens.importers.formats.instruction_files import split_word
from pairlens.importers.formats.table_cells import (
    are_numbers_of,
    boxes_in,
    is_bare_runs,
    is_empty,
    is_geometry_cell,
    is_image_cell,
    is_mask_cell,
    is_talk_cell,
)
from pairlens.importers.formats.table_joined import is_unsure
from pairlens.importers.formats.table_named_boxes import is_on_earth
from pairlens.importers.formats.table_texts import is_text_cell
from pairlens.importers.formats.table_truth import is_truth_cell
from pairlens.importers.reading import ReadParam
from pairlens.importers.records import Kind

LOOKED_AT = 50
"""Rows from which columns are guessed."""

_NAMES: dict[str, tuple[str, ...]] = {
    "image": (
        "image", "imagepath", "imagefile", "imagefilename", "imagename", "imgpath", "imgfile",
        "img", "imgname", "filename", "filepath", "file", "path", "images", "picture",
        "photo", "imageid",
    ),
    "mask": (
        "mask", "maskpath", "maskfile", "maskname", "segmentation", "segmentationpath",
        "segmentationmask", "seg", "gt", "groundtruth", "annotation", "rle", "polygon", "polygons",
        "box", "bbox", "boundingbox", "solution", "label",
    ),
    "phrase": (
        "phrase", "phrases", "query", "queries", "expression", "expressions",
        "referringexpression", "referringsentence", "sentence", "sentences", "sent", "text",
        "texts", "caption", "captions", "prompt", "instruction", "description", "question",
        "problem", "raw", "class", "classname", "category", "label",
    ),
    "captions": (
        "captions", "caption", "description", "descriptions", "text", "texts", "sentences",
        "sentence", "raw", "title",
    ),
    "conversations": ("conversations", "conversation", "messages", "dialog", "dialogue"),
    "split": ("split", "subset", "partition", "set"),
    "no_target": ("notarget",),
}  # fmt: skip
"""Names of columns without case, spaces and signs, the likeliest first."""

_SURELY_MASKS = frozenset(
    {"mask", "segmentation", "rle", "polygon", "polygons", "box", "bbox", "boundingbox"}
)
"""Names of columns that hold nothing else."""

_SAYS: dict[str, Callable[[Any], bool]] = {
    "image": is_image_cell,
    "mask": is_mask_cell,
    "phrase": is_text_cell,
    "captions": is_text_cell,
    "conversations": is_talk_cell,
    "split": lambda cell: isinstance(cell, str) and split_word(cell) is not None,
    "no_target": is_truth_cell,
}

COLUMN_PARAMS = (
    ReadParam("image", "column of images: paths, or their bytes"),
    ReadParam("mask", "column of masks: paths, RLE, polygons, boxes, or bytes of pictures"),
    ReadParam("phrase", "column of queries; several in one cell make several pairs"),
    ReadParam("captions", "column of captions, of a table without masks"),
    ReadParam("conversations", "column of conversations, of a table without masks"),
    ReadParam("split", "column of splits; without it, what the file's name says, else train"),
    ReadParam("key", "column of ids that rows keep; without it, a row is known by its number"),
    ReadParam("no_target", "column that says which queries have no target; the column of masks "
              "itself where its empty cells mean that"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableColumns:
    """The columns of a table by what they are for; ``""`` for none."""

    image: str = ""
    mask: str = ""
    phrase: str = ""
    captions: str = ""
    conversations: str = ""
    split: str = ""
    key: str = ""
    no_target: str = ""

    @property
    def kind(self) -> Kind:
        """What its rows are."""
        if self.conversations:
            return "instructions"
        return "captions" if self.captions else "pairs"

    @property
    def given(self) -> dict[str, str]:
        """Those that there are, as parameters."""
        return {name: column for name, column in asdict(self).items() if column}


ROLES = tuple(field.name for field in fields(TableColumns))


def find_columns(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], given: Mapping[str, str]
) -> TableColumns:
    """The columns of a table, those that were given and for the rest a guess.

    Args:
        names: of all columns
        rows: the first of them
        given: columns by :data:`ROLES`; ``""`` where there is none to be looked for

    Raises:
        UsageError: if one that is given is not there or there twice, if what they are for
            contradicts itself, or if nothing can be guessed
    """
    for role, name in given.items():
        if name:  # nothing says that there is no such column
            _check(names, role, name)
    chosen = dict(given)
    _check_kind({role: name for role, name in given.items() if name})

    def guess(role: str) -> None:
        found = _guess(role, names, rows, _others(role, chosen)) if role not in chosen else ""
        if found:
            _check(names, role, found)
            chosen[role] = found

    guess("image")
    for role in _missing_roles(names, rows, chosen):
        guess(role)
    for role in ("split", "no_target"):
        guess(role)
    columns = TableColumns(**chosen)
    _check_complete(names, rows, columns)
    return columns


def unread_split(
    rows: Sequence[Mapping[str, Any]], columns: TableColumns, given: Mapping[str, str]
) -> Decision | None:
    """The decision about a column with a name for splits whose cells name none.

    Args:
        rows: the first of a table
        columns: what they are for
        given: parameters; where ``split`` is among them, there is nothing to tell
    """
    if columns.split or "split" in given:
        return None
    chosen = set(columns.given.values())
    for name in dict.fromkeys(name for row in rows for name in row):
        if name in chosen or _plain(name) not in _NAMES["split"]:
            continue
        filled = [row[name] for row in rows if not is_empty(row.get(name))]
        if others := [str(cell) for cell in filled if not _SAYS["split"](cell)]:
            some = ", ".join(map(repr, islice(dict.fromkeys(shown(one, 40) for one in others), 3)))
            rule = (
                f"of the first cells of column {shown(name, 80)!r} name no split, such as {some}, "
                "so that it is not read, and the names of files, keys and folders tell the splits"
            )
            return Decision(rule, "split", override=f"split={name}", times=len(others))
    return None


def unread_mask(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], columns: TableColumns
) -> Decision | None:
    """What is to be told of columns of boxes or outlines that are not read.

    Args:
        names: of all columns of a table
        rows: the first of them
        columns: what the columns are for
    """
    if columns.mask or columns.conversations:
        return None
    for name in names:
        filled = [row[name] for row in rows if not is_empty(row.get(name))]
        on_earth = _most_say(_is_on_earth, name, rows)
        named = _plain(name) in _SURELY_MASKS and not any(map(_SAYS["mask"], filled))
        if not filled or not (named or on_earth or _most_say(is_geometry_cell, name, rows)):
            continue
        what = "hold boxes or outlines in a notation that is not read"
        if on_earth or is_unsure(name):
            what = (
                "may hold boxes, or the place of the image on Earth or in another, and are not read"
            )
        rule = (
            f"of the first cells of column {shown(name, 80)!r} {what}, such as "
            f"{shown(str(filled[0]), 40)!r}, so that rows are read as images with captions"
        )
        times = len(filled) if named or on_earth else sum(map(is_geometry_cell, filled))
        return Decision(rule, "mask", override=f"mask={name}", times=times)
    return None


def _plain(name: str) -> str:
    """A name without case, numbers and signs: of a joined column that of its first part, of a
    member its own.
    """
    return re.sub(r"[^a-z]", "", name.split(",")[0].rpartition(".")[2].casefold())


def _missing_roles(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], chosen: Mapping[str, str]
) -> tuple[str, ...]:
    """What rows say of their images, of which the columns are to be guessed."""
    if {"captions", "conversations"} & chosen.keys():
        return ()
    if not {"mask", "phrase"} & chosen.keys():
        talk = _guess("conversations", names, rows, _others("conversations", chosen))
        if talk and "," not in talk:
            return ("conversations",)
        if not _guess("mask", names, rows, _others("mask", chosen)):
            captions = _guess("captions", names, rows, _others("captions", chosen))
            return ("conversations",) if talk and not captions else ("captions",)
    return "mask", "phrase"


def _others(role: str, chosen: Mapping[str, str]) -> set[str]:
    """The columns that are for something else; that of masks can say what has no target, too."""
    both = ("no_target",) if role == "mask" else ()
    return {name for other, name in chosen.items() if other not in both}


def _guess(
    role: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]], chosen: set[str]
) -> str:
    """The column for something; ``""`` if there is none, or none that stands out.

    Those that are joined count before their parts, and members of objects after all others.
    """
    taken = {part for name in chosen for part in (name, *name.split(","))}
    free = [name for name in names if name and name not in taken and not is_unsure(name)]
    free.sort(key=lambda name: "," not in name)
    own = [name for name in free if "." not in name]
    if role == "mask":  # boxes beside lists of their texts are the member, not the object
        own = [name for name in own if not _has_texts_within(name, names, rows)]
    found = _guess_of(role, own, rows)
    return found or _guess_of(role, [name for name in free if "." in name], rows)


def _has_texts_within(name: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> bool:
    if not any(isinstance(row.get(name), Mapping) for row in rows):
        return False  # a list of objects holds each box beside its text
    within = (one for one in names if one.startswith(f"{name}."))
    return any(_most_say(is_text_cell, one, rows) for one in within)


def _guess_of(role: str, free: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    fits = [name for name in free if _most_say(_SAYS[role], name, rows)]
    if role == "mask":
        fits = [name for name in fits if not _most_say(_is_on_earth, name, rows)]
    for alias in _NAMES[role]:
        for name in free:
            runs = role == "mask" and _most_say(is_bare_runs, name, rows)
            if _plain(name) == alias and (name in fits or runs):
                return name
    fits = [name for name in fits if not _is_for_another(role, name)]
    if role == "mask":  # ids of sentences are no outline
        fits = [name for name in fits if not _most_say(are_numbers_of, name, rows)]
    if role in ("image", "mask") and len(fits) > 1:
        # Where several hold files, those of masks say so in their paths.
        fits = [n for n in fits if _most_say(_is_called_mask, n, rows) == (role == "mask")]
    if role in ("image", "mask", "conversations"):
        return fits[0] if len(fits) == 1 else ""
    if role != "phrase":
        return ""
    spoken = fits if len(fits) == 1 else [name for name in fits if _has_words(name, rows)]
    return spoken[0] if len(spoken) == 1 else ""


def _is_on_earth(cell: Any) -> bool:
    boxes = boxes_in(cell)
    return bool(boxes) and all(map(is_on_earth, boxes))


def _is_for_another(role: str, name: str) -> bool:
    """Whether the name of a column is one for something else, and none for a role."""
    plain = _plain(name)
    named = {other for other, aliases in _NAMES.items() if plain in aliases}
    return bool(named) and role not in named and "," not in name


def _is_called_mask(cell: Any) -> bool:
    return isinstance(cell, str) and bool(re.search(r"mask|label|seg|gt\b|annot", cell.lower()))


def _most_say(says: Callable[[Any], bool], name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    cells = [row.get(name) for row in rows]
    filled = [cell for cell in cells if not is_empty(cell)]
    fitting = sum(map(says, filled))
    return bool(filled) and 2 * fitting > len(filled)  # some may be broken


def _has_words(name: str, rows: Sequence[Mapping[str, Any]]) -> bool:
    return any(" " in str(row.get(name) or "").strip() for row in rows)


def _check(names: Sequence[str], role: str, name: str) -> None:
    if name not in names:
        raise UsageError(f"{role}={shown(name, 80)!r}: there is no such column; {_listed(names)}")
    if list(names).count(name) > 1:
        raise UsageError(f"{role}: two columns are named {shown(name, 80)!r}; rename one")


def _check_kind(chosen: Mapping[str, str]) -> None:
    text_roles = [name for name in ("captions", "conversations", "phrase") if name in chosen]
    if len(text_roles) > 1 or (text_roles and text_roles[0] != "phrase" and "mask" in chosen):
        named = " and ".join([*text_roles, *(["mask"] if "mask" in chosen else [])])
        raise UsageError(f"{named} contradict each other: a row is a query and its mask, or has "
                         "captions, or a conversation")  # fmt: skip


def _check_complete(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], columns: TableColumns
) -> None:
    needed = {"image": columns.image}
    if columns.kind == "pairs":
        needed |= {"mask": columns.mask, "phrase": columns.phrase}
    lacking = [role for role, name in needed.items() if not name]
    if lacking:
        give = " ".join(f"--param {role}=COLUMN" for role in lacking)
        texts = "--param captions=COLUMN or --param conversations=COLUMN"
        without = "" if columns.mask else f"; of a table without masks, give {texts}"
        unread = "".join(_unread(role, names, rows) for role in lacking)
        raise UsageError(f"it is not clear which column has the {' and which the '.join(lacking)}; "
                         f"give {give}{without}; {_listed(names)}{unread}")  # fmt: skip


def _unread(role: str, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong with the column that is named for something, but does not hold it."""
    aliases = {"image": _NAMES["image"], "mask": _SURELY_MASKS}.get(role, ())
    for name in (name for name in names if _plain(name) in aliases):
        filled = [row[name] for row in rows if not is_empty(row.get(name))]
        if filled and not any(map(_SAYS[role], filled)):
            cell = shown(str(filled[0]), 40)
            return f"; cells of {shown(name, 40)!r}, such as {cell!r}, are no {role} that is read"
    return ""


def _listed(names: Sequence[str]) -> str:
    return f"the columns are {shown(', '.join(names), 300)}"
