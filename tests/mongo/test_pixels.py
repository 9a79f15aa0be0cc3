"""Measuring images: once, in parallel, resumable, and never a placeholder."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.fiftyone_plugin.measuring import measurements
from pairlens.fiftyone_plugin.measuring import runner as measuring
from pairlens.fiftyone_plugin.measuring.runner import measure_images
from pairlens.importers import fields
from pairlens.importers.errors import UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset

LABEL = f"{fields.FINDINGS}.classifications.label"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("pixels") / "published", 9, size=192).root


@pytest.fixture
def dataset(published: Path, dataset_name: str) -> fo.Dataset:
    import_dataset("gres", published, dataset_name)
    return fo.load_dataset(dataset_name)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Counts what is decoded, and decodes it."""
    counted: Counter[str] = Counter()
    read = measurements.read_rgb

    def counting(path: Path):
        counted[path.name] += 1
        return read(path)

    monkeypatch.setattr(measurements, "read_rgb", counting)
    return counted


def found(dataset: fo.Dataset) -> dict[str, list[str]]:
    return dict(
        zip(dataset.values(fields.KEY), (v or [] for v in dataset.values(LABEL)), strict=True)
    )


def test_checks_without_pixels_read_none(dataset: fo.Dataset, reads: Counter[str]) -> None:
    assert flag(dataset, checks=["tiny_mask", "split_leak"]).images_read == 0
    assert reads == {}


def test_placeholders_are_never_measured(
    published: Path, dataset_name: str, tmp_path: Path, reads: Counter[str]
) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "gres_annotations").symlink_to(published / "gres_annotations")
    import_dataset("gres", bare, dataset_name, ImportOptions(placeholders=True))
    dataset = fo.load_dataset(dataset_name)
    flag(dataset)
    assert reads == {}
    pixels = {"image_blank", "image_dark", "image_low_contrast", "image_unreadable",
              "color_conflict", "duplicate_image"}  # fmt: skip
    assert not pixels & {name for names in found(dataset).values() for name in names}


def test_each_image_is_read_once(dataset: fo.Dataset, reads: Counter[str]) -> None:
    assert flag(dataset).images_read == 9
    assert set(reads.values()) == {1} and len(reads) == 9
    first = dataset.values(f"{fields.IMAGE_STATS}.phash")
    params = {"image_dark": {"max_brightness": 0.9}}
    again = flag(dataset, params=params)
    assert (again.images_read, sum(reads.values())) == (0, 9)
    assert again.findings["image_dark"] == len(dataset)
    assert dataset.values(f"{fields.IMAGE_STATS}.phash") == first
    assert all(len(phash) == 16 for phash in first)


def test_what_was_measured_is_kept_when_a_run_is_cut_short(
    dataset: fo.Dataset, reads: Counter[str]
) -> None:
    val = dataset.match_tags("val")
    measure_images(val)
    before = sum(reads.values())
    assert 0 < before < 9
    measure_images(dataset)
    assert sum(reads.values()) == 9 and set(reads.values()) == {1}


def test_copies_of_an_image_are_read_once(
    dataset_name: str, tmp_path: Path, reads: Counter[str]
) -> None:
    import_dataset("refsegrs", make_refsegrs(tmp_path / "r", 12, size=96).root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    images = measure_images(dataset)
    assert images == sum(reads.values()) == len(set(dataset.values("source.image_digest"))) < 12
    assert None not in dataset.values(f"{fields.TARGET_COLORS}.shares")


def test_many_samples_of_an_image_are_measured_some_at_a_time(
    dataset: fo.Dataset, monkeypatch: pytest.MonkeyPatch, reads: Counter[str]
) -> None:
    images = measure_images(dataset)
    whole = dict(zip(*dataset.values([fields.KEY, fields.TARGET_COLORS]), strict=True))
    assert images == sum(reads.values()) < len(dataset)
    reads.clear()
    measured = {fields.IMAGE_STATS: "", fields.TARGET_COLORS: ""}
    dataset._sample_collection.update_many({}, {"$unset": measured})
    dataset.reload()
    monkeypatch.setattr(measuring, "MAX_GROUP", 1)
    assert measure_images(dataset) == images
    assert sum(reads.values()) == len(dataset)
    again = dict(zip(*dataset.values([fields.KEY, fields.TARGET_COLORS]), strict=True))
    assert again == whole


def test_an_image_that_broke_is_an_error_until_it_is_whole(
    published: Path, dataset_name: str, tmp_path: Path
) -> None:
    import shutil

    root = tmp_path / "copy"
    shutil.copytree(published, root)
    image = next(root.glob("gres_images/train/*.jpg"))
    whole = image.read_bytes()
    image.write_bytes(whole[: len(whole) // 2])
    import_dataset("gres", root, dataset_name)
    dataset = fo.load_dataset(dataset_name)
    assert flag(dataset).findings["image_unreadable"] == 3
    image.write_bytes(whole)
    again = flag(dataset)
    assert "image_unreadable" not in again.findings
    assert again.images_read == 1


def test_findings_are_the_same_however_little_is_read(dataset: fo.Dataset) -> None:
    """A check that names too few ``needs`` would find other things alone than among all."""
    from pairlens.fiftyone_plugin.checks import CHECKS

    flag(dataset, params={"tiny_mask": {"min_area": 1000}, "vague_query": {"max_words": 9}})
    together = found(dataset)
    for name in CHECKS:
        one = CHECKS[name]
        if "pairs" not in one.kinds or {
            "predictions",
            "embeddings",
            fields.SOURCE_BOXES,
            fields.JUDGEMENTS,
        } & {*one.needs}:
            continue
        flag(dataset, checks=[name], params={
            "tiny_mask": {"min_area": 1000}, "vague_query": {"max_words": 9},
        })  # fmt: skip
        assert found(dataset) == together, name


def test_processes_find_the_same(dataset: fo.Dataset) -> None:
    params = {"tiny_mask": {"min_area": 1000}, "vague_query": {"max_words": 9}}
    alone = flag(dataset, params=params)
    first = found(dataset)
    dataset.clear_sample_field(fields.FINDINGS)
    shared = flag(dataset, params=params, workers=2, fresh=True)
    assert shared.findings == alone.findings
    assert found(dataset) == first


def test_no_workers_is_wrong(dataset: fo.Dataset) -> None:
    with pytest.raises(UsageError, match="workers"):
        flag(dataset, workers=0)


def test_a_second_run_writes_nothing(dataset: fo.Dataset) -> None:
    assert flag(dataset).written == len(dataset)
    before = list(dataset._sample_collection.find())
    assert flag(dataset, fresh=True).written == 0
    assert list(dataset._sample_collection.find()) == before
