"""The panel ``curation`` through FiftyOne's own execution, with the App's part played here."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fiftyone as fo
import fiftyone.operators as foo
import pytest
from bson import json_util
from fiftyone.server.view import get_view

from pairlens.fiftyone_plugin import PLUGIN_NAME
from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation.verdicts import judge
from pairlens.fiftyone_plugin.metrics.runs import score
from pairlens.fiftyone_plugin.plugin_link import ensure_link
from pairlens.importers import fields
from tests.mongo.scoring import PRED, imported, predict

HOSTILE = '<img src=x onerror="alert(1)">![](http://x.test/p.png) [a](javascript:b) $x:1'


@pytest.fixture(scope="module", autouse=True)
def plugin() -> None:
    """The plugin, found by FiftyOne where users put plugins."""
    Path(str(fo.config.plugins_dir)).mkdir(parents=True, exist_ok=True)
    ensure_link()


class App:
    """What a browser does with the panel: sends its events and obeys what comes back."""

    def __init__(self, dataset: fo.Dataset | None) -> None:
        self.dataset = dataset
        self.stages: list[Any] = []
        self.behind: dict[str, Any] | None = None
        self.filters: dict[str, Any] = {}
        self.facts: dict[str, Any] = {}
        self.bar: str | None = None
        self.notes: list[str] = []
        self.prompts: list[str] = []

    def send(self, method: str, **params: Any) -> Any:
        inside = {"panel_id": "p", "__method__": method}
        given = {"params": params | inside, "filters": self.filters, "extended": self.behind}
        if self.dataset is not None:
            given |= {"dataset": self.dataset, "view": self.chosen()}
        done = foo.execute_operator(f"{PLUGIN_NAME}/curation", given)
        done.raise_exceptions()
        for request in done.executor._requests:
            self.obey(request.operator_uri, through_json(request.params or {}))
        return done.result

    def obey(self, name: str, params: dict[str, Any]) -> None:
        # A change of its state has the App load the page again, without the filters of its sidebar.
        assert name != "patch_panel_state"
        if name == "patch_panel_data":
            self.facts = params["data"].get("facts", self.facts)
            self.bar = params["data"].get("bar", self.bar)
            self.behind = params["data"].get("behind", self.behind)
        elif name == "set_view":
            self.stages = [stage | {"_uuid": "browser"} for stage in params["view"]]
        elif name == "clear_view":
            self.stages = []
        elif name == "set_extended_selection":
            self.behind = None if params["reset"] else self.behind
        elif name == "notify":
            self.notes.append(params["message"])
        elif name == "prompt_user_for_operation":
            self.prompts.append(params["operator_uri"])

    def chosen(self) -> fo.DatasetView:
        """The view of the view bar."""
        return fo.DatasetView._build(self.dataset, json_util.loads(json.dumps(self.stages)))

    def view(self) -> fo.DatasetView:
        """The pairs of the grid."""
        behind = through_json(self.behind)
        return get_view(self.dataset, stages=self.stages, extended_stages=behind)

    def choose(self, view: fo.DatasetView) -> None:
        """The curator sets another view."""
        self.stages = through_json(json.loads(json_util.dumps(view._serialize())))
        self.send("on_change_view")

    @property
    def overview(self) -> dict[str, Any]:
        return self.facts["overview"]


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def opened(dataset: fo.Dataset | None) -> App:
    app = App(dataset)
    app.send("on_load")
    return app


@pytest.fixture(scope="module")
def template(mongo: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Twelve pairs with everything: findings, predictions, scores, verdicts of two reviewers."""
    folder = tmp_path_factory.mktemp("curation")
    dataset = imported(folder / "published", "curation-template")
    flag(dataset)
    predict(dataset, folder / "predictions")
    score(dataset, pred=PRED, key=PRED)
    keys = dataset.values("key")
    judge(dataset, keys[0], "keep", reviewer="Ada")
    judge(dataset, keys[1], "drop", reviewer=HOSTILE, note=HOSTILE)
    sample = dataset[keys_id(dataset, keys[2])]
    found = fo.Classification(label=HOSTILE, confidence=1.0, severity="error", score=0.0)
    sample["findings"] = fo.Classifications(classifications=[found])
    sample[fields.QUALITY] = 0.0
    sample.save()
    dataset.save_view("mine", dataset.limit(3))
    yield dataset
    fo.delete_dataset(dataset.name)


