"""PreGRES, the instructions that LISAt was trained on before GRES.

::

    *.json        about ten files: a list of LLaVA records, or one a line
    a/b.jpg       images, by the paths that the records name

The names of the files are not established, so they are found by what is in them, up to two
folders deep. Records are read as those of RS-GPT4V, whose training files have the same form:
a folder that says nothing of where it is from is taken for either, and ``auto`` asks.
"""

from __future__ import annotations

from importers.formats.base import FORMATS
from importers.formats.instruction_files import TextFile
from importers.formats.instructions import instruction_format

NAME = "pregres"


def is_own(files: list[TextFile], named: set[str]) -> bool:
    """Whether files hold training records, named PreGRES or without a sign of RS-GPT4V."""
    if not any(file.trained for file in files):
        return False
    return NAME in named or not ("rsgpt4v" in named or any(file.evaluated for file in files))


FORMATS.add(
    NAME,
    instruction_format(
        NAME,
        title="PreGRES",
        about="PreGRES (LISAt): questions and answers in LLaVA records",
        layout="*.json or *.jsonl files of records with 'image' and 'conversations'",
        docs="[PreGRES](docs/formats/pregres.md): `*.json` and `*.jsonl` of conversations",
        is_own=is_own,
        writes="PreGRES: the json files it came in, with images",
    ),
)
