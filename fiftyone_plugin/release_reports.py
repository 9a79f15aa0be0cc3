"""The report of a comparison of two releases."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairlens.fiftyone_plugin.releases.pairing import CHANGES
from pairlens.fiftyone_plugin.reports import Report, listed, table

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.releases.comparing import ReleaseDiff

MAX_IN_JSON = 1000
"""Maximum of keys of each kind in ``--json``."""


def of_diff(done: ReleaseDiff, out: Path | None, pairs: Path | None) -> Report:
    """The report of a comparison.

    Args:
        done: the difference
        out: the file of decisions that are still valid, if written
        pairs: the file of added, dropped and changed samples, if written
    """
    [(old, before)], [(new, after)] = done.old.items(), done.new.items()
    added, dropped, changed = done.added, done.dropped, done.changed
    same = after - len(added) - len(changed)
    lines = [
        f"{new} has {after:,} samples, {old} {before:,}: {same:,} are the same, {len(changed):,} "
        f"changed, {len(added):,} are added, {len(dropped):,} dropped."
    ]
    rows = [(CHANGES[n], f"{done.changes[n]:,}") for n in CHANGES if done.changes[n]]
    lines += table(rows)
    lines += _of_decisions(done, old, new, out)
    if pairs:
        lines.append(f"What was added, dropped and changed: {pairs}")
    data = {
        "old": {"dataset": old, "samples": before},
        "new": {"dataset": new, "samples": after},
        "same": same,
        "changed": len(changed),
        "added": len(added),
        "dropped": len(dropped),
        "changes": dict(done.changes),
        "decisions": {
            "old": done.decisions, "hold": done.held, "lost": done.lost[:MAX_IN_JSON],
            "lost_total": len(done.lost),
        },
        "keys": _keys(done, added, dropped),
        "out": str(out) if out else None,
        "pairs": str(pairs) if pairs else None,
        "seconds": done.seconds,
    }  # fmt: skip
    return Report(data, lines)


def _of_decisions(done: ReleaseDiff, old: str, new: str, out: Path | None) -> list[str]:
    if not done.decisions:
        return [f"There are no decisions on {old}."]
    lines = [f"Of {done.decisions:,} decisions on {old}, {done.held:,} hold for {new}."]
    lines += listed(done.lost, "key")
    if out and done.held:
        lines.append(f"pairlens review {new} --apply {out} takes over those that hold.")
    return lines


def _keys(done: ReleaseDiff, added: Sequence[str], dropped: Sequence[str]) -> dict[str, Any]:
    return {
        "added": list(added[:MAX_IN_JSON]),
        "dropped": list(dropped[:MAX_IN_JSON]),
        "changed": [
            {"old": one.old.key, "new": one.new.key, "changed": one.changed}
            for one in done.changed[:MAX_IN_JSON]
            if one.old and one.new
        ],
    }
