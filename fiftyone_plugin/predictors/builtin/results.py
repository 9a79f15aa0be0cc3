"""``results``: predictions made elsewhere, by any model and in any environment.

Four forms are read. A folder of mask files (PNG, TIFF, NPY, NPZ and other rasters)::

    FOLDER/[split/]gres_test_lisat_gres_000000000102_0.png     by key, as safe_name writes it
    FOLDER/[split/]lisat_gres_000000000102.png                 by image id
    FOLDER/[split/]lisat_gres_000000000102.png                 by the image file's stem

The first name that has a file counts. A file named by image is the mask of *every* query of that
image; name files by key if queries differ. COCO-style JSON or JSON Lines: see
:mod:`pairlens.fiftyone_plugin.predictors.results_coco`. A stack of masks in one array: see
:mod:`pairlens.fiftyone_plugin.predictors.results_stacks`. And LISAt's own output::

    FOLDER/preds_<dataset>_<rank>_of_<world>.json   +   segmentation_mask/*.npz

If a folder contains such a file, nothing else is read from it. In an array of several masks, row k
is for query k of the image; for GRES, LISAt writes row 0 only. A folder may mix the other forms: a
pair's mask is looked up in the JSON files, then in the stacks, then among the mask files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, PredictorSpec, Query
from pairlens.fiftyone_plugin.predictors.params import option
from pairlens.importers.decisions import Decision, Decisions
from pairlens.importers.errors import UsageError, shown
from pairlens.importers.reading import POLYGON_SCALES, POLYGON_SCALES_ABOUT, PolygonScale

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.predictors.results_files import MaskReading

NAME = "results"


@dataclass(frozen=True)
class Settings:
    """The parameters of ``results``."""

    path: str = option(
        "folder of mask files, one mask file, COCO-style JSON, a stack of masks with its names, "
        "or LISAt's preds_*.json or its folder"
    )
    min_score: float = option(
        "least score of COCO-style records that count; all count unless it is given",
        -math.inf,
        low=0,
        high=1,
    )
    mask_values: str = option(
        "which values of masks are the target: auto (decided mask by mask), nonzero, >N, "
        "values such as 1,2, ignore=255, inverted",
        "auto",
    )
    polygons: str = option(POLYGON_SCALES_ABOUT, "auto", choices=POLYGON_SCALES)
    mask_frame: str = option(
        "which way up masks of turned images are: auto (by their size), upright, raw",
        "auto",
        choices=("auto", "upright", "raw"),
    )
    rle_size: str = option(
        "the order of an RLE's sides: auto, height_width, width_height",
        "auto",
        choices=("auto", "height_width", "width_height"),
    )


class Index(Protocol):
    """An index of files, in which the masks of queries are looked up."""

    def read(self, query: Query) -> Prediction:
        """The mask of a query, (height, width) uint8 of 0 and 1.

        Raises:
            NoPrediction: if there is none
            MaskError: if the mask is invalid, or if there are several
        """
        ...

    def unused(self) -> list[str]:
        """Names of files or records that no query has used so far."""
        ...


class Results:
    """Masks from files; *ignore* pixels count as background."""

    def __init__(
        self, index: Index, decisions: Decisions, reading: MaskReading, frame: Any = "auto"
    ) -> None:
        self._index = index
        self._reading = reading
        self._decisions = decisions
        self._frame = frame

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """Yields the mask of each query, ``NoPrediction`` or ``MaskError``."""
        for query in batch:
            yield self._answer(query)

    def notes(self) -> list[str]:
        """Decisions about masks, with their counts."""
        doubt = self._reading.outlines.doubt()
        return [*self._decisions.all(), *([doubt] if doubt else [])]

    def unused(self) -> list[str]:
        """Files or records that no query has used so far."""
        return [shown(name) for name in self._index.unused()]

    def _answer(self, query: Query) -> Prediction | Exception:
        self._reading.last.orientation = 1  # stays for masks that are not image files
        try:
            return self._turn_upright(self._index.read(query), query)
        except Exception as error:  # the Protocol: one broken file does not end the batch
            return error

    def _turn_upright(self, mask: Prediction, query: Query) -> Prediction:
        """Turns a mask into the frame of its upright image, if it is in that of the stored one."""
        from pairlens.importers.image_frame import UPRIGHT
        from pairlens.importers.mask_frame import in_upright_frame

        raw = mask.shape == query.image_size != query.image_size[::-1]
        orientation = self._reading.last.orientation
        if not raw and self._frame != "raw" and orientation == UPRIGHT:
            return mask  # shapes are (height, width), sizes (width, height)
        from pairlens.importers.media import ImageError, inspect_image

        try:
            facts = inspect_image(query.image)
            turned, decisions = in_upright_frame(mask, facts, self._frame, declared=orientation)
        except ImageError:
            return mask
        for decision in decisions:
            decision.example = query.key
            self._decisions(decision)
        return turned


def load(settings: Settings, device: str) -> Results:
    """Indexes the files; a mask is read when its query is predicted.

    Raises:
        UsageError: if the path does not exist, or a parameter is invalid
        LayoutError: if a JSON file or a stack is invalid
    """
    path = Path(settings.path).expanduser()
    try:
        folder, file = path.is_dir(), path.is_file()
    except (OSError, ValueError):
        folder = file = False
    if not folder and not file:
        raise UsageError(f"results.path: there is no folder or file {settings.path!r}")
    from pairlens.fiftyone_plugin.predictors.results_files import MaskReading
    from pairlens.importers.mask_values import parse_mask_values

    try:
        values = parse_mask_values(settings.mask_values)
    except ValueError as error:
        raise UsageError(f"results.mask_values: {error}") from error
    decisions = Decisions()
    reading = MaskReading(values, decisions)
    index = _make_index(path.resolve(), folder, reading, settings)
    return Results(index, decisions, reading, settings.mask_frame)


def _make_index(path: Path, folder: bool, reading: MaskReading, settings: Settings) -> Index:
    from pairlens.fiftyone_plugin.predictors.results_files import list_files
    from pairlens.fiftyone_plugin.predictors.results_lisat import LisatResults, is_predictions

    if not folder:
        if is_predictions(path):
            return LisatResults(path.parent, [path], reading=reading)
        return _index_of_file(path, reading, settings)
    files = list_files(path)
    predictions = [f for f in files if is_predictions(f)]
    if predictions:
        return LisatResults(path, predictions, files, reading)
    return _index_of_files(path, files, reading, settings)


def _index_of_file(path: Path, reading: MaskReading, settings: Settings) -> Index:
    from pairlens.fiftyone_plugin.predictors.results_coco import is_coco
    from pairlens.fiftyone_plugin.predictors.results_files import LINES, read_content
    from pairlens.fiftyone_plugin.predictors.results_lisat import LisatResults

    suffix = path.suffix.lower()
    if suffix not in (".json", *LINES):
        name_files = (path.with_suffix(".json"), path.with_suffix(".txt"))
        return _index_of_files(
            path.parent, [path, *(f for f in name_files if f.is_file())], reading, settings
        )
    content = read_content(path)
    if is_coco(content) or isinstance(content, list):
        return _coco_index({path: content}, reading, settings)
    return LisatResults(path.parent, [path], reading=reading)


def _index_of_files(
    root: Path, files: list[Path], reading: MaskReading, settings: Settings
) -> Index:
    """An index of files of all forms: JSON, stacks, and mask files."""
    from pairlens.fiftyone_plugin.predictors.results_coco import is_coco
    from pairlens.fiftyone_plugin.predictors.results_files import LINES, read_content
    from pairlens.fiftyone_plugin.predictors.results_masks import MaskFolder
    from pairlens.fiftyone_plugin.predictors.results_stacks import Stacks, read_names

    file_set = set(files)
    row_names = {f: read_names(f, file_set) for f in files if f.suffix.lower() in (".npy", ".npz")}
    stacks = {f: names for f, names in row_names.items() if names is not None}
    name_files = {f.with_suffix(".json") for f in stacks}
    json_files = [f for f in files if f.suffix.lower() in (".json", *LINES) and f not in name_files]
    contents = {f: content for f in json_files if is_coco(content := read_content(f))}
    indexes: list[Index] = []
    if contents:
        indexes.append(_coco_index(contents, reading, settings))
    if stacks:
        indexes.append(Stacks(stacks, reading))
    masks = MaskFolder(root, [f for f in files if f not in stacks], reading)
    read = {*contents, *stacks, *masks.files, *name_files, *(f.with_suffix(".txt") for f in stacks)}
    if others := [file.relative_to(root).as_posix() for file in files if file not in read]:
        rule = "hold no predictions that are read"
        reading.on_note(Decision(rule, "files", example=others[0], times=len(others)))
    return CombinedIndex([*indexes, masks]) if indexes else masks


def _coco_index(contents: dict[Path, Any], reading: MaskReading, settings: Settings) -> Index:
    from pairlens.fiftyone_plugin.predictors.results_coco import CocoResults

    scale = cast("PolygonScale", settings.polygons)
    return CocoResults(contents, settings.min_score, scale, settings.rle_size, reading)


class CombinedIndex:
    """Several indexes of a folder; the first one with a mask for a query counts."""

    def __init__(self, indexes: Sequence[Index]) -> None:
        self._indexes = indexes

    def read(self, query: Query) -> Prediction:
        """See :meth:`Index.read`."""
        no_prediction = NoPrediction("there are no files")
        for index in self._indexes:
            try:
                return index.read(query)
            except NoPrediction as error:
                no_prediction = error
        raise no_prediction

    def unused(self) -> list[str]:
        """See :meth:`Index.unused`."""
        return [name for index in self._indexes for name in index.unused()]


SPEC = PredictorSpec(
    name=NAME,
    about="Predictions made elsewhere: mask files, COCO-style JSON, stacks, LISAt's preds_*.json.",
    settings=Settings,
    make=load,
    setup="their files",
    reads_images=False,
)
