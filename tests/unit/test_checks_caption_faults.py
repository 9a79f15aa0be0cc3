"""Markup, brackets, advertising and talk of tags in captions; counts against each other.

Real: rejected annotations that RSTeller's washing notebook prints; captions of RSICD.
"""

from __future__ import annotations

from typing import Any

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Issue
from tests.unit.subjects import issues_of
from tests.unit.texts import captioned, revised, talk


def said(check: str, *captions: str) -> list[Issue]:
    return issues_of(CHECKS[check], captioned(*captions))


# ----------------------------------------------------------------------------- must not

SOUND = [
    "Route #9 and a pond of ~50 m (about 0.5 acres) lie 100% inside the view.",
    "The stream runs for 313 meters from a top-left corner; it is 5\u201d deep at 40\u00b0.",
    "A museum & garden (opened in 1966), \u201cthe Mall\u201d, stands beside the road.",
    "Seen here: 1) a road, 2) a lake and a) a pier :) beside it.",
    "The values lie in [0, 1) and (0.5, 0.7].",
    "A plaza with a price tag shop, a license tag office and a welcome center, open to the sky.",
    "It is designated as a park, identified as Sherwood Oaks and known as the Oaks.",
    "The $5 million bridge carries 40,000 cars.",
    "The area is suitable for recreation, a stopover point for travelers.",
    "An open field, open water and a free-standing tower whose owner is unknown.",
    "The visitor center and a call box stand in order beside our only road.",
    "None of the boats is moored; the town of Nan lies in the come-and-go of traffic.",
    "The park is an ideal place for birds, which visitors can see.",
    "Image P0003_0001.png shows a road; see http_test/road_map.tif.",
    "It appears distinctly\u2014the South Shore Wastewater Treatment Plant.",
    "Renowned as Lac du Saint-Sacrement in French and Kani\u00e1:taro\u2019kte in Mohawk.",
]


@pytest.mark.parametrize("text", SOUND)
@pytest.mark.parametrize(
    "check", ["leftover_markup", "unbalanced_text", "advertising", "prompt_leak"]
)
def test_sound_captions(check: str, text: str) -> None:
    assert said(check, text) == []


@pytest.mark.parametrize(
    "answer",
    [
        "<p>Two ships</p> {<12><30><45><60>|<90>} beside <box>10,20,30,40</box>",
        '{"bbox_2d": [10, 20, 30, 40], "label": "baseball_diamond"}',
        "dense_residential_area",
        "**Roads**: two.\n- `highway` is a tag\n# Summary\nN/A",
        "See www.example.org for the price, $5, and opening hours.",
        "(a",
    ],
)
@pytest.mark.parametrize("check", ["leftover_markup", "unbalanced_text", "advertising"])
def test_sound_answers(check: str, answer: str) -> None:
    assert issues_of(CHECKS[check], talk("What is there?", answer)) == []


@pytest.mark.parametrize(
    "captions",
    [
        ["three planes are parked .", "two large planes and a small plane are here ."],
        ["two tennis courts on each side of a road .", "four tennis courts are here ."],
        ["several planes are here .", "many planes are here .", "six planes are here ."],
        ["four basketball fields and two tennis courts .", "a table tennis field is here ."],
        ["most of the planes are parked, only one plane is on the runway .", "six planes ."],
        ["four badminton fields and a small football court .", "two playgrounds ."],
        ["three basketball fields are next to tubes .", "a playground with two courts is here ."],
        ["four tennis courts are here .", "there are two tennis courts beside the road ."],
        ["about three planes .", "four planes ."],
        ["three soccer fields can be seen .", "two playgrounds are surrounded by plants ."],
        ["A parking lot contains three cars.", "There are five cars."],
        ["At the top there are two planes.", "There are five planes."],
        ["a playground with two basketball fields in it .", "four basketball fields are here ."],
        ["two three-storey houses .", "three houses ."],
        ["A bridge spans the river.", "Two bridges span the river."],
        ["One plane taxis. The other planes stand.", "five planes are here ."],
        ["a couple of cars", "three cars"],
        ["A pair of planes is here.", "two planes ."],
    ],
)
def test_counts_that_agree(captions: list[str]) -> None:
    assert said("count_drift", *captions) == []


def test_counts_of_a_part_agree() -> None:
    asked = talk("How many planes are on the left?", "There are two planes.",
                 "How many planes are there?", "There are five planes.")  # fmt: skip
    assert issues_of(CHECKS["count_drift"], asked) == []


def test_revisions_are_left_to_their_check() -> None:
    assert issues_of(CHECKS["count_drift"], revised("Two planes.", "Three planes.")) == []


# ----------------------------------------------------------------------------- must


