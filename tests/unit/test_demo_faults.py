"""Planted faults: each is on disk as told, its check finds it, and all else is untouched."""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Sample
from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout
from pairlens.fiftyone_plugin.demo.planting import faults_of, plant
from pairlens.importers.errors import MaskError, UnknownName, UsageError
from pairlens.importers.formats import FORMATS
from pairlens.importers.mask_stats import MaskStats, measure
from pairlens.importers.masks import read_mask
from pairlens.importers.polygons import polygon_faults, rasterize
from pairlens.importers.records import Polygons
from tests.unit.demo_readers import (
    MAKERS,
    READERS,
    SIZE,
    Record,
    files_of,
    places_hold,
    read_gres,
)
from tests.unit.subjects import issues

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, GeneratedLayout]:
    folder = tmp_path_factory.mktemp("layouts")
    return {name: make(folder / name, 40, seed=1, size=SIZE) for name, make in MAKERS.items()}


def box_of(mask: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def is_degenerate(record: Record) -> bool:
    points = np.array(record.points)
    x, y = points.T
    area = abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))
    return len(points) < 3 or area == 0 or (points > SIZE).any(1).all()


def twins(record: Record, records: dict[str, Record]) -> list[Record]:
    return [r for r in records.values() if r is not record and r.image == record.image]


EVIDENCE = {
    "empty_mask": lambda r, all_: not r.mask.any(),
    "full_mask": lambda r, all_: r.mask.all(),
    "tiny_mask": lambda r, all_: 0 < np.count_nonzero(r.mask) < 10,
    "box_mask": lambda r, all_: box_of(r.mask).all() and not r.mask.all(),
    "mask_unreadable": lambda r, all_: r.mask is None,
    "mask_size_mismatch": lambda r, all_: r.mask.shape != (SIZE, SIZE),
    "mask_values": lambda r, all_: len(np.unique(r.mask)) > 2,
    "degenerate_polygon": lambda r, all_: is_degenerate(r),
    "image_missing": lambda r, all_: r.image is None,
    "empty_query": lambda r, all_: not r.phrase.strip(),
    "coordinate_leak": lambda r, all_: (
        "[{}, {}, {}, {}]".format(*cv2.boundingRect((r.mask > 0).astype(np.uint8))) in r.phrase
    ),
    "exchanged_place": lambda r, all_: not places_hold(r.phrase, r.mask),
    "mirrored_mask": lambda r, all_: not places_hold(r.phrase, r.mask),
    "duplicate_pair": lambda r, all_: any(
        o.phrase == r.phrase and np.array_equal(o.mask, r.mask) for o in twins(r, all_)
    ),
    "ambiguous_query": lambda r, all_: any(
        o.phrase == r.phrase and not np.array_equal(o.mask, r.mask) for o in twins(r, all_)
    ),
    "split_leak": lambda r, all_: any(
        o.split != r.split and np.array_equal(o.mask, r.mask) for o in twins(r, all_)
    ),
}
CHECKED_BY = {"exchanged_place": "position_conflict", "mirrored_mask": "position_conflict"}
"""The check that must find a fault, where it is not called as the fault is."""

CARRIED = [(format, fault) for format in MAKERS for fault in faults_of(format)]


