"""The tar walk, beside Python's own, and images brought out of archives."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pairlens.importers import archives, tar_index
from pairlens.importers.media import ImageError, ImageFacts, inspect_image
from pairlens.importers.records import Packed
from pairlens.importers.source_files import boundary_of, reading_within
from pairlens.importers.tar_index import ArchiveError, Member, NoEndMark, walk
from tests.unit.tars import jpeg, patched, special, tar

FORMS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
TWO = [("1.jpg", b"x" * 700), ("1.json", b"{}")]


def extract(packed: Packed, folder: Path) -> tuple[Path, ImageFacts]:
    file, facts = archives.extract(packed, folder)
    return Path(file), facts


def members(data: bytes) -> list[Member]:
    return list(walk(io.BytesIO(data)))


def until_error(data: bytes) -> tuple[list[str], str]:
    """The names that were met, and the error at the end."""
    names: list[str] = []
    with pytest.raises(ArchiveError) as raised:
        for member in walk(io.BytesIO(data)):
            names.append(member.name)
    return names, str(raised.value)


# ------------------------------------------------------------------------------ whole archives


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize(
    "name",
    [
        pytest.param("1.jpg", id="short"),
        pytest.param("a/" * 60 + "1.jpg", id="too long for a header"),
        pytest.param("d" * 90 + "/" + "e" * 90 + ".jpg", id="split at a slash"),
        pytest.param("é.jpg", id="not ascii"),
        pytest.param("x" * 100, id="a full field"),
    ],
)
def test_names_and_contents_are_those_of_tarfile(form: int, name: str):
    data = tar([(name, b"content"), ("empty", b""), ("full", b"z" * 512)], form)
    found = members(data)
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        theirs = archive.getmembers()
        assert [(m.name, m.offset, m.size) for m in found] == [
            (m.name, m.offset_data, m.size) for m in theirs
        ]
    assert [data[m.offset : m.offset + m.size] for m in found] == [b"content", b"", b"z" * 512]
    assert [m.start for m in found[1:]] == [m.end for m in found[:-1]]


def test_kinds():
    links = [special("l", tarfile.SYMTYPE, "/etc"), special("h", tarfile.LNKTYPE, "l")]
    devices = [special("c", tarfile.CHRTYPE), special("p", tarfile.FIFOTYPE)]
    data = tar([special("d/", tarfile.DIRTYPE), *links, *devices, ("f", b"1")])
    assert [(m.name, m.kind) for m in members(data)] == [
        ("d", "folder"), ("l", "link"), ("h", "link"), ("c", "device"), ("p", "device"),
        ("f", "file"),
    ]  # fmt: skip


def test_old_archives_name_folders_with_a_slash():
    data = patched(tar([special("d/", tarfile.AREGTYPE), ("f", b"1")]), 257, bytes(8))
    assert [(m.name, m.kind) for m in members(data)] == [("d", "folder"), ("f", "file")]


def test_sizes_in_base_256():
    data = patched(tar(TWO), 124, b"\x80" + (700).to_bytes(11, "big"))
    assert [m.size for m in members(data)] == [700, 2]


def test_a_global_pax_header_is_a_member_of_its_own():
    stream = io.BytesIO()
    with tarfile.open(
        fileobj=stream, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "hello"}
    ) as archive:
        archive.addfile(tarfile.TarInfo("a"))
    assert [(m.name, m.kind) for m in members(stream.getvalue())][1:] == [("a", "file")]
    assert members(stream.getvalue())[0].kind == "global"


def test_signed_checksums_of_old_implementations():
    data = tar([("é.jpg", b"x")], tarfile.GNU_FORMAT)
    header = bytearray(data[:512])
    header[148:156] = b" " * 8
    signed = sum(byte - 256 if byte > 127 else byte for byte in header)
    header[148:156] = b"%06o\0 " % signed
    assert [m.name for m in members(bytes(header) + data[512:])] == ["é.jpg"]


def test_what_follows_the_end_mark_is_nobodys_business():
    assert len(members(tar(TWO) + b"rubbish")) == 2


def test_its_caller_may_read_in_between():
    stream = io.BytesIO(tar(TWO))
    read = []
    for member in walk(stream):
        stream.seek(member.offset)
        read.append(stream.read(member.size))
    assert read == [b"x" * 700, b"{}"]


# ----------------------------------------------------------------------------- broken archives

WHOLE = tar(TWO)
PAX = tar([("é.jpg", b"x"), ("2", b"")], tarfile.PAX_FORMAT)
LONG = tar([("x" * 200, b"x"), ("2", b"")], tarfile.GNU_FORMAT)

BROKEN = [
    pytest.param(b"", [], "is empty", id="empty"),
    pytest.param(WHOLE[:300], [], "in the middle of a header, at byte 300", id="cut header"),
    pytest.param(WHOLE[:600], [], "in the middle of 1.jpg, which claims 700", id="cut content"),
    pytest.param(WHOLE[:1800], ["1.jpg"], "in the middle of a header", id="cut second header"),
    pytest.param(WHOLE[:2049], ["1.jpg"], "in the middle of 1.json", id="cut second content"),
    pytest.param(WHOLE[:2560], ["1.jpg", "1.json"], "without an end mark", id="no end mark"),
    pytest.param(b"no archive" * 99, [], "holds no tar header at byte 0", id="text"),
    pytest.param(b"\x1f\x8b" * 600, [], "compressed with gzip, unpack it first", id="gzip"),
    pytest.param(
        WHOLE[:1536] + b"\1" + WHOLE[1537:], ["1.jpg"], "no tar header at byte 1,536",
        id="wrong checksum",
    ),
    pytest.param(patched(WHOLE, 124, b"99999999999\0"), [], "size is no number", id="no octal"),
    pytest.param(patched(WHOLE, 124, b"\xff" * 12), [], "size is no number", id="negative"),
    pytest.param(
        patched(WHOLE, 124, b"\x80" + b"\xff" * 11), [], "claims 309,485,009,821,345,068,724,781",
        id="absurd size",
    ),
    pytest.param(patched(WHOLE, 124, b"77777777777\0"), [], "claims 8,589,934,591", id="8 GB"),
    pytest.param(
        patched(PAX, 124, b"77777777777\0"), [], "holds a header of 8,589,934,591", id="pax size"
    ),
    pytest.param(PAX[:700], [], "in the middle of a header", id="cut pax header"),
    pytest.param(LONG[:700], [], "in the middle of a header", id="cut long name"),
    pytest.param(PAX.replace(b" path=", b" path "), [], "not made of records", id="pax keyword"),
    pytest.param(PAX.replace(b"15 path", b"99 path"), [], "not made of records", id="pax length"),
    pytest.param(PAX.replace(b"15 path", b"00 path"), [], "not made of records", id="pax zero"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "names", "reason"), BROKEN)
def test_what_is_broken_ends_the_walk(data: bytes, names: list[str], reason: str):
    met, error = until_error(data)
    assert met == names
    assert reason in error
    assert len(error) < 200


def test_the_lack_of_an_end_mark_can_be_told_from_a_cut():
    with pytest.raises(NoEndMark):
        members(WHOLE[:2560])


def test_sparse_files_are_told_and_passed():
    plain = tar([("s", b"x" * 600), ("after", b"1")], tarfile.GNU_FORMAT)
    assert [(m.name, m.kind) for m in members(patched(plain, 156, b"S"))] == [
        ("s", "sparse"), ("after", "file"),
    ]  # fmt: skip
    mapped = patched(patched(plain, 156, b"S"), 482, b"\1")
    (sparse, after) = members(mapped[:512] + bytes(512) + mapped[512:])
    assert (sparse.offset, after.kind) == (1024, "file")
    pax = tarfile.TarInfo("s")
    pax.pax_headers = {"GNU.sparse.major": "1"}
    assert members(tar([pax], tarfile.PAX_FORMAT))[0].kind == "sparse"


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1),
            st.binary(max_size=1100),
        ),
        max_size=6,
    ),
    st.sampled_from(sorted(FORMS)),
)
def test_any_archive_is_read_as_tarfile_reads_it(entries: list[tuple[str, bytes]], form: str):
    entries = [(name, data) for name, data in entries if len(name.encode()) < 100]
    data = tar(entries, FORMS[form])
    with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8") as archive:
        theirs = [(m.name, m.offset_data, m.size) for m in archive]
    if data.strip(b"\0"):
        assert [(m.name, m.offset, m.size) for m in members(data)] == theirs
    else:
        assert theirs == members(data) == []


@given(st.binary(max_size=3000))
def test_any_bytes_are_members_or_refused(data: bytes):
    try:
        found = members(data)
    except ArchiveError as error:
        assert str(error)
        return
    assert all(m.offset + m.size <= len(data) for m in found)


@given(st.data())
def test_an_archive_with_any_bytes_changed_is_members_or_refused(draw: st.DataObject):
    data = bytearray(draw.draw(st.sampled_from([WHOLE, PAX, LONG])))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, 2600))] = draw.draw(st.integers(0, 255))
    cut = bytes(data[: draw.draw(st.integers(0, len(data)))])
    fixed = draw.draw(st.booleans())
    cut = patched(cut, 0, b"") if fixed and len(cut) >= 512 else cut
    try:
        found = members(cut)
    except ArchiveError as error:
        assert str(error).isprintable()
        return
    assert all(m.offset + m.size <= len(cut) for m in found)


# -------------------------------------------------------------------------- images brought out


@pytest.fixture
def packed(tmp_path: Path) -> Packed:
    data = b"before" + jpeg(1) + b"after"
    (tmp_path / "shard.tar").write_bytes(data)
    return Packed(tmp_path / "shard.tar", 6, len(jpeg(1)), "shard/1.jpg")


def test_an_image_comes_out_as_it_lies_there(packed: Packed, tmp_path: Path):
    path, facts = extract(packed, tmp_path / "images")
    assert path == tmp_path / "images" / "shard" / "1.jpg"
    assert path.read_bytes() == jpeg(1)
    assert facts == inspect_image(path)
    assert [p.name for p in path.parent.iterdir()] == ["1.jpg"]


def test_what_is_out_already_stays(packed: Packed, tmp_path: Path):
    path, facts = extract(packed, tmp_path / "images")
    before = path.stat()
    assert extract(packed, tmp_path / "images") == (path, facts)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_what_somebody_changed_is_not_written_over(packed: Packed, tmp_path: Path):
    path, _ = extract(packed, tmp_path / "images")
    path.write_bytes(jpeg(1)[:100])
    other, facts = extract(packed, tmp_path / "images")
    assert path.read_bytes() == jpeg(1)[:100]
    assert other != path and other.read_bytes() == jpeg(1)
    assert facts == inspect_image(other)
    assert extract(packed, tmp_path / "images")[0] == other


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param({"size": 10_000}, "ends in the middle of shard/1.jpg", id="cut"),
        pytest.param({"size": 1 << 40}, "too many for an image", id="absurd"),
        pytest.param({"offset": 0, "size": 20}, "1.jpg is no image", id="no image"),
        pytest.param({"archive": Path("gone.tar")}, "gone.tar cannot be read", id="gone"),
    ],
)
def test_nothing_is_written_of_what_is_no_image(
    packed: Packed, tmp_path: Path, change: dict[str, Any], reason: str
):
    values = {n: change.get(n, getattr(packed, n)) for n in ("archive", "offset", "size", "name")}
    with pytest.raises(ImageError, match=reason):
        extract(Packed(**values), tmp_path / "images")
    assert not (tmp_path / "images").exists()


def test_a_disk_that_refuses_is_no_broken_image(packed: Packed, tmp_path: Path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "shard").write_bytes(b"a file where the folder should be")
    with pytest.raises(OSError, match="shard"):
        extract(packed, tmp_path / "images")


def test_large_images_do_not_keep_their_memory(packed: Packed, tmp_path: Path):
    data = jpeg(2) + bytes(archives._MAX_KEPT)
    packed.archive.write_bytes(data)
    path, _ = extract(Packed(packed.archive, 0, len(data), "large.jpg"), tmp_path / "images")
    assert path.stat().st_size == len(data)
    assert len(getattr(archives._memory, "kept", b"")) <= archives._MAX_KEPT


def test_an_archive_that_leads_out_gives_nothing(packed: Packed, tmp_path: Path):
    inside = tmp_path / "inside"
    inside.mkdir()
    link = inside / "shard.tar"
    link.symlink_to(packed.archive)
    linked = Packed(link, packed.offset, packed.size, packed.name)
    with reading_within(boundary_of(inside)):
        for _ in range(2):
            with pytest.raises(ImageError, match="leads out"):
                extract(linked, tmp_path / "images")
    assert extract(linked, tmp_path / "images")[0].read_bytes() == jpeg(1)
    link.unlink()
    link.write_bytes(packed.archive.read_bytes())
    with reading_within(boundary_of(inside)):  # a later import looks anew
        assert extract(linked, tmp_path / "images")[0].read_bytes() == jpeg(1)


@given(st.binary(min_size=256, max_size=256))
def test_sums_are_those_of_python(data: bytes):
    assert tar_index._sum(data) == sum(data)
    assert tar_index._sum(b"\xff" * 256) == 255 * 256
