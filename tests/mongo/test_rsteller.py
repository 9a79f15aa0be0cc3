"""RSTeller into a real database and out again."""

from __future__ import annotations

import json
import shutil
import tarfile
from datetime import date
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest
import webdataset as wds

from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers import fields, store
from pairlens.importers.dataset_types import RSTellerDataset
from pairlens.importers.errors import StateError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.exporting import BESIDE, data_files, manifest_of
from tests.unit.tars import annotation, jpeg, put, sample, special


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_rsteller(tmp_path_factory.mktemp("rsteller") / "published", 9, size=96).root


def media(name: str) -> Path:
    return Path(store.info(fo.load_dataset(name))["media_dir"])


def extracted(root: Path, folder: Path) -> Path:
    for shard in root.glob("*.tar"):
        with tarfile.open(shard) as archive:
            archive.extractall(folder / shard.stem, filter="data")
    return folder


# ------------------------------------------------------------------------------------- in


def test_an_image_has_the_fields_of_the_design(
    shared_data: Path, tmp_path: Path, dataset_name: str
) -> None:
    data = (shared_data / "rsteller" / "726.json").read_bytes()
    put(tmp_path / "published", [("726.jpg", jpeg(1)), ("726.json", data)])
    import_dataset("auto", tmp_path / "published", dataset_name)
    dataset = fo.load_dataset(dataset_name)
    image = dataset.first()
    content = json.loads(data)["annotations"]
    assert (image[fields.KEY], image.tags) == ("rsteller/train/726", ["train"])
    assert image[fields.CAPTION] == content[0]["text"]
    found = [{n: c[n] for n in ("task", "text", "annotator")} for c in image[fields.CAPTIONS]]
    assert found == content
    assert image[fields.LOCATION].point == [-75.90625, 41.96875]
    (ring,) = image[fields.LOCATION].polygon
    assert {tuple(corner) for corner in ring} == {
        (west, south) for west in (-75.9375, -75.875) for south in (41.9375, 42.0)
    }
    assert image[fields.CAPTURE_DATE] == date(2022, 11, 8)
    assert Path(image.filepath) == media(dataset_name) / "images" / "train-000000" / "726.jpg"
    assert Path(image.filepath).read_bytes() == jpeg(1)


def test_places_can_be_asked_for(tmp_path: Path, dataset_name: str) -> None:
    names = {1: "m_4107501_ne_18_060_20221108", 2: "m_3211605_ne_11_060_20200415", 3: "no place"}
    entries = [entry for patch, name in names.items() for entry in sample(patch, name=name)]
    put(tmp_path / "published", entries)
    import_dataset("auto", tmp_path / "published", dataset_name)
    dataset = fo.load_dataset(dataset_name)
    near = dataset.geo_near([-75.9, 41.9], location_field=fields.LOCATION, max_distance=20_000)
    assert near.values(fields.IMAGE_ID) == ["1"]
    box = [[-117, 32], [-116, 32], [-116, 33], [-117, 33], [-117, 32]]
    assert dataset.geo_within([box]).values(fields.IMAGE_ID) == ["2"]
    # What FiftyOne's map panel reads.
    points = dataset.exists(f"{fields.LOCATION}.point").values(f"{fields.LOCATION}.point")
    assert len(points) == 2
    assert dataset.exists(fields.LOCATION, False).values(fields.IMAGE_ID) == ["3"]