def keys_id(dataset: fo.Dataset, key: str) -> str:
    return str(dataset.match(fo.ViewField("key") == key).first().id)


@pytest.fixture
def dataset(template: fo.Dataset, dataset_name: str) -> Any:
    return template.clone(dataset_name)


def every_bar(overview: dict[str, Any]) -> list[dict[str, Any]]:
    groups = ("severities", "findings", "verdicts", "reviewers", "splits")
    return [bar for name in groups for bar in overview[name]] + overview["histogram"]["bars"]


# ----------------------------------------------------------------------------- must not


def bare(name: str) -> None:
    return None


def foreign(name: str) -> fo.Dataset:
    dataset = fo.Dataset(name)
    dataset.add_sample(fo.Sample(filepath="a.png"))
    return dataset


@pytest.mark.parametrize(
    ("make", "state", "words"),
    [
        pytest.param(bare, "none", "No dataset is open", id="no dataset"),
        pytest.param(foreign, "foreign", "PairLens did not import this dataset", id="foreign"),
        pytest.param(fo.Dataset, "foreign", "PairLens did not import", id="foreign and empty"),
    ],
)
def test_says_in_a_sentence_what_it_cannot_show(
    dataset_name: str, make: Callable[[str], Any], state: str, words: str
) -> None:
    app = opened(make(dataset_name))
    assert (app.facts["state"], "overview" in app.facts) == (state, False)
    assert [(words in one["text"], one["step"]) for one in app.facts["advice"]] == [
        (True, "import")
    ]


