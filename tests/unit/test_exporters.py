"""The two layouts, written from plain records: no database, nothing decoded."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers.errors import StateError, UnknownName, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.export_items import ExportPair
from pairlens.importers.formats.gres import load_annotation
from pairlens.importers.records import Source

GRES_FILE = "gres_annotations/train/a.json"


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_unknown_export_formats_list_the_known() -> None:
    with pytest.raises(UnknownName, match=r"known: coco, .* fiftyone, .* gres, "):
        export_dataset(None, "yolo", "out")


def annotation(texts: list[Any], **more: Any) -> dict[str, Any]:
    points = [[1.0, 2], [9, 2], [9, 9], [1.0, 2]]
    shape = {"label": "target", "shape_type": "polygon", "image_name": "a.jpg", "points": points}
    return {"text": texts, "is_sentence": True, "shapes": [shape], **more}


def gres_source(folder: Path, data: bytes) -> Path:
    file = folder / "source" / GRES_FILE
    file.parent.mkdir(parents=True)
    file.write_bytes(data)
    image = folder / "source" / "gres_images/train/a.jpg"
    image.parent.mkdir(parents=True)
    image.write_bytes(b"not decoded here")
    return folder / "source"


def pair(
    root: Path, index: int, published: str, *, phrase: str | None = None, selected: bool = True
) -> ExportPair:
    return ExportPair(
        key=f"gres/train/a#{index}",
        source=Source(GRES_FILE, index),
        image=root / "gres_images/train/a.jpg",
        has_mask=True,
        published=published,
        phrase=published if phrase is None else phrase,
        selected=selected,
    )


def write_gres(root: Path, out: Path, pairs: list[ExportPair]) -> Any:
    out.mkdir()
    exporter = FORMATS["gres"].exporter(root, out)
    exporter.write_file(GRES_FILE, iter(pairs))
    exporter.finish()
    return exporter


def test_gres_untouched_file_is_copied(tmp_path: Path) -> None:
    data = b' { "text" : ["q1","q2"],\r\n "shapes": [] , "n": 1.500 }\n\n'
    root = gres_source(tmp_path, data)
    exporter = write_gres(root, tmp_path / "out", [pair(root, 0, "q1"), pair(root, 1, "q2")])
    assert (tmp_path / "out" / GRES_FILE).read_bytes() == data
    assert (tmp_path / "out/gres_images/train/a.jpg").read_bytes() == b"not decoded here"
    assert exporter.tally.files == {"copied": 1, "rewritten": 0, "left_out": 0}


def test_gres_file_with_no_query_left_is_left_out_with_its_image(tmp_path: Path) -> None:
    root = gres_source(tmp_path, json.dumps(annotation(["q1"])).encode())
    exporter = write_gres(root, tmp_path / "out", [pair(root, 0, "q1", selected=False)])
    assert list((tmp_path / "out").iterdir()) == []
    assert exporter.tally.files["left_out"] == 1


def test_gres_rewritten_file_keeps_style_and_other_members(tmp_path: Path) -> None:
    content = annotation(["q1", "q2", "q3"], note="é", number=1e300)
    data = json.dumps(content, indent=4, ensure_ascii=False).replace("\n", "\r\n").encode()
    root = gres_source(tmp_path, data)
    pairs = [
        pair(root, 0, "q1", selected=False),
        pair(root, 1, "q2", phrase='né "w"'),
        pair(root, 2, "q3"),
    ]
    write_gres(root, tmp_path / "out", pairs)
    written = (tmp_path / "out" / GRES_FILE).read_bytes()
    expected = json.dumps({**content, "text": ['né "w"', "q3"]}, indent=4, ensure_ascii=False)
    assert written == expected.replace("\n", "\r\n").encode()


def test_gres_false_premises_are_numbered_after_the_queries(tmp_path: Path) -> None:
    premises = [["p1", True], ["p2", False]]
    root = gres_source(tmp_path, json.dumps(annotation(["q1"], false_premise_QA=premises)).encode())
    pairs = [
        pair(root, 0, "q1"),
        pair(root, 1, "p1", selected=False),
        pair(root, 2, "p2", phrase="new"),
    ]
    write_gres(root, tmp_path / "out", pairs)
    written = json.loads((tmp_path / "out" / GRES_FILE).read_bytes())
    assert written == annotation(["q1"], false_premise_QA=[["new", False]])


def test_gres_records_that_were_not_imported_are_left_out_and_counted(tmp_path: Path) -> None:
    root = gres_source(tmp_path, json.dumps(annotation(["q1", 7, "q3"])).encode())
    exporter = write_gres(root, tmp_path / "out", [pair(root, 0, "q1"), pair(root, 2, "q3")])
    assert json.loads((tmp_path / "out" / GRES_FILE).read_bytes())["text"] == ["q1", "q3"]
    assert (exporter.tally.records, exporter.tally.not_imported) == (3, 1)


@pytest.mark.parametrize(
    ("texts", "drop"),
    [(["caf\xe9", "plain"], 1), (["Ã©", "\xe9t\xe9"], 1), (["caf\xe9", "plain"], 0)],
    ids=["cp1252 stays", "the rest looks like utf-8", "ascii is left"],
)
def test_gres_cp1252_files_read_back_the_same(tmp_path: Path, texts: list[str], drop: int) -> None:
    data = json.dumps(annotation(texts), ensure_ascii=False).encode("cp1252")
    root = gres_source(tmp_path, data)
    pairs = [pair(root, i, text, selected=i != drop) for i, text in enumerate(texts)]
    write_gres(root, tmp_path / "out", pairs)
    content, _ = load_annotation(tmp_path / "out" / GRES_FILE, GRES_FILE)
    assert content["text"] == [texts[1 - drop]]


def test_gres_edit_that_cp1252_cannot_hold_is_escaped(tmp_path: Path) -> None:
    root = gres_source(
        tmp_path, json.dumps(annotation(["\xe9"]), ensure_ascii=False).encode("cp1252")
    )
    write_gres(root, tmp_path / "out", [pair(root, 0, "\xe9", phrase="屋\xe9")])
    content, _ = load_annotation(tmp_path / "out" / GRES_FILE, GRES_FILE)
    assert content["text"] == ["屋\xe9"]


@pytest.mark.parametrize(
    "data",
    [b'{"text": ["other"], "shapes": []}', b'{"text": [], "shapes": []}', b'{"text": ["q1"]', None],
    ids=["another query", "no query", "cut short", "gone"],
)
def test_gres_changed_source_is_refused(tmp_path: Path, data: bytes | None) -> None:
    root = gres_source(tmp_path, data or b"")
    if data is None:
        (root / GRES_FILE).unlink()
    with pytest.raises(StateError, match=r"a\.json"):
        write_gres(root, tmp_path / "out", [pair(root, 0, "q1")])


def test_gres_image_that_disappeared_is_refused_and_a_missing_one_is_not(tmp_path: Path) -> None:
    root = gres_source(tmp_path, json.dumps(annotation(["q1"])).encode())
    (root / "gres_images/train/a.jpg").unlink()
    never = replace(pair(root, 0, "q1"), image=None)
    assert write_gres(root, tmp_path / "one", [never]).tally.images_missing == 1
    with pytest.raises(StateError, match=r"a\.jpg is gone"):
        write_gres(root, tmp_path / "two", [pair(root, 0, "q1")])


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""], ids=["LF", "CRLF", "no last line end"])
def test_gres_id_lists(tmp_path: Path, end: bytes) -> None:
    root = gres_source(tmp_path, json.dumps(annotation(["q1"])).encode())
    listed = root / "gres_annotations/train/train.txt"
    lines = [b"a", b"b", b"../train/a", b"a"]
    listed.write_bytes(b"\n".join(lines) + end)
    write_gres(root, tmp_path / "out", [pair(root, 0, "q1")])
    written = (tmp_path / "out/gres_annotations/train/train.txt").read_bytes()
    assert written == b"a\na" + end


def test_gres_id_list_with_nothing_left_out_is_the_same_bytes(tmp_path: Path) -> None:
    root = gres_source(tmp_path, json.dumps(annotation(["q1"])).encode())
    data = b"a\r\n\na"
    (root / "gres_annotations/train/train.txt").write_bytes(data)
    write_gres(root, tmp_path / "out", [pair(root, 0, "q1")])
    assert (tmp_path / "out/gres_annotations/train/train.txt").read_bytes() == data


LIST = "output_phrase_train.txt"


def refsegrs_source(folder: Path, data: bytes) -> Path:
    root = folder / "source"
    for kind in ("images", "masks"):
        (root / kind).mkdir(parents=True)
        for number in (1, 2, 3):
            (root / kind / f"{number}.tif").write_bytes(f"{kind} {number}".encode())
    (root / LIST).write_bytes(data)
    return root


def line_pair(
    root: Path, index: int, published: str, *, phrase: str | None = None, selected: bool = True
) -> ExportPair:
    return ExportPair(
        key=f"refsegrs/train/{index + 1}#0",
        source=Source(LIST, index),
        image=root / f"images/{index + 1}.tif",
        has_mask=True,
        published=published,
        phrase=published if phrase is None else phrase,
        selected=selected,
    )


def write_refsegrs(root: Path, out: Path, pairs: list[ExportPair]) -> Any:
    out.mkdir()
    exporter = FORMATS["refsegrs"].exporter(root, out)
    exporter.write_file(LIST, iter(pairs))
    exporter.finish()
    return exporter


def test_refsegrs_untouched_list_is_the_same_bytes(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf1 paved road\r\n\n2\tcar \n3 r\xf4le"
    root = refsegrs_source(tmp_path, data)
    pairs = [
        line_pair(root, 0, "paved road"),
        line_pair(root, 2, "car "),
        line_pair(root, 3, "rôle"),
    ]
    pairs = [p if p.source.index < 2 else _shifted(root, p) for p in pairs]
    exporter = write_refsegrs(root, tmp_path / "out", pairs)
    assert (tmp_path / "out" / LIST).read_bytes() == data
    assert (tmp_path / "out/images/3.tif").read_bytes() == b"images 3"
    assert (tmp_path / "out/masks/3.tif").read_bytes() == b"masks 3"
    assert exporter.tally.files["copied"] == 1


def _shifted(root: Path, one: ExportPair) -> ExportPair:
    """The blank line puts line numbers one ahead of the ids."""
    return replace(one, image=root / f"images/{one.source.index}.tif")


def test_refsegrs_dropped_edited_and_not_imported_lines(tmp_path: Path) -> None:
    root = refsegrs_source(tmp_path, b"1 paved road\r\nno id here\r\n3 a car\r\n")
    pairs = [
        line_pair(root, 0, "paved road", selected=False),
        line_pair(root, 2, "a car", phrase="a grün car"),
    ]
    exporter = write_refsegrs(root, tmp_path / "out", pairs)
    assert (tmp_path / "out" / LIST).read_bytes() == "3 a grün car\r\n".encode()
    assert names(tmp_path / "out/images") == ["3.tif"]
    assert names(tmp_path / "out/masks") == ["3.tif"]
    assert (exporter.tally.records, exporter.tally.not_imported) == (3, 1)


def test_refsegrs_edits_keep_the_encoding_of_the_line(tmp_path: Path) -> None:
    root = refsegrs_source(tmp_path, b"1 r\xf4le")
    write_refsegrs(root, tmp_path / "out", [line_pair(root, 0, "rôle", phrase="le rôle")])
    assert (tmp_path / "out" / LIST).read_bytes() == b"1 le r\xf4le"


@pytest.mark.parametrize("read", ["a car", "\t \ufeffa car"], ids=["now", "by an earlier version"])
def test_refsegrs_keeps_what_separates_a_phrase_from_its_id(tmp_path: Path, read: str) -> None:
    data = "\ufeff1 \t \ufeffa car\n".encode()
    root = refsegrs_source(tmp_path, data)
    write_refsegrs(root, tmp_path / "same", [line_pair(root, 0, read)])
    assert (tmp_path / "same" / LIST).read_bytes() == data
    write_refsegrs(root, tmp_path / "out", [line_pair(root, 0, read, phrase="a bus")])
    assert (tmp_path / "out" / LIST).read_bytes() == data.replace(b"car", b"bus")
    with pytest.raises(UsageError, match="begins with white space"):
        write_refsegrs(root, tmp_path / "spaced", [line_pair(root, 0, read, phrase=" a bus")])


def test_refsegrs_list_with_no_line_left_is_left_out(tmp_path: Path) -> None:
    root = refsegrs_source(tmp_path, b"1 paved road\n")
    write_refsegrs(root, tmp_path / "out", [line_pair(root, 0, "paved road", selected=False)])
    assert names(tmp_path / "out") == ["images", "masks"]


@pytest.mark.parametrize(
    "phrase",
    ["a\nb", "a\n", "a\r", "a\x0bb", "a\x85b", "a\u2028b", "", "x" * 70_000],
    ids=["LF", "LF at the end", "CR", "VT", "NEL", "line separator", "empty", "too long"],
)
def test_refsegrs_phrases_that_are_no_line_are_refused(tmp_path: Path, phrase: str) -> None:
    root = refsegrs_source(tmp_path, b"1 paved road\n")
    with pytest.raises(UsageError, match="refsegrs/train/1#0"):
        write_refsegrs(root, tmp_path / "out", [line_pair(root, 0, "paved road", phrase=phrase)])


@pytest.mark.parametrize(
    "data",
    [b"1 another\n", b"", b"word\n", None],
    ids=["another phrase", "fewer lines", "no id", "gone"],
)
def test_refsegrs_changed_source_is_refused(tmp_path: Path, data: bytes | None) -> None:
    root = refsegrs_source(tmp_path, data or b"")
    if data is None:
        (root / LIST).unlink()
    with pytest.raises(StateError, match=LIST):
        write_refsegrs(root, tmp_path / "out", [line_pair(root, 0, "paved road")])


@pytest.mark.parametrize("kind", ["images", "masks"])
def test_refsegrs_files_that_disappeared_are_refused(tmp_path: Path, kind: str) -> None:
    root = refsegrs_source(tmp_path, b"1 paved road\n")
    (root / kind / "1.tif").unlink()
    with pytest.raises(StateError, match=f"{kind}/1.tif is gone"):
        write_refsegrs(root, tmp_path / "out", [line_pair(root, 0, "paved road")])
