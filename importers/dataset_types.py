"""FiftyOne dataset types: formats for ``from_dir``, ``add_dir`` and ``export``.

::

    dataset = fo.Dataset.from_dir(
        dataset_dir="GRES", dataset_type=pairlens.importers.dataset_types.GRESDataset,
        placeholders=True
    )

``dataset_dir`` can be anything that ``pairlens import`` accepts as ROOT. After ``from_dir``,
further samples of the same source can be added with ``dataset.add_dir(...)``.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import fiftyone.utils.data as foud
from fiftyone.types.dataset_types import Dataset as DatasetType

from pairlens.importers import leases, media_folders, store, working_set
from pairlens.importers.datasets import unpacked_place
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.format_params import settle
from pairlens.importers.formats import FORMATS, SPLITS, Format, find_format
from pairlens.importers.ingest import ImportOptions, fill_dataset
from pairlens.importers.media_store import check_apart, exchange
from pairlens.importers.parallel import Engine, Progress, no_progress
from pairlens.importers.registry import Registry
from pairlens.importers.sources import Located, SourceRequest, locate


class RecordDatasetImporter(foud.BatchDatasetImporter):
    """Imports a format through :func:`pairlens.importers.ingest.fill_dataset`.

    The arguments are listed one by one since FiftyOne drops those that a signature does not name.

    Args:
        dataset_dir: a folder, a ``.tar``, a ``.zip`` or ``hf://datasets/OWNER/NAME[@revision]``
        shuffle, seed: of FiftyOne; shuffling is refused, since records keep their order
        max_samples: maximum number of samples to add
        splits, placeholders, media_dir, strict, follow_links, engine, workers, ray_address,
            params: as in :class:`pairlens.importers.options.ImportOptions`

    Raises:
        UsageError: if ``shuffle`` is set
    """

    format_name: str

    def __init__(
        self,
        dataset_dir: str | None = None,
        shuffle: bool = False,
        seed: int | None = None,
        max_samples: int | None = None,
        splits: Collection[str] = SPLITS,
        placeholders: bool = False,
        media_dir: Path | str | None = None,
        strict: bool = False,
        follow_links: bool = False,
        engine: Engine | None = None,
        workers: int | None = None,
        ray_address: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> None:
        if shuffle:
            raise UsageError("shuffle=True is not offered: records keep their published order")
        super().__init__(dataset_dir=dataset_dir, seed=seed, max_samples=max_samples)
        self._root = dataset_dir  # FiftyOne would make an absolute path of an address
        self._options = ImportOptions(
            splits=splits,
            limit=max_samples,
            placeholders=placeholders,
            media_dir=media_dir or None,
            strict=strict,
            follow_links=follow_links,
            engine=engine,
            workers=workers,
            ray_address=ray_address,
            params=params or {},
        )

    def import_samples(
        self,
        dataset: Any,
        tags: Collection[str] | None = None,
        progress: bool | Progress | None = None,
    ) -> list[Any]:
        """Imports into a dataset, for FiftyOne's :class:`BatchDatasetImporter`.

        Args:
            dataset: a new dataset, or one with samples of the same source
            tags: tags of every sample
            progress: called with images done and images in all; a bool is ignored

        Returns:
            the ids of the samples that were added

        Raises:
            UsageError: if ``dataset_dir`` was not given
        """
        if not self._root:
            raise UsageError("dataset_dir is missing; give the folder that the dataset lies in")
        check_apart(self._options.media_dir, self._root)
        watch = progress if callable(progress) else no_progress
        request = SourceRequest(
            self.format_name,
            self._options.splits,
            self._options.limit,
            follow_links=self._options.follow_links,
        )
        place = unpacked_place(dataset.name, self._options.media_dir)
        source = locate(self._root, request, place, progress=watch)
        chosen = find_format(self.format_name, source.path)
        before = store.info(dataset)
        _check_same_source(dataset, before, chosen, source)
        settled = settle(chosen, source.path, self._options.params, before)
        chosen = settled.format
        media_dir = self._media_dir(dataset, source)
        options = self._options_for(dataset, before, tags)
        options = replace(options, params=settled.params)
        with leases.held(dataset.name, "import"):
            fill_dataset(dataset, chosen, source, media_dir, options, watch)
            exchange(dataset)
        if not dataset.persistent:
            warnings.warn(
                f"dataset {dataset.name!r} and its verdicts are deleted when the last process that "
                "uses FiftyOne ends; persistent=True, or dataset.persistent = True, keeps them",
                stacklevel=2,
            )
        return [str(doc["_id"]) for doc in store.stream(dataset, ("_id",))]

    def _media_dir(self, dataset: Any, source: Located) -> Path:
        given = self._options.media_dir
        if given is None or store.info(dataset).get("media_dir"):
            return media_folders.media_dir(dataset)
        media_folders.check_media_dir(given, source.path)
        return media_folders.claim(dataset, given)

    def _options_for(
        self, dataset: Any, before: Mapping[str, Any], tags: Collection[str] | None
    ) -> ImportOptions:
        limit = self._options.limit
        if limit is not None:
            limit += working_set.count(dataset)
        return replace(self._options, tags=tuple(tags or ()), resume=bool(before), limit=limit)


def _check_same_source(
    dataset: Any, facts: Mapping[str, Any], chosen: Format, source: Located
) -> None:
    """Checks that the dataset is empty or was imported from the same source."""
    known = facts.get("format"), facts.get("path", str(source.path))
    if facts and known != (chosen.name, str(source.path)):
        raise StateError(
            f"dataset {dataset.name!r} holds {known[0]} from {facts.get('root')}, to which "
            f"{chosen.name} from {source.root} cannot be added; make another dataset"
        )


NATIVE = "native"
DATASET_EXPORTERS: Registry[Callable[[str], type]] = Registry(
    "dataset exporter", "pairlens.exporters"
)
"""Under :data:`NATIVE`, a function that returns FiftyOne's exporter class for a format's name.

