"""What was confirmed, or what files are made or deleted by, outlasts a database that is killed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from tests import database
from tests.mongo.processes import start

KILLS = 4

_JUDGES = """
import sys
import fiftyone as fo
from pairlens.fiftyone_plugin.curation.undoing import undo
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.importers.ingest import ImportOptions, import_dataset
import_dataset("gres", sys.argv[1], "killed")
dataset = fo.load_dataset("killed")
keys = sorted(dataset.values("key"))
print("ready", flush=True)
for line in sys.stdin:
    if line == "resume\\n":
        before = len(dataset), dataset._sample_collection.count_documents({})
        done = import_dataset("gres", sys.argv[1], "killed", ImportOptions(resume=True))
        print(*before, done.samples, done.added, len(dataset), flush=True)
        continue
    number = int(line)
    if number % 2:
        undo(dataset)
    else:
        judge(dataset, keys[0], "drop", note=f"note {number}")
    print(number, flush=True)
"""

_CLAIMS = """
import sys
import fiftyone as fo
from pairlens.importers import unfinished
from pairlens.importers.media_folders import claim
unfinished.give_name(unfinished.begin("killed"), "killed")
new = unfinished.begin("killed")
print(claim(new, name="killed"), flush=True)
sys.stdin.readline()
unfinished.take_place(new, fo.load_dataset("killed"))
print(new.name, flush=True)
"""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[database.Server]:
    made = database.Server(tmp_path / "database")
    made.start()
    monkeypatch.setitem(os.environ, "FIFTYONE_DATABASE_URI", f"mongodb://127.0.0.1:{made.port}/")
    monkeypatch.setitem(os.environ, "FIFTYONE_DEFAULT_DATASET_DIR", str(tmp_path / "media"))
    yield made
    made.kill()


def test_no_confirmed_verdict_is_lost(server: database.Server, tmp_path: Path) -> None:
    root = make_gres(tmp_path / "gres", images=2, size=64).root
    judges = start(_JUDGES, str(root))
    assert judges.stdin is not None and judges.stdout is not None
    assert next(line for line in judges.stdout if line == "ready\n")
    for number in range(KILLS):
        judges.stdin.write(f"{number}\n")
        judges.stdin.flush()
        confirmed = judges.stdout.readline()
        server.kill()
        assert confirmed == f"{number}\n", judges.communicate()
        server.start()
        assert _state(server) == _expected(number)
    judges.stdin.close()
    assert judges.wait(timeout=60) == 0


def test_the_database_counts_right_again(server: database.Server, tmp_path: Path) -> None:
    root = make_gres(tmp_path / "gres", images=2, size=64).root
    process = start(_JUDGES, str(root))
    assert process.stdin is not None and process.stdout is not None
    assert next(line for line in process.stdout if line == "ready\n")
    server.kill()
    server.start()
    process.stdin.write("resume\n")
    process.stdin.close()
    estimate, there, told, added, mended = map(int, process.stdout.readline().split())
    assert (told, added, mended) == (there, 0, there) and there > 0
    assert estimate != there, "the database was not killed early enough for this test"
    assert process.wait(timeout=60) == 0


def test_files_are_made_and_deleted_by_what_the_database_does_not_forget(
    server: database.Server,
) -> None:
    process = start(_CLAIMS)
    folder = process.stdout.readline().strip()
    server.kill()
    server.start()
    assert Path(folder).is_dir() and folder in _media_dirs(server).values()
    process.stdin.write("\n")
    process.stdin.flush()
    assert process.stdout.readline() == "killed\n", process.communicate()
    server.kill()
    server.start()
    assert _media_dirs(server)["killed"] == folder  # so that those of the old one can be deleted
    process.stdin.close()
    assert process.wait(timeout=60) == 0


def _expected(number: int) -> tuple[Any, ...]:
    judged = ("drop", f"note {number}") if number % 2 == 0 else (None, None)
    return (*judged, "undo" if number % 2 else "set", number + 1)


def _state(server: database.Server) -> tuple[Any, ...]:
    """Verdict, note, what the newest entry of the log is, and how many there are."""
    with MongoClient(f"mongodb://127.0.0.1:{server.port}/") as client:
        opened: Any = client["fiftyone"]
        document = opened["datasets"].find_one({"name": "killed"})
        sample = opened[document["sample_collection_name"]].find_one({}, sort=[("key", 1)])
        log = list(opened["pairlens.changes"].find({"dataset_id": document["_id"]}))
    newest = max(log, key=lambda entry: entry["seq"])
    assert "arrived" not in newest
    return sample.get("verdict"), sample.get("review_note"), newest["kind"], len(log)


def _media_dirs(server: database.Server) -> dict[str, str]:
    """The media folders of datasets by name, as the database knows them."""
    with MongoClient(f"mongodb://127.0.0.1:{server.port}/") as client:
        opened: Any = client["fiftyone"]
        found = [*opened["datasets"].find()]
    return {one["name"]: one["info"]["pairlens"].get("media_dir") for one in found}
