"""The RSTeller reader: shards and folders, current and legacy."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.errors import LayoutError, RecordError
from pairlens.importers.formats import find_format, rsteller
from pairlens.importers.formats.rsteller_samples import PatchIds
from pairlens.importers.formats.rsteller_text import parse
from pairlens.importers.records import Caption, CaptionedImage, Footprint, Packed, Source
from tests.unit.tars import annotation, jpeg, put, sample


def read(root: Path, **options: Any) -> tuple[list[CaptionedImage], list[str], list[str]]:
    """Images, errors as ``source: reason``, and notes."""
    errors: list[RecordError] = []
    notes: list[str] = []
    images = list(rsteller.read(root, on_error=errors.append, on_note=notes.append, **options))
    return images, [str(e) for e in errors], notes


def keys(root: Path, **options: Any) -> list[str]:
    return [image.key for image in read(root, **options)[0]]


def put_files(folder: Path, *patches: int, txt: str = "") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for patch in patches:
        (folder / f"{patch}.jpg").write_bytes(jpeg(patch))
        (folder / f"{patch}.json").write_bytes(annotation(patch))


# ------------------------------------------------------------------------- not what this is


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param([], id="an empty archive"),
        pytest.param([("1.jpg", jpeg()), ("1.txt", b"a field")], id="no annotations"),
        pytest.param([("1.jpg", jpeg()), ("1.json", b'{"text": []}')], id="another schema"),
        pytest.param([("readme.md", b"patch_id")], id="no json"),
    ],
)
def test_other_archives_are_not_taken(tmp_path: Path, entries: list[tuple[str, bytes]]):
    put(tmp_path, entries)
    with pytest.raises(LayoutError, match="looks like no known format"):
        find_format("auto", tmp_path)
    with pytest.raises(LayoutError, match=r"does not hold rsteller: expected \*\.tar"):
        find_format("rsteller", tmp_path)


def test_another_folder_is_not_taken(tmp_path: Path):
    put_files(tmp_path, 1)
    (tmp_path / "1.json").write_text('{"metadata": {}}')
    (tmp_path / "a.tar").write_bytes(b"no archive")
    assert not rsteller.detect(tmp_path)


# ------------------------------------------------------------------------------ what is read


def test_an_image_has_what_was_published(shared_data: Path, tmp_path: Path):
    published = (shared_data / "rsteller" / "726.json").read_bytes()
    tar = put(tmp_path, [("726.jpg", jpeg(1)), ("726.json", published)])
    (image,), errors, notes = read(tmp_path)
    content = json.loads(published)
    assert (image.key, image.image_id, image.split) == ("rsteller/train/726", "726", "train")
    assert image.captions == tuple(
        Caption(a["text"], a["task"], a["annotator"]) for a in content["annotations"]
    )
    assert [c.task for c in image.captions] == [1, 3]
    assert image.footprint == Footprint(-75.9375, 41.9375, -75.875, 42.0)
    assert image.captured == date(2022, 11, 8)
    assert image.source == Source("train-000000.tar", 0)
    assert isinstance(image.image, Packed)
    assert image.image.name == "train-000000/726.jpg"
    data = tar.read_bytes()[image.image.offset :][: image.image.size]
    assert data == jpeg(1)
    assert (errors, notes) == ([], ["1 images; the release has 1,309,926 in 240 shards"])


def test_the_legacy_schema(shared_data: Path, tmp_path: Path):
    legacy = (shared_data / "rsteller" / "607.legacy.json").read_bytes()
    put(tmp_path, [("607.json", legacy), ("607.jpg", jpeg())], "Patches0000.tar")
    (image,), errors, notes = read(tmp_path)
    assert (image.key, errors) == ("rsteller/train/607", [])
    assert [(c.task, c.annotator) for c in image.captions] == [(2, None), (3, None)]
    assert notes[1:] == ["2 captions name no annotator, as in the legacy release"]


@pytest.mark.parametrize("name", ["726.json", "607.legacy.json"])
def test_a_python_literal_says_the_same(shared_data: Path, name: str):
    data = (shared_data / "rsteller" / name).read_bytes()
    literal = repr(json.loads(data)).encode()
    assert literal != data
    assert parse(literal) == parse(data) == parse(json.dumps(literal.decode()).encode())


def test_a_single_shard(tmp_path: Path):
    tar = put(tmp_path, sample(1) + sample(2))
    assert find_format("auto", tar).name == "rsteller"
    (first, second), errors, _ = read(tar)
    assert (first.source, second.source.index) == (Source("train-000000.tar", 0), 1)
    assert (errors, rsteller.count(tar)) == ([], 2)


def test_halves_come_in_any_order(tmp_path: Path):
    members = [*sample(1), *sample(2), *sample(3)]
    put(tmp_path, [members[i] for i in (5, 0, 2, 4, 1, 3)])
    images, errors, _ = read(tmp_path)
    assert errors == []
    # Numbered by their first member.
    assert [(i.image_id, i.source.index) for i in images] == [("3", 0), ("1", 1), ("2", 2)]
    for image in images:
        assert isinstance(image.image, Packed)
        stored = image.image.archive.read_bytes()[image.image.offset :][: image.image.size]
        assert stored == jpeg(int(image.image_id))


def test_members_in_folders(tmp_path: Path):
    put(tmp_path, [(f"./train/{name}", data) for name, data in sample(1)])
    (image,), errors, _ = read(tmp_path)
    assert (image.key, errors) == ("rsteller/train/1", [])
    assert isinstance(image.image, Packed) and image.image.name == "train-000000/1.jpg"


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("train-000000.tar", "train"), ("Patches0000.tar", "train"), ("part.tar", "train"),
        ("val-000000.tar", "val"), ("validation_3.tar", "val"), ("test.tar", "test"),
        ("TEST-1.tar", "test"), ("trainer.tar", "train"), ("tests.tar", "train"),
        ("test/shard-0.tar", "test"), ("data/val-0.tar", "val"),
    ],
)  # fmt: skip
def test_splits_by_the_names_of_shards(tmp_path: Path, name: str, split: str):
    put(tmp_path / "dataset", sample(1), name)
    assert keys(tmp_path / "dataset") == [f"rsteller/{split}/1"]
    assert (
        keys(tmp_path / "dataset", splits=[s for s in ("train", "val", "test") if s != split]) == []
    )


def test_an_id_may_stand_in_two_splits(tmp_path: Path):
    put(tmp_path, sample(1), "train-0.tar")
    put(tmp_path, sample(1), "val-0.tar")
    images, errors, _ = read(tmp_path)
    assert [i.key for i in images] == ["rsteller/train/1", "rsteller/val/1"]
    assert errors == []
    names = {i.image.name for i in images if isinstance(i.image, Packed)}
    assert names == {"train-0/1.jpg", "val-0/1.jpg"}


def test_extracted_folders(tmp_path: Path):
    put_files(tmp_path / "train-000000", 10, 9)
    put_files(tmp_path / "val", 9)
    assert find_format("auto", tmp_path).name == "rsteller"
    images, errors, _ = read(tmp_path)
    assert [i.key for i in images] == ["rsteller/train/9", "rsteller/train/10", "rsteller/val/9"]
    assert images[0].image == tmp_path / "train-000000" / "9.jpg"
    assert images[0].source == Source("train-000000/9.json", 0)
    assert (errors, rsteller.count(tmp_path)) == ([], 3)
    assert keys(tmp_path / "val") == ["rsteller/val/9"]


def test_captions_of_an_early_release(tmp_path: Path):
    bare = json.dumps({"metadata": {"patch_id": 1, "image_name": "m_4107501_ne_18_060_20221108"}})
    put(
        tmp_path,
        [
            ("1.jpg", jpeg()), ("1.json", bare.encode()), ("1.txt", b"A field.\r\n\nA road.\n"),
            ("2.jpg", jpeg()), ("2.txt", "\ufeffA caf\xe9.".encode()),
            *sample(3), ("3.txt", b"not read"),
        ],
    )  # fmt: skip
    images, errors, notes = read(tmp_path)
    assert errors == []
    texts = [[c.text for c in i.captions] for i in images]
    assert texts == [["A field.", "A road."], ["A caf\xe9."], ["A field.", "A field, again."]]
    assert [i.footprint is None for i in images] == [False, True, False]
    assert "1 .txt files stand beside annotations, which count" in notes
    assert any(n.startswith("1 images have no location") for n in notes)


@pytest.mark.parametrize("missing", ["jpg", "json"])
def test_missing_halves(tmp_path: Path, missing: str):
    put(tmp_path, [m for m in sample(1) if not m[0].endswith(missing)] + sample(2))
    images, errors, _ = read(tmp_path)
    if missing == "jpg":  # skipped or given a placeholder later, as in every format
        assert next((i.image_id, i.image, i.image_name) for i in images) == ("1", None, "1.jpg")
        assert errors == []
    else:
        assert [i.image_id for i in images] == ["2"]
        assert errors == ["train-000000.tar[0]: there is no 1.json"]


def test_the_current_release_counts_where_both_are_there(tmp_path: Path):
    put(tmp_path, sample(1, "legacy"), "Patches0000.tar")
    put(tmp_path, sample(1, "current"), "train-000000.tar")
    images, errors, _ = read(tmp_path)
    assert [i.captions[0].text for i in images] == ["current"]
    assert errors == ["Patches0000.tar[0]: patch 1 was read before; the first counts"]


def test_the_patch_id_counts_and_not_the_name(tmp_path: Path):
    put(tmp_path, [("000001.jpg", jpeg()), ("000001.json", annotation(1)),
                   ("sample-2.jpg", jpeg()), ("sample-2.json", annotation(22))])  # fmt: skip
    images, errors, notes = read(tmp_path)
    assert [i.image_id for i in images] == ["1", "22"]
    assert errors == []
    assert notes[1].startswith("1 samples are named otherwise than their patch id, 'sample-2'")


def test_names_that_say_no_place_are_counted(tmp_path: Path):
    put(tmp_path, sample(1, name="m_4107501_18_ne_060_20221108") + sample(2))
    images, _, notes = read(tmp_path)
    assert [i.footprint is None for i in images] == [True, False]
    assert [i.captured is None for i in images] == [True, False]
    assert "'m_4107501_18_ne_060_20221108' the first" in notes[-1]


# ------------------------------------------------------------------------------ in bulk


def test_the_reader_is_lazy(tmp_path: Path):
    for number in range(12):
        put(tmp_path, sample(number), f"train-{number:06}.tar")
    reader = rsteller.read(tmp_path)
    assert next(reader).key == "rsteller/train/0"
    put(tmp_path, sample(99), "train-000011.tar")
    assert [image.image_id for image in reader][-1] == "99"


def test_counts_of_many_shards_go_by_size(tmp_path: Path):
    for number in range(20):
        put(tmp_path, sample(2 * number) + sample(2 * number + 1), f"train-{number:06}.tar")
    assert rsteller.count(tmp_path) == 40
    assert rsteller.count(tmp_path, ("val",)) == 0


def test_the_files_a_few_images_need():
    names = ["README.md", "Patches0000.tar", *(f"train-{n:06}.tar" for n in range(3)), "val-0.tar"]
    assert rsteller.wanted(names, ("train",), None) == [*names[2:5], "Patches0000.tar"]
    assert rsteller.wanted(names, ("train",), 10) == ["train-000000.tar"]
    assert rsteller.wanted(names, ("train",), 5001) == ["train-000000.tar", "train-000001.tar"]
    assert rsteller.wanted(names, ("val",), None) == ["val-0.tar"]
    assert rsteller.wanted(["a/1.json", "a/1.jpg"], ("train",), 1) == ["a/1.json", "a/1.jpg"]


@given(st.lists(st.one_of(st.integers(0, 3000), st.integers(0, 1 << 62)), max_size=50))
def test_ids_are_new_once(ids: list[int]):
    seen, known = PatchIds(), set[int]()
    for patch in ids:
        assert seen.add(str(patch)) == (patch not in known)
        known.add(patch)


def test_ids_that_are_no_plain_numbers():
    seen = PatchIds()
    assert [seen.add(i) for i in ("7", "07", "a", "٧", "7", "07", "a")] == [True] * 4 + [False] * 3
