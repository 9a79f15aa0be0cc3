"""Predictions made elsewhere: folders of masks, whole, broken and hostile."""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.base import NoPrediction
from pairlens.importers.decisions import Decision, line_of
from pairlens.importers.errors import MaskError, UsageError
from pairlens.importers.rle import encode_rle
from tests.unit.predictions import answer, load, mask, put, query, value


def test_what_is_not_there_is_no_failure(tmp_path: Path):
    put(tmp_path / "b.png", 3)
    results = load(tmp_path)
    given = answer(results, query("a"))
    assert isinstance(given, NoPrediction)
    assert str(given) == "no mask file has the name of the pair or its image"
    assert results.unused() == ["b.png"]


def write_npz(**arrays: Any) -> bytes:
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


WRITERS: dict[str, Callable[[Path], object]] = {
    "a.png": lambda p: Image.fromarray(mask(5)).save(p),
    "a.PNG": lambda p: Image.fromarray(mask(5) * 255).save(p),
    "a.tif": lambda p: tifffile.imwrite(p, mask(5)),
    "a.tiff": lambda p: tifffile.imwrite(p, mask(5).astype(np.uint16)),
    "a.bmp": lambda p: Image.fromarray(mask(5) * 255).save(p),
    "a.npy": lambda p: np.save(p, mask(5).astype(bool)),
    "a.npz": lambda p: np.savez(p, anything=mask(5).astype(np.int64)),
}


@pytest.mark.parametrize("name", WRITERS)
def test_kinds_of_mask_files(tmp_path: Path, name: str):
    WRITERS[name](tmp_path / name)
    results = load(tmp_path)
    assert value(results, query("a")) == 5
    assert results.unused() == []


def test_a_jpeg_mask_is_cut_at_the_half(tmp_path: Path):
    truth = np.zeros((64, 64), np.uint8)
    truth[16:48, 16:40] = 255
    Image.fromarray(truth).save(tmp_path / "a.jpg", quality=80)
    given = answer(load(tmp_path), query("a"))
    np.testing.assert_array_equal(given, truth > 0)


def test_ignore_pixels_are_not_predicted(tmp_path: Path):
    pixels = mask(4)
    pixels[-1] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    given = {"path": str(tmp_path), "mask_values": "ignore=255"}
    assert value(PREDICTORS["results"].load(given, "cpu"), query("a")) == 4


def test_of_several_arrays_the_prediction_is_taken(tmp_path: Path):
    np.savez(tmp_path / "a.npz", gt=mask(9), pred=mask(2)[None])
    np.savez(tmp_path / "b.npz", gt=mask(9), other=mask(2))
    results = load(tmp_path)
    assert value(results, query("a")) == 2
    given = answer(results, query("b"))
    assert isinstance(given, MaskError)
    assert str(given) == "b.npz: it holds 2 arrays and none is called 'pred'"


@pytest.mark.parametrize(
    ("files", "expected", "unused"),
    [
        pytest.param({"gres_test_a_0.png": 1}, 1, [], id="key"),
        pytest.param({"a.png": 2}, 2, [], id="image id"),
        pytest.param({"picture.png": 3}, 3, [], id="image file"),
        pytest.param(
            {"picture.png": 3, "a.png": 2, "gres_test_a_0.tif": 1},
            1,
            ["a.png", "picture.png"],
            id="key before id before file",
        ),
        pytest.param(
            {"picture.png": 3, "a.tif": 2, "gres_test_a_1.png": 1},
            2,
            ["gres_test_a_1.png", "picture.png"],
            id="another query's key",
        ),
        pytest.param({"test/a.png": 4}, 4, [], id="split folder"),
        pytest.param({"masks/test/deep/a.png": 4}, 4, [], id="deep split folder"),
        pytest.param(
            {"test/a.png": 4, "train/a.png": 5, "val/a.png": 6},
            4,
            ["train/a.png", "val/a.png"],
            id="one per split",
        ),
        pytest.param({"a.png": 7, "test/a.png": 4}, 4, ["a.png"], id="split before none"),
        pytest.param({"train/test/a.png": 4}, 4, [], id="the inner folder says"),
        pytest.param({"a.png": 2, "._a.png": 3, ".hidden/a.png": 4}, 2, [], id="hidden files"),
    ],
)
def test_names(tmp_path: Path, files: dict[str, int], expected: int, unused: list[str]):
    for name, number in files.items():
        put(tmp_path / name, number)
    results = load(tmp_path)
    assert value(results, query("a", name="picture.jpg")) == expected
    assert results.unused() == unused


