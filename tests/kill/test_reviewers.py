"""A short form of the reviewers of ``make torture``: one of two, or their server, is killed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers import fo_internals
from tests.browser.server import Server
from tests.kill import reviewers

pytestmark = pytest.mark.slow


@pytest.fixture
def dataset(dataset_name: str, tmp_path: Path) -> Any:
    return reviewers.make_dataset(dataset_name, tmp_path)


@pytest.fixture
def server(dataset: Any, tmp_path: Path) -> Iterator[Server]:
    made = Server(dataset.name, tmp_path / "log")
    yield made
    made.kill()


def test_what_a_killed_reviewer_confirmed_is_there(dataset: Any) -> None:
    both = reviewers.in_processes(dataset, 20, 1, "2026")
    assert [len(one.confirmed) for one in both] == [20, 20] and both[0].attempts == 2
    assert reviewers.differences(dataset, both) == []


def test_what_the_app_confirmed_before_its_server_was_killed_is_there(
    dataset: Any, server: Server
) -> None:
    both = reviewers.in_app(dataset, server, 10, 1, "2026")
    assert [len(one.confirmed) for one in both] == [10, 10]
    assert {one.attempts for one in both} == {2}
    assert reviewers.differences(dataset, both) == []


def test_what_is_lost_is_found(dataset: Any) -> None:
    both = reviewers.in_processes(dataset, 5, 0, "2026")
    log = fo_internals.database()["pairlens.changes"]
    first = both[0].confirmed[0]
    log.delete_one({"dataset_id": fo_internals.dataset_id(dataset), "new.review_note": first})
    fo_internals.collection(dataset).update_one(
        {"review_note": {"$type": "string"}}, {"$set": {"verdict": None}}
    )
    told = "\n".join(reviewers.differences(dataset, both))
    assert f"confirmed and lost: {first}" in told
    assert "broken chain of" in told and "session: " in told
