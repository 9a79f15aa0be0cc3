"""The panel ``curation`` in Chromium: its figures, its bars, its ways on, and hostile names."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pairlens.fiftyone_plugin.curation import selection, sessions, summary
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.importers import fields, store
from pairlens.importers.datasets import delete_dataset
from tests.browser import curating
from tests.browser.curating import bar, expect_entries, open_curation
from tests.browser.grid import MILLISECONDS, open_grid, resting

DATASET = "curated"

HOSTILE = (
    '<img src=x onerror="document.title=1"> ![p](http://stranger.example/p.png) '
    "[click](javascript:void(0)) <script>document.title=2</script>"
)


@pytest.fixture(scope="module")
def dataset(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The dataset, with verdicts of two reviewers and a finding that somebody typed."""
    import fiftyone as fo

    dataset = curating.make(DATASET, tmp_path_factory.mktemp("curated"))
    keys = dataset.values("key")
    for number, verdict in enumerate(("keep", "keep", "drop", "unsure", "keep", "fix")):
        judge(dataset, keys[number], verdict, reviewer="Ada")
    judge(dataset, keys[7], "keep", reviewer=HOSTILE, note=HOSTILE)
    found = fo.Classification(label=HOSTILE, confidence=1.0, severity="warning", score=0.0)
    sample = dataset.skip(8).first()
    sample[fields.FINDINGS] = fo.Classifications(classifications=[found])
    sample.save()
    sessions.start(dataset, check=HOSTILE, name=HOSTILE, reviewer=HOSTILE)
    rows = [
        {"low": 0.0, "high": 0.1, "pairs": 40, "expected": 0.04, "found": 0.05},
        {"low": 0.9, "high": 1.0, "pairs": 8, "expected": 0.93, "found": 0.875},
    ]
    ranking = {"time": datetime(2025, 3, 1), "verdicts": 48, "bad": 9, "learned": True}
    store.update_info(dataset, **{fields.RANKING: ranking | {"reliability": rows}})
    yield dataset
    delete_dataset(DATASET)


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """What the page has sent to the server."""
    return []


@pytest.fixture(scope="module")
def page(
    browser: Browser, dataset: Any, serve: Callable[[str], str], asked: list[str]
) -> Iterator[Page]:
    page = browser.new_page(viewport=curating.WINDOW)
    page.on("request", lambda request: asked.append(request.post_data or ""))
    open_grid(page, serve(DATASET))
    yield page
    page.close()


@pytest.fixture(scope="module")
def panel(page: Page) -> Locator:
    return open_curation(page)


@pytest.fixture(scope="module")
def overview(dataset: Any) -> dict[str, Any]:
    return summary.overview(dataset, eval_key=curating.PRED)


def test_the_page_is_loaded_once_to_open_it(panel: Locator, asked: list[str]) -> None:
    assert len([one for one in asked if "DatasetPageQuery" in one]) == 1


def test_the_reliability_of_estimated_chances_is_drawn(panel: Locator) -> None:
    shown = panel.locator('[data-cy="plc-reliability"]')
    expect(shown.locator("circle")).to_have_count(2, timeout=MILLISECONDS)
    expect(shown.locator("tbody tr").nth(1)).to_have_text("90 % to 100 %893 %88 %")
    expect(shown).to_contain_text("By 48 verdicts, 9 of them bad, until 2025-03-01")
    first, last = shown.locator("circle").first, shown.locator("circle").last
    assert float(first.get_attribute("cy") or 0) > float(last.get_attribute("cy") or 0)


def test_hostile_names_are_shown_and_do_nothing(page: Page, panel: Locator) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    title = page.title()
    expect(bar(page, f"check:{HOSTILE.replace(chr(34), chr(92) + chr(34))}")).to_be_visible()
    expect(panel.locator(".plc-label").filter(has_text=HOSTILE)).to_have_count(2)
    expect(panel.locator(".plc-name").filter(has_text=HOSTILE)).to_have_count(1)
    panel.locator(".plc-label").filter(has_text=HOSTILE).first.click()
    expect(page.locator('[data-cy="plc-shown"]')).to_contain_text(HOSTILE, timeout=MILLISECONDS)
    expect_entries(page, 1)
    page.get_by_role("button", name="Show all again").click()
    assert panel.locator("img, a, script, iframe, [onerror]").count() == 0
    assert page.title() == title
    assert [url for url in asked if "stranger" in url or "javascript" in url] == []


