"""Fields of masks that PairLens makes, and the recipes that they were made with.

The recipe is stored in the field's description, so that it follows the field when it is renamed or
cloned, and a new field of the old name has none.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from secrets import token_hex
from typing import Any

import fiftyone as fo

from pairlens.importers import app_view, fo_internals, leases, process_ids, safe_writes, store
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.field_names import refuse_name
from pairlens.importers.fields import INFO
from pairlens.importers.media_folders import media_dir, media_dirs, remove_unused
from pairlens.importers.media_store import exchange

OWNER = ".owner"
"""The file in a folder of masks that names the process which fills it, until a field has it."""


@dataclass(frozen=True)
class MaskField:
    """A field of masks and the fields that belong to it.

    Attributes:
        dataset: a dataset that PairLens imported
        name: the field's name
        step: the step that makes it, ``predictions`` or ``consensus``
        recipe: the settings that the field is made with; compared when a run is resumed
        beside: types of further fields that are made with it, by name
    """

    dataset: Any
    name: str
    step: str
    recipe: Any = None
    companions: Mapping[str, type[fo.Field]] = field(default_factory=dict)

    @cached_property
    def folder(self) -> Path:
        """The folder of its masks, once it is open."""
        return self._folder_of(self._made["folder"])

    @cached_property
    def new_folder(self) -> Path:
        """The folder for the masks of a run that makes or replaces the field.

        No two fields share a folder, whatever their names.
        """
        return self._folder_of(f"{self.name}-{token_hex(4)}")

    @contextmanager
    def writing_folder(self, anew: bool) -> Iterator[Path]:
        """The folder that a run writes masks to.

        A run that replaces the field writes to :attr:`new_folder`, which no other run removes
        meanwhile, and which is deleted at the end if the field was not opened.
        """
        if not anew:
            yield self.folder
            exchange(self.dataset)
            return
        self.new_folder.mkdir(parents=True, exist_ok=True)
        owner = self.new_folder / OWNER
        owner.write_text(process_ids.this_process(), "utf-8")
        try:
            yield self.new_folder
        finally:
            if owner.is_file():
                shutil.rmtree(self.new_folder)
        exchange(self.dataset)

    def _folder_of(self, name: str) -> Path:
        return media_dir(self.dataset) / self.step / name

    @property
    def exists(self) -> bool:
        """Whether the field or one of its companions exists."""
        return bool(self._existing())

    @property
    def stop_file(self) -> Path:
        """The file that requests the run to stop; any process can create it."""
        return media_dir(self.dataset) / self.step / f".{self.name}.stop"

    @property
    def made_with(self) -> Any:
        """The recipe of the run that made it; ``None`` if no run of this step did."""
        return self._made.get("recipe")

    @property
    def _made(self) -> dict[str, Any]:
        return _stored_recipe(self.dataset, self.name, self.step)

    def check(self, maker: str, resume: bool, overwrite: bool) -> None:
        """Raises for a field that a run may not write.

        Args:
            maker: the maker of such fields for messages, such as ``a predictor``
            resume: whether the run continues an existing field
            overwrite: whether the run replaces an existing field

        Raises:
            UsageError: if the name is invalid or reserved, or another step made the field
            StateError: if the field exists and neither ``resume`` nor ``overwrite`` is set
        """
        refuse_name("field name", self.name)
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
        """Whether a run would continue a field that was made with another recipe."""
        return bool(resume and self._existing() and self.made_with != self.recipe)

    def open(self, overwrite: bool) -> None:
        """Makes the field and its folder if they do not exist; ``overwrite`` replaces them.

        ``overwrite`` deletes the old masks unless another field or dataset uses them. A run calls
        this when it has its first mask, so that a run without any deletes none.
        """
        with leases.declaring(self.dataset):
            if overwrite and (existing := self._existing()):
                before = self._made.get("folder", self.name)  # an older version took the name
                self.dataset.delete_sample_fields(existing)
                for folder in media_dirs(store.info(self.dataset)):
                    remove_unused(folder / self.step / before)
            if not self._made.get("folder"):
                self._declare()
            for name, kind in self.companions.items():
                self.dataset.add_sample_field(name, kind)
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / OWNER).unlink(missing_ok=True)  # the field owns the folder now

    def delete_left(self) -> None:
        """Deletes unused folders of masks that killed runs made for the field."""
        name = re.compile(rf"{re.escape(self.name)}-[0-9a-f]{{8}}")
        own = self._made.get("folder")
        for media in media_dirs(store.info(self.dataset)):
            parent = media / self.step
            for folder in parent.iterdir() if parent.is_dir() else ():
                if name.fullmatch(folder.name) and folder.name != own and not _is_used(folder):
                    remove_unused(folder)

    def store_values(self, changes: Sequence[tuple[Any, dict[str, Any]]]) -> int:
        """Stores masks and companion values on samples without a mask in the field.

        Args:
            changes: ids of samples, and values by field

        Returns:
            the number of samples that had no mask

        Raises:
            StateError: if another run has replaced the field since this one opened it; none of
                the masks is then stored
        """
        path = f"{self.name}.mask_path"
        pending = [({"_id": each, path: None}, values) for each, values in changes]
        count = safe_writes.update_matching(self.dataset, pending)
        made = (fo_internals.field_info(self.dataset, self.name) or {}).get(INFO) or {}
        if made.get("folder") == self.folder.name:
            return count
        mine = [
            ({"_id": each, path: values[self.name]["mask_path"]}, dict.fromkeys(values))
            for each, values in changes
        ]
        safe_writes.update_matching(self.dataset, mine)
        raise StateError(
            f"field {self.name!r} was deleted or made anew by another run, which goes on; this one "
            "ends"
        )

    def clear_lost(self) -> int:
        """Clears the field of samples whose mask file is missing, so that they are predicted again.

        Files that are in the dataset's object store are fetched instead.

        Returns:
            the number of cleared samples

        Raises:
            StateError: if all files are missing, for example because a disk is not mounted
        """
        exchange(self.dataset)
        path = f"{self.name}.mask_path"
        stored = [
            (document["_id"], document[self.name]["mask_path"])
            for document in store.stream(self.dataset, (path,), where={path: {"$ne": None}})
        ]
        lost = [(each, file) for each, file in stored if not Path(file).is_file()]
        if lost and len(lost) == len(stored):
            raise StateError(
                f"no mask of field {self.name!r} is where it was, such as {lost[0][1]}; bring the "
                "folder back, or make the field anew with --overwrite"
            )
        clear = dict.fromkeys((self.name, *self.companions))
        return store.update(self.dataset, [(each, clear) for each, _ in lost])

    def _declare(self) -> None:
        made = {"step": self.step, "recipe": self.recipe, "folder": self.new_folder.name}
        if not self.dataset.has_field(self.name):
            # First, so that a field that is there has its color, wherever a process is killed.
            app_view.color_masks(self.dataset, self.name)
            self.dataset.add_sample_field(
                self.name,
                fo.EmbeddedDocumentField,
                embedded_doc_type=fo.Segmentation,
                info={INFO: made},
            )
            return
        existing = self.dataset.get_field(self.name)  # which an older version made
        existing.info = (existing.info or {}) | {INFO: made}
        existing.save()

    def _existing(self) -> list[str]:
        return [name for name in (self.name, *self.companions) if self.dataset.has_field(name)]


def _is_used(folder: Path) -> bool:
    """Whether the process that fills a folder of masks may still be running."""
    try:
        owner = (folder / OWNER).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return not process_ids.is_dead(owner)


def fields_made_by(dataset: Any, step: str) -> list[str]:
    """Names of the mask fields that a step made."""
    return [name for name in dataset.get_field_schema() if _stored_recipe(dataset, name, step)]


def _stored_recipe(dataset: Any, name: str, step: str) -> dict[str, Any]:
    """The recipe in a field's description, if a run of the step made the field."""
    declared = dataset.get_field(name)
    if declared is None:
        return {}
    made = (declared.info or {}).get(INFO)
    if made is not None:
        return made if made["step"] == step else {}
    # An older version kept it under the field's name.
    recipe = store.info(dataset).get(step, {}).get(name)
    return {} if recipe is None else {"recipe": recipe}
