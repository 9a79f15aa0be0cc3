"""What the App is told to show of an imported dataset."""

from __future__ import annotations

from pathlib import Path

import fiftyone as fo

from pairlens.fiftyone_plugin.demo.layouts import make_refsegrs
from pairlens.importers.ingest import ImportOptions, import_dataset

ONE_PER_PAIR = {"phrase", "original_phrase", "key", "image_id", "filepath", "rendition"}


def imported(name: str, root: Path) -> fo.Dataset:
    import_dataset("refsegrs", make_refsegrs(root, pairs=3, size=64).root, name)
    return fo.load_dataset(name)


def groups(dataset: fo.Dataset) -> dict[str, fo.SidebarGroupDocument]:
    return {group.name: group for group in dataset.app_config.sidebar_groups}


def test_shows_masks_queries_and_findings(dataset_name: str, tmp_path: Path) -> None:
    shown = imported(dataset_name, tmp_path / "source").app_config.active_fields.paths
    assert set(shown) == {"segmentation", "phrase", "findings"}


def test_every_field_has_one_place_and_texts_a_closed_one(
    dataset_name: str, tmp_path: Path
) -> None:
    dataset = imported(dataset_name, tmp_path / "source")
    placed = [path for group in groups(dataset).values() for path in group.paths]
    assert len(placed) == len(set(placed))
    assert {path.split(".")[0] for path in placed} >= set(dataset.get_field_schema())
    still_open = {p for g in groups(dataset).values() if g.expanded for p in g.paths}
    assert still_open and not ONE_PER_PAIR & still_open


def test_what_a_curator_chose_stays(dataset_name: str, tmp_path: Path) -> None:
    dataset = imported(dataset_name, tmp_path / "source")
    dataset.app_config.active_fields = fo.ActiveFields(paths=["verdict"])
    dataset.save()
    import_dataset("refsegrs", tmp_path / "source", dataset_name, ImportOptions(resume=True))
    dataset.reload()
    assert dataset.app_config.active_fields.paths == ["verdict"]