def test_the_figures_are_those_of_the_database(
    page: Page, panel: Locator, overview: dict[str, Any]
) -> None:
    expect(panel.locator('[data-cy="plc-scope"]')).to_contain_text(
        f"{overview['pairs']} pairs on {overview['images']} images"
    )
    for one in (*overview["findings"], *overview["splits"]):
        if '"' not in one["bar"]:
            expect(bar(page, one["bar"]).locator(".plc-number")).to_have_text(str(one["pairs"]))
    for one in (*overview["verdicts"],):
        entry = panel.locator(f'.plc-key[data-cy="plc-bar-{one["bar"]}"] b')
        expect(entry).to_have_text(str(one["pairs"]))
    columns = panel.locator(".plc-column").evaluate_all("all => all.map(c => c.ariaLabel)")
    counts = [int(label.split(": ")[1].split()[0]) for label in columns]
    assert counts == [one["pairs"] for one in overview["histogram"]["bars"]]


@pytest.mark.parametrize("kind", ["findings", "severities", "verdicts", "reviewers", "histogram"])
def test_a_bar_shows_its_pairs_in_the_grid(
    page: Page, panel: Locator, overview: dict[str, Any], kind: str
) -> None:
    bars = overview["histogram"]["bars"] if kind == "histogram" else overview[kind]
    one = next(b for b in bars if 0 < b["pairs"] < overview["pairs"] and '"' not in b["bar"])
    bar(page, one["bar"]).click()
    expect_entries(page, one["pairs"])
    expect(bar(page, one["bar"])).to_have_attribute("aria-pressed", "true")
    expect(panel.locator('[data-cy="plc-scope"]')).to_contain_text(f"{overview['pairs']} pairs")
    bar(page, one["bar"]).click()
    expect_entries(page, overview["pairs"])
    expect(bar(page, one["bar"])).to_have_attribute("aria-pressed", "false")


def test_a_filter_of_the_sidebar_stays_while_the_figures_follow_it(
    page: Page, panel: Locator, overview: dict[str, Any], asked: list[str]
) -> None:
    asked.clear()
    kept = next(one["pairs"] for one in overview["verdicts"] if one["verdict"] == "keep")
    page.locator('[data-cy="sidebar-field-arrow-enabled-verdict"]').click()
    page.locator('[data-cy="selector-sidebar-search-verdict"]').click()
    page.locator('[data-cy^="selector-result-"]').get_by_text("keep", exact=True).click()
    expect_entries(page, kept)
    scope = panel.locator('[data-cy="plc-scope"]')
    expect(scope).to_contain_text(f"{kept} pairs", timeout=MILLISECONDS)
    page.wait_for_timeout(1000)
    expect_entries(page, kept)
    assert not [one for one in asked if "DatasetPageQuery" in one]
    page.locator('[data-cy="clear-filters-review"]').first.click()
    expect(scope).to_contain_text(f"{overview['pairs']} pairs", timeout=MILLISECONDS)


def test_a_bar_is_shown_without_loading_the_page_and_becomes_a_view_on_demand(
    page: Page, panel: Locator, overview: dict[str, Any], asked: list[str]
) -> None:
    asked.clear()
    shown, other = (one for one in overview["severities"] if one["severity"] != "info")
    scope = panel.locator('[data-cy="plc-scope"]')
    bar(page, shown["bar"]).click()
    expect_entries(page, shown["pairs"])
    bar(page, other["bar"]).click()
    expect_entries(page, other["pairs"])
    assert not [one for one in asked if "DatasetPageQuery" in one]
    # In a narrow grid FiftyOne's number of samples lies over the button.
    button = page.locator('[data-cy="action-convert-filters-to-view-stages"]')
    button.locator("*").last.dispatch_event("click")
    expect(scope).to_contain_text(f"{other['pairs']} pairs", timeout=MILLISECONDS)
    expect_entries(page, other["pairs"])
    expect(bar(page, other["bar"])).to_have_attribute("aria-pressed", "false")
    panel.get_by_role("button", name="Whole dataset").click()
    expect(scope).to_contain_text(f"{overview['pairs']} pairs", timeout=MILLISECONDS)
    expect_entries(page, overview["pairs"])


