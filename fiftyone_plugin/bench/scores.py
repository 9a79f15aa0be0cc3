"""Recall, precision and average precision of planted faults."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pairlens.fiftyone_plugin.checks import SEVERITIES, Finding


def sureness(findings: Iterable[Finding], checks: Sequence[str]) -> float:
    """How sure some checks are that a pair is bad: 0 not at all, else by severity, then score."""
    ranks = [(SEVERITIES.index(f.severity), f.score) for f in findings if f.check in checks]
    if not ranks:
        return 0.0
    severity, score = min(ranks)
    return len(SEVERITIES) - severity - 0.999 * score


def average_precision(planted: Sequence[float], others: Sequence[float]) -> float | None:
    """Mean precision over the planted pairs, in the order of sureness; equal ones go together.

    The sum over thresholds of precision times the gain in recall, without interpolation, as in
    scikit-learn's ``average_precision_score``.

    Returns:
        0 to 1, or ``None`` where nothing was planted
    """
    if not planted:
        return None
    marked = sorted([(s, 1) for s in planted] + [(s, 0) for s in others], reverse=True)
    seen = hits = 0
    total, index = 0.0, 0
    while index < len(marked):
        end, gained = index, 0
        while end < len(marked) and marked[end][0] == marked[index][0]:
            gained += marked[end][1]
            end += 1
        seen, hits, index = end, hits + gained, end
        total += gained * hits / seen
    return total / len(planted)


def precision(planted: Sequence[float], others: Sequence[float]) -> float | None:
    """Share of the found pairs that were planted; ``None`` where none was found."""
    found, accused = sum(s > 0 for s in planted), sum(s > 0 for s in others)
    return found / (found + accused) if found + accused else None


def recall(planted: Sequence[float]) -> float | None:
    """Share of the planted pairs that were found; ``None`` where nothing was planted."""
    return sum(s > 0 for s in planted) / len(planted) if planted else None
