"""Every bar of the overview as a filter: the pairs it counts, worst first.

======================  ======================================================================
``all``                 every pair
``flagged``             with a finding
``check:NAME``          with a finding of a check, by that check's score
``severity:NAME``       with a finding of a severity
``verdict:NAME``        with a verdict; ``pending`` for none
``reviewer:NAME``       judged by somebody
``split:NAME``          of a split
``range:F:LOW:HIGH``    a number in ``[LOW, HIGH)``, or up to 1 with it, lowest first
``session:ID``          the next pairs of a session that nobody has judged, in its order
======================  ======================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fiftyone_plugin.checks import SEVERITIES
from fiftyone_plugin.curation import queue, review_fields, session_store
from fiftyone_plugin.curation.review import PENDING
from fiftyone_plugin.curation.review_fields import VERDICTS
from fiftyone_plugin.curation.source import LABELS, badness
from importers.errors import UnknownName, UsageError
from importers.fields import QUALITY, REVIEWER, VERDICT

MOST_QUEUED = 500
"""Pairs of a session that a view shows: they are named one by one in it."""

Filter = dict[str, Any]


def name(*parts: str) -> str:
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
    return {VERDICT: review_fields.check_verdict(value)}


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
    "split": lambda value: {"tags": value},
}
