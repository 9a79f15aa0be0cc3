"""Targets that the image's border cuts, found by what the database holds of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fiftyone as fo
import pytest
from fiftyone import ViewField as F

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.importers import fields
from pairlens.importers.ingest import ImportOptions, import_dataset

WHOLE = 31  # as many trucks as make a class known


def annotate(root: Path, image: str, box: tuple[int, int, int, int], *queries: str) -> None:
    """Writes an annotation of GRES whose target is an upright box, (x, y, width, height)."""
    x, y, width, height = box
    corners = [[x, y], [x + width, y], [x + width, y + height], [x, y + height]]
    shape = {"label": "target", "labels": ["target"], "shape_type": "polygon", "points": corners,
             "image_name": f"{image}.jpg"}  # fmt: skip
    folder = root / "gres_annotations" / "train"
    folder.mkdir(parents=True, exist_ok=True)
    record = {"text": list(queries), "is_sentence": True, "shapes": [shape]}
    (folder / f"{image}.json").write_text(json.dumps(record))


@pytest.fixture
def dataset(tmp_path: Path, dataset_name: str) -> fo.Dataset:
    for number in range(WHOLE):
        annotate(tmp_path, f"{number:012d}", (100, 100, 40, 25), "Find the gray truck.")
    annotate(tmp_path, "cut", (506, 100, 6, 60), "Find the white truck.",
             "Find the part of the white truck.", "Spot the white vehicle.")  # fmt: skip
    annotate(tmp_path, "touching", (472, 100, 40, 25), "Find the red truck.")
    options = ImportOptions(placeholders=True)
    import_dataset("gres", tmp_path, dataset_name, options)
    return fo.load_dataset(dataset_name)


def cut(dataset: fo.Dataset) -> dict[str, Any]:
    """The findings of the check, by key."""
    view: Any = dataset.filter_labels(fields.FINDINGS, F("label") == "truncated_target")
    listed = zip(view.values(fields.KEY), view.values(fields.FINDINGS), strict=True)
    return {key: found.classifications[0] for key, found in listed}


@pytest.mark.parametrize("workers", [1, 2])
def test_each_query_of_a_cut_mask_is_told_but_those_that_ask_for_a_part(
    dataset: fo.Dataset, workers: int
) -> None:
    flag(dataset, workers=workers)
    found = cut(dataset)
    assert set(found) == {"gres/train/cut#0", "gres/train/cut#2"}
    assert len({one.group for one in found.values()}) == 1
    for one in found.values():
        assert one.severity == "warning"
        assert one.note.startswith("the right border cuts the target: ")
        assert one.note.endswith("% of the usual 1024 of a whole truck")
