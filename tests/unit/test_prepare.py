"""From records to files: where they are written, what is shared, and what is refused."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from pairlens.importers.errors import RecordError
from pairlens.importers.mask_stats import MaskStats
from pairlens.importers.masks import load_stored
from pairlens.importers.media import CHIP
from pairlens.importers.prepare import MediaPlace, PreparedPair, group_by_image, prepare
from pairlens.importers.records import NoTarget, Pair, Polygons, Raster, Shape, Source, Target

SQUARE = Polygons((Shape(((2, 3), (8, 3), (8, 9), (2, 9))),))
PIXELS = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
NUMBERS = np.arange(600, dtype=np.uint8).reshape(20, 30) % 2


def pair(
    index: int = 0, target: Target = SQUARE, image: Path | None = None, image_id: str = "a_1"
) -> Pair:
    return Pair(
        key=f"gres/test/{image_id}#{index}",
        image_id=image_id,
        split="test",
        phrase="the red car",
        image=image,
        image_name=image.name if image else "a.jpg",
        target=target,
        source=Source("a.json", index),
    )


@pytest.fixture
def place(tmp_path: Path) -> MediaPlace:
    return MediaPlace(tmp_path / "media", placeholders=False)


@pytest.fixture
def png(tmp_path: Path) -> Path:
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def written(place: MediaPlace) -> list[str]:
    files = [p for p in place.media_dir.rglob("*") if p.is_file()]
    return sorted(p.relative_to(place.media_dir).as_posix() for p in files)


def test_an_image_that_browsers_show_is_not_copied(place: MediaPlace, png: Path):
    before = png.read_bytes()
    (made,) = prepare((pair(image=png),), place)
    assert (made.image.filepath, made.image.rendition, made.image.missing) == (png, None, False)
    assert (made.image.facts.width, made.image.facts.height) == (30, 20)
    assert written(place) == ["masks/gres_test_a_1_0.png"]
    assert made.mask_path == place.media_dir / "masks" / "gres_test_a_1_0.png"
    assert png.read_bytes() == before


def test_polygons_are_drawn_at_the_images_size(place: MediaPlace, png: Path):
    (made,) = prepare((pair(image=png),), place)
    assert made.mask_path is not None
    stored = load_stored(made.mask_path)
    assert stored.shape == (20, 30)
    assert (made.stats.area, made.stats.box) == (stored.sum(), (2, 3, 7, 7))
    assert made.stats.polygon_faults == ()


def test_queries_of_one_mask_share_its_file(place: MediaPlace, png: Path):
    other = Polygons((Shape(((1, 1), (3, 1), (3, 3))),))
    targets = (SQUARE, Polygons(SQUARE.shapes), other, NoTarget(), NoTarget())
    made = prepare(tuple(pair(i, t, png) for i, t in enumerate(targets)), place)
    assert [m.record.source.index for m in made] == [0, 1, 2, 3, 4]
    assert [m.mask_path.name for m in made if m.mask_path] == [
        "gres_test_a_1_0.png", "gres_test_a_1_0.png", "gres_test_a_1_2.png",
        "gres_test_a_1_3.png", "gres_test_a_1_3.png",
    ]  # fmt: skip
    assert len(written(place)) == 3


def test_no_target_is_an_empty_mask(place: MediaPlace, png: Path):
    (made,) = prepare((pair(target=NoTarget(), image=png),), place)
    assert made.mask_path is not None
    assert load_stored(made.mask_path).shape == (20, 30)
    assert not load_stored(made.mask_path).any()
    assert (made.stats.area, made.stats.error, made.record.no_target) == (0, "", True)


def test_a_missing_image_is_refused_and_nothing_is_written(place: MediaPlace):
    with pytest.raises(RecordError) as raised:
        prepare((pair(3),), place)
    assert str(raised.value) == "a.json[3]: the image a.jpg is not there"
    assert written(place) == []


def test_a_missing_image_gets_a_placeholder_where_asked_for(tmp_path: Path):
    place = MediaPlace(tmp_path, placeholders=True)
    made = prepare((pair(0), pair(1)), place)
    assert written(place) == ["masks/gres_test_a_1_0.png", "placeholders/test_a_1.png"]
    image = made[0].image
    assert (image.missing, image.filepath) == (True, tmp_path / "placeholders" / "test_a_1.png")
    assert (image.facts.width, image.facts.height, image.facts.digest) == (CHIP, CHIP, "")
    with Image.open(image.filepath) as chip:
        assert (chip.size, chip.mode) == ((CHIP, CHIP), "L")
    assert made[0].mask_path is not None
    assert load_stored(made[0].mask_path).shape == (CHIP, CHIP)


def test_placeholders_replace_no_image_that_is_there(tmp_path: Path, png: Path):
    (made,) = prepare((pair(image=png),), MediaPlace(tmp_path / "media", placeholders=True))
    assert (made.image.missing, made.image.filepath) == (False, png)


def test_a_tiff_gets_a_rendition(place: MediaPlace, tmp_path: Path):
    tifffile.imwrite(tmp_path / "7.tif", PIXELS, photometric="rgb")
    tifffile.imwrite(tmp_path / "mask.tif", NUMBERS * 255)
    target = Raster(tmp_path / "mask.tif")
    (made,) = prepare((pair(image=tmp_path / "7.tif", target=target, image_id="7"),), place)
    assert made.image.filepath == tmp_path / "7.tif"
    assert made.image.rendition == place.media_dir / "renditions" / "test_7.png"
    with Image.open(made.image.rendition) as shown:
        np.testing.assert_array_equal(np.asarray(shown), PIXELS)
    assert made.mask_path is not None
    np.testing.assert_array_equal(load_stored(made.mask_path), NUMBERS)
    assert made.stats.values == (0, 255)


@pytest.mark.parametrize("content", [None, b"", b"II*\0broken"], ids=["absent", "empty", "broken"])
def test_an_unreadable_mask_is_said_and_has_no_file(
    place: MediaPlace, png: Path, tmp_path: Path, content: bytes | None
):
    mask = tmp_path / "mask.tif"
    if content is not None:
        mask.write_bytes(content)
    unreadable, sound = prepare((pair(0, Raster(mask), png), pair(1, SQUARE, png)), place)
    assert unreadable.mask_path is None
    assert unreadable.stats == MaskStats(error=unreadable.stats.error)
    assert unreadable.stats.error.startswith("mask.tif")
    assert sound.mask_path is not None
    assert written(place) == ["masks/gres_test_a_1_1.png"]


def test_a_mask_of_another_size_is_kept_as_it_is(place: MediaPlace, png: Path, tmp_path: Path):
    tifffile.imwrite(tmp_path / "mask.tif", NUMBERS[:9, :8])
    (made,) = prepare((pair(target=Raster(tmp_path / "mask.tif"), image=png),), place)
    assert (made.stats.width, made.stats.height) == (8, 9)
    assert (made.image.facts.width, made.image.facts.height) == (30, 20)


@pytest.mark.parametrize("content", [b"", b"no image"])
@pytest.mark.parametrize("placeholders", [False, True])
def test_an_unreadable_image_fails_its_pairs(tmp_path: Path, content: bytes, placeholders: bool):
    (tmp_path / "a.tif").write_bytes(content)
    with pytest.raises(RecordError) as raised:
        prepare((pair(1, image=tmp_path / "a.tif"),), MediaPlace(tmp_path / "media", placeholders))
    assert raised.value.source == "a.json[1]"
    assert raised.value.reason.startswith("a.tif")


def test_faults_of_polygons_are_kept(place: MediaPlace, png: Path):
    target = Polygons((*SQUARE.shapes, Shape(((1, 1), (2, 2))), Shape(((float("nan"), 1),) * 3)))
    (made,) = prepare((pair(target=target, image=png),), place)
    assert made.stats.polygon_faults == (
        "polygon 1 has 2 distinct points",
        "polygon 2 has coordinates that are not in any image",
    )
    assert made.stats.area > 49


def test_keys_of_hostile_ids_stay_in_their_folder(tmp_path: Path):
    place = MediaPlace(tmp_path / "media", placeholders=True)
    for image_id in ("..", "../x", "/etc/passwd", "a\0b", "x" * 300):
        (made,) = prepare((pair(image_id=image_id),), place)
        assert made.mask_path is not None
        assert made.mask_path.parent == place.media_dir / "masks"
        assert made.image.filepath.parent == place.media_dir / "placeholders"
    assert {p.name for p in tmp_path.iterdir()} == {"media"}


def test_what_workers_get_and_give_pickles(place: MediaPlace, png: Path):
    group = (pair(0, image=png), pair(1, NoTarget(), png), pair(2, Raster(png), png))
    assert pickle.loads(pickle.dumps((group, place))) == (group, place)
    made: list[PreparedPair] = prepare(group[:2], place)
    assert pickle.loads(pickle.dumps(made)) == made


def test_grouping_follows_the_reader():
    ids = ["a", "a", "b", "a", "c", "c"]
    pairs = [pair(i, image_id=image_id) for i, image_id in enumerate(ids)]
    groups = list(group_by_image(iter(pairs)))
    assert [[p.image_id for p in g] for g in groups] == [["a", "a"], ["b"], ["a"], ["c", "c"]]
    assert [p for g in groups for p in g] == pairs
    assert list(group_by_image(iter(()))) == []
