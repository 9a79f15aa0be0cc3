"""What people edit in Python is what an export writes, or it refuses with the key."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.types as fot
import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.importers.errors import PairLensError, StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.importers.masks import Pixels, load_stored
from tests.layouts import LAYOUTS, Layout
from tests.mongo.exporting import data_files, files, manifest_of, root_of
from tests.mongo.reviewing import documents, keys

BY_ID = {layout.id: layout for layout in reversed(LAYOUTS)}
MASKED = (
    *("gres", "refsegrs", "refsegrs-hub", "risbench-folders", "risbench-records"),
    *("refcoco", "earthreason", "refdior"),
)
WRITTEN = [name for name in MASKED if name != "risbench-records"]
TEXTS = ("rsteller", "rsteller-folders", "rsgpt4v", "pregres")


class Imported:
    """A dataset, and what an export of it gives."""

    def __init__(self, layout: Layout, folder: Path, name: str) -> None:
        self.format, self.folder, self.name = layout.format, folder, name
        import_dataset(layout.format, layout.make(folder / "published"), name)
        self.dataset: Any = fo.load_dataset(name)

    def export(self, to: str = "") -> dict[str, Any]:
        to = to or self.format
        return export_dataset(self.dataset, to, self.folder / f"out-{to}", select="all")

    def back(self, report: dict[str, Any]) -> dict[str, dict[str, Any]]:
        """The documents of the export, imported again."""
        name = f"{self.name}-back"
        import_dataset(self.format, report["out"], name)
        return documents(fo.load_dataset(name))

    def first(self) -> Any:
        """The first sample; of GRES one whose mask no other query shares."""
        for key in keys(self.dataset):
            sample = self.dataset.one(fo.ViewField("key") == key)
            if len(self.dataset.match(fo.ViewField("image_id") == sample.image_id)) == 1:
                return sample
        raise AssertionError("every image has several pairs")


@pytest.fixture
def load(tmp_path: Path, dataset_name: str) -> Callable[[str], Imported]:
    return lambda layout: Imported(BY_ID[layout], tmp_path, dataset_name)


def other_mask(sample: Any) -> Pixels:
    """0 and 1, as large as the sample's mask."""
    pixels = np.zeros_like(load_stored(sample.segmentation.mask_path))
    pixels[8:30, 12:20] = 1
    return pixels


def in_database(sample: Any, mask: Pixels, folder: Path) -> None:
    sample.segmentation = fo.Segmentation(mask=mask)
    sample.save()


def as_booleans(sample: Any, mask: Pixels, folder: Path) -> None:
    in_database(sample, mask.astype(bool), folder)


def imported_from_file(sample: Any, mask: Pixels, folder: Path) -> None:
    sample.segmentation.import_mask(update=False)
    sample.segmentation.mask = mask
    sample.segmentation.mask_path = None
    sample.save()


def another_path(sample: Any, mask: Pixels, folder: Path) -> None:
    Image.fromarray(mask).save(folder / "own.png")
    sample.segmentation.mask_path = str(folder / "own.png")
    sample.save()


def overwritten(sample: Any, mask: Pixels, folder: Path) -> None:
    Image.fromarray(mask).save(sample.segmentation.mask_path)


def overwritten_with_255(sample: Any, mask: Pixels, folder: Path) -> None:
    overwritten(sample, mask * 255, folder)


def with_255_in_database(sample: Any, mask: Pixels, folder: Path) -> None:
    in_database(sample, mask * 255, folder)


WAYS = [in_database, as_booleans, imported_from_file, another_path, overwritten,
        overwritten_with_255, with_255_in_database]  # fmt: skip


EDITS = [(layout, way) for layout in WRITTEN[:2] for way in WAYS]
EDITS += [(layout, way) for layout in WRITTEN[2:] for way in (in_database, overwritten_with_255)]


@pytest.mark.parametrize(("layout", "way"), EDITS)
def test_an_edited_mask_is_written(
    load: Callable[[str], Imported], layout: str, way: Callable[..., None], tmp_path: Path
) -> None:
    one = load(layout)
    sample = one.first()
    mask = other_mask(sample)
    before = {key: document["mask_stats"] for key, document in documents(one.dataset).items()}
    way(sample, mask, tmp_path)
    report = one.export()
    manifest = manifest_of(report)
    assert [edit["key"] for edit in manifest["edited"]] == [sample.key]
    back = one.back(report)
    assert len(back) == len(before)
    pixels = load_stored(back[sample.key]["segmentation"]["mask_path"])
    assert np.array_equal(pixels == 1, mask == 1)
    assert not (pixels == 255).any()
    others = set(before) - {sample.key}
    assert {key: back[key]["mask_stats"]["digest"] for key in others} == {
        key: before[key]["digest"] for key in others
    }


