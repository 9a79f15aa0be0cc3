"""Steps on one dataset at once: which exclude each other, and what becomes of a killed one."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers import (
    app_view,
    fencing,
    fo_internals,
    leases,
    safe_writes,
    schema,
    store,
    unfinished,
)
from pairlens.importers.errors import StateError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.processes import ended, start
from tests.mongo.reviewing import documents, history, keys
from tests.warm import Process

VERDICTS = 200
"""Of each of two reviewers; they wait for the disk at every one."""

_PAUSES = """
import sys
from pairlens.fiftyone_plugin.cli import main
from {package} import {module}
call, out = {module}.{function}, sys.stdout
def paused(*args, **options):
    print("paused", file=out, flush=True)
    sys.stdin.readline()
    return call(*args, **options)
{module}.{function} = paused
sys.exit(main(sys.argv[1:]))
"""
"""A command that waits for a line before each call of a function."""

_IMPORTS = _PAUSES.format(package="pairlens.importers", module="store", function="insert")
_PREDICTS = _PAUSES.format(
    package="pairlens.fiftyone_plugin.predictors", module="runner", function="store_batch"
)

_DELETES = _PAUSES.format(package="pairlens.importers", module="leases", function="_release")

_REVIEWS = """
import sys
import fiftyone as fo
from pairlens.fiftyone_plugin.curation.verdicts import judge
dataset = fo.load_dataset(sys.argv[1])
keys = sorted(dataset.values("key"))
print("paused", flush=True)
for number in range(int(sys.argv[3])):
    judge(dataset, keys[number % len(keys)], "keep", note=str(number), reviewer=sys.argv[2],
          force=True)
