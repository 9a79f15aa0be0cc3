"""Places that two machines compare: what tells one from another that has its path."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.importers.errors import StateError
from pairlens.importers.files import mark_folder
from pairlens.importers.shared_storage import PathState, check, states_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "f\u00f6lder"
    made.mkdir()
    (made / "a.json").write_text("1")
    return made


def test_what_is_the_same_is_passed(folder: Path) -> None:
    (file := folder / "a.json").touch()
    places = states_of([folder, file, folder / "nowhere"])
    assert [place.path for place in places] == [str(folder), str(file)]
    (folder / ".nfs0001").touch()  # what a file system adds for itself
    check(places)


def test_a_folder_with_other_names_is_another(folder: Path) -> None:
    places = states_of([folder])
    (folder / "b.json").touch()
    with pytest.raises(StateError, match=f"sees something else at {folder}; all nodes must"):
        check(places)


def test_a_file_of_another_size_is_another_and_one_that_is_gone_is_told(folder: Path) -> None:
    places = states_of([folder / "a.json"])
    (folder / "a.json").write_text("12")
    with pytest.raises(StateError, match="sees something else"):
        check(places)
    (folder / "a.json").unlink()
    with pytest.raises(StateError, match="sees nothing"):
        check(places)


def test_a_folder_that_was_made_for_a_dataset_is_known_by_its_mark(folder: Path) -> None:
    mark_folder(folder, "database:1 dataset:2")
    places = states_of([folder])
    (folder / "masks").mkdir()  # it fills while workers look at it
    check(places)
    mark_folder(folder, "database:1 dataset:3")
    assert PathState.of(folder) != places[0]
    with pytest.raises(StateError, match="sees something else"):
        check((*places, *places))
