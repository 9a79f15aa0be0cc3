"""What the doctor says of datasets whose files are elsewhere, or are other ones."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin import doctor, inventory_reports
from pairlens.fiftyone_plugin.cli import run
from pairlens.fiftyone_plugin.curation.file_check import check_files
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers import fo_internals, store
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.media_folders import media_dir
from tests.unit.tars import jpeg


@pytest.fixture
def gres(tmp_path: Path) -> Path:
    return make_gres(tmp_path / "GRES", images=4, size=64).root


def told(name: str) -> list[str]:
    return inventory_reports.of_file_checks([check_files(name)])


def test_nothing_is_said_where_all_is_as_it_was_imported(gres: Path, dataset_name: str) -> None:
    import_dataset("gres", gres, dataset_name)
    seen = check_files(dataset_name)
    assert seen.samples and (seen.gone, seen.other, told(dataset_name)) == (0, 0, [])


def test_nothing_is_said_of_placeholders_masks_that_were_edited_and_other_samples(
    gres: Path, dataset_name: str
) -> None:
    shutil.rmtree(gres / "gres_images")
    import_dataset("gres", gres, dataset_name, ImportOptions(placeholders=True))
    dataset = fo.load_dataset(dataset_name)
    mask, *_, other = sorted(media_dir(dataset).rglob("masks/*.png"))
    shutil.copy(other, mask)
    dataset.add_sample(fo.Sample(filepath="/nowhere/of-somebody-else.jpg"))
    assert told(dataset_name) == []


def test_no_more_is_looked_at_than_asked(gres: Path, dataset_name: str) -> None:
    import_dataset("gres", gres, dataset_name)
    assert check_files(dataset_name, most=2).samples == 2


@pytest.mark.parametrize("lost", ["images", "masks"])
def test_files_that_are_not_here_are_told_with_what_to_do(
    gres: Path, dataset_name: str, lost: str
) -> None:
    import_dataset("gres", gres, dataset_name)
    folder = gres / "gres_images" if lost == "images" else media_dir(store.load(dataset_name))
    folder.rename(folder.with_name("elsewhere"))
    seen = check_files(dataset_name)
    assert seen.gone == seen.samples and seen.other == 0 and seen.example.startswith(str(folder))
    [line] = told(dataset_name)
    assert f"pairlens relocate {dataset_name} --source DIR" in line
    if lost == "masks":
        import_dataset("gres", gres, dataset_name, ImportOptions(resume=True))
        assert told(dataset_name) == [], "as the sentence says"


def test_an_image_that_is_another_is_told(gres: Path, dataset_name: str) -> None:
    import_dataset("gres", gres, dataset_name)
    for image in (gres / "gres_images").rglob("*.jpg"):
        image.write_bytes(jpeg())
    seen = check_files(dataset_name)
    assert (seen.gone, seen.other) == (0, seen.samples)
    [line] = told(dataset_name)
    assert "are not those that were imported, such as /" in line
    import_dataset("gres", gres, dataset_name, ImportOptions(overwrite=True))
    assert told(dataset_name) == [], "as the sentence says"


def test_the_doctor_tells_of_it(
    gres: Path, dataset_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_dataset("gres", gres, dataset_name)
    healthy = {"mongod": {"connected": True}, "media": {"writable": True}, "ok": True}
    monkeypatch.setattr(doctor, "run", lambda: dict(healthy))  # tried by its own tests
    monkeypatch.setattr(doctor, "describe", lambda report: "")

    def unseen() -> list[dict[str, Any]]:
        return [one for one in run(["doctor"])["unseen"] if one["dataset"] == dataset_name]

    assert unseen() == []
    shutil.rmtree(gres / "gres_images")
    [one] = unseen()
    assert one["gone"] == one["samples"] == min(20, fo_internals.collection(
        store.load(dataset_name)).count_documents({}))  # fmt: skip
