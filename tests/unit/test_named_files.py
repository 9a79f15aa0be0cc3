"""Files held by their names: the same files in the same order as a list of paths."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from pairlens.importers.named_files import NamedFiles


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
