"""Compares two scorings of a dataset, from the values stored on the samples."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS
from pairlens.fiftyone_plugin.metrics.overlap import Overlap
from pairlens.fiftyone_plugin.metrics.pair_attributes import IMAGE_FIELDS, image_of
from pairlens.fiftyone_plugin.metrics.paired import compare_tables, differences, most_changed
from pairlens.fiftyone_plugin.metrics.runs import load_score
from pairlens.fiftyone_plugin.metrics.summary import OverlapTable, OverlapTableBuilder
from pairlens.importers import fields, fo_internals, store
from pairlens.importers.errors import StateError, UsageError

VIEW_DESCRIPTION = "PairLens comparison"
"""Start of the description of views that a comparison saves, and may replace."""


@dataclass
class Comparison:
    """Two scorings of the same pairs; see
    :func:`~pairlens.fiftyone_plugin.metrics.paired.compare_tables`.

    Attributes:
        keys: evaluation keys of the two scorings
        only_one: number of pairs that only one scoring has; they are left out
        changed: the pairs whose IoU changed most: ``key``, ``phrase``, ``first``, ``second``
        view: the name of the saved view of them, or ``""``
    """

    keys: list[str]
    convention: str
    pairs: int = 0
    only_one: int = 0
    first: dict[str, Any] = field(default_factory=dict)
    second: dict[str, Any] = field(default_factory=dict)
    difference: dict[str, float | None] = field(default_factory=dict)
    ci: dict[str, list[float]] = field(default_factory=dict)
    wins: int = 0
    ties: int = 0
    losses: int = 0
    undefined: int = 0
    changed: list[dict[str, Any]] = field(default_factory=list)
    view: str = ""
    seconds: float = 0.0


def compare(
    samples: Any,
    first: str,
    second: str,
    *,
    convention: str | None = None,
    rounds: int = 1000,
    seed: int = 0,
    most: int = 50,
    view: str | None = None,
) -> Comparison:
    """Compares two scorings pair by pair.

    Args:
        samples: a dataset or view
        first: evaluation key of the reference
        second: evaluation key of the scoring that is compared; it wins where its IoU is higher
        convention: the IoU convention; by default that of the two scorings
        rounds: rounds of the bootstrap over images; 0 for no intervals
        seed: seed of the bootstrap
        most: number of most changed pairs to list and save
        view: name of the view to save them as, most changed first; by default none is saved

    Raises:
        StateError: if a scoring is missing, if the two have different ground truths or, without
            ``convention``, different conventions, or if a view of that name was not saved by a
            comparison
        UsageError: for an unknown convention or a negative number
    """
    started = time.perf_counter()
    if rounds < 0 or most < 0:
        raise UsageError("the bootstrap rounds and the number of pairs to list must be 0 or more")
    chosen = CONVENTIONS[_agreed(samples, first, second, convention)]
    _check_view(fo_internals.dataset_of(samples), view)
    comparison = Comparison([first, second], chosen.name)
    ids, one, other = _tables(samples, first, second, comparison)
    for name, value in compare_tables(one, other, chosen, rounds, seed).items():
        setattr(comparison, name, value)
    order = most_changed(differences(one, other, chosen), most).tolist()
    ious = (one.iou(chosen), other.iou(chosen))
    picked = [(ids[i], float(ious[0][i]), float(ious[1][i])) for i in order]
    comparison.changed = list(_described(fo_internals.dataset_of(samples), picked))
    if view is not None:
        comparison.view = view
        _save(
            fo_internals.dataset_of(samples),
            view,
            [i for i, _, _ in picked],
            f"{first} and {second}",
        )
    comparison.seconds = round(time.perf_counter() - started, 3)
    return comparison


def _agreed(samples: Any, first: str, second: str, convention: str | None) -> str:
    """The convention to compare by."""
    a, b = (load_score(samples, key) for key in (first, second))
    if a.gt != b.gt:
        raise StateError(f"{first} is scored against {a.gt!r}, {second} against {b.gt!r}")
    if convention is None and a.convention != b.convention:
        raise StateError(
            f"{first} is scored as {a.convention}, {second} as {b.convention}; "
            "choose one with --convention"
        )
    return convention or a.convention


def _check_view(dataset: Any, view: str | None) -> None:
    if view is None or not dataset.has_saved_view(view):
        return
    if not (dataset.get_saved_view_info(view)["description"] or "").startswith(VIEW_DESCRIPTION):
        raise StateError(f"view {view!r} exists and is not of a comparison; choose another name")


def _tables(
    samples: Any, first: str, second: str, comparison: Comparison
) -> tuple[list[Any], OverlapTable, OverlapTable]:
    """Sample ids and overlaps of the pairs that both scorings have."""
    ids: list[Any] = []
    images: dict[str, int] = {}
    tables = OverlapTableBuilder(), OverlapTableBuilder()
    names = [name for key in (first, second) for name in fields.score_fields(key)]
    for doc in store.stream(samples, (*names, *IMAGE_FIELDS)):
        counts = [_counts(doc, key) for key in (first, second)]
        if counts[0] is None or counts[1] is None:
            comparison.only_one += counts != [None, None]
            continue
        ids.append(doc["_id"])
        image = images.setdefault(image_of(doc), len(images))
        for table, overlap in zip(tables, counts, strict=True):
            table.add([overlap], [image])  # type: ignore[list-item]
    return ids, tables[0].build(), tables[1].build()


def _counts(doc: dict[str, Any], key: str) -> Overlap | None:
    _, *names = fields.score_fields(key)
    intersection, union, target, predicted = (doc.get(name) for name in names)
    if intersection is None or union is None or target is None:
        return None
    return Overlap(intersection, union, target, predicted or 0, 0, missing=predicted is None)


def _described(dataset: Any, picked: list[tuple[Any, float, float]]) -> Iterator[dict[str, Any]]:
    found = fo_internals.collection(dataset).find(
        {"_id": {"$in": [i for i, _, _ in picked]}}, {fields.KEY: 1, fields.PHRASE: 1}
    )
    docs = {doc["_id"]: doc for doc in found}
    for sample_id, first, second in picked:
        doc = docs[sample_id]
        named = {name: doc.get(name) or "" for name in (fields.KEY, fields.PHRASE)}
        named[fields.KEY] = named[fields.KEY] or str(sample_id)
        yield {**named, "first": first, "second": second}


def _save(dataset: Any, name: str, ids: list[Any], scorings: str) -> None:
    view = dataset.select([str(i) for i in ids], ordered=True)
    description = f"{VIEW_DESCRIPTION}: the pairs that changed most between {scorings}"
    dataset.save_view(name, view, description=description, overwrite=True)
