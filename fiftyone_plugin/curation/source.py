"""What a session is started over, and the order of its queue: the worst pair first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bson import ObjectId

from fiftyone_plugin.checks import CHECKS, SEVERITIES
from fiftyone_plugin.curation.review_fields import VERDICTS
from importers import fo_internals, store
from importers.errors import UnknownName, UsageError
from importers.fields import FINDINGS, KEY, VERDICT

LABELS = f"{FINDINGS}.classifications"
_FOUND = f"${LABELS}"


@dataclass(frozen=True)
class Source:
    """Pairs to review.

    Attributes:
        samples: a dataset or a view
        facts: ``{"kind", "text", ...}``, what it is, for people and for the session
        where: a MongoDB filter on top
        check: the check whose findings alone count
    """

    samples: Any
    facts: dict[str, Any]
    where: dict[str, Any]
    check: str | None = None

    def ordered(
        self, dataset: Any, *, include_judged: bool = True, limit: int | None = None
    ) -> Iterator[ObjectId]:
        """The pairs' sample ids, worst first; the database sorts."""
        pipeline = [
            *fo_internals.pipeline(self.samples),
            {"$match": {KEY: {"$gt": ""}} | self.where},
        ]
        if not include_judged:
            pipeline.append({"$match": {VERDICT: {"$nin": list(VERDICTS)}}})
        pipeline += [
            # Made small first, so that the database sorts small documents.
            {"$project": {"k": f"${KEY}", "badness": badness(self.check)}},
            {"$sort": {"badness": 1, "k": 1}},
        ]
        if limit is not None:
            pipeline.append({"$limit": limit})
        pipeline.append({"$project": {"_id": 1}})
        found = fo_internals.collection(dataset).aggregate(
            pipeline, allowDiskUse=True, batchSize=10 * store.BATCH
        )
        for document in found:
            yield document["_id"]


def badness(check: str | None = None) -> dict[str, Any]:
    """A MongoDB expression that sorts pairs worst first.

    A pair is as bad as its worst finding: severity first, then score. With two for each step
    of severity and scores in [0, 1], 0 is the worst there is; pairs without a finding come
    last.

    Args:
        check: only this check's findings count
    """
    found: Any = {"$ifNull": [_FOUND, []]}
    if check is not None:
        found = {"$filter": {"input": found, "cond": {"$eq": ["$$this.label", check]}}}
    rank = {"$indexOfArray": [list(SEVERITIES), "$$one.severity"]}
    # A label that somebody typed into the App has no severity and no score.
    rank = {"$cond": [{"$lt": [rank, 0]}, len(SEVERITIES), rank]}
    each = {"$add": [{"$multiply": [2, rank]}, {"$ifNull": ["$$one.score", 1]}]}
    worst = {"$min": {"$map": {"input": found, "as": "one", "in": each}}}
    return {"$ifNull": [worst, 2 * len(SEVERITIES) + 2]}


def choose(
    dataset: Any,
    *,
    view: Any = None,
    check: str | None = None,
    saved_view: str | None = None,
    severity: str | None = None,
) -> Source:
    """What is to be reviewed: the one thing that is named, or all that is flagged.

    Raises:
        UsageError: if several are named, a name is unknown, or a view holds no samples
    """
    named = {"view": view, "check": check, "saved_view": saved_view, "severity": severity}
    given = [name for name, value in named.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"a session is over one thing, not over {' and '.join(given)}")
    if check is not None:
        return _of_check(dataset, check)
    if severity is not None:
        if severity not in SEVERITIES:
            raise UnknownName("severity", severity, SEVERITIES)
        where = {f"{LABELS}.severity": severity}
        facts = {"kind": "severity", "severity": severity, "text": f"findings: {severity}"}
        return Source(dataset, facts, where)
    if saved_view is not None:
        if not dataset.has_saved_view(saved_view):
            raise UnknownName("saved view", saved_view, dataset.list_saved_views())
        facts = {"kind": "saved_view", "view": saved_view, "text": f"view {saved_view}"}
        return Source(_of_samples(dataset, dataset.load_saved_view(saved_view)), facts, {})
    if view is not None:
        return _of_view(dataset, view)
    facts = {"kind": "flagged", "text": "all flagged pairs"}
    return Source(dataset, facts, {f"{LABELS}.0": {"$exists": True}})


def _of_check(dataset: Any, check: str) -> Source:
    where = {f"{LABELS}.label": check}
    if check not in CHECKS and not fo_internals.collection(dataset).find_one(where, {"_id": 1}):
        raise UnknownName("check", check, CHECKS)
    facts = {"kind": "check", "check": check, "text": f"check {check}"}
    return Source(dataset, facts, where, check)


def _of_view(dataset: Any, view: Any) -> Source:
    samples = _of_samples(dataset, view)
    stages = samples._serialize() if samples is not dataset else []
    steps = [stage["_cls"].rsplit(".", 1)[-1] for stage in stages]
    text = f"view {' > '.join(steps)}" if steps else "the whole dataset"
    return Source(samples, {"kind": "view", "stages": steps, "text": text[:150]}, {})


def _of_samples(dataset: Any, view: Any) -> Any:
    """The view, if its documents are the dataset's samples.

    Raises:
        UsageError: if they are not
    """
    if view is dataset:
        return view
    if (
        fo_internals.dataset_of(view) is not dataset
        and fo_internals.dataset_of(view).name != dataset.name
    ):
        raise UsageError(
            f"the view is of dataset {fo_internals.dataset_of(view).name!r}, not {dataset.name!r}"
        )
    if view._is_generated or view._is_dynamic_groups:
        raise UsageError("the view holds parts or groups of pairs; show single pairs first")
    return view
