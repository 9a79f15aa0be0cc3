"""Leases, which keep two processes from writing to the same part of a dataset at the same time.

A step that writes takes a lease on the dataset's name in the database and releases it at the end.
A lease is on the :data:`WHOLE` dataset, as in an import, or on a part of it, such as the findings
or a field of predictions. A lease on the whole excludes every other lease; one on a part excludes
the whole and the same part. Verdicts take no lease, so that reviewers never wait for each other or
for a step; they are refused while the whole dataset is leased. Steps that only read take none.

A lease is renewed as long as its process runs. If that process has ended on this machine, another
one takes its lease over at once; otherwise after the lease was not renewed for :data:`PATIENCE`
seconds. All times are read from the database's clock, since clocks of machines differ. A process
that may have lost its lease, for instance because it was suspended, checks before it writes
(:mod:`pairlens.importers.fencing`).
"""

from __future__ import annotations

import functools
import inspect
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from secrets import token_hex
from threading import Event, Thread
from typing import Any, ParamSpec, TypeVar

import pymongo
from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError, PyMongoError

from pairlens.importers import fencing, fo_internals, process_ids, safe_writes
from pairlens.importers.errors import StateError
from pairlens.importers.unfinished import ASIDE
from pairlens.importers.write_concern import durable

COLLECTION = "pairlens.leases"
"""MongoDB collection with one document for each leased dataset: ``_id`` is its name, ``holders``
the list of leases on it."""

WHOLE = "dataset"
"""The part that includes all others."""

PATIENCE = 60
"""Seconds after which a lease that was not renewed is void."""

_RENEWAL = 15
"""Seconds between renewals of a lease."""

_RELEASE = 10
"""Maximum seconds to wait until the database confirms the release of a lease. It can take long if
the database is paused or elects another primary at that moment."""

_FIELDS = "fields"
"""The part that is the list of a dataset's fields."""

_PAUSE = 0.02
"""Seconds between attempts to take a lease that another process holds."""

_NOT_IN_FUTURE: list[dict[str, Any]] = [{"$set": {"holders": {"$map": {
    "input": {"$ifNull": ["$holders", []]},
    "as": "one",
    "in": {"$mergeObjects": ["$$one", {"renewed": {"$min": ["$$one.renewed", "$$NOW"]}}]},
}}}}]  # fmt: skip
"""Update that sets renewal times in the future to the present. They occur if the database's clock
was set back; without this, such leases would stay valid for too long."""

P = ParamSpec("P")
R = TypeVar("R")

_ours: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("_ours", default=())
"""Names and parts that the present context has leased, so that a step can run within another."""


_tokens: set[str] = set()
"""Tokens of the leases that this process holds or is about to take."""


def holding(step: str, part: str = WHOLE) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Decorates a function so that it holds a lease on its first argument's dataset while it runs.

    Example::

        @leases.holding("judge", "answers of {judge}")
        def judge(samples: Any, *, judge: str) -> JudgeSummary: ...

    Args:
        step: name of the command, for messages
        part: the part that it writes, with names of the function's arguments in braces
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def wrapper(*args: P.args, **options: P.kwargs) -> R:
            arguments = signature.bind(*args, **options).arguments
            dataset = fo_internals.dataset_of(next(iter(arguments.values())))
            with held(dataset.name, step, part.format(**arguments)):
                return function(*args, **options)

        return wrapper

    return decorate


@contextmanager
def declaring(dataset: Any) -> Iterator[None]:
    """Locks the list of a dataset's fields, to declare or delete fields of samples.

    FiftyOne writes the whole list as the process knows it. If two processes added a field each at
    the same time, one field would be lost. So this waits until no other process changes the list,
    and then reloads the dataset.

    Args:
        dataset: whose fields are changed

    Raises:
        StateError: if another process does not finish within :data:`PATIENCE` seconds
    """
    if _is_ours(dataset.name, _FIELDS):
        yield
        return
    with held(dataset.name, "a change of fields", _FIELDS, wait=PATIENCE):
        dataset.reload()
        yield


