"""Further forms of questions and answers, and which of the datasets that share a form is meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.errors import UsageError
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.formats.export_items import ExportTurn
from pairlens.importers.rotated_boxes import turned
from tests.unit.instructions import evaluated, put, put_image, read, talk, trained

ANGLED = "{<25><40><35><60>|<45>}"
ROLES = ("user", "assistant")


def chatted(*texts: Any, images: Any = ("a.jpg",), **members: Any) -> dict[str, Any]:
    said = [{"role": ROLES[i % 2], "content": text} for i, text in enumerate(texts)]
    return {"messages": said, "images": list(images)} | members


def benched(**members: Any) -> dict[str, Any]:
    """A referring record of GeoChat-Bench."""
    record = {"image_id": "P1", "question": "the ship", "question_id": 1, "type": "ref"}
    polygon = [[10, 10], [30, 10], [30, 20], [10, 20]]
    return record | {"ground_truth": [polygon], "obj_ids": [0], "size_group": "small"} | members


def vrs(**members: Any) -> dict[str, Any]:
    """A referring record of VRSBench's evaluation list."""
    corners = [0.25, 0.4, 0.33, 0.4, 0.33, 0.6, 0.25, 0.6]
    record = {"image_id": "P1.png", "question": "The ship.", "ground_truth": "{<25><40><33><60>}"}
    named = {"dataset": "RSBench", "question_id": 1, "type": "ref", "obj_corner": corners}
    return record | named | members


@pytest.mark.parametrize(
    ("files", "form"),
    [
        pytest.param({"GeoChat_Instruct.json": [trained()]}, "geochat", id="GeoChat by name"),
        pytest.param({"a.json": [trained("a", "q", ANGLED)]}, "geochat", id="GeoChat by a box"),
        pytest.param({"a.json": [trained("a", "[identify] x", "y")]}, "geochat", id="by a word"),
        pytest.param({"referring.jsonl": [benched()]}, "geochat", id="GeoChat-Bench"),
        pytest.param(
            {"aid.jsonl": [{"question_id": 1, "image": "a", "text": "q", "ground_truth": "b"}]},
            "geochat",
            id="scenes of GeoChat-Bench",
        ),
        pytest.param(
            {"grounding_description.jsonl": [{"image_id": "P1", "description": "A port."}]},
            "geochat",
            id="descriptions of GeoChat-Bench",
        ),
        pytest.param({"VRSBench_train.json": [trained("a", "[refer] x", "y")]}, "vrsbench", id="V"),
        pytest.param({"ref.json": [vrs()]}, "vrsbench", id="VRSBench by its dataset"),
        pytest.param({"b.jsonl": [evaluated()]}, "rsgpt4v", id="RS-GPT4V by its form"),
        pytest.param({"b.jsonl": [chatted("q", "a")]}, "llava", id="messages"),
        pytest.param({"pregres.json": [chatted("q", "a")]}, "pregres", id="messages with a name"),
        pytest.param({"b.json": [trained()]}, "llava", id="nothing"),
    ],
)  # fmt: skip
def test_auto_tells_them_apart(files: dict[str, Any], form: str, tmp_path: Path) -> None:
    for name, records in files.items():
        put(tmp_path, name, records)
    assert find_format("auto", tmp_path).name == form


@pytest.mark.parametrize(
    ("folder", "form"),
    [
        ("datasets--jquenum--PreGRES/snapshots/0af3", "pregres"),
        ("datasets--MBZUAI--GeoChat_Instruct/snapshots/0af3", "geochat"),
        ("PreGRES", "pregres"),
        ("snapshots", "llava"),
    ],
)
def test_a_folder_or_repository_tells_where_files_do_not(
    folder: str, form: str, tmp_path: Path
) -> None:
    put(tmp_path / folder, "part_1.json", [trained()])
    assert find_format("auto", tmp_path / folder).name == form


