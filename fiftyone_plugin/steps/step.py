"""What a step is: a function whose keyword-only arguments are its options.

Each option is declared once, where the step's function takes it::

    @step("score", "Score predicted masks against the ground truth.")
    def score(
        samples: Any,
        watch: Watch,
        *,
        pred: Annotated[str, Option("field of the predicted masks", metavar="F")],
        seed: Annotated[int, Option("seed of the bootstrap", in_form=False)] = 0,
    ) -> Report: ...

Its name, type and default are those of the argument; an argument without a default is required.
The command line (:mod:`fiftyone_plugin.cli`), the forms of the operators
(:mod:`fiftyone_plugin.operators.forms`) and ``docs/commands.md``
(:mod:`fiftyone_plugin.steps.page`) are made of that.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin

from fiftyone_plugin.reports import Report
from importers.errors import UsageError
from importers.parallel import Progress, no_progress

Settings = dict[str, str]
"""Type of an option that takes ``NAME=VALUE`` any number of times."""

CheckSettings = dict[str, dict[str, Any]]
"""Type of an option that takes ``CHECK.NAME=VALUE`` any number of times."""

Choices = Sequence[str] | Callable[[], Mapping[str, str]]
"""Values that an option takes. A sequence is closed and enforced by the command line; a function
gives values with a label each, from a registry for instance, and the step refuses others."""

AGAIN: dict[str, str] = {
    "new": "Stop if it exists",
    "resume": "Add what is missing",
    "overwrite": "Replace it",
}
"""What can be done with what an earlier run left."""


@dataclass(frozen=True)
class Option:
    """An option of a step.

    Attributes:
        help: what it is, a phrase that starts in lower case
        label: above its field in the form; by default its name
        flag: on the command line; by default ``--`` and its name
        positional: whether the command line takes it by its place, where it is required
        metavar: stands for the value in the help; one for each value where ``count`` is a number
        count: how many values follow the flag; where several may be given and this is None, the
            flag is repeated
        choices: the values it takes, where these are known
        apart: whether each choice but the default is a flag of its own, which exclude each other
        action: whether it says what the command does: exactly one of these is given
        least: the lowest number it takes in the form
        in_command, in_form: whether the command line has it, and the form; from Python,
            operators take all
        name, type, default, required: of the argument that it is declared on
        preset: what the form has at first, in place of the default
    """

    help: str
    label: str = ""
    flag: str = ""
    positional: bool = False
    metavar: str | tuple[str, ...] | None = None
    count: int | Literal["+", "?"] | None = None
    choices: Choices = ()
    apart: bool = False
    action: bool = False
    least: int | None = None
    in_command: bool = True
    in_form: bool = True
    name: str = ""
    type: Any = str
    default: Any = None
    required: bool = False
    preset: Any = None

    def labels(self) -> dict[str, str]:
        """The choices, each with its label."""
        if callable(self.choices):
            return dict(self.choices())
        return {value: value for value in self.choices}

    @property
    def default_text(self) -> str:
        """The default, where there is one that is worth telling."""
        told = isinstance(self.default, str | int | float | Path) and self.default is not False
        return str(self.default) if told and not self.apart else ""

    def parse(self, given: Any) -> Any:
        """The value of what the command line or a form gives: the default where that is blank.

        Raises:
            UsageError: if it is missing or of the wrong type
        """
        if given is None or (isinstance(given, str) and not given.strip()):
            if self.required:
                raise UsageError(f"{self.name} is missing")
            return self.default
        if self.type == CheckSettings:
            return given if isinstance(given, Mapping) else check_settings(given)
        if self.type == Settings:
            given = given if isinstance(given, Mapping) else settings(given)
            return {name: value for name, value in given.items() if str(value or "").strip()}
        if get_origin(self.type) is tuple:
            return ((given,) if isinstance(given, str) else tuple(given)) or self.default
        if self.type in (int, float):
            return self._number(given)
        if self.type is bool:
            return given is True
        return Path(given) if self.type is Path else str(given).strip()

    def _number(self, given: Any) -> Any:
        try:
            value = self.type(given)
        except (TypeError, ValueError):
            value = None
        if value is None or isinstance(given, bool) or (self.type is int and value != float(given)):
            kind = "whole number" if self.type is int else "number"
            raise UsageError(f"{self.name} is {given!r}; give a {kind}")
        return value


Again = Annotated[
    Literal["new", "resume", "overwrite", "stop"],
    Option("what to do with what is there", "If it exists", choices=lambda: AGAIN, apart=True),
]
"""Type of an option for what to do with what an earlier run left."""


@dataclass(frozen=True)
class Watch:
    """Who waits for a step: is told how far it is, shown its first results, and may stop it.

    Attributes:
        progress: called with what is done and what there is in all
        look: called with the ids of samples that can be looked at while the step goes on
        stopped: whether the step is to end after what it is at
    """

    progress: Progress = no_progress
    look: Callable[[Sequence[str]], None] = lambda ids: None
    stopped: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Step:
    """A step, as command and, most of them, as operator.

    Attributes:
        name: of the command
        about: one sentence
        run: called with the samples (where it is on a dataset), a :class:`Watch` and the options
        options: in the order of the form
        on_dataset: whether it works on a dataset or view
        unit: what its progress counts
        stoppable: whether it asks its watch to stop
    """

    name: str
    about: str
    run: Callable[..., Report]
    options: tuple[Option, ...]
    on_dataset: bool
    unit: str = "pairs"
    stoppable: bool = False


def step(
    name: str, about: str, *, unit: str = "pairs", stoppable: bool = False
) -> Callable[[Callable[..., Report]], Step]:
    """Makes a step of a function; see :class:`Step`."""

    def made(run: Callable[..., Report]) -> Step:
        on_dataset = "samples" in inspect.signature(run).parameters
        return Step(name, about, run, declared_options(run), on_dataset, unit, stoppable)

    return made


def declared_options(run: Callable[..., Report]) -> tuple[Option, ...]:
    """The options that a function declares on its keyword-only arguments, in their order."""
    arguments = inspect.signature(run, eval_str=True).parameters.values()
    return tuple(_declared(one) for one in arguments if one.kind is one.KEYWORD_ONLY)


def parse_options(options: Sequence[Option], given: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a step, from what the command line or a form gives."""
    return {option.name: option.parse(given.get(option.name)) for option in options}


