"""The images of GRES out of xView's tiles, against what sahi and a shell made of the same tiles."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.language.source_classes import label_fits
from pairlens.importers import gres_chips, gres_images, xview
from pairlens.importers.errors import LayoutError, StateError, UsageError
from pairlens.importers.gres_images import CutSummary, cut_images
from pairlens.importers.source_boxes import Boxes
from tests import xview_tiles

pytestmark = pytest.mark.slow

RELEASE = json.loads((Path(__file__).parents[1] / "data" / "release-chips.json").read_text())
"""By ``tools/release_chips.py``."""

LOCALES = tuple(RELEASE["chips"])


def release(locale: str) -> dict[int, tuple[str, tuple[int, ...], str]]:
    """Tile, box and digest by number."""
    listed = enumerate(RELEASE["chips"][locale], 1)
    return {number: (tile, tuple(box), digest) for number, (tile, box, digest) in listed}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiles and GeoJSON."""
    folder = tmp_path_factory.mktemp("xview")
    xview_tiles.write_tiles(folder / "train_images")
    xview_tiles.write_geojson(folder / "boxes.geojson")
    return folder


def annotate(root: Path, locale: str = "en_US.UTF-8", shift: int = 0) -> dict[int, int]:
    chips: Any = {n: (tile, box) for n, (tile, box, _) in release(locale).items()}
    return xview_tiles.write_annotations(root, chips, shift)


def cut(source: Path, root: Path, **options: Any) -> CutSummary:
    return cut_images(root, source, source / "boxes.geojson", root, **options)


def images(root: Path) -> dict[int, str]:
    """The digests of the images that are there, by number."""
    files = root.glob("gres_images/*/lisat_gres_*.jpg")
    return {int(f.stem[-12:]): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def rightly_cut(root: Path, locale: str = "en_US.UTF-8") -> bool:
    known = release(locale)
    found = images(root)
    return bool(found) and all(digest == known[n][2] for n, digest in found.items())


def linked(source: Path, folder: Path, without: set[str]) -> Path:
    """The source without some tiles."""
    (folder / "train_images").mkdir(parents=True)
    for tile in (source / "train_images").iterdir():
        if tile.name not in without:
            (folder / "train_images" / tile.name).symlink_to(tile)
    (folder / "boxes.geojson").symlink_to(source / "boxes.geojson")
    return folder


def test_annotations_of_other_chips_are_refused(source: Path, tmp_path: Path) -> None:
    annotate(tmp_path, shift=7)
    with pytest.raises(StateError, match=r"do not lie on the boxes .* \(C \d+%, en_US"):
        cut(source, tmp_path)
    assert not (tmp_path / "gres_images").exists()


def test_images_of_unknown_origin_are_not_replaced(source: Path, tmp_path: Path) -> None:
    annotate(tmp_path)
    other = tmp_path / "gres_images" / "val" / "lisat_gres_000000000001.jpg"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"of the script")
    with pytest.raises(StateError, match=r"_000000000001\.jpg exists and is not known"):
        cut(source, tmp_path)
    assert other.read_bytes() == b"of the script" and len(images(tmp_path)) == 1
    cut(source, tmp_path, overwrite=True)
    assert rightly_cut(tmp_path)


@pytest.mark.parametrize("locale", LOCALES)
def test_every_image_is_that_of_the_release(source: Path, tmp_path: Path, locale: str) -> None:
    numbers = annotate(tmp_path, locale)
    done = cut(source, tmp_path, jobs=2)
    assert (done.collation, done.agreement, done.missing_tiles) == (locale, 1.0, [])
    assert images(tmp_path) == {n: release(locale)[n][2] for n in numbers}
    assert (done.chips, done.written, done.verified, done.mismatched) == (*[len(numbers)] * 3, 0)
    assert done.left_out == []


@pytest.mark.parametrize("locale", LOCALES)
def test_chips_are_numbered_as_sahi_and_the_shell_do(locale: str) -> None:
    chips = gres_chips.numbered(xview_tiles.SIZES, locale)
    assert chips == [(tile, box) for tile, box, _ in release(locale).values()]


