"""What RefCOCO and RRSIS-D declare alike: they differ in their folders and in an example."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

from pairlens.importers.errors import OnError, OnNote, ignore_note, raise_error
from pairlens.importers.formats.base import SPLITS, Format
from pairlens.importers.formats.example_files import put
from pairlens.importers.formats.refer_export import ReferExporter
from pairlens.importers.formats.refer_files import INSTANCES, refer_folders
from pairlens.importers.formats.refer_records import PARAMS, Text, chosen_refs, read_pairs
from pairlens.importers.records import Pair

RefRecord = dict[str, Any]


def refer_format(name: str, is_own: Callable[[Path], bool], **declared: Any) -> Format:
    """A format in the layout of RefCOCO.

    Args:
        name: of the format
        is_own: whether a folder that holds expressions holds those of the format
        declared: what else it declares
    """

    def folders(root: Path) -> list[Path]:
        return [folder for folder in refer_folders(root) if is_own(folder)]

    def read(
        root: Path,
        *,
        splits: Collection[str] = SPLITS,
        on_error: OnError = raise_error,
        on_note: OnNote = ignore_note,
        dataset: str | None = None,
        split_by: str | None = None,
        text: Text | None = None,
    ) -> Iterator[Pair]:
        file = chosen_refs(folders(root), dataset, split_by, on_note)
        yield from read_pairs(
            name, root, file, splits=splits, on_error=on_error, on_note=on_note, text=text
        )

    return Format(
        name=name,
        detect=lambda root: bool(folders(root)),
        count=lambda root, splits=SPLITS: 0,  # not known without reading
        read=read,
        params=PARAMS,
        exporter=ReferExporter,
        **declared,
    )


def sentence(text: str, number: int) -> RefRecord:
    """A sentence as ``refer.py`` has it."""
    return {"sent_id": number, "sent": text, "raw": text, "tokens": text.split()}


def put_instances(folder: Path, images: list[RefRecord], annotations: list[RefRecord]) -> None:
    """Writes the annotations of one category."""
    categories = [{"id": 1, "name": "house", "supercategory": "building"}]
    content = {"images": images, "annotations": annotations, "categories": categories}
    put(folder / INSTANCES, json.dumps(content))
