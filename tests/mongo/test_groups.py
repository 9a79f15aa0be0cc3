"""Groups of pairs that are judged together, in a real database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import fiftyone as fo
import numpy as np
import pytest
from PIL import Image

from pairlens.fiftyone_plugin.checks.runner import flag
from pairlens.fiftyone_plugin.curation import decisions as decisions_file
from pairlens.fiftyone_plugin.curation import queue, selection, sessions, undoing
from pairlens.fiftyone_plugin.curation.bulk import judge_alike
from pairlens.fiftyone_plugin.curation.conflicts import Conflict
from pairlens.fiftyone_plugin.curation.evidence import difference, pair_view
from pairlens.fiftyone_plugin.curation.suggesting import SUGGESTED, write_suggestions
from pairlens.fiftyone_plugin.curation.verdicts import Decision, judge, judge_all
from pairlens.fiftyone_plugin.demo.layouts import make_gres
from pairlens.fiftyone_plugin.exporters import source_items as items
from pairlens.fiftyone_plugin.exporters.selections import counts, parse_selection, reason
from pairlens.importers.errors import UsageError
from pairlens.importers.ingest import import_dataset
from pairlens.importers.options import ImportOptions
from tests.mongo.curating import load
from tests.mongo.reviewing import documents, history, keys

MISPLACED = "lisat_gres_000000000001"


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """GRES files; the queries of one image name the opposite corner, those of two are exchanged."""
    root = make_gres(tmp_path_factory.mktemp("gres") / "gres", images=8, size=256).root
    file = next(root.rglob(f"{MISPLACED}.json"))
    content = json.loads(file.read_text())
    content["text"] = ["Find the car in the top-left corner.", "Spot a car at the upper left."]
    file.write_text(json.dumps(content))
    return root


@pytest.fixture
def dataset(dataset_name: str, source: Path) -> Any:
    made = load("gres", source, dataset_name)
    flag(made)
    return made


LEFT, RIGHT = [20, 20, 40, 30], [180, 200, 44, 20]


def one_image(folder: Path, name: str, *queries: tuple[str, list[int]]) -> Any:
    """A flagged table of queries of one image, each with the box that is its mask."""
    image = np.random.default_rng(0).integers(0, 255, (16, 16, 3), dtype=np.uint8)
    picture = Image.fromarray(image).resize((256, 256), Image.Resampling.NEAREST)
    folder.mkdir()
    picture.save(folder / "a.png")
    rows = [{"image": "a.png", "box": box, "phrase": text} for text, box in queries]
    (folder / "pairs.json").write_text(json.dumps(rows))
    import_dataset("table", folder, name, ImportOptions(params={"box": "xywh"}))
    made = fo.load_dataset(name)
    flag(made)
    return made


def group(dataset: Any) -> list[dict[str, Any]]:
    """The members of the image whose queries are misplaced."""
    found = [key for key in documents(dataset) if MISPLACED in key]
    return pair_view(dataset, min(found))["group"]["members"]


def decisions(members: list[dict[str, Any]], verdict: str) -> list[Decision]:
    return [Decision(m["sample_id"], verdict, seen=m["version"], key=m["key"]) for m in members]


# ------------------------------------------------------------------------------ must not


def test_a_verdict_on_another_pair_than_was_meant_is_refused_and_none_is_written(
    dataset: Any,
) -> None:
    one, two = group(dataset)[:2]
    before = documents(dataset)
    wrong = Decision(two["sample_id"], "drop", seen=two["version"], key=one["key"])
    with pytest.raises(UsageError, match=r"made on .* and the sample is"):
        judge_all(dataset, [*decisions([one], "drop"), wrong])
    assert documents(dataset) == before and history(dataset) == []


def test_a_group_of_which_one_was_judged_meanwhile_is_not_judged_in_part(dataset: Any) -> None:
    members = group(dataset)[:2]
    judge(dataset, members[1]["key"], "keep", reviewer="bob")
    with pytest.raises(Conflict, match="bob decided keep"):
        judge_all(dataset, decisions(members, "drop"), reviewer="ann")
    assert documents(dataset)[members[0]["key"]].get("verdict") is None


def test_a_pair_twice_in_a_step_is_refused(dataset: Any) -> None:
    with pytest.raises(UsageError, match="two verdicts at once"):
        judge_all(dataset, 2 * decisions(group(dataset)[:1], "keep"))


# ------------------------------------------------------------------------------ must


def test_the_queries_of_a_mask_are_on_one_screen_with_what_mends_them(dataset: Any) -> None:
    members = group(dataset)
    assert [one["key"] for one in members] == [k for k in documents(dataset) if MISPLACED in k]
    meant = [one for one in members if one["meant"]]
    assert [one["findings"][0]["check"] for one in meant] == ["position_conflict"] * len(meant)
    places = [one["suggestion"]["phrase"] for one in meant if one["suggestion"]]
    assert places and all("left" not in text or "top" not in text for text in places)


def test_one_step_judges_the_group_in_its_session_and_one_undo_takes_it_back(
    dataset: Any,
) -> None:
    members = [one for one in group(dataset) if one["meant"]]
    assert len(members) > 1
    session = sessions.start(dataset, check="position_conflict", reviewer="ann")
    done = judge_all(dataset, decisions(members, "drop"), session=session["id"], reviewer="ann")
    assert len({one["step"] for one in done}) == 1
    assert sessions.get(dataset, session["id"])["judged"] == len(members)
    left = queue.next_item(dataset, session["id"], reviewer="ann", after=-1)["sample_id"]
    assert left not in {one["sample_id"] for one in members}
    back = undoing.undo(dataset, session=session["id"])
    assert back["pairs"] == len(members)
    assert {documents(dataset)[one["key"]].get("verdict") for one in members} == {None}
    assert undoing.redo(dataset, session=session["id"])["pairs"] == len(members)
    assert sessions.get(dataset, session["id"])["judged"] == len(members)


def test_a_misplaced_pair_beside_a_sound_one_is_judged_without_it(
    dataset_name: str, tmp_path: Path
) -> None:
    queries = ("the truck in the lower right", LEFT), ("the tank at the bottom right", RIGHT)
    made = one_image(tmp_path / "table", dataset_name, *queries)
    (shown,) = pair_view(made, keys(made)[0])["group"]["members"]
    assert shown["suggestion"] is not None and "left" in (shown["suggestion"]["phrase"] or "")


@pytest.mark.parametrize("check", [None, "position_conflict"])
def test_exchanged_masks_are_one_group_and_are_exchanged_back(
    check: str | None, dataset_name: str, tmp_path: Path
) -> None:
    queries = (
        ("the tank in the upper left", RIGHT),
        ("the truck in the lower right", LEFT),
        ("the red truck at the bottom right", LEFT),
        ("a vehicle", LEFT),
    )
    made = one_image(tmp_path / "table", dataset_name, *queries)
    tank, truck, again, vehicle = keys(made)
    session = None if check is None else sessions.start(made, check=check, reviewer="ann")["id"]
    for key in (tank, truck):
        members = pair_view(made, key, session=session)["group"]["members"]
        by_key = {one["key"]: one for one in members}
        assert list(by_key) == [tank, truck, again, vehicle]
        assert by_key[tank]["findings"][0]["check"] == "position_conflict"
        assert [one["key"] for one in members if one["meant"]][:3] == [tank, truck, again]
        other = {tank: truck, truck: tank}
        suggested = {key: by_key[key]["suggestion"] for key in other}
        assert {key: one and one["mask_of"] for key, one in suggested.items()} == other
        assert by_key[again]["suggestion"] is None


def test_two_masks_are_exchanged_in_one_step(dataset: Any) -> None:
    shapes: dict[str, str] = {}
    for document in documents(dataset).values():
        shapes.setdefault(document["mask_stats"]["digest"], document["key"])
    one, two = list(shapes.values())[:2]
    before = documents(dataset)
    given = [Decision(one, "fix", mask_of=two), Decision(two, "fix", mask_of=one)]
    judge_all(dataset, given, reviewer="ann")
    now = documents(dataset)
    digest = {key: (before[key]["mask_stats"]["digest"]) for key in (one, two)}
    assert now[one]["mask_stats"]["digest"] == digest[two]
    assert now[two]["mask_stats"]["digest"] == digest[one]
    undoing.undo(dataset)
    assert documents(dataset)[one]["mask_stats"]["digest"] == digest[one]


def test_a_difference_is_the_texts_word_by_word() -> None:
    parts = difference("in the top-left corner", "in the bottom-left corner.")
    assert [(one["kind"], one["text"]) for one in parts] == [
        ("same", "in the "), ("cut", "top"), ("new", "bottom"), ("same", "-left corner"),
        ("new", "."),
    ]  # fmt: skip
    assert "".join(p["text"] for p in parts if p["kind"] != "new") == "in the top-left corner"


def test_a_fix_in_which_nothing_was_mended_is_to_be_fixed_and_not_kept(dataset: Any) -> None:
    one, two = [member["key"] for member in group(dataset)][:2]
    three = keys(dataset)[-1]
    judge(dataset, one, "fix", note="some day")
    judge(dataset, two, "fix", phrase="Find the mended car.")
    dataset._sample_collection.update_one({"key": three}, {"$set": {"phrase": "Find the boat."}})
    judge(dataset, three, "fix")
    found = {d["key"]: d for d in items.documents(dataset, "pairs")}
    kept = parse_selection(dataset, "kept")
    assert [kept(found[key]) for key in (one, two, three)] == [False, True, True]
    assert "nothing was mended" in reason(found[one], "kept")["because"]
    quiet = parse_selection(dataset, "quiet")
    assert [quiet(found[key]) for key in (one, two)] == [False, True]
    counted = flag(dataset).left_out["quiet"]["checks"]
    undoing.undo(dataset, force=True)
    assert flag(dataset).left_out["quiet"]["checks"] == counted


def test_suggestions_are_decisions_that_can_be_applied(dataset: Any, tmp_path: Path) -> None:
    file = tmp_path / "suggested.jsonl"
    done = write_suggestions(dataset, file)
    lines = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert done["suggested"] == len(lines) > 0 and history(dataset) == []
    assert decisions_file.apply(dataset, file)["applied"] == len(lines)
    for line in lines:
        document = documents(dataset)[line["key"]]
        assert (document["phrase"], document["reviewer"]) == (line["phrase"], SUGGESTED)
    flag(dataset)
    left = documents(dataset)
    labels = [left[one["key"]].get("findings") or {} for one in lines]
    assert not any(
        found["label"] == "position_conflict"
        for one in labels
        for found in one.get("classifications") or ()
    )


def test_one_verdict_on_many_is_one_step_and_not_over_those_of_others(dataset: Any) -> None:
    every = keys(dataset)
    ids = [document["_id"] for document in documents(dataset).values()]
    with pytest.raises(UsageError, match="who decides"):
        judge_alike(dataset, ids, "drop", reviewer="")
    with pytest.raises(UsageError, match="no pair is selected"):
        judge_alike(dataset, [], "drop", reviewer="ann")
    assert history(dataset) == []
    judge(dataset, every[0], "keep", reviewer="bob")
    judge(dataset, every[1], "keep", reviewer="ann")
    done = judge_alike(dataset, ids, "drop", reviewer="ann", note="a rule")
    assert (done["written"], done["others"], done["left"]) == (len(every) - 1, 1, 1)
    stored = documents(dataset)
    assert (stored[every[0]]["verdict"], stored[every[0]]["reviewer"]) == ("keep", "bob")
    assert {stored[key]["verdict"] for key in every[1:]} == {"drop"}
    assert undoing.undo(dataset, reviewer="ann", only_mine=True)["pairs"] == len(every) - 1
    assert documents(dataset)[every[1]]["verdict"] == "keep"
    assert judge_alike(dataset, ids, "drop", reviewer="ann", over_others=True)["left"] == 0


def test_a_session_over_warnings_and_errors_counts_its_groups(dataset: Any) -> None:
    groups = selection.groups_left(dataset)
    session = sessions.start(dataset, warnings=True, reviewer="ann")
    assert 0 < groups < session["pairs"]
    assert session["over"]["kind"] == "warnings"
    members = [one for one in group(dataset) if one["meant"]]
    judge_all(dataset, decisions(members, "keep"), session=session["id"], reviewer="ann")
    assert selection.groups_left(dataset) == groups - 1


def test_what_is_selected_is_counted_as_it_is_exported(dataset: Any) -> None:
    one, two = [member["key"] for member in group(dataset)][:2]
    judge(dataset, one, "fix", note="some day")
    judge(dataset, two, "fix", phrase="Find the mended car.")
    judge(dataset, keys(dataset)[-1], "drop")
    found = list(items.documents(dataset, "pairs"))
    counted = counts(dataset)
    for select, number in counted.items():
        assert sum(map(parse_selection(dataset, select), found)) == number, select
