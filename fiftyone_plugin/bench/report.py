"""The figures of planted faults as a table and a picture."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.bench.run import BenchSummary
from pairlens.fiftyone_plugin.reports import Report, table
from pairlens.importers.errors import StateError

_FIGURES = ("recall", "precision", "average_precision")
_COLORS = {"recall": "#2f6db5", "precision": "#d98a2b", "average_precision": "#5a9a57"}


def report(done: BenchSummary, out: Path | None = None) -> Report:
    """The table; with ``out``, also ``bench-checks.json`` and ``bench-checks.png`` there.

    Raises:
        StateError: if the folder cannot be written to
    """
    data = asdict(done)
    lines = [_head(done), *_before(done), *table(_rows(done)), *_rest(done)]
    if out is not None:
        write(data, out)
        lines.append(f"In numbers and as a picture: {out}")
    return Report(data, lines)


def _head(done: BenchSummary) -> str:
    planted = sum(one["planted"] for one in done.faults.values())
    aside = f", {done.known_bad:,} known to be bad and set aside" if done.known_bad else ""
    return (
        f"{done.dataset}: {done.pairs:,} pairs of {done.images:,} images, {done.good:,} of them "
        f"good{aside}; {planted:,} made faulty (rate {done.rate:g}, seed {done.seed}) "
        f"in {done.seconds:.1f} s."
    )


def _before(done: BenchSummary) -> list[str]:
    def shares(values: dict[str, float]) -> str:
        return ", ".join(f"{name} {100 * value:.2f} %" for name, value in values.items())

    return [
        f"Flagged before anything was planted: {shares(done.before)}",
        f"Pairs left as they were, flagged only then: {shares(done.clean)}",
    ]


def _rows(done: BenchSummary) -> list[tuple[str, ...]]:
    head = ("fault", "planted", "recall", "precision", "AP", "precision*", "AP*")
    columns = (*_FIGURES, "precision_all", "average_precision_all")
    rows = [
        (name, f"{one['planted']:,}", *(figure(one[column]) for column in columns))
        for name, one in done.faults.items()
    ]
    return [head, *rows] if rows else []


def figure(value: float | None) -> str:
    """A share with three digits, ``-`` where there is none."""
    return "-" if value is None else f"{value:.3f}"


def _rest(done: BenchSummary) -> list[str]:
    lines = [
        "precision, AP: against the good pairs that the same checks were silent about before, so "
        "an upper bound; *: against all pairs left as they were, real faults of the dataset "
        "among them, so a lower bound. Of data known to be clean both are the same. Pairs with "
        "the verdict drop are set aside in both."
    ]
    if done.not_planted:
        lines.append(f"Faults that fit no pair: {', '.join(done.not_planted)}")
    if done.unmeasured:
        lines.append(f"No fault is planted for: {', '.join(done.unmeasured)}")
    return lines


def write(data: dict[str, Any], out: Path) -> None:
    """Writes the numbers and the picture into a folder.

    Raises:
        StateError: if it cannot be written to
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "bench-checks.json").write_text(json.dumps(data, indent=2) + "\n", "utf-8")
        if data["faults"]:
            draw(data, out / "bench-checks.png")
    except OSError as error:
        raise StateError(f"{out} cannot be written to ({error.strerror})") from error


def draw(data: dict[str, Any], file: Path) -> None:
    """Draws recall, precision and average precision of every fault as a PNG."""
    # FiftyOne brings it; it takes a second to load.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    faults = data["faults"]
    names = [f"{name} ({one['planted']:,})" for name, one in faults.items()]
    figure = Figure(figsize=(9, 0.42 * len(names) + 1.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes: Any = figure.subplots()
    for shift, metric in zip((-0.27, 0.0, 0.27), _FIGURES, strict=True):
        values = [math.nan if one[metric] is None else one[metric] for one in faults.values()]
        places = [place + shift for place in range(len(names))]
        label = metric.replace("_", " ")
        axes.barh(places, values, 0.25, label=label, color=_COLORS[metric])
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(xlim=(0, 1), ylim=(len(names) - 0.4, -0.6))
    axes.set_title(
        f"{data['dataset']}: planted faults found; rate {data['rate']:g}, seed {data['seed']}"
        .replace("$", r"\$"),
        fontsize=10,
    )  # fmt: skip
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#dddddd", zorder=0)
    axes.set_axisbelow(True)
    figure.legend(fontsize=8, loc="outside lower center", ncols=3)
    figure.savefig(file, dpi=110)
