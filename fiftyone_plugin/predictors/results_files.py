"""Finds and reads files of predictions, which are untrusted input."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pairlens.fiftyone_plugin.predictors.base import Prediction, Query
from pairlens.importers.arrays import read_array
from pairlens.importers.bounded_json import load_json, load_json_lines, read_bounded
from pairlens.importers.decisions import Decision
from pairlens.importers.errors import LayoutError, MaskError, OnNote, UsageError, ignore_note
from pairlens.importers.image_frame import UPRIGHT
from pairlens.importers.mask_values import MaskValues
from pairlens.importers.masks import Mask, from_array, of_values, read_mask
from pairlens.importers.source_files import reason_of
from pairlens.importers.target_scale import TargetNumbers

MASK_SUFFIXES = frozenset(
    {".png", ".tif", ".tiff", ".npy", ".npz", ".bmp", ".gif", ".webp", ".jpg", ".jpeg"}
)
SPLITS = frozenset({"train", "val", "test"})
MAX_FILE = 1 << 30
"""Maximum size of a mask file in bytes; the pixels of the largest mask take less."""

MAX_JSON = 512 << 20
"""Maximum size of a JSON file in bytes; a hundred thousand masks as RLE take 50 million."""

LINES = (".jsonl", ".ndjson")

PREDICTIONS = ("pred", "prediction", "pred_mask", "mask", "masks")
"""Names of the array of a prediction; LISAt's ``pred`` has the ground truth beside it."""


@dataclass
class LastMask:
    """Properties of the mask that was read last.

    Attributes:
        orientation: the orientation that its file declares, 1 to 8, by which it was turned
    """

    orientation: int = UPRIGHT


@dataclass(frozen=True)
class MaskReading:
    """Settings for reading the masks of a run, and its decisions.

    Attributes:
        values: the values of the target, if set by the user
        on_note: receives decisions
        outlines: the numbers of the boxes and polygons that were drawn
        last: properties of the mask that was read last
        first_queries: of each mask that is named by its image, the keys of the first two queries
    """

    values: MaskValues | None = None
    on_note: OnNote = ignore_note
    outlines: TargetNumbers = field(default_factory=lambda: TargetNumbers("outlines"))
    last: LastMask = field(default_factory=LastMask)
    first_queries: dict[str, set[str]] = field(default_factory=dict)

    def target(self, mask: Mask, example: str) -> Prediction:
        """The target of a mask, (height, width) uint8 of 0 and 1; decisions are reported."""
        for decision in of_values(mask, example):
            self.on_note(decision)
        self.last.orientation = mask.orientation
        return mask.target.astype(np.uint8)

    def of_image(self, place: str, query: Query) -> None:
        """Reports a mask that is named by its image, once it serves a second query of that."""
        queries = self.first_queries.setdefault(place, set())
        if len(queries) == 1 and query.key not in queries:
            rule = "masks named by image serve each of its queries"
            self.on_note(Decision(rule, "shared_masks", example=place))
        if len(queries) < 2:
            queries.add(query.key)


DEFAULT_READING = MaskReading()
"""By the values alone, without a report."""


def list_files(root: Path) -> list[Path]:
    """All regular files under a folder, sorted, without hidden ones.

    A link to a file in the folder counts; links to folders are not followed.

    Args:
        root: a folder, resolved

    Raises:
        UsageError: if a folder cannot be listed
    """
    found, waiting = [], [root]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if entry.name.startswith("."):
                        continue
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                    elif _is_file_inside(entry, root):
                        found.append(Path(entry.path))
        except OSError as error:
            raise UsageError(f"{folder} cannot be listed ({error.strerror})") from error
    return sorted(found)


def _is_file_inside(entry: os.DirEntry[str], root: Path) -> bool:
    try:
        if not entry.is_file():
            return False
        return not entry.is_symlink() or Path(entry.path).resolve().is_relative_to(root)
    except (OSError, RuntimeError):  # a link that leads to itself
        return False


def resolve_inside(folder: Path, relative: object) -> Path:
    """The path of a mask file that a file of predictions names.

    Args:
        folder: the folder of the file of predictions, resolved
        relative: the name in the file, relative to the folder, with ``/`` or ``\\``

    Raises:
        MaskError: if it is not a text, leads out of the folder, or is not a regular file
    """
    if not isinstance(relative, str) or not relative:
        raise MaskError(f"the file of predictions names no mask file but {relative!r:.80}")
    parts = PurePosixPath(relative.replace("\\", "/"))
    try:
        path = (folder / parts).resolve()
        if parts.is_absolute() or ".." in parts.parts or not path.is_relative_to(folder):
            raise MaskError(f"{relative!r:.80} leads out of the folder {folder.name}; not read")
        if not path.is_file():
            raise MaskError(f"{relative!r:.80} is named in the predictions but does not exist")
    except (OSError, ValueError, RuntimeError) as error:
        raise MaskError(f"{relative!r:.80} is no name of a file in {folder.name}") from error
    return path


def select_by_split(folders: Sequence[tuple[str, ...]], split: str) -> list[int]:
    """Selects the candidates for a split by the names of their folders.

    The last folder with the name of a split is a candidate's split. Candidates of another split are
    excluded, and those of this split are preferred to those without one.

    Args:
        folders: for each candidate the names of its folders, outermost first
        split: the split of the query

    Returns:
        indices into ``folders``
    """
    known = SPLITS | {split}
    said = [next((name for name in reversed(names) if name in known), None) for names in folders]
    named = [i for i, name in enumerate(said) if name == split]
    return named or [i for i, name in enumerate(said) if name is None]


def read_prediction(
    path: Path, row: int | None = None, reading: MaskReading = DEFAULT_READING
) -> Prediction:
    """Reads a mask file.

    Args:
        path: the file; in an NPZ, the array named in :data:`PREDICTIONS`, or the only one
        row: index of the mask in a (masks, height, width) array; ``None`` if there must be one
        reading: settings for reading masks

    Returns:
        (height, width) uint8 of 0 and 1

    Raises:
        MaskError: if the file is invalid or too large, or has no such mask
    """
    try:
        if path.stat().st_size > MAX_FILE:
            raise MaskError(f"it has more than {MAX_FILE} bytes")
        if path.suffix.lower() in (".npy", ".npz"):
            mask = from_array(_array(path, row), reading.values)
        else:
            mask = read_mask(path, reading.values)
    except MaskError as error:
        text = str(error)
        raise MaskError(text if text.startswith(path.name) else f"{path.name}: {text}") from error
    except Exception as error:  # decoders raise undocumented errors for broken files
        raise MaskError(f"{path.name} cannot be decoded ({error})") from error
    return reading.target(mask, path.name)


def _array(path: Path, row: int | None) -> NDArray[Any]:
    array = read_array(path, PREDICTIONS)
    if row is None or array.ndim != 3:
        if row:
            raise MaskError(f"it holds one mask, and the query needs number {row}")
        return array
    if row >= len(array):
        raise MaskError(f"it holds {len(array)} masks, and the query needs number {row}")
    return array[row]


def read_content(file: Path) -> Any:
    """Reads a JSON file; JSON Lines give a list.

    Raises:
        LayoutError: if it is too large or not complete JSON
    """
    try:
        data = read_bounded(file, MAX_JSON)
        return load_json_lines(data) if file.suffix.lower() in LINES else load_json(data)
    except OSError as error:
        raise LayoutError(f"{file.name} cannot be read ({reason_of(error)})") from error
    except ValueError as error:
        raise LayoutError(
            f"{file.name} is not whole JSON ({error}); remove it or write it again"
        ) from error