"""


_IMPATIENT = """
from pairlens.importers import fencing, leases
leases.PATIENCE, fencing._SAFE_SECONDS = 1, 0.5
"""
"""A lease is given up after a second instead of a minute."""


@pytest.fixture(scope="module")
def gres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=4, size=64).root


@pytest.fixture
def dataset(dataset_name: str, gres: Path) -> Any:
    import_dataset("gres", gres, dataset_name)
    return fo.load_dataset(dataset_name)


@pytest.fixture(scope="module")
def imported(shared_name: str, gres: Path) -> Any:
    import_dataset("gres", gres, shared_name)
    return fo.load_dataset(shared_name)


def paused(code: str, *args: str) -> Process:
    """Starts a step that waits in its middle for a line."""
    process = start(code, *args)
    line = process.stdout.readline()
    assert line == "paused\n", (line, process.communicate())
    return process


def holders(name: str) -> list[dict[str, Any]]:
    found = fo_internals.database()[leases.COLLECTION].find_one({"_id": name})
    return found["holders"] if found else []


def add_holder(name: str, **facts: Any) -> None:
    """Adds a lease of a process on another machine."""
    now = datetime.now(UTC)
    other = {"token": "t", "step": "flag", "part": "findings", "owner": f"{'0' * 12}-1-1",
             "host": "elsewhere", "pid": 1, "since": now, "renewed": now}  # fmt: skip
    change = {"$push": {"holders": other | facts}}
    fo_internals.database()[leases.COLLECTION].update_one({"_id": name}, change, upsert=True)


def refused(capsys: pytest.CaptureFixture[str], *command: str) -> str:
    """Runs a command that must be refused in one sentence; gives it."""
    assert main([*command]) == 1
    [said] = [line for line in capsys.readouterr().err.splitlines() if "is in use by" in line]
    return said


# ------------------------------------------------------------------ what goes on at once


def test_other_parts_and_other_datasets_are_free(dataset_name: str) -> None:
    with (
        leases.held(dataset_name, "flag", "findings"),
        leases.held(dataset_name, "predict", "field a"),
        leases.held(dataset_name, "predict", "field b"),
        leases.held(f"{dataset_name}-2", "import"),
    ):
        assert len(holders(dataset_name)) == 3
    assert holders(dataset_name) == []
    assert not fo_internals.database()[leases.COLLECTION].find_one({"_id": dataset_name})


def test_a_step_within_a_step_is_free(dataset_name: str) -> None:
    with (
        leases.held(dataset_name, "import"),
        leases.held(dataset_name, "flag", "findings"),
        leases.held(dataset_name, "import"),
    ):
        assert [one["step"] for one in holders(dataset_name)] == ["import"]


def test_reviewers_wait_for_nobody(dataset: Any, tmp_path: Path) -> None:
    both = [paused(_REVIEWS, dataset.name, who, str(VERDICTS)) for who in ("ann", "bob")]
    assert main(["flag", dataset.name]) == 0
    out = str(tmp_path / "out")
    assert main(["export", dataset.name, "--format", "gres", "--select", "all", "--out", out]) == 0
    assert [ended(process) for process in both] == [(0, "")] * 2
    entries = fo_internals.database()["pairlens.changes"]
    of = {"dataset_id": fo_internals.dataset_id(dataset)}
    assert entries.count_documents({**of, "arrived": {"$exists": False}}) == 2 * VERDICTS
    assert entries.count_documents(of) == 2 * VERDICTS
    for key in keys(dataset):
        assert (
            documents(dataset)[key]["review_note"] == history(dataset, key)[0]["new"]["review_note"]
        )


# --------------------------------------------------------------------- what is refused


def test_an_import_excludes_everything_that_writes(
    dataset_name: str, gres: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("import", "gres", str(gres), "--name", dataset_name)
    running = paused(_IMPORTS, *given)
    said = refused(capsys, *given)
    assert f"'{dataset_name}' is in use by pairlens import since 20" in said
    assert f"(process {running.pid} on " in said and "which excludes import; wait for it" in said
    for command in (
        (*given, "--resume"), (*given, "--overwrite"), ("flag", dataset_name),
        ("delete", dataset_name, "--yes"), ("relocate", dataset_name, "--source", str(gres)),
        ("predict", dataset_name, "--predictor", "cues", "--field", "cues"),
    ):  # fmt: skip
        refused(capsys, *command)
    running.stdin.write("\n" * 9)
    assert ended(running)[0] == 0
    dataset = fo.load_dataset(dataset_name)
    assert store.info(dataset)["complete"] and main(["flag", dataset_name]) == 0


def test_a_verdict_is_refused_while_the_dataset_is_replaced(
    dataset: Any, gres: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ("import", "gres", str(gres), "--name", dataset.name, "--overwrite")
    running = paused(_IMPORTS, *given)
    verdict = ("review", dataset.name, "--set", keys(dataset)[0], "drop")
    assert "which excludes a verdict" in refused(capsys, *verdict)
    running.kill()
    ended(running)
    assert main([*verdict]) == 0  # since nobody is there any more
    assert main([*given]) == 0  # which clears what was left


def test_one_field_is_predicted_by_one(dataset: Any, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("predict", dataset.name, "--predictor", "cues", "--field")
    running = paused(_PREDICTS, *given, "one")
    refused(capsys, *given, "one")
    assert main([*given, "two"]) == 0 and main(["flag", dataset.name]) == 0
    running.stdin.write("\n" * 99)
    assert ended(running)[0] == 0
    dataset.reload()
    assert set(dataset.values("two.mask_path")) and main([*given, "one", "--resume"]) == 0


@pytest.mark.parametrize(
    ("step", "refuses"),
    [("flag", "flag"), ("review --apply", "apply"), ("score", "score"), ("rank", "rank")],
)
def test_the_same_part_is_refused(
    step: str, refuses: str, dataset: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "decisions.jsonl").write_text("")
    parts = {"flag": "findings", "apply": "decisions", "score": "scoring s", "rank": "chances"}
    commands = {
        "flag": ("flag", dataset.name),
        "apply": ("review", dataset.name, "--apply", str(tmp_path / "decisions.jsonl")),
        "score": ("score", dataset.name, "--pred", "segmentation", "--key", "s"),
        "rank": ("rank", dataset.name),
    }
    add_holder(dataset.name, step=step, part=parts[refuses])
    said = refused(capsys, *commands[refuses])
    assert f"pairlens {step} since" in said and "(process 1 on elsewhere)" in said
    assert "its lease ends 60 s after it was last renewed" in said


# ------------------------------------------------------------------- what is taken over


def test_what_a_killed_process_held_is_free_at_once(dataset_name: str, gres: Path) -> None:
    running = paused(_IMPORTS, "import", "gres", str(gres), "--name", dataset_name)
    running.send_signal(signal.SIGKILL)
    ended(running)
    assert len(holders(dataset_name)) == 1
    assert import_dataset("gres", gres, dataset_name, ImportOptions(resume=True)).samples
    assert holders(dataset_name) == []


def test_a_deletion_that_is_killed_at_its_end_leaves_no_lease(
    dataset: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    running = paused(_DELETES, "delete", dataset.name, "--yes")
    command = ["delete", dataset.name, "--yes"]
    assert main(command) == 1 and len(holders(dataset.name)) == 1  # it lives
    running.send_signal(signal.SIGKILL)
    ended(running)
    assert main(command) == 1 and holders(dataset.name) == []
    assert "there is no dataset" in capsys.readouterr().err


def test_what_was_loaded_while_it_was_empty_is_resumed(dataset_name: str, gres: Path) -> None:
    begins = _PAUSES.format(package="pairlens.importers", module="schema", function="declare")
    running = paused(begins, "import", "gres", str(gres), "--name", dataset_name)
    assert len(fo.load_dataset(dataset_name)) == 0  # as the App does that shows it
    running.stdin.write("\n" * 9)
    assert ended(running)[0] == 0
    done = import_dataset("gres", gres, dataset_name, ImportOptions(resume=True))
    assert done.samples and not done.added


def test_a_silent_one_elsewhere_is_given_up_after_a_minute(dataset: Any) -> None:
    late = datetime.now(UTC) - timedelta(seconds=leases.PATIENCE + 1)
    add_holder(dataset.name, renewed=late)
    assert main(["flag", dataset.name]) == 0
    add_holder(dataset.name, renewed=late, part=leases.WHOLE)
    assert main(["review", dataset.name, "--set", keys(dataset)[0], "drop"]) == 0


def test_so_is_one_of_a_clock_that_was_set_back(
    dataset: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came of it is given its minute as well."""
    late = datetime.now(UTC) + timedelta(hours=1)
    add_holder(dataset.name, renewed=late, part=leases.WHOLE)
    verdict = ["review", dataset.name, "--set", keys(dataset)[0], "drop"]
    assert (main(verdict), main(["flag", dataset.name])) == (1, 1)
    monkeypatch.setattr(leases, "PATIENCE", 1)
    time.sleep(1.1)
    assert main(verdict) == 0
    add_holder(dataset.name, renewed=late)
    assert main(["flag", dataset.name]) == 1
    time.sleep(1.1)
    assert main(["flag", dataset.name]) == 0


