"""Sentences of the command line as the App says them."""

from __future__ import annotations

import re

import fiftyone.operators.types as types
import pytest

from pairlens.fiftyone_plugin import operators, steps
from pairlens.fiftyone_plugin.operators.forms import add_field
from pairlens.fiftyone_plugin.operators.wording import OPERATORS, in_app

FLAG = re.compile(r"(?<!\w)--[a-z]")


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        (
            "field 'cues' exists; --resume adds what is missing, --overwrite replaces it",
            "field 'cues' exists; 'Add what is missing' adds what is missing, "
            "'Replace what is there' replaces it",
        ),
        ("--select clean leaves out 3 pairs.", "'Selection' clean leaves out 3 pairs."),
        (
            "run: pairlens relocate N --source DIR",
            "run: 'PairLens: relocate dataset' N 'Published files' DIR",
        ),
        ("2 pairs from /data/a--b, x --y", "2 pairs from /data/a--b, x y"),
    ],
)
def test_fields_and_operators_stand_for_flags_and_commands(sentence: str, said: str) -> None:
    assert in_app(sentence, steps.predict.options) == said


def test_a_command_that_is_no_operator_can_be_copied_into_a_terminal() -> None:
    sentence = "7,536 pairs lack their image; pairlens images gres --xview DIR cuts them out"
    assert in_app(sentence) == sentence


def test_every_flag_of_every_step_is_said_without_dashes() -> None:
    for one in steps.STEPS:
        for flag in [option.flag for option in one.options if not option.positional]:
            assert not FLAG.search(in_app(f"give {flag} first", one.options)), flag


def test_no_field_of_a_form_speaks_of_flags() -> None:
    assert {*OPERATORS} == {one.step.name for one in operators.OPERATORS}
    for operator in operators.OPERATORS:
        inputs = types.Object()
        for option in operator.step.options:
            add_field(inputs, option)
        for field in inputs.properties.values():
            about = f"{field.view.label} {field.view.description}" if field.view else ""
            assert not FLAG.search(about), about
