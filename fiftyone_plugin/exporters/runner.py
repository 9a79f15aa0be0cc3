"""Exports a FiftyOne dataset to a new folder, as a stream of samples."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.curation.decisions import DecisionLines
from pairlens.fiftyone_plugin.exporters.accounting import Accounting
from pairlens.fiftyone_plugin.exporters.converters import CONVERTERS, READ, example
from pairlens.fiftyone_plugin.exporters.held_masks import HeldMasks
from pairlens.fiftyone_plugin.exporters.manifest import ManifestLists
from pairlens.fiftyone_plugin.exporters.selections import DEFAULT, Selection
from pairlens.fiftyone_plugin.exporters.source_items import documents, export_pair, items_by_file
from pairlens.fiftyone_plugin.exporters.target import (
    check_target,
    left_by_old_version,
    whole_folder,
)
from pairlens.importers import fo_internals, store, working_set
from pairlens.importers.errors import RecordError, StateError, UnknownName, UsageError
from pairlens.importers.format_params import PARAMS
from pairlens.importers.formats import FORMATS
from pairlens.importers.media_folders import media_dirs
from pairlens.importers.parallel import Progress, no_progress
from pairlens.importers.source_files import Boundary, reading_within
from pairlens.importers.sources import Located
from pairlens.importers.upgrade import upgrade


def export_dataset(
    samples: Any,
    format_name: str,
    out: Path | str,
    *,
    select: str = DEFAULT,
    repo: str | None = None,
    progress: Progress = no_progress,
) -> dict[str, Any]:
    """Writes the selected samples of a dataset or view to a new folder.

    In the source's own layout the folder holds the published files, without the samples that are
    not selected and with edited texts in place. It also holds ``manifest.json``,
    ``decisions.jsonl`` and a dataset card. The folder appears complete or not at all.

    Args:
        samples: a dataset or view that PairLens imported
        format_name: the format it was imported from, or one of
            :data:`pairlens.fiftyone_plugin.exporters.CONVERTERS`
        out: a new or empty folder, which neither contains the source nor lies in it
        select: see :mod:`pairlens.fiftyone_plugin.exporters.selections`
        repo: ``OWNER/NAME`` of the repository on the hub that the export is pushed to, for the card
        progress: called with samples done and samples in all

    Returns:
        ``{"format", "kind", "out", "manifest", "left"}`` and the counts of
        :attr:`~pairlens.fiftyone_plugin.exporters.accounting.Accounting.report`: ``manifest`` is a
        path, and ``left`` lists folders of unfinished exports of version 0.1 beside ``out``

    Raises:
        UsageError: for an unknown format, selection or view, another format than the
            dataset's, or a forbidden folder
        StateError: if the import is not finished, the source has changed since or cannot be
            read, nothing is selected, or the folder is not empty
    """
    native = [one.name for one in FORMATS.values() if one.exporter]
    if format_name not in (*native, *CONVERTERS):
        raise UnknownName("export format", format_name, {*native, *CONVERTERS})
    working_set.check(samples)
    dataset = fo_internals.dataset_of(samples)
    upgrade(dataset)
    facts = _exportable_facts(dataset, format_name)
    private = private_folders(facts)
    choice = Selection(samples, select)
    target = check_target(out, *private)
    run = _write_back if _is_native(facts, format_name) else _convert
    with (
        whole_folder(target) as folder,
        ManifestLists(*map(str, private)) as lists,
        DecisionLines() as decisions,
    ):
        accounting = Accounting(dataset, facts, format_name, choice, lists, decisions, progress)
        with reading_within(_boundary(facts)):
            run(dataset, folder, choice, accounting)
        accounting.write(folder, repo)
    return {
        "format": format_name,
        "kind": accounting.kind,
        "out": str(target),
        "manifest": str(target / "manifest.json"),
        "left": [str(folder) for folder in left_by_old_version(target)],
    } | accounting.report


def _is_native(facts: dict[str, Any], format_name: str) -> bool:
    """Whether an export writes the published layout back, rather than converting the samples."""
    return facts["format"] == format_name and FORMATS[format_name].exporter is not None


def private_folders(facts: dict[str, Any]) -> list[Path]:
    """The folders of a dataset's source and media, whose paths no export may contain."""
    source = [store.source_path(facts)] if store.has_source(facts) else []
    return [*source, *media_dirs(facts)]


def _exportable_facts(dataset: Any, format_name: str) -> dict[str, Any]:
    """The stored facts of a dataset, after checking that it can be exported in the format.

    Raises:
        UsageError: if the dataset cannot be written in the format
        StateError: if the import is not finished or the source folder does not exist
    """
    facts = store.info(dataset)
    if format_name in CONVERTERS and not _is_native(facts, format_name):
        return facts
    if not _is_native(facts, format_name):
        raise UsageError(
            f"dataset {dataset.name!r} came from {facts['format']} and is exported as that; "
            f"it cannot be written as {format_name}, but as {', '.join(CONVERTERS)}"
        )
    if not facts.get("complete", True):
        raise StateError(
            f"the import of {dataset.name!r} did not finish; run it again with --resume first"
        )
    source = store.source_path(facts)
    if not source.exists():
        way_out = f"where it was moved, run pairlens relocate {dataset.name} --source DIR"
        if "://" in str(facts.get("root") or ""):
            way_out = f"run pairlens sync {dataset.name}, which fetches it"
        raise StateError(f"the source folder {source} is gone; exports copy from it: {way_out}")
    return facts


def _boundary(facts: dict[str, Any]) -> Boundary:
    """The folder that links of the source may not leave; ``None`` if the import followed them."""
    if facts.get("follow_links") or not store.has_source(facts):
        return None
    return Located(facts["root"], store.source_path(facts)).boundary


def _write_back(dataset: Any, folder: Path, choice: Selection, accounting: Accounting) -> None:
    """Writes the source's files without the samples that are not selected."""
    source, facts = store.source_path(accounting.facts), accounting.facts
    reading = FORMATS[accounting.format_name].settled(source, facts.get(PARAMS) or {})
    make = reading.format.exporter
    assert make is not None  # noqa: S101 - _exportable_facts checks it
    exporter = make(source, folder)
    accounting.begin(exporter.tally, native=True, writes_masks=exporter.writes_masks)
    files = items_by_file(dataset, accounting.kind, choice, accounting.add)
    for name, items in files:
        exporter.write_file(name, items)
    accounting.check_exported()
    exporter.finish()


def _convert(dataset: Any, folder: Path, choice: Selection, accounting: Accounting) -> None:
    """Writes the selected samples in the layout of a converter."""
    kind = accounting.kind
    converter = CONVERTERS[accounting.format_name].make(dataset, folder, kind)
    accounting.begin(converter.tally)
    masks = HeldMasks()
    for document in documents(dataset, kind, READ):
        selected = choice(document)
        mask = masks.of(document) if selected else None
        pair = export_pair(document, selected, mask) if kind == "pairs" else None
        unwritten = ""
        if selected:
            try:
                converter.add(example(document, mask))
            except RecordError as error:
                unwritten = error.reason
        else:
            converter.tally.records += 1
        accounting.add(document, selected and not unwritten, pair, unwritten)
    accounting.check_exported()
    accounting.card_front = converter.finish()
