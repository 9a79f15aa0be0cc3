"""What killed processes leave is cleared by the next run, and what living ones use is not."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
from pairlens.fiftyone_plugin.metrics.runs import METHOD, score
from pairlens.fiftyone_plugin.reports import of_export
from tests.mongo.curating import load, predict
from tests.mongo.processes import ended, start
from tests.mongo.reviewing import documents

_EXPORTS = """
import sys
import fiftyone as fo
from pairlens.fiftyone_plugin.exporters import accounting
from pairlens.fiftyone_plugin.exporters.runner import export_dataset
def stop(self, folder, repo):
    print(folder, flush=True)
    sys.stdin.readline()
accounting.Accounting.write = stop
export_dataset(fo.load_dataset(sys.argv[1]), "gres", sys.argv[2], select="all")
"""

_SCORES = """
import sys
import fiftyone as fo
from pairlens.fiftyone_plugin.metrics import evaluation
from pairlens.fiftyone_plugin.metrics.runs import score
def stop(*args):
    print("registered", flush=True)
    sys.stdin.readline()
evaluation.PairLensEvaluation.evaluate_samples = stop
score(fo.load_dataset(sys.argv[1]), pred="model", key=sys.argv[2])
"""


@pytest.fixture
def dataset(dataset_name: str, tmp_path: Path) -> Any:
    made = load("gres", make_gres(tmp_path / "gres", images=3, size=64).root, dataset_name)
    predict(made, tmp_path / "model")
    return made


def test_an_unfinished_export_is_cleared_when_its_process_is_dead(
    dataset: Any, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    others = tmp_path / ".out.mine.part"
    others.mkdir()
    dead, alive = (start(_EXPORTS, dataset.name, str(out)) for _ in range(2))
    left = [Path(process.stdout.readline().strip()) for process in (dead, alive)]  # type: ignore
    assert all(folder.is_dir() and folder.name.endswith(".part") for folder in left)
    dead.send_signal(signal.SIGKILL)
    ended(dead)
    export_dataset(dataset, "gres", out, select="all")
    assert [folder.exists() for folder in left] == [False, True]
    assert others.is_dir()
    code, told = ended(alive)  # its input ends, so that it goes on
    assert code == 1 and "was taken during the export" in told
    assert sorted(p.name for p in tmp_path.glob(".*")) == [others.name]


def test_an_unfinished_export_of_an_earlier_version_is_named_and_kept(
    dataset: Any, tmp_path: Path
) -> None:
    earlier, other = tmp_path / ".out.a1b2_c3d.part", tmp_path / ".other.a1b2_c3d.part"
    for folder in (earlier, other):
        (folder / "images").mkdir(parents=True)
    done = export_dataset(dataset, "gres", tmp_path / "out", select="all")
    assert done["left"] == [str(earlier)]
    told = of_export(done).lines
    assert f"  note: {earlier} looks like an interrupted export; delete it" in told
    assert (earlier / "images").is_dir() and (other / "images").is_dir()


def test_an_unfinished_scoring_is_cleared_when_its_process_is_dead(dataset: Any) -> None:
    dead, alive = (start(_SCORES, dataset.name, key) for key in ("dead", "alive"))
    for process in (dead, alive):
        assert process.stdout is not None and process.stdout.readline() == "registered\n"
    dead.send_signal(signal.SIGKILL)
    ended(dead)
    dataset.reload()
    assert set(dataset.list_evaluations(method=METHOD)) == {"dead", "alive"}
    score(dataset, pred="model", key="mine")
    dataset.reload()
    assert set(dataset.list_evaluations(method=METHOD)) == {"alive", "mine"}
    assert not dataset.has_field("dead_iou") and dataset.has_field("alive_iou")
    alive.kill()
    ended(alive)
    score(dataset, pred="model", key="mine")
    assert dataset.list_evaluations(method=METHOD) == ["mine"]
    assert all(d["mine_iou"] is not None for d in documents(dataset).values())
