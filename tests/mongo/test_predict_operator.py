"""Predicting in the App: forms, estimate, a look at the first masks, stopping."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from fiftyone.operators.executor import ExecutionContext, ExecutionError, Executor

from fiftyone_plugin import PLUGIN_NAME
from fiftyone_plugin.demo.layouts import make_gres
from fiftyone_plugin.operators.predict_masks import PredictMasks
from fiftyone_plugin.plugin_link import ensure_link
from fiftyone_plugin.predictors import PREDICTORS
from fiftyone_plugin.predictors.runner import predict
from fiftyone_plugin.reports import of_predict
from importers.ingest import import_dataset


@pytest.fixture(scope="module", autouse=True)
def plugin() -> None:
    """The plugin, found by FiftyOne where users put plugins."""
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()


@pytest.fixture
def dataset(tmp_path: Path, dataset_name: str) -> fo.Dataset:
    import_dataset("auto", make_gres(tmp_path / "published", images=5).root, dataset_name)
    return fo.load_dataset(dataset_name)


def context(dataset: fo.Dataset, **params: Any) -> ExecutionContext:
    request = {"dataset_name": dataset.name, "params": params}
    return ExecutionContext(request_params=request, executor=Executor())


def form(dataset: fo.Dataset, **params: Any) -> dict[str, Any]:
    shown = PredictMasks().resolve_input(context(dataset, **params)).to_json()
    return shown["type"]["properties"]


def run(dataset: fo.Dataset, **params: Any) -> dict[str, Any]:
    ctx = {"dataset": dataset, "params": params}
    return foo.execute_operator(f"{PLUGIN_NAME}/predict_masks", ctx).result


@pytest.mark.parametrize("name", list(PREDICTORS))
def test_each_predictor_has_a_form_of_its_own(dataset: fo.Dataset, name: str) -> None:
    shown, spec = form(dataset, predictor=name), PREDICTORS[name]
    assert list(shown["settings"]["type"]["properties"]) == list(spec.params)
    assert shown["field"]["default"] == re.sub(r"\W+", "_", name)
    assert shown["predictor"]["view"]["description"] == spec.about
    assert ("device" in shown) is bool(spec.needs)


@pytest.mark.parametrize(
    ("params", "label"),
    [
        pytest.param({}, "11 pairs to predict; how long", id="at first"),
        pytest.param({"first": 4}, "4 pairs to predict;", id="the first ones"),
        pytest.param({"field": "c", "again": "resume"}, "8 pairs to predict, about", id="the rest"),
        pytest.param({"field": "c", "again": "overwrite"}, "11 pairs to predict", id="anew"),
        pytest.param({"field": "c", "again": "stop"}, "Asks the run that fills 'c'", id="stop"),
    ],
)
def test_the_form_tells_the_work(dataset: fo.Dataset, params: dict[str, Any], label: str) -> None:
    if params.get("field"):
        predict(dataset, predictor="cues", field_name="c", limit=3)
    told = form(dataset, predictor="cues", **params)["estimate"]["view"]["label"]
    assert told.startswith(label)


def test_the_first_then_the_rest(dataset: fo.Dataset) -> None:
    first = run(dataset, predictor="cues", first=3)
    assert first["predicted"] == len(first["first"]) == 3
    rest = run(dataset, predictor="cues", again="resume")
    assert rest["predicted"] == len(dataset) - 3


def test_the_first_masks_are_opened(dataset: fo.Dataset) -> None:
    done = of_predict(predict(dataset, predictor="cues", field_name="c", limit=3))
    opened = list(PredictMasks().after(context(dataset, first=3), done))
    steps = [step.to_json()["body"] for step in opened]
    names = [step["operator_uri"].rpartition("/")[2] for step in steps]
    assert names == ["set_view", "set_active_fields"]
    assert steps[1]["params"] == {"fields": ["segmentation", "c"]}
    assert list(PredictMasks().after(context(dataset), done)) == []


def test_a_run_is_stopped_from_elsewhere(dataset: fo.Dataset) -> None:
    with pytest.raises(ExecutionError, match="no run fills field 'c'"):
        run(dataset, predictor="cues", field="c", again="stop")
    asked: list[dict[str, Any]] = []

    def ask(done: int, total: int | None) -> None:
        if done == 2:
            asked.append(run(dataset, predictor="cues", field="c", again="stop"))

    done = predict(dataset, predictor="cues", field_name="c", batch_size=2, progress=ask)
    assert done.stopped and done.predicted == 2
    assert asked[0]["stopping"] and "what it has predicted is kept" in asked[0]["report"]
