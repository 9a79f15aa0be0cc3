"""What an import would decide, from the first records, without importing."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pairlens.importers.decisions import Decisions
from pairlens.importers.errors import RecordError
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.options import DEFAULTS, ImportOptions
from pairlens.importers.prepare import Place, group_by_image, prepare
from pairlens.importers.reading import LEFT_OUT
from pairlens.importers.source_files import read_within
from pairlens.importers.sources import SourceRequest, UnpackedPlace, locate

RECORDS = 100
"""How many records are read, unless more are asked for."""


@dataclass
class Explanation:
    """What was found in the first records.

    Attributes:
        format: the format that the root holds
        path: the folder or archive that would be read
        records: how many records were read
        decisions: what was decided, as the dataset's info would keep it
        notes: the rest that is worth knowing, and each decision as a sentence
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

    What is written meanwhile, such as the content of an archive, goes to a temporary folder.

    Args:
        format_name: a format's name, or ``auto``
        root: as :func:`pairlens.importers.ingest.import_dataset` takes it
        options: of the import
        most: how many records to read

    Raises:
        UsageError: for an unknown format, split or parameter
        LayoutError: if the folder does not hold the format
    """
    options.check()
    if format_name != "auto":
        FORMATS[format_name]  # before anything is fetched
    decisions = Decisions()
    with TemporaryDirectory(prefix="pairlens-explain-") as folder:
        media_dir = Path(folder) / "media"
        leftovers = options.params.get(LEFT_OUT.name) == "read"
        request = SourceRequest(format_name, options.splits, most, leftovers)
        place = UnpackedPlace(Path(folder), "explain")
        source = locate(root, request, place, on_note=decisions)
        chosen = find_format(format_name, source.path)
        found = Explanation(chosen.name, str(source.path))

        def skip(error: RecordError) -> None:
            if len(found.skipped) < most:
                found.skipped.append({"source": error.source, "reason": error.reason})

        boundary = None if options.follow_links else source.boundary
        records = chosen.read(
            source.path,
            splits=options.splits,
            on_error=skip,
            on_note=decisions,
            **chosen.parsed(options.params),
        )
        reading = chosen.reading(options.params)
        media = Place(media_dir, options.placeholders, reading, boundary)
        for group in read_within(group_by_image(records), boundary):
            found.records += len(group)
            try:
                made = prepare(group, media)
            except RecordError as error:
                skip(error)
            else:
                decisions.take(made)
            if found.records >= most:
                break
    found.decisions = decisions.stored("import")
    found.notes = [*decisions.others, *decisions.lines()]
    return found
