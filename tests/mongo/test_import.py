"""Imports into a real database: whole, again, killed in the middle, with broken records."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.importers import fields, store
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.errors import LayoutError, RecordError, StateError, UsageError
from pairlens.importers.files import MARKER
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.masks import load_stored
from tests.mongo.processes import start

PAIR_FIELDS = {
    fields.KEY, fields.IMAGE_ID, fields.SEGMENTATION, fields.PHRASE, fields.NO_TARGET,
    fields.MASK_STATS, fields.SOURCE, fields.IMAGE_MISSING,
}  # fmt: skip


@pytest.fixture(scope="module")
def gres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "published", images=8).root


@pytest.fixture(scope="module")
def refsegrs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_refsegrs(tmp_path_factory.mktemp("refsegrs") / "published", pairs=6).root


def stored_keys(name: str) -> list[str]:
    return sorted(fo.load_dataset(name).values(fields.KEY))


# ------------------------------------------------------------------------------ refusals


def test_a_wrong_call_makes_no_dataset(gres: Path, dataset_name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    wrong: list[tuple[type[Exception], str, Path, ImportOptions]] = [
        (UsageError, "no format 'nope'; known: .*gres, ", gres, ImportOptions()),
        (LayoutError, "looks like no known format", tmp_path / "empty", ImportOptions()),
        (LayoutError, "does not hold refsegrs: expected images/", gres, ImportOptions()),
        (UsageError, "is not a folder", tmp_path / "absent", ImportOptions()),
        (UsageError, "no split 'dev'", gres, ImportOptions(splits=("dev",))),
        (UsageError, "contradict", gres, ImportOptions(resume=True, overwrite=True)),
        (UsageError, "--limit 0", gres, ImportOptions(limit=0)),
        (UsageError, "in or around the source", gres, ImportOptions(media_dir=gres / "m")),
    ]
    names = ["nope", "auto", "refsegrs", "auto", "auto", "auto", "auto", "auto"]
    for name, (kind, words, root, options) in zip(names, wrong, strict=True):
        with pytest.raises(kind, match=words):
            import_dataset(name, root, dataset_name, options)
    assert not fo.dataset_exists(dataset_name)


def test_a_dataset_that_exists_is_left_alone(gres: Path, dataset_name: str) -> None:
    import_dataset("auto", gres, dataset_name)
    before = [d["_id"] for d in fo.load_dataset(dataset_name)._sample_collection.find()]
    with pytest.raises(StateError, match="--resume adds what is missing"):
        import_dataset("auto", gres, dataset_name)
    assert [d["_id"] for d in fo.load_dataset(dataset_name)._sample_collection.find()] == before


def test_a_dataset_of_the_user_is_never_overwritten(gres: Path, dataset_name: str) -> None:
    own = fo.Dataset(dataset_name, persistent=True)
    own.add_sample(fo.Sample("/nowhere.png"))
    for options in (ImportOptions(overwrite=True), ImportOptions(resume=True)):
        with pytest.raises(StateError, match="not imported by PairLens"):
            import_dataset("auto", gres, dataset_name, options)
    assert len(own) == 1


def test_resume_refuses_another_source(gres: Path, refsegrs: Path, dataset_name: str) -> None:
    import_dataset("auto", gres, dataset_name)
    with pytest.raises(StateError, match="holds gres, not refsegrs"):
        import_dataset("auto", refsegrs, dataset_name, ImportOptions(resume=True))


def test_media_goes_to_no_folder_in_use(gres: Path, dataset_name: str, tmp_path: Path) -> None:
    (tmp_path / "thesis.docx").write_text("years of work")
    with pytest.raises(StateError, match="not empty"):
        import_dataset("auto", gres, dataset_name, ImportOptions(media_dir=tmp_path))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["thesis.docx"]


def test_deleting_takes_only_the_folder_that_was_made(gres: Path, dataset_name: str) -> None:
    import_dataset("auto", gres, dataset_name)
    media = Path(store.info(fo.load_dataset(dataset_name))["media_dir"])
    (media / MARKER).unlink()
    delete_dataset(dataset_name)
    assert media.is_dir() and not fo.dataset_exists(dataset_name)


# ----------------------------------------------------------------------------- the fields


def test_a_gres_pair_has_the_fields_of_the_design(gres: Path, dataset_name: str) -> None:
    summary = import_dataset("auto", gres, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    assert dataset.persistent and dataset.media_type == "image"
    assert dataset.default_mask_targets == {1: "target", 255: "ignore"}
    assert dict(dataset.get_index_information())[f"{fields.KEY}_1__dataset_id_1"]["unique"]
    sample = dataset.sort_by(fields.KEY).first()
    assert set(sample.field_names) >= PAIR_FIELDS
    assert sample[fields.KEY].startswith("gres/test/lisat_gres_")
    assert sample.tags == ["test"]
    file = gres / sample[fields.SOURCE].file
    content = json.loads(file.read_text())
    assert sample[fields.PHRASE] == content["text"][sample[fields.SOURCE].index]
    assert Path(sample.filepath) == gres / "gres_images/test" / f"{sample[fields.IMAGE_ID]}.jpg"
    pixels = load_stored(sample[fields.SEGMENTATION].mask_path)
    assert int((pixels == 1).sum()) == sample[fields.MASK_STATS].area > 0
    assert summary.samples == len(dataset) and summary.images == 8


def test_refsegrs_keeps_the_tiff_and_shows_a_png(refsegrs: Path, dataset_name: str) -> None:
    import_dataset("auto", refsegrs, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    assert dataset.app_config.grid_media_field == fields.RENDITION
    for sample in dataset:
        assert sample.filepath.endswith(".tif") and Path(sample.filepath).is_relative_to(refsegrs)
        with Image.open(sample[fields.RENDITION]) as shown, Image.open(sample.filepath) as original:
            assert shown.format == "PNG" and shown.tobytes() == original.tobytes()
        with Image.open(refsegrs / "masks" / Path(sample.filepath).name) as mask:
            published = int((np.asarray(mask) > 0).sum())
        assert sample[fields.MASK_STATS].area == published


# --------------------------------------------------------------------------- again, killed


def test_importing_again_with_resume_adds_nothing(gres: Path, dataset_name: str) -> None:
    first = import_dataset("auto", gres, dataset_name)
    again = import_dataset("auto", gres, dataset_name, ImportOptions(resume=True))
    assert (again.added, again.samples, again.images) == (0, first.samples, first.images)


def test_a_half_imported_image_is_completed(gres: Path, dataset_name: str) -> None:
    import_dataset("auto", gres, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    whole = stored_keys(dataset_name)
    removed = [key for key in whole if key.endswith(("#0", "#2"))]
    dataset._sample_collection.delete_many({fields.KEY: {"$in": removed}})
    summary = import_dataset("auto", gres, dataset_name, ImportOptions(resume=True))
    assert (summary.added, stored_keys(dataset_name)) == (len(removed), whole)
    masks = dataset.values(f"{fields.SEGMENTATION}.mask_path")
    assert all(Path(mask).name.endswith("_0.png") for mask in masks)


_KILLED = """
import sys, threading
from pairlens.importers import store
from pairlens.importers.ingest import ImportOptions, import_dataset
store.BATCH = 5
real = store.insert
def insert(dataset, docs, on_refused):
    added = real(dataset, docs, on_refused)
    print("inserted", flush=True)
    threading.Event().wait()  # for the kill, which a busy machine delays
    return added
