"""PreGRES, the instructions that LISAt was trained on before GRES.

::

    *.json        about ten files: a list of LLaVA records, or one a line
    a/b.jpg       images, by the paths that the records name

The names of the files are not established, so they are found by what is in them, up to two
folders deep. Records are read as those of RS-GPT4V, whose training files have the same form:
a folder that says nothing of where it is from is taken for either, and ``auto`` asks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from importers.box_scale import ScaleSetting
from importers.errors import OnError, OnNote, ignore_note, raise_error
from importers.formats.base import FORMATS, SPLITS, Format
from importers.formats.instruction_files import find_files, named_formats
from importers.formats.instructions import BOXES, read_instructions, unknown_count, wanted
from importers.records import Instruction

NAME = "pregres"


def detect(root: Path) -> bool:
    """Whether the folder holds training records, named PreGRES or without a sign of RS-GPT4V."""
    files = find_files(root)
    named = named_formats(files)
    if not any(file.trained for file in files):
        return False
    return NAME in named or not ("rsgpt4v" in named or any(file.evaluated for file in files))


def read(
    root: Path,
    *,
    splits: Collection[str] = SPLITS,
    on_error: OnError = raise_error,
    on_note: OnNote = ignore_note,
    boxes: ScaleSetting = None,
) -> Iterator[Instruction]:
    """Yields the images, by split and then by the first record that names them."""
    return read_instructions(
        NAME, root, splits=splits, on_error=on_error, on_note=on_note, boxes=boxes
    )


FORMATS.add(
    NAME,
    Format(
        name=NAME,
        about="PreGRES (LISAt): questions and answers in LLaVA records",
        layout="*.json or *.jsonl files of records with 'image' and 'conversations'",
        detect=detect,
        count=unknown_count,
        read=read,
        kind="instructions",
        params=(BOXES,),
        wanted=wanted,
    ),
)
