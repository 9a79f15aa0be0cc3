"""Conversion of a FiftyOne dataset: from the database to a converter, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fiftyone_plugin.exporters import source_items
from fiftyone_plugin.exporters.accounting import Books, Progress
from fiftyone_plugin.exporters.conversion import CONVERTERS, READ, example
from fiftyone_plugin.exporters.manifest import ManifestLists
from fiftyone_plugin.exporters.selections import ORDER, Choice, Document
from fiftyone_plugin.exporters.target import check_target, whole_folder
from importers import fo_internals, store
from importers.errors import StateError
from importers.formats.base import Kind


def convert_dataset(
    dataset: Any,
    format_name: str,
    out: Path | str,
    choice: Choice,
    select: str,
    progress: Progress | None,
) -> dict[str, Any]:
    """Writes the selected samples in the layout of a converter.

    See :func:`fiftyone_plugin.exporters.runner.export_dataset`, which this is a part of.
    """
    chosen = CONVERTERS[format_name]
    facts = store.info(dataset)
    kind = facts.get("kind", "pairs")
    source = store.source_path(facts)
    target = check_target(out, source, Path(facts["media_dir"]))
    private = str(source), facts["media_dir"]
    with whole_folder(target) as folder, ManifestLists(*private) as lists:
        converter = chosen.make(dataset, folder, kind)
        books = Books(dataset, select, lists, progress, kind=kind)
        for document in _documents(dataset, kind):
            selected = choice(document)
            books.enter(document, selected)
            if selected:
                converter.add(example(document))
            else:
                converter.tally.records += 1
        if not books.exported:
            raise StateError(
                f"nothing of dataset {dataset.name!r} is in the selection {select!r}, so there "
                "is nothing to export"
            )
        header = converter.finish()
        books.write(folder, facts, converter.tally, written_as=format_name, header=header)
    return {
        "format": format_name,
        "out": str(target),
        "exported": books.exported,
        "dropped": lists.counts["dropped"],
        "edited": lists.counts["edited"],
        "manifest": str(target / "manifest.json"),
    }


def _documents(dataset: Any, kind: Kind) -> Iterator[Document]:
    wanted = {*source_items.reads(kind), *READ}
    # A field and a part of it cannot both be asked for.
    names = {name for name in wanted if name.rpartition(".")[0] not in wanted}
    pipeline = [{"$project": dict.fromkeys(sorted(names), 1)}, {"$sort": ORDER}]
    return iter(fo_internals.collection(dataset).aggregate(pipeline, allowDiskUse=True))
