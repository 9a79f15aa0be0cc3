"""Many wordings of each fault of a query or a caption, and of sound ones that come close to one.

They were made up, by kind, before the rules were seen to find them or not. A line of what is faulty
names the check that must warn of it; `` || `` divides the captions of one image.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from pairlens.fiftyone_plugin.checks import CHECKS, Check
from pairlens.fiftyone_plugin.checks.engine import for_kind
from pairlens.importers.fields import CAPTIONS, CONVERSATIONS, PHRASE
from tests.unit.subjects import issues, issues_of, subject
from tests.unit.texts import captioned

DATA = Path(__file__).resolve().parents[1] / "data"
OF_WORDS = (
    "boilerplate", "coordinate_leak", "garbled_query", "garbled_request", "generic_query",
    "not_from_above", "prompt_talk", "request_form", "unanswerable_query", "vague_query",
)  # fmt: skip


def lines_of(name: str) -> list[str]:
    return (DATA / name).read_text("utf-8").splitlines()


def faulty(name: str) -> dict[str, list[str]]:
    by_check: defaultdict[str, list[str]] = defaultdict(list)
    for line in lines_of(name):
        check, _, phrase = line.partition(" | ")
        by_check[check].append(phrase)
    return dict(by_check)


def found(check: str, phrases: list[str], *severities: str) -> list[str]:
    """The phrases of which a check reports with one of some severities."""
    pairs = [subject(f"gres/train/{n}#0", phrase=phrase) for n, phrase in enumerate(phrases)]
    told = issues(check, pairs)
    usual = CHECKS[check].severity
    keys = {one.key for one in told if (one.severity or usual) in severities}
    return [pair.phrase for pair in pairs if pair.key in keys]


@pytest.mark.parametrize("check", OF_WORDS)
def test_sound_queries_are_not_accused(check: str) -> None:
    phrases = lines_of("wordings_sound.txt")
    assert len(phrases) > 200
    assert found(check, phrases, "error", "warning", "info") == []


@pytest.mark.parametrize("check", faulty("wordings_faulty.txt"))
def test_faulty_queries_are_warned_of(check: str) -> None:
    phrases = faulty("wordings_faulty.txt")[check]
    assert found(check, phrases, "error", "warning") == phrases


def of_captions() -> list[Check]:
    needed = {CAPTIONS, CONVERSATIONS, PHRASE}
    return [
        for_kind(one, "captions")
        for one in CHECKS.values()
        if "captions" in one.kinds and needed.issuperset(one.needs)
    ]


def warned(line: str, *severities: str) -> set[str]:
    """The checks that report the captions of one image with one of some severities."""
    image = captioned(*line.split(" || "))
    return {
        one.name
        for one in of_captions()
        if any((each.severity or one.severity) in severities for each in issues_of(one, image))
    }


def test_sound_captions_are_not_accused() -> None:
    lines = lines_of("captions_sound.txt")
    assert len(lines) > 25
    assert [line for line in lines if warned(line, "error", "warning", "info")] == []


def test_faulty_captions_are_warned_of() -> None:
    by_check = faulty("captions_faulty.txt")
    assert len(by_check) > 7
    for check, lines in by_check.items():
        assert [line for line in lines if check not in warned(line, "error", "warning")] == []