def test_it_is_renewed_and_whoever_lost_it_says_so(
    dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_RENEWAL", 0.01)
    lease = fo_internals.database()[leases.COLLECTION]
    with leases.held(dataset_name, "flag", "findings"):
        first = holders(dataset_name)[0]["renewed"]
        while holders(dataset_name)[0]["renewed"] == first:
            pass
    with (
        pytest.raises(StateError, match="over, since this one could not tell"),
        leases.held(dataset_name, "flag", "findings"),
    ):
        lease.delete_one({"_id": dataset_name})
        while any(one.name == "pairlens-lease" for one in threading.enumerate()):
            pass


WRITES: dict[str, Callable[[Any], object]] = {
    "insert": lambda d: store.insert(d, [{"filepath": "/x.png"}]),
    "update": lambda d: store.update(d, [(d.first()._id, {"phrase": "x"})]),
    "facts": lambda d: store.update_info(d, complete=False),
    "name": lambda d: unfinished.give_name(d, f"{d.name}-2"),
    "matching": lambda d: safe_writes.update_matching(d, [({}, {"phrase": "x"})]),
    "many": lambda d: safe_writes.update_many(
        fo_internals.collection(d), {}, {"$set": {"phrase": 1}}
    ),
    "delete": lambda d: safe_writes.delete_many(fo_internals.collection(d), {}),
    "settings": app_view.arrange,
    "fields": lambda d: schema.declare(d, "captions"),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_nothing_is_written_under_a_lost_lease(
    write: Callable[[Any], object], imported: Any, dataset_name: str
) -> None:
    dataset = imported.clone(dataset_name)
    dataset.app_config.color_scheme = None
    stored = fo_internals.database()["datasets"]
    before = documents(dataset), stored.find_one({"name": dataset_name})
    lost = fencing.Hold(lambda: False, "it was taken over")
    lost.renew()
    with pytest.raises(StateError, match="it was taken over"), fencing.holding(lost):
        write(dataset)
    assert (documents(dataset), stored.find_one({"name": dataset_name})) == before


FLAGS = _PAUSES.format(
    package="pairlens.fiftyone_plugin.checks", module="findings_store", function="changes_of"
)
APPLIES = _PAUSES.format(
    package="pairlens.importers", module="safe_writes", function="update_matching"
)


@pytest.mark.parametrize("step", ["flag", "apply", "predict", "overwrite"])
def test_a_process_that_stood_still_writes_nothing_over_what_others_did(
    step: str, dataset: Any, gres: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, first = dataset.name, keys(dataset)[0]
    decisions = tmp_path / "decisions.jsonl"
    assert main(["review", name, "--set", first, "drop"]) == 0
    assert main(["review", name, "--dump", str(decisions)]) == 0
    steps = {
        "flag": (FLAGS, "flag", name),
        "apply": (APPLIES, "review", name, "--apply", str(decisions)),
        "predict": (_PREDICTS, "predict", name, "--predictor", "cues", "--field", "m"),
        "overwrite": (
            _IMPORTS, "import", "gres", str(gres), "--name", name, "--overwrite",
        ),
    }  # fmt: skip
    code, *command = steps[step]
    assert main(["review", name, "--undo"]) == 0
    frozen = paused(_IMPATIENT + code, *command)
    os.kill(frozen.pid, signal.SIGSTOP)
    monkeypatch.setattr(leases, "PATIENCE", 1)
    time.sleep(1.2)
    assert main(["review", name, "--set", first, "keep"]) == 0
    more = {"flag": ["--check", "tiny_mask"], "predict": ["--resume"]}
    assert main([*command, *more.get(step, ())]) == 0
    before = documents(fo.load_dataset(name))
    frozen.stdin.write("\n" * 99)
    os.kill(frozen.pid, signal.SIGCONT)
    code, said = ended(frozen)
    assert code == 1 and "another process took dataset" in said, said
    assert documents(fo.load_dataset(name)) == before
    assert holders(name) == []
