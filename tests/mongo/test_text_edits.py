"""Captions and turns edited, removed and added in a review: stored, carried, exported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation import decisions, undoing, verdict_counts
from pairlens.fiftyone_plugin.curation.evidence import pair_view
from pairlens.fiftyone_plugin.curation.suggesting import write_suggestions
from pairlens.fiftyone_plugin.curation.text_units import names, units_of
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_pregres, make_rsgpt4v
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.importers.errors import UsageError
from pairlens.importers.ingest import import_dataset
from tests.mongo.comparing import said
from tests.mongo.reviewing import documents
from tests.mongo.text_editing import TOKEN, edited, texts_in, with_texts
from tests.unit.instructions import put, put_image, trained

MAKERS: dict[str, Any] = {
    "rsteller": lambda root: make_rsteller(root, 4, size=64),
    "rsgpt4v": lambda root: make_rsgpt4v(root, images=4, size=64),
    "pregres": lambda root: make_pregres(root, images=4, size=64),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("texts")
    return {form: make(folder / form).root for form, make in MAKERS.items()}


@pytest.fixture(params=MAKERS)
def dataset(request: pytest.FixtureRequest, made: dict[str, Path], dataset_name: str) -> Any:
    import_dataset(request.param, made[request.param], dataset_name)
    return fo.load_dataset(dataset_name)


def test_what_was_edited_is_stored_and_taken_back(dataset: Any) -> None:
    key = with_texts(dataset)
    before = said(documents(dataset))
    wanted = edited(dataset, key)
    assert sorted(texts_in(dataset, key)) == sorted(wanted)
    document = documents(dataset)[key]
    assert document["verdict"] == "fix"
    moved = sum(one.published is not None for one in units_of(document))
    assert verdict_counts.texts_status(dataset) == {"edited": moved, "removed": 1, "added": 1}
    assert 0 < moved <= 2
    captions = [one["text"] for one in document.get("captions") or ()]
    assert document.get("caption") in (None, *captions)
    list(dataset.iter_samples())  # FiftyOne reads what was written
    undoing.undo(dataset, force=True)
    assert said(documents(dataset)) == before
    undoing.redo(dataset, force=True)
    assert sorted(texts_in(dataset, key)) == sorted(wanted)


def test_a_decisions_file_carries_the_edits(dataset: Any, tmp_path: Path) -> None:
    key, file = with_texts(dataset), tmp_path / "decisions.jsonl"
    edited(dataset, key)
    stored = said(documents(dataset))
    assert decisions.dump(dataset, file) == 1
    undoing.undo(dataset, force=True)
    assert decisions.apply(dataset, file) == {"applied": 1, "edited": 1, "stale": [], "unknown": []}
    assert said(documents(dataset)) == stored
    other = json.loads(file.read_bytes())
    other["texts"]["digest"] = "0" * 32
    file.write_text(json.dumps(other))
    (stale,) = decisions.apply(dataset, file)["stale"]
    assert stale["reason"] == "the captions or turns are not those that were reviewed"


def test_what_cannot_be_is_refused_and_loses_nothing(dataset: Any) -> None:
    key = with_texts(dataset)
    before = documents(dataset)
    known = names(units_of(before[key]))
    refused: list[tuple[list[dict[str, Any]], str]] = [
        ([{"unit": "caption 99", "removed": True}], "there is no text 'caption 99'"),
        ([{"unit": one, "removed": True} for one in known], "the last text is not removed"),
        ([{"unit": known[0], "texts": [" "]}], "has . texts, not 1|is empty"),
        ([{"unit": "new", "texts": [""]}], "a caption that is added has one text"),
        ([{"unit": known[0], "text": "x"}], "has 'text'; known"),
        ([{"unit": known[0], "verdict": "gone"}], "there is no verdict 'gone'"),
    ]
    for edits, reason in refused:
        with pytest.raises(UsageError, match=reason):
            judge(dataset, key, None, texts=edits)
    assert documents(dataset) == before


def test_a_verdict_on_one_text_is_none_on_the_image_until_all_have_one(dataset: Any) -> None:
    key = with_texts(dataset)
    known = names(units_of(documents(dataset)[key]))
    judge(dataset, key, None, texts=[{"unit": known[0], "verdict": "keep"}])
    document = documents(dataset)[key]
    assert "verdict" not in document and "reviewer" not in document
    assert units_of(document)[0].verdict == "keep" and not document.get("text_edits")
    judge(dataset, key, None, texts=[{"unit": one, "verdict": "keep"} for one in known])
    assert documents(dataset)[key]["verdict"] == "keep"
    judge(dataset, key, None, texts=[{"unit": known[1], "removed": True}])
    assert documents(dataset)[key]["verdict"] == "fix"
    judge(dataset, key, None, texts=[{"unit": known[1], "removed": False}])
    document = documents(dataset)[key]
    assert "text_edits" not in document


@pytest.fixture
def conversation(dataset_name: str, tmp_path: Path) -> Any:
    """An image of which a turn contradicts another, and one stands there twice."""
    put_image(tmp_path, "a.jpg")
    asked = ("Is there a ship in the image?", "Yes.", "How many roads are there?", "Two roads.")
    first = trained("a.jpg", f"{TOKEN}{asked[0]}", *asked[1:], asked[0], "No.")
    boxed = "What is at the left [0.1, 0.2, 0.4, 0.5]?"
    again = trained("a.jpg", f"{TOKEN}{asked[2]}", asked[3], boxed, "A port.")
    put(tmp_path, "train.json", [first, again])
    import_dataset("rsgpt4v", tmp_path, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    flag(dataset)
    return dataset


def marked(view: Any, unit: str, check: str) -> list[str]:
    (text,) = [one for one in view["texts"] if one["unit"] == unit]
    words = [word for part in text["parts"] for word in part["words"]]
    return [word["text"] for word in words if check in word["checks"]]


def test_both_sides_of_a_contradiction_are_shown(conversation: Any) -> None:
    (key,) = documents(conversation)
    view = pair_view(conversation, key)
    found = {one["check"]: one for one in view["findings"]}
    assert found["answer_conflict"]["units"] == ["turn 1", "turn 3"]
    assert marked(view, "turn 1", "answer_conflict")[-1] == "Yes"
    assert marked(view, "turn 3", "answer_conflict")[-1] == "No"
    assert found["repeated_turn"]["units"] == ["turn 2", "turn 4"]
    assert not marked(view, "turn 5", "repeated_turn")
    assert view["masks"] == [] and view["words"] == []


def test_boxes_stay_with_their_turn(conversation: Any) -> None:
    (key,) = documents(conversation)
    for removed in (False, True):
        judge(conversation, key, None, texts=[{"unit": "turn 2", "removed": removed}])
        shapes = {one["unit"]: one["shapes"] for one in pair_view(conversation, key)["texts"]}
        assert [unit for unit, boxes in shapes.items() if boxes] == ["turn 5"]


def test_a_doubled_turn_is_suggested_to_go(conversation: Any, tmp_path: Path) -> None:
    (key,) = documents(conversation)
    assert pair_view(conversation, key)["suggestion"]["removes"] == ["turn 4"]
    write_suggestions(conversation, tmp_path / "out.jsonl")
    assert decisions.apply(conversation, tmp_path / "out.jsonl")["applied"] == 1
    texts = texts_in(conversation, key)
    assert len(texts) == 4 and texts[3][0].startswith(TOKEN)
    flag(conversation)
    assert "repeated_turn" not in {one["check"] for one in pair_view(conversation, key)["findings"]}


def test_a_drifting_revision_is_suggested_to_go(
    made: dict[str, Path], dataset_name: str, tmp_path: Path
) -> None:
    root = shutil.copytree(made["rsteller"], tmp_path / "drifted")
    plant(root, "rsteller", ("drifted_place",), rate=0.9)
    import_dataset("rsteller", root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    flag(dataset)
    found = [pair_view(dataset, key) for key in documents(dataset)]
    drifted = [one for one in found if "revision_drift" in {f["check"] for f in one["findings"]}]
    assert drifted
    for view in drifted:
        (finding,) = [one for one in view["findings"] if one["check"] == "revision_drift"]
        source, revision = finding["units"]
        assert all(marked(view, unit, "revision_drift") for unit in (source, revision))
        assert view["suggestion"]["removes"] == [revision]
        judge(dataset, view["key"], "fix", texts=[{"unit": revision, "removed": True}])
    flag(dataset)
    left = [f for key in documents(dataset) for f in pair_view(dataset, key)["findings"]]
    assert "revision_drift" not in {one["check"] for one in left}
