"""Bar charts of a scoring by slice: a self-contained HTML page, or a PNG."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pairlens.importers.errors import StateError, UsageError

SUFFIXES = (".html", ".png")
METRICS = {"gIoU": "#2f6db5", "cIoU": "#d98a2b"}
MAX_NAME = 40
"""Maximum of characters of a slice's name on an axis."""

_GAP = 0.2
"""Empty space at the end of an axis, in units of the distance between two values."""


def write_plots(summary: Mapping[str, Any], file: Path) -> Path:
    """Draws gIoU and cIoU of every slice of a scoring.

    Args:
        summary: the summary of the scoring, as the command line prints it with ``--json``
        file: ``.html`` for a page that needs no network, or ``.png``

    Returns:
        the file

    Raises:
        UsageError: for another suffix, or a scoring without slices
        StateError: if the file cannot be written
    """
    check_file(file)
    draw = _html if file.suffix.lower() == ".html" else _png
    if not any(summary["by"].values()):
        raise UsageError("the scoring has no parts to plot")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draw(summary, file)
    except OSError as error:
        raise StateError(f"plots cannot be written to {file} ({error.strerror})") from error
    return file


def check_file(file: Path) -> None:
    """Checks that the file's suffix is one of :data:`SUFFIXES`, before any work is done.

    Raises:
        UsageError: if it is not
    """
    if file.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{file.name} is no plot; end its name in {' or '.join(SUFFIXES)}")


def _title(summary: Mapping[str, Any]) -> str:
    return f"{summary['key']}: {summary['pairs']:,} pairs, convention {summary['convention']}"


def _bars(parts: Mapping[str, Any]) -> tuple[list[str], dict[str, list[float | None]]]:
    """Names of the slices with their numbers of pairs, and their metrics in per cent."""
    names = [f"{_short(name)} ({part['pairs']:,})" for name, part in parts.items()]
    values = {
        metric: [None if part[metric] is None else 100 * part[metric] for part in parts.values()]
        for metric in METRICS
    }
    return names, values


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 3] + "..."


def _html(summary: Mapping[str, Any], file: Path) -> None:
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    slicings = {name: parts for name, parts in summary["by"].items() if parts}
    heights = [len(parts) + 2 for parts in slicings.values()]
    figure = make_subplots(
        rows=len(slicings),
        cols=1,
        subplot_titles=[_plain(name) for name in slicings],
        row_heights=heights,
        vertical_spacing=min(0.5 / max(1, len(slicings)), 3 / sum(heights)),
    )
    for row, parts in enumerate(slicings.values(), 1):
        names, values = _bars(parts)
        texts = [_escaped(name) for name in names]
        for metric, color in METRICS.items():
            bar = go.Bar(
                y=list(range(len(names))), x=values[metric], name=metric, orientation="h",
                marker_color=color, showlegend=row == 1, legendgroup=metric, hovertext=texts,
                hovertemplate="%{hovertext}<br>%{x:.2f} %",
            )  # fmt: skip
            figure.add_trace(bar, row=row, col=1)
        figure.update_yaxes(
            tickvals=list(range(len(names))), ticktext=texts, autorange="reversed", row=row, col=1
        )
        figure.update_xaxes(range=[0, 100], row=row, col=1)
    figure.update_layout(
        title=_escaped(_title(summary)), height=200 + 34 * sum(heights), barmode="group",
        template="plotly_white", margin={"l": 320},
    )  # fmt: skip
    figure.write_html(file, include_plotlyjs=True)


def _escaped(text: str) -> str:
    """Escapes a text, since plotly reads it as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(name: str) -> str:
    return f"by {name.replace('_', ' ')}, in per cent"


def _png(summary: Mapping[str, Any], file: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    slicings = {name: parts for name, parts in summary["by"].items() if parts}
    # The units that each axis spans, so that bars are equally thick in all charts.
    heights = [len(parts) + _GAP for parts in slicings.values()]
    inches = 0.3 * sum(heights) + 0.6 * len(slicings) + 0.8
    figure = Figure(figsize=(9, inches), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(_title(summary).replace("$", r"\$"), fontsize=11)
    grid: Any = figure.subplots(
        len(slicings), 1, squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    for axes, (name, parts) in zip(grid[:, 0], slicings.items(), strict=True):
        names, values = _bars(parts)
        for shift, (metric, color) in zip((-0.2, 0.2), METRICS.items(), strict=True):
            places = [place + shift for place in range(len(names))]
            bars = [math.nan if v is None else v for v in values[metric]]
            axes.barh(places, bars, 0.4, label=metric, color=color)
        # A dollar sign would begin a formula.
        axes.set_yticks(range(len(names)), [n.replace("$", r"\$") for n in names], fontsize=8)
        half = (1 + _GAP) / 2
        axes.set(xlim=(0, 100), ylim=(len(names) - 1 + half, -half))
        axes.set_title(_plain(name), fontsize=9)
        axes.tick_params(axis="x", labelsize=8)
        axes.grid(axis="x", color="#dddddd")
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    bars, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(bars, labels, fontsize=8, loc="outside lower center", ncols=len(METRICS))
    figure.savefig(file, dpi=120)
