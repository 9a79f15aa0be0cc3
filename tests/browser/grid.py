"""What the App's sample grid shows, read off the page."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Locator, Page

Pixels = NDArray[np.uint8]
LOADED = '[data-cy="looker"] canvas[canvas-loaded="true"]'
MILLISECONDS = 60_000


def open_grid(page: Page, url: str) -> None:
    """Opens a dataset's page, waits for its thumbnails and puts the first-start card away."""
    page.goto(url)
    page.locator(LOADED).first.wait_for(timeout=MILLISECONDS)
    close_sample(page)  # the server opens the one again that a page before had open
    dismiss = page.get_by_role("button", name="Dismiss")
    if dismiss.count():
        dismiss.first.click()


def close_sample(page: Page) -> None:
    """Closes the sample that is open, whatever is open in it and would take Escape."""
    modal = page.locator("#modal.modalon")
    if modal.count():
        page.evaluate("__foo__.executeOperator('close_sample')")
        modal.wait_for(state="detached", timeout=MILLISECONDS)


def tick(page: Page, field: str, wanted: bool = True) -> None:
    """Shows or hides a field on the thumbnails."""
    box = page.locator(f'[data-cy="checkbox-{field}"]').first
    box.scroll_into_view_if_needed()
    if box.locator("input").is_checked() != wanted:
        box.click()


def thumbnail(page: Page, phrase: str) -> Locator:
    """The thumbnail of the pair with this phrase, which must be shown on it."""
    tag = page.locator(f'[data-cy="tag-phrase"][title="phrase: {phrase}"]')
    return page.locator('[data-cy="looker"]').filter(has=tag)


def pixels(looker: Locator) -> Pixels:
    """(height, width, 3) RGB of a thumbnail's picture, without the chips that lie over it."""
    data = looker.locator("canvas").evaluate("canvas => canvas.toDataURL('image/png')")
    png = base64.b64decode(data.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def settled(looker: Locator, good: Callable[[Pixels], object]) -> Pixels:
    """The thumbnail's picture as soon as it is good, else as it is after ten seconds."""
    for _ in range(40):
        shown = pixels(looker)
        if good(shown):
            break
        looker.page.wait_for_timeout(250)
    return shown


def resting(looker: Locator) -> Pixels:
    """The thumbnail's picture when it has not changed for half a second."""
    seen: list[bytes] = []

    def same(picture: Pixels) -> bool:
        seen.append(picture.tobytes())
        return len(seen) > 2 and len(set(seen[-3:])) == 1

    return settled(looker, same)


def chips(looker: Locator, field: str) -> list[str]:
    """The texts of a field's chips on a thumbnail, in order."""
    return looker.locator(f'[data-cy="tag-{field}"]').all_inner_texts()
