"""Summary of a scoring, as the command line prints it and the evaluation stores it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class ScoreSummary:
    """A scoring; see :func:`pairlens.fiftyone_plugin.metrics.summary.summarize` for the numbers.

    Attributes:
        ci: 95 % intervals over images by name; empty without a bootstrap
        bootstrap: ``scheme``, ``rounds``, ``seed``, ``mean`` and ``std``; empty without one
        by: summaries of slices of the pairs, by slicing and value
        unscored: pairs whose ground truth cannot be read; they have no score
        unreadable: pairs whose prediction cannot be read; they count as missing
        unscored_total, unreadable_total: their numbers; the lists name the first 1,000
        notes: a sentence for each decision about values of masks that is reported
        decisions: all decisions, as stored in the dataset's info
    """

    key: str
    convention: str
    pred: str
    gt: str
    pairs: int = 0
    missing: int = 0
    resized: int = 0
    no_target: int = 0
    undefined: int = 0
    gIoU: float | None = None
    cIoU: float | None = None
    dice: float | None = None
    precision: dict[str, float] | None = None
    n_acc: float | None = None
    t_acc: float | None = None
    ci: dict[str, list[float]] = field(default_factory=dict)
    bootstrap: dict[str, Any] = field(default_factory=dict)
    by: dict[str, dict[str, Any]] = field(default_factory=dict)
    unscored: list[dict[str, str]] = field(default_factory=list)
    unreadable: list[dict[str, str]] = field(default_factory=list)
    unscored_total: int = 0
    unreadable_total: int = 0
    notes: list[str] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0
