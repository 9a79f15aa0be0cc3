"""A folder of mask files, matched to queries by name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from unicodedata import normalize

from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Prediction, Query
from pairlens.fiftyone_plugin.predictors.results_files import (
    DEFAULT_READING,
    MASK_SUFFIXES,
    MaskReading,
    read_prediction,
    select_by_split,
)
from pairlens.fiftyone_plugin.predictors.results_names import image_names, pair_names
from pairlens.importers.errors import MaskError
from pairlens.importers.files import safe_name


class MaskFolder:
    """Mask files by the stem of their name.

    Args:
        root: the folder, resolved
        files: its files; those that are not masks are ignored
        reading: settings for reading masks

    Attributes:
        files: those that are masks
    """

    def __init__(
        self, root: Path, files: Iterable[Path], reading: MaskReading = DEFAULT_READING
    ) -> None:
        self._root = root
        self._reading = reading
        self.files = [f for f in files if f.suffix.lower() in MASK_SUFFIXES]
        self._by_stem: dict[str, list[Path]] = {}
        for file in self.files:
            self._by_stem.setdefault(normalize("NFC", file.stem), []).append(file)
        self._used: set[Path] = set()
        self._pairs: dict[Path, str] = {}

    def read(self, query: Query) -> Prediction:
        """See :meth:`pairlens.fiftyone_plugin.predictors.builtin.results.Index.read`."""
        of_pair = pair_names(query)
        for name in dict.fromkeys((*of_pair, *image_names(query))):
            files = self._find(name, query.split)
            self._used.update(files)
            if len(files) > 1:
                names_text = ", ".join(str(f.relative_to(self._root)) for f in files)
                raise MaskError(f"{len(files)} files claim {query.key}: {names_text}; keep one")
            if files:
                if name in of_pair:
                    self._check_one_pair(files[0], query)
                else:
                    self._reading.of_image(str(files[0].relative_to(self._root)), query)
                return read_prediction(files[0], reading=self._reading)
        raise NoPrediction("no mask file has the name of the pair or its image")

    def _check_one_pair(self, file: Path, query: Query) -> None:
        other = self._pairs.setdefault(file, query.key)
        if other != query.key:
            raise MaskError(
                f"{file.relative_to(self._root)} is named for {other} and for {query.key}; name "
                f"that of the second {safe_name(query.key)}{file.suffix}"
            )

    def unused(self) -> list[str]:
        """Mask files that no query has used, relative to the folder."""
        return [f.relative_to(self._root).as_posix() for f in self.files if f not in self._used]

    def _find(self, name: str, split: str) -> list[Path]:
        files = self._by_stem.get(normalize("NFC", name), [])
        folders = [f.relative_to(self._root).parts[:-1] for f in files]
        return [files[i] for i in select_by_split(folders, split)]
