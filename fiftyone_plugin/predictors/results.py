"""``results``: predictions made elsewhere, by any model and in any environment.

Two forms are read. A folder of mask files (PNG, TIFF, NPY, NPZ and other rasters)::

    FOLDER/[split/]gres_test_lisat_gres_000000000102_0.png     by key, as safe_name writes it
    FOLDER/[split/]lisat_gres_000000000102.png                 by image id
    FOLDER/[split/]lisat_gres_000000000102.png                 by the image file's stem

The first form that has a file wins. A file named by image serves *every* query of that
image; name files by key where queries differ. And LISAt's own output::

    FOLDER/preds_<dataset>_<rank>_of_<world>.json   +   segmentation_mask/*.npz

which is taken where such a file is in the folder, or given itself. In an array of several
masks, row k answers query k of the image; as LISAt asks GRES, there is row 0 alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from fiftyone_plugin.predictors.base import Prediction, PredictorSpec, Query
from fiftyone_plugin.predictors.params import describe, option, read_params
from importers.errors import UsageError

NAME = "results"


@dataclass(frozen=True)
class Settings:
    """The parameters of ``results``."""

    path: str = option("folder of mask files, one mask file, or LISAt's preds_*.json or its folder")


class Index(Protocol):
    """Files found once, and asked for each query."""

    def read(self, query: Query) -> Prediction:
        """The query's mask, (height, width) of 0 and 1.

        Raises:
            NoPrediction: if there is none
            MaskError: if it is broken, or if several files claim the query
        """
        ...

    def unused(self) -> list[str]:
        """Files that no query asked for so far."""
        ...


class Results:
    """Masks as they were found on disk; ignore pixels count as background."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """Each query's mask, ``NoPrediction``, or the ``MaskError`` that stands for it."""
        for query in batch:
            yield self._answer(query)

    def unused(self) -> list[str]:
        """Mask files, relative to the folder, that matched no query so far."""
        return self._index.unused()

    def _answer(self, query: Query) -> Prediction | Exception:
        try:
            return self._index.read(query)
        except Exception as error:  # the Protocol: one broken file does not end the batch
            return error


def load(params: dict[str, Any], device: str) -> Results:
    """Indexes the folder; masks are read as they are asked for, on the CPU.

    Raises:
        UsageError: if nothing is at the path
        LayoutError: if a ``preds_*.json`` there is broken
    """
    settings = read_params(NAME, Settings, params)
    path = Path(settings.path).expanduser()
    try:
        folder, file = path.is_dir(), path.is_file()
    except (OSError, ValueError):
        folder = file = False
    if not folder and not file:
        raise UsageError(f"results.path: there is no folder or file {settings.path!r}")
    return Results(_index(path.resolve(), folder))


def _index(path: Path, folder: bool) -> Index:
    from fiftyone_plugin.predictors.results_files import list_files
    from fiftyone_plugin.predictors.results_lisat import LisatResults, is_predictions
    from fiftyone_plugin.predictors.results_masks import MaskFolder

    if not folder:
        if path.suffix.lower() == ".json":
            return LisatResults(path.parent, [path])
        return MaskFolder(path.parent, [path])
    files = list_files(path)
    predictions = [f for f in files if is_predictions(f)]
    if predictions:
        return LisatResults(path, predictions, files)
    return MaskFolder(path, files)


SPEC = PredictorSpec(
    name=NAME,
    about="Predictions made elsewhere: mask files named by key or image, or LISAt's preds_*.json.",
    params=describe(Settings),
    load=load,
    reads_images=False,
)
