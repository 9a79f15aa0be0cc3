"""What tells the formats of questions and answers apart: names, and signs in the records.

The training records of all of them have one form. A file's own name counts first, then what its
first records hold; where no file of a folder says anything, the folder's name does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pairlens.importers.formats.llava import looks_benched, looks_chatted, looks_evaluated

_NAMED = {
    "rsgpt4v": re.compile(r"rs[-_ ]?gpt[-_ ]?4v"),
    "pregres": re.compile(r"pre[-_ ]?gres"),
    "geochat": re.compile(r"geo[-_ ]?chat"),
    "vrsbench": re.compile(r"vrs[-_ ]?bench"),
}
_VRSBENCH = frozenset({"RSBench", "VRSBench"})
"""What VRSBench's evaluation records call their dataset."""

_GEOCHAT = re.compile(r"\{(?:<-?\d+>){4}\|<-?\d+(?:\.\d+)?>\}|\[(?:identify|grounding)\]")
"""A box with an angle, or a word of GeoChat's that says what is asked for."""


def sign_of(name: str, records: Iterable[Any]) -> str:
    """The format of a file, by its name and then by some of its records; ``""`` if unknown.

    Args:
        name: relative to the dataset's root, with ``/``
        records: JSON values
    """
    if named := named_in(name):
        return named
    signs = [sign for sign in map(_sign, records) if sign]
    return max(signs, key=signs.count, default="")


def named_in(text: str) -> str:
    """The format that a name holds; ``""`` where it holds none, or several."""
    found = [form for form, pattern in _NAMED.items() if pattern.search(text.casefold())]
    return found[0] if len(found) == 1 else ""


def named_around(root: Path) -> str:
    """The format that the name of a folder holds, or of its repository in the hub's cache."""
    if root.parent.name == "snapshots":
        return named_in(root.parent.parent.name)
    return named_in(root.name)


def _sign(record: Any) -> str:
    if looks_chatted(record):
        return "llava"
    if looks_benched(record):
        return "vrsbench" if record.get("dataset") in _VRSBENCH else "geochat"
    if looks_evaluated(record):
        return "rsgpt4v"
    return "geochat" if isinstance(record, dict) and _GEOCHAT.search(json.dumps(record)) else ""
