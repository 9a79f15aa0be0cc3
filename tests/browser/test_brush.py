"""Masks painted with the mouse in the panel ``pair``; the pixels are looked up in the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.importers import fields
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.masks import Pixels, encode_png, load_stored
from tests.browser import curating
from tests.browser.grid import MILLISECONDS, close_sample, open_grid

NAME, RASTERS, PLACED = "painted", "painted-tiff", "painted-placeholders"
SIDE = 256
WINDOW: ViewportSize = {"width": 1600, "height": 1000}
REVIEWER = "ann"
PREDICTED = "model"
USUAL = {SIDE: 9, 512: 19}
"""Size of the brush that the editor begins with, by the side of the mask."""

Spot = tuple[float, float]
"""The middle of a pixel by column and row, or a place between two."""


@pytest.fixture(scope="module")
def dataset(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Pairs with a prediction."""
    import fiftyone as fo

    from pairlens.importers.ingest import import_dataset

    folder = tmp_path_factory.mktemp("painted")
    root = make_gres(folder / "published", images=2, size=SIDE).root
    import_dataset("gres", root, NAME)
    dataset = fo.load_dataset(NAME)
    (folder / "model").mkdir()
    for sample in dataset:
        mask = load_stored(sample[fields.SEGMENTATION].mask_path)
        file = folder / "model" / f"{sample.id}.png"
        file.write_bytes(encode_png(np.ascontiguousarray(np.roll(mask == 1, 9, axis=1))))
        sample[PREDICTED] = fo.Segmentation(mask_path=str(file))
        sample.save()
    yield dataset
    delete_dataset(NAME)


