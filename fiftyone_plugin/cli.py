"""The command line: parse, run one step, report.

Results go to stdout, with ``--json`` as one JSON object; progress, notices and errors to stderr.
Exit code 0: done, 1: failed, 2: wrong usage. ``PAIRLENS_DEBUG=1`` shows tracebacks.

The commands and their options are declared in :mod:`pairlens.fiftyone_plugin.steps`.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext, redirect_stdout
from difflib import get_close_matches
from functools import partial
from typing import Any, NoReturn

from pairlens.fiftyone_plugin.doctor import installed_version
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.steps import STEPS
from pairlens.fiftyone_plugin.steps.step import Option, Step, Watch, parse_options
from pairlens.fiftyone_plugin.terminal import ProgressBar, ending_softly, say, show
from pairlens.importers.errors import PairLensError, UsageError, shown

FAILED, USAGE = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments without the program's name; those of the process if not given

    Returns:
        the exit code
    """
    parser = build_parser()
    if not (sys.argv[1:] if argv is None else argv):
        parser.print_help()
        return USAGE
    args = parser.parse_args(argv)
    # FiftyOne tells at every start that MongoDB 6 is the oldest it runs on; doctor says which
    # version runs.
    logging.getLogger("fiftyone.core.odm.database").addFilter(
        lambda record: "oldest supported" not in record.getMessage()
    )
    try:
        # Libraries print notices; stdout is for the one JSON object.
        with redirect_stdout(sys.stderr):
            report: Report = args.run(args)
    except KeyboardInterrupt:
        say("Interrupted. What was done is kept; --resume goes on with an import or prediction.")
        return FAILED
    except UsageError as error:
        return _failed(error, USAGE)
    except PairLensError as error:
        return _failed(error, FAILED)
    except Exception as error:
        return _failed(_explained(error), FAILED)
    try:
        for line in [json.dumps(report.data)] if args.json else report.lines:
            show(line)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0 if report.ok else FAILED


def _failed(error: Exception, code: int) -> int:
    if os.environ.get("PAIRLENS_DEBUG"):
        raise error
    say(f"pairlens: {error}")
    return code


def _explained(error: Exception) -> Exception:
    """An error of a library, with what to do about it where that is known."""
    kind = type(error)
    unreachable = "ConnectionFailure" in (one.__name__ for one in kind.__mro__)
    starting = ("fiftyone.core.service", "fiftyone.core.config")
    if isinstance(error, ConnectionError) or unreachable or kind.__module__.startswith(starting):
        text = f"the database does not answer ({error}); see what: pairlens doctor"
    elif isinstance(error, OSError) and error.filename:
        text = f"{shown(str(error.filename), 300)} cannot be read or written ({error.strerror})"
    elif kind.__module__.startswith("pymongo"):
        text = f"the database refused this ({error}); what was done before is kept"
    else:
        text = f"{type(error).__name__}: {error}; PAIRLENS_DEBUG=1 shows where"
    return PairLensError(text).with_traceback(error.__traceback__)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors name what was probably meant."""

    def error(self, message: str) -> NoReturn:
        """Prints the message with the nearest commands or options, and exits."""
        given = re.findall(r"invalid choice: '([^']*)'|arguments: (-[\w-]+)", message)
        near = [m for pair in given for m in get_close_matches(max(pair), {*self._names()}, n=1)]
        super().error(shown(message) + (f"; did you mean {' or '.join(near)}?" if near else ""))

    def _names(self) -> list[str]:
        names = []
        for action in self._actions:
            names += [*action.option_strings, *map(str, action.choices or ())]
            if isinstance(action.choices, dict):
                names += [name for command in action.choices.values() for name in command._names()]
        return names


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(
        prog="pairlens",
        description="See, measure and clean query/mask pairs of remote-sensing datasets.",
    )
    version = installed_version("pairlens") or "not installed"
    parser.add_argument("--version", action="version", version=f"%(prog)s {version}")
    subparsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for step in STEPS:
        sub = subparsers.add_parser(step.name, help=step.about, description=step.about)
        sub.add_argument("--json", action="store_true", help="print one JSON object to stdout")
        sub.set_defaults(run=partial(_run, step))
        if step.on_dataset:
            sub.add_argument("dataset", metavar="N", help="the dataset")
        _add_options(sub, step)
    return parser


def _add_options(parser: argparse.ArgumentParser, step: Step) -> None:
    options = [option for option in step.options if option.in_command]
    some = any(option.action for option in options)
    actions = parser.add_mutually_exclusive_group(required=True) if some else parser
    for option in options:
        if option.apart:
            _add_choices(parser, option)
        else:
            group = actions if option.action else parser
            name = option.param if option.positional else option.flag
            group.add_argument(name, **_arguments(option))


def _add_choices(parser: argparse.ArgumentParser, option: Option) -> None:
    """Each choice but the default as a flag."""
    group = parser.add_mutually_exclusive_group()
    for choice, about in option.flags().items():
        group.add_argument(
            f"--{choice}", dest=option.param, action="store_const", const=choice, help=about
        )


def _arguments(option: Option) -> dict[str, Any]:
    """What argparse is told of an option. Defaults are left to the option itself."""
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


def _run(step: Step, args: argparse.Namespace) -> Report:
    values = parse_options(step.options, vars(args))
    samples = (_load(args.dataset),) if step.on_dataset else ()
    interrupt = ending_softly() if step.stoppable else nullcontext(Watch().stopped)
    with ProgressBar(step.unit) as progress, interrupt as stopped:
        return step.run(*samples, Watch(progress, stopped=stopped), **values)


def _load(name: str) -> Any:
    from pairlens.importers import store

    return store.load(name)


def run(argv: Sequence[str]) -> dict[str, Any]:
    """Runs a command and returns what ``--json`` prints; errors are raised.

    For scripts and tests that want the contract without a process.
    """
    args = build_parser().parse_args(argv)
    with redirect_stdout(sys.stderr):
        return args.run(args).data


if __name__ == "__main__":
    sys.exit(main())
