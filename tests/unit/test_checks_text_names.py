"""Names in their own script are sound, slips into another language are not."""

from __future__ import annotations

import numpy as np
import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Batch, Issue, Sample
from pairlens.fiftyone_plugin.checks.engine import DatasetStatistics, for_kind, statistics_of
from tests.unit.subjects import issues_of
from tests.unit.texts import captioned


def said(check: str, *captions: str) -> list[Issue]:
    return issues_of(for_kind(CHECKS[check], "captions"), captioned(*captions))


@pytest.mark.parametrize(
    "text",
    [
        "The campus is labelled in English and simplified Chinese: \u5317\u4eac\u5927\u5b66.",
        "A lake, known as \u6d1e\u5ead\u6e56, fills the north of the scene.",
        "The Yangtze (\u957f\u6c5f) runs past the docks.",
        "Ships lie on the \u957f\u6c5f river beside a quay.",
        "Houses stand along \u041d\u0435\u0432\u0441\u043a\u0438\u0439 Prospekt.",
        "Renowned as Lac du Saint-Sacrement in French, the lake is long.",
        "A caf\u00e9 stands beside the fa\u00e7ade.",
        "Fields near Gda\u0144sk and the ulica \u0141\u0105kowa.",
        "The seeded fields needed water and exceeded the plot.",
        "Mississippi and Tennessee meet here.",
    ],
)
def test_sound_names(text: str) -> None:
    assert said("garbled_query", text) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Dense rows of houses,\u306e seeing suggestions of a grid.", "mixes"),
        ("A forested area \u0437\u0430\u043d\u0438\u043c\u0430\u0435\u0442 a fifth.", "mixes"),
        ("A r\u043ead runs north.", "one word mixes"),
        ("A path along the streamj\u0105 about 313 meters long.", "another language"),
        ("a playground is surroundededed by many buildings .", "repeated"),
    ],
)  # fmt: skip
def test_slips_into_another_language(text: str, words: str) -> None:
    (issue,) = said("garbled_query", text)
    assert words in issue.note


@pytest.mark.parametrize(
    "text",
    [
        "some green trees are around a square square .",
        "Roads lead to Walla Walla in the east.",
    ],
)
def test_words_that_may_stand_twice(text: str) -> None:
    assert said("repetitive_caption", text) == []


@pytest.mark.parametrize(
    "text", ["a square square square .", "houses and and trees .", "a road Road leads north ."]
)
def test_words_that_may_not_stand_twice(text: str) -> None:
    assert len(said("repetitive_caption", text)) == 1


# ------------------------------------------------------------ copies that are usual


def copies(twice: int, once: int) -> tuple[list[Issue], list[str]]:
    """The findings and the notes of ``duplicate_caption`` on so many images."""
    images = [
        captioned(f"lake {n}", f"a Lake {n}" if n < twice else "a road", key=f"rsteller/train/{n}")
        for n in range(twice + once)
    ]
    return copied_captions(images)


def copied_captions(images: list[Sample]) -> tuple[list[Issue], list[str]]:
    one = CHECKS["duplicate_caption"]
    batch = Batch.of(images, [one])
    statistics = DatasetStatistics().reading(
        lambda numbers: iter([batch.take(np.sort(numbers).tolist())] if numbers is not None else [])
    )
    statistics.add(statistics_of(batch, [one]))
    return list(one.run(statistics)), statistics.notes


def test_copies_of_most_images_are_one_note() -> None:
    found, (note,) = copies(98, 2)
    assert found == []
    assert note.startswith("duplicate_caption: 98 of 100 images (98 %) have the same caption twice")


def test_copies_of_few_images_are_findings() -> None:
    found, notes = copies(9, 9)  # half of a small dataset proves nothing
    assert (len(found), notes) == (9, [])
    found, _ = copies(10, 90)
    assert len([issue for issue in found if "repeats" in issue.note]) == 10


def test_a_caption_of_most_images_is_one_note() -> None:
    found, (note,) = copied_captions(
        [captioned("a road", f"lake {n}", key=f"rsteller/train/{n}") for n in range(60)]
    )
    assert found == []
    assert "60 of 60 images (100 %) share a caption with many others" in note