@pytest.fixture(scope="module")
def others(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Pairs whose images and masks are TIFF, and pairs without their images."""
    from pairlens.importers.ingest import ImportOptions, import_dataset

    folder = tmp_path_factory.mktemp("others")
    rasters = make_refsegrs(folder / "rasters", pairs=2, size=SIDE).root
    import_dataset("refsegrs", rasters, RASTERS)
    placed = make_gres(folder / "placed", images=1).root
    for image in placed.rglob("*.jpg"):
        image.unlink()
    import_dataset("gres", placed, PLACED, ImportOptions(placeholders=True))
    yield
    delete_dataset(RASTERS)
    delete_dataset(PLACED)


@pytest.fixture(scope="module")
def url(serve: Callable[[str], str], dataset: Any, others: None) -> str:
    return serve(NAME)


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport=WINDOW)
    page.add_init_script(f"localStorage.setItem('pairlens.reviewer', '{REVIEWER}')")
    yield page
    page.close()


@pytest.fixture
def painter(page: Page, url: str) -> Iterator[Page]:
    """The page with a pair open and the editor of its mask beside it."""
    begin(page, url)
    yield page
    page.keyboard.press("Escape")


def begin(page: Page, url: str) -> None:
    """Opens a pair of a dataset and the editor of its mask."""
    import fiftyone as fo

    if page.url.partition("?")[0] == url:
        close_sample(page)
    else:
        open_grid(page, url)
    sample = fo.load_dataset(url.rpartition("/")[2]).first().id
    page.evaluate("id => __foo__.executeOperator('open_sample', {id})", sample)
    page.locator('[data-cy="modal"] [data-cy="panel-tab-pair"]').click(timeout=MILLISECONDS)
    page.locator('.plp-pair[data-ready="true"]').wait_for(timeout=MILLISECONDS)
    page.keyboard.press("b")
    canvas(page).wait_for(timeout=MILLISECONDS)


def canvas(page: Page) -> Locator:
    return page.get_by_test_id("painted")


def shown(page: Page) -> str:
    """The sample that the panel shows."""
    return page.locator(".plp-pair").get_attribute("data-sample") or ""


def stored(dataset: Any, sample_id: str) -> dict[str, Any]:
    """A pair as the database has it."""
    from bson import ObjectId

    return dataset._sample_collection.find_one({"_id": ObjectId(sample_id)})


def mask_of(dataset: Any, sample_id: str) -> Pixels:
    return load_stored(stored(dataset, sample_id)[fields.SEGMENTATION]["mask_path"])


def drawn(page: Page) -> Pixels:
    """(height, width) of the target that the canvas shows."""
    alpha = canvas(page).evaluate(ALPHA)
    return (np.array(alpha, np.uint8).reshape(SIDE, SIDE) > 0).view(np.uint8)


ALPHA = """canvas => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return Array.from({length: data.length / 4}, (_, i) => data[4 * i + 3]);
}"""


def place(page: Page, spot: Spot) -> tuple[float, float]:
    """Where on the page the middle of a pixel is."""
    box = canvas(page).bounding_box()
    assert box
    side = int(canvas(page).get_attribute("width") or 0)
    x, y = spot
    return box["x"] + (x + 0.5) * box["width"] / side, box["y"] + (y + 0.5) * box["height"] / side


def drag(page: Page, start: Spot, end: Spot, *, button: Any = "left") -> None:
    page.mouse.move(*place(page, start))
    end_place = place(page, end)  # while dragging the image may move
    page.mouse.down(button=button)
    page.mouse.move(*end_place, steps=7)
    page.mouse.up(button=button)


def click(page: Page, spot: Spot) -> None:
    page.mouse.click(*place(page, spot))


def near(start: Spot, end: Spot, size: int, side: int = SIDE) -> Pixels:
    """The pixels whose middle is at most half a size away from a level line, as a target."""
    ys, xs = np.mgrid[:side, :side]
    (x0, y), (x1, _) = start, end
    return (np.hypot(xs - np.clip(xs, x0, x1), ys - y) <= size / 2).view(np.uint8)


def box(x0: int, y0: int, x1: int, y1: int) -> Pixels:
    pixels = np.zeros((SIDE, SIDE), np.uint8)
    pixels[y0:y1, x0:x1] = 1
    return pixels


def written(dataset: Any, sample_id: str, verdict: str | None) -> dict[str, Any]:
    """The pair when its verdict is so: verdicts are written behind."""
    deadline = time.monotonic() + MILLISECONDS / 1000
    while stored(dataset, sample_id).get(fields.VERDICT) != verdict:
        assert time.monotonic() < deadline, stored(dataset, sample_id)
        time.sleep(0.05)
    return stored(dataset, sample_id)


def test_what_is_painted_is_not_lost_unasked_and_not_written_unsaved(
    painter: Page, dataset: Any
) -> None:
    sample = shown(painter)
    before, published = stored(dataset, sample), mask_of(dataset, sample)
    expect(painter.get_by_role("button", name="Save the mask")).to_be_disabled()
    assert (drawn(painter) == (published == 1)).all()
    drag(painter, (20, 20), (60, 20))
    for key in ("1", "2", "m", "."):  # the panel's keys rest
        painter.keyboard.press(key)
    painter.keyboard.press("Escape")
    ask = painter.get_by_role("alertdialog")
    ask.get_by_role("button", name="Go on painting").click()
    painter.evaluate("() => __foo__.executeOperator('close_sample', {})")
    painter.locator('[data-cy="modal"]').wait_for(state="detached")
    painter.evaluate("id => __foo__.executeOperator('open_sample', {id})", sample)
    painter.locator('[data-cy="modal"] [data-cy="panel-tab-pair"]').click()
    canvas(painter).wait_for(timeout=MILLISECONDS)
    expected = np.maximum(published == 1, near((20, 20), (60, 20), USUAL[SIDE]))
    assert (drawn(painter) == expected).all()
    painter.keyboard.press("Escape")
    ask.get_by_role("button", name="Throw it away").click()
    canvas(painter).wait_for(state="detached")
    assert stored(dataset, sample) == before


def test_strokes_polygons_and_parts_become_the_mask_to_the_pixel(
    painter: Page, dataset: Any, repo_root: Path
) -> None:
    sample = shown(painter)
    published = mask_of(dataset, sample)
    painter.get_by_role("button", name="From nothing").click()
    drag(painter, (40, 60), (120, 60))
    expected = near((40, 60), (120, 60), USUAL[SIDE])
    assert (drawn(painter) == expected).all()

    painter.keyboard.press("[")  # the eraser is smaller
    size = int(painter.get_by_label("Size of the brush").inner_text().removesuffix(" px"))
    assert size < USUAL[SIDE]
    painter.keyboard.down("Shift")
    drag(painter, (80, 60), (140, 60))
    painter.keyboard.up("Shift")
    erased = expected & ~near((80, 60), (140, 60), size)
    assert (drawn(painter) == erased).all()
    painter.keyboard.press("u")
    assert (drawn(painter) == expected).all()
    painter.keyboard.press("y")
    assert (drawn(painter) == erased).all()

    painter.keyboard.press("p")
    corners = [(149.5, 149.5), (199.5, 149.5), (199.5, 189.5), (149.5, 189.5)]
    for corner in [*corners, (10, 10)]:
        click(painter, corner)
    painter.keyboard.press("u")  # the last corner
    curating.take_picture(painter, repo_root, "pair-brush")
    painter.keyboard.press("Enter")
    both = erased | box(150, 150, 200, 190)
    assert (drawn(painter) == both).all()

    painter.keyboard.press("c")
    click(painter, (170, 170))
    assert (drawn(painter) == box(150, 150, 200, 190)).all()
    painter.keyboard.press("u")
    assert (drawn(painter) == both).all()

    painter.keyboard.press("b")
    zoom_and_move(painter)
    click(painter, (220, 128))
    expected = both | near((220, 128), (220, 128), size)
    assert (drawn(painter) == expected).all()
    painter.keyboard.press("Enter")

    pair = written(dataset, sample, "fix")
    assert (mask_of(dataset, sample) == expected).all()
    assert (load_stored(pair[fields.ORIGINAL_MASK]["mask_path"]) == published).all()
    painter.keyboard.press("u")
    written(dataset, sample, None)
    assert (mask_of(dataset, sample) == published).all()
    painter.locator('.plp-pair[data-ready="true"]').wait_for(timeout=MILLISECONDS)


def zoom_and_move(page: Page) -> None:
    """Closer with the wheel around a pixel, which stays there, then aside with Space."""
    at = place(page, (200, 128))
    page.mouse.move(*at)
    page.mouse.wheel(0, -400)
    page.wait_for_function("() => document.querySelector('.plp-stretched').style.width !== '100%'")
    assert place(page, (200, 128)) == pytest.approx(at, abs=1)
    page.keyboard.down("Space")
    page.locator('[data-panning="true"]').wait_for()
    before = place(page, (200, 128))
    drag(page, (200, 128), (190, 128))
    page.keyboard.up("Space")
    page.locator('[data-panning="false"]').wait_for()
    assert place(page, (190, 128))[0] < before[0] - 1
    drag(page, (200, 128), (205, 128), button="middle")


def test_the_brush_starts_from_a_prediction(painter: Page, dataset: Any) -> None:
    sample = shown(painter)
    predicted = load_stored(stored(dataset, sample)[PREDICTED]["mask_path"])
    painter.get_by_role("button", name=f"From {PREDICTED}").click()
    painter.wait_for_function("() => !document.querySelector('.plp-primary').disabled")
    assert (drawn(painter) == predicted).all()
    painter.keyboard.press("e")
    drag(painter, (0, 128), (255, 128))
    expected = predicted & ~near((0, 128), (255, 128), USUAL[SIDE])
    painter.get_by_role("button", name="Save the mask").click()
    written(dataset, sample, "fix")
    assert (mask_of(dataset, sample) == expected).all()


@pytest.mark.parametrize(("name", "side"), [(RASTERS, SIDE), (PLACED, 512)])
def test_masks_over_tiffs_and_placeholders_are_painted_too(
    page: Page, url: str, name: str, side: int
) -> None:
    import fiftyone as fo

    begin(page, url.replace(f"/{NAME}", f"/{name}"))
    dataset, sample = fo.load_dataset(name), shown(page)
    image = page.get_by_test_id("stage").locator("img")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == side
    page.get_by_role("button", name="From nothing").click()
    for _ in range(4):  # so close that a pixel of the mask is several of the screen
        page.keyboard.press("+")
    middle = side // 2
    start, end = (middle - 12, middle), (middle + 12, middle)
    drag(page, start, end)
    page.keyboard.press("Enter")
    written(dataset, sample, "fix")
    assert (mask_of(dataset, sample) == near(start, end, USUAL[side], side)).all()
