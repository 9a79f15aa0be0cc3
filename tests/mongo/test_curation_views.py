"""What the panels show, counted and read in a real database, and what they call."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import fiftyone as fo
import fiftyone.operators as foo
import numpy as np
import pytest
from fiftyone import ViewField as F

from pairlens.fiftyone_plugin import PLUGIN_NAME, cli
from pairlens.fiftyone_plugin.curation import sessions, summary, undoing, verdict_counts, verdicts
from pairlens.fiftyone_plugin.curation.evidence import pair_view, views_ahead
from pairlens.fiftyone_plugin.curation.summary import overview
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.importers import schema
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.rle import decode_rle, encode_rle
from tests.mongo.curating import flagged, ids, load, mask_of, plant, predict
from tests.mongo.reviewing import documents, keys

HOSTILE = "<img src=x onerror=alert(1)> ![](http://x/y.png) [a](javascript:b) </script>"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_gres(tmp_path_factory.mktemp("gres") / "gres", images=6, size=256).root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    return load("gres", source, dataset_name)


@pytest.fixture(scope="module")
def scored(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """For tests that only look."""
    name = f"test-{uuid4().hex[:12]}"
    dataset = load("gres", source, name)
    predict(dataset, tmp_path_factory.mktemp("model"))
    score(dataset, pred="model", key="first")
    every = flagged(dataset)
    verdicts.set_verdicts(dataset, [verdicts.Verdict(k, "keep") for k in every[:2]], reviewer="ann")
    verdicts.judge(dataset, every[2], "drop", reviewer="bob:the $best")
    yield dataset
    fo.delete_dataset(name)


# ------------------------------------------------------------------------------ overview


def test_what_is_no_overview_is_refused(scored: Any, dataset_name: str) -> None:
    with pytest.raises(UsageError, match="no scoring 'nope'; known: first"):
        overview(scored, eval_key="nope")
    with pytest.raises(UsageError, match="0 bars"):
        overview(scored, bins=0)
    with pytest.raises(StateError, match="not imported"):
        overview(fo.Dataset(dataset_name))


@pytest.mark.parametrize(
    "bar",
    ["", "nope:a", "check:", "severity:fatal", "verdict:perhaps", "session:nope", "range:quality",
     "range:quality:a:b", "range:phrase:0:1", "range:nope_iou:0:1", "range:quality:0:1:2"],
)  # fmt: skip
def test_what_is_no_bar_is_refused(scored: Any, bar: str) -> None:
    with pytest.raises(UsageError):
        summary.view_of(scored, bar)


def test_an_untouched_dataset_has_an_overview(dataset: Any) -> None:
    found = overview(dataset)
    assert (found["pairs"], found["flagged"], found["findings"]) == (len(dataset), 0, [])
    assert found["histogram"]["none"] == len(dataset)
    assert found["verdicts"][0] == {
        "verdict": "pending", "pairs": len(dataset), "bar": "verdict:pending"
    }  # fmt: skip
    assert (found["reviewers"], found["sessions"], found["evaluations"]) == ([], [], [])
    json.dumps(found)


@pytest.mark.parametrize("key", [None, "first"])
def test_every_bar_counts_the_pairs_that_its_view_shows(scored: Any, key: str | None) -> None:
    found = overview(scored, eval_key=key, bins=7)
    shown = [
        *found["severities"], *found["findings"], *found["verdicts"], *found["reviewers"],
        *found["splits"], *found["histogram"]["bars"],
        {"pairs": found["flagged"], "bar": "flagged"}, {"pairs": found["pairs"], "bar": "all"},
    ]  # fmt: skip
    assert {one["bar"]: one["pairs"] for one in shown} == {
        one["bar"]: summary.view_of(scored, one["bar"]).count() for one in shown
    }
    assert found["pairs"] == len(scored) and found["flagged"] == 6
    assert found["images"] == len(scored.distinct("image_id"))
    histogram = found["histogram"]
    assert sum(one["pairs"] for one in histogram["bars"]) + histogram["none"] == len(scored)
    assert histogram["field"] == ("quality" if key is None else "first_iou")
    assert [(one["reviewer"], one["pairs"]) for one in found["reviewers"]] == [
        ("ann", 2), ("bob:the $best", 1)
    ]  # fmt: skip
    assert found["evaluations"] == [
        {"key": "first", "pred": "model", "gt": "segmentation", "convention": "rmsin"}
    ]


def test_an_overview_can_be_of_a_view(scored: Any) -> None:
    view = scored.match(F("verdict") == "keep")
    found = overview(scored, view)
    assert (found["pairs"], found["flagged"]) == (2, 2)
    for one in found["verdicts"]:
        assert summary.view_of(scored, one["bar"], view=view).count() == one["pairs"]


def test_bars_show_the_worst_first(dataset: Any) -> None:
    order = flagged(dataset)
    assert summary.view_of(dataset, "flagged").values("key") == order
    assert summary.view_of(dataset, "all").values("key")[:6] == order
    a, b = keys(dataset)[:2]
    plant(dataset, {
        a: [("tiny_mask", "warning", 0.4), ("low_iou", "error", 0.0)],
        b: [("tiny_mask", "warning", 0.2)],
    })  # fmt: skip
    assert summary.view_of(dataset, "flagged").values("key") == [a, b]
    assert summary.view_of(dataset, "check:tiny_mask").values("key") == [a, b]
    name = sessions.start(dataset, reviewer="ann")["id"]
    judge(dataset, a, "keep", session=name)
    assert summary.view_of(dataset, f"session:{name}").values("key") == [b]


# ------------------------------------------------------------------------------ one pair


def test_a_pair_that_is_none_is_refused(scored: Any) -> None:
    for pair in ("nope", "0" * 24):
        with pytest.raises(UsageError):
            pair_view(scored, pair)
    with pytest.raises(UsageError, match="no session"):
        pair_view(scored, keys(scored)[0], session="nope")


def test_a_pair_is_told_whole(scored: Any) -> None:
    key = next(k for k in keys(scored) if documents(scored)[k].get("verdict") == "drop")
    document = documents(scored)[key]
    seen = pair_view(scored, str(document["_id"]))
    assert seen == json.loads(json.dumps(seen))
    assert (seen["key"], seen["phrase"]) == (key, document["phrase"])
    assert seen["image"]["path"] == document["filepath"]
    [finding] = seen["findings"]
    stored = document["findings"]["classifications"][0]
    assert (finding["check"], finding["note"]) == (stored["label"], stored["note"])
    assert [one["role"] for one in seen["masks"]] == ["truth", "prediction"]
    assert seen["masks"][1]["iou"] == document["first_iou"]
    assert seen["masks"][1]["eval_key"] == "first"
    assert sum(one["current"] for one in seen["siblings"]) == 1
    assert {one["key"].split("#")[0] for one in seen["siblings"]} == {key.split("#")[0]}
    assert (seen["review"]["verdict"], seen["review"]["reviewer"]) == ("drop", "bob:the $best")
    assert seen["review"]["reviewed_at"].endswith("Z")
    assert [(e["verdict"], e["was"], e["kind"]) for e in seen["history"]] == [("drop", None, "set")]
    assert (seen["session"], seen["can_undo"], seen["can_redo"]) == (None, True, False)


def test_texts_come_out_as_they_are(dataset: Any) -> None:
    key = flagged(dataset)[0]
    where = {"key": key}
    dataset._sample_collection.update_one(
        where, {"$set": {"phrase": HOSTILE, "findings.classifications.0.note": HOSTILE}}
    )
    judge(dataset, key, "unsure", note=HOSTILE, reviewer=HOSTILE)
    seen = pair_view(dataset, key)
    assert seen["phrase"] == seen["findings"][0]["note"] == seen["review"]["note"] == HOSTILE
    assert [one["phrase"] for one in seen["siblings"] if one["current"]] == [HOSTILE]
    assert overview(dataset)["reviewers"][0]["reviewer"] == HOSTILE


def test_the_next_groups_are_sent_ahead(dataset: Any) -> None:
    pairs = flagged(dataset)
    name = sessions.start(dataset)["id"]
    judge(dataset, pairs[1], "keep", session=name)
    dataset.delete_samples([ids(dataset)[pairs[2]]])

    def ahead(after: str, *skip: str, most: int = 3) -> list[str]:
        passed = [ids(dataset)[key] for key in skip]
        after = ids(dataset)[after]
        found = views_ahead(dataset, name, reviewer="ann", after=after, skip=passed, most=most)
        return [one["key"] for one in found]

    # The pair that was judged is passed over, and so is the deleted one.
    assert ahead(pairs[0], pairs[0]) == pairs[3:6]
    assert ahead(pairs[0], pairs[0], pairs[4], most=2) == [pairs[3], pairs[5]]
    assert ahead(pairs[5], pairs[5]) == [pairs[0], pairs[3], pairs[4]]
    assert ahead(pairs[0], pairs[0], *pairs[3:]) == []


# ---------------------------------------------------------------------- operators, commands


@pytest.fixture(scope="module", autouse=True)
def plugin() -> None:
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()


def call(name_: str, dataset: Any, /, **params: Any) -> dict[str, Any]:
    ctx = {"dataset": dataset, "params": params}
    result = foo.execute_operator(f"{PLUGIN_NAME}/{name_}", ctx).result
    return json.loads(json.dumps(result))


def decision(pair: dict[str, Any], **given: Any) -> dict[str, Any]:
    """A verdict on a pair as the panel sends it."""
    named = {"sample_id": pair["sample_id"], "key": pair["key"], "seen": pair["version"]}
    return named | given


@pytest.mark.parametrize(
    ("name", "params", "kind", "words"),
    [
        pytest.param("pair_view", {}, "usage", "no pair is named", id="no pair"),
        pytest.param("judge_pairs", {}, "usage", "no pair is named", id="no decision"),
        pytest.param(
            "judge_pairs", {"decisions": [{"key": "x", "verdict": "keep"}]}, "usage",
            "sample_id is missing", id="no sample",
        ),
        pytest.param("pairs_ahead", {}, "usage", "session is missing", id="ahead of nothing"),
        pytest.param("move_pair", {}, "usage", "session is missing", id="no session"),
        pytest.param("curation_session", {"do": "burn"}, "usage", "session is missing", id="do"),
        pytest.param(
            "curation_session", {"do": "start"}, "usage", "no pair without", id="nothing"
        ),
        pytest.param(
            "curation_session", {"do": "start", "limit": 1.5}, "usage", "whole number", id="limit"
        ),
        pytest.param("edit_mask", {"key": "KEY", "do": "x"}, "usage", "no way to edit", id="edit"),
        pytest.param(
            "mask_to_paint", {"key": "KEY", "source": "phrase"}, "usage", "holds no masks",
            id="paint",
        ),
        pytest.param("curation_overview", {"eval_key": "x"}, "usage", "no scoring", id="scoring"),
    ],
)  # fmt: skip
def test_a_wrong_call_of_a_panel_is_answered(
    dataset: Any, name: str, params: dict[str, Any], kind: str, words: str
) -> None:
    key = keys(dataset)[0]
    before = documents(dataset)
    answer = call(name, dataset, **{k: key if v == "KEY" else v for k, v in params.items()})
    assert (answer["ok"], answer["kind"]) == (False, kind)
    assert words in answer["message"]
    assert documents(dataset) == before


def test_a_dataset_of_another_kind_is_answered(dataset_name: str) -> None:
    answer = call("curation_overview", fo.Dataset(dataset_name))
    assert (answer["ok"], answer["kind"]) == (False, "state")


def test_a_whole_session_through_the_calls_of_the_panels(dataset: Any) -> None:
    pairs = flagged(dataset)
    started = call("curation_session", dataset, do="start", name="monday", reviewer="ann")
    assert started["session"]["pairs"] == 6
    here = call("move_pair", dataset, session="monday", to="resume", reviewer="ann")
    assert (here["item"]["key"], here["pair"]["session"]["position"]) == (pairs[0], 0)
    given = {"session": "monday", "reviewer": "ann"}
    first = decision(here["pair"], verdict="drop", note="no")
    done = call("judge_pairs", dataset, **given, decisions=[first], at=ids(dataset)[pairs[1]])
    assert [(one["key"], one["verdict"]) for one in done["judged"]] == [(pairs[0], "drop")]
    assert (done["progress"]["judged"], done["progress"]["position"]) == (1, 1)
    late = given | {"reviewer": "bob"}
    told = call("judge_pairs", dataset, **late, decisions=[first | {"verdict": "keep"}])
    assert (told["ok"], told["kind"], told["conflict"]["reviewer"]) == (False, "conflict", "ann")
    second = call("pair_view", dataset, key=pairs[1])["pair"]
    other = decision(second, verdict="keep", key=pairs[2])
    told = call("judge_pairs", dataset, **given, decisions=[other])
    assert (told["ok"], told["kind"]) == (False, "usage")
    assert pairs[2] in told["message"] and pairs[1] in told["message"]
    assert documents(dataset)[pairs[1]].get("verdict") is None
    call("judge_pairs", dataset, **given, decisions=[decision(second, verdict="keep")])
    back = call("undo_pair", dataset, session="monday")
    assert (back["pair"]["key"], back["pair"]["review"]["verdict"]) == (pairs[1], None)
    assert call("undo_pair", dataset, session="monday", redo=True)["undone"]["keys"] == [pairs[1]]
    made = call("edit_mask", dataset, key=pairs[2])
    assert made["field"] == "segmentation_edit"
    assert call("pair_view", dataset, key=pairs[2])["pair"]["review"]["editable"]
    start = call("mask_to_paint", dataset, key=pairs[2])["mask"]
    assert np.array_equal(decode_rle(start["target"]), mask_of(dataset, pairs[2]) == 1)
    third = call("pair_view", dataset, key=pairs[2])["pair"]
    painted = encode_rle(np.eye(256, dtype=np.uint8))
    done = call("judge_pairs", dataset, decisions=[decision(third, verdict="fix", painted=painted)])
    assert [one["verdict"] for one in done["judged"]] == ["fix"]
    assert np.array_equal(mask_of(dataset, pairs[2]), np.eye(256))
    listed = call("curation_session", dataset)["sessions"]
    assert [(one["name"], one["judged"]) for one in listed] == [("monday", 2)]
    finished = call("curation_session", dataset, do="finish", session="monday")
    assert finished["session"]["finished"]
    assert call("curation_overview", dataset)["overview"]["sessions"][0]["judged"] == 2


def test_queries_that_share_a_replaced_mask_are_judged_on(dataset: Any) -> None:
    family = [d["key"] for d in documents(dataset).values() if d["image_id"].endswith("03")]
    masks = {documents(dataset)[key]["segmentation"]["mask_path"] for key in family}
    assert len(family) == 3 and len(masks) == 1
    first, second, third = (call("pair_view", dataset, key=key)["pair"] for key in family)
    judge(dataset, family[2], "drop", reviewer="ben")
    painted = encode_rle(np.eye(256, dtype=np.uint8))
    given = {"reviewer": "ann", "decisions": [decision(first, verdict="fix", painted=painted)]}
    done = call("judge_pairs", dataset, **given)
    moved = {one["was"]: one["version"] for one in done["moved"]}
    keep = decision(second, verdict="keep")
    assert call("judge_pairs", dataset, decisions=[keep])["kind"] == "conflict"
    keep["seen"] = moved[keep["seen"]]
    assert call("judge_pairs", dataset, decisions=[keep])["ok"]
    # What another decided meanwhile was not seen, and stays to be told.
    assert third["version"] not in moved


def test_sessions_and_merging_on_the_command_line(
    dataset: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pairs = flagged(dataset)[2:]  # of severity error, then warning
    name = dataset.name
    started = cli.run(["review", name, "--start", "monday", "--over", "severity:error"])
    assert (started["pairs"], started["over"]["kind"]) == (2, "severity")
    cli.run(["review", name, "--set", pairs[0], "drop", "--session", "monday", "--reviewer", "ann"])
    cli.run(["review", name, "--set", pairs[1], "keep", "--reviewer", "ann"])
    assert cli.run(["review", name, "--sessions"])["sessions"][0]["judged"] == 1
    a, b, out = (str(tmp_path / one) for one in ("a.jsonl", "b.jsonl", "out.jsonl"))
    assert cli.run(["review", name, "--dump", a])["dumped"] == 2
    cli.run(["review", name, "--set", pairs[1], "drop", "--reviewer", "bob"])
    cli.run(["review", name, "--dump", b])
    merged = cli.run(["review", "--merge", a, b, "--out", out])
    assert (merged["merged"], merged["agreed"]) == (1, 1)
    assert [one["key"] for one in merged["conflicts"]] == [pairs[1]]
    assert cli.run(["review", "--agreement", a, b])["share"] == 0.5
    assert cli.run(["review", name, "--undo", "--session", "monday"])["drop"] == 1
    assert cli.run(["review", name, "--redo", "--session", "monday"])["drop"] == 2
    assert cli.run(["review", name, "--finish", "monday"])["finished"]
    assert cli.main(["review", name, "--set", pairs[0], "keep", "--session", "monday"]) == 1
    assert "is finished" in capsys.readouterr().err
    assert cli.run(["review", name, "--reopen", "monday"])["finished"] is None
    cli.run(["review", name, "--delete", "monday"])
    assert cli.run(["review", name, "--sessions"]) == {"sessions": []}


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--status"], "needs the name of a dataset"),
        (["--merge", "a", "b"], "needs --out"),
        (["NAME", "--status", "--session", "s"], "--session belongs to --set"),
        (["NAME", "--sessions", "--limit", "3"], "--limit belongs to --start"),
        (["NAME", "--start", "s", "--over", "check"], "a session is over"),
        (["NAME", "--start", "s", "--over", "flagged:x"], "a session is over"),
        (["NAME", "--merge", "a", "b", "--note", "n", "--out", "o"], "--note belongs to --set"),
    ],
)  # fmt: skip
def test_wrong_usage_is_said(scored: Any, args: list[str], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        cli.run(["review", *(scored.name if one == "NAME" else one for one in args)])


def test_the_form_of_the_operator_still_sets_and_undoes(dataset: Any) -> None:
    call("review_pairs", dataset, keys=keys(dataset)[:3], verdict="drop")
    assert verdict_counts.status(dataset)["drop"] == 3
    assert undoing.undo(dataset)["sample_ids"] == [
        ids(dataset)[key] for key in reversed(keys(dataset)[:3])
    ]


def test_going_on_after_an_undo_begins_with_what_was_undone(dataset: Any) -> None:
    pairs = flagged(dataset)
    call("curation_session", dataset, do="start", name="again", reviewer="ann")
    given = {"session": "again", "reviewer": "ann"}
    for key in pairs[:3]:
        seen = call("pair_view", dataset, key=key)["pair"]
        call("judge_pairs", dataset, decisions=[decision(seen, verdict="keep")], **given)
    call("undo_pair", dataset, **given)
    assert call("move_pair", dataset, to="resume", **given)["item"]["key"] == pairs[2]
    call("undo_pair", dataset, **given)
    assert call("move_pair", dataset, to="resume", **given)["item"]["key"] == pairs[1]


# ------------------------------------------------------------------------- from an index

LABELS = "findings.classifications"
SCANNED = {
    "flagged": {f"{LABELS}.0": {"$exists": True}},
    "verdict:pending": {"verdict": {"$nin": ["keep", "drop", "fix", "unsure"]}},
}


def typed(dataset: Any) -> None:
    """What nobody but a person who types into the App, or an import, leaves in samples."""
    samples, every = dataset._sample_collection, keys(dataset)
    own = {"_cls": "Classification", "label": "my own", "tags": []}
    for key, values in zip(
        every[3:],
        (
            {"verdict": "perhaps"},
            {"verdict": ""},
            {"findings": {"_cls": "Classifications", "classifications": [own]}},
            {"findings": {"_cls": "Classifications", "classifications": []}},
            {"findings": None, "verdict": None},
        ),
        strict=False,
    ):
        samples.update_one({"key": key}, {"$set": values})
    samples.update_one({"key": every[-1]}, {"$unset": {"findings": "", "verdict": ""}})


@pytest.mark.parametrize("indexed", [False, True], ids=["stored before the indexes", "indexed"])
@pytest.mark.parametrize("bar", SCANNED)
def test_bars_that_are_no_value_show_what_a_scan_finds(
    scored: Any, dataset_name: str, bar: str, indexed: bool
) -> None:
    dataset = scored.clone(dataset_name, include_indexes=indexed)
    for change in (lambda _: None, typed):
        change(dataset)
        found = dataset._sample_collection.find(SCANNED[bar])
        wanted = {str(one["_id"]) for one in found}
        shown = summary.view_of(dataset, bar).values("id")
        assert (set(shown), len(shown)) == (wanted, len(wanted))
        assert 0 < len(shown) < len(dataset)


@pytest.mark.parametrize("bar", SCANNED)
def test_bars_that_are_no_value_are_counted_without_a_look_at_a_sample(
    scored: Any, dataset_name: str, bar: str
) -> None:
    dataset = scored.clone(dataset_name)
    schema.index_findings(dataset)
    assert looks(dataset, [{"$match": SCANNED["flagged"]}, {"$count": "n"}])
    view = summary.view_of(dataset, bar)
    assert not looks(dataset, [*view._pipeline(), {"$count": "n"}])


def looks(dataset: Any, pipeline: list[dict[str, Any]]) -> bool:
    """Whether the database reads samples for a pipeline."""
    samples = dataset._sample_collection
    told = samples.database.command(
        {
            "explain": {"aggregate": samples.name, "pipeline": pipeline, "cursor": {}},
            "verbosity": "executionStats",
        }
    )
    return any(f'"totalDocsExamined": {n}' in json.dumps(told, default=str) for n in range(1, 99))
