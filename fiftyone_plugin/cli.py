"""The command line: parse, run one step, report.

Results go to stdout, with ``--json`` as one JSON object; progress, notices and errors to stderr.
Exit code 0: done, 1: failed, 2: wrong usage. ``--verbose`` shows tracebacks.

The commands and their options are declared in :mod:`pairlens.fiftyone_plugin.steps`.
"""

from __future__ import annotations

import argparse
import atexit
import json
import logging
import os
import shutil
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any

from pairlens.fiftyone_plugin import command_parser
from pairlens.fiftyone_plugin.doctor import installed_version
from pairlens.fiftyone_plugin.interrupts import INTERRUPTED, stopping_at_once, stopping_gracefully
from pairlens.fiftyone_plugin.reports import Report
from pairlens.fiftyone_plugin.run_log import LOG, logging_run, printing_aside
from pairlens.fiftyone_plugin.steps.step import Step, Watch, parse_options
from pairlens.fiftyone_plugin.terminal import (
    ProgressBar,
    confirm,
    say,
    show,
)
from pairlens.importers import database_connection, full_disk, memory
from pairlens.importers.errors import OutOfMemory, PairLensError, UsageError, shown
from pairlens.importers.starving import ending_when_starved

FAILED, USAGE = 1, 2


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command.

    Args:
        argv: the arguments without the program's name; those of the process if not given

    Returns:
        the exit code
    """
    parser = build_parser()
    if "_ARGCOMPLETE" in os.environ:  # the shell asks what can follow
        import argcomplete

        argcomplete.autocomplete(parser)
    given = sys.argv[1:] if argv is None else [*argv]
    if not given:
        parser.print_help()
        return USAGE
    args = parser.parse_args(given)
    # FiftyOne tells at every start that MongoDB 6 is the oldest it runs on; doctor says which
    # version runs.
    logging.getLogger("fiftyone.core.odm.database").addFilter(
        lambda record: "oldest supported" not in record.getMessage()
    )
    try:
        version = installed_version("pairlens") or ""
        more = {"verbose": args.verbose, "file": args.log_file}
        with logging_run(given, version, quiet=args.quiet, **more):
            return _execute(args)
    except UsageError as error:
        return _failed(error, USAGE, args.json)


def _execute(args: argparse.Namespace) -> int:
    """Runs the step, prints its report, and returns the exit code."""
    try:
        with (
            ending_when_starved(as_json=args.json),
            stopping_at_once(),
            printing_aside(quiet=args.quiet),
        ):
            report: Report = args.run(args)
    except KeyboardInterrupt:
        say(INTERRUPTED)
        return FAILED
    except UsageError as error:
        return _failed(error, USAGE, args.json)
    except PairLensError as error:
        return _failed(error, FAILED, args.json)
    except Exception as error:
        return _failed(_explained(error), FAILED, args.json)
    _show([json.dumps(report.data)] if args.json else report.lines)
    return 0 if report.ok else FAILED


def _show(lines: Sequence[str]) -> None:
    """Prints results."""
    try:
        for line in lines:
            show(line)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _failed(error: Exception, code: int, as_json: bool) -> int:
    """Prints an error to stderr, and with ``--json`` also to stdout."""
    LOG.info("failed with %d", code, exc_info=error)
    say(f"pairlens: {error}")
    if as_json:
        _show([json.dumps({"error": str(error)})])
    return code


def _explained(error: Exception) -> Exception:
    """The message for an error of a library, with a remedy if one is known."""
    if said := database_connection.explained(error):
        if database_connection.failed_over(error):
            _leave_database()
        return said.with_traceback(error.__traceback__)
    if isinstance(error, MemoryError) or memory.ran_out(error):
        return OutOfMemory().with_traceback(error.__traceback__)
    if full := full_disk.explained(error):
        return full.with_traceback(error.__traceback__)
    kind = type(error)
    starting = ("fiftyone.core.service", "fiftyone.core.config")
    if isinstance(error, ConnectionError) or kind.__module__.startswith(starting):
        text = (
            f"the database does not answer ({error}); if another command is just starting it, or "
            "the machine is busy, run this again; else pairlens doctor says what is wrong"
        )
    elif isinstance(error, OSError) and error.filename:
        text = f"{shown(str(error.filename), 300)} cannot be read or written ({error.strerror})"
    else:
        text = f"{type(error).__name__}: {error}; --verbose shows where"
    return PairLensError(text).with_traceback(error.__traceback__)


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    return _parser_for(shutil.get_terminal_size().columns)


@cache
def _parser_for(columns: int) -> argparse.ArgumentParser:
    """The parser, cached by the width of the terminal, since it takes 12 ms to make."""
    return command_parser.build_parser(_run)


def _run(step: Step, args: argparse.Namespace) -> Report:
    values = parse_options(step.options, vars(args))
    if step.on_dataset or step.database or values.get("name"):
        database_connection.check(database_connection.configured_uri())
    samples = (_load(args.dataset, step.foreign),) if step.on_dataset else ()
    interrupt = stopping_gracefully() if step.stoppable else nullcontext(Watch().stopped)
    with ProgressBar(step.unit) as progress, interrupt as stopped:
        return step.run(*samples, Watch(progress, stopped=stopped, confirm=confirm), **values)


def _leave_database() -> None:
    """Has the process end without another look for a database that went away."""
    from pairlens.importers import fo_internals

    atexit.register(fo_internals.disconnect)  # what is registered last is called first


def _load(name: str, foreign: bool = False) -> Any:
    from pairlens.importers import store

    return store.load(name, foreign=foreign)


def run(argv: Sequence[str]) -> dict[str, Any]:
    """Runs a command and returns what ``--json`` prints; errors are raised.

    For scripts and tests that want the contract without a process.
    """
    args = build_parser().parse_args(argv)
    with printing_aside(quiet=False):
        return args.run(args).data


if __name__ == "__main__":
    sys.exit(main())
