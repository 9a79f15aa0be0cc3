"""RS-GPT4V and PreGRES, written from plain records: no database, nothing decoded."""

from __future__ import annotations

import json
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.fiftyone_plugin.demo.instruction_layouts import make_pregres, make_rsgpt4v
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.export_items import ExportTurn
from pairlens.importers.formats.json_edit import replace_values
from pairlens.importers.formats.native_export import Edit, Tally
from tests.unit.instructions import evaluated, put, put_image, read, trained

Change = Callable[[ExportTurn], ExportTurn]


def turns_of(root: Path, form: str = "rsgpt4v") -> list[ExportTurn]:
    """What the database would hold of a folder."""
    found = [
        ExportTurn(r.key, t.source, t.position, r.image, t.question, t.answers, selected=True)
        for r in read(root, form)[0]
        for t in r.turns
    ]
    return sorted(found, key=lambda turn: (turn.source.file, turn.source.index, turn.position))


def export(
    root: Path, turns: list[ExportTurn], form: str = "rsgpt4v"
) -> tuple[dict[str, bytes], Tally, list[Edit]]:
    """The files written, by name."""
    out = root.parent / f"{root.name} out"
    out.mkdir()
    exporter = FORMATS[form].exporter(root, out)
    edits: list[Edit] = []
    exporter.tally.on_edit = edits.append
    for name, group in groupby(turns, lambda turn: turn.source.file):
        exporter.write_file(name, group)
    exporter.finish()
    return contents(out), exporter.tally, edits


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def without(turns: list[ExportTurn], *images: str) -> list[ExportTurn]:
    """Those images dropped."""
    dropped = dict.fromkeys(images, False)
    return [replace(t, selected=dropped.get(t.key.split("/", 2)[2], True)) for t in turns]


def three(root: Path, name: str, template: str) -> list[str]:
    """A file of the records of ``a.jpg``, ``b.jpg`` and ``c.jpg``; gives their texts."""
    records = [json.dumps(trained(f"{letter}.jpg")) for letter in "abc"]
    put(root, name, template.format(*records).encode())
    return records


@pytest.mark.parametrize("make", [make_rsgpt4v, make_pregres])
def test_all_comes_out_as_it_came_in(tmp_path: Path, make: Any):
    made = make(tmp_path / "in", images=6, size=96)
    turns = turns_of(made.root, made.format)
    files, tally, edits = export(made.root, turns, made.format)
    assert files == contents(made.root)
    assert edits == []
    assert tally.files == {"copied": len(list(made.root.glob("*.json*"))), "rewritten": 0,
                           "left_out": 0}  # fmt: skip
    assert (tally.images, tally.images_missing, tally.not_imported) == (6, 0, 0)


def test_real_files_come_out_as_they_came_in(shared_data: Path, tmp_path: Path):
    root = tmp_path / "in"
    root.symlink_to(shared_data / "rsgpt4v")
    files, tally, _ = export(root, turns_of(root))
    assert files == contents(shared_data / "rsgpt4v")
    assert (tally.records, tally.not_imported, tally.images) == (53, 0, 20)


@pytest.mark.parametrize(
    ("name", "template", "dropped", "expected"),
    [
        ("t.json", "[{0}, {1}, {2}]", "b", "[{0}, {2}]"),
        ("t.json", "[{0}, {1}, {2}]", "a", "[{1}, {2}]"),
        ("t.json", "[{0}, {1}, {2}]", "c", "[{0}, {1}]"),
        ("t.json", "[{0}, {1}, {2}]", "ac", "[{1}]"),
        ("t.json", " [\n {0} ,\n\t{1},{2}\n]\n\n", "b", " [\n {0},{2}\n]\n\n"),
        ("t.json", " [\n {0} ,\n\t{1},{2}\n]\n\n", "a", " [\n {1},{2}\n]\n\n"),
        ("t.json", " [\n {0} ,\n\t{1},{2}\n]\n\n", "c", " [\n {0} ,\n\t{1}\n]\n\n"),
        ("t.jsonl", "{0}\n{1}\n{2}\n", "b", "{0}\n{2}\n"),
        ("t.jsonl", "{0}\n{1}\n{2}\n", "a", "{1}\n{2}\n"),
        ("t.jsonl", "{0}\n{1}\n{2}", "c", "{0}\n{1}"),
        ("t.jsonl", "{0}\r\n\r\n {1}\r\n{2}\r\n", "ab", "{2}\r\n"),
        ("t.jsonl", "\ufeff{0}\n{1}\n{2}\n", "a", "\ufeff{1}\n{2}\n"),
        ("t.jsonl", "{0}\n\n\n{1}\n{2}\n", "b", "{0}\n{2}\n"),
    ],
    ids=ascii,
)
def test_dropped_records_are_cut_out(
    tmp_path: Path, name: str, template: str, dropped: str, expected: str
):
    root = tmp_path / "in"
    records = three(root, name, template)
    chosen = without(turns_of(root), *(f"{letter}.jpg" for letter in dropped))
    files, tally, _ = export(root, chosen)
    assert files[name].decode() == expected.format(*records)
    assert tally.files["rewritten"] == 1
    assert (tally.records, tally.not_imported) == (3, 0)


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([",", " ,\n", ",  "])), min_size=1),
    st.sets(st.sampled_from("abcd")),
    st.booleans(),
)
def test_what_is_cut_out_is_what_was_dropped(tmp_path_factory, parts, dropped, lines: bool):
    root = tmp_path_factory.mktemp("cut") / "in"
    records = [trained(f"{letter}.jpg", f"q {i}", "a") for i, (letter, _) in enumerate(parts)]
    texts = [json.dumps(record, indent=None if lines else 1) for record in records]
    joined = "".join(t + ("\n" if lines else c) for t, (_, c) in zip(texts, parts, strict=True))
    name = "t.jsonl" if lines else "t.json"
    put(root, name, (joined if lines else "[" + joined.rstrip(", \n") + "]").encode())
    kept = [r for r in records if r["image"][0] not in dropped]
    files, tally, _ = export(root, without(turns_of(root), *(f"{d}.jpg" for d in dropped)))
    assert (name in files) == bool(kept)
    data = files.get(name, b"[]").decode()
    read_back = [json.loads(x) for x in data.splitlines()] if lines and kept else json.loads(data)
    assert read_back == kept
    assert tally.records == len(records)


