"""Predicting in the App: forms, estimate, a look at the first masks, stopping."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from fiftyone.operators.delegated import DelegatedOperationService
from fiftyone.operators.executor import ExecutionContext, ExecutionError, Executor

from pairlens.fiftyone_plugin import PLUGIN_NAME
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.operators.predict_masks import PredictMasks
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.fiftyone_plugin.predictors import PREDICTORS
from pairlens.fiftyone_plugin.predictors.runner import predict
from pairlens.fiftyone_plugin.reports import of_predict
from pairlens.importers.ingest import import_dataset


@pytest.fixture(scope="module", autouse=True)
def plugin() -> None:
    """The plugin, found by FiftyOne where users put plugins."""
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()


@pytest.fixture(scope="module")
def imported(shared_name: str, tmp_path_factory: pytest.TempPathFactory) -> fo.Dataset:
    """Imported once: nothing changes it or its files."""
    root = make_gres(tmp_path_factory.mktemp("predict") / "published", images=5).root
    import_dataset("auto", root, shared_name)
    return fo.load_dataset(shared_name)


@pytest.fixture
def dataset(imported: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return imported.clone(dataset_name)


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


def names_of(steps: Iterable[Any]) -> list[str]:
    return [step.to_json()["body"]["operator_uri"].rpartition("/")[2] for step in steps]


def watched(dataset: fo.Dataset, **params: Any) -> list[Any]:
    """What the App is sent while it waits for a run."""
    request = {
        "dataset_name": dataset.name,
        "operator_uri": f"{PLUGIN_NAME}/predict_masks",
        "params": params,
    }
    ctx = ExecutionContext(request_params=request, executor=Executor())
    return list(PredictMasks().execute(ctx))


def test_the_first_masks_are_shown_while_the_run_goes_on(dataset: fo.Dataset) -> None:
    steps = watched(dataset, predictor="cues", field="c", batch_size=2)
    names = names_of(steps)
    look = names.index("set_view")
    assert names[look - 1 : look + 2] == ["reload_dataset", "set_view", "set_active_fields"]
    (select,) = steps[look].to_json()["body"]["params"]["view"]
    assert len(dict(select["kwargs"])["sample_ids"]) == 2
    # Progress that is overtaken within a moment is not sent: a quick run can end without any.
    assert set(names[look + 2 : -3]) <= {"set_progress"}
    assert names[-3:] == ["reload_dataset", "set_view", "show_output"]
    assert steps[-2].to_json()["body"]["params"]["view"] == []  # where it began


def test_a_run_that_is_not_to_be_looked_at_shows_its_progress_alone(dataset: fo.Dataset) -> None:
    names = names_of(watched(dataset, predictor="cues", field="c", preview=False))
    assert set(names[:-2]) == {"set_progress"} and names[-2:] == ["reload_dataset", "show_output"]


def test_a_run_is_delegated(dataset: fo.Dataset) -> None:
    service = DelegatedOperationService()
    queued = foo.execute_operator(
        f"{PLUGIN_NAME}/predict_masks",
        {"dataset": dataset, "params": {"predictor": "cues", "field": "c"}},
        request_delegation=True,
    )
    assert not dataset.has_field("c")
    (operation,) = service.list_operations(dataset_name=dataset.name)
    done = service.execute_operation(operation)
    assert done.error is None and done.result["predicted"] == len(dataset)
    state = service.get(operation.id)
    assert state.run_state == "completed" and state.status.progress == 1
    dataset.reload()
    assert dataset.exists("c").count() == len(dataset)
    assert queued is not None


def test_the_first_masks_are_opened(dataset: fo.Dataset) -> None:
    done = of_predict(predict(dataset, predictor="cues", field_name="c", limit=3))
    opened = list(PredictMasks().after(context(dataset, first=3, field="c"), done))
    assert names_of(opened) == ["set_view", "set_active_fields"]
    (shown,) = opened[1].to_json()["body"]["params"].values()
    assert shown == [*dataset.app_config.active_fields.paths, "c"]
    assert {"phrase", "findings", "segmentation"} < {*shown}
    ticked = context(dataset, first=3, field="c")
    ticked.request_params["active_fields"] = ["segmentation", "quality"]
    _, ticks = PredictMasks().after(ticked, done)
    assert ticks.to_json()["body"]["params"] == {"fields": ["segmentation", "quality", "c"]}
    assert names_of(PredictMasks().after(context(dataset), done)) == ["set_view"]
    assert names_of(PredictMasks().after(context(dataset, preview=False), done)) == []


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