def test_messages_are_turns_and_their_parts_of_text_are_read(tmp_path: Path) -> None:
    put_image(tmp_path, "a.jpg")
    parts = [{"type": "image"}, {"type": "text", "text": "How many?"}]
    record = chatted(parts, "Two.", "Where?", "Left.")
    record["messages"].insert(0, {"role": "system", "content": "Be brief."})
    put(tmp_path, "a.json", [record])
    (found,), errors, _ = read(tmp_path, "llava")
    assert errors == [] and found.image is not None
    assert talk(found) == [("How many?", ("Two.",)), ("Where?", ("Left.",))]


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (chatted("q", "a", images=["a.jpg", "b.jpg"]), "'images' names 2 images"),
        (chatted("q", "a", images=[]), "names no image"),
        (chatted([{"type": "text"}], "a"), "message 0: part 0 is of type text and holds none"),
        (chatted("q", [{"type": "image"}]), "message 1 has no part of text"),
        (chatted([{"image": "b.jpg"}, {"image": "d.jpg"}, "q"], "a"), "name 2 images"),
        (chatted([{"image": "data:image/png;base64,AA"}, "q"], "a", images=[]), "write it to a"),
        (chatted("q", "a", messages="x"), "'messages' is a text, not a list of messages"),
        (chatted("q", "a", messages=[{"role": "tool", "content": "x"}]), "is from 'tool'"),
    ],
)
def test_a_broken_message_is_told(record: Any, told: str, tmp_path: Path) -> None:
    put(tmp_path, "a.jsonl", [chatted("q", "a", images=["c.jpg"]), record])
    found, errors, _ = read(tmp_path, "llava")
    assert len(found) == 1
    (error,) = errors
    assert error.startswith("a.jsonl[1]: ") and told in error


def rewritten(root: Path, out: Path, form: str, **changes: Any) -> bytes:
    """The first file of a format as it is exported with one of its turns changed."""
    out.mkdir()
    exporter = FORMATS[form].exporter(root, out)  # type: ignore[misc]
    items = [
        ExportTurn(r.key, t.source, t.position, None, t.question, t.answers, True)
        for r in read(root, form)[0]
        for t in r.turns
    ]
    items[0] = ExportTurn(
        items[0].key, items[0].source, 0, None, changes.get("question", items[0].question),
        changes.get("answers", items[0].answers), True,
    )  # fmt: skip
    exporter.write_file(items[0].source.file, iter(items))
    return (out / items[0].source.file).read_bytes()


def test_an_edit_goes_into_the_part_of_a_message_that_holds_the_text(tmp_path: Path) -> None:
    parts = [{"type": "image"}, {"type": "text", "text": "How many?"}]
    put(tmp_path / "in", "a.json", [chatted(parts, "Two.")])
    published = (tmp_path / "in/a.json").read_bytes()
    assert rewritten(tmp_path / "in", tmp_path / "same", "llava") == published
    edited = rewritten(
        tmp_path / "in", tmp_path / "edited", "llava", question="How few?", answers=("One.",)
    )
    assert edited == published.replace(b"How many?", b"How few?").replace(b"Two.", b"One.")


def test_referring_records_have_their_polygons_and_keep_them(tmp_path: Path) -> None:
    put_image(tmp_path / "in", "images/P1.png", (100, 50))
    put(tmp_path / "in", "referring.jsonl", [benched(), benched(question="the pier")])
    (found,), errors, _ = read(tmp_path / "in", "geochat")
    assert errors == [] and found.image is not None
    ship, _ = found.boxes
    assert (ship.label, ship.turn) == ("the ship", 0)
    assert ship.corners == ((0.1, 0.1), (0.3, 0.1), (0.3, 0.2), (0.1, 0.2))
    published = (tmp_path / "in/referring.jsonl").read_bytes()
    assert rewritten(tmp_path / "in", tmp_path / "same", "geochat") == published
    asked = rewritten(tmp_path / "in", tmp_path / "asked", "geochat", question="a ship")
    assert asked == published.replace(b"the ship", b"a ship")
    with pytest.raises(UsageError, match="is polygons and cannot be edited"):
        rewritten(tmp_path / "in", tmp_path / "moved", "geochat", answers=("[]",))


