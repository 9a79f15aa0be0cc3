"""Measures waiting times in the App on a large dataset, in Chromium.

    python benchmarks/bench_app.py                       100,000 pairs
    python benchmarks/bench_app.py --samples 1000000 --database /data/million --picture app.png

The dataset of ``bench_panels.py`` is served as ``pairlens app`` does. Times are those of the page:

- ``open``: from the address to the first thumbnails, in a fresh browser
- ``sidebar``: from the choice of a value or the move of a slider to a grid that shows it, each on
  a page that was just loaded; ``list`` before it, from the click into a field's box to its values
- ``panel``: from the address to the figures of the panel *Curation*, from a click on a bar to the
  grid that shows it, and so on; last, since the view that they set outlasts the page

A grid shows it when it tells another number of samples than before and has thumbnails of them.
An act begins when the browser has drawn all that came before.
``settled`` is when the server has answered everything that followed, the panel's figures of a
filter among it. ``server``, ``database`` and ``browser`` are what those took of the processors
until then, which other work on the machine changes less than seconds; much of the browser's is the
masks of thumbnails, of which the worst pairs may have large ones.

Beside it the same samples in a dataset that PairLens knows nothing of, with the settings and the
indexes that FiftyOne gives a dataset, opened by FiftyOne itself.

A table goes to stderr, JSON to stdout, as one line. It needs Chromium on the path. With
``--database`` the dataset is made in that folder where it is not there yet, and stays.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from own_database import own_database
from playwright.sync_api import Browser, Locator, Page, Request, TimeoutError, sync_playwright

NAME, PLAIN = "bench-app", "bench-app-plain"
FIRST_GRID, CLICK = 3.0, 2.0
"""Seconds that are promised."""
MILLISECONDS = 60_000
NEVER = float("inf")
"""Seconds of what was not there after so many milliseconds."""
QUIET = 0.4
"""Seconds without a request after which nothing more is expected."""
RESTS = 0.05
"""Seconds of processors that a browser at rest takes in :data:`QUIET`."""

BARS = (
    "flagged", "severity:error", "check:position_conflict", "verdict:drop", "verdict:pending",
    "reviewer:Ada", "split:val",
)  # fmt: skip
CHOICES = {
    "verdict": "drop",
    "reviewer": "Ada",
    "split": "val",
    "worst_severity": "error",
    "findings.classifications.label": "position_conflict",
    "findings.classifications.severity": "error",
}
SLIDERS = ("quality", "cues_iou")
GRID = '[data-cy="looker"] canvas[canvas-loaded="true"]'
COUNT = '[data-cy="entry-counts"]'
FIGURES = '[data-cy="plc-panel"]:not([data-state="loading"])'
CHANGED = """([count, grid, before]) => {
    const now = document.querySelector(count)?.textContent ?? "";
    return /\\d/.test(now) && now.trim() !== before.trim() && document.querySelector(grid);
}"""
SERVE_PLAIN = """import os, sys
with open(sys.argv[3], "ab") as log:
    os.dup2(log.fileno(), 1)
    os.dup2(log.fileno(), 2)
import fiftyone as fo
fo.launch_app(fo.load_dataset(sys.argv[1]), port=int(sys.argv[2]), remote=True).wait(-1)
"""


class Took(NamedTuple):
    """Durations of one act in seconds; for the last three, of processor time."""

    seconds: float
    settled: float
    server: float
    database: float
    browser: float


Times = dict[str, Took]


def main() -> int:
    made = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    made.add_argument("--samples", type=int, default=100_000)
    made.add_argument("--database", type=Path, help="folder that keeps the dataset")
    made.add_argument("--picture", type=Path, help="PNG of the App that is written")
    made.add_argument("--cache-gb", type=float, default=half_of_memory(), help="of the database")
    made.add_argument("--only", default="", help="acts whose names have this in them")
    made.add_argument("--no-plain", action="store_true", help="leaves FiftyOne alone out")
    args = made.parse_args()
    times: dict[str, Times] = {}
    with (
        own_database(kept=args.database, cache_gb=args.cache_gb) as folder,
        redirect_stdout(sys.stderr),
    ):
        samples = prepare(folder, args.samples)
        for what, name in (("PairLens", NAME), ("FiftyOne alone", PLAIN))[: 2 - args.no_plain]:
            times[what] = run(folder, name, args)
            show(f"{samples:,} pairs, {what}, load {os.getloadavg()[0]:.1f}", times[what])
    plain = {what: {n: as_json(t) for n, t in one.items()} for what, one in times.items()}
    print(json.dumps({"samples": samples, "load": os.getloadavg()[0], "times": plain}))
    return 0


def half_of_memory() -> float:
    """The default size of a MongoDB server's cache in gigabytes."""
    return max(round((psutil.virtual_memory().total / 2**30 - 1) / 2, 1), 0.25)


