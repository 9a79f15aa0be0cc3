"""Exports the pairs of a format without a database, as the runner does."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from pairlens.importers.digests import target_digest
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.export_items import ExportPair, HeldMask
from pairlens.importers.masks import load_stored
from pairlens.importers.prepare import MediaPlace, PreparedPair, group_by_image, prepare
from pairlens.importers.records import Pair


def example_of(name: str, folder: Path) -> Path:
    """The example of a format."""
    make = FORMATS[name].example
    assert make is not None
    return make(folder / "published")


def read_all(name: str, root: Path, **params: Any) -> tuple[list[Pair], list[str], list[Any]]:
    """The pairs, what is wrong, and what is worth knowing."""
    errors: list[str] = []
    notes: list[Any] = []
    found = FORMATS[name].read(
        root, on_error=lambda error: errors.append(str(error)), on_note=notes.append, **params
    )
    return list(found), errors, notes


def masks_of(pairs: Collection[Pair], folder: Path) -> dict[str, np.ndarray]:
    """The masks as they are stored, by key."""
    found = {}
    for group in group_by_image(iter(pairs)):
        for one in prepare(group, MediaPlace(folder, placeholders=True)):
            assert isinstance(one, PreparedPair) and one.mask_path, one
            found[one.record.key] = load_stored(one.mask_path)
    return found


def export_pairs(
    root: Path,
    out: Path,
    pairs: Collection[Pair],
    *,
    drop: Collection[str] = (),
    edit: Mapping[str, str] | None = None,
    mend: Mapping[str, np.ndarray] | None = None,
    digests: Mapping[str, str] | None = None,
) -> Path:
    """Exports pairs of which some are dropped, edited or mended, by key; gives the folder.

    Digests of masks are those of now, unless they are given.
    """
    out.mkdir()
    name = next(iter(pairs)).key.partition("/")[0]
    make = FORMATS[name].exporter
    assert make is not None
    exporter = make(root, out)
    digests = digests or digests_of(pairs)
    items = [_item(pair, drop, edit or {}, mend or {}, digests) for pair in pairs]
    items.sort(key=lambda item: (item.source.file, item.source.index))
    for file, group in groupby(items, lambda item: item.source.file):
        exporter.write_file(file, group)
    exporter.finish()
    return out


def digests_of(pairs: Collection[Pair]) -> dict[str, str]:
    """Digests of masks as an import stores them, by key."""
    return {pair.key: target_digest(pair.target) for pair in pairs}


def _item(
    pair: Pair,
    drop: Collection[str],
    edit: Mapping[str, str],
    mend: Mapping[str, np.ndarray],
    digests: Mapping[str, str],
) -> ExportPair:
    mask, image = mend.get(pair.key), pair.image
    return ExportPair(
        pair.key,
        pair.source,
        image if isinstance(image, Path) else None,
        True,
        pair.phrase,
        edit.get(pair.key, pair.phrase),
        pair.key not in drop,
        None if mask is None else HeldMask(str(hash(mask.tobytes())), mask),
        target_digest=digests[pair.key],
    )
