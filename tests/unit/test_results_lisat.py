"""LISAt's own output as predictions: several ranks and runs, broken and hostile files."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.predictors.base import NoPrediction
from pairlens.importers.errors import LayoutError, MaskError
from tests.unit.predictions import answer, load, mask, put, query, value


def entry(path: object, questions: int = 1) -> dict[str, object]:
    """One image's record as eval_lisat.py writes it."""
    return {
        "conversation_list": ["Where is the car? Please output segmentation mask."] * questions,
        "pred_sent": ["Sure, it is [SEG] ."] * questions,
        "gt_exists": [True] * questions,
        "ref_ids": [[0]],
        "sent_ids": [[0]],
        "pred_exists": [True] * questions,
        "segmentation_path": path,
    }


def save_rank(
    folder: Path, images: dict[str, list[np.ndarray]], rank: int = 0, world: int = 1
) -> Path:
    """Writes one rank's files, as ``inference`` and ``save_preds`` do."""
    (folder / "segmentation_mask").mkdir(parents=True, exist_ok=True)
    records = {}
    for number, (image, masks) in enumerate(images.items(), 1):
        name = f"segmentation_mask/{rank}_{number:04d}.npz"
        stack = np.stack(masks).astype(np.int32)
        np.savez_compressed(folder / name, pred=stack, gt=1 - stack)
        records[image] = entry(name, len(masks))
    return save_json(folder, records, rank, world)


def save_json(folder: Path, records: object, rank: int = 0, world: int = 1) -> Path:
    path = folder / f"preds_GeoReasonSeg_{rank}_of_{world}.json"
    path.write_text(json.dumps(records))
    return path


def test_lisat_answers_the_first_query_of_an_image(tmp_path: Path):
    save_rank(tmp_path, {"/data/gres/test/a.jpg": [mask(4)], "/data/gres/test/b.jpg": [mask(5)]})
    results = load(tmp_path)
    assert value(results, query("a")) == 4
    assert results.unused() == ["segmentation_mask/0_0002.npz"]
    second, other = results.predict([query("a", 1), query("c")])
    assert isinstance(second, NoPrediction)
    assert str(second) == "the model was asked other queries of its image"
    assert isinstance(other, NoPrediction)
    assert value(results, query("some id", name="b.jpg")) == 5
    assert results.unused() == []


def test_lisat_ranks_are_read_together_and_alone(tmp_path: Path):
    save_rank(tmp_path, {"x/a.jpg": [mask(1)]}, 0, 2)
    second = save_rank(tmp_path, {"x\\b.jpg": [mask(2)]}, 1, 2)
    both, one = load(tmp_path), load(second)
    assert [value(both, query(i)) for i in "ab"] == [1, 2]
    assert isinstance(answer(one, query("a")), NoPrediction)
    assert one.unused() == ["segmentation_mask/1_0001.npz"]
    assert value(one, query("b")) == 2
    assert one.unused() == []


def test_lisat_runs_in_subfolders_serve_their_splits(tmp_path: Path):
    save_rank(tmp_path / "one", {"gres/test/a.jpg": [mask(1)]})
    save_rank(tmp_path / "two", {"gres/val/a.jpg": [mask(2)]})
    results = load(tmp_path)
    assert value(results, query("a", split="test")) == 1
    assert value(results, query("a", split="val")) == 2
    assert isinstance(answer(results, query("a", split="train")), NoPrediction)


def test_lisat_rows_answer_queries_in_their_order(tmp_path: Path):
    save_rank(tmp_path, {"a.jpg": [mask(1), mask(2)]})
    results = load(tmp_path)
    assert [value(results, query("a", i)) for i in range(2)] == [1, 2]
    assert isinstance(answer(results, query("a", 2)), NoPrediction)


def test_lisat_loose_files_are_unused(tmp_path: Path):
    save_rank(tmp_path, {"a.jpg": [mask(1)]})
    put(tmp_path / "b.png", 3)
    (tmp_path / "log.txt").write_text("done")
    results = load(tmp_path)
    assert value(results, query("a")) == 1
    assert isinstance(answer(results, query("b")), NoPrediction)
    assert results.unused() == ["b.png"]


def test_lisat_two_predictions_of_one_image_are_refused(tmp_path: Path):
    save_rank(tmp_path, {"a.jpg": [mask(1)], "b.jpg": [mask(3)]}, 0, 2)
    save_rank(tmp_path, {"a.jpg": [mask(2)]}, 1, 2)
    first, second = load(tmp_path).predict([query("a"), query("b")])
    assert isinstance(first, MaskError)
    assert str(first) == (
        "2 predictions claim gres/test/a#0: segmentation_mask/0_0001.npz, "
        "segmentation_mask/1_0001.npz; keep one run"
    )
    np.testing.assert_array_equal(second, mask(3))


def test_lisat_a_file_written_over_by_another_run_is_refused(tmp_path: Path):
    save_rank(tmp_path, {"a.jpg": [mask(1)], "b.jpg": [mask(2)]}, 0, 1)
    save_rank(tmp_path, {"c.jpg": [mask(3)]}, 0, 2)
    results = load(tmp_path)
    for image in "ac":
        given = answer(results, query(image))
        assert isinstance(given, MaskError)
        assert "0_0001.npz is named for 2 images" in str(given)
    assert value(results, query("b")) == 2


