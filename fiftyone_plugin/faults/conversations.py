"""Faults of conversations: of their form, of their answers, and of the boxes in them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from pairlens.fiftyone_plugin.checks.catalogue.answers import opens_yes_no
from pairlens.fiftyone_plugin.checks.catalogue.conversations import TOKEN
from pairlens.fiftyone_plugin.faults.base import (
    Damage,
    LoadedSample,
    Tools,
    Unit,
    change,
    fault,
    pick,
)
from pairlens.importers.boxes import turn_boxes
from pairlens.importers.records import Turn

_KINDS = ("instructions",)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _with(unit: Unit, loaded: LoadedSample, number: int, *turns: Turn) -> Damage:
    """A turn exchanged for others, or taken out."""
    before = loaded.sample.turns
    return change(unit, loaded, turns=(*before[:number], *turns, *before[number + 1 :]))


def _one(unit: Unit, tools: Tools, able: Callable[[Turn], bool]) -> tuple[LoadedSample, int] | None:
    """One turn that can carry a fault, at random."""
    found = [(r, n) for r in unit for n, turn in enumerate(r.sample.turns) if able(turn)]
    return found[int(tools.rng.integers(len(found)))] if found else None


def _answered(turn: Turn) -> bool:
    return bool(turn.answers and turn.question)


@fault("empty_answer", structural=True, about="An answer is replaced by blanks.", kinds=_KINDS)
def empty_answer(unit: Unit, tools: Tools) -> Damage | None:
    found = _one(unit, tools, _answered)
    if found is None:
        return None
    loaded, number = found
    blank = ("", " \n", "...")[int(tools.rng.integers(3))]
    answers = (blank, *loaded.sample.turns[number].answers[1:])
    return _with(unit, loaded, number, replace(loaded.sample.turns[number], answers=answers))


@fault(
    "turn_order",
    structural=True,
    about="An answer or a question is lost from a conversation.",
    kinds=_KINDS,
)
def turn_order(unit: Unit, tools: Tools) -> Damage | None:
    found = _one(unit, tools, lambda turn: _answered(turn) and TOKEN not in turn.question)
    if found is None:
        return None
    loaded, number = found
    lost = {"answers": ()} if tools.rng.random() < 0.5 else {"question": ""}
    return _with(unit, loaded, number, replace(loaded.sample.turns[number], **lost))


@fault(
    "missing_image_token",
    structural=True,
    about="The mark of the image is taken out of a question, or put in twice.",
    kinds=_KINDS,
)
def missing_image_token(unit: Unit, tools: Tools) -> Damage | None:
    found = _one(unit, tools, lambda turn: TOKEN in turn.question)
    if found is None:
        return None
    loaded, number = found
    turn = loaded.sample.turns[number]
    new = "" if tools.rng.random() < 0.7 else f"{TOKEN}{TOKEN}"
    question = turn.question.replace(TOKEN, new).lstrip("\n")
    return _with(unit, loaded, number, replace(turn, question=question))


@fault(
    "box_unparsable",
    structural=True,
    about="A number of a box is lost, or its corners are exchanged.",
    kinds=_KINDS,
)
def box_unparsable(unit: Unit, tools: Tools) -> Damage | None:
    def broken(numbers: list[str]) -> list[str]:
        if tools.rng.random() < 0.5:
            return numbers[:3]
        return [*numbers[2:], *numbers[:2]]

    return _box(unit, tools, broken)


@fault("box_out_of_range", structural=True, about="A box reaches out of the image.", kinds=_KINDS)
def box_out_of_range(unit: Unit, tools: Tools) -> Damage | None:
    def beyond(numbers: list[str]) -> list[str]:
        x2 = float(numbers[2])
        full = next((n for n in (1.0, 100.0, 1000.0) if x2 <= n), 4000.0)
        return [*numbers[:2], f"{full * 1.3:g}", numbers[3]]

    return _box(unit, tools, beyond)


def _box(unit: Unit, tools: Tools, new: Callable[[list[str]], list[str]]) -> Damage | None:
    def able(turn: Turn) -> bool:
        boxes = turn_boxes("", turn.answers)
        return len(boxes) == 1 and boxes[0].text.startswith("[") and boxes[0].corners is not None

    found = _one(unit, tools, able)
    if found is None:
        return None
    loaded, number = found
    turn = loaded.sample.turns[number]
    (box,) = turn_boxes("", turn.answers)
    text = f"[{', '.join(new(_NUMBER.findall(box.text)))}]"
    answers = tuple(answer.replace(box.text, text) for answer in turn.answers)
    return _with(unit, loaded, number, replace(turn, answers=answers))


@fault(
    "answer_conflict",
    about="A question with a short answer is asked again and answered otherwise.",
    kinds=_KINDS,
)
def answer_conflict(unit: Unit, tools: Tools) -> Damage | None:
    found = _one(unit, tools, _is_short)
    if found is None:
        return None
    loaded, number = found
    turn = loaded.sample.turns[number]
    other = replace(turn, answers=(_otherwise(turn.answers[0]),), position=turn.position + 1)
    other = replace(other, question=turn.question.replace(TOKEN, "").lstrip("\n"))
    return _with(unit, loaded, number, turn, other)


def _is_short(turn: Turn) -> bool:
    return _answered(turn) and len(turn.answers) == 1 and _otherwise(turn.answers[0]) != ""


def _otherwise(answer: str) -> str:
    """Another answer to the same question; ``""`` where none can be thought of."""
    word = answer.strip(" .").lower()
    if word in ("yes", "no"):
        return "no" if word == "yes" else "yes"
    return str(int(word) + 3) if word.isdecimal() and len(word) < 9 else ""


@fault(
    "denied_presence",
    checks=("answer_conflict",),
    about="Something is said to be absent that another answer counts.",
    kinds=_KINDS,
)
def denied_presence(unit: Unit, tools: Tools) -> Damage | None:
    def able(turn: Turn) -> bool:
        said = turn.question.lower()
        return _is_short(turn) and "is there a" in said and turn.answers[0].lower() == "yes"

    found = _one(unit, tools, able)
    if found is None:
        return None
    loaded, number = found
    turn = loaded.sample.turns[number]
    noun = turn.question.lower().partition("is there a")[2].lstrip("n ").partition("?")[0]
    counted = any(f"number of {noun}" in t.question.lower() for t in loaded.sample.turns)
    return _with(unit, loaded, number, replace(turn, answers=("no",))) if counted else None


@fault("answer_form", about="A yes/no question is answered with a number.", kinds=_KINDS)
def answer_form(unit: Unit, tools: Tools) -> Damage | None:
    found = _one(unit, tools, lambda t: _is_short(t) and opens_yes_no(t.question))
    if found is None:
        return None
    loaded, number = found
    other = ("4", "residential area")[int(tools.rng.integers(2))]
    return _with(unit, loaded, number, replace(loaded.sample.turns[number], answers=(other,)))


@fault(
    "refused_answer",
    checks=("boilerplate",),
    about="An answer is replaced by a refusal.",
    kinds=_KINDS,
)
def refused_answer(unit: Unit, tools: Tools) -> Damage | None:
    loaded = pick([r for r in unit if r.sample.turns], tools)
    if loaded is None:
        return None
    number = int(tools.rng.integers(len(loaded.sample.turns)))
    refusal = "I'm sorry, but I cannot tell from this image."
    turn = replace(loaded.sample.turns[number], answers=(refusal,))
    return _with(unit, loaded, number, turn) if loaded.sample.turns[number].question else None
