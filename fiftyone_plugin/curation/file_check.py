"""Checks that the files of a dataset are on this machine, and are the ones that were imported.

Samples name files by path, and several machines can work on one database. So a path can hold the
same file on this machine, another one, or none.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairlens.importers import fields, fo_internals, store, working_set
from pairlens.importers.digests import file_sha256
from pairlens.importers.media_folders import STORE

CHECKED = 20
"""Samples of a dataset that are checked."""

_MASK = f"{fields.SEGMENTATION}.mask_path"
_READ = dict.fromkeys(("filepath", fields.RENDITION, _MASK, fields.IMAGE_DIGEST), 1)


@dataclass(frozen=True)
class FileCheck:
    """The result of checking the files of a dataset.

    Attributes:
        dataset: its name
        root: what it was imported from, if that is known
        store: the object store that has copies of its media; ``""`` where none has
        samples: how many were checked
        gone: of these, those that name a file which is not here
        other: of these, those whose image is not the one that was imported
        example: a file that is gone or another; ``""`` where all are as they should be
    """

    dataset: str
    root: str | None
    store: str
    samples: int
    gone: int
    other: int
    example: str


def check_files(name: str, most: int = CHECKED) -> FileCheck:
    """Checks the files of some samples, drawn at random, of a dataset that PairLens imported.

    Args:
        name: of the dataset
        most: samples to check
    """
    dataset = store.opened(name)
    stages = [{"$match": working_set.OWN}, {"$sample": {"size": most}}, {"$project": _READ}]
    drawn = [*fo_internals.collection(dataset).aggregate(stages)]
    gone = [file for file in map(_missing, drawn) if file]
    other = [one["filepath"] for one in drawn if not _missing(one) and _is_other(one)]
    example = min([*gone, *other], default="")
    facts = store.info(dataset)
    copies = str(facts.get(STORE) or "")
    return FileCheck(name, facts.get("root"), copies, len(drawn), len(gone), len(other), example)


def _missing(document: dict[str, Any]) -> str:
    """The first file of a sample that is not here; ``""`` where all are."""
    mask = (document.get(fields.SEGMENTATION) or {}).get("mask_path")
    files = (document["filepath"], document.get(fields.RENDITION), mask)
    return next((file for file in files if file and not Path(file).is_file()), "")


def _is_other(document: dict[str, Any]) -> bool:
    imported = (document.get(fields.SOURCE) or {}).get(fields.DIGEST)
    return bool(imported) and file_sha256(Path(document["filepath"])) not in (imported, None)
