"""The App's Model Evaluation panel on a scoring of ours."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize

from tests.browser.grid import MILLISECONDS, open_grid

WINDOW: ViewportSize = {"width": 1600, "height": 1000}
KEY = "shifted_lisat"
SETTLED, CLICKS = 5, 8
"""Seconds that the grid is given to show what was clicked, and how often a click is tried."""


class Served(NamedTuple):
    """``cells`` are the numbers of pairs with pixels in each cell of the confusion matrix."""

    url: str
    summary: dict[str, float]
    cells: set[int]


@pytest.fixture(scope="module")
def served(
    mongo: str, tmp_path_factory: pytest.TempPathFactory, serve: Callable[[str], str]
) -> Iterator[Served]:
    """A scored dataset, served as ``pairlens app`` serves it."""
    import fiftyone as fo

    from pairlens.fiftyone_plugin.metrics.runs import score
    from tests.mongo.scoring import PRED, imported, predict

    folder = tmp_path_factory.mktemp("evaluation")
    dataset = imported(folder / "published", "scored")
    predict(dataset, folder / "predictions")
    done = score(dataset, pred=PRED, key=KEY, convention="lisat")
    shown = {"gIoU": done.gIoU, "cIoU": done.cIoU, "Dice": done.dice, "N-acc": done.n_acc}
    yield Served(serve("scored"), shown, cells(dataset.exists(PRED)))  # type: ignore[arg-type]
    fo.delete_dataset("scored")


def cells(samples: Any) -> set[int]:
    names = [f"{KEY}_{name}" for name in ("intersection", "target_area", "predicted_area")]
    right, target, given = (np.array([v or 0 for v in samples.values(n)]) for n in names)
    counts = ((right > 0).sum(), (target > right).sum(), (given > right).sum())
    return {len(samples), *map(int, counts)}


@pytest.fixture(scope="module")
def panel(browser: Browser, served: Served) -> Iterator[Page]:
    """The page with the panel open on the scoring."""
    page = browser.new_page(viewport=WINDOW)
    open_grid(page, served.url)
    page.locator('[data-cy="new-panel-btn"]').last.click()  # beside the grid
    page.get_by_text("Model Evaluation", exact=True).first.click()
    page.get_by_text(KEY, exact=True).first.click(timeout=MILLISECONDS)
    yield page
    page.close()


@pytest.fixture(scope="module")
def rows(panel: Page) -> dict[str, str]:
    """The panel's summary: numbers by name, as they stand in its table."""
    panel.locator("tr").filter(has_text="gIoU").first.wait_for(timeout=MILLISECONDS)
    cells = [row.split("\t") for row in panel.locator("tr").all_inner_texts()]
    return {row[0].strip(): row[1].strip() for row in cells if len(row) > 1}


def test_the_panel_shows_our_numbers(rows: dict[str, str], served: Served) -> None:
    for name, value in served.summary.items():
        assert float(rows[name]) == pytest.approx(value, abs=0.001), name
    assert (rows["pairs"], rows["missing"]) == ("12", "4")
    assert len([name for name in rows if name.startswith("Pr@")]) == 5


def test_its_own_f1_score_is_the_dice_of_all_pixels(rows: dict[str, str], served: Served) -> None:
    ciou = served.summary["cIoU"]
    assert float(rows["F1-Score"]) == pytest.approx(2 * ciou / (1 + ciou), abs=0.001)


def test_screenshot(panel: Page, rows: dict[str, str], repo_root: Path) -> None:
    """Takes the picture of docs/scoring.md where ``PAIRLENS_SCREENSHOT`` is set."""
    png = panel.screenshot()
    assert len(png) > 50_000
    if "PAIRLENS_SCREENSHOT" in os.environ:
        target = repo_root / "docs" / "images" / "scoring-panel.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(png)


def test_a_cell_of_the_confusion_matrix_opens_its_pairs(panel: Page, served: Served) -> None:
    panel.get_by_text("Confusion Matrices", exact=True).first.click()
    plot = panel.locator(".js-plotly-plot").filter(has=panel.locator(".hm")).first
    plot.wait_for(timeout=MILLISECONDS)
    plot.scroll_into_view_if_needed()
    wanted = {f"{pairs} samples" for pairs in served.cells}
    shown = {entries(panel)}
    area = plot.locator(".nsewdrag").first
    # A click on a plot that is just being drawn anew is lost, so it is made again.
    for x, y in CLICKS * [*product((0.25, 0.75), repeat=2)]:
        if shown >= wanted:
            break
        shown.add(clicked(panel, area, (x, y), shown))
    assert shown >= wanted


def clicked(panel: Page, area: Locator, at: tuple[float, float], seen: set[str]) -> str:
    """What the grid counts after a click: a number not seen before, or what it then is.

    Most cells have a number of their own.
    """
    box = area.bounding_box()
    assert box is not None
    panel.mouse.click(box["x"] + at[0] * box["width"], box["y"] + at[1] * box["height"])
    until = time.monotonic() + SETTLED
    while time.monotonic() < until:
        if (now := entries(panel)) not in seen:
            return now
        panel.wait_for_timeout(100)
    return entries(panel)


def entries(panel: Page) -> str:
    return panel.locator('[data-cy="entry-counts"]').inner_text().strip()
