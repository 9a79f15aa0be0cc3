"""Imports from archives and from a hub, into a real database and back out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import store
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.hub_server import Hub, serve_hub


@pytest.fixture(scope="module")
def refsegrs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_refsegrs(tmp_path_factory.mktemp("r") / "RefSegRS", pairs=6, size=64).root


@pytest.fixture()
def zipped(refsegrs: Path, tmp_path: Path) -> Path:
    made = shutil.make_archive(
        str(tmp_path / "RefSegRS"), "zip", refsegrs.parent, base_dir="RefSegRS"
    )
    return Path(made)


@pytest.fixture()
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    with serve_hub() as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


def keys(name: str) -> list[str]:
    return sorted(doc["key"] for doc in store.stream(fo.load_dataset(name), ("key",)))


def test_a_zip_becomes_what_its_folder_becomes(
    refsegrs: Path, zipped: Path, dataset_name: str, tmp_path: Path
) -> None:
    from_zip = import_dataset("auto", zipped, dataset_name)
    from_folder = import_dataset("refsegrs", refsegrs, f"{dataset_name}-folder")
    assert from_zip.samples == from_folder.samples == 6
    assert keys(dataset_name) == keys(f"{dataset_name}-folder")
    export_dataset(fo.load_dataset(dataset_name), "refsegrs", tmp_path / "out", select="all")
    for name in ("output_phrase_train.txt", "output_phrase_test.txt"):
        assert (tmp_path / "out" / name).read_bytes() == (refsegrs / name).read_bytes()


def test_a_zip_is_unpacked_once_and_goes_with_its_dataset(zipped: Path, dataset_name: str) -> None:
    import_dataset("auto", zipped, dataset_name, ImportOptions(limit=2))
    folder = store.source_path(store.info(fo.load_dataset(dataset_name))).parent
    before = sorted((f, f.stat().st_mtime_ns) for f in folder.rglob("*.tif"))
    import_dataset("auto", zipped, dataset_name, ImportOptions(resume=True))
    import_dataset("auto", zipped, dataset_name, ImportOptions(overwrite=True))
    assert sorted((f, f.stat().st_mtime_ns) for f in folder.rglob("*.tif")) == before
    assert before
    delete_dataset(dataset_name)
    assert not folder.exists() and zipped.is_file()


def test_another_zip_of_that_name_is_not_taken_for_the_first(
    zipped: Path, dataset_name: str
) -> None:
    import_dataset("auto", zipped, dataset_name)
    there = keys(dataset_name)
    zipped.write_bytes(zipped.read_bytes())  # another time of change
    with pytest.raises(StateError, match="has changed since dataset"):
        import_dataset("auto", zipped, dataset_name, ImportOptions(resume=True))
    assert keys(dataset_name) == there


def test_a_zip_on_the_hub(hub: Hub, zipped: Path, dataset_name: str) -> None:
    (zipped.parent / "repo").mkdir()
    shutil.copy(zipped, zipped.parent / "repo")
    hub.folders["owner/RefSegRS"] = zipped.parent / "repo"
    done = import_dataset("refsegrs", "hf://datasets/owner/RefSegRS", dataset_name)
    assert (done.samples, done.skipped) == (6, [])
    assert store.info(fo.load_dataset(dataset_name))["root"] == "hf://datasets/owner/RefSegRS"
    again = import_dataset(
        "refsegrs", "hf://datasets/owner/RefSegRS", dataset_name, ImportOptions(resume=True)
    )
    assert (again.added, hub.fetched) == (0, ["RefSegRS.zip"])


def test_a_split_of_a_dataset_on_the_hub_is_all_that_is_fetched(
    hub: Hub, tmp_path: Path, dataset_name: str
) -> None:
    hub.folders["owner/GRES"] = make_gres(tmp_path / "published", images=8, size=64).root
    done = import_dataset(
        "gres", "hf://datasets/owner/GRES@main", dataset_name, ImportOptions(splits=("val",))
    )
    assert set(done.splits) == {"val"} and done.skipped == []
    fetched = [name for name in hub.fetched if name.endswith((".json", ".jpg"))]
    assert fetched and all("/val/" in name for name in fetched)
    export_dataset(fo.load_dataset(dataset_name), "gres", tmp_path / "out", select="all")
    assert len(list((tmp_path / "out").rglob("*.json"))) == done.images + 1  # the manifest


def test_what_is_not_there_makes_nothing(hub: Hub, dataset_name: str, tmp_path: Path) -> None:
    for root, message in (
        ("hf://datasets/owner/absent", "there is no dataset owner/absent"),
        ("hf://datasets/owner", "is no address"),
        (str(tmp_path / "absent.zip"), "is not a folder"),
    ):
        with pytest.raises((StateError, UsageError), match=message):
            import_dataset("gres", root, dataset_name)
    assert not fo.dataset_exists(dataset_name)
