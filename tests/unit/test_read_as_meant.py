"""Files as people have them: found, decided and told, in every reader."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.importers.box_scale import mixed_scales
from pairlens.importers.boxes import find_boxes
from pairlens.importers.decisions import MOST_REPORTED, Decision, Decisions
from pairlens.importers.errors import MaskError, RecordError
from pairlens.importers.explain import explain
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.refsegrs_lists import parse_line
from pairlens.importers.media import decode_rgb
from pairlens.importers.records import NoTarget
from pairlens.importers.rle import encode_rle
from tests.unit.predictions import SHAPE, answer, mask, query


def records_of(name: str, root: Path, **params: Any) -> tuple[list[Any], list[str], list[str]]:
    errors: list[RecordError] = []
    notes: list[str] = []
    found = FORMATS[name].read(root, on_error=errors.append, on_note=notes.append, **params)
    return list(found), [str(error) for error in errors], notes


def risbench(root: Path, *changes: dict[str, Any]) -> Path:
    rle = encode_rle(mask(9))
    lines = []
    for number, change in enumerate(changes):
        record = {"split": "val", "image_id": f"{number}.png", "sent": "it",
                  "file_name": f"{number}.png", "segmentation": rle}  # fmt: skip
        record |= change
        lines.append({key: value for key, value in record.items() if value != "absent"})
    (root / "r.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return root


@pytest.mark.parametrize("other", ["rle", "mask", "segmentaton", "Segmentation", "nothing"])
@pytest.mark.parametrize("first", [False, True])
def test_absent_is_not_empty(tmp_path: Path, other: str, first: bool):
    odd = {"segmentation": "absent", other: [1]}
    changes = [odd, {}] if first else [{}, odd]
    pairs, errors, _ = records_of("refsegrs", risbench(tmp_path, *changes, {"segmentation": None}))
    assert [isinstance(pair.target, NoTarget) for pair in pairs] == [False, True]
    assert len(errors) == 1 and f"r.jsonl[{1 - first}]: has no 'segmentation'" in errors[0]
    assert (repr(other) in errors[0]) == (other != "nothing")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("7 café au lait\n".encode("cp1252"), "café au lait", id="cp1252"),
        pytest.param("7 forêt\n".encode("cp1252"), "forêt", id="one accent"),
        pytest.param("7 左上角的红色屋顶\n".encode("gbk"), "左上角的红色屋顶", id="gbk"),
        pytest.param("7 红色 car\n".encode("gbk"), "红色 car", id="gbk and ascii"),
        pytest.param("7 屋顶\n".encode(), "屋顶", id="utf-8"),
    ],
)
def test_encodings_of_lists(line: bytes, expected: str):
    assert parse_line(line) == ("7", expected)


@pytest.mark.parametrize("suffix", [".TIF", ".jpeg", ".JPEG", ".Png".upper()])
def test_suffixes_of_any_case(tmp_path: Path, suffix: str):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
        form = {".TIF": "TIFF", ".PNG": "PNG"}.get(suffix, "JPEG")
        Image.fromarray(mask(9) * 255).save(tmp_path / folder / f"1{suffix}", form)
    (tmp_path / "output_phrase_val.txt").write_text("1 it\n")
    (pair,), errors, _ = records_of("refsegrs", tmp_path)
    assert pair.image == tmp_path / "images" / f"1{suffix}" and not errors


def shard(path: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(path, "w") as made:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))


def patch(number: int) -> bytes:
    said = [{"task": 1, "text": "A field.", "annotator": "a"}]
    return json.dumps({"metadata": {"patch_id": number}, "annotations": said}).encode()


@pytest.mark.parametrize("first", ["._1.json", "__MACOSX/._1.json", "info.json", "d/._1.json"])
def test_a_shard_packed_on_macos(tmp_path: Path, first: str):
    members = {first: b"\0\5\x16\7", "._1.jpg": b"\0\5", "1.jpg": b"x", "1.json": patch(1)}
    shard(tmp_path / "val-000000.tar", members)
    shard(tmp_path / "val-000001.tar", {"22.05.jpg": b"x", "22.05.json": patch(2)})
    (tmp_path / "val-000002.tar.gz").write_bytes(b"x")
    assert FORMATS["rsteller"].detect(tmp_path)
    images, errors, notes = records_of("rsteller", tmp_path)
    assert [image.image_id for image in images] == ["1", "2"]
    assert len(errors) == (first == "info.json")
    assert any("file manager" in note for note in notes)
    assert any("compressed shards are not read, val-000002.tar.gz" in note for note in notes)


@pytest.mark.parametrize(
    ("dtype", "absent"),
    [(np.uint16, 65535), (np.int16, -9999), (np.float32, -9999), (np.float32, np.nan),
     (np.float32, -3.4e38), (np.float64, np.inf)],
)  # fmt: skip
def test_pixels_without_data_are_black(tmp_path: Path, dtype: Any, absent: float):
    pixels = np.linspace(100, 3000, 40 * 60).reshape(40, 60).astype(dtype)
    pixels[:20, :30] = absent
    tifffile.imwrite(tmp_path / "a.tif", pixels)
    rgb, told = decode_rgb(tmp_path / "a.tif")
    assert told and not rgb[:20, :30].any()
    assert rgb[:20, 30:].min() < 20 and rgb[20:].max() > 240 and len(np.unique(rgb)) > 100


def test_declared_values_are_no_data(tmp_path: Path, capfd: pytest.CaptureFixture[str]):
    pixels = np.linspace(100, 3000, 2400).reshape(40, 60).astype(np.uint16)
    pixels[:20] = 7
    for name, text in (("a.tif", "7"), ("b.tif", "none")):
        tags = [(42113, "s", 0, text, True)]
        tifffile.imwrite(tmp_path / name, pixels, extratags=tags)
        rgb, told = decode_rgb(tmp_path / name)
        assert told == ("7 (declared)" if name == "a.tif" else "")
        assert not rgb[:20].any()
    assert capfd.readouterr().err == ""


def area(given: np.ndarray | Exception) -> int:
    assert isinstance(given, np.ndarray), given
    return int(given.sum())


def coco(tmp_path: Path, *rows: Any, **params: str) -> Any:
    (tmp_path / "p.json").write_text(json.dumps(list(rows)))
    return PREDICTORS["results"].load({"path": str(tmp_path / "p.json"), **params}, "cpu")


class TestCoco:
    def test_a_first_record_without_a_mask(self, tmp_path: Path):
        rle = encode_rle(mask(5))
        results = coco(tmp_path, {"image_id": "x"}, {"image_id": "a", "segm": rle})
        assert area(answer(results, query())) == 5
        given = answer(results, query("x"))
        assert isinstance(given, MaskError) and str(given).startswith("p.json[0]: it has no mask")

    @pytest.mark.parametrize("score", ["high", "0.9", float("nan"), True])
    def test_scores_that_are_no_numbers(self, tmp_path: Path, score: Any):
        row = {"image_id": "a", "segmentation": encode_rle(mask(5)), "score": score}
        given = answer(coco(tmp_path, row), query())
        assert isinstance(given, MaskError) and "its score is not a number" in str(given)

    @pytest.mark.parametrize("score", [-4.2, 0, None, 17])
    def test_all_scores_count_unless_asked(self, tmp_path: Path, score: Any):
        row = {"image_id": "a", "segmentation": encode_rle(mask(5)), "score": score}
        assert area(answer(coco(tmp_path, row), query())) == 5

    @pytest.mark.parametrize("nothing", [[[]], [[], []]])
    def test_no_rings_are_nothing(self, tmp_path: Path, nothing: Any):
        given = answer(coco(tmp_path, {"image_id": "a", "segmentation": nothing}), query())
        assert isinstance(given, np.ndarray) and given.shape == SHAPE and not given.any()

    def test_normalised_polygons(self, tmp_path: Path):
        row = {"image_id": "a", "segmentation": [[0, 0, 0.5, 0, 0.5, 1, 0, 1]]}
        results = coco(tmp_path, row)
        given = answer(results, query())
        assert isinstance(given, np.ndarray) and given[:, :4].all() and not given[:, 6:].any()
        assert any("shares of the image" in note for note in results.notes())
        dot = answer(coco(tmp_path, row, polygons="pixels"), query())
        assert area(dot) < 9

    def test_a_swapped_size(self, tmp_path: Path):
        block = np.zeros(SHAPE, np.uint8)
        block[1:5, 2:4] = 1
        rle = encode_rle(block) | {"size": [8, 6]}
        results = coco(tmp_path, {"image_id": "a", "segmentation": rle})
        np.testing.assert_array_equal(answer(results, query()), block)  # type: ignore[arg-type]
        assert any(note.kind == "rle_size" for note in results.notes())


def test_predictions_say_how_they_were_read(tmp_path: Path):
    for number in range(3):
        Image.fromarray(mask(9) * 2).save(tmp_path / f"{number}.png")
    results: Any = PREDICTORS["results"].load({"path": str(tmp_path)}, "cpu")
    for number in range(3):
        assert area(answer(results, query(str(number)))) == 9
    (note,) = results.notes()
    assert (note, note.times, note.example) == ("masks of 0 and 2: 2 is the target", 3, "0.png")


def test_two_scales_are_counted():
    shares, percent = [(0.1, 0.2, 0.3, 0.4)] * 35, [(10.0, 20.0, 30.0, 40.0)] * 5
    assert mixed_scales(shares + percent) == {"unit": 35, "percent": 5}
    assert mixed_scales(shares) == mixed_scales(percent) == {}


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ('[{"bbox_2d": [1, 2, 3, 4], "label": "ship"}]', ["ship"]),
        ('{"label": "car", "bbox_2d": [1, 2, 3, 4]}', ["car"]),
        ('[{"bbox_2d": [1, 2, 3, 4], "label": "a"}, {"bbox_2d": [5, 6, 7, 8], "label": "b"}]',
         ["a", "b"]),
        ("<ref>ship</ref> [1, 2, 3, 4]", ["ship"]),
    ],
)  # fmt: skip
def test_labels_of_their_own(text: str, labels: list[str]):
    assert [box.label for box in find_boxes(text)] == labels


class TestDecisions:
    def test_alike_are_counted_and_said_once(self):
        decisions = Decisions(["a note"])
        for name in ("a", "b"):
            decisions(Decision("masks of 0 and 2", "mask_values", example=name, override="x=..."))
        line = "mask_values: 2 masks of 0 and 2, a the first; --param x=... decides otherwise"
        assert (decisions.notes, decisions.lines()) == (["a note"], [line])
        (stored,) = decisions.stored("import")
        assert (stored["count"], stored["example"], stored["step"]) == (2, "a", "import")

    def test_what_is_usual_is_told_beside_another_only(self):
        decisions = Decisions([Decision("one", "k", usual=True)])
        assert decisions.lines() == [] and len(decisions.stored("s")) == 1
        decisions(Decision("two", "k", usual=True))
        assert len(decisions.lines()) == 2

    def test_many_kinds_take_few_lines(self):
        decisions = Decisions(Decision(str(n), "k") for n in range(5000))
        assert len(decisions.lines()) == MOST_REPORTED + 1


def test_explain_says_and_keeps_nothing(tmp_path: Path):
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    Image.fromarray(np.dstack([mask(9)] * 3)).save(tmp_path / "images" / "1.tif")
    Image.fromarray(mask(9) * 2).save(tmp_path / "masks" / "1.tif")
    (tmp_path / "output_phrase_val.txt").write_text("1 it\n2 that\n")
    before = sorted(tmp_path.rglob("*"))
    found = explain("auto", tmp_path)
    assert (found.format, found.records, len(found.skipped)) == ("refsegrs", 2, 1)
    assert [d["rule"] for d in found.decisions] == ["masks of 0 and 2: 2 is the target"]
    assert sorted(tmp_path.rglob("*")) == before
