"""A reviewer at work in the panel ``pair``; what was done is looked up in the database."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers import fields
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.masks import encode_png, load_stored
from tests.browser.curating import take_picture
from tests.browser.grid import MILLISECONDS, open_grid

DATASET = "paired"
IMAGES = 8
WINDOW: ViewportSize = {"width": 1600, "height": 1000}
REVIEWER = "ann"
PREDICTED = "model"
SESSION = "morning"
QUEUE = 9
GROUPS = 3
QUERIES = 3

OPPOSITE = {
    "top-left": "bottom-right",
    "upper-left": "lower-right",
    "bottom-left": "top-right",
    "lower-left": "upper-right",
    "bottom-right": "top-left",
    "lower-right": "upper-left",
}
"""What the generated queries of the first images say, and what they are made to say."""

POISONED = "000000000004"
MISPLACED = ("000000000001", "000000000002", "000000000005")

HOSTILE = (
    '<img src=x onerror="alert(1)"> ![pixel](http://stranger.example/p.png) '
    "[click](javascript:alert(2)) <script>alert(3)</script> "
    "<svg onload=alert(4)><a href='http://stranger.example'>"
)


def rewrite(file: Path, change: Callable[[str], str]) -> None:
    """Changes the queries of a published file."""
    content = json.loads(file.read_text())
    content["text"] = [change(query) for query in content["text"]]
    file.write_text(json.dumps(content))


def misplace(root: Path) -> None:
    """Has the queries of some images name the opposite corner."""
    for image in MISPLACED:
        file = root / "gres_annotations" / "train" / f"lisat_gres_{image}.json"
        rewrite(file, lambda query: re.sub("|".join(OPPOSITE), lambda m: OPPOSITE[m[0]], query))


def predict(dataset: Any, folder: Path) -> None:
    """Gives every pair a prediction: its mask, somewhere else."""
    import fiftyone as fo

    folder.mkdir()
    for number, sample in enumerate(dataset):
        mask = load_stored(sample[fields.SEGMENTATION].mask_path)
        file = folder / f"{number}.png"
        file.write_bytes(encode_png(np.ascontiguousarray(np.roll(mask, 9, axis=1))))
        sample[PREDICTED] = fo.Segmentation(mask_path=str(file))
        sample.save()


@pytest.fixture(scope="module")
def dataset(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """An imported dataset with known faults, predicted, scored and flagged."""
    import fiftyone as fo

    from pairlens.fiftyone_plugin.checks.runner import flag
    from pairlens.fiftyone_plugin.curation import sessions
    from pairlens.fiftyone_plugin.metrics.runs import score
    from pairlens.importers.ingest import import_dataset

    folder = tmp_path_factory.mktemp("paired")
    root = make_gres(folder / "published", images=IMAGES).root
    misplace(root)
    poisoned = root / "gres_annotations" / "train" / f"lisat_gres_{POISONED}.json"
    rewrite(poisoned, lambda query: f"{query} {HOSTILE}")
    import_dataset("auto", root, DATASET)
    dataset = fo.load_dataset(DATASET)
    predict(dataset, folder / "predictions")
    score(dataset, pred=PREDICTED, key=PREDICTED)
    flag(dataset)
    sessions.start(dataset, name=SESSION, check="position_conflict", reviewer=REVIEWER)
    yield dataset
    delete_dataset(DATASET)


@pytest.fixture(scope="module")
def page(browser: Browser, dataset: Any, serve: Callable[[str], str]) -> Iterator[Page]:
    """The App, in which no dialog may open and which may ask nobody else for anything."""
    page = browser.new_page(viewport=WINDOW)
    page.add_init_script(f"localStorage.setItem('pairlens.reviewer', '{REVIEWER}')")
    page.add_init_script("performance.setResourceTimingBufferSize(10000)")
    open_grid(page, serve(DATASET))
    yield page
    page.close()


def stored(dataset: Any, sample_id: str) -> dict[str, Any]:
    """A pair as the database has it."""
    from bson import ObjectId

    return dataset._sample_collection.find_one({"_id": ObjectId(sample_id)})


def panel(page: Page) -> Locator:
    return page.get_by_test_id("pair-panel")


def shown(page: Page) -> str:
    """The sample that the panel shows, as soon as it can be judged."""
    pair = panel(page).locator('.plp-pair[data-ready="true"]')
    pair.wait_for(timeout=MILLISECONDS)
    found = pair.get_attribute("data-sample")
    assert found
    return found


def moved_on(page: Page, sample_id: str) -> str:
    """The sample that the panel shows when it no longer shows this one."""
    pair = panel(page).locator(f'.plp-pair[data-ready="true"]:not([data-sample="{sample_id}"])')
    pair.wait_for(timeout=MILLISECONDS)
    return shown(page)


def open_panel(page: Page) -> None:
    """Goes to the panel's tab, which FiftyOne puts beside that of the sample."""
    modal = page.locator('[data-cy="modal"]')
    modal.locator('canvas[canvas-loaded="true"]').first.wait_for(timeout=MILLISECONDS)
    modal.locator('[data-cy="panel-tab-pair"]').click()
    panel(page).wait_for(timeout=MILLISECONDS)


