"""RS-GPT4V: which files are read, as what split, and what becomes of their records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v
from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.importers.errors import LayoutError
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.formats.llava import is_caption, parse
from pairlens.importers.formats.record_edit import with_turns
from tests.unit.instructions import QUESTION, evaluated, put, put_image, read, talk, trained


class TestDetect:
    @pytest.mark.parametrize(
        ("name", "records"),
        [
            pytest.param("a.json", b"", id="empty"),
            pytest.param("a.json", b"[]", id="no records"),
            pytest.param("a.json", b'{"name": "package"}', id="an object"),
            pytest.param("a.jsonl", [{"question_id": 1, "text": "a"}], id="predictions"),
            pytest.param("a.json", [{"image": "a.jpg", "caption": "b"}], id="other captions"),
            pytest.param("a.json", [[1], "a", None], id="other lists"),
            pytest.param("a.txt", [trained()], id="another ending"),
            pytest.param("w/x/y/a.json", [trained()], id="too deep"),
            pytest.param(".cache/a.json", [trained()], id="hidden"),
            pytest.param("manifest.json", [trained()], id="our own manifest"),
        ],
    )
    def test_other_folders_are_left_alone(self, tmp_path: Path, name: str, records: Any):
        put(tmp_path, name, records)
        assert not FORMATS["rsgpt4v"].detect(tmp_path)
        assert not FORMATS["pregres"].detect(tmp_path)

    def test_the_others_layouts_are_refused(self, tmp_path: Path):
        make_gres(tmp_path / "gres", images=3, size=128)
        make_refsegrs(tmp_path / "refsegrs", pairs=3, size=128)
        assert find_format("auto", tmp_path / "gres").name == "gres"
        assert find_format("auto", tmp_path / "refsegrs").name == "refsegrs"

    def test_a_folder_of_annotations_of_single_images_is_not_searched(self, tmp_path: Path):
        for number in range(1001):
            put(tmp_path, f"{number}.json", b'[{"conversations": []}]')
        assert not FORMATS["rsgpt4v"].detect(tmp_path)

    @pytest.mark.parametrize(
        ("files", "form"),
        [
            pytest.param({"a.jsonl": [evaluated()]}, "rsgpt4v", id="evaluation"),
            pytest.param(
                {"a.jsonl": [evaluated()], "b.json": [trained()]}, "rsgpt4v", id="both forms"
            ),
            pytest.param({"RS-GPT4V-Instruct/a.json": [trained()]}, "rsgpt4v", id="named"),
            pytest.param({"x/y/rsgpt4v.jsonl": [trained()]}, "rsgpt4v", id="named lines"),
            pytest.param({"PreGRES_1.json": [trained()]}, "pregres", id="named PreGRES"),
            pytest.param({"pre-gres/a.jsonl": [trained()]}, "pregres", id="in a named folder"),
        ],
    )
    def test_of_the_two_the_one_meant_is_chosen(
        self, tmp_path: Path, files: dict[str, Any], form: str
    ):
        for name, records in files.items():
            put(tmp_path, name, records)
        assert find_format("auto", tmp_path).name == form

    @pytest.mark.parametrize(
        "files",
        [
            {"pregres.json": [trained()], "rs_gpt4v.json": [trained()]},
            {"pregres.json": [trained()], "a.jsonl": [evaluated()]},
        ],
        ids=["both names", "a name and evaluation records"],
    )
    def test_where_both_could_be_meant_auto_asks(self, tmp_path: Path, files: dict[str, Any]):
        for name, records in files.items():
            put(tmp_path, name, records)
        with pytest.raises(LayoutError, match="looks like pregres and rsgpt4v; name the format"):
            find_format("auto", tmp_path)
        assert find_format("rsgpt4v", tmp_path).name == "rsgpt4v"
        assert find_format("pregres", tmp_path).name == "pregres"

    @pytest.mark.parametrize("name", ["rsgpt4v", "pregres", "geochat", "llava"])
    def test_records_that_tell_nothing_are_of_whichever_is_named(self, tmp_path: Path, name: str):
        put(tmp_path, "some.json", [trained()])
        assert find_format("auto", tmp_path).name == "llava"
        assert find_format(name, tmp_path).name == name


class TestSplits:
    @pytest.mark.parametrize(
        ("name", "records", "split"),
        [
            ("questions.jsonl", [evaluated()], "test"),
            ("instruct.json", [trained()], "train"),
            ("RS-GPT4V_train.jsonl", [evaluated()], "train"),
            ("UCM_Test.json", [trained()], "test"),
            ("llava-validation-2.json", [trained()], "val"),
            ("eval/VQA.json", [trained()], "test"),
            ("train/VQA_val.json", [trained()], "val"),
            ("test/train/a.json", [trained()], "train"),
            ("val/train_and_test.json", [trained()], "val"),
            ("training.json", [evaluated()], "train"),
            ("contest.json", [trained()], "train"),
            ("a/latest.jsonl", [evaluated()], "test"),
        ],
    )
    def test_by_name_then_by_form(self, tmp_path: Path, name: str, records: Any, split: str):
        put(tmp_path, name, records)
        (found,), errors, notes = read(tmp_path)
        assert (found.split, errors) == (split, [])
        assert found.key == f"rsgpt4v/{split}/a.jpg"
        assert notes[0].startswith(f"{name}: 1 record, taken as {split} (")

    def test_only_the_splits_asked_for_are_read(self, tmp_path: Path):
        put(tmp_path, "train.json", [trained("a.jpg")])
        put(tmp_path, "test.json", [trained("a.jpg"), trained("b.jpg")])
        found, _, notes = read(tmp_path, splits=["test"])
        assert [r.key for r in found] == ["rsgpt4v/test/a.jpg", "rsgpt4v/test/b.jpg"]
        assert len(notes) == 2

    def test_of_a_repository_other_splits_are_not_wanted(self):
        names = ["a_train.json", "b_test.json", "c.json", "train/1.jpg", "imgs/2.jpg"]
        wanted = FORMATS["rsgpt4v"].wanted
        assert wanted is not None
        assert wanted(names, ("test",), None) == names[1:]
        assert wanted(names, ("train", "val", "test"), 5) == names


class TestImages:
    def test_records_of_an_image_are_brought_together(self, tmp_path: Path):
        put(tmp_path, "1.json", [trained(i, f"q{i}", "1") for i in ("b.jpg", "a.jpg", "b.jpg")])
        put(tmp_path, "2.jsonl", [trained("a.jpg", "x", "y"), trained("c.jpg")])
        found, errors, _ = read(tmp_path)
        assert errors == []
        assert [r.image_id for r in found] == ["b.jpg", "a.jpg", "c.jpg"]
        assert talk(found[1]) == [("qa.jpg", ("1",)), ("x", ("y",))]
        assert [str(turn.source) for turn in found[1].turns] == ["1.json[1]", "2.jsonl[0]"]
        assert str(found[1].source) == "1.json[1]"

    def test_spellings_of_a_path_are_one_image_and_others_are_not(self, tmp_path: Path):
        paths = ["s/a.jpg", "./s//a.jpg", "s\\a.jpg", "S/a.jpg", "s/a.png", "s_a.jpg"]
        put(tmp_path, "t.json", [trained(path) for path in paths])
        found, _, _ = read(tmp_path)
        assert [(r.image_id, len(r.turns)) for r in found] == [
            ("s/a.jpg", 3), ("S/a.jpg", 1), ("s/a.png", 1), ("s_a.jpg", 1)
        ]  # fmt: skip

    def test_images_are_found_or_not(self, tmp_path: Path):
        image = put_image(tmp_path, "images/s/a.jpg")
        put(tmp_path, "t.json", [trained("s/A.jpg"), trained("s/b.jpg")])
        found, _, _ = read(tmp_path)
        assert [r.image for r in found] == [image, None]

    def test_a_reading_that_is_given_up_leaves_no_index(self, tmp_path: Path, monkeypatch):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
        (tmp_path / "temporary").mkdir()
        put(tmp_path, "t.json", [trained("a.jpg"), trained("b.jpg")])
        records = FORMATS["rsgpt4v"].read(tmp_path)
        next(records)
        assert any((tmp_path / "temporary").iterdir())
        records.close()  # type: ignore[attr-defined]
        assert not any((tmp_path / "temporary").iterdir())


class TestTurns:
    @pytest.mark.parametrize(
        ("messages", "turns"),
        [
            ([("human", QUESTION), ("gpt", "Two.")], [(QUESTION, ("Two.",))]),
            ([("user", "q"), ("assistant", "a")], [("q", ("a",))]),
            ([("human", "q"), ("gpt", "a")] * 2, [("q", ("a",))] * 2),
            ([("system", "s"), ("human", "q"), ("gpt", "a")], [("q", ("a",))]),
            ([("gpt", "a"), ("human", "q")], [("", ("a",)), ("q", ())]),
            ([("human", "1"), ("human", "2"), ("gpt", "a")], [("1", ()), ("2", ("a",))]),
            ([("human", ""), ("gpt", "")], [("", ("",))]),
        ],
    )
    def test_messages_are_paired(self, tmp_path: Path, messages: Any, turns: Any):
        said = [{"from": role, "value": text} for role, text in messages]
        put(tmp_path, "t.json", [trained(conversations=said)])
        (found,), errors, _ = read(tmp_path)
        assert (talk(found), errors) == (turns, [])
        assert [turn.position for turn in found.turns] == list(range(len(turns)))

    @given(st.lists(st.tuples(st.sampled_from(["human", "gpt"]), st.text("ab", max_size=2))))
    def test_every_message_is_in_one_turn(self, messages: list[tuple[str, str]]):
        said = [{"from": role, "value": text} for role, text in messages]
        if not said:
            return
        places = []
        for turn in parse(trained(conversations=said)).turns:
            places += [turn.question_at] * (turn.question_at is not None) + list(turn.answers_at)
        assert places == [("conversations", i, "value") for i in range(len(messages))]

    @pytest.mark.parametrize(
        ("answer", "answers"),
        [("two", ("two",)), (["a", "b"], ("a", "b")), (403, ("403",)), ([], ()), ("", ("",))],
    )
    def test_answers(self, tmp_path: Path, answer: Any, answers: tuple[str, ...]):
        put(tmp_path, "t.jsonl", [evaluated(answer=answer)])
        (found,), errors, _ = read(tmp_path)
        assert (found.turns[0].answers, errors) == (answers, [])
        assert found.turns[0].category == "count"

    @pytest.mark.parametrize(
        ("question", "category", "listed", "caption"),
        [
            ("How many ships?", "count", False, False),
            ("How many ships?", "count", True, False),
            ("Describe the image in detail.", "detail", False, False),
            ("Is the caption 'a ship' right?", "", False, False),
            ("How many ships?", "", False, False),
            ("Provide a one-sentence caption.", "vqa", False, False),
            ("Provide a one-sentence caption.", "", False, True),
            ("<image>\nPlease WRITE two captions of it", "", False, True),
            ("What is it?", "", True, True),
            ("What is it?", "Image Caption", False, True),
        ],
    )
    def test_captions(self, question: str, category: str, listed: bool, caption: bool):
        assert is_caption(question, category, listed) == caption

    def test_captions_are_the_answers(self, tmp_path: Path):
        put(tmp_path, "t.jsonl", [evaluated(), evaluated(answer=["a", "b"], category="caption")])
        (found,), _, _ = read(tmp_path)
        assert [caption.text for caption in found.captions] == ["a", "b"]
        assert len(found.turns) == 2

    def test_ids_that_stand_twice_are_told(self, tmp_path: Path):
        ids = ["1", 1, "2", "3", "2", "2", "3"]
        put(tmp_path, "t.json", [trained(id=i) for i in ids])
        _, errors, notes = read(tmp_path)
        assert errors == []
        assert notes[1] == "t.json: of its ids, 2 name several records, 2 the first"


class TestBoxes:
    @pytest.mark.parametrize(
        ("boxes", "size", "bounds"),
        [
            (["[0.1, 0.2, 0.3, 0.4]"], None, (0.1, 0.2, 0.2, 0.2)),
            (["{<10><20><30><40>}"], None, (0.1, 0.2, 0.2, 0.2)),
            (["(100,200),(300,400)"], None, (0.1, 0.2, 0.2, 0.2)),
            (["<box>[10, 20, 30, 100]</box>", "[300, 20, 400, 190]"], (400, 200),
             (0.025, 0.1, 0.05, 0.4)),
        ],
        ids=["unit", "percent", "thousand", "pixels"],
    )  # fmt: skip
    def test_by_the_numbers_of_the_file(self, tmp_path: Path, boxes: Any, size: Any, bounds: Any):
        if size:
            put_image(tmp_path, "a.jpg", size)
        asked = "Where is <p>it</p>?"
        put(tmp_path, "t.json", [trained("a.jpg", "Hello?", "-", asked, box) for box in boxes])
        (found,), errors, notes = read(tmp_path)
        assert errors == []
        assert found.boxes[0].bounds == pytest.approx(bounds)
        assert [(box.label, box.turn) for box in found.boxes] == [
            ("it", 2 * i + 1) for i in range(len(boxes))
        ]
        assert "are read as" in notes[-1]

    def test_each_file_has_its_own_scale(self, tmp_path: Path):
        put(tmp_path, "1.json", [trained("a.jpg", "q", "[0.1, 0.2, 0.3, 0.4]")])
        put(tmp_path, "2.json", [trained("a.jpg", "q", "[10, 20, 30, 40]")])
        (found,), _, _ = read(tmp_path)
        assert found.boxes[0].bounds == pytest.approx(found.boxes[1].bounds)

    def test_a_scale_that_is_set_holds(self, tmp_path: Path):
        put(tmp_path, "1.json", [trained("a.jpg", "q", "[0.1, 0.2, 0.3, 0.4]")])
        (found,), _, notes = read(tmp_path, boxes="percent")
        assert found.boxes[0].bounds == pytest.approx((0.001, 0.002, 0.002, 0.002))
        assert len(notes) == 1
        (found,), _, notes = read(tmp_path, boxes="none")
        assert (found.boxes, len(notes)) == ((), 1)
        assert found.turns[0].answers == ("[0.1, 0.2, 0.3, 0.4]",)

    def test_what_is_no_good_box_is_counted(self, tmp_path: Path):
        texts = ["[0.1, 0.2, 0.3, 0.4]"] * 20
        texts += ["[0.1, 0.2, 0.3]", "[0.5, 0.5, 2, 0.6]", "[0.5, 0.5, 0.2, 0.6]", "<box></box>"]
        put(tmp_path, "1.json", [trained("a.jpg", "q", text) for text in texts])
        (found,), errors, notes = read(tmp_path)
        assert (len(found.boxes), len(found.turns), errors) == (20, 24, [])
        assert [note for note in notes if "left out" in note] == [
            "1.json: boxes left out: 1 (each has no area, or its corners the wrong way round)",
            "1.json: boxes left out: 2 (each is not four numbers)",
            "1.json: boxes left out: 1 (each lies partly outside of the image)",
        ]

    def test_pixels_of_an_absent_image_are_counted(self, tmp_path: Path):
        put(tmp_path, "1.json", [trained("a.jpg", "q", "[1, 2, 3, 4]")])
        (found,), _, notes = read(tmp_path, boxes="pixels")
        assert found.boxes == ()
        assert "each is in pixels of an image that cannot be read" in notes[-1]


class TestRealData:
    def test_all_files_together(self, shared_data: Path):
        found, errors, notes = read(shared_data / "rsgpt4v")
        assert (len(found), errors, len(notes)) == (33, [], 6)
        assert sum(len(r.turns) for r in found) == 53
        there = [r for r in found if r.image]
        assert len(there) == 20
        assert {r.image_id.rpartition("/")[0] for r in there} == {"UCM_captions/imgs"}
        assert all(r.split == "test" and r.boxes == () for r in found)

    def test_all_captions_of_the_images(self, shared_data: Path):
        root = shared_data / "rsgpt4v"
        lines = (root / "UCM-Captions.jsonl").read_text("utf-8").splitlines()
        published = {r["image"]: r["answer"] for r in map(json.loads, lines)}
        found, _, _ = read(root)
        captions = {r.image_id: [c.text for c in r.captions] for r in found if r.image}
        assert captions == published
        assert sum(map(len, captions.values())) == 96

    @pytest.mark.parametrize(
        ("name", "images", "turns"),
        [
            ("Conversation_Complex_Reasoning", 2, 9),
            ("Detailed_Description", 4, 4),
            ("RSICD", 5, 5),
            ("RSVQA_LR", 1, 12),
            ("Sydney-Captions", 3, 3),
            ("UCM-Captions", 20, 20),
        ],
    )
    def test_each_file_alone(
        self, shared_data: Path, tmp_path: Path, name: str, images: int, turns: int
    ):
        data = (shared_data / "rsgpt4v" / f"{name}.jsonl").read_bytes()
        put(tmp_path, f"{name}.jsonl", data)
        assert find_format("auto", tmp_path).name == "rsgpt4v"
        found, errors, _ = read(tmp_path)
        assert (len(found), sum(len(r.turns) for r in found), errors) == (images, turns, [])


def test_a_generated_layout_is_read_as_made(tmp_path: Path):
    made = make_rsgpt4v(tmp_path, images=6, size=128)
    assert find_format("auto", tmp_path).name == "rsgpt4v"
    found, errors, _ = read(tmp_path)
    assert [r.key for r in found] == list(made.keys)
    assert errors == []
    assert all(r.image is not None and r.captions for r in found)
    assert any(box.label for r in found for box in r.boxes)


def test_boxes_under_the_key_of_gemini_are_thousandths(tmp_path: Path):
    put_image(tmp_path, "a.jpg", (200, 100))
    said = '{"box_2d": [20, 10, 90, 60], "label": "ship"} or [10, 20, 150, 90]'
    put(tmp_path, "train.json", [trained("a.jpg", "Where is it?", said)])
    (record,), _, notes = read(tmp_path)
    bounds = [box.bounds for box in record.boxes]
    assert bounds == [(0.01, 0.02, pytest.approx(0.05), pytest.approx(0.07)),
                      (0.05, 0.2, 0.7, pytest.approx(0.7))]  # fmt: skip
    assert any("y before x, as their key box_2d has it" in note for note in notes)


def test_speakers_are_known_in_any_case(tmp_path: Path):
    put_image(tmp_path, "a.jpg")
    said = [{"from": "Human", "value": "How many?"}, {"from": "GPT", "value": "Two."}]
    other = [{"role": "USER", "content": "Which?"}, {"role": "Assistant", "content": "Red."}]
    records = [{"image": "a.jpg", "conversations": said}, {"image": "a.jpg", "messages": other}]
    put(tmp_path, "train.json", records)
    (record,), errors, _ = read(tmp_path)
    found = [(turn.question, turn.answers) for turn in record.turns]
    assert found == [("How many?", ("Two.",)), ("Which?", ("Red.",))]
    assert not errors
    text = json.dumps(records[0])
    added = json.loads(with_turns(text, records[0], [], [("Where?", "Left.")]))
    assert [message["from"] for message in added["conversations"]] == ["Human", "GPT"] * 2
