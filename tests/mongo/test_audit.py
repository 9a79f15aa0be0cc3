"""The audit's page: true counts, harmless texts, pictures that are there."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
import fiftyone as fo
import numpy as np
import pytest

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.audit import audit
from pairlens.fiftyone_plugin.audit.drawing import SIDE, Shown, draw_row
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.demo.planting import plant
from pairlens.importers import fields
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset

HOSTILE = "![x](http://evil.example/p.png) <script>alert(1)</script> | # `a` @all [1, 2, 3, 4]\n# b"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = make_gres(tmp_path_factory.mktemp("audit") / "published", 36, size=192).root
    plant(root, "gres", rate=0.4)
    return root


@pytest.fixture(scope="module")
def imported(planted: Path, shared_name: str) -> fo.Dataset:
    """Imported once: nothing changes it."""
    import_dataset("gres", planted, shared_name, ImportOptions(placeholders=True))
    return fo.load_dataset(shared_name)


@pytest.fixture
def dataset(imported: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return imported.clone(dataset_name)


@pytest.mark.parametrize(
    ("name", "examples", "option"),
    [("a.txt", 3, "--out"), ("a", 3, "--out"), ("a.md", -1, "--examples -1")],
    ids=["text", "none", "negative"],
)
def test_a_wrong_call_writes_nothing(
    dataset: fo.Dataset, tmp_path: Path, name: str, examples: int, option: str
) -> None:
    with pytest.raises(UsageError, match=f"^{option}.*\\.md" if examples > 0 else f"^{option}:"):
        audit(dataset, tmp_path / name, examples=examples)
    assert list(tmp_path.iterdir()) == []


def test_a_place_that_cannot_be_written(dataset: fo.Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be written"):
        audit(dataset, tmp_path / "file" / "a.md")


def test_the_counts_are_the_datasets(dataset: fo.Dataset, tmp_path: Path) -> None:
    data = cli.run(["audit", dataset.name, "--out", str(tmp_path / "a.md")])
    labels = dataset.count_values(f"{fields.FINDINGS}.classifications.label")
    assert {check: sum(c.values()) for check, c in data["findings"].items()} == labels
    assert data["pairs"] == len(dataset) == sum(data["worst"].values())
    tags = dataset.count_values("tags")
    assert {split: one["pairs"] for split, one in data["splits"].items()} == tags
    text = (tmp_path / "a.md").read_text()
    assert re.search(rf"\| all \| {len(dataset)} \| \d+ \|", text)
    clean = sum(one["clean"] for one in data["splits"].values())
    errors = data["worst"].get("error", 0)
    assert clean == len(dataset) - errors and errors > 0


def test_it_checks_what_was_not_checked(dataset: fo.Dataset, tmp_path: Path) -> None:
    flag(dataset, checks=["tiny_mask"])
    data = audit(dataset, tmp_path / "a.md").data
    assert "empty_mask" in data["findings"]
    before = list(dataset._sample_collection.find())
    audit(dataset, tmp_path / "a.md")
    assert list(dataset._sample_collection.find()) == before


def test_hostile_phrases_are_quoted_and_do_nothing(dataset: fo.Dataset, tmp_path: Path) -> None:
    sample = dataset.match(fo.ViewField(f"{fields.MASK_STATS}.area") > 0).first()
    sample[fields.PHRASE] = HOSTILE
    sample.save()
    audit(dataset, tmp_path / "a.md", title="<b>t</b>", source="see http://x.y [z](q)")
    text = (tmp_path / "a.md").read_text()
    assert "&#33;&#91;x&#93;(http&#58;" in text
    assert "<script" not in text and "<b>" not in text and "[z](q)" not in text
    assert set(re.findall(r"!\[[^]]*\]\(([^)]*)\)", text)) == {
        f"images/{p.name}" for p in (tmp_path / "images").iterdir()
    }
    assert "\n# b" not in text


def test_pictures_can_be_left_out(dataset: fo.Dataset, tmp_path: Path) -> None:
    assert audit(dataset, tmp_path / "a.md", examples=0).data["pictures"] == []
    assert [p.name for p in tmp_path.iterdir()] == ["a.md"]
    assert "“" not in (tmp_path / "a.md").read_text()


def test_outlines_only_shows_no_pixel_of_the_images(dataset: fo.Dataset, tmp_path: Path) -> None:
    for name, bare in (("with", False), ("bare", True)):
        audit(dataset, tmp_path / name / "a.md", outlines_only=bare)
    with_pixels = cv2.imread(str(tmp_path / "with/images/a-box_mask.png"))
    bare = cv2.imread(str(tmp_path / "bare/images/a-box_mask.png"))
    assert with_pixels is not None and bare is not None
    assert np.unique(bare[40:60, 40:60].reshape(-1, 3), axis=0).shape[0] < 60
    assert np.unique(with_pixels[40:60, 40:60].reshape(-1, 3), axis=0).shape[0] > 100


def test_an_outline_lies_on_its_mask(tmp_path: Path) -> None:
    mask = np.zeros((100, 200), np.uint8)
    mask[20:80, 50:150] = 1
    cv2.imwrite(str(tmp_path / "m.png"), mask)
    draw_row([Shown(None, str(tmp_path / "m.png"), (200, 100))] * 2, tmp_path / "row.png")
    row = cv2.imread(str(tmp_path / "row.png"))
    assert row is not None and row.shape == (SIDE, 2 * SIDE + 6, 3)
    yellow = np.argwhere((row[:, :SIDE] == (0, 196, 255)).all(2))
    scale = SIDE / 200
    top, left = yellow.min(0)
    bottom, right = yellow.max(0)
    expected = np.array([20, 50, 80, 150]) * scale
    assert np.allclose([top, left, bottom, right], expected, atol=4)


def test_a_mask_that_is_gone_is_no_reason_to_fail(tmp_path: Path) -> None:
    draw_row([Shown("no.jpg", "no.png", (64, 64)), Shown(None, "", (0, 0))], tmp_path / "row.png")
    assert (tmp_path / "row.png").is_file()