@contextmanager
def held(name: str, step: str, part: str = WHOLE, *, wait: float = 0) -> Iterator[None]:
    """Holds a lease on a dataset within the context.

    Args:
        name: of the dataset, which need not exist yet
        step: name of the command, for messages
        part: the part of the dataset that is written
        wait: seconds to wait for a conflicting lease to end

    Raises:
        StateError: if another process or thread holds a conflicting lease, if another process took
            this lease over because it was not renewed, or if the database was restarted meanwhile
    """
    if _is_ours(name, part):
        yield
        return
    # Includes the release of the lease, whose durable write confirms all writes before it.
    with safe_writes.detecting_restart(step):
        lease = _taken(name, step, part, wait)
        before = _ours.set((*_ours.get(), (name, part)))
        try:
            with _renewing(lease), fencing.holding(lease):
                yield
            lease.check_kept()
        finally:
            _ours.reset(before)
            _tokens.discard(lease.token)
            # If the release fails, the lease becomes void like that of a dead process.
            with suppress(PyMongoError), pymongo.timeout(_RELEASE):
                _release(name, lease.token)


class _Lease(fencing.Hold):
    """A lease that this process took.

    Args:
        name: of the dataset
        step: name of the command
        token: random id of the lease
    """

    def __init__(self, name: str, step: str, token: str) -> None:
        self.token = token
        where = {"_id": name, "holders.token": token}
        change = {"$currentDate": {"holders.$.renewed": True}}
        super().__init__(
            lambda: bool(_leases().update_one(where, change).matched_count),
            f"another process took dataset {name!r} over, since this one could not tell "
            f"the database for {PATIENCE} s that it works on it; run {step} again",
        )


def _taken(name: str, step: str, part: str, wait: float) -> _Lease:
    """Takes a lease, waiting up to ``wait`` seconds for conflicting ones to end."""
    fencing.check_writing()
    token = token_hex(8)
    _tokens.add(token)
    try:
        until = time.monotonic() + wait
        while True:
            lease = _Lease(name, step, token)
            if _take(name, step, part, token, final=time.monotonic() >= until):
                return lease
            time.sleep(_PAUSE)
    except BaseException:
        _tokens.discard(token)
        raise


@contextmanager
def _renewing(lease: _Lease) -> Iterator[None]:
    """Renews a lease from a thread within the context, until the lease is lost."""
    ended = Event()

    def renew() -> None:
        kept = True
        while kept and not ended.wait(_RENEWAL):
            with suppress(PyMongoError):  # the database may come back in time
                kept = lease.renew()

    Thread(target=renew, name="pairlens-lease", daemon=True).start()
    try:
        yield
    finally:
        ended.set()


def check_free(dataset: Any, step: str = "a verdict") -> None:
    """Checks that no step holds a lease on a whole dataset, before a single quick write.

    A lease that is void is removed.

    Args:
        dataset: to be changed
        step: what changes it, for the message

    Raises:
        StateError: if a step holds such a lease
    """
    if _is_ours(dataset.name, WHOLE):
        return
    database = fo_internals.database()
    where = {"_id": dataset.name, "holders.part": WHOLE}
    if database[COLLECTION].find_one(where, {}) is None:
        return
    found = _leases().find_one_and_update(
        where, _NOT_IN_FUTURE, return_document=ReturnDocument.AFTER
    )
    if found is None:  # it was released just now
        return
    now = database.command("hello")["localTime"]
    for holder in (one for one in found["holders"] if one["part"] == WHOLE):
        silent = (now - holder["renewed"]).total_seconds()
        if silent < PATIENCE and not _is_dead(holder):
            raise StateError(_sentence(dataset.name, step, holder))
        # If that process is only suspended, it sees when it continues that it lost its lease.
        void = {name: holder[name] for name in ("token", "renewed")}
        _leases().update_one({"_id": dataset.name}, {"$pull": {"holders": void}})


def _is_ours(name: str, part: str) -> bool:
    """Whether the present context holds a lease on a part, or needs none."""
    # Nothing else works on an unfinished or replaced dataset, whose name begins with ASIDE.
    ours = ((name, WHOLE), (name, part))
    return name.startswith(ASIDE) or any(lease in _ours.get() for lease in ours)