def test_lisat_the_same_prediction_listed_twice_is_one(tmp_path: Path):
    save_rank(tmp_path, {"a.jpg": [mask(1)]}, 0, 2)
    save_json(tmp_path, {"a.jpg": entry("segmentation_mask/0_0001.npz")}, 1, 2)
    assert value(load(tmp_path), query("a")) == 1


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("../secret.npz", "leads out of the folder"),
        ("segmentation_mask/../../secret.npz", "leads out of the folder"),
        ("..\\secret.npz", "leads out of the folder"),
        ("/etc/hostname", "leads out of the folder"),
        ("{outside}", "leads out of the folder"),
        ("link.npz", "leads out of the folder"),
        ("folder/secret.npz", "leads out of the folder"),
        ("loop/a.npz", "is no name of a file"),
        ("segmentation_mask", "does not exist"),
        ("pipe.npz", "does not exist"),
        ("gone.npz", "does not exist"),
        ("x" * 5000, "is no name of a file"),
        ("nul\0.npz", "is no name of a file"),
        ("", "names no mask file but ''"),
        (None, "names no mask file but None"),
        (["a.npz"], "names no mask file"),
        (12, "names no mask file but 12"),
    ],
)
def test_lisat_hostile_paths_are_refused(tmp_path: Path, path: object, says: str):
    np.savez(tmp_path / "secret.npz", pred=mask(40)[None])
    folder = tmp_path / "run"
    save_rank(folder, {"b.jpg": [mask(2)]})
    (folder / "link.npz").symlink_to(tmp_path / "secret.npz")
    (folder / "folder").symlink_to(tmp_path, target_is_directory=True)
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe.npz")
    if path == "{outside}":
        path = str(tmp_path / "secret.npz")
    save_json(folder, {"a.jpg": entry(path)}, 1, 2)
    results = load(folder)
    first, second = results.predict([query("a"), query("b")])
    assert isinstance(first, MaskError), first
    assert says in str(first)
    assert len(str(first)) < 400
    np.testing.assert_array_equal(second, mask(2))
    assert not any("secret" in name for name in results.unused())


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"gt": mask(1), "other": mask(1)}, "none is called 'pred'"),
        ({"pred": np.zeros((0, 6, 8))}, "holds 0 masks"),
        ({"pred": np.zeros((1, 2, 6, 8))}, "0_0001.npz"),
        ({"pred": np.full((1, 6, 8), np.nan)}, "0_0001.npz"),
        ({"pred": np.full((1, 6, 8), "x")}, "0_0001.npz"),
        ({"pred": np.array(["a", None], dtype=object)}, "pickled"),
    ],
    ids=["no pred", "none", "4-d", "nan", "texts", "objects"],
)
def test_lisat_arrays_that_are_no_masks(tmp_path: Path, arrays: dict[str, Any], says: str):
    save_rank(tmp_path, {"a.jpg": [mask(1)], "b.jpg": [mask(2)]})
    np.savez(tmp_path / "segmentation_mask" / "0_0001.npz", **arrays)
    first, second = load(tmp_path).predict([query("a"), query("b")])
    assert isinstance(first, MaskError), first
    assert says in str(first)
    np.testing.assert_array_equal(second, mask(2))


def test_lisat_fewer_masks_than_questions(tmp_path: Path):
    save_rank(tmp_path, {"a.jpg": [mask(1)]})
    save_json(tmp_path, {"a.jpg": entry("segmentation_mask/0_0001.npz", questions=2)})
    given = answer(load(tmp_path), query("a", 1))
    assert isinstance(given, MaskError)
    assert "it holds 1 masks, and the query needs number 1" in str(given)


@pytest.mark.parametrize("record", [None, [], "x", {}, {"conversation_list": 5}], ids=str)
def test_lisat_a_broken_record_is_its_own_failure(tmp_path: Path, record: object):
    save_rank(tmp_path, {"b.jpg": [mask(2)]})
    save_json(tmp_path, {"a.jpg": record}, 1, 2)
    first, second = load(tmp_path).predict([query("a"), query("b")])
    assert isinstance(first, MaskError)
    assert "names no mask file but None" in str(first)
    np.testing.assert_array_equal(second, mask(2))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "is not whole JSON"),
        (b'{"a.jpg": {"conv', "is not whole JSON"),
        (b"\xff\xfe\x00", "is not whole JSON"),
        (b"[" * 100_000, "is not whole JSON"),
        (b"[]", "holds no object"),
    ],
    ids=["empty", "cut", "bytes", "deep", "list"],
)
def test_lisat_a_broken_json_is_refused_at_once(tmp_path: Path, text: bytes, says: str):
    (tmp_path / "preds_GeoReasonSeg_0_of_1.json").write_bytes(text)
    with pytest.raises(LayoutError) as caught:
        load(tmp_path)
    assert says in str(caught.value)
    assert "preds_GeoReasonSeg_0_of_1.json" in str(caught.value)
