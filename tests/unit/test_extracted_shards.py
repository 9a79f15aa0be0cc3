"""Samples of a shard that was extracted: the same whatever order the disk gives the files in."""

from __future__ import annotations

from pathlib import Path

from pairlens.importers.formats.rsteller_shards import folder_samples


def test_samples_come_by_number_then_by_name_with_all_their_files(tmp_path: Path) -> None:
    for name in (
        "10.jpg", "9.json", "10.json", "9.jpg", "a.json", "a-b.txt", "a.jpg", "a-b.jpg",
        "22.05.jpg", "22.05.json", "A.jpg", "9.txt", "notes.md", "._9.jpg",
    ):  # fmt: skip
        (tmp_path / name).write_text("")
    found = list(folder_samples(tmp_path))
    held = {one.stem: [member.name for member in one.members()] for one in found}
    assert list(held) == ["22.05", "A", "a", "a-b", "9", "10"]
    assert held["a"] == ["a.jpg", "a.json"] and held["a-b"] == ["a-b.jpg", "a-b.txt"]
    assert held["9"] == ["9.jpg", "9.json", "9.txt"] and held["10"] == ["10.jpg", "10.json"]
    assert held["22.05"] == ["22.05.jpg", "22.05.json"]


def test_of_two_images_of_one_name_the_first_counts(tmp_path: Path) -> None:
    for name in ("1.png", "1.jpg", "1.json"):
        (tmp_path / name).write_text("")
    (sample,) = folder_samples(tmp_path)
    assert sample.image == tmp_path / "1.jpg"
