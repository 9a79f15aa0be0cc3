"""A reviewer's morning in Chromium, from the first figure to the exported files.

The tests are one story and run in order; each asserts on what the database holds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pairlens.fiftyone_plugin.curation import selection, sessions
from pairlens.importers import fields
from pairlens.importers.datasets import delete_dataset
from tests.browser import curating
from tests.browser.curating import bar, expect_entries, open_curation
from tests.browser.grid import MILLISECONDS, open_grid, resting
from tests.browser.server import Server

DATASET = "morning"
CHECK = "position_conflict"
NAME = "Before lunch"
REVIEWER = "Ada"
NOTE = "the mask is of another one"
MENDED = "Find the large pond."


@pytest.fixture(scope="module")
def dataset(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    yield curating.make(DATASET, tmp_path_factory.mktemp(DATASET))
    delete_dataset(DATASET)


@pytest.fixture(scope="module")
def server(dataset: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(DATASET, tmp_path_factory.mktemp("server") / "app.log")
    yield server
    server.kill()


@pytest.fixture(scope="module")
def page(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page(viewport=curating.WINDOW)
    open_grid(page, server.url)
    yield page
    page.close()


@pytest.fixture(scope="module")
def queue(dataset: Any) -> list[str]:
    """The pairs of the session: the worst of each group, worst first, then the others."""
    return [str(one) for one in selection.choose(dataset, warnings=True).ordered(dataset)]


def stored(dataset: Any, sample_id: str) -> dict[str, Any]:
    from bson import ObjectId

    return dataset._sample_collection.find_one({"_id": ObjectId(sample_id)})


def review(dataset: Any, sample_id: str) -> tuple[Any, ...]:
    document = stored(dataset, sample_id)
    names = (fields.VERDICT, fields.REVIEWER, fields.REVIEW_NOTE)
    return tuple(document.get(name) for name in names)


def pair_panel(page: Page) -> Locator:
    return page.get_by_test_id("pair-panel")


def at(page: Page, queue: list[str], position: int) -> str:
    """Waits until the panel shows the pair at this place of the queue, from 1."""
    sample_id = queue[position - 1]
    place = pair_panel(page).get_by_test_id("position")
    expect(place).to_have_text(f"{position} of {len(queue)}", timeout=MILLISECONDS)
    pair = pair_panel(page).locator(f'.plp-pair[data-ready="true"][data-sample="{sample_id}"]')
    pair.wait_for(timeout=MILLISECONDS)
    return sample_id


def group(page: Page, queue: list[str], position: int) -> list[str]:
    """The samples that one key judges, when the panel is at this place of the queue."""
    at(page, queue, position)
    members = pair_panel(page).locator('.plp-member[data-ticked="true"]')
    return members.evaluate_all("found => found.map(one => one.dataset.sample)")


def written(dataset: Any, samples: list[str], wanted: tuple[Any, ...]) -> None:
    """Waits until the review fields of pairs are so: verdicts are written behind."""
    deadline = time.monotonic() + MILLISECONDS / 1000
    while time.monotonic() < deadline:
        if {review(dataset, one) for one in samples} == {wanted}:
            return
        time.sleep(0.05)
    assert {review(dataset, one) for one in samples} == {wanted}


def progress(dataset: Any) -> dict[str, Any]:
    [session] = sessions.list_sessions(dataset)
    return session


def test_starts_over_a_check(page: Page, dataset: Any, queue: list[str], repo_root: Path) -> None:
    found = {"findings.classifications.label": CHECK}
    panel = open_curation(page)
    bar(page, f"check:{CHECK}").click()
    expect_entries(page, dataset._sample_collection.count_documents(found))
    expect(panel.locator('[data-cy="plc-shown"]')).to_contain_text(CHECK)
    resting(page.locator('[data-cy="looker"]').first)
    curating.take_picture(page, repo_root, "curation-panel")
    panel.get_by_role("button", name="Start a session").click()
    expect(panel.get_by_label("Over")).to_have_value(f"check:{CHECK}")
    panel.get_by_label("Over").select_option("warnings")
    panel.get_by_label("Name", exact=True).fill(NAME)
    panel.get_by_role("button", name="Start and open the first pair").click()
    panel.get_by_label("Your name").fill(REVIEWER)
    page.keyboard.press("Enter")
    at(page, queue, 1)
    assert (progress(dataset)["name"], progress(dataset)["pairs"]) == (NAME, len(queue))


def test_reads_the_finding(page: Page, dataset: Any, queue: list[str]) -> None:
    pair = stored(dataset, at(page, queue, 1))
    shown = pair_panel(page).locator(f'.plp-member[data-sample="{queue[0]}"]')
    expect(shown.get_by_test_id("phrase")).to_have_text(pair[fields.PHRASE])
    for one in pair[fields.FINDINGS]["classifications"]:
        expect(shown.get_by_label("Findings")).to_contain_text(one["note"])


def test_keeps_drops_and_edits(page: Page, dataset: Any, queue: list[str]) -> None:
    kept = group(page, queue, 1)
    page.keyboard.press("1")
    dropped = group(page, queue, 2)
    page.keyboard.press("n")
    page.keyboard.type(NOTE)
    page.keyboard.press("Escape")
    page.keyboard.press("2")
    third = group(page, queue, 3)
    published = stored(dataset, third[0])[fields.PHRASE]
    page.keyboard.press("e")
    page.get_by_label("Query", exact=True).fill(MENDED)
    page.keyboard.press("Enter")
    written(dataset, kept, ("keep", REVIEWER, None))
    written(dataset, dropped, ("drop", REVIEWER, NOTE))
    written(dataset, third[:1], ("fix", REVIEWER, None))
    mended = stored(dataset, third[0])
    assert (mended[fields.PHRASE], mended[fields.ORIGINAL_PHRASE]) == (MENDED, published)


def test_undoes_step_by_step(page: Page, dataset: Any, queue: list[str]) -> None:
    page.keyboard.press("u")
    third = group(page, queue, 3)
    assert {review(dataset, one) for one in third} == {(None, None, None)}
    assert stored(dataset, third[0]).get(fields.ORIGINAL_PHRASE) is None
    page.keyboard.press("u")
    second = group(page, queue, 2)
    assert {review(dataset, one) for one in second} == {(None, None, None)}
    page.keyboard.press("y")
    expect(pair_panel(page).get_by_role("status")).to_have_text("Redone.")
    assert {review(dataset, one)[0] for one in second} == {"drop"}
    page.keyboard.press(".")
    assert group(page, queue, 3) == third


def test_goes_on_after_the_server_was_killed(
    page: Page, dataset: Any, queue: list[str], server: Server, repo_root: Path
) -> None:
    before = progress(dataset)
    server.kill()
    server.start()
    open_grid(page, server.url)
    assert progress(dataset) == before
    panel = open_curation(page)
    session = panel.locator(f'[data-cy="plc-session-{before["id"]}"]')
    expect(session).to_contain_text(f"{before['judged']} of {len(queue)} pairs judged")
    expect(session).to_contain_text(f"You are in this session as {REVIEWER}.")
    resting(page.locator('[data-cy="looker"]').first)
    curating.take_picture(page, repo_root, "curation-session")
    session.get_by_role("button", name="Resume").click()
    third = group(page, queue, 3)
    page.keyboard.press("2")
    group(page, queue, 4)
    written(dataset, third, ("drop", REVIEWER, None))


def test_undoes_what_was_done_before_the_kill(page: Page, dataset: Any, queue: list[str]) -> None:
    for position in (3, 2):
        page.keyboard.press("u")
        at(page, queue, position)
    assert [review(dataset, queue[n])[0] for n in range(3)] == ["keep", None, None]
    page.keyboard.press("2")
    group(page, queue, 3)


def test_quick_presses_are_as_many_verdicts(page: Page, dataset: Any, queue: list[str]) -> None:
    """Five keys on five groups, pressed faster than the server answers."""
    judged = progress(dataset)["judged"]
    for _ in range(5):
        page.keyboard.press("4")
    at(page, queue, 8)
    written(dataset, queue[2:7], ("unsure", REVIEWER, None))
    assert progress(dataset)["judged"] >= judged + 5
    for position in (7, 6, 5, 4, 3):
        page.keyboard.press("u")
        at(page, queue, position)


def test_finishes_and_exports(page: Page, dataset: Any, tmp_path: Path, repo_root: Path) -> None:
    page.keyboard.press("Escape")
    page.locator('[data-cy="modal"]').wait_for(state="detached", timeout=MILLISECONDS)
    panel = open_curation(page)
    drops = panel.locator('.plc-key[data-cy="plc-bar-verdict:drop"] b')
    dropped = dataset._sample_collection.count_documents({fields.VERDICT: "drop"})
    expect(drops).to_have_text(str(dropped), timeout=MILLISECONDS)
    panel.get_by_role("button", name="Finish", exact=True).click()
    assert progress(dataset)["finished"] is None
    panel.get_by_role("button", name="Finish with").click()
    expect(panel.get_by_role("button", name="Show 1 finished")).to_be_visible()
    assert progress(dataset)["finished"] is not None
    out = tmp_path / "cleaned"
    panel.get_by_role("button", name="Export").click()
    label = page.get_by_text("New folder", exact=True)
    label.locator("xpath=following::input[1]").fill(str(out))
    page.get_by_role("button", name="Execute").click(timeout=MILLISECONDS)
    report = page.locator(".MuiDialog-root pre")
    expect(report).to_contain_text("manifest.json", timeout=MILLISECONDS)
    assert report.evaluate("e => e.scrollWidth <= e.clientWidth")
    page.get_by_role("button", name="Done").click(timeout=MILLISECONDS)
    manifest = json.loads((out / "manifest.json").read_text())
    reasons = [one["because"] for one in manifest["dropped"]]
    assert reasons.count("verdict drop") == dropped > 0
    decisions = [json.loads(line) for line in (out / "decisions.jsonl").read_text().splitlines()]
    assert {one["verdict"] for one in decisions} == {"drop", "keep"}
    assert {one["reviewer"] for one in decisions} == {REVIEWER}
