"""The six operators through ``foo.execute_operator``, on real data in a real database."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from fiftyone.operators.delegated import DelegatedOperationService
from fiftyone.operators.executor import ExecutionContext, ExecutionError, Executor

from pairlens.fiftyone_plugin import PLUGIN_NAME
from pairlens.fiftyone_plugin.app_settings import FOLDER_VARIABLE
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.exporters import CONVERTERS
from pairlens.fiftyone_plugin.operators import OPERATORS
from pairlens.fiftyone_plugin.operators.base import PairOperator, fenced
from pairlens.fiftyone_plugin.operators.export_subset import ExportSubset
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.importers import fields
from pairlens.importers.formats import FORMATS
from pairlens.importers.ingest import import_dataset
from tests.layouts import PUBLISHED
from tests.mongo.exporting import data_files, files


@pytest.fixture(scope="module", autouse=True)
def plugin() -> None:
    """The plugin, found by FiftyOne where users put plugins."""
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("operators") / "published", images=5).root


@pytest.fixture(scope="module")
def imported(root: Path, shared_name: str) -> fo.Dataset:
    """Imported once: nothing changes it or its files."""
    import_dataset("auto", root, shared_name)
    return fo.load_dataset(shared_name)


@pytest.fixture
def dataset(imported: fo.Dataset, dataset_name: str) -> fo.Dataset:
    return imported.clone(dataset_name)


def run(name_: str, dataset: Any = None, /, **params: Any) -> dict[str, Any]:
    ctx = {"dataset": dataset, "params": params} if dataset is not None else {"params": params}
    return foo.execute_operator(f"{PLUGIN_NAME}/{name_}", ctx).result


# ----------------------------------------------------------------------------- must not


def test_operators_called_with_a_view_work_on_that(dataset: Any, tmp_path: Path) -> None:
    called = {name: foo.get_operator(f"{PLUGIN_NAME}/{name}") for name in
              ("flag_pairs", "review_pairs", "export_subset")}  # fmt: skip
    keys = sorted(dataset.values("key"))[:3]
    view = dataset.select_by("key", keys).exclude_fields("segmentation")
    assert called["flag_pairs"](view)["pairs"] == 3
    assert called["review_pairs"](view, action="status")["pending"] == 3
    done = called["export_subset"](view, out=str(tmp_path / "out"), format="coco", select="all")
    assert (done["exported"], done["dropped"]) == (3, len(dataset) - 3)
    grouped = dataset.group_by("image_id")
    assert called["review_pairs"](grouped, action="status")["pending"] == len(dataset)
    assert called["flag_pairs"](grouped)["pairs"] == len(dataset)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda o: o.step.operator)
def test_none_is_taken_for_dangerous_by_default(operator: type[PairOperator]) -> None:
    assert operator.risk.value in ("low", "medium", "high")


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        pytest.param("import_dataset", {"name": "x"}, "Path: root. Reason: Required", id="import"),
        pytest.param(
            "predict_masks", {"predictor": "nope"}, "Path: predictor. Reason: Invalid", id="predict"
        ),
        pytest.param("score_pairs", {"pred": "nope", "key": "k"}, "Path: none", id="score"),
        pytest.param("flag_pairs", {"checks": ["nope"]}, "no check 'nope'", id="flag"),
        pytest.param("review_pairs", {"verdict": "keep"}, "Path: none", id="review"),
        pytest.param(
            "review_pairs",
            {"action": "burn"},
            "Path: action. Reason: Invalid enum value",
            id="action",
        ),
        pytest.param("export_subset", {}, "Path: out. Reason: Required", id="export"),
    ],
)
def test_a_wrong_call_says_why(
    dataset: fo.Dataset, name: str, params: dict[str, Any], words: str
) -> None:
    before = list(dataset._sample_collection.find())
    with pytest.raises(ExecutionError, match=words):
        run(name, dataset, **params)
    assert list(dataset._sample_collection.find()) == before


OF_OURS = [o.step.operator for o in OPERATORS if o.step.on_dataset and not o.step.foreign]


@pytest.mark.parametrize("name", OF_OURS)
def test_a_dataset_of_others_gets_a_warning_for_a_form(name: str, dataset_name: str) -> None:
    foreign = fo.Dataset(dataset_name)
    operator = next(o for o in OPERATORS if o.step.operator == name)()
    form = operator.resolve_input(context(foreign)).to_json()
    assert list(form["type"]["properties"]) == ["unsuitable"]
    assert form["type"]["properties"]["unsuitable"]["invalid"]


# --------------------------------------------------------------------------------- forms


def context(dataset: fo.Dataset | None, **params: Any) -> ExecutionContext:
    request = {"dataset_name": dataset.name if dataset is not None else None, "params": params}
    return ExecutionContext(request_params=request, executor=Executor())


def properties(operator: type[PairOperator], dataset: fo.Dataset, **params: Any) -> dict:
    return operator().resolve_input(context(dataset, **params)).to_json()["type"]["properties"]


def test_forms_have_what_the_commands_have(dataset: fo.Dataset) -> None:
    by_name = {o.step.operator: o for o in OPERATORS}
    form = properties(by_name["import_dataset"], dataset)
    assert {"format", "root", "name", "splits", "placeholders", "limit", "again"} <= set(form)
    assert [c["value"] for c in form["format"]["view"]["choices"]] == ["auto", *FORMATS]
    assert "settings" not in form
    form = properties(by_name["import_dataset"], dataset, format="rsgpt4v")
    settings = [param.name for param in FORMATS["rsgpt4v"].all_params]
    assert "boxes" in settings and "orientation" in settings
    assert list(form["settings"]["type"]["properties"]) == settings
    form = properties(by_name["predict_masks"], dataset, predictor="results")
    assert "path" in form["settings"]["type"]["properties"]
    assert form["predictor"]["view"]["choices"][0]["value"] == "cues"
    assert "none" in properties(by_name["score_pairs"], dataset)
    form = properties(by_name["flag_pairs"], dataset, tune=True, checks=["tiny_mask"])
    thresholds = form["params"]["type"]["properties"]
    assert list(thresholds) == ["tiny_mask"]
    assert thresholds["tiny_mask"]["type"]["properties"]["min_area"]["default"] == 16
    assert "none" in properties(by_name["review_pairs"], dataset)
    form = properties(by_name["export_subset"], dataset)
    assert [c["value"] for c in form["format"]["view"]["choices"]] == ["gres", *CONVERTERS]
    assert form["format"]["default"] == "gres"
    assert {"kept", "clean", "all", "tag:train"} <= {
        c["value"] for c in form["select"]["view"]["choices"]
    }


# ------------------------------------------------------------------------------- the work


def test_all_six_in_their_order(root: Path, dataset_name: str, tmp_path: Path) -> None:
    done = run("import_dataset", format="auto", root=str(root), name=dataset_name)
    assert done["samples"] == 11 and "Imported 11 pairs" in done["report"]
    dataset = fo.load_dataset(dataset_name)
    done = run("predict_masks", dataset, predictor="cues", field="cues")
    assert (done["predicted"], done["failed"]) == (11, 0)
    assert dataset.exists("cues").count() == 11
    done = run("score_pairs", dataset, pred="cues", key="cues", convention="lisat")
    assert done["pairs"] == 11 and dataset.exists("cues_iou").count() == 11
    assert done["gIoU"] == pytest.approx(dataset.mean("cues_iou"))
    done = run("flag_pairs", dataset, predictions=["cues"])
    assert done["pairs"] == 11 and dataset.exists(fields.QUALITY).count() == 11
    key = dataset.first()[fields.KEY]
    done = run("review_pairs", dataset, action="set", keys=[key], verdict="drop", note="why not")
    assert (done["drop"], done["pending"]) == (1, 10)
    assert dataset.one(fo.ViewField(fields.KEY) == key)[fields.REVIEW_NOTE] == "why not"
    out = tmp_path / "cleaned"
    done = run("export_subset", dataset, out=str(out), select="clean")
    assert (done["exported"], done["dropped"]) == (10, 1)
    assert json.loads((out / "manifest.json").read_text())["counts"]["exported"] == 10


@pytest.mark.parametrize("name", list(PUBLISHED))
def test_every_format_comes_in_and_goes_out(name: str, dataset_name: str, tmp_path: Path) -> None:
    root = PUBLISHED[name].make(tmp_path / "published")
    packed = shutil.make_archive(str(tmp_path / "packed"), "zip", root)
    done = run("import_dataset", format=name, root=packed, name=dataset_name)
    assert (done["format"], done["skipped_total"]) == (name, 0)
    dataset = fo.load_dataset(dataset_name)
    run("export_subset", dataset, out=str(tmp_path / "own"), select="all")
    assert data_files(tmp_path / "own") == files(root)
    done = run("export_subset", dataset, out=str(tmp_path / "coco"), select="all", format="coco")
    assert (done["format"], done["exported"]) == ("coco", len(dataset))
    assert list((tmp_path / "coco" / "annotations").glob("*.json"))


def test_settings_of_a_format_arrive(dataset_name: str, tmp_path: Path) -> None:
    root = PUBLISHED["pregres"].make(tmp_path / "published")
    wrong = {"format": "pregres", "root": str(root), "name": dataset_name}
    with pytest.raises(ExecutionError, match="give one of auto, unit"):
        run("import_dataset", **wrong, settings={"boxes": "feet"})
    assert not fo.dataset_exists(dataset_name)
    run("import_dataset", **wrong, settings={"boxes": "none"})
    assert fo.load_dataset(dataset_name).count("boxes.detections") == 0


def test_review_acts_on_what_is_selected(dataset: fo.Dataset) -> None:
    ids = dataset.values("id")[:3]
    uri = f"{PLUGIN_NAME}/review_pairs"
    params = {"action": "set", "verdict": "unsure"}
    foo.execute_operator(uri, {"dataset": dataset, "selected": ids, "params": params})
    assert dataset.select(ids).values(fields.VERDICT) == ["unsure"] * 3
    assert dataset.count_values(fields.VERDICT) == {"unsure": 3, None: 8}
    done = run("review_pairs", dataset, action="undo")
    assert done["pending"] == 11 and "3 verdicts undone" in done["report"]


def test_decisions_travel_through_the_operator(dataset: fo.Dataset, tmp_path: Path) -> None:
    key = dataset.first()[fields.KEY]
    run("review_pairs", dataset, action="set", keys=[key], verdict="drop")
    file = str(tmp_path / "decisions.jsonl")
    assert run("review_pairs", dataset, action="dump", file=file)["dumped"] == 1
    run("review_pairs", dataset, action="undo")
    assert run("review_pairs", dataset, action="apply", file=file)["applied"] == 1
    assert run("review_pairs", dataset, action="status")["drop"] == 1


def test_operators_are_python_functions(dataset: fo.Dataset) -> None:
    flag = foo.get_operator(f"{PLUGIN_NAME}/flag_pairs")
    view = dataset.match_tags("train")
    assert flag(view, checks=["tiny_mask"])["pairs"] == len(view) < len(dataset)


@pytest.mark.parametrize(
    ("name", "params", "done"),
    [
        pytest.param("flag_pairs", {}, "Checked 11 pairs", id="flag"),
        pytest.param("predict_masks", {"predictor": "cues"}, "cues predicted 11 masks", id="cues"),
    ],
)
def test_long_work_can_be_delegated(
    dataset: fo.Dataset,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    params: dict[str, Any],
    done: str,
) -> None:
    monkeypatch.setattr(fo.config, "allow_legacy_orchestrators", True)
    uri = f"{PLUGIN_NAME}/{name}"
    foo.execute_operator(uri, {"dataset": dataset, "params": params}, request_delegation=True)
    service = DelegatedOperationService()
    service.execute_queued_operations(operator=uri, dataset_name=dataset.name)
    finished = service.list_operations(operator=uri, dataset_name=dataset.name)
    assert [operation.run_state for operation in finished] == ["completed"]
    assert done in finished[0].result.result["report"]


def test_in_the_app_an_operator_streams_progress_and_a_result(dataset: fo.Dataset) -> None:
    operator = next(o for o in OPERATORS if o.step.operator == "flag_pairs")()
    ctx = context(dataset)
    ctx.request_params["operator_uri"] = f"{PLUGIN_NAME}/flag_pairs"
    stream = operator.execute(ctx)
    assert isinstance(stream, Iterator)
    messages = [message.to_json() for message in stream]
    names = [m["body"]["operator_uri"] for m in messages]
    assert names[0].endswith("set_progress") and names[-1].endswith("show_output")
    assert "Checked 11 pairs" in messages[-1]["body"]["params"]["results"]["report"]


def ask_to_export(dataset: fo.Dataset, out: str) -> str:
    """Exports as the App's form does; gives what is told in the end."""
    operator = ExportSubset()
    ctx = context(dataset, format="gres", select="all", out=out)
    ctx.request_params["operator_uri"] = f"{PLUGIN_NAME}/export_subset"
    messages = [message.to_json() for message in operator.execute(ctx)]
    return messages[-1]["body"]["params"]["results"]["report"]


