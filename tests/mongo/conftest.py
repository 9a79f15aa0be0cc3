"""Tests against a real MongoDB server, whether or not they name it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pairlens.fiftyone_plugin.curation.texts import REVIEWER_VARIABLE
from tests.mongo import processes

if TYPE_CHECKING:  # what it imports takes a second
    from tests.object_store import ObjectStore

REVIEWER = "tester"
"""Who reviews, where a test names nobody."""


@pytest.fixture(autouse=True, scope="session")
def _server(mongo: str) -> None:
    """Starts it."""


@pytest.fixture(autouse=True, scope="session")
def _reviewer() -> Iterator[None]:
    """Names a reviewer, whom verdicts need."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(REVIEWER_VARIABLE, REVIEWER)
        yield


@pytest.fixture
def warm_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The doctor's processes start fast.

    Tests of how Python starts, and of packages that do not, have the doctor's own.
    """
    processes.probe_warmly(monkeypatch)


@pytest.fixture(scope="module")
def object_server() -> Iterator[ObjectStore]:
    """An S3 of moto's on loopback."""
    from tests.object_store import serve_objects

    with serve_objects() as running:
        yield running


@pytest.fixture()
def objects(object_server: ObjectStore, tmp_path: Path) -> Iterator[ObjectStore]:
    """It, with a cache of the test's own."""
    from tests.object_store import used

    with used(object_server, tmp_path / "cache") as running:
        yield running
