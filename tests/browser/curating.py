"""A dataset to curate in the browser, and the panel ``curation`` on the page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Locator, Page, ViewportSize, expect

from pairlens.importers import fields
from pairlens.importers.masks import encode_png, load_stored
from tests.browser.grid import MILLISECONDS

WINDOW: ViewportSize = {"width": 1600, "height": 1000}
PRED = "model"


def make(name: str, folder: Path, images: int = 16) -> Any:
    """An imported GRES dataset with faults of five kinds, predicted, scored and flagged."""
    import fiftyone as fo

    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.fiftyone_plugin.demo.layouts import make_gres
    from pairlens.fiftyone_plugin.demo.planting import plant
    from pairlens.fiftyone_plugin.metrics.runs import score
    from pairlens.importers.ingest import import_dataset

    root = make_gres(folder / "published", images=images).root
    faults = ("mirrored_mask", "box_mask", "tiny_mask", "empty_mask", "coordinate_leak")
    plant(root, "gres", faults, rate=0.9)
    import_dataset("gres", root, name)
    dataset = fo.load_dataset(name)
    predict(dataset, folder / "predictions")
    score(dataset, pred=PRED, key=PRED)
    flag(dataset)
    return dataset


def predict(dataset: Any, folder: Path) -> None:
    """Gives every pair its own mask as a prediction, each a little further off than the last."""
    import fiftyone as fo

    folder.mkdir()
    for number, sample in enumerate(dataset):
        mask = load_stored(sample[fields.SEGMENTATION].mask_path)
        file = folder / f"{number}.png"
        file.write_bytes(encode_png(np.ascontiguousarray(np.roll(mask, number, axis=1))))
        sample[PRED] = fo.Segmentation(mask_path=str(file))
        sample.save()


def open_curation(page: Page) -> Locator:
    """The panel ``curation``, opened beside the grid where it is not open yet."""
    panel = page.locator('[data-cy="plc-panel"]')
    if not panel.count():
        page.locator('[data-cy="new-panel-btn"]').first.click()
        page.get_by_text("Curation", exact=True).first.click()
    page.locator('[data-cy="plc-panel"]:not([data-state="loading"])').wait_for(timeout=MILLISECONDS)
    return panel


def bar(page: Page, name: str) -> Locator:
    """A bar of the panel, a card included."""
    return page.locator(f'[data-cy="plc-bar-{name}"], [data-cy="plc-card-{name}"]').first


def expect_entries(page: Page, pairs: int) -> None:
    """Waits until the grid counts so many pairs."""
    words = f"{pairs} sample{'s' * (pairs != 1)}"
    entries = page.locator('[data-cy="entry-counts"]')
    expect(entries).to_have_text(words, timeout=MILLISECONDS)


def take_picture(page: Page, repo_root: Path, name: str) -> None:
    """Takes a picture for the documentation where ``PAIRLENS_SCREENSHOT`` is set."""
    page.mouse.move(0, 0)
    png = page.screenshot()
    assert len(png) > 50_000
    if "PAIRLENS_SCREENSHOT" in os.environ:
        (repo_root / "docs" / "images" / f"{name}.png").write_bytes(png)
