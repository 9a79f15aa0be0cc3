"""What the App is told to show of an imported dataset."""

from __future__ import annotations

from pathlib import Path

import fiftyone as fo

from pairlens.fiftyone_plugin.checks import SEVERITIES
from pairlens.fiftyone_plugin.curation.texts import VERDICTS
from pairlens.fiftyone_plugin.demo.layouts import make_refsegrs
from pairlens.importers import app_view
from pairlens.importers.ingest import ImportOptions, import_dataset

ONE_PER_PAIR = {"phrase", "original_phrase", "key", "image_id", "filepath", "rendition"}


def imported(name: str, root: Path) -> fo.Dataset:
    import_dataset("refsegrs", make_refsegrs(root, pairs=3, size=64).root, name)
    return fo.load_dataset(name)


def groups(dataset: fo.Dataset) -> dict[str, fo.SidebarGroupDocument]:
    return {group.name: group for group in dataset.app_config.sidebar_groups}


def luminance(color: str) -> float:
    """Relative luminance of ``#rrggbb``, as WCAG defines it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_white_is_read_on_every_chip(dataset_name: str, tmp_path: Path) -> None:
    scheme = imported(dataset_name, tmp_path / "source").app_config.color_scheme
    chips = {one["path"]: one for one in scheme.fields if "valueColors" in one}
    assert {one["value"] for one in chips["findings"]["valueColors"]} == {*SEVERITIES}
    assert {one["value"] for one in chips["verdict"]["valueColors"]} == {*VERDICTS}
    colors = [one["color"] for chip in chips.values() for one in chip["valueColors"]]
    assert len({*colors}) == len(colors)
    for color in (*colors, *scheme.color_pool):
        assert 1.05 / (luminance(color) + 0.05) >= 4.5, color


def test_the_page_knows_chips_of_information_by_their_color(repo_root: Path) -> None:
    color = app_view.SEVERITIES["info"]
    red, green, blue = (int(color[at : at + 2], 16) for at in (1, 3, 5))
    script = repo_root / "fiftyone_plugin" / "panels" / "js" / "src" / "grid.ts"
    assert f'"rgb({red}, {green}, {blue})"' in script.read_text()


def test_what_an_earlier_version_set_is_set_anew(dataset_name: str, tmp_path: Path) -> None:
    dataset = imported(dataset_name, tmp_path / "source")
    colors = {"segmentation": "#ff2d9b", "phrase": "#2f3e55", "findings": "#c62828"}
    former = [{"path": path, "fieldColor": color} for path, color in colors.items()]
    config = dataset.app_config
    config.color_scheme = fo.ColorScheme(color_by="field", opacity=0.6, fields=former)
    config.active_fields = fo.ActiveFields(paths=["segmentation", "phrase", "findings"])
    dataset.save()
    app_view.arrange(dataset)
    assert config.color_scheme.color_by == "value"
    assert "verdict" in config.active_fields.paths
    former[0]["fieldColor"] = "#00ff00"  # as somebody chose
    config.color_scheme = fo.ColorScheme(color_by="field", opacity=0.6, fields=former)
    app_view.arrange(dataset)
    assert config.color_scheme.fields == former


def test_the_split_stands_where_the_app_shows_it(dataset_name: str, tmp_path: Path) -> None:
    dataset = imported(dataset_name, tmp_path / "source")
    assert groups(dataset)["tags"].paths == ["tags", "_label_tags"]
    assert groups(dataset)["review"].paths[-1] == "split"
    groups(dataset)["review"].paths.remove("split")
    groups(dataset)["tags"].paths.append("split")
    app_view.arrange(dataset)
    assert groups(dataset)["tags"].paths == ["tags", "_label_tags"]
    assert groups(dataset)["review"].paths[-1] == "split"


def test_the_worst_severity_stands_beside_the_quality(dataset_name: str, tmp_path: Path) -> None:
    dataset = imported(dataset_name, tmp_path / "source")
    paths = groups(dataset)["review"].paths
    assert paths[:2] == ["quality", "worst_severity"]
    # As an earlier version left it, and FiftyOne placed the new field.
    paths.remove("worst_severity")
    groups(dataset)["record"].paths.append("worst_severity")
    app_view.arrange(dataset)
    assert groups(dataset)["review"].paths[:2] == ["quality", "worst_severity"]
    assert "worst_severity" not in groups(dataset)["record"].paths
    # Somebody moved both elsewhere, or the quality alone.
    groups(dataset)["review"].paths.remove("quality")
    app_view.arrange(dataset)
    assert "worst_severity" in groups(dataset)["review"].paths


def test_new_masks_get_a_color_that_no_other_field_has(dataset_name: str, tmp_path: Path) -> None:
    dataset = imported(dataset_name, tmp_path / "source")
    for name in ("one", "two", "one"):
        app_view.color_masks(dataset, name)
    dataset.reload()
    masks = [one for one in dataset.app_config.color_scheme.fields if "maskTargetsColors" in one]
    assert sorted(one["path"] for one in masks) == ["one", "segmentation", "two"]
    assert len({one["maskTargetsColors"][0]["color"] for one in masks}) == 3


def test_shows_masks_queries_and_findings(dataset_name: str, tmp_path: Path) -> None:
    shown = imported(dataset_name, tmp_path / "source").app_config.active_fields.paths
    assert set(shown) == {"segmentation", "phrase", "findings", "verdict"}


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
