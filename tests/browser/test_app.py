"""What a curator sees on opening the App on an imported RefSegRS dataset with known faults."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page

from fiftyone_plugin.demo.layouts import make_refsegrs, write_tiff
from tests.browser.grid import Pixels, chips, open_grid, pixels, settled, thumbnail, tick

WINDOW = {"width": 1440, "height": 900}

PAIRS = 20
OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
CORNER = re.compile(r" in the (top|bottom)-(left|right) corner$")

BROWSER_MARK = np.array([0.5])


@dataclass(frozen=True)
class Shown:
    """A dataset in the App: its files, its phrases by id, and where it is served.

    ``sound``, ``emptied``, ``boxed`` and ``misplaced`` are ids of pairs with their own phrase:
    one left alone, one without a target, one with its box for a mask, and one whose query
    names the opposite corner.
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
            return np.asarray(image.convert("RGB").resize(size, Image.Resampling.BILINEAR))

    def mask(self, image_id: str, size: tuple[int, int]) -> Pixels:
        """The published mask, as large as the thumbnail; in between where a pixel is parted."""
        with Image.open(self.root / "masks" / f"{image_id}.tif") as mask:
            return np.asarray(mask.convert("L").resize(size, Image.Resampling.BOX))


def generate(root: Path) -> Shown:
    """Writes a RefSegRS layout and spoils three of its pairs."""
    make_refsegrs(root, pairs=PAIRS, seed=3)
    file = root / "output_phrase_train.txt"
    phrases = dict(line.split(" ", 1) for line in file.read_text().splitlines())
    single = [i for i, p in phrases.items() if list(phrases.values()).count(p) == 1]
    misplaced = next(i for i in single if CORNER.search(phrases[i]))
    phrases[misplaced] = CORNER.sub(
        lambda m: f" in the {OPPOSITE[m[1]]}-{OPPOSITE[m[2]]} corner", phrases[misplaced]
    )
    sound, emptied, boxed = (i for i in single[:4] if i != misplaced)
    file.write_text("".join(f"{i} {phrase}\n" for i, phrase in phrases.items()))
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

    from fiftyone_plugin.checks.runner import flag
    from importers.ingest import import_dataset

    made = generate(tmp_path_factory.mktemp("layout") / "refsegrs")
    # The name is in the picture that the README shows.
    name = "refsegrs"
    assert import_dataset("refsegrs", made.root, name).samples == PAIRS
    flag(fo.load_dataset(name))
    yield replace(made, url=serve(name))
    fo.delete_dataset(name)


@pytest.fixture(scope="module")
def page(browser: Browser, shown: Shown) -> Page:
    """The App with the phrases on the thumbnails."""
    page = browser.new_page(viewport=WINDOW)
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
    for image_id in (shown.sound, shown.emptied, shown.boxed, shown.misplaced):
        other = shown.misplaced if image_id != shown.misplaced else shown.sound

        def like(picture: Pixels, image_id: str = image_id) -> bool:
            return difference(picture, shown.image(image_id, size_of(picture))).mean() < 8

        picture = settled(looker(page, shown, image_id), like)
        assert like(picture), image_id
        assert shown.same_scene(image_id, other) or not like(picture, other)


def test_ticking_segmentation_paints_the_target_and_nothing_else(page: Page, shown: Shown) -> None:
    for image_id in (shown.sound, shown.boxed):
        one = looker(page, shown, image_id)
        tick(page, "segmentation", False)
        plain = settled(one, lambda p: True)
        tick(page, "segmentation")
        painted = settled(one, lambda p: bool((difference(p, plain) > 20).any()))
        changed = difference(painted, plain)
        mask = shown.mask(image_id, size_of(plain))
        assert np.median(changed[mask == 255]) > 20
        assert np.mean(changed[mask == 0] > 5) < 0.01


def test_an_emptied_mask_paints_nothing(page: Page, shown: Shown) -> None:
    one = looker(page, shown, shown.emptied)
    tick(page, "segmentation", False)
    plain = settled(one, lambda p: False)
    tick(page, "segmentation")
    assert difference(settled(one, lambda p: False), plain).max() == 0
