"""Turns that repeat or contradict each other."""

from __future__ import annotations

import pytest

from pairlens.importers.records import Source, Turn
from pairlens.importers.turn_repeats import contradicting_turns, repeated_turns

ASKED = "<image>\nIs there a ship?"


def turns(*said: tuple[str, str]) -> list[Turn]:
    return [Turn(q, (a,), "", Source("t.json", n), 0) for n, (q, a) in enumerate(said)]


@pytest.mark.parametrize(
    ("said", "repeated", "contradicting"),
    [
        pytest.param([(ASKED, "Yes."), ("How many?", "Yes.")], [], [], id="another question"),
        pytest.param([(ASKED, "A ship."), (ASKED, "Two.")], [], [], id="other answers"),
        pytest.param([("", "A ship."), ("", "A ship.")], [], [], id="nothing asked"),
        pytest.param([(ASKED, "Yes."), (ASKED, "Yes, two.")], [], [], id="yes and more"),
        pytest.param([(ASKED, "Nothing"), (ASKED, "Yes.")], [], [], id="no is a word"),
        pytest.param([(ASKED, "Yes."), (ASKED, "Yes.")], [(0, 1)], [], id="the same"),
        pytest.param([(ASKED, "Yes."), ("is there a ship", " yes")], [(0, 1)], [], id="plainly"),
        pytest.param([(ASKED, "A"), ("b", "c"), (ASKED, "A"), (ASKED, "A")],
                     [(0, 2), (0, 3)], [], id="thrice"),
        pytest.param([(ASKED, "Yes."), (ASKED, "No, there is no ship.")], [], [(0, 1)], id="no"),
        pytest.param([(ASKED, "no"), (ASKED, "YES")], [], [(0, 1)], id="yes after no"),
    ],
)  # fmt: skip
def test_turns(
    said: list[tuple[str, str]],
    repeated: list[tuple[int, int]],
    contradicting: list[tuple[int, int]],
):
    assert repeated_turns(turns(*said)) == repeated
    assert contradicting_turns(turns(*said)) == contradicting
