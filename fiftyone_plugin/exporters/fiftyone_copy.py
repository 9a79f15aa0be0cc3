"""A FiftyOne dataset on disk: every field, label and run, with images and masks.

FiftyOne's own exporter writes it, and ``fo.Dataset.from_dir`` reads it back; paths of this machine
are removed from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from pairlens.fiftyone_plugin.exporters.converters import CONVERTERS, ConvertFormat, Example
from pairlens.importers import fo_internals
from pairlens.importers.errors import StateError
from pairlens.importers.fields import INFO, KEY
from pairlens.importers.format_params import PARAMS
from pairlens.importers.formats.native_export import Tally, cannot
from pairlens.importers.source_files import open_source, within

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

    def finish(self) -> dict[str, Any]:
        """Writes the dataset."""
        import fiftyone.types as fot

        chosen = self._exported_view()
        self._check_files()
        chosen.export(
            export_dir=str(self._out),
            dataset_type=fot.FiftyOneDataset,
            export_media=True,
            overwrite=True,  # the folder is there, and empty
            progress=False,
        )
        _remove_private(self._out / "metadata.json")
        self._describe()
        self.tally.images = sum(1 for f in (self._out / "data").rglob("*") if f.is_file())
        self.tally.files["copied"] += 1
        return {}

    def _describe(self) -> None:
        """Writes the ``fiftyone.yml`` that FiftyOne's ``load_from_hub`` reads in a repository."""
        config = self._dataset.app_config
        about: dict[str, Any] = {"name": self._dataset.name, "format": "FiftyOneDataset"}
        if list(config.media_fields) != ["filepath"]:
            about["app_media_fields"] = list(config.media_fields)
            about["grid_media_field"] = config.grid_media_field
        (self._out / "fiftyone.yml").write_text(yaml.safe_dump(about, allow_unicode=True), "utf-8")

    def _check_files(self) -> None:
        """Checks that files that samples name lie in the source: FiftyOne would copy any file."""
        if (boundary := within()) is None:
            return
        place = boundary.written.rstrip("/") + "/"
        chosen = {} if self._exports_all() else {KEY: {"$in": self._keys}}
        for document in fo_internals.collection(self._dataset).find(chosen):
            for path in (text for text in _texts(document) if text.startswith(place)):
                try:
                    open_source(Path(path)).close()
                except FileNotFoundError:
                    continue  # there is nothing to copy
                except OSError as error:
                    raise cannot("copied", path.removeprefix(place), error) from error

    def _exports_all(self) -> bool:
        return len(self._keys) == fo_internals.collection(self._dataset).count_documents({})

    def _exported_view(self) -> Any:
        if self._exports_all():
            return self._dataset
        if len(self._keys) > MAX_CHOSEN:
            raise StateError(
                f"{len(self._keys):,} of the samples are selected, and more than {MAX_CHOSEN:,} "
                "can be copied only when all are; export a smaller part, or --select all"
            )
        return self._dataset.select_by(KEY, self._keys)


def _texts(value: Any) -> Iterator[str]:
    """All texts of a document as it is stored."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _texts(member)


def _remove_private(file: Path) -> None:
    """Removes local paths and the time of the last load, which would differ between exports."""
    metadata = json.loads(file.read_text("utf-8"))
    metadata["last_loaded_at"] = None
    info = metadata.get("info") or {}
    if INFO in info:
        facts = info[INFO]
        info[INFO] = {name: facts.get(name) for name in _TRAVELS}
        if params := facts.get(PARAMS):
            info[INFO][PARAMS] = {n: text for n, text in params.items() if text[:1] != "/"}
    file.write_text(json.dumps(metadata), "utf-8")


CONVERTERS.add(
    "fiftyone",
    ConvertFormat(
        "fiftyone",
        "A FiftyOne dataset on disk, for fo.Dataset.from_dir",
        lambda dataset, out, kind: FiftyOneCopy(dataset, out),
    ),
)
