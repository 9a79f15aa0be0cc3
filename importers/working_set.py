"""The working set: the samples that a step reads, given a dataset or a view.

For a dataset, these are all samples; for a view, its samples in its order, each once and with the
fields that the view hides; for a view of groups, all samples of the groups. Samples that PairLens
did not import are left out, and the step reports how many. A dataset that PairLens did not import
is refused, even if its fields have the same names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import fiftyone as fo

from pairlens.importers import fields, fo_internals
from pairlens.importers.errors import StateError, UsageError

Stages = list[dict[str, Any]]

OWN = {f"{fields.SOURCE}.file": {"$type": "string"}, fields.KEY: {"$type": "string"}}
"""A filter for samples that PairLens imported: they have a key and a source file."""

_OF_PARTS = "the view holds parts of samples, such as patches; give a view of whole samples"

_CHOOSING = (
    fo.Exclude, fo.ExcludeBy, fo.Exists, fo.Limit, fo.Match, fo.MatchLabels, fo.MatchTags,
    fo.Select, fo.SelectBy, fo.Shuffle, fo.Skip, fo.SortBy, fo.Take,
)  # fmt: skip
"""Stages that select or order samples without changing them."""
_ALTERING = (
    fo.ExcludeLabels, fo.FilterField, fo.FilterKeypoints, fo.FilterLabels, fo.LimitLabels,
    fo.MapLabels, fo.SelectLabels,
)  # fmt: skip
"""Stages that change some fields of samples and keep the others."""
_HIDING = (fo.SelectFields, fo.ExcludeFields)
_REPEATING = (fo.Concat, fo.Mongo)
"""Stages whose result can have a sample twice."""

_WHOLE = "_pairlens_whole"
"""Temporary field with the sample as stored, while a view's stages change its fields."""


def is_imported(dataset: Any) -> bool:
    """Whether PairLens imported the dataset, by the format in its facts."""
    return bool(_format_of(dataset))


def is_adopted(dataset: Any) -> bool:
    """Whether the pairs of the dataset were adopted from labels that it had."""
    return _format_of(dataset) == fields.ADOPTED


def _format_of(dataset: Any) -> str:
    if dataset is None:
        return ""
    facts = fo_internals.dataset_of(dataset).info.get(fields.INFO) or {}
    return facts.get("format") or ""


def check(samples: Any) -> None:
    """Validates that a step can work on a dataset or view.

    Raises:
        StateError: if PairLens did not import the dataset
        UsageError: if the view holds parts of samples
    """
    dataset, of_parts = fo_internals.dataset_of(samples), fo_internals.is_of_parts(samples)
    if not is_imported(dataset):
        raise StateError(
            f"dataset {dataset.name!r} was not imported by PairLens; take its labels for pairs "
            f"with: pairlens adopt {dataset.name} --phrase FIELD --mask FIELD"
        )
    if of_parts:
        raise UsageError(_OF_PARTS)


def check_any(samples: Any) -> None:
    """Validates that a dataset or view has something to work on.

    Raises:
        StateError: if it has no samples, or none that PairLens imported
    """
    first = fo_internals.collection(samples).aggregate([*pipeline(samples), {"$limit": 1}])
    if next(first, None) is not None:
        return
    name = fo_internals.dataset_of(samples).name
    ours = " that PairLens imported" * bool(left_out(samples))
    if fo_internals.is_view(samples):
        raise StateError(f"the view of dataset {name!r} has no samples{ours}; give another")
    imports = f"import some into it with: pairlens import auto ROOT --name {name} --resume"
    way = "pairlens adopt takes in what is added to it" if is_adopted(samples) else imports
    raise StateError(f"dataset {name!r} has no samples{ours}; {way}")


def pipeline(samples: Any, as_seen: Sequence[str] = ()) -> Stages:
    """Returns the MongoDB stages that read the working set.

    Args:
        samples: a dataset or view
        as_seen: label fields that are read as the view filters them; all others are read as stored

    Raises:
        UsageError: if the view holds parts of samples
    """
    own = own_filter(samples)
    return [*pipeline_of_all(samples, as_seen), *([{"$match": own}] if own else ())]


def own_filter(samples: Any) -> dict[str, Any]:
    """Returns a MongoDB filter for the samples that are in the working set."""
    return OWN if is_imported(samples) else {}