class TestFaults:
    def test_nothing_is_planted_at_rate_zero(self, made, copy_of):
        for format in MAKERS:
            root = copy_of(format, format)
            plan = plant(root, format, rate=0)
            assert plan.planted == plan.bystanders == ()
            assert set(plan.clean) == set(made[format].keys)
            assert files_of(root) == files_of(made[format].root)

    def test_generated_data_carries_no_fault_as_it_is(self, made):
        for format in MAKERS:
            records = READERS[format](made[format].root)
            for fault in faults_of(format):
                shown = [k for k, r in records.items() if EVIDENCE[fault](r, records)]
                assert not shown, (fault, shown)

    @pytest.mark.parametrize(("format", "fault"), CARRIED)
    def test_what_is_planted_is_there(self, made, copy_of, format, fault):
        root = copy_of(format)
        before = READERS[format](root)
        plan = plant(root, format, [fault], rate=0.15, seed=2)
        after = READERS[format](root)
        assert plan.planted
        for planted in plan.planted:
            assert (planted.fault, planted.check) == (fault, CHECKED_BY.get(fault, fault))
            assert planted.note
            assert EVIDENCE[fault](after[planted.key], after), planted
        faulty = {p.key for p in plan.planted}
        assert not set(plan.clean) & (faulty | set(plan.bystanders))
        assert set(after) == faulty | set(plan.clean) | set(plan.bystanders)
        for key in plan.clean:
            assert EVIDENCE[fault](after[key], after) == EVIDENCE[fault](before[key], before)

    @pytest.mark.parametrize("format", MAKERS)
    def test_clean_pairs_are_untouched(self, made, copy_of, format):
        root = copy_of(format)
        before, plan = files_of(root), plant(root, format, rate=0.4, seed=3)
        after = files_of(root)
        assert plan.clean
        for key in plan.clean:
            _, split, image_id = key.split("#")[0].split("/")
            mine = {n for n in before if Path(n).stem == image_id}
            assert len(mine) == 2
            assert all(after[name] == before[name] for name in mine)
            if format == "refsegrs":
                name = f"output_phrase_{split}.txt"
                line = next(
                    x for x in before[name].splitlines() if x.startswith(f"{image_id} ".encode())
                )
                assert line in after[name].splitlines()

    @pytest.mark.parametrize("format", MAKERS)
    def test_each_fault_once_if_there_is_room(self, copy_of, format):
        plan = plant(copy_of(format), format, rate=0.5, seed=4)
        assert {p.fault for p in plan.planted} == set(faults_of(format))
        assert max(Counter(p.key for p in plan.planted).values()) == 1

    @pytest.mark.parametrize("rate", [0.1, 0.25, 0.5])
    @pytest.mark.parametrize("format", MAKERS)
    def test_the_rate_is_kept(self, made, copy_of, format, rate):
        units = {"gres": 40, "refsegrs": 40}[format]
        faults = ["empty_mask", "coordinate_leak", "image_missing"]
        plan = plant(copy_of(format), format, faults, rate=rate)
        assert len({p.key.split("#")[0] for p in plan.planted}) == round(rate * units)

    @pytest.mark.parametrize("format", MAKERS)
    def test_a_seed_is_a_plan(self, copy_of, format):
        roots = {name: copy_of(format, name) for name in "abc"}
        a, b, c = (plant(roots[n], format, seed=s) for n, s in (("a", 1), ("b", 1), ("c", 2)))
        assert a == b
        assert files_of(roots["a"]) == files_of(roots["b"])
        assert {p.key for p in a.planted} != {p.key for p in c.planted}

    def test_what_a_format_cannot_carry(self):
        assert "ambiguous_query" not in faults_of("gres")
        assert "degenerate_polygon" not in faults_of("refsegrs")

    @pytest.mark.parametrize(
        ("arguments", "error", "says"),
        [
            pytest.param({"format": "coco"}, UnknownName, "known: .*gres", id="format"),
            pytest.param({"faults": ["blur"]}, UsageError, "no fault 'blur'", id="fault"),
            pytest.param({"rate": 1.5}, UsageError, "0 to 1", id="rate"),
        ],
    )
    def test_refusals(self, tmp_path, arguments, error, says):
        with pytest.raises(error, match=says):
            plant(tmp_path, **({"format": "gres"} | arguments))

    def test_planting_in_a_published_layout(self, tmp_path, shared_data):
        for split in ("train", "val"):
            source = shared_data / "gres/gres_annotations" / split
            (tmp_path / "gres_annotations" / split).mkdir(parents=True)
            for file in sorted(source.glob("*.json"))[:40]:
                shutil.copyfile(file, tmp_path / "gres_annotations" / split / file.name)
        plan = plant(tmp_path, "gres", rate=0.3)
        assert {p.fault for p in plan.planted} == set(faults_of("gres")) - {"image_missing"}
        after = read_gres(tmp_path)
        assert all(p.key in after for p in plan.planted)


def subjects(root: Path, format: str) -> list[Sample]:
    """What the checks would be shown after an import."""
    found = []
    for pair in FORMATS[format].read(root):
        data = pair.image.read_bytes() if pair.image else b""
        try:
            if isinstance(pair.target, Polygons):
                shapes = pair.target.shapes
                mask, faults = rasterize(shapes, SIZE, SIZE), polygon_faults(shapes, SIZE, SIZE)
            else:
                mask, faults = read_mask(pair.target.path), ()
            stats = measure(mask, faults)
        except MaskError as error:
            stats = MaskStats(error=str(error))
        found.append(
            Sample(
                pair.key, pair.image_id, pair.split, pair.phrase, image_missing=not data,
                image_size=(SIZE, SIZE), stats=stats,
                image_digest=hashlib.sha256(data).hexdigest() if data else "",
            )
        )  # fmt: skip
    return found


def flagged(found: list[Sample], names: set[str]) -> dict[str, set[str]]:
    """Keys by check."""
    return {name: {issue.key for issue in issues(name, found)} for name in names}


class TestChecksFindThem:
    @pytest.mark.parametrize("format", MAKERS)
    def test_undamaged_data_is_left_alone(self, made, format):
        names = {name for name in CHECKS if name in {*EVIDENCE, *CHECKED_BY.values()}}
        found = flagged(subjects(made[format].root, format), names)
        assert found == {name: set() for name in names}

    @pytest.mark.parametrize("format", MAKERS)
    def test_planted_faults_are_found_and_clean_pairs_left_alone(self, copy_of, format):
        root = copy_of(format)
        plan = plant(root, format, rate=0.5, seed=6)
        found = flagged(subjects(root, format), {p.check for p in plan.planted})
        missed = [p for p in plan.planted if p.key not in found[p.check]]
        assert not missed
        assert not set.union(*found.values()) & set(plan.clean)