def test_bars_are_reached_and_pressed_with_the_keyboard(
    page: Page, panel: Locator, overview: dict[str, Any]
) -> None:
    first = bar(page, "severity:warning")
    bar(page, "severity:error").focus()
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Enter")
    expect_entries(
        page, next(s for s in overview["severities"] if s["severity"] == "warning")["pairs"]
    )
    page.keyboard.press("Enter")
    expect_entries(page, overview["pairs"])


def test_what_lacks_is_said_and_done_from_there(page: Page, panel: Locator, dataset: Any) -> None:
    dataset.clear_sample_field(fields.QUALITY)
    page.get_by_role("button", name="Refresh").click()
    advice = panel.locator('[data-cy="plc-advice"]')
    expect(advice).to_contain_text("No check has run on this dataset yet", timeout=MILLISECONDS)
    advice.get_by_role("button", name="Flag").click()
    page.get_by_role("button", name="Execute").click(timeout=MILLISECONDS)
    page.get_by_role("button", name="Done").click(timeout=MILLISECONDS)
    expect(advice).to_have_count(0, timeout=MILLISECONDS)
    assert dataset.exists(fields.QUALITY).count() == len(dataset)
    page.get_by_role("button", name="Done").click(timeout=MILLISECONDS)


def test_one_verdict_on_the_selected_pairs_spares_those_of_others(
    page: Page, panel: Locator, dataset: Any
) -> None:
    keys = dataset.values("key")
    ids = dict(zip(keys, dataset.values("id"), strict=True))
    chosen = [keys[0], keys[9], keys[10]]  # Ada judged the first
    samples = [ids[key] for key in chosen]
    # A grid that is read anew forgets what is selected.
    resting(page.locator('[data-cy="looker"]').first)
    page.evaluate("samples => __foo__.executeOperator('set_selected_samples', {samples})", samples)
    bulk = panel.locator('[data-cy="plc-bulk"]')
    expect(bulk).to_contain_text("3 pairs selected", timeout=MILLISECONDS)
    bulk.get_by_role("button", name="Drop").click()
    expect(bulk.get_by_label("Your name")).to_have_value("")
    bulk.get_by_label("Your name").fill("Cleo")
    page.keyboard.press("Enter")
    expect(bulk).to_contain_text("verdicts of others on 1 pair")
    bulk.get_by_role("button", name="Drop 2 pairs as Cleo").click()
    expect(bulk.get_by_role("status")).to_contain_text("Drop: 2 pairs; 1 pair left alone.")
    assert judged(dataset, chosen) == [("keep", "Ada"), ("drop", "Cleo"), ("drop", "Cleo")]
    bulk.get_by_role("button", name="Undo").click()
    expect(bulk.get_by_role("status")).to_contain_text("Undone: 2 pairs.")
    assert judged(dataset, chosen) == [("keep", "Ada"), (None, None), (None, None)]
    page.evaluate("() => __foo__.executeOperator('clear_selected_samples', {})")


def judged(dataset: Any, keys: list[str]) -> list[tuple[Any, ...]]:
    found = {d["key"]: d for d in dataset._sample_collection.find({"key": {"$in": keys}})}
    return [(found[key].get(fields.VERDICT), found[key].get(fields.REVIEWER)) for key in keys]


def test_one_button_leads_to_the_first_verdict(page: Page, panel: Locator, dataset: Any) -> None:
    groups = selection.groups_left(dataset)
    begin = panel.locator('[data-cy="plc-begin"]')
    expect(panel.locator('[data-cy="plc-you"]')).to_contain_text("You review as Cleo")
    begin.get_by_role("button", name=f"Review {groups} groups").click()
    page.locator('.plp-pair[data-ready="true"]').wait_for(timeout=MILLISECONDS)
    page.keyboard.press("1")
    expect(page.get_by_test_id("position")).not_to_contain_text("1 of", timeout=MILLISECONDS)
    deadline = time.monotonic() + 60
    while selection.groups_left(dataset) == groups and time.monotonic() < deadline:
        time.sleep(0.1)
    assert selection.groups_left(dataset) == groups - 1
    assert {one["reviewer"] for one in dataset._sample_collection.find({"reviewer": "Cleo"})}
