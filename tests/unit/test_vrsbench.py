"""VRSBench: objects as pairs or images with texts, archives side by side, and nothing made up."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.demo.grounding_layouts import make_vrsbench
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.formats.contract import check_format
from pairlens.importers.formats.export_items import ExportPair, ExportTurn
from pairlens.importers.prepare import MediaPlace, PreparedPair, prepare
from pairlens.importers.records import Instruction, Pair
from pairlens.importers.sources import SourceRequest, UnpackedPlace, locate

FORMAT = FORMATS["vrsbench"]
CORNERS = [0.25, 0.0, 0.5, 0.25, 0.25, 0.5, 0.0, 0.25]


def put(root: Path, name: str = "P1.png", split: str = "val", **members: Any) -> Path:
    """Writes an annotation with one object, and its image of 80x40 pixels."""
    entry = {"obj_id": 0, "referring_sentence": "The ship.", "obj_corner": CORNERS}
    content = {"caption": "A port.", "objects": [entry], "qa_pairs": [], "image": name} | members
    (root / f"Annotations_{split}").mkdir(parents=True, exist_ok=True)
    (root / f"Images_{split}").mkdir(exist_ok=True)
    file = root / f"Annotations_{split}" / f"{Path(name).stem}.json"
    file.write_text(json.dumps(content, indent=2))
    Image.new("RGB", (80, 40)).save(root / f"Images_{split}" / name)
    return file


def read(root: Path, **params: Any) -> tuple[list[Any], list[str], list[str]]:
    errors: list[str] = []
    notes: list[str] = []
    found = FORMAT.read(
        root, on_error=lambda e: errors.append(str(e)), on_note=notes.append, **params
    )
    return list(found), errors, notes


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        pytest.param(
            {"referring_sentence": "The ship."}, "has a query and no 'obj_corner'", id="none"
        ),
        pytest.param({"referring_sentence": "A", "obj_corner": None}, "no 'obj_corner'", id="null"),
        pytest.param(
            {"referring_sentence": "A", "obj_corner": []}, "not eight numbers", id="empty"
        ),
        pytest.param(
            {"referring_sentence": "A", "obj_corner": [0, 0, 1, float("nan"), 1, 1, 0, 1]},
            "not eight numbers",
            id="nan",
        ),
        pytest.param(
            {"referring_sentence": "A", "obj_corner": [12, 8, 90, 8, 90, 44, 12, 44]},
            "holds 12, and is in shares of the image",
            id="pixels",
        ),
        pytest.param(
            {"referring_sentence": 7, "obj_corner": CORNERS}, "is int, not a text", id="text"
        ),
        pytest.param("The ship.", "is no JSON object", id="object"),
    ],
)
def test_a_missing_or_broken_corner_is_an_error_and_no_empty_target(
    entry: Any, told: str, tmp_path: Path
) -> None:
    put(tmp_path, objects=[entry])
    found, errors, _ = read(tmp_path)
    assert found == []
    (error,) = errors
    assert error.startswith("Annotations_val/P1.json[0]: ") and told in error


def test_an_object_without_a_sentence_makes_no_pair_and_is_counted(tmp_path: Path) -> None:
    put(tmp_path, objects=[{"obj_corner": CORNERS, "flag": True}, {"referring_sentence": " "}])
    found, errors, notes = read(tmp_path)
    assert (found, errors) == ([], [])
    assert "2 objects have no referring sentence and make no pair" in notes


def test_a_corner_cut_by_the_border_is_drawn_as_far_as_the_image_goes(tmp_path: Path) -> None:
    put(
        tmp_path,
        objects=[{"referring_sentence": "A", "obj_corner": [-0.2, 0, 0.5, 0, 0.5, 1.3, -0.2, 1.3]}],
    )
    (pair,), errors, _ = read(tmp_path)
    assert errors == []
    (made,) = prepare((pair,), MediaPlace(tmp_path / "media", placeholders=False))
    assert isinstance(made, PreparedPair) and made.mask_path is not None
    mask = np.asarray(Image.open(made.mask_path))
    assert mask.shape == (40, 80)
    assert mask[:, :40].all() and not mask[:, 41:].any()


def test_corners_are_shares_even_where_they_could_be_pixels(tmp_path: Path) -> None:
    """A whole image in whole numbers is no polygon of one pixel."""
    put(tmp_path, objects=[{"referring_sentence": "A", "obj_corner": [0, 0, 1, 0, 1, 1, 0, 1]}])
    (pair,), _, _ = read(tmp_path)
    (made,) = prepare((pair,), MediaPlace(tmp_path / "media", placeholders=False))
    assert isinstance(made, PreparedPair) and made.stats.area == 80 * 40


def test_objects_are_pairs_with_their_uniqueness_as_a_tag(tmp_path: Path) -> None:
    entry = {"referring_sentence": "The ship.", "obj_corner": CORNERS}
    objects = [entry | {"is_unique": True}, entry | {"is_unique": False}, entry]
    put(tmp_path, objects=objects)
    found, errors, _ = read(tmp_path)
    assert errors == []
    assert [(pair.key, pair.subsets) for pair in found] == [
        ("vrsbench/val/P1.png#0", ("unique",)),
        ("vrsbench/val/P1.png#1", ("not_unique",)),
        ("vrsbench/val/P1.png#2", ()),
    ]


def test_an_image_has_its_caption_questions_and_rotated_boxes(tmp_path: Path) -> None:
    asked = {"ques_id": 1, "question": "How many?", "type": "object quantity", "answer": "2"}
    put(tmp_path, qa_pairs=[asked])
    (found,), errors, _ = read(tmp_path, records="images")
    assert errors == [] and isinstance(found, Instruction)
    assert [caption.text for caption in found.captions] == ["A port."]
    assert [(t.question, t.answers, t.category) for t in found.turns] == [
        ("Describe the image in detail", ("A port.",), "caption"),
        ("How many?", ("2",), "object quantity"),
    ]
    (box,) = found.boxes
    assert (box.label, box.corners) == (
        "The ship.",
        ((0.25, 0.0), (0.5, 0.25), (0.25, 0.5), (0.0, 0.25)),
    )


def test_images_keep_the_contract(tmp_path: Path) -> None:
    check_format(replace(FORMAT, read=partial(FORMAT.read, records="images"), faults=()), tmp_path)


@pytest.mark.parametrize("around", ["", "content/drive/{}", "{}/train"])
def test_archives_side_by_side_are_one_dataset(around: str, tmp_path: Path) -> None:
    """Some hold folders, some their files alone; what lies beside them is there as well."""
    root = tmp_path / "unpacked"
    for split in ("train", "val"):
        put(root, f"{split}.png", split=split)
    (tmp_path / "VRSBench").mkdir()
    for folder in root.iterdir():
        with zipfile.ZipFile(tmp_path / "VRSBench" / f"{folder.name}.zip", "w") as archive:
            for file in folder.iterdir():
                is_flat = folder.name.endswith("val") and not around
                inside = file.relative_to(folder if is_flat else root)
                archive.write(file, Path(around.format(folder.name)) / inside)
    (tmp_path / "VRSBench" / "VRSBench_train.json").write_text("[]")
    request = SourceRequest("auto", ("train", "val", "test"), None)
    place = UnpackedPlace(tmp_path / "media", "nobody")
    found = locate(tmp_path / "VRSBench", request, place)
    assert find_format("auto", found.path).name == "vrsbench"
    pairs, errors, _ = read(found.path)
    assert [pair.key for pair in pairs] == ["vrsbench/train/train.png#0", "vrsbench/val/val.png#0"]
    assert errors == [] and all(pair.image for pair in pairs)
    assert (found.path / "VRSBench_train.json").read_text() == "[]"
    assert locate(tmp_path / "VRSBench", request, place).path == found.path


def test_a_split_is_fetched_with_its_own_files() -> None:
    names = [
        f"{what}_{split}.zip" for what in ("Annotations", "Images") for split in ("train", "val")
    ]
    names += ["VRSBench_train.json", "VRSBench_EVAL_vqa.json", "README.md"]
    assert FORMAT.wanted is not None
    assert FORMAT.wanted(names, ("val",), None) == [
        "Annotations_val.zip", "Images_val.zip", "VRSBench_EVAL_vqa.json", "README.md",
    ]  # fmt: skip


def exported(root: Path, out: Path, **changes: dict[str, Any]) -> bytes | None:
    """The annotation of an image, with its pairs changed by number."""
    out.mkdir()
    exporter = FORMAT.exporter(root, out)  # type: ignore[misc]
    pairs = [pair for pair in read(root)[0] if isinstance(pair, Pair)]
    items = []
    for pair in pairs:
        item = ExportPair(pair.key, pair.source, None, True, pair.phrase, pair.phrase, True)
        items.append(replace(item, **changes.get(f"n{pair.source.index}", {})))
    exporter.write_file(pairs[0].source.file, iter(items))
    file = out / pairs[0].source.file
    return file.read_bytes() if file.exists() else None


def test_an_object_is_cut_out_and_those_without_a_sentence_stay(tmp_path: Path) -> None:
    entry = {"referring_sentence": "The ship.", "obj_corner": CORNERS}
    silent = {"obj_corner": CORNERS, "flag": True}
    other = entry | {"referring_sentence": 'A "café".'}
    file = put(tmp_path / "in", objects=[entry, silent, other], qa_pairs=[])
    whole = exported(tmp_path / "in", tmp_path / "whole")
    assert whole == file.read_bytes()
    cut = exported(tmp_path / "in", tmp_path / "cut", n0={"selected": False})
    assert cut is not None and json.loads(cut)["objects"] == [silent, other]
    fixed = exported(tmp_path / "in", tmp_path / "fixed", n2={"phrase": "A café."})
    assert fixed == file.read_bytes().replace(rb"A \"caf\u00e9\".", rb"A caf\u00e9.")
    none = {f"n{number}": {"selected": False} for number in (0, 2)}
    assert exported(tmp_path / "in", tmp_path / "none", **none) is None


def test_a_generated_layout_is_read_as_made(tmp_path: Path) -> None:
    made = make_vrsbench(tmp_path, images=4, size=96)
    assert find_format("auto", tmp_path).name == "vrsbench"
    pairs, errors, _ = read(tmp_path)
    assert [pair.key for pair in pairs] == list(made.keys) and errors == []
    images, errors, _ = read(tmp_path, records="images")
    assert errors == [] and all(image.captions and len(image.turns) > 3 for image in images)


def listed(root: Path) -> dict[str, list[dict[str, Any]]]:
    """The lists of records as they would be made of the annotations of :func:`put`."""
    said = {"from": "human", "value": "<image>\n[refer] Where is <p>The ship</p>?"}
    told = {"from": "gpt", "value": "{<0><0><50><50>}"}
    asked = {"dataset": "RSBench", "question_id": 0}
    lists = {
        "VRSBench_train.json": [{"id": "1", "image": "P1.png", "conversations": [said, told]}],
        "VRSBench_EVAL_referring.json": [
            asked | {"image_id": "P1.png", "question": sentence, "ground_truth": "{<0><0><1><1>}",
                     "type": "ref"}
            for sentence in ("The ship.", "The pier.")
        ],
        "VRSBench_EVAL_Cap.json": [
            asked | {"image_id": name, "question": "Describe the image in detail",
                     "ground_truth": "A port.", "type": "caption"}
            for name in ("P1.png", "P2.png")
        ],
        "VRSBench_EVAL_vqa.json": [
            asked | {"image_id": "P1.png", "question": "How many?", "ground_truth": "2",
                     "type": "object quantity"}
        ],
    }  # fmt: skip
    for name, records in lists.items():
        (root / name).write_text(json.dumps(records, indent=1))
    return lists


def lists_after(root: Path, out: Path, change: Any, records: Any = "objects") -> dict[str, Any]:
    """The lists that are written with items changed by a function."""
    out.mkdir()
    exporter = FORMAT.exporter(root, out)  # type: ignore[misc]
    found = read(root, records=records)[0]
    by_file: dict[str, list[Any]] = {}
    for record in found:
        if isinstance(record, Pair):
            item = ExportPair(
                record.key, record.source, None, True, record.phrase, record.phrase, True
            )
            by_file.setdefault(record.source.file, []).append(change(item))
        for turn in record.turns if isinstance(record, Instruction) else ():
            item = ExportTurn(
                record.key, turn.source, turn.position, None, turn.question, turn.answers, True
            )
            by_file.setdefault(turn.source.file, []).append(change(item))
    for name, items in by_file.items():
        exporter.write_file(name, iter(items))
    exporter.finish()
    return {f.name: f.read_bytes() for f in out.glob("VRSBench_*.json")}


def ported(root: Path) -> dict[str, list[dict[str, Any]]]:
    entry = {"referring_sentence": "The ship.", "obj_corner": CORNERS}
    asked = {"ques_id": 1, "question": "How many?", "type": "object quantity", "answer": "2"}
    put(root, objects=[entry, entry | {"referring_sentence": "The pier."}], qa_pairs=[asked])
    put(root, "P2.png", objects=[entry | {"referring_sentence": "The crane."}])
    return listed(root)


def test_lists_say_what_the_annotations_do(tmp_path: Path) -> None:
    root = tmp_path / "in"
    before = ported(root)
    files = {name: (root / name).read_bytes() for name in before}
    assert lists_after(root, tmp_path / "same", lambda item: item) == files

    def dropped(item: ExportPair) -> ExportPair:
        return replace(item, selected=item.phrase not in ("The ship.", "The crane."))

    after = lists_after(root, tmp_path / "dropped", dropped)
    assert "VRSBench_train.json" not in after
    assert (
        json.loads(after["VRSBench_EVAL_referring.json"])
        == before["VRSBench_EVAL_referring.json"][1:]
    )
    assert json.loads(after["VRSBench_EVAL_Cap.json"]) == before["VRSBench_EVAL_Cap.json"][:1]
    assert after["VRSBench_EVAL_vqa.json"] == files["VRSBench_EVAL_vqa.json"]


def test_edits_reach_the_lists(tmp_path: Path) -> None:
    root = tmp_path / "in"
    files = {name: (root / name).read_bytes() for name in ported(root)}

    def reworded(item: ExportPair) -> ExportPair:
        return replace(item, phrase="The boat.") if item.phrase == "The ship." else item

    after = lists_after(root, tmp_path / "reworded", reworded)
    changed = {name: data.replace(b"The ship", b"The boat") for name, data in files.items()}
    assert after == changed != files

    def answered(item: ExportTurn) -> ExportTurn:
        new = {"A port.": "A quay.", "2": "3"}.get(item.answers[0])
        return replace(item, answers=(new,)) if new and "P1" in item.key else item

    after = lists_after(root, tmp_path / "answered", answered, "images")
    caption = files["VRSBench_EVAL_Cap.json"].replace(b"A port.", b"A quay.", 1)
    count = files["VRSBench_EVAL_vqa.json"].replace(b'"ground_truth": "2"', b'"ground_truth": "3"')
    assert after == files | {"VRSBench_EVAL_Cap.json": caption, "VRSBench_EVAL_vqa.json": count}
