"""Fields of masks that PairLens makes: which run made one, and whether another may go on."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import fiftyone as fo

from importers import store
from importers.errors import StateError, UsageError

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True)
class MaskField:
    """A field of masks and the fields that belong to it.

    Attributes:
        dataset: a dataset that PairLens imported
        name: the field's name
        step: what makes it, ``predictions`` or ``consensus``: a key in PairLens' info, where
            the recipes of all such fields are, and the folder of their masks
        recipe: what the field is made with; compared when a run is resumed
        beside: types of further fields that are made with it, by name
    """

    dataset: Any
    name: str
    step: str
    recipe: Any = None
    beside: Mapping[str, type[fo.Field]] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        """Where its masks are kept."""
        return Path(store.info(self.dataset)["media_dir"]) / self.step / self.name

    @property
    def made_with(self) -> Any:
        """The recipe of the run that made it; ``None`` where no run of this step did."""
        return store.info(self.dataset).get(self.step, {}).get(self.name)

    @property
    def has_valid_name(self) -> bool:
        """Whether its name consists of letters, digits and ``_`` and begins with a letter."""
        return _NAME.fullmatch(self.name) is not None

    def check(self, maker: str, resume: bool, overwrite: bool) -> None:
        """Refuses a field that a run may not write.

        Args:
            maker: what makes such fields, for messages: ``a predictor``
            resume: whether the run goes on with a field that exists
            overwrite: whether it deletes the field first

        Raises:
            UsageError: if the name is none, or that of a field which this step did not make
            StateError: if the field exists and the run is to neither resume nor overwrite
        """
        if not self.has_valid_name:
            raise UsageError(f"{self.name!r} is no field name; use letters, digits and _")
        if resume and overwrite:
            raise UsageError("--resume and --overwrite contradict each other; give one")
        if not (existing := self._existing()):
            return
        if self.made_with is None:
            raise UsageError(f"field {existing[0]!r} was not made by {maker}; choose another name")
        if not (resume or overwrite):
            raise StateError(
                f"field {self.name!r} exists; --resume adds what is missing, --overwrite "
                "replaces it"
            )

    def resumes_another(self, resume: bool) -> bool:
        """Whether a run would go on with a field that was made with another recipe."""
        return bool(resume and self._existing() and self.made_with != self.recipe)

    def open(self, overwrite: bool) -> None:
        """Makes the field and its folder where they are not there; with overwrite, anew."""
        if overwrite:
            if existing := self._existing():
                self.dataset.delete_sample_fields(existing)
            shutil.rmtree(self.folder, ignore_errors=True)
        # Stored first: what a run that is killed here leaves is then known as its own.
        store.add_to_info(self.dataset, self.step, {self.name: self.recipe})
        self.dataset.add_sample_field(
            self.name, fo.EmbeddedDocumentField, embedded_doc_type=fo.Segmentation
        )
        for name, kind in self.beside.items():
            self.dataset.add_sample_field(name, kind)
        self.folder.mkdir(parents=True, exist_ok=True)

    def _existing(self) -> list[str]:
        return [name for name in (self.name, *self.beside) if self.dataset.has_field(name)]
