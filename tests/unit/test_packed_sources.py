"""Sources with archives in archives, and with links: told, bounded, and read once."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import pytest

from pairlens.importers.errors import LayoutError, StateError, UsageError
from pairlens.importers.explain import Explanation, explain
from pairlens.importers.formats import FORMATS, find_format
from pairlens.importers.options import ImportOptions
from tests.unit.instructions import put, put_image

EXAMPLES = sorted(name for name in FORMATS if FORMATS[name].example is not None)


def zipped(archive: Path, *files: Path) -> Path:
    with zipfile.ZipFile(archive, "w") as opened:
        for file in files:
            opened.write(file, file.name)
    return archive


def table(root: Path) -> Path:
    """Captions of three images, as ``datasets`` writes a folder of images."""
    rows = []
    for number in range(3):
        put_image(root, f"{number}.png")
        rows.append({"file_name": f"{number}.png", "text": f"a red house {number}"})
    put(root, "metadata.jsonl", rows)
    return root


def packed_table(folder: Path, kind: str) -> Path:
    inner = folder / f"inner.{kind}"
    root = table(folder / "table")
    if kind == "zip":
        return zipped(inner, *root.iterdir())
    with tarfile.open(inner, "w:gz" if kind != "tar" else "w") as opened:
        opened.add(root, "table")
    return inner


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tgz"])
@pytest.mark.parametrize("form", ["auto", "gres"])
def test_an_archive_in_an_archive_is_told(tmp_path: Path, kind: str, form: str) -> None:
    inner = packed_table(tmp_path, kind)
    outer = zipped(tmp_path / "outer.zip", inner)
    with pytest.raises(LayoutError, match=rf"\(inner.{kind}\): unpack all, and give the folder"):
        explain(form, outer)


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_an_archive_that_is_none_of_shards_is_told(tmp_path: Path, kind: str) -> None:
    with pytest.raises((LayoutError, UsageError), match="unpack it, and give the folder"):
        explain("auto", packed_table(tmp_path, kind))


def with_images_packed(folder: Path) -> Path:
    root = table(folder / "source")
    images = sorted(root.glob("*.png"))
    zipped(root / "images.zip", *images)
    for image in images:
        image.unlink()
    return root


def test_archives_beside_records_are_told(tmp_path: Path) -> None:
    root = with_images_packed(tmp_path)
    for source in (root, zipped(tmp_path / "all.zip", *root.iterdir())):
        found = explain("auto", source)
        assert len(found.skipped) == 3
        (note,) = (note for note in found.notes if "archives in the source" in note)
        assert "images.zip; where files" in note
    (root / "images").mkdir()  # it is unpacked
    assert not any("archives in the source" in note for note in explain("auto", root).notes)


@pytest.mark.parametrize("name", EXAMPLES)
def test_no_example_has_archives_to_tell_of(tmp_path: Path, name: str) -> None:
    make = FORMATS[name].example
    assert make is not None
    assert [*FORMATS[name].unread(make(tmp_path))] == []


def read(name: str, root: Path) -> list[str]:
    settled = FORMATS[name].settled(root, {})
    records = settled.format.read(root, **settled.format.parsed(settled.params))
    return [repr(record).replace(str(root), "") for record in records]


@pytest.mark.parametrize("leads", ["to itself", "to the root", "up"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_links_in_circles_change_nothing(tmp_path: Path, name: str, leads: str) -> None:
    make = FORMATS[name].example
    assert make is not None
    root, other = make(tmp_path / "one"), make(tmp_path / "two")
    folder = other if other.is_dir() else other.parent
    for each in [folder, *(path for path in folder.rglob("*") if path.is_dir())]:
        target = {"to itself": Path(), "to the root": folder, "up": Path("..")}[leads]
        (each / "again").symlink_to(target)
    assert read(name, other) == read(name, root)
    assert find_format("auto", other).name == find_format("auto", root).name


def test_links_of_folders_to_each_other_end(tmp_path: Path) -> None:
    for one, other in ("ab", "ba"):
        table(tmp_path / one)
        (tmp_path / one / "other").symlink_to(Path("..") / other)
    assert explain("table", tmp_path).records == 12  # each by its name, and by the link to it


def test_a_folder_with_two_names_is_read_by_both(tmp_path: Path) -> None:
    table(tmp_path / "test")
    (tmp_path / "val").symlink_to("test")
    assert explain("table", tmp_path).records == 6


def link_archive(root: Path, outside: Path) -> None:
    root.mkdir()
    zipped(outside / "data.zip", *table(outside / "table").iterdir())
    (root / "data.zip").symlink_to(outside / "data.zip")


def test_an_archive_outside_is_not_unpacked(tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    link_archive(tmp_path / "source", tmp_path / "outside")
    with pytest.raises(StateError, match="leads out of the dataset's folder; --follow-links"):
        explain("auto", tmp_path / "source")
    assert explain("auto", tmp_path / "source", ImportOptions(follow_links=True)).records == 3
    (tmp_path / "named.zip").symlink_to(tmp_path / "outside" / "data.zip")
    assert explain("auto", tmp_path / "named.zip").records == 3  # that is what was named
    (tmp_path / "source" / "data.zip").unlink()
    zipped(tmp_path / "source" / "real", *(tmp_path / "outside" / "table").iterdir())
    (tmp_path / "source" / "data.zip").symlink_to("real")
    assert explain("auto", tmp_path / "source").records == 3


def geochat(tmp_path: Path) -> Path:
    """A folder whose images are unpacked by the import, and a file elsewhere."""
    make = FORMATS["geochat"].example
    assert make is not None
    root = make(tmp_path / "source")
    images = sorted((root / "images").iterdir())
    zipped(root / "images.zip", *images)
    for image in images:
        image.unlink()
    (root / "images").rmdir()
    return root


def explained(root: Path, *, follow: bool = False) -> Explanation:
    return explain("geochat", root, ImportOptions(follow_links=follow))


def test_files_around_archives_are_copied_from_inside_alone(tmp_path: Path) -> None:
    root = geochat(tmp_path)
    assert explained(root).records == 6
    outside = tmp_path / "secret.json"
    (root / "GeoChat_Instruct.json").rename(outside)
    (root / "GeoChat_Instruct.json").symlink_to(outside)
    found = explained(root)
    assert found.records == 2
    assert any("GeoChat_Instruct.json is left out: it cannot" in note for note in found.notes)
    assert explained(root, follow=True).records == 6
