"""FiftyOne's own ways in and out: ``from_dir``, ``add_dir`` and ``export`` with our types."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest

from pairlens.importers import fields, store
from pairlens.importers.dataset_types import TYPES, GRESDataset, PairLensDataset, RefSegRSDataset
from pairlens.importers.errors import LayoutError, StateError, UsageError
from pairlens.importers.formats import FORMATS
from tests.hub_server import serve_hub
from tests.layouts import PUBLISHED
from tests.mongo.exporting import data_files, files
from tests.mongo.reviewing import documents


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("types")
    return {name: layout.make(folder / name) for name, layout in PUBLISHED.items()}


@pytest.fixture
def gres(roots: dict[str, Path]) -> Path:
    return roots["gres"]


def load(root: Path | str, kind: Any, name: str, **options: Any) -> Any:
    return fo.Dataset.from_dir(dataset_dir=str(root), dataset_type=kind, name=name, **options)


# ----------------------------------------------------------------------------- refusals


def test_another_layout_is_refused(gres: Path, dataset_name: str) -> None:
    with pytest.raises(LayoutError, match="It looks like gres"):
        load(gres, RefSegRSDataset, dataset_name)


def test_shuffling_is_refused(gres: Path, dataset_name: str) -> None:
    with pytest.raises(ValueError, match="Failed to construct importer") as failure:
        load(gres, GRESDataset, dataset_name, shuffle=True)
    assert isinstance(failure.value.__cause__, UsageError)


def test_nothing_is_added_to_what_came_from_elsewhere(
    roots: dict[str, Path], dataset_name: str, tmp_path: Path
) -> None:
    dataset = load(roots["gres"], GRESDataset, dataset_name, max_samples=1)
    before = documents(dataset)
    copy = shutil.copytree(roots["gres"], tmp_path / "copy")
    for name, root in (("refsegrs", roots["refsegrs"]), ("gres", copy)):
        with pytest.raises(StateError, match="cannot be added; make another dataset"):
            dataset.add_dir(dataset_dir=str(root), dataset_type=TYPES[name])
    assert documents(dataset) == before


def test_a_dataset_is_not_written_in_the_layout_of_another(
    gres: Path, dataset_name: str, tmp_path: Path
) -> None:
    dataset = load(gres, GRESDataset, dataset_name, max_samples=1)
    with pytest.raises(UsageError, match="came from gres and is exported as that"):
        dataset.export(export_dir=str(tmp_path / "out"), dataset_type=RefSegRSDataset)
    assert not (tmp_path / "out" / "manifest.json").exists()


# ---------------------------------------------------------------------------- in and out


def test_every_format_is_a_type() -> None:
    assert set(TYPES) == {"auto", *FORMATS}
    assert all(kind.format_name == name for name, kind in TYPES.items())


@pytest.mark.parametrize("name", list(PUBLISHED))
@pytest.mark.parametrize("given", ["by name", "auto"])
def test_what_comes_in_goes_out_again(
    roots: dict[str, Path], dataset_name: str, name: str, given: str, tmp_path: Path
) -> None:
    kind = PairLensDataset if given == "auto" else TYPES[name]
    dataset = load(roots[name], kind, dataset_name)
    records = list(FORMATS[name].read(roots[name]))
    assert set(documents(dataset)) == {record.key for record in records}
    assert store.info(dataset)["format"] == name
    dataset.export(export_dir=str(tmp_path / "out"), dataset_type=kind)
    assert data_files(tmp_path / "out") == files(roots[name])


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_a_view_goes_out_and_comes_in(
    roots: dict[str, Path], dataset_name: str, name: str, tmp_path: Path
) -> None:
    dataset = load(roots[name], TYPES[name], dataset_name)
    view = dataset.sort_by(fields.KEY).limit(2)
    view.export(export_dir=str(tmp_path / "out"), dataset_type=TYPES[name])
    again = load(tmp_path / "out", TYPES[name], f"{dataset_name}-again")
    texts = (fields.PHRASE, fields.CAPTION)
    expected = [[d.get(t) for t in texts] for _, d in sorted(documents(dataset).items())[:2]]
    assert [[d.get(t) for t in texts] for _, d in sorted(documents(again).items())] == expected


def test_options_arrive(gres: Path, dataset_name: str, tmp_path: Path) -> None:
    media = tmp_path / "media"
    dataset = load(
        gres, GRESDataset, dataset_name,
        tags=["mine"], splits=("train",), max_samples=4, media_dir=str(media),
    )  # fmt: skip
    assert dataset.count_sample_tags() == {"train": 4, "mine": 4}
    assert dataset.first()[fields.SEGMENTATION].mask_path.startswith(str(media))


def test_parameters_of_a_format_arrive(roots: dict[str, Path], dataset_name: str) -> None:
    options = {"params": {"boxes": "none"}}
    dataset = load(roots["pregres"], TYPES["pregres"], dataset_name, **options)
    assert dataset.count("boxes.detections") == 0
    with pytest.raises(UsageError, match="give one of auto, unit"):
        load(roots["pregres"], TYPES["pregres"], f"{dataset_name}-b", params={"boxes": "feet"})


def test_splits_can_be_added_one_by_one(gres: Path, dataset_name: str) -> None:
    dataset = load(gres, GRESDataset, dataset_name, splits=("val",))
    first = documents(dataset)
    dataset.add_dir(dataset_dir=str(gres), dataset_type=GRESDataset, splits=("train",))
    assert len(first) < len(dataset) and set(dataset.count_sample_tags()) == {"train", "val"}
    before = len(dataset)
    dataset.add_dir(dataset_dir=str(gres), dataset_type=GRESDataset, max_samples=1)
    assert len(dataset) == before + 1
    assert {key: documents(dataset)[key]["_id"] for key in first} == {
        key: document["_id"] for key, document in first.items()
    }


def test_an_archive_and_the_hub(
    roots: dict[str, Path], dataset_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    made = shutil.make_archive(str(tmp_path / "RefSegRS"), "zip", roots["refsegrs"])
    keys = {record.key for record in FORMATS["refsegrs"].read(roots["refsegrs"])}
    assert set(documents(load(made, RefSegRSDataset, dataset_name))) == keys
    with serve_hub() as hub:
        hub.folders["owner/RefSegRS"] = roots["refsegrs"]
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        loaded = load("hf://datasets/owner/RefSegRS", RefSegRSDataset, f"{dataset_name}-hub")
    assert set(documents(loaded)) == keys
    assert store.info(loaded)["root"] == "hf://datasets/owner/RefSegRS"
