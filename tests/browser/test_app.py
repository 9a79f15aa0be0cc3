"""What a curator sees on opening the App on an imported RefSegRS dataset with known faults."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, ViewportSize

from pairlens.fiftyone_plugin.demo.layouts import make_refsegrs, write_tiff
from tests.browser.grid import Pixels, chips, open_grid, resting, settled, thumbnail, tick

DATASET = "refsegrs"  # is read in the picture that the README shows

TALL_WINDOW: ViewportSize = {"width": 2600, "height": 1600}
"""Shows all pairs at once beside *Curation*: thumbnails out of sight are not on the page."""

WINDOW: ViewportSize = {"width": 1600, "height": 1000}
PAIRS = 25
OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
CORNER = re.compile(r" in the (top|bottom)-(left|right) corner$")

ALIKE = 8
"""Mean difference in gray levels up to which two pictures are one, resized by two programs."""

PAINTED = 20
"""Difference in gray levels from which a pixel was painted over."""


@dataclass(frozen=True)
class Shown:
    """A dataset in the App: its files and where it is served.

    ``phrases`` are those that only one pair has, by its id. ``sound``, ``emptied``, ``boxed``
    and ``misplaced`` are such pairs: one left alone, one without a target, one with a box for
    a mask, and one whose query names the opposite corner.
    """

    root: Path
    phrases: dict[str, str]
    sound: str
    emptied: str
    boxed: str
    misplaced: str
    url: str = ""

    def image(self, image_id: str, size: tuple[int, int]) -> Pixels:
        """The published image, as large as its thumbnail."""
        with Image.open(self.root / "images" / f"{image_id}.tif") as image:
            return np.asarray(image.convert("RGB").resize(size, Image.Resampling.BOX))

    def mask(self, image_id: str, size: tuple[int, int]) -> Pixels:
        """The published mask, as large as the thumbnail; neither 0 nor 255 along its edge."""
        with Image.open(self.root / "masks" / f"{image_id}.tif") as mask:
            return np.asarray(mask.convert("L").resize(size, Image.Resampling.BOX))


def opposite(match: re.Match[str]) -> str:
    return f" in the {OPPOSITE[match[1]]}-{OPPOSITE[match[2]]} corner"


def generate(root: Path) -> Shown:
    """Writes a RefSegRS layout and spoils three of its pairs."""
    make_refsegrs(root, pairs=PAIRS, seed=3)
    phrases: dict[str, str] = {}
    for file in sorted(root.glob("output_phrase_*.txt")):
        lines = [line.split(" ", 1) for line in file.read_text().splitlines()]
        if file.name == "output_phrase_train.txt":
            at = next(n for n, (_, phrase) in enumerate(lines) if CORNER.search(phrase))
            lines[at][1] = CORNER.sub(opposite, lines[at][1])
            misplaced = lines[at][0]
            file.write_text("".join(f"{image_id} {phrase}\n" for image_id, phrase in lines))
        phrases |= dict(lines)
    often = Counter(phrases.values())
    phrases = {i: p for i, p in sorted(phrases.items(), key=lambda e: int(e[0])) if often[p] == 1}
    sound, emptied, boxed = [i for i in phrases if i != misplaced][:3]
    mask = np.zeros((512, 512), np.uint8)
    write_tiff(root / "masks" / f"{emptied}.tif", mask)
    mask[290:430, 180:330] = 255
    write_tiff(root / "masks" / f"{boxed}.tif", mask)
    return Shown(root, phrases, sound, emptied, boxed, misplaced)


@pytest.fixture(scope="module")
def shown(
    mongo: str, tmp_path_factory: pytest.TempPathFactory, serve: Callable[[str], str]
) -> Iterator[Shown]:
    """The dataset, imported, flagged and served."""
    import fiftyone as fo

    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.importers.ingest import import_dataset

    made = generate(tmp_path_factory.mktemp("layout") / "refsegrs")
    assert import_dataset("refsegrs", made.root, DATASET).samples == PAIRS
    flag(fo.load_dataset(DATASET))
    yield replace(made, url=serve(DATASET))
    fo.delete_dataset(DATASET)


@pytest.fixture(scope="module")
def page(browser: Browser, shown: Shown) -> Page:
    """The App with the phrases on the thumbnails, by which the tests know the pairs."""
    page = browser.new_page(viewport=TALL_WINDOW)
    open_grid(page, shown.url)
    tick(page, "phrase")
    thumbnail(page, shown.phrases[shown.sound]).wait_for()
    return page


def looker(page: Page, shown: Shown, image_id: str) -> Locator:
    return thumbnail(page, shown.phrases[image_id])


def size_of(picture: Pixels) -> tuple[int, int]:
    return picture.shape[1], picture.shape[0]


def difference(one: Pixels, other: Pixels) -> NDArray[np.float64]:
    """(height, width) mean difference of the three bands, in gray levels."""
    return np.abs(one.astype(float) - other).mean(axis=2)


def test_every_pair_has_a_thumbnail(page: Page) -> None:
    assert page.locator('[data-cy="entry-counts"]').inner_text().strip() == f"{PAIRS} samples"


def test_thumbnails_are_the_published_tiffs(page: Page, shown: Shown) -> None:
    tick(page, "segmentation", False)

    def unlike(picture: Pixels, image_id: str) -> float:
        return float(difference(picture, shown.image(image_id, size_of(picture))).mean())

    for image_id in shown.phrases:
        one = looker(page, shown, image_id)
        picture = settled(one, lambda p, i=image_id: unlike(p, i) < ALIKE)
        assert unlike(picture, image_id) < ALIKE, image_id
    first, *_, last = shown.phrases
    assert unlike(picture, last) < ALIKE < unlike(picture, first)


def test_ticking_segmentation_paints_the_target_and_nothing_else(page: Page, shown: Shown) -> None:
    for image_id in (shown.sound, shown.boxed):
        one = looker(page, shown, image_id)
        tick(page, "segmentation", False)
        plain = resting(one)
        tick(page, "segmentation")
        painted = settled(one, lambda p, plain=plain: (difference(p, plain) > PAINTED).any())
        changed = difference(painted, plain)
        mask = shown.mask(image_id, size_of(plain))
        assert np.median(changed[mask == 255]) > PAINTED
        assert np.mean(changed[mask == 0] > PAINTED) < 0.01


def test_an_emptied_mask_paints_nothing(page: Page, shown: Shown) -> None:
    empty, control = (looker(page, shown, i) for i in (shown.emptied, shown.boxed))
    tick(page, "segmentation", False)
    plain, before = resting(control), resting(empty)
    tick(page, "segmentation")
    painted = settled(control, lambda p: (difference(p, plain) > PAINTED).any())
    assert (difference(painted, plain) > PAINTED).any()
    assert difference(resting(empty), before).max() < PAINTED


def test_findings_are_chips_on_the_pairs_they_are_about(page: Page, shown: Shown) -> None:
    tick(page, "findings")
    looker(page, shown, shown.emptied).locator('[data-cy="tag-findings"]').first.wait_for()
    assert chips(looker(page, shown, shown.sound), "findings") == []
    assert "empty_mask" in chips(looker(page, shown, shown.emptied), "findings")
    assert "box_mask" in chips(looker(page, shown, shown.boxed), "findings")
    assert "position_conflict" in chips(looker(page, shown, shown.misplaced), "findings")


def test_the_modal_shows_the_picture_too(page: Page, shown: Shown) -> None:
    looker(page, shown, shown.sound).locator("canvas").click()
    modal = page.locator('[data-cy="modal-looker-container"], [data-cy="modal"]').first
    modal.locator('canvas[canvas-loaded="true"]').first.wait_for()
    assert modal.get_by_text("could not be loaded").count() == 0
    page.keyboard.press("Escape")
    modal.wait_for(state="detached")


def test_the_operators_are_offered(browser: Browser, shown: Shown) -> None:
    from pairlens.fiftyone_plugin.operators import OPERATORS

    page = browser.new_page(viewport=WINDOW)
    open_grid(page, shown.url)
    of_the_panel = page.get_by_text("errors").count()  # "warnings and errors"
    page.keyboard.press("`")  # half of the window is the panel Curation's, and covers the button
    search = page.get_by_placeholder("Search operations by name")
    for operator in OPERATORS:
        label = operator().config.label
        search.fill(label)
        page.get_by_text(label, exact=True).first.wait_for()
    assert page.get_by_text("errors").count() == of_the_panel
    page.close()


def test_a_prediction_is_offered_beside_the_ground_truth(browser: Browser, shown: Shown) -> None:
    import fiftyone as fo

    dataset = fo.load_dataset(DATASET)
    label = {"embedded_doc_type": fo.Segmentation}
    dataset.add_sample_field("cues", fo.EmbeddedDocumentField, **label)
    page = browser.new_page(viewport=WINDOW)
    open_grid(page, shown.url)
    boxes = page.locator('[data-cy^="checkbox-"]')
    order = [box.get_attribute("data-cy") for box in boxes.all()]
    at = order.index("checkbox-segmentation")
    assert order[at : at + 3] == ["checkbox-segmentation", "checkbox-findings", "checkbox-cues"]
    page.close()
    dataset.delete_sample_field("cues")


def test_screenshot(page: Page, shown: Shown, repo_root: Path) -> None:
    """Takes the README's picture where ``PAIRLENS_SCREENSHOT`` is set, else sees that it could."""
    page.set_viewport_size(WINDOW)
    tick(page, "segmentation")
    tick(page, "findings")
    painted = looker(page, shown, shown.boxed)
    tick(page, "phrase")
    resting(painted)
    page.mouse.move(0, 0)
    png = page.screenshot()
    assert len(png) > 100_000
    if "PAIRLENS_SCREENSHOT" in os.environ:
        target = repo_root / "docs" / "images" / "app.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(png)
