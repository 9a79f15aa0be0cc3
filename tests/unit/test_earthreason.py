"""EarthReason: files that belong together, answers that say nothing, and what is written."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import SPLITS, find_format
from pairlens.importers.formats.example_files import image_bytes, target
from pairlens.importers.sources import SourceRequest, UnpackedPlace, locate
from tests.unit.exporting_pairs import digests_of, example_of, export_pairs, masks_of, read_all

MASK = np.zeros((64, 64), np.uint8)
MASK[5:9, 40:60] = 1
NAME = "earthreason"
KEYS = [f"earthreason/train/{n:05}#{q}" for n in range(3) for q in (0, 1)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return example_of(NAME, tmp_path)


def as_the_loader_pairs(folder: Path) -> list[tuple[str, str, bool]]:
    """Image, first question, and whether its label is marked, after ``RS_val_dataset.py``."""
    images, labels, texts = (sorted((folder / n).iterdir()) for n in ("images", "labels", "QAs"))
    found = []
    for number, image in enumerate(images):
        with Image.open(labels[number]) as label:
            marked = bool((np.asarray(label) != 0).any())
        found.append((image.name, json.loads(texts[number].read_text())["questions"][0], marked))
    return found


def set_questions(root: Path, name: str, content: object) -> None:
    (root / name).write_text(content if isinstance(content, str) else json.dumps(content))


def test_files_are_paired_as_the_loader_pairs_them(root: Path, tmp_path: Path) -> None:
    pairs, errors, notes = read_all(NAME, root)
    assert (errors, notes) == ([], [])
    masks = masks_of(pairs, tmp_path / "media")
    for split in ("train", "val", "test"):
        ours = [(p.image_name, p.phrase, bool(masks[p.key].any())) for p in pairs
                if p.split == split and p.key.endswith("#0")]  # fmt: skip
        assert ours == as_the_loader_pairs(root / split)
    assert [pair.key for pair in pairs[:6]] == KEYS
    assert [pair.no_target for pair in pairs] == [False] * 8 + [True]


def rename(folder: Path, name: str) -> None:
    for file in sorted(folder.iterdir()):
        file.rename(file.with_stem(name.format(file.stem)))


def test_names_with_nothing_in_common_are_paired_by_order_which_is_told(
    root: Path, tmp_path: Path
) -> None:
    rename(root / "train" / "labels", "mask_{}")
    rename(root / "train" / "QAs", "qa_{}")
    pairs, errors, notes = read_all(NAME, root, splits=("train",))
    (told,) = notes
    assert (str(told), told.example, told.override) == (
        "train: files are paired by their order, as their names have nothing in common",
        "00000.jpg, mask_00000.png, qa_00000.json", "pairing=name",
    )  # fmt: skip
    assert not errors and [pair.key for pair in pairs] == KEYS
    found = [(p.image_name, p.phrase, True) for p in pairs[::2]]
    assert found == as_the_loader_pairs(root / "train")
    out = export_pairs(root, tmp_path / "out", pairs, drop=KEYS[2:4])
    assert len(list((out / "train").rglob("*.*"))) == 6
    assert [entry[0] for entry in as_the_loader_pairs(out / "train")] == ["00000.jpg", "00002.jpg"]
    assert len(read_all(NAME, root, splits=("train",), pairing="name")[1]) == 9


def test_a_file_that_is_missing_shifts_nothing(root: Path) -> None:
    (root / "train" / "labels" / "00001.png").unlink()
    (root / "train" / "labels" / "99999.png").write_bytes(image_bytes(target(), "PNG"))
    pairs, errors, notes = read_all(NAME, root)
    assert errors == [
        "train/QAs/00001.json: has an answer, and nothing in labels of the same name",
        "train/labels/99999.png: has nothing in QAs of the same name",
    ]
    assert [pair.key for pair in pairs[:4]] == [KEYS[0], KEYS[1], KEYS[4], KEYS[5]]
    assert [str(note) for note in notes] == [
        "train: files are paired by name (3 images, 3 labels, 3 QAs); by order they differ"
    ]
    by_order, errors, _ = read_all(NAME, root, pairing="order", splits=("train",))
    assert not errors and [pair.target.path.name for pair in by_order[::2]] == [  # type: ignore[union-attr]
        "00000.png", "00002.png", "99999.png",
    ]  # fmt: skip


def test_numbers_that_cannot_be_paired_are_one_error(root: Path) -> None:
    rename(root / "train" / "labels", "mask_{}")
    (root / "train" / "labels" / "mask_00001.png").unlink()
    pairs, errors, _ = read_all(NAME, root, splits=("train",))
    assert not pairs and errors == [
        "train: has no name in all of them, and 3 images, 2 labels, 3 QAs; order cannot pair them"
    ]


def test_two_files_of_one_name_are_told(root: Path) -> None:
    (root / "val" / "images" / "00003.png").write_bytes(b"")
    _, errors, _ = read_all(NAME, root)
    assert errors == ["val/QAs/00003.json: has several in images of the same name"]


SAID = ["Where is it?"]
ANSWERS: list[tuple[object, str]] = [
    ({"questions": SAID}, "has no 'answer'; of a query without a target it is an empty list"),
    ({"questions": SAID, "answers": []}, "has no 'answer'; of a query without a target"),
    ({"questions": SAID, "answer": None}, "has an 'answer' that is no list of texts"),
    ({"questions": SAID, "answer": [None]}, "has an 'answer' that is no list of texts"),
    ({"questions": SAID, "answer": []}, "has no answer, but 00003.png marks a target"),
    ({"questions": SAID, "answer": [" "]}, "has no answer, but 00003.png marks a target"),
    ({"answer": ["x"]}, "has no list 'questions'"),
    ({"questions": "Where is it?", "answer": ["x"]}, "has no list 'questions'"),
    ([], "has no list 'questions'"),
    ("{", "is no JSON (Expecting property name"),
    ("[" * 100_000, "is nested too deeply"),
]


@pytest.mark.parametrize(("content", "reason"), ANSWERS, ids=[repr(c)[:50] for c, _ in ANSWERS])
def test_what_does_not_say_what_its_target_is_is_an_error(
    root: Path, content: object, reason: str
) -> None:
    set_questions(root, "val/QAs/00003.json", content)
    pairs, (error,), _ = read_all(NAME, root)
    assert error.startswith(f"val/QAs/00003.json: {reason}")
    assert len(pairs) == 8


@pytest.mark.parametrize("answer", [[], "", [""], ["", " \n"]])
def test_an_empty_answer_is_no_target(root: Path, answer: object, tmp_path: Path) -> None:
    set_questions(root, "test/QAs/00005.json", {"questions": SAID, "answer": answer})
    pairs, errors, _ = read_all(NAME, root)
    assert not errors and pairs[-1].no_target
    assert not masks_of(pairs[-1:], tmp_path / "media")[pairs[-1].key].any()
    export_pairs(root, tmp_path / "out", pairs)


def test_what_has_no_target_needs_no_label(root: Path, tmp_path: Path) -> None:
    (root / "test/labels/00005.png").unlink()
    pairs, errors, _ = read_all(NAME, root)
    assert not errors and pairs[-1].no_target
    out = export_pairs(root, tmp_path / "out", pairs)
    assert [pair.no_target for pair in read_all(NAME, out)[0]] == [False] * 8 + [True]


def test_a_question_that_is_no_text_costs_itself(root: Path) -> None:
    set_questions(root, "val/QAs/00003.json", {"questions": [5, "a"], "answer": ["x"]})
    pairs, errors, _ = read_all(NAME, root, splits=("val",))
    assert errors == ["val/QAs/00003.json[0]: the query is int, not a text"]
    assert [pair.key for pair in pairs] == ["earthreason/val/00003#1"]


def test_the_folder_around_the_splits_is_read_as_well(root: Path) -> None:
    (root.parent / "around").mkdir()
    root.rename(root.parent / "around" / "RSReasonSeg")
    around = root.parent / "around"
    assert find_format("auto", around).name == NAME
    pairs, errors, _ = read_all(NAME, around)
    assert not errors and pairs[0].source.file == "RSReasonSeg/train/QAs/00000.json"


def test_archives_of_splits_are_unpacked(root: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    for split in ("train", "val", "test"):
        shutil.make_archive(str(packed / split), "zip", root, split)
    place = UnpackedPlace(tmp_path / "media", "nobody")
    found = locate(str(packed), SourceRequest("auto", SPLITS, None), place).path
    assert find_format("auto", found).name == NAME
    pairs, errors, notes = read_all(NAME, found)
    assert (errors, notes) == ([], []) and [pair.key for pair in pairs[:6]] == KEYS
    assert pairs[0].source.file == "train/train/QAs/00000.json"
    out = export_pairs(found, tmp_path / "out", pairs, drop=KEYS[:1])
    assert len(read_all(NAME, out)[0]) == 8


def test_what_is_dropped_and_edited_is_what_is_written(root: Path, tmp_path: Path) -> None:
    pairs, _, _ = read_all(NAME, root)
    out = export_pairs(root, tmp_path / "out", pairs, drop=KEYS[1:4], edit={KEYS[0]: 'a "caf\xe9"'})
    old = (root / "train/QAs/00000.json").read_text()
    first = '"Where could a family live?",\n    "What shelters from rain?"'
    assert first in old
    assert (out / "train/QAs/00000.json").read_text() == old.replace(first, '"a \\"caf\\u00e9\\""')
    assert sorted(file.name for file in (out / "train").rglob("*.*")) == sorted(
        f"{n:05}{suffix}" for n in (0, 2) for suffix in (".jpg", ".png", ".json")
    )


def test_a_mended_mask_is_written_like_the_label(root: Path, tmp_path: Path) -> None:
    pairs, _, _ = read_all(NAME, root)
    out = export_pairs(root, tmp_path / "out", pairs, mend=dict.fromkeys(KEYS[:2], MASK))
    with Image.open(out / "train/labels/00000.png") as label:
        assert np.array_equal(np.asarray(label), MASK * 255)
    again, _, _ = read_all(NAME, out)
    assert np.array_equal(masks_of(again, tmp_path / "media")[KEYS[0]], MASK)


def change_a_question(root: Path) -> None:
    set_questions(root, "train/QAs/00000.json", {"questions": ["Else?"], "answer": ["x"]})


def change_a_label(root: Path) -> None:
    (root / "train/labels/00000.png").write_bytes(image_bytes(MASK, "PNG"))


@pytest.mark.parametrize("spoil", [change_a_question, change_a_label])
def test_a_source_that_has_changed_is_refused(
    root: Path, tmp_path: Path, spoil: Callable[[Path], None]
) -> None:
    pairs, _, _ = read_all(NAME, root)
    digests = digests_of(pairs)
    spoil(root)
    with pytest.raises(StateError, match=r"is not (what|the one that) was imported"):
        export_pairs(root, tmp_path / "out", pairs, digests=digests)


@pytest.mark.parametrize(
    ("keys", "words"),
    [(KEYS[:1], "shares train/labels/00000.png"), (["earthreason/test/00005#0"], "no target")],
)
def test_masks_that_cannot_be_written_are_refused(
    root: Path, tmp_path: Path, keys: list[str], words: str
) -> None:
    pairs, _, _ = read_all(NAME, root)
    with pytest.raises(UsageError, match=words):
        export_pairs(root, tmp_path / "out", pairs, mend=dict.fromkeys(keys, MASK))


@pytest.mark.parametrize(
    ("stem", "label"), [("Roof", "roof"), ("caf\u00e9", "cafe\u0301")], ids=["case", "accents"]
)
def test_names_that_differ_in_case_or_accents_alone_belong_together(
    root: Path, stem: str, label: str
) -> None:
    for kind, ending, name in (("images", "jpg", stem), ("labels", "png", label)):
        (root / f"train/{kind}/00000.{ending}").rename(root / f"train/{kind}/{name}.{ending}")
    (root / "train/QAs/00000.json").rename(root / f"train/QAs/{stem}.json")
    pairs, errors, _ = read_all(NAME, root)
    assert not errors
    assert [pair.target.path.stem for pair in pairs if pair.image_id == stem] == [label] * 2


def test_of_several_names_that_differ_in_case_each_belongs_to_its_own(root: Path) -> None:
    for kind, ending in (("images", "jpg"), ("labels", "png"), ("QAs", "json")):
        for number, stem in enumerate(("Roof", "roof")):
            place = root / "train" / kind
            (place / f"{number:05}.{ending}").rename(place / f"{stem}.{ending}")
    pairs, errors, _ = read_all(NAME, root)
    assert not errors
    assert all(pair.target.path.stem == pair.image_id for pair in pairs if pair.split == "train")
    (root / "train/labels/roof.png").rename(root / "train/labels/ROOF.png")
    _, errors, _ = read_all(NAME, root)
    assert len(errors) == 2 and "nothing in QAs of the same name" in errors[1]
