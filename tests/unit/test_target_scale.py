"""The unit of boxes and polygons that are targets: pixels, unless all of them together say not."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.importers.explain import explain
from pairlens.importers.formats import FORMATS
from pairlens.importers.formats.example_files import image_bytes, put
from pairlens.importers.target_scale import TargetNumbers
from tests.unit.predictions import SHAPE, answer, query

TABLE = FORMATS["table"]
BIG = (512, 512)


def boxes(count: int, full: float, *, seed: int = 0, stops: float = 0.1) -> list[list[float]]:
    """Boxes of objects all over an image that counts as so much; some are cut by its border."""
    draw = random.Random(seed)
    made = []
    for _ in range(count):
        x, y = draw.uniform(0, 0.8 * full), draw.uniform(0, 0.8 * full)
        right, low = (v + draw.uniform(0.02, 0.2) * full for v in (x, y))
        right = full if draw.random() < stops else right
        made.append([round(v, 1) for v in (x, y, right, low)])
    return made


def decided(corners: Sequence[Sequence[float]], *sizes: tuple[int, int]) -> tuple[str, str]:
    numbers = TargetNumbers()
    for at, (x1, y1, x2, y2) in enumerate(corners):
        numbers.add([(x1, y1), (x2, y2)], str(at), sizes[at % len(sizes)] if sizes else None)
    unit, told = numbers.decide()
    return unit, str(told or "")


class TestPixelsStayPixels:
    @pytest.mark.parametrize("side", [64, 100, 105, 128, 512, 800, 1000, 1024, 2048, 4000])
    @pytest.mark.parametrize("seed", range(3))
    def test_all_over_images_of_any_size(self, side: int, seed: int):
        assert decided(boxes(400, side, seed=seed), (side, side)) == ("pixels", "")

    @pytest.mark.parametrize("side", [300, 1024])
    def test_small_objects(self, side: int):
        draw = random.Random(0)
        corners = [draw.randrange(side - 8) for _ in range(200)]
        made = [[at, side - 8 - at, at + 8, side - at] for at in corners]
        assert decided(made, (side, side)) == ("pixels", "")

    def test_of_images_of_many_sizes(self):
        made = [box for n, s in enumerate((60, 300, 1200)) for box in boxes(90, s, seed=n)]
        sizes = [(s, s) for s in (60, 300, 1200) for _ in range(90)]
        assert decided(made, *sizes) == ("pixels", "")

    def test_some_out_of_their_images(self):
        made = [*boxes(95, 64), *([[10, 10, 90, 40]] * 5)]
        assert decided(made, (64, 64)) == ("pixels", "")

    @pytest.mark.parametrize(("end", "side"), [(100, 128), (1000, 1024)])
    def test_one_shape_that_ends_at_a_round_number(self, end: int, side: int):
        assert decided([[10, 10, end, end]] * 40, (side, side)) == ("pixels", "")

    @pytest.mark.parametrize(("end", "side"), [(100, 128), (1000, 1024)])
    def test_some_shapes_that_do_are_told(self, end: int, side: int):
        made = [[10 * n, 10, end, end - n] for n in range(4)]
        unit, told = decided(made, (side, side))
        assert unit == "pixels" and f"4 end exactly at {end}" in told

    def test_without_images_nothing_is_known(self):
        assert decided(boxes(200, 100)) == ("pixels", "")

    def test_one_corner_of_large_images_is_told(self):
        # Reaching half of what percent would, they may be anything.
        unit, told = decided([[8, 12, 31, 50]] * 40, BIG)
        assert unit == "pixels"
        assert told == (
            "boxes with numbers up to 50 are read as pixels, though none reaches beyond 100 in 40 "
            "images of 512x512 pixels and more"
        )


class TestOtherUnits:
    @pytest.mark.parametrize(("full", "unit"), [(100, "percent"), (1000, "thousand")])
    @pytest.mark.parametrize("factor", [0.5, 0.8, 1.02, 1.2, 5])
    @pytest.mark.parametrize("seed", range(3))
    def test_all_over_images_of_any_size(self, full: int, unit: str, factor: float, seed: int):
        side = int(full * factor)
        found, told = decided(boxes(200, full, seed=seed), (side, side))
        assert found == unit and f"up to {full:g} are read as" in told

    @pytest.mark.parametrize(("full", "unit"), [(100, "percent"), (1000, "thousand")])
    def test_none_ends_at_the_border(self, full: int, unit: str):
        made = boxes(60, full, stops=0)
        found, told = decided(made, (4 * full, 3 * full))
        assert found == unit and "none reaches beyond" in told

    @pytest.mark.parametrize(("full", "unit"), [(100, "percent"), (1000, "thousand")])
    def test_few_are_told_and_read_as_pixels(self, full: int, unit: str):
        made = boxes(5, full, stops=0)
        numbers = TargetNumbers()
        for at, (x1, y1, x2, y2) in enumerate(made):
            numbers.add([(x1, y1), (x2, y2)], str(at), (4 * full, 3 * full))
        found, told = numbers.decide()
        assert found == "pixels" and told is not None
        assert (told.times, told.override) == (5, f"polygons={unit}")

    def test_one_mistake_in_many_changes_nothing(self):
        assert decided([*boxes(300, 100), [10, 10, 400, 90]], BIG)[0] == "percent"

    def test_of_shares_zeros_and_ones_are_the_whole_image(self):
        assert decided([[0.1, 0.2, 0.5, 1], [0, 0, 1, 1]], BIG) == ("unit", "")
        assert decided([[0.1, 0.2, 0.5, 1]], BIG) == ("pixels", "")  # told apart one by one
        assert decided([[0, 0, 1, 1]], BIG) == ("pixels", "")


def table(root: Path, cells: Sequence[Any], side: int = 256) -> Path:
    rows = []
    for number, cell in enumerate(cells):
        put(root / f"{number}.png", image_bytes(np.zeros((side, side, 3), np.uint8), "PNG"))
        rows.append({"image": f"{number}.png", "mask": cell, "phrase": "it"})
    put(root / "t.json", json.dumps(rows))
    return root / "t.json"


def outline(box: list[float]) -> list[list[float]]:
    x1, y1, x2, y2 = box
    return [[x1, y1, x2, y1, x2, y2, x1, y2]]


def sides(box: list[float]) -> list[float]:
    x1, y1, x2, y2 = box
    return [x1, y1, round(x2 - x1, 2), round(y2 - y1, 2)]


class TestTables:
    @pytest.mark.parametrize("written", [list, outline, sides, str])
    def test_percent_is_found_told_and_given_back(self, tmp_path: Path, written: Any):
        path = table(tmp_path, [written(box) for box in boxes(30, 100)])
        settled = TABLE.settled(path, {})
        assert settled.params["polygons"] == "percent" and settled.guessed
        (told,) = settled.decisions
        assert (told.kind, told.example, told.override) == (
            "polygon_scale", "t.json[1]", "polygons=pixels",
        )  # fmt: skip
        again = TABLE.settled(path, settled.params)
        assert (again.params, again.decisions) == (settled.params, ())
        assert TABLE.settled(path, {"polygons": "pixels"}).decisions == ()

    def test_pixels_are_not_told(self, tmp_path: Path):
        settled = TABLE.settled(table(tmp_path, boxes(30, 256)), {})
        assert "polygons" not in settled.params and settled.decisions == ()

    def test_an_import_tells_it_and_measures_by_it(self, tmp_path: Path):
        path = table(tmp_path, [[25, 50, 100, 100], *boxes(30, 100)])
        found = explain("table", path)
        rules = {d["kind"]: d["rule"] for d in found.decisions}
        assert "polygons are read as percent of the image, 0 to 100" in rules["polygon_scale"]
        assert any("up to 100 are read as percent" in note for note in found.notes)
        assert any(note.endswith("--param polygons=percent") for note in found.notes)

    def test_images_in_cells_are_measured(self, tmp_path: Path):
        import pyarrow as pa
        import pyarrow.parquet

        content = image_bytes(np.zeros((256, 256, 3), np.uint8), "PNG")
        rows = [
            {"image": {"bytes": content, "path": "a.png"}, "bbox": box, "phrase": "it"}
            for box in boxes(30, 100)
        ]
        pa.parquet.write_table(pa.Table.from_pylist(rows), tmp_path / "t.parquet")
        settled = TABLE.settled(tmp_path / "t.parquet", {})
        assert settled.params["polygons"] == "percent"


class TestPredictions:
    def results(self, root: Path, rows: Sequence[Any], **params: str) -> Any:
        put(root / "p.json", json.dumps(rows))
        return PREDICTORS["results"].load({"path": str(root / "p.json"), **params}, "cpu")

    @pytest.mark.parametrize(("unit", "full"), [("thousand", 1000), ("percent", 100), ("unit", 1)])
    @pytest.mark.parametrize("name", ["bbox_2d", "bbox", "segmentation"])
    def test_all_units(self, tmp_path: Path, unit: str, full: float, name: str):
        box = [n * full for n in (0.25, 0.5, 0.75, 1)]
        cell = {"bbox_2d": box, "bbox": sides(box), "segmentation": outline(box)}[name]
        results = self.results(tmp_path, [{"image_id": "a", name: cell}], polygons=unit)
        given = answer(results, query())
        assert isinstance(given, np.ndarray) and given.shape == SHAPE
        height, width = SHAPE
        assert given[height // 2 + 1 : height - 1, width // 4 + 1 : width * 3 // 4 - 1].all()
        assert not given[: height // 2 - 1].any()

    def test_boxes_out_of_their_images_are_told(self, tmp_path: Path):
        rows = [{"image_id": str(n), "bbox_2d": box} for n, box in enumerate(boxes(30, 1000))]
        for params, told in (({}, True), ({"polygons": "thousand"}, False)):
            results = self.results(tmp_path, rows, **params)
            for number in range(30):
                answer(results, query(str(number)))
            notes = [n for n in results.notes() if "are read as pixels, though" in n]
            assert bool(notes) == told
            assert all(n.override == "polygons=thousand" and n.times == 30 for n in notes)

    def test_boxes_in_pixels_are_not_told(self, tmp_path: Path):
        rows = [{"image_id": str(n), "bbox_2d": b} for n, b in enumerate(boxes(30, min(SHAPE)))]
        results = self.results(tmp_path, rows)
        for number in range(30):
            answer(results, query(str(number)))
        assert not any("though" in note for note in results.notes())
