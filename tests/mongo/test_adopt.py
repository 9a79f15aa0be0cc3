"""Datasets that were in FiftyOne already become pairs, and keep all that they held."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from fiftyone.operators.executor import ExecutionContext
from PIL import Image

from pairlens.fiftyone_plugin.adoption.runner import adopt
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.cli import main
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.importers import store
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import load_stored
from tests.mongo.curating import predict
from tests.mongo.processes import ended, start
from tests.mongo.reviewing import documents, keys

HEIGHT, WIDTH = 40, 60
BOX = [10 / WIDTH, 5 / HEIGHT, 20 / WIDTH, 10 / HEIGHT]
CORNERS = [(x / WIDTH, y / HEIGHT) for x, y in ((30, 20), (50, 20), (50, 35), (30, 35))]


@pytest.fixture
def mine(dataset_name: str, tmp_path: Path) -> Iterator[Any]:
    """Four images; what the labels are is the test's."""
    made = fo.Dataset(f"{dataset_name}-mine", persistent=True)
    for number in range(4):
        path = tmp_path / "images" / f"i{number}.png"
        path.parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(number).integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8)
        Image.fromarray(pixels).save(path)
        made.add_sample(
            fo.Sample(str(path), tags=["val"] if number else ["mine"], weather=f"w{number}")
        )
    yield made
    for name in fo.list_datasets(f"{made.name}*"):
        delete_dataset(name) if fo.load_dataset(name).info.get("pairlens") else fo.delete_dataset(
            name
        )


@pytest.fixture(scope="module")
def plugin() -> None:
    """The plugin, found by FiftyOne where users put plugins."""
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()


def rectangle(left: int, top: int, right: int, bottom: int, value: int = 1) -> Any:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[top:bottom, left:right] = value
    return mask


def detections(*texts: str | None, masks: bool = True) -> fo.Detections:
    mask = np.ones((10, 20), bool) if masks else None
    return fo.Detections(
        detections=[
            fo.Detection(label="thing", bounding_box=BOX, mask=mask, text=text) for text in texts
        ]
    )


def polylines(*texts: str) -> fo.Polylines:
    return fo.Polylines(
        polylines=[fo.Polyline(label=text, points=[CORNERS], filled=True) for text in texts]
    )


def labelled(dataset: Any, phrases: list[Any], masks: list[Any], phrase: str = "words") -> Any:
    for sample, text, label in zip(dataset, phrases, masks, strict=True):
        if text is not None:
            sample[phrase] = text
        if label is not None:
            sample["gt"] = label
        sample.save()
    dataset.add_dynamic_sample_fields()
    return dataset


def areas(dataset: Any) -> dict[str, int]:
    """The pixels of the target of each pair, from the file."""
    return {
        key: int((load_stored(doc["segmentation"]["mask_path"]) == 1).sum())
        for key, doc in documents(dataset).items()
    }


def before(dataset: Any) -> list[dict[str, Any]]:
    names = ("filepath", "tags", "weather", "words", "gt")
    found = dataset._sample_collection.find().sort("_id", 1)
    return [{name: doc.get(name) for name in names} for doc in found]


def segmentations(value: int = 1) -> list[Any]:
    return [fo.Segmentation(mask=rectangle(n, n, n + 10, n + 10, value)) for n in range(4)]


TEXTS = ["the car at the top left", "a boat", "a red roof", "two trees"]
ONE = "adopted/val/i1#0"


# ------------------------------------------------------------------ what queries and masks are


