"""Imports from an object store: moto's S3 over HTTP, a real database, and back out."""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

import fiftyone as fo
import pytest
from fsspec.registry import _registry

from pairlens.fiftyone_plugin import inventory_reports
from pairlens.fiftyone_plugin.cli import main, run
from pairlens.fiftyone_plugin.curation.file_check import check_files
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import fields, store
from pairlens.importers.cache import bound_bytes, held_bytes
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.sources import absolute_root
from tests.mongo import processes
from tests.object_store import BUCKET, ObjectStore


@pytest.fixture(scope="module")
def gres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "GRES", images=5, size=64).root


@pytest.fixture()
def address(objects: ObjectStore, gres: Path, tmp_path: Path) -> str:
    """Where the dataset lies, under a prefix of this test's own."""
    objects.put_folder(gres, tmp_path.name)
    return f"s3://{BUCKET}/{tmp_path.name}"


def samples(name: str) -> list[tuple[str, str, str]]:
    image = fields.IMAGE_DIGEST.partition(".")[2]
    docs = store.stream(fo.load_dataset(name), ("key", "mask_stats.digest", fields.IMAGE_DIGEST))
    return sorted((d["key"], d["mask_stats"]["digest"], d["source"][image]) for d in docs)


def in_cache(folder: Path) -> dict[str, bytes]:
    files = [file for file in folder.rglob("content/**/*") if file.is_file()]
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in files}


# ---------------------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    "text",
    ["s3://", "s3:///x", "s3://b@host/x", "s3://key:secret@bucket/x", "s3://bucket//x",
     "s3://bucket/x?versionId=1", "s3://bucket/x#y", "gs://", "s3://buc ket/x"],
)  # fmt: skip
def test_what_is_no_address_is_refused_and_tells_no_password(text: str) -> None:
    with pytest.raises(UsageError, match="is no address of a folder") as told:
        absolute_root(text)
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [("ftp://host/x", "known: file://, s3://"), ("file://host/x", "names no folder of this"),
     ("file:x/y://z", "")],
)  # fmt: skip
def test_other_urls(text: str, message: str, tmp_path: Path) -> None:
    if not message:
        assert absolute_root(text) == str(Path(text).absolute()), "a path, however odd"
        return
    with pytest.raises(UsageError, match=message):
        absolute_root(text)


def test_one_address_has_one_form() -> None:
    assert absolute_root("S3://bucket/a/b//") == absolute_root("s3://bucket/a/b")
    assert absolute_root("file:///a/b%20c/") == "/a/b c"
    assert absolute_root("file://localhost/a?b#c") == "/a?b#c"


# ---------------------------------------------------------------------------- reading


def test_what_an_object_store_holds_becomes_what_its_folder_becomes(
    objects: ObjectStore, address: str, gres: Path, dataset_name: str, tmp_path: Path
) -> None:
    done = import_dataset("auto", f"{address}/", dataset_name)
    import_dataset("auto", f"file://{gres}", f"{dataset_name}-folder")
    assert done.skipped == [] and done.samples
    assert samples(dataset_name) == samples(f"{dataset_name}-folder")
    facts = store.info(fo.load_dataset(dataset_name))
    assert facts["root"] == address
    assert store.info(fo.load_dataset(f"{dataset_name}-folder"))["root"] == str(gres)
    assert len(objects.read) == len(set(objects.read)) == len(in_cache(tmp_path / "cache"))
    out = tmp_path / "out"
    export_dataset(fo.load_dataset(dataset_name), "gres", out, select="all")
    for file in out.rglob("*/train/*.json"):
        assert file.read_bytes() == (gres / file.relative_to(out)).read_bytes()


def test_nothing_is_fetched_twice_and_a_split_is_all_that_is_fetched(
    objects: ObjectStore, address: str, dataset_name: str
) -> None:
    import_dataset("gres", address, dataset_name, ImportOptions(splits=("val",)))
    part = list(objects.read)
    assert part and all("/val/" in key for key in part if key.endswith((".json", ".jpg")))
    resumed = import_dataset("gres", address, dataset_name, ImportOptions(resume=True))
    assert resumed.added and len(objects.read) == len(set(objects.read)) > len(part)
    whole = len(objects.read)
    assert import_dataset("gres", address, dataset_name, ImportOptions(resume=True)).added == 0
    assert len(objects.read) == whole


