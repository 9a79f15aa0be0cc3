"""Parquet for the ``datasets`` library: the rows of a split with image, mask and texts.

::

    data/train-00000-of-00002.parquet    README.md with what the hub needs to show it

Images are the published bytes, masks 8-bit gray PNGs of 0, 1 (target) and 255 (ignore); both
open as pictures in ``datasets.load_dataset(FOLDER)`` (version 4 or later).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.exporters.converters import CONVERTERS, ConvertFormat, Example
from pairlens.importers.errors import StateError
from pairlens.importers.fields import TARGET_BOX
from pairlens.importers.formats import native_export
from pairlens.importers.formats.native_export import Tally
from pairlens.importers.masks import encode_png
from pairlens.importers.records import Kind
from pairlens.importers.source_files import open_source

ROW_GROUP_BYTES = 32 << 20
"""Of images and masks held in memory before they are written."""

FILE_BYTES = 400 << 20
"""About what the hub recommends for a file."""

ParquetRow = dict[str, Any]
Feature = dict[str, Any]

_TEXT: Feature = {"dtype": "string", "_type": "Value"}
_FLAG: Feature = {"dtype": "bool", "_type": "Value"}
_NUMBER: Feature = {"dtype": "int64", "_type": "Value"}
_REAL: Feature = {"dtype": "float64", "_type": "Value"}
_PICTURE: Feature = {"_type": "Image"}


def _list(feature: Feature) -> Feature:
    return {"feature": feature, "_type": "List"}


_CAPTION: Feature = {"text": _TEXT, "task": _NUMBER, "annotator": _TEXT}
_TURN: Feature = {"question": _TEXT, "answers": _list(_TEXT), "category": _TEXT}
_BOX: Feature = {"label": _TEXT, "bounding_box": _list(_REAL)}
_COMMON: Feature = {"key": _TEXT, "image_id": _TEXT, "image": _PICTURE}

FEATURES: dict[Kind, Feature] = {
    "pairs": _COMMON | {"phrase": _TEXT, "mask": _PICTURE, "no_target": _FLAG},
    "captions": _COMMON
    | {"caption": _TEXT, "captions": _list(_CAPTION), "longitude": _REAL, "latitude": _REAL,
       "footprint": _list(_REAL), "capture_date": _TEXT},
    "instructions": _COMMON
    | {"conversations": _list(_TURN), "captions": _list(_CAPTION), "boxes": _list(_BOX)},
}  # fmt: skip


class ParquetConverter:
    """Writes parquet; see :class:`pairlens.fiftyone_plugin.exporters.converters.Converter`.

    Args:
        out: an empty folder
        kind: of the records
        boxes: whether the targets of pairs are boxes

    Raises:
        StateError: if pyarrow is not installed
    """

    def __init__(self, out: Path, kind: Kind, boxes: bool) -> None:
        self.tally = Tally()
        self._out = out / "data"
        self._kind: Kind = kind
        self._splits: dict[str, _SplitWriter] = {}
        columns = {TARGET_BOX: _list(_REAL)} if kind == "pairs" and boxes else {}
        self._boxed = bool(columns)
        self._schema = _schema(FEATURES[kind] | columns)
        self._images: set[tuple[str, str]] = set()

    def add(self, example: Example) -> None:
        """Writes one sample."""
        self.tally.records += 1
        if example.split not in self._splits:
            self._splits[example.split] = _SplitWriter(self._out, example.split, self._schema)
        row = _common(example) | _ROWS[self._kind](example)
        row |= {TARGET_BOX: example.target_box} if self._boxed else {}
        self._count_image(example)
        self._splits[example.split].add(row)

    def _count_image(self, example: Example) -> None:
        if (example.split, example.image_id) not in self._images:
            self._images.add((example.split, example.image_id))
            self.tally.images += example.image is not None
            self.tally.images_missing += example.image is None

    def finish(self) -> dict[str, Any]:
        """Renames the files with their number, and returns the hub's configuration of them."""
        files: list[dict[str, str]] = []
        for split, writer in sorted(self._splits.items()):
            self.tally.files["copied"] += writer.close()
            name = "validation" if split == "val" else split
            files.append({"split": name, "path": f"data/{split}-*.parquet"})
        return {"configs": [{"config_name": "default", "data_files": files}]}


