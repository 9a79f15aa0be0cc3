"""Checks of captions, alone, beside each other and across images."""

from __future__ import annotations

from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Issue, Sample
from pairlens.fiftyone_plugin.checks.engine import for_kind
from tests.unit.subjects import issues, issues_of
from tests.unit.texts import annotated, captioned, published, talk

LONG = (
    "The image shows a dense residential area with houses in rows along curved streets. "
    "To the east a river winds between trees."
)
REAL = ("607.legacy", "726")


def said(check: str, sample: Sample, kind: str = "captions") -> list[Issue]:
    """What a check says of one image, as it runs on that kind of dataset."""
    one = for_kind(CHECKS[check], kind)  # type: ignore[arg-type]
    return issues_of(one, sample)


# ----------------------------------------------------------------------------- must not


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize(
    "check",
    ["empty_caption", "duplicate_caption", "repetitive_caption", "truncated_caption",
     "revision_drift", "task_mix", "garbled_query", "boilerplate", "coordinate_leak"],
)  # fmt: skip
def test_real_annotations_of_rsteller_are_sound(shared_data: Path, name: str, check: str) -> None:
    assert said(check, annotated(shared_data / "rsteller" / f"{name}.json")) == []


def test_real_captions_and_answers_are_sound(shared_data: Path) -> None:
    samples = published("rsgpt4v", shared_data / "rsgpt4v")
    assert len(samples) > 30
    names = [n for n in CHECKS if "instructions" in CHECKS[n].kinds]
    found = {}
    for one in (for_kind(CHECKS[name], "instructions") for name in names):
        if "embeddings" in one.needs:
            continue
        found[one.name] = issues_of(one, samples)
    # Ten of UC Merced's farmlands have the same five captions.
    assert len(found.pop("duplicate_caption")) == 10
    assert {name: issues for name, issues in found.items() if issues} == {}


@pytest.mark.parametrize(
    ("check", "texts"),
    [
        pytest.param("empty_caption", ["7"], id="a digit is something"),
        pytest.param("duplicate_caption", ["a road .", "two roads ."], id="two captions"),
        pytest.param("duplicate_caption", [" ", " "], id="blanks are no copies"),
        pytest.param("repetitive_caption", [LONG], id="prose"),
        pytest.param(
            "repetitive_caption",
            ["He had had it, and that that is true is clear."],
            id="words that English doubles",
        ),
        pytest.param("repetitive_caption", ["Trees. Trees."], id="too short to repeat"),
        pytest.param(
            "repetitive_caption", ["Taxiway A A crosses a runway."], id="a letter that is a name"
        ),
        pytest.param(
            "repetitive_caption",
            [
                "A road runs from the top to the bottom of the image, and a second road runs from "
                "the left to the right of the image through a large field with a small white farm."
            ],
            id="similar words in turn",
        ),
        pytest.param("truncated_caption", ["a road beside the river"], id="no full stop"),
        pytest.param(
            "truncated_caption",
            ["many houses with a wide highway beside ."],
            id="an adverb at the end (Sydney 221)",
        ),
        pytest.param("truncated_caption", [LONG[:-1] + ' ("the Creek").'], id="a closing bracket"),
        pytest.param("truncated_caption", ["Is this the field they come from?"], id="a question"),
        pytest.param("truncated_caption", ["Planes stand at terminal A."], id="a letter as name"),
        pytest.param("truncated_caption", ["Trucks wait at gate A"], id="a letter without a stop"),
        pytest.param(
            "truncated_caption",
            ["A farm outside of Portland, OR.", "A suburb of Gary, IN"],
            id="states of the USA",
        ),
        pytest.param("prompt_leak", [LONG], id="prose"),
        pytest.param(
            "prompt_leak",
            ["A highway near a building with natural light."],
            id="words that are tags",
        ),
        pytest.param(
            "prompt_leak", ["The area is about 20 x 30 meters, 3:1 in form."], id="numbers"
        ),
        pytest.param(
            "prompt_leak", ["A task force parks its trucks: four in a row."], id="task and colon"
        ),
        pytest.param("prompt_leak", ["Here is a piece of farmland ."], id="here is (UCM)"),
        pytest.param("boilerplate", ["Here is a piece of farmland ."], id="here is, again"),
        pytest.param("coordinate_leak", ["Spanning 339 meters, built in 1998."], id="measures"),
        pytest.param("garbled_query", ["a caf\u00e9 beside the fa\u00e7ade ."], id="accents"),
    ],
)
def test_sound_captions(check: str, texts: list[str]) -> None:
    assert said(check, captioned(*texts)) == []