@pytest.fixture(scope="module")
def session(page: Page) -> Page:
    """The page, with the session gone on with from the panel."""
    page.locator('[data-cy="looker"] canvas').first.click()
    open_panel(page)
    shown(page)
    panel(page).get_by_role("button", name=f"Resume {SESSION} ({QUEUE} left)").click()
    at(page, 1)
    return page


def at(page: Page, position: int) -> str:
    """The sample that the panel shows, when it is at this place of the queue."""
    expect(panel(page).get_by_test_id("position")).to_have_text(
        f"{position} of {QUEUE}", timeout=MILLISECONDS
    )
    return shown(page)


def group_at(page: Page, position: int) -> list[str]:
    """The samples of the group that the panel shows at this place of the queue."""
    at(page, position)
    members = panel(page).locator(".plp-member")
    return members.evaluate_all("found => found.map(one => one.dataset.sample)")


def member(page: Page, sample_id: str) -> Locator:
    """A pair of the group that is shown."""
    return panel(page).locator(f'.plp-member[data-sample="{sample_id}"]')


def written(dataset: Any, sample_id: str, wanted: tuple[Any, ...]) -> None:
    """Waits until a pair's review fields are so: verdicts are written behind."""
    deadline = time.monotonic() + MILLISECONDS / 1000
    while verdict(dataset, sample_id) != wanted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert verdict(dataset, sample_id) == wanted


def verdict(dataset: Any, sample_id: str) -> tuple[Any, ...]:
    """What a pair's review fields say: verdict, reviewer and note."""
    document = stored(dataset, sample_id)
    names = (fields.VERDICT, fields.REVIEWER, fields.REVIEW_NOTE)
    return tuple(document.get(name) for name in names)


def test_the_words_that_caused_a_finding_are_marked(session: Page, dataset: Any) -> None:
    group = group_at(session, 1)
    assert len(group) == QUERIES
    for sample_id in group:
        pair, shown = stored(dataset, sample_id), member(session, sample_id)
        found = pair["findings"]["classifications"]
        assert "position_conflict" in [one["label"] for one in found]
        expect(shown.get_by_test_id("phrase")).to_have_text(pair["phrase"])
        marks = shown.locator("mark").all_inner_texts()
        assert marks and all(mark in pair["phrase"] for mark in marks)
        assert any(place in mark for place in OPPOSITE.values() for mark in marks)
        for one in found:
            expect(shown.get_by_label("Findings")).to_contain_text(one["note"])


def test_the_evidence_is_drawn_over_the_image(session: Page, dataset: Any) -> None:
    stats = stored(dataset, at(session, 1))["mask_stats"]
    picture = panel(session).locator(".plp-picture").first
    box = picture.locator("svg rect.plp-mask_box")
    sides = [float(box.get_attribute(n) or -1) for n in ("x", "y", "width", "height")]
    assert sides == pytest.approx(stats["box"], abs=0.01)
    assert picture.locator("svg .plp-named_region").count() >= 1
    painted = picture.locator('canvas[data-painted="true"]')
    painted.wait_for()
    assert painted.evaluate(COUNT_PAINTED) == stats["area"]


COUNT_PAINTED = """canvas => {
    const {data} = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 3; i < data.length; i += 4) if (data[i] > 0) count++;
    return count;
}"""


LOADED_BY_PAGE = """path => performance.getEntriesByType("resource").some(
    one => one.initiatorType === "img" && decodeURIComponent(one.name).endsWith(path)
)"""