@pytest.mark.parametrize("folder", ["", "GeoChat-Bench/"])
def test_questions_that_are_answered_elsewhere_are_left_alone(folder: str, tmp_path: Path) -> None:
    asked = evaluated()
    del asked["answer"]
    put(tmp_path, f"{folder}hrben.jsonl", [asked])
    put(tmp_path, f"{folder}referring.jsonl", [benched()])
    assert find_format("auto", tmp_path).name == "geochat"
    _, errors, notes = read(tmp_path, "geochat")
    assert errors == []
    assert f"{folder}hrben.jsonl holds questions without answers and was left alone" in notes


@pytest.mark.parametrize("angles", [None, "counterclockwise", "none"])
def test_an_angle_turns_its_box_in_the_pixels_of_the_image(angles: Any, tmp_path: Path) -> None:
    """A quarter turn leaves 20x20 pixels where they are, which are 20x40 percent."""
    put_image(tmp_path, "a.jpg", (100, 50))
    put(tmp_path, "GeoChat.json", [trained("a.jpg", "Where?", "{<30><30><50><70>|<90>}")])
    (found,), errors, notes = read(tmp_path, "geochat", angles=angles)
    (box,) = found.boxes
    square = [(0.5, 0.3), (0.5, 0.7), (0.3, 0.7), (0.3, 0.3)]
    expected = {None: square, "counterclockwise": square[2:] + square[:2], "none": []}[angles]
    assert [(round(x, 6), round(y, 6)) for x, y in box.corners] == expected
    told = [note for note in notes if "turned clockwise about their centre" in note]
    assert errors == [] and bool(told) == (angles is None)


@pytest.mark.parametrize(
    ("corners", "angle", "turning", "expected"),
    [
        # 40x20 about (50, 50), by a sixth of a turn: cos 0.5, sin 0.866.
        (
            (30, 40, 70, 60),
            60,
            "clockwise",
            [(48.66, 27.68), (68.66, 62.32), (51.34, 72.32), (31.34, 37.68)],
        ),
        (
            (30, 40, 70, 60),
            60,
            "counterclockwise",
            [(31.34, 62.32), (51.34, 27.68), (68.66, 37.68), (48.66, 72.32)],
        ),
        # Opposite corners of the square around (50, 50) that stands on its corner.
        ((50, 30, 50, 70), 45, "diagonal", [(50, 30), (70, 50), (50, 70), (30, 50)]),
    ],
)
def test_corners_of_a_rotated_box(
    corners: Any, angle: float, turning: Any, expected: list[tuple[float, float]]
) -> None:
    found = turned(corners, angle, turning)
    assert [pytest.approx(point, abs=0.01) for point in expected] == list(found)


def test_the_lists_of_vrsbench_are_read_where_no_annotation_is(tmp_path: Path) -> None:
    put(tmp_path, "VRSBench_EVAL_referring.json", [vrs()])
    caption = vrs(question="Describe the image in detail", ground_truth="A port.", type="caption")
    del caption["obj_corner"]
    put(tmp_path, "VRSBench_EVAL_Cap.json", [caption])
    put(tmp_path, "VRSBench_train.json", [trained("P2.png", "[refer] <p>ship</p>?", ANGLED)])
    image = put_image(tmp_path, "Images_val/Images_val/P1.png")
    known = FORMATS["vrsbench"]
    assert known.settled(tmp_path, {}).format.kind == "instructions"
    with pytest.raises(UsageError, match="has no annotations"):
        known.settled(tmp_path, {"records": "objects"})
    found, errors, _ = read(tmp_path, "vrsbench")
    assert errors == []
    assert [r.key for r in found] == ["vrsbench/train/P2.png", "vrsbench/val/P1.png"]
    train, val = found
    assert val.image == image
    assert [caption.text for caption in val.captions] == ["A port."]
    assert [box.corners[0] for box in val.boxes if box.corners] == [(0.25, 0.4)]
    assert len(train.boxes) == 1 and len(train.boxes[0].corners) == 4
    assert json.loads((tmp_path / "VRSBench_EVAL_Cap.json").read_bytes())