@pytest.mark.parametrize(
    ("phrases", "masks", "expected"),
    [
        (TEXTS, segmentations(), [100] * 4),
        (TEXTS, segmentations(255), [100] * 4),
        ([fo.Classification(label=t) for t in TEXTS], segmentations(), [100] * 4),
        (TEXTS, [detections("x") for _ in range(4)], [200] * 4),
        (TEXTS, [detections("x", masks=False) for _ in range(4)], [200] * 4),
        (TEXTS, [polylines("x") for _ in range(4)], [21 * 16] * 4),
        (TEXTS, [detections("x").detections[0] for _ in range(4)], [200] * 4),
    ],
    ids=["array", "255", "classification", "detections", "boxes", "polylines", "detection"],
)
def test_each_sample_becomes_a_pair_and_keeps_what_it_held(
    mine: Any, phrases: list[Any], masks: list[Any], expected: list[int]
) -> None:
    labelled(mine, phrases, masks)
    was, ids = before(mine), mine.values("id")
    done = adopt(mine, phrase="words", mask="gt")
    assert (done.samples, done.added, done.images, done.skipped) == (4, 4, 4, [])
    assert done.splits == {"train": 1, "val": 3}
    assert keys(mine) == ["adopted/train/i0#0", *(f"adopted/val/i{n}#0" for n in (1, 2, 3))]
    assert [documents(mine)[key]["phrase"] for key in keys(mine)] == TEXTS
    assert list(areas(mine).values()) == expected
    assert (before(mine), mine.values("id")) == (was, ids)
    assert {d["mask_stats"]["height"] for d in documents(mine).values()} == {HEIGHT}


def test_mask_files_of_the_users_are_read_and_left(mine: Any, tmp_path: Path) -> None:
    files = [tmp_path / f"m{n}.png" for n in range(4)]
    for n, file in enumerate(files):
        Image.fromarray(rectangle(n, n, n + 10, n + 10, 255)).save(file)
    held = [file.read_bytes() for file in files]
    labelled(mine, TEXTS, [fo.Segmentation(mask_path=str(file)) for file in files])
    adopt(mine, phrase="words", mask="gt")
    assert list(areas(mine).values()) == [100] * 4
    assert mine.values("gt.mask_path") == [str(file) for file in files]
    delete_dataset(mine.name)
    assert [file.read_bytes() for file in files] == held


@pytest.mark.parametrize("path", ["gt.detections.text", "gt.text"])
def test_instances_with_queries_of_their_own_are_pairs_of_one_image(mine: Any, path: str) -> None:
    groups = [("a", "b", "c"), ("d",), ("e", None), (None,)]
    labelled(mine, [None] * 4, [detections(*texts) for texts in groups])
    was = before(mine)
    done = adopt(mine, phrase=path, mask="gt")
    assert done.samples == 5 and done.images == 3
    told = {entry["source"]: entry["reason"] for entry in done.skipped}
    assert told == {
        "i2.png": "1 of its 2 instances have no query in 'text'",
        "i3.png": "1 of its 1 instances have no query in 'text'",
    }
    pairs = {d["key"]: d for d in mine._sample_collection.find({"key": {"$type": "string"}})}
    assert {key: doc["phrase"] for key, doc in pairs.items()} == {
        "adopted/train/i0#0": "a", "adopted/train/i0#1": "b", "adopted/train/i0#2": "c",
        "adopted/val/i1#0": "d", "adopted/val/i2#0": "e",
    }  # fmt: skip
    assert {doc["image_id"] for doc in pairs.values()} == {"i0", "i1", "i2"}
    assert before(mine)[:4] == was  # the samples that were there, and then those that were added
    added = list(mine._sample_collection.find().sort("_id", 1))[4:]
    assert [doc["weather"] for doc in added] == ["w0", "w0"]
    labels = [one for ids in mine.values("gt.detections.id") for one in ids]
    assert len(labels) == len(set(labels)) == 3 * 3 + 1 + 2 + 1
    assert mine.exists("key", False).values("weather") == ["w3"]


