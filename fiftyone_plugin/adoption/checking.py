"""Checks before a dataset is adopted, so that none of its own fields is overwritten."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import fiftyone as fo

from pairlens.fiftyone_plugin.adoption.labels import KINDS, InstanceChoice, Places, counts_of
from pairlens.fiftyone_plugin.metrics.label_masks import LIST_FIELDS
from pairlens.importers import fields, fo_internals, schema, store, working_set
from pairlens.importers.errors import StateError, UsageError

FACT = "adopted"
"""Among PairLens' facts of a dataset: the options that it was adopted with."""

_SHARED = {
    fields.PHRASE: fo.StringField, fields.SPLIT: fo.StringField, fields.NO_TARGET: fo.BooleanField,
}  # fmt: skip
"""Fields that a dataset may have had before, where they hold what PairLens holds in them."""


def mask_fields(dataset: Any) -> list[str]:
    """The fields of masks."""
    return [name for name, field in dataset.get_field_schema().items() if _kind(field) in KINDS]


def text_fields(dataset: Any, mask: str = "") -> list[str]:
    """The fields of texts, and the text attributes of the instances of a field."""
    schema_of = dataset.get_field_schema()
    found = [name for name, field in schema_of.items() if _is_text(field)]
    listed = LIST_FIELDS.get(_kind(schema_of.get(mask)))
    if listed:
        within = dataset.get_field_schema(flat=True)
        start = f"{mask}.{listed}."
        found += [
            name
            for name, field in within.items()
            if name.startswith(start) and "." not in name[len(start) :] and _is_text(field)
        ]
    found = [name for name in found if name not in ("filepath", "tags", f"{mask}.{listed}.tags")]
    return [name for name in found if not name.endswith(".mask_path")]


def check_dataset(samples: Any, options: dict[str, Any]) -> None:
    """Validates that the samples can be adopted with the options.

    Raises:
        UsageError: for a view whose samples are parts of stored ones
        StateError: if the samples are not images, or were imported or adopted otherwise
    """
    dataset = fo_internals.dataset_of(samples)
    if fo_internals.is_of_parts(samples):
        raise UsageError("the view holds parts of samples, such as patches; give whole samples")
    if dataset.media_type not in ("image", None):
        raise StateError(f"dataset {dataset.name!r} holds {dataset.media_type}s, not images")
    if not working_set.is_imported(dataset):
        return
    facts = store.info(dataset)
    if facts["format"] != fields.ADOPTED:
        raise StateError(f"dataset {dataset.name!r} is PairLens' already: it was imported")
    if facts.get(FACT) != options:
        given = " ".join(f"--{k.replace('_', '-')} {v}" for k, v in (facts.get(FACT) or {}).items())
        raise StateError(
            f"dataset {dataset.name!r} was adopted with {given}; give these again to take in what "
            "was added since, or make a copy with --name"
        )


def check_fields(dataset: Any, phrase: str, places: Places, split: str | None = None) -> None:
    """Validates that the fields exist, and that the names of PairLens' fields are not used.

    Raises:
        UsageError: if a field does not exist or has another type
        StateError: if a field of the dataset has the name of one of PairLens' fields
    """
    kinds = {name: _kind(field) for name, field in dataset.get_field_schema().items()}
    if kinds.get(places.mask) not in KINDS:
        known = mask_fields(dataset)
        has = f"holds {kinds[places.mask]}" if places.mask in kinds else "is not there"
        raise UsageError(
            f"--mask {places.mask}: the field {has}; fields with masks: {_listed(known)}"
        )
    path = _path(places, kinds[places.mask]) if places.within else phrase
    if dataset.get_field(path.split(".")[0]) is None or not _holds(dataset, path):
        known = text_fields(dataset, places.mask)
        raise UsageError(
            f"--phrase {phrase}: no sample has anything there; fields with texts: {_listed(known)}"
        )
    if not working_set.is_imported(dataset):
        _check_free(dataset, kinds, {phrase, places.mask, split or fields.SPLIT})


def _check_free(dataset: Any, kinds: dict[str, str], named: Collection[str]) -> None:
    for name in sorted((schema.names("pairs") | {fields.TARGET_BOX}) & set(kinds)):
        held = name == fields.SEGMENTATION and kinds[name] == "Segmentation"
        own = name in named and (held or name == fields.TARGET_BOX)
        if name in _SHARED:
            own = isinstance(dataset.get_field(name), _SHARED[name])
            own = own and (name in named or name == fields.NO_TARGET)
        if not own:
            raise StateError(
                f"dataset {dataset.name!r} has a field {name!r} of its own, a name that PairLens "
                f"needs; rename it: dataset.rename_sample_field({name!r}, '{name}_of_mine')"
            )


def settled(dataset: Any, places: Places, instances: InstanceChoice) -> Places:
    """Decides whether each query of a sample is about one of its instances.

    They are if every sample has as many queries as instances, and some sample has several.
    """
    if places.within:
        return places
    every = fo_internals.collection(dataset).find({}, {places.phrase: 1, places.mask: 1})
    counts = [counts_of(document, places) for document in every]
    counts = [(texts, parts) for texts, parts in counts if texts and parts]
    several = any(texts > 1 and parts > 1 for texts, parts in counts)
    alike = several and all(texts == parts for texts, parts in counts)
    each = alike if instances == "auto" else instances == "each"
    return replace(places, each=each, several=several)


def are_boxes(dataset: Any, places: Places) -> bool:
    """Whether the target of each query is the box of one detection, and none has a mask.

    For a dataset that was adopted before, the earlier decision holds.
    """
    if working_set.is_imported(dataset) or dataset.has_field(fields.TARGET_BOX):
        return working_set.is_imported(dataset) and dataset.has_field(fields.TARGET_BOX)
    listed = {"Detections": f"{places.mask}.detections", "Detection": places.mask}
    path = listed.get(_kind(dataset.get_field(places.mask)))
    if path is None:
        return False
    others = [{f"{path}.mask": {"$exists": True, "$ne": None}},
              {f"{path}.mask_path": {"$exists": True, "$nin": [None, ""]}}]  # fmt: skip
    if not places.within and not places.each:
        others.append({f"{path}.1": {"$exists": True}})
    return fo_internals.collection(dataset).find_one({"$or": others}, {"_id": 1}) is None


def _holds(dataset: Any, path: str) -> bool:
    found = {path: {"$exists": True, "$nin": [None, []]}}
    return fo_internals.collection(dataset).find_one(found, {"_id": 1}) is not None


def _path(places: Places, kind: str) -> str:
    return ".".join(filter(None, (places.mask, LIST_FIELDS.get(kind), places.phrase)))


def _kind(field: Any) -> str:
    kind = getattr(field, "document_type", None) or type(field)
    return kind.__name__


def _is_text(field: Any) -> bool:
    listed = isinstance(field, fo.ListField) and isinstance(field.field, fo.StringField)
    text = isinstance(field, fo.StringField) or listed
    return text or _kind(field) in ("Classification", "Classifications")


def _listed(names: list[str]) -> str:
    return ", ".join(names) or "none"