def test_a_file_without_records_left_is_left_out_with_its_images(tmp_path: Path):
    root = tmp_path / "in"
    put_image(root, "a.jpg")
    put_image(root, "b.jpg")
    put(root, "1.json", [trained("a.jpg")])
    put(root, "2.json", [trained("b.jpg"), trained("c.jpg")])
    files, tally, _ = export(root, without(turns_of(root), "a.jpg"))
    assert set(files) == {"2.json", "b.jpg"}
    assert tally.files == {"copied": 1, "rewritten": 0, "left_out": 1}
    assert (tally.images, tally.images_missing) == (1, 1)


@pytest.mark.parametrize(
    ("name", "data", "expected", "left"),
    [
        pytest.param("t.json", "[{0}, 7, {1}, {2}]", "[{0}, {1}, {2}]", 1, id="no record"),
        pytest.param("t.json", "[{0},, {1}, {2},]", "[{0}, {1}, {2}]", 2, id="commas"),
        pytest.param("t.json", '[{0}, {1}, {2}, {{"im', "[{0}, {1}, {2}]\n", 0, id="cut off"),
        pytest.param(
            "t.json",
            '[{0}, {{"id": "3", "image": "A 24" pipe"}}, {1}, {2}]',
            "[{0}, {1}, {2}]",
            1,
            id="quote",
        ),
        pytest.param(
            "t.json", '[{0}, {{"id": "3", "x": {{{1}, {2}]', "[{0},{1}, {2}]", 1, id="no end"
        ),
        pytest.param(
            "t.json", '{{"data": [{0}, {1}, 7, {2}]}}', '{{"data": [{0}, {1}, {2}]}}', 1, id="key"
        ),
        pytest.param("t.json", "[{0}, {1}, {2}] x", "[{0}, {1}, {2}]\n", 0, id="goes on"),
        pytest.param("t.jsonl", "{0}\n{{\n{1}\n\n{2}", "{0}\n{1}\n\n{2}", 1, id="broken line"),
    ],
)
def test_what_was_not_imported_is_left_out(
    tmp_path: Path, name: str, data: str, expected: str, left: int
):
    root = tmp_path / "in"
    records = three(root, name, data)
    files, tally, _ = export(root, turns_of(root))
    assert files[name].decode() == expected.format(*records)
    assert (tally.records, tally.not_imported) == (3 + left, left)
    assert tally.files["rewritten"] == 1


def test_a_line_too_long_to_read_is_left_out(tmp_path: Path):
    root = tmp_path / "in"
    records = three(root, "t.jsonl", '{0}\n{{"a": "' + "x" * (1 << 20) + '"}}\n{1}\n{2}\n')
    files, _, _ = export(root, turns_of(root))
    assert files["t.jsonl"].decode() == "".join(f"{record}\n" for record in records)


def edit(turns: list[ExportTurn], at: int, **texts: Any) -> list[ExportTurn]:
    return [*turns[:at], replace(turns[at], **texts), *turns[at + 1 :]]