@pytest.mark.parametrize(
    ("texts", "instances", "expected", "told"),
    [
        ([["a", "b"]] * 4, "auto", [200, 336], "about the instance of its number"),
        ([["a", "b"]] * 4, "all", [536, 536], "about all of its instances"),
        ([["a", "b"]] * 3 + [["a"]], "auto", [536, 536], "about all of its instances"),
        ([["a", "b"]] * 3 + [["a"]], "each", [200, 336], "about the instance of its number"),
    ],
)
def test_a_list_of_queries_is_about_instances_one_by_one_or_together(
    mine: Any, texts: list[list[str]], instances: Any, expected: list[int], told: str
) -> None:
    both = [polylines("x").polylines[0], polylines("y").polylines[0]]
    both[0].points = [[(10 / WIDTH, 5 / HEIGHT), (29 / WIDTH, 5 / HEIGHT),
                       (29 / WIDTH, 14 / HEIGHT), (10 / WIDTH, 14 / HEIGHT)]]  # fmt: skip
    labelled(mine, texts, [fo.Polylines(polylines=both) for _ in range(4)])
    done = adopt(mine, phrase="words", mask="gt", instances=instances)
    found = areas(mine)
    assert [found[f"adopted/val/i1#{n}"] for n in range(2)] == expected
    assert any(told in note and "--instances" in note for note in done.notes)


def test_labels_are_queries_where_the_field_of_masks_is_named_for_both(mine: Any) -> None:
    labelled(mine, [None] * 4, [polylines("a", "b") for _ in range(4)])
    assert adopt(mine, phrase="gt", mask="gt").samples == 8
    assert documents(mine)["adopted/val/i3#1"]["phrase"] == "b"


def test_nothing_is_declared_to_have_no_target_that_does_not_say_so(mine: Any) -> None:
    labelled(
        mine, TEXTS, [None, None, fo.Segmentation(mask=rectangle(0, 0, 0, 0)), *segmentations()[:1]]
    )
    mine.add_sample_field("no_target", fo.BooleanField)
    second = mine.skip(1).first()
    second["no_target"] = True
    second.save()
    done = adopt(mine, phrase="words", mask="gt")
    assert [(e["source"], e["reason"]) for e in done.skipped] == [
        ("i0.png", "it has no label in 'gt'")
    ]
    adopted = mine._sample_collection.find({"key": {"$type": "string"}})
    declared = {d["key"]: d["no_target"] for d in adopted}
    assert declared == {ONE: True, "adopted/val/i2#0": False, "adopted/val/i3#0": False}


# ------------------------------------------------------------------------ all that comes after


