"""Revisions against what they revise: what may differ, and what may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.checks.statements import MANY, statements
from tests.unit.subjects import issues
from tests.unit.texts import annotated, captioned, revised

CHECK = "revision_drift"


# ----------------------------------------------------------------------------- must not


@pytest.mark.parametrize("name", ["726", "607.legacy"])
def test_real_revisions(shared_data: Path, name: str) -> None:
    sample = annotated(shared_data / "rsteller" / f"{name}.json")
    assert {caption.task for caption in sample.captions} >= {3}
    assert issues(CHECK, sample) == []


@pytest.mark.parametrize(
    ("source", "revision"),
    [
        pytest.param("At the top-center lies a forest.", "At the north, a forest.", id="wider"),
        pytest.param("A lake in the upper left.", "A lake on the western side.", id="one axis"),
        pytest.param(
            "A road from the left to the right of the image.",
            "A road from the right to the left of the image.",
            id="path turned round",
        ),
        pytest.param(
            "A road runs northwest-southeast.",
            "A road runs from southeast to northwest.",
            id="direction",
        ),
        pytest.param(
            "A creek at the top of the image flows south.",
            "A creek at the north that leads toward the south.",
            id="where it flows",
        ),
        pytest.param("A lake in the NE and a lake in the SW.", "Two lakes.", id="one and one"),
        pytest.param(
            "One road leads to the top, another one to the left.", "Two roads.", id="another"
        ),
        pytest.param("A pond and a pond, and a third pond.", "Three ponds.", id="one by one"),
        pytest.param("A barn north of the road.", "A barn south of the creek.", id="relations"),
        pytest.param(
            "A lake at the top of the image. A road at the bottom of the image.",
            "A road at the bottom of the image, a lake at the top.",
            id="two of them",
        ),
        pytest.param(
            "A lake at the top of the image.",
            "A lake at the top of the image, and a road at the bottom of the image.",
            id="one is added",
        ),
        pytest.param(
            "Houses on the left, houses on the right of the image.",
            "Houses on the right side of the image.",
            id="one is left out",
        ),
        pytest.param(
            "A lake in the center of the image.",
            "A lake on the left of the image.",
            id="near enough",
        ),
        pytest.param("Three ships lie at the pier.", "3 vessels lie at the pier.", id="digits"),
        pytest.param("It covers 50 sq. m.", "The 50 square meters of it.", id="a stop"),
        pytest.param("Several ships.", "Four ships.", id="told more exactly"),
        pytest.param(
            "A two-lane road with one bridge.", "A four-lane road with a bridge.", id="compounds"
        ),
        pytest.param(
            "Two trucks and a car; one truck is red.",
            "One truck is red, three trucks.",
            id="several numbers",
        ),
        pytest.param("A building.", "The buildings.", id="no number"),
        pytest.param("It spans 339 meters.", "It spans about 340 m.", id="rounded"),
        pytest.param("It is 1,200 meters long.", "It is 1.2 km long.", id="another unit"),
        pytest.param(
            "More than one-third of the view is forest.",
            "Over 35 percent is forest.",
            id="share in other words",
        ),
        pytest.param(
            "About half of the patch is grass.", "It takes up 45% of the patch.", id="roughly"
        ),
        pytest.param(
            "The northern half of the image.", "A third of the image.", id="a half that is a place"
        ),
        pytest.param("A dense forest.", "Mature trees.", id="kin"),
        pytest.param("A forest by the road.", "A road with parked cars.", id="something in common"),
        pytest.param("A complex network of roads.", "A set of highways.", id="complex"),
        pytest.param("A wooded area.", "A lake.", id="a word that is not known"),
        pytest.param("", "A lake at the top.", id="nothing said"),
    ],
)
def test_a_revision_may_say(source: str, revision: str) -> None:
    assert issues(CHECK, revised(source, revision)) == []


def test_captions_without_tasks_revise_nothing() -> None:
    assert issues(CHECK, captioned("A lake at the top.", "A lake at the bottom.")) == []
    assert issues(CHECK, captioned(("A lake.", 3), ("Ten cars.", 3))) == []


def test_one_of_several_descriptions_is_enough() -> None:
    sample = captioned(("Two ships.", 1), ("Three ships.", 2), ("Three ships.", 3))
    assert issues(CHECK, sample) == []


# --------------------------------------------------------------------------------- must


@pytest.mark.parametrize(
    ("source", "revision", "words"),
    [
        pytest.param(
            "At the top-center lies a forest.",
            "At the south, a forest.",
            "vegetation is at the top-center, caption 2 (task 3) at the bottom",
            id="compass",
        ),
        pytest.param(
            "A lake lies in the upper left corner. A road crosses the patch.",
            "In the upper right corner lies a lake. A road crosses it.",
            "top-right",
            id="of one thing",
        ),
        pytest.param(
            "Something odd on the left side of the image.",
            "Something odd on the right side of the image.",
            "'left'",
            id="of nothing known",
        ),
        pytest.param(
            "Three ships lie at the pier.",
            "Five ships lie at the pier.",
            "3 vessel, caption 2 (task 3) 5",
            id="numbers",
        ),
        pytest.param("A single house.", "Several houses.", "1 building", id="one and several"),
        pytest.param(
            "In it a ship is made out.",
            "In it three ships are made out.",
            "1 vessel",
            id="a and three",
        ),
        pytest.param("It spans 339 meters.", "It spans 933 metres.", "339 meters", id="length"),
        pytest.param("It has 50 sq. m.", "It has 90 sq. m.", "50 square meters", id="with a stop"),
        pytest.param(
            "A third of the image is forest.",
            "Two thirds of the image is forest.",
            "33 % of the image",
            id="share",
        ),
        pytest.param(
            "About 34 percent are taken up by grass.",
            "Grass takes up 70%.",
            "34 % of the image",
            id="percent",
        ),
        pytest.param(
            "A forest with tall trees.",
            "A storage tank.",
            "'vegetation', caption 2 (task 3) nothing of the kind, but 'storage tank'",
            id="object",
        ),
        pytest.param(
            "A stadium beside a road.", "A lake beside a road.", "'stadium'", id="the first object"
        ),
    ],
)
def test_a_revision_may_not_say(source: str, revision: str, words: str) -> None:
    (issue,) = issues(CHECK, revised(source, revision))
    assert words in issue.note
    assert 0 < issue.score < 0.5


def test_the_surest_of_several_is_told() -> None:
    sample = revised("Three ships at the top of the image.", "A stadium.", "Nine ships.",
                     "Three ships at the bottom of the image.")  # fmt: skip
    (issue,) = issues(CHECK, sample)
    assert issue.note == (
        "caption 1 (task 1) says vessel is at the top, caption 4 (task 3) at the bottom; "
        "2 more of the kind"
    )


def test_bounds_are_parameters() -> None:
    sample = revised("It spans 300 meters.", "It spans 340 meters.")
    assert len(issues(CHECK, sample)) == 1
    assert issues(CHECK, sample, tolerance=0.2) == []


# ----------------------------------------------------------------------- what is read


def test_what_a_caption_says(shared_data: Path) -> None:
    described, revision = annotated(shared_data / "rsteller" / "726.json").captions
    one, other = statements(described.text), statements(revision.text)
    assert ([s.name for s in one.spots], [s.name for s in other.spots]) == (["top-center"], ["top"])
    assert one.shares == other.shares == (1 / 3,)
    assert one.classes == other.classes == ("vegetation",)
    legacy = annotated(shared_data / "rsteller" / "607.legacy.json").captions
    for caption in legacy:
        said = statements(caption.text)
        assert (said.spots, said.measures) == ((), {"meters": [339.0]})


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Two large white ships", {"vessel": {2}}),
        ("several small houses", {"building": {MANY}}),
        ("a single tall tower", {"tower": {1}}),
        ("12 cars", {"car": {12}}),
        ("the houses", {}),
        ("two of the many houses", {"building": {MANY}}),
        ("a three-story building", {}),
    ],
)
def test_numbers(text: str, counts: dict[str, set[int]]) -> None:
    assert statements(text).counts == counts


def test_a_measure_may_go_beyond_a_sentence() -> None:
    said = statements(
        "A lake of 50 Sq. m. It lies 2 km off; half of the image is grass, 30 % sand."
    )
    assert said.measures == {"square meters": [50.0], "kilometers": [2.0]}
    assert sorted(said.shares) == [0.3, 0.5]


@pytest.mark.parametrize("text", ["\x00", "at the " * 5000, "1" * 9000 + " m", "from " * 3000])
def test_no_text_makes_it_raise(text: str) -> None:
    assert statements(text).classes == ()


def test_the_surest_of_several_counts_is_told() -> None:
    source = "Four buildings, three cars and two ships."
    [found] = issues(CHECK, revised(source, "A building, nine cars and two ships."))
    assert (found.score, "3 car" in found.note) == (0.2, True)
