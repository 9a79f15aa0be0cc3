"""Reports of scorings and comparisons."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pairlens.fiftyone_plugin.reports import Report, listed, share, shorten, table

if TYPE_CHECKING:
    from pairlens.fiftyone_plugin.metrics.comparison import Comparison
    from pairlens.fiftyone_plugin.metrics.score_summary import ScoreSummary

_HEAD = ("pairs", "gIoU", "cIoU", "Dice", "Pr@.5", "Pr@.7", "Pr@.9", "N-acc", "T-acc")
_LISTED = 10
"""Maximum of listed changed pairs; the saved view and ``--json`` have all."""


def of_score(
    done: ScoreSummary, by: Collection[str] = (), plots: Path | str | None = None
) -> Report:
    """The report of a scoring.

    Args:
        done: the scoring
        by: the slicings to show in addition to that by split
        plots: the file of plots that was written, if any
    """
    lines = [
        f"Scored {done.pairs:,} pairs as {done.key} in {done.seconds:.1f} s "
        f"(convention {done.convention}): {done.missing:,} without a prediction, "
        f"{done.resized:,} resized, {done.unscored_total:,} without a ground truth."
    ]
    data = asdict(done)
    if done.pairs:
        lines += _tables(data, by)
    lines += _about_bootstrap(data)
    lines += [f"  note: {note}" for note in done.notes]
    if done.undefined:
        lines.append(f"  {done.undefined:,} pairs have no IoU and are left out of the means")
    if plots:
        lines.append(f"Plots: {plots}")
    lines += listed(done.unscored, "key")
    if done.unreadable:
        lines.append(f"{done.unreadable_total:,} predictions cannot be read and score 0:")
        lines += listed(done.unreadable, "key")
    return Report(data, lines)


def _tables(done: Mapping[str, Any], by: Collection[str]) -> list[str]:
    parts: Mapping[str, Any] = done["by"]
    lines = table([("", *_HEAD), _row("all", done), *_rows(parts.get("split", {}))])
    for name in dict.fromkeys(by):
        if name != "split" and parts.get(name):
            lines += ["", *table([(f"by {name.replace('_', ' ')}", *_HEAD), *_rows(parts[name])])]
    return lines


def _rows(parts: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [_row(shorten(name, 48), one) for name, one in parts.items()]


def _row(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    precision = (share((one["precision"] or {}).get(t)) for t in ("0.5", "0.7", "0.9"))
    ious = (share(one[metric]) for metric in ("gIoU", "cIoU", "dice"))
    return name, f"{one['pairs']:,}", *ious, *precision, share(one["n_acc"]), share(one["t_acc"])


def _about_bootstrap(done: Mapping[str, Any]) -> list[str]:
    if done["ci"]:
        return _intervals(done["ci"])
    drawn = done["bootstrap"]
    return [
        f"  {name} over {drawn['rounds']} draws of 80 % of the images: {share(mean)}, "
        f"standard deviation {share(drawn['std'][name])}"
        for name, mean in drawn.get("mean", {}).items()
    ]


def _intervals(ci: Mapping[str, Any], suffix: str = "") -> list[str]:
    return [
        f"  {name}{suffix} 95 % interval over images: {share(low)} to {share(high)}"
        for name, (low, high) in ci.items()
    ]


def of_compare(done: Comparison) -> Report:
    """The report of a comparison of two scorings."""
    first, second = done.keys
    lines = [
        f"Compared {second} with {first} on {done.pairs:,} pairs (convention "
        f"{done.convention}): {done.wins:,} better, {done.ties:,} even, {done.losses:,} worse"
        + (f", {done.undefined:,} without an IoU." if done.undefined else ".")
    ]
    if done.only_one:
        lines.append(f"  {done.only_one:,} pairs that only one of them scored are left out")
    if done.pairs:
        rows = [("", *_HEAD), _row(first, done.first), _row(second, done.second)]
        lines += table(rows)
    for name, value in done.difference.items():
        lines.append(f"  {name}: {_signed(value)} for {second}")
    lines += _intervals(done.ci, " difference,")
    if done.changed:
        lines.append(f"Changed most, of {len(done.changed):,} listed:")
        shown = done.changed[:_LISTED]
        lines += table(
            [
                (share(c["first"]), "->", share(c["second"]), c["key"], shorten(c["phrase"], 60))
                for c in shown
            ]
        )
    if done.view:
        lines.append(f"Saved view: {done.view}")
    return Report(asdict(done), lines)


def _signed(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:+.2f}"
