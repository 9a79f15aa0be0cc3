"""Checks that the configured database answers, and explains its errors.

FiftyOne would wait half a minute for an unreachable database, several times. This check takes
seconds, and does not import FiftyOne.
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
"""Maximum time in seconds for the first answer of the database."""

DATABASE = "fiftyone"
"""FiftyOne's default name of the database."""

_DOCTOR = "see what: pairlens doctor"

_GO_ON = f"what was done is kept; when it answers again, {AGAIN}"

_FAILED_OVER = frozenset({91, 189, 10058, 10107, 11600, 11602, 13435, 13436})
"""MongoDB's error codes of a server that is not the primary any more, or is shutting down."""

_NOT_ALLOWED = frozenset({13, 18})
"""MongoDB's error codes for failed authentication and missing privileges."""

_DUMPS = (
    " to execute command {", " (configured timeouts", ", Timeout: ", ", full error: ",
    ", Topology Desc",
)  # fmt: skip
"""Texts in errors after which the whole command or pymongo's state of the servers follows."""

_CAUSE = ":: caused by :: "
"""Text in errors after which MongoDB's actual message follows."""


def configured_uri() -> str | None:
    """Returns the URI in FiftyOne's settings; ``None`` if it starts its own, embedded database."""
    return _configured("FIFTYONE_DATABASE_URI", "database_uri")


def _configured(variable: str, setting: str) -> Any:
    if value := os.environ.get(variable):
        return value
    default = Path.home() / ".fiftyone" / "config.json"
    try:
        settings = json.loads(Path(os.environ.get("FIFTYONE_CONFIG_PATH") or default).read_text())
        return settings.get(setting)
    except (OSError, ValueError, AttributeError):  # FiftyOne reports invalid settings
        return None


@cache
def check(uri: str | None) -> None:
    """Checks that a database answers and that its user may read; once in a process.

    How long later interruptions may last, as when a replica set elects another primary, is set in
    the URI.

    Args:
        uri: of the database; nothing is checked for ``None``, FiftyOne's embedded database

    Raises:
        StateError: if it does not answer, or refuses the user
        UsageError: if the URI, or a file that it refers to, cannot be used
    """
    if not uri:
        return
    # Imported here, since commands without database do not need it.
    from pymongo import MongoClient
    from pymongo.errors import ConnectionFailure, OperationFailure, PyMongoError

    name = _configured("FIFTYONE_DATABASE_NAME", "database_name") or DATABASE
    wait = 1000 * SECONDS
    try:
        with MongoClient(uri, serverSelectionTimeoutMS=wait, connectTimeoutMS=wait) as client:
            # A query, since a server answers a ping even without the required password.
            client[name]["datasets"].find_one({}, {"_id": 1})
    except ConnectionFailure as error:
        raise StateError(f"the database does not answer ({why(error)}); {_DOCTOR}") from error
    except OperationFailure as error:
        raise _explained(error) from error
    except (PyMongoError, ValueError, OSError) as error:  # of the URI, or a file in it
        raise UsageError(
            f"the database cannot be asked under this address ({why(error)}); correct "
            "FIFTYONE_DATABASE_URI, or database_uri in the settings of FiftyOne"
        ) from error


def explained(error: BaseException) -> PairLensError | None:
    """Converts an error of pymongo to one that says what to do; ``None`` for any other error."""
    return _explained(error) if type(error).__module__.startswith("pymongo") else None


def _explained(error: BaseException) -> PairLensError:
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
    """Whether an error is that the database became unreachable or another server took over.

    The operation may or may not have been done.
    """
    from pymongo.errors import AutoReconnect, OperationFailure

    if isinstance(error, AutoReconnect):
        return True
    return isinstance(error, OperationFailure) and not _FAILED_OVER.isdisjoint(_codes(error))


class _Attempt(AbstractContextManager[None]):
    """A context that suppresses errors for which :func:`failed_over` is true."""

    def __init__(self) -> None:
        self.failed_over = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        from pymongo.errors import PyMongoError, ServerSelectionTimeoutError

        # For server selection, pymongo has waited already; another attempt would wait again.
        if isinstance(error, PyMongoError) and not isinstance(error, ServerSelectionTimeoutError):
            self.failed_over = failed_over(error)
        return self.failed_over


def attempts() -> Iterator[AbstractContextManager[None]]:
    """Yields one or two contexts for an idempotent operation: a second if a server failed over.

    pymongo retries operations itself, except updates of several documents and index creation::

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
    """Returns the message of an error of the database, without the state that pymongo appends."""
    if isinstance(error, OSError) and error.filename:
        return shown(f"{error.strerror}: {error.filename}", 200)
    details = getattr(error, "details", None)
    if isinstance(details, dict):
        failed = (*details.get("writeErrors", ()), *details.get("writeConcernErrors", ()))
        messages = (entry["errmsg"] for entry in failed if entry.get("errmsg"))
        message = next(messages, details.get("errmsg"))
    else:
        message = None
    text = str(message or error).rpartition(_CAUSE)[2]
    for dump in _DUMPS:
        text = text.partition(dump)[0]
    return shown(text, 200)
