"""FiftyOne's own methods that edit, each followed by what PairLens makes of the dataset."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import fiftyone as fo
import numpy as np
import pytest
from fiftyone import ViewField as F

from pairlens.fiftyone_plugin import cli
from pairlens.importers.errors import PairLensError
from pairlens.importers.ingest import import_dataset
from pairlens.importers.masks import load_stored
from tests.layouts import PUBLISHED
from tests.mongo.reviewing import verdicts_in


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return PUBLISHED["refsegrs"].make(tmp_path_factory.mktemp("published"))


class Case(NamedTuple):
    """A method, what is done with it, and what an export then tells.

    Attributes:
        edited: pairs that are written as edits; ``None`` where the first pair is refused by its key
        lost: pairs that the dataset no longer has
    """

    method: str
    work: Callable[[Any], object]
    edited: int | None = 0
    lost: int = 0


def first(dataset: Any) -> Any:
    return dataset.one(F("key") == min(dataset.values("key")))


def _upper(sample: Any) -> None:
    sample["phrase"] = sample["phrase"].upper() + "!"


def _autosave(dataset: Any) -> None:
    for sample in dataset.iter_samples(autosave=True):
        _upper(sample)


def _save_context(dataset: Any) -> None:
    with dataset.save_context() as context:
        for sample in dataset:
            _upper(sample)
            context.save(sample)


def _label_values(dataset: Any) -> None:
    sample = first(dataset)
    mask = np.zeros_like(load_stored(sample.segmentation.mask_path))
    mask[3:9, 3:9] = 255
    label = fo.Segmentation(mask=mask)
    label.export_mask(str(Path(sample.segmentation.mask_path).with_name("own.png")), update=True)
    dataset.set_label_values(
        "segmentation.mask_path", {sample.segmentation.id: label.mask_path}, dynamic=True
    )


def _merged_sample(dataset: Any) -> None:
    sample = first(dataset)
    dataset.merge_sample(fo.Sample(filepath=sample.filepath, phrase="other"), key_field="filepath")


def _ids(dataset: Any) -> list[str]:
    return dataset.values("id")


CASES = [
    Case("set_values", lambda d: d.set_values("phrase", {first(d).key: "x y"}, key_field="key"), 1),
    Case("set_values of a view", lambda d: d.limit(2).set_values("phrase", ["a b", "c d"]), 2),
    Case("set_field, save",
         lambda d: d.limit(3).set_field("phrase", F("phrase").concat("!")).save("phrase"), 3),
    Case("iter_samples", _autosave, 8),
    Case("save_context", _save_context, 8),
    Case("map_samples", lambda d: list(d.map_samples(_upper, save=True, progress=False)), 8),
    Case("update_samples", lambda d: d.update_samples(_upper, progress=False), 8),
    Case("set_label_values", _label_values, 1),
    Case("merge_sample", _merged_sample, 1),
    Case("clear_sample_field", lambda d: d.clear_sample_field("phrase"), None),
    Case("clear_sample_field of the split", lambda d: d.clear_sample_field("split")),
    Case("clear_sample_field of findings", lambda d: d.clear_sample_field("findings")),
    Case("clear_sample_fields", lambda d: d.clear_sample_fields(["mask_stats", "metadata"])),
    Case("rename_sample_field", lambda d: d.rename_sample_field("phrase", "query"), None),
    Case("clone_sample_field", lambda d: d.clone_sample_field("segmentation", "mine")),
    Case("delete_sample_field of the mask", lambda d: d.delete_sample_field("segmentation"), None),
    Case("delete_sample_field of the split", lambda d: d.delete_sample_field("split")),
    Case("delete_sample_fields", lambda d: d.delete_sample_fields(
        ["findings", "quality", "verdict", "reviewer", "review_note"])),
    Case("delete_labels", lambda d: d.delete_labels(
        ids=[first(d).segmentation.id], fields="segmentation"), None),
    Case("delete_samples", lambda d: d.delete_samples(_ids(d)[:2]), lost=2),
    Case("keep", lambda d: d.limit(5).keep(), lost=3),
    Case("keep_fields", lambda d: d.select_fields(
        ["key", "source", "phrase", "segmentation", "split", "image_id"]).keep_fields()),
    Case("keep_fields of none", lambda d: d.select_fields("phrase").keep_fields(), lost=8),
    Case("delete_sample_field of the source", lambda d: d.delete_sample_field("source"), lost=8),
    Case("rename_sample_field of the key", lambda d: d.rename_sample_field("key", "k"), lost=8),
    Case("clear", lambda d: d.clear(), lost=8),
    Case("tag_samples", lambda d: d.tag_samples("mine")),
    Case("untag_samples", lambda d: d.untag_samples(["train", "val", "test"])),
    Case("tag_labels", lambda d: d.tag_labels("mine", label_fields="segmentation")),
    Case("add_sample_field", lambda d: d.add_sample_field("own", fo.StringField)),
    Case("add_dynamic_sample_fields", lambda d: d.add_dynamic_sample_fields()),
    Case("remove_dynamic_sample_field",
         lambda d: d.remove_dynamic_sample_field("source.text_digest")),
    Case("create_summary_field", lambda d: d.create_summary_field("split")),
    Case("compute_metadata", lambda d: d.compute_metadata(overwrite=True, progress=False)),
    Case("drop_index", lambda d: d.drop_index("key")),
    Case("create_index", lambda d: d.create_index("phrase")),
    Case("filter_labels, save", lambda d: d.filter_labels(
        "findings", F("label") == "none", only_matches=False).save("findings")),
    Case("save_view", lambda d: d.save_view("some", d.limit(3))),
    Case("add_samples", lambda d: d.add_samples(
        [fo.Sample(filepath=first(d).filepath, phrase="mine") for _ in range(2)])),
    Case("sync_last_modified_at", lambda d: d.sync_last_modified_at()),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.method)
def test_after_a_method_every_step_works_and_tells(
    root: Path, dataset_name: str, tmp_path: Path, case: Case
) -> None:
    import_dataset("refsegrs", root, dataset_name)
    dataset: Any = fo.load_dataset(dataset_name)
    total = len(dataset)
    run = cli.run
    run(["flag", dataset_name])
    case.work(dataset)
    if case.lost < total:
        assert run(["flag", dataset_name])["pairs"] == total - case.lost
    assert sum(verdicts_in(run(["review", dataset_name, "--status"])).values()) == total - case.lost
    export = ["export", dataset_name, "--format", "refsegrs", "--select", "all",
              "--out", str(tmp_path / "out")]  # fmt: skip
    if case.edited is None:
        with pytest.raises(PairLensError, match="refsegrs/"):
            run(export)
        assert not (tmp_path / "out").exists()
    elif case.lost == total:
        for command in (["flag", dataset_name], export):
            with pytest.raises(PairLensError, match="has no samples"):
                run(command)
        assert not (tmp_path / "out").exists()
    else:
        key = min(key for key in dataset.values("key") if key)
        run(["review", dataset_name, "--set", key, "keep"])
        done = run(export)
        assert (done["exported"], done["edited"]) == (total - case.lost, case.edited)
    readable = fo.load_dataset(dataset_name)
    readable.reload()
    assert len([sample.to_dict() for sample in readable]) == len(readable)
