"""Datasets as version 0.1.0 stored them: its database, its media folder and their source.

``tests/data/stored-0.1.0.zip`` was written by that version on generated files::

    database/COLLECTION.jsonl   documents as MongoDB's extended JSON, ``{ROOT}`` for the folder
    source/FORMAT/              what was imported: gres, rsteller, rsgpt4v
    media/FORMAT/               masks, renditions, predictions
    findings/FORMAT.jsonl       what its checks found
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from bson import json_util

ARCHIVE = Path(__file__).parent / "data" / "stored-0.1.0.zip"
FORMATS = ("gres", "rsteller", "rsgpt4v")
OF_FIFTYONE = {"config"}
"""Collections that are not of single datasets."""


def name_of(format_name: str) -> str:
    return f"before-{format_name}"


def restore(database: Any, root: Path) -> None:
    """Unpacks the files under ``root`` and the documents into a database."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        archive.extractall(root)
    for path in sorted((root / "database").iterdir()):
        if path.stem in OF_FIFTYONE:
            continue
        lines = path.read_text("utf-8").replace("{ROOT}", str(root)).splitlines()
        database[path.stem].insert_many([json_util.loads(line) for line in lines])


def remove(database: Any) -> None:
    """Deletes what :func:`restore` wrote, and what was logged of it since."""
    with zipfile.ZipFile(ARCHIVE) as archive:
        for name in archive.namelist():
            collection = Path(name).stem
            if name.startswith("database/") and collection not in OF_FIFTYONE:
                documents = [json_util.loads(line) for line in archive.read(name).splitlines()]
                ids = [document["_id"] for document in documents]
                of = {document.get("dataset_id") for document in documents} - {None}
                wanted = [{"_id": {"$in": ids}}, {"dataset_id": {"$in": list(of)}}]
                database[collection].delete_many({"$or": wanted})
