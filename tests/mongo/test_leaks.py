"""What stands in several datasets and splits, planted and found."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image, ImageOps

from pairlens.fiftyone_plugin.cli import main, run
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset

ONE, OTHER, APART = "leaks-one", "leaks-other", "leaks-apart"
SIZE = 160


def images(root: Path, split: str) -> list[Path]:
    return sorted((root / "gres_images" / split).glob("*.jpg"))


def annotation(image: Path) -> Path:
    folder = image.parents[2] / "gres_annotations" / image.parent.name
    return folder / f"{image.stem}.json"


def take_target(image: Path, other: Path, laid: Callable[[list[float]], list[float]]) -> None:
    """Gives an image the target of another one, which lies there as the image does."""
    shapes = json.loads(annotation(image).read_bytes())["shapes"]
    content = json.loads(annotation(other).read_bytes())
    content["shapes"] = [
        shape | {"image_name": other.name, "points": [laid(point) for point in shape["points"]]}
        for shape in shapes
    ]
    annotation(other).write_text(json.dumps(content))


@pytest.fixture(scope="module")
def datasets(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Three datasets. Of the other, test images are those of the first's training data: the first
    as it is with its mask, the second encoded anew, the third mirrored with its mask."""
    folder = tmp_path_factory.mktemp("leaks")
    roots = {
        ONE: make_gres(folder / "one", 12, seed=1, size=SIZE).root,
        OTHER: make_gres(folder / "other", 12, seed=2, size=SIZE).root,
        APART: make_gres(folder / "apart", 6, seed=3, size=SIZE).root,
    }
    train, test = images(roots[ONE], "train"), images(roots[OTHER], "test")
    shutil.copy(train[0], test[0])
    take_target(train[0], test[0], lambda point: point)
    take_target(train[2], test[2], lambda point: [SIZE - point[0], point[1]])
    with Image.open(train[1]) as opened:
        opened.save(test[1], quality=60)
    with Image.open(train[2]) as opened:
        ImageOps.mirror(opened).save(test[2], quality=90)
    for name, root in roots.items():
        import_dataset("gres", root, name, ImportOptions(overwrite=True))
    yield roots
    for name in roots:
        fo.delete_dataset(name)


def by_kind(done: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one for one in done["shared"] if one["kind"] == kind]


