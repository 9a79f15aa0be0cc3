"""LISAt's predictions: ``preds_<dataset>_<rank>_of_<world>.json`` and the NPZ files it names.

The form is that of ``save_preds`` and ``inference`` in LISAt_code's ``eval_lisat.py``: an
object from image path to, among others, the questions asked and ``segmentation_path``, the
NPZ relative to the JSON's folder, whose ``pred`` is (questions, height, width). Questions
are put into random templates, so a prediction is known by its image alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, Query
from pairlens.fiftyone_plugin.predictors.results_files import (
    AS_DECIDED,
    MASK_SUFFIXES,
    MaskReading,
    inside,
    of_split,
    read_prediction,
)
from pairlens.fiftyone_plugin.predictors.results_names import posix
from pairlens.importers.bounded_json import read_json
from pairlens.importers.errors import LayoutError, MaskError
from pairlens.importers.source_files import reason_of

MAX_JSON = 256 << 20
"""Bytes; several hundred thousand images."""

_NAME = re.compile(r"preds_.+\.json", re.IGNORECASE)
_INDEX = re.compile(r"#(\d{1,9})$")


@dataclass(frozen=True, slots=True)
class _Entry:
    """One image of a file of predictions; ``mask`` is unchecked."""

    image: str
    folder: Path
    mask: object
    questions: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The folder names of the image's path, as it was where the model ran."""
        return posix(self.image).parts[:-1]


def is_predictions(file: Path) -> bool:
    """Whether a file is one of LISAt's, by its name."""
    return _NAME.fullmatch(file.name) is not None


class LisatResults:
    """Predictions of one or several ranks.

    Args:
        root: the folder, resolved
        predictions: the ``preds_*.json`` in it
        files: all files of the folder, for :meth:`unused`; without them, those named
        reading: settings for reading masks

    Raises:
        LayoutError: if one of the JSON files is broken
    """

    def __init__(
        self,
        root: Path,
        predictions: Sequence[Path],
        files: Iterable[Path] | None = None,
        reading: MaskReading = AS_DECIDED,
    ) -> None:
        self._root = root
        self._reading = reading
        self._entries: dict[str, list[_Entry]] = {}
        self._claims: dict[tuple[Path, str], set[str]] = {}
        for file in predictions:
            for entry in _read_entries(file):
                stem = posix(entry.image).stem
                self._entries.setdefault(stem, []).append(entry)
                self._claims.setdefault((entry.folder, str(entry.mask)), set()).add(stem)
        self._files = None if files is None else [f for f in files if _is_mask(f)]
        self._used: set[Path] = set()

    def read(self, query: Query) -> Prediction:
        """The query's mask; see
        :class:`pairlens.fiftyone_plugin.predictors.builtin.results.Index`."""
        found = self._find(query)
        index = _INDEX.search(query.key)
        row = int(index[1]) if index else 0
        answering = [e for e in found if row < e.questions]
        if not found:
            raise NoPrediction("no prediction is of its image")
        if not answering:
            raise NoPrediction("the model was asked other queries of its image")
        paths = sorted({inside(e.folder, e.mask) for e in answering})
        self._used.update(paths)
        self._refuse_doubt(query, answering, paths)
        return read_prediction(paths[0], row, self._reading)

    def unused(self) -> list[str]:
        """Mask files that no query has used, relative to the folder."""
        files = self._named() if self._files is None else self._files
        # Links inside the folder count under the name of their target.
        unused = [f for f in files if f not in self._used and f.resolve() not in self._used]
        return [f.relative_to(self._root).as_posix() for f in unused]

    def _find(self, query: Query) -> list[_Entry]:
        for stem in dict.fromkeys((query.image_id, posix(query.image_name).stem)):
            entries = self._entries.get(stem, [])
            serving = [entries[i] for i in of_split([e.parts for e in entries], query.split)]
            if serving:
                return serving
        return []

    def _refuse_doubt(self, query: Query, entries: list[_Entry], paths: list[Path]) -> None:
        if len(paths) > 1:
            listed = ", ".join(p.relative_to(self._root).as_posix() for p in paths)
            raise MaskError(f"{len(paths)} predictions claim {query.key}: {listed}; keep one run")
        for entry in entries:
            # Runs with different numbers of ranks overwrite each other's files.
            claims = self._claims[entry.folder, str(entry.mask)]
            if len(claims) > 1:
                raise MaskError(
                    f"{entry.mask} is named for {len(claims)} images, so which one it shows "
                    "is not known; keep the preds_*.json of one run in the folder"
                )

    def _named(self) -> list[Path]:
        named = set()
        for folder, mask in self._claims:
            try:
                named.add(inside(folder, mask))
            except MaskError:
                continue
        return sorted(named)


def _read_entries(file: Path) -> Iterable[_Entry]:
    try:
        content = read_json(file, MAX_JSON)
    except OSError as error:
        raise LayoutError(f"{file.name} cannot be read ({reason_of(error)})") from error
    except ValueError as error:
        raise LayoutError(
            f"{file.name} is not whole JSON ({error}); remove it or write it again"
        ) from error
    if not isinstance(content, dict):
        raise LayoutError(
            f"{file.name} holds no object from image paths to predictions, as eval_lisat.py writes"
        )
    for image, record in content.items():
        fields: dict[str, Any] = record if isinstance(record, dict) else {}
        asked = fields.get("conversation_list")
        questions = len(asked) if isinstance(asked, list) else 1
        yield _Entry(image, file.parent, fields.get("segmentation_path"), questions)


def _is_mask(file: Path) -> bool:
    return file.suffix.lower() in MASK_SUFFIXES
