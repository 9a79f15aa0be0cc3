"""Samples and fields that people add themselves, and what every step does with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin import cli, steps
from pairlens.fiftyone_plugin.curation import sessions, summary
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.layouts import PUBLISHED
from tests.mongo.reviewing import documents, verdicts_in

FORMATS = ("gres", "refsegrs", "rsteller", "rsgpt4v", "pregres")


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "own.png"
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(path)
    return str(path)


@pytest.fixture
def load(tmp_path: Path, dataset_name: str) -> Callable[[str], Any]:
    def imported(name: str) -> Any:
        import_dataset(name, PUBLISHED[name].make(tmp_path / "published"), dataset_name)
        return fo.load_dataset(dataset_name)

    return imported


def with_key(path: str) -> Any:
    return fo.Sample(filepath=path, key="a")


def without_key(path: str) -> Any:
    return fo.Sample(filepath=path)


def with_masks(path: str) -> Any:
    mask = np.eye(32, dtype=np.uint8)
    return fo.Sample(
        filepath=path, tags=["train"], segmentation=fo.Segmentation(mask=mask), phrase="a line"
    )


def run(*args: str) -> dict[str, Any]:
    return cli.run(args)


@pytest.mark.parametrize("make", [with_key, without_key])
@pytest.mark.parametrize("name", FORMATS)
def test_steps_leave_foreign_samples_out_by_count(
    load: Callable[[str], Any], name: str, make: Callable[[str], Any], picture: str, tmp_path: Path
) -> None:
    dataset = load(name)
    own = len(dataset)
    before = run("flag", dataset.name)["findings"]
    dataset.add_sample(make(picture))
    dataset.add_sample(without_key(picture))
    foreign = [str(i) for i in dataset.match(fo.ViewField("source") == None).values("id")]  # noqa: E711
    stored = [dataset[i].to_dict() for i in foreign]
    flagged = run("flag", dataset.name)
    assert (flagged["pairs"], flagged["foreign_samples"]) == (own, 2)
    assert flagged["findings"] == before
    status = run("review", dataset.name, "--status")
    assert sum(verdicts_in(status).values()) == own
    key = min(key for key in dataset.values("key") if key and "/" in key)
    assert run("review", dataset.name, "--set", key, "keep")["keep"] == 1
    done = run("export", dataset.name, "--format", name, "--select", "all",
               "--out", str(tmp_path / "out"))  # fmt: skip
    assert (done["exported"], done["foreign_samples"]) == (own, 2)
    done = run("export", dataset.name, "--format", "fiftyone", "--select", "all",
               "--out", str(tmp_path / "copy"))  # fmt: skip
    assert done["exported"] == own
    audited = run("audit", dataset.name, "--out", str(tmp_path / "audit.md"), "--examples", "0")
    assert (audited["pairs"], audited["foreign_samples"]) == (own, 2)
    _still_readable(dataset)
    assert [dataset[i].to_dict() for i in foreign] == stored


@pytest.mark.parametrize("make", [with_key, with_masks])
def test_predictions_and_scores_leave_foreign_samples_out(
    load: Callable[[str], Any], make: Callable[[str], Any], picture: str, dataset_name: str
) -> None:
    dataset = load("gres")
    own = len(dataset)
    dataset.add_sample(make(picture))
    for field in ("one", "two"):
        done = run("predict", dataset_name, "--predictor", "cues", "--field", field)
        assert (done["predicted"], done["foreign_samples"]) == (own, 1)
    done = run("score", dataset_name, "--pred", "one", "--key", "one")
    assert (done["pairs"], done["foreign_samples"]) == (own, 1)
    done = run("consensus", dataset_name, "--fields", "one", "two", "--field", "both")
    assert (done["agreed"], done["foreign_samples"]) == (own, 1)
    overview = summary.overview(dataset)
    assert (overview["pairs"], overview["verdicts"][0]["pairs"]) == (own, own)
    every = sessions.start(dataset, view=dataset.view())
    assert every["pairs"] == own
    run("review", dataset_name, "--dump", str(Path(picture).with_name("d.jsonl")))
    _still_readable(dataset)


def _still_readable(dataset: Any) -> None:
    fo.load_dataset(dataset.name).reload()
    for sample in fo.load_dataset(dataset.name):
        sample.to_dict()


def test_a_foreign_sample_is_no_pair(load: Callable[[str], Any], picture: str) -> None:
    dataset = load("gres")
    sample = with_key(picture)
    dataset.add_sample(sample)
    before = dataset[sample.id].to_dict()
    for pair in ("a", sample.id):
        with pytest.raises(UsageError, match=f"no pair '{pair}'"):
            run("review", dataset.name, "--set", pair, "drop")
    assert dataset[sample.id].to_dict() == before


def test_samples_without_a_key_are_as_many_as_one_likes(
    load: Callable[[str], Any], picture: str
) -> None:
    dataset = load("gres")
    dataset.add_samples([without_key(picture) for _ in range(3)])
    with pytest.raises(Exception, match="E11000"):
        dataset.add_sample(fo.Sample(filepath=picture, key=dataset.first().key))


def test_an_import_goes_on_beside_foreign_samples(
    tmp_path: Path, dataset_name: str, picture: str
) -> None:
    root = PUBLISHED["gres"].make(tmp_path / "published")
    import_dataset("gres", root, dataset_name, ImportOptions(limit=3))
    dataset: Any = fo.load_dataset(dataset_name)
    dataset.add_sample(without_key(picture))
    done = import_dataset("gres", root, dataset_name, ImportOptions(resume=True))
    whole = import_dataset("gres", root, f"{dataset_name}-b")
    assert (done.samples, done.splits) == (whole.samples, whole.splits)
    assert len(dataset) == whole.samples + 1


@pytest.mark.parametrize("field", ["key", "segmentation"])
def test_a_dataset_is_pairlens_own_by_its_mark(
    dataset_name: str, picture: str, field: str, tmp_path: Path
) -> None:
    dataset: Any = fo.Dataset(dataset_name, persistent=True)
    sample = fo.Sample(filepath=picture)
    sample[field] = "a" if field == "key" else fo.Segmentation(mask=np.eye(32, dtype=np.uint8))
    dataset.add_sample(sample)
    before = dataset.first().to_dict()
    for command in (
        ("flag", dataset_name),
        ("review", dataset_name, "--set", "a", "keep"),
        ("review", dataset_name, "--status"),
        ("predict", dataset_name, "--predictor", "cues", "--field", "m"),
        ("score", dataset_name, "--pred", "segmentation", "--key", "m"),
        ("export", dataset_name, "--format", "coco", "--out", str(tmp_path / "out")),
        ("audit", dataset_name, "--out", str(tmp_path / "audit.md")),
    ):
        with pytest.raises(StateError, match="not imported by PairLens"):
            run(*command)
    with pytest.raises(StateError, match="not imported by PairLens"):
        steps.flag.run(dataset.view(), None)
    _still_readable(dataset)
    assert dataset.first().to_dict() == before
    assert set(dataset.get_field_schema()) == {"id", "filepath", "tags", "metadata", "created_at",
                                               "last_modified_at", field}  # fmt: skip


@pytest.mark.parametrize("how", ["field", "values"])
def test_measurements_that_were_deleted_are_made_again(
    load: Callable[[str], Any], how: str, tmp_path: Path
) -> None:
    dataset = load("gres")
    before = run("flag", dataset.name)["findings"]
    stats = {key: one["mask_stats"]["digest"] for key, one in documents(dataset).items()}
    if how == "field":
        dataset.delete_sample_field("mask_stats")
    else:
        dataset.clear_sample_field("mask_stats")
    assert run("flag", dataset.name)["findings"] == before
    found = documents(fo.load_dataset(dataset.name))
    assert {key: one["mask_stats"]["digest"] for key, one in found.items()} == stats
    _still_readable(dataset)
    done = run("export", dataset.name, "--format", "gres", "--select", "all",
               "--out", str(tmp_path / "out"))  # fmt: skip
    assert (done["exported"], done["edited"]) == (len(stats), 0)


def test_a_pair_whose_mask_and_measurements_are_gone_has_no_empty_mask(
    load: Callable[[str], Any],
) -> None:
    dataset = load("gres")
    dataset.delete_sample_fields(["mask_stats", "segmentation"])
    found = run("flag", dataset.name)["findings"]
    assert "empty_mask" not in found


def test_a_mask_that_was_put_into_the_database_is_checked_as_it_is(
    load: Callable[[str], Any], tmp_path: Path
) -> None:
    dataset = load("gres")
    sample = dataset.first()
    mask = np.zeros_like(sample.segmentation.get_mask())
    sample.segmentation = fo.Segmentation(mask=mask)
    sample.save()
    for _ in range(2):
        assert run("flag", dataset.name, "--check", "empty_mask")["findings"] == {"empty_mask": 1}
    done = run("export", dataset.name, "--format", "coco", "--select", "all",
               "--out", str(tmp_path / "out"))  # fmt: skip
    assert done["edited"] == 1