def test_what_changed_is_fetched_beside_what_a_dataset_was_imported_from(
    objects: ObjectStore, address: str, dataset_name: str, tmp_path: Path
) -> None:
    import_dataset("gres", address, dataset_name)
    before = in_cache(tmp_path / "cache")
    named = {doc["filepath"] for doc in store.stream(fo.load_dataset(dataset_name), ("filepath",))}
    key = next(key for key in objects.read if "/val/" in key and key.endswith(".json"))
    whole = next(iter(objects.keys(key).values()))
    objects.put({key: whole + b"\n"})
    objects.read.clear()
    with pytest.raises(StateError, match="has changed since dataset"):
        import_dataset("gres", address, dataset_name, ImportOptions(resume=True))
    assert objects.read == [key], "of the others, what is there is linked"
    after = in_cache(tmp_path / "cache")
    assert before.items() <= after.items() and len(after) == 2 * len(before)
    assert held_bytes(tmp_path / "cache") < 2 * sum(map(len, before.values()))
    import_dataset("gres", address, dataset_name, ImportOptions(overwrite=True))
    assert named.isdisjoint(
        doc["filepath"] for doc in store.stream(fo.load_dataset(dataset_name), ("filepath",))
    )


def test_another_machine_fetches_what_it_lacks(
    objects: ObjectStore, address: str, dataset_name: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    done = import_dataset("gres", address, dataset_name)
    assert check_files(dataset_name).gone == 0
    (tmp_path / "cache").rename(tmp_path / "of-the-first")  # the second has none yet
    seen = check_files(dataset_name)
    assert seen.gone == seen.samples
    [line] = inventory_reports.of_file_checks([seen])
    assert f"run pairlens sync {dataset_name}, which fetches what lacks" in line
    again = import_dataset("gres", address, dataset_name, ImportOptions(resume=True))
    assert (again.added, again.samples, check_files(dataset_name).gone) == (0, done.samples, 0)
    (tmp_path / "cache").rename(tmp_path / "of-the-second")
    monkeypatch.setenv("PAIRLENS_CACHE", str(tmp_path / "elsewhere"))
    run(["relocate", dataset_name, "--source", address])
    seen = check_files(dataset_name)
    assert (seen.gone, seen.other) == (0, 0)
    paths = {doc["filepath"] for doc in store.stream(fo.load_dataset(dataset_name), ("filepath",))}
    assert all(path.startswith(str(tmp_path / "elsewhere")) for path in paths)


def test_what_was_added_is_read_after_going_over_to_it(
    objects: ObjectStore, address: str, gres: Path, dataset_name: str, tmp_path: Path
) -> None:
    (last,) = sorted(gres.glob("gres_annotations/train/*.json"))[-1:]
    key = f"{tmp_path.name}/{last.relative_to(gres)}"
    objects.client.delete_object(Bucket=BUCKET, Key=key)
    before = import_dataset("gres", address, dataset_name)
    objects.put({key: last.read_bytes()})
    with pytest.raises(StateError, match=f"pairlens relocate {dataset_name} --source {address}"):
        import_dataset("gres", address, dataset_name, ImportOptions(resume=True))
    run(["relocate", dataset_name, "--source", address])
    after = import_dataset("gres", address, dataset_name, ImportOptions(resume=True))
    assert after.added and after.samples == before.samples + after.added
    assert check_files(dataset_name).gone == 0


def test_a_fetch_that_breaks_off_goes_on_where_it_was(
    objects: ObjectStore, address: str, gres: Path, dataset_name: str, tmp_path: Path
) -> None:
    broken = f"{tmp_path.name}/{min(f.relative_to(gres) for f in gres.rglob('*.jpg'))}"
    objects.cut.add(broken)
    with pytest.raises(StateError, match=r"could not be fetched whole .*; what arrived is kept"):
        import_dataset("gres", address, dataset_name)
    assert not fo.dataset_exists(dataset_name)
    assert not [*tmp_path.rglob("cache/**/.*partial")]
    arrived = len(in_cache(tmp_path / "cache"))
    objects.cut.clear()
    objects.read.clear()
    done = import_dataset("gres", address, dataset_name)
    assert arrived and len(objects.read) == len(in_cache(tmp_path / "cache")) - arrived
    assert done.samples and done.skipped == []


def test_an_object_that_changes_meanwhile_is_told(
    objects: ObjectStore, address: str, gres: Path, dataset_name: str, tmp_path: Path
) -> None:
    file = min(f.relative_to(gres) for f in gres.rglob("*.jpg"))
    key = f"{tmp_path.name}/{file}"
    objects.before[key] = lambda: objects.put({key: (gres / file).read_bytes()[::-1]})
    with pytest.raises(StateError, match="changed while it was fetched; run the same command"):
        import_dataset("gres", address, dataset_name)
    assert not [name for name in in_cache(tmp_path / "cache") if name.endswith(str(file))]


def test_hostile_names_leave_the_cache_alone_and_are_told(
    objects: ObjectStore, address: str, dataset_name: str, tmp_path: Path
) -> None:
    prefix = tmp_path.name
    hostile = ["../../evil", "/absolute", "a/./b", "README.md/below", "Readme.MD", "x?versionId=1"]
    objects.put({f"{prefix}/{name}": b"hostile" for name in hostile})
    objects.put({f"{prefix}/": b"", f"{prefix}/annotations/": b"", f"{prefix}/README.md": b"card"})
    done = import_dataset("gres", address, dataset_name)
    (note,) = [note for note in done.notes if "left out" in note]
    assert note.startswith(f"{address}: ") and "other objects" in note and done.skipped == []
    cache = tmp_path / "cache"
    assert not [*tmp_path.rglob("*evil*")] and not [*cache.rglob("absolute")]
    assert {file.parent.parent.name for file in cache.rglob("listing.jsonl")} == {
        path.name for path in cache.iterdir() if path.is_dir()
    }


def test_an_archive_is_unpacked_once(
    objects: ObjectStore, gres: Path, dataset_name: str, tmp_path: Path
) -> None:
    zipped = shutil.make_archive(str(tmp_path / "GRES"), "zip", gres)
    objects.put({f"{tmp_path.name}/GRES.zip": Path(zipped).read_bytes(), "other": b""})
    address = f"s3://{BUCKET}/{tmp_path.name}/GRES.zip"
    done = import_dataset("auto", address, dataset_name)
    assert done.samples and objects.read == [f"{tmp_path.name}/GRES.zip"]
    shutil.rmtree(tmp_path / "cache")  # as whoever makes room
    again = import_dataset("auto", address, dataset_name, ImportOptions(resume=True))
    assert (again.added, again.samples) == (0, done.samples)


def test_a_table_is_read_with_what_lies_beside_it(
    objects: ObjectStore, gres: Path, dataset_name: str, tmp_path: Path
) -> None:
    image = min(gres.rglob("*.jpg")).read_bytes()
    table = b'image,phrase,polygon\nimages/1.jpg,the field,"[[1,1,30,1,30,30]]"\n'
    objects.put({f"{tmp_path.name}/pairs.csv": table, f"{tmp_path.name}/images/1.jpg": image})
    done = import_dataset("table", f"s3://{BUCKET}/{tmp_path.name}/pairs.csv", dataset_name)
    assert (done.samples, done.skipped) == (1, [])


# ---------------------------------------------------------------------------- the bound


def test_the_cache_is_bounded_and_keeps_what_datasets_use(
    objects: ObjectStore, address: str, gres: Path, dataset_name: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    cache = tmp_path / "cache"
    import_dataset("gres", address, dataset_name)
    used = in_cache(cache)
    one = held_bytes(cache)
    for name in ("second", "third"):
        objects.put_folder(gres, f"{tmp_path.name}-{name}")
    monkeypatch.setenv("PAIRLENS_CACHE_GB", str(one * 2.5 / 1e9))
    import_dataset("gres", f"{address}-second", f"{dataset_name}-2")
    with pytest.raises(
        StateError, match=r"beside what datasets and other processes use; give it more"
    ):
        import_dataset("gres", f"{address}-third", f"{dataset_name}-3")
    assert not fo.dataset_exists(f"{dataset_name}-3")
    delete_dataset(f"{dataset_name}-2")
    for mark in cache.rglob(".using-*"):
        mark.unlink()  # as if the process had ended that imported it
    import_dataset("gres", f"{address}-third", f"{dataset_name}-3")
    there = {path.name.rpartition("-")[0] for path in cache.iterdir() if path.is_dir()}
    assert there == {f"{BUCKET}_{tmp_path.name}", f"{BUCKET}_{tmp_path.name}-third"}
    assert used.items() <= in_cache(cache).items()
    assert held_bytes(cache) <= one * 2.5


@pytest.mark.parametrize("text", ["0", "-1", "nan", "much"])
def test_a_bound_that_is_none_is_told(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAIRLENS_CACHE_GB", text)
    with pytest.raises(UsageError, match="give a number of GB above 0"):
        bound_bytes()


# ---------------------------------------------------------------------------- failures


def test_what_is_not_there_or_refused_is_one_sentence_and_makes_nothing(
    objects: ObjectStore, dataset_name: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def told(root: str) -> str:
        assert main(["import", "gres", root, "--name", dataset_name]) in (1, 2)
        (line,) = capsys.readouterr().err.splitlines()
        return line

    assert "there is nothing at s3://bucket/none" in told(f"s3://{BUCKET}/none")
    assert "there is nothing at s3://other-bucket/x" in told("s3://other-bucket/x")
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    monkeypatch.delitem(_registry, "gs", raising=False)  # where a test has read gs
    assert "read through the package gcsfs" in told("gs://bucket/x")
    monkeypatch.setenv("PAIRLENS_CACHE", "/proc/pairlens")
    objects.put({"there/a.txt": b"a"})
    assert "cannot be written to (No such file or directory); name another" in told(
        "s3://bucket/there"
    )
    assert not fo.dataset_exists(dataset_name) and os.environ["AWS_ENDPOINT_URL"]


def test_a_key_that_is_none_is_asked_for_and_a_password_is_not_shown(
    objects: ObjectStore, dataset_name: str, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def told() -> str:
        assert main(["import", "gres", "s3://bucket/x", "--name", dataset_name]) == 1
        (line,) = capsys.readouterr().err.splitlines()
        return line

    for answer in ("400 ExpiredToken", "403 InvalidAccessKeyId", "403 AccessDenied"):
        objects.refusal = lambda method, key, answer=answer: answer
        assert f"({answer[4:]}); give a key that may, as s3fs takes it" in told()
    objects.refusal = lambda method, key: "503 SlowDown"
    assert "cannot be listed (SlowDown); try again when it can be reached" in told()
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://ada:secret@127.0.0.1:9")
    assert "secret" not in told()
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert "(nobody) could not be found); give a key that may" in told()


def test_a_store_that_is_busy_for_a_moment_is_asked_again(
    objects: ObjectStore, address: str, dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    asked: list[str] = []

    def refusal(method: str, key: str) -> str:
        asked.append(key)
        return "503 SlowDown" if asked.count(key) == 1 else ""

    objects.refusal = refusal
    assert import_dataset("gres", address, dataset_name).skipped == []
    assert len(asked) == 2 * len(set(asked))


# ---------------------------------------------------------------------------- a shared cache


def test_a_file_of_the_cache_that_somebody_wrote_to_is_fetched_again(
    objects: ObjectStore, address: str, gres: Path, dataset_name: str, tmp_path: Path
) -> None:
    import_dataset("gres", address, dataset_name)
    before = in_cache(tmp_path / "cache")
    (file, *_) = (tmp_path / "cache").rglob("*.jpg")
    file.write_bytes(file.read_bytes()[::-1])
    os.utime(file, (time.time() + 2, time.time() + 2))  # the server's clock counts whole seconds
    objects.read.clear()
    import_dataset("gres", address, dataset_name, ImportOptions(resume=True))
    assert [Path(key).name for key in objects.read] == [file.name]
    assert in_cache(tmp_path / "cache") == before


_FETCHING = """
import sys
from pathlib import Path
from pairlens.importers import object_cache
with object_cache.room(Path(sys.argv[1]), "s3://bucket/other", int(sys.argv[2])):
    print("has room", flush=True)
    input()
"""


def test_what_another_process_is_fetching_has_its_room(
    objects: ObjectStore, address: str, gres: Path, dataset_name: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    place = tmp_path / "cache" / "other-0123456789ab" / "0123456789ab"
    size = sum(file.stat().st_size for file in gres.rglob("*") if file.is_file())
    monkeypatch.setenv("PAIRLENS_CACHE_GB", str(size * 1.5 / 1e9))
    other = processes.start(_FETCHING, str(place), str(size))
    assert other.stdout.readline() == "has room\n"
    with pytest.raises(StateError, match="beside what datasets and other processes use"):
        import_dataset("gres", address, dataset_name)
    assert not objects.read and place.is_dir(), "nobody removes what a process fills"
    assert other.communicate("\n", timeout=60)[0] == ""
    assert import_dataset("gres", address, dataset_name).samples