class TestEdits:
    def check(self, root: Path, name: str, turns: list[ExportTurn], old: str, new: str) -> None:
        before = (root / name).read_bytes()
        files, tally, edits = export(root, turns)
        assert before.count(old.encode()) == 1
        assert files[name] == before.replace(old.encode(), new.encode())
        assert tally.files["rewritten"] == 1
        assert len(edits) == 1

    def test_an_answer_of_a_conversation(self, tmp_path: Path):
        root = tmp_path / "in"
        put(root, "t.json", [trained("a.jpg", "q1", "a1", "q2", "a2"), trained("b.jpg")])
        turns = edit(turns_of(root), 1, answers=("zwölf \u2028",))
        self.check(root, "t.json", turns, '"a2"', '"zw\\u00f6lf \\u2028"')

    def test_a_question_in_a_file_that_is_not_ascii(self, tmp_path: Path):
        root = tmp_path / "in"
        data = BOM_UTF8 + '{"image":"ä.jpg" , "text" :"q", "answer": ["a","é"]}'.encode()
        put(root, "t.jsonl", data)
        turns = edit(turns_of(root), 0, question='ü "2"\n')
        self.check(root, "t.jsonl", turns, ':"q"', ':"ü \\"2\\"\\n"')

    def test_one_of_several_answers(self, tmp_path: Path):
        root = tmp_path / "in"
        put(root, "t.jsonl", [evaluated(answer=["a", "b", "c"], category="caption")])
        turns = edit(turns_of(root), 0, answers=("a", "B", "c"))
        self.check(root, "t.jsonl", turns, '"b"', '"B"')

    def test_a_number(self, tmp_path: Path):
        root = tmp_path / "in"
        put(root, "t.jsonl", [evaluated(answer=403, category="")])
        assert turns_of(root)[0].answers == ("403",)
        self.check(root, "t.jsonl", edit(turns_of(root), 0, answers=("3",)), "403", '"3"')

    def test_of_a_key_that_stands_twice_the_last_is_meant(self, tmp_path: Path):
        root = tmp_path / "in"
        put(root, "t.jsonl", b'{"image":"a.jpg","text":"q","answer":"old","answer":"new"}\n')
        turns = edit(turns_of(root), 0, answers=("x",))
        self.check(root, "t.jsonl", turns, '"new"', '"x"')

    def test_edits_of_what_is_dropped_are_not_told(self, tmp_path: Path):
        root = tmp_path / "in"
        put(root, "t.json", [trained("a.jpg"), trained("b.jpg")])
        turns = without(edit(turns_of(root), 0, question="?"), "a.jpg")
        assert export(root, turns)[2] == []

    def test_edits_are_told(self, tmp_path: Path):
        root = tmp_path / "in"
        put(root, "t.json", [trained("a.jpg", "q", "a")])
        (turn,) = turns_of(root)
        _, _, edits = export(root, [replace(turn, question="Q", answers=("A",))])
        assert edits == [
            Edit("rsgpt4v/train/a.jpg", turn.source, "q", "Q"),
            Edit("rsgpt4v/train/a.jpg", turn.source, "a", "A"),
        ]


def _spoiled(turns: list[ExportTurn]) -> Iterator[tuple[str, list[ExportTurn], str]]:
    first = turns[0]
    source = replace(first.source, index=9)
    yield "beyond the end", [*turns, replace(first, source=source)], "record 9 is not what was"
    yield "another image", [replace(first, key="rsgpt4v/train/x.jpg"), *turns[1:]], "record 0"
    yield "a turn too few", turns[1:], "has 2 turns, and the dataset has 1"
    yield "a turn too many", [first, *turns], "has 2 turns, and the dataset has 3"
    yield (
        "an answer too few",
        edit(turns, 0, answers=()),
        "the dataset has 0 answers of a turn and the source 1",
    )


def test_what_does_not_fit_the_source_is_refused(tmp_path: Path):
    root = tmp_path / "in"
    put(root, "t.json", [trained("a.jpg", "q1", "a1", "q2", "a2")])
    for number, (_, turns, reason) in enumerate(_spoiled(turns_of(root))):
        out = tmp_path / f"out {number}"
        out.mkdir()
        with pytest.raises(StateError, match=reason):
            FORMATS["rsgpt4v"].exporter(root, out).write_file("t.json", iter(turns))


def test_a_question_that_is_not_there_cannot_be_edited(tmp_path: Path):
    root = tmp_path / "in"
    put(root, "t.json", [trained(conversations=[{"from": "gpt", "value": "a"}])])
    with pytest.raises(UsageError, match=r"t.json\[0\] has no question that could be edited"):
        export(root, edit(turns_of(root), 0, question="new"))


def test_an_edit_that_could_not_be_read_back_is_refused(tmp_path: Path):
    root = tmp_path / "in"
    put(root, "t.json", [trained("a.jpg", "q", "a")])
    with pytest.raises(UsageError, match="the edited text is too long to be read back"):
        export(root, edit(turns_of(root), 0, question="x" * (1 << 20)))


def test_a_source_that_is_gone_is_told(tmp_path: Path):
    root = tmp_path / "in"
    path = put(root, "t.json", [trained("a.jpg")])
    turns = turns_of(root)
    path.unlink()
    with pytest.raises(StateError, match="json is gone from the source folder"):
        export(root, turns)


JSON = st.recursive(
    st.text('ab"\\é', max_size=3) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("kl", max_size=2), inner),
    max_leaves=8,
)


@given(JSON, st.data(), st.sampled_from([None, 2]))
def test_a_value_of_any_place_can_be_replaced(value: Any, data: st.DataObject, indent: int | None):
    text = json.dumps(value, indent=indent)
    place, inner = [], value
    while isinstance(inner, list | dict) and inner and data.draw(st.booleans()):
        steps = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
        place.append(data.draw(st.sampled_from(steps)))
        inner = inner[place[-1]]
    written = json.loads(replace_values(text, {tuple(place): "[7]"}))
    for step in place:
        written = written[step]
    assert written == [7]
