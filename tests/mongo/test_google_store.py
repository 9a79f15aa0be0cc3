"""Google Cloud Storage as a source and for media, with its emulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.cli import main, run
from pairlens.fiftyone_plugin.curation.file_check import check_files
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers import store
from pairlens.importers.errors import StateError
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.media_folders import media_dir
from tests.google_store import BUCKET, GoogleStore, serve_google_objects


@pytest.fixture(scope="module")
def objects() -> Iterator[GoogleStore]:
    with serve_google_objects() as running:
        yield running


@pytest.fixture()
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PAIRLENS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_dataset_lies_there_with_its_media(
    objects: GoogleStore, cache: Path, dataset_name: str, tmp_path: Path
) -> None:
    gres = make_gres(tmp_path / "GRES", images=3, size=64).root
    objects.put_folder(gres, "GRES")
    options = ImportOptions(media_dir=f"gs://{BUCKET}/media")
    done = import_dataset("auto", f"gs://{BUCKET}/GRES", dataset_name, options)
    import_dataset("gres", gres, f"{dataset_name}-folder")
    assert done.skipped == [] and done.samples

    def digests(name: str) -> list[tuple[str, str]]:
        found = store.stream(fo.load_dataset(name), ("key", "mask_stats.digest"))
        return sorted((one["key"], one["mask_stats"]["digest"]) for one in found)

    assert digests(dataset_name) == digests(f"{dataset_name}-folder")
    masks = media_dir(fo.load_dataset(dataset_name)) / "masks"
    before = {f"masks/{file.name}": file.read_bytes() for file in masks.iterdir()}
    assert objects.keys(f"media/{masks.parent.name}") == before != {}
    cache.rename(tmp_path / "of-the-first")  # the second machine has none yet
    assert check_files(dataset_name).gone
    assert run(["sync", dataset_name])["gone"] == check_files(dataset_name).gone == 0
    assert {f"masks/{file.name}": file.read_bytes() for file in masks.iterdir()} == before


def test_what_changed_is_told(
    objects: GoogleStore, cache: Path, dataset_name: str, tmp_path: Path
) -> None:
    gres = make_gres(tmp_path / "GRES", images=3, size=64).root
    objects.put_folder(gres, "changing")
    address = f"gs://{BUCKET}/changing"
    import_dataset("gres", address, dataset_name)
    file = min(gres.rglob("*.jpg"))
    key = f"{BUCKET}/changing/{file.relative_to(gres).as_posix()}"
    objects.client.pipe_file(key, file.read_bytes() + b"-")
    with pytest.raises(StateError, match="has changed since dataset"):
        import_dataset("gres", address, dataset_name, ImportOptions(resume=True))


def test_what_is_not_there_is_one_sentence(
    objects: GoogleStore, cache: Path, dataset_name: str, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    def told(*options: str) -> str:
        capsys.readouterr()
        assert main(["import", "gres", *options, "--name", dataset_name]) in (1, 2)
        return capsys.readouterr().err.splitlines()[-1]

    assert "there is nothing at gs://bucket/none" in told(f"gs://{BUCKET}/none")
    assert "there is nothing at gs://no-bucket/x" in told("gs://no-bucket/x")
    gres = make_gres(tmp_path / "GRES", images=3, size=64).root
    assert "there is no such bucket" in told(str(gres), "--media-dir", "gs://no-bucket/x")
    assert not fo.dataset_exists(dataset_name)