def pipeline_of_all(samples: Any, as_seen: Sequence[str] = ()) -> Stages:
    """Returns the stages of :func:`pipeline` without :func:`own_filter`.

    With them alone, the database can order the result by an index without reading samples.

    Raises:
        UsageError: for a view of patches, frames or the like
    """
    if fo_internals.is_of_parts(samples):
        raise UsageError(_OF_PARTS)
    shown = _shown(samples)
    if shown is None:
        return []
    chosen = _chosen(shown)
    if chosen is not None:
        before, stages = chosen
        return [*before, *(_seen_stages(stages, as_seen) if stages else ())]
    return _looked_up(_stages_once(samples, shown), samples, as_seen)


def _chosen(shown: Any) -> tuple[Stages, Stages] | None:
    """Splits the stages of a view into those that select samples and later ones that change fields.

    Returns:
        both lists; ``None`` if the view has other stages as well, so that its samples must be read
        a second time
    """
    kinds = [type(stage) for stage in fo_internals.view_stages(shown)]
    if fo_internals.is_of_groups(shown) or not {*kinds} <= {*_CHOOSING, *_ALTERING}:
        return None
    number = next((n for n, kind in enumerate(kinds) if kind in _ALTERING), len(kinds))
    stages = fo_internals.pipeline(shown)
    if number == len(kinds):
        return stages, []
    plain = fo_internals.stages(shown)[:number]
    before = fo_internals.pipeline(
        fo_internals.view_from_stages(fo_internals.dataset_of(shown), plain)
    )
    same = stages[: len(before)] == before
    return (before, stages[len(before) :]) if same else None


def _seen_stages(stages: Stages, as_seen: Sequence[str]) -> Stages:
    """Stages that change fields, with the stored sample kept beside their result."""
    seen = {name: f"${name}" for name in as_seen}
    whole: Any = {"$mergeObjects": [f"${_WHOLE}", seen]} if seen else f"${_WHOLE}"
    return [{"$set": {_WHOLE: "$$ROOT"}}, *stages, {"$replaceRoot": {"newRoot": whole}}]


def _looked_up(stages: Stages, samples: Any, as_seen: Sequence[str]) -> Stages:
    """Stages that read the samples of a view a second time, which takes several times as long."""
    lookup = {
        "from": fo_internals.collection(samples).name,
        "localField": "_id",
        "foreignField": "_id",
        "as": "whole",
    }
    seen = {name: f"${name}" for name in as_seen}
    whole = {"$mergeObjects": [{"$first": "$whole"}, seen]}
    return [
        *stages,
        {"$project": dict.fromkeys(("_id", *as_seen), 1)},
        {"$lookup": lookup},
        {"$replaceRoot": {"newRoot": whole}},
    ]


def _shown(samples: Any) -> Any:
    """Returns a view without the stages that hide fields; ``None`` if it has all samples."""
    if isinstance(samples, fo.Dataset):
        return None
    kinds = [type(stage) for stage in fo_internals.view_stages(samples)]
    shown = samples
    if any(kind in _HIDING for kind in kinds):
        plain = zip(fo_internals.stages(samples), kinds, strict=True)
        kept = [stage for stage, kind in plain if kind not in _HIDING]
        shown = fo_internals.view_from_stages(fo_internals.dataset_of(samples), kept)
    if fo_internals.is_of_groups(shown):
        shown = shown.flatten()
    return shown if fo_internals.pipeline(shown) else None


def _stages_once(samples: Any, shown: Any) -> Stages:
    """Returns the stages of a view, followed by stages that drop repeated samples."""
    stages = fo_internals.pipeline(shown)
    if any(type(stage) in _REPEATING for stage in fo_internals.view_stages(samples)):
        once = [
            {"$group": {"_id": "$_id", "whole": {"$first": "$$ROOT"}}},
            {"$sort": {"_id": 1}},
            {"$replaceRoot": {"newRoot": "$whole"}},
        ]
        stages += once
    return stages


def count(samples: Any) -> int:
    """Counts the samples in the working set of a dataset or view."""
    return _count(samples, pipeline(samples))


def left_out(samples: Any) -> int:
    """Counts the samples of a dataset or view that PairLens did not import."""
    if not is_imported(samples):
        return 0
    return _count(samples, [*pipeline_of_all(samples), {"$match": {"$nor": [OWN]}}])


def _count(samples: Any, stages: Stages) -> int:
    counted = fo_internals.collection(samples).aggregate(
        [*stages, {"$count": "n"}], allowDiskUse=True
    )
    return next((one["n"] for one in counted), 0)
