"""Export of a FiftyOne dataset: from the database to an exporter, streaming."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fiftyone_plugin.curation import states
from fiftyone_plugin.exporters import EXPORTERS
from fiftyone_plugin.exporters.books import Books, Progress
from fiftyone_plugin.exporters.feeding import feed
from fiftyone_plugin.exporters.manifest import ManifestLists
from fiftyone_plugin.exporters.selections import parse_selection
from fiftyone_plugin.exporters.target import check_target, whole_folder
from importers import store
from importers.errors import StateError, UsageError


def export_dataset(
    dataset: Any,
    format_name: str,
    out: Path | str,
    *,
    select: str = "kept",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Writes the selected samples of a dataset to a new folder, in the source's own layout.

    The folder holds the published files with what is not selected left out and edited
    texts in place, ``manifest.json``, ``decisions.jsonl`` and a dataset card. It is there
    whole or not at all.

    Args:
        dataset: a dataset that PairLens imported
        format_name: the format it was imported from
        out: a folder that is not there or empty, not in or around the source
        select: see :mod:`fiftyone_plugin.exporters.selections`
        progress: called with samples done and samples in all

    Returns:
        ``{"format", "out", "exported", "dropped", "edited", "manifest"}``, the last a path

    Raises:
        UsageError: for an unknown format, selection or view, another format than the
            dataset's, or a forbidden folder
        StateError: if the import is not finished, the source has changed since or cannot be
            read, nothing is selected, or the folder is not empty
    """
    exporter_format = EXPORTERS[format_name]
    states.check_pairs(dataset)
    facts = _facts(dataset, format_name)
    root = store.source_path(facts)
    target = check_target(out, root, Path(facts["media_dir"]))
    choice = parse_selection(dataset, select)
    private = str(root), facts["media_dir"]
    kind = facts.get("kind", "pairs")
    with whole_folder(target) as folder, ManifestLists(*private) as lists:
        exporter = exporter_format.make(root, folder)
        books = Books(dataset, select, lists, progress, kind=kind)
        exporter.tally.on_edit = books.enter_edit
        for name, items in feed(dataset, kind, choice, books.enter):
            exporter.write_file(name, items)
        if not books.exported:
            raise StateError(
                f"nothing of dataset {dataset.name!r} is in the selection {select!r}, so there "
                "is nothing to export"
            )
        exporter.finish()
        books.write(folder, facts, exporter)
    return {
        "format": format_name,
        "out": str(target),
        "exported": books.exported,
        "dropped": lists.counts["dropped"],
        "edited": lists.counts["edited"],
        "manifest": str(target / "manifest.json"),
    }


def _facts(dataset: Any, format_name: str) -> dict[str, Any]:
    facts = store.info(dataset)
    if not facts:
        raise StateError(f"dataset {dataset.name!r} was not imported by PairLens")
    if facts["format"] != format_name:
        raise UsageError(
            f"dataset {dataset.name!r} came from {facts['format']} and is exported as that; "
            f"it cannot be written as {format_name}"
        )
    if not facts.get("complete", True):
        raise StateError(
            f"the import of {dataset.name!r} did not finish; run it again with --resume first"
        )
    path = store.source_path(facts)
    if not path.exists():
        raise StateError(f"the source folder {path} is gone; exports copy from it")
    return facts