def _declared(argument: inspect.Parameter) -> Option:
    if get_origin(argument.annotation) is not Annotated:
        raise TypeError(f"argument {argument.name} declares no option")
    hint, option = get_args(argument.annotation)
    kinds = [kind for kind in get_args(hint) if kind is not NoneType]
    if NoneType in get_args(hint):
        hint = kinds[0]
    required = argument.default is argument.empty
    return replace(
        option,
        name=argument.name,
        type=str if get_origin(hint) is Literal else hint,
        default=None if required else argument.default,
        required=required,
        label=option.label or argument.name.replace("_", " ").capitalize(),
        flag=option.flag or f"--{argument.name.replace('_', '-')}",
    )


def settings(texts: Sequence[str]) -> Settings:
    """``["k=v"]`` as ``{"k": "v"}``.

    Raises:
        UsageError: for a text without ``=``
    """
    parsed = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--param {text!r} is no NAME=VALUE")
        parsed[name] = value
    return parsed


def check_settings(texts: Sequence[str]) -> CheckSettings:
    """``["tiny_mask.min_area=9"]`` as ``{"tiny_mask": {"min_area": "9"}}``.

    Raises:
        UsageError: for a text without a check or a value
    """
    parsed: CheckSettings = {}
    for name, value in settings(texts).items():
        check, dot, parameter = name.partition(".")
        if not dot:
            raise UsageError(f"--param {name}=... names no check; write CHECK.PARAMETER=VALUE")
        parsed.setdefault(check, {})[parameter] = value
    return parsed
