"""Export of a FiftyOne dataset: from the database to an exporter, streaming."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby
from os.path import normpath
from pathlib import Path
from typing import Any

from fiftyone_plugin.curation import decisions, states
from fiftyone_plugin.exporters import EXPORTERS
from fiftyone_plugin.exporters.base import Exporter, ExportPair
from fiftyone_plugin.exporters.manifest import ManifestLists, card
from fiftyone_plugin.exporters.selections import (
    ORDER,
    Choice,
    Document,
    parse_selection,
    reason,
)
from fiftyone_plugin.exporters.target import check_target, whole_folder
from importers import store
from importers.errors import StateError, UsageError
from importers.fields import (
    FINDINGS,
    IMAGE_MISSING,
    KEY,
    MASK_STATS,
    ORIGINAL_PHRASE,
    PHRASE,
    REVIEW_NOTE,
    REVIEWER,
    SOURCE,
    VERDICT,
)
from importers.records import Source

Progress = Callable[[int, int], None]

_READ = (
    "filepath", "tags", KEY, PHRASE, ORIGINAL_PHRASE, IMAGE_MISSING, VERDICT, REVIEWER,
    REVIEW_NOTE, f"{MASK_STATS}.digest", f"{SOURCE}.file", f"{SOURCE}.index",
    *(f"{FINDINGS}.classifications.{name}" for name in ("label", "severity", "score", "note")),
)  # fmt: skip


def export_dataset(
    dataset: Any,
    format_name: str,
    out: Path | str,
    *,
    select: str = "kept",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Writes the selected pairs of a dataset to a new folder, in the source's own layout.

    The folder holds the published files with what is not selected left out and edited
    phrases in place, ``manifest.json``, ``decisions.jsonl`` and a dataset card. It is there
    whole or not at all.

    Args:
        dataset: a dataset that PairLens imported
        format_name: the format it was imported from
        out: a folder that is not there or empty, not in or around the source
        select: see :mod:`fiftyone_plugin.exporters.selections`
        progress: called with pairs done and pairs in all

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
    root = Path(facts["root"])
    target = check_target(out, root, Path(facts["media_dir"]))
    choice = parse_selection(dataset, select)
    private = facts["root"], facts["media_dir"]
    with whole_folder(target) as folder, ManifestLists(*private) as lists:
        exporter = exporter_format.make(root, folder)
        run = _Run(dataset, select, choice, lists, progress)
        run.feed(exporter)
        exporter.finish()
        run.write_beside(folder, facts, exporter)
    return {
        "format": format_name,
        "out": str(target),
        "exported": run.exported,
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
    if not Path(facts["root"]).is_dir():
        raise StateError(f"the source folder {facts['root']} is gone; exports copy from it")
    return facts


class _Run:
    """One export: feeds pairs to the exporter and keeps the books."""

    def __init__(
        self,
        dataset: Any,
        select: str,
        choice: Choice,
        lists: ManifestLists,
        progress: Progress | None,
    ) -> None:
        self.exported = 0
        self._dataset = dataset
        self._select = select
        self._choice = choice
        self._lists = lists
        self._progress = progress
        self._total = dataset._sample_collection.count_documents({})
        self._pairs = 0
        self._splits: dict[str, dict[str, int]] = {}

    def feed(self, exporter: Exporter) -> None:
        """Gives the exporter all pairs, file by file.

        Raises:
            StateError: if none of them is selected
        """
        for name, documents in groupby(self._documents(), lambda d: d[SOURCE]["file"]):
            exporter.write_file(name, (self._pair(document) for document in documents))
        if not self.exported:
            raise StateError(
                f"no pair of dataset {self._dataset.name!r} is in the selection "
                f"{self._select!r}, so there is nothing to export"
            )

    def _documents(self) -> Iterator[Document]:
        pipeline = [{"$project": dict.fromkeys(_READ, 1)}, {"$sort": ORDER}]
        collection = self._dataset._sample_collection
        for document in collection.aggregate(pipeline, allowDiskUse=True):
            source = document.get(SOURCE) or {}
            if not document.get(KEY) or not {"file", "index"} <= source.keys():
                raise StateError(
                    f"the sample {document['_id']} did not come from an import and has no place "
                    "in the published files; remove it from the dataset first"
                )
            yield document

    def _pair(self, document: Document) -> ExportPair:
        phrase, original = document.get(PHRASE) or "", document.get(ORIGINAL_PHRASE)
        pair = ExportPair(
            key=document[KEY],
            source=Source(document[SOURCE]["file"], document[SOURCE]["index"]),
            image=None if document.get(IMAGE_MISSING) else Path(document["filepath"]),
            has_mask=bool((document.get(MASK_STATS) or {}).get("digest")),
            published=phrase if original is None else original,
            phrase=phrase,
            selected=self._choice(document),
        )
        self._count(pair, document)
        return pair

    def _count(self, pair: ExportPair, document: Document) -> None:
        self._pairs += 1
        split = self._splits.setdefault(_split(pair.key), {"pairs": 0, "exported": 0, "dropped": 0})
        split["pairs"] += 1
        split["exported" if pair.selected else "dropped"] += 1
        self.exported += pair.selected
        entry: Document = {"key": pair.key, "source": str(pair.source)}
        review = {k: document.get(k) for k in (VERDICT, REVIEWER)}
        review["note"] = document.get(REVIEW_NOTE)
        if not pair.selected:
            self._lists.add("dropped", entry | reason(document, self._select) | review)
        elif pair.edited:
            change = {"published": pair.published, "phrase": pair.phrase}
            self._lists.add("edited", entry | change | review)
        if self._progress is not None:
            self._progress(self._pairs, max(self._total, self._pairs))

    def write_beside(self, folder: Path, facts: dict[str, Any], exporter: Exporter) -> None:
        """Writes the manifest, the decisions and the card.

        Raises:
            StateError: if the counts do not add up, or the disk refuses
        """
        head = self._head(facts, exporter)
        try:
            self._lists.write(folder / "manifest.json", head)
            with open(folder / "decisions.jsonl", "wb") as stream:
                decisions.write_lines(self._dataset, stream)
            (folder / "README.md").write_text(card(head), "utf-8")
        except OSError as error:
            raise StateError(f"the manifest cannot be written ({error.strerror})") from error

    def _head(self, facts: dict[str, Any], exporter: Exporter) -> dict[str, Any]:
        tally = exporter.tally
        if tally.records != self._pairs + tally.not_imported:
            raise StateError(
                f"the source holds {tally.records:,} records, but {self._pairs:,} pairs and "
                f"{tally.not_imported:,} records without one were met: nothing was exported"
            )
        root = facts["root"]
        for skipped in facts.get("skipped") or ():
            self._lists.add("skipped_at_import", dict(skipped))
        counts = self._lists.counts
        return {
            "dataset": self._dataset.name,
            "source": {"format": facts["format"], "root": Path(normpath(root)).name},
            "format": facts["format"],
            "select": self._select,
            # records = pairs + not_imported, and pairs = exported + dropped; the records of
            # files none of whose pairs came in are in skipped_at_import alone.
            "counts": {
                "records": tally.records,
                "not_imported": tally.not_imported,
                "pairs": self._pairs,
                "exported": self.exported,
                "dropped": counts["dropped"],
                "edited": counts["edited"],
                "skipped_at_import": facts.get("skipped_total", counts["skipped_at_import"]),
                "images": tally.images,
                "images_missing": tally.images_missing,
            },
            "splits": self._splits,
            "files": tally.files,
        }


def _split(key: str) -> str:
    """The split that a key names; tags can be changed by hand."""
    return key.split("/")[1] if key.count("/") > 1 else ""
