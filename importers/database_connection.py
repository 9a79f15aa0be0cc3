"""Whether the database that is configured answers, and what it says when it does not.

FiftyOne waits for half a minute, several times; and its import takes seconds, before which nothing
needs to be waited for where the database is not there.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from pathlib import Path
from typing import Any

from pairlens.importers.errors import AGAIN, PairLensError, StateError, UsageError, shown

SECONDS = 3
"""How long a database may take to answer for the first time."""

DATABASE = "fiftyone"
"""FiftyOne's name for the database, where its settings have none."""

_DOCTOR = "see what: pairlens doctor"

_GO_ON = f"what was done is kept; when it answers again, {AGAIN}"

_FAILED_OVER = frozenset({91, 189, 10058, 10107, 11600, 11602, 13435, 13436})
"""MongoDB's codes for a server that has ceased to be the primary, or is shutting down."""

_NOT_ALLOWED = frozenset({13, 18})
"""MongoDB's codes for a user that it does not know, or who may not do this."""

_DUMPS = (
    " to execute command {", " (configured timeouts", ", Timeout: ", ", full error: ",
    ", Topology Desc",
)  # fmt: skip
"""Where what follows in an error is the command, or what pymongo knows of the servers."""

_CAUSE = ":: caused by :: "
"""Before what MongoDB has to say itself, after numbers of the collection and of what was done."""


def configured_uri() -> str | None:
    """The address of the user's own database, as FiftyOne finds it; ``None`` for the embedded."""
    return _configured("FIFTYONE_DATABASE_URI", "database_uri")


def _configured(variable: str, setting: str) -> Any:
    if value := os.environ.get(variable):
        return value
    default = Path.home() / ".fiftyone" / "config.json"
    try:
        settings = json.loads(Path(os.environ.get("FIFTYONE_CONFIG_PATH") or default).read_text())
        return settings.get(setting)
    except (OSError, ValueError, AttributeError):  # which FiftyOne tells
        return None


@cache
def check(uri: str | None) -> None:
    """Checks that a database answers and lets its user read, once in a process.

    Later pauses, as where a replica set chooses another primary, last as long as its address says.

    Args:
        uri: its address; the embedded one, which has none, is FiftyOne's to start

    Raises:
        StateError: if it does not answer, or refuses the user
        UsageError: if its address, or a file that this names, cannot be used
    """
    if not uri:
        return
    # Here, since commands that need no database need not have it imported.
    from pymongo import MongoClient
    from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

    name = _configured("FIFTYONE_DATABASE_NAME", "database_name") or DATABASE
    wait = 1000 * SECONDS
    try:
        with MongoClient(uri, serverSelectionTimeoutMS=wait, connectTimeoutMS=wait) as client:
            # A server that wants a password answers a ping without one.
            client[name]["datasets"].find_one({}, {"_id": 1})
    except ConnectionFailure as error:
        raise StateError(f"the database does not answer ({why(error)}); {_DOCTOR}") from error
    except OperationFailure as error:
        raise _said(error) from error
    except (PyMongoError, ValueError, OSError) as error:  # the address, or a file that it names
        raise UsageError(
            f"the database cannot be asked under this address ({why(error)}); correct "
            "FIFTYONE_DATABASE_URI, or database_uri in the settings of FiftyOne"
        ) from error


def explained(error: BaseException) -> PairLensError | None:
    """An error of the database in a sentence that says how to go on; ``None`` for any other."""
    return _said(error) if type(error).__module__.startswith("pymongo") else None


def _said(error: BaseException) -> PairLensError:
    from pymongo.errors import ConnectionFailure, OperationFailure, WriteConcernError

    reason = why(error)
    if isinstance(error, ConnectionFailure) or failed_over(error):
        return StateError(f"the database did not answer in the middle of this ({reason}); {_GO_ON}")
    if isinstance(error, WriteConcernError):
        return StateError(
            f"most members of the database's replica set did not confirm this ({reason}); {_GO_ON}"
        )
    if isinstance(error, OperationFailure) and error.code in _NOT_ALLOWED:
        return StateError(
            f"the database refuses its user this ({reason}); correct the user and the password in "
            "FIFTYONE_DATABASE_URI, or give that user the rights to read and write"
        )
    return StateError(f"the database refused this ({reason}); what was done before is kept")


def failed_over(error: BaseException) -> bool:
    """Whether the database went away, or another server took over, while it was asked.

    What was asked for may have been done or not.
    """
    from pymongo.errors import AutoReconnect, OperationFailure

    if isinstance(error, AutoReconnect):
        return True
    return isinstance(error, OperationFailure) and not _FAILED_OVER.isdisjoint(_codes(error))


class _Attempt(AbstractContextManager[None]):
    """A context that ends quietly where another server took over within it."""

    def __init__(self) -> None:
        self.failed_over = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

        # A server that could not be selected was waited for already.
        if isinstance(error, PyMongoError) and not isinstance(error, ServerSelectionTimeoutError):
            self.failed_over = failed_over(error)
        return self.failed_over


def attempts() -> Iterator[AbstractContextManager[None]]:
    """Yields a context for what may be done twice, and another where another server took over.

    pymongo retries by itself, except where several documents are changed or an index is created::

        for attempt in attempts():
            with attempt:
                collection.delete_many(where)
    """
    first = _Attempt()
    yield first
    if first.failed_over:
        yield nullcontext()


def _codes(error: Any) -> Iterator[int | None]:
    yield error.code
    details = error.details or {}
    for one in (*details.get("writeErrors", ()), *details.get("writeConcernErrors", ())):
        yield one.get("code")


def why(error: Any) -> str:
    """What the database said, without the dumps of state that pymongo appends."""
    if isinstance(error, OSError) and error.filename:
        return shown(f"{error.strerror}: {error.filename}", 200)
    details = getattr(error, "details", None)
    if isinstance(details, dict):
        failed = (*details.get("writeErrors", ()), *details.get("writeConcernErrors", ()))
        said = next((one["errmsg"] for one in failed if one.get("errmsg")), details.get("errmsg"))
    else:
        said = None
    text = str(said or error).rpartition(_CAUSE)[2]
    for dump in _DUMPS:
        text = text.partition(dump)[0]
    return shown(text, 200)
