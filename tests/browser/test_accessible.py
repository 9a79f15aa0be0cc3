"""The panels and the grid for everybody: by keyboard, in both themes, on a small screen."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from pairlens.fiftyone_plugin.curation import sessions
from pairlens.importers import fields
from pairlens.importers.datasets import delete_dataset
from tests.browser import curating
from tests.browser.grid import MILLISECONDS, close_sample, open_grid

DATASET = "accessible"
REVIEWER = "ann"
SMALL: ViewportSize = {"width": 1024, "height": 700}
THEMES = ("dark", "light")
STEPPED = 'id => __foo__.executeOperator("open_sample", {id})'

VIOLATIONS = """async part => {
    const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
    // The outline of the page is FiftyOne's.
    const rules = {region: {enabled: false}, "heading-order": {enabled: false}};
    const found = await axe.run({include: [part]}, {runOnly, rules});
    return found.violations.flatMap(({id, nodes}) => nodes.map(({html, any}) =>
        `${id}: ${html.slice(0, 160)} ${any.map(one => one.message).join(" ")}`));
}"""

SEEN_CHIPS = """() => [...document.querySelectorAll('[data-cy="looker"] [data-cy="tag-findings"]')]
    .filter(chip => getComputedStyle(chip).display !== "none").map(chip => chip.textContent)"""


@pytest.fixture(scope="module")
def axe(repo_root: Path) -> str:
    """The script of axe-core; the packages of the panels are installed where they are not."""
    script = repo_root / "fiftyone_plugin/panels/js/node_modules/axe-core/axe.min.js"
    if not script.is_file():
        subprocess.run([repo_root / "tools/bundle.sh", "--check"], check=True)
    return script.read_text()


@pytest.fixture(scope="module")
def dataset(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A dataset with findings of each severity and each verdict."""
    dataset = curating.make(DATASET, tmp_path_factory.mktemp(DATASET), images=12)
    yield dataset
    delete_dataset(DATASET)


@pytest.fixture(scope="module")
def session(dataset: Any) -> dict[str, Any]:
    return sessions.start(dataset, name="morning", warnings=True, reviewer=REVIEWER)


@pytest.fixture(scope="module")
def address(dataset: Any, serve: Callable[[str], str]) -> str:
    return serve(DATASET)


@pytest.fixture(scope="module", params=THEMES)
def page(
    browser: Browser, address: str, session: dict[str, Any], axe: str, request: Any
) -> Iterator[Page]:
    """The App in a theme, in a session."""
    page = browser.new_page(viewport=SMALL, color_scheme=request.param)
    kept = {"pairlens.reviewer": REVIEWER, f"pairlens-session.{DATASET}": session["id"]}
    kept["mui-mode"] = request.param
    for name, value in kept.items():
        page.add_init_script(f"localStorage.setItem('{name}', '{value}')")
    page.add_init_script(axe)
    open_grid(page, address)
    yield page
    close_sample(page)  # else it would open in the next page as well
    page.close()


def violations(page: Page, part: str) -> list[str]:
    page.mouse.move(0, 0)
    return page.evaluate(VIOLATIONS, part)


def open_pair(page: Page, sample_id: str) -> Locator:
    """The panel ``pair`` on a sample."""
    page.evaluate(STEPPED, sample_id)
    page.locator('[data-cy="panel-tab-pair"]').click(timeout=MILLISECONDS)
    pair = f'.plp-pair[data-ready="true"][data-sample="{sample_id}"]'
    page.locator(pair).wait_for(timeout=MILLISECONDS)
    return page.get_by_test_id("pair-panel")


def worst(dataset: Any) -> str:
    """The first sample of the session."""
    return str(next(iter(sessions.choose(dataset, warnings=True).ordered(dataset))))


def test_the_curation_panel_and_the_chips(page: Page) -> None:
    curating.open_curation(page)
    assert violations(page, ".plc") == []
    assert violations(page, '[data-cy="looker"]') == []


