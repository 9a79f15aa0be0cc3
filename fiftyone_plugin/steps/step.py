"""Steps: a function with its options, declared once, for the command line and the operators.

The options define the command line (:mod:`pairlens.fiftyone_plugin.cli`), the forms of the
operators (:mod:`pairlens.fiftyone_plugin.operators.forms`), the parsing of values, and
``docs/commands.md`` (:mod:`pairlens.fiftyone_plugin.steps.page`)::

    @step(
        "score",
        "Score predicted masks against the ground truth.",
        Option("pred", "field of the predicted masks", metavar="F", required=True),
        Option("seed", "seed of the bootstrap", int, 0, in_form=False),
    )
    def score(samples: Any, watch: Watch, **options: Any) -> Report: ...
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

from pairlens.fiftyone_plugin.reports import Report
from pairlens.importers.errors import StateError, UsageError
from pairlens.importers.parallel import Progress, no_progress

Settings = dict[str, str]
"""Type of an option that takes ``NAME=VALUE``, any number of times."""

MediaPlace = Path | str
"""Type of an option that takes a folder, or the address of an object store."""

CheckSettings = dict[str, dict[str, Any]]
"""Type of an option that takes ``CHECK.NAME=VALUE``, any number of times."""

Texts = tuple[str, ...]
"""Type of an option with several values."""

Choices = Sequence[str] | Callable[[], Mapping[str, str]]
"""Allowed values of an option: a sequence, which the command line enforces, or a function that
returns values with their labels, which the step enforces."""


@dataclass(frozen=True)
class Option:
    """An option of a step.

    Attributes:
        name: keyword argument of the step's function
        help: its description, a phrase that starts in lower case
        type: ``str``, ``int``, ``float``, ``bool``, ``Path`` or one of the types above
        default: value if it is not given
        required: whether it must be given
        param: parameter of the operator; by default the name
        flag: flag on the command line; by default ``--`` and the operator's parameter
        positional: whether it is positional on the command line
        metavar: placeholder of the value in the help, one per value if ``count`` is a number; by
            default the operator's parameter in capitals
        count: number of values after the flag; without it, the flag of :data:`Texts` is repeated
        choices: the allowed values, if they are known
        apart: whether each choice except the default is a boolean flag and keyword argument of its
            own; the flags exclude each other
        action: whether it selects the action of the command; exactly one action is given
        label: label of its field in the form; by default the operator's parameter
        least: the lowest number that the form accepts
        preset: initial value in the form, if it is not the default
        writes: the files that the step writes if it is given, as paths in that folder, or ``""``
            for the file itself; existing ones are refused unless ``overwrite`` is given
        path: whether it is a file or folder; always true for the type ``Path``
        in_command, in_form: whether it is on the command line, and in the form; from Python,
            operators accept all
    """

    name: str
    help: str
    type: Any = str
    default: Any = None
    required: bool = False
    param: str = ""
    flag: str = ""
    positional: bool = False
    metavar: str | tuple[str, ...] = ""
    count: int | str | None = None
    choices: Choices = ()
    apart: bool = False
    action: bool = False
    label: str = ""
    least: int | None = None
    preset: Any = None
    writes: tuple[str, ...] = ()
    path: bool = False
    in_command: bool = True
    in_form: bool = True

    def __post_init__(self) -> None:
        param = self.param or self.name
        object.__setattr__(self, "param", param)
        object.__setattr__(self, "path", self.path or self.type in (Path, MediaPlace))
        object.__setattr__(self, "flag", self.flag or f"--{param.replace('_', '-')}")
        object.__setattr__(self, "metavar", self.metavar or param.upper())
        object.__setattr__(self, "label", self.label or param.replace("_", " ").capitalize())

    @property
    def typed(self) -> str:
        """Its name on the command line: the flag, or the metavar if it is positional."""
        return str(self.metavar) if self.positional else self.flag

    @property
    def default_text(self) -> str:
        """The default as shown in the help; empty if none is shown."""
        shown = isinstance(self.default, str | int | float | Path) and self.default is not False
        return str(self.default) if shown and not self.apart else ""

    @property
    def repeated(self) -> bool:
        """Whether the flag may be given several times."""
        return self.count is None and self.type in (Texts, Settings, CheckSettings)

    @property
    def about(self) -> str:
        """The help, with the choices and whether the flag may be repeated."""
        choices = f": {', '.join(self.labels())}" if self.choices else ""
        return self.help + choices + " (may be repeated)" * self.repeated

    def labels(self) -> dict[str, str]:
        """The choices, each with its label."""
        if callable(self.choices):
            return dict(self.choices())
        return {value: value for value in self.choices}

    def flags(self) -> dict[str, str]:
        """For an option with ``apart``: each choice except the default, with its description."""
        labels = {one: label for one, label in self.labels().items() if one != self.default}
        return {one: label[0].lower() + label[1:] for one, label in labels.items()}

    def parse(self, given: Any, name: str = "") -> Any:
        """Parses a value of the command line or a form; a blank one is the default.

        Args:
            given: the value
            name: name of the option for messages; by default :attr:`typed`

        Raises:
            UsageError: if a required value is missing, or it is of the wrong type
        """
        name = name or self.typed
        if given is None or (isinstance(given, str) and not given.strip()):
            if self.required:
                raise UsageError(f"{name} is missing")
            return self.default
        if self.type == CheckSettings:
            return given if isinstance(given, Mapping) else check_settings(given, name)
        if self.type == Settings:
            given = given if isinstance(given, Mapping) else settings(given, name)
            return {one: value for one, value in given.items() if str(value or "").strip()}
        if self.type == Texts:
            return ((given,) if isinstance(given, str) else tuple(given)) or self.default
        if self.type in (int, float):
            return self._number(given, name)
        if self.type is bool:
            return bool(given)
        return self._path(str(given), name) if self.type in (Path, MediaPlace) else str(given)

    def _path(self, given: str, name: str) -> Path | str:
        from pairlens.importers import object_stores

        if object_stores.is_address(given):
            if self.type == MediaPlace:
                return object_stores.plain_address(given)
            raise UsageError(
                f"{name} is {given[:200]}, and must be on this machine's disks; give a "
                "folder, such as one that all your machines mount"
            )
        return Path(object_stores.local_path(given))

    def _number(self, given: Any, name: str) -> Any:
        try:
            value = self.type(given)
        except (TypeError, ValueError):
            value = None
        if value is None or isinstance(given, bool) or (self.type is int and value != float(given)):
            kind = "whole number" if self.type is int else "number"
            raise UsageError(f"{name} is {given!r}; give a {kind}")
        return value


ITSELF = ("",)
"""``writes`` of an option that is the file itself."""

OVERWRITE = Option("overwrite", "overwrite existing files", bool, False)
"""Option of every step with an option that has ``writes``."""

AGAIN = {
    "new": "Stop if it exists",
    "resume": "Add what is missing",
    "overwrite": "Replace what is there",
}
"""Choices for the result of an earlier run."""

IF_THERE = Option(
    "again", "what to do with what is there", str, "new", label="If it exists",
    choices=lambda: AGAIN, apart=True,
)  # fmt: skip

ALWAYS = (
    Option("json", "print one JSON object to stdout", bool, False),
    Option("quiet", "print only results and errors: no progress, no notices", bool, False),
    Option("verbose", "also print the logs of libraries and tracebacks of errors", bool, False),
    Option("log_file", "append a log with times and tracebacks to FILE", Path, metavar="FILE"),
)  # fmt: skip
"""Options of every command, before or after its name."""


@dataclass(frozen=True)
class Watch:
    """Receives the progress and first results of a step, and can stop it.

    Attributes:
        progress: called with the number done and the number in all
        look: called with the ids of samples that are complete while the step goes on
        stopped: returns whether the step must end after its current batch
        confirm: shows lines, the last of which is a question, and returns the answer; ``None`` in a
            run without a user
    """

    progress: Progress = no_progress
    look: Callable[[Sequence[str]], None] = lambda ids: None
    stopped: Callable[[], bool] = lambda: False
    confirm: Callable[[Sequence[str]], bool | None] = lambda lines: None


@dataclass(frozen=True)
class Step:
    """A step: a command and, most of them, an operator.

    Attributes:
        name: name of the command
        about: its description in one sentence
        run: called with the samples (if it is on a dataset), a :class:`Watch` and the options
        options: the options, in the order of the form
        on_dataset: whether it works on a dataset or view
        operator: name of the operator with the same options, if there is one
        unit: unit of its progress
        stoppable: whether it can be stopped by its watch
        foreign: whether it works on datasets that PairLens did not import
        examples: example commands, without ``pairlens``
        database: whether it needs the database although no dataset is named
    """

    name: str
    about: str
    run: Callable[..., Report]
    options: tuple[Option, ...]
    on_dataset: bool
    operator: str = ""
    unit: str = "pairs"
    stoppable: bool = False
    foreign: bool = False
    examples: tuple[str, ...] = ()
    database: bool = False


def step(
    name: str,
    about: str,
    *options: Option,
    operator: str = "",
    unit: str = "pairs",
    stoppable: bool = False,
    foreign: bool = False,
    examples: tuple[str, ...] = (),
    database: bool = False,
    of_none: bool = False,
) -> Callable[[Callable[..., Report]], Step]:
    """Makes a step of a function; it is on a dataset if the function takes ``samples``.

    The arguments are members of :class:`Step`, except ``of_none``: whether it also runs on a
    dataset or view without samples.
    """

    def made(run: Callable[..., Report]) -> Step:
        on_dataset = "samples" in inspect.signature(run).parameters
        work = on_working_set(run, name, of_none) if on_dataset and not foreign else run
        all_of_them = _with_overwrite(options)
        return Step(
            name, about, work, all_of_them, on_dataset, operator, unit, stoppable, foreign,
            examples, database,
        )  # fmt: skip

    return made


def on_working_set(
    run: Callable[..., Report], name: str, of_none: bool = False
) -> Callable[..., Report]:
    """Wraps the function of a step for datasets that PairLens imported.

    Samples that PairLens did not import are counted in the report. A dataset or view without
    samples is refused, unless ``of_none`` is set.
    """

    def work(samples: Any, watch: Watch, **options: Any) -> Report:
        from pairlens.importers import fo_internals, leases, working_set
        from pairlens.importers.upgrade import upgrade

        working_set.check(samples)
        dataset = fo_internals.dataset_of(samples)
        notes = upgrade(dataset)
        if not of_none:
            try:
                working_set.check_any(samples)
            except StateError:
                leases.check_free(dataset, name)  # an import may have just started
                raise
        report = run(samples, watch, **options)
        report.lines += [f"  note: {note}" for note in notes]
        if count := working_set.left_out(samples):
            are = "samples that PairLens did not import are" if count > 1 else (
                "sample that PairLens did not import is"
            )  # fmt: skip
            adopted = working_set.is_adopted(samples)
            more = "; pairlens adopt takes them in" * adopted
            lines = [*report.lines, f"  note: {count:,} {are} left out{more}"]
            return replace(report, data=report.data | {"foreign_samples": count}, lines=lines)
        return report

    return work


def _with_overwrite(options: tuple[Option, ...]) -> tuple[Option, ...]:
    return (*options, OVERWRITE) if any(option.writes for option in options) else options


def parse_options(
    options: Sequence[Option],
    given: Mapping[str, Any],
    named: Callable[[Option], str] = attrgetter("typed"),
) -> dict[str, Any]:
    """Parses the keyword arguments of a step, from the command line or a form.

    Args:
        options: the options of the step
        given: values by parameter
        named: name of an option for messages

    Raises:
        UsageError: for a value that is missing or of the wrong type
        StateError: for an existing file, if ``overwrite`` is not set
    """
    values: dict[str, Any] = {}
    for option in options:
        value = option.parse(given.get(option.param), named(option))
        if option.apart:
            values |= {choice: choice == value for choice in option.flags()}
        else:
            values[option.name] = value
    asked = any(option.param == OVERWRITE.param for option in options)
    if asked and not values.pop(OVERWRITE.name):
        _check_free(options, values)
    return values


def _check_free(options: Sequence[Option], values: Mapping[str, Any]) -> None:
    for option in options:
        for part in option.writes if values.get(option.name) else ():
            file = Path(values[option.name]) / part
            if os.path.lexists(file):
                raise StateError(f"{file} already exists; name another, or give --overwrite")


def settings(texts: Sequence[str], option: str) -> Settings:
    """Parses ``["k=v"]`` to ``{"k": "v"}``.

    Args:
        texts: the values of the option
        option: its name, for messages

    Raises:
        UsageError: for a text without ``=``
    """
    parsed = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {text!r} is not NAME=VALUE")
        parsed[name] = value
    return parsed


def check_settings(texts: Sequence[str], option: str) -> CheckSettings:
    """Parses ``["tiny_mask.min_area=9"]`` to ``{"tiny_mask": {"min_area": "9"}}``.

    Raises:
        UsageError: for a text without a check or a value
    """
    parsed: CheckSettings = {}
    for name, value in settings(texts, option).items():
        check, dot, parameter = name.partition(".")
        if not dot:
            raise UsageError(f"{option} {name}=... names no check; write CHECK.PARAMETER=VALUE")
        parsed.setdefault(check, {})[parameter] = value
    return parsed