def test_a_map_that_needs_a_token_is_told_where_there_are_places(
    dataset: fo.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened(dataset).facts["notes"] == []
    place: Any = fo.EmbeddedDocumentField
    dataset.add_sample_field(fields.LOCATION, place, embedded_doc_type=fo.GeoLocation)
    (note,) = opened(dataset).facts["notes"]
    assert "MAPBOX_TOKEN" in note
    monkeypatch.setitem(fo.app_config.plugins, "map", {"mapboxAccessToken": "pk"})
    assert opened(dataset).facts["notes"] == []


def test_a_dataset_without_pairs_is_told_from_a_view_without(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.choose(dataset.match({"key": "none"}))
    assert app.facts["state"] == "ready"
    assert ["holds no pairs" in one["text"] for one in app.facts["advice"]] == [True]
    dataset.delete_samples(dataset.values("id"))
    app = opened(dataset)
    assert (app.facts["state"], app.facts["advice"][0]["step"]) == ("empty", "import")


@pytest.mark.parametrize(
    ("method", "params", "words"),
    [
        pytest.param("show", {"bar": "nonsense"}, "no bar 'nonsense'", id="bar"),
        pytest.param("show", {"bar": "range:filepath:0:1"}, "no numbers 'filepath'", id="field"),
        pytest.param("show", {"bar": {"$ne": 1}}, "no bar", id="no text"),
        pytest.param("show", {}, "bar is missing", id="nothing"),
        pytest.param("step", {"step": "delete_dataset"}, "no step", id="step"),
        pytest.param("resume", {"session": "nowhere"}, "no session", id="session"),
        pytest.param("change", {"do": "burn", "session": "x"}, "no change of a session", id="do"),
        pytest.param("start", {"check": "nope"}, "no check 'nope'", id="check"),
        pytest.param("start", {"saved_view": "nope"}, "no saved view 'nope'", id="saved view"),
        pytest.param(
            "start", {"check": "box_mask", "use_view": True}, "one thing", id="two things"
        ),
    ],
)
def test_refuses_with_a_sentence_and_leaves_the_grid(
    dataset: fo.Dataset, method: str, params: dict[str, Any], words: str
) -> None:
    app = opened(dataset)
    answer = app.send(method, **params)
    assert answer["ok"] is False and words in answer["message"]
    assert app.notes == [answer["message"]]
    assert (app.stages, app.prompts) == ([], [])


def test_a_stage_that_the_dataset_no_longer_bears_is_dropped(dataset: fo.Dataset) -> None:
    dataset.add_sample_field("gone", fo.IntField)
    app = opened(dataset)
    app.choose(dataset.select_fields("gone"))
    assert app.facts["whole"] is False
    dataset.delete_sample_field("gone")
    app.stages = []
    app.send("refresh")
    assert (app.facts["whole"], app.overview["pairs"]) == (True, 12)


# ----------------------------------------------------------------------------- figures and bars


def test_every_bar_shows_as_many_pairs_as_it_says(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    bars = every_bar(app.overview)
    assert len(bars) > 30
    for bar in bars:
        app.send("show", bar=bar["bar"])
        assert (len(app.view()), app.bar) == (bar["pairs"], bar["bar"])
        app.send("on_change_view")
        assert app.overview["pairs"] == 12
    assert app.notes == []


def test_the_grid_shows_the_worst_first(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.send("show", bar="flagged")
    assert app.view().first()[fields.QUALITY] == 0.0
    app.send("show", bar=app.overview["histogram"]["bars"][-1]["bar"])
    shown = app.view().values(fields.iou_field(PRED))
    assert shown == sorted(shown) and shown[-1] == 1


def test_shows_the_iou_where_there_is_one_and_what_else_was_chosen(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    assert app.overview["histogram"]["field"] == fields.iou_field(PRED)
    app.send("choose", key="")
    app.send("refresh")
    assert app.overview["histogram"]["field"] == fields.QUALITY
    app.send("choose", key="no such evaluation")
    assert app.overview["histogram"]["field"] == fields.iou_field(PRED)


def test_follows_a_view_of_the_curators_but_not_its_own(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.choose(dataset.limit(5))
    assert (app.overview["pairs"], app.facts["whole"], app.bar) == (5, False, None)
    app.send("show", bar="verdict:pending")
    app.send("on_change_view")
    assert (app.overview["pairs"], app.bar, len(app.view())) == (5, "verdict:pending", 3)
    app.send("reset")
    assert (app.overview["pairs"], app.bar, len(app.view())) == (5, None, 5)
    app.send("reset")
    assert (app.overview["pairs"], app.facts["whole"], app.stages) == (12, True, [])


def test_follows_the_filters_of_the_sidebar_unless_it_shows_a_bar(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.send("show", bar="flagged")
    app.filters = {"verdict": {"values": ["keep"], "exclude": False, "isMatching": True}}
    app.send("on_change_view")
    assert (app.overview["pairs"], app.bar) == (12, "flagged")
    app.filters = {}
    app.send("reset")
    app.filters = {"verdict": {"values": ["keep"], "exclude": False, "isMatching": True}}
    app.send("on_change_view")
    assert (app.overview["pairs"], app.facts["whole"]) == (1, False)
    app.filters = {}
    app.send("on_change_view")
    assert (app.overview["pairs"], app.facts["whole"]) == (12, True)


def test_one_verdict_for_a_bar_is_for_what_the_sidebar_leaves_of_it(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.send("show", bar="verdict:pending")
    pending = len(app.view())
    ask = {"verdict": "drop", "reviewer": "Ada", "count": True}
    assert app.send("judge", **ask)["pairs"] == pending > 2
    labels = [some or [] for some in app.view().values("findings.classifications.label")]
    counts = Counter(one for some in labels for one in set(some))
    label = min(counts, key=counts.__getitem__)
    app.filters = {"findings.classifications.label": {"values": [label], "exclude": False}}
    assert app.send("judge", **ask)["pairs"] == counts[label] < pending
    phrases = app.view().values("phrase")
    app.filters = {"phrase": {"values": phrases[:1], "exclude": False, "isMatching": True}}
    left = phrases.count(phrases[0])
    assert app.send("judge", **ask)["pairs"] == left < pending
    assert app.send("judge", **ask | {"count": False})["done"]["written"] == left
    dropped = dataset.match({"verdict": "drop", "reviewer": "Ada"})
    assert set(dropped.values("phrase")) == {phrases[0]}


def test_late_word_of_what_was_shown_before_is_no_choice(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.choose(dataset.limit(5))
    app.send("show", bar="verdict:pending")
    shown, app.behind = app.behind, None
    app.send("on_change_view")
    assert app.bar == "verdict:pending"
    app.behind = shown
    app.send("on_change_view")
    assert (app.bar, app.overview["pairs"]) == ("verdict:pending", 5)
    app.send("reset")
    app.behind = shown
    app.send("on_change_view")
    assert (app.bar, app.overview["pairs"]) == (None, 5)


def test_late_word_of_what_quick_clicks_showed_is_no_choice(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.send("show", bar="verdict:pending")
    earlier = app.behind
    app.send("reset")
    app.send("show", bar="flagged")
    shown = app.behind
    for late in (None, earlier, None):
        app.behind = late
        app.send("on_change_view")
        assert (app.bar, app.overview["pairs"]) == ("flagged", 12)
    app.behind = shown
    app.send("on_change_view")
    assert (app.bar, app.overview["pairs"]) == ("flagged", 12)
    app.choose(dataset.limit(5))
    assert (app.bar, app.behind, app.overview["pairs"]) == (None, None, 5)


def test_a_view_that_is_chosen_while_a_bar_is_shown_is_what_counts(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.send("show", bar="verdict:pending")
    app.choose(dataset.limit(5))
    assert (app.bar, app.behind, app.overview["pairs"], len(app.view())) == (None, None, 5, 5)
    app.send("on_change_view")
    assert (app.overview["pairs"], app.facts["whole"]) == (5, False)


@pytest.mark.parametrize("told", ["on_change_view", "leave"])
def test_taking_away_what_a_bar_shows_is_a_choice(dataset: fo.Dataset, told: str) -> None:
    app = opened(dataset)
    app.send("show", bar="verdict:pending")
    app.send("on_change_view")
    app.behind = None
    app.send(told)
    assert (app.bar, app.facts["whole"]) == (None, True)


def test_a_selection_in_a_plot_in_place_of_a_bar_is_a_choice(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.send("show", bar="verdict:pending")
    ids = dataset.values("id")[:3]
    app.behind = {"fiftyone.core.stages.Select": {"sample_ids": ids, "ordered": False}}
    app.send("leave")
    assert (app.bar, app.overview["pairs"], app.facts["whole"]) == (None, 3, False)


def test_a_page_that_is_loaded_again_shows_the_bar_again(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.choose(dataset.limit(5))
    app.send("show", bar="verdict:pending")
    app.send("on_change_view")
    app.behind = app.bar = None
    app.send("on_load")
    assert (app.bar, len(app.view()), app.overview["pairs"]) == ("verdict:pending", 3, 5)


def test_a_panel_that_is_closed_shows_no_bar_any_more(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    ids = dataset.values("id")[:3]
    selection = {"fiftyone.core.stages.Select": {"sample_ids": ids, "ordered": False}}
    app.behind = selection
    app.send("on_unload")
    assert app.behind == selection
    app.send("show", bar="verdict:pending")
    app.send("on_unload")
    assert len(app.view()) == 12
    app.send("on_load")
    assert (app.bar, app.overview["pairs"]) == (None, 12)


def test_another_dataset_starts_anew(dataset: fo.Dataset, dataset_name: str) -> None:
    app = opened(dataset)
    app.send("choose", key="")
    app.choose(dataset.limit(5))
    app.dataset, app.stages = dataset.clone(f"{dataset_name}-2"), []
    app.send("on_change_dataset")
    assert (app.overview["pairs"], app.facts["whole"]) == (12, True)
    assert app.overview["histogram"]["field"] == fields.iou_field(PRED)


def test_counts_again_when_a_sample_is_closed(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    judge(dataset, dataset.values("key")[5], "fix")
    app.send("on_change_current_sample")
    assert {one["verdict"]: one["pairs"] for one in app.overview["verdicts"]}["fix"] == 1


# ----------------------------------------------------------------------------- what is to do


def unflagged(dataset: fo.Dataset) -> None:
    dataset.clear_sample_field(fields.QUALITY)


def unpredicted(dataset: fo.Dataset) -> None:
    dataset.delete_evaluations()
    dataset.delete_sample_field(PRED)


def unscored(dataset: fo.Dataset) -> None:
    dataset.delete_evaluations()


@pytest.mark.parametrize(
    ("change", "steps"),
    [
        pytest.param(lambda dataset: None, [], id="nothing"),
        pytest.param(unflagged, ["flag"], id="unflagged"),
        pytest.param(unpredicted, ["predict"], id="unpredicted"),
        pytest.param(unscored, ["score"], id="unscored"),
    ],
)
def test_says_what_is_still_to_be_done(
    dataset: fo.Dataset, change: Callable[[fo.Dataset], None], steps: list[str]
) -> None:
    change(dataset)
    app = opened(dataset)
    assert [one["step"] for one in app.facts["advice"]] == steps
    assert app.facts["state"] == "ready"


@pytest.mark.parametrize(
    ("step", "operator"),
    [
        ("import", "import_dataset"),
        ("predict", "predict_masks"),
        ("score", "score_pairs"),
        ("flag", "flag_pairs"),
        ("export", "export_subset"),
    ],
)
def test_each_step_is_one_click_away(dataset: fo.Dataset, step: str, operator: str) -> None:
    app = opened(dataset)
    assert app.send("step", step=step)["ok"] is True
    assert app.prompts == [f"{PLUGIN_NAME}/{operator}"]
    assert foo.get_operator(app.prompts[0]).name == operator


# ----------------------------------------------------------------------------- sessions


def running(app: App) -> dict[str, Any]:
    app.send("refresh")
    [session] = [one for one in app.overview["sessions"] if not one["finished"]]
    return session


def test_starts_over_the_view_that_the_grid_shows(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.send("show", bar="verdict:pending")
    shown = app.view().values("id")
    answer = app.send("start", use_view=True, name=" Before lunch ", reviewer="Ada")
    session = running(app)
    assert (session["name"], session["pairs"]) == ("Before lunch", len(shown))
    assert answer["item"]["sample_id"] in shown
    assert (app.bar, set(app.view().values("id"))) == (
        f"session:{session['id']}",
        set(shown),
    )
    assert [one["reviewer"] for one in session["reviewers"]] == ["Ada"]


@pytest.mark.parametrize(
    ("over", "pairs"),
    [
        pytest.param({}, None, id="all findings"),
        pytest.param({"check": HOSTILE}, 1, id="a check"),
        pytest.param({"severity": "error"}, None, id="a severity"),
        pytest.param({"saved_view": "mine"}, 1, id="a saved view"),
        pytest.param({"saved_view": "mine", "include_judged": True}, 3, id="judged too"),
    ],
)
def test_starts_over_anything(dataset: fo.Dataset, over: dict[str, Any], pairs: int | None) -> None:
    app = opened(dataset)
    answer = app.send("start", **over)
    session = running(app)
    assert answer["item"]["session"] == session["id"]
    assert session["pairs"] == pairs or pairs is None
    assert len(app.view()) == session["pairs"] > 0


def test_a_session_is_of_the_dataset_whatever_the_view(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.choose(dataset.match({"key": dataset.values("key")[7]}))
    app.send("start", saved_view="mine", include_judged=True)
    assert (len(app.view()), app.overview["pairs"]) == (3, 1)
    app.send("on_change_view")
    app.send("reset")
    assert (app.bar, len(app.view()), app.overview["pairs"]) == (None, 1, 1)


def test_is_renamed_handed_over_finished_reopened_and_deleted(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    item = app.send("start", saved_view="mine", include_judged=True, reviewer="Ada")["item"]
    app.send("change", do="rename", session=item["session"], name=HOSTILE)
    assert running(app)["name"] == HOSTILE
    again = app.send("resume", session=item["session"], reviewer="Grace")["item"]
    assert again["session"] == item["session"]
    assert {one["reviewer"] for one in running(app)["reviewers"]} == {"Ada", "Grace"}
    app.send("change", do="finish", session=item["session"])
    assert [bool(one["finished"]) for one in app.overview["sessions"]] == [True]
    app.send("change", do="reopen", session=item["session"])
    assert running(app)["name"] == HOSTILE
    app.send("change", do="delete", session=item["session"])
    assert (app.overview["sessions"], app.notes) == ([], [])


# ----------------------------------------------------------------------------- hostile texts


def test_hostile_names_are_texts_and_bars_like_any_other(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    app.send("start", saved_view="mine", name=HOSTILE, include_judged=True)
    assert HOSTILE in [one["check"] for one in app.overview["findings"]]
    assert HOSTILE in [one["reviewer"] for one in app.overview["reviewers"]]
    assert running(app)["name"] == HOSTILE
    for kind in ("check", "reviewer"):
        app.send("show", bar=f"{kind}:{HOSTILE}")
        assert len(app.view()) == 1
    assert app.notes == []


def test_nothing_of_a_single_sample_is_sent(dataset: fo.Dataset) -> None:
    app = opened(dataset)
    sent = json.dumps(app.facts)
    for field in ("key", "phrase", "filepath"):
        assert not [value for value in dataset.values(field) if value in sent]