``fiftyone_plugin.exporters``, which this package must not import, registers it here."""


class PairLensDataset(DatasetType):
    """A dataset type of FiftyOne for any format, which is recognized when it is read.

    It is exported in the layout that it was read from.
    """

    format_name = "auto"

    def get_dataset_importer_cls(self) -> Any:
        """Returns the importer class."""
        name = f"{type(self).__name__}Importer"
        return type(name, (RecordDatasetImporter,), {"format_name": self.format_name})

    def get_dataset_exporter_cls(self) -> Any:
        """Returns the exporter class.

        Raises:
            StateError: if no exporter is registered
        """
        if NATIVE not in DATASET_EXPORTERS:
            raise StateError(
                "nothing that writes datasets is registered; install PairLens, or import "
                "pairlens.fiftyone_plugin.exporters from the checkout first"
            )
        return DATASET_EXPORTERS[NATIVE](self.format_name)


class _Types(Mapping[str, type[PairLensDataset]]):
    """The dataset types by format name, each created at its first use."""

    def __init__(self) -> None:
        self._made: dict[str, type[PairLensDataset]] = {"auto": PairLensDataset}

    def __getitem__(self, name: str) -> type[PairLensDataset]:
        if name not in self._made:
            if name not in FORMATS:
                raise KeyError(name)
            title = FORMATS[name].title
            members = {
                "__doc__": f"{title} as published.",
                "__module__": __name__,
                "format_name": name,
            }
            class_name = f"{re.sub('[^A-Za-z0-9]', '', title)}Dataset"
            self._made[name] = type(class_name, (PairLensDataset,), members)
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        yield "auto"
        yield from FORMATS

    def __len__(self) -> int:
        return 1 + len(FORMATS)


TYPES: Mapping[str, type[PairLensDataset]] = _Types()
"""Dataset types by the names of formats, and ``auto``."""

GRESDataset = TYPES["gres"]
RefSegRSDataset = TYPES["refsegrs"]
RSTellerDataset = TYPES["rsteller"]
RSGPT4VDataset = TYPES["rsgpt4v"]
PreGRESDataset = TYPES["pregres"]
GeoChatDataset = TYPES["geochat"]
LLaVADataset = TYPES["llava"]
VRSBenchDataset = TYPES["vrsbench"]
TableDataset = TYPES["table"]
RefCOCODataset = TYPES["refcoco"]
RRSISDDataset = TYPES["rrsisd"]
EarthReasonDataset = TYPES["earthreason"]
RefDIORDataset = TYPES["refdior"]
DIORRSVGDataset = TYPES["dior_rsvg"]
ReferringCOCODataset = TYPES["coco"]
FiftyOneExportDataset = TYPES["fiftyone"]
ParquetExportDataset = TYPES["hf"]