@pytest.mark.parametrize("to", ["coco", "hf", "fiftyone"])
@pytest.mark.parametrize("way", [in_database, overwritten_with_255])
def test_an_edited_mask_is_converted(
    load: Callable[[str], Imported], way: Callable[..., None], to: str, tmp_path: Path
) -> None:
    one = load("refsegrs")
    sample = one.first()
    mask = other_mask(sample)
    way(sample, mask, tmp_path)
    report = one.export(to)
    assert [edit["key"] for edit in manifest_of(report)["edited"]] == [sample.key]
    found = {"coco": _area_in_coco, "hf": _area_in_parquet, "fiftyone": _area_in_copy}[to]
    assert found(Path(report["out"]), sample.key) == int(mask.sum())


def _area_in_coco(out: Path, key: str) -> int:
    listed = [json.loads(file.read_text()) for file in out.rglob("*.json")]
    found = [a for file in listed if "annotations" in file for a in file["annotations"]]
    return next(one["area"] for one in found if one["key"] == key)


def _area_in_parquet(out: Path, key: str) -> int:
    import io

    import pyarrow.parquet as pq

    rows = [row for file in out.rglob("*.parquet") for row in pq.read_table(file).to_pylist()]
    data = next(row["mask"]["bytes"] for row in rows if row["key"] == key)
    return int((np.asarray(Image.open(io.BytesIO(data))) == 1).sum())


def _area_in_copy(out: Path, key: str) -> int:
    dataset: Any = fo.Dataset.from_dir(str(out), dataset_type=fot.FiftyOneDataset)
    label = dataset.one(fo.ViewField("key") == key).segmentation
    mask = label.get_mask()
    dataset.delete()
    return int((mask > 0).sum())


def test_masks_that_were_only_brought_into_the_database_are_no_edit(
    load: Callable[[str], Imported],
) -> None:
    one = load("gres")
    for sample in one.dataset:
        sample.segmentation.import_mask(update=True)
        sample.segmentation.mask_path = None
        sample.save()
    report = one.export()
    assert report["edited"] == 0
    assert data_files(Path(report["out"])) == files(root_of(one.dataset))


@pytest.mark.parametrize("layout", MASKED)
def test_a_mask_that_cannot_be_written_is_refused_by_its_key(
    load: Callable[[str], Imported], layout: str, tmp_path: Path
) -> None:
    one = load(layout)
    sample = one.first()
    path, mask = sample.segmentation.mask_path, other_mask(sample)
    for spoil in (
        lambda: in_database(sample, mask[:-1], tmp_path),
        lambda: _set(sample, segmentation=None),
        lambda: _set(sample, segmentation=fo.Segmentation(mask_path=str(tmp_path / "none.png"))),
    ):
        spoil()
        with pytest.raises(PairLensError, match=sample.key):
            one.export()
        assert not (tmp_path / f"out-{one.format}").exists()
    _set(sample, segmentation=fo.Segmentation(mask_path=path))
    assert one.export()["edited"] == 0


def test_a_layout_without_other_masks_names_the_key(
    load: Callable[[str], Imported], tmp_path: Path
) -> None:
    one = load("risbench-records")
    sample = one.first()
    in_database(sample, other_mask(sample), tmp_path)
    with pytest.raises(UsageError, match=sample.key):
        one.export()


def test_of_queries_that_share_a_shape_one_cannot_have_another_mask(
    load: Callable[[str], Imported], tmp_path: Path
) -> None:
    one = load("gres")
    shared = [
        group for group in one.dataset.group_by("image_id").iter_dynamic_groups() if len(group) > 1
    ]
    some = list(shared[0])
    for number, sample in enumerate(some):
        in_database(sample, other_mask(some[0]) if not number else sample.segmentation.mask
                    if sample.segmentation.mask is not None
                    else load_stored(sample.segmentation.mask_path), tmp_path)  # fmt: skip
    with pytest.raises(UsageError, match=some[0].key):
        one.export()
    mask = other_mask(one.first())
    for sample in some:
        in_database(sample, mask, tmp_path)
    back = one.back(one.export())
    for sample in some:
        pixels = load_stored(back[sample.key]["segmentation"]["mask_path"])
        assert np.array_equal(pixels == 1, mask == 1)


@pytest.mark.parametrize("layout", MASKED)
def test_an_edited_phrase_is_written(load: Callable[[str], Imported], layout: str) -> None:
    one = load(layout)
    sample = one.first()
    _set(sample, phrase='the "red" roof')
    report = one.export()
    [edit] = manifest_of(report)["edited"]
    assert (edit["key"], edit["phrase"]) == (sample.key, 'the "red" roof')
    assert one.back(report)[sample.key]["phrase"] == 'the "red" roof'


