"""What is suggested for a finding, and what is not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS
from pairlens.fiftyone_plugin.checks.base import EMBEDDINGS, PREDICTIONS, Agreement, Finding, Sample
from pairlens.fiftyone_plugin.checks.engine import find_all
from pairlens.fiftyone_plugin.checks.examples import captioned, example, examples, mask_at
from pairlens.fiftyone_plugin.checks.suggestions.offered import Suggestion, suggest

RUN = [
    one
    for one in (CHECKS[name] for name in CHECKS)
    if one.scope != "dataset"
    and "pairs" in one.kinds
    and not {PREDICTIONS, EMBEDDINGS} & set(one.needs)
]


def offered(*samples: Sample) -> dict[str, Suggestion]:
    """What is offered for samples as the checks find them."""
    return suggest(samples, find_all(samples, RUN), RUN)


def text(phrase: str, **changes: object) -> str | None:
    sample = example(phrase=phrase, **changes)
    made = offered(sample).get(sample.key)
    return made.text if made else None


# ------------------------------------------------------------------------------ must not


@pytest.mark.parametrize(
    ("phrase", "changes"),
    [
        pytest.param("the red car beside the hangar", {}, id="sound"),
        pytest.param("Find the vehicle inside the bounding box.", {}, id="nothing would be left"),
        pytest.param("the car at [10, 20, 30, 40]", {}, id="too little would be left"),
        pytest.param(
            "the red car slightly to the right of the center", {"stats": mask_at(60, 256)},
            id="a place that cannot be turned",
        ),
        pytest.param(
            "the red car in the north", {"stats": mask_at(60, 256)}, id="a compass has no middle"
        ),
        pytest.param("I'm sorry, I cannot help with that.", {}, id="a refusal holds no query"),
    ],
)  # fmt: skip
def test_nothing_is_offered(phrase: str, changes: dict[str, object]) -> None:
    assert text(phrase, **changes) is None


def test_what_would_contradict_a_sibling_is_not_offered() -> None:
    """One of two queries is mended only where both are, or they would say different places."""
    stats = mask_at(60, 450)
    wrong = "the red car in the top-left corner"
    stubborn = "the red car, slightly above the center of the upper left part"
    pair = examples(wrong, stubborn, stats=stats)
    for key, one in offered(*pair).items():
        changed = [replace(s, phrase=one.text or "") if s.key == key else s for s in pair]
        before = {(k, f.check) for k, found in find_all(pair, RUN).items() for f in found}
        after = {(k, f.check) for k, found in find_all(changed, RUN).items() for f in found}
        assert after <= before


# ------------------------------------------------------------------------------ must


@pytest.mark.parametrize(
    ("phrase", "at", "mended"),
    [
        ("the car in the top-left corner", (60, 450), "the car in the bottom-left corner"),
        ("the car in the upper-left part", (60, 450), "the car in the lower-left part"),
        ("the car in the Upper right of the image", (60, 450),
         "the car in the lower left of the image"),
        ("the car at the bottom center of the image", (60, 480),
         "the car at the bottom left of the image"),
        ("the car in the center-right part", (60, 256), "the car in the center-left part"),
        ("the car at the center of the photo", (60, 480),
         "the car at the bottom-left of the photo"),
        ("the car on the left side of the image", (460, 256),
         "the car on the right side of the image"),
        ("the car in an upper-left area of the image", (60, 460),
         "the car in a lower-left area of the image"),
        ("the car in the north-eastern corner", (60, 460), "the car in the south-western corner"),
    ],
)  # fmt: skip
def test_the_place_is_that_of_the_mask(phrase: str, at: tuple[int, int], mended: str) -> None:
    assert text(phrase, stats=mask_at(*at)) == mended


@pytest.mark.parametrize(
    ("phrase", "mended"),
    [
        ("Find the red car beside the hangar at coordinates [10, 20, 30, 40].",
         "Find the red car beside the hangar."),
        ("Using the provided bounding box, find the red car beside the hangar.",
         "Find the red car beside the hangar."),
        ("Use the given coordinates (12, 40) to spot the red car beside the hangar.",
         "Spot the red car beside the hangar."),
        ("The red car beside the hangar, enclosed by a bounding box beginning at the origin.",
         "The red car beside the hangar."),
        ("Draw a bounding box around the red car beside the hangar.",
         "Locate the red car beside the hangar."),
        ("What is the name of the building beside the red hangar?",
         "Locate the building beside the red hangar."),
        ("Partition the red car beside the hangar.", "Locate the red car beside the hangar."),
    ],
)  # fmt: skip
def test_talk_is_cut_and_the_sentence_stays(phrase: str, mended: str) -> None:
    assert text(phrase) == mended


def test_two_faults_of_a_query_are_mended_together() -> None:
    stats = mask_at(60, 450)
    phrase = "Find the car in the top-left corner within the coordinates [1, 2, 3, 4]."
    one = offered(example(phrase=phrase, stats=stats))["gres/train/1#0"]
    assert one.text == "Find the car in the bottom-left corner."
    assert {"position_conflict", "coordinate_leak"} <= set(one.checks)


def test_the_class_is_that_of_the_other_queries() -> None:
    made = offered(*examples("a red container in the dock", "the red vessel", "the red ship"))
    assert [(key, one.text) for key, one in made.items()] == [
        ("gres/train/1#0", "a red vessel in the dock")
    ]


def test_exchanged_masks_are_exchanged_back() -> None:
    pairs = (
        example(phrase="the car on the right", stats=mask_at(60, 256)),
        example("gres/train/1#1", phrase="the bus on the left", stats=mask_at(450, 256)),
    )
    made = offered(*pairs)
    assert {key: one.mask_of for key, one in made.items()} == {
        "gres/train/1#0": "gres/train/1#1",
        "gres/train/1#1": "gres/train/1#0",
    }
    assert all(one.text is None for one in made.values())


def test_the_mask_that_predictors_agree_on_is_offered_where_it_is_sound() -> None:
    pair = example(ious={"agreed": 0.02}, agreements={"agreed": Agreement(0.81, 900)})
    note = "the predictors of agreed agree with each other (mean IoU 0.81) and not with the mask"
    found = {pair.key: [Finding(pair.key, "consensus_conflict", "warning", 0.1, note)]}
    assert suggest([pair], found, RUN, lambda key, field: pair.stats)[pair.key] == Suggestion(
        ("consensus_conflict",), mask_from="agreed"
    )
    empty = replace(pair.stats, area=0, box=(0, 0, 0, 0))
    assert suggest([pair], found, RUN, lambda key, field: empty) == {}
    assert suggest([pair], found, RUN, lambda key, field: None) == {}


def test_a_caption_says_each_sentence_and_each_word_once() -> None:
    image = captioned("Trees stand here in in rows. A road runs past them. A road runs past them.")
    found = find_all([image], [CHECKS["repetitive_caption"]])
    made = suggest([image], found, [CHECKS["repetitive_caption"]])
    assert made[image.key].text == "Trees stand here in rows. A road runs past them."
    sound = captioned("Trees stand here in rows.")
    assert suggest([sound], {}, [CHECKS["repetitive_caption"]]) == {}
