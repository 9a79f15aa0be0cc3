"""EarthReason, written back in the layout it came in.

A file of questions all of which are exported as they were is copied; otherwise dropped questions
are cut out, edited ones replaced, and every other byte stays. A file with no question left is left
out, with its image and label. A mended mask is written like the published label.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from pairlens.importers.errors import RecordError, StateError, UsageError
from pairlens.importers.formats import native_export
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.earthreason_files import base_folder, load_questions, triples
from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.formats.json_edit import edit_list, member_starts
from pairlens.importers.formats.mask_export import MaskFiles
from pairlens.importers.formats.native_export import SourceExporter


class EarthReasonExporter(SourceExporter):
    """Writes EarthReason; see :class:`pairlens.importers.formats.native_export.Exporter`."""

    writes_masks = True

    def __init__(self, root: Path, out: Path) -> None:
        super().__init__(root, out)
        self._masks = MaskFiles(root, out)
        self._labels: dict[tuple[Path, Path | None], Path | None] = {}

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes a file of questions, with its image and label."""
        file = native_export.inside(self._root, name)
        try:
            questions, answers = load_questions(file, name)
        except RecordError as error:
            raise StateError(f"{error}: nothing was exported") from error
        held = list(pairs)
        for pair in held:
            index = pair.source.index
            if index >= len(questions) or not pair.came_from(questions[index]):
                raise native_export.changed_source(name, index, pair.key)
        self.tally.records += len(questions)
        self.tally.not_imported += len(questions) - len(held)
        chosen = {pair.source.index: pair for pair in held if pair.selected}
        changed = len(chosen) < len(questions) or any(pair.edited for pair in held)
        self.count_file(len(chosen), changed)
        if not chosen:
            return
        if changed:
            native_export.write(self._out, name, _edited(file.read_bytes(), chosen))
        else:
            native_export.copy(self._root, self._out, name)
        for pair in chosen.values():
            self._write_media(file, pair, has_target=bool(answers))

    def _write_media(self, file: Path, pair: ExportPair, *, has_target: bool) -> None:
        label = self._label(file, pair)
        self.copy_image(pair.image, pair.key)
        if not has_target and pair.mended:
            raise UsageError(f"{pair.key} is declared to have no target and can have no mask")
        if label is None:
            return
        name = native_export.relative_name(self._root, label)
        if has_target:
            self._masks.put(name, pair)
        else:
            native_export.copy(self._root, self._out, name)

    def _label(self, file: Path, pair: ExportPair) -> Path | None:
        """The label that the import took for a file of questions, which its image tells."""
        if not self._labels:
            base = base_folder(self._root) or self._root
            found = [
                triple
                for pairing in ("name", "order")
                for split in SPLITS
                for triple in triples(base, split, pairing, _pass, _pass, "read")
            ]
            # For a missing image, only the name shows which files belong together.
            for triple in reversed(found):
                for image in (None, triple.image):
                    self._labels[triple.questions, image] = triple.label
        if (file, pair.image) not in self._labels:
            raise native_export.changed_source(pair.source.file, pair.source.index, pair.key)
        return self._labels[file, pair.image]


def _pass(_: object) -> None:
    """Ignores errors of other files, which were reported at import."""


def _edited(data: bytes, chosen: dict[int, ExportPair]) -> bytes:
    text = data.decode()
    edits = {
        index: json.dumps(pair.phrase, ensure_ascii=text.isascii())
        for index, pair in chosen.items() if pair.edited
    }  # fmt: skip
    return edit_list(text, member_starts(text)["questions"], set(chosen), edits).encode()
