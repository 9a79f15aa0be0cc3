"""The figures of a judge on planted faults, for people."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.bench.judged import JudgeBench
from pairlens.fiftyone_plugin.bench.report import figure
from pairlens.fiftyone_plugin.reports import Report, counts, listed, table
from pairlens.importers.errors import StateError

FILE = "bench-judge.json"

_WHO = {"checks": "the checks", "judge": "the judge", "either": "either", "both": "both at once"}


def report(done: JudgeBench, out: Path | None = None) -> Report:
    """The tables; with ``out``, also the numbers there.

    Raises:
        StateError: if the folder cannot be written to
    """
    data = asdict(done) | {"calibration": [one._asdict() for one in done.calibration]}
    faulty = sum(done.planted.values())
    lines = [
        f"{done.dataset}: {done.judge} ({done.model}) was asked about {done.asked:,} pairs, "
        f"{faulty:,} of them made faulty ({counts(done.planted)}; seed {done.seed}), in "
        f"{done.seconds:.1f} s.",
        *table(_rows(done)),
        "Recall is of the planted faults, precision of the flagged pairs; intervals at 95 %. "
        "Pairs that were left as they were had no finding before, so that the checks' precision is "
        "an upper bound; of real data some are bad all the same, so that the judge's is a lower "
        "bound.",
        *_calibration(done),
    ]
    if done.unsure or done.not_believed:
        told = {"cannot tell": done.unsure} | done.not_believed
        lines.append(f"Not flagged for want of an answer: {counts(told)}")
    if done.failed:
        lines += [f"{len(done.failed):,} failed:", *listed(done.failed, "key")]
    cost = "" if done.cost is None else f", cost {done.cost:,.4f}"
    lines.append(f"Tokens: {done.tokens_in:,} in, {done.tokens_out:,} out{cost}.")
    if out is not None:
        _write(data, out)
        lines.append(f"In numbers: {out / FILE}")
    return Report(data, lines, ok=len(done.failed) < done.asked)


def _rows(done: JudgeBench) -> list[tuple[str, ...]]:
    names = list(done.planted)
    head = ("flagged by", "recall", "", "precision", "", *names)
    rows = [
        (
            _WHO[who],
            figure(one["recall"]),
            _interval(one["recall_interval"]),
            figure(one["precision"]),
            _interval(one["precision_interval"]),
            *(figure(one["by_fault"].get(name)) for name in names),
        )
        for who, one in done.found.items()
    ]
    return [head, *rows]


def _interval(value: list[float] | None) -> str:
    return "" if value is None else f"({value[0]:.2f} to {value[1]:.2f})"


def _calibration(done: JudgeBench) -> list[str]:
    if not done.calibration:
        return []
    head = ("doubt", "pairs", "mean doubt", "were faulty")
    rows = [
        (f"{one.low:.0%} to {one.high:.0%}", f"{one.pairs:,}", f"{one.expected:.0%}",
         f"{one.found:.0%}")
        for one in done.calibration
    ]  # fmt: skip
    return [
        f"Calibration of the judge's doubt (Brier score {done.brier:.3f}, mean distance "
        f"{done.ece:.3f}):",
        *table([head, *rows]),
    ]


def _write(data: dict[str, Any], out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / FILE).write_text(json.dumps(data, indent=2) + "\n", "utf-8")
    except OSError as error:
        raise StateError(f"{out} cannot be written to ({error.strerror})") from error
