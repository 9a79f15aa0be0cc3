"""RS-GPT4V, instructions of many tasks: captions, questions, conversations, boxes.

::

    *.json                    for training: a list of LLaVA records, or one a line
    *.jsonl                   for evaluation: a question and its answer a line
    UCM_captions/imgs/81.tif  images, by the paths that the records name

The files are found by what is in them, up to two folders deep; all of them are read. After
the evaluation files in github.com/lisat-bair/LISAt_code; the training files are known from
their description alone.
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

NAME = "rsgpt4v"


def detect(root: Path) -> bool:
    """Whether the folder holds evaluation records, or training records not named PreGRES."""
    files = find_files(root)
    named = named_formats(files)
    own = NAME in named or any(file.evaluated for file in files)
    return own or (any(file.trained for file in files) and "pregres" not in named)


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
        about="RS-GPT4V: questions and answers, captions and boxes, in json and jsonl files",
        layout="*.json or *.jsonl files of records with 'image' and 'conversations', or 'image', "
        "'text' and 'answer'",
        detect=detect,
        count=unknown_count,
        read=read,
        kind="instructions",
        params=(BOXES,),
        wanted=wanted,
    ),
)
