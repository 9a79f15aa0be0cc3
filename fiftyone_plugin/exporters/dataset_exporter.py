"""PairLens' formats as ``dataset_type`` of ``dataset.export()`` and ``view.export()``."""

from __future__ import annotations

from typing import Any

import fiftyone.utils.data as foud

from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import fo_internals, store
from pairlens.importers.dataset_types import DATASET_EXPORTERS, NATIVE
from pairlens.importers.errors import UsageError
from pairlens.importers.parallel import Progress, no_progress


class RecordDatasetExporter(foud.BatchDatasetExporter):
    """Exports through :func:`pairlens.fiftyone_plugin.exporters.runner.export_dataset`.

    All samples of the dataset or view are written, whatever their verdicts; export a view to write
    fewer.

    Args:
        export_dir: a new or empty folder
    """

    format_name: str

    def __init__(self, export_dir: str | None = None) -> None:
        if not export_dir:
            raise UsageError("export_dir is missing; give a new folder")
        super().__init__(export_dir=export_dir)
        self._out = str(self.export_dir)

    def export_samples(
        self, sample_collection: Any, progress: bool | Progress | None = None
    ) -> None:
        """Writes the samples of a dataset or view."""
        own = store.info(fo_internals.dataset_of(sample_collection)).get("format", "")
        export_dataset(
            sample_collection,
            own if self.format_name == "auto" else self.format_name,
            self._out,
            select="all",
            progress=progress if callable(progress) else no_progress,
        )


def exporter_of(format_name: str) -> type[RecordDatasetExporter]:
    """The exporter of a format, or of a dataset's own for ``auto``, as FiftyOne makes it."""
    name = f"{format_name}DatasetExporter"
    return type(name, (RecordDatasetExporter,), {"format_name": format_name})


DATASET_EXPORTERS.add(NATIVE, exporter_of)
