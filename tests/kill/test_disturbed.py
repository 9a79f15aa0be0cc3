"""A short form of the disturbances of ``make torture``, in a replica set with a user and TLS."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pairlens.importers import database_connection
from pairlens.importers.errors import StateError
from tests.kill.disturbing import of_set, trials_in, tried
from tests.kill.scenarios import BY_NAME, IMPORTED, KEY
from tests.kill.trials import NAME, Scenario, Trials
from tests.replicas import PASSWORD, ReplicaSet

VERDICT = Scenario("verdict", ("review", "{name}", "--set", KEY, "drop"), IMPORTED)
SEED = "2026"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def replicas() -> Iterator[ReplicaSet]:
    with tempfile.TemporaryDirectory(prefix="pairlens-set-") as folder:
        made = ReplicaSet(Path(folder) / "set")
        try:
            made.start()
            yield made
        finally:
            made.kill()


@pytest.fixture(scope="module")
def shared(replicas: ReplicaSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trials]:
    with trials_in(replicas.uri, tmp_path_factory.mktemp("shared")) as made:
        yield made


@pytest.mark.parametrize(
    ("command", "disturbed"),
    [("import", "stepped down"), ("predict", "killed"), ("apply", "stepped down")],
)
def test_a_step_ends_as_if_nothing_had_been(
    command: str, disturbed: str, replicas: ReplicaSet, shared: Trials
) -> None:
    [disturbance] = [one for one in of_set(replicas) if one.name == disturbed]
    with shared.of(BY_NAME[command]) as trial:
        replicas.step_down()  # so that the step begins in another server than what came before
        replicas.wait_until_whole()
        assert tried(trial, disturbance, 1, SEED) == []


def test_no_confirmed_verdict_is_lost_with_the_primary(
    replicas: ReplicaSet, shared: Trials
) -> None:
    [disturbance] = [one for one in of_set(replicas) if one.name == "killed"]
    with shared.of(VERDICT):
        disturbance.begin()
        try:
            [dataset] = shared.database["datasets"].find({"name": NAME})
            sample = shared.database[dataset["sample_collection_name"]].find_one({"key": KEY})
            [entry] = shared.database["pairlens.changes"].find({"dataset_id": dataset["_id"]})
        finally:
            disturbance.mend()
    assert (sample["verdict"], entry["new"]["verdict"]) == ("drop", "drop")
    assert "arrived" not in entry


def test_a_wrong_password_is_told_for_what_it_is(replicas: ReplicaSet) -> None:
    database_connection.check(replicas.uri)
    wrong = replicas.uri.replace("ada:", "bob:")
    with pytest.raises(StateError, match=r"refuses its user this .*Authentication failed") as told:
        database_connection.check(wrong)
    assert PASSWORD not in str(told.value) and "FIFTYONE_DATABASE_URI" in str(told.value)