@pytest.mark.parametrize("layout", MASKED)
def test_a_phrase_that_is_gone_is_refused_by_its_key(
    load: Callable[[str], Imported], layout: str
) -> None:
    one = load(layout)
    sample = one.first()
    sample.clear_field("phrase")
    sample.save()
    with pytest.raises(UsageError, match=sample.key):
        one.export()


def _set(sample: Any, **values: Any) -> None:
    for name, value in values.items():
        sample[name] = value
    sample.save()


# ------------------------------------------------------------------------------------- texts


def caption(sample: Any) -> str:
    _set(sample, caption="Edited in Python.")
    return "Edited in Python."


def first_of_captions(sample: Any) -> str:
    sample.captions[0].text = "Edited among the captions."
    sample.save()
    return "Edited among the captions."


def both_alike(sample: Any) -> str:
    first_of_captions(sample)
    _set(sample, caption="Edited among the captions.")
    return "Edited among the captions."


@pytest.mark.parametrize("edit", [caption, first_of_captions, both_alike])
@pytest.mark.parametrize("layout", ["rsteller", "rsteller-folders"])
def test_an_edited_caption_is_written(
    load: Callable[[str], Imported], layout: str, edit: Callable[[Any], str]
) -> None:
    one = load(layout)
    sample = one.dataset.first()
    text = edit(sample)
    report = one.export()
    [told] = manifest_of(report)["edited"]
    assert (told["key"], told["text"]) == (sample.key, text)
    back = one.back(report)[sample.key]
    assert (back["caption"], back["captions"][0]["text"]) == (text, text)


def answer(sample: Any) -> str:
    sample.conversations[0].answer = "Edited in the App's copy."
    sample.save()
    return "Edited in the App's copy."


def first_of_answers(sample: Any) -> str:
    turn = sample.conversations[0]
    turn.answers = ["Edited among the answers.", *turn.answers[1:]]
    sample.save()
    return "Edited among the answers."


@pytest.mark.parametrize("edit", [answer, first_of_answers])
@pytest.mark.parametrize("layout", ["rsgpt4v", "rsgpt4v-evaluation", "pregres"])
def test_an_edited_answer_is_written(
    load: Callable[[str], Imported], layout: str, edit: Callable[[Any], str]
) -> None:
    one = load(layout)
    several = [s for s in one.dataset if len(s.conversations[0].answers) > 1]
    text = edit(one.dataset.first())
    for sample in several[:1]:
        edit(sample)
    report = one.export()
    told = manifest_of(report)["edited"]
    assert {entry["text"] for entry in told} == {text}
    back = one.back(report)
    for entry in told:
        assert back[entry["key"]]["conversations"][0]["answers"][0] == text


@pytest.mark.parametrize("layout", ["rsgpt4v", "pregres"])
def test_an_edited_caption_of_a_conversation_is_written(
    load: Callable[[str], Imported], layout: str
) -> None:
    one = load(layout)
    sample = next(s for s in one.dataset if s.caption)
    text = caption(sample)
    report = one.export()
    assert [entry["text"] for entry in manifest_of(report)["edited"]] == [text]
    assert text in [c["text"] for c in one.back(report)[sample.key]["captions"]]


@pytest.mark.parametrize("layout", ["rsgpt4v", "pregres"])
def test_a_copy_that_was_edited_alone_is_refused_by_its_key(
    load: Callable[[str], Imported], layout: str
) -> None:
    one = load(layout)
    sample = next(s for s in one.dataset if s.caption)
    first_of_captions(sample)
    with pytest.raises(UsageError, match=sample.key):
        one.export()


@pytest.mark.parametrize("layout", ["rsteller", "rsgpt4v", "pregres"])
def test_two_edits_of_one_text_are_refused_by_their_key(
    load: Callable[[str], Imported], layout: str
) -> None:
    one = load(layout)
    sample = one.dataset.first()
    for edit in (
        (caption, first_of_captions) if layout == "rsteller" else (answer, first_of_answers)
    ):
        edit(sample)
    with pytest.raises(UsageError, match=sample.key):
        one.export()


@pytest.mark.parametrize("layout", TEXTS)
def test_texts_that_were_added_or_removed_are_refused_by_their_key(
    load: Callable[[str], Imported], layout: str
) -> None:
    one = load(layout)
    name = "captions" if layout.startswith("rsteller") else "conversations"
    sample = next(s for s in one.dataset if len(s[name]) > 1)
    _set(sample, **{name: [*sample[name], sample[name][0]]})
    with pytest.raises(PairLensError, match=sample.key):
        one.export()


# ------------------------------------------------------------------------ split and releases


