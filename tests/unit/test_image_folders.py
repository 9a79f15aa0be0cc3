"""The folder of a dataset's images where nothing names it: found by the first of them, and told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pairlens.importers.errors import RecordError, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.export_items import ExportTurn
from pairlens.importers.records import Instruction
from tests.unit.instructions import put, put_image, trained

TABLE, LLAVA = FORMATS["table"], FORMATS["llava"]


def rows(*names: str) -> list[dict[str, Any]]:
    return [{"image": name, "caption": f"a ship {number}"} for number, name in enumerate(names)]


def images_of(root: Path, form: str = "table", **given: str) -> list[str]:
    """The images that are found, relative to the root."""
    chosen = FORMATS[form]
    errors: list[RecordError] = []
    settled = chosen.settled(root, given)
    params = chosen.parsed(settled.params)
    records = chosen.read(root, on_error=errors.append, **params)
    found = [record.image for record in records]
    assert not errors
    return [one.relative_to(root).as_posix() for one in found if isinstance(one, Path)]


# ------------------------------------------------------------------------------ must not


@pytest.mark.parametrize("folder", ["masks", "gt", "Annotations", "seg_maps", ".hidden"])
def test_other_pictures_are_no_images(tmp_path: Path, folder: str) -> None:
    put(tmp_path, "t.json", rows("0.png", "1.png"))
    for name in ("0.png", "1.png"):
        put_image(tmp_path, f"{folder}/{name}")
    assert "image_root" not in TABLE.settled(tmp_path, {}).params and not images_of(tmp_path)


@pytest.mark.parametrize("place", ["", "images/"])
def test_nothing_is_looked_for_where_an_image_is_found(tmp_path: Path, place: str) -> None:
    put(tmp_path, "t.json", rows("0.png", "1.png"))
    put_image(tmp_path, f"{place}0.png")
    put_image(tmp_path, "other/1.png")
    assert images_of(tmp_path) == [f"{place}0.png"]


def test_of_two_folders_none_is_taken(tmp_path: Path) -> None:
    put(tmp_path, "t.json", rows("0.png", "1.png"))
    for folder in ("a", "b"):
        put_image(tmp_path, f"{folder}/0.png")
    assert not images_of(tmp_path)
    assert images_of(tmp_path, image_root="b") == ["b/0.png"]


def test_one_picture_of_many_is_no_folder_of_them(tmp_path: Path) -> None:
    put(tmp_path, "t.json", rows(*(f"{n}.png" for n in range(5))))
    put_image(tmp_path, "a/0.png")
    assert not images_of(tmp_path)


# ------------------------------------------------------------------------------ must


def test_the_one_folder_with_the_images_is_taken_and_told(tmp_path: Path) -> None:
    put(tmp_path, "json/t.json", rows("a/0.png", "a/1.png", "a/2.png"))
    for number in range(2):
        put_image(tmp_path, f"data/rgb/a/{number}.png")
    settled = TABLE.settled(tmp_path, {})
    assert settled.params["image_root"] == "data/rgb" and settled.guessed
    assert images_of(tmp_path) == ["data/rgb/a/0.png", "data/rgb/a/1.png"]


def test_classes_can_be_the_keys_of_lists(tmp_path: Path) -> None:
    classes = ("port", "lake")
    table = {kind: rows(*(f"{kind}_{n}.png" for n in range(60))) for kind in classes}
    (tmp_path / "t.json").write_text(json.dumps(table))
    for kind in classes:
        for number in range(60):
            put_image(tmp_path, f"pictures/{kind}/{kind}_{number}.png", (2, 2))
    assert TABLE.settled(tmp_path, {}).params["image_root"] == "pictures"
    assert len(images_of(tmp_path)) == 120


def test_the_folder_of_conversations_is_found_or_given(tmp_path: Path) -> None:
    put(tmp_path / "own", "json/a.json", [trained("0.png"), trained("1.png")])
    put_image(tmp_path / "own", "data/0.png")
    put_image(tmp_path / "own", "data/1.png")
    put_image(tmp_path, "elsewhere/1.png")
    settled = LLAVA.settled(tmp_path / "own", {})
    assert settled.params == {"image_root": "data"} and settled.guessed
    assert images_of(tmp_path / "own", "llava") == ["data/0.png", "data/1.png"]
    assert not images_of(tmp_path / "own", "llava", image_root="")
    given = LLAVA.settled(tmp_path / "own", {"image_root": str(tmp_path / "elsewhere")}).params
    images = [record.image for record in LLAVA.read(tmp_path / "own", **given)]
    assert images == [None, tmp_path / "elsewhere" / "1.png"]
    with pytest.raises(UsageError, match="image_root='nowhere': there is no such folder"):
        LLAVA.settled(tmp_path / "own", {"image_root": "nowhere"})


def test_images_elsewhere_stay_where_they_are(tmp_path: Path) -> None:
    put(tmp_path / "own", "a.json", [trained("0.png"), trained("1.png")])
    put_image(tmp_path / "own", "0.png")
    put_image(tmp_path, "elsewhere/1.png")
    (tmp_path / "out").mkdir()
    assert LLAVA.exporter is not None
    exporter = LLAVA.exporter(tmp_path / "own", tmp_path / "out")
    turns = [
        ExportTurn(
            one.key, turn.source, turn.position, one.image, turn.question, turn.answers, True
        )
        for one in LLAVA.read(tmp_path / "own", image_root=str(tmp_path / "elsewhere"))
        if isinstance(one, Instruction) and isinstance(one.image, Path)
        for turn in one.turns
    ]
    exporter.write_file("a.json", iter(turns))
    assert (tmp_path / "out/a.json").read_bytes() == (tmp_path / "own/a.json").read_bytes()
    assert [file.name for file in sorted((tmp_path / "out").rglob("*"))] == ["0.png", "a.json"]
    assert exporter.tally.images == 1 and not exporter.tally.images_missing
