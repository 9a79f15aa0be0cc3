"""Predicting from the App: the first masks are shown while the rest is asked for."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator

import fiftyone as fo
import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.ingest import import_dataset
from tests.browser.grid import Pixels, open_grid, resting, settled, tick
from tests.unit.web import Answer, Request, png
from tests.unit.web import serve as serve_masks

DATASET = "predicted"
SECONDS = 1000
ASK = """([uri, params]) => { window.__foo__.executeOperator(uri, params); }"""


@pytest.fixture(scope="module")
def page(
    serve: Callable[[str], str], browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    root = make_gres(tmp_path_factory.mktemp("predicted") / "published", images=4).root
    import_dataset("auto", root, DATASET)
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    open_grid(page, serve(DATASET))
    yield page
    page.close()
    delete_dataset(DATASET)


class Service:
    """A mask service that answers two pairs and then waits until it is let go on."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self._asked = itertools.count(1)

    def __call__(self, request: Request) -> Answer:
        if next(self._asked) > 2:
            self.goes_on.wait(180)
        return 200, {"Content-Type": "image/png"}, png(np.ones((512, 512), np.uint8))


def run(page: Page, **params: object) -> None:
    """Starts the operator as its form does."""
    page.evaluate(ASK, ["@pairlens/curation/predict_masks", params])


def shown(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible(timeout=60 * SECONDS)


def lies_over_all_of(looker: Locator, field: str) -> bool:
    """Whether hiding the field's masks changes every part of the picture."""
    masked = resting(looker)

    def changed(picture: Pixels) -> bool:
        return bool((masked != picture).any(axis=2).mean() > 0.95)

    tick(looker.page, field, wanted=False)
    return changed(settled(looker, changed))


def test_first_masks_are_shown_the_run_is_stopped_and_taken_up_again(page: Page) -> None:
    service, lookers = Service(), page.locator('[data-cy="looker"]')
    with serve_masks(service) as server:
        settings = {"url": server.url, "concurrency": "1"}
        asked = {"predictor": "http", "field": "m", "settings": settings, "batch_size": 2}
        try:
            run(page, **asked)
            expect(lookers).to_have_count(2, timeout=60 * SECONDS)
            shown(page, "2 of 8")
            dataset = fo.load_dataset(DATASET)
            dataset.reload()  # another process has made the field
            assert dataset.exists("m").count() == 2
            page.get_by_role("button", name="Done").click()
            assert lies_over_all_of(lookers.first, "m")
            run(page, field="m", again="stop")
            shown(page, "The run that fills m stops after its batch")
        finally:
            service.goes_on.set()
        shown(page, "stopped on request; 'Add what is missing' predicts the rest")
        expect(lookers).to_have_count(8, timeout=60 * SECONDS)
        assert dataset.exists("m").count() == 4
        page.get_by_role("button", name="Done").click()
        run(page, **asked, again="resume")
        shown(page, "http predicted 4 masks into m")
    assert dataset.exists("m").count() == 8
