"""The plugin as FiftyOne meets it: from a plugins folder, in a process that knows nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from tests import warm

NAME = "@pairlens/curation"

LOAD = """
import json, sys
from fiftyone.plugins.context import build_plugin_contexts
from fiftyone.operators import Operator
from fiftyone.operators.panel import Panel
before = set(sys.modules)
context = next(c for c in build_plugin_contexts() if c.name == "@pairlens/curation")
panels = [i.name for i in context.instances if isinstance(i, Panel)]
print(json.dumps({
    "operators": [i.name for i in context.instances if i.name not in panels],
    "panels": panels,
    "unlabelled": [i.name for i in context.instances if not i.config.label],
    "errors": context.errors,
    "loaded": sorted({m.split(".")[0] for m in set(sys.modules) - before}),
    "file": sys.modules["pairlens.importers"].__file__,
    "taken": [m for m in ("importers", "fiftyone_plugin") if m in sys.modules],
}))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A FiftyOne with an empty plugins folder and no database."""
    own = {"FIFTYONE_PLUGINS_DIR": str(tmp_path / "plugins"), "FIFTYONE_DISABLE_SERVICES": "1"}
    return {**os.environ, **own}


@pytest.fixture
def linked(repo_root: Path, tmp_path: Path, environment: dict[str, str]) -> dict[str, str]:
    """The environment, with the checkout linked into the plugins folder by hand."""
    link = tmp_path / "plugins" / "pairlens"
    link.parent.mkdir()
    link.symlink_to(repo_root)
    return environment


@pytest.fixture(scope="session")
def declared(repo_root: Path) -> dict:
    return yaml.safe_load((repo_root / "fiftyone.yml").read_text())


def run(code: str, environment: dict[str, str], cwd: Path | None = None) -> str:
    """Runs Python code in a fresh process, started elsewhere than at the checkout."""
    folder = cwd or Path(environment["FIFTYONE_PLUGINS_DIR"])
    done = warm.run("-c", code, environment=environment, folder=folder)
    assert done.returncode == 0, done.stderr
    return done.stdout


def load(environment: dict[str, str], cwd: Path | None = None, before: str = "") -> dict:
    return json.loads(run(before + LOAD, environment, cwd=cwd).splitlines()[-1])


def test_registers_what_it_declares_without_errors(linked: dict, declared: dict) -> None:
    found = load(linked)
    assert found["errors"] == []
    assert sorted(found["operators"]) == sorted(declared["operators"])
    assert sorted(found["panels"]) == sorted(declared.get("panels", []))
    assert found["unlabelled"] == []


def test_declares_the_operators_of_the_design(declared: dict) -> None:
    six = "import_dataset predict_masks score_pairs flag_pairs review_pairs export_subset"
    assert set(six.split()) <= set(declared["operators"])


def test_loading_imports_no_model_library(linked: dict) -> None:
    found = load(linked)
    assert not {"torch", "transformers", "ray", "tensorflow"} & set(found["loaded"])
    assert "pairlens" in found["loaded"]
    assert found["taken"] == []


# The editable install is a finder and a hook for sys.path; without them only the link is left.
FORGET = """
import sys
sys.meta_path = [f for f in sys.meta_path if "editable" not in getattr(f, "__module__", "")]
sys.path = [p for p in sys.path if "editable" not in p and not p.endswith("fiftyone_plugin/names")]
"""
INSTALLED = pytest.mark.parametrize("before", ["", FORGET], ids=["installed", "not installed"])


@INSTALLED
def test_loads_from_its_own_folder(linked: dict, repo_root: Path, before: str) -> None:
    found = load(linked, before=before)
    assert found["errors"] == []
    assert Path(found["file"]).resolve().parent == repo_root / "importers"


@pytest.mark.parametrize("form", ["package", "module", "folder"])
@INSTALLED
def test_modules_of_the_users_and_ours_all_work(
    linked: dict, tmp_path: Path, before: str, form: str
) -> None:
    """In a notebook's folder: their modules are theirs before and after ours was loaded."""
    file = {"package": "{}/__init__.py", "module": "{}.py", "folder": "{}/x.py"}[form]
    use = ""
    for name in ("importers", "fiftyone_plugin"):
        theirs = tmp_path / file.format(name)
        theirs.parent.mkdir(parents=True, exist_ok=True)
        theirs.write_text("MINE = 1\n")
        use += f"import {name}{'.x' * (form == 'folder')} as theirs; assert theirs.MINE == 1\n"
    for script in (before + use + LOAD + use, before + LOAD + use):
        found = json.loads(run(script, linked, cwd=tmp_path).splitlines()[-1])
        assert found["errors"] == []
        assert len(found["operators"]) > 10


