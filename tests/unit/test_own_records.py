"""PairLens' own exports as formats: the contract, and what a hostile one is told."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pairlens.fiftyone_plugin.curation.texts import read_decisions
from pairlens.importers.errors import LayoutError, RecordError
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.formats.contract import check_format
from pairlens.importers.image_lookup import MAX_PATH, clean_path
from pairlens.importers.prepare import MediaPlace, group_by_image, prepare
from pairlens.importers.records import make_key
from tests.layouts import EXPORTS, LAYOUTS, Layout


@pytest.mark.parametrize("layout", EXPORTS, ids=str)
def test_every_export_keeps_the_contract(layout: Layout, tmp_path: Path) -> None:
    check_format(FORMATS[layout.format], tmp_path)


def test_no_published_layout_is_taken_for_an_export(tmp_path: Path) -> None:
    for layout in LAYOUTS:
        root = layout.make(tmp_path / layout.id)
        assert not [one.format for one in EXPORTS if FORMATS[one.format].detect(root)], layout.id


def read(root: Path) -> tuple[list[Any], list[str]]:
    errors: list[RecordError] = []
    records = list(find_format("auto", root).read(root, on_error=errors.append))
    return records, [str(error) for error in errors]


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"key": 5}, "it has no 'key' of PairLens"),
        ({"key": "gres/train/0#0\u0007"}, "has characters that no key has"),
        ({"image_id": ["x"]}, "it has no 'image_id'"),
        ({"caption": None}, "the query is NoneType, not a text"),
        ({"segmentation": {"size": [64, 64], "counts": "1"}, "ignore": {"size": 1}},
         "the RLE"),
        ({"target_box": [0, 0, 1]}, "a box is not four numbers"),
        ({"target_box": [0.5, 0, 0.6, 1]}, "its 'target_box' is no box within the image"),
        ({"target_box": [0.5, 0, 0, 1]}, "its 'target_box' is no box within the image"),
        ({"target_box": [0, -1e400, 1, 1]}, "a box is not four numbers"),
    ],
)  # fmt: skip
def test_a_broken_annotation_is_told_and_costs_no_other(
    members: dict[str, Any], told: str, tmp_path: Path
) -> None:
    root = EXPORTS_BY_ID["coco"].make(tmp_path / "coco")
    file = root / "annotations" / "instances_train.json"
    content = json.loads(file.read_bytes())
    content["annotations"][1] |= members
    file.write_text(json.dumps(content))
    records, errors = read(root)
    assert len(records) == 11
    (error,) = errors
    assert error.startswith("annotations/instances_train.json[1]: ") and told in error


def test_a_key_has_what_a_file_name_has(tmp_path: Path) -> None:
    """macOS names its pictures of the screen with a narrow no-break space."""
    root = EXPORTS_BY_ID["coco"].make(tmp_path / "coco")
    file = root / "annotations" / "instances_train.json"
    key = "table/train/Screenshot 5.00\u202fPM.png#2"
    file.write_text(file.read_text().replace("gres/train/0#0", key))
    records, errors = read(root)
    assert errors == [] and records[0].key == key


def test_a_key_has_room_for_the_longest_path(tmp_path: Path) -> None:
    root = EXPORTS_BY_ID["coco"].make(tmp_path / "coco")
    file = root / "annotations" / "instances_train.json"
    path = "/".join(["x" * 127] * 8)
    assert clean_path(path) == path and len(path) == MAX_PATH - 1
    key = make_key("table", "train", path, 2)
    file.write_text(file.read_text().replace("gres/train/0#0", key))
    records, errors = read(root)
    assert errors == [] and records[0].key == key
    decided = tmp_path / "decisions.jsonl"
    line = {"key": key, "verdict": "keep", "phrase_sha256": "", "mask_sha256": ""}
    decided.write_text(json.dumps(line))
    assert [line.key for _, line in read_decisions(decided)] == [key]


def _of_one_id(root: Path, format_name: str) -> None:
    """Gives the second image of an export the id of the first, as merging of two exports does."""
    if format_name == "hf":
        file = next((root / "data").glob("train-*"))
        rows = pq.read_table(file).to_pylist()
        pq.write_table(pa.Table.from_pylist([row | {"image_id": "0"} for row in rows]), file)
    elif format_name == "coco":
        file = root / "annotations" / "instances_train.json"
        file.write_text(
            file.read_text().replace('"1.png"', '"0.jpg"').replace('"2.png"', '"0.bmp"')
        )
        for number, suffix in ((1, "jpg"), (2, "bmp")):
            (root / f"images/train/{number}.png").rename(root / f"images/train/0.{suffix}")
    else:
        content = json.loads((root / "samples.json").read_bytes())
        for sample in content["samples"]:
            sample["image_id"] = "0" if sample["split"] == "train" else sample["image_id"]
        (root / "samples.json").write_text(json.dumps(content))


@pytest.mark.parametrize("layout", EXPORTS, ids=str)
def test_each_of_several_images_of_one_id_is_read(layout: Layout, tmp_path: Path) -> None:
    root = layout.make(tmp_path / "export")
    place = MediaPlace(tmp_path / "media", placeholders=False)

    def digests() -> dict[str, str]:
        records, errors = read(root)
        assert errors == []
        groups = list(group_by_image(iter(records)))
        assert len({(group[0].split, group[0].image_id) for group in groups}) == 6
        made = [one for group in groups for one in prepare(group, place)]
        return {one.record.key: one.image.facts.digest for one in made}

    before = digests()
    _of_one_id(root, layout.format)
    assert digests() == before and len(set(before.values())) == 6


def test_an_image_of_another_folder_is_refused(tmp_path: Path) -> None:
    root = EXPORTS_BY_ID["coco"].make(tmp_path / "coco")
    file = root / "annotations" / "instances_val.json"
    file.write_text(file.read_text().replace('"3.png"', '"../train/0.png"'))
    records, errors = read(root)
    assert len(records) == 10
    assert {e.partition(": ")[2] for e in errors} == {"image 3 has no 'file_name' in its folder"}


@pytest.mark.parametrize("listed", ['"annotations": []', '"images": []'])
def test_a_file_without_annotations_is_passed_over(tmp_path: Path, listed: str) -> None:
    root = EXPORTS_BY_ID["coco"].make(tmp_path / "coco")
    (root / "annotations" / "instances_train.json").write_text(f"{{{listed}}}")
    records, errors = read(root)
    assert {record.split for record in records} == {"val", "test"} and not errors
    for file in (root / "annotations").iterdir():
        file.write_text(f"{{{listed}}}")
    with pytest.raises(LayoutError, match="looks like no known format"):
        read(root)


def test_a_file_that_is_cut_short_keeps_what_was_read(tmp_path: Path) -> None:
    root = EXPORTS_BY_ID["fiftyone"].make(tmp_path / "fiftyone")
    text = (root / "samples.json").read_text()
    (root / "samples.json").write_text(text[: len(text) // 2])
    records, errors = read(root)
    assert 0 < len(records) < 12
    assert len(errors) == 1 and "is no JSON object of lists" in errors[0]


@pytest.mark.parametrize(
    ("name", "file"),
    [("coco", "annotations/instances_train.json"), ("fiftyone", "samples.json")],
)
@pytest.mark.parametrize("behind", ["\n", '{"annotations": [], "samples": []}', "oops"])
def test_what_stands_behind_the_object_is_told(
    name: str, file: str, behind: str, tmp_path: Path
) -> None:
    root = EXPORTS_BY_ID[name].make(tmp_path / name)
    expected, _ = read(root)
    with (root / file).open("a") as out:
        out.write(behind)
    notes: list[str] = []
    assert list(find_format("auto", root).read(root, on_note=notes.append)) == expected
    told = f"{file}: what stands behind the end of its object is not read"
    assert (told in notes) == bool(behind.strip())


def test_a_parquet_file_that_is_cut_short_costs_no_other(tmp_path: Path) -> None:
    root = EXPORTS_BY_ID["hf"].make(tmp_path / "hf")
    whole, _ = read(root)
    file, *others = sorted((root / "data").iterdir())
    file.write_bytes(file.read_bytes()[:200])
    assert FORMATS["hf"].detect(root)
    records, errors = read(root)
    split = file.name.partition("-")[0]
    assert [one.key for one in records] == [one.key for one in whole if one.split != split]
    assert len(errors) == 1 and errors[0].startswith(f"data/{file.name}: it is no Parquet")
    for other in others:
        other.write_bytes(b"")
    assert not FORMATS["hf"].detect(root)
    with pytest.raises(LayoutError, match="it is no Parquet"):
        list(FORMATS["hf"].read(root, on_error=lambda error: None))


def _of_members(root: Path, **members: Any) -> tuple[list[Any], list[str]]:
    """A FiftyOne export of two images with captions or turns, the first with other members."""
    sample = {"split": "train", "filepath": "data/0.png", "captions": [{"text": "A house."}]}
    samples = [
        {"key": f"rsteller/train/{n}", "image_id": f"{n}", **sample, **(members if n == 0 else {})}
        for n in range(2)
    ]
    root.mkdir()
    (root / "metadata.json").write_text("{}")
    (root / "samples.json").write_text(json.dumps({"samples": samples}))
    return read(root)


@pytest.mark.parametrize(
    "written", ["1960-07-01T00:00:00Z", {"$numberLong": "-299894400000"}], ids=["text", "number"]
)
def test_a_day_before_1970_comes_back(written: Any, tmp_path: Path) -> None:
    records, errors = _of_members(tmp_path / "days", capture_date={"$date": written})
    assert (errors, [one.captured for one in records]) == ([], [date(1960, 7, 1), None])


@pytest.mark.parametrize(
    "written", ["x", {"$date": "x"}, {"$date": {"$numberLong": "9" * 18}}, {"$date": 10**300}, [1]]
)
def test_a_day_that_is_none_is_told(written: Any, tmp_path: Path) -> None:
    records, (told,) = _of_members(tmp_path / "days", capture_date=written)
    assert len(records) == 1 and told.startswith("samples.json[0]: its 'capture_date' is no date")


def test_an_answer_that_is_no_list_is_not_read_letter_by_letter(tmp_path: Path) -> None:
    turns = [{"question": "How many?", "answers": "two"}]
    records, (told,) = _of_members(tmp_path / "talk", conversations=turns)
    assert len(records) == 1 and told == "samples.json[0]: 'answers' is str, not a list of texts"


@pytest.mark.parametrize("text", ["{}", '{"images": []}', '{"annotations": []}', "[]", ""])
def test_coco_files_without_annotations_are_none_of_ours(text: str, tmp_path: Path) -> None:
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations" / "instances_train.json").write_text(text)
    assert not FORMATS["coco"].detect(tmp_path)


def test_a_fiftyone_dataset_without_keys_is_sent_to_adopt(tmp_path: Path) -> None:
    root = EXPORTS_BY_ID["fiftyone"].make(tmp_path / "fiftyone")
    (root / "samples.json").write_text('{"samples": [{"filepath": "data/0.png"}]}')
    assert not FORMATS["fiftyone"].detect(root)
    with pytest.raises(LayoutError, match="pairlens adopt"):
        list(FORMATS["fiftyone"].read(root))


EXPORTS_BY_ID = {layout.id: layout for layout in EXPORTS}
