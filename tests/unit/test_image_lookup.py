"""Finding images by paths that others wrote: below the folder, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers.image_lookup import ImageLookup, clean_path, find_file


def put(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/etc/passwd", "is absolute"),
        ("\\\\server\\share\\a.jpg", "is absolute"),
        ("C:\\a.jpg", "is absolute"),
        ("../a.jpg", "leads out"),
        ("a/../../b.jpg", "leads out"),
        ("a\\..\\b.jpg", "leads out"),
        ("..", "leads out"),
        ("a\0.jpg", "characters that no path has"),
        ("\ud800.jpg", "characters that no path has"),
        ("x" * 256 + ".jpg", "longer than any path"),
        ("é" * 128, "longer than any path"),
        ("a/" * 600, "longer than any path"),
        ("", "is empty"),
        ("./.", "is empty"),
    ],
    ids=ascii,
)
def test_hostile_paths_are_refused(path: str, reason: str):
    with pytest.raises(ValueError, match=reason):
        clean_path(path)


@pytest.mark.parametrize(
    ("path", "cleaned"),
    [
        ("a.jpg", "a.jpg"),
        ("a/b.tif", "a/b.tif"),
        ("./a//b.tif", "a/b.tif"),
        ("a\\b.tif", "a/b.tif"),
        ("A/B.TIF", "A/B.TIF"),
        ("...", "..."),
        ("x" * 255, "x" * 255),
        (" a .jpg", " a .jpg"),
        ("a#1?.jpg", "a#1?.jpg"),
    ],
    ids=ascii,
)
def test_cleaned(path: str, cleaned: str):
    assert clean_path(path) == cleaned


@given(st.text(st.sampled_from("ab./\\: \0é"), max_size=20))
def test_a_cleaned_path_never_leads_out_and_stays_as_it_is(path: str):
    try:
        cleaned = clean_path(path)
    except ValueError:
        return
    assert clean_path(cleaned) == cleaned
    root = Path("/root/of/it")
    assert root in (root / cleaned).parents
    assert ".." not in cleaned.split("/")


@pytest.mark.parametrize(
    ("there", "path", "found"),
    [
        pytest.param("b.jpg", "a.jpg", None, id="another"),
        pytest.param("x/y/a.jpg", "a.jpg", None, id="in some other folder"),
        pytest.param("a.jpg/b.jpg", "a.jpg", None, id="a folder"),
        pytest.param("a.jpg", "a.jpg", "a.jpg", id="root"),
        pytest.param("s/imgs/a.jpg", "s/imgs/a.jpg", "s/imgs/a.jpg", id="deep"),
        pytest.param("images/s/a.jpg", "s/a.jpg", "images/s/a.jpg", id="images"),
        pytest.param("notes/a.jpg", "a.jpg", "notes/a.jpg", id="beside the file"),
        pytest.param("S/Imgs/A.JPG", "s/imgs/a.jpg", "S/Imgs/A.JPG", id="case"),
        pytest.param("Notes/é.jpg", "Notes/É.JPG", "Notes/é.jpg", id="case of letters"),
    ],
)
def test_places(tmp_path: Path, there: str, path: str, found: str | None):
    put(tmp_path, there)
    file = ImageLookup(tmp_path).find(path, "notes/train.json")
    assert file == (None if found is None else tmp_path / found)


def test_what_is_written_exactly_comes_first(tmp_path: Path):
    put(tmp_path, "images/a.jpg", "A.jpg")
    assert ImageLookup(tmp_path).find("a.jpg", "t.json") == tmp_path / "images/a.jpg"


def test_two_files_that_differ_in_case_are_not_guessed_between(tmp_path: Path):
    put(tmp_path, "A.jpg", "a.JPG")
    lookup = ImageLookup(tmp_path)
    assert lookup.find("a.jpg", "t.json") is None
    assert lookup.find("A.jpg", "t.json") == tmp_path / "A.jpg"


def test_a_file_that_is_no_image_has_no_size(tmp_path: Path):
    put(tmp_path, "a.jpg")
    assert ImageLookup(tmp_path).size("a.jpg", "t.json") is None
    assert ImageLookup(tmp_path).size("b.jpg", "t.json") is None


def test_a_name_without_an_ending_is_that_of_one_file(tmp_path: Path):
    put(tmp_path, "images/a.tif", "images/b.jpg", "images/b.png", "b.jpg", "c.png", "images/c.jpg")
    lookup = ImageLookup(tmp_path)
    assert lookup.find("a", "t.json") == tmp_path / "images/a.tif"
    assert lookup.find("b", "t.json") == tmp_path / "b.jpg"
    assert lookup.find("c", "t.json") == tmp_path / "c.png"
    put(tmp_path, "images/v1.5.tif", "d.jpg.png")
    assert lookup.find("v1.5", "t.json") == tmp_path / "images/v1.5.tif"
    assert lookup.find("d.jpg", "t.json") is None
    put(tmp_path, "b.png")  # image and mask side by side, perhaps
    assert lookup.find("b", "t.json") is None


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a%20b.jpg", "a b.jpg"),
        ("images/c%C3%A9.jpg", "images/c\u00e9.jpg"),
        ("100%25.jpg", "100%25.jpg"),
        ("sub%2Fd.jpg", "sub/d.jpg"),
        ("..%2Fout.jpg", None),
        ("%2Fetc%2Fpasswd", None),
        ("a%00b.jpg", None),
    ],
)
def test_a_name_that_stood_in_an_address(tmp_path: Path, path: str, found: str | None):
    root = tmp_path / "in"
    put(root, "a b.jpg", "images/c\u00e9.jpg", "100%25.jpg", "100%.jpg", "sub/d.jpg")
    put(tmp_path, "out.jpg")
    assert ImageLookup(root).find(path, "t.json") == (root / found if found else None)


@pytest.mark.parametrize(
    ("there", "name", "found"),
    [
        (["1.png", "1.jpg"], "1", None),
        (["1.png"], "1.jpg", None),
        (["1.txt"], "1", None),
        (["1.png"], "1", "1.png"),
        (["1.v2.tif"], "1.v2", "1.v2.tif"),
        (["1", "1.png"], "1", "1"),
    ],
)
def test_a_name_without_an_ending_is_the_one_file_that_has_one(
    tmp_path: Path, there: list[str], name: str, found: str | None
):
    put(tmp_path, *there)
    assert find_file(tmp_path, name) == (found and tmp_path / found)
