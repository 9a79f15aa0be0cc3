"""Files of masks stay what they are, whatever FiftyOne does with the labels that name them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import fiftyone as fo
import pymongo
import pytest

from pairlens.fiftyone_plugin.curation import verdicts
from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.fiftyone_plugin.predictors.base import PREDICTORS, PredictorSpec
from pairlens.fiftyone_plugin.predictors.consensus import consensus
from pairlens.fiftyone_plugin.predictors.runner import predict, request_stop
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.layouts import PUBLISHED
from tests.mongo.kept_files import Rows, elsewhere, held, media


@pytest.fixture(autouse=True)
def rows() -> Iterator[None]:
    numbers = count(1)
    PREDICTORS._things["rows"] = PredictorSpec(
        "rows", "For tests.", lambda settings, device: Rows(next(numbers))
    )
    yield
    del PREDICTORS._things["rows"]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "published", images=4, size=64).root


@pytest.fixture
def dataset(root: Path, dataset_name: str) -> fo.Dataset:
    import_dataset("gres", root, dataset_name)
    made = fo.load_dataset(dataset_name)
    answer(made, "p")
    return made


def answer(dataset: Any, name: str, **options: bool) -> None:
    done = predict(dataset, predictor="rows", field_name=name, **options)
    assert done.predicted or options.get("resume")
    dataset.reload()


# --------------------------------------------------------------------------- other datasets


@pytest.mark.parametrize(
    "work",
    [
        pytest.param(lambda d: answer(d, "q"), id="predict"),
        pytest.param(lambda d: answer(d, "p", overwrite=True), id="overwrite"),
        pytest.param(lambda d: answer(d, "p", resume=True), id="resume"),
        pytest.param(
            lambda d: [d.delete_sample_field("p"), answer(d, "p")], id="deleted and predicted"
        ),
    ],
)
def test_a_clone_writes_to_no_file_of_the_original(
    dataset: fo.Dataset, dataset_name: str, work: Callable[[Any], object]
) -> None:
    clone = dataset.clone(f"{dataset_name}-clone")
    before = held(dataset)
    work(clone)
    held(clone)
    assert held(dataset) == before
    before = held(clone)
    work(dataset)
    assert held(clone) == before


@pytest.mark.parametrize("delete", [delete_dataset, fo.delete_dataset])
def test_deleting_one_of_two_clones_leaves_the_files_of_the_other(
    dataset: fo.Dataset, dataset_name: str, delete: Callable[[str], Any]
) -> None:
    folder = media(dataset)
    clone = dataset.clone(f"{dataset_name}-clone", persistent=True)
    before = held(dataset)
    delete(dataset_name)
    assert held(clone) == before
    answer(clone, "p", overwrite=True)
    own = media(clone)
    assert own != folder
    assert delete_dataset(clone.name) == []
    assert not own.exists() and not folder.exists()  # the last one takes the files of both along


@pytest.mark.parametrize("how", ["symlink", False, True])
def test_an_export_that_was_read_back_keeps_the_files_it_leads_to(
    dataset: fo.Dataset, dataset_name: str, tmp_path: Path, how: Any
) -> None:
    kind: Any = fo.types.FiftyOneDataset
    dataset.export(export_dir=str(tmp_path / "e"), dataset_type=kind, export_media=how)
    back: Any = fo.Dataset.from_dir(str(tmp_path / "e"), kind, name=f"{dataset_name}-back")
    before = held(back)
    answer(dataset, "p", overwrite=True)
    delete_dataset(dataset_name)
    assert held(back) == before


def test_two_imports_are_merged_by_key_and_keep_their_masks(
    dataset: fo.Dataset, root: Path, dataset_name: str
) -> None:
    import_dataset("gres", root, f"{dataset_name}-b")
    other = fo.load_dataset(f"{dataset_name}-b")
    answer(other, "p")
    whole, before = len(dataset), held(other)
    dataset.merge_samples(other, key_field="key")
    assert (len(dataset), held(dataset)) == (whole, before)
    delete_dataset(other.name)
    assert held(dataset) == before


def test_what_was_left_is_told(dataset: fo.Dataset, dataset_name: str) -> None:
    dataset.clone(f"{dataset_name}-clone", persistent=True)
    folder = media(dataset)
    (told,) = delete_dataset(dataset_name)
    assert str(folder) in told and f"'{dataset_name}-clone' uses files" in told


def test_importing_over_a_dataset_leaves_its_clone(
    dataset: fo.Dataset, root: Path, dataset_name: str
) -> None:
    clone = dataset.clone(f"{dataset_name}-clone", persistent=True)
    before = held(clone)
    summary = import_dataset("gres", root, dataset_name, ImportOptions(overwrite=True))
    assert any("uses files" in note for note in summary.notes)
    answer(fo.load_dataset(dataset_name), "p")
    assert held(clone) == before


def test_another_release_under_the_old_name_of_a_renamed_dataset(
    dataset: fo.Dataset, dataset_name: str, tmp_path: Path
) -> None:
    before = held(dataset)
    dataset.name = f"{dataset_name}-renamed"
    other = make_gres(tmp_path / "other", images=4, size=64, seed=9).root
    for options in (ImportOptions(), ImportOptions(overwrite=True)):
        import_dataset("gres", other, dataset_name, options)
        answer(fo.load_dataset(dataset_name), "p")
        assert held(dataset) == before
    answer(dataset, "q")
    delete_dataset(dataset_name)
    assert {k: v for k, v in held(dataset).items() if ".q." not in k[1]} == before
    folder = media(dataset)
    delete_dataset(dataset.name)
    assert not folder.exists()


def test_one_import_completes_what_a_clone_lacks(
    dataset: fo.Dataset, root: Path, dataset_name: str
) -> None:
    clone = dataset.clone(f"{dataset_name}-clone", persistent=True)
    whole, before = len(clone), held(dataset)
    clone.delete_samples(clone.limit(5))
    import_dataset("gres", root, clone.name, ImportOptions(resume=True))
    assert (len(clone), held(dataset)) == (whole, before)


# -------------------------------------------------------------------------------- fields


def test_a_renamed_field_keeps_its_masks_and_can_go_on(dataset: fo.Dataset) -> None:
    before = {key: data for key, data in held(dataset).items() if ".p." in key[1]}
    dataset.rename_sample_field("p", "p2")
    answer(dataset, "p")
    answer(dataset, "p", overwrite=True)
    answer(dataset, "p2", resume=True)
    assert {(k, ".p.mask_path"): d for (k, w), d in held(dataset).items() if ".p2." in w} == before


def test_a_cloned_field_keeps_its_masks(dataset: fo.Dataset) -> None:
    before = {key: data for key, data in held(dataset).items() if ".p." in key[1]}
    dataset.clone_sample_field("p", "p2")
    for name in ("p", "p"):
        answer(dataset, name, overwrite=True)
        now = held(dataset)
        assert {(k, ".p.mask_path"): d for (k, w), d in now.items() if ".p2." in w} == before
    answer(dataset, "p2", overwrite=True)
    # Of a field that nobody has copied, nothing stays behind.
    assert len(list((media(dataset) / "predictions").glob("p*"))) == 2


def test_consensus_fields_keep_theirs(dataset: fo.Dataset) -> None:
    answer(dataset, "q")
    consensus(dataset, sources=["p", "q"], field_name="c")
    before = {key: data for key, data in held(dataset).items() if ".c." in key[1]}
    dataset.rename_sample_field("c", "c2")
    with pytest.raises(UsageError, match="c_agreement"):
        consensus(dataset, sources=["p", "q"], field_name="c", overwrite=True)
    dataset.rename_sample_fields({"c_agreement": "c2_agreement", "c_area": "c2_area"})
    answer(dataset, "r")
    consensus(dataset, sources=["q", "r"], field_name="c")
    consensus(dataset, sources=["q", "r"], field_name="c", overwrite=True)
    assert {(k, ".c.mask_path"): d for (k, w), d in held(dataset).items() if ".c2." in w} == before


def test_a_run_on_a_clone_is_not_stopped_by_the_original(
    dataset: fo.Dataset, dataset_name: str
) -> None:
    clone = dataset.clone(f"{dataset_name}-clone")
    with pytest.raises(StateError, match="no run fills"):
        request_stop(clone, "p")
    request_stop(dataset, "p")


# ------------------------------------------------------------------- what somebody changed


def test_a_mask_changed_by_hand_is_not_written_over(
    dataset: fo.Dataset, root: Path, dataset_name: str
) -> None:
    changed = Path(dataset.first()["segmentation"].mask_path)
    predicted = Path(dataset.first()["p"].mask_path)
    for path in (changed, predicted):
        path.write_bytes(b"somebody's own")
    # Of the image that this mask belongs to, one pair is imported again.
    image = dataset.match(fo.ViewField("image_id") == dataset.first()["image_id"])
    assert len(image) > 1
    dataset.delete_samples(image.skip(1).limit(1))
    import_dataset("gres", root, dataset_name, ImportOptions(resume=True))
    dataset.set_values("p", [None] * len(dataset))
    answer(dataset, "p", resume=True)
    assert changed.read_bytes() == predicted.read_bytes() == b"somebody's own"


@pytest.mark.parametrize("format_name", list(PUBLISHED))
def test_deleted_files_are_restored_by_resuming(
    format_name: str, tmp_path: Path, dataset_name: str
) -> None:
    layout = PUBLISHED[format_name]
    source = layout.make(tmp_path / "published")
    import_dataset(layout.format, source, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    before, count_before = held(dataset), len(dataset)
    shutil.rmtree(media(dataset))
    import_dataset(layout.format, source, dataset_name, ImportOptions(resume=True))
    assert (held(dataset), len(dataset)) == (before, count_before)


def test_a_clone_gets_deleted_masks_back_in_a_folder_of_its_own(
    dataset: fo.Dataset, root: Path, dataset_name: str
) -> None:
    dataset.delete_sample_field("p")
    clone = dataset.clone(f"{dataset_name}-clone", persistent=True)
    before = held(clone)
    shutil.rmtree(media(dataset) / "masks")
    import_dataset("gres", root, clone.name, ImportOptions(resume=True))
    clone.reload()
    assert held(clone) == before
    assert media(clone) != media(dataset)
    import_dataset("gres", root, dataset_name, ImportOptions(resume=True))
    assert held(dataset) == before


def test_a_replaced_mask_that_is_gone_does_not_become_the_published_one(
    dataset: fo.Dataset, root: Path, dataset_name: str
) -> None:
    key = dataset.first()["key"]
    verdicts.judge(dataset, key, "fix", mask_from="p")
    dataset.reload()
    sample = dataset.match(fo.ViewField("key") == key).first()
    replaced = Path(sample["segmentation"].mask_path)
    published = Path(sample["original_mask"].mask_path)
    bytes_before = published.read_bytes()
    replaced.unlink()
    published.unlink()
    import_dataset("gres", root, dataset_name, ImportOptions(resume=True))
    dataset.reload()
    sample = dataset.match(fo.ViewField("key") == key).first()
    assert (published.read_bytes(), sample["segmentation"].mask_path) == (
        bytes_before, str(replaced)
    )  # fmt: skip
    assert not replaced.exists()


# ------------------------------------------------------------------------ two databases

_OTHER = """
import sys
import fiftyone as fo
from pairlens.importers.datasets import delete_dataset
from pairlens.importers.ingest import ImportOptions, import_dataset
from pairlens.fiftyone_plugin.predictors.runner import predict
root, name, how = sys.argv[1:]
if how == "import":
    import_dataset("gres", root, name)
