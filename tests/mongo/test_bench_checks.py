"""The checks measured: structural faults all found, the dataset left as it was."""

from __future__ import annotations

import json
from pathlib import Path

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin import cli
from pairlens.fiftyone_plugin.bench.run import bench_checks
from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.base import EMBEDDINGS, PREDICTIONS
from pairlens.fiftyone_plugin.demo.layouts import make_gres, make_refsegrs
from pairlens.fiftyone_plugin.faults import FAULTS
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import import_dataset


@pytest.fixture(scope="module", params=["gres", "refsegrs"])
def dataset(request: pytest.FixtureRequest, mongo: str, tmp_path_factory: pytest.TempPathFactory):
    make = {"gres": make_gres, "refsegrs": make_refsegrs}[request.param]
    root = make(tmp_path_factory.mktemp("bench") / "published", 90, seed=11, size=256).root
    name = f"test-bench-{request.param}"
    import_dataset(request.param, root, name)
    yield fo.load_dataset(name)
    fo.delete_dataset(name)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"rate": 0}, "give above 0 to 1"),
        ({"rate": 1.1}, "give above 0 to 1"),
        ({"pairs": 0}, "1 or more"),
        ({"faults": ["nope"]}, "no fault 'nope'"),
        ({"params": {"nope": {}}}, "no check 'nope'"),
    ],
    ids=str,
)
def test_a_wrong_call(dataset: fo.Dataset, arguments: dict, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        bench_checks(dataset, **arguments)


def test_every_check_has_a_fault_and_every_fault_a_check() -> None:
    named = {name for fault in FAULTS.values() for name in fault.checks}
    assert named <= set(CHECKS)
    apart = {PREDICTIONS, EMBEDDINGS}
    assert {c.name for c in CHECKS.values() if not apart & {*c.needs}} <= named
    assert all(fault.about.endswith(".") for fault in FAULTS.values())


def test_structural_faults_are_all_found_and_no_clean_pair_gets_an_error(
    dataset: fo.Dataset,
) -> None:
    done = bench_checks(dataset, seed=1, rate=0.9)
    structural = {n: f for n, f in done.faults.items() if f["structural"]}
    assert len(structural) >= 6
    assert {n: f["recall"] for n, f in structural.items() if f["recall"] != 1.0} == {}
    assert {n: f["precision"] for n, f in structural.items() if f["precision"] != 1.0} == {}
    assert done.before["error"] == done.clean["error"] == 0.0
    assert done.pairs == len(dataset)


def test_the_dataset_is_only_read(dataset: fo.Dataset) -> None:
    bench_checks(dataset, faults=["tiny_mask"], rate=0.1)  # measures the images
    before = list(dataset._sample_collection.find())
    names = set(fo.list_datasets())
    masks = {doc["segmentation"]["mask_path"]: Path(doc["segmentation"]["mask_path"]).read_bytes()
             for doc in before}  # fmt: skip
    bench_checks(dataset, seed=2, rate=0.8)
    assert list(dataset._sample_collection.find()) == before
    assert set(fo.list_datasets()) == names
    assert all(Path(path).read_bytes() == data for path, data in masks.items())


def test_equal_seeds_plant_equally(dataset: fo.Dataset) -> None:
    runs = [bench_checks(dataset, seed=seed, rate=0.4) for seed in (3, 3, 4)]
    tables = [run.faults for run in runs]
    assert tables[0] == tables[1]
    assert tables[0] != tables[2]


def test_a_bound_that_finds_nothing_is_measured_so(dataset: fo.Dataset) -> None:
    done = bench_checks(
        dataset, faults=["tiny_mask"], rate=0.3, params={"tiny_mask": {"min_area": 1}}
    )
    (row,) = done.faults.values()
    assert (row["recall"], row["precision"]) == (0.0, None)
    assert list(done.faults) == ["tiny_mask"]


def test_the_command_writes_numbers_and_a_picture(dataset: fo.Dataset, tmp_path: Path) -> None:
    out = tmp_path / "new"
    data = cli.run(
        ["bench-checks", dataset.name, "--rate", "0.3", "--seed", "5", "--out", str(out)]
    )
    assert json.loads((out / "bench-checks.json").read_text()) == data
    assert (out / "bench-checks.png").read_bytes().startswith(b"\x89PNG")
    assert {"faults", "clean", "before", "seed", "rate"} <= set(data)


def test_a_folder_that_cannot_be_written(dataset: fo.Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be written to"):
        cli.run(["bench-checks", dataset.name, "--fault", "tiny_mask", "--out",
                 str(tmp_path / "file" / "x")])  # fmt: skip