def test_a_key_with_other_separators_names_one_pair(tmp_path: Path):
    put(tmp_path / "table_test_images_a b.png_2.png", 5)
    results = load(tmp_path)
    asked = replace(query("a", name="a b.png"), key="table/test/images/a b.png#2")
    assert isinstance(answer(results, replace(asked, key=asked.key[:-1] + "3")), NoPrediction)
    assert value(results, asked) == 5
    other = answer(results, replace(asked, key="table/test/images_a b.png#2"))
    assert isinstance(other, MaskError) and "is named for table/test/images/a b" in str(other)


@pytest.mark.parametrize("form", ["files", "records", "stack"])
def test_a_mask_that_serves_several_queries_is_reported(tmp_path: Path, form: str):
    places = {"files": "a.png", "records": "p.json[0]", "stack": "masks.npz[0]"}
    if form == "files":
        put(tmp_path / "a.png", 2)
        put(tmp_path / "b.png", 2)
    elif form == "records":
        rows = [{"image_id": name, "segmentation": encode_rle(mask(2))} for name in "ab"]
        (tmp_path / "p.json").write_text(json.dumps(rows))
    else:
        np.savez(tmp_path / "masks.npz", masks=np.stack([mask(2)] * 2), keys=np.array(["a", "b"]))
    results = load(tmp_path)

    def reported() -> list[str]:
        notes = (note for note in results.notes() if isinstance(note, Decision))
        return [line_of(note) for note in notes if note.kind == "shared_masks"]

    assert [value(results, one) for one in (query("a"), query("a"), query("b", 1))] == [2, 2, 2]
    assert reported() == []
    assert [value(results, query("a", n)) for n in (1, 2)] == [2, 2]
    assert reported() == [
        f"shared_masks: 1 masks named by image serve each of its queries, {places[form]} the first"
    ]


def test_files_that_are_not_read_are_reported(tmp_path: Path):
    put(tmp_path / "a.png", 2)
    assert load(tmp_path).notes() == []
    (tmp_path / "log.json").write_text('{"loss": 1}')
    (tmp_path / "preds.pt").write_bytes(b"PK")
    notes = [line_of(note) for note in load(tmp_path).notes() if isinstance(note, Decision)]
    assert notes == ["files: 2 hold no predictions that are read, log.json the first"]


def test_a_file_of_another_split_does_not_serve(tmp_path: Path):
    put(tmp_path / "train" / "a.png", 1)
    assert isinstance(answer(load(tmp_path), query("a", split="test")), NoPrediction)


def test_a_mask_named_by_image_serves_all_its_queries(tmp_path: Path):
    put(tmp_path / "a.png", 7)
    put(tmp_path / "gres_test_a_1.png", 8)
    results = load(tmp_path)
    assert [value(results, query("a", index)) for index in range(3)] == [7, 8, 7]


def test_an_odd_id_is_found_as_written_and_as_stored(tmp_path: Path):
    from pairlens.importers.files import safe_name

    put(tmp_path / "été 1.png", 3)
    put(tmp_path / f"{safe_name('é/2')}.png", 4)
    results = load(tmp_path)
    assert value(results, query("été 1", name="x.jpg")) == 3
    assert value(results, query("é/2", name="y.jpg")) == 4


def test_two_files_for_one_pair_are_refused(tmp_path: Path):
    put(tmp_path / "a.png", 1)
    put(tmp_path / "more" / "a.png", 2)
    put(tmp_path / "b.png", 3)
    results = load(tmp_path)
    given, after = results.predict([query("a"), query("b")])
    assert isinstance(given, MaskError)
    assert str(given) == "2 files claim gres/test/a#0: a.png, more/a.png; keep one"
    np.testing.assert_array_equal(after, mask(3))


