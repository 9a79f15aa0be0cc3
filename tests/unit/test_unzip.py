"""Archives, honest and hostile, into a folder."""

from __future__ import annotations

import io
import stat
import struct
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from pairlens.importers.arrays import read_arrays
from pairlens.importers.errors import MaskError, StateError
from pairlens.importers.unzip import unzip
from pairlens.importers.zips import MAX_DIRECTORY, MAX_MEMBERS

RANDOM = np.random.default_rng(5)


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in members.items():
            made.writestr(name, data)
    return path


def there(folder: Path) -> dict[str, bytes]:
    files = (f for f in folder.rglob("*") if f.is_file())
    return {f.relative_to(folder).as_posix(): f.read_bytes() for f in files}


def unpacked(made: Path) -> tuple[dict[str, bytes], list[str]]:
    notes: list[str] = []
    unzip(made, made.parent / "out", on_note=notes.append)
    return there(made.parent / "out"), notes


def test_an_ordinary_archive_is_unpacked_whole(tmp_path: Path) -> None:
    members = {"images/1.tif": b"II*\0", "masks/1.tif": b"", "output_phrase_val.txt": b"1 road\n"}
    made = archive(tmp_path / "a.zip", members)
    assert unpacked(made) == (members, [])


def test_a_second_time_writes_only_what_is_missing(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", {"a": b"1", "b": b"22"})
    unpacked(made)
    (tmp_path / "out" / "a").write_bytes(b"x")
    (tmp_path / "out" / "b").unlink()
    assert unpacked(made)[0] == {"a": b"x", "b": b"22"}


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/etc/passwd", "leads out"),
        ("../out.txt", "leads out"),
        ("a/../../b", "leads out"),
        ("a//b", "leads out"),
        ("x" * 300, "leads out"),
        ("x/" * 600 + "y", "longer than any path"),
    ],
)
def test_a_name_that_leads_elsewhere_is_left_out(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "in").mkdir()
    made = archive(tmp_path / "in" / "a.zip", {"good": b"1", name: b"bad"})
    files, notes = unpacked(made)
    assert files == {"good": b"1"}
    assert len(notes) == 1 and reason in notes[0]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in"]


def test_links_and_second_ones_of_a_name_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as made:
        link = zipfile.ZipInfo("link")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("a.txt", b"1")
        made.writestr("A.TXT", b"2")
        made.writestr("__MACOSX/._a.txt", b"3")
    files, notes = unpacked(path)
    assert files == {"a.txt": b"1"}
    expected = ["file manager", "plain file", "that name"]
    assert [part in note for part, note in zip(expected, notes, strict=True)] == [True] * 3


def test_a_damaged_member_is_left_out_and_the_rest_unpacked(tmp_path: Path) -> None:
    members = {f"{i}": bytes(RANDOM.integers(0, 9, 4000, np.uint8)) for i in range(3)}
    made = archive(tmp_path / "a.zip", members)
    data = bytearray(made.read_bytes())
    begin = data.index(b"PK\3\4", 40) + 200
    data[begin : begin + 400] = bytes(400)
    made.write_bytes(data)
    files, notes = unpacked(made)
    assert files == {"0": members["0"], "2": members["2"]}
    assert len(notes) == 1
    assert "'1' is left out: it is damaged" in notes[0] and "fetch the archive again" in notes[0]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("images/1.tif", "images/1.tif/x"),
        ("images/1.tif/x", "images/1.tif"),
        ("images/1.TIF", "Images/1.tif/x/y"),
    ],
)
def test_a_file_and_a_folder_of_one_name(tmp_path: Path, first: str, second: str) -> None:
    made = archive(tmp_path / "a.zip", {first: b"1", second: b"2", "z": b"3"})
    files, notes = unpacked(made)
    assert files == {first: b"1", "z": b"3"}
    assert len(notes) == 1 and "a file has the name of a folder" in notes[0]


def test_an_encrypted_archive_is_called_that(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", {"a": b"1", "b": b"2"})
    data = bytearray(made.read_bytes())
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + place] |= 1
    made.write_bytes(data)
    with pytest.raises(StateError, match=r"a\.zip is encrypted; unpack it yourself"):
        unpacked(made)
    assert not (tmp_path / "out").exists()


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", {"zeros": bytes(50_000_000)})
    with pytest.raises(StateError, match="would unpack to 1 files of 50,000,000 bytes"):
        unpacked(made)
    assert not (tmp_path / "out").exists()


def test_a_member_that_lies_about_its_size_is_cut_off(tmp_path: Path) -> None:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("zeros", bytes(100_000))
    lying = data.getvalue().replace((100_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    (tmp_path / "a.zip").write_bytes(lying)
    files, notes = unpacked(tmp_path / "a.zip")
    assert files == {} and len(notes) == 1 and "it is damaged" in notes[0]


@pytest.mark.parametrize("data", [b"", b"PK\3\4 and no more", b"\0" * 100])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)
    with pytest.raises(StateError, match=r"no whole zip archive .*; fetch it again"):
        unpacked(tmp_path / "a.zip")


def test_a_truncated_archive_says_so(tmp_path: Path) -> None:
    made = archive(tmp_path / "a.zip", {f"{i}": bytes([i]) * 1000 for i in range(20)})
    made.write_bytes(made.read_bytes()[:-200])
    with pytest.raises(StateError, match="no whole zip archive"):
        unpacked(made)


def with_directory(path: Path, size: int, entry: bytes = b"") -> Path:
    """An archive of nothing but its directory, of so many bytes: zeros, or an entry repeated."""
    with path.open("wb") as stream:
        stream.write(entry * (size // len(entry) if entry else 0))
        stream.seek(size)
        stream.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, 0, 0))
    return path


ENTRY = b"PK\1\2" + bytes(24) + b"\1" + bytes(17) + b"a"


@pytest.mark.parametrize(
    ("size", "entry", "reason"),
    [
        (MAX_DIRECTORY + 1, b"", "its directory has 134,217,729 bytes; 134,217,728 are read"),
        ((MAX_MEMBERS + 1) * len(ENTRY), ENTRY, "it has 1,000,001 members; 1,000,000 are read"),
    ],
)
def test_a_directory_without_end_is_refused_before_it_is_read(
    tmp_path: Path, size: int, entry: bytes, reason: str
) -> None:
    made = with_directory(tmp_path / "a.zip", size, entry)
    began = time.process_time()
    with pytest.raises(StateError) as refused:
        unzip(made, tmp_path / "out")
    assert str(refused.value) == (
        f"a.zip is not unpacked ({reason}); unpack it yourself if you trust it"
    )
    with pytest.raises(MaskError) as unread:
        read_arrays(made.rename(tmp_path / "a.npz"))
    assert str(unread.value) == reason
    assert time.process_time() - began < 2  # to make objects of the entries alone takes longer
    assert not (tmp_path / "out").exists()
