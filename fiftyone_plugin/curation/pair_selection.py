"""Pairs to look at, the worst first: what a session is over, and the bars of the overview.

======================  ======================================================================
bar                     pairs that it shows
======================  ======================================================================
``all``                 every pair
``flagged``             with a finding
``check:NAME``          with a finding of a check, by that check's score
``severity:NAME``       with a finding of a severity
``verdict:NAME``        with a verdict; ``pending`` for none
``reviewer:NAME``       judged by a reviewer
``split:NAME``          of a split
``range:F:LOW:HIGH``    a number in ``[LOW, HIGH)``, or up to 1 with it, lowest first
``session:ID``          the next pairs of a session that nobody has judged, in its order
======================  ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

from bson import ObjectId

from fiftyone_plugin.checks import CHECKS, SEVERITIES
from fiftyone_plugin.curation import queue, review_fields, session_store, texts
from fiftyone_plugin.curation.panel_types import SessionOver
from fiftyone_plugin.curation.texts import PENDING, VERDICTS
from importers import fo_internals, store, working_set
from importers.errors import UnknownName, UsageError
from importers.fields import FINDINGS, KEY, QUALITY, REVIEWER, SPLIT, VERDICT

LABELS = f"{FINDINGS}.classifications"

MOST_QUEUED = 500
"""Pairs of a session that a view shows: they are named one by one in it."""

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
    """

    samples: Any
    over: SessionOver
    where: Filter
    check: str | None = None

    def ordered(
        self, dataset: Any, *, include_judged: bool = True, limit: int | None = None
    ) -> Iterator[ObjectId]:
        """The pairs' sample ids, worst first; the database sorts.

        Of the pairs whose worst findings are one group, the worst stands for all of them; the
        others come behind, before the pairs without a finding.
        """
        pipeline = [
            *working_set.pipeline(self.samples),
            {"$match": self.where},
        ]
        if not include_judged:
            pipeline.append({"$match": {VERDICT: {"$nin": list(VERDICTS)}}})
        pipeline += [
            # Made small first, so that the database sorts small documents.
            {"$project": {"k": f"${KEY}", "b": badness(self.check), "g": _group(self.check)}},
            {"$sort": {"b": 1, "k": 1}},
            {"$project": {"b": 1, "g": 1}},
        ]
        found = fo_internals.collection(dataset).aggregate(
            pipeline, allowDiskUse=True, batchSize=10 * store.BATCH
        )
        ranked = ((one["_id"], one.get("g") if one["b"] < SOUND else None) for one in found)
        return islice(once_a_group(ranked), limit)


SOUND = 2.0
"""The badness of a pair without a finding."""


def once_a_group(ranked: Iterator[tuple[ObjectId, str | None]]) -> Iterator[ObjectId]:
    """Puts the first of each group before all others of it.

    Args:
        ranked: sample and group, ``None`` for those without, which come last
    """
    seen: set[str] = set()
    again = bytearray()  # 12 bytes each: there may be hundreds of thousands
    for sample_id, group in ranked:
        if group is None:
            yield from _unpacked(again)
            again.clear()
            yield sample_id
        elif group and group in seen:
            again += sample_id.binary
        else:
            seen.add(group)
            yield sample_id
    yield from _unpacked(again)


def _unpacked(ids: bytearray) -> Iterator[ObjectId]:
    return (ObjectId(bytes(ids[n : n + 12])) for n in range(0, len(ids), 12))


def _labels(check: str | None) -> dict[str, Any]:
    found: Any = {"$ifNull": [f"${LABELS}", []]}
    if check is None:
        return found
    return {"$filter": {"input": found, "cond": {"$eq": ["$$this.label", check]}}}


def _group(check: str | None) -> dict[str, Any]:
    """The group of the worst finding: they are stored worst first."""
    first = {"$arrayElemAt": [_labels(check), 0]}
    return {"$let": {"vars": {"first": first}, "in": {"$ifNull": ["$$first.group", f"${KEY}"]}}}


