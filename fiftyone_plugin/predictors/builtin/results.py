"""``results``: predictions made elsewhere, by any model and in any environment.

Four forms are read. A folder of mask files (PNG, TIFF, NPY, NPZ and other rasters)::

    FOLDER/[split/]gres_test_lisat_gres_000000000102_0.png     by key, as safe_name writes it
    FOLDER/[split/]lisat_gres_000000000102.png                 by image id
    FOLDER/[split/]lisat_gres_000000000102.png                 by the image file's stem

The first form that has a file wins. A file named by image serves *every* query of that
image; name files by key where queries differ. COCO-style JSON or JSON Lines, as
:mod:`pairlens.fiftyone_plugin.predictors.results_coco` tells. A stack of masks in one array, as
:mod:`pairlens.fiftyone_plugin.predictors.results_stacks` tells. And LISAt's own output::

    FOLDER/preds_<dataset>_<rank>_of_<world>.json   +   segmentation_mask/*.npz

which alone is taken where such a file is in the folder, or given itself. In an array of
several masks, row k answers query k of the image; as LISAt asks GRES, there is row 0 alone.
Of the other forms a folder may hold several: a pair's mask is looked for in its JSON, then in
its stacks, then in its mask files.
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

    def __init__(
        self, index: Index, decisions: Decisions, reading: MaskReading, frame: Any = "auto"
    ) -> None:
        self._index = index
        self._reading = reading
        self._decisions = decisions
        self._frame = frame

    def predict(self, batch: Sequence[Query]) -> Iterator[Prediction | Exception]:
        """Each query's mask, ``NoPrediction``, or the ``MaskError`` that stands for it."""
        for query in batch:
            yield self._answer(query)

    def notes(self) -> list[str]:
        """What was decided, each with its count."""
        doubt = self._reading.outlines.doubt()
        return [*self._decisions.all(), *([doubt] if doubt else [])]

    def unused(self) -> list[str]:
        """Mask files, relative to the folder, that matched no query so far."""
        return [shown(name) for name in self._index.unused()]

    def _answer(self, query: Query) -> Prediction | Exception:
        self._reading.last.orientation = 1  # of what is no picture
        try:
            return self._upright(self._index.read(query), query)
        except Exception as error:  # the Protocol: one broken file does not end the batch
            return error

    def _upright(self, mask: Prediction, query: Query) -> Prediction:
        """A mask that has the size of its image as it is stored, or that was turned as its file
        declares, in the frame of its image."""
        from pairlens.importers.image_frame import UPRIGHT
        from pairlens.importers.mask_frame import in_upright_frame

        raw = mask.shape == query.image_size != query.image_size[::-1]
        declared = self._reading.last.orientation
        if not raw and self._frame != "raw" and declared == UPRIGHT:
            return mask  # shapes are (height, width), sizes (width, height)
        from pairlens.importers.media import ImageError, inspect_image

        try:
            facts = inspect_image(query.image)
            turned, decisions = in_upright_frame(mask, facts, self._frame, declared=declared)
        except ImageError:
            return mask
        for decision in decisions:
            decision.example = query.key
            self._decisions(decision)
        return turned


def load(settings: Settings, device: str) -> Results:
    """Indexes the folder; masks are read as they are asked for, on the CPU.

    Raises:
        UsageError: if nothing is at the path
        LayoutError: if a ``preds_*.json`` there is broken
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
    index = _index(path.resolve(), folder, reading, settings)
    return Results(index, decisions, reading, settings.mask_frame)


def _index(path: Path, folder: bool, reading: MaskReading, settings: Settings) -> Index:
    from pairlens.fiftyone_plugin.predictors.results_files import list_files
    from pairlens.fiftyone_plugin.predictors.results_lisat import LisatResults, is_predictions

    if not folder:
        if is_predictions(path):
            return LisatResults(path.parent, [path], reading=reading)
        return _of_file(path, reading, settings)
    files = list_files(path)
    predictions = [f for f in files if is_predictions(f)]
    if predictions:
        return LisatResults(path, predictions, files, reading)
    return _of_files(path, files, reading, settings)


def _of_file(path: Path, reading: MaskReading, settings: Settings) -> Index:
    from pairlens.fiftyone_plugin.predictors.results_coco import LINES, is_coco, read_content
    from pairlens.fiftyone_plugin.predictors.results_lisat import LisatResults

    suffix = path.suffix.lower()
    if suffix not in (".json", *LINES):
        beside = (path.with_suffix(".json"), path.with_suffix(".txt"))
        return _of_files(
            path.parent, [path, *(f for f in beside if f.is_file())], reading, settings
        )
    content = read_content(path)
    if is_coco(content) or isinstance(content, list):
        return _coco({path: content}, reading, settings)
    return LisatResults(path.parent, [path], reading=reading)


def _of_files(root: Path, files: list[Path], reading: MaskReading, settings: Settings) -> Index:
    """Whatever forms the files have: JSON, stacks, and mask files for the rest."""
    from pairlens.fiftyone_plugin.predictors.results_coco import LINES, is_coco, read_content
    from pairlens.fiftyone_plugin.predictors.results_masks import MaskFolder
    from pairlens.fiftyone_plugin.predictors.results_stacks import Stacks, read_names

    known = set(files)
    named = {f: read_names(f, known) for f in files if f.suffix.lower() in (".npy", ".npz")}
    stacks = {f: names for f, names in named.items() if names is not None}
    beside = {f.with_suffix(".json") for f in stacks}
    texts = [f for f in files if f.suffix.lower() in (".json", *LINES) and f not in beside]
    contents = {f: content for f in texts if is_coco(content := read_content(f))}
    found: list[Index] = []
    if contents:
        found.append(_coco(contents, reading, settings))
    if stacks:
        found.append(Stacks(stacks, reading))
    masks = MaskFolder(root, [f for f in files if f not in stacks], reading)
    read = {*contents, *stacks, *masks.files, *beside, *(f.with_suffix(".txt") for f in stacks)}
    if others := [file.relative_to(root).as_posix() for file in files if file not in read]:
        rule = "hold no predictions that are read"
        reading.on_note(Decision(rule, "files", example=others[0], times=len(others)))
    return Several([*found, masks]) if found else masks


def _coco(contents: dict[Path, Any], reading: MaskReading, settings: Settings) -> Index:
    from pairlens.fiftyone_plugin.predictors.results_coco import CocoResults

    scale = cast("PolygonScale", settings.polygons)
    return CocoResults(contents, settings.min_score, scale, settings.rle_size, reading)


class Several:
    """Several forms in one folder: the first that has a query's mask gives it."""

    def __init__(self, indexes: Sequence[Index]) -> None:
        self._indexes = indexes

    def read(self, query: Query) -> Prediction:
        """The query's mask; see :class:`Index`."""
        nothing = NoPrediction("nothing is there")
        for index in self._indexes:
            try:
                return index.read(query)
            except NoPrediction as error:
                nothing = error
        raise nothing

    def unused(self) -> list[str]:
        """What no query asked for so far, of all forms."""
        return [name for index in self._indexes for name in index.unused()]


SPEC = PredictorSpec(
    name=NAME,
    about="Predictions made elsewhere: mask files, COCO-style JSON, stacks, LISAt's preds_*.json.",
    settings=Settings,
    make=load,
    setup="their files",
    reads_images=False,
)
