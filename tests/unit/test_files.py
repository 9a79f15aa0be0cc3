"""Names that cannot leave a folder or meet each other, and writes that are whole."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pairlens.importers import full_disk
from pairlens.importers.files import (
    MARKER,
    add_owner,
    is_plain_name,
    is_text,
    mark_folder,
    owners_of,
    replace_whole,
    safe_name,
    write_atomic,
    write_once,
)
from pairlens.importers.records import make_key


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("gres/train/lisat_gres_000000000001#0", "gres_train_lisat_gres_000000000001_0"),
        ("refsegrs/val/1361#12", "refsegrs_val_1361_12"),
        ("train/a-1.b_2", "train_a-1.b_2"),
        ("plain", "plain"),
        ("x" * 120, "x" * 120),
    ],
)
def test_ordinary_keys_keep_their_characters(key: str, name: str):
    assert safe_name(key) == name


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gres/train/a b#0", "gres/train/a_b#0"),
        ("gres/train/a#0#0", "gres/train/a_0#0"),
        ("gres/train/a/b#0", "gres/train/a_b#0"),
        ("gres/train/é#0", "gres/train/è#0"),
        ("gres/train/" + "x" * 200 + "#0", "gres/train/" + "x" * 200 + "#1"),
        ("..", "."),
        (".hidden", "hidden"),
        ("a\0", "a_"),
        ("\ud800", "\ud801"),
        ("a b", safe_name("a b")),
    ],
    ids=ascii,
)
def test_keys_that_look_alike_get_names_of_their_own(one: str, other: str):
    assert safe_name(one) != safe_name(other)


HOSTILE = st.text() | st.text("a_/#.- \0\\é", max_size=8) | st.text("ab", min_size=100)
KEYS = st.builds(
    make_key,
    st.just("gres"),
    st.sampled_from(["train", "val", "test"]),
    HOSTILE,
    st.integers(0, 30),
)


@given(KEYS, KEYS)
def test_no_two_keys_share_a_name(one: str, other: str):
    assume(one != other)
    assert safe_name(one) != safe_name(other)


@given(HOSTILE | KEYS)
def test_names_are_plain(key: str):
    name = safe_name(key)
    assert is_plain_name(name) or not key
    assert re.fullmatch(r"(?!\.)[A-Za-z0-9._-]{0,133}", name)


@pytest.mark.parametrize(
    "name", ["a.jpg", "lisat_gres_000000000001.jpg", "été .jpg", "...", "a:b", "x" * 255]
)
def test_plain_names(name: str):
    assert is_plain_name(name)


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../a", "a/b", "/a", "a\\b", "a\0", "x" * 256, "é" * 128, "\ud800.jpg"],
    ids=ascii,
)
def test_names_that_are_not_plain(name: str):
    assert not is_plain_name(name)


@given(st.text(st.characters()))
def test_what_a_database_stores_is_text(text: str):
    try:
        text.encode()
    except UnicodeEncodeError:
        assert not is_text(text)
    else:
        assert is_text(text)


def listed(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def test_a_write_makes_its_folders_and_replaces(tmp_path: Path):
    file = tmp_path / "a" / "b" / "file.bin"
    for data in (b"old", b"new", b""):
        write_atomic(file, data)
        assert file.read_bytes() == data
    assert listed(file.parent) == ["file.bin"]
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path):
    file = tmp_path / "file.bin"
    write_atomic(file, b"old")
    with pytest.raises(TypeError):
        write_atomic(file, "no bytes")  # type: ignore[arg-type]
    assert file.read_bytes() == b"old"
    assert listed(tmp_path) == ["file.bin"]


def test_a_folder_in_the_way_is_left_alone(tmp_path: Path):
    (tmp_path / "file.bin" / "inside").mkdir(parents=True)
    with pytest.raises(OSError):
        write_atomic(tmp_path / "file.bin", b"new")
    assert listed(tmp_path) == ["file.bin"]
    assert listed(tmp_path / "file.bin") == ["inside"]


def test_a_folder_is_marked_with_its_owner(tmp_path: Path):
    for owner in ("one", "zwölf"):
        mark_folder(tmp_path / "new" / "media", owner)
        assert (tmp_path / "new" / "media" / MARKER).read_text("utf-8") == owner


def test_a_file_is_written_once(tmp_path: Path):
    first = write_once(tmp_path / "new" / "a.png", b"one")
    assert first == tmp_path / "new" / "a.png"
    before = first.stat()
    assert write_once(first, b"one") == first
    second = write_once(first, b"two")
    assert write_once(first, b"two") == second != first
    second.write_bytes(b"somebody's own")
    third = write_once(first, b"two")
    assert [p.read_bytes() for p in (first, second, third)] == [b"one", b"somebody's own", b"two"]
    assert first.stat().st_mtime_ns == before.st_mtime_ns


def test_a_folder_names_each_owner_once(tmp_path: Path):
    assert owners_of(tmp_path) == []
    for owner in ("one", "two", "one"):
        add_owner(tmp_path / "media", owner)
    assert owners_of(tmp_path / "media") == ["one", "two"]


def test_a_disk_that_takes_a_part_is_given_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write = os.write
    monkeypatch.setattr(os, "write", lambda number, data: write(number, data[:3]))
    for data in (b"", b"one", b"of ten bytes"):
        write_atomic(tmp_path / "file.bin", data)
        assert (tmp_path / "file.bin").read_bytes() == data


def test_a_full_disk_is_told_with_the_file_that_was_to_be_written(tmp_path: Path):
    def fill(stream: object) -> None:
        with open("/dev/full", "wb", buffering=0) as full:
            full.write(b"more")

    file = tmp_path / "out.sarif"
    with pytest.raises(OSError, match="No space left") as told:
        replace_whole(file, fill)
    said = f"{file} cannot be written (No space left on device); free space there, and do the same"
    assert str(full_disk.explained(told.value)).startswith(said)
    assert not any(tmp_path.iterdir())


def test_what_fails_for_other_reasons_is_no_full_disk(tmp_path: Path):
    def hang_up(stream: object) -> None:
        raise ConnectionResetError("the other side hung up")

    with pytest.raises(ConnectionResetError) as told:
        replace_whole(tmp_path / "copied", hang_up)
    assert told.value.filename is None
    assert full_disk.explained(told.value) is None