@pytest.mark.parametrize("tasks", [(1, 3), (2, 3, 3, 3, 3), (1,), (None, None)], ids=str)
def test_sound_tasks(tasks: tuple[int | None, ...]) -> None:
    assert said("task_mix", captioned(*((f"text {n}", task) for n, task in enumerate(tasks)))) == []


def test_a_few_images_may_share_a_caption() -> None:
    images = [captioned("many ships .", key=f"x/train/{n}") for n in range(9)]
    assert issues("duplicate_caption", images) == []


def test_captions_without_stops_are_usual_where_most_have_none() -> None:
    images = [captioned(f"{n} roads" + " ." * (n % 2), key=f"x/train/{n}") for n in range(100)]
    assert issues("truncated_caption", images) == []


@pytest.mark.parametrize(
    "text",
    [
        "a residential area with many houses arranged neatly and a wide highway beside",
        "a meadow with some green bushes on it while some roads passed by",
        "a rectangular football field and a forked grey highway surrounded",
        "there is a big airport with a white airplane parked on",
    ],
)
def test_an_adverb_ends_a_caption_where_most_have_no_stop(text: str) -> None:
    others = [captioned(f"{n} roads", key=f"x/train/{n}") for n in range(100)]
    assert issues("truncated_caption", [*others, captioned(text)]) == []


# --------------------------------------------------------------------------------- must


@pytest.mark.parametrize(
    "text", ["a wide river flows past the", "many houses are located", "a road runs between"]
)
def test_captions_without_stops_are_cut_at_other_words(text: str) -> None:
    others = [captioned(f"{n} roads", key=f"x/train/{n}") for n in range(100)]
    (issue,) = issues("truncated_caption", [*others, captioned(text)])
    assert "breaks off" in issue.note and issue.severity in (None, "warning")


def test_an_adverb_does_not_end_a_caption_where_others_have_a_stop() -> None:
    others = [captioned(f"There are {n} roads.", key=f"x/train/{n}") for n in range(100)]
    (issue,) = issues("truncated_caption", [*others, captioned("a field with a highway beside")])
    assert "breaks off" in issue.note and issue.severity in (None, "warning")