def test_the_next_groups_are_loaded_before_they_are_asked_for(session: Page, dataset: Any) -> None:
    from pairlens.fiftyone_plugin.curation import selection

    at(session, 1)
    heads = list(selection.choose(dataset, check="position_conflict").ordered(dataset))[1:GROUPS]
    for one in heads:
        mask = stored(dataset, str(one))["segmentation"]["mask_path"]
        session.wait_for_function(LOADED_BY_PAGE, arg=mask, timeout=MILLISECONDS)


def test_the_masks_stand_side_by_side_with_their_iou(session: Page, dataset: Any) -> None:
    pair = stored(dataset, at(session, 1))
    masks = panel(session).get_by_label("Masks", exact=True)
    assert masks.locator("li").evaluate_all("items => items.map(i => i.dataset.field)") == [
        fields.SEGMENTATION,
        PREDICTED,
    ]
    iou = pair[fields.iou_field(PREDICTED)]
    expect(masks.locator(f'li[data-field="{PREDICTED}"]')).to_contain_text(f"IoU {iou:.2f}")


def test_screenshots(session: Page, repo_root: Path) -> None:
    at(session, 1)
    panel(session).locator('canvas[data-painted="true"]').nth(2).wait_for()
    take_picture(session, repo_root, "pair-panel")
    session.set_viewport_size({"width": 860, "height": 1000})
    assert panel(session).evaluate("e => e.scrollWidth <= e.clientWidth && e.clientWidth < 600")
    session.set_viewport_size(WINDOW)


def test_a_pair_that_another_browser_opened_takes_no_key(
    browser: Browser, session: Page, dataset: Any
) -> None:
    """FiftyOne shows one sample in all browsers of a server."""
    group = group_at(session, 1)
    other = next(str(one) for one in dataset.values("id") if str(one) not in group)
    before = stored(dataset, other)
    session.wait_for_timeout(4000)  # so that nothing that was pressed here explains it
    second = browser.new_page(viewport=WINDOW)
    second.goto(f"{session.url.split('?')[0]}?id={group[0]}")
    second.locator('[data-cy="modal"]').wait_for(timeout=MILLISECONDS)
    second.wait_for_timeout(3000)  # until it has told the server what it shows
    second.evaluate("id => __foo__.executeOperator('open_sample', {id})", other)
    alert = panel(session).get_by_role("alert")
    expect(alert).to_contain_text("Another browser", timeout=MILLISECONDS)
    expect(alert).to_contain_text(f"pairlens app {DATASET} --reviewer")
    session.keyboard.press("2")
    expect(panel(session).get_by_role("status")).to_contain_text("your key was not taken")
    second.close()
    alert.get_by_role("button", name="Stay with mine").click()
    assert group_at(session, 1) == group
    assert stored(dataset, other) == before
    assert {verdict(dataset, one)[0] for one in group} == {None}


def test_a_key_judges_the_group_and_the_next_one_opens(session: Page, dataset: Any) -> None:
    group = group_at(session, 1)
    session.keyboard.press("1")
    second = group_at(session, 2)
    assert not {*second} & {*group}
    for one in group:
        written(dataset, one, ("keep", REVIEWER, None))
    assert {verdict(dataset, one) for one in second} == {(None, None, None)}
    session.keyboard.press("u")
    assert group_at(session, 1) == group
    assert {verdict(dataset, one) for one in group} == {(None, None, None)}


def test_keys_rest_while_a_note_is_typed_which_goes_with_the_verdict_on_one(
    session: Page, dataset: Any
) -> None:
    group = group_at(session, 1)
    session.keyboard.press("n")
    session.keyboard.type("2 of 4 say so, u. s f x")
    session.keyboard.press("Escape")
    assert group_at(session, 1) == group
    assert {verdict(dataset, one) for one in group} == {(None, None, None)}
    session.keyboard.press("]")
    session.keyboard.press("Shift+Digit2")
    written(dataset, group[1], ("drop", REVIEWER, "2 of 4 say so, u. s f x"))
    assert group_at(session, 1) == group
    assert [verdict(dataset, one)[0] for one in group] == [None, "drop", None]
    session.get_by_label("Note", exact=True).fill("")
    panel(session).get_by_role("button", name="Keep").click()
    group_at(session, 2)
    for one in (group[0], group[2]):
        written(dataset, one, ("keep", REVIEWER, None))
    assert verdict(dataset, group[1])[0] == "drop"


