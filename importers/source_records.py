"""Reads the records of a source as an import would, without a database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pairlens.importers.errors import OnError, OnNote
from pairlens.importers.format_params import full_command
from pairlens.importers.formats import FORMATS, Format, find_format
from pairlens.importers.json_members import reporting_duplicate_members
from pairlens.importers.options import DEFAULTS, ImportOptions
from pairlens.importers.prepare import MediaPlace, group_by_image
from pairlens.importers.reading import LEFT_OUT
from pairlens.importers.records import Record
from pairlens.importers.source_files import read_within
from pairlens.importers.sources import SourceRequest, UnpackedPlace, locate


@dataclass(frozen=True)
class SourceRecords:
    """The records of an open source.

    Attributes:
        format: of the source
        path: the folder or archive that is read
        place: for :func:`pairlens.importers.prepare.prepare`, in a temporary folder
        groups: the records, grouped by image
    """

    format: Format
    path: Path
    place: MediaPlace
    groups: Iterator[tuple[Record, ...]]


@contextmanager
def open_records(
    format_name: str,
    root: Path | str,
    options: ImportOptions = DEFAULTS,
    *,
    on_error: OnError,
    on_note: OnNote,
    most: int | None = None,
    keeps: bool = False,
) -> Iterator[SourceRecords]:
    """Opens a source and yields its records; archives are unpacked to a temporary folder.

    Args:
        format_name: a format's name, or ``auto``
        root: as for :func:`pairlens.importers.ingest.import_dataset`
        options: of the import
        on_error: takes errors of single records
        on_note: takes notes on the files
        most: how many records are needed, if not all: no more files are fetched
        keeps: whether media is written to the temporary folder; otherwise masks are only measured

    Raises:
        UsageError: for an unknown format, split or parameter
        LayoutError: if the folder does not hold the format
    """
    options.check()
    if format_name != "auto":
        FORMATS[format_name]  # before anything is fetched
    with TemporaryDirectory(prefix="pairlens-read-") as folder:
        leftovers = options.params.get(LEFT_OUT.name) == "read"
        follow = options.follow_links
        request = SourceRequest(format_name, options.splits, most, leftovers, follow)
        source = locate(root, request, UnpackedPlace(Path(folder), ""), on_note=on_note)
        settled = find_format(format_name, source.path).settled(source.path, options.params)
        chosen, params = settled.format, settled.params
        if settled.guessed:
            on_note(full_command(settled, root, None))
        for note in (*settled.decisions, *settled.format.unread(source.path)):
            on_note(note)
        boundary = None if follow else source.boundary
        records = chosen.read(
            source.path,
            splits=options.splits,
            on_error=on_error,
            on_note=on_note,
            **chosen.parsed(params),
        )
        media = Path(folder) / "media"
        reading = chosen.reading(params)
        place = MediaPlace(media, options.placeholders, reading, boundary, keeps)
        groups = read_within(
            group_by_image(reporting_duplicate_members(records, on_note)), boundary
        )
        yield SourceRecords(chosen, source.path, place, groups)