def badness(check: str | None = None) -> dict[str, Any]:
    """A MongoDB expression that sorts pairs worst first.

    A pair is as bad as its worst finding: score first, which is the chance that the pair is
    right, then severity. Scores in [0, 1] have four decimals, so that a step of severity counts
    less than any difference of scores; pairs without a finding come last, with :data:`SOUND`.

    Args:
        check: only this check's findings count
    """
    found = _labels(check)
    rank = {"$indexOfArray": [list(SEVERITIES), "$$one.severity"]}
    # A label that somebody typed into the App has no severity and no score.
    rank = {"$cond": [{"$lt": [rank, 0]}, len(SEVERITIES), rank]}
    each = {"$add": [{"$multiply": [1e-5, rank]}, {"$ifNull": ["$$one.score", 1]}]}
    worst = {"$min": {"$map": {"input": found, "as": "one", "in": each}}}
    return {"$ifNull": [worst, SOUND]}


def choose(
    dataset: Any,
    *,
    view: Any = None,
    check: str | None = None,
    saved_view: str | None = None,
    severity: str | None = None,
) -> PairSelection:
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
        over: SessionOver = {
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
    return PairSelection(dataset, over, _FILTERS["flagged"](""))


def _of_check(dataset: Any, check: str) -> PairSelection:
    where = _FILTERS["check"](check)
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


def bar_name(*parts: str) -> str:
    """The name of a bar."""
    return ":".join(parts)


def view_of(dataset: Any, bar: str, *, view: Any = None) -> Any:
    """The pairs of a bar as a FiftyOne view, worst first.

    Args:
        dataset: a dataset that PairLens imported
        bar: its name, see the table above
        view: the view that the overview was of

    Raises:
        UsageError: for a name that is of no bar
    """
    review_fields.check_pairs(dataset)
    kind, _, value = bar.partition(":")
    base = dataset.view() if view is None else view.view()
    if kind == "session":
        ids = queue.left(session_store.find(dataset, value), MOST_QUEUED)
        return base.select([str(sample_id) for sample_id in ids], ordered=True)
    if kind == "range":
        field, low, high = _range(dataset, value)
        # The last bar holds the perfect pairs too.
        below = "$lte" if high >= 1 else "$lt"
        return base.match({field: {"$gte": low, below: high}}).sort_by(field)
    if kind not in _FILTERS or (not value and kind not in ("all", "flagged", "reviewer")):
        raise UnknownName("bar", bar, (*_FILTERS, "range", "session"))
    shown = base.match(_FILTERS[kind](value)) if kind != "all" else base
    return shown.sort_by(badness(value if kind == "check" else None))


def _range(dataset: Any, value: str) -> tuple[str, float, float]:
    field, *bounds = value.split(":")
    known = field == QUALITY or field.endswith("_iou")
    try:
        low, high = (float(bound) for bound in bounds)
    except ValueError:
        raise UsageError(f"{value!r} is no range; give FIELD:LOW:HIGH") from None
    if not known or not dataset.has_field(field):
        raise UsageError(f"dataset {dataset.name!r} has no numbers {field!r} to show a range of")
    return field, low, high


def _severity(value: str) -> Filter:
    if value not in SEVERITIES:
        raise UnknownName("severity", value, SEVERITIES)
    return {f"{LABELS}.severity": value}


def _verdict(value: str) -> Filter:
    if value == PENDING:
        return {VERDICT: {"$nin": list(VERDICTS)}}
    return {VERDICT: texts.check_verdict(value)}


def _reviewer(value: str) -> Filter:
    # A verdict that was typed into the App has no reviewer.
    return {REVIEWER: value or None, VERDICT: {"$in": list(VERDICTS)}}


_FILTERS: dict[str, Callable[[str], Filter]] = {
    "all": lambda value: {},
    "flagged": lambda value: {f"{LABELS}.0": {"$exists": True}},
    "check": lambda value: {f"{LABELS}.label": value},
    "severity": _severity,
    "verdict": _verdict,
    "reviewer": _reviewer,
    "split": lambda value: {SPLIT: value},
}