def test_the_query_is_edited_and_undo_brings_it_back(session: Page, dataset: Any) -> None:
    group = group_at(session, 2)
    pair = group[0]
    before = stored(dataset, pair)[fields.PHRASE]
    session.keyboard.press("e")
    session.get_by_label("Query", exact=True).fill("Find the pond, wherever it is.")
    session.keyboard.press("Enter")
    written(dataset, pair, ("fix", REVIEWER, None))
    after = stored(dataset, pair)
    assert after[fields.PHRASE] == "Find the pond, wherever it is."
    assert after[fields.ORIGINAL_PHRASE] == before
    session.keyboard.press("u")
    assert group_at(session, 2) == group
    expect(member(session, pair).get_by_test_id("phrase")).to_have_text(before)
    assert stored(dataset, pair)[fields.PHRASE] == before
    assert verdict(dataset, pair) == (None, None, None)


def test_what_is_suggested_is_shown_as_a_difference_and_accepted_by_one_key(
    session: Page, dataset: Any, repo_root: Path
) -> None:
    group = group_at(session, 2)
    published = [stored(dataset, one)[fields.PHRASE] for one in group]
    suggested = [
        "".join(member(session, one).locator(".plp-diff > :not(del)").all_inner_texts())
        for one in group
    ]
    session.keyboard.press("f")
    third = group_at(session, 3)
    for one, before, after in zip(group, published, suggested, strict=True):
        written(dataset, one, ("fix", REVIEWER, None))
        pair = stored(dataset, one)
        assert (pair[fields.ORIGINAL_PHRASE], pair[fields.PHRASE]) == (before, after)
        assert before != after
    assert {verdict(dataset, one) for one in third} == {(None, None, None)}


def test_undo_goes_back_step_by_step_and_redo_forward(session: Page, dataset: Any) -> None:
    third = group_at(session, 3)
    session.keyboard.press("u")
    second = group_at(session, 2)
    assert {verdict(dataset, one)[0] for one in second} == {None}
    session.keyboard.press("y")
    expect(panel(session).get_by_role("status")).to_have_text("Redone.")
    assert {verdict(dataset, one)[0] for one in second} == {"fix"}
    session.keyboard.press(".")
    assert group_at(session, 3) == third


def test_a_prediction_becomes_the_mask_and_undo_takes_it_back(session: Page, dataset: Any) -> None:
    pair = group_at(session, 3)[0]
    before = mask_of(dataset, pair)
    masks = panel(session).get_by_label("Masks", exact=True)
    masks.get_by_role("button", name="Use as the mask").click()
    written(dataset, pair, ("fix", REVIEWER, None))
    assert (mask_of(dataset, pair) == np.roll(before, 9, axis=1)).all()
    session.keyboard.press("u")
    group_at(session, 3)
    expect(member(session, pair).locator(".plp-chip")).to_have_count(0)
    assert (mask_of(dataset, pair) == before).all()


def mask_of(dataset: Any, sample_id: str) -> Any:
    """The mask that the ground truth of a pair names now."""
    return load_stored(stored(dataset, sample_id)[fields.SEGMENTATION]["mask_path"])


def test_the_last_writer_is_told_and_may_insist(session: Page, dataset: Any) -> None:
    from pairlens.fiftyone_plugin.curation.verdicts import judge

    pair = group_at(session, 3)[0]
    judge(dataset, pair, "drop", reviewer="ben", note="cut off")
    session.keyboard.press("Shift+Digit1")
    alert = panel(session).get_by_role("alert")
    expect(alert).to_contain_text("ben decided drop")
    expect(alert).to_contain_text("cut off")
    assert verdict(dataset, pair) == ("drop", "ben", "cut off")
    alert.get_by_role("button", name="Leave theirs").click()
    expect(member(session, pair).locator(".plp-chip")).to_have_text("drop")
    judge(dataset, pair, "unsure", reviewer="ben")
    session.keyboard.press("Shift+Digit1")
    alert.get_by_role("button", name="Write mine over it").click()
    deadline = time.monotonic() + 30
    while verdict(dataset, pair)[:2] != ("keep", REVIEWER) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert verdict(dataset, pair)[:2] == ("keep", REVIEWER)


