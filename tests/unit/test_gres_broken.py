"""GRES files that are broken or meant to break the reader: reported, and the rest is read."""

from __future__ import annotations

import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.errors import RecordError
from pairlens.importers.formats import gres
from pairlens.importers.polygons import MAX_SHAPES
from pairlens.importers.records import MAX_PHRASE
from tests.unit.test_gres import content, put, read, shape

NAMED = "gres_annotations/test/a.json"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b" \n", "is empty", id="empty"),
        pytest.param(b'{"text": [', "is not valid JSON", id="cut"),
        pytest.param(b"[" * 200_000, "is nested too deeply", id="deep"),
        pytest.param(b'{"text": ' * 50_000, "is nested too deeply", id="deep objects"),
        pytest.param(b'{"text": [' + b"9" * 5000 + b"]}", "is not valid JSON", id="long number"),
        pytest.param(b'{"text": ["\x81\xff"]}', "neither utf-8 nor cp1252", id="binary"),
        pytest.param(json.dumps(content()).encode("utf-16"), "is UTF-16", id="utf-16"),
        pytest.param([content()], "holds no JSON object", id="list"),
        pytest.param({"shapes": []}, "has no list 'text'", id="no text"),
        pytest.param({"text": []}, "has no list 'shapes'", id="no shapes"),
        pytest.param(content(text="a car"), "has no list 'text'", id="text is a text"),
        pytest.param(content(shapes={"0": shape()}), "has no list 'shapes'", id="shapes are not"),
        pytest.param(content(false_premise_QA=5), "'false_premise_QA' that is no list", id="5"),
        pytest.param(content(false_premise_QA="abc"), "that is no list", id="premise is a text"),
        pytest.param(content(false_premise_QA={"a": 1}), "that is no list", id="a mapping"),
        pytest.param(content(shapes=[None]), "shape 0 has no label", id="null shape"),
        pytest.param(content(shapes=[shape(), "x"]), "shape 1 has no label", id="text shape"),
        pytest.param(content(shapes=[shape(None)]), "shape 0 has no label", id="null label"),
        pytest.param(content(shapes=[shape(points="1212")]), "list of points", id="text points"),
        pytest.param(content(shapes=[shape(points=[[1]])]), "not [x, y]", id="one number"),
        pytest.param(content(shapes=[shape(points=[[1, 2, 3]])]), "not [x, y]", id="three"),
        pytest.param(content(shapes=[shape(points=[1, 2])]), "not [x, y]", id="flat"),
        pytest.param(content(shapes=[shape(points=["12"])]), "not [x, y]", id="digits"),
        pytest.param(content(shapes=[shape(points=[["1", "2"]])]), "not [x, y]", id="strings"),
        pytest.param(content(shapes=[shape(points=[[True, 1]])]), "not [x, y]", id="booleans"),
        pytest.param(content(shapes=[shape(points=[[10**400, 1]])]), "not [x, y]", id="10^400"),
        pytest.param(content(shapes=[shape(points=[{"x": 1, "y": 2}])]), "not [x, y]", id="dict"),
    ],
)
def test_a_broken_file_is_reported_and_left_out(tmp_path: Path, data: Any, reason: str):
    put(tmp_path, data)
    put(tmp_path, content(), "b")
    pairs, errors, _ = read(tmp_path)
    assert {p.image_id for p in pairs} == {"b"}
    assert len(errors) == 1
    assert errors[0].startswith(NAMED)
    assert reason in errors[0]
    with pytest.raises(RecordError):
        list(gres.read(tmp_path))


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "/etc/passwd",
        "..",
        "a/b.jpg",
        "a\\b.jpg",
        "a\0.jpg",
        "x" * 256,
        "\ud800",
    ],
    ids=ascii,
)
def test_image_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str):
    put(tmp_path, content(shapes=[shape(image_name=name)]))
    pairs, errors, _ = read(tmp_path)
    assert pairs == []
    assert "is no plain file name" in errors[0]
    errors[0].encode()


