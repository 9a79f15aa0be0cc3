"""Steps with worker processes: the same as without, and what cannot be is said."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fiftyone as fo
import pytest

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.predictors import PREDICTORS, PredictorSpec
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.ingest import ImportOptions, import_dataset
from tests.mongo.comparing import contents
from tests.mongo.without_weights import without_weights


@pytest.fixture(scope="module")
def imported(shared_name: str, tmp_path_factory: pytest.TempPathFactory) -> fo.Dataset:
    root = make_gres(tmp_path_factory.mktemp("engines") / "published", images=6, size=128).root
    import_dataset("auto", root, shared_name, ImportOptions(workers=1))
    return fo.load_dataset(shared_name)


def test_processes_do_the_same(imported: fo.Dataset, dataset_name: str) -> None:
    here, there = imported.clone(dataset_name), imported.clone(f"{dataset_name}-p")
    told: list[list[Any]] = []
    processes: dict[str, Any] = {"engine": "processes", "workers": 2}
    for dataset, engine in ((here, {}), (there, processes)):
        done = predict(dataset, predictor="cues", field_name="cues", batch_size=3, **engine)
        scored = score(dataset, pred="cues", key="s", **engine)
        flagged = flag(dataset, predictions=["cues"], **engine)
        told.append([done.predicted, done.notes, scored.gIoU, flagged.findings, flagged.notes])
        assert done.predicted == len(imported)
        assert flagged.images_read == 6
    assert told[0] == told[1]
    assert contents(here) == contents(there)


@pytest.fixture
def broken() -> Iterator[str]:
    PREDICTORS.add("broken", PredictorSpec("broken", "For tests.", without_weights))
    yield "broken"
    del PREDICTORS._things["broken"]


@pytest.fixture
def nameless() -> Iterator[str]:
    spec = PredictorSpec("nameless", "For tests.", lambda settings, device: None)  # type: ignore[arg-type,return-value]
    PREDICTORS.add("nameless", spec)
    yield "nameless"
    del PREDICTORS._things["nameless"]


def test_a_worker_that_cannot_load_ends_the_run(imported: fo.Dataset, broken: str) -> None:
    words = "a worker cannot load predictor broken .KeyError: 'weights'."
    with pytest.raises(StateError, match=words):
        predict(imported, predictor=broken, field_name="m", engine="processes", workers=1)
    assert not imported.has_field("m")


def test_what_cannot_be_sent_to_processes_is_told(imported: fo.Dataset, nameless: str) -> None:
    with pytest.raises(UsageError, match="predictor nameless cannot be sent to the workers"):
        predict(imported, predictor=nameless, field_name="m", engine="processes", workers=1)
    assert not imported.has_field("m")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"workers": 2}, "one predictor runs in this process; --workers needs --engine"),
        ({"engine": "threads", "workers": 2}, "one predictor runs in this process"),
        ({"engine": "steam"}, "no engine 'steam'; known: threads, processes, ray"),
        ({"engine": "processes", "workers": 0}, "0 workers can do nothing"),
        ({"engine": "processes", "workers": 10**5}, "are too many for the .* cores of this"),
        ({"engine": "ray", "workers": 10**5}, "are too many for the .* cores of this machine"),
        ({"ray_address": "h:1"}, "--ray-address h:1 belongs to --engine ray"),
    ],
)
def test_engines_that_cannot_be_had(imported: fo.Dataset, given: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        predict(imported, predictor="cues", field_name="m", **given)
    assert not imported.has_field("m")
    if "one predictor" not in words:
        for step in (flag, lambda *a, **k: score(*a, pred="segmentation", key="s", **k)):
            with pytest.raises(UsageError, match=words):
                step(imported, **given)  # type: ignore[operator]


def test_the_command_line_takes_an_engine(
    imported: fo.Dataset, dataset_name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from pairlens.fiftyone_plugin.cli import main

    dataset = imported.clone(dataset_name)
    at = [dataset_name, "--engine", "processes", "--workers", "1"]
    assert main(["predict", *at, "--predictor", "cues", "--field", "cues"]) == 0
    assert len(dataset.exists("cues")) == len(imported)
    assert main(["flag", dataset_name, "--ray-address", "h:1"]) == 2
    assert "--ray-address h:1 belongs to --engine ray" in capsys.readouterr().err
