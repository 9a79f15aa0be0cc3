"""A reviewer at captions and conversations in the panel ``pair``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pairlens.importers.datasets import delete_dataset
from tests.browser import curating
from tests.browser.curating import WINDOW
from tests.browser.grid import MILLISECONDS, open_grid
from tests.unit.instructions import put, trained

CAPTIONS, TALKS = "captioned", "talked"
REVIEWER = "ann"
SMALL = {"width": 1024, "height": 700}


def talks(root: Path) -> None:
    """Two images with conversations; of the first, two turns contradict and one is doubled."""
    from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v

    made = make_rsgpt4v(root, images=2, size=256).root
    for file in [*made.glob("*.json"), *made.glob("*.jsonl")]:
        file.unlink()
    images = sorted(path.relative_to(made).as_posix() for path in made.rglob("*") if path.is_file())
    asked = ("<image>\nIs there a ship in the image?", "Yes.", "How many roads are there?", "Two.")
    boxed = (
        "Where is the large house [0.1, 0.2, 0.4, 0.5]?",
        "Beside the pond [0.5, 0.5, 0.9, 0.8].",
    )
    ended = (
        "Is there a ship in the image?",
        "No, there is no ship.",
        "How many roads are there?",
        "Two.",
    )
    first = trained(images[0], *asked, *boxed, *ended)
    put(made, "train.json", [first, trained(images[1], "<image>\nIs it large?", "3")])


@pytest.fixture(scope="module")
def datasets(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Flagged captions and conversations, with a session over each."""
    import fiftyone as fo

    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.fiftyone_plugin.curation import sessions
    from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
    from pairlens.fiftyone_plugin.demo.planting import plant
    from pairlens.importers.ingest import import_dataset

    folder = tmp_path_factory.mktemp("texts")
    shards = make_rsteller(folder / "captions", 4, size=256).root
    plant(shards, "rsteller", ("drifted_place",), rate=0.9)
    talks(folder / "talks")
    found = {}
    for name, form, root in ((CAPTIONS, "rsteller", shards), (TALKS, "rsgpt4v", folder / "talks")):
        import_dataset(form, root, name)
        found[name] = fo.load_dataset(name)
        flag(found[name])
        sessions.start(found[name], name="morning", warnings=True, reviewer=REVIEWER)
    yield found
    for name in found:
        delete_dataset(name)


@pytest.fixture(scope="module")
def url(datasets: dict[str, Any], serve: Callable[[str], str]) -> str:
    """Where the datasets are shown, up to their names."""
    return serve(CAPTIONS).removesuffix(CAPTIONS)


@pytest.fixture(params=(CAPTIONS, TALKS))
def page(
    request: pytest.FixtureRequest, browser: Browser, datasets: dict[str, Any], url: str
) -> Iterator[Page]:
    """The App with the session opened by a reviewer."""
    page = browser.new_page(viewport=WINDOW)
    page.add_init_script(f"localStorage.setItem('pairlens.reviewer', '{REVIEWER}')")
    open_grid(page, url + request.param)
    sample = datasets[request.param].first().id
    page.evaluate("id => __foo__.executeOperator('open_sample', {id})", sample)
    page.locator('[data-cy="modal"] [data-cy="panel-tab-pair"]').click(timeout=MILLISECONDS)
    panel(page).get_by_role("button", name="Resume morning").click()
    expect(panel(page).get_by_test_id("position")).to_contain_text("1 of", timeout=MILLISECONDS)
    yield page
    page.close()


def panel(page: Page) -> Locator:
    return page.get_by_test_id("pair-panel")


def unit(page: Page, name: str) -> Locator:
    return panel(page).locator(f'.plp-text[data-unit="{name}"]')


def stored(dataset: Any, key: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """The sample of a key, as soon as it is as wanted: edits are written behind."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        document = dataset._sample_collection.find_one({"key": key})
        if wanted(document):
            return document
        time.sleep(0.1)
    raise AssertionError(document)


def test_texts_are_curated_by_keys(page: Page, datasets: dict[str, Any], repo_root: Path) -> None:
    name = page.url.rpartition("/datasets/")[2].partition("?")[0]
    dataset, kind = datasets[name], "caption" if name == CAPTIONS else "turn"
    key = panel(page).locator(".plp-key").inner_text()
    before = dataset._sample_collection.find_one({"key": key})
    texts = panel(page).locator(".plp-text")
    count = texts.count()
    assert count >= 2
    expect(panel(page).get_by_role("main")).not_to_contain_text("mask")
    expect(panel(page).get_by_role("main")).not_to_contain_text("predict")
    findings = panel(page).get_by_label("Findings")
    assert panel(page).locator(".plp-about").count() >= 2
    assert panel(page).locator(".plp-said mark").count() >= 2
    if kind == "turn":
        curating.take_picture(page, repo_root, "texts-panel")
    for size in (SMALL, WINDOW):
        page.set_viewport_size(size)
        expect(panel(page).locator(".plp-about").first).to_be_in_viewport()
        finding = findings.locator(".plp-finding").first.bounding_box()
        bar = panel(page).locator(".plp-decide").bounding_box()
        assert finding and bar and finding["y"] + finding["height"] <= bar["y"]
    current = panel(page).locator('.plp-text[aria-current="true"]')
    second = current.get_attribute("data-unit") or ""
    page.keyboard.press("Shift+Digit2")
    expect(unit(page, second)).to_have_attribute("data-removed", "true")
    stored(dataset, key, lambda one: len((one.get("text_edits") or {}).get("removed", ())) == 1)
    page.keyboard.press("]")
    other = current.get_attribute("data-unit") or ""
    assert other != second
    page.keyboard.press("e")
    box = panel(page).get_by_test_id("text-editor").locator("textarea").last
    box.fill("Something else stands here.")
    box.press("Enter")
    expect(unit(page, other)).to_contain_text("edited")
    page.keyboard.press("a")
    boxes = panel(page).get_by_test_id("text-editor").locator("textarea")
    for each in boxes.all():
        each.fill("Is it new?")
    boxes.last.press("Enter")
    expect(unit(page, f"{kind} +1")).to_contain_text("Is it new?")
    document = stored(dataset, key, lambda one: (one.get("text_edits") or {}).get("added") == 1)
    assert document["verdict"] == "fix" and document["reviewer"] == REVIEWER
    for _ in range(3):
        page.keyboard.press("u")
    expect(unit(page, second)).to_have_attribute("data-removed", "false")
    document = stored(dataset, key, lambda one: not one.get("text_edits"))
    assert all(document.get(n) == before.get(n) for n in ("captions", "conversations", "caption"))
    page.keyboard.press("2")
    stored(dataset, key, lambda one: one.get("verdict") == "drop")