def as_json(took: Took) -> dict[str, float | None]:
    """The durations for JSON, with ``null`` for missing ones."""
    return {name: None if value == NEVER else value for name, value in took._asdict().items()}


def prepare(folder: Path, samples: int) -> int:
    """Makes the two datasets if they do not exist, and returns their number of samples."""
    # FiftyOne is imported here, after its database was chosen.
    import fiftyone as fo
    from bench_panels import make, multiply

    from pairlens.fiftyone_plugin.checks.findings_store import complete
    from pairlens.fiftyone_plugin.plugin_link import ensure_link
    from pairlens.importers import schema

    ensure_link()
    if not fo.dataset_exists(NAME):
        dataset = make(NAME, folder)
        multiply(dataset, samples)
        dataset.persistent = True
    dataset = fo.load_dataset(NAME)
    # A dataset that was kept may be of an earlier version.
    schema.declare_findings(dataset)
    schema.index_findings(dataset)
    complete(dataset)
    if not fo.dataset_exists(PLAIN):
        plain = dataset.clone(PLAIN, persistent=True, include_indexes=False)
        plain.app_config, plain.info = fo.DatasetAppConfig(), {}
        plain.save()
    return len(dataset)


def run(folder: Path, name: str, args: Any) -> Times:
    """Measures the waiting times in the App of a dataset."""
    from tests.browser.conftest import FLAGS, chromium
    from tests.browser.server import Server

    class Served(Server):
        program = Server.program if name == NAME else ("-c", SERVE_PLAIN)

    server = Served(name, folder / "app.log")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            ours = name == NAME
            picture = args.picture if ours else None
            times = measure(Watch(browser, server), ours=ours, only=args.only, picture=picture)
            browser.close()
            return times
    finally:
        server.kill()


class Watch:
    """A page of the App, and measurements of acts on it."""

    def __init__(self, browser: Browser, server: Any) -> None:
        self.url: str = server.url
        self._browser = browser
        self._processes = psutil.Process(server.process.pid), database()
        self._asked: set[Request] = set()
        self._began = self._answered = 0.0
        self._before: list[float] = []
        self.page = browser.new_page()

    def renew(self) -> None:
        """Starts a fresh browser."""
        self.page.close()
        self._asked.clear()
        self.page = self._browser.new_page(viewport={"width": 1600, "height": 1000})
        self.page.add_init_script("localStorage.setItem('pairlens.reviewer', 'Ada')")
        self.page.on("request", self._ask)
        self.page.on("requestfinished", self._answer)
        self.page.on("requestfailed", self._answer)

    def _ask(self, request: Request) -> None:
        # The stream of what other pages of the session do never ends.
        if request.method == "POST" and not request.url.endswith("/events"):
            self._asked.add(request)

    def _answer(self, request: Request) -> None:
        if request in self._asked:
            self._asked.remove(request)
            self._answered = time.perf_counter()

    def begin(self) -> None:
        """Starts a measurement after everything before is drawn.

        A page is shown before all of its masks are drawn.
        """
        deadline = time.perf_counter() + MILLISECONDS / 1000
        used = self._processors()[-1]
        while time.perf_counter() < deadline:
            self.page.wait_for_timeout(1000 * QUIET)
            used, before = self._processors()[-1], used
            if used - before < RESTS:
                break
        self._began, self._before = time.perf_counter(), self._processors()

    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def settled(self, seconds: float) -> Took:
        """Waits until no request is pending, and returns the durations."""
        self._answered = self._began + seconds
        deadline = self._answered + MILLISECONDS / 1000
        while self._asked or time.perf_counter() < self._answered + QUIET:
            if time.perf_counter() > deadline:
                break
            self.page.wait_for_timeout(50)
        now = self._processors()
        used = (round(n - before, 2) for n, before in zip(now, self._before, strict=True))
        return Took(round(seconds, 2), round(self._answered - self._began, 2), *used)

    def _processors(self) -> list[float]:
        served, database = self._processes
        server = [served, *served.children(recursive=True)]
        ours = psutil.Process().children(recursive=True)
        browser = sum(used(one, "chrom") for one in ours)
        return [sum(map(used, server)), used(database), browser]

    def until(self, act: Callable[[], Any], done: Callable[[], Any]) -> Took:
        """The durations from an act until a condition is met."""
        self.begin()
        try:
            act()
            done()
        except TimeoutError:
            return self.settled(self.seconds())._replace(seconds=NEVER)
        return self.settled(self.seconds())

    def shown(self, act: Callable[[], Any]) -> Took:
        """The durations from an act until the grid shows another number of samples."""
        arg = [COUNT, GRID, self.page.locator(COUNT).inner_text()]
        wait = self.page.wait_for_function
        return self.until(act, lambda: wait(CHANGED, arg=arg, timeout=MILLISECONDS, polling=20))

    def there(self, where: str) -> Callable[[], None]:
        return lambda: self.page.locator(where).first.wait_for(timeout=MILLISECONDS)


