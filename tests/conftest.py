"""The environment of all tests: their own folders and database, and nothing of the user's."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from tests import database, scenes

ROOT = Path(__file__).resolve().parent.parent

WITHOUT_EXCERPTS = "the excerpts of the published datasets are not at ../shared/data"

HOME = Path(tempfile.mkdtemp(prefix="pairlens-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

PORT = database.free_port()

# What is started in a shell's background ignores Ctrl-C, and hands that on to all that it starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _set_environment() -> None:
    """Runs before FiftyOne is imported, which reads its settings once."""
    for name in [n for n in os.environ if n.startswith("FIFTYONE_")]:
        del os.environ[name]
    os.environ |= {
        "FIFTYONE_CONFIG_PATH": str(HOME / "config.json"),
        "FIFTYONE_APP_CONFIG_PATH": str(HOME / "app_config.json"),
        "FIFTYONE_DATABASE_DIR": str(HOME / "database"),
        "FIFTYONE_DATABASE_URI": f"mongodb://127.0.0.1:{PORT}/?serverSelectionTimeoutMS=10000",
        "FIFTYONE_DEFAULT_DATASET_DIR": str(HOME / "datasets"),
        "FIFTYONE_PLUGINS_DIR": str(HOME / "plugins"),
        "FIFTYONE_DO_NOT_TRACK": "1",
        "FIFTYONE_SHOW_PROGRESS_BARS": "false",
        "PAIRLENS_CACHE": str(HOME / "cache"),
    }


_set_environment()

# The processes of a run share one folder: those that this one starts have its environment.
scenes.keep(Path(os.environ.setdefault("PAIRLENS_TEST_SCENES", str(HOME / "scenes"))))

# The machines this runs on are slow and shared: a slow example is no failure.
settings.register_profile("pairlens", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("pairlens")


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The repository's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Excerpts of the published datasets, which are not part of the repository; read-only."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(WITHOUT_EXCERPTS)
    return folder


@pytest.fixture(scope="session")
def mongo() -> str:
    """The URI of the tests' MongoDB server, which starts with the first test that asks."""
    database.start(HOME / "database", PORT)
    return os.environ["FIFTYONE_DATABASE_URI"]


@pytest.fixture
def dataset_name(mongo: str) -> Iterator[str]:
    """A name for a dataset, deleted afterwards with all whose names begin with it."""
    yield from _name()


@pytest.fixture(scope="module")
def shared_name(mongo: str) -> Iterator[str]:
    """As ``dataset_name``, for a dataset of which each test of a module takes a clone."""
    yield from _name()


def _name() -> Iterator[str]:
    import fiftyone as fo

    name = f"test-{uuid4().hex[:12]}"
    yield name
    for made in fo.list_datasets(glob_patt=f"{name}*"):
        fo.delete_dataset(made)


def pytest_configure(config: pytest.Config) -> None:
    """Leaves out the warnings that FiftyOne's own imports give."""
    for module in ("fiftyone", "mongoengine"):
        config.addinivalue_line("filterwarnings", f"ignore::DeprecationWarning:{module}")


def pytest_collection_finish() -> None:
    """Freezes the objects of collected tests, so that garbage collection skips them."""
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """If ``CI`` is true, a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _skipped(reporter):
        session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Explains why the run failed although no test did."""
    if skipped := _skipped(terminalreporter):
        terminalreporter.write_line(f"CI is true and {skipped} test(s) were skipped", red=True)


def _skipped(reporter: pytest.TerminalReporter) -> int:
    """The number of tests that were skipped but must not be.

    ``PAIRLENS_EXCERPTS=none`` declares that a hosted CI has no excerpts of datasets.
    """
    if os.environ.get("CI") != "true":
        return 0
    allowed = WITHOUT_EXCERPTS if os.environ.get("PAIRLENS_EXCERPTS") == "none" else None
    reports = reporter.stats.get("skipped", [])
    return sum(allowed is None or allowed not in str(report.longrepr) for report in reports)