def test_information_is_on_thumbnails_on_demand(page: Page, dataset: Any) -> None:
    findings = [one for some in dataset.values("findings.classifications") for one in some or ()]
    graver = {one.label for one in findings if one["severity"] != "info"}
    checks = {one.label for one in findings} - graver
    assert checks and not checks & {*page.evaluate(SEEN_CHIPS)}
    page.set_viewport_size({"width": 2600, "height": 1600})
    box = curating.open_curation(page).get_by_label("information on thumbnails")
    box.check()
    page.wait_for_function(f"name => ({SEEN_CHIPS})().includes(name)", arg=min(checks))
    box.uncheck()
    assert not checks & {*page.evaluate(SEEN_CHIPS)}
    page.set_viewport_size(SMALL)


def test_findings_are_in_sight_on_a_small_screen(page: Page, dataset: Any, repo_root: Path) -> None:
    panel = open_pair(page, worst(dataset))
    panel.locator('canvas[data-painted="true"]').first.wait_for(timeout=MILLISECONDS)
    curating.take_picture(page, repo_root, "pair-small")
    finding = panel.locator(".plp-finding").first.bounding_box()
    bar = panel.locator(".plp-decide").bounding_box()
    assert finding and bar
    assert finding["y"] + finding["height"] <= bar["y"]
    assert panel.evaluate("e => e.scrollTop") == 0


def test_the_pair_panel_and_the_list_of_keys(page: Page, dataset: Any, repo_root: Path) -> None:
    open_pair(page, worst(dataset))
    assert violations(page, ".plp-root") == []
    page.keyboard.press("?")
    page.get_by_role("dialog", name="Keys").wait_for()
    assert violations(page, ".plp-help") == []
    curating.take_picture(page, repo_root, "keys")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()
    expect(page.get_by_test_id("pair-panel")).to_be_visible()


def verdicts(dataset: Any) -> set[str]:
    found = dataset._sample_collection.distinct(fields.VERDICT)
    return {one for one in found if one}


def test_a_key_is_changed_and_one_that_is_taken_is_refused(page: Page, dataset: Any) -> None:
    assert not verdicts(dataset)
    panel = open_pair(page, worst(dataset))
    panel.get_by_role("button", name="Keys").click()
    keys = page.get_by_role("dialog", name="Keys")
    keys.get_by_role("button", name="1: keep. Change the key").click()
    page.keyboard.press("2")
    expect(keys.get_by_role("status")).to_have_text('Take another key: 2 is for "drop".')
    page.keyboard.press("Escape")
    keys.get_by_role("button", name="1: keep. Change the key").click()
    page.keyboard.press("k")
    expect(keys.get_by_role("status")).to_have_text('"keep" has the key k.')
    page.keyboard.press("Escape")
    expect(panel.get_by_role("button", name="Keep")).to_have_text("Keep k")
    page.keyboard.press("1")
    page.keyboard.press("k")
    expect(panel.get_by_role("status")).to_contain_text("kept", timeout=MILLISECONDS)
    page.wait_for_timeout(1000)
    assert verdicts(dataset) == {"keep"}
    page.keyboard.press("u")
    expect(panel.get_by_role("status")).to_have_text("Undone.", timeout=MILLISECONDS)
    page.keyboard.press("?")
    keys.get_by_role("button", name="All as they were").click()
    expect(keys.get_by_role("button", name="1: keep. Change the key")).to_be_visible()
    page.keyboard.press("Escape")


def test_controls_of_the_curation_panel_show_the_focus(page: Page) -> None:
    page.evaluate("() => __foo__.executeOperator('close_sample')")
    page.locator('[data-cy="modal"]').wait_for(state="detached", timeout=MILLISECONDS)
    panel = curating.open_curation(page)
    panel.locator("button:enabled").first.focus()
    for _ in range(8):
        page.keyboard.press("Tab")
        outline = page.evaluate(
            "() => { const e = document.activeElement;"
            " return e.closest('.plc') && getComputedStyle(e).outlineStyle; }"
        )
        assert outline not in (None, "none")


def test_the_editor_of_a_mask(page: Page, dataset: Any) -> None:
    open_pair(page, worst(dataset))
    page.keyboard.press("b")
    stage = page.get_by_test_id("stage")
    stage.wait_for(timeout=MILLISECONDS)
    assert violations(page, ".plp-root") == []
    box = stage.bounding_box()
    assert box and box["y"] > 0 and box["y"] + box["height"] < SMALL["height"]
    page.keyboard.press("Escape")
    stage.wait_for(state="detached")