def test_a_lost_tile_does_not_shift_the_others(source: Path, tmp_path: Path) -> None:
    numbers = annotate(tmp_path / "GRES")
    lost = {"13.tif", "102.tif"}
    done = cut(linked(source, tmp_path / "some", lost), tmp_path / "GRES")
    of_lost = [n for n in numbers if release("en_US.UTF-8")[n][0] in lost]
    assert set(done.missing_tiles) == lost
    assert len(images(tmp_path / "GRES")) == len(numbers) - len(of_lost) == done.chips
    assert rightly_cut(tmp_path / "GRES")
    reasons = [one["reason"] for one in done.left_out]
    assert sum("is not there" in reason for reason in reasons) == len(of_lost)
    found = cut(source, tmp_path / "GRES")  # with the tiles there, the rest is cut
    assert (found.written, found.chips) == (len(of_lost), len(numbers))
    assert rightly_cut(tmp_path / "GRES")


def test_a_damaged_tile_costs_its_own_images_alone(source: Path, tmp_path: Path) -> None:
    numbers = annotate(tmp_path / "GRES")
    some = linked(source, tmp_path / "some", {"31.tif"})
    whole = (source / "train_images" / "31.tif").read_bytes()
    (some / "train_images" / "31.tif").write_bytes(whole[:5000])
    done = cut(some, tmp_path / "GRES")
    of_it = [n for n in numbers if release("en_US.UTF-8")[n][0] == "31.tif"]
    assert done.chips == len(numbers) - len(of_it) and rightly_cut(tmp_path / "GRES")
    assert [one["reason"][:12] for one in done.left_out] == ["tile 31.tif:"] * len(of_it)


def test_a_pipe_in_a_tiles_place_is_not_waited_for(source: Path, tmp_path: Path) -> None:
    annotate(tmp_path / "GRES")
    some = linked(source, tmp_path / "some", {"31.tif"})
    os.mkfifo(some / "train_images" / "31.tif")
    done = cut(some, tmp_path / "GRES")
    assert done.missing_tiles == ["31.tif"] and rightly_cut(tmp_path / "GRES")


def test_a_killed_run_goes_on(source: Path, tmp_path: Path) -> None:
    numbers = annotate(tmp_path)

    def kill(done: int, total: int | None) -> None:
        if done > 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cut(source, tmp_path, jobs=1, progress=kill)
    there = len(images(tmp_path))
    assert 0 < there < len(numbers)
    done = cut(source, tmp_path)
    assert (done.written, done.chips) == (len(numbers) - there, len(numbers))
    assert rightly_cut(tmp_path)


def test_masks_off_the_boxes_are_listed(source: Path, tmp_path: Path) -> None:
    annotate(tmp_path)
    file = next((tmp_path / "gres_annotations").glob("val/*.json"))
    content = json.loads(file.read_text())
    content["shapes"][0]["points"] = [[0, 0], [500, 0], [500, 500], [0, 500]]
    file.write_text(json.dumps(content))
    done = cut(source, tmp_path)
    assert (done.mismatched, done.chips) == (1, done.verified + 1)
    rows = map(json.loads, (tmp_path / "gres_images" / "chips.jsonl").read_text().splitlines())
    assert [row["image"] for row in rows if not row["fits"]] == [f"val/{file.stem}.jpg"]


def test_a_stretch_of_masks_off_the_boxes_is_not_cut() -> None:
    tiles = ("1.tif", "2.tif")
    sizes: Any = dict.fromkeys(tiles, (512 * 12, 512))
    wanted = [
        gres_chips.Wanted(n, f"val/{n}.jpg", (9, 9, 50, 50) if n < 9 else (400, 9, 500, 50))
        for n in range(1, 19)
    ]
    boxes = {
        t: Boxes.of(["Bus"] * 8, [[512 * k + 9, 9, 512 * k + 50, 50] for k in range(8)])
        for t in tiles
    }
    made = gres_chips.plan(wanted, sizes, boxes, least=0.3)
    assert made.agreement < 0.5
    unsure = [place.image for place in made.places if not place.sure]
    assert "val/18.jpg" in unsure and "val/1.jpg" not in unsure


