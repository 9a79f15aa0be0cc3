"""Makes the parser of the command line from the declared steps and options."""

from __future__ import annotations

import argparse
import re
import shutil
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from pairlens.fiftyone_plugin.doctor import installed_version
from pairlens.fiftyone_plugin.steps import STEPS
from pairlens.fiftyone_plugin.steps.page import usage
from pairlens.fiftyone_plugin.steps.step import ALWAYS, Option, Step
from pairlens.fiftyone_plugin.terminal import fit
from pairlens.importers.errors import shown

Run = Callable[[Step, argparse.Namespace], Any]
"""Runs a step with the parsed arguments."""


class _Parser(argparse.ArgumentParser):
    """A parser whose errors suggest similar commands and options."""

    def error(self, message: str) -> NoReturn:
        """Prints the message with the nearest commands or options, and exits."""
        given = re.findall(r"invalid choice: '([^']*)'|arguments: (-[\w-]+)", message)
        known = {*self._names()}
        unknown = [word for word in map(max, given) if word not in known]  # else of other commands
        near = [match for word in unknown for match in get_close_matches(word, known, n=1)]
        super().error(shown(message) + (f"; did you mean {' or '.join(near)}?" if near else ""))

    def _names(self) -> list[str]:
        names = []
        for action in self._actions:
            names += [*action.option_strings, *map(str, action.choices or ())]
            if isinstance(action.choices, dict):
                names += [name for command in action.choices.values() for name in command._names()]
        return names


def build_parser(run: Run) -> argparse.ArgumentParser:
    """The parser of all commands.

    Args:
        run: what ``parse_args(...).run`` calls with the step of the command
    """
    parser = _Parser(
        prog="pairlens",
        description="See, measure and clean query/mask pairs of remote-sensing datasets.",
        epilog="pairlens COMMAND --help describes a command.",
    )
    version = installed_version("pairlens") or "not installed"
    parser.add_argument("--version", action="version", version=f"%(prog)s {version}")
    _add_always(parser)
    parser.set_defaults(**{option.param: option.default for option in ALWAYS})
    subparsers = parser.add_subparsers(metavar="COMMAND", dest="command", required=True)
    for step in STEPS:
        sub = subparsers.add_parser(
            step.name,
            help=step.about,
            description=step.about,
            usage=_usage(step),
            epilog=_examples(step),
            formatter_class=_Help,
        )
        sub.set_defaults(run=lambda args, step=step: run(step, args))
        if step.on_dataset:
            sub.add_argument("dataset", metavar="DATASET", help="name of the dataset")
        _add_options(sub, step)
        _add_always(sub)
    return parser


class _Help(argparse.HelpFormatter):
    """Help whose examples keep their lines."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text:
            return text
        return super()._fill_text(text, width, indent)


def _usage(step: Step) -> str:
    width = shutil.get_terminal_size().columns - len("usage: ")
    return fit(usage(step), width).replace("%", "%%")


def _examples(step: Step) -> str:
    head = "example:" if len(step.examples) == 1 else "examples:"
    return "\n".join([head, *(f"  pairlens {example}" for example in step.examples)])


def _add_always(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("options of every command")
    for option in ALWAYS:
        # Without a value, so that what stands before the command's name counts as well.
        arguments: dict[str, Any] = {**_arguments(option), "default": argparse.SUPPRESS}
        group.add_argument(option.flag, **arguments)


def _add_options(parser: argparse.ArgumentParser, step: Step) -> None:
    options = [option for option in step.options if option.in_command]
    group: Any = parser
    if any(option.action for option in options):
        group = parser.add_argument_group("actions (give one)")
        group = group.add_mutually_exclusive_group(required=True)
    for option in options:
        if option.apart:
            _add_choices(parser, option)
            continue
        name = option.param if option.positional else option.flag
        added: Any = (group if option.action else parser).add_argument(name, **_arguments(option))
        if callable(option.choices):
            added.completer = lambda option=option, **_: option.labels()


def _add_choices(parser: argparse.ArgumentParser, option: Option) -> None:
    """Adds each choice except the default as a flag."""
    group = parser.add_mutually_exclusive_group()
    for choice, about in option.flags().items():
        group.add_argument(
            f"--{choice}", dest=option.param, action="store_const", const=choice, help=about
        )


def _arguments(option: Option) -> dict[str, Any]:
    """The arguments of ``add_argument`` for an option; defaults are left to the option."""
    about = option.about
    if option.default_text and not option.positional:
        about += f" (default: {option.default_text})"
    arguments: dict[str, Any] = {"help": about.replace("%", "%%"), "default": None}
    if not option.positional:
        arguments |= {"dest": option.param, "required": option.required}
    if option.type is bool:
        return arguments | {"action": "store_true"}
    arguments["metavar"] = option.metavar
    if isinstance(option.choices, Sequence) and option.choices:
        arguments["choices"] = option.choices
    if option.type in (int, float):
        arguments["type"] = option.type
    if option.repeated:
        return arguments | {"action": "append"}
    return arguments | {"nargs": option.count}
