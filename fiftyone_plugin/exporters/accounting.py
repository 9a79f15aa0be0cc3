"""The books of an export: what was written, left out and edited, and that it adds up."""

from __future__ import annotations

from collections.abc import Callable
from os.path import normpath
from pathlib import Path
from typing import Any

from fiftyone_plugin.curation import decisions, summary
from fiftyone_plugin.exporters.base import Tally
from fiftyone_plugin.exporters.export_items import Edit, ExportPair
from fiftyone_plugin.exporters.manifest import ManifestLists, card
from fiftyone_plugin.exporters.selections import Document, reason
from fiftyone_plugin.exporters.source_items import export_pair
from importers import fo_internals
from importers.errors import StateError
from importers.fields import KEY, REVIEW_NOTE, REVIEWER, SOURCE, VERDICT
from importers.formats.base import Kind
from importers.records import Source

Progress = Callable[[int, int], None]


class Books:
    """Counts one export.

    Args:
        dataset: what is exported
        select: the selection, as given
        lists: of the manifest
        progress: called with samples done and samples in all
        kind: of the records; of pairs the edits are known from their documents

    Attributes:
        samples, exported: how many there are, and of these were selected
    """

    def __init__(
        self,
        dataset: Any,
        select: str,
        lists: ManifestLists,
        progress: Progress | None,
        *,
        kind: Kind,
    ) -> None:
        self.samples = 0
        self.exported = 0
        self._dataset = dataset
        self._select = select
        self._lists = lists
        self._progress = progress
        self._kind: Kind = kind
        self._sessions = summary.sessions_of_pairs(dataset)
        self._total = fo_internals.collection(dataset).count_documents({})
        self._splits: dict[str, dict[str, int]] = {}

    def enter(self, document: Document, selected: bool) -> None:
        """Takes one sample."""
        self.samples += 1
        self.exported += selected
        split = self._splits.setdefault(
            _split(document[KEY]), {"pairs": 0, "exported": 0, "dropped": 0}
        )
        split["pairs"] += 1
        split["exported" if selected else "dropped"] += 1
        if not selected:
            entry = _entry(document) | reason(document, self._select) | self._review(document)
            self._lists.add("dropped", entry)
        elif self._kind == "pairs" and (change := _change(export_pair(document, selected))):
            self._lists.add("edited", _entry(document) | change | self._review(document))
        if self._progress is not None:
            self._progress(self.samples, max(self._total, self.samples))

    def _review(self, document: Document) -> Document:
        review = {name: document.get(name) for name in (VERDICT, REVIEWER)}
        session = self._sessions.get(document["_id"])
        return review | {"session": session, "note": document.get(REVIEW_NOTE)}

    def enter_edit(self, edit: Edit) -> None:
        """Takes a text of a caption or conversation that is not written as published."""
        change = {"published": edit.published, "text": edit.text}
        self._lists.add("edited", {"key": edit.key, "source": str(edit.source)} | change)

    def write(
        self,
        folder: Path,
        facts: dict[str, Any],
        tally: Tally,
        *,
        written_as: str | None = None,
        header: str = "",
    ) -> None:
        """Writes the manifest, the decisions and the card.

        Args:
            folder: to write to
            facts: of the dataset
            tally: of the exporter or converter
            written_as: the layout, where it is not that of the source
            header: what the card must begin with

        Raises:
            StateError: if the counts do not add up, or the disk refuses
        """
        head = self._head(facts, tally, written_as or facts["format"])
        try:
            self._lists.write(folder / "manifest.json", head)
            with open(folder / "decisions.jsonl", "wb") as stream:
                decisions.write_lines(self._dataset, stream)
            (folder / "README.md").write_text(header + card(head), "utf-8")
        except OSError as error:
            raise StateError(f"the manifest cannot be written ({error.strerror})") from error

    def _head(self, facts: dict[str, Any], tally: Tally, written_as: str) -> dict[str, Any]:
        # A conversation can have come from several records, so that those do not add up.
        counted = self._kind != "instructions"
        if counted and tally.records != self.samples + tally.not_imported:
            raise StateError(
                f"the source holds {tally.records:,} records, but {self.samples:,} samples and "
                f"{tally.not_imported:,} records without one were met: nothing was exported"
            )
        for skipped in facts.get("skipped") or ():
            self._lists.add("skipped_at_import", dict(skipped))
        counts = self._lists.counts
        return {
            "dataset": self._dataset.name,
            "source": {"format": facts["format"], "root": Path(normpath(facts["root"])).name},
            "format": written_as,
            "select": self._select,
            # records = pairs + not_imported, and pairs = exported + dropped; the records of
            # files none of whose pairs came in are in skipped_at_import alone.
            "counts": {
                "records": tally.records,
                "not_imported": tally.not_imported,
                "pairs": self.samples,
                "exported": self.exported,
                "dropped": counts["dropped"],
                "edited": counts["edited"],
                "skipped_at_import": facts.get("skipped_total", counts["skipped_at_import"]),
                "images": tally.images,
                "images_missing": tally.images_missing,
            },
            "splits": self._splits,
            "review": summary.review_summary(self._dataset),
            "files": tally.files,
        }


def _entry(document: Document) -> Document:
    source = document[SOURCE]
    return {"key": document[KEY], "source": str(Source(source["file"], source["index"]))}


def _change(pair: ExportPair) -> Document:
    """What of a pair is written other than published."""
    phrase = {"published": pair.published, "phrase": pair.phrase} if pair.edited else {}
    return phrase | ({"mask": "mended"} if pair.mended else {})


def _split(key: str) -> str:
    """The split that a key names; tags can be changed by hand."""
    return key.split("/")[1] if key.count("/") > 1 else ""
