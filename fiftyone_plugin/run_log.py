"""The log of a command: on stderr, by verbosity, and in a file."""

from __future__ import annotations

import logging
import os
import re
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

from pairlens.importers.errors import UsageError

LOG = logging.getLogger("pairlens")

PRINTED = {"printed": True}
"""``extra`` of a record that is already printed."""

_PASSWORD = re.compile(r"//[^/@\s]+@")
"""User and password in an address."""


class _Lines(logging.Formatter):
    """Lines with time, level and source; without the passwords of addresses."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        return _PASSWORD.sub("//***@", super().format(record))


@contextmanager
def logging_run(
    argv: Sequence[str], version: str, *, quiet: bool, verbose: bool, file: Path | None
) -> Iterator[None]:
    """A context that logs to stderr and to a file, with the command and its duration.

    Args:
        argv: the command
        version: version of PairLens
        quiet: whether nothing is logged to stderr
        verbose: whether all logs of libraries go to stderr, and not only warnings
        file: file to which the log is appended

    Raises:
        UsageError: if the file cannot be written, or both ``quiet`` and ``verbose`` are set
    """
    if quiet and verbose:
        raise UsageError("--quiet and --verbose exclude each other")
    with ExitStack() as stack:
        if not quiet and (verbose or file):
            handler = logging.StreamHandler(sys.stderr)
            handler.addFilter(_is_news if verbose else _is_warning)
            stack.enter_context(_logging_to(handler, "%(levelname)s %(name)s: %(message)s"))
        if file:
            line = "%(asctime)s %(levelname)s %(name)s: %(message)s"
            stack.enter_context(_logging_to(_opened(file), line))
        LOG.info("pairlens %s, Python %s: %s", version, sys.version.split()[0], shlex.join(argv))
        began = time.monotonic()
        try:
            yield
        finally:
            LOG.info("took %.1f s", time.monotonic() - began)


@contextmanager
def printing_aside(*, quiet: bool) -> Iterator[None]:
    """A context that redirects prints of libraries to stderr, or discards them if quiet."""
    with ExitStack() as stack:
        if quiet:
            nowhere = stack.enter_context(open(os.devnull, "w"))
            stack.enter_context(redirect_stderr(nowhere))
        stack.enter_context(redirect_stdout(sys.stderr))
        yield


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a record is not printed anyway, as FiftyOne prints its own."""
    return not hasattr(record, "printed") and record.name.split(".")[0] not in ("fiftyone", "eta")


def _is_warning(record: logging.LogRecord) -> bool:
    """Whether a record is a Python warning, which would be printed if nothing were logged."""
    return record.name == "py.warnings"


def _opened(file: Path) -> logging.Handler:
    try:
        return logging.FileHandler(file, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise UsageError(f"the log cannot be written to {file} ({error.strerror})") from error


@contextmanager
def _logging_to(handler: logging.Handler, line: str) -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    handler.setFormatter(_Lines(line))
    root.addHandler(handler)
    root.setLevel(min(level, logging.INFO))
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        root.setLevel(level)
        root.removeHandler(handler)
        handler.close()
