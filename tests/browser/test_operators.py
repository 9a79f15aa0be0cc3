"""Operators run from the App: the form, the result, and what is then in the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers import fields
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.ingest import import_dataset
from tests.browser.grid import open_grid

DATASET = "operated"
SECONDS = 1000


@pytest.fixture(scope="module")
def page(
    serve: Callable[[str], str], browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    root = make_gres(tmp_path_factory.mktemp("operated") / "published", images=4).root
    import_dataset("auto", root, DATASET)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    open_grid(page, serve(DATASET))
    yield page
    page.close()
    delete_dataset(DATASET)


def open_operator(page: Page, label: str) -> None:
    page.keyboard.press("Escape")
    page.keyboard.press("`")
    page.keyboard.type("PairLens")
    page.get_by_text(f"PairLens: {label}", exact=True).first.click(timeout=60 * SECONDS)


def execute(page: Page) -> None:
    page.get_by_role("button", name="Execute").click(timeout=60 * SECONDS)


def close(page: Page) -> None:
    page.get_by_role("button", name="Done").click()


def test_a_form_that_lacks_something_cannot_be_sent(page: Page) -> None:
    open_operator(page, "export subset")
    button = page.get_by_role("button", name="Execute")
    expect(button).to_be_disabled(timeout=30 * SECONDS)
    page.get_by_role("button", name="Cancel").click()


def test_flagging_shows_a_result_and_chips(page: Page) -> None:
    import fiftyone as fo

    open_operator(page, "flag pairs")
    execute(page)
    result = page.get_by_text(re.compile(r"Checked 8 pairs in"))
    expect(result).to_be_visible(timeout=60 * SECONDS)
    close(page)
    dataset = fo.load_dataset(DATASET)
    dataset.reload()
    assert dataset.exists(fields.QUALITY).count() == len(dataset) == 8


def test_hostile_text_in_a_result_stays_text(page: Page, tmp_path: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    (tmp_path / "![pixel](http:").mkdir()
    open_operator(page, "export subset")
    label = page.get_by_text("New folder", exact=True)
    label.locator("xpath=following::input[1]").fill(f"{tmp_path}/![pixel](http:")
    execute(page)
    exported = page.get_by_text(re.compile(r"Exported 8 pairs to .*!\[pixel\]\(http:"))
    expect(exported.first).to_be_visible(timeout=60 * SECONDS)
    close(page)
    assert [url for url in asked if "pixel" in url] == []
    assert (tmp_path / "![pixel](http:" / "manifest.json").is_file()
