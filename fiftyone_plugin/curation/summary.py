"""A dataset at a glance: pairs, findings, scores and verdicts, counted in one pass.

The database groups the pairs by all that is counted at once, and sends one row a group: a
hundred thousand pairs are a few thousand rows.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

from fiftyone_plugin.checks import CHECKS, SEVERITIES
from fiftyone_plugin.curation import bars, review_fields, sessions
from fiftyone_plugin.curation.review import PENDING
from fiftyone_plugin.curation.review_fields import VERDICTS
from fiftyone_plugin.curation.source import LABELS
from fiftyone_plugin.metrics.runs import METHOD
from importers import fo_internals
from importers.errors import UnknownName, UsageError
from importers.fields import IMAGE_ID, QUALITY, REVIEWER, VERDICT, iou_field

MAX_BINS = 100

Document = dict[str, Any]


def overview(
    dataset: Any, view: Any = None, *, eval_key: str | None = None, bins: int = 20
) -> Document:
    """Counts a dataset or a view of it.

    Args:
        dataset: a dataset that PairLens imported
        view: the pairs to count; all if not given. Sessions are the dataset's in any case
        eval_key: a scoring whose IoU the histogram shows; the quality if not given
        bins: of the histogram, over [0, 1]

    Returns:
        ``dataset``, ``pairs``, ``images``, ``flagged``, ``severities``, ``findings``,
        ``evaluations``, ``histogram``, ``verdicts``, ``reviewers``, ``splits``, ``sessions``
        and ``seconds``; each bar with its ``pairs`` and the name by which
        :func:`fiftyone_plugin.curation.bars.view_of` gives them

    Raises:
        UsageError: for an unknown evaluation, or too many bins
        StateError: if PairLens did not import the dataset
    """
    started = time.perf_counter()
    review_fields.check_pairs(dataset)
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


def _rows(samples: Any, field: str, bins: int) -> list[Document]:
    """How many pairs there are of each kind."""
    bucket = {"$min": [bins - 1, {"$floor": {"$multiply": [f"${field}", bins]}}]}
    known = {"$cond": [{"$isNumber": f"${field}"}, {"$max": [0, bucket]}, None]}
    kind = {
        "verdict": f"${VERDICT}",
        "reviewer": f"${REVIEWER}",
        "split": {"$first": "$tags"},
        "found": {
            "$map": {
                "input": {"$ifNull": [f"${LABELS}", []]},
                "in": ["$$this.label", "$$this.severity"],
            }
        },
        "bucket": known,
    }
    pipeline = [*fo_internals.pipeline(samples), {"$group": {"_id": kind, "n": {"$sum": 1}}}]
    collection = fo_internals.collection(samples)
    found = collection.aggregate(pipeline, allowDiskUse=True)
    return [{**dict.fromkeys(kind), **row["_id"], "n": row["n"]} for row in found]


def _images(samples: Any) -> int:
    """Images by name: equal names in two splits count once."""
    pipeline = [
        *fo_internals.pipeline(samples),
        {"$group": {"_id": f"${IMAGE_ID}"}},
        {"$count": "n"},
    ]
    found = list(fo_internals.collection(samples).aggregate(pipeline, allowDiskUse=True))
    return found[0]["n"] if found else 0


def _count(rows: Iterable[Document], kinds: Callable[[Document], Iterable[Any]]) -> Counter[Any]:
    """Pairs by kind; a pair that is of one kind twice counts once."""
    counts: Counter[Any] = Counter()
    for row in rows:
        for kind in set(kinds(row)):
            counts[kind] += row["n"]
    return counts


def _severities(rows: list[Document]) -> list[Document]:
    counts = _count(rows, lambda row: (severity for _, severity in row["found"]))
    return [
        {"severity": name, "pairs": counts[name], "bar": bars.name("severity", name)}
        for name in SEVERITIES
    ]


def _findings(rows: list[Document]) -> list[Document]:
    """Worst severity first, then the most frequent."""
    counts = _count(rows, lambda row: map(tuple, row["found"]))
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
            "bar": bars.name("check", check),
        }
        for rank, negative, check in sorted(found)
    ]


def _histogram(rows: list[Document], field: str, key: str | None, bins: int) -> Document:
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
                "bar": bars.name("range", field, repr(low), repr(high)),
            }
            for number, (low, high) in enumerate(pairwise(edges))
        ],
        "none": counts[None],
    }


def _verdict(row: Document) -> str:
    return row["verdict"] if row["verdict"] in VERDICTS else PENDING


def _verdicts(rows: list[Document]) -> list[Document]:
    counts = _count(rows, lambda row: (_verdict(row),))
    return [
        {"verdict": name, "pairs": counts[name], "bar": bars.name("verdict", name)}
        for name in (PENDING, *VERDICTS)
    ]


def _reviewers(rows: list[Document]) -> list[Document]:
    """Who gave how many of the verdicts that stand; the busiest first."""
    judged = [row for row in rows if _verdict(row) != PENDING]
    counts = _count(judged, lambda row: ((row["reviewer"] or "", _verdict(row)),))
    pairs = _count(judged, lambda row: (row["reviewer"] or "",))
    return [
        {
            "reviewer": name,
            "pairs": number,
            **{verdict: counts[name, verdict] for verdict in VERDICTS},
            "bar": bars.name("reviewer", name),
        }
        for name, number in sorted(pairs.items(), key=lambda one: (-one[1], one[0]))
    ]


def _splits(rows: list[Document]) -> list[Document]:
    counts = _count(rows, lambda row: (row["split"],))
    named = sorted((split, number) for split, number in counts.items() if split)
    return [{"split": s, "pairs": n, "bar": bars.name("split", s)} for s, n in named]


def _evaluations(dataset: Any) -> list[Document]:
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