OTHER = """
import os, sys
import fiftyone.operators as foo
sys.path.insert(0, os.path.dirname(__file__))
import importers, fiftyone_plugin, names

class Theirs(foo.Operator):
    @property
    def config(self):
        return foo.OperatorConfig(name="theirs", label="theirs")

    def execute(self, ctx):
        import importers, fiftyone_plugin, names
        return {"mine": importers.MINE + fiftyone_plugin.MINE + names.MINE}

def register(plugin):
    plugin.register(Theirs)
"""

BOTH = """
import json
import fiftyone.operators as foo
theirs = foo.execute_operator("other/theirs", {}).result
import pairlens.importers.formats, pairlens.fiftyone_plugin.checks as checks
import fiftyone.plugins.context as fpc
ours = next(c for c in fpc.build_plugin_contexts() if c.name == "@pairlens/curation")
again = foo.execute_operator("other/theirs", {}).result
print(json.dumps([theirs, again, ours.errors, len(ours.instances), len(checks.CHECKS)]))
"""


@pytest.mark.parametrize("folder", ["a-first", "z-last"])
@INSTALLED
def test_another_plugin_with_such_modules_works_beside_it(
    linked: dict, tmp_path: Path, before: str, folder: str
) -> None:
    other = tmp_path / "plugins" / folder
    for module in ("importers", "fiftyone_plugin", "names"):
        (other / module).mkdir(parents=True)
        (other / module / "__init__.py").write_text("MINE = 1\n")
    (other / "fiftyone.yml").write_text("name: other\noperators: [theirs]\n")
    (other / "__init__.py").write_text(OTHER)
    theirs, again, errors, instances, checks = json.loads(run(before + BOTH, linked))
    assert theirs == again == {"mine": 3}
    assert errors == []
    assert instances > 10 and checks > 50


@INSTALLED
def test_a_plain_folder_of_its_name_does_no_harm(linked: dict, tmp_path: Path, before: str) -> None:
    (tmp_path / "elsewhere" / "pairlens" / "gres").mkdir(parents=True)
    assert load(linked, cwd=tmp_path / "elsewhere", before=before)["errors"] == []


@pytest.mark.parametrize("form", ["package", "module"])
def test_names_what_has_its_name(linked: dict, tmp_path: Path, form: str) -> None:
    other = tmp_path / "elsewhere" / ("pairlens.py" if form == "module" else "pairlens/__init__.py")
    other.parent.mkdir(parents=True)
    other.touch()
    # Modules of an installed PairLens are found in a package of the same name as well.
    code = FORGET + LOAD.replace('sys.modules["pairlens.importers"].__file__', "None")
    found = json.loads(run(code, linked, cwd=tmp_path / "elsewhere").splitlines()[-1])
    (error,) = found["errors"]
    last = error.strip().splitlines()[-1]
    assert last.startswith("ImportError: PairLens is imported as 'pairlens', but")
    assert str(other) in last
    assert found["operators"] == []


def test_a_copy_of_another_version_is_told(linked: dict, tmp_path: Path, repo_root: Path) -> None:
    (tmp_path / "plugins" / "pairlens").unlink()
    copy = tmp_path / "plugins" / "copy"
    (copy / "fiftyone_plugin").mkdir(parents=True)
    yml = (repo_root / "fiftyone.yml").read_text()
    (copy / "fiftyone.yml").write_text(re.sub(r"version: .*", "version: 9.9.9", yml, count=1))
    entry = "fiftyone_plugin/__init__.py"
    (copy / entry).write_text((repo_root / entry).read_text())
    code = LOAD.replace('sys.modules["pairlens.importers"].__file__', "None")
    (error,) = json.loads(run(code, linked).splitlines()[-1])["errors"]
    assert f"the plugin in {copy} is of PairLens 9.9.9, but Python imports PairLens" in error


