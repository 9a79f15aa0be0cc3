"""RS-GPT4V and PreGRES through a real database: in, reviewed, out and in again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import bson
import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_pregres, make_rsgpt4v
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import fields, schema
from pairlens.importers.dataset_types import PreGRESDataset, RSGPT4VDataset
from pairlens.importers.errors import LayoutError, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.exporting import data_files, files
from tests.mongo.reviewing import documents
from tests.unit.instructions import put, put_image, trained

MAKERS = {"rsgpt4v": make_rsgpt4v, "pregres": make_pregres}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("instructions")
    return {form: make(folder / form, images=6, size=96).root for form, make in MAKERS.items()}


@pytest.fixture
def dataset(made: dict[str, Path], dataset_name: str) -> Any:
    import_dataset("auto", made["rsgpt4v"], dataset_name)
    return fo.load_dataset(dataset_name)


def test_a_scale_that_is_none_is_refused_before_anything_is_made(
    made: dict[str, Path], dataset_name: str
) -> None:
    for params, words in (
        ({"boxes": "feet"}, "give one of auto, unit"),
        ({"box": "1"}, "no param"),
    ):
        with pytest.raises(UsageError, match=words):
            import_dataset("auto", made["rsgpt4v"], dataset_name, ImportOptions(params=params))
    with pytest.raises(LayoutError, match="does not hold pregres"):
        import_dataset("pregres", made["rsgpt4v"], dataset_name)
    assert not fo.dataset_exists(dataset_name)


@pytest.mark.parametrize("form", MAKERS)
def test_documents_are_those_that_fiftyone_writes(
    made: dict[str, Path], dataset_name: str, form: str
) -> None:
    summary = import_dataset(form, made[form], dataset_name)
    assert (summary.samples, summary.images, summary.skipped_total) == (6, 6, 0)
    ours = fo.load_dataset(dataset_name)
    theirs = fo.Dataset(f"{dataset_name}-theirs")
    schema.declare(theirs, "instructions")
    theirs.add_samples([sample.copy() for sample in ours])
    stored = documents(theirs)
    own = {"_id", "_dataset_id", "_rand", "created_at", "last_modified_at"}
    for key, document in documents(ours).items():
        assert without(document, own) == without(stored[key], own)
        assert document.keys() == stored[key].keys()
    assert ours.get_field_schema(flat=True).keys() == theirs.get_field_schema(flat=True).keys()


def manifest_of(report: dict[str, Any]) -> dict[str, Any]:
    """The manifest; its samples add up, and each record that was read is of one of them or none."""
    manifest = json.loads(Path(report["manifest"]).read_bytes())
    counts = manifest["counts"]
    assert counts["pairs"] == counts["exported"] + counts["dropped"]
    assert counts["dropped"] == len(manifest["dropped"]) == report["dropped"]
    assert counts["edited"] == len(manifest["edited"]) == report["edited"]
    assert counts["pairs"] == sum(split["pairs"] for split in manifest["splits"].values())
    return manifest


def without(value: Any, names: set[str]) -> Any:
    if isinstance(value, list):
        return [without(item, names) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: without(item, names) for name, item in value.items() if name not in names}


def test_a_sample_holds_what_was_said_of_its_image(dataset: Any, made: dict[str, Path]) -> None:
    sample = dataset.exists("boxes").first()
    record = next(r for r in FORMATS["rsgpt4v"].read(made["rsgpt4v"]) if r.key == sample.key)
    assert [turn.question for turn in sample.conversations] == [t.question for t in record.turns]
    assert [list(t.answers) for t in record.turns] == [t.answers for t in sample.conversations]
    assert sample.caption == record.captions[0].text
    box, detection = record.boxes[0], sample.boxes.detections[0]
    assert (detection.label, detection.turn) == (box.label, box.turn)
    assert detection.bounding_box == pytest.approx(box.bounds)
    assert sample[fields.RENDITION].endswith(".png")


@pytest.mark.parametrize(
    ("form", "kind"), [("rsgpt4v", RSGPT4VDataset), ("pregres", PreGRESDataset)]
)
def test_from_dir(made: dict[str, Path], dataset_name: str, form: str, kind: Any) -> None:
    loaded = fo.Dataset.from_dir(
        dataset_dir=str(made[form]), dataset_type=kind, name=dataset_name, params={"boxes": "none"}
    )
    assert len(loaded) == 6
    assert loaded.count("boxes.detections") == 0


def test_real_files_come_in_and_go_out_unchanged(
    shared_data: Path, dataset_name: str, tmp_path: Path
) -> None:
    root = shared_data / "rsgpt4v"
    summary = import_dataset("auto", root, dataset_name)
    assert (summary.samples, summary.skipped_total) == (20, 13)
    assert sum("is not there" in entry["reason"] for entry in summary.skipped) == 13
    dataset = fo.load_dataset(dataset_name)
    assert sum(map(len, dataset.values("captions"))) == 96
    summary = import_dataset(
        "auto", root, dataset_name, ImportOptions(placeholders=True, resume=True)
    )
    assert (summary.samples, summary.added, summary.skipped_total) == (33, 13, 0)
    report = export_dataset(dataset, "rsgpt4v", tmp_path / "out", select="all")
    assert data_files(tmp_path / "out") == files(root)
    counts = manifest_of(report)["counts"]
    assert (counts["records"], counts["images"], counts["images_missing"]) == (53, 20, 33)


@pytest.mark.parametrize("form", MAKERS)
def test_all_goes_out_unchanged_and_comes_in_again(
    made: dict[str, Path], dataset_name: str, tmp_path: Path, form: str
) -> None:
    import_dataset("auto", made[form], dataset_name)
    before = fo.load_dataset(dataset_name)
    report = export_dataset(before, form, tmp_path / "out", select="all")
    assert manifest_of(report)["counts"]["exported"] == 6
    assert data_files(tmp_path / "out") == files(made[form])
    import_dataset("auto", tmp_path / "out", f"{dataset_name}-again")
    again = documents(fo.load_dataset(f"{dataset_name}-again"))
    for key, document in documents(before).items():
        for name in ("conversations", "captions", "tags", "source"):
            assert again[key][name] == document[name]


def test_decisions_are_carried_out(dataset: Any, made: dict[str, Path], tmp_path: Path) -> None:
    keys = dataset.sort_by("key").values("key")
    dropped = next(key for key in keys if "/train/" in key)
    fixed = next(key for key in keys if "/test/" in key)
    judge(dataset, dropped, "drop")
    judge(dataset, fixed, "fix", phrase="A caption of our own .")
    edited = dataset.one(fo.ViewField("key") == keys[-1])
    edited.conversations[0].question = "<image>\nWhat is this?"
    edited.save()
    report = export_dataset(dataset, "rsgpt4v", tmp_path / "out", select="clean")
    manifest = manifest_of(report)
    assert [entry["key"] for entry in manifest["dropped"]] == [dropped]
    assert {(e["key"], e["text"]) for e in manifest["edited"]} == {
        (fixed, "A caption of our own ."), (keys[-1], "<image>\nWhat is this?")
    }  # fmt: skip
    image = dropped.split("/", 2)[2]
    published = json.loads((made["rsgpt4v"] / "RS-GPT4V_train.json").read_bytes())
    written = json.loads((tmp_path / "out" / "RS-GPT4V_train.json").read_bytes())
    kept = [record for record in published if record["image"] != image]
    assert len(written) == len(kept) < len(published)
    assert not (tmp_path / "out" / image).exists()
    captions = (tmp_path / "out" / "Captions.jsonl").read_text("utf-8")
    assert captions.count('"A caption of our own ."') == 1


def test_the_largest_samples_fit_into_a_document(tmp_path: Path, dataset_name: str) -> None:
    root = tmp_path / "published"
    texts = [f"<p>{'x' * 500}</p>", "[0,0,1,1]"] * 500
    put_image(root, "a.jpg")
    put(root, "t" * 200 + ".json", [trained("a.jpg", *texts)] * 30)
    put(root, "u.jsonl", [trained("a.jpg", "", "\n")] * 20_000)
    summary = import_dataset("rsgpt4v", root, dataset_name)
    assert summary.samples == 1
    assert summary.skipped_total > 10_000
    (document,) = documents(fo.load_dataset(dataset_name)).values()
    assert 3 << 20 < len(bson.encode(document)) < 16 << 20


@pytest.mark.parametrize("form", ["llava", "table"])
def test_images_that_come_later_are_found_in_their_folder(
    form: str, dataset_name: str, tmp_path: Path
) -> None:
    names = ("0.png", "1.png")
    captions = [{"image": name, "caption": "a house"} for name in names]
    put(tmp_path, "a.json", [*map(trained, names)] if form == "llava" else captions)
    first = import_dataset(form, tmp_path, dataset_name, ImportOptions(limit=1, placeholders=True))
    assert first.samples == 1
    for number in range(2):
        put_image(tmp_path, f"data/{number}.png")
    import_dataset(form, tmp_path, dataset_name, ImportOptions(resume=True))
    dataset = fo.load_dataset(dataset_name)
    # A stand-in that was made stays until the images are imported anew.
    assert dataset.values("image_missing") == [True, False]
    assert dataset.last().filepath == str(tmp_path / "data/1.png")
    again = import_dataset(form, tmp_path, dataset_name, ImportOptions(resume=True))
    assert (again.added, len(dataset)) == (0, 2)
