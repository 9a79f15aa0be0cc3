"""Exports GRES in its published layout.

A JSON file is copied if all of its queries are exported unchanged. Otherwise dropped queries are
cut out of its ``text`` (or ``false_premise_QA``) and edited ones are replaced; every other byte
stays. A mended mask replaces the file's ``shapes``, which all its queries share, so these must
have the same mask. A file without exported queries is left out, and so is its image. Id lists keep
the lines of exported files, including repeated lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pairlens.importers.errors import RecordError, StateError, UsageError
from pairlens.importers.files import is_plain_name
from pairlens.importers.formats import native_export
from pairlens.importers.formats.base import SPLITS
from pairlens.importers.formats.export_items import ExportPair, HeldMask
from pairlens.importers.formats.gres_files import (
    SUBSET_SPLIT,
    SUBSETS,
    annotation_folder,
    load_annotation,
    read_shapes,
)
from pairlens.importers.formats.json_edit import edit_list, item_spans, member_starts
from pairlens.importers.formats.mask_export import Points, polygons_of
from pairlens.importers.formats.native_export import SourceExporter
from pairlens.importers.records import Polygons
from pairlens.importers.source_files import open_source

_LISTS = (*SPLITS, *SUBSETS)
"""Id lists by name."""

_FALSE_PREMISE = "false_premise_QA"


class GresExporter(SourceExporter):
    """Writes GRES; see :class:`pairlens.importers.formats.native_export.Exporter`."""

    writes_masks = True

    def write_file(self, name: str, pairs: Iterator[ExportPair]) -> None:
        """Writes one annotation file and its image."""
        try:
            content, encoding = load_annotation(native_export.inside(self._root, name), name)
        except RecordError as error:
            raise StateError(f"{error}: nothing was exported") from error
        queries = _queries(content)
        held = list(pairs)
        for pair in held:
            index = pair.source.index
            if index >= len(queries) or not pair.came_from(queries[index]):
                raise native_export.changed_source(name, index, pair.key)
        self._check_target(name, content, held)
        self.tally.records += len(queries)
        self.tally.not_imported += len(queries) - len(held)
        chosen = {pair.source.index: pair for pair in held if pair.selected}
        if not chosen:
            self.tally.files["left_out"] += 1
            return
        changed = any(pair.edited or pair.mended for pair in held)
        if len(chosen) == len(queries) and not changed:
            native_export.copy(self._root, self._out, name)
            self.tally.files["copied"] += 1
        else:
            native_export.write(self._out, name, self._rewritten(name, encoding, content, chosen))
            self.tally.files["rewritten"] += 1
        first = next(iter(chosen.values()))
        self.copy_image(first.image, first.key)

    @staticmethod
    def _check_target(name: str, content: dict[str, Any], held: list[ExportPair]) -> None:
        """Validates that the file's shapes, which its queries share, are the imported ones."""
        asking = [pair for pair in held if pair.source.index < len(content["text"])]
        digests = {pair.target_digest: pair for pair in asking}
        if any(digests):
            target = Polygons(read_shapes(content["shapes"], name))
            for pair in digests.values():
                pair.check_target(target)

    def _rewritten(
        self,
        name: str,
        encoding: str,
        content: dict[str, Any],
        chosen: dict[int, ExportPair],
    ) -> bytes:
        text = native_export.inside(self._root, name).read_bytes().decode(encoding)
        with_target = len(content["text"])
        premises = len(_queries(content)) - with_target
        plain = text.isascii() or encoding != "utf-8"
        edits = {i: json.dumps(p.phrase, ensure_ascii=plain) for i, p in chosen.items() if p.edited}
        text = _edit(text, "text", range(with_target), chosen, edits)
        if mask := _shared_mask(name, chosen, with_target):
            text = _with_shapes(text, content["shapes"], mask)
        if premises:
            nested = content[_FALSE_PREMISE]
            if not isinstance(nested, list):
                raise StateError(f"{name}: {_FALSE_PREMISE!r} is no list and cannot be edited")
            numbers = range(with_target, with_target + premises)
            text = _edit(text, _FALSE_PREMISE, numbers, chosen, edits)
        return _encoded(text, encoding)

    def finish(self) -> None:
        """Writes the id lists of the splits that have files."""
        folder = annotation_folder(self._root)
        if folder is None:
            return
        for split in SPLITS:
            for list_name in _LISTS:
                self._write_list(folder / split / f"{list_name}.txt", folder / split)
        for list_name in _LISTS:
            split = list_name if list_name in SPLITS else SUBSET_SPLIT
            self._write_list(folder / f"{list_name}.txt", folder / split)

    def _write_list(self, file: Path, files: Path) -> None:
        """Writes the lines of an id list whose annotation files were exported."""
        folder = self._out / files.relative_to(self._root)
        if not file.is_file() or not folder.is_dir():
            return
        name = file.relative_to(self._root).as_posix()
        target = self._out / file.relative_to(self._root)
        try:
            with open_source(file) as source, open(target, "wb") as stream:
                stream.writelines(line for line in source if _is_there(line, folder))
        except OSError as error:
            raise native_export.cannot("copied", name, error) from error


