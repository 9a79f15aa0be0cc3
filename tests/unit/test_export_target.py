"""Where exports go, and what stands beside them: folders, manifest, card."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from pairlens.fiftyone_plugin.exporters.card import card
from pairlens.fiftyone_plugin.exporters.manifest import ManifestLists
from pairlens.fiftyone_plugin.exporters.target import check_target, whole_folder
from pairlens.importers.errors import StateError, UsageError


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_new_and_empty_folders_are_taken(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "empty").mkdir()
    for name in ("empty", "new", "deep/er/new"):
        target = check_target(tmp_path / name, tmp_path / "source")
        with whole_folder(target) as folder:
            (folder / "file").write_text("x")
        assert names(tmp_path / name) == ["file"]
    assert names(tmp_path) == ["deep", "empty", "new", "source"]


@pytest.mark.parametrize(
    "out",
    [
        "source",
        "source/in/it",
        ".",
        "link",
        "link/in/it",
        "new/../source",
        "full",
        "file",
        "file/x",
    ],
)
def test_folders_near_the_source_and_taken_ones_are_refused(tmp_path: Path, out: str) -> None:
    for name in ("source", "full"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "source")
    for name in ("full/x", "file"):
        (tmp_path / name).write_text("x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises((UsageError, StateError), match=r"full|source|file|\.|link"):  # noqa: SIM117
        with whole_folder(check_target(tmp_path / out, tmp_path / "source")):
            pass
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("failure", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_failure_leaves_nothing(tmp_path: Path, failure: type[BaseException]) -> None:
    target = check_target(tmp_path / "deep" / "out", tmp_path / "source")
    with pytest.raises(failure), whole_folder(target) as folder:
        (folder / "sub").mkdir()
        (folder / "sub/file").write_text("x")
        raise failure
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_filled_meanwhile_is_left_alone(tmp_path: Path) -> None:
    target = check_target(tmp_path / "out", tmp_path / "source")
    with pytest.raises(StateError, match="taken"), whole_folder(target) as folder:
        (folder / "file").write_text("ours")
        target.mkdir()
        (target / "file").write_text("theirs")
    assert (target / "file").read_text() == "theirs"
    assert names(tmp_path) == ["out"]


def test_manifest_is_one_json_object_without_paths(tmp_path: Path) -> None:
    with ManifestLists("/data/so urce", "/media") as lists:
        lists.add(
            "dropped", {"key": "k", "note": 'a\nb "c"', "findings": [{"note": "/media/m.png"}]}
        )
        lists.add("dropped", {"key": "l", "note": "/data/so urce/x.json is odd"})
        lists.write(tmp_path / "m.json", {"dataset": "d", "counts": {"exported": 1}})
    assert json.loads((tmp_path / "m.json").read_bytes()) == {
        "dataset": "d",
        "counts": {"exported": 1},
        "dropped": [
            {"key": "k", "note": 'a\nb "c"', "findings": [{"note": "m.png"}]},
            {"key": "l", "note": "x.json is odd"},
        ],
        "edited": [],
        "skipped_at_import": [],
    }


def test_card_shows_hostile_names_as_code() -> None:
    counts = dict.fromkeys(("exported", "edited", "dropped", "not_imported", "images"), 0)
    head = {
        "dataset": "x`\n# <script>![](http://example.com)",
        "source": {"format": "gres", "root": "r"},
        "format": "gres",
        "kind": "pairs",
        "select": "tag:`x`",
        "reasons": {"verdict drop": 1, "finding `x`\n# y": 2},
        "review": {"reviewers": {"ann": {"drop": 1, "keep": 0}}},
        "counts": counts,
        "splits": {"train": {"pairs": 2, "exported": 1, "dropped": 1}},
    }
    text = card(head, {"configs": []})
    _, front, body = text.split("---\n", 2)
    assert body.startswith("\n# `x' # <script>![](http://example.com)`\n")
    for line in ("| `train`: exported of 2 | 1 |", "| `verdict drop` | 1 |",
                 "| `finding 'x' # y` | 2 |", "verdicts (drop 1).",
                 "under cc-by-nc-sa-4.0."):  # fmt: skip
        assert line in body
    metadata = yaml.safe_load(front)
    assert metadata["license"] == "cc-by-nc-sa-4.0" and metadata["configs"] == []
    assert metadata["task_categories"] == ["image-segmentation"]
    assert metadata["size_categories"] == ["n<1K"]
