"""Two reviewers, each with a server and a browser of their own, on the same pairs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from pairlens.fiftyone_plugin.curation import opinions, queue, sharing, team
from pairlens.fiftyone_plugin.curation.log import ChangeLog
from pairlens.fiftyone_plugin.curation.texts import REVIEWER_VARIABLE
from pairlens.importers.datasets import delete_dataset
from tests import database
from tests.browser import curating
from tests.browser.curating import open_curation
from tests.browser.grid import MILLISECONDS, open_grid, resting
from tests.browser.server import SCREENS, START_SECONDS

DATASET = "shared"
PEOPLE = ("Ada", "Bo")
NOTE = "the mask is of another one"


@pytest.fixture(scope="module")
def dataset(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    made = curating.make(DATASET, tmp_path_factory.mktemp(DATASET), images=8)
    sharing.share(
        made, among=PEOPLE, name="monday", overlap=1, reviewer="Ada", over={"warnings": True}
    )
    yield made
    delete_dataset(DATASET)


@pytest.fixture(scope="module")
def servers(dataset: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What `pairlens app --reviewer` says of its address, started for both at the same moment."""
    environment = {n: v for n, v in os.environ.items() if n not in (*SCREENS, REVIEWER_VARIABLE)}
    environment["FIFTYONE_DEFAULT_APP_PORT"] = str(database.free_port())
    logs = {who: tmp_path_factory.mktemp(who) / "app.log" for who in PEOPLE}
    processes = []
    for who, log in logs.items():
        command = [sys.executable, "-m", "pairlens.fiftyone_plugin.cli", "app", DATASET]
        with open(log, "wb") as stream:
            processes.append(
                subprocess.Popen(
                    [*command, "--reviewer", who], env=environment, stdout=stream, stderr=stream
                )
            )
    yield {who: _address(log) for who, log in logs.items()}
    for process in processes:
        process.send_signal(signal.SIGINT)
        assert process.wait(120) == 0


def _address(log: Path) -> str:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if found := re.search(r"The App is at (\S+);", log.read_text()):
            return found[1]
        time.sleep(0.25)
    raise RuntimeError(log.read_text()[-3000:])


def enter(browser: Browser, url: str, who: str, session: str) -> Page:
    """A reviewer's browser, at the first pair of the reviewer's session; nobody asks for a name."""
    page = browser.new_context(viewport=curating.WINDOW).new_page()
    open_grid(page, url)
    mine = open_curation(page).locator(f'[data-cy="plc-session-{session}"]')
    mine.get_by_role("button", name=f"Open the first pair as {who}").click()
    return page


def pair_panel(page: Page) -> Locator:
    return page.get_by_test_id("pair-panel")


def at(page: Page, place: int, of: int, sample: Any) -> None:
    position = pair_panel(page).get_by_test_id("position")
    expect(position).to_have_text(f"{place} of {of}", timeout=MILLISECONDS)
    ready = f'.plp-pair[data-ready="true"][data-sample="{sample}"]'
    pair_panel(page).locator(ready).wait_for(timeout=MILLISECONDS)


def given(dataset: Any, key: str, count: int) -> dict[str, str]:
    """The verdicts in the log on a pair, once there are so many: they are written behind."""
    deadline = time.monotonic() + MILLISECONDS / 1000
    entries = ChangeLog(dataset).entries(key)
    while len(entries) < count and time.monotonic() < deadline:
        time.sleep(0.1)
        entries = ChangeLog(dataset).entries(key)
    assert len(entries) == count
    return {one["reviewer"]: one["new"]["verdict"] for one in entries}


def test_two_reviewers_judge_the_same_pairs_and_settle(
    browser: Browser, dataset: Any, servers: dict[str, str], repo_root: Path
) -> None:
    assert len(set(servers.values())) == 2
    hers, his = (queue.find(dataset, f"monday ({who})") for who in PEOPLE)
    first, second = queue.left(hers, 2)
    assert queue.left(his, 2) == [first, second]
    key = dataset[str(first)]["key"]
    ada = enter(browser, servers["Ada"], "Ada", str(hers["_id"]))
    at(ada, 1, hers["pairs"], first)
    bo = enter(browser, servers["Bo"], "Bo", str(his["_id"]))
    at(bo, 1, his["pairs"], first)

    ada.keyboard.press("1")
    assert given(dataset, key, 1) == {"Ada": "keep"}
    at(ada, 2, hers["pairs"], second)
    # He stays where he is, knows nothing of her verdict, and his is no conflict with it.
    at(bo, 1, his["pairs"], first)
    expect(pair_panel(bo).locator(".plp-conflict")).to_have_count(0)
    bo.keyboard.press("n")
    bo.keyboard.type(NOTE)
    bo.keyboard.press("Escape")
    bo.keyboard.press("2")
    assert given(dataset, key, 2) == {"Ada": "keep", "Bo": "drop"}
    at(bo, 2, his["pairs"], second)
    at(ada, 2, hers["pairs"], second)

    assert key in opinions.disagreements(dataset)
    ada.keyboard.press("Escape")
    ada.locator('[data-cy="modal"]').wait_for(state="detached", timeout=MILLISECONDS)
    together = open_curation(ada).locator('[data-cy="plc-team"]')
    expect(together).to_contain_text("Ada and Bo", timeout=MILLISECONDS)
    together.get_by_role("button", name="Settle").click()
    both = pair_panel(ada).get_by_test_id("opinions")
    expect(both.locator('[data-reviewer="Ada"]')).to_contain_text("keep", timeout=MILLISECONDS)
    expect(both.locator('[data-reviewer="Bo"]')).to_contain_text(NOTE)
    expect(pair_panel(ada).get_by_label("Note", exact=True)).to_have_value("")
    resting(ada.locator('[data-cy="looker"]').first)
    curating.take_picture(ada, repo_root, "curation-disagreement")
    shown = pair_panel(ada).locator(".plp-pair").get_attribute("data-sample")
    settled = dataset[shown]["key"]
    ada.keyboard.press("8")
    expect(pair_panel(ada).get_by_role("status")).to_contain_text("The verdict of Bo stands.")
    assert settled not in opinions.disagreements(dataset)
    newest, *earlier = ChangeLog(dataset).entries(settled)
    assert (newest["new"]["verdict"], newest["new"]["reviewer"]) == ("drop", "Bo")
    assert {one["reviewer"] for one in earlier} == {"Ada", "Bo"}
    [agreement] = team.team(dataset)["agreement"]
    assert (agreement["first"], agreement["second"], agreement["same"]) == ("Ada", "Bo", 0)
