"""What a fault did in memory is what a layout writes to its files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pairlens.fiftyone_plugin.checks import Sample
from pairlens.fiftyone_plugin.demo.caption_layouts import make_rsteller
from pairlens.fiftyone_plugin.demo.chat_layouts import make_geochat, make_llava
from pairlens.fiftyone_plugin.demo.grounding_layouts import make_dior_rsvg
from pairlens.fiftyone_plugin.demo.instruction_layouts import make_rsgpt4v
from pairlens.fiftyone_plugin.demo.layouts import GeneratedLayout, make_gres, make_refsegrs
from pairlens.fiftyone_plugin.demo.planting import faults_of, plant
from pairlens.fiftyone_plugin.demo.planting.base import LAYOUTS, Layout, load
from pairlens.fiftyone_plugin.demo.refer_layouts import make_rrsisd
from pairlens.fiftyone_plugin.demo.table_layouts import make_table
from pairlens.fiftyone_plugin.faults import FAULTS, Damage, Tools
from pairlens.importers.formats import FORMATS

pytestmark = pytest.mark.slow

MAKERS = {"gres": make_gres, "refsegrs": make_refsegrs, "rrsisd": make_rrsisd,
          "rsteller": make_rsteller, "rsgpt4v": make_rsgpt4v, "table": make_table,
          "dior_rsvg": make_dior_rsvg, "geochat": make_geochat, "llava": make_llava}  # fmt: skip
CARRIED = [(format, fault) for format in MAKERS for fault in LAYOUTS[format].carried]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, GeneratedLayout]:
    folder = tmp_path_factory.mktemp("planting")
    return {name: make(folder / name, 20, seed=1, size=128) for name, make in MAKERS.items()}


def texts(one: Sample, fault: str) -> list[Any]:
    """What a fault of its kind may change; captions of conversations stand in their turns."""
    if FAULTS[fault].kinds == ("instructions",):
        return sorted((turn.question, turn.answers) for turn in one.turns)
    return [one.phrase.strip(), *((caption.text, caption.task) for caption in one.captions)]


def damage_and_write(layout: Layout, fault: str, folder: Path) -> tuple[Damage, dict[str, str]]:
    """Applies a fault to the first unit that can carry it."""
    tools = Tools(np.random.default_rng(3), lambda: (), folder)
    for unit, records in layout.units().items():
        before = load(records, folder)
        damage = FAULTS[fault].plant(before, tools)
        names = layout.write(unit, before, damage) if damage else None
        if damage and names is not None:
            layout.forget()
            return damage, names
    raise AssertionError(f"no unit carries {fault}")


@pytest.mark.parametrize(("format", "fault"), CARRIED)
def test_the_files_hold_the_damaged_samples(
    made: dict[str, GeneratedLayout], copy_of: Any, tmp_path: Path, format: str, fault: str
) -> None:
    layout = LAYOUTS[format](copy_of(format), set())
    damage, names = damage_and_write(layout, fault, tmp_path / "scratch")
    read = [one.sample for r in layout.units().values() for one in load(r, tmp_path / "again")]
    there = {sample.key: sample for sample in read}
    assert {names.get(key, key) for key in damage.faulty} <= set(there)
    for sample in damage.samples:
        written = there[names.get(sample.key, sample.key)]
        assert texts(written, fault) == texts(sample, fault)
        assert written.split == sample.split
        assert written.image_missing == sample.image_missing
        if not sample.image_missing:  # a placeholder has a size of its own
            assert written.stats.digest == sample.stats.digest


def contents(root: Path, format: str, media: Path) -> dict[str, Sample]:
    """The samples on disk, by key."""
    records = FORMATS[format].read(root, on_error=lambda error: None)
    return {one.sample.key: one.sample for r in records for one in load((r,), media)}


@pytest.mark.parametrize("format", ["table", "dior_rsvg", "geochat", "llava"])
def test_each_fault_is_planted_and_clean_samples_stay(
    made: dict[str, GeneratedLayout], copy_of: Any, tmp_path: Path, format: str
) -> None:
    root = copy_of(format)
    plan = plant(root, format, rate=0.8, seed=4)
    assert {planted.fault for planted in plan.planted} == set(faults_of(format))
    before = contents(made[format].root, format, tmp_path / "before")
    after = contents(root, format, tmp_path / "after")
    faulty = {planted.key for planted in plan.planted}
    assert plan.clean and not {*plan.clean, *plan.bystanders} & faulty
    assert {*after} == {*plan.clean, *plan.bystanders, *faulty}
    assert all(after[key] == before[key] for key in plan.clean)