@pytest.mark.parametrize(
    ("check", "text", "words"),
    [
        ("leftover_markup", "It covers a fifth of the view, its-mdash; with homes.", "its-mdash;"),
        ("leftover_markup", "It runs to the right-top_right edge of the view.", "right-top_right"),
        ("leftover_markup", "The road _NAME runs north.", "_NAME"),
        ("leftover_markup", "A **large** lake lies here.", "**large**"),
        ("leftover_markup", "An area of 5 m|^{2} lies here.", "markup"),
        ("leftover_markup", "A lake.<br/>A road.", "an HTML tag"),
        ("leftover_markup", "A road runs past [insert name here].", "a placeholder"),
        ("leftover_markup", "A road runs through [city].", "a placeholder"),
        ("leftover_markup", "A road named XXXX runs north.", "a placeholder"),
        ("leftover_markup", "# Description\nA road runs north.", "markup"),
        ("leftover_markup", "The road named ##Main Street## runs north.", "##Main"),
        ("leftover_markup", "A field in the park ${name}.", "a placeholder"),
        ("leftover_markup", "The map displays a <highway> in the woods.", "a placeholder"),
        ("leftover_markup", "The road None runs through the town.", "a placeholder"),
        ("leftover_markup", "The obj_3 lies beside a road.", "obj_3"),
        ("unbalanced_text", "Homes encircle the property.\u201d", "closes"),
        ("unbalanced_text", "A school (with two buildings stands here.", "opens '('"),
        ("unbalanced_text", "A school with two buildings) stands here.", "closes ')'"),
        ("unbalanced_text", "A school (see image a) and (b stands here.", "opens '('"),
        ("unbalanced_text", "A school [with (two] buildings) stands here.", "closes ']'"),
        ("advertising", "It is open, inviting visitors to enjoy its grounds.", "a visitor"),
        ("advertising", "Open hours extend from 6:00 AM to 1:00 AM.", "opening hours"),
        ("advertising", "The cafe serves from 9am to 5pm.", "opening hours"),
        ("advertising", "Visit our website at www.example.org today.", "visit our website"),
        ("advertising", "A hotel stands here; call (512) 555-0123.", "telephone"),
        ("advertising", "Rooms in this building start at $99 a night.", "a price"),
        ("advertising", "The park is famed for its smoke-free regulations.", "smoke-free"),
        ("advertising", "Come and enjoy the beaches of this island!", "Come and enjoy"),
        ("advertising", "Visitors will love the friendly staff.", "Visitors will love"),
        ("advertising", "It is a wonderful place to live; contact our agent.", "a visitor"),
        ("prompt_leak", "Revised caption: a park.", "an instruction"),
        ("prompt_leak", "An area, Sherwood Oaks, tagged for residential use.", "tagged for"),
        ("prompt_leak", "A field, tagged as farmland, lies here.", "tagged as"),
        ("prompt_leak", "Based on provided tags, this is a lake.", "on provided tags"),
        ("prompt_leak", "The OSM data show a lake here.", "OSM"),
    ],
)  # fmt: skip
def test_unsound_captions(check: str, text: str, words: str) -> None:
    (issue,) = said(check, "A lake lies here.", text)
    assert words.lower() in issue.note.lower()
    assert "caption 2" in issue.note


@pytest.mark.parametrize("answer", ["A lake.<br>", "The lake &amp the road", "[your answer]"])
def test_unsound_answers(answer: str) -> None:
    assert len(issues_of(CHECKS["leftover_markup"], talk("What is there?", answer))) == 1


@pytest.mark.parametrize(
    ("captions", "severity"),
    [
        (["there are three planes .", "two airplanes are there ."], None),
        (["In the image, there are 3 ships.", "Two ships are sailing."], None),
        (["five storage tanks are near trees .", "four storage tanks are near trees ."], None),
        (["two planes .", "three planes are parked in the airport ."], None),
        (["A pair of tennis courts is seen.", "Three tennis courts lie by the road."], None),
        (["A single bridge spans the river.", "Two bridges span the river."], None),
        (["The two piers are long.", "There are 3 piers."], None),
        (["three planes are on the grass .", "there are four planes on the grass ."], None),
        (["two large planes on the apron .", "three large planes beside the apron ."], "info"),
    ],
)
def test_counts_that_contradict(captions: list[str], severity: Any) -> None:
    (issue,) = said("count_drift", *captions)
    assert (issue.severity, "caption 1 says" in issue.note) == (severity, True)


def test_answers_that_count_differently() -> None:
    asked = talk("Describe it.", "There are two baseball fields here.",
                 "What can you see?", "I can see three baseball fields.")  # fmt: skip
    (issue,) = issues_of(CHECKS["count_drift"], asked)
    assert "'two baseball fields'" in issue.note and "'three baseball fields'" in issue.note
