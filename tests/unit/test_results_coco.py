"""Predictions as COCO-style JSON: matched by key, ref id, image and words; broken ones refused."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import NoPrediction, Query
from pairlens.importers.errors import LayoutError, MaskError, UsageError
from pairlens.importers.rle import encode_rle
from tests.unit.predictions import answer, load, mask, put, query, value


def rle(number: int, *, compressed: bool = True) -> dict[str, Any]:
    return encode_rle(mask(number), compressed=compressed)


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {"segmentation": rle(number), **fields}


def asked(index: int = 0, phrase: str = "the car", image_id: str = "a") -> Query:
    return replace(query(image_id, index, name=f"{image_id}.jpg"), phrase=phrase)


# ---------------------------------------------------------------------------- must not


def test_what_is_of_another_pair_does_not_serve(tmp_path: Path):
    file = write(
        tmp_path / "p.json",
        [
            record(1, key="gres/test/a#1"),
            record(2, ref_id="a_1"),
            record(3, ref_id=99, file_name="a.jpg"),
            record(4, file_name="a.jpg", phrase="the other car"),
            record(5, file_name="train/a.jpg"),
            record(6, file_name="a.jpg", split="val"),
            record(7, image_id="b"),
            record(8),
            "words",
        ],
    )
    results = load(file)
    given = answer(results, asked())
    assert isinstance(given, NoPrediction)
    assert len(results.unused()) == 8 and results.unused()[0] == "p.json[0]"


BROKEN: dict[str, tuple[str, str]] = {
    "half": ('[{"segmentation": ', "is not whole JSON"),
    "deep": ("[" * 100_000, "is not whole JSON"),
    "a number": ("7", "holds no object"),
}


@pytest.mark.parametrize(("text", "says"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_is_none_is_refused(tmp_path: Path, text: str, says: str):
    file = tmp_path / "p.json"
    file.write_text(text)
    with pytest.raises(LayoutError) as caught:
        load(file)
    assert "p.json" in str(caught.value) and says in str(caught.value)


def test_a_broken_line_is_refused(tmp_path: Path):
    file = tmp_path / "p.jsonl"
    file.write_text(json.dumps(record(1, image_id="a")) + '\n{"segm')
    with pytest.raises(LayoutError, match=r"p\.jsonl is not whole JSON"):
        load(file)


BAD_MASKS: dict[str, Any] = {
    "a number": 7,
    "a text": "abc",
    "an object": {"a": 1},
    "short runs": {"size": [6, 8], "counts": [1]},
    "a planet": {"size": [1 << 20, 1 << 20], "counts": [1 << 40]},
    "two points": [[1, 1, 2, 2]],
    "odd": [[1, 1, 2, 2, 3, 3, 4]],
    "texts": [["1", "1", "2", "2", "3", "3"]],
    "far away": [[0, 0, 1e9, 0, 1e9, 1e9]],
    "outside": [[50, 50, 60, 50, 60, 60]],
    "deep": [[[[1]]]],
}


def test_a_broken_mask_is_the_failure_of_its_pair(tmp_path: Path):
    rows = [{"file_name": f"{n}.jpg", "segmentation": m} for n, m in enumerate(BAD_MASKS.values())]
    rows.append({"file_name": f"{len(rows)}.jpg"})
    rows.append(record(5, file_name="good.jpg"))
    results = load(write(tmp_path / "p.json", [record(1, key="other"), *rows]))
    for number in range(len(rows) - 1):
        given = answer(results, asked(image_id=str(number)))
        assert isinstance(given, MaskError), number
        assert str(given).startswith(f"p.json[{number + 1}]: "), number
    assert value(results, asked(image_id="good")) == 5


def test_two_files_that_claim_a_pair_are_refused(tmp_path: Path):
    write(tmp_path / "one.json", [record(1, image_id="a"), record(3, image_id="b")])
    write(tmp_path / "two.json", [record(2, image_id="a")])
    results = load(tmp_path)
    given = answer(results, asked())
    assert isinstance(given, MaskError)
    assert "one.json, two.json all claim gres/test/a#0" in str(given)
    assert value(results, asked(image_id="b")) == 3


def test_instances_of_different_sizes_are_refused(tmp_path: Path):
    small = {"segmentation": encode_rle(np.ones((2, 2))), "image_id": "a"}
    given = answer(load(write(tmp_path / "p.json", [record(1, image_id="a"), small])), asked())
    assert isinstance(given, MaskError) and "p.json[1] has another size" in str(given)


@pytest.mark.parametrize("score", ["-0.1", "2", "high"])
def test_bad_scores(tmp_path: Path, score: str):
    with pytest.raises(UsageError, match=r"results\.min_score takes a number"):
        PREDICTORS["results"].load({"path": str(tmp_path), "min_score": score}, "cpu")


# -------------------------------------------------------------------------------- must


@pytest.mark.parametrize(
    ("fields", "index"),
    [
        pytest.param({"key": "gres/test/a#1"}, 1, id="key"),
        pytest.param({"key": "gres_test_a_1"}, 1, id="key as a file name"),
        pytest.param({"ref_id": "a#1"}, 1, id="ref id"),
        pytest.param({"ref_id": "a_1"}, 1, id="ref id with a dash"),
        pytest.param({"ref_id": "a"}, 0, id="ref id that is an image id"),
        pytest.param({"file_name": "a.jpg"}, 2, id="file name"),
        pytest.param({"image": "data\\images\\a.png"}, 0, id="another system's path"),
        pytest.param({"file_name": "gres_images/test/a.jpg"}, 0, id="path with the split"),
        pytest.param({"image_id": "a", "split": "test"}, 0, id="image id and split"),
        pytest.param({"file_name": "a.jpg", "sent": "The  CAR."}, 1, id="words"),
        pytest.param({"ref_id": 7, "image_id": "a", "phrase": "the car"}, 0, id="unknown ref"),
    ],
)
def test_matching(tmp_path: Path, fields: dict[str, Any], index: int):
    results = load(write(tmp_path / "p.json", [record(7, **fields)]))
    assert value(results, asked(index)) == 7
    assert results.unused() == []


def test_a_numeric_ref_id_is_the_image_id_of_its_dataset(tmp_path: Path):
    results = load(write(tmp_path / "p.json", [record(3, ref_id=1361, image_id=99)]))
    assert value(results, asked(image_id="1361")) == 3


def test_what_is_more_exact_wins(tmp_path: Path):
    rows = [
        record(1, file_name="a.jpg"),
        record(2, file_name="a.jpg", phrase="the car"),
        record(3, ref_id="a_2"),
        record(4, key="gres/test/a#3"),
    ]
    results = load(write(tmp_path / "p.json", rows))
    given = [
        value(results, asked(*one))
        for one in [(0, "else"), (1, "the car"), (2, "the car"), (3, "else")]
    ]
    assert given == [1, 2, 3, 4]


def test_images_are_listed_apart(tmp_path: Path):
    content = {
        "images": [
            {"id": 7, "file_name": "test/a.jpg", "width": 8, "height": 6},
            {"id": 8, "file_name": "test/b.jpg", "width": 8, "height": 6},
        ],
        "annotations": [
            {"id": 1, "image_id": 8, "segmentation": [[0, 0, 3, 0, 3, 2, 0, 2]]},
            {"id": 2, "image_id": 7, "segmentation": rle(5, compressed=False)},
        ],
    }
    results = load(write(tmp_path / "p.json", content))
    assert value(results, asked()) == 5
    given = answer(results, replace(asked(image_id="b"), image_size=(0, 0)))
    assert isinstance(given, np.ndarray)
    assert given.shape == (6, 8) and given[:3, :4].all() and given.sum() == 12


@pytest.mark.parametrize("nothing", [[], None, "", {"size": [6, 8], "counts": [48]}])
def test_an_empty_mask_is_a_prediction(tmp_path: Path, nothing: Any):
    rows = [{"image_id": "a", "segmentation": nothing}]
    given = answer(load(write(tmp_path / "p.json", rows)), asked())
    assert isinstance(given, np.ndarray) and given.shape == (6, 8) and not given.any()


@pytest.mark.parametrize(("least", "area"), [("0", 9), ("0.5", 6), ("0.95", 0)])
def test_instances_are_joined_by_score(tmp_path: Path, least: str, area: int):
    last = np.zeros((6, 8), np.uint8)
    last[5, 5:] = 1
    rows = [
        record(2, image_id="a", score=0.9),
        record(6, image_id="a", score=0.5),
        {"image_id": "a", "segmentation": encode_rle(last), "score": 0.1},
    ]
    file = write(tmp_path / "p.json", rows)
    results = PREDICTORS["results"].load({"path": str(file), "min_score": least}, "cpu")
    (given,) = results.predict([asked()])
    assert isinstance(given, np.ndarray) and given.sum() == area


def test_one_folder_of_several_forms(tmp_path: Path):
    write(tmp_path / "coco.json", [record(1, image_id="a")])
    write(tmp_path / "settings.json", {"threshold": 0.5})
    write(tmp_path / "names.json", ["a", "b"])
    put(tmp_path / "b.png", 2)
    put(tmp_path / "z.png", 3)
    results = load(tmp_path)
    assert [value(results, asked(image_id=i)) for i in "ab"] == [1, 2]
    assert isinstance(answer(results, asked(image_id="c")), NoPrediction)
    assert results.unused() == ["z.png"]


def test_published_records_are_read_by_words(shared_data: Path):
    file = shared_data / "risbench" / "risbench_test.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    results = load(file)
    for row in rows:
        one = Query(
            f"risbench/test/{row['image_id']}#0", row["image_id"], "test", row["sent"],
            Path("/nowhere.png"), row["file_name"], (512, 512),
        )  # fmt: skip
        given = answer(results, one)
        assert isinstance(given, np.ndarray)
        assert encode_rle(given) == row["segmentation"]
        assert isinstance(answer(results, replace(one, phrase="something else")), NoPrediction)
    assert results.unused() == []


def test_many_records_take_no_time(tmp_path: Path):
    rows = [record(n % 40 + 1, key=f"gres/test/{n}#0") for n in range(20_000)]
    file = write(tmp_path / "p.json", rows)
    started = time.monotonic()
    results = load(file)
    assert value(results, asked(image_id="19999")) == 40
    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("name", "image"),
    [
        pytest.param("A.JPG", "a", id="case"),
        pytest.param("my%20a.jpg", "my a", id="percent-encoded"),
        pytest.param("e\u0301.jpg", "\u00e9", id="composed accents"),
    ],
)
def test_image_names_that_are_written_otherwise(tmp_path: Path, name: str, image: str):
    results = load(write(tmp_path / "p.json", [record(7, file_name=name)]))
    assert value(results, query(image)) == 7


def test_of_two_names_that_differ_in_case_none_is_taken_for_a_third(tmp_path: Path):
    rows = [record(7, file_name="A.jpg"), record(9, file_name="a.JPG")]
    results = load(write(tmp_path / "p.json", rows))
    assert value(results, query("A")) == 7
    assert value(results, query("a")) == 9


@pytest.mark.parametrize("whole", [True, False])
def test_records_by_image(tmp_path: Path, whole: bool):
    rle = encode_rle(mask(7))
    content = {
        "b": {"segmentation": encode_rle(mask(9))},
        "a": {"segmentation": rle} if whole else rle,
    }
    assert value(load(write(tmp_path / "p.json", content)), query()) == 7


TABLE = replace(query("a"), key="table/test/images/a b.png#2", image_name="a b.png")


@pytest.mark.parametrize("listed", [True, False])
def test_a_key_in_place_of_an_image_does_not_serve_its_other_queries(tmp_path: Path, listed: bool):
    key = TABLE.key
    content = [{"image": key, **rle(7)}] if listed else {key: rle(7)}
    results = load(write(tmp_path / "p.json", content))
    other = replace(TABLE, key=key.replace("#2", "#3"), image_id="a b")
    assert isinstance(answer(results, other), NoPrediction)
    assert value(results, TABLE) == 7


def test_objects_by_key_reference_and_image(tmp_path: Path):
    content = {
        TABLE.key: rle(1),
        "gres_test_a_0": rle(2),
        "b#1": rle(3),
        "c.jpg": rle(4),
        "c_1": rle(5),
    }
    results = load(write(tmp_path / "p.json", content))
    asked = [TABLE, query("a"), query("b", 1), query("c"), query("c", 1), query("c_1")]
    assert [value(results, one) for one in asked] == [1, 2, 3, 4, 4, 5]
    assert isinstance(answer(results, query("b", 0)), NoPrediction)


def test_of_two_masks_in_a_record_the_prediction_counts(tmp_path: Path):
    row = {"image_id": "a", "mask": rle(9), "pred_mask": rle(7)}
    assert value(load(write(tmp_path / "p.json", {"predictions": [row]})), query()) == 7


def test_a_record_that_is_its_rle(tmp_path: Path):
    rle = encode_rle(mask(7))
    flat = {"image_id": "a", **rle}
    assert value(load(write(tmp_path / "p.json", [flat])), query()) == 7
    sized = {"image_id": "a", "height": 6, "width": 8, "rle": {"counts": rle["counts"]}}
    assert value(load(write(tmp_path / "p.json", [sized])), query()) == 7


def test_shares_that_reach_past_the_image(tmp_path: Path):
    ring = [-0.001, 0, 0.5, 0, 0.5, 1.002, -0.001, 1.002]
    results = load(write(tmp_path / "p.json", [{"image_id": "a", "segmentation": [ring]}]))
    given = answer(results, query())
    assert isinstance(given, np.ndarray) and given.sum() >= 24
    assert [note.kind for note in results.notes()] == ["polygon_scale"]


@pytest.mark.parametrize(
    ("member", "numbers"),
    [
        ("bbox", [2, 1, 3, 2]),
        ("bbox_xywh", [2.2, 0.9, 3.1, 2.3]),
        ("bbox_2d", [2, 1, 5, 3]),
        ("box", [2, 1, 5, 3]),
    ],
)
def test_a_box_is_drawn_without_its_far_sides(member: str, numbers: list[float], tmp_path: Path):
    file = write(tmp_path / "p.json", [{"key": "gres/test/a#0", member: numbers}])
    given = answer(load(file), asked())
    assert isinstance(given, np.ndarray)
    rows, columns = np.flatnonzero(given.any(1)), np.flatnonzero(given.any(0))
    assert (columns[0], columns[-1] + 1, rows[0], rows[-1] + 1) == (2, 5, 1, 3)
    assert given.sum() == 6


def test_of_several_boxes_the_surest_counts_and_a_broken_one_is_told(tmp_path: Path):
    boxes = [
        {"key": "gres/test/a#0", "bbox": [0, 0, 1, 1], "score": 0.2},
        {"key": "gres/test/a#0", "bbox": [2, 1, 3, 2], "score": 0.9},
        {"key": "gres/test/a#1", "bbox": [1, 2, 3]},
        {"key": "gres/test/a#2", "bbox_2d": [30, 5, 20, 40]},
    ]
    results = load(write(tmp_path / "p.json", boxes))
    given = answer(results, asked())
    assert isinstance(given, np.ndarray) and given.sum() == 6
    assert "p.json[2]: its box is not four numbers" in str(answer(results, asked(1)))
    wrong = "p.json[3]: its box, from 30, 5 to 20, 40, is the wrong way round"
    assert wrong in str(answer(results, asked(2)))