def test_a_mask_is_mended_in_an_editable_copy(session: Page, dataset: Any) -> None:
    pair = group_at(session, 3)[1]
    member(session, pair).locator(".plp-member-text").click()
    session.keyboard.press("m")
    mend = panel(session).get_by_label("Mend the mask")
    take = mend.get_by_role("button", name="Take the mended mask")
    expect(take).to_be_visible(timeout=MILLISECONDS)
    paint_over(dataset, pair)
    take.click()
    written(dataset, pair, ("fix", REVIEWER, None))
    mended = mask_of(dataset, pair)
    assert (mended[100:140, 200:260] == 1).all()
    assert int((mended == 1).sum()) == 40 * 60


def paint_over(dataset: Any, sample_id: str) -> None:
    """What FiftyOne's annotation mode does at the end: the instance gets another mask."""
    sample = dataset[sample_id]
    sample.reload()
    (instance,) = sample[fields.EDITABLE_MASK].detections
    instance.bounding_box = [200 / 512, 100 / 512, 60 / 512, 40 / 512]
    instance.mask = np.ones((40, 60), np.uint8)
    sample.save()


def test_hostile_texts_are_shown_and_do_nothing(session: Page, dataset: Any) -> None:
    from pairlens.fiftyone_plugin.curation.verdicts import judge

    pair = dataset._sample_collection.find_one({fields.IMAGE_ID: f"lisat_gres_{POISONED}"})
    sample_id, key = str(pair["_id"]), pair[fields.KEY]
    assert HOSTILE in pair[fields.PHRASE]
    finding = {"label": "garbled", "severity": "error", "score": 0.0, "note": HOSTILE}
    dataset._sample_collection.update_one(
        {"_id": pair["_id"]},
        {"$set": {"findings": {"_cls": "Classifications", "classifications": [finding]}}},
    )
    judge(dataset, key, "unsure", note=HOSTILE, reviewer=HOSTILE)
    asked, dialogs = [], []
    session.on("request", lambda request: asked.append(request.url))
    session.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    before = shown(session)
    session.evaluate("id => __foo__.executeOperator('open_sample', {id})", sample_id)
    panel(session).get_by_role("button", name="Go to theirs").click(timeout=MILLISECONDS)
    assert moved_on(session, before) == sample_id

    root = panel(session)
    hostile = member(session, sample_id)
    expect(hostile.get_by_test_id("phrase")).to_have_text(pair[fields.PHRASE])
    expect(hostile.get_by_label("Findings").locator(".plp-note")).to_have_text(HOSTILE)
    expect(root.get_by_label("Note", exact=True)).to_have_value("")  # theirs is not signed over
    expect(root.get_by_test_id("standing")).to_contain_text(HOSTILE)
    root.locator("summary", has_text="History").click()
    expect(root.locator(".plp-history li").first).to_contain_text(HOSTILE)
    assert root.locator("script, a, iframe, object, embed, [onload], [onerror]").count() == 0
    sources = root.locator("img").evaluate_all("images => images.map(i => i.src)")
    assert sources and all("/media?filepath=" in source for source in sources)
    assert dialogs == []
    assert [url for url in asked if "stranger" in url or "javascript" in url] == []


def test_all_controls_are_reached_with_the_tab_key_and_have_names(session: Page) -> None:
    names = panel(session).locator("button:enabled, input, textarea, summary")
    expected = names.evaluate_all("found => found.filter(e => e.checkVisibility()).length")
    names.first.focus()
    reached = 1
    for _ in range(expected + 5):
        session.keyboard.press("Tab")
        if not session.evaluate("() => !!document.activeElement.closest('.plp-root')"):
            break
        reached += 1
        seen = session.evaluate(FOCUSED)
        assert seen["name"], seen
        assert seen["outline"] != "none", seen
    assert reached == expected


FOCUSED = """() => {
    const e = document.activeElement;
    const name = e.getAttribute("aria-label") || e.innerText || e.labels?.[0]?.innerText;
    return {html: e.outerHTML.slice(0, 200), name, outline: getComputedStyle(e).outlineStyle};
}"""


def test_escape_closes_the_sample(session: Page) -> None:
    session.evaluate("() => document.activeElement.blur()")
    session.keyboard.press("Escape")
    session.locator('[data-cy="modal"]').wait_for(state="detached")
