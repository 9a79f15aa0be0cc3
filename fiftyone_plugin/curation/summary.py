"""A dataset at a glance: pairs, findings, scores and verdicts, counted in one pass.

The database groups the pairs by all that is counted at once, and sends one row a group: a
hundred thousand pairs are a few thousand rows.

Each count is a bar, whose name :func:`view_of` takes:

======================  ======================================================================
bar                     pairs that it shows
======================  ======================================================================
``all``                 every pair
``flagged``             with a finding
``check:NAME``          with a finding of a check
``severity:NAME``       with a finding of a severity
``verdict:NAME``        with a verdict; ``pending`` for none
``reviewer:NAME``       judged by a reviewer
``split:NAME``          of a split
``range:F:LOW:HIGH``    a number in ``[LOW, HIGH)``, or up to 1 with it, lowest first
``session:ID``          the next pairs of a session that nobody has judged, in its order
``disagreements``       on which reviewers disagree
======================  ======================================================================
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any, TypedDict

from bson import ObjectId

from pairlens.fiftyone_plugin.checks import CHECKS, SEVERITIES
from pairlens.fiftyone_plugin.checks.finding import badness
from pairlens.fiftyone_plugin.curation import count_cache, opinions, queue, sessions
from pairlens.fiftyone_plugin.curation.log import COLLECTION
from pairlens.fiftyone_plugin.curation.panel_types import (
    CheckBar,
    EvaluationView,
    Histogram,
    Overview,
    ReviewerBar,
    SeverityBar,
    SplitBar,
    VerdictBar,
)
from pairlens.fiftyone_plugin.curation.selection import FILTERS, LABELS
from pairlens.fiftyone_plugin.curation.texts import PENDING, VERDICTS
from pairlens.fiftyone_plugin.metrics.runs import METHOD
from pairlens.importers import fo_internals, working_set
from pairlens.importers.errors import UnknownName, UsageError
from pairlens.importers.fields import IMAGE_ID, KEY, QUALITY, REVIEWER, SPLIT, VERDICT, iou_field

MAX_BINS = 100

MOST_QUEUED = 500
"""Pairs of a session that a view shows: they are named one by one in it."""


class _Group(TypedDict):
    """Pairs that are alike in all that is counted, and their number ``n``."""

    verdict: str | None
    reviewer: str | None
    split: str | None
    found: list[tuple[str, str]]
    bucket: int | None
    n: int


def overview(
    dataset: Any, view: Any = None, *, eval_key: str | None = None, bins: int = 20
) -> Overview:
    """Counts a dataset or a view of it.

    Args:
        dataset: a dataset that PairLens imported
        view: the pairs to count; all if not given. Sessions are the dataset's in any case
        eval_key: a scoring whose IoU the histogram shows; the quality if not given
        bins: of the histogram, over [0, 1]

    Returns:
        the counts; :func:`view_of` gives the pairs of each bar

    Raises:
        UsageError: for an unknown evaluation, or too many bins
        StateError: if PairLens did not import the dataset
    """
    started = time.perf_counter()
    working_set.check(dataset)
    if not 1 <= bins <= MAX_BINS:
        raise UsageError(f"a histogram of {bins} bars; give 1 to {MAX_BINS}")
    evaluations = _evaluations(dataset)
    if eval_key is not None and eval_key not in [one["key"] for one in evaluations]:
        raise UnknownName("scoring", eval_key, (one["key"] for one in evaluations))
    field = QUALITY if eval_key is None else iou_field(eval_key)
    rows = _rows(dataset if view is None else view, field, bins)
    return {
        "dataset": dataset.name,
        "pairs": sum(row["n"] for row in rows),
        "images": _images(dataset if view is None else view),
        "flagged": sum(row["n"] for row in rows if row["found"]),
        "severities": _severities(rows),
        "findings": _findings(rows),
        "evaluations": evaluations,
        "histogram": _histogram(rows, field, eval_key, bins),
        "verdicts": _verdicts(rows),
        "reviewers": _reviewers(rows),
        "splits": _splits(rows),
        "sessions": sessions.list_sessions(dataset),
        "seconds": round(time.perf_counter() - started, 3),
    }


def _rows(samples: Any, field: str, bins: int) -> list[_Group]:
    """The pairs in groups."""
    bucket = {"$min": [bins - 1, {"$floor": {"$multiply": [f"${field}", bins]}}]}
    known = {"$cond": [{"$isNumber": f"${field}"}, {"$max": [0, bucket]}, None]}
    kind = {
        "verdict": f"${VERDICT}",
        "reviewer": f"${REVIEWER}",
        "split": f"${SPLIT}",
        "found": {
            "$map": {
                "input": {"$ifNull": [f"${LABELS}", []]},
                "in": ["$$this.label", "$$this.severity"],
            }
        },
        "bucket": known,
    }
    pipeline = [*working_set.pipeline(samples), {"$group": {"_id": kind, "n": {"$sum": 1}}}]
    found = count_cache.aggregate(samples, pipeline)
    return [_group(row["_id"], row["n"]) for row in found]


def _group(kind: dict[str, Any], number: int) -> _Group:
    return {
        "verdict": kind.get("verdict"),
        "reviewer": kind.get("reviewer"),
        "split": kind.get("split"),
        "found": [(check, severity) for check, severity in kind["found"]],
        "bucket": kind.get("bucket"),
        "n": number,
    }


def _images(samples: Any) -> int:
    """Images by name: equal names in two splits count once."""
    pipeline = [
        *working_set.pipeline(samples),
        {"$group": {"_id": f"${IMAGE_ID}"}},
        {"$count": "n"},
    ]
    found = count_cache.aggregate(samples, pipeline)
    return found[0]["n"] if found else 0


def _count(rows: Iterable[_Group], kinds: Callable[[_Group], Iterable[Any]]) -> Counter[Any]:
    """Pairs by kind; a pair that is of one kind twice counts once."""
    counts: Counter[Any] = Counter()
    for row in rows:
        for kind in set(kinds(row)):
            counts[kind] += row["n"]
    return counts


def _severities(rows: list[_Group]) -> list[SeverityBar]:
    counts = _count(rows, lambda row: (severity for _, severity in row["found"]))
    return [
        {"severity": name, "pairs": counts[name], "bar": bar_name("severity", name)}
        for name in SEVERITIES
    ]


def _findings(rows: list[_Group]) -> list[CheckBar]:
    """Worst severity first, then the most frequent."""
    counts = _count(rows, lambda row: row["found"])
    pairs = _count(rows, lambda row: (check for check, _ in row["found"]))
    found = []
    for check, number in pairs.items():
        ranks = [SEVERITIES.index(s) for c, s in counts if c == check and s in SEVERITIES]
        if ranks:
            found.append((min(ranks), -number, check))
    return [
        {
            "check": check,
            "severity": SEVERITIES[rank],
            "pairs": -negative,
            "about": CHECKS[check].about if check in CHECKS else "",
            "bar": bar_name("check", check),
        }
        for rank, negative, check in sorted(found)
    ]


def _histogram(rows: list[_Group], field: str, key: str | None, bins: int) -> Histogram:
    counts = _count(rows, lambda row: (row["bucket"],))
    edges = [number / bins for number in range(bins + 1)]
    return {
        "field": field,
        "title": "quality" if key is None else f"IoU of {key}",
        "edges": edges,
        "bars": [
            {
                "low": low,
                "high": high,
                "pairs": counts[number],
                "bar": bar_name("range", field, repr(low), repr(high)),
            }
            for number, (low, high) in enumerate(pairwise(edges))
        ],
        "none": counts[None],
    }


def _verdict(row: _Group) -> str:
    return row["verdict"] if row["verdict"] in VERDICTS else PENDING


def _verdicts(rows: list[_Group]) -> list[VerdictBar]:
    counts = _count(rows, lambda row: (_verdict(row),))
    return [
        {"verdict": name, "pairs": counts[name], "bar": bar_name("verdict", name)}
        for name in (PENDING, *VERDICTS)
    ]


def _reviewers(rows: list[_Group]) -> list[ReviewerBar]:
    """Who gave how many of the verdicts that stand; the busiest first."""
    judged = [row for row in rows if _verdict(row) != PENDING]
    counts = _count(judged, lambda row: ((row["reviewer"] or "", _verdict(row)),))
    pairs = _count(judged, lambda row: (row["reviewer"] or "",))
    return [
        {
            "reviewer": name,
            "pairs": number,
            "keep": counts[name, "keep"],
            "drop": counts[name, "drop"],
            "fix": counts[name, "fix"],
            "unsure": counts[name, "unsure"],
            "bar": bar_name("reviewer", name),
        }
        for name, number in sorted(pairs.items(), key=lambda one: (-one[1], one[0]))
    ]


def _splits(rows: list[_Group]) -> list[SplitBar]:
    counts = _count(rows, lambda row: (row["split"],))
    named = sorted((split, number) for split, number in counts.items() if split)
    return [{"split": s, "pairs": n, "bar": bar_name("split", s)} for s, n in named]


def _evaluations(dataset: Any) -> list[EvaluationView]:
    """The scorings, newest first."""
    found = []
    for key in dataset.list_evaluations(method=METHOD):
        run = dataset.get_evaluation_info(key)
        facts = run.config.pred_field, run.config.gt_field, run.config.convention
        found.append((run.timestamp, key, facts))
    return [
        {"key": key, "pred": pred, "gt": gt, "convention": convention}
        for _, key, (pred, gt, convention) in sorted(found, reverse=True)
    ]


def bar_name(*parts: str) -> str:
    """The name of a bar."""
    return ":".join(parts)


def view_of(dataset: Any, bar: str, *, view: Any = None) -> Any:
    """The pairs of a bar as a FiftyOne view, worst first: by their quality.

    Args:
        dataset: a dataset that PairLens imported
        bar: its name, see the table above
        view: the view that the overview was of

    Raises:
        UsageError: for a name that is of no bar
    """
    working_set.check(dataset)
    kind, _, value = bar.partition(":")
    base = dataset.view() if view is None else view.view()
    if kind == "session":
        ids = queue.left(queue.find(dataset, value), MOST_QUEUED)
        return base.select([str(sample_id) for sample_id in ids], ordered=True)
    if kind == "disagreements":
        keys = list(opinions.disagreements(dataset))
        return base.match({KEY: {"$in": keys}}).sort_by(badness())
    if kind == "range":
        field, low, high = _range(dataset, value)
        # The last bar holds the perfect pairs too.
        below = "$lte" if high >= 1 else "$lt"
        return base.match({field: {"$gte": low, below: high}}).sort_by(field)
    if kind not in FILTERS or (not value and kind not in ("all", "flagged", "reviewer")):
        raise UnknownName("bar", bar, (*FILTERS, "disagreements", "range", "session"))
    shown = base.match(FILTERS[kind](dataset, value)) if kind != "all" else base
    return shown.sort_by(QUALITY if _has_quality(dataset) else badness())


def _has_quality(dataset: Any) -> bool:
    """Whether every pair has a quality: a pair without would stand before the worst.

    The quality is the lowest score of a pair's findings. Of what is sorted by it the database reads
    the worst alone, of what is sorted by :func:`badness` everything, for each page of the grid.
    """
    without = fo_internals.collection(dataset).find_one({QUALITY: None}, {"_id": 1})
    return dataset.has_field(QUALITY) and without is None


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


class ReviewSummary(TypedDict):
    """What a manifest tells of a review.

    ``sessions`` are the sessions, oldest first, without the names of who was where;
    ``reviewers`` the standing verdicts of each reviewer by verdict.
    """

    sessions: list[dict[str, Any]]
    reviewers: dict[str, dict[str, int]]


def review_summary(dataset: Any, reviewers: dict[str, dict[str, int]]) -> ReviewSummary:
    """Summarizes who reviewed a dataset, in which sessions.

    Args:
        dataset: the dataset
        reviewers: how many verdicts of each kind stand, by reviewer
    """
    names = ("name", "creator", "created", "finished", "over", "pairs", "judged", "verdicts")
    listed: list[Any] = list(reversed(sessions.list_sessions(dataset, most=None)))
    return {
        "sessions": [{name: one[name] for name in names} for one in listed],
        "reviewers": dict(sorted(reviewers.items())),
    }


def sessions_of_pairs(dataset: Any) -> dict[ObjectId, str]:
    """The name of the session in which each pair got the verdict that stands, by sample id."""
    pipeline = [
        {
            "$match": {
                "dataset_id": fo_internals.dataset_id(dataset),
                "open": True,
                "new.verdict": {"$exists": True},
            }
        },
        {"$sort": {"seq": 1}},
        {"$group": {"_id": "$sample_id", "session": {"$last": "$session"}}},
        {"$match": {"session": {"$ne": None}}},
    ]
    found = fo_internals.database()[COLLECTION].aggregate(pipeline, allowDiskUse=True)
    by_sample = {group["_id"]: group["session"] for group in found}
    names = queue.names(by_sample.values())
    return {sample: names[one] for sample, one in by_sample.items() if one in names}