def test_all_steps_work_on_what_was_adopted(
    mine: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled(mine, TEXTS, segmentations())
    given = ["adopt", mine.name, "--phrase", "words", "--mask", "gt", "--name", f"{mine.name}-2"]
    assert main(given) == 0
    assert "Adopted 4 pairs" in capsys.readouterr().out
    copy: Any = fo.load_dataset(f"{mine.name}-2")
    assert not mine.has_field("key") and "pairlens" not in mine.info
    predict(copy, tmp_path / "model")
    assert score(copy, pred="model", key="model").pairs == 4
    assert main(["predict", copy.name, "--predictor", "cues", "--field", "cues"]) == 0
    assert flag(copy).pairs == 4
    assert main(["review", copy.name, "--set", ONE, "fix", "--phrase", "a blue boat"]) == 0
    assert main(["review", copy.name, "--set", "adopted/val/i2#0", "drop"]) == 0
    for kind in ("fiftyone", "coco", "hf", "table"):
        done = export_dataset(copy, kind, tmp_path / kind, select="kept")
        assert (done["exported"], done["dropped"]) == (1, 3)
        assert "a blue boat" in (tmp_path / kind / "decisions.jsonl").read_text()
    assert "pairs" in (tmp_path / "coco" / "README.md").read_text()
    table = import_dataset("table", tmp_path / "table" / "pairs.csv", f"{mine.name}-4")
    assert (table.samples, table.skipped) == (1, [])
    [read] = documents(fo.load_dataset(f"{mine.name}-4")).values()
    assert (read["phrase"], read["split"]) == ("a blue boat", "val")
    assert list(areas(fo.load_dataset(f"{mine.name}-4")).values()) == [100]
    again: Any = fo.Dataset.from_dir(
        str(tmp_path / "fiftyone"), fo.types.FiftyOneDataset, name=f"{mine.name}-3"
    )
    assert again.values("weather") == ["w1"] and flag(again).pairs == 1
    assert main(["export", copy.name, "--format", "gres", "--out", str(tmp_path / "g")]) == 2
    assert "it cannot be written as gres" in capsys.readouterr().err


def test_the_operator_adopts_and_steps_offer_it(
    mine: Any, plugin: None, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled(mine, TEXTS, segmentations())
    assert main(["flag", mine.name]) == 1
    offered = f"pairlens adopt {mine.name} --phrase FIELD --mask FIELD"
    assert offered in capsys.readouterr().err
    adopting: Any = foo.get_operator("@pairlens/curation/adopt_dataset")
    form = adopting.resolve_input(ExecutionContext({"dataset_name": mine.name, "params": {}}))
    offered = form.to_json()["type"]["properties"]
    choices = {
        name: [c["value"] for c in offered[name]["view"]["choices"]] for name in ("phrase", "mask")
    }
    assert choices == {"phrase": ["weather", "words"], "mask": ["gt"]}
    done = adopting(mine.limit(3), phrase="words", mask="gt")
    assert done["samples"] == 3
    mine.reload()
    assert main(["flag", mine.name]) == 0
    assert "1 sample that PairLens did not import is left out; pairlens adopt takes" in (
        capsys.readouterr().out
    )


def test_what_is_added_later_is_taken_in_with_the_same_options(mine: Any) -> None:
    labelled(mine, TEXTS, segmentations())
    adopt(mine, phrase="words", mask="gt")
    first = {k: d["_id"] for k, d in documents(mine).items()}
    path = mine.last().filepath
    mine.add_sample(fo.Sample(path, tags=["val"], words="again", gt=segmentations()[0]))
    done = adopt(mine, phrase="words", mask="gt")
    assert (done.samples, done.added) == (5, 1)
    now = {k: d["_id"] for k, d in documents(mine).items()}
    assert first.items() <= now.items() and set(now) - set(first) == {"adopted/val/i3#1"}
    with pytest.raises(StateError, match=r"was adopted with --phrase words --mask gt; give these"):
        adopt(mine, phrase="weather", mask="gt")


# --------------------------------------------------------------------------------- refusals


def test_what_cannot_be_is_refused_and_changes_nothing(mine: Any, dataset_name: str) -> None:
    labelled(mine, TEXTS, segmentations())
    was = list(mine._sample_collection.find().sort("_id", 1))
    fields, names = set(mine.get_field_schema()), fo.list_datasets()

    def refused(kind: type[Exception], words: str, **given: Any) -> None:
        with pytest.raises(kind, match=words):
            adopt(mine, **({"phrase": "words", "mask": "gt"} | given))

    refused(UsageError, "--mask none: the field is not there; fields with masks: gt", mask="none")
    refused(UsageError, "--mask words: the field holds StringField", mask="words")
    refused(UsageError, "--phrase none: no sample has .*: words, weather|weather, words",
            phrase="none")  # fmt: skip
    refused(UsageError, "--split none", split="none")
    refused(UsageError, "mask_values", mask_values="what")
    refused(StateError, "exists; choose another name", name=mine.name)
    refused(UsageError, "cannot be the name of a dataset", name="///")
    assert list(mine._sample_collection.find().sort("_id", 1)) == was
    assert (set(mine.get_field_schema()), fo.list_datasets()) == (fields, names)
    assert "pairlens" not in mine.info


@pytest.mark.parametrize(
    "taken", ["source", "phrase", "segmentation", "verdict", "key", "target_box"]
)
def test_a_field_of_the_users_by_a_name_of_ours_is_not_written_over(mine: Any, taken: str) -> None:
    labelled(mine, TEXTS, segmentations())
    mine.set_values(taken, ["own"] * 4)
    was = list(mine._sample_collection.find().sort("_id", 1))
    with pytest.raises(StateError, match=rf"rename it: dataset.rename_sample_field\('{taken}'"):
        adopt(mine, phrase="words", mask="gt")
    assert list(mine._sample_collection.find().sort("_id", 1)) == was
    mine.rename_sample_field(taken, f"{taken}_of_mine")
    assert adopt(mine, phrase="words", mask="gt").samples == 4


def test_detections_without_masks_are_scored_as_boxes(mine: Any) -> None:
    labelled(mine, TEXTS, [detections("x", masks=False) for _ in range(4)])
    tiny = [10.6 / WIDTH, 5.6 / HEIGHT, 0.3 / WIDTH, 0.3 / HEIGHT]
    sample = mine.first()
    sample["gt"].detections[0].bounding_box = tiny
    sample.save()
    adopt(mine, phrase="words", mask="gt")
    assert list(areas(mine).values()) == [1, 200, 200, 200]
    assert [box.bounding_box for box in mine.values("target_box")] == [
        pytest.approx(tiny), *[pytest.approx(BOX)] * 3
    ]  # fmt: skip
    x, y, width, height = BOX
    half = fo.Detection(label="x", bounding_box=[x, y, width / 2, height])
    mine.set_values("model", [fo.Detections(detections=[half])] * 4)
    assert score(mine.skip(1), pred="model", key="m").gIoU == pytest.approx(0.5)
    assert "box_mask" in flag(mine).not_run


@pytest.mark.parametrize("masks", [True, False])
def test_detections_with_masks_or_several_for_a_query_are_no_boxes(mine: Any, masks: bool) -> None:
    labels = [detections("x", masks=masks) for _ in range(3)] + [detections("x", "y")]
    labelled(mine, TEXTS, labels)
    adopt(mine, phrase="words", mask="gt")
    assert not mine.has_field("target_box")


def test_a_split_beside_the_field_that_is_named_is_not_written_over(mine: Any) -> None:
    labelled(mine, TEXTS, segmentations())
    mine.set_values("split", ["fold 1"] * 4)
    mine.set_values("subset", ["Validation"] * 4)
    with pytest.raises(StateError, match=r"rename it: dataset.rename_sample_field\('split'"):
        adopt(mine, phrase="words", mask="gt", split="subset")
    assert mine.values("split") == ["fold 1"] * 4
    mine.rename_sample_field("split", "fold")
    done = adopt(mine, phrase="words", mask="gt", split="subset")
    assert done.splits == {"val": 4} and mine.values("fold") == ["fold 1"] * 4


def test_tags_of_several_splits_are_reported_with_what_was_taken(mine: Any) -> None:
    labelled(mine, TEXTS, segmentations(255))
    adopted = adopt(mine, phrase="words", mask="gt", name=f"{mine.name}-one")
    assert not [note for note in adopted.notes if "split" in note]
    tags = [["test", "train"], ["valid", "val"], ["a", "train", "b", "test"], ["test", "train"]]
    for sample, names in zip(mine, tags, strict=True):
        sample.tags = names
        sample.save()
    adopted = adopt(mine, phrase="words", mask="gt", name=f"{mine.name}-several")
    assert adopted.splits == {"train": 1, "val": 1, "test": 2}
    assert [note for note in adopted.notes if note.startswith("split")] == [
        "split: 2 tags name the splits test and train: the first is taken, i0.png the first; "
        "--split FIELD decides otherwise",
        "split: 1 tags name the splits train and test: the first is taken, i2.png the first; "
        "--split FIELD decides otherwise",
    ]


def test_parameters_of_imports_are_not_offered(mine: Any) -> None:
    labelled(mine, TEXTS, segmentations(255))
    turned = mine.first().filepath
    picture = Image.open(turned)
    exif = picture.getexif()
    exif[0x0112] = 3
    picture.save(turned, exif=exif)
    notes = adopt(mine, phrase="words", mask="gt").notes
    assert "orientation: 1 images declare orientation 3 and are read upright, i0.png the first" in (
        notes
    )
    assert not [note for note in notes if "--param" in note]


def test_fields_that_are_what_pairlens_has_are_used(mine: Any) -> None:
    labelled(mine, TEXTS, segmentations(255), phrase="phrase")
    mine.rename_sample_field("gt", "segmentation")
    mine.set_values("split", ["validation", "test", "", "test"])
    done = adopt(mine, phrase="phrase", mask="segmentation")
    assert done.splits == {"val": 2, "test": 2}
    assert mine.values("split") == ["val", "test", "val", "test"]
    assert any("the split 'validation' is written 'val'" in note for note in done.notes)
    assert keys(mine)[0] == "adopted/test/i1#0" and done.samples == 4
    assert list(areas(mine).values()) == [100] * 4


def test_imported_datasets_and_missing_images_are_told(mine: Any) -> None:
    labelled(mine, TEXTS, segmentations())
    Path(mine.first().filepath).unlink()
    done = adopt(mine, phrase="words", mask="gt")
    assert [(e["source"], e["reason"]) for e in done.skipped] == [
        ("i0.png", "i0.png does not exist")
    ]
    assert done.samples == 3 and store.info(mine)["complete"]
    store.update_info(mine, format="gres")
    with pytest.raises(StateError, match="is PairLens' already: it was imported"):
        adopt(mine, phrase="words", mask="gt")


def test_an_import_replaces_nothing_that_was_adopted(
    mine: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labelled(mine, TEXTS, segmentations())
    adopt(mine, phrase="words", mask="gt")
    root = make_gres(tmp_path / "gres", images=1, size=64).root
    was = documents(mine)
    for more, words in (
        (["--overwrite"], "was adopted and holds labels of your own"),
        (["--resume"], "holds adopted, not gres"),
        ([], "exists"),
    ):
        assert main(["import", "gres", str(root), "--name", mine.name, *more]) == 1
        assert words in capsys.readouterr().err
    assert main(["relocate", mine.name, "--source", str(root)]) == 2
    assert "was adopted and has no published files" in capsys.readouterr().err
    assert documents(mine) == was


# ----------------------------------------------------------------------------------- kills


_ADOPTS = """
import sys
import fiftyone as fo
from pairlens.fiftyone_plugin.adoption import runner
runner._BATCH = 1
real = runner.store.update
calls = []
def update(*args):
    calls.append(1)
    if len(calls) == 2:
        print("begun", flush=True)
        sys.stdin.readline()
    return real(*args)
runner.store.update = update
runner.adopt(fo.load_dataset(sys.argv[1]), phrase="gt.text", mask="gt")
"""


def test_killed_between_two_writes_it_goes_on_to_the_same_end(mine: Any) -> None:
    labelled(mine, [None] * 4, [detections("a", "b", "c") for _ in range(4)])
    other = mine.clone(f"{mine.name}-whole", persistent=True)
    adopting = start(_ADOPTS, mine.name)
    assert adopting.stdout is not None and adopting.stdout.readline() == "begun\n"
    adopting.send_signal(signal.SIGKILL)
    ended(adopting)
    mine.reload()
    assert not store.info(mine)["complete"] and len(mine) == 4 + 2 + 2
    for dataset in (mine, other):
        assert adopt(dataset, phrase="gt.text", mask="gt").samples == 12
    assert len(mine) == len(other) == 12
    assert areas(mine) == areas(other) and keys(mine) == keys(other)
    assert store.info(mine)["complete"]
    media = Path(store.info(mine)["media_dir"])
    assert len([*(media / "masks").iterdir()]) == 12
