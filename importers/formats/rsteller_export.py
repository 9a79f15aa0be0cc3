"""RSTeller, written back in the layout it came in: shards as shards, folders as folders.

A shard all of whose images are exported as they were is copied; otherwise members of dropped
images are left out, an edited caption is replaced in the text of its annotation, and every
other member is copied with its headers, byte for byte and in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TypeVar

from pairlens.importers.errors import RecordError, StateError
from pairlens.importers.formats import native_export
from pairlens.importers.formats.annotation_edit import CaptionEdits, edit_annotation, edit_lines
from pairlens.importers.formats.export_items import ExportText
from pairlens.importers.formats.native_export import Edit, SourceExporter
from pairlens.importers.formats.rsteller_samples import LOOSE, Archive, Origin, texts_of
from pairlens.importers.formats.rsteller_shards import Shard, ShardSample, index_shard, loose_sample
from pairlens.importers.formats.tar_copy import TarCopy
from pairlens.importers.source_files import open_source
from pairlens.importers.tar_index import Member

P = TypeVar("P")

MemberChange = dict[str, bytes]
"""Other contents of a sample's members, by part."""


class RSTellerExporter(SourceExporter):
    """Writes RSTeller; see :class:`pairlens.importers.formats.native_export.Exporter`.

    Args:
        root: the source, a folder or a shard
        out: an empty folder
    """

    def __init__(self, root: Path, out: Path) -> None:
        super().__init__(root.parent if root.is_file() else root, out)

    def write_file(self, name: str, items: Iterator[ExportText]) -> None:
        """Writes one shard, or the files of one image."""
        source, target = (
            native_export.inside(self._root, name),
            native_export.inside(self._out, name),
        )
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".tar"):
                self._write_shard(name, source, target, items)
            else:
                for item in items:
                    self._write_loose(name, source, item)
        except OSError as error:
            raise native_export.cannot("copied", name, error) from error

    def _write_shard(
        self, name: str, source: Path, target: Path, items: Iterator[ExportText]
    ) -> None:
        shard = _indexed(name, source)
        with open_source(source) as stream:
            changes = self._changes(name, shard, items, Archive(source, "", stream))
            if not changes:
                self.tally.files["left_out"] += 1
                return
            if not shard.is_clean or len(changes) < len(shard.samples) or any(changes.values()):
                _rewrite(stream, target, shard, changes)
                self.tally.files["rewritten"] += 1
                return
        native_export.copy(self._root, self._out, name)
        self.tally.files["copied"] += 1

    def _changes(
        self, name: str, shard: Shard, items: Iterator[ExportText], origin: Archive
    ) -> dict[int, MemberChange]:
        """What to write of the chosen samples, by their numbers."""
        changes: dict[int, MemberChange] = {}
        held = 0
        for item in items:
            held += 1
            if item.source.index >= len(shard.samples):
                raise native_export.changed_source(name, item.source.index, item.key)
            sample = shard.samples[item.source.index]
            change = self._change(sample, origin, item)
            if change is not None:
                changes[item.source.index] = change
                self._count_image(sample.image is not None)
        self.tally.records += len(shard.samples)
        self.tally.not_imported += len(shard.samples) - held
        return changes

    def _change(
        self, sample: ShardSample[P], origin: Origin[P], item: ExportText
    ) -> MemberChange | None:
        """Other contents of the sample's members, ``None`` if it is not selected.

        Raises:
            StateError: if it is not what was imported
        """
        file, index = item.source.file, item.source.index
        try:
            texts = texts_of(sample, origin)
        except ValueError:
            raise native_export.changed_source(file, index, item.key) from None
        published = [caption.text for _, caption in texts.captions]
        if item.key.rpartition("/")[2] != texts.image_id or not item.came_from(published):
            raise native_export.changed_source(file, index, item.key)
        if not item.selected:
            return None
        edits = self._edits(item, [number for number, _ in texts.captions], published)
        member = sample.json if texts.part == "json" else sample.txt
        if not edits or member is None:
            return {}
        edit = edit_annotation if texts.part == "json" else edit_lines
        return {texts.part: edit(origin.read(member), edits)}

    def _edits(
        self, item: ExportText, numbers: Sequence[int], published: Sequence[str]
    ) -> CaptionEdits:
        """What is to become of the captions of an image, by the numbers that they have there."""
        texts: dict[int, str] = {}
        removed: set[int] = set()
        for number, before, after in zip(numbers, published, item.written(published), strict=True):
            if after == before:
                continue
            self.tally.on_edit(Edit(item.key, item.source, before, after))
            if after is None:
                removed.add(number)
            else:
                texts[number] = after
        for caption in item.added:
            self.tally.on_edit(Edit(item.key, item.source, None, caption.text))
        return CaptionEdits(texts, frozenset(removed), item.added)

    def _count_image(self, there: bool) -> None:
        if there:
            self.tally.images += 1
        else:
            self.tally.images_missing += 1

    def _write_loose(self, name: str, source: Path, item: ExportText) -> None:
        sample = loose_sample(source)
        change = self._change(sample, LOOSE, item)
        self.tally.records += 1
        if change is None:
            self.tally.files["left_out"] += 1
            return
        self._count_image(sample.image is not None)
        self.tally.files["rewritten" if change else "copied"] += 1
        for part, file in (("image", sample.image), ("json", sample.json), ("txt", sample.txt)):
            if file is None:
                continue
            relative = native_export.relative_name(self._root, file)
            if part in change:
                native_export.write(self._out, relative, change[part])
            else:
                native_export.copy(self._root, self._out, relative)


def _indexed(name: str, source: Path) -> Shard:
    try:
        return index_shard(source)
    except RecordError as error:
        raise StateError(f"{name} {error.reason}: nothing was exported") from error


def _rewrite(
    stream: BinaryIO, target: Path, shard: Shard, changes: dict[int, MemberChange]
) -> None:
    """Writes the members of the chosen samples, and those that belong to none."""
    kept: list[tuple[Member, bytes | None]] = [(member, None) for member in shard.others]
    for index, change in changes.items():
        sample = shard.samples[index]
        parts = (("image", sample.image), ("json", sample.json), ("txt", sample.txt))
        kept += [(member, change.get(part)) for part, member in parts if member is not None]
    with open(target, "wb") as out, TarCopy(stream, out) as copy:
        for member, data in sorted(kept, key=lambda pair: pair[0].start):
            if data is None:
                copy.keep(member)
            else:
                copy.replace(member, data)