def test_a_single_mask_file(tmp_path: Path):
    put(tmp_path / "b.png", 3)
    results = load(put(tmp_path / "a.png", 2))
    assert value(results, query("a")) == 2
    assert isinstance(answer(results, query("b")), NoPrediction)


def npy_header(shape: str, descr: str = "'|u1'") -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


def pickled() -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    return stream.getvalue()


def bomb() -> bytes:
    """Two arrays that claim to be large, one of them in truth."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pred.npy", npy_header("(100000, 100000)"))
        archive.writestr("gt.npy", npy_header("(1, 1)") + bytes(1 << 20))
    return stream.getvalue()


def damaged() -> bytes:
    """An NPZ whose compressed data are overwritten in the middle."""
    noise = np.random.default_rng(0).integers(0, 2, (200, 200), np.uint8)
    data = bytearray(write_npz(pred=noise))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    return bytes(data)


BROKEN = {
    "empty-png.png": b"",
    "text-png.png": b"no picture",
    "empty-npy.npy": b"",
    "short.npy": npy_header("(6, 8)") + b"\x01",
    "huge.npy": npy_header("(100000, 100000)"),
    "negative.npy": npy_header("(-6, 8)") + bytes(48),
    "pickle.npy": pickled(),
    "cube.npy": npy_header("(4, 6, 8)") + bytes(192),
    "code.npy": npy_header("__import__('os').getcwd()"),
    "text-npz.npz": b"no archive",
    "none.npz": write_npz(),
    "bomb.npz": bomb(),
    "damaged.npz": damaged(),
    "text-tif.tif": b"II*\x00 no picture",
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_files_are_the_failure_of_their_pair_alone(tmp_path: Path):
    for name, data in BROKEN.items():
        (tmp_path / name).write_bytes(data)
    put(tmp_path / "good.png", 6)
    *given, last = load(tmp_path).predict(
        [*(query(Path(name).stem) for name in BROKEN), query("good")]
    )
    for name, error in zip(BROKEN, given, strict=True):
        assert isinstance(error, MaskError), name
        assert name in str(error)
        assert "\n" not in str(error)
    np.testing.assert_array_equal(last, mask(6))


def test_links_are_not_followed_out_of_the_folder(tmp_path: Path):
    put(tmp_path / "outside" / "a.png", 1)
    inner = tmp_path / "inside"
    put(inner / "real" / "b.png", 2)
    (inner / "a.png").symlink_to(tmp_path / "outside" / "a.png")
    (inner / "folder").symlink_to(tmp_path / "outside", target_is_directory=True)
    (inner / "loop").symlink_to(inner, target_is_directory=True)
    (inner / "gone.png").symlink_to(inner / "nothing.png")
    (inner / "c.png").symlink_to(inner / "real" / "b.png")
    results = load(inner)
    assert isinstance(answer(results, query("a")), NoPrediction)
    assert value(results, query("b")) == 2
    assert value(results, query("c")) == 2
    assert results.unused() == []


def test_a_pipe_is_no_mask_file(tmp_path: Path):
    os.mkfifo(tmp_path / "a.png")
    assert isinstance(answer(load(tmp_path), query("a")), NoPrediction)


@pytest.mark.parametrize(
    ("params", "says"),
    [
        ({}, "needs the parameter 'path'"),
        ({"path": ""}, "results.path takes a text"),
        ({"path": "no/such"}, "there is no folder or file 'no/such'"),
        ({"path": "nul\0"}, "there is no folder or file"),
        ({"path": "x" * 5000}, "there is no folder or file"),
        ({"path": ".", "match": "key"}, "no parameter 'match'; it has path"),
    ],
    ids=["none", "empty", "missing", "null", "long", "unknown"],
)
def test_bad_parameters(params: dict[str, str], says: str):
    with pytest.raises(UsageError) as caught:
        PREDICTORS["results"].load(params, "cpu")
    assert says in str(caught.value)