def _shared_mask(name: str, chosen: dict[int, ExportPair], with_target: int) -> HeldMask | None:
    """The mended mask of the queries with a target; ``None`` if it was not mended.

    Raises:
        UsageError: if the queries have different masks, or a query without target has a mended mask
    """
    masks = {pair.mask: pair.key for index, pair in chosen.items() if index < with_target}
    premises = [pair.key for index, pair in chosen.items() if index >= with_target and pair.mended]
    if premises:
        raise UsageError(f"{premises[0]} is declared to have no target and can have no mask")
    if len(masks) > 1:
        one, other = list(masks.values())[:2]
        raise UsageError(
            f"{name}: {one} and {other} share one shape but have different masks; mend one of "
            "them again, which mends both"
        )
    return next(iter(masks), None)


def _with_shapes(text: str, shapes: list[Any], mask: HeldMask) -> str:
    """The text of the file with the polygons of a mask as shapes; regions labelled flag stay."""
    drawn = polygons_of(mask.pixels)
    like = next((s for s in shapes if "ignore" not in s["label"].lower()), shapes[0])
    new = [_shape(like, label, points) for label, points in drawn]
    kept = [shape for shape in shapes if shape["label"].lower() == "flag"]
    start = member_starts(text)["shapes"]
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[:start] + json.dumps(new + kept) + text[end:]


def _shape(like: dict[str, Any], label: str, points: Points) -> dict[str, Any]:
    """A shape with the further members of a published one."""
    name = label if label == "ignore" else like["label"]
    named = {"label": name} | ({"labels": [name]} if "labels" in like else {})
    return like | named | {"points": points}


def _is_there(line: bytes, folder: Path) -> bool:
    """Whether a line of an id list stays: that of an exported file, or a blank one."""
    name = line.strip().decode("utf-8", "replace").removesuffix(".json")
    return not name or (is_plain_name(name) and (folder / f"{name}.json").is_file())


def _queries(content: dict[str, Any]) -> list[Any]:
    """All queries of a file, in the reader's numbering."""
    premises = content.get(_FALSE_PREMISE) or ()
    return [
        *content["text"],
        *((entry[0] if isinstance(entry, list) and entry else entry) for entry in premises),
    ]


def _edit(
    text: str, member: str, numbers: range, chosen: dict[int, ExportPair], edits: dict[int, str]
) -> str:
    """Keeps the chosen queries of a list; ``numbers`` are the reader's numbers of its items."""
    start = member_starts(text)[member]
    spans = item_spans(text, start)
    replacements: dict[int, str] = {}
    for item, number in enumerate(numbers):
        if number in edits:
            begin, end = spans[item]
            replacements[item] = _with_query(text[begin:end], edits[number])
    keep = {item for item, number in enumerate(numbers) if number in chosen}
    return edit_list(text, start, keep, replacements)


def _with_query(item: str, query: str) -> str:
    """An item with another query; an item is a text or a list that begins with one."""
    if not item.startswith("["):
        return query
    begin, end = item_spans(item, 0)[0]
    return item[:begin] + query + item[end:]


def _encoded(text: str, encoding: str) -> bytes:
    data = text.encode(encoding)
    if encoding == "utf-8":
        return data
    try:
        mistaken = data.decode("utf-8") != text
    except UnicodeDecodeError:
        return data
    # Without the cut queries, the remaining cp1252 bytes can be valid UTF-8 of other characters.
    return text.encode("utf-8") if mistaken else data
