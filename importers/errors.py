"""The exceptions that PairLens raises.

::

    PairLensError
    +-- UsageError       the request contradicts itself or names something that does not exist
    |   +-- UnknownName  there is no format, check, predictor ... of that name
    +-- StateError       a dataset, file or service is not in the state that the step needs
    |   +-- OutOfMemory  the machine has too little memory
    +-- LayoutError      a folder or file does not have the layout of the format
    +-- RecordError      one record is broken; reading goes on with the next
    +-- MaskError        a mask cannot be decoded
        +-- LockedMask   its file cannot be opened now, but perhaps later
    ForeignError         replaces an error of a worker that cannot be pickled

Each message is one sentence: what is wrong, where, and what to do about it.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from pairlens.importers import memory

AGAIN = "do the same again, an import or a prediction with --resume"
"""How to continue a step that was interrupted, as part of a sentence."""

OUT_OF_MEMORY = (
    f"memory ran out in the middle of this; what was done is kept; {AGAIN}, and with fewer "
    "--workers, a smaller --batch-size or more memory (see: ulimit -v)"
)
"""The message when the machine has no memory left."""

LONGEST = 1000
"""Maximum length of a message in characters, since quoted input can have any length."""


def shown(text: str, most: int = LONGEST) -> str:
    """Returns a text that can be printed: long ones without their middle, and encodable as UTF-8.

    Args:
        text: the text, which may contain lone surrogates
        most: length in characters from which on the middle is left out
    """
    if len(text) > most:
        text = f"{text[: most * 2 // 3]} ... {text[len(text) - most // 3 :]}"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Suggests the known name that is most similar to an unknown one.

    Returns:
        `` (did you mean 'x'?)``, to be appended to a message; ``""`` if none is similar
    """
    near = get_close_matches(given, [*known], n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


class PairLensError(Exception):
    """Base class; the command line prints its message without a traceback and exits with 1.

    Raises:
        OutOfMemory: instead, if it is created while an error is handled that comes from a lack of
            memory: otherwise a sound record, mask or image would be reported as broken
    """

    def __init__(self, message: str) -> None:
        if (handled := sys.exception()) is not None:
            check_memory(handled)
        super().__init__(shown(message))

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers send errors to their parent. Unpickling by default calls the class with ``args``,
        # the message, which fails for subclasses with other arguments.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[PairLensError], args: tuple[Any, ...], values: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.__dict__.update(values)
    return error


class UsageError(PairLensError):
    """A request that contradicts itself or names something that does not exist (exit code 2)."""


class UnknownName(UsageError):
    """A name that is not registered.

    Args:
        kind: what the name should be, such as ``format``
        name: the unknown name
        known: all registered names
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        meant = did_you_mean(name, names)
        all_names = f"known: {', '.join(names)}" if names else "there are none"
        super().__init__(f"there is no {kind} {name!r}{meant}; {all_names}")


class StateError(PairLensError):
    """A dataset, field, file or service that is not in the state that the step needs."""


class OutOfMemory(StateError):
    """The machine has too little memory for the step."""

    def __init__(self) -> None:
        Exception.__init__(self, OUT_OF_MEMORY)  # PairLensError would check the handled error


def check_memory(error: BaseException) -> None:
    """Raises an error if another one was caused by a lack of memory.

    Code that catches any exception as the fault of one record or image, and does not turn it into
    a :class:`PairLensError`, calls this first.

    Raises:
        OutOfMemory: if the error or one that led to it is a lack of memory
    """
    for cause in memory.chain_of(error):
        if isinstance(cause, OutOfMemory):
            raise cause
    if memory.ran_out(error):
        raise OutOfMemory from error


def as_it_is(error: Exception) -> Exception:
    """Returns :class:`OutOfMemory` if an error was caused by a lack of memory, else the error."""
    try:
        check_memory(error)
    except OutOfMemory as short:
        return short
    return error


class LayoutError(PairLensError):
    """A folder or file that does not have the layout of the format it is read as."""


class MaskError(PairLensError):
    """A mask that cannot be decoded."""


class LockedMask(MaskError):
    """A mask file that exists but cannot be opened, for a reason that may be temporary."""


class RecordError(PairLensError):
    """One broken record.

    Attributes:
        source: position of the record, as ``file`` or ``file[index]``
        reason: what is wrong with it, without the position
    """

    def __init__(self, source: str, reason: str) -> None:
        source, reason = shown(source, LONGEST // 2), shown(reason, LONGEST // 2)
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class ForeignError(Exception):
    """Replaces an error of a worker whose class cannot be pickled.

    Args:
        text: ``str`` of the error
        whole: ``repr`` of the error
    """

    def __init__(self, text: str, whole: str) -> None:
        super().__init__(text, whole)

    def __str__(self) -> str:
        """Returns ``str`` of the replaced error."""
        return self.args[0]

    def __repr__(self) -> str:
        """Returns ``repr`` of the replaced error."""
        return self.args[1]


def sendable(error: Exception) -> Exception:
    """Returns an error that can be pickled: itself, or a :class:`ForeignError` of the same text."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # a class may raise anything when it is pickled
        return ForeignError(shown(str(error)), shown(repr(error)))
    return error


OnError = Callable[[RecordError], None]
OnNote = Callable[[str], None]


def raise_error(error: RecordError) -> None:
    """Raises the error of a broken record; the handler of strict reading."""
    raise error


def ignore_note(note: str) -> None:
    """Discards notes."""
