"""Leases: which process does which step on a dataset, so that no two spoil each other's work.

A step that writes takes a lease on the dataset's name in the database and gives it back at the
end. A lease is on the :data:`WHOLE` dataset, as of an import, or on a part of it, such as the
findings or a field of predictions. The whole excludes everything that writes; a part excludes the
same part alone. Verdicts take no lease, so that reviewers never wait for each other or for a step;
they are refused while the whole dataset is held. What only reads is never refused.

A lease is renewed while its process lives. That of a process that has ended on this machine is
taken over at once, any other when it was not renewed for :data:`PATIENCE`. Times are the
database's own, since clocks of machines differ. Whoever may have lost a lease asks before it writes
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
"""One document for each dataset that is held: ``_id`` is its name, ``holders`` a list."""

WHOLE = "dataset"
"""The part that is all of them."""

PATIENCE = 60
"""Seconds after which a lease that was not renewed is nobody's."""

_RENEWAL = 15
"""Seconds from one renewal to the next."""

_RELEASE = 10
"""Seconds that the database has to take note of the end of a lease, which it needs where it stands
still, or another primary is chosen, just then."""

_FIELDS = "fields"
"""The part that is the list of a dataset's fields."""

_PAUSE = 0.02
"""Seconds from one try to the next, where it is waited."""

_NOT_IN_FUTURE: list[dict[str, Any]] = [{"$set": {"holders": {"$map": {
    "input": {"$ifNull": ["$holders", []]},
    "as": "one",
    "in": {"$mergeObjects": ["$$one", {"renewed": {"$min": ["$$one.renewed", "$$NOW"]}}]},
}}}}]  # fmt: skip
"""A change of leases after which the clock of the database may have been set back: one that was
renewed at a time that is still to come would be nobody's only long after that."""

P = ParamSpec("P")
R = TypeVar("R")

_ours: ContextVar[tuple[tuple[str, str], ...]] = ContextVar("_ours", default=())
"""Names and parts that are held where this code runs, so that a step can run within another."""


_tokens: set[str] = set()
"""Of the leases that this process holds or is taking."""