def test_a_relative_path_in_a_form_is_refused_where_its_folder_is_not_known(
    dataset: fo.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    assert "relative path" in ask_to_export(dataset, "cleaned")
    assert not (tmp_path / "cleaned").exists()


@pytest.mark.parametrize("folder", [".", "kept/here"])
def test_a_relative_path_in_a_form_is_meant_from_where_the_app_was_opened(
    dataset: fo.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, folder: str
) -> None:
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / folder))
    assert str(tmp_path / folder / "cleaned") in ask_to_export(dataset, "cleaned")
    assert (tmp_path / folder / "cleaned" / "manifest.json").is_file()


@pytest.mark.parametrize("select", ["clean", "kept", "all", "tag:mine", "view:few"])
def test_the_form_of_an_export_tells_what_the_export_then_does(
    dataset: fo.Dataset, tmp_path: Path, select: str
) -> None:
    dataset[:4].tag_samples("mine")
    dataset.save_view("few", dataset[2:5])
    keys = sorted(dataset.values("key"))
    run("flag_pairs", dataset)
    run("review_pairs", dataset, action="set", keys=keys[:3], verdict="drop")
    run("review_pairs", dataset, action="set", keys=keys[3:5], verdict="keep")
    notice = properties(ExportSubset, dataset, select=select)["counts"]["view"]["label"]
    done = run("export_subset", dataset, out=str(tmp_path / "o"), format="gres", select=select)
    written, left_out = done["exported"], done["dropped"]
    assert notice == f"Writes {written} pairs and leaves out {left_out}"


def test_no_text_of_a_dataset_becomes_markup() -> None:
    hostile = "![](http://x/y.png)\n```\n````\n[a](http://x)\n<script>"
    block = fenced(hostile).splitlines()
    assert block[0] == "`````" and block[-1] == "`````"
    assert block[1:-1] == hostile.splitlines()


def test_in_the_app_a_failure_is_a_sentence(dataset: fo.Dataset) -> None:
    operator = next(o for o in OPERATORS if o.step.operator == "flag_pairs")()
    ctx = context(dataset, checks=["nope"])
    ctx.request_params["operator_uri"] = f"{PLUGIN_NAME}/flag_pairs"
    messages = [message.to_json() for message in operator.execute(ctx)]
    assert "no check 'nope'" in messages[-1]["body"]["params"]["results"]["report"]