def images_in(found: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {
        (one["first"]["key"].split("#")[0], one["second"]["key"].split("#")[0]) for one in found
    }


def key(image: Path) -> str:
    return f"gres/{image.parent.name}/{image.stem}"


def test_datasets_that_have_nothing_in_common(datasets: dict[str, Path]) -> None:
    done = run(["leaks", ONE, APART])
    assert (done["leaks"], done["between"], done["shared"]) == (0, [], [])
    assert {(one["dataset"], one["split"]) for one in done["places"]} == {
        (name, split) for name in (ONE, APART) for split in ("train", "val", "test")
    }
    assert done["images_read"] == 18
    assert run(["leaks", ONE, APART])["images_read"] == 0, "measured once"


def test_the_same_near_and_turned_images_and_masks_are_found(datasets: dict[str, Path]) -> None:
    done = run(["leaks", ONE, OTHER])
    train, test = images(datasets[ONE], "train"), images(datasets[OTHER], "test")
    assert images_in(by_kind(done, "same_image")) == {(key(train[0]), key(test[0]))}
    assert images_in(by_kind(done, "same_mask")) == {(key(train[0]), key(test[0]))}
    near = by_kind(done, "near_image")
    assert images_in(near) == {(key(train[n]), key(test[n])) for n in (1, 2)}
    assert [one["turned"] for one in near] == [None, "mirrored left to right"]
    [mask] = by_kind(done, "near_mask")
    assert images_in([mask]) == {(key(train[2]), key(test[2]))}
    assert mask["turned"] == "mirrored left to right"
    assert done["leaks"] == 3
    [between] = [one for one in done["between"] if one["same_image"] or one["near_image"]]
    assert between["leak"] and (between["same_image"], between["near_image"]) == (1, 2)
    assert between["second"] == {"dataset": OTHER, "split": "test"}


def test_exact_reads_no_image_and_near_ones_may_be_allowed(
    datasets: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    done = run(["leaks", ONE, OTHER, "--exact"])
    assert by_kind(done, "near_image") == [] and done["leaks"] == 1
    assert main(["leaks", ONE, OTHER, "--exact"]) == 1
    told = capsys.readouterr().out
    assert "1 image is in training data and in another split" in told
    assert f"{ONE}/train" in told and f"{OTHER}/test" in told
    assert main(["leaks", ONE, OTHER, "--fail-on", "never"]) == 0


def test_the_page_has_both_pictures_and_no_markup_of_a_dataset(
    datasets: dict[str, Path], tmp_path: Path
) -> None:
    dataset = fo.load_dataset(OTHER)
    sample: Any = dataset.match(fo.ViewField("split") == "test").first()
    phrase = sample.phrase
    sample.phrase = "<script>alert(1)</script> <img src=http://x.y/z>"
    sample.save()
    page = tmp_path / "deep" / "leaks.html"
    done = run(["leaks", ONE, OTHER, "--out", str(page), "--fail-on", "never"])
    sample.phrase = phrase
    sample.save()
    told = page.read_text()
    assert done["out"] == str(page)
    assert told.count("data:image/jpeg;base64,") == done["shared_total"] >= 4
    assert "&lt;script&gt;" in told and "<script" not in told and "<img src=http" not in told
    with pytest.raises(StateError, match="--overwrite"):
        run(["leaks", ONE, OTHER, "--out", str(page)])


def test_what_cannot_be_meant_is_refused(datasets: dict[str, Path], tmp_path: Path) -> None:
    for more, words in (
        ((ONE,), "is named twice"),
        (("--out", str(tmp_path / "a.pdf")), "give an .html file"),
        (("--max-distance", "9"), "is not 0 to 8"),
        (("--min-cosine", "2"), "above 0"),
        (("--embedding", "image_embeding"), "none of the datasets has such a field"),
    ):
        with pytest.raises(UsageError, match=words):
            run(["leaks", ONE, *more])
    with pytest.raises(StateError, match="there is no dataset"):
        run(["leaks", ONE, "nope"])


def test_embeddings_find_what_looks_otherwise(datasets: dict[str, Path]) -> None:
    assert by_kind(run(["leaks", ONE, APART, "--fail-on", "never"]), "alike_image") == []
    vectors: dict[str, dict[str, list[float]]] = {}
    axes = iter(np.eye(30).tolist())
    for name in (ONE, APART):
        found = fo.load_dataset(name).values(["key", "image_id"])
        of_image = {image: next(axes) for image in sorted(set(found[1]))}
        vectors[name] = {each: of_image[image] for each, image in zip(*found, strict=True)}
    first, second = (min(vectors[name]) for name in (ONE, APART))
    for each in vectors[APART]:
        if each.split("#")[0] == second.split("#")[0]:
            vectors[APART][each] = [v + 0.01 for v in vectors[ONE][first]]
    for name in (ONE, APART):
        fo.load_dataset(name).set_values("image_embedding", vectors[name], key_field="key")
    done = run(["leaks", ONE, APART, "--fail-on", "never"])
    for name in (ONE, APART):
        fo.load_dataset(name).delete_sample_field("image_embedding")
    [found] = by_kind(done, "alike_image")
    assert found["cosine"] > 0.98 and found["second"]["key"] == second


def test_captions_that_stand_in_two_splits(dataset_name: str, tmp_path: Path) -> None:
    import_dataset("rsteller", make_rsteller(tmp_path / "r", images=6).root, dataset_name)
    dataset: Any = fo.load_dataset(dataset_name)
    before = by_kind(run(["leaks", dataset_name, "--exact"]), "same_text")
    assert before == []
    keys = sorted(dataset.values("key"))
    text = "A long caption that says of this place what nobody says of another."
    for each, said in ((keys[0], text), (keys[-1], f"  {text.upper()} ")):
        sample = dataset.match(fo.ViewField("key") == each).first()
        sample.captions[0].text = said
        sample.split = {keys[0]: "train", keys[-1]: "test"}[each]
        sample.save()
    done = run(["leaks", dataset_name, "--exact"])
    [found] = by_kind(done, "same_text")
    assert {found["first"]["key"], found["second"]["key"]} == {keys[0], keys[-1]}
    assert found["leak"] and done["leaks"] == 0, "a text alone is no leaked image"
