"""Checks on the words alone: garbled, prompt text, unanswerable, vague, too long or short."""

from __future__ import annotations

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS
from tests.unit.subjects import issues, subject

FINE = {
    "garbled_query": [
        "the car",
        "the façade of the café — “white” and it’s tall",
        "the 3.5 m wide road (B27)",
        "the building with 'GASOL' & '20' on its roof",
        "Find the tent at 50% of the height...",
        "the Krzyżanowski street rhythm",
        "AAA road, I-95",
        "tabs\tand\nlines",
        "Müllstraße",
    ],
    "boilerplate": [
        "Spot the building, signifying it as an aircraft hangar.",
        "Identify the vehicle in the image.",
        "Segment the truck in the center.",
        "the user entrance",
        "the answer is the red car",
        "the test track",
        "the car at the coordinates [1, 2, 3, 4] of its bounding box",
        "Sure-footed climbers' hut",
        "the unknown soldier memorial",
        "the building positioned near the center",
    ],
    "unanswerable_query": [
        "Find the dark car on the dark road.",
        "the black truck in the shadow",
        "the vehicle with visible wheels",
        "the ship without a mast",
        "the building that lacks some walls",
        "the hard-to-reach pier",
        "the low light-colored shed",
        "the truck with clear edges and no visible load on it that is red",
    ],
    "vague_query": [
        "the red car",
        "the small car",
        "the car on the left",
        "the car beside the hangar",
        "the round tank",
        "two cars",
        "the car with a ladder on its roof",
        "the truck towing a boat",
        "the target painted on the helipad",
        "the building with a helipad on the roof",
        "",
    ],
}


@pytest.mark.parametrize(("check", "phrase"), [(c, p) for c, ps in FINE.items() for p in ps])
def test_sound_words_raise_no_doubt(check: str, phrase: str) -> None:
    assert issues(check, subject(phrase=phrase)) == []


GARBLED = [
    ("the caf\ufffd", "U+FFFD"),
    ("the faÃ§ade", "decoded wrongly"),
    ("itâ€™s the car", "decoded wrongly"),
    ("ï»¿the car", "decoded wrongly"),
    ("the car\x00", "U+0000"),
    ("the \x1b[31mred car", "U+001B"),
    ("\ue000 car", "U+E000"),
    ("the roof &amp; the wall", "&amp;"),
    ("the caf\\u00e9", "escape"),
    ("the red\\ncar", "escape"),
    ("the truuuuck", "repeated"),
    ("the car????", "repeated"),
    ("find the xkqjztw", "no word"),
    ("the сar", "Cyrillic and Latin"),
    ("the car 汽车", "Cjk and Latin"),
]


@pytest.mark.parametrize(("phrase", "says"), GARBLED)
def test_garbled(phrase: str, says: str) -> None:
    (issue,) = issues("garbled_query", subject(phrase=phrase))
    assert says in issue.note
    assert issue.score < 0.5 and issue.severity is None
    assert issue.note.isprintable()


@pytest.mark.parametrize(("phrase", "script"), [("автомобиль", "Cyrillic"), ("汽车", "Cjk")])
def test_another_script_is_only_told(phrase: str, script: str) -> None:
    (issue,) = issues("garbled_query", subject(phrase=phrase))
    assert issue.severity == "info" and issue.note.endswith(script)


PROMPTS = [
    ("I'm sorry, I cannot identify the object.", "refusal"),
    ("As an AI language model I cannot see images.", "refusal"),
    ("Unfortunately, the image is not available.", "refusal"),
    ("Sure! The red car.", "prompt"),
    ("Here are three rephrased queries", "prompt"),
    ("ASSISTANT: the red car", "prompt"),
    ("<image>\nthe red car", "prompt"),
    ("Find the {class} in the image.", "prompt"),
    ("the [object] on the left", "prompt"),
    ("[INST] the car [/INST]", "prompt"),
    ("N/A", "prompt"),
    ("None", "prompt"),
    ("Locate the car within the given bounding box.", "reader is not given"),
    ("Find the bus at the specified coordinates.", "reader is not given"),
]


@pytest.mark.parametrize(("phrase", "says"), PROMPTS)
def test_boilerplate(phrase: str, says: str) -> None:
    (issue,) = issues("boilerplate", subject(phrase=phrase))
    assert says in issue.note


UNANSWERABLE = [
    "Despite the image's lack of clarity, determine which car is depicted.",
    "Find the building in the snapshot despite the lack of light.",
    "Identify the building in the image as it is too blurred to discern specific features.",
    "Even with poor visibility caused by darkness, identify the car in the image.",
    "Determine the type of vehicle in the photo, even though the dark backdrop renders it unseen.",
    "Locate the truck within the image, even though the darkness hides its details.",
    "Find the building even though no structures are visible within the parking lot.",
    "the car cannot be seen clearly due to the image's lack of light",
    "Recognize the car in the photo even though it's difficult to see due to the dark.",
]


@pytest.mark.parametrize("phrase", UNANSWERABLE)
def test_unanswerable(phrase: str) -> None:
    (issue,) = issues("unanswerable_query", subject(phrase=phrase))
    assert issue.score == 0.15
    assert issue.note.startswith("the query says '")


def test_what_still_tells_the_target_is_said() -> None:
    phrase = "Identify the car in the bottom-right, where the features are too blurred to specify."
    (issue,) = issues("unanswerable_query", subject(phrase=phrase))
    assert issue.score == 0.45 and issue.note.endswith("though it names a place")


VAGUE = [
    "the car",
    "the target in the picture",
    "Find the truck in the picture.",
    "Identify the truck with its distinct shape and contrasting color against the background.",
    "Locate the bus in the image that can be recognized by its distinct features.",
    "Spot the building with unique characteristics that stands out from its surroundings.",
]


@pytest.mark.parametrize("phrase", VAGUE)
def test_vague(phrase: str) -> None:
    (issue,) = issues("vague_query", subject(phrase=phrase))
    assert CHECKS["vague_query"].severity == "warning" and issue.score >= 0.5


def test_how_vague_is_a_parameter() -> None:
    pair = subject(phrase="Find the truck with a ladder.")
    assert issues("vague_query", pair) == []
    (issue,) = issues("vague_query", pair, max_words=1)
    assert "only ladder" in issue.note


def sentences(*lengths: int) -> list:
    return [subject(f"gres/train/{i}#0", phrase="car " * n) for i, n in enumerate(lengths)]


@pytest.mark.parametrize(
    "lengths",
    [[], [1], [5] * 18 + [400], list(range(6, 36)), [8, 12] * 30, [3] * 50 + [1] * 2, [0] * 40],
    ids=["none", "one", "few", "spread", "two kinds", "short and shorter", "empty"],
)
def test_usual_lengths(lengths: list[int]) -> None:
    assert issues("length_outlier", sentences(*lengths)) == []


def test_length_outliers() -> None:
    pairs = sentences(*[10, 11, 12, 13] * 10, 300, 1)
    found = {issue.key: issue for issue in issues("length_outlier", pairs)}
    assert set(found) == {pairs[-1].key, pairs[-2].key}
    assert found[pairs[-2].key].note == "300 words, much longer than the median of 11"
    assert found[pairs[-2].key].score < found[pairs[-1].key].score
    assert len(issues("length_outlier", pairs, deviations=20)) == 0