def used(process: psutil.Process, name: str = "") -> float:
    """Processor seconds of a process; 0 if it has ended or has another name."""
    try:
        return sum(process.cpu_times()[:2]) if name in process.name() else 0.0
    except psutil.NoSuchProcess:
        return 0.0


def database() -> psutil.Process:
    """The process of this benchmark's database."""
    port = os.environ["FIFTYONE_DATABASE_URI"].rpartition(":")[2].strip("/")
    found = psutil.process_iter(["name", "cmdline"])
    return next(
        one for one in found if one.info["name"] == "mongod" and port in (one.info["cmdline"] or ())
    )


def measure(watch: Watch, *, ours: bool, only: str, picture: Path | None) -> Times:
    """Measures each act whose name contains ``only``."""
    times = loaded(watch, ours)
    if picture:
        watch.page.screenshot(path=picture)
    for field, value in CHOICES.items():
        if only in f"sidebar {field}":
            times |= chosen(watch, field, value)
            loaded(watch, ours)
    for field in SLIDERS:
        if only in f"sidebar {field}":
            times |= slid(watch, field)
            loaded(watch, ours)
    if ours and only in "panel":
        times |= in_panel(watch)
    return times


def loaded(watch: Watch, ours: bool) -> Times:
    """Opens the App in a fresh browser, with the panel if the dataset is one of PairLens."""
    watch.renew()
    watch.begin()
    watch.page.goto(watch.url)
    watch.there(GRID)()
    grid = figures = watch.seconds()
    if ours:
        watch.there(FIGURES)()
        figures = watch.seconds()
    settled = watch.settled(figures)
    dismiss = watch.page.get_by_role("button", name="Dismiss")
    if dismiss.count():
        dismiss.first.click()
    times = {"open": settled._replace(seconds=round(grid, 2))}
    return times | ({"panel: figures": settled} if ours else {})


def chosen(watch: Watch, field: str, value: str) -> Times:
    """Filters by a value that is chosen from the list of a field."""
    opened(watch, field)
    search = watch.page.locator(f'[data-cy="selector-sidebar-search-{field}"]')
    search.scroll_into_view_if_needed()
    found = watch.page.locator('[data-cy^="selector-result-"]', has_text=value).first
    listed = watch.until(search.click, lambda: found.wait_for(timeout=MILLISECONDS))
    return {f"sidebar {field}: list": listed, f"sidebar {field}: {value}": watch.shown(found.click)}


def slid(watch: Watch, field: str) -> Times:
    """Moves the upper end of a field's slider to the left."""
    thumb = f'[data-cy="numeric-filter-{field}"] .MuiSlider-thumb'
    listed = watch.until(lambda: opened(watch, field), watch.there(thumb))
    if listed.seconds == NEVER:
        return {f"sidebar {field}: slider": listed, f"sidebar {field}: moved": listed}
    end = watch.page.locator(thumb).last
    end.scroll_into_view_if_needed()
    moved = watch.shown(lambda: dragged(watch.page, end))
    return {f"sidebar {field}: slider": listed, f"sidebar {field}: moved": moved}


def dragged(page: Page, end: Locator) -> None:
    box = end.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 80, y, steps=5)
    page.mouse.up()


def opened(watch: Watch, field: str) -> None:
    """Expands a field of the sidebar, and its group if it is closed."""
    arrow = watch.page.locator(f'[data-cy="sidebar-field-arrow-enabled-{field.partition(".")[0]}"]')
    arrow.first.scroll_into_view_if_needed()
    arrow.first.click()


def in_panel(watch: Watch) -> Times:
    """Clicks on bars of the panel, another histogram, and the first group of a session."""
    page, times = watch.page, Times()
    for name in BARS:
        bar = page.locator(f'[data-cy="plc-card-{name}"], [data-cy="plc-bar-{name}"]').first
        times[f"panel: {name}"] = watch.shown(bar.click)
    again = page.get_by_role("button", name="Show all again")
    times["panel: show all again"] = watch.shown(again.click)
    group = watch.there('.plp-pair[data-ready="true"]')
    review = page.locator('[data-cy="plc-begin"]').get_by_role("button", name="Review").first
    times["panel: first group of a session"] = watch.until(review.click, group)
    return times


def show(title: str, times: Times) -> None:
    """A table for people."""
    print(f"{title}\n{'':44}" + "".join(f"{one:>10}" for one in Took._fields), file=sys.stderr)
    for name, took in times.items():
        late = took.seconds > (FIRST_GRID if name == "open" else CLICK)
        row = "".join(f"{one:>10.2f}" for one in took)
        print(f"  {name:42}{row}{'  MISSED' if late else ''}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
