"""What is to be reviewed: pairs chosen by findings, verdicts or a view, worst first."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal

from bson import ObjectId
from pymongo.errors import OperationFailure

from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES
from pairlens.fiftyone_plugin.checks.finding import UNFLAGGED, badness, labels_expression
from pairlens.fiftyone_plugin.curation import count_cache, opinions, texts
from pairlens.fiftyone_plugin.curation.ordering import Stages, in_order, once_a_group
from pairlens.fiftyone_plugin.curation.panel_types import SessionOver
from pairlens.fiftyone_plugin.curation.texts import PENDING, VERDICTS
from pairlens.importers import fo_internals, working_set
from pairlens.importers.errors import UnknownName, UsageError
from pairlens.importers.fields import (
    BADNESS,
    FINDINGS,
    KEY,
    P_BAD,
    QUEUE,
    REVIEWED_AT,
    REVIEWER,
    SPLIT,
    VERDICT,
)

LABELS = f"{FINDINGS}.classifications"
"""Where a sample stores its findings."""

Order = Literal["findings", "p_bad"]
"""Worst first: by the worst finding, or by the estimated chance to be bad."""

Filter = dict[str, Any]
"""A MongoDB filter of samples."""


@dataclass(frozen=True)
class PairSelection:
    """Pairs to review.

    Attributes:
        samples: a dataset or a view
        over: what they are, for people and for the session
        where: a MongoDB filter on top
        check: the check whose findings alone count
        judged: whether they are pairs that have a verdict, which else are left out
    """

    samples: Any
    over: SessionOver
    where: Filter
    check: str | None = None
    judged: bool = False

    def ordered(
        self,
        dataset: Any,
        *,
        include_judged: bool = True,
        limit: int | None = None,
        order: Order = "findings",
    ) -> Iterator[ObjectId]:
        """The pairs' sample ids, worst first; the database sorts.

        Of the pairs whose worst findings are one group, the worst stands for all of them; the
        others come behind, before the pairs without a finding.
        """
        stages = self.stages(include_judged=include_judged, order=order)
        return in_order(fo_internals.collection(dataset), stages, limit)

    def stages(
        self, *, include_judged: bool, order: Order = "findings", at: datetime | None = None
    ) -> Stages:
        """The stages that :func:`in_order` takes.

        Args:
            include_judged: whether pairs that have a verdict are among them
            order: of the pairs
            at: a time, if those count as judged that were so then
        """
        wanted = [*working_set.pipeline(self.samples), {"$match": self.where}]
        if not include_judged and not self.judged:
            if at is not None:
                wanted.append(_unjudged(at))
            else:
                wanted.append(UNJUDGED if self.where else {"$match": _NONE})
        return [
            *wanted,
            # Made small first, so that the database sorts small documents.
            {"$project": _ranked(worse(order, self.check), self.check)},
            {"$sort": {"b": 1, "k": 1}},
            {"$project": {"b": 1, "g": 1}},
        ]

    def first(self, dataset: Any, most: int, *, include_judged: bool) -> list[ObjectId]:
        """The first of the pairs of :meth:`ordered`, by findings, without a look at the others.

        The database reads some of the worst in the order of an index. Those that it has not read
        are no worse than the last of these, so that what is worse is in its place.

        Returns:
            so many pairs; none where there are hardly more, where many are of few groups or have
            a worse finding than that of the check, where it takes long, or where the view counts
            samples in their order
        """
        chosen = working_set.pipeline(self.samples)
        if not {name for stage in chosen for name in stage} <= _UNCOUNTED:
            return []
        samples, indexed = fo_internals.collection(dataset), {f"{FINDINGS}._cls": {"$exists": True}}
        shown = self.where if include_judged or self.judged else {"$and": [_NONE, self.where]}

        def read(found: Any, order: dict[str, int], number: int) -> list[dict[str, Any]]:
            pipeline = [
                *chosen,
                {"$match": {"$and": [indexed, {BADNESS: found}, shown]}},
                {"$sort": order},
                {"$limit": number},
                {"$project": {"s": f"${BADNESS}", **_ranked(badness(self.check), self.check)}},
            ]
            found = samples.aggregate(
                pipeline, hint=dict(QUEUE), maxTimeMS=_QUICK, batchSize=number
            )
            return list(found)

        try:
            worst = read({"$gte": 0, "$lt": UNFLAGGED}, {BADNESS: 1, KEY: 1}, _READ)
            if len(worst) < _READ or read(None, {KEY: 1}, 1):
                return []
        except OperationFailure:
            return []
        last = worst[-1]["s"], worst[-1]["k"]
        sure = sorted(((one["b"], one["k"]), one["_id"], one["g"]) for one in worst)
        ranked = [(sample_id, group) for place, sample_id, group in sure if place <= last]
        firsts = list(islice(once_a_group(iter(ranked), last=False), most))
        return firsts if len(firsts) == most else []


_UNCOUNTED = frozenset({"$match", "$set", "$addFields", "$project", "$unset", "$replaceRoot"})
"""Stages that treat each sample alone, so that they give the same in the order of an index."""

_READ = 10_000
"""Pairs that are read to find the first."""

_QUICK = 1000
"""Milliseconds in which they are found."""


def _ranked(how_bad: dict[str, Any], check: str | None) -> dict[str, Any]:
    """What is read of a pair: how bad it is, its key and its group."""
    return {"b": how_bad, "k": f"${KEY}", "g": _group(check)}


def worse(order: Order, check: str | None) -> dict[str, Any]:
    """A MongoDB expression that sorts pairs worst first, in an order."""
    if order == "findings":
        return badness(check)
    return {"$subtract": [1, {"$ifNull": [f"${P_BAD}", 0]}]}


def _group(check: str | None) -> dict[str, Any]:
    """The group of the worst finding: they are stored worst first."""
    first = {"$arrayElemAt": [labels_expression(check), 0]}
    return {"$let": {"vars": {"first": first}, "in": {"$ifNull": ["$$first.group", f"${KEY}"]}}}


def choose(
    dataset: Any,
    *,
    view: Any = None,
    check: str | None = None,
    saved_view: str | None = None,
    severity: str | None = None,
    warnings: bool | None = None,
    disagreements: bool | None = None,
) -> PairSelection:
    """What is to be reviewed: the one thing that is named, or all that is flagged.

    Raises:
        UsageError: if several are named, a name is unknown, or a view holds no samples
    """
    named = {"view": view, "check": check, "saved_view": saved_view, "severity": severity}
    named |= {"warnings": warnings or None, "disagreements": disagreements or None}
    given = [name for name, value in named.items() if value is not None]
    if len(given) > 1:
        raise UsageError(f"a session is over one thing, not over {' and '.join(given)}")
    if check is not None:
        return _of_check(dataset, check)
    if warnings:
        return PairSelection(dataset, {"kind": "warnings", "text": "warnings and errors"}, GRAVE)
    if disagreements:
        over: SessionOver = {"kind": "disagreements", "text": "what reviewers disagree on"}
        where = {KEY: {"$in": list(opinions.disagreements(dataset))}}
        return PairSelection(dataset, over, where, judged=True)
    if severity is not None:
        over = {
            "kind": "severity", "severity": severity, "text": f"findings: {severity}"
        }  # fmt: skip
        return PairSelection(dataset, over, _severity(severity))
    if saved_view is not None:
        if not dataset.has_saved_view(saved_view):
            raise UnknownName("saved view", saved_view, dataset.list_saved_views())
        over = {"kind": "saved_view", "view": saved_view, "text": f"view {saved_view}"}
        return PairSelection(_of_samples(dataset, dataset.load_saved_view(saved_view)), over, {})
    if view is not None:
        return _of_view(dataset, view)
    over = {"kind": "flagged", "text": "all flagged pairs"}
    return PairSelection(dataset, over, FILTERS["flagged"](dataset, ""))


def _of_check(dataset: Any, check: str) -> PairSelection:
    where = FILTERS["check"](dataset, check)
    if check not in CHECKS and not fo_internals.collection(dataset).find_one(where, {"_id": 1}):
        raise UnknownName("check", check, CHECKS)
    over: SessionOver = {"kind": "check", "check": check, "text": f"check {check}"}
    return PairSelection(dataset, over, where, check)


def _of_view(dataset: Any, view: Any) -> PairSelection:
    samples = _of_samples(dataset, view)
    stages = fo_internals.stages(samples) if samples is not dataset else []
    steps = [stage["_cls"].rsplit(".", 1)[-1] for stage in stages]
    text = f"view {' > '.join(steps)}" if steps else "the whole dataset"
    return PairSelection(samples, {"kind": "view", "stages": steps, "text": text[:150]}, {})


def _of_samples(dataset: Any, view: Any) -> Any:
    """The view, if its documents are the dataset's samples.

    Raises:
        UsageError: if they are not
    """
    if view is dataset:
        return view
    owner = fo_internals.dataset_of(view)
    if owner is not dataset and owner.name != dataset.name:
        raise UsageError(f"the view is of dataset {owner.name!r}, not {dataset.name!r}")
    working_set.check(view)
    return view


def _severity(value: str) -> Filter:
    if value not in SEVERITIES:
        raise UnknownName("severity", value, SEVERITIES)
    return {f"{LABELS}.severity": value}


def _flagged(dataset: Any) -> Filter:
    """Pairs with a finding, as values that the index of the findings has.

    Those of what may be found later are among them: the view can be saved. That a list is not empty
    is told by no index.
    """
    known = list(CHECKS)
    return {f"{LABELS}.label": {"$in": known + _others(dataset, f"{LABELS}.label", known)}}


def _verdict(dataset: Any, value: str) -> Filter:
    if value != PENDING:
        return {VERDICT: texts.check_verdict(value)}
    # As values that the index of the verdicts has, and not as those that it is not.
    return {VERDICT: {"$in": [None, *_others(dataset, VERDICT, VERDICTS)]}}


def _others(dataset: Any, path: str, known: Container[str]) -> list[Any]:
    """The values of a field beside those that are known; where it is indexed, no pair is read."""
    found = fo_internals.collection(dataset).distinct(path)
    return [one for one in found if one is not None and one not in known]


def _reviewer(value: str) -> Filter:
    # A verdict that was typed into the App has no reviewer.
    return {REVIEWER: value or None, VERDICT: {"$in": list(VERDICTS)}}


GRAVE: Filter = {f"{LABELS}.severity": {"$in": ["error", "warning"]}}
"""Pairs with a finding that is more than information."""

_NONE: Filter = {VERDICT: {"$nin": list(VERDICTS)}}

UNJUDGED = {"$match": {"$expr": {"$not": {"$in": [f"${VERDICT}", list(VERDICTS)]}}}}
"""The stage that leaves out pairs with a verdict; as an expression, since for a filter the database
would go by the verdicts, which most pairs lack, and not by what is looked for beside it."""


def _unjudged(at: datetime) -> dict[str, Any]:
    """As :data:`UNJUDGED`, as it was at a time."""
    judged = {"$in": [f"${VERDICT}", list(VERDICTS)]}
    # A verdict that was typed into the App has no time, which is less than any.
    before = {"$lt": [f"${REVIEWED_AT}", at]}
    return {"$match": {"$expr": {"$not": {"$and": [judged, before]}}}}


FILTERS: dict[str, Callable[[Any, str], Filter]] = {
    "all": lambda dataset, value: {},
    "flagged": lambda dataset, value: _flagged(dataset),
    "check": lambda dataset, value: {f"{LABELS}.label": value},
    "severity": lambda dataset, value: _severity(value),
    "verdict": _verdict,
    "reviewer": lambda dataset, value: _reviewer(value),
    "split": lambda dataset, value: {SPLIT: value},
}
"""What pairs are shown, by kind: a filter made of the dataset and a value."""


def groups_left(dataset: Any) -> int:
    """The groups of pairs without a verdict that have a warning or an error."""
    pipeline = [
        *working_set.pipeline(dataset),
        {"$match": GRAVE},
        UNJUDGED,
        {"$group": {"_id": _group(None)}},
        {"$count": "n"},
    ]
    found = count_cache.aggregate(dataset, pipeline)
    return found[0]["n"] if found else 0