def test_what_names_no_chip_is_listed(source: Path, tmp_path: Path) -> None:
    numbers = annotate(tmp_path)
    folder = tmp_path / "gres_annotations" / "val"
    like = json.loads(next(folder.glob("*.json")).read_text())
    for name in ("lisat_gres_000000999999", "photo", "broken"):
        like["shapes"][0]["image_name"] = f"{name}.jpg"
        (folder / f"{name}.json").write_text(json.dumps(like) if name != "broken" else "{")
    done = cut(source, tmp_path)
    assert done.chips == len(numbers)
    reasons = {one["source"]: one["reason"] for one in done.left_out}
    assert reasons["val/lisat_gres_000000999999.jpg"] == "no chip has its number"
    assert "twelve digits" in reasons["val/photo.jpg"]
    assert "JSON" in reasons["gres_annotations/val/broken.json"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "holds no feature"),
        ('{"features": []}', "holds no feature"),
        ('{"type": "FeatureCollection", "features": [{"properties": {}}]}', "holds no feature"),
        ("[[[[" * 5000, "holds no feature"),
    ],
)
def test_what_is_no_geojson_of_xview_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "x.geojson"
    file.write_text(text)
    with pytest.raises(LayoutError, match=said):
        xview.read_geojson(file)


def test_broken_features_are_counted_and_the_others_read(tmp_path: Path) -> None:
    feature = xview_tiles.feature
    odd = [
        feature("../7.tif", 73, "1,1,9,9"), feature("7.tif", 73, []), 5, {"properties": 3},
        feature("7.tif", 73, "9,9,1,1"), feature("7.tif", 75, "1,1,9,9"),
        feature("7.tif", {"a": 1}, "1,1,9,9"), feature("7.tif", 73, "1,1,9," + "9" * 5000),
    ]  # fmt: skip
    file = xview_tiles.write_geojson(
        tmp_path / "x.geojson", [*odd, feature("8.tif", 73, "1,2,9,8")]
    )
    notes: list[str] = []
    found = xview.read_geojson(file, notes.append)
    assert found["8.tif"].labels == ("Building",)
    assert found["8.tif"].corners.tolist() == [[1, 2, 9, 8]]
    assert len(found["7.tif"].labels) == 0
    assert sum(int(note.split(": ")[1].split()[0]) for note in notes) == len(odd)


def test_wrong_options_are_refused(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="share from 0 to 1"):
        cut(source, tmp_path, least=50)
    with pytest.raises(LayoutError, match="holds no annotations of GRES"):
        cut(source, tmp_path)
    with pytest.raises(UsageError, match="is not a folder"):
        cut(tmp_path / "nowhere", tmp_path)


def test_the_plan_is_read_back(source: Path, tmp_path: Path) -> None:
    annotate(tmp_path)
    cut(source, tmp_path)
    plan = gres_images.read_plan(tmp_path / "gres_images" / "chips.jsonl")
    known = release("en_US.UTF-8")
    assert plan and all(chip == known[int(name[-16:-4])][:2] for name, chip in plan.items())


def test_a_box_of_another_class_verifies_no_image(source: Path, tmp_path: Path) -> None:
    numbers = annotate(tmp_path)
    file = next((tmp_path / "gres_annotations").glob("val/*.json"))
    file.write_text(file.read_text().replace("the ", "the airplane, not the "))
    done = cut(source, tmp_path, class_fits=label_fits)
    kind = numbers[int(file.stem[-12:])]
    assert label_fits(["the airplane"], xview.CLASSES[kind]) is False
    assert (done.mismatched, done.other_class) == (1, 1)
    (mismatch,) = done.mismatches
    assert mismatch["source"] == f"val/{file.stem}.jpg"
    assert mismatch["reason"].startswith(f"the mask lies on a box of {xview.CLASSES[kind]!r} at [")
    assert (done.agreement, done.chips) == (1.0, len(numbers))


def test_a_vehicle_on_another_counts_by_the_class_that_is_asked_for() -> None:
    both = Boxes.of(["Truck Tractor", "Trailer"], [[10, 10, 50, 50], [10, 10, 50, 46]])
    wanted = [gres_chips.Wanted(1, "val/1.jpg", (10, 10, 50, 50), ("the trailer",))]
    asked = gres_chips.plan(wanted, {"1.tif": (512, 512)}, {"1.tif": both}, 0.5, of_class).places
    assert [(place.label, place.verified) for place in asked] == [("Trailer", True)]


def of_class(phrases: Sequence[str], label: str) -> bool:
    return label.lower() in phrases[0]