def _take(name: str, step: str, part: str, token: str, *, final: bool) -> bool:
    """Takes a lease unless a conflicting one is held, in one command of the database.

    Void leases are removed.

    Args:
        name: of the dataset
        step: name of the command, for messages
        part: the part of the dataset
        token: random id of the lease
        final: whether to raise if a conflicting lease is held

    Returns:
        whether the lease was taken

    Raises:
        StateError: if this is the final attempt and a conflicting lease is held
    """
    known = _leases().find_one({"_id": name}) or {}
    dead = [h["token"] for h in known.get("holders", ()) if _is_dead(h)]
    about = {
        "token": token,
        "step": step,
        "part": part,
        "owner": process_ids.this_process(),
        "host": socket.gethostname(),
        "pid": os.getpid(),
    }
    mine = {n: {"$literal": v} for n, v in about.items()} | {"since": "$$NOW", "renewed": "$$NOW"}
    silent = {"$lt": ["$$one.renewed", {"$subtract": ["$$NOW", PATIENCE * 1000]}]}
    gone = {"$or": [silent, {"$in": ["$$one.token", dead]}]}
    same_part = {"$in": ["$$one.part", [WHOLE, {"$literal": part}]]}
    others = _filtered("$holders", same_part) if part != WHOLE else "$holders"
    free = {"$eq": [{"$size": others}, 0]}
    change = [
        *_NOT_IN_FUTURE,
        {"$set": {"holders": _filtered("$holders", {"$not": [gone]})}},
        {"$set": {"holders": {"$cond": [
            free, {"$concatArrays": ["$holders", [mine]]}, "$holders"
        ]}}},
    ]  # fmt: skip
    holders = _changed(name, change)["holders"]
    if any(one["token"] == token for one in holders):
        return True
    if final:
        conflicting = (h for h in holders if WHOLE in (part, h["part"]) or h["part"] == part)
        raise StateError(_sentence(name, step, next(conflicting)))
    return False


def _is_dead(holder: dict[str, Any]) -> bool:
    """Whether a lease has no process any more: it was not released, or the release got lost."""
    if holder["owner"] == process_ids.this_process():
        return holder["token"] not in _tokens
    return process_ids.is_dead(holder["owner"])


def _changed(name: str, change: list[dict[str, Any]]) -> dict[str, Any]:
    """Updates the document of a dataset in one command, and returns the updated document."""
    for last in (False, True):
        try:
            return _leases().find_one_and_update(
                {"_id": name}, change, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # another process inserted it at the same moment
            if last:
                raise
    raise AssertionError


def _filtered(values: Any, condition: dict[str, Any]) -> dict[str, Any]:
    return {"$filter": {"input": values, "as": "one", "cond": condition}}


def _release(name: str, token: str) -> None:
    _leases().update_one({"_id": name}, {"$pull": {"holders": {"token": token}}})
    _leases().delete_one({"_id": name, "holders": []})


def clear(name: str) -> None:
    """Removes the leases on a dataset whose processes have ended; the dataset need not exist."""
    known = _leases().find_one({"_id": name}) or {}
    for holder in known.get("holders", ()):
        if _is_dead(holder):
            _release(name, holder["token"])


def _leases() -> Any:
    # Writes are confirmed to be on disk. Otherwise a server that is killed could forget a lease and
    # grant it twice, or forget a release.
    return durable(fo_internals.database()[COLLECTION])


def _sentence(name: str, step: str, holder: dict[str, Any]) -> str:
    """Returns the message that a conflicting lease is held."""
    here = holder["host"] == socket.gethostname()
    otherwise = "" if here else (
        f"; if it has crashed, its lease ends {PATIENCE} s after it was last renewed"
    )  # fmt: skip
    return (
        f"dataset {name!r} is in use by pairlens {holder['step']} since "
        f"{holder['since']:%Y-%m-%d %H:%M:%S} UTC (process {holder['pid']} on {holder['host']}), "
        f"which excludes {step}; wait for it, or end it{otherwise}"
    )
