"""Tests against a real MongoDB server, whether or not they name it."""

import pytest


@pytest.fixture(autouse=True, scope="session")
def _server(mongo: str) -> None:
    """Starts it."""