@pytest.mark.parametrize("name", ["", None, 7, ["a.jpg"]], ids=str)
def test_without_an_image_name_the_files_own_serves(tmp_path: Path, name: Any):
    put(tmp_path, content(shapes=[shape(image_name=name)]), "lisat_2")
    assert {p.image_name for p in read(tmp_path)[0]} == {"lisat_2.jpg"}


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        (None, "the query is NoneType"),
        (["a car"], "the query is list"),
        ({"en": "a car"}, "the query is dict"),
        (3, "the query is int"),
        ("x" * (MAX_PHRASE + 1), "longer than 65,536 characters"),
        ("half \ud83d", "half a character"),
    ],
    ids=["null", "list", "mapping", "number", "long", "surrogate"],
)
def test_a_broken_query_leaves_the_numbers_of_the_others(tmp_path: Path, query: Any, reason: str):
    put(tmp_path, content(text=["a car", query, "a bus"], false_premise_QA=[[query], [], ["x"]]))
    pairs, errors, _ = read(tmp_path)
    assert [p.key.rpartition("#")[2] for p in pairs] == ["0", "2", "5"]
    assert [e.split(": ")[0] for e in errors] == [f"{NAMED}[{i}]" for i in (1, 3, 4)]
    assert reason in errors[0]
    with pytest.raises(RecordError, match=reason):
        list(gres.read(tmp_path))


def test_coordinates_in_no_image_are_left_to_the_checks(tmp_path: Path):
    wild = b'{"text": ["a"], "shapes": [{"label": "t", "points": [[NaN, 1e300], [-Infinity, 2]]}]}'
    put(tmp_path, wild)
    pairs, errors, _ = read(tmp_path)
    assert (len(pairs), errors) == (1, [])


def test_strict_reading_tells_an_error_once(tmp_path: Path):
    put(tmp_path, content(text=[None, None]))
    told: list[str] = []

    def strict(error: RecordError) -> None:
        told.append(str(error))
        raise error

    with pytest.raises(RecordError):
        list(gres.read(tmp_path, on_error=strict))
    assert len(told) == 1


def test_a_file_name_that_is_no_text_is_reported(tmp_path: Path):
    put(tmp_path, content())
    folder = os.fsencode(tmp_path / "gres_annotations" / "test")
    try:
        with open(folder + b"/\xff.json", "wb") as stream:
            stream.write(json.dumps(content()).encode())
    except OSError:
        pytest.skip("this file system has names in utf-8 only")
    pairs, errors, notes = read(tmp_path)
    assert {p.image_id for p in pairs} == {"a"}
    assert len(errors) == 1
    "".join(errors + notes).encode()


def test_the_reader_is_lazy(tmp_path: Path):
    for name in "abc":
        put(tmp_path, content(), name)
    reader = gres.read(tmp_path)
    assert next(reader).key == "gres/test/a#0"
    put(tmp_path, content(text=["changed"]), "c")
    assert [p.phrase for p in reader] == ["a car", "the red car", "a car", "changed"]


def test_a_file_that_is_no_annotation_is_not_held(tmp_path: Path):
    put(tmp_path, content(), "b")
    with open(put(tmp_path, b""), "wb") as stream:
        stream.truncate(400 << 20)
    tracemalloc.start()
    pairs, errors, _ = read(tmp_path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (len(pairs), len(errors)) == (2, 1)
    assert "over 16 MB, too large for an annotation" in errors[0]
    assert peak < 3 * gres.MAX_FILE_BYTES


def test_equal_names_of_members_are_read_as_python_reads_them(tmp_path: Path):
    put(tmp_path, b'{"text": ["old"], "shapes": [], "text": ["new"]}')
    assert [p.phrase for p in read(tmp_path)[0]] == ["new"]


@pytest.mark.slow
def test_as_many_shapes_as_may_be_are_read_in_order(tmp_path: Path):
    put(tmp_path, content(text=["a"], shapes=[shape(points=[[i, 0]]) for i in range(MAX_SHAPES)]))
    (pair,) = read(tmp_path)[0]
    assert [s.points[0][0] for s in pair.target.shapes[:3]] == [0, 1, 2]  # type: ignore[union-attr]
