"""What rules texts out before a pattern is tried: never one that the pattern matches."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pairlens.fiftyone_plugin.checks.catalogue import (
    advertising,
    captions,
    leftover_markup,
    prompts,
    unbalanced_text,
)
from pairlens.fiftyone_plugin.language import coordinates as boxes
from pairlens.fiftyone_plugin.language.coordinates import PATTERN, SCREEN
from pairlens.fiftyone_plugin.language.screens import Screen, ScreenedTexts, union
from pairlens.fiftyone_plugin.language.tokens import sentences, tokenize

SCREENED = [
    *((screen, pattern) for pattern, screen, *_ in advertising.PATTERNS),
    *((leftover_markup.SCREEN, pattern) for pattern, *_ in leftover_markup.PATTERNS),
    *((prompts.SCREEN, pattern) for pattern, *_ in prompts.PATTERNS),
    (unbalanced_text.SCREEN, unbalanced_text.MARKS),
    (SCREEN, PATTERN),
]
AROUND = st.text("ab .,'-\n(\u00e9", max_size=6)


@pytest.mark.parametrize(("screen", "pattern"), SCREENED)
def test_no_text_that_a_pattern_matches_is_ruled_out(
    screen: Screen, pattern: re.Pattern[str]
) -> None:
    @settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(AROUND, st.from_regex(pattern), AROUND)
    def passes(before: str, matched: str, after: str) -> None:
        text = before + matched + after
        if pattern.search(text):
            assert screen.passes(text)
            assert screen(ScreenedTexts(["a road", text])) == [1]

    passes()


def test_letters_that_are_like_others_when_case_is_ignored_rule_nothing_out() -> None:
    screen = Screen("visit")
    assert not screen.passes("a lake")
    assert screen.passes("a lake; vi\u017fit us")


def test_a_sign_with_a_mark_passes_with_the_mark_alone() -> None:
    screen = union([Screen("call"), Screen(signs="0@", marks=r"@|\d{3}-\d"), Screen(signs="$")])
    silent = ["a lake", "in 2019", "route 9-1"]
    passing = ["call now", "a@b", "555-1", "\u0665\u0665\u0665-\u0665", "$ 5"]
    assert screen(ScreenedTexts([*silent, *passing])) == [3, 4, 5, 6, 7]


def test_what_plain_texts_hold_is_no_sign() -> None:
    with pytest.raises(ValueError, match="cannot be signs"):
        Screen(signs="$.")


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "e.", "f's"]), max_size=12))
def test_texts_that_say_a_word_or_three_words_again_are_looked_at(words: list[str]) -> None:
    text = " ".join(words)
    said = [token.text for token in tokenize(text)]
    runs = list(zip(said, said[1:], said[2:], strict=False))
    again = len(set(runs)) < len(runs) or any(one == other for one, other in pairwise(said))
    assert list(captions.with_repetition(ScreenedTexts([text]))) == [0] * again


@given(st.from_regex(r"\A[xy\d.,:=()<>\[\] -]{1,30}\Z"))
def test_coordinates_are_found_in_all_that_the_pattern_matches(text: str) -> None:
    if not SCREEN.passes(text):
        assert not PATTERN.search(text) and not boxes(text)


@given(st.text("ab1.!?; ,'s\n\u00a0", max_size=20))
def test_sentences_are_what_stands_between_their_ends(text: str) -> None:
    assert list(sentences(text)) == re.split(r"(?<=[.!?;])\s+", text)


def test_words_of_several_sentences_are_those_of_each() -> None:
    said = [(token.text, token.gap) for token in tokenize("A b's.  C, d;\ne - f. ")]
    assert said == [("a", "."), ("b", ""), ("c", "."), ("d", ","), ("e", "."), ("f", ",")]
