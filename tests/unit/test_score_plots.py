"""Plots and tables of a scoring's parts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from pairlens.fiftyone_plugin.metrics.conventions import CONVENTIONS
from pairlens.fiftyone_plugin.metrics.plots import write_plots
from pairlens.fiftyone_plugin.metrics.score_summary import ScoreSummary
from pairlens.fiftyone_plugin.metrics.slices import SlicedPair, Slicer
from pairlens.fiftyone_plugin.metrics.summary import summarize
from pairlens.fiftyone_plugin.score_reports import of_score
from pairlens.importers.errors import StateError, UsageError
from tests.unit.scoring_tables import table

HOSTILE = "<script>alert(1)</script> $\\frac{"


def scored(*by: str) -> ScoreSummary:
    slicer = Slicer(by)
    for split, phrase in (("train", HOSTILE), ("train", "bus"), ("test", "bus")):
        slicer.add([SlicedPair(split=split, phrase=phrase, findings=[HOSTILE])])
    pairs, convention = table([0.5, 1.0, 0.25]), CONVENTIONS["rmsin"]
    parts = slicer.summaries(pairs, convention)
    return ScoreSummary("run", "rmsin", "p", "g", **summarize(pairs, convention), by=parts)


def plotted(*by: str) -> dict[str, Any]:
    return vars(scored(*by))


@pytest.mark.parametrize("name", ["plot.svg", "plot", "plot.html.txt"])
def test_other_files_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"is no plot; end its name in \.html or \.png"):
        write_plots(plotted("split"), tmp_path / name)


def test_nothing_to_plot(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no parts to plot"):
        write_plots(plotted(), tmp_path / "plot.png")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StateError, match="cannot be written"):
        write_plots(plotted("split"), tmp_path / "file" / "plot.png")


def test_a_picture(tmp_path: Path) -> None:
    file = write_plots(plotted("split", "finding"), tmp_path / "new" / "plot.png")
    with Image.open(file) as image:
        colors = image.convert("RGB").getcolors(1 << 24)
    assert colors is not None
    assert {(47, 109, 181), (217, 138, 43)} <= {color for _, color in colors}


def test_a_page_that_needs_no_network(tmp_path: Path) -> None:
    page = write_plots(plotted("split", "finding"), tmp_path / "plot.html").read_text("utf-8")
    assert "by split, in per cent" in page and "train (2)" in page
    assert re.search(r"<(script|link)[^>]*\b(src|href)=", page) is None
    assert len(page) > 1_000_000  # plotly itself is in it
    assert "alert(1)</script>" not in page


def test_parts_are_shown_when_they_are_asked_for() -> None:
    done = scored("split", "phrase")
    quiet, asked = of_score(done).lines, of_score(done, by=("phrase",)).lines
    assert [line.split()[0] for line in quiet[2:5]] == ["all", "train", "test"]
    assert not any("bus" in line for line in quiet)
    assert next(line for line in asked if "bus" in line).split()[1:3] == ["2", "62.50"]
