"""The GRES reader: its layouts, its records, and what it makes of broken files."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.errors import LayoutError, RecordError, UnknownName, UsageError
from pairlens.importers.formats import FORMATS, find_format, gres
from pairlens.importers.records import NoTarget, Pair, Polygons

SQUARE = [[1, 1], [9, 1], [9, 9], [1, 9]]


def shape(label: str = "target", points: Any = SQUARE, **more: Any) -> dict[str, Any]:
    return {"label": label, "points": points, "image_name": "a.jpg", **more}


def content(**changes: Any) -> dict[str, Any]:
    return {"text": ["the red car", "a car"], "is_sentence": True, "shapes": [shape()], **changes}


def put(root: Path, data: Any, name: str = "a", split: str = "test") -> Path:
    """Writes an annotation: bytes as they are, anything else as JSON."""
    file = root / "gres_annotations" / split / f"{name}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
    return file


def read(root: Path, **options: Any) -> tuple[list[Pair], list[str], list[str]]:
    """Pairs, errors as ``source: reason``, and notes."""
    errors: list[RecordError] = []
    notes: list[str] = []
    pairs = list(gres.read(root, on_error=errors.append, on_note=notes.append, **options))
    return pairs, [str(e) for e in errors], notes


def test_a_pair_has_what_was_published(tmp_path: Path):
    put(tmp_path, content(text=[" The red car\n", ""]), "lisat_1")
    (tmp_path / "gres_images" / "test").mkdir(parents=True)
    (tmp_path / "gres_images" / "test" / "a.jpg").touch()
    pairs, errors, _ = read(tmp_path)
    assert errors == []
    assert [(p.key, p.phrase) for p in pairs] == [
        ("gres/test/lisat_1#0", " The red car\n"), ("gres/test/lisat_1#1", ""),
    ]  # fmt: skip
    first = pairs[0]
    assert (first.image_id, first.split, first.image_name) == ("lisat_1", "test", "a.jpg")
    assert first.image == tmp_path / "gres_images" / "test" / "a.jpg"
    assert str(first.source) == "gres_annotations/test/lisat_1.json[0]"
    assert isinstance(first.target, Polygons)
    assert first.target.shapes[0].points == ((1, 1), (9, 1), (9, 9), (1, 9))


@pytest.mark.parametrize(
    ("annotations", "images"),
    [
        pytest.param("gres_annotations", "gres_images", id="as on GitHub"),
        pytest.param("gres-annotations", "gres-images", id="with hyphens"),
        pytest.param("gres_annotations", "gres-images", id="one of each"),
        pytest.param(".", ".", id="side by side, as LISAt's loader has it"),
        pytest.param("gres_annotations", "gres_annotations", id="side by side, in its folder"),
    ],
)
def test_layouts(tmp_path: Path, annotations: str, images: str):
    for split in ("train", "test"):
        for folder, name, data in ((annotations, "a.json", content()), (images, "a.jpg", None)):
            (tmp_path / folder / split).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / split / name).write_text(json.dumps(data))
    assert find_format("auto", tmp_path).name == "gres"
    pairs, errors, _ = read(tmp_path)
    assert (len(pairs), errors, gres.count(tmp_path)) == (4, [], 2)
    assert {p.image for p in pairs} == {tmp_path / images / s / "a.jpg" for s in ("train", "test")}
    assert len(read(tmp_path, splits=("train",))[0]) == 2


def test_a_broken_first_file_hides_no_dataset(tmp_path: Path):
    put(tmp_path, content(), "good")
    for name in ("._good", "empty", "00"):
        put(tmp_path, b"", name)
    (tmp_path / "gres_annotations" / "test" / "folder.json").mkdir()
    assert gres.detect(tmp_path)
    pairs, errors, notes = read(tmp_path)
    assert (len(pairs), len(errors)) == (2, 3)
    assert [note for note in notes if "file manager" in note] != []


@pytest.mark.parametrize("split", [None, "train"])
def test_other_folders_are_not_taken_for_gres(tmp_path: Path, split: str | None):
    if split:
        (tmp_path / split).mkdir()
        (tmp_path / split / "coco.json").write_text('{"annotations": []}')
    assert not gres.detect(tmp_path)
    assert (list(gres.read(tmp_path)), gres.count(tmp_path)) == ([], 0)
    with pytest.raises(LayoutError, match="looks like no known format"):
        find_format("auto", tmp_path)


def test_one_format_is_not_read_as_another(tmp_path: Path):
    put(tmp_path, content())
    with pytest.raises(LayoutError, match=r"does not hold refsegrs.*It looks like gres"):
        find_format("refsegrs", tmp_path)
    for folder in ("images", "masks"):
        (tmp_path / folder).mkdir()
    (tmp_path / "output_phrase_val.txt").touch()
    with pytest.raises(LayoutError, match="looks like gres and refsegrs; name the format"):
        find_format("auto", tmp_path)
    assert find_format("gres", tmp_path) is FORMATS["gres"]


def test_requests_that_name_nothing(tmp_path: Path):
    known = r"no format .gress. .did you mean .gres...; known: .*gres, "
    with pytest.raises(UnknownName, match=known):
        find_format("gress", tmp_path / "absent")
    with pytest.raises(UsageError, match="is not a folder"):
        find_format("gres", tmp_path / "absent")


def test_the_real_excerpt(shared_data: Path):
    pairs, errors, notes = read(shared_data / "gres")
    assert errors == []
    assert Counter(p.split for p in pairs) == {"train": 6901, "val": 144, "test": 493}
    assert len({p.key for p in pairs}) == 7538
    assert len({(p.split, p.image_id) for p in pairs}) == gres.count(shared_data / "gres") == 2938
    assert sum(p.image is not None for p in pairs) == 2
    for split, ids in (("train", 2301), ("val", 144), ("test", 493)):
        said = [n for n in notes if n.startswith(f"{split}:")]
        assert any(f"{ids:,} annotation files; the release has" in n for n in said)
        assert any("more than once" in n for n in said)


def test_notes_on_id_lists(tmp_path: Path):
    put(tmp_path, content(), "a")
    put(tmp_path, content(), "b")
    (tmp_path / "gres_annotations" / "test" / "test.txt").write_bytes(
        b"\xef\xbb\xbfa\r\na\r\nc\r\n\xff\r\n"
    )
    notes = read(tmp_path)[2]
    assert notes[0] == "test: 2 annotation files; the release has 1,510"
    assert notes[1].startswith("test: test.txt lists 1 of its 3 ids more than once (4 lines)")
    assert notes[2:] == [
        "test: 2 listed ids have no file, 'c' the first",
        "test: 1 files are not listed, 'b' the first",
    ]
    put(tmp_path, content(), split="val")
    assert "val: no id list val.txt" in read(tmp_path)[2]


@pytest.mark.parametrize(
    ("premises", "queries"),
    [
        pytest.param(None, [], id="null"),
        pytest.param([], [], id="empty"),
        pytest.param([["a boat", True], ["a ship", False]], ["a boat", "a ship"], id="as read"),
        pytest.param(["a boat"], ["a boat"], id="bare"),
    ],
)
def test_false_premises_have_no_target(tmp_path: Path, premises: Any, queries: list[str]):
    put(tmp_path, content(false_premise_QA=premises))
    pairs, errors, _ = read(tmp_path)
    assert ([p.phrase for p in pairs[2:]], errors) == (queries, [])
    assert [p.no_target for p in pairs] == [False] * 2 + [True] * len(queries)
    assert all(isinstance(p.target, NoTarget) for p in pairs[2:])
    assert [p.source.index for p in pairs] == list(range(len(pairs)))


@pytest.mark.parametrize(
    ("shapes", "drawn"),
    [
        pytest.param([shape(), shape("Ignore_1")], [False, True], id="ignore, any case"),
        pytest.param([shape("FLAG"), shape()], [False], id="flag is left out"),
        pytest.param([shape("flagpole")], [False], id="a flagpole is not"),
        pytest.param([], [], id="none"),
        pytest.param([shape(points=[])], [False], id="no points"),
    ],
)
def test_shapes(tmp_path: Path, shapes: list[Any], drawn: list[bool]):
    put(tmp_path, content(shapes=shapes))
    pairs, errors, _ = read(tmp_path)
    assert errors == []
    assert isinstance(pairs[0].target, Polygons)
    assert [s.ignore for s in pairs[0].target.shapes] == drawn
    assert pairs[0].image_name == "a.jpg"


@pytest.mark.parametrize("text", ["café", "«50 µm»"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_encodings(tmp_path: Path, text: str, encoding: str):
    data = json.dumps(content(text=[text]), ensure_ascii=False, indent=1).replace("\n", "\r\n")
    file = put(tmp_path, data.encode(encoding))
    pairs, errors, _ = read(tmp_path)
    assert ([p.phrase for p in pairs], errors) == ([text], [])
    assert gres.load_annotation(file, "a")[1] == encoding


def subset_of(pairs: list[Pair]) -> dict[str, tuple[str, ...]]:
    return {pair.image_id: pair.subsets for pair in pairs}


def test_without_lists_or_folders_there_are_no_subsets(tmp_path: Path):
    put(tmp_path, content(), "a")
    put(tmp_path, content(), "b", "train")
    assert subset_of(read(tmp_path)[0]) == {"a": (), "b": ()}


@pytest.mark.parametrize("place", ["large.txt", "test/large.txt"])
def test_a_list_names_a_part_of_the_test_split(tmp_path: Path, place: str):
    for name, split in (("a", "test"), ("b", "test"), ("a", "train")):
        put(tmp_path, content(), name, split)
    (tmp_path / "gres_annotations" / place).write_text("a\na.json\nabsent\n")
    pairs, errors, _ = read(tmp_path)
    assert errors == []
    found = {(p.split, p.image_id): p.subsets for p in pairs}
    assert found == {("train", "a"): (), ("test", "a"): ("large",), ("test", "b"): ()}


@pytest.mark.parametrize("place", ["small", "test/small"])
def test_a_folder_holds_a_part_of_the_test_split(tmp_path: Path, place: str):
    put(tmp_path, content(), "a")
    put(tmp_path, content(text=["once"]), "a", place)  # a copy of what the split has
    put(tmp_path, content(), "b", place)
    (tmp_path / "gres_annotations" / place / "a.jpg").touch()
    pairs, errors, _ = read(tmp_path)
    assert errors == []
    assert subset_of(pairs) == {"a": ("small",), "b": ("small",)}
    assert len(pairs) == 4 and gres.count(tmp_path) == 2
    assert pairs[2].source.file == f"gres_annotations/{place}/b.json"
    assert pairs[2].image == tmp_path / "gres_annotations" / place / "a.jpg"
    assert {p.split for p in pairs} == {"test"}


def test_a_folder_of_a_part_is_enough(tmp_path: Path):
    put(tmp_path, content(), "a", "large")
    assert find_format("auto", tmp_path).name == "gres"
    assert subset_of(read(tmp_path, splits=("test",))[0]) == {"a": ("large",)}
    assert read(tmp_path, splits=("train",))[0] == []
