"""Tests against a real MongoDB server, whether or not they name it."""

from collections.abc import Iterator

import pytest

from pairlens.fiftyone_plugin.curation.texts import REVIEWER_VARIABLE

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
