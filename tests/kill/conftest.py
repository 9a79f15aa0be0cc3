"""What is killed works in the tests' own database server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pymongo import MongoClient

from tests.kill.scenarios import make_sources
from tests.kill.trials import Trials
from tests.unit.chatting import model, pair_answer
from tests.unit.web import serve


@pytest.fixture(scope="module")
def trials(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    """A process that runs commands in a folder and a database of their own."""
    base = tmp_path_factory.mktemp("killed")
    client: Any = MongoClient(mongo)
    with serve(model(lambda seen: pair_answer())) as judge:
        address = judge.url.replace("/predict", "")
        made = Trials(base / "work", base / "source", client, mongo, address)
        make_sources(made)
        yield made
        made.close()
    client.close()