@pytest.mark.parametrize(
    ("check", "text", "words"),
    [
        pytest.param("empty_caption", " ", "caption 1 has no words; it is ' '", id="blank"),
        pytest.param("empty_caption", "\u200b.", "it is '\\u200b.'", id="invisible"),
        pytest.param(
            "repetitive_caption",
            "A road by a lake. Trees stand here in rows. Trees stand here in rows.",
            "says 2 times: 'trees stand here in rows'",
            id="sentence",
        ),
        pytest.param(
            "repetitive_caption",
            "A field with trees and a field with trees and a field "
            "with trees and a field with trees and a field",
            "stand there again",
            id="loop",
        ),
        pytest.param(
            "repetitive_caption", "The the road is long.", "says 'The' 2 times", id="word"
        ),
        pytest.param(
            "repetitive_caption", "a a house beside the road", "says 'a' 2 times", id="article"
        ),
        pytest.param(
            "truncated_caption", "A wide river flows past the", "breaks off", id="article"
        ),
        pytest.param(
            "truncated_caption", "A wide river flows past the.", "ends with", id="article and stop"
        ),
        pytest.param("truncated_caption", "Houses, gardens, trees,", "breaks off", id="comma"),
        pytest.param(
            "truncated_caption",
            LONG + " Farther down a bridge crosses",
            "has no end",
            id="last of several sentences",
        ),
        pytest.param(
            "prompt_leak",
            "A road (highway=residential) in a town.",
            "holds a tag: 'highway=residential'",
            id="tag",
        ),
        pytest.param("prompt_leak", "A road with tiger:reviewed of no.", "a tag", id="namespace"),
        pytest.param("prompt_leak", "{'landuse': 'forest'} with trees", "a tag", id="python"),
        pytest.param(
            "prompt_leak", "Here is the revised caption: a lake.", "an instruction", id="preamble"
        ),
        pytest.param("prompt_leak", "Caption: a lake.", "an instruction", id="heading"),
        pytest.param(
            "prompt_leak", "A lake. Do not mention the name.", "an instruction", id="rule"
        ),
        pytest.param(
            "prompt_leak", "According to the provided tags, a lake.", "was given", id="given"
        ),
        pytest.param("prompt_leak", "A lake.</s>", "mark of a speaker", id="token"),
        pytest.param(
            "garbled_query",
            "the fa\u00c3\u00a7ade of a hall",
            "caption 1 was decoded wrongly",
            id="mojibake",
        ),
        pytest.param(
            "boilerplate",
            "I'm sorry, but I cannot describe it.",
            "caption 1 is a refusal",
            id="refusal",
        ),
        pytest.param(
            "coordinate_leak", "a car at [12, 40, 30, 20].", "caption 1 holds coordinates", id="box"
        ),
    ],
)
def test_unsound_captions(check: str, text: str, words: str) -> None:
    (issue,) = said(check, captioned(text))
    assert words in issue.note
    assert issue.score <= 0.5


def test_what_a_legacy_caption_was_prompted_with_is_worth_knowing(shared_data: Path) -> None:
    (issue,) = said("prompt_leak", annotated(shared_data / "rsteller" / "607.legacy.json"))
    assert (issue.severity, issue.note) == (
        "info", "caption 1 (task 2) holds words of the prompt: 'the ROI'",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["A road that is Not Yet Reviewed.", "An unreviewed road."])
def test_what_only_a_map_tells_is_worth_knowing(text: str) -> None:
    (issue,) = said("prompt_leak", captioned(text))
    assert issue.severity == "info" and "words of the prompt" in issue.note


@pytest.mark.parametrize(
    ("tasks", "words", "severity"),
    [
        pytest.param((1, 2, 3), "as an area and as something else", None, id="both"),
        pytest.param((3, 3), "nothing that they revise", None, id="no source"),
        pytest.param((1, 7), "task 7 is none of 1, 2 and 3", None, id="unknown"),
        pytest.param((1, None), "name no task", "info", id="partly"),
        pytest.param((1, 1, 3), "2 descriptions of one task", "info", id="twice"),
    ],
)
def test_mixed_tasks(tasks: tuple[int | None, ...], words: str, severity: str | None) -> None:
    sample = captioned(*((f"text {n}", task) for n, task in enumerate(tasks)))
    (issue,) = said("task_mix", sample)
    assert words in issue.note and ", ".join("none" if t is None else str(t) for t in tasks) in (
        issue.note
    )
    assert issue.severity == severity


def test_a_copy_within_an_image_is_named() -> None:
    (issue,) = said("duplicate_caption", captioned("A road.", "a lake", ("a ROAD", 3)))
    assert issue.note == "caption 3 (task 3) repeats caption 1: 'a ROAD'"
    assert (issue.key, issue.severity) == ("rsteller/train/1", None)


