"""LISAt's predictions: ``preds_<dataset>_<rank>_of_<world>.json`` and the NPZ files it names.

The format is that of ``save_preds`` and ``inference`` in LISAt_code's ``eval_lisat.py``: an object
from image path to the questions, among others, and ``segmentation_path``, the path of an NPZ
relative to the JSON's folder, whose array ``pred`` is (questions, height, width). The questions
have random templates around the query, so that a prediction is identified by its image alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, Query
from pairlens.fiftyone_plugin.predictors.results_files import (
    DEFAULT_READING,
    MASK_SUFFIXES,
    MaskReading,
    read_content,
    read_prediction,
    resolve_inside,
    select_by_split,
)
from pairlens.fiftyone_plugin.predictors.results_names import posix
from pairlens.importers.errors import LayoutError, MaskError

_NAME = re.compile(r"preds_.+\.json", re.IGNORECASE)
_INDEX = re.compile(r"#(\d{1,9})$")


@dataclass(frozen=True, slots=True)
class _Entry:
    """The entry of an image in a file of predictions; ``mask`` is not validated."""

    image: str
    folder: Path
    mask: object
    questions: int

    @property
    def parts(self) -> tuple[str, ...]:
        """The folder names of the image's path on the machine that ran the model."""
        return posix(self.image).parts[:-1]


def is_predictions(file: Path) -> bool:
    """Whether a file has the name of LISAt's predictions."""
    return _NAME.fullmatch(file.name) is not None


class LisatResults:
    """Predictions of one or several ranks.

    Args:
        root: the folder, resolved
        predictions: the ``preds_*.json`` in it
        files: all files of the folder, for :meth:`unused`; by default those that the JSON names
        reading: settings for reading masks

    Raises:
        LayoutError: if one of the JSON files is broken
    """

    def __init__(
        self,
        root: Path,
        predictions: Sequence[Path],
        files: Iterable[Path] | None = None,
        reading: MaskReading = DEFAULT_READING,
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
        """See :meth:`pairlens.fiftyone_plugin.predictors.builtin.results.Index.read`."""
        entries = self._find(query)
        index = _INDEX.search(query.key)
        row = int(index[1]) if index else 0
        answering = [e for e in entries if row < e.questions]
        if not entries:
            raise NoPrediction("there is no prediction for its image")
        if not answering:
            raise NoPrediction("the model was asked other queries of its image")
        paths = sorted({resolve_inside(e.folder, e.mask) for e in answering})
        self._used.update(paths)
        self._refuse_ambiguous(query, answering, paths)
        return read_prediction(paths[0], row, self._reading)

    def unused(self) -> list[str]:
        """Mask files that no query has used, relative to the folder."""
        files = self._named_files() if self._files is None else self._files
        # Links inside the folder count under the name of their target.
        unused = [f for f in files if f not in self._used and f.resolve() not in self._used]
        return [f.relative_to(self._root).as_posix() for f in unused]

    def _find(self, query: Query) -> list[_Entry]:
        for stem in dict.fromkeys((query.image_id, posix(query.image_name).stem)):
            entries = self._entries.get(stem, [])
            selected = [
                entries[i] for i in select_by_split([e.parts for e in entries], query.split)
            ]
            if selected:
                return selected
        return []

    def _refuse_ambiguous(self, query: Query, entries: list[_Entry], paths: list[Path]) -> None:
        if len(paths) > 1:
            names = ", ".join(p.relative_to(self._root).as_posix() for p in paths)
            raise MaskError(f"{len(paths)} predictions claim {query.key}: {names}; keep one run")
        for entry in entries:
            # Runs with different numbers of ranks overwrite each other's files.
            claims = self._claims[entry.folder, str(entry.mask)]
            if len(claims) > 1:
                raise MaskError(
                    f"{entry.mask} is named for {len(claims)} images, so which one it shows "
                    "is not known; keep the preds_*.json of one run in the folder"
                )

    def _named_files(self) -> list[Path]:
        named = set()
        for folder, mask in self._claims:
            try:
                named.add(resolve_inside(folder, mask))
            except MaskError:
                continue
        return sorted(named)


def _read_entries(file: Path) -> Iterable[_Entry]:
    content = read_content(file)
    if not isinstance(content, dict):
        raise LayoutError(
            f"{file.name} holds no object from image paths to predictions, as eval_lisat.py writes"
        )
    for image, record in content.items():
        fields: dict[str, Any] = record if isinstance(record, dict) else {}
        conversation = fields.get("conversation_list")
        questions = len(conversation) if isinstance(conversation, list) else 1
        yield _Entry(image, file.parent, fields.get("segmentation_path"), questions)


def _is_mask(file: Path) -> bool:
    return file.suffix.lower() in MASK_SUFFIXES
