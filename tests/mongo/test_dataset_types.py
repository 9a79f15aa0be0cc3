"""FiftyOne's own way in: ``fo.Dataset.from_dir`` with our dataset types."""

from __future__ import annotations

from pathlib import Path

import fiftyone as fo
import pytest

from fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from importers import fields
from importers.dataset_types import GRESDataset, RefSegRSDataset
from importers.errors import LayoutError, UsageError


@pytest.fixture(scope="module")
def gres(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("types") / "published", images=4).root


def test_another_layout_is_refused(gres: Path, dataset_name: str) -> None:
    with pytest.raises(LayoutError, match="It looks like gres"):
        fo.Dataset.from_dir(dataset_dir=str(gres), dataset_type=RefSegRSDataset, name=dataset_name)


def test_shuffling_is_refused(gres: Path, dataset_name: str) -> None:
    with pytest.raises(ValueError, match="Failed to construct importer") as failure:
        fo.Dataset.from_dir(
            dataset_dir=str(gres), dataset_type=GRESDataset, name=dataset_name, shuffle=True
        )
    assert isinstance(failure.value.__cause__, UsageError)


def test_options_arrive(gres: Path, dataset_name: str, tmp_path: Path) -> None:
    media = tmp_path / "media"
    dataset = fo.Dataset.from_dir(
        dataset_dir=str(gres),
        dataset_type=GRESDataset,
        name=dataset_name,
        tags=["mine"],
        splits=("train",),
        max_samples=4,
        media_dir=str(media),
    )
    assert len(dataset) == 4
    assert dataset.count_sample_tags() == {"train": 4, "mine": 4}
    assert dataset.first()[fields.SEGMENTATION].mask_path.startswith(str(media))
    assert dataset.info[fields.INFO]["format"] == "gres"


def test_refsegrs(tmp_path: Path, dataset_name: str) -> None:
    root = make_refsegrs(tmp_path / "published", pairs=3, foreground=1).root
    dataset = fo.Dataset.from_dir(
        dataset_dir=str(root), dataset_type=RefSegRSDataset, name=dataset_name
    )
    assert len(dataset) == 3
    assert all(values == [0, 1] for values in dataset.values(f"{fields.MASK_STATS}.values"))
