"""The panel ``curation`` without a database: what it declares, and the state it keeps."""

from __future__ import annotations

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from pairlens.fiftyone_plugin.panels.curation import COMPONENT, CurationPanel
from pairlens.fiftyone_plugin.panels.curation_facts import STEPS
from pairlens.fiftyone_plugin.panels.curation_scope import (
    _PANELS,
    WHOLE,
    Scope,
    follow,
    go,
    keep,
    scope_of,
    state_of,
)

SOURCES = Path("fiftyone_plugin/panels/js/src")
STAGES = [{"_cls": "fiftyone.core.stages.Limit", "kwargs": [["limit", 3]]}]
BEHIND = {"fiftyone.core.stages.Skip": {"skip": 3}}


class Context:
    """What an event of a panel brings."""

    def __init__(
        self, panel: str, dataset: str = "one", view: Any = None, behind: Any = None
    ) -> None:
        self.panel = SimpleNamespace(id=panel)
        self.dataset = SimpleNamespace(name=dataset)
        self.view = None
        self.request_params = {"view": view, "extended": behind}


def test_a_panel_that_is_new_shows_the_whole_dataset() -> None:
    keep(Context("first"), Scope(STAGES))
    assert scope_of(Context("second")) == WHOLE
    assert scope_of(Context("first", dataset="another")) == WHOLE
    assert scope_of(Context("first")) == Scope(STAGES)


def test_a_panel_is_forgotten_when_many_were_used_since() -> None:
    keep(Context("used"), Scope(STAGES))
    keep(Context("closed"), Scope(STAGES))
    for number in range(_PANELS - 1):
        state_of(Context(f"panel {number}"))
        state_of(Context("used"))
    assert scope_of(Context("used")) == Scope(STAGES)
    assert scope_of(Context("closed")) == WHOLE


def test_a_panel_keeps_its_place_where_events_come_at_once() -> None:
    before = sys.getswitchinterval()
    first = state_of(Context("busy"))
    try:
        sys.setswitchinterval(1e-6)
        with ThreadPoolExecutor(4) as pool:
            asked = list(pool.map(lambda _: state_of(Context("busy")), range(20_000)))
    finally:
        sys.setswitchinterval(before)
    assert all(one is first for one in asked)


def test_what_was_there_before_a_click_is_a_choice_once_the_click_was_seen() -> None:
    ctx = Context("clicked", view=STAGES)
    clicked = go(ctx, STAGES, "check:x", behind=BEHIND)
    assert (follow(ctx), scope_of(ctx)) == (None, clicked)
    assert follow(Context("clicked", view=STAGES, behind=BEHIND)) is None
    assert follow(ctx) == WHOLE


def test_a_view_that_a_click_sets_is_no_choice() -> None:
    ctx = Context("cleared", view=STAGES)
    clicked = go(ctx, STAGES, "session:x", [], BEHIND)
    for late in (ctx, Context("cleared", view=STAGES, behind=BEHIND), Context("cleared")):
        assert (follow(late), scope_of(late)) == (None, clicked)
    assert clicked.view == STAGES
    assert follow(Context("cleared", behind=BEHIND)) is None


def view_of_panel() -> dict[str, Any]:
    panel = CurationPanel()
    return panel.render(None).to_json()["view"]


def test_stands_in_the_grid() -> None:
    config = CurationPanel().config
    assert (config.name, config.surfaces, config.allow_multiple) == ("curation", "grid", False)


def test_the_component_is_registered_and_calls_what_is_declared(repo_root: Path) -> None:
    view = view_of_panel()
    assert (view["component"], view["composite_view"]) == (COMPONENT, True)
    assert f'register("{COMPONENT}"' in (repo_root / SOURCES / "index.ts").read_text()
    scripts = sorted((repo_root / SOURCES / "curation").glob("*.tsx"))
    text = "".join(script.read_text() for script in scripts)
    called = set(re.findall(r'(?:call(?:<\w+>)?|enter)\("(\w+)"', text))
    panel = {"refresh", "show", "reset", "leave", "choose", "step", "start", "resume", "change"}
    assert called == panel
    assert called <= set(view)
    assert all(callable(getattr(CurationPanel, name)) for name in called)


def test_the_component_offers_every_step(repo_root: Path) -> None:
    text = (repo_root / SOURCES / "curation" / "index.tsx").read_text()
    listed = re.search(r"STEPS = \[(.*?)\]", text)
    assert listed and re.findall(r'"(\w+)"', listed[1]) == list(STEPS)
