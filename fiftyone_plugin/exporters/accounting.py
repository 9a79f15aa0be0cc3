"""The accounting of an export: counts of what was written, left out and edited, and their check."""

from __future__ import annotations

from collections import Counter
from os.path import normpath
from pathlib import Path, PurePath
from typing import Any

from pairlens.fiftyone_plugin.curation import summary
from pairlens.fiftyone_plugin.curation.decisions import DecisionLines
from pairlens.fiftyone_plugin.exporters.card import card
from pairlens.fiftyone_plugin.exporters.manifest import ManifestLists
from pairlens.fiftyone_plugin.exporters.selections import DEFAULT, Selection
from pairlens.importers import working_set
from pairlens.importers.documents import fixed_digest
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.fields import (
    FIXED_DIGEST,
    IMAGE_MISSING,
    KEY,
    REVIEW_NOTE,
    REVIEWER,
    SOURCE,
    VERDICT,
)
from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.formats.native_export import Edit, Tally
from pairlens.importers.parallel import Progress
from pairlens.importers.records import Kind, Source
from pairlens.importers.splits import split_of, split_of_key
from pairlens.importers.stored_values import Document

MOST_NAMED = 100
"""Samples that cannot be written and are named in the report; the manifest names all."""


class Accounting:
    """Counts one export.

    Args:
        dataset: what is exported
        facts: of the dataset, as an import stored them
        format_name: the layout that is written
        selection: says which samples are exported
        lists: of the manifest
        decided: takes the verdict of each sample as it is selected by, not as it is later
        progress: called with samples done and samples in all

    Attributes:
        facts, format_name: as given
        kind: of the records
        samples, exported: how many there are, and of these were selected
        unwritten, unwritten_total: the first selected samples that cannot be written, and why,
            and how many there are
        card_front: what the layout adds to the metadata of the dataset card
    """

    def __init__(
        self,
        dataset: Any,
        facts: dict[str, Any],
        format_name: str,
        selection: Selection,
        lists: ManifestLists,
        decided: DecisionLines,
        progress: Progress,
    ) -> None:
        self.facts = facts
        self.format_name = format_name
        self.kind: Kind = facts.get("kind", "pairs")
        self.samples = 0
        self.exported = 0
        self.unwritten: list[dict[str, str]] = []
        self.unwritten_total = 0
        self.card_front: dict[str, Any] = {}
        self._tally: Tally | None = None
        self._native = False
        self._writes_masks = True
        self._dataset = dataset
        self._selection = selection
        self._lists = lists
        self._decisions = decided
        self._progress = progress
        self._sessions = summary.sessions_of_pairs(dataset)
        self._total = working_set.count(dataset)
        self._splits: dict[str, dict[str, int]] = {}
        self._reasons: Counter[str] = Counter()

    def begin(self, tally: Tally, *, native: bool = False, writes_masks: bool = True) -> None:
        """Takes the tally of what writes, whether it writes the layout in which the dataset was
        published, and whether it can write other masks.
        """
        tally.on_edit = self._enter_edit
        self._tally = tally
        self._native = native
        self._writes_masks = writes_masks

    def enter(
        self,
        document: Document,
        selected: bool,
        pair: ExportPair | None,
        unwritten: str = "",
    ) -> None:
        """Takes one sample, with its item where it is a pair.

        Args:
            document: of the sample
            selected: whether it is written
            pair: the item
            unwritten: why it is not, where that is no matter of the selection

        Raises:
            UsageError: for a mended mask or another split where the published would be written
        """
        self._refuse(document, selected, pair)
        self.samples += 1
        self.exported += selected
        self._decisions.add(document)
        split = self._splits.setdefault(
            split_of(document), {"pairs": 0, "exported": 0, "dropped": 0}
        )
        split["pairs"] += 1
        split["exported" if selected else "dropped"] += 1
        if not selected:
            why = {"because": unwritten} if unwritten else self._selection.reason(document)
            self._lists.add("dropped", _entry(document) | why | self._review(document))
            self._reasons.update(_named(why))
            if unwritten:
                self._leave_out(document[KEY], unwritten)
        elif pair is not None and (change := _change(pair)):
            self._lists.add("edited", _entry(document) | change | self._review(document))
        self._progress(self.samples, max(self._total, self.samples))

    def _refuse(self, document: Document, selected: bool, pair: ExportPair | None) -> None:
        if pair is not None and pair.mended and not self._writes_masks:
            raise UsageError(
                f"the mask of {pair.key} was mended, and this layout of {self.format_name} is not "
                "written with other masks; undo that, or leave the pair out"
            )
        published = split_of_key(document[KEY])
        if selected and self._native and split_of(document) != published:
            raise UsageError(
                f"{document[KEY]}: its split was changed to {split_of(document)!r}, and "
                f"{self.format_name} is written in its published splits; set it back to "
                f"{published!r}, or write another layout: nothing was exported"
            )
        imported = document[SOURCE].get(FIXED_DIGEST)
        if selected and self._native and imported and fixed_digest(document) != imported:
            raise UsageError(
                f"{document[KEY]}: its boxes, place, date or no_target were changed, which "
                f"{self.format_name} is not written with; put them back, or write another layout: "
                "nothing was exported"
            )
        if selected and self._native and _is_another_image(document):
            raise UsageError(
                f"{document[KEY]}: its filepath was changed to {document['filepath']}, and "
                f"{self.format_name} is written with the published images; set it back, or write "
                "another layout: nothing was exported"
            )

    def _leave_out(self, key: str, why: str) -> None:
        self.unwritten_total += 1
        if len(self.unwritten) < MOST_NAMED:
            self.unwritten.append({"key": key, "reason": why})

    def _review(self, document: Document) -> Document:
        review = {name: document.get(name) for name in (VERDICT, REVIEWER)}
        session = self._sessions.get(document["_id"])
        return review | {"session": session, "note": document.get(REVIEW_NOTE)}

    def _enter_edit(self, edit: Edit) -> None:
        """Takes a text of a caption or conversation that is not written as published."""
        change = {"published": edit.published, "text": edit.text}
        self._lists.add("edited", {"key": edit.key, "source": str(edit.source)} | change)

    @property
    def told(self) -> dict[str, Any]:
        """What the report says of an export, beside where it is."""
        return {
            "exported": self.exported,
            "dropped": self._lists.counts["dropped"],
            "edited": self._lists.counts["edited"],
            "unwritten": self.unwritten,
            "unwritten_total": self.unwritten_total,
            "no_place": self._tally.no_place if self._tally else 0,
        }

    def check_exported(self) -> None:
        """Raises a ``StateError`` if nothing was selected, or nothing of it can be written."""
        if not self.exported and self.unwritten:
            first = self.unwritten[0]
            raise StateError(
                f"none of the {self.unwritten_total:,} selected samples can be written; "
                f"{first['key']}: {first['reason']}"
            )
        if not self.exported:
            raise StateError(
                f"nothing of dataset {self._dataset.name!r} is in the selection "
                f"{self._selection.name!r}, so there is nothing to export{self._hint()}; other "
                f"selections (--select) have: {self._selection.others()}"
            )

    def _hint(self) -> str:
        """What to do where the selection that counts without --select has nothing."""
        if self._selection.name != DEFAULT:
            return ""
        return (
            "; it takes what a reviewer kept or mended, and before a review --select clean takes "
            "what no open error speaks against"
        )

    def write(self, folder: Path, repo: str | None) -> None:
        """Writes the manifest, the decisions and the card.

        Args:
            folder: of the export
            repo: ``OWNER/NAME`` on the hub where it is pushed to

        Raises:
            StateError: if the counts do not add up, or the disk refuses
        """
        head = self._head()
        try:
            with open(folder / "decisions.jsonl", "wb") as stream:
                self._decisions.write(stream)
            self._lists.write(folder / "manifest.json", head)
            (folder / "README.md").write_text(card(head, self.card_front, repo), "utf-8")
        except OSError as error:
            raise StateError(f"the manifest cannot be written ({error.strerror})") from error

    def _head(self) -> dict[str, Any]:
        tally, facts = self._tally or Tally(), self.facts
        root = facts.get("root") or "unknown"
        # A conversation can have come from several records, so that those do not add up.
        counted = self.kind != "instructions"
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
            "source": {"format": facts["format"], "root": Path(normpath(root)).name},
            "format": self.format_name,
            "kind": self.kind,
            "select": self._selection.name,
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
                "unwritten": self.unwritten_total,
                "no_place": tally.no_place,
            },
            "splits": self._splits,
            # Of one that was left out for several findings, each counts.
            "reasons": dict(self._reasons.most_common()),
            "review": summary.review_summary(self._dataset, self._decisions.reviewers),
            "files": tally.files,
        }


def _entry(document: Document) -> Document:
    source = document[SOURCE]
    return {"key": document[KEY], "source": str(Source(source["file"], source["index"]))}


def _named(why: Document) -> set[str]:
    """The reasons of one that is left out, as they are counted."""
    found = {f"finding {one['label']}" for one in why.get("findings") or ()}
    return found or {why["because"]}


def _change(pair: ExportPair) -> Document:
    """The parts of a pair that are written other than published."""
    phrase = {"published": pair.published, "phrase": pair.phrase} if pair.edited else {}
    return phrase | ({"mask": "mended"} if pair.mended else {})


def _is_another_image(document: Document) -> bool:
    """Whether a sample's file has another name than its record gives the image.

    Lookups pass over case and suffix, and FiftyOne's exports number files of one name.
    """
    published = PurePath((document[SOURCE] or {}).get("image_name") or "").stem.casefold()
    if not published or document.get(IMAGE_MISSING):
        return False
    stem = PurePath(document["filepath"]).stem.casefold()
    numbered = stem.removeprefix(f"{published}-")
    return stem != published and not (numbered != stem and numbered.isdecimal())