def test_a_place_that_is_none_keeps_no_import_from_its_end(
    published: Path, dataset_name: str
) -> None:
    """A user's own sample, or one that another tool has changed."""
    import_dataset("rsteller", published, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    dataset._sample_collection.drop_index("location.point_2dsphere")
    nowhere = fo.GeoLocation(point=[500, 95])
    dataset.add_sample(fo.Sample(str(published / "own.jpg"), location=nowhere))
    done = import_dataset("rsteller", published, dataset_name, ImportOptions(resume=True))
    assert store.info(dataset)["complete"] and done.samples > 0
    (told,) = [note for note in done.notes if "makes no index of" in note]
    assert "location.point" in told and "out of bounds" in told


def test_importing_again_extracts_nothing_again(published: Path, dataset_name: str) -> None:
    first = import_dataset("auto", published, dataset_name)
    images = sorted((media(dataset_name) / "images").rglob("*.jpg"))
    assert len(images) == first.samples == 9
    before = [(image.stat().st_ino, image.stat().st_mtime_ns) for image in images]
    collection = fo.load_dataset(dataset_name)._sample_collection
    collection.delete_many({fields.IMAGE_ID: {"$in": ["700", "701"]}})
    images[0].write_bytes(b"half")
    again = import_dataset("auto", published, dataset_name, ImportOptions(resume=True))
    assert (again.added, again.samples) == (2, 9)
    after = [(image.stat().st_ino, image.stat().st_mtime_ns) for image in images]
    assert before[1:] == after[1:]
    assert list(media(dataset_name).rglob("*.partial")) == []


def test_hostile_shards_stay_in_their_folder(tmp_path: Path, dataset_name: str) -> None:
    root = tmp_path / "a" / "published"
    put(root, [
        *sample(1), ("../../2.jpg", jpeg()), ("../../2.json", annotation(2)),
        ("/tmp/pairlens-3.jpg", jpeg()), special("4.jpg", tarfile.SYMTYPE, "/etc/passwd"),
        ("4.json", annotation(4)), ("5.jpg", b"no picture"), ("5.json", annotation(5)),
        ("6.jpg", jpeg()), ("6.json", annotation("../../6")),
    ])  # fmt: skip
    options = ImportOptions(media_dir=tmp_path / "b" / "media")
    summary = import_dataset("auto", root, dataset_name, options)
    assert summary.samples == 1
    reasons = {s["source"]: s["reason"] for s in summary.skipped}
    assert len(reasons) == summary.skipped_total == 7
    assert reasons["train-000000.tar/4.jpg"] == "is a link, which is not followed"
    assert reasons["train-000000.tar[1]"] == "the image 4.jpg is not there"
    assert "5.jpg is no image" in reasons["train-000000.tar[2]"]
    assert "has a patch id that is none" in reasons["train-000000.tar[3]"]
    outside = {p.name for p in tmp_path.rglob("*") if p.is_file()}
    assert not {"2.jpg", "4.jpg", "5.jpg", "6.jpg"} & outside
    assert not Path("/tmp/pairlens-3.jpg").exists()
    assert [p.name for p in (tmp_path / "b").rglob("*.jpg")] == ["1.jpg"]


def test_missing_images_get_placeholders(tmp_path: Path, dataset_name: str) -> None:
    put(tmp_path / "published", [("1.json", annotation(1)), *sample(2)])
    options = ImportOptions(placeholders=True)
    summary = import_dataset("auto", tmp_path / "published", dataset_name, options)
    assert (summary.samples, summary.skipped_total) == (2, 0)
    missing = fo.load_dataset(dataset_name).match(fo.ViewField(fields.IMAGE_MISSING))
    assert missing.values(fields.IMAGE_ID) == ["1"]


def test_fiftyones_own_way_in(published: Path, dataset_name: str) -> None:
    dataset = fo.Dataset.from_dir(
        dataset_dir=str(published), dataset_type=RSTellerDataset, name=dataset_name, max_samples=3
    )
    assert dataset.values(fields.KEY) == [f"rsteller/train/{n}" for n in (700, 701, 702)]


# ------------------------------------------------------------------------------------ out


def edit_and_drop(name: str, edited: dict[str, str], dropped: tuple[str, ...]) -> Any:
    """Edits the last caption of some images, and drops others."""
    dataset = fo.load_dataset(name)
    for sample_ in dataset:
        sample_[fields.VERDICT] = "drop" if sample_[fields.IMAGE_ID] in dropped else "keep"
        if sample_[fields.IMAGE_ID] in edited:
            sample_[fields.CAPTIONS][-1]["text"] = edited[sample_[fields.IMAGE_ID]]
        sample_.save()
    return dataset


def by_web_dataset(root: Path) -> dict[str, tuple[bytes, list[str]]]:
    """What another reader finds in shards: image and captions by name."""
    shards = sorted(map(str, root.glob("*.tar")))
    found = wds.WebDataset(shards, shardshuffle=False, empty_check=False)
    return {
        one["__key__"].rpartition("/")[2]: (
            one["jpg"],
            [a["text"] for a in json.loads(one["json"])["annotations"]],
        )
        for one in found
    }


def test_what_nobody_touched_comes_out_as_it_came_in(
    published: Path, dataset_name: str, tmp_path: Path
) -> None:
    import_dataset("auto", published, dataset_name)
    report = export_dataset(
        fo.load_dataset(dataset_name), "rsteller", tmp_path / "out", select="all"
    )
    assert data_files(tmp_path / "out") == data_files(published)
    assert manifest_of(report)["files"] == {"copied": 3, "rewritten": 0, "left_out": 0}


def test_edits_and_drops(published: Path, dataset_name: str, tmp_path: Path) -> None:
    import_dataset("auto", published, dataset_name)
    new = 'Another "caption", caf\xe9.'
    dataset = edit_and_drop(dataset_name, {"701": new}, ("700", "705"))
    report = export_dataset(dataset, "rsteller", tmp_path / "out")
    manifest = manifest_of(report)
    assert (report["exported"], report["dropped"], report["edited"]) == (7, 2, 1)
    dropped = {entry["key"] for entry in manifest["dropped"]}
    assert dropped == {"rsteller/train/700", "rsteller/train/705"}
    assert manifest["edited"][0]["text"] == new

    before, after = by_web_dataset(published), by_web_dataset(tmp_path / "out")
    assert after.keys() == before.keys() - {"700", "705"}
    for name, (image, texts) in after.items():
        assert image == before[name][0]
        expected = [*before[name][1][:-1], new] if name == "701" else before[name][1]
        assert texts == expected

    again = f"{dataset_name}-again"
    import_dataset("auto", tmp_path / "out", again)
    read = {s[fields.KEY]: [c.text for c in s[fields.CAPTIONS]] for s in fo.load_dataset(again)}
    kept = dataset.match(fo.ViewField(fields.VERDICT) != "drop")
    assert read == {s[fields.KEY]: [c.text for c in s[fields.CAPTIONS]] for s in kept}


def test_only_the_text_of_an_edited_caption_changes(
    published: Path, dataset_name: str, tmp_path: Path
) -> None:
    import_dataset("auto", published, dataset_name)
    dataset = edit_and_drop(dataset_name, {"701": "Short."}, ())
    export_dataset(dataset, "rsteller", tmp_path / "out")
    for shard in sorted(published.glob("*.tar")):
        with tarfile.open(shard) as old, tarfile.open(tmp_path / "out" / shard.name) as new:
            assert old.getnames() == new.getnames()
            for a, b in zip(old, new, strict=True):
                one, two = old.extractfile(a), new.extractfile(b)
                assert one and two
                was, now = one.read(), two.read()
                if a.name == "701.json":
                    text = json.loads(was)["annotations"][-1]["text"]
                    assert now == was.replace(json.dumps(text).encode(), b'"Short."')
                    continue
                assert now == was
                raw = [p.read_bytes() for p in (shard, tmp_path / "out" / shard.name)]
                assert raw[0][a.offset : a.offset_data] == raw[1][b.offset : b.offset_data]


def test_an_extracted_release(published: Path, dataset_name: str, tmp_path: Path) -> None:
    root = extracted(published, tmp_path / "published")
    import_dataset("auto", root, dataset_name)
    dataset = edit_and_drop(dataset_name, {"701": "Short."}, ("700",))
    report = export_dataset(dataset, "rsteller", tmp_path / "out")
    before, after = data_files(root), data_files(tmp_path / "out")
    assert before.keys() - after.keys() == {"train-000000/700.jpg", "train-000000/700.json"}
    changed = {name for name, data in after.items() if data != before[name]}
    assert changed == {"train-000000/701.json"}
    assert json.loads(after["train-000000/701.json"])["annotations"][-1]["text"] == "Short."
    assert manifest_of(report)["files"] == {"copied": 7, "rewritten": 1, "left_out": 1}


def test_a_single_shard_comes_out_in_a_folder(dataset_name: str, tmp_path: Path) -> None:
    tar = put(tmp_path / "published", sample(1) + sample(2))
    import_dataset("auto", tar, dataset_name)
    dataset = edit_and_drop(dataset_name, {}, ("1",))
    export_dataset(dataset, "rsteller", tmp_path / "out")
    assert by_web_dataset(tmp_path / "out").keys() == {"2"}
    assert {p.name for p in (tmp_path / "out").iterdir()} == {tar.name, *BESIDE}


def test_what_was_refused_does_not_come_out(dataset_name: str, tmp_path: Path) -> None:
    root = tmp_path / "published"
    put(root, [*sample(1), special("2.jpg", tarfile.SYMTYPE, "/etc"), ("README", b"hello"),
               ("3.json", b"{"), ("3.jpg", jpeg())])  # fmt: skip
    import_dataset("auto", root, dataset_name)
    dataset = edit_and_drop(dataset_name, {}, ())
    report = export_dataset(dataset, "rsteller", tmp_path / "out")
    with tarfile.open(tmp_path / "out" / "train-000000.tar") as archive:
        assert archive.getnames() == ["1.jpg", "1.json", "README"]
    assert manifest_of(report)["counts"]["not_imported"] == 1


@pytest.mark.parametrize(
    ("entries", "edited"),
    [
        pytest.param([("1.jpg", jpeg()), ("1.txt", b"A field.\r\nA road.\r\n")],
                     b"A field.\r\nShort.\r\n", id="txt"),
        pytest.param([("1.jpg", jpeg()),
                      ("1.json", b"{'metadata': {'patch_id': 1}, 'annotations': \n"
                                 b"[{'text': 'caf\xc3\xa9'}, {'text': \"it's\", 'task': 3}]}")],
                     b"{'metadata': {'patch_id': 1}, 'annotations': \n"
                     b"[{'text': 'caf\xc3\xa9'}, {'text': 'Short.', 'task': 3}]}", id="literal"),
        pytest.param([("1.jpg", jpeg()), ("1.json", json.dumps(str(json.loads(
                         annotation(1, "A", "B")))).encode())],
                     json.dumps(str(json.loads(annotation(1, "A", "Short.")))).encode(),
                     id="literal in JSON"),
        pytest.param([("1.jpg", jpeg()), ("1.json", b"\xef\xbb\xbf" + annotation(1, "A", "B"))],
                     b"\xef\xbb\xbf" + annotation(1, "A", "Short."), id="byte order mark"),
    ],
)  # fmt: skip
def test_edits_in_other_forms(
    dataset_name: str, tmp_path: Path, entries: list[tuple[str, bytes]], edited: bytes
) -> None:
    put(tmp_path / "published", [*entries, *(sample(2) if entries[1][0] == "1.txt" else [])])
    import_dataset("rsteller", tmp_path / "published", dataset_name)
    dataset = edit_and_drop(dataset_name, {"1": "Short."}, ())
    export_dataset(dataset, "rsteller", tmp_path / "out")
    with tarfile.open(tmp_path / "out" / "train-000000.tar") as archive:
        member = archive.extractfile(entries[1][0])
        assert member is not None and member.read() == edited


@pytest.mark.parametrize("change", ["another id", "other captions", "fewer images", "gone"])
def test_a_source_that_has_changed_is_refused(
    dataset_name: str, tmp_path: Path, change: str
) -> None:
    root = tmp_path / "published"
    put(root, sample(1) + sample(2))
    import_dataset("auto", root, dataset_name)
    if change == "gone":
        (root / "train-000000.tar").unlink()
    else:
        second = {"another id": sample(3), "other captions": sample(2, "A"), "fewer images": []}
        put(root, sample(1) + second[change])
    with pytest.raises(StateError, match=r"nothing was exported"):
        export_dataset(fo.load_dataset(dataset_name), "rsteller", tmp_path / "out", select="all")
    assert not (tmp_path / "out").exists()


def test_the_published_files_stay_as_they_are(
    published: Path, dataset_name: str, tmp_path: Path
) -> None:
    root = tmp_path / "published"
    shutil.copytree(published, root)
    import_dataset("auto", root, dataset_name)
    export_dataset(edit_and_drop(dataset_name, {"701": "A"}, ("700",)), "rsteller", tmp_path / "o")
    assert data_files(root) == data_files(published)


def test_a_truncated_shard_comes_out_whole(dataset_name: str, tmp_path: Path) -> None:
    root = tmp_path / "published"
    tar = put(root, sample(1) + sample(2) + sample(3))
    data = tar.read_bytes()
    tar.write_bytes(data[: data.index(b"3.jpg") + 600])
    summary = import_dataset("auto", root, dataset_name)
    assert (summary.samples, summary.skipped_total) == (2, 1)
    dataset = fo.load_dataset(dataset_name)
    report = export_dataset(dataset, "rsteller", tmp_path / "out", select="all")
    assert by_web_dataset(tmp_path / "out").keys() == {"1", "2"}
    assert manifest_of(report)["files"] == {"copied": 0, "rewritten": 1, "left_out": 0}
