"""Workers of a Ray cluster that keep a function, such as one with a model.

Batches are queued in this process and sent to actors that are free. If an actor dies, a new one is
started, and its batches go to others meanwhile. Ray's own restart of actors is not used, since a
restarted actor waits for the resources of the lost node, and all of its batches wait with it.
"""

from __future__ import annotations

import logging
import re
from collections import deque
from collections.abc import Callable
from typing import Any

from pairlens.importers.errors import AGAIN, StateError

LOG = logging.getLogger("pairlens")

DEPTH = 2
"""Batches that an actor has at a time: the present one, and the next one."""

_MISSING = re.compile(r"No module named '([^']+)'")

ATTEMPTS = 4
"""How many actors may die with the same batch, and how many in a row may fail to start."""


LATE = 20
"""Seconds after which a warning is logged that no worker has started."""


class FirstWait:
    """Waits for the first worker, with a warning if that takes long: the cluster may be busy.

    Args:
        ray: the module, connected
    """

    def __init__(self, ray: Any) -> None:
        self._ray, self._over = ray, False

    def __call__(self, references: list[Any]) -> None:
        """Waits until one reference is ready or the warning is logged; the first call only."""
        if self._over:
            return
        self._over = True
        done, _ = self._ray.wait(references, num_returns=1, timeout=LATE)
        if not done:
            cores = int(self._ray.cluster_resources().get("CPU", 0))
            LOG.warning(
                "no worker of the Ray cluster has done anything for %d s: its %d cores may be busy "
                "with other work; waiting", LATE, cores,
            )  # fmt: skip


class Call:
    """A submitted batch."""

    def __init__(self, actors: Actors, batch: list[Any]) -> None:
        self.batch, self.attempts = batch, 0
        self.actor: Any = None
        self.reference: Any = None
        self._actors = actors

    def result(self) -> Any:
        """Waits for the batch; returns the function's result or raises its error."""
        return self._actors.finish(self)

    def cancel(self) -> None:
        """Removes the batch from the queue if it was not sent yet."""
        self._actors.forget(self)


class Actors:
    """A group of actors that each keep a function; a context manager that ends them.

    Args:
        ray: the module, connected
        run: called in an actor with the function and a batch
        function: a Ray reference to the function
        count: number of actors
        gpus: whether each gets a GPU; otherwise each gets a core
    """

    def __init__(
        self, ray: Any, run: Callable[..., Any], function: Any, count: int, *, gpus: bool
    ) -> None:
        class Holder:
            def ready(self) -> None:
                """Returns when the actor has started."""

            def call(self, function: Any, batch: list[Any]) -> Any:
                return run(function, batch)

        self._ray, self._function = ray, function
        self._first = FirstWait(ray)
        self._class = ray.remote(Holder).options(num_cpus=0 if gpus else 1, num_gpus=int(gpus))
        self._starting: dict[Any, Any] = {}
        self._under_way: dict[Any, list[Call]] = {}
        self._waiting: deque[Call] = deque()
        self._count, self._failed = count, 0

    def __enter__(self) -> Actors:
        for _ in range(self._count):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        for actor in [*self._starting.values(), *self._under_way]:
            self._ray.kill(actor)

    def submit(self, batch: list[Any]) -> Call:
        """Submits a batch."""
        call = Call(self, batch)
        self._waiting.append(call)
        self._send()
        return call

    def forget(self, call: Call) -> None:
        """Removes a batch from the queue if it was not sent yet."""
        if call in self._waiting:
            self._waiting.remove(call)

    def finish(self, call: Call) -> Any:
        """Waits for a batch, sending it again if its actor dies.

        Raises:
            StateError: if several actors died with it, or Ray cannot continue
            Exception: any that the function raised
        """
        errors = self._ray.exceptions
        while True:
            self._wait(call)
            try:
                return self._ray.get(call.reference)
            except errors.RayTaskError as error:
                raise raised(error) from error
            except errors.RayError as error:
                self._again(call, error)

    def _start(self) -> None:
        actor = self._class.remote()
        self._starting[actor.ready.remote()] = actor

    def _send(self) -> None:
        """Sends queued batches to actors that are free."""
        while self._waiting and self._under_way:
            actor = min(self._under_way, key=lambda actor: len(self._under_way[actor]))
            if len(self._under_way[actor]) >= DEPTH:
                return
            call = self._waiting.popleft()
            try:
                call.reference = actor.call.remote(self._function, call.batch)
            except self._ray.exceptions.RayError as error:
                raise lost(error) from error
            call.actor = actor
            self._under_way[actor].append(call)

    def _wait(self, wanted: Call) -> None:
        """Waits until a batch is done; meanwhile, actors that are done with others get new ones."""
        while wanted.reference is None or wanted in self._under_way.get(wanted.actor, ()):
            calls = {
                call.reference: call for batches in self._under_way.values() for call in batches
            }
            self._first([*calls, *self._starting])
            done, _ = self._ray.wait([*calls, *self._starting], num_returns=1)
            for reference in done:
                if reference in self._starting:
                    self._started(reference)
                else:
                    call = calls[reference]
                    self._under_way[call.actor].remove(call)
            self._send()

    def _started(self, reference: Any) -> None:
        actor = self._starting.pop(reference)
        try:
            self._ray.get(reference)
        except self._ray.exceptions.RayError as error:
            self._failed += 1
            if self._failed >= ATTEMPTS:
                raise StateError(f"workers of Ray do not start: {_first(error)}") from error
            self._start()
        else:
            self._failed = 0
            self._under_way[actor] = []

    def _again(self, call: Call, error: Exception) -> None:
        """Queues a batch again whose actor died, and starts another actor."""
        call.attempts += 1
        if call.attempts >= ATTEMPTS:
            raise StateError(
                f"{call.attempts} workers of Ray died at the same batch, the last one with: "
                f"{_first(error)}; fewer --workers or a smaller --batch-size if it was memory"
            ) from error
        if self._under_way.pop(call.actor, None) is not None:
            self._ray.kill(call.actor)
            self._start()
        call.actor = call.reference = None
        self._waiting.appendleft(call)
        self._send()


def raised(error: Any) -> Exception:
    """Converts a ``RayTaskError`` to the error that the worker raised, or one that explains it."""
    if missing := _MISSING.search(str(error)):
        return StateError(
            f"workers of Ray have no module {missing[1]}: install it on every node, or, if it is "
            "your own, import what you use of it by name"
        )
    cause = error.cause or error
    # An error of Ray, such as no room for the result in its object store, is no fault of the item.
    return lost(cause) if type(cause).__module__.startswith("ray.") else cause


def lost(error: Exception) -> StateError:
    """Returns the error that Ray, or its workers, cannot continue."""
    return StateError(
        f"workers of Ray cannot go on ({type(error).__name__}: {_first(error)}); what was done is "
        f"kept; {AGAIN}, and with fewer --workers if it was memory, or more room if a disk is full"
    )


def _first(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