class _SplitWriter:
    """The files of one split, a row group at a time."""

    def __init__(self, folder: Path, split: str, schema: Any) -> None:
        self._folder, self._split, self._schema = folder, split, schema
        self._rows: list[ParquetRow] = []
        self._held = 0
        self._written = 0
        self._files = 0
        self._writer: Any = None

    def add(self, row: ParquetRow) -> None:
        self._rows.append(row)
        pictures = (row.get(name) for name in ("image", "mask"))
        self._held += 1000 + sum(len(picture["bytes"]) for picture in pictures if picture)
        if self._held >= ROW_GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if not self._rows:
            return
        if self._writer is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            # Pictures are compressed already.
            self._writer = pq.ParquetWriter(self._file(self._files), self._schema)
            self._files += 1
        self._writer.write_table(pa.Table.from_pylist(self._rows, schema=self._schema))
        self._written += self._held
        self._rows, self._held = [], 0
        if self._written >= FILE_BYTES:
            self._end_file()

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer, self._written = None, 0

    def _file(self, number: int, of: str = "part") -> Path:
        return self._folder / f"{self._split}-{number:05d}-of-{of}.parquet"

    def close(self) -> int:
        """Ends the last file, and renames all files with their number.

        Returns:
            the number of files
        """
        self._flush()
        self._end_file()
        for number in range(self._files):
            self._file(number).rename(self._file(number, f"{self._files:05d}"))
        return self._files


def _schema(features: Feature) -> Any:
    """The columns, with the features that ``datasets`` reads from their metadata."""
    try:
        import pyarrow as pa
    except ImportError as error:
        raise StateError(
            "writing parquet needs pyarrow; run: pip install 'pairlens[hub]'"
        ) from error
    columns = pa.schema([(name, _arrow(feature)) for name, feature in features.items()])
    return columns.with_metadata({"huggingface": json.dumps({"info": {"features": features}})})


def _arrow(feature: Feature) -> Any:
    import pyarrow as pa

    kind = feature.get("_type")
    if kind == "Image":
        return pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    if kind == "List":
        return pa.list_(_arrow(feature["feature"]))
    if kind == "Value":
        return {"string": pa.string(), "bool": pa.bool_(), "int64": pa.int64(),
                "float64": pa.float64()}[feature["dtype"]]  # fmt: skip
    return pa.struct([(name, _arrow(member)) for name, member in feature.items()])


def _common(example: Example) -> ParquetRow:
    image = _picture(example.image, example.image_name)
    return {"key": example.key, "image_id": example.image_id, "image": image}


def _picture(path: Path | None, name: str) -> ParquetRow | None:
    if path is None:
        return None
    try:
        with open_source(path) as stream:
            return {"bytes": stream.read(), "path": name}
    except OSError as error:
        raise native_export.cannot("read", path.name, error) from error


def _pair(example: Example) -> ParquetRow:
    held = example.mask
    mask = held and {"bytes": encode_png(held.pixels), "path": held.name}
    return {"phrase": example.phrase, "mask": mask, "no_target": example.no_target}


def _captioned(example: Example) -> ParquetRow:
    longitude, latitude = example.point or (None, None)
    captured = example.captured.date().isoformat() if example.captured else None
    place = {"longitude": longitude, "latitude": latitude, "capture_date": captured}
    place["footprint"] = example.footprint and list(example.footprint)
    return {"caption": example.caption, "captions": _picked(example.captions, _CAPTION)} | place


def _instruction(example: Example) -> ParquetRow:
    return {
        "conversations": _picked(example.turns, _TURN),
        "captions": _picked(example.captions, _CAPTION),
        "boxes": _picked(example.boxes, _BOX),
    }


def _picked(items: list[ParquetRow], members: Feature) -> list[ParquetRow]:
    return [{name: item.get(name) for name in members} for item in items]


_ROWS: dict[Kind, Callable[[Example], ParquetRow]] = {
    "pairs": _pair,
    "captions": _captioned,
    "instructions": _instruction,
}

CONVERTERS.add(
    "hf",
    ConvertFormat(
        "hf",
        "Parquet for the datasets library and the hub: images, masks and texts",
        lambda dataset, out, kind: ParquetConverter(out, kind, dataset.has_field(TARGET_BOX)),
    ),
)