store.insert = insert
import_dataset("auto", sys.argv[1], sys.argv[2], ImportOptions())
print("finished", flush=True)
"""


def test_killed_in_the_middle_and_resumed(gres: Path, dataset_name: str) -> None:
    undisturbed = f"{dataset_name}-undisturbed"
    import_dataset("auto", gres, undisturbed)
    process = start(_KILLED, str(gres), dataset_name)
    line = next(line for line in process.stdout if line.strip() in ("inserted", "finished"))
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL and line.strip() == "inserted"
    between = stored_keys(dataset_name)
    assert 0 < len(between) < len(stored_keys(undisturbed))
    media = Path(store.info(fo.load_dataset(dataset_name))["media_dir"])
    for begun in media.rglob("*.partial"):
        os.utime(begun, (0, 0))  # as if the kill was long ago
    import_dataset("auto", gres, dataset_name, ImportOptions(resume=True))
    assert stored_keys(dataset_name) == stored_keys(undisturbed)
    dataset = fo.load_dataset(dataset_name)
    assert store.info(dataset)["complete"]
    for path in dataset.values(f"{fields.SEGMENTATION}.mask_path"):
        assert load_stored(path).shape == (512, 512)
    assert list(media.rglob("*.partial")) == []


# -------------------------------------------------------------------------- broken records


def test_missing_images_are_listed_or_replaced(dataset_name: str, tmp_path: Path) -> None:
    root = make_gres(tmp_path / "published", images=4).root
    images = sorted(root.glob("gres_images/*/*.jpg"))
    images[0].unlink()
    images[1].write_bytes(b"no picture")
    skipped = import_dataset("auto", root, dataset_name)
    sources = {s["source"].rpartition("/")[2].split(".")[0] for s in skipped.skipped}
    assert sources == {images[0].stem, images[1].stem}
    assert skipped.images == 2
    reasons = {s["reason"] for s in skipped.skipped}
    assert f"the image {images[0].name} is not there" in reasons
    assert any(f"{images[1].name} cannot be read" in r or "no image" in r for r in reasons)
    listed = Path(store.info(fo.load_dataset(dataset_name))["media_dir"]) / "skipped.jsonl"
    assert [json.loads(line) for line in listed.read_text().splitlines()] == skipped.skipped
    options = ImportOptions(placeholders=True, resume=True)
    filled = import_dataset("auto", root, dataset_name, options)
    assert filled.images == 3 and len(filled.skipped) < len(skipped.skipped)
    dataset = fo.load_dataset(dataset_name)
    missing = dataset.match(fo.ViewField(fields.IMAGE_MISSING)).first()
    assert Path(missing.filepath).name == f"{missing.tags[0]}_{images[0].stem}.png"
    assert load_stored(missing.filepath).shape == (512, 512)


def test_strict_stops_at_the_first(dataset_name: str, tmp_path: Path) -> None:
    root = make_gres(tmp_path / "published", images=4).root
    broken = sorted(root.glob("gres_annotations/train/*.json"))[0]
    broken.write_text("{")
    with pytest.raises(RecordError, match=f"{broken.name}: is not valid JSON"):
        import_dataset("auto", root, dataset_name, ImportOptions(strict=True))


def test_limit_counts_pairs_that_can_be_imported(dataset_name: str, tmp_path: Path) -> None:
    root = make_gres(tmp_path / "published", images=6).root
    next(iter(sorted(root.glob("gres_images/train/*.jpg")))).unlink()
    options = ImportOptions(limit=4)
    assert import_dataset("auto", root, dataset_name, options).samples == 4
    again = import_dataset("auto", root, dataset_name, ImportOptions(limit=4, resume=True))
    assert (again.samples, again.added) == (4, 0)


def test_an_import_is_resumed_with_the_parameters_that_it_was_begun_with(
    refsegrs: Path, dataset_name: str
) -> None:
    def run(**options: Any) -> None:
        import_dataset("auto", refsegrs, dataset_name, ImportOptions(**options))

    run(limit=2, params={"mask_values": "inverted"})
    run(resume=True)
    stats = fo.load_dataset(dataset_name).values(fields.MASK_STATS)
    assert len(stats) == 6 and all(2 * one.area > one.width * one.height for one in stats)
    run(resume=True, params={"mask_values": "inverted"})
    with pytest.raises(StateError, match="begun with --param mask_values=inverted, and mask_value"):
        run(resume=True, params={"mask_values": "nonzero"})


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_engines_import_the_same(gres: Path, dataset_name: str, engine: Any) -> None:
    import_dataset("auto", gres, dataset_name, ImportOptions(engine=engine, workers=2))
    reference = f"{dataset_name}-reference"
    import_dataset("auto", gres, reference, ImportOptions(workers=1))
    for name in (f"{fields.MASK_STATS}.digest", fields.PHRASE, fields.KEY):
        values = [fo.load_dataset(n).sort_by(fields.KEY).values(name)
                  for n in (dataset_name, reference)]  # fmt: skip
        assert values[0] == values[1]
