"""A FiftyOne dataset on disk: every field, label and run, with images and masks.

FiftyOne's own exporter writes it, and ``fo.Dataset.from_dir`` reads it back; what is taken out
is where things lay on this machine.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.exporters.converters import CONVERTERS, ConvertFormat, Example
from pairlens.importers import fo_internals
from pairlens.importers.errors import StateError
from pairlens.importers.fields import INFO, KEY
from pairlens.importers.formats.native_export import Tally

MAX_CHOSEN = 300_000
"""Keys that fit into one query of the database; of all samples there can be any number."""

_TRAVELS = ("format", "kind", "complete")


class FiftyOneCopy:
    """Writes a FiftyOneDataset; see
    :class:`pairlens.fiftyone_plugin.exporters.converters.Converter`.

    Args:
        dataset: what is exported
        out: an empty folder
    """

    def __init__(self, dataset: Any, out: Path) -> None:
        self.tally = Tally()
        self._dataset = dataset
        self._out = out
        self._keys: list[str] = []

    def add(self, example: Example) -> None:
        """Takes one sample; all are written at the end."""
        self.tally.records += 1
        self._keys.append(example.key)
        self.tally.images_missing += example.image is None

    def finish(self) -> str:
        """Writes the dataset."""
        import fiftyone.types as fot

        chosen = self._chosen()
        chosen.export(
            export_dir=str(self._out),
            dataset_type=fot.FiftyOneDataset,
            export_media=True,
            overwrite=True,  # the folder is there, and empty
            progress=False,
        )
        _forget_places(self._out / "metadata.json")
        self.tally.images = sum(1 for f in (self._out / "data").rglob("*") if f.is_file())
        self.tally.files["copied"] += 1
        return ""

    def _chosen(self) -> Any:
        if len(self._keys) == fo_internals.collection(self._dataset).count_documents({}):
            return self._dataset
        if len(self._keys) > MAX_CHOSEN:
            raise StateError(
                f"{len(self._keys):,} of the samples are selected, and more than {MAX_CHOSEN:,} "
                "can be copied only when all are; export a smaller part, or --select all"
            )
        return self._dataset.select_by(KEY, self._keys)


def _forget_places(file: Path) -> None:
    """Removes local paths from the dataset's stored info."""
    metadata = json.loads(file.read_text("utf-8"))
    info = metadata.get("info") or {}
    if INFO in info:
        info[INFO] = {name: info[INFO].get(name) for name in _TRAVELS}
        file.write_text(json.dumps(metadata), "utf-8")


CONVERTERS.add(
    "fiftyone",
    ConvertFormat(
        "fiftyone",
        "A FiftyOne dataset on disk, for fo.Dataset.from_dir",
        lambda dataset, out, kind: FiftyOneCopy(dataset, out),
    ),
)
