"""Export of a FiftyOne dataset to a new folder, streaming."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fiftyone_plugin.exporters import source_items
from fiftyone_plugin.exporters.accounting import Accounting
from fiftyone_plugin.exporters.converters import CONVERTERS, READ, example
from fiftyone_plugin.exporters.manifest import ManifestLists
from fiftyone_plugin.exporters.selections import Choice, parse_selection
from fiftyone_plugin.exporters.target import check_target, whole_folder
from importers import store
from importers.errors import StateError, UnknownName, UsageError
from importers.fields import KEY
from importers.formats import FORMATS
from importers.formats.native_export import Exporter, ExportItem, ExportPair
from importers.parallel import Progress, no_progress


def export_dataset(
    dataset: Any,
    format_name: str,
    out: Path | str,
    *,
    select: str = "kept",
    choice: Choice | None = None,
    progress: Progress = no_progress,
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
    facts = _facts(dataset, format_name)
    source, media_dir = store.source_path(facts), Path(facts["media_dir"])
    target = check_target(out, source, media_dir)
    choice = choice or parse_selection(dataset, select)
    write = _convert if format_name in CONVERTERS else _write_back
    with (
        whole_folder(target) as folder,
        ManifestLists(str(source), str(media_dir)) as lists,
    ):
        accounting = Accounting(dataset, facts, select, lists, progress)
        write(dataset, format_name, folder, choice, accounting)
        accounting.write(folder, format_name)
    return {
        "format": format_name,
        "out": str(target),
        "exported": accounting.exported,
        "dropped": lists.counts["dropped"],
        "edited": lists.counts["edited"],
        "manifest": str(target / "manifest.json"),
    }


def _facts(dataset: Any, format_name: str) -> dict[str, Any]:
    """What PairLens knows of a dataset that can be exported in a format."""
    if format_name not in CONVERTERS and (
        format_name not in FORMATS or FORMATS[format_name].exporter is None
    ):
        native = [chosen.name for chosen in FORMATS.values() if chosen.exporter]
        raise UnknownName("export format", format_name, [*native, *CONVERTERS])
    facts = store.info(dataset)
    if not facts or not dataset.has_field(KEY):
        raise StateError(f"dataset {dataset.name!r} was not imported by PairLens")
    if format_name not in CONVERTERS:
        _check_source(dataset, facts, format_name)
    return facts


def _check_source(dataset: Any, facts: dict[str, Any], format_name: str) -> None:
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


def _write_back(
    dataset: Any, format_name: str, folder: Path, choice: Choice, accounting: Accounting
) -> None:
    """Writes the source's files with what is not selected left out."""
    make = FORMATS[format_name].exporter
    assert make is not None  # noqa: S101 - _facts has checked
    exporter = make(store.source_path(accounting.facts), folder)
    exporter.tally.on_edit = accounting.enter_edit
    accounting.tally = exporter.tally
    files = source_items.items_by_file(dataset, accounting.kind, choice, accounting.enter)
    for name, items in files:
        exporter.write_file(name, _writable(items, exporter, format_name))
    accounting.check_exported()
    exporter.finish()


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


def _convert(
    dataset: Any, format_name: str, folder: Path, choice: Choice, accounting: Accounting
) -> None:
    """Writes the selected samples in the layout of a converter."""
    kind = accounting.kind
    converter = CONVERTERS[format_name].make(dataset, folder, kind)
    accounting.tally = converter.tally
    for document in source_items.documents(dataset, kind, READ):
        selected = choice(document)
        pair = source_items.export_pair(document, selected) if kind == "pairs" else None
        accounting.enter(document, selected, pair)
        if selected:
            converter.add(example(document))
        else:
            converter.tally.records += 1
    accounting.check_exported()
    accounting.card_header = converter.finish()
