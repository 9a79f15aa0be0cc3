"""RefDIOR: phrases by id, read as its loader reads them, and written."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pairlens.importers.errors import StateError
from tests.unit.exporting_pairs import example_of, export_pairs, masks_of, read_all

NAME = "refdior"
TRAIN = "phrase_txts/train.json"
MASK = np.zeros((64, 64), np.uint8)
MASK[5:9, 40:60] = 1


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return example_of(NAME, tmp_path)


def as_the_loader_reads(root: Path, split: str) -> list[tuple[str, str, str]]:
    """Image, mask and phrase, after ``load_id_phrase_mask_bbox_info``."""
    content = json.loads((root / f"phrase_txts/{split}.json").read_bytes())
    return [
        (f"{root}/images/{number}.jpg", f"{root}/masks/{number}.png", sentence)
        for number, said in content.items()
        for sentence in said["sentences"]
    ]


def test_pairs_are_those_of_the_loader(root: Path, tmp_path: Path) -> None:
    pairs, errors, notes = read_all(NAME, root)
    assert (errors, notes) == ([], [])
    for split in ("train", "val", "test"):
        ours = [(str(p.image), str(p.target.path), p.phrase)  # type: ignore[union-attr]
                for p in pairs if p.split == split]  # fmt: skip
        assert ours == as_the_loader_reads(root, split)
    for key, mask in masks_of(pairs, tmp_path / "media").items():
        with Image.open(root / f"masks/{key[-7:-2]}.png") as published:
            assert np.array_equal(mask, np.asarray(published) > 0) and mask.any()


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ('{"00001": {"bbox": [1]}}', ["phrase_txts/train.json: 00001: has no list 'sentences'"]),
        ('{"00001": []}', ["phrase_txts/train.json: 00001: has no list 'sentences'"]),
        ('{"00001": {"sentences": []}}', ["phrase_txts/train.json: 00001: has no list"]),
        ('{"../a": {"sentences": ["a"]}}', ["phrase_txts/train.json: the id '../a' is no file"]),
        ('{"00001": {"sentences": [7]}}', ["phrase_txts/train.json[0]: the query is int, not a"]),
        ("[]", ["phrase_txts/train.json: holds no JSON object of ids"]),
        ('{"00001"', ["phrase_txts/train.json: is no JSON"]),
        ("[" * 100_000, ["phrase_txts/train.json: is nested too deeply"]),
    ],
)
def test_what_is_broken_is_told(root: Path, text: str, errors: list[str]) -> None:
    (root / TRAIN).write_text(text)
    pairs, found, _ = read_all(NAME, root)
    assert len(found) == len(errors) and len(pairs) == 3
    assert all(one.startswith(start) for one, start in zip(found, errors, strict=True))


def test_an_id_that_stands_twice_loses_nothing(root: Path, tmp_path: Path) -> None:
    (root / TRAIN).write_text('{"00001": {"sentences": ["a"]}, "00002": {"sentences": ["b"]},'
                              ' "00001": {"sentences": ["c", "d"]}}')  # fmt: skip
    pairs, _, _ = read_all(NAME, root, splits=("train",))
    assert [(pair.key[-7:], pair.phrase, pair.source.index) for pair in pairs] == [
        ("00001#0", "a", 0), ("00001#1", "c", 2), ("00001#2", "d", 3), ("00002#0", "b", 1),
    ]  # fmt: skip
    out = export_pairs(root, tmp_path / "out", pairs, drop=[pairs[2].key], edit={pairs[0].key: "e"})
    assert (out / TRAIN).read_text() == (
        '{"00001": {"sentences": ["e"]}, "00002": {"sentences": ["b"]},'
        ' "00001": {"sentences": ["c"]}}'
    )


def test_a_missing_mask_is_no_declaration(root: Path) -> None:
    (root / "masks/00001.png").unlink()
    pairs, errors, _ = read_all(NAME, root)
    assert not errors and not any(pair.no_target for pair in pairs)
    with pytest.raises(AssertionError, match=r"00001.png does not exist"):
        masks_of(pairs[:1], root.parent / "media")


def test_what_is_dropped_and_edited_is_what_is_written(root: Path, tmp_path: Path) -> None:
    text = json.dumps(json.loads((root / TRAIN).read_bytes()), indent=1).replace("\n", "\r\n")
    (root / TRAIN).write_bytes(b"\xef\xbb\xbf" + text.encode())
    pairs, _, _ = read_all(NAME, root)
    keys = [pair.key for pair in pairs]
    out = export_pairs(root, tmp_path / "out", pairs, drop=keys[1:4], edit={keys[0]: "a hut"})
    second = text[text.index('"00002"') : text.index('"00003"')]
    expected = text.replace(second, "", 1).replace(
        '"the red house",\r\n   "a house on the left"', '"a hut"', 1
    )
    assert (out / TRAIN).read_bytes() == b"\xef\xbb\xbf" + expected.encode()
    assert [Path(image).name for image, _, _ in _loaded(out)] == ["00001.jpg"] + ["00003.jpg"] * 2
    assert not (out / "masks/00002.png").exists() and not (out / "images/00002.jpg").exists()


def _loaded(root: Path) -> list[tuple[str, str, str]]:
    file = root / TRAIN
    file.write_bytes(file.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    return as_the_loader_reads(root, "train")


def test_a_mended_mask_brings_its_box(root: Path, tmp_path: Path) -> None:
    pairs, _, _ = read_all(NAME, root)
    mend = {pair.key: MASK for pair in pairs[:2]}
    out = export_pairs(root, tmp_path / "out", pairs, mend=mend)
    before, after = (json.loads((one / TRAIN).read_bytes()) for one in (root, out))
    assert after.pop("00001") == before.pop("00001") | {"bbox": [40, 5, 60, 9]}
    assert after == before
    with Image.open(out / "masks/00001.png") as mask:
        assert np.array_equal(np.asarray(mask), MASK * 255)


def test_a_source_that_has_changed_is_refused(root: Path, tmp_path: Path) -> None:
    pairs, _, _ = read_all(NAME, root)
    (root / TRAIN).write_text('{"00001": {"sentences": ["else"]}}')
    with pytest.raises(StateError, match="record 0 is not what was imported"):
        export_pairs(root, tmp_path / "out", pairs)
