"""Every exception PairLens raises on purpose.

::

    PairLensError
    +-- UsageError       what was asked for cannot be done as asked
    |   +-- UnknownName  no format, check, predictor ... of that name
    +-- StateError       the dataset or the folder is not in the state the step needs
    |   +-- OutOfMemory  the machine has too little memory
    +-- LayoutError      a folder is not a dataset in the layout a reader knows
    +-- RecordError      one record is broken; the others can go on
    +-- MaskError        a mask cannot be decoded
    |   +-- LockedMask   its file cannot be opened, which may pass
    ForeignError         stands for an error of a worker that cannot be sent

The message of each is one sentence that says what was met, where, and what to do.
"""

from __future__ import annotations

import pickle
import sys
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any

from pairlens.importers import memory

AGAIN = "do the same again, an import or a prediction with --resume"
"""What goes on with a step that was ended in its middle."""

OUT_OF_MEMORY = (
    f"memory ran out in the middle of this; what was done is kept; {AGAIN}, and with fewer "
    "--workers, a smaller --batch-size or more memory (see: ulimit -v)"
)
"""What to say where the machine has none left."""

LONGEST = 1000
"""Characters of a message; what it quotes can have any length."""


def shown(text: str, most: int = LONGEST) -> str:
    """A text for people: without its middle where it is long, and UTF-8 whatever it quotes."""
    if len(text) > most:
        text = f"{text[: most * 2 // 3]} ... {text[len(text) - most // 3 :]}"
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """The known name nearest to one that is not known, as `` (did you mean 'x'?)``.

    Returns:
        ``""`` where none is near
    """
    near = get_close_matches(given, [*known], n=1)
    return f" (did you mean {near[0]!r}?)" if near else ""


class PairLensError(Exception):
    """Base class; the command line prints it without a traceback and exits with 1.

    Raises:
        OutOfMemory: where it is made of an error of a machine without memory, of which no record,
            mask or image is to be told that it is broken
    """

    def __init__(self, message: str) -> None:
        if (handled := sys.exception()) is not None:
            check_memory(handled)
        super().__init__(shown(message))

    def __reduce__(self) -> tuple[Any, ...]:
        # Crosses process borders in importers.parallel; by default, what is made of other
        # arguments than its message cannot be made again.
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[PairLensError], args: tuple[Any, ...], values: dict[str, Any]) -> Any:
    error = kind.__new__(kind, *args)
    error.__dict__.update(values)
    return error


class UsageError(PairLensError):
    """A request that contradicts itself or names something impossible (exit code 2)."""


class UnknownName(UsageError):
    """A name that a registry does not hold."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        meant = did_you_mean(name, names)
        all_names = f"known: {', '.join(names)}" if names else "there are none"
        super().__init__(f"there is no {kind} {name!r}{meant}; {all_names}")


class StateError(PairLensError):
    """A dataset, field or folder that is not as the step needs it."""


class OutOfMemory(StateError):
    """A machine that has too little memory for what is asked."""

    def __init__(self) -> None:
        Exception.__init__(self, OUT_OF_MEMORY)  # whatever is handled


def check_memory(error: BaseException) -> None:
    """Raises again what is no fault of the item at hand: that memory ran out.

    Whatever takes any error for one of an item, and makes no PairLensError of it, asks this.

    Raises:
        OutOfMemory: if it did
    """
    for one in memory.chain_of(error):
        if isinstance(one, OutOfMemory):
            raise one
    if memory.ran_out(error):
        raise OutOfMemory from error


def as_it_is(error: Exception) -> Exception:
    """An error of an item, or that of the machine which it came of."""
    try:
        check_memory(error)
    except OutOfMemory as short:
        return short
    return error


class LayoutError(PairLensError):
    """A folder that does not hold the layout it was read as."""


class MaskError(PairLensError):
    """A mask that cannot be decoded."""


class LockedMask(MaskError):
    """A file of a mask that is there and cannot be opened, which may pass."""


class RecordError(PairLensError):
    """One broken record.

    Attributes:
        source: where it stands, as ``file`` or ``file[index]``
        reason: what is wrong with it, without the place
    """

    def __init__(self, source: str, reason: str) -> None:
        source, reason = shown(source, LONGEST // 2), shown(reason, LONGEST // 2)
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class ForeignError(Exception):
    """Stands for an error of a worker, of a class that cannot be sent from process to process.

    Args:
        text: of the error
        whole: the error as Python shows it, with its class
    """

    def __init__(self, text: str, whole: str) -> None:
        super().__init__(text, whole)

    def __str__(self) -> str:
        """The text of the error."""
        return self.args[0]

    def __repr__(self) -> str:
        """The error as Python shows it."""
        return self.args[1]


def sendable(error: Exception) -> Exception:
    """An error that another process can be sent: itself, or one that says the same."""
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its class does
        return ForeignError(shown(str(error)), shown(repr(error)))
    return error


OnError = Callable[[RecordError], None]
OnNote = Callable[[str], None]


def raise_error(error: RecordError) -> None:
    """Strict handling of broken records: stops at the first."""
    raise error


def ignore_note(note: str) -> None:
    """Discards notes."""