@pytest.mark.parametrize("layout", [*MASKED, *TEXTS])
def test_a_changed_split_is_refused_by_its_key_and_converted(
    load: Callable[[str], Imported], layout: str
) -> None:
    one = load(layout)
    sample = one.dataset.match(fo.ViewField("split") == "train").first()
    _set(sample, split="val")
    with pytest.raises(UsageError, match=rf"{sample.key}.*'val'"):
        one.export()
    splits = manifest_of(one.export("hf"))["splits"]
    counted = one.dataset.count_values("split")
    assert {name: counts["pairs"] for name, counts in splits.items()} == counted


def _moved_boxes(sample: Any) -> None:
    sample.boxes.detections[0].bounding_box = [0.1, 0.1, 0.2, 0.2]
    sample.save()


FIXED = [
    ("gres", lambda s: _set(s, no_target=True)),
    ("rsteller", lambda s: _set(s, location=fo.GeoLocation(point=[1.0, 2.0]))),
    ("rsteller", lambda s: _set(s, capture_date=date(2020, 1, 2))),
    ("rsgpt4v", _moved_boxes),
]


@pytest.mark.parametrize(("layout", "edit"), FIXED)
def test_what_a_layout_is_not_written_with_is_refused_by_its_key(
    load: Callable[[str], Imported], layout: str, edit: Callable[[Any], None]
) -> None:
    one = load(layout)
    sample = next(s for s in one.dataset if layout != "rsgpt4v" or s.boxes)
    edit(sample)
    with pytest.raises(UsageError, match=f"{sample.key}: its boxes, place, date or no_target"):
        one.export()
    assert one.export("hf")["exported"] == len(one.dataset)


@pytest.mark.parametrize("layout", [*MASKED, *TEXTS])
def test_another_image_is_refused_by_its_key(
    load: Callable[[str], Imported], layout: str, tmp_path: Path
) -> None:
    one = load(layout)
    here = one.dataset.match({"image_missing": {"$ne": True}})
    first = here.first()
    another = next(s.filepath for s in here if Path(s.filepath).stem != Path(first.filepath).stem)
    _set(first, filepath=another)
    with pytest.raises(UsageError, match=f"{first.key}: its filepath was changed to"):
        one.export()


@pytest.mark.parametrize("layout", [*MASKED, *TEXTS])
def test_tags_are_no_edit(load: Callable[[str], Imported], layout: str) -> None:
    one = load(layout)
    for number, sample in enumerate(one.dataset):
        sample.tags = [["mine", *sample.tags], [], ["val"]][number % 3]
        sample.save()
    report = one.export()
    assert report["edited"] == 0
    root = root_of(one.dataset)
    assert data_files(Path(report["out"])) == files(root if root.is_dir() else root.parent)


@pytest.mark.parametrize("images", [True, False])
def test_a_merged_release_is_not_written_from_the_first(
    tmp_path: Path, dataset_name: str, images: bool
) -> None:
    first, second = BY_ID["gres"].make(tmp_path / "first"), tmp_path / "second"
    if not images:
        shutil.rmtree(first / "gres_images")
    shutil.copytree(first, second)
    file = min((second / "gres_annotations" / "train").glob("*.json"))
    content = json.loads(file.read_text())
    content["shapes"][0]["points"] = [[2, 2], [40, 2], [40, 30]]
    file.write_text(json.dumps(content))
    for root, name in ((first, dataset_name), (second, f"{dataset_name}-b")):
        import_dataset("gres", root, name, ImportOptions(placeholders=True))
    dataset: Any = fo.load_dataset(dataset_name)
    dataset.merge_samples(fo.load_dataset(f"{dataset_name}-b"), key_field="key")
    told = "does not lie in the source" if images else f"gres/train/{file.stem}#.*release"
    with pytest.raises(StateError, match=told) as refused:
        export_dataset(dataset, "gres", tmp_path / "out", select="all")
    assert str(refused.value).startswith("gres/")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("layout", ["refsegrs", "refsegrs-hub", "risbench-records"])
def test_another_mask_in_the_source_is_refused_by_its_key(
    load: Callable[[str], Imported], layout: str
) -> None:
    one = load(layout)
    root = root_of(one.dataset)
    if layout == "risbench-records":
        file = root / "risbench.jsonl"
        file.write_text(file.read_text().replace('"counts": "', '"counts": "0'))
    else:
        masks = sorted((root / ("masks" if layout == "refsegrs" else "fields")).rglob("*.tif"))
        with Image.open(masks[0]) as image:
            moved = np.roll(np.asarray(image), 3)
        Image.fromarray(moved).save(masks[0])
    with pytest.raises(StateError, match=r"refsegrs/.*not the one that was imported"):
        one.export()
