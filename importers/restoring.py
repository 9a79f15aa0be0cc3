"""Writes deleted files of a dataset again, from its source.

A file is restored only with its old content; if the source has changed, it stays missing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pairlens.importers import fields, store
from pairlens.importers.batches import batched
from pairlens.importers.digests import file_sha256
from pairlens.importers.errors import RecordError
from pairlens.importers.files import write_once
from pairlens.importers.formats import SPLITS, Format
from pairlens.importers.media_folders import media_dirs
from pairlens.importers.options import ImportOptions
from pairlens.importers.parallel import Outcome, map_items
from pairlens.importers.prepare import MediaPlace, Prepared, PreparedPair, group_by_image, prepare
from pairlens.importers.records import Record
from pairlens.importers.source_files import read_within

_CONTENT = f"{fields.SOURCE}.content_digest"
_READ = (
    fields.KEY, "filepath", fields.RENDITION, f"{fields.SEGMENTATION}.mask_path",
    f"{fields.ORIGINAL_MASK}.mask_path", f"{fields.ORIGINAL_MASK}.digest",
    f"{fields.MASK_STATS}.digest", fields.IMAGE_DIGEST, _CONTENT,
)  # fmt: skip
_LOOKUP, _CHUNK = 256, 16

Document = dict[str, Any]


def restore_files(
    dataset: Any, chosen: Format, source: Path, place: MediaPlace, options: ImportOptions
) -> list[str]:
    """Writes masks, renditions and images that are missing.

    Args:
        dataset: an imported dataset
        chosen: its format
        source: the published files
        place: where its media goes
        options: of the import

    Returns:
        notes, one sentence each
    """
    made_by_us = tuple(f"{folder}/" for folder in media_dirs(store.info(dataset)))
    if not any(_lost(document, made_by_us) for document in store.stream(dataset, _READ)):
        return []
    params = chosen.parsed(options.params)
    found = chosen.read(source, splits=options.splits, on_error=_ignore, on_note=_ignore, **params)
    records = read_within(found, place.boundary)
    with TemporaryDirectory(prefix=".restoring-", dir=place.media_dir) as folder:
        again = replace(place, media_dir=Path(folder), placeholders=True)
        restorer = _Restorer(place.media_dir, Path(folder), made_by_us)
        groups = restorer.groups(dataset, records)
        made = map_items(lambda group: prepare(group.records, again), groups, chunk=_CHUNK)
        store.update(dataset, restorer.changes(made))
    left = sum(bool(_lost(doc, made_by_us)) for doc in store.stream(dataset, _READ))
    counts = {
        "files of {:,} samples were gone and are restored": restorer.restored,
        "files of {:,} samples are gone, and the source does not give them again": left,
    }
    return [sentence.format(number) for sentence, number in counts.items() if number]


def take_published_images(
    dataset: Any, chosen: Format, source: Path, params: Mapping[str, str]
) -> int:
    """Replaces the paths of copied images by those of the published images.

    A dataset that was read from an export has the paths of the export's copies.

    Args:
        dataset: an imported dataset
        chosen: its format
        source: the published files
        params: settings of the format's reader

    Returns:
        the number of samples that changed
    """
    known = tuple(f"{folder}/" for folder in (source, *media_dirs(store.info(dataset))))

    def are_copies(where: dict[str, Any]) -> Iterator[Document]:
        documents = store.stream(
            dataset, (fields.KEY, "filepath", fields.IMAGE_DIGEST), where=where
        )
        return (one for one in documents if not one["filepath"].startswith(known))

    def changes() -> Iterator[tuple[Any, Document]]:
        records = chosen.read(
            source, splits=SPLITS, on_error=_ignore, on_note=_ignore, **chosen.parsed(params)
        )
        for batch in batched(records, _LOOKUP):
            images = {r.key: r.image for r in batch if isinstance(r.image, Path)}
            for document in are_copies({fields.KEY: {"$in": list(images)}}):
                image = images[document[fields.KEY]]
                digest = (document.get(fields.SOURCE) or {}).get(fields.DIGEST)
                if (
                    file_sha256(image)
                    == digest
                    == (file_sha256(Path(document["filepath"])) or digest)
                ):
                    yield document["_id"], {"filepath": str(image)}

    if next(are_copies({fields.IMAGE_MISSING: {"$ne": True}}), None) is None:
        return 0
    return store.update(dataset, changes())


def _ignore(_: object) -> None:
    """Ignores broken records, which the import reported."""


def _lost(document: Mapping[str, Any], made_by_us: tuple[str, ...]) -> list[str]:
    """Returns the fields with a missing file that PairLens or an export of FiftyOne wrote."""
    lost = []
    for name in _paths_of(document):
        path = _path_in(document, name) or ""
        exported = "/data/" if name == "filepath" else f"/fields/{name.partition('.')[0]}/"
        ours = path.startswith(made_by_us) or exported in path
        if ours and not Path(path).is_file():
            lost.append(name)
    return lost


def _paths_of(document: Mapping[str, Any]) -> tuple[str, ...]:
    # A mask that replaced the published one cannot be restored from the source.
    mask = fields.ORIGINAL_MASK if document.get(fields.ORIGINAL_MASK) else fields.SEGMENTATION
    return f"{mask}.mask_path", fields.RENDITION, "filepath"


def _path_in(document: Mapping[str, Any], name: str) -> str | None:
    outer, _, inner = name.partition(".")
    value = document.get(outer)
    return (value or {}).get(inner) if inner else value


@dataclass(frozen=True, slots=True)
class _Group:
    """The records of an image, and by key the samples of it with missing files."""

    records: tuple[Record, ...]
    lost: dict[str, Document]


class _Restorer:
    """Finds missing files and writes them again.

    Args:
        media_dir: of the dataset
        made: where the files are prepared
        made_by_us: prefixes of the paths that PairLens wrote

    Attributes:
        restored: number of samples that were restored
    """

    def __init__(self, media_dir: Path, made: Path, made_by_us: tuple[str, ...]) -> None:
        self._media_dir = media_dir
        self._made = made
        self._made_by_us = made_by_us
        self.restored = 0

    def groups(self, dataset: Any, records: Iterator[Record]) -> Iterator[_Group]:
        """Yields the images of which a sample has missing files."""
        for batch in batched(group_by_image(records), _LOOKUP):
            keys = [record.key for group in batch for record in group]
            found = store.stream(dataset, _READ, where={fields.KEY: {"$in": keys}})
            lost = {doc[fields.KEY]: doc for doc in found if _lost(doc, self._made_by_us)}
            for group in batch:
                if own := {r.key: lost[r.key] for r in group if r.key in lost}:
                    yield _Group(group, own)

    def changes(
        self, made: Iterator[Outcome[_Group, list[Prepared]]]
    ) -> Iterator[tuple[Any, Document]]:
        """Writes the files; yields the samples whose paths changed."""
        for outcome in made:
            failed = isinstance(outcome.error, RecordError)
            prepared = {p.record.key: p for p in (() if failed else outcome.unwrap())}
            for key, document in outcome.item.lost.items():
                names = _lost(document, self._made_by_us)
                files = {n: self._write(document, n, prepared.get(key)) for n in names}
                self.restored += all(files.values())
                moved = {n: p for n, p in files.items() if p and p != _path_in(document, n)}
                if moved:
                    yield document["_id"], moved

    def _write(self, document: Document, name: str, prepared: Prepared | None) -> str | None:
        """Writes the file of a field and returns it; ``None`` if its content would differ."""
        file = None if prepared is None else _same(document, name, prepared)
        if file is None or not file.is_relative_to(self._made):
            return None
        stored = Path(str(_path_in(document, name)))
        own = stored if stored.is_relative_to(self._media_dir) else None
        target = own or self._media_dir / file.relative_to(self._made)
        return str(write_once(target, file.read_bytes()))


def _same(document: Document, name: str, prepared: Prepared) -> Path | None:
    """Returns the prepared file of a field if its content is that of the missing file."""
    source, image = document.get(fields.SOURCE) or {}, prepared.image
    if name == fields.RENDITION:
        same = source.get("content_digest") == image.content
        return (image.rendition or image.filepath) if same else None
    if name == "filepath":
        return image.filepath if source.get(fields.DIGEST, "") == image.facts.digest else None
    if not isinstance(prepared, PreparedPair):
        return None
    kept = document.get(fields.ORIGINAL_MASK) or document.get(fields.MASK_STATS) or {}
    return prepared.mask_path if kept.get("digest") == prepared.stats.digest else None
