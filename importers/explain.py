"""Reports how an import would read a source, from its first records, without importing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pairlens.importers.decisions import Decisions
from pairlens.importers.errors import RecordError
from pairlens.importers.options import DEFAULTS, ImportOptions
from pairlens.importers.prepare import prepare
from pairlens.importers.source_records import open_records

RECORDS = 100
"""How many records are read, unless more are asked for."""


@dataclass
class Explanation:
    """What was found in the first records.

    Attributes:
        format: of the root
        path: the folder or archive that would be read
        records: how many records were read
        decisions: as the dataset's info would hold them
        notes: other notes, and each decision as a sentence
        skipped: the records that would be skipped, each with ``source`` and ``reason``
    """

    format: str
    path: str
    records: int = 0
    decisions: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)


def explain(
    format_name: str,
    root: Path | str,
    options: ImportOptions = DEFAULTS,
    most: int = RECORDS,
) -> Explanation:
    """Reads the first records of a source as an import would, and keeps nothing.

    Archives are unpacked to a temporary folder.

    Args:
        format_name: a format's name, or ``auto``
        root: as for :func:`pairlens.importers.ingest.import_dataset`
        options: of the import
        most: how many records to read

    Raises:
        UsageError: for an unknown format, split or parameter
        LayoutError: if the folder does not hold the format
    """
    decisions = Decisions()
    skipped: list[dict[str, str]] = []
    read = 0

    def skip(error: RecordError) -> None:
        if len(skipped) < most:
            skipped.append({"source": error.source, "reason": error.reason})

    source = open_records(
        format_name, root, options, on_error=skip, on_note=decisions, most=most, keeps=True
    )
    with source as opened:
        for group in opened.groups:
            read += len(group)
            try:
                made = prepare(group, opened.place)
            except RecordError as error:
                skip(error)
            else:
                decisions.take(made)
            if read >= most:
                break
    found = Explanation(opened.format.name, str(opened.path), read, skipped=skipped)
    found.decisions = decisions.stored("import")
    found.notes = [*decisions.notes, *decisions.lines()]
    return found
