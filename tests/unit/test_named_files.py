"""Folders of many files: what is there is found, and what a name takes is little."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from pairlens.importers.formats import gres_files, refsegrs, rsteller, table_files, vrsbench
from pairlens.importers.named_files import NamedFiles, files_in


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
    assert (
        [files[number] for number in range(5)] == list(files) == list(files[:3]) + list(files[3:])
    )


def test_a_name_takes_less_than_a_path() -> None:
    names = [f"lisat_gres_{number:012}.json" for number in range(10_000)]
    tracemalloc.start()
    held = NamedFiles(Path("/data"), (f"train/{name}" for name in names))
    taken, _ = tracemalloc.get_traced_memory()
    paths = [Path("/data/train", name) for name in names]
    of_paths = tracemalloc.get_traced_memory()[0] - taken
    tracemalloc.stop()
    assert len(held) == len(paths) and taken < of_paths / 2


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
    """Bytes, without those that stay for good."""
    look()
    tracemalloc.start()
    look()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


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
