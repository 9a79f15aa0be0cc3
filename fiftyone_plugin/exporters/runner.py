"""Export of a FiftyOne dataset: from the database to an exporter, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fiftyone_plugin.exporters import CONVERTERS, EXPORTERS
from fiftyone_plugin.exporters.accounting import Books, Progress
from fiftyone_plugin.exporters.base import Exporter, ExportFormat
from fiftyone_plugin.exporters.convert import convert_dataset
from fiftyone_plugin.exporters.export_items import ExportItem, ExportPair
from fiftyone_plugin.exporters.manifest import ManifestLists
from fiftyone_plugin.exporters.selections import Choice, parse_selection
from fiftyone_plugin.exporters.source_items import feed
from fiftyone_plugin.exporters.target import check_target, whole_folder
from importers import store
from importers.errors import StateError, UnknownName, UsageError
from importers.fields import KEY


def export_dataset(
    dataset: Any,
    format_name: str,
    out: Path | str,
    *,
    select: str = "kept",
    choice: Choice | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Writes the selected samples of a dataset to a new folder.

    In the source's own layout it holds the published files with what is not selected left out
    and edited texts in place. Beside them stand ``manifest.json``, ``decisions.jsonl`` and a
    dataset card. The folder is there whole or not at all.

    Args:
        dataset: a dataset that PairLens imported
        format_name: the format it was imported from, or one of
            :data:`fiftyone_plugin.exporters.CONVERTERS`
        out: a folder that is not there or empty, not in or around the source
        select: see :mod:`fiftyone_plugin.exporters.selections`
        choice: says of a document whether it is selected, in place of what ``select`` names
        progress: called with samples done and samples in all

    Returns:
        ``{"format", "out", "exported", "dropped", "edited", "manifest"}``, the last a path

    Raises:
        UsageError: for an unknown format, selection or view, another format than the
            dataset's, or a forbidden folder
        StateError: if the import is not finished, the source has changed since or cannot be
            read, nothing is selected, or the folder is not empty
    """
    if format_name in CONVERTERS:
        _check_imported(dataset)
        choice = choice or parse_selection(dataset, select)
        return convert_dataset(dataset, format_name, out, choice, select, progress)
    exporter_format = _exporter(format_name)
    facts = _facts(dataset, format_name)
    root = store.source_path(facts)
    target = check_target(out, root, Path(facts["media_dir"]))
    choice = choice or parse_selection(dataset, select)
    private = str(root), facts["media_dir"]
    kind = facts.get("kind", "pairs")
    with whole_folder(target) as folder, ManifestLists(*private) as lists:
        exporter = exporter_format.make(root, folder)
        books = Books(dataset, select, lists, progress, kind=kind)
        exporter.tally.on_edit = books.enter_edit
        for name, items in feed(dataset, kind, choice, books.enter):
            exporter.write_file(name, _writable(items, exporter, format_name))
        if not books.exported:
            raise StateError(
                f"nothing of dataset {dataset.name!r} is in the selection {select!r}, so there "
                "is nothing to export"
            )
        exporter.finish()
        books.write(folder, facts, exporter.tally)
    return {
        "format": format_name,
        "out": str(target),
        "exported": books.exported,
        "dropped": lists.counts["dropped"],
        "edited": lists.counts["edited"],
        "manifest": str(target / "manifest.json"),
    }


def _writable(
    items: Iterator[ExportItem], exporter: Exporter, format_name: str
) -> Iterator[ExportItem]:
    """The items, unless one has a mended mask and the exporter would write the published one."""
    for item in items:
        if isinstance(item, ExportPair) and item.mended and not exporter.writes_masks:
            raise UsageError(
                f"the mask of {item.key} was mended, and this layout of {format_name} is not "
                "written with other masks; undo that, or leave the pair out"
            )
        yield item


def _exporter(format_name: str) -> ExportFormat:
    if format_name not in EXPORTERS:
        raise UnknownName("export format", format_name, [*EXPORTERS, *CONVERTERS])
    return EXPORTERS[format_name]


def _check_imported(dataset: Any) -> dict[str, Any]:
    facts = store.info(dataset)
    if not facts or not dataset.has_field(KEY):
        raise StateError(f"dataset {dataset.name!r} was not imported by PairLens")
    return facts


def _facts(dataset: Any, format_name: str) -> dict[str, Any]:
    facts = _check_imported(dataset)
    if facts["format"] != format_name:
        raise UsageError(
            f"dataset {dataset.name!r} came from {facts['format']} and is exported as that; "
            f"it cannot be written as {format_name}, but as {', '.join(CONVERTERS)}"
        )
    if not facts.get("complete", True):
        raise StateError(
            f"the import of {dataset.name!r} did not finish; run it again with --resume first"
        )
    path = store.source_path(facts)
    if not path.exists():
        raise StateError(f"the source folder {path} is gone; exports copy from it")
    return facts