def holding(step: str, part: str = WHOLE) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Makes a function of samples hold a lease on their dataset while it runs.

    Example::

        @leases.holding("judge", "answers of {judge}")
        def judge(samples: Any, *, judge: str) -> JudgeSummary: ...

    Args:
        step: what it does, for messages: the name of the command
        part: what it writes, with the function's arguments in braces
    """

    def made(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def run(*args: P.args, **options: P.kwargs) -> R:
            given = signature.bind(*args, **options).arguments
            dataset = fo_internals.dataset_of(next(iter(given.values())))
            with held(dataset.name, step, part.format(**given)):
                return function(*args, **options)

        return run

    return made


@contextmanager
def declaring(dataset: Any) -> Iterator[None]:
    """Within it, fields of samples are declared or deleted.

    FiftyOne stores the list of all fields as a process knows it: of two that each add one at the
    same time, one would be lost. So one waits for the other, and takes note of what that did.

    Args:
        dataset: whose fields are changed
    """
    if _is_ours(dataset.name, _FIELDS):
        yield
        return
    with held(dataset.name, "a change of fields", _FIELDS, wait=PATIENCE):
        dataset.reload()
        yield


@contextmanager
def held(name: str, step: str, part: str = WHOLE, *, wait: float = 0) -> Iterator[None]:
    """Within it, a lease on a dataset is held.

    Args:
        name: of the dataset, which need not be there yet
        step: what is done, for messages: the name of the command
        part: what is written
        wait: seconds to wait for another that holds what excludes this

    Raises:
        StateError: if another process or thread holds what excludes this, or took the lease over
            since this one could not renew it, or if the database was started again meanwhile
    """
    if _is_ours(name, part):
        yield
        return
    # Around the end of the lease, before which everything is on the disk when that is.
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
            # Where that fails, it is given up like that of a dead process.
            with suppress(PyMongoError), pymongo.timeout(_RELEASE):
                _release(name, lease.token)


class _Lease(fencing.Hold):
    """A lease that this process took.

    Args:
        name: of the dataset
        step: what is done
        token: of the lease
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
    """Takes a lease, for which it waits."""
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
    """Within it, a lease is renewed until it is lost."""
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
    """Checks that nobody holds a whole dataset, for a change that is made in a moment.

    Args:
        dataset: that is to be changed
        step: by what, for the message

    Raises:
        StateError: if a step holds it
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
    if found is None:  # it was given back just now
        return
    now = database.command("hello")["localTime"]
    for holder in (one for one in found["holders"] if one["part"] == WHOLE):
        silent = (now - holder["renewed"]).total_seconds()
        if silent < PATIENCE and not _is_dead(holder):
            raise StateError(_sentence(dataset.name, step, holder))
        # Should it stand still and go on later, it then knows that it is not alone.
        given_up = {name: holder[name] for name in ("token", "renewed")}
        _leases().update_one({"_id": dataset.name}, {"$pull": {"holders": given_up}})


def _is_ours(name: str, part: str) -> bool:
    # Nobody else works on a dataset that stands aside.
    ours = ((name, WHOLE), (name, part))
    return name.startswith(ASIDE) or any(one in _ours.get() for one in ours)


def _take(name: str, step: str, part: str, token: str, *, final: bool) -> bool:
    """Takes a lease, unless another excludes it, which is raised if this is the final try."""
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
    alike = {"$in": ["$$one.part", [WHOLE, {"$literal": part}]]}
    others = _filtered("$holders", alike) if part != WHOLE else "$holders"
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
        in_the_way = (one for one in holders if WHOLE in (part, one["part"]) or one["part"] == part)
        raise StateError(_sentence(name, step, next(in_the_way)))
    return False


def _is_dead(holder: dict[str, Any]) -> bool:
    """Whether nobody works under a lease any more: it was not given back, or that was lost."""
    if holder["owner"] == process_ids.this_process():
        return holder["token"] not in _tokens
    return process_ids.is_dead(holder["owner"])


def _changed(name: str, change: list[dict[str, Any]]) -> dict[str, Any]:
    """Changes the document of a dataset in one command, and gives it."""
    for last in (False, True):
        try:
            return _leases().find_one_and_update(
                {"_id": name}, change, upsert=True, return_document=ReturnDocument.AFTER
            )
        except DuplicateKeyError:  # somebody made it at the same moment
            if last:
                raise
    raise AssertionError


def _filtered(values: Any, condition: dict[str, Any]) -> dict[str, Any]:
    return {"$filter": {"input": values, "as": "one", "cond": condition}}


def _release(name: str, token: str) -> None:
    _leases().update_one({"_id": name}, {"$pull": {"holders": {"token": token}}})
    _leases().delete_one({"_id": name, "holders": []})


def clear(name: str) -> None:
    """Removes the leases on a dataset, which need not be there, of processes that have ended."""
    known = _leases().find_one({"_id": name}) or {}
    for holder in known.get("holders", ()):
        if _is_dead(holder):
            _release(name, holder["token"])


def _leases() -> Any:
    # Confirmed, else a server that is killed now could give a lease to two, or one that was given
    # back to a process that lives.
    return durable(fo_internals.database()[COLLECTION])


def _sentence(name: str, step: str, holder: dict[str, Any]) -> str:
    here = holder["host"] == socket.gethostname()
    otherwise = "" if here else (
        f"; should it be dead, it is given up {PATIENCE} s after its last sign"
    )  # fmt: skip
    return (
        f"dataset {name!r} is in use by pairlens {holder['step']} since "
        f"{holder['since']:%Y-%m-%d %H:%M:%S} UTC (process {holder['pid']} on {holder['host']}), "
        f"which excludes {step}; wait for it, or end it{otherwise}"
    )