dataset = fo.load_dataset(name)
predict(dataset, predictor="cues", field_name="p", overwrite=how != "import")
if how == "import":
    import_dataset("gres", root, name, ImportOptions(overwrite=True))
print(*delete_dataset(name), sep="\\n")
"""


@pytest.fixture
def other_database(mongo: str, dataset_name: str) -> Iterator[Any]:
    client: Any = pymongo.MongoClient(mongo)
    yield client[f"{dataset_name}-other"]
    client.drop_database(f"{dataset_name}-other")
    client.close()


def test_two_databases_with_one_home(
    dataset: fo.Dataset, root: Path, dataset_name: str, other_database: Any
) -> None:
    before = held(dataset)
    other = {"FIFTYONE_DATABASE_NAME": other_database.name}
    assert elsewhere(_OTHER, str(root), dataset_name, "import", **other) == "\n"
    assert held(dataset) == before


def test_a_database_restored_beside_the_one_it_was_dumped_from(
    dataset: fo.Dataset, root: Path, dataset_name: str, other_database: Any
) -> None:
    before = held(dataset)
    for name in ("datasets", dataset._doc.sample_collection_name):
        where = {"name": dataset_name} if name == "datasets" else {}
        found = list(fo.core.odm.get_db_conn()[name].find(where))
        other_database[name].insert_many(found)
    other = {"FIFTYONE_DATABASE_NAME": other_database.name}
    told = elsewhere(_OTHER, str(root), dataset_name, "restored", **other)
    assert "another database" in told
    assert held(dataset) == before


# ------------------------------------------------------------------------------- archives


def test_an_archive_is_unpacked_once_for_all_who_read_it(
    root: Path, dataset_name: str, tmp_path: Path
) -> None:
    archive = shutil.make_archive(str(tmp_path / "gres"), "zip", root)
    names = [f"{dataset_name}-{n}" for n in range(2)]
    for name in names:
        import_dataset("gres", archive, name)
    first, second = (fo.load_dataset(name) for name in names)
    folder = Path(first.info["pairlens"]["path"])
    assert folder == Path(second.info["pairlens"]["path"])
    before = held(second)
    assert any("uses files" in told for told in delete_dataset(names[0]))
    assert held(second) == before
    import_dataset("gres", archive, names[1], ImportOptions(resume=True))
    assert delete_dataset(names[1]) == [] and not folder.exists()


def test_refsegrs_renditions_are_kept_for_a_clone(dataset_name: str, tmp_path: Path) -> None:
    source = make_refsegrs(tmp_path / "published", pairs=4).root
    import_dataset("refsegrs", source, dataset_name)
    clone = fo.load_dataset(dataset_name).clone(f"{dataset_name}-clone", persistent=True)
    before = held(clone)
    import_dataset("refsegrs", source, dataset_name, ImportOptions(overwrite=True))
    delete_dataset(dataset_name)
    assert held(clone) == before
    assert json.dumps(sorted(w for _, w in before)).count("rendition") == 4