def test_fiftyone_lists_it(linked: dict) -> None:
    command = Path(sys.executable).with_name("fiftyone")
    done = subprocess.run(
        [command, "plugins", "list"], env=linked, capture_output=True, text=True, timeout=120
    )
    assert NAME in done.stdout, done.stderr


def test_requirements_and_version_agree_with_pyproject(repo_root: Path, declared: dict) -> None:
    project = tomllib.loads((repo_root / "pyproject.toml").read_text())["project"]
    lines = (repo_root / "requirements.txt").read_text().splitlines()
    assert [line for line in lines if not line.startswith("#")] == project["dependencies"]
    assert declared["version"] == project["version"]
    fiftyone = next(d for d in project["dependencies"] if d.startswith("fiftyone"))
    assert f"fiftyone{declared['fiftyone']['version']}" == fiftyone


LINK = """
from pairlens.fiftyone_plugin.plugin_link import ensure_link, is_linked
from pairlens.importers.errors import StateError
before = is_linked()
try:
    print(before, ensure_link(), ensure_link(), is_linked(), sep="\\n")
except StateError as error:
    print("refused:", error)
"""


def test_links_itself_and_does_so_once(environment: dict, tmp_path: Path, repo_root: Path) -> None:
    link = tmp_path / "plugins" / "@pairlens" / "curation"
    assert run(LINK, environment, cwd=tmp_path).split() == ["False", str(link), str(link), "True"]
    assert link.resolve() == repo_root
    assert [p.name for p in link.parent.iterdir()] == ["curation"]
    assert load(environment)["errors"] == []


def test_the_command_that_links(environment: dict, tmp_path: Path) -> None:
    code = "import sys; from pairlens.fiftyone_plugin.cli import main; sys.exit(main(['link']))"
    link = tmp_path / "plugins" / "@pairlens" / "curation"
    assert str(link) in run(code, environment, cwd=tmp_path)
    assert load(environment)["errors"] == []


@pytest.mark.parametrize("old", ["dangling", "checkout"])
def test_links_anew_where_the_checkout_has_moved(
    environment: dict, tmp_path: Path, repo_root: Path, old: str
) -> None:
    link = tmp_path / "plugins" / "@pairlens" / "curation"
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "old")
    if old == "checkout":
        (tmp_path / "old").mkdir()
        (tmp_path / "old" / "fiftyone.yml").write_text(f'name: "{NAME}"\n')
    assert run(LINK, environment, cwd=tmp_path).split()[-1] == "True"
    assert link.resolve() == repo_root


def in_the_way_folder(plugins: Path) -> str:
    (plugins / "@pairlens" / "curation").mkdir(parents=True)
    return "is not a link of PairLens"


def in_the_way_foreign_link(plugins: Path) -> str:
    (plugins / "other").mkdir(parents=True)
    (plugins / "other" / "fiftyone.yml").write_text("name: someone-elses\n")
    (plugins / "@pairlens").mkdir()
    (plugins / "@pairlens" / "curation").symlink_to(plugins / "other")
    return "is not a link of PairLens"


def in_the_way_copy(plugins: Path) -> str:
    # FiftyOne looks no deeper than the first plugin it meets on a path.
    (plugins / "@pairlens").mkdir(parents=True)
    (plugins / "@pairlens" / "fiftyone.yml").write_text(f'name: "{NAME}"\n')
    return "hides this one"


@pytest.mark.parametrize(
    "prepare",
    [in_the_way_folder, in_the_way_foreign_link, in_the_way_copy],
    ids=lambda f: f.__name__,
)
def test_refuses_to_replace_what_is_not_its_own(environment: dict, tmp_path: Path, prepare) -> None:
    expected = prepare(tmp_path / "plugins")
    said = run(LINK, environment, cwd=tmp_path)
    assert said.startswith("refused:") and expected in said
