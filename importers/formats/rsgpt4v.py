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

from importers.formats.base import FORMATS
from importers.formats.instruction_files import TextFile
from importers.formats.instructions import instruction_format

NAME = "rsgpt4v"


def is_own(files: list[TextFile], named: set[str]) -> bool:
    """Whether files hold evaluation records, or training records not named PreGRES."""
    own = NAME in named or any(file.evaluated for file in files)
    return own or (any(file.trained for file in files) and "pregres" not in named)


FORMATS.add(
    NAME,
    instruction_format(
        NAME,
        title="RS-GPT4V",
        about="RS-GPT4V: questions and answers, captions and boxes, in json and jsonl files",
        layout="*.json or *.jsonl files of records with 'image' and 'conversations', or 'image', "
        "'text' and 'answer'",
        docs="[RS-GPT4V](docs/formats/rsgpt4v.md): `*.json` and `*.jsonl` of conversations or "
        "questions, images by path",
        is_own=is_own,
        writes="RS-GPT4V: the json and jsonl files it came in, with images",
    ),
)
