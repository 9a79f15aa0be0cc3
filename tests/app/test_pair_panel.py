"""The panel ``pair`` and the script that draws it, as FiftyOne finds them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from fiftyone.plugins.definitions import PluginDefinition

from pairlens.fiftyone_plugin.panels.pair import PairPanel


@pytest.fixture(scope="module")
def plugin(repo_root: Path) -> PluginDefinition:
    return PluginDefinition.from_disk(str(repo_root / "fiftyone.yml"))


@pytest.fixture(scope="module")
def bundle(plugin: PluginDefinition) -> str:
    return Path(plugin.js_bundle_path).read_text()


@pytest.fixture(scope="module")
def sources(repo_root: Path) -> dict[str, str]:
    folder = repo_root / "fiftyone_plugin" / "panels" / "js" / "src"
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*.ts*")}


def test_fiftyone_finds_the_script(plugin: PluginDefinition) -> None:
    assert plugin.has_js
    assert plugin.js_bundle_server_path.endswith("/fiftyone_plugin/panels/dist/index.umd.js")


def test_the_panel_is_declared_for_the_opened_sample(repo_root: Path) -> None:
    declared = yaml.safe_load((repo_root / "fiftyone.yml").read_text())
    config = PairPanel().config
    assert config.name in declared["panels"]
    assert config.surfaces == "modal"
    assert not config.allow_multiple


def test_the_script_registers_the_component_that_the_panel_asks_for(bundle: str) -> None:
    view = PairPanel().render(None).view
    assert view.to_json()["composite_view"] is True
    assert f'register("{view.component}"' in bundle


@pytest.mark.parametrize(
    "way",
    [
        pytest.param(r"innerHTML|outerHTML|insertAdjacentHTML|DOMParser", id="markup"),
        pytest.param(r"\beval\(|new Function|document\.write", id="code"),
        pytest.param(r"<a\b|window\.open|location\.(href|assign|replace)", id="links"),
        pytest.param(r"[\"'`]https?://", id="addresses"),
        pytest.param(r"[mM]arkdown", id="Markdown"),
    ],
)
def test_no_text_can_become_anything_else(sources: dict[str, str], way: str) -> None:
    assert [name for name, text in sources.items() if re.search(way, text)] == []


def test_react_is_not_bundled_a_second_time(bundle: str) -> None:
    assert "module.exports = window.React" in bundle
    assert "__SECRET_INTERNALS" not in bundle


def test_the_script_says_what_it_is_made_from(bundle: str) -> None:
    assert bundle.startswith("// Made from fiftyone_plugin/panels/js by `make bundle`")
