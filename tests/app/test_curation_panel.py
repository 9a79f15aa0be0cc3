"""The panel ``curation`` without a database: what it declares, and the state it keeps."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.panels.curation import COMPONENT, CurationPanel
from pairlens.fiftyone_plugin.panels.curation_facts import STEPS
from pairlens.fiftyone_plugin.panels.curation_scope import STATE, WHOLE, Scope, keep, scope_of

SOURCES = Path("fiftyone_plugin/panels/js/src")
STAGES = [{"_cls": "fiftyone.core.stages.Limit", "kwargs": [["limit", 3]]}]


class Panel:
    """A context with a panel whose state is a plain dictionary, as it is between two events."""

    def __init__(self, stored: Any = None) -> None:
        self.panel = self
        self.stored = {STATE: stored}

    def get_state(self, name: str) -> Any:
        return self.stored.get(name)

    def set_state(self, name: str, value: Any) -> None:
        self.stored[name] = value


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(None, id="nothing"),
        pytest.param("", id="blank"),
        pytest.param("{", id="half a text"),
        pytest.param("[1, 2]", id="a list"),
        pytest.param('{"base": null}', id="no stages"),
        pytest.param({"base": []}, id="no text"),
    ],
)
def test_a_state_that_is_none_is_the_whole_dataset(stored: Any) -> None:
    assert scope_of(Panel(stored)) == WHOLE


@pytest.mark.parametrize(
    "scope",
    [WHOLE, Scope(STAGES), Scope(STAGES, "check:<b>:x", STAGES, [[]]), Scope([], "flagged", [])],
    ids=lambda scope: scope.bar or len(scope.base),
)
def test_a_scope_survives_the_way_to_the_browser_and_back(scope: Scope) -> None:
    ctx = Panel()
    keep(ctx, scope)
    assert isinstance(ctx.stored[STATE], str)
    ctx.stored = json.loads(json.dumps(ctx.stored))
    assert scope_of(ctx) == scope


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
    assert called == {"refresh", "show", "reset", "choose", "step", "start", "resume", "change"}
    assert called <= set(view)
    assert all(callable(getattr(CurationPanel, name)) for name in called)


def test_the_component_offers_every_step(repo_root: Path) -> None:
    text = (repo_root / SOURCES / "curation" / "index.tsx").read_text()
    listed = re.search(r"STEPS = \[(.*?)\]", text)
    assert listed and re.findall(r'"(\w+)"', listed[1]) == list(STEPS)
