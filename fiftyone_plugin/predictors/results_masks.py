"""A folder of mask files, matched to queries by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from unicodedata import normalize

from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, Query
from pairlens.fiftyone_plugin.predictors.results_files import (
    DEFAULT_READING,
    MASK_SUFFIXES,
    MaskReading,
    read_prediction,
    select_by_split,
)
from pairlens.importers.errors import MaskError
from pairlens.importers.files import safe_name


class MaskFolder:
    """Mask files by the stem of their name.

    Args:
        root: the folder, resolved
        files: its files; those that are not masks are ignored
        reading: settings for reading masks
    """

    def __init__(
        self, root: Path, files: Iterable[Path], reading: MaskReading = DEFAULT_READING
    ) -> None:
        self._root = root
        self._reading = reading
        self._files = [f for f in files if f.suffix.lower() in MASK_SUFFIXES]
        self._by_stem: dict[str, list[Path]] = {}
        for file in self._files:
            self._by_stem.setdefault(normalize("NFC", file.stem), []).append(file)
        self._used: set[Path] = set()

    def read(self, query: Query) -> Prediction:
        """See :meth:`pairlens.fiftyone_plugin.predictors.builtin.results.Index.read`."""
        # dict.fromkeys removes duplicates: an image id often equals the stem of its file.
        stem = PurePosixPath(query.image_name).stem
        names = (safe_name(query.key), query.image_id, safe_name(query.image_id), stem)
        for name in dict.fromkeys(names):
            files = self._find(name, query.split)
            self._used.update(files)
            if len(files) > 1:
                names_text = ", ".join(str(f.relative_to(self._root)) for f in files)
                raise MaskError(f"{len(files)} files claim {query.key}: {names_text}; keep one")
            if files:
                return read_prediction(files[0], reading=self._reading)
        raise NoPrediction("no mask file has the name of the pair or its image")

    def unused(self) -> list[str]:
        """Mask files that no query has used, relative to the folder."""
        return [f.relative_to(self._root).as_posix() for f in self._files if f not in self._used]

    def _find(self, name: str, split: str) -> list[Path]:
        files = self._by_stem.get(normalize("NFC", name), [])
        folders = [f.relative_to(self._root).parts[:-1] for f in files]
        return [files[i] for i in select_by_split(folders, split)]
