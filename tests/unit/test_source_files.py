"""Files of a source: regular ones, in its own folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.curation.texts import read_decisions
from pairlens.importers.digests import file_sha256
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.media import ImageError, inspect_image
from pairlens.importers.png import read_gray
from pairlens.importers.source_files import boundary_of, open_source, read_within, reading_within
from pairlens.importers.sources import Located


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "a").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(b"outside")
    (tmp_path / "source-beside").mkdir()
    (tmp_path / "source-beside" / "a").write_bytes(b"outside")
    return folder


def refused(path: Path, root: Path) -> str:
    with reading_within(boundary_of(root)), pytest.raises(OSError) as caught:
        open_source(path)
    return caught.value.strerror or ""


def test_pipes_devices_and_folders_are_refused_at_once(source: Path) -> None:
    os.mkfifo(source / "pipe")
    (source / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(OSError, match="no regular file"):
            open_source(source / name)
        with pytest.raises(ImageError, match=f"{name} cannot be read .it is no regular file"):
            inspect_image(source / name)
    with pytest.raises(IsADirectoryError):
        open_source(source)
    assert file_sha256(source / "pipe") is None


def test_links_that_lead_out_are_refused(source: Path, tmp_path: Path) -> None:
    (source / "out").symlink_to(tmp_path / "secret")
    (source / "up").symlink_to("../source-beside/a")
    (source / "twice").symlink_to("out")
    (source / "folder").symlink_to(tmp_path / "source-beside")
    for name in ("out", "up", "twice", "folder/a"):
        assert "--follow-links" in refused(source / name, source)
        with open_source(source / name) as stream:  # where nothing bounds it
            assert stream.read() == b"outside"


def test_links_that_stay_inside_are_followed(source: Path, tmp_path: Path) -> None:
    (source / "same").symlink_to("a")
    (source / "below").mkdir()
    (source / "below" / "up").symlink_to("../a")
    (source / "other").symlink_to("below")
    (tmp_path / "link").symlink_to(source)
    for root in (source, tmp_path / "link"):
        for name in ("a", "same", "below/up", "other/up"):
            with reading_within(boundary_of(root)), open_source(root / name) as stream:
                assert stream.read() == b"inside"


def test_one_file_is_a_source_wherever_a_link_to_it_leads(source: Path, tmp_path: Path) -> None:
    (source / "out").symlink_to(tmp_path / "secret")
    with reading_within(boundary_of(source / "out")), open_source(source / "out") as stream:
        assert stream.read() == b"outside"


def test_what_is_no_part_of_the_source_is_read(source: Path, tmp_path: Path) -> None:
    with reading_within(boundary_of(source)), open_source(tmp_path / "secret") as stream:
        assert stream.read() == b"outside"
    (source / "out").symlink_to(tmp_path / "secret")
    with reading_within(boundary_of(source)), open_source(source / "out", anywhere=True) as stream:
        assert stream.read() == b"outside"


def test_a_reader_is_bounded_and_who_takes_its_items_is_not(source: Path, tmp_path: Path) -> None:
    (source / "out").symlink_to(tmp_path / "secret")

    def reader() -> Iterator[str]:
        yield "first"
        with open_source(source / "out") as stream:
            yield stream.read().decode()

    items = read_within(reader(), boundary_of(source))
    assert next(items) == "first"
    with open_source(source / "out") as stream:
        assert stream.read() == b"outside"
    with pytest.raises(StateError, match=r"source/out cannot be read \(it is a link that leads"):
        next(items)


def test_the_cache_of_a_hub_is_the_source_of_its_revisions(tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "datasets--owner--name"
    revision = repository / "snapshots" / "abc" / "inner"
    revision.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "blobs" / "1").write_bytes(b"inside")
    (tmp_path / "secret").write_bytes(b"outside")
    (revision / "a").symlink_to("../../../blobs/1")
    (revision / "b").symlink_to(tmp_path / "secret")
    boundary = Located("hf://datasets/owner/name", revision).boundary
    with reading_within(boundary), open_source(revision / "a") as stream:
        assert stream.read() == b"inside"
    with reading_within(boundary), pytest.raises(OSError, match="--follow-links"):
        open_source(revision / "b")


def test_other_files_that_are_named_by_hand_are_no_pipes_either(source: Path) -> None:
    os.mkfifo(source / "pipe")
    (source / "zero").symlink_to("/dev/zero")
    for name in ("pipe", "zero"):
        with pytest.raises(OSError, match="no regular file"):
            read_gray(source / name)
        with pytest.raises(UsageError, match=rf"{name} cannot be read \(it is no regular file\)"):
            list(read_decisions(source / name))
