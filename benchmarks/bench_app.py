"""What a curator of a large dataset waits for in the App, in Chromium.

    python benchmarks/bench_app.py                       100,000 pairs
    python benchmarks/bench_app.py --pairs 1000000 --picture app.png

The dataset of ``bench_panels.py`` is served as ``pairlens app`` does. Seconds are those of the
page: from its address to the first thumbnails; of the panel *Curation*, until its figures stand
there, and from a click on a bar to the grid that shows it; and of the sidebar, from the choice of a
value, or the move of a slider, to the grid that shows it. A grid shows it when it tells another
number of samples than before and has thumbnails of them. Every filter begins on a page that was
just loaded.

A table goes to stderr, JSON to stdout, as one line. It needs Chromium on the path.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path

from bench_keys import app
from own_database import own_database
from playwright.sync_api import Locator, Page

WANTED = {"first grid": 3.0}
WANTED_CLICK = 2.0
"""Seconds."""
BARS = ("flagged", "severity:error", "check:position_conflict", "verdict:drop", "reviewer:Ada")
CHOICES = {
    "verdict": "drop",
    "reviewer": "Ada",
    "findings.classifications.label": "position_conflict",
    "findings.classifications.severity": "error",
}
SLIDERS = ("cues_iou", "quality")
MILLISECONDS = 120_000
GRID = '[data-cy="looker"] canvas[canvas-loaded="true"]'
COUNT = '[data-cy="entry-counts"]'

Seconds = dict[str, float]


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--pairs", type=int, default=100_000)
    made.add_argument("--picture", type=Path, help="PNG of the App that is written")
    args = made.parse_args()
    with own_database() as folder, redirect_stdout(sys.stderr):
        times = measure(args.pairs, folder, args.picture)
    show(args.pairs, times)
    print(json.dumps({"pairs": args.pairs, "seconds": times}))
    return 0


def measure(pairs: int, folder: Path, picture: Path | None) -> Seconds:
    """Seconds of each thing that is waited for."""
    # FiftyOne is imported by these, after its database was chosen.
    from bench_panels import dataset_of

    from pairlens.fiftyone_plugin.plugin_link import ensure_link

    ensure_link()
    with dataset_of(pairs) as dataset, app(dataset.name, folder) as page:
        times = loaded(page)
        if picture:
            page.screenshot(path=picture)
        for field, value in CHOICES.items():
            times[f"sidebar {field}: {value}"] = chosen(page, field, value)
            loaded(page)
        for field in SLIDERS:
            times[f"sidebar {field}: slider"] = slid(page, field)
            loaded(page)
        # At the end: what a bar shows is the session's view, which outlasts the page.
        for name in BARS:
            found = page.locator(f'[data-cy="plc-card-{name}"], [data-cy="plc-bar-{name}"]').first
            times[f"bar {name}"] = shown(page, found.click)
    return times


def loaded(page: Page) -> Seconds:
    """Loads the page anew."""
    started = time.perf_counter()
    page.goto(page.url.partition("?")[0])
    page.locator(GRID).first.wait_for(timeout=MILLISECONDS)
    times = {"first grid": time.perf_counter() - started}
    ready = '[data-cy="plc-panel"]:not([data-state="loading"])'
    page.locator(ready).wait_for(timeout=MILLISECONDS)
    page.wait_for_function(f"/\\d/.test(document.querySelector('{COUNT}')?.textContent)")
    return times | {"panel Curation": time.perf_counter() - started}


def shown(page: Page, act: Callable[[], None]) -> float:
    """Seconds from an act to the grid that shows another number of samples."""
    before = page.locator(COUNT).inner_text()
    started = time.perf_counter()
    act()
    page.wait_for_function(
        """([count, grid, before]) => {
            const now = document.querySelector(count)?.textContent ?? "";
            return /\\d/.test(now) && now.trim() !== before.trim() && document.querySelector(grid);
        }""",
        arg=[COUNT, GRID, before],
        timeout=MILLISECONDS,
        polling=20,
    )
    return time.perf_counter() - started


def chosen(page: Page, field: str, value: str) -> float:
    """Filters by a value that is searched for in the sidebar."""
    opened(page, field)
    search = page.locator(f'[data-cy="selector-sidebar-search-{field}"]')
    search.scroll_into_view_if_needed()
    search.click()
    search.fill(value)
    found = page.locator('[data-cy^="selector-result"]', has_text=value).first
    found.wait_for(timeout=MILLISECONDS)
    return shown(page, found.click)


def slid(page: Page, field: str) -> float:
    """Moves the upper end of a field's slider to its middle."""
    opened(page, field)
    end = page.locator(f'[data-cy="numeric-filter-{field}"] .MuiSlider-thumb').last
    end.wait_for(timeout=MILLISECONDS)
    return shown(page, lambda: dragged(page, end))


def dragged(page: Page, end: Locator) -> None:
    box = end.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 80, y, steps=5)
    page.mouse.up()


def opened(page: Page, field: str) -> None:
    arrow = page.locator(f'[data-cy="sidebar-field-arrow-enabled-{field.partition(".")[0]}"]')
    arrow.scroll_into_view_if_needed()
    arrow.click()


def show(pairs: int, times: Seconds) -> None:
    """A table for people."""
    lines = [f"{pairs:,} pairs"]
    for name, seconds in times.items():
        late = "  MISSED" if seconds > WANTED.get(name, WANTED_CLICK) else ""
        lines.append(f"  {name:<36}{seconds:>6.2f} s{late}")
    print("\n".join(lines), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
