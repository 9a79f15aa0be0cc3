"""Sentences of the command line as the App says them: fields of forms in place of flags.

Reports and errors name options as the command line does, and commands of PairLens. In the App an
option is a field of a form, and a command an operator.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

from pairlens.fiftyone_plugin import steps
from pairlens.fiftyone_plugin.steps.step import Option

OPERATORS: dict[str, str] = {}
"""What the App's list of operators says, by the command that does the same."""

_FLAG = re.compile(r"(?<![\w-])--([a-z]+(?:-[a-z]+)*)")
_COMMAND = re.compile(r"\bpairlens ([a-z]+)(?![\w/])")


def in_app(sentence: str, options: Iterable[Option] = ()) -> str:
    """A sentence of the command line as the App says it.

    A command that no operator takes the place of is for a terminal, and stays as it is.

    Args:
        sentence: a sentence of a report or an error
        options: those of the form that it is about; other flags are looked up in the commands
            that the sentence names, and then in all steps
    """
    named = {found[1] for found in _COMMAND.finditer(sentence)}
    commands = [one for one in steps.STEPS if one.name in named]
    if any(one.name not in OPERATORS for one in commands):
        return sentence
    labels = _every_label() | dict(_labels(options))
    for one in commands:
        labels |= dict(_labels(one.options))

    def field(found: re.Match[str]) -> str:
        label = labels.get(found[0])
        return f"'{label}'" if label else found[1].replace("-", " ")

    def operator(found: re.Match[str]) -> str:
        return f"'{OPERATORS[found[1]]}'" if found[1] in OPERATORS else found[0]

    return _FLAG.sub(field, _COMMAND.sub(operator, sentence))


@cache
def _every_label() -> dict[str, str]:
    return {flag: label for one in steps.STEPS for flag, label in _labels(one.options)}


def _labels(options: Iterable[Option]) -> Iterator[tuple[str, str]]:
    """The flags of options, each with the field or the choice that it is in a form."""
    for one in options:
        yield one.flag, one.label
        if one.apart:
            labels = one.labels()
            yield from ((f"--{choice.replace('_', '-')}", labels[choice]) for choice in one.flags())
