"""The boxes of an images' source: stored by image, and used by the checks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest

from pairlens.fiftyone_plugin import PLUGIN_NAME, cli
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.importers.errors import LayoutError, StateError
from tests import xview_tiles

NAME = "test-source-boxes"
CHIPS = json.loads((Path(__file__).parents[1] / "data" / "release-chips.json").read_text())["chips"]


@pytest.fixture(scope="module")
def place(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """GRES with the images cut out of generated tiles, imported."""
    folder = tmp_path_factory.mktemp("sources")
    xview_tiles.write_tiles(folder / "tiles")
    xview_tiles.write_geojson(folder / "boxes.geojson")
    numbered: Any = {n: (tile, tuple(box)) for n, (tile, box, _) in enumerate(CHIPS["C"], 1)}
    xview_tiles.write_annotations(folder / "GRES", numbered)
    missing = cli.run(["import", "gres", str(folder / "GRES"), "--name", NAME, "--placeholders"])
    assert "pairlens images gres" in missing["notes"][-1]
    done = cli.run(
        ["images", "gres", "--xview", str(folder / "tiles"), "--geojson",
         str(folder / "boxes.geojson"), "--annotations", str(folder / "GRES"), "--out",
         str(folder / "GRES")]
    )  # fmt: skip
    assert done["verified"] == done["chips"] == missing["samples"]
    found = cli.run(["import", "gres", str(folder / "GRES"), "--name", NAME, "--overwrite"])
    assert found["samples"] == done["chips"] and not found["skipped"]
    yield folder
    fo.delete_dataset(NAME)


def test_a_source_of_other_images_is_refused(place: Path, tmp_path: Path) -> None:
    (tmp_path / "9.txt").write_text("1 1 9 1 9 9 1 9 plane 0\n")
    with pytest.raises(StateError, match=r"names none of the images, such as \['lisat_gres_"):
        cli.run(["sources", NAME, str(tmp_path)])
    with pytest.raises(LayoutError, match="has no boxes that are known"):
        cli.run(["sources", NAME, str(place / "GRES" / "gres_images" / "chips.jsonl")])
    assert not any(fo.load_dataset(NAME).exists("source_boxes"))


def test_boxes_tell_a_query_of_another_class(place: Path) -> None:
    before = cli.run(["flag", NAME])
    assert "pairlens sources" in before["not_run"]["source_conflict"]
    done = cli.run(["sources", NAME, str(place / "boxes.geojson")])
    assert (done["samples"], done["kind"], done["unknown_total"]) == (done["of"], "xview", 0)
    assert cli.run(["sources", NAME, str(place / "boxes.geojson")])["boxes"] == done["boxes"]
    clean = cli.run(["flag", NAME, "--check", "source_conflict", "--check", "ambiguous_query"])
    assert clean["findings"]["ambiguous_query"] > 0  # "the bus", and the tile has several
    assert "source_conflict" not in clean["findings"]
    dataset = fo.load_dataset(NAME)
    sample = dataset.match(fo.ViewField("phrase") == "the bus").first()
    assert "Bus" in {box.label for box in sample.source_boxes.detections}
    sample["phrase"] = "the storage tank"
    sample.save()
    after = cli.run(["flag", NAME, "--check", "source_conflict", "--check", "ambiguous_query"])
    assert after["findings"]["source_conflict"] == 1
    sample.reload()
    (finding,) = (f for f in sample.findings.classifications if f.label == "source_conflict")
    assert finding.note.startswith("query says 'storage tank'; the mask lies on a box of 'Bus'")


def test_the_operator_does_the_same(place: Path) -> None:
    dataset = fo.load_dataset(NAME)
    view = dataset.limit(5)
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()
    operator = foo.get_operator(f"{PLUGIN_NAME}/store_source_boxes")
    done = operator(view, path=str(place / "boxes.geojson"))
    assert (done["samples"], done["of"]) == (5, 5)
