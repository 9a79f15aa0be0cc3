"""Folders of many files: what is there is found, and what a name takes is little."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pairlens.importers import named_files
from pairlens.importers.formats import gres_files, refsegrs, rsteller, table_files, vrsbench
from pairlens.importers.named_files import CompactStrings, NamedFiles, files_in


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert not NamedFiles.of(tmp_path / "nowhere", ".json")


def test_files_are_those_of_a_glob_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.json", "a.json", "B.json", "a b.json", ".c.json", "c.txt", "json"):
        (tmp_path / name).write_text("{}")
    for left in ("._a.json", ".DS_Store"):
        (tmp_path / left).write_text("")
    files = NamedFiles.of(tmp_path, ".json")
    shown = [file for file in tmp_path.glob("*.json") if not file.name.startswith("._")]
    assert list(files) == sorted(shown) and len(files) == 5
    below = NamedFiles.of(tmp_path.parent, ".json", below=tmp_path.name)
    assert list(below) == list(files)
    assert [*below.names] == [f"{tmp_path.name}/{file.name}" for file in files]


@pytest.mark.parametrize("number", [0, 1, 512, 513, 1025])
def test_strings_are_those_that_were_given(number: int) -> None:
    strings = [f"{(7919 * at) % 1000:03} a\0b\n\udcff\N{SNOWMAN}" for at in range(number)]
    assert [*CompactStrings(strings)] == strings and len(CompactStrings(strings)) == number


def test_strings_of_several_runs_are_sorted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(named_files, "_SORTED_AT_ONCE", 100)
    strings = [f"{(7919 * at) % 1000}" for at in range(1050)]
    held = CompactStrings.sorted(strings)
    assert [*held] == sorted(strings) and len(held) == 1050


def test_a_name_takes_less_than_half_a_string_and_a_quarter_of_a_path() -> None:
    names = [f"lisat_gres_{number:012}.json" for number in range(10_000)]
    tracemalloc.start()
    held = NamedFiles(Path("/data"), CompactStrings(f"train/{name}" for name in names))
    taken, _ = tracemalloc.get_traced_memory()
    strings = [f"train/{name}" for name in names]
    of_strings = tracemalloc.get_traced_memory()[0] - taken
    paths = [Path("/data/train", name) for name in names]
    of_paths = tracemalloc.get_traced_memory()[0] - taken - of_strings
    tracemalloc.stop()
    assert len(held) == len(paths) == len(strings)
    assert taken < of_strings / 2 and taken < of_paths / 4


def test_what_is_no_folder_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not [*files_in(tmp_path / "nowhere"), *files_in(tmp_path / "file")]


def test_files_that_match_are_those_of_a_glob(tmp_path: Path) -> None:
    for name in ("b.json", "A.JSON", ".c.json", "d.json.txt", "json", "e.tar"):
        (tmp_path / name).write_text("")
    (tmp_path / "folder.json").mkdir()
    for pattern in ("*.json", "*", "[a-e].*"):
        assert sorted(files_in(tmp_path, pattern)) == sorted(tmp_path.glob(pattern))


MANY = 3000
TRAIN = "gres_annotations/train"


def folder_of(root: Path, files: int) -> Path:
    """A folder with so many JSON files, the first an annotation of GRES, and as many images."""
    for name in (TRAIN, "images"):
        (root / name).mkdir(parents=True)
    for number in range(files):
        text = b"{}" if number else b'{"text": [], "shapes": []}'
        (root / TRAIN / f"lisat_gres_{number:012}.json").write_bytes(text)
        (root / "images" / f"{number:012}.jpg").write_bytes(b"")
    return root


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of few files, and one of many."""
    made = tmp_path_factory.mktemp("folders")
    return folder_of(made / "few", 20), folder_of(made / "many", 20 + MANY)


def held_at_once(look: Callable[[], object]) -> int:
    """Bytes, without those that stay for good, and those of other threads of the tests' process."""
    look()
    peaks: list[int] = []
    for _ in range(3):
        tracemalloc.start()
        look()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return min(peaks)


@pytest.mark.parametrize(
    "look",
    [
        pytest.param(gres_files.annotation_folder, id="GRES"),
        pytest.param(lambda root: gres_files.leftovers(root / TRAIN), id="leftovers of GRES"),
        pytest.param(lambda root: rsteller.detect(root / TRAIN), id="RSTeller"),
        pytest.param(lambda root: rsteller.count(root / TRAIN), id="images of RSTeller"),
        pytest.param(lambda root: table_files.table_files(root / "images"), id="tables"),
        pytest.param(lambda root: refsegrs.detect(root / TRAIN), id="RefSegRS"),
        pytest.param(lambda root: vrsbench.parts(root / TRAIN), id="archives of VRSBench"),
    ],
)
def test_looking_into_a_folder_holds_none_of_its_names(
    folders: tuple[Path, Path], look: Callable[[Path], object]
) -> None:
    few, many = (held_at_once(partial(look, root)) for root in folders)
    assert many - few < 20 * MANY


def read_names(root: Path) -> None:
    annotations = root / "gres_annotations"
    files = gres_files.annotation_files(annotations, "train")
    gres_files.note_counts(annotations / "train", "train", files, lambda note: None)


def test_files_are_listed_and_compared_with_the_id_list_without_a_string_of_each(
    folders: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(named_files, "_SORTED_AT_ONCE", 200)
    monkeypatch.setattr(named_files, "_BLOCK", 10)
    for root in folders:
        stems = [f"{file.stem}\n" for file in (root / TRAIN).glob("*.json")]
        (root / TRAIN / "train.txt").write_text("".join(stems * 2))
    few, many = (held_at_once(partial(read_names, root)) for root in folders)
    assert many - few < 250 * MANY  # their names, their stems and the list, twice while sorted
