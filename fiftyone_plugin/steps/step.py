"""Steps: a function with its options, declared once, for the command line and the operators.

The command line (:mod:`pairlens.fiftyone_plugin.cli`), the forms of the operators
(:mod:`pairlens.fiftyone_plugin.operators.forms`), the parsing of what both give, and
``docs/commands.md`` (:mod:`pairlens.fiftyone_plugin.steps.page`) are made of the options::

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
"""Values that an option takes: a sequence, which the command line enforces; or a function that
gives values with a label each, where the step refuses others."""


@dataclass(frozen=True)
class Option:
    """An option of a step.

    Attributes:
        name: the keyword argument of the step's function
        help: what it is, a phrase that starts in lower case
        type: ``str``, ``int``, ``float``, ``bool``, ``Path`` or one of the types above
        default: where it is not given
        required: whether it must be given
        param: of the operator; the name if not given
        flag: on the command line; ``--`` and the operator's parameter if not given
        positional: whether the command line takes it by its place, where it is required
        metavar: stands for the value in the help, one for each where ``count`` is a number; the
            operator's parameter in capitals if not given
        count: how many values follow the flag; :data:`Texts` without it repeat the flag
        choices: the values it takes, where these are known
        apart: whether each choice but the default is a flag of its own, which exclude each
            other, and a keyword argument that is true or false
        action: whether it says what the command does: exactly one of these is given
        label: above its field in the form; by default the operator's parameter
        least: the lowest number that the form takes
        preset: what the form has at first, in place of the default
        writes: what the step writes where it is given, as paths in that folder, or ``""`` for that
            file itself; what is there already is refused unless ``overwrite`` is given
        path: whether it names a file or folder, as those of the type ``Path`` do
        in_command, in_form: whether the command line has it, and the form; from Python,
            operators take all
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
        """What the command line calls it: its flag, or its metavar if it is positional."""
        return str(self.metavar) if self.positional else self.flag

    @property
    def default_text(self) -> str:
        """The default as the help shows it; empty where it shows none."""
        told = isinstance(self.default, str | int | float | Path) and self.default is not False
        return str(self.default) if told and not self.apart else ""

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
        """Of an option whose choices stand apart: each but the default, and what it does."""
        labels = {one: label for one, label in self.labels().items() if one != self.default}
        return {one: label[0].lower() + label[1:] for one, label in labels.items()}

    def parse(self, given: Any, name: str = "") -> Any:
        """The value of what the command line or a form gives: the default where that is blank.

        Args:
            given: that
            name: what whoever gave it calls the option; :attr:`typed` if not given

        Raises:
            UsageError: if it is missing or of the wrong type
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
"""What an option names that is a file which the step writes."""

OVERWRITE = Option("overwrite", "overwrite existing files", bool, False)
"""Of every step with an option that names what it writes."""

AGAIN = {
    "new": "Stop if it exists",
    "resume": "Add what is missing",
    "overwrite": "Replace what is there",
}
"""What can be done with what an earlier run left."""

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
"""What every command takes, before its name or after."""


@dataclass(frozen=True)
class Watch:
    """Receives the progress and first results of a step, and can stop it.

    Attributes:
        progress: called with the number done and the number in all
        look: called with the ids of samples that are complete while the step goes on
        stopped: whether the step is to end after its current batch
        confirm: shows lines, the last of which is a question, and returns the answer; ``None`` if
            there is nobody to ask
    """

    progress: Progress = no_progress
    look: Callable[[Sequence[str]], None] = lambda ids: None
    stopped: Callable[[], bool] = lambda: False
    confirm: Callable[[Sequence[str]], bool | None] = lambda lines: None


@dataclass(frozen=True)
class Step:
    """A step: a command and, most of them, an operator.

    Attributes:
        name: of the command
        about: one sentence
        run: called with the samples (where it is on a dataset), a :class:`Watch` and the options
        options: in the order of the form
        on_dataset: whether it works on a dataset or view
        operator: the name of the operator that takes the same options, if any does
        unit: what its progress counts
        stoppable: whether it asks its watch whether to stop
        foreign: whether it works on datasets that PairLens did not import
        examples: commands that show what it is for, without ``pairlens``
        database: whether it needs the database, though no dataset is named
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

    The arguments are members of :class:`Step`, but for ``of_none``: whether it has something to do
    where there are no samples.
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
    """The function of a step that tells how many samples PairLens did not import and leaves out.

    It refuses a dataset or view without samples, unless it has something to do ``of_none``.
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
                leases.check_free(dataset, name)  # by an import that has only begun
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
    """The keyword arguments of a step, from what the command line or a form gives.

    Args:
        options: of the step
        given: values by parameter
        named: what whoever gave them calls an option

    Raises:
        UsageError: for a value that is missing or of the wrong type
        StateError: for a file that would be written over and is not to be
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
                raise StateError(f"{file} is there already; name another, or give --overwrite")


def settings(texts: Sequence[str], option: str) -> Settings:
    """``["k=v"]`` as ``{"k": "v"}``; the option is named in the message.

    Raises:
        UsageError: for a text without ``=``
    """
    parsed = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(f"{option} {text!r} is no NAME=VALUE")
        parsed[name] = value
    return parsed


def check_settings(texts: Sequence[str], option: str) -> CheckSettings:
    """``["tiny_mask.min_area=9"]`` as ``{"tiny_mask": {"min_area": "9"}}``; see :func:`settings`.

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
