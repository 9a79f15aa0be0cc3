"""Accounting of an export: counts written, left out and edited samples, and checks the counts."""

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
"""Largest number of unwritten samples that the report names; the manifest names all."""


class Accounting:
    """Counts one export.

    Args:
        dataset: the exported dataset
        facts: the facts that the import stored about the dataset
        format_name: name of the written layout
        selection: the selection of samples to export
        lists: the lists of the manifest
        decisions: receives the verdict of each sample at the time of its selection
        progress: called with samples done and samples in all

    Attributes:
        facts, format_name: the arguments
        kind: kind of the records
        samples: number of samples
        exported: number of selected samples
        unwritten: the first selected samples that cannot be written, each with its reason
        unwritten_total: number of selected samples that cannot be written
        card_front: metadata that the layout adds to the dataset card
    """

    def __init__(
        self,
        dataset: Any,
        facts: dict[str, Any],
        format_name: str,
        selection: Selection,
        lists: ManifestLists,
        decisions: DecisionLines,
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
        self._decisions = decisions
        self._progress = progress
        self._sessions = summary.sessions_of_pairs(dataset)
        self._total = working_set.count(dataset)
        self._splits: dict[str, dict[str, int]] = {}
        self._reasons: Counter[str] = Counter()

    def begin(self, tally: Tally, *, native: bool = False, writes_masks: bool = True) -> None:
        """Starts the accounting of one writer.

        Args:
            tally: the counts of the writer
            native: whether it writes the layout in which the dataset was published
            writes_masks: whether it can write masks other than the published ones
        """
        tally.on_edit = self._add_edit
        self._tally = tally
        self._native = native
        self._writes_masks = writes_masks

    def add(
        self,
        document: Document,
        selected: bool,
        pair: ExportPair | None,
        unwritten: str = "",
    ) -> None:
        """Counts one sample.

        Args:
            document: the sample's document
            selected: whether the sample is written
            pair: the export item; ``None`` unless the sample is a pair
            unwritten: reason that a selected sample cannot be written, ``""`` if it can

        Raises:
            UsageError: if the writer would write the published value of something that was changed:
                mask, split, boxes, place, date, ``no_target`` or image
        """
        self._check_writable(document, selected, pair)
        self.samples += 1
        self.exported += selected
        self._decisions.add(document)
        split = self._splits.setdefault(
            split_of(document), {"pairs": 0, "exported": 0, "dropped": 0}
        )
        split["pairs"] += 1
        split["exported" if selected else "dropped"] += 1
        if not selected:
            reason = {"because": unwritten} if unwritten else self._selection.reason(document)
            self._lists.add("dropped", _entry(document) | reason | self._review(document))
            self._reasons.update(_reason_names(reason))
            if unwritten:
                self._add_unwritten(document[KEY], unwritten)
        elif pair is not None and (change := _change(pair)):
            self._lists.add("edited", _entry(document) | change | self._review(document))
        self._progress(self.samples, max(self._total, self.samples))

    def _check_writable(self, document: Document, selected: bool, pair: ExportPair | None) -> None:
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

    def _add_unwritten(self, key: str, reason: str) -> None:
        self.unwritten_total += 1
        if len(self.unwritten) < MOST_NAMED:
            self.unwritten.append({"key": key, "reason": reason})

    def _review(self, document: Document) -> Document:
        review = {name: document.get(name) for name in (VERDICT, REVIEWER)}
        session = self._sessions.get(document["_id"])
        return review | {"session": session, "note": document.get(REVIEW_NOTE)}

    def _add_edit(self, edit: Edit) -> None:
        """Lists a text of a caption or conversation that differs from the published one."""
        change = {"published": edit.published, "text": edit.text}
        self._lists.add("edited", {"key": edit.key, "source": str(edit.source)} | change)

    @property
    def report(self) -> dict[str, Any]:
        """The counts for the report of the export."""
        return {
            "exported": self.exported,
            "dropped": self._lists.counts["dropped"],
            "edited": self._lists.counts["edited"],
            "unwritten": self.unwritten,
            "unwritten_total": self.unwritten_total,
            "no_place": self._tally.no_place if self._tally else 0,
        }

    def check_exported(self) -> None:
        """Raises a ``StateError`` if no sample was selected or none of them can be written."""
        if not self.exported and self.unwritten:
            first = self.unwritten[0]
            raise StateError(
                f"none of the {self.unwritten_total:,} selected samples can be written; "
                f"{first['key']}: {first['reason']}"
            )
        if not self.exported:
            raise StateError(
                f"nothing of dataset {self._dataset.name!r} is in the selection "
                f"{self._selection.name!r}, so there is nothing to export{self._advice()}; other "
                f"selections (--select) have: {self._selection.others()}"
            )

    def _advice(self) -> str:
        """Advice for an empty default selection; ``""`` for other selections."""
        if self._selection.name != DEFAULT:
            return ""
        return (
            "; it takes what a reviewer kept or mended, and before a review --select clean takes "
            "what no open error speaks against"
        )

    def write(self, folder: Path, repo: str | None) -> None:
        """Writes the manifest, the decisions and the card.

        Args:
            folder: the folder of the export
            repo: ``OWNER/NAME`` of the repository on the hub that the export is pushed to

        Raises:
            StateError: if the counts do not add up, or the files cannot be written
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
        # A conversation can come from several records, so the counts of records do not add up.
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
            # records = pairs + not_imported, and pairs = exported + dropped; records of files
            # without an imported pair are counted in skipped_at_import alone.
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
            # A sample that was left out for several findings counts once for each.
            "reasons": dict(self._reasons.most_common()),
            "review": summary.review_summary(self._dataset, self._decisions.reviewers),
            "files": tally.files,
        }


def _entry(document: Document) -> Document:
    source = document[SOURCE]
    return {"key": document[KEY], "source": str(Source(source["file"], source["index"]))}


def _reason_names(reason: Document) -> set[str]:
    """The names under which the reasons for leaving out a sample are counted."""
    names = {f"finding {one['label']}" for one in reason.get("findings") or ()}
    return names or {reason["because"]}


def _change(pair: ExportPair) -> Document:
    """The parts of a pair that differ from the published ones, for the manifest."""
    phrase = {"published": pair.published, "phrase": pair.phrase} if pair.edited else {}
    return phrase | ({"mask": "mended"} if pair.mended else {})


def _is_another_image(document: Document) -> bool:
    """Whether a sample's file name differs from the image name in its record.

    Case and suffix are ignored, as in the lookup of images, and so is the number that FiftyOne's
    exports append to files of equal names.
    """
    published = PurePath((document[SOURCE] or {}).get("image_name") or "").stem.casefold()
    if not published or document.get(IMAGE_MISSING):
        return False
    stem = PurePath(document["filepath"]).stem.casefold()
    numbered = stem.removeprefix(f"{published}-")
    return stem != published and not (numbered != stem and numbered.isdecimal())
