"""RefDIOR, written back in the layout it came in.

Sentences that are not exported are cut out, ids without a sentence go, edited sentences are
replaced, and every other character of a file of phrases stays. A mended mask is written like the
published one, and ``bbox`` becomes that of the mask.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pairlens.importers.errors import RecordError, StateError
from pairlens.importers.fields import TARGET
from pairlens.importers.formats import native_export
from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.formats.json_edit import (
    edit_list,
    edit_members,
    member_starts,
    members,
    replace_values,
)
from pairlens.importers.formats.mask_export import MaskFiles, corners_of
from pairlens.importers.formats.native_export import SourceExporter
from pairlens.importers.formats.refdior_files import Entry, load_phrases, mask_of

Chosen = dict[int, ExportPair]
"""The exported pairs of an id by the number of their sentence in it."""


class RefDIORExporter(SourceExporter):
    """Writes RefDIOR; see :class:`pairlens.importers.formats.native_export.Exporter`."""

    writes_masks = True

    def __init__(self, root: Path, out: Path) -> None:
        super().__init__(root, out)
        self._masks = MaskFiles(root, out)

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes a file of phrases, with its images and masks."""
        try:
            text, entries = load_phrases(native_export.inside(self._root, name), name)
        except RecordError as error:
            raise StateError(f"{error}: nothing was exported") from error
        held = {pair.source.index: pair for pair in pairs}
        sentences = [sentence for entry in entries for sentence in entry.sentences]
        for index, pair in held.items():
            if index >= len(sentences) or not pair.came_from(sentences[index]):
                raise native_export.changed_source(name, index, pair.key)
        self.tally.records += len(sentences)
        self.tally.not_imported += len(sentences) - len(held)
        chosen: dict[int, Chosen] = {}
        for number, entry in enumerate(entries):
            places = {place: held.get(entry.first + place) for place in range(len(entry.sentences))}
            if own := {place: p for place, p in places.items() if p is not None and p.selected}:
                chosen[number] = own
        exported = [pair for group in chosen.values() for pair in group.values()]
        changed = len(exported) < len(sentences) or any(p.edited or p.mended for p in exported)
        self.count_file(len(exported), changed)
        if exported and changed:
            native_export.write(self._out, name, self._edited(name, text, entries, chosen))
        elif exported:
            native_export.copy(self._root, self._out, name)
        for number, group in chosen.items():
            mask = native_export.relative_name(self._root, mask_of(self._root, entries[number].id))
            for pair in group.values():
                self.copy_image(pair.image, pair.key)
                self._masks.put(mask, pair)

    def _edited(
        self, name: str, text: str, entries: list[Entry], chosen: dict[int, Chosen]
    ) -> bytes:
        """The file with the chosen sentences alone."""
        edits: dict[int, str] = {}
        for number, (_, start, end) in enumerate(members(text)):
            group = chosen.get(number, {})
            whole = len(group) == len(entries[number].sentences)
            if group and not (whole and not any(p.edited or p.mended for p in group.values())):
                edits[number] = _edited_entry(text[start:end], entries[number].value, group)
        mark = native_export.inside(self._root, name).read_bytes().startswith(_MARK)
        return _MARK * mark + edit_members(text, set(chosen), edits).encode()


_MARK = b"\xef\xbb\xbf"


def _edited_entry(text: str, value: dict[str, Any], group: Chosen) -> str:
    edits = {
        place: json.dumps(pair.phrase, ensure_ascii=text.isascii())
        for place, pair in group.items() if pair.edited
    }  # fmt: skip
    text = edit_list(text, member_starts(text)["sentences"], set(group), edits)
    mask = next(iter(group.values())).mask
    if mask is not None and "bbox" in value:
        corners = json.dumps(corners_of(mask.pixels == TARGET))
        text = replace_values(text, {("bbox",): corners})
    return text