def test_a_caption_of_very_many_images_is_worth_knowing() -> None:
    images = [captioned("Many ships.", f"{n} ships", key=f"x/train/{n}") for n in range(12)]
    images += [captioned(f"{n} cars", key=f"x/val/{n}") for n in range(8)]
    found = issues("duplicate_caption", images)
    assert [issue.key for issue in found] == [f"x/train/{n}" for n in range(12)]
    assert found[0].note == "12 of 20 images have caption 1: 'Many ships.'"
    assert {issue.severity for issue in found} == {"info"}
    assert issues("duplicate_caption", images, min_images=13) == []


def test_a_caption_without_a_stop_among_many_with_one() -> None:
    images = [captioned(f"{n} roads .", key=f"x/train/{n}") for n in range(99)]
    (issue,) = issues("truncated_caption", [*images, captioned("a lake with trees")])
    assert issue.note.startswith("caption 1 has no full stop, as the others have")
    assert (issue.key, issue.severity) == ("rsteller/train/1", "info")


def test_several_of_a_kind_are_one_finding() -> None:
    (issue,) = said("empty_caption", captioned("a road", "", ("?", 3)))
    assert issue.note == "caption 2 has no words; it is ''; 1 more of the kind"


@pytest.mark.parametrize(
    "answer",
    [
        "No, I don't see any sea.",
        "I cannot see a plane in this picture, only cars.",
        "I can't find any ships here.",
        "Certainly, there is a road.",
        "Of course, it is a port.",
    ],
)
def test_an_answer_may_deny_and_affirm_as_people_do(answer: str) -> None:
    assert said("boilerplate", talk("Can you see it?", answer), "instructions") == []


@pytest.mark.parametrize(
    "answer",
    [
        "I don't see any image that I could describe.",
        "I cannot see the image.",
        "I can't help you with that.",
        "Sure! Here is a caption: a road.",
        "I don't see any boats, as I'm an AI.",
    ],
)
def test_an_answer_that_refuses_or_repeats_a_prompt(answer: str) -> None:
    (issue,) = said("boilerplate", talk("Can you see it?", answer), "instructions")
    assert issue.severity is None


def test_a_caption_does_not_answer() -> None:
    for text in ("I don't see any sea.", "Certainly, there is a road."):
        assert len(said("boilerplate", captioned(text))) == 1


def test_checks_of_queries_go_through_answers_as_well() -> None:
    sample = talk("What is it?", "I'm sorry, but I cannot tell.", "What else?", "none")
    (issue,) = said("boilerplate", sample, "instructions")
    assert issue.note == "the answer of turn 1 (a.json[0]) is a refusal: 'I'm sorry'"


MARKDOWN = (
    "### Land use\n- **Runways**: two, side by side.\n- **Terminal**: one.\n\n### Summary:\nBusy."
)


@pytest.mark.parametrize("check", ["boilerplate", "prompt_leak", "leftover_markup"])
def test_a_text_that_is_markdown_throughout_has_no_leftovers(check: str) -> None:
    for text in (MARKDOWN, '```json\n[{"bbox": [1, 2, 3, 4]}]\n```'):
        assert said(check, talk("What is there?", text), "instructions") == []
    assert said(check, captioned(MARKDOWN)) == []


@pytest.mark.parametrize(
    ("check", "text"),
    [
        ("boilerplate", "### A road runs north."),
        ("boilerplate", "Give the caption as json."),
        ("prompt_leak", "A road.\n### Assistant: a road runs north."),
        ("leftover_markup", "- A road runs along the **right edge**.\nIt is paved."),
    ],
)
def test_a_single_mark_is_a_leftover(check: str, text: str) -> None:
    assert len(said(check, captioned(text))) == 1


def test_a_run_of_words_twice_in_a_row() -> None:
    prose = "A river with several boats flows past the old town and its harbor, where "
    sound = prose + "many ships lie near the long pier and many ships lie near the wall."
    assert issues_of(CHECKS["repetitive_caption"], captioned(sound)) == []
    echo = prose + "many ships lie near many ships lie near the long pier of the town."
    (issue,) = issues_of(CHECKS["repetitive_caption"], captioned(echo))
    assert issue.note == "caption 1 says twice in a row: 'many ships lie near'"
