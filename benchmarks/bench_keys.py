"""From a reviewer's key to the next group on the screen, in Chromium, on a large dataset.

    python benchmarks/bench_keys.py                      100,000 pairs
    python benchmarks/bench_keys.py --pairs 1000 --keys 20

The dataset of ``bench_panels.py`` is served as ``pairlens app`` does, a session over its warnings
and errors is started with *Review N groups*, and the key for *keep* is pressed: once for each
group, as soon as the group has been there for a second (*looked at*), and then five times a second
(*hurried*). A page script notes the time from the key to the frame in which the next group stands
there complete: its pairs, its image and its mask. At the end as many steps must be in
the log as keys were pressed; the benchmark fails otherwise.

A table goes to stderr, JSON to stdout, as one line. It needs Chromium on the path.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from own_database import own_database
from playwright.sync_api import Page, sync_playwright

REVIEWER = "Ada"
LOOKED_AT = 1.0
HURRIED = 0.2
"""Seconds between the screen and the next key, and between two keys."""
SETTLING = 60.0
"""Seconds within which the last verdict must be written."""
WANTED = {"median": 100.0, "p95": 300.0}
"""Milliseconds from the key to the next group."""

WATCH = """(() => {
    const measured = window.measuredKeys = [];
    const pressed = [];
    const position = () =>
        parseInt(document.querySelector('[data-testid="position"]')?.textContent ?? "0");
    const complete = () => {
        const images = [...document.querySelectorAll(".plp-picture img")];
        const masks = [...document.querySelectorAll(".plp-picture canvas")];
        return document.querySelector('.plp-pair[data-ready="true"]') && images.length > 0
            && images.every(one => one.complete && one.naturalWidth > 0)
            && masks.every(one => one.dataset.painted === "true");
    };
    let last = 0;
    // The panel stops its keys, so that this listener must have been there before.
    window.addEventListener("keydown", event => {
        if (event.key !== "1") return;
        last = Math.max(last, position()) + 1;
        pressed.push({at: event.timeStamp, opens: last});
    }, true);
    const look = () => {
        if (complete())
            while (pressed.length && pressed[0].opens <= position())
                measured.push(performance.now() - pressed.shift().at);
        requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})()"""
"""Notes for each key the milliseconds until the frame in which its next group stands there."""


def main() -> int:
    made = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    made.add_argument("--pairs", type=int, default=100_000)
    made.add_argument("--keys", type=int, default=60)
    args = made.parse_args()
    with own_database() as folder, redirect_stdout(sys.stderr):
        times = measure(args.pairs, args.keys, folder)
    show(args.pairs, times)
    print(json.dumps({"pairs": args.pairs, "milliseconds": times}))
    return 0


def measure(pairs: int, keys: int, folder: Path) -> dict[str, dict[str, float]]:
    """Milliseconds from the key to the next group, by pace."""
    # FiftyOne is imported by these, after its database was chosen.
    from bench_panels import dataset_of

    from pairlens.fiftyone_plugin.plugin_link import ensure_link

    ensure_link()
    with dataset_of(pairs) as dataset, app(dataset.name, folder) as page:
        start_session(page)
        times = {"looked at": pressed(page, keys, LOOKED_AT, wait=True)}
        times["hurried"] = pressed(page, keys, HURRIED, wait=False)
        expect_written(dataset, 2 * keys)
    return {name: summary(found) for name, found in times.items()}


@contextmanager
def app(name: str, folder: Path) -> Iterator[Page]:
    """The App's page of a dataset, in a browser that knows the reviewer's name."""
    from tests.browser.conftest import FLAGS, chromium
    from tests.browser.grid import open_grid
    from tests.browser.server import Server

    server = Server(name, folder / "app.log")
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            page = browser.new_page(viewport={"width": 1600, "height": 1000})
            page.add_init_script(f"localStorage.setItem('pairlens.reviewer', '{REVIEWER}')")
            page.add_init_script(WATCH)
            open_grid(page, server.url)
            yield page
            browser.close()
    finally:
        server.kill()


def start_session(page: Page) -> None:
    """Presses *Review N groups* and waits for the first of them."""
    from tests.browser.curating import open_curation

    open_curation(page).locator("button", has_text="Review").first.click()
    page.locator('.plp-pair[data-ready="true"]').wait_for(timeout=60_000)


def pressed(page: Page, keys: int, pause: float, *, wait: bool) -> list[float]:
    """Milliseconds of each of so many keys; with ``wait`` each waits for the group before."""
    before = measured(page)
    for number in range(keys):
        time.sleep(pause)
        page.keyboard.press("1")
        if wait:
            page.wait_for_function(f"measuredKeys.length > {len(before) + number}")
    page.wait_for_function(f"measuredKeys.length >= {len(before) + keys}", timeout=60_000)
    return measured(page)[len(before) :]


def measured(page: Page) -> list[float]:
    return page.evaluate("measuredKeys")


def expect_written(dataset: Any, keys: int) -> None:
    """Fails unless the log has a step for each key, soon."""
    deadline = time.monotonic() + SETTLING
    while (steps := steps_written(dataset)) < keys and time.monotonic() < deadline:
        time.sleep(0.5)
    if steps != keys:
        raise RuntimeError(f"{keys} keys were pressed and {steps} verdicts written")


def steps_written(dataset: Any) -> int:
    """The steps of the log that have reached the samples."""
    from pairlens.fiftyone_plugin.curation.log import COLLECTION
    from pairlens.importers import fo_internals

    where = {"dataset_id": fo_internals.dataset_id(dataset), "arrived": {"$ne": False}}
    return len(fo_internals.database()[COLLECTION].distinct("step", where))


def summary(times: list[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(times)),
        "p95": round(statistics.quantiles(times, n=20)[-1]),
        "slowest": round(max(times)),
    }


def show(pairs: int, times: dict[str, dict[str, float]]) -> None:
    """A table for people."""
    lines = [f"{pairs:,} pairs", f"  {'':<12}{'median':>10}{'p95':>10}{'slowest':>10}"]
    for name, one in times.items():
        late = any(one[key] > most for key, most in WANTED.items())
        row = "".join(f"{one[key]:>7.0f} ms" for key in ("median", "p95", "slowest"))
        lines.append(f"  {name:<12}{row}{'  MISSED' if late else ''}")
    print("\n".join(lines), file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
